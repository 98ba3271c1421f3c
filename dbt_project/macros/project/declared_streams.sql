{#- One row per stream the project reads, from the sources' own declarations: a stream never loaded shows as stale. -#}
{% macro declared_streams() -%}
    {%- set streams = [("", "")] -%}
    {%- if execute -%}
        {%- set streams = [] -%}
        {%- for node in graph.sources.values() if node.schema.startswith("raw_") -%}
            {%- do streams.append((node.source_name, node.name)) -%}
        {%- endfor -%}
    {%- endif -%}
    {%- for source_name, stream in streams | sort %}
    select '{{ source_name }}' as source, '{{ stream }}' as stream
    {{- " union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}
