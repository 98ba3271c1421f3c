with

compared as (
    select * from {{ ref("int_reconciled_records") }}
    union all
    select * from {{ ref("int_reconciled_amounts") }}
    union all
    select * from {{ ref("int_reconciled_minutes") }}
    union all
    select * from {{ ref("int_reconciled_invitations") }}
),

measured as (
    select
        *,
        warehouse_value - source_value as difference,
        warehouse_value - source_value - explained_difference as unexplained_difference
    from compared
),

final as (
    select
        source,
        object,
        measure,
        scope,
        source_value,
        warehouse_value,
        cast(difference as decimal(28, 2)) as difference,
        {{ safe_divide("difference", "source_value") }} as difference_share,
        explained_difference,
        cast(unexplained_difference as decimal(28, 2)) as unexplained_difference,
        tolerance,
        case
            when difference = 0 then 'equal'
            when abs(unexplained_difference) <= tolerance then 'explained'
            else 'unexplained'
        end as status,
        case
            when difference = 0 then null
            when unexplained_difference = 0 then explanation_code
            when abs(unexplained_difference) <= tolerance and explained_difference = 0 then 'within_tolerance'
            when abs(unexplained_difference) <= tolerance then explanation_code
        end as explanation_code,
        {{ lineage_columns() | indent(8) }}
    from measured
)

select * from final
