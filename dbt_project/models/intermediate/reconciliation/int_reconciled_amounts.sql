with

staged_deals as (
    select * from {{ ref("int_deals_unioned") }}
),

deals as (
    select * from {{ ref("fct_deal") }}
),

order_lines as (
    select * from {{ ref("fct_order_line") }}
),

-- As the CRM's own report of closed won deals adds them up.
won_in_crm as (
    select
        source_system,
        coalesce(currency, '{{ var("reporting_currency") }}') as currency,
        sum(cast(round(amount, 2) as decimal(18, 2))) as amount
    from staged_deals
    where is_won and not is_deleted
    group by 1, 2
),

won_deals as (
    select
        source_system,
        currency,
        sum(amount_original) as amount
    from deals
    where is_won and not is_deleted
    group by 1, 2
),

line_sums as (
    select
        order_id,
        sum(net_amount_original) as amount,
        bool_and(not is_whole_deal) as has_lines
    from order_lines
    where not is_deleted
    group by 1
),

-- A deal's amount is typed in by hand: where it is not the sum of its lines, `fct_deal.is_amount_off` says so.
orders as (
    select
        deals.source_system,
        deals.currency,
        deals.amount_original,
        coalesce(line_sums.amount, 0) as line_amount,
        deals.is_amount_off or deals.amount_original is null or line_sums.order_id is null as is_explained
    from deals
    left join line_sums on deals.deal_id = line_sums.order_id
    where deals.is_order and not deals.is_deleted
),

compared as (
    select
        coalesce(won_in_crm.source_system, won_deals.source_system) as source,
        'deals' as object,
        'closed_won_amount' as measure,
        coalesce(won_in_crm.currency, won_deals.currency) as scope,
        coalesce(won_in_crm.amount, 0) as source_value,
        coalesce(won_deals.amount, 0) as warehouse_value,
        0 as explained_difference,
        cast(null as varchar) as explanation_code,
        0 as tolerance
    from won_in_crm
    full outer join won_deals
        on won_in_crm.source_system = won_deals.source_system and won_in_crm.currency = won_deals.currency
    union all
    select
        source_system as source,
        'orders' as object,
        'line_amount' as measure,
        currency as scope,
        coalesce(sum(amount_original), 0) as source_value,
        sum(line_amount) as warehouse_value,
        sum(case when is_explained then line_amount - coalesce(amount_original, 0) else 0 end) as explained_difference,
        'amount_is_not_its_lines' as explanation_code,
        0.01 * count(*) as tolerance
    from orders
    group by 1, 4
)

select
    source,
    object,
    measure,
    scope,
    cast(source_value as decimal(28, 2)) as source_value,
    cast(warehouse_value as decimal(28, 2)) as warehouse_value,
    cast(explained_difference as decimal(28, 2)) as explained_difference,
    explanation_code,
    cast(tolerance as decimal(28, 2)) as tolerance
from compared
