{#- The last stretch of the history, made of the raw versions, says what `dim_customer` says of the latest records. -#}
select
    customers.customer_key,
    history.customer_key as history_key
from {{ ref("dim_customer") }} as customers
full outer join (select * from {{ ref("dim_customer_history") }} where is_current) as history
    on customers.customer_key = history.customer_key
where
    customers.customer_key is null
    or history.customer_key is null
    {%- for column in [
        "parent_customer_key", "industry", "market_segment", "country", "region", "culture_cluster", "size_band",
        "lead_source",
    ] %}
    or customers.{{ column }} is distinct from history.{{ column }}
    {%- endfor %}
