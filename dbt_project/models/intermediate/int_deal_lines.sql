with

line_items as (
    select * from {{ ref("int_line_items_unioned") }}
),

deals as (
    select * from {{ ref("int_deals") }}
),

rates as (
    select * from {{ ref("int_exchange_rates") }}
),

listed as (
    select
        {{ surrogate_key(["line_items.line_item_id"]) }} as order_line_key,
        deals.deal_key,
        deals.source_system,
        deals.deal_id,
        coalesce(
            line_items.line_number,
            cast(
                row_number() over (
                    partition by line_items.source_system, line_items.deal_id order by line_items.line_item_id
                ) as integer
            )
        ) as line_number,
        line_items.product_sku,
        line_items.product_name,
        line_items.quantity,
        line_items.unit_price,
        line_items.unit_cost,
        line_items.discount_amount,
        coalesce(line_items.currency, deals.currency) as currency,
        deals.rate_date,
        line_items.billing_period,
        line_items.billing_starts_on,
        false as is_whole_deal,
        line_items.is_deleted
    from line_items
    inner join deals on line_items.source_system = deals.source_system and line_items.deal_id = deals.deal_id
),

-- What was sold without being itemised was sold all the same: the deal's amount stands for its lines.
whole_deals as (
    select
        {{ surrogate_key(["deals.deal_key", "'whole deal'"]) }} as order_line_key,
        deals.deal_key,
        deals.source_system,
        deals.deal_id,
        1 as line_number,
        cast(null as varchar) as product_sku,
        cast(null as varchar) as product_name,
        cast(case when deals.amount_original < 0 then -1 else 1 end as decimal(18, 6)) as quantity,
        cast(abs(deals.amount_original) as decimal(18, 6)) as unit_price,
        cast(null as decimal(18, 6)) as unit_cost,
        cast(null as decimal(18, 6)) as discount_amount,
        deals.currency,
        deals.rate_date,
        cast(null as varchar) as billing_period,
        cast(null as date) as billing_starts_on,
        true as is_whole_deal,
        false as is_deleted
    from deals
    left join listed on deals.deal_key = listed.deal_key
    where listed.deal_key is null and not deals.is_deleted and deals.amount_original is not null
),

lines as (
    select * from listed
    union all
    select * from whole_deals
),

priced as (
    select
        lines.*,
        rates.fx_rate,
        cast(round(lines.quantity * lines.unit_price, 2) as decimal(18, 2)) as list_amount_original,
        cast(coalesce(lines.discount_amount, 0) as decimal(18, 2)) as discount_amount_original,
        cast(round(lines.quantity * lines.unit_cost, 2) as decimal(18, 2)) as cost_amount_original
    from lines
    left join rates
        on lines.currency = rates.currency and lines.rate_date between rates.valid_from and rates.valid_to
),

converted as (
    select
        order_line_key,
        deal_key,
        source_system,
        deal_id,
        line_number,
        product_sku,
        product_name,
        quantity,
        unit_price,
        unit_cost,
        currency,
        fx_rate,
        cast(list_amount_original - discount_amount_original as decimal(18, 2)) as net_amount_original,
        cast(round(list_amount_original * fx_rate, 2) as decimal(18, 2)) as list_amount,
        cast(round(discount_amount_original * fx_rate, 2) as decimal(18, 2)) as discount_amount,
        cast(round(cost_amount_original * fx_rate, 2) as decimal(18, 2)) as cost_amount,
        billing_period,
        billing_starts_on,
        fx_rate is not null as has_rate,
        cost_amount_original is not null as has_cost,
        is_whole_deal,
        is_deleted
    from priced
),

final as (
    select
        *,
        cast(list_amount - discount_amount as decimal(18, 2)) as net_amount,
        cast(list_amount - discount_amount - cost_amount as decimal(18, 2)) as margin_amount
    from converted
)

select * from final
