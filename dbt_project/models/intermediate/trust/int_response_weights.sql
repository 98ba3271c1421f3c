{#-
    Weighting classes are market segment × size of the customer, within a survey and a quarter. Whom they are held
    against are the customers invited or, where no invitation is known, the customers who bought in that quarter.
-#}
with

responses as (
    select * from {{ ref("int_survey_responses") }}
),

cohorts as (
    select * from {{ ref("int_response_cohorts") }}
),

invitations as (
    select * from {{ ref("int_invitations") }}
),

customers as (
    select
        customer_key,
        coalesce(market_segment, 'unknown') as market_segment,
        coalesce(size_band, 'unknown') as size_band
    from {{ ref("int_customers") }}
),

customer_months as (
    select * from {{ ref("int_customer_month") }}
),

question_map as (
    select * from {{ ref("question_map") }}
),

-- Before the first purchase nobody bought, and colleagues are no customers: there a class has no known size.
customer_surveys as (
    select survey_key
    from question_map
    group by survey_key
    having min(respondent_role) = 'customer' and max(respondent_role) = 'customer'
        and min(purchase_phase) = 'post_purchase'
),

respondents as (
    select
        responses.response_key,
        responses.survey_key,
        responses.customer_key,
        cohorts.cohort_quarter
    from responses
    inner join cohorts on responses.response_key = cohorts.response_key
    where responses.is_kept and responses.customer_key is not null
),

invited as (
    select
        survey_key,
        cast(date_trunc('quarter', sent_at) as date) as cohort_quarter,
        customer_key
    from invitations
    where is_delivered and customer_key is not null and sent_at is not null
    group by survey_key, cast(date_trunc('quarter', sent_at) as date), customer_key
),

buyers as (
    select
        cast(date_trunc('quarter', month_start) as date) as cohort_quarter,
        customer_key
    from customer_months
    where is_active
    group by cast(date_trunc('quarter', month_start) as date), customer_key
),

fields as (
    select respondents.survey_key, respondents.cohort_quarter, invited.survey_key is not null as is_invited
    from respondents
    left join invited
        on respondents.survey_key = invited.survey_key and respondents.cohort_quarter = invited.cohort_quarter
    group by respondents.survey_key, respondents.cohort_quarter, invited.survey_key is not null
),

asked as (
    select survey_key, cohort_quarter, customer_key, 'invited' as weight_basis
    from invited
    union all
    select
        fields.survey_key,
        fields.cohort_quarter,
        buyers.customer_key,
        'active_customers' as weight_basis
    from fields
    inner join buyers on fields.cohort_quarter = buyers.cohort_quarter
    inner join customer_surveys on fields.survey_key = customer_surveys.survey_key
    where not fields.is_invited
),

populations as (
    select
        asked.survey_key,
        asked.cohort_quarter,
        asked.weight_basis,
        customers.market_segment,
        customers.size_band,
        count(*) as population
    from asked
    inner join customers on asked.customer_key = customers.customer_key
    group by
        asked.survey_key, asked.cohort_quarter, asked.weight_basis, customers.market_segment, customers.size_band
),

answering as (
    select
        respondents.survey_key,
        respondents.cohort_quarter,
        customers.market_segment,
        customers.size_band,
        count(distinct respondents.customer_key) as respondents
    from respondents
    inner join customers on respondents.customer_key = customers.customer_key
    group by respondents.survey_key, respondents.cohort_quarter, customers.market_segment, customers.size_band
),

cells as (
    select
        populations.*,
        coalesce(answering.respondents, 0) as respondents,
        case
            when answering.respondents >= {{ var("min_n_weight_class") }}
                then populations.market_segment || ' · ' || populations.size_band
            else populations.market_segment
        end as class_of_segment
    from populations
    left join answering
        on
            populations.survey_key = answering.survey_key and populations.cohort_quarter = answering.cohort_quarter
            and populations.market_segment = answering.market_segment
            and populations.size_band = answering.size_band
),

classed as (
    select
        *,
        case
            when
                sum(respondents) over (partition by survey_key, cohort_quarter, class_of_segment)
                >= {{ var("min_n_weight_class") }}
                then class_of_segment
            else 'all others'
        end as weight_class
    from cells
),

classes as (
    select
        survey_key,
        cohort_quarter,
        weight_basis,
        weight_class,
        sum(population) as population,
        sum(respondents) as respondents
    from classed
    group by survey_key, cohort_quarter, weight_basis, weight_class
),

-- The rest of a survey may still be too few to speak for anybody: their weight stays 1.
large_classes as (
    select
        *,
        sum(population) over (partition by survey_key, cohort_quarter) as population_of_all,
        sum(respondents) over (partition by survey_key, cohort_quarter) as respondents_of_all
    from classes
    where respondents >= {{ var("min_n_weight_class") }}
),

weighed as (
    select
        respondents.response_key,
        respondents.survey_key,
        respondents.cohort_quarter,
        large_classes.weight_basis,
        classed.weight_class,
        classed.weight_class not like '% · %' as is_class_merged,
        {{ weighting_class_weight(
            "large_classes.population", "large_classes.population_of_all",
            "large_classes.respondents", "large_classes.respondents_of_all"
        ) }} as weight
    from respondents
    inner join customers on respondents.customer_key = customers.customer_key
    inner join classed
        on
            respondents.survey_key = classed.survey_key and respondents.cohort_quarter = classed.cohort_quarter
            and customers.market_segment = classed.market_segment and customers.size_band = classed.size_band
    inner join large_classes
        on
            classed.survey_key = large_classes.survey_key and classed.cohort_quarter = large_classes.cohort_quarter
            and classed.weight_class = large_classes.weight_class
),

medians as (
    select survey_key, cohort_quarter, median(weight) as median_weight
    from weighed
    group by survey_key, cohort_quarter
),

capped as (
    select
        weighed.*,
        weighed.weight > {{ var("weight_cap") }} * medians.median_weight as is_weight_capped,
        case
            when weighed.weight > {{ var("weight_cap") }} * medians.median_weight
                then {{ var("weight_cap") }} * medians.median_weight
            else weighed.weight
        end as capped_weight
    from weighed
    inner join medians
        on weighed.survey_key = medians.survey_key and weighed.cohort_quarter = medians.cohort_quarter
),

means as (
    select
        survey_key,
        cohort_quarter,
        {{ exact_avg("capped_weight") }} as mean_weight
    from capped
    group by survey_key, cohort_quarter
),

final as (
    select
        responses.response_key,
        coalesce({{ safe_divide("capped.capped_weight", "means.mean_weight") }}, 1) as weight_nonresponse,
        coalesce(capped.weight_basis, 'none') as weight_basis,
        capped.weight_class,
        coalesce(capped.is_class_merged, false) as is_class_merged,
        coalesce(capped.is_weight_capped, false) as is_weight_capped
    from responses
    left join capped on responses.response_key = capped.response_key
    left join means
        on capped.survey_key = means.survey_key and capped.cohort_quarter = means.cohort_quarter
    where responses.is_kept
)

select * from final
