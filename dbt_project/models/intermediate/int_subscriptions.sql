with

order_lines as (
    select * from {{ ref("int_order_lines") }}
),

terms as (
    select
        order_line_key,
        customer_key,
        product_sku,
        order_id,
        quantity,
        net_amount,
        billing_period,
        cast(ordered_at as date) as ordered_on,
        coalesce(billing_starts_on, cast(ordered_at as date)) as starts_on,
        {{ months_of_duration("billing_period") }} as billing_months,
        is_deleted
    from order_lines
    where billing_period is not null and quantity > 0
),

dated as (
    select
        *,
        {{ days_after(months_after("starts_on", "billing_months"), -1) }} as agreed_until,
        cast(round({{ safe_divide("net_amount", "billing_months") }}, 2) as decimal(18, 2)) as monthly_amount
    from terms
),

returns as (
    select
        order_line_key as return_key,
        customer_key,
        product_sku,
        cast(ordered_at as date) as returned_on,
        -quantity as returned_quantity
    from order_lines
    where is_return and not is_deleted and customer_key is not null
),

-- A return takes back the subscription to that product that was begun last.
matched_returns as (
    select
        returns.return_key,
        returns.returned_on,
        returns.returned_quantity,
        dated.order_line_key,
        row_number() over (
            partition by returns.return_key
            order by dated.starts_on desc, dated.ordered_on desc, dated.order_line_key asc
        ) as match_rank
    from returns
    inner join dated
        on
            returns.customer_key = dated.customer_key
            and returns.product_sku = dated.product_sku
            and returns.returned_on between dated.ordered_on and dated.agreed_until
    where not dated.is_deleted
),

cumulated_returns as (
    select
        order_line_key,
        returned_on,
        sum(returned_quantity) over (
            partition by order_line_key
            order by returned_on, return_key
            rows between unbounded preceding and current row
        ) as returned_quantity
    from matched_returns
    where match_rank = 1
),

taken_back as (
    select
        dated.order_line_key,
        max(cumulated_returns.returned_quantity) as returned_quantity,
        min(
            case when cumulated_returns.returned_quantity >= dated.quantity then cumulated_returns.returned_on end
        ) as returned_on
    from dated
    inner join cumulated_returns on dated.order_line_key = cumulated_returns.order_line_key
    group by dated.order_line_key
),

ended as (
    select
        dated.*,
        coalesce(taken_back.returned_quantity, 0) as returned_quantity,
        taken_back.returned_on,
        case
            when taken_back.returned_on is not null
                then greatest(taken_back.returned_on, {{ days_after("dated.starts_on", -1) }})
            else dated.agreed_until
        end as ends_on,
        coalesce(dated.customer_key is not null and not dated.is_deleted and dated.monthly_amount > 0, false)
            as is_counted
    from dated
    left join taken_back on dated.order_line_key = taken_back.order_line_key
),

renewals as (
    select
        former.order_line_key as former_key,
        later.order_line_key as later_key,
        later.starts_on as renewed_on
    from ended as former
    inner join ended as later
        on
            former.customer_key = later.customer_key
            and former.product_sku = later.product_sku
            and former.order_line_key <> later.order_line_key
            and later.starts_on between {{ days_after("former.ends_on", 1) }} and {{ days_after("former.ends_on", 31) }}
    where former.is_counted and later.is_counted and former.returned_on is null
),

continued as (
    select former_key, min(renewed_on) as renewed_on
    from renewals
    group by former_key
),

renewing as (
    select later_key
    from renewals
    group by later_key
),

final as (
    select
        ended.order_line_key as subscription_key,
        ended.customer_key,
        ended.product_sku,
        ended.order_id,
        ended.starts_on,
        ended.ends_on,
        -- A renewal a few days late is no departure and return.
        coalesce({{ days_after("continued.renewed_on", -1) }}, ended.ends_on) as recurs_until,
        ended.billing_period,
        ended.billing_months,
        ended.monthly_amount,
        ended.returned_on,
        cast(ended.returned_quantity as decimal(18, 6)) as returned_quantity,
        renewing.later_key is not null as is_renewal,
        case
            when ended.starts_on > {{ as_of_date() }} and ended.returned_on is null then 'future'
            when ended.ends_on >= {{ as_of_date() }} and ended.returned_on is null then 'active'
            when ended.ends_on is not null then 'ended'
        end as status,
        ended.billing_months is null as is_period_unreadable,
        ended.is_counted,
        ended.is_deleted
    from ended
    left join continued on ended.order_line_key = continued.former_key
    left join renewing on ended.order_line_key = renewing.later_key
)

select * from final
