{{ config(severity="warn") }}

with

overrides as (
    select action, trim(record_id) as record_id, trim(other_record_id) as other_record_id, reason, decided_on
    from {{ ref("identity_override") }}
),

records as (
    select components.record_id, components.component_id, identity.entity
    from {{ ref("int_record_components") }} as components
    inner join {{ ref("int_identity_resolved") }} as identity on components.record_id = identity.record_id
),

judged as (
    select
        overrides.*,
        case
            when records.record_id is null then 'unknown record ' || overrides.record_id
            when overrides.other_record_id is not null and others.record_id is null
                then 'unknown record ' || overrides.other_record_id
            when overrides.action = 'merge' and records.entity <> others.entity
                then 'a person cannot be an account'
            when overrides.action = 'split' and records.component_id = others.component_id
                then 'merges of other rows join these records again'
        end as problem
    from overrides
    left join records on overrides.record_id = records.record_id
    left join records as others on overrides.other_record_id = others.record_id
)

select * from judged
where problem is not null
