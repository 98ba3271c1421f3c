{#-
    Who is the same, transitively: records that share an identifier, or are linked by a chain of shared
    identifiers, get the smallest record_id of their chain as component_id. The order of the rows is irrelevant.

    `identifiers` is a relation of (record_id, identifier), of which `where` may pick rows. Each identifier links its records to one anchor, so the
    work grows with the number of rows and not with the square of the records behind a shared mailbox. A record's
    label is its smallest anchor, which already names the component of nearly every record; only labels that some
    record holds together go into the recursion, whose cost grows with the square of what it starts from.
-#}
{% macro connected_components(identifiers, where=none) -%}
    {{ return(adapter.dispatch("connected_components")(identifiers, where)) }}
{%- endmacro %}

{% macro default__connected_components(identifiers, where=none) -%}
with recursive
anchored as (
    select
        record_id,
        min(record_id) over (partition by identifier) as anchor_id
    from {{ identifiers }}
    {%- if where %}
    where {{ where }}
    {%- endif %}
),

labels as (
    select record_id, min(anchor_id) as label
    from anchored
    group by record_id
),

crossings as (
    select own.label as from_label, other.label as to_label
    from anchored
    inner join labels as own on anchored.record_id = own.record_id
    inner join labels as other on anchored.anchor_id = other.record_id
    where own.label <> other.label
),

links as (
    select from_label, to_label from crossings
    union
    select to_label as from_label, from_label as to_label from crossings
),

components (label, component_id) using key (label) as (
    select from_label as label, least(from_label, min(to_label)) as component_id
    from links
    group by from_label
    union
    select links.to_label as label, min(components.component_id) as component_id
    from components
    inner join links on components.label = links.from_label
    inner join recurring.components as known on links.to_label = known.label
    where components.component_id < known.component_id
    group by links.to_label
)

select
    labels.record_id,
    coalesce(components.component_id, labels.label) as component_id
from labels
left join components on labels.label = components.label
{%- endmacro %}
