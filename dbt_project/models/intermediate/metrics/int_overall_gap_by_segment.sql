with

customer_gaps as (
    select * from {{ ref("int_gaps_averaged") }}
),

segments as (
    select * from {{ ref("int_customer_segments") }}
),

-- Each attribute counts once, however many pairs of answers it has.
customers as (
    select
        customer_key,
        period_grain,
        period_start,
        period_end,
        period_is_complete,
        cast(sum(n_pairs) as bigint) as n_responses,
        {{ exact_avg("gap_score") }} as gap_score
    from customer_gaps
    group by 1, 2, 3, 4, 5
),

segment_moments as (
    select
        segments.segment_key,
        segments.segment_type,
        segments.segment_value,
        customers.period_grain,
        customers.period_start,
        customers.period_end,
        customers.period_is_complete,
        {{ score_moments("gap_score") }}
    from customers
    inner join segments on customers.customer_key = segments.customer_key
    group by 1, 2, 3, 4, 5, 6, 7
),

estimated as (
    {{ metric_block("segment_moments", interval="mean", low=-100, high=100) | indent(4) }}
)

select * from estimated
