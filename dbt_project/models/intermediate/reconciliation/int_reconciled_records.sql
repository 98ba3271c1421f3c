{#- Streams whose staging model holds one row per record, and where the source lists the ids it still has. -#}
{%- set streams = [
    ("hubspot", "companies", "stg_hubspot__companies", ["id"], "company_ids", "records.company_id = ids.id", "is_archived"),
    ("hubspot", "contacts", "stg_hubspot__contacts", ["id"], "contact_ids", "records.contact_id = ids.id", "is_archived"),
    ("hubspot", "products", "stg_hubspot__products", ["id"], "product_ids", "records.product_id = ids.id", "is_archived"),
    ("hubspot", "deals", "stg_hubspot__deals", ["id"], "deal_ids", "records.deal_id = ids.id", "is_archived"),
    ("hubspot", "line_items", "stg_hubspot__line_items", ["id"], "line_item_ids", "records.line_item_id = ids.id", "is_archived"),
    ("hubspot", "owners", "stg_hubspot__owners", ["id"], none, none, none),
    ("salesforce", "accounts", "stg_salesforce__accounts", ["id"], "account_ids", "records.company_id = ids.id", "is_archived"),
    ("salesforce", "contacts", "stg_salesforce__contacts", ["id"], "contact_ids", "records.contact_id = ids.id", "is_archived"),
    (
        "salesforce", "opportunities", "stg_salesforce__opportunities", ["id"],
        "opportunity_ids", "records.deal_id = ids.id", "is_archived"
    ),
    (
        "salesforce", "opportunity_line_items", "stg_salesforce__opportunity_line_items", ["id"],
        "opportunity_line_item_ids", "records.line_item_id = ids.id", "is_archived"
    ),
    (
        "zendesk", "organizations", "stg_zendesk__organizations", ["id"],
        "organization_ids", "records.organization_id = ids.id", "is_deleted"
    ),
    ("zendesk", "users", "stg_zendesk__users", ["id"], "user_ids", "records.user_id = ids.id", "not is_active"),
    ("zendesk", "tickets", "stg_zendesk__tickets", ["id"], none, none, none),
    ("qualtrics", "surveys", "stg_qualtrics__surveys", ["id"], none, none, none),
    ("qualtrics", "distributions", "stg_qualtrics__distributions", ["id"], none, none, none),
    (
        "qualtrics", "responses", "stg_qualtrics__responses", ["survey_id", "id"],
        "response_ids", "records.survey_id = ids.survey_id and records.response_id = ids.id", "is_deleted"
    ),
] -%}

with

loads as (
    select
        source,
        stream,
        sum(landed_rows) as landed_rows,
        sum(quarantined_rows) as quarantined_rows
    from {{ source("ops", "loads") }}
    where as_of_date <= {{ as_of_date() }}
    group by 1, 2
),

stored_rows as (
    select
        source,
        stream,
        sum(stored_rows) as stored_rows
    from {{ source("ops", "stored_rows") }}
    where as_of_date <= {{ as_of_date() }}
    group by 1, 2
),

{% for source_name, stream, model, record_id, census, same_record, is_gone in streams -%}
{%- set name = source_name ~ "_" ~ stream -%}
{#- What was changed after midnight was landed a night early: it is not in the staging model yet. -#}
{%- set known = "coalesce(last_modified_at, recorded_at) < " ~ as_of_until() if stream == "responses" else "1 = 1" -%}
{{ name }}_versions as (
    select
        count(*) as n_versions,
        count(case when {{ known }} then 1 end) as n_known
    from {{ source(source_name, stream) }}
    where _as_of_date <= {{ as_of_date() }}
    group by {{ record_id | join(", ") }}
),

{{ name }}_landed as (
    select
        sum(n_versions) as n_rows,
        count(case when n_known > 0 then 1 end) as n_ids
    from {{ name }}_versions
),

{% endfor -%}
{% for source_name, stream, model, record_id, census, same_record, is_gone in streams if not census -%}
{{ source_name }}_{{ stream }}_staged as (
    select count(*) as n_records from {{ ref(model) }}
),

{% endfor -%}
{#- The staging model is read once: it sorts all versions of all records to find the newest. -#}
{% for source_name, stream, model, record_id, census, same_record, is_gone in streams if census -%}
{%- set name = source_name ~ "_" ~ stream -%}
{{ name }}_ids as (
    {{ last_census(source(source_name, census), record_id=record_id) | indent(4) }}
),

{{ name }}_listed as (
    select count(*) as n_ids from {{ name }}_ids
),

{{ name }}_staged as (
    select
        count(*) as n_records,
        count(case when not ({{ is_gone }}) then 1 end) as n_live,
        count(case when not ({{ is_gone }}) and ids._as_of_date is null then 1 end) as n_younger
    from {{ ref(model) }} as records
    left join {{ name }}_ids as ids
        on {{ same_record }}
),

{% endfor -%}
counted as (
    select
        loads.source,
        loads.stream as object,
        'rows' as measure,
        loads.landed_rows as source_value,
        coalesce(stored_rows.stored_rows, 0) as warehouse_value,
        -loads.quarantined_rows as explained_difference,
        'quarantined' as explanation_code
    from loads
    left join stored_rows on loads.source = stored_rows.source and loads.stream = stored_rows.stream
    {% for source_name, stream, model, record_id, census, same_record, is_gone in streams -%}
    {%- set name = source_name ~ "_" ~ stream -%}
    union all
    select
        '{{ source_name }}' as source,
        '{{ stream }}' as object,
        'records' as measure,
        {{ name }}_landed.n_rows as source_value,
        {{ name }}_staged.n_records as warehouse_value,
        {{ name }}_landed.n_ids - {{ name }}_landed.n_rows as explained_difference,
        'older_versions' as explanation_code
    from {{ name }}_landed
    cross join {{ name }}_staged
    where {{ name }}_landed.n_rows > 0
    {% if census -%}
    union all
    select
        '{{ source_name }}' as source,
        '{{ stream }}' as object,
        'live_records' as measure,
        {{ name }}_listed.n_ids as source_value,
        {{ name }}_staged.n_live as warehouse_value,
        {{ name }}_staged.n_younger as explained_difference,
        'younger_than_the_list' as explanation_code
    from {{ name }}_listed
    cross join {{ name }}_staged
    where {{ name }}_listed.n_ids > 0
    {% endif -%}
    {% endfor %}
),

final as (
    select
        source,
        object,
        measure,
        'all' as scope,
        cast(source_value as decimal(28, 2)) as source_value,
        cast(warehouse_value as decimal(28, 2)) as warehouse_value,
        cast(explained_difference as decimal(28, 2)) as explained_difference,
        explanation_code,
        cast(
            case
                -- Ids are listed after the records were read: what was created in between arrives the next night.
                when measure = 'live_records' then greatest(5, ceil(0.01 * source_value))
                else 0
            end as decimal(28, 2)
        ) as tolerance
    from counted
)

select * from final
