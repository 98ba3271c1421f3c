{#- Each stretch ends where the next begins; two in a row differ, else they were one. -#}
with

stretches as (
    select
        *,
        lead(valid_from) over (partition by customer_key order by valid_from) as next_from
    from {{ ref("dim_customer_history") }}
)

select
    customer_key,
    valid_from
from stretches
where valid_to is distinct from next_from
