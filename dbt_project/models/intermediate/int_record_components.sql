with

chains as (
    select * from {{ ref("int_record_chains") }}
),

-- Records of a chain that is too large or contested, linked again by the identifiers that are left to them.
relinked as (
    {{ connected_components(ref("int_identifiers_used"), where="is_relinked and is_used") }}
),

final as (
    select
        chains.record_id,
        coalesce(relinked.component_id, chains.component_id) as component_id
    from chains
    left join relinked on chains.record_id = relinked.record_id
)

select * from final
