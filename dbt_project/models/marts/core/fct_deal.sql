with

deals as (
    select * from {{ ref("int_deals") }}
),

deal_lines as (
    select * from {{ ref("int_deal_lines") }}
),

deal_customers as (
    select * from {{ ref("int_deal_customers") }}
),

parties as (
    select * from {{ ref("int_deal_parties_unioned") }}
),

identity as (
    select * from {{ ref("int_identity_resolved") }}
),

line_sums as (
    select
        deal_lines.deal_key,
        cast(count(*) as bigint) as n_lines,
        cast(sum(deal_lines.net_amount) as decimal(18, 2)) as line_amount,
        bool_and(deal_lines.currency = deals.currency) as is_of_one_currency,
        cast(sum(deal_lines.net_amount_original) as decimal(18, 2)) as line_amount_original
    from deal_lines
    inner join deals on deal_lines.deal_key = deals.deal_key
    where not deal_lines.is_whole_deal and not deal_lines.is_deleted
    group by deal_lines.deal_key
),

customer_counts as (
    select deal_key, max(n_customers) as n_customers
    from deal_customers
    group by deal_key
),

contact_counts as (
    select
        parties.source_system,
        parties.deal_id,
        cast(count(distinct identity.contact_key) as bigint) as n_contacts
    from parties
    inner join identity on parties.record_id = identity.record_id
    where parties.entity = 'contact'
    group by parties.source_system, parties.deal_id
),

joined as (
    select
        deals.*,
        line_sums.line_amount,
        coalesce(line_sums.n_lines, 0) as n_lines,
        line_sums.is_of_one_currency
        and abs(deals.amount_original - line_sums.line_amount_original) > 0.01 as is_amount_off,
        coalesce(customer_counts.n_customers, 0) as n_customers,
        coalesce(contact_counts.n_contacts, 0) as n_contacts,
        {{ seconds_between("deals.opened_at", "deals.closed_at") }} as cycle_seconds,
        cast(deals.closed_at as date) < cast(deals.opened_at as date) as is_closed_before_opened
    from deals
    left join line_sums on deals.deal_key = line_sums.deal_key
    left join customer_counts on deals.deal_key = customer_counts.deal_key
    left join contact_counts
        on deals.source_system = contact_counts.source_system and deals.deal_id = contact_counts.deal_id
),

final as (
    select
        deal_key,
        source_system,
        deal_id,
        order_number,
        customer_key,
        contact_key,
        pipeline,
        deal_stage,
        sales_channel as channel,
        case when owner_id is not null then {{ surrogate_key(["source_system", "owner_id"]) }} end as owner_key,
        currency,
        amount,
        amount_original,
        fx_rate,
        fx_rate is not null as has_rate,
        n_lines,
        line_amount,
        coalesce(is_amount_off, false) as is_amount_off,
        opened_at,
        case when is_closed then closed_at end as closed_at,
        case when not is_closed then closed_at end as expected_close_at,
        is_closed,
        is_won,
        is_order,
        coalesce(amount_original < 0, false) as is_return,
        case when is_closed and not is_won then nullif(trim(lost_reason), '') end as lost_reason,
        -- A close date without a time of day may lie before the opening on the same day.
        case
            when is_closed and not is_closed_before_opened
                then {{ safe_divide("case when cycle_seconds > 0 then cycle_seconds else 0 end", 86400) }}
        end as cycle_days,
        coalesce(is_closed and is_closed_before_opened, false) as is_closed_before_opened,
        n_customers,
        n_contacts,
        is_deleted,
        {{ lineage_columns() | indent(8) }}
    from joined
)

select * from final
