{#- `graph` is the parsed project: complete when a model runs, empty while the project is still parsed. -#}
{%- set checks = [] -%}
{%- for mart in published_models() -%}
    {%- for test in tests_of(mart) -%}
        {%- set said = test.test_metadata -%}
        {%- do checks.append([
            "'" ~ mart.name ~ "'",
            "'" ~ test.name ~ "'",
            "'" ~ (said.name if said else "singular") ~ "'",
            "'" ~ test.column_name ~ "'" if test.column_name else "cast(null as varchar)",
            "'" ~ (check_arguments(test) | replace("'", "''")) ~ "'" if said else "cast(null as varchar)",
            "'" ~ test.config.severity | lower ~ "'",
        ] | join(", ")) -%}
    {%- endfor -%}
{%- endfor -%}
{%- set rows = "values (" ~ (checks | join("), (") or "'none', 'none', 'none', 'none', 'none', 'none'") ~ ")" -%}

with

checks as (
    select
        listed.model,
        listed.check_name,
        listed.check_kind,
        listed.column_name,
        listed.arguments,
        listed.severity
    from ({{ rows }}) as listed (model, check_name, check_kind, column_name, arguments, severity)
),

final as (
    select
        model,
        check_name,
        check_kind,
        column_name,
        arguments,
        severity,
        {{ lineage_columns() }}
    from checks
)

select * from final
