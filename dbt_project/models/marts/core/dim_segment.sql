with

customer_segments as (
    select * from {{ ref("int_customer_segments") }}
),

populations as (
    select
        segment_key,
        segment_type,
        segment_value,
        cast(count(*) as bigint) as population_n
    from customer_segments
    group by segment_key, segment_type, segment_value
),

-- Of a company without a customer there is still everybody.
listed as (
    select
        segment_key,
        segment_type,
        segment_value,
        population_n
    from populations
    union all
    select
        'all:all' as segment_key,
        'all' as segment_type,
        'all' as segment_value,
        cast(0 as bigint) as population_n
),

final as (
    select
        segment_key,
        segment_type,
        segment_value,
        cast(sum(population_n) as bigint) as population_n,
        segment_type = 'all' as is_all,
        {{ lineage_columns() }}
    from listed
    group by segment_key, segment_type, segment_value
)

select * from final
