-- Each customer's score on what contexts are compared by, and how far it lies from others of its culture.
with

customer_gaps as (
    select * from {{ ref("int_gaps_averaged") }}
    where gap_type = 'satisfaction' and gap_score is not null
),

survey_scores as (
    select * from {{ ref("int_survey_scores_averaged") }}
    where metric_code = 'csat' and area = 'overall'
),

loyal_customers as (
    select * from {{ ref("int_loyalty_of_customers") }}
    where nps_score is not null
),

perceived_values as (
    select * from {{ ref("int_perceived_value") }}
    where product_key = 'all' and purchase_phase = 'post_purchase' and net_value_score is not null
),

customers as (
    select * from {{ ref("int_customers") }}
),

scored as (
    select
        'satisfaction_gap' as metric_code,
        attribute_code,
        customer_key,
        {{ period_columns() | indent(8) }},
        gap_score as score,
        n_pairs as n_responses
    from customer_gaps
    union all
    select
        'csat' as metric_code,
        'all' as attribute_code,
        customer_key,
        {{ period_columns() | indent(8) }},
        100 * top_box_share as score,
        n_responses
    from survey_scores
    union all
    select
        'nps' as metric_code,
        'all' as attribute_code,
        customer_key,
        {{ period_columns() | indent(8) }},
        nps_score as score,
        n_responses
    from loyal_customers
    union all
    select
        'net_value' as metric_code,
        'all' as attribute_code,
        customer_key,
        {{ period_columns() | indent(8) }},
        net_value_score as score,
        n_responses
    from perceived_values
),

of_culture as (
    select
        scored.*,
        coalesce(customers.culture_cluster, 'unknown') as culture_cluster
    from scored
    inner join customers on scored.customer_key = customers.customer_key
    where scored.period_grain in ('quarter', 'year', 'trailing_12m')
),

cultures as (
    select
        metric_code,
        attribute_code,
        culture_cluster,
        period_grain,
        period_start,
        count(*) as n_culture_customers,
        {{ exact_avg("score") }} as culture_mean,
        sqrt({{ sample_variance(
            "count(*)", "sum(" ~ exact("score") ~ ")", "sum(" ~ exact("score") ~ " * " ~ exact("score") ~ ")"
        ) }}) as culture_sd
    from of_culture
    where culture_cluster <> 'unknown'
    group by 1, 2, 3, 4, 5
),

final as (
    select
        of_culture.*,
        {{ z_within_culture(
            "of_culture.score", "cultures.culture_mean", "cultures.culture_sd", "cultures.n_culture_customers"
        ) | indent(8) }} as z_within_culture
    from of_culture
    left join cultures
        on
            of_culture.metric_code = cultures.metric_code
            and of_culture.attribute_code = cultures.attribute_code
            and of_culture.culture_cluster = cultures.culture_cluster
            and of_culture.period_grain = cultures.period_grain
            and of_culture.period_start = cultures.period_start
)

select * from final
