{#- `graph` is the parsed project: complete when a model runs, empty while the project is still parsed. -#}
{%- set columns = [] -%}
{%- for mart in published_models() -%}
    {%- set key = key_columns(mart) -%}
    {%- for column in mart.columns.values() -%}
        {%- do columns.append([
            "'" ~ mart.name ~ "'",
            "'" ~ column.name ~ "'",
            key.index(column.name) + 1 if column.name in key else "cast(null as int)",
            "true" if column.config.meta.get("pii") else "false",
        ] | join(", ")) -%}
    {%- endfor -%}
{%- endfor -%}
{%- set rows = "values (" ~ (columns | join("), (") or "'none', 'none', 1, true") ~ ")" -%}

with

columns as (
    select
        listed.model,
        listed.column_name,
        listed.key_position,
        listed.is_pii
    from ({{ rows }}) as listed (model, column_name, key_position, is_pii)
),

final as (
    select
        model,
        column_name,
        key_position,
        is_pii,
        {{ lineage_columns() }}
    from columns
)

select * from final
