"""HubSpot's deals, line items and products: what the accounts order, return, decline and still consider."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from valuegap.demo.accounts import NEVER, Accounts, Index, People, expand_months, instants_in_month
from valuegap.demo.chance import Codes, codes, stream_of
from valuegap.demo.crm import (
    FIRST_COMPANY_ID,
    FIRST_CONTACT_ID,
    FIRST_OWNER_ID,
    OWNERS,
    Duplicates,
    associations,
)
from valuegap.demo.horizon import Horizon, Times, at_daytime, days
from valuegap.demo.records import Versions
from valuegap.demo.rendering import NO_MONEY, Record, hubspot_objects, iso, looked_up, money, texts
from valuegap.demo.revisions import (
    LATEST_LAG_NIGHTS,
    Revisions,
    during,
    keeps_stage,
    lately,
    nightly_count,
    state_column,
)
from valuegap.demo.world import (
    CARE_CONTRACT,
    CARE_PERIOD,
    EXTRA_ORDERS,
    LOST_REASON_SHARES,
    LOST_REASONS,
    MEAN_QUANTITY,
    PRICE_RISE,
    PRICE_RISE_MONTH,
    PRODUCT_CENTS,
    PRODUCT_COST_SHARE,
    PRODUCT_FAMILIES,
    PRODUCT_NAMES,
    PRODUCT_SHARES,
    PRODUCT_SKUS,
)

FIRST_DEAL_ID = 15_000_000_001
FIRST_LINE_ID = 30_000_000_001
FIRST_PRODUCT_ID = 2_000_000_001

SALES_CHANNELS = ("direct_sales", "ecommerce", "partner")
SALES_CHANNEL_SHARES = np.array([0.35, 0.45, 0.20])
DIRECT_SALES, ECOMMERCE = 0, 1
ORDER, RETURN, LOST, OPEN = range(4)
STAGES = (
    "contractsent",
    "closedwon",
    "closedlost",
    "appointmentscheduled",
    "qualifiedtobuy",
    "presentationscheduled",
)
CONTRACT_SENT, CLOSED_WON, CLOSED_LOST = range(3)
PRIMARY_COMPANY, ANY_COMPANY, DEAL_TO_CONTACT, LINE_TO_DEAL = 5, 341, 3, 20  # association types

RETURNED, LOST_SHARE, OPEN_SHARE = 0.015, 0.05, 0.10  # of orders, of orders, of accounts
ON_TIME = 0.74
NO_DAY = -1
IMPORTED_LATE = 0.03  # of the nights' orders
SECOND_COMPANY = 0.02  # of deals name a second company besides the buyer
DISCOUNTS = np.array([0.0, 0.05, 0.10, 0.15, 0.20])
DISCOUNT_SHARES = np.array([0.55, 0.20, 0.13, 0.08, 0.04])
COST_UNKNOWN = 0.005  # of lines

REASSIGNED, CORRECTED, LATE, ARCHIVED = 0.0002, 0.0001, 0.0001, 0.0001  # of all deals, a night


@dataclass(frozen=True)
class Deals:
    """Column by column, one element a deal: orders by (account, time), then returns, lost and open deals."""

    kind: Codes
    account: Index
    original: Index  # the order a return sends back; means nothing for others
    channel: Codes
    created_at: Times
    closed_at: Times
    promised_at: Times
    delivered_at: Times
    lag: NDArray[np.timedelta64]  # from its closing until the vendor shows it; 0 for most

    @property
    def visible_from(self) -> Times:
        """First instant the vendor shows the deal and its lines."""
        return np.where(self.lag > np.timedelta64(0, "us"), self.closed_at + self.lag, self.created_at)

    @property
    def count(self) -> int:
        """Number of deals."""
        return len(self.kind)


@dataclass(frozen=True)
class Lines:
    """Column by column, one element an order line, in the order of deals. Money in cents."""

    deal: Index
    position: Codes
    product: Codes
    quantity: NDArray[np.int16]
    price: NDArray[np.int32]
    discount: NDArray[np.int32]
    cost: NDArray[np.int32]

    def first_of_deals(self) -> Index:
        """Return the number of each deal's first line."""
        return np.flatnonzero(self.position == 1)

    def amounts(self) -> NDArray[np.int64]:
        """Return each deal's sum of quantity x price - discount, in cents."""
        net = self.quantity.astype(np.int64) * self.price - self.discount
        return np.add.reduceat(net, self.first_of_deals())


@dataclass(frozen=True)
class Sales:
    """Everything ordered, returned, declined or still considered."""

    deals: Deals
    lines: Lines


def make_sales(seed: int, accounts: Accounts, horizon: Horizon) -> Sales:
    """Make the deals and their lines."""
    deals = _make_deals(seed, accounts, horizon)
    return Sales(deals, _make_lines(seed, deals, accounts, horizon))


def _make_deals(seed: int, accounts: Accounts, horizon: Horizon) -> Deals:
    """Let every living customer order in every month, about once, until it is lost."""
    rng = stream_of(seed, "deals")
    account, ordered_at = _orders(rng, accounts, horizon)
    channel = codes(rng, SALES_CHANNEL_SHARES, len(account))
    wait = np.where(channel == ECOMMERCE, 0.0, 2.0 + 8.0 * rng.random(len(account)))
    created_at = np.maximum(ordered_at - days(wait), np.minimum(accounts.created_at[account], ordered_at))
    promised_at = ordered_at + days(3.0 + np.floor(8.0 * rng.random(len(account))))
    orders = Deals(
        kind=np.full(len(account), ORDER, dtype=np.int8),
        account=account,
        original=np.arange(len(account)),
        channel=channel,
        created_at=created_at,
        closed_at=ordered_at,
        promised_at=promised_at,
        delivered_at=_deliveries(rng, ordered_at, promised_at),
        lag=_import_lag(rng, ordered_at, horizon),
    )
    return _together(
        orders, _returns(rng, orders, horizon), _lost(rng, orders), _open(rng, accounts, horizon)
    )


def _orders(rng: np.random.Generator, accounts: Accounts, horizon: Horizon) -> tuple[Index, Times]:
    lived = np.minimum(accounts.last_month, horizon.months - 1) - accounts.first_month + 1
    account, month = expand_months(accounts, np.where(accounts.is_customer, lived, 0))
    number = 1 + rng.poisson(EXTRA_ORDERS[accounts.market_segment[account]])
    account, month = np.repeat(account, number), np.repeat(month, number)
    first_at = accounts.first_order_at[account]
    at = instants_in_month(rng, month, first_at, horizon)
    at = np.where(np.diff(account, prepend=-1) != 0, first_at, at)
    happens = at < horizon.until
    account, at = account[happens], at[happens]
    order = np.lexsort((at, account))
    return account[order], at[order]


def _deliveries(rng: np.random.Generator, ordered_at: Times, promised_at: Times) -> Times:
    is_late = rng.random(len(promised_at)) > ON_TIME
    lateness = np.where(is_late, rng.exponential(4.0, len(promised_at)), -1.5 * rng.random(len(promised_at)))
    return np.maximum(promised_at + days(lateness), ordered_at + np.timedelta64(12, "h"))


def _import_lag(rng: np.random.Generator, ordered_at: Times, horizon: Horizon) -> NDArray[np.timedelta64]:
    lag = rng.integers(1, LATEST_LAG_NIGHTS + 1, len(ordered_at)).astype("timedelta64[D]")
    is_late = (ordered_at >= horizon.since) & (rng.random(len(ordered_at)) < IMPORTED_LATE)
    is_late &= ordered_at + lag < horizon.until
    return np.where(is_late, lag, np.timedelta64(0, "D"))


def _returns(rng: np.random.Generator, orders: Deals, horizon: Horizon) -> Deals:
    """Goods sent back up to three weeks after their delivery."""
    sent_back = np.flatnonzero(rng.random(orders.count) < RETURNED)
    returned_on = orders.delivered_at[sent_back] + days(2.0 + 18.0 * rng.random(len(sent_back)))
    at = at_daytime(returned_on, rng.random(len(sent_back)))
    happens = at < horizon.until
    return _beside(orders, sent_back[happens], RETURN, at[happens], at[happens])


def _lost(rng: np.random.Generator, orders: Deals) -> Deals:
    """Deals declined around the time of an order."""
    near = np.flatnonzero(rng.random(orders.count) < LOST_SHARE)
    created_at = orders.created_at[near]
    closed_at = np.maximum(orders.closed_at[near], created_at + np.timedelta64(1, "h"))
    return _beside(orders, near, LOST, created_at, closed_at)


def _beside(orders: Deals, rows: Index, kind: int, created_at: Times, closed_at: Times) -> Deals:
    """Return deals of the accounts of some orders; nothing is delivered for them."""
    return Deals(
        kind=np.full(len(rows), kind, dtype=np.int8),
        account=orders.account[rows],
        original=rows,
        channel=orders.channel[rows],
        created_at=created_at,
        closed_at=closed_at,
        promised_at=np.full(len(rows), NEVER),
        delivered_at=np.full(len(rows), NEVER),
        lag=np.zeros(len(rows), dtype="timedelta64[us]"),
    )


def _open(rng: np.random.Generator, accounts: Accounts, horizon: Horizon) -> Deals:
    """Deals still considered: created in the last weeks before the first night or during the nights."""
    account = np.flatnonzero(rng.random(accounts.count) < OPEN_SHARE)
    begin: Times = np.maximum(accounts.created_at[account], horizon.since - np.timedelta64(60, "D"))
    length = (horizon.until - begin) / np.timedelta64(1, "D")
    created_at = begin + days(length * rng.random(len(account)))
    never = np.full(len(account), NEVER)
    return Deals(
        kind=np.full(len(account), OPEN, dtype=np.int8),
        account=account,
        original=np.zeros(len(account), dtype=np.int64),
        channel=np.full(len(account), DIRECT_SALES, dtype=np.int8),
        created_at=created_at,
        closed_at=never,
        promised_at=never,
        delivered_at=never,
        lag=np.zeros(len(account), dtype="timedelta64[us]"),
    )


def _together(*parts: Deals) -> Deals:
    return Deals(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in Deals.__dataclass_fields__)
    )


def _make_lines(seed: int, deals: Deals, accounts: Accounts, horizon: Horizon) -> Lines:
    """Make one to eight lines a deal; a return sends back some of the first line at the price paid."""
    rng = stream_of(seed, "lines")
    number = np.where(deals.kind == RETURN, 1, 1 + np.minimum(rng.poisson(2.0, deals.count), 7))
    deal = np.repeat(np.arange(deals.count), number)
    first = np.cumsum(number) - number
    product = codes(rng, PRODUCT_SHARES, len(deal))
    quantity = 1 + rng.poisson(MEAN_QUANTITY[accounts.market_segment[deals.account]][deal] - 1.0)
    is_risen = deals.created_at >= horizon.month_start(np.array(PRICE_RISE_MONTH))
    price = np.rint(PRODUCT_CENTS[product] * np.where(is_risen, PRICE_RISE, 1.0)[deal])
    rate = DISCOUNTS[codes(rng, DISCOUNT_SHARES, len(deal))]
    cost = np.rint(price * PRODUCT_COST_SHARE[product])
    cost[rng.random(len(deal)) < COST_UNKNOWN] = NO_MONEY
    lines = Lines(
        deal=deal,
        position=(1 + np.arange(len(deal)) - first[deal]).astype(np.int8),
        product=product,
        quantity=quantity.astype(np.int16),
        price=price.astype(np.int32),
        discount=np.rint(rate * quantity * price).astype(np.int32),
        cost=cost.astype(np.int32),
    )
    _send_back(rng, deals, lines, first)
    return lines


def _send_back(rng: np.random.Generator, deals: Deals, lines: Lines, first: Index) -> None:
    returns = np.flatnonzero(deals.kind == RETURN)
    line, sold = first[returns], first[deals.original[returns]]
    share = rng.random(len(returns))
    paid = lines.price[sold] - lines.discount[sold] / lines.quantity[sold]
    lines.product[line] = lines.product[sold]
    lines.quantity[line] = -np.ceil(share * lines.quantity[sold])
    lines.price[line] = np.rint(paid)
    lines.discount[line] = 0
    lines.cost[line] = lines.cost[sold]


def deal_and_line_versions(seed: int, sales: Sales, horizon: Horizon) -> tuple[Versions, Versions]:
    """Make the versions of deals (offered, closed, delivered, revised) and of their lines."""
    rng = stream_of(seed, "deal versions")
    deals, lines = sales.deals, sales.lines
    deal_rows, line_rows = _deal_rows(rng, deals, lines, horizon), _line_rows(deals, lines)
    lost_reason = codes(stream_of(seed, "lost reasons"), LOST_REASON_SHARES, deals.count)
    deal_rows["lost_reason"] = lost_reason[deal_rows["id"].to_numpy() - FIRST_DEAL_ID]
    deal_revisions, line_revisions = Revisions(deal_rows, rng), Revisions(line_rows, rng)
    orders = np.flatnonzero(deal_rows["kind"].to_numpy() == ORDER)
    unsold = np.flatnonzero(deal_rows["kind"].to_numpy() >= LOST)
    first_lines = lines.first_of_deals()
    for night in horizon.night_starts:
        _revise_deals(rng, deal_revisions, night, deals.count, unsold)
        _correct_prices(rng, (deal_revisions, line_revisions), night, orders, first_lines)
    return (
        Versions(deal_revisions.frame(), render_deals),
        Versions(line_revisions.frame(), render_lines),
    )


def _deal_rows(rng: np.random.Generator, deals: Deals, lines: Lines, horizon: Horizon) -> pd.DataFrame:
    offered_at = np.where(
        (deals.visible_from == deals.created_at) & ~(deals.created_at == deals.closed_at),
        deals.created_at,
        NEVER,
    )
    closed_visible_at = deals.closed_at + deals.lag
    delivered_visible_at = np.maximum(deals.delivered_at, closed_visible_at + np.timedelta64(1, "h"))
    kept = np.stack(keeps_stage([offered_at, closed_visible_at, delivered_visible_at], horizon), axis=1)
    deal, stage = np.nonzero(kept)
    is_closed, is_sold = stage >= 1, (stage >= 1) & (deals.kind[deal] <= RETURN)
    open_stage = rng.integers(CLOSED_LOST + 1, len(STAGES), deals.count).astype(np.int8)
    unclosed = np.where(deals.kind == OPEN, open_stage, CONTRACT_SENT)
    closing = np.where(deals.kind == LOST, CLOSED_LOST, CLOSED_WON)
    return pd.DataFrame(
        {
            "id": FIRST_DEAL_ID + deal,
            "created_at": deals.created_at[deal],
            "updated_at": np.stack([offered_at, deals.closed_at, deals.delivered_at], axis=1)[kept],
            "visible_at": np.stack([offered_at, closed_visible_at, delivered_visible_at], axis=1)[kept],
            "state": state_column("live", len(deal)),
            "account": deals.account[deal].astype(np.int32),
            "kind": deals.kind[deal],
            "number": np.where(deals.kind == RETURN, deals.original, np.arange(deals.count))[deal].astype(
                np.int32
            ),
            "stage": np.where(is_closed, closing[deal], unclosed[deal]).astype(np.int8),
            "channel": deals.channel[deal],
            "closed_at": np.where(is_closed, deals.closed_at[deal], NEVER),
            "promised_at": np.where(is_sold, deals.promised_at[deal], NEVER),
            "delivered_at": np.where(stage == 2, deals.delivered_at[deal], NEVER),  # noqa: PLR2004 - third stage
            "amount": lines.amounts()[deal],
            "owner": (deals.account[deal] % OWNERS).astype(np.int8),
        },
        copy=False,
    )


def _line_rows(deals: Deals, lines: Lines) -> pd.DataFrame:
    """Lines are written with the offer; those of an order imported late, when it was closed."""
    is_imported = deals.lag > np.timedelta64(0, "us")
    written_at = np.where(is_imported, deals.closed_at, deals.created_at)
    return pd.DataFrame(
        {
            "id": FIRST_LINE_ID + np.arange(len(lines.deal)),
            "created_at": deals.created_at[lines.deal],
            "updated_at": written_at[lines.deal],
            "visible_at": deals.visible_from[lines.deal],
            "state": state_column("live", len(lines.deal)),
            "position": lines.position,
            "product": lines.product,
            "quantity": lines.quantity,
            "price": lines.price,
            "discount": lines.discount,
            "cost": lines.cost,
            "starts_on": _contract_starts(deals, lines),
        },
        copy=False,
    )


def _contract_starts(deals: Deals, lines: Lines) -> NDArray[np.int32]:
    """Days since 1970 of each care contract's start, the day of its order; `NO_DAY` for other products."""
    ordered_at = np.where(np.isnat(deals.closed_at), deals.created_at, deals.closed_at)
    ordered_on = ordered_at.astype("datetime64[D]").astype(np.int32)
    return np.where(lines.product == CARE_CONTRACT, ordered_on[lines.deal], np.int32(NO_DAY))


def _revise_deals(
    rng: np.random.Generator, revisions: Revisions, night: np.datetime64, count: int, unsold: Index
) -> None:
    rows = revisions.draw(nightly_count(REASSIGNED, count), night)
    at = during(rng, night, len(rows))
    revisions.revise(rows, at, at, {"owner": rng.integers(0, OWNERS, len(rows))})
    rows = revisions.draw(nightly_count(LATE, count), night - np.timedelta64(3, "D"))
    revisions.revise(rows, *lately(rng, night, len(rows)), {"owner": rng.integers(0, OWNERS, len(rows))})
    rows = revisions.draw(nightly_count(ARCHIVED, count), night, unsold)
    revisions.revise(rows, None, during(rng, night, len(rows)), state="archived")


def _correct_prices(
    rng: np.random.Generator,
    revisions: tuple[Revisions, Revisions],
    night: np.datetime64,
    orders: Index,
    first_lines: Index,
) -> None:
    """Grant another 5 % on the first line of some old orders: line and deal change together."""
    deals, lines = revisions
    rows = deals.draw(nightly_count(CORRECTED, len(orders)), night, orders)
    at = during(rng, night, len(rows))
    first_line = first_lines[deals.values("id")[rows] - FIRST_DEAL_ID]
    quantity, price = lines.values("quantity")[first_line], lines.values("price")[first_line]
    granted = np.rint(0.05 * quantity * price).astype(np.int32)
    lines.reserve(first_line)
    lines.revise(first_line, at, at, {"discount": lines.values("discount")[first_line] + granted})
    deals.revise(rows, at, at, {"amount": deals.values("amount")[rows] - granted})


def render_deals(rows: pd.DataFrame) -> list[Record]:
    """Return HubSpot deals."""
    kind, stage = rows["kind"].tolist(), rows["stage"].tolist()
    numbers = [
        order_number(number, _NUMBER_PREFIX[is_what]) if is_what <= RETURN else None
        for is_what, number in zip(kind, rows["number"].tolist(), strict=True)
    ]
    return hubspot_objects(
        rows,
        "hs_lastmodifieddate",
        {
            "dealname": [f"Workplace equipment {number or 'offer'}" for number in numbers],
            "order_number": numbers,
            "amount": money(rows["amount"]),
            "deal_currency_code": ["EUR"] * len(rows),
            "dealstage": [STAGES[code] for code in stage],
            "pipeline": ["default"] * len(rows),
            "closedate": iso(rows["closed_at"]),
            "hs_is_closed_won": ["true" if code == CLOSED_WON else "false" for code in stage],
            "hs_is_closed": ["true" if code in {CLOSED_WON, CLOSED_LOST} else "false" for code in stage],
            "closed_lost_reason": [
                LOST_REASONS[reason] if code == CLOSED_LOST else None
                for code, reason in zip(stage, rows["lost_reason"].tolist(), strict=True)
            ],
            "sales_channel": looked_up(SALES_CHANNELS, rows["channel"]),
            "promised_delivery_date": iso(rows["promised_at"]),
            "delivered_at": iso(rows["delivered_at"]),
            "hubspot_owner_id": texts(rows["owner"].astype(np.int64) + FIRST_OWNER_ID),
            "hs_merged_object_ids": [None] * len(rows),
        },
    )


def order_number(deal: int, prefix: str = "SO-") -> str:
    """Return the number on the papers of the order that is deal `deal`, counted from 0."""
    return f"{prefix}{deal + 1:07d}"


_NUMBER_PREFIX = ("SO-", "RT-")  # by kind; offers have no order number


def render_lines(rows: pd.DataFrame) -> list[Record]:
    """Return HubSpot line items. The discount is an amount for the line, the cost that of one unit."""
    starts_on = rows["starts_on"].tolist()
    return hubspot_objects(
        rows,
        "hs_lastmodifieddate",
        {
            "name": looked_up(PRODUCT_NAMES, rows["product"]),
            "hs_sku": looked_up(PRODUCT_SKUS, rows["product"]),
            "hs_product_id": looked_up(_PRODUCT_IDS, rows["product"]),
            "hs_position_on_quote": texts(rows["position"]),
            "quantity": texts(rows["quantity"]),
            "price": money(rows["price"]),
            "hs_total_discount": money(rows["discount"]),
            "hs_cost_of_goods_sold": money(rows["cost"]),
            "hs_line_item_currency_code": ["EUR"] * len(rows),
            "hs_recurring_billing_period": [None if day == NO_DAY else CARE_PERIOD for day in starts_on],
            "hs_recurring_billing_start_date": [
                None if day == NO_DAY else str(np.datetime64(day, "D")) for day in starts_on
            ],
        },
    )


_PRODUCT_IDS = tuple(str(FIRST_PRODUCT_ID + number) for number in range(len(PRODUCT_NAMES)))


def make_products(horizon: Horizon) -> Versions:
    """Make the catalogue, at the prices after the rise."""
    count = len(PRODUCT_NAMES)
    risen_at = np.full(count, horizon.month_start(np.array(PRICE_RISE_MONTH)))
    price = np.rint(PRODUCT_CENTS * PRICE_RISE).astype(np.int32)
    frame = pd.DataFrame(
        {
            "id": FIRST_PRODUCT_ID + np.arange(count),
            "created_at": np.full(count, horizon.start - np.timedelta64(900, "D")),
            "updated_at": risen_at,
            "visible_at": risen_at,
            "state": state_column("live", count),
            "product": np.arange(count, dtype=np.int8),
            "price": price,
            "cost": np.rint(price * PRODUCT_COST_SHARE).astype(np.int32),
        }
    )
    return Versions(frame, render_products)


def render_products(rows: pd.DataFrame) -> list[Record]:
    """Return HubSpot products."""
    return hubspot_objects(
        rows,
        "hs_lastmodifieddate",
        {
            "name": looked_up(PRODUCT_NAMES, rows["product"]),
            "hs_sku": looked_up(PRODUCT_SKUS, rows["product"]),
            "product_family": looked_up(PRODUCT_FAMILIES, rows["product"]),
            "price": money(rows["price"]),
            "hs_cost_of_goods_sold": money(rows["cost"]),
        },
    )


def deal_associations(
    seed: int, sales: Sales, accounts: Accounts, people: People, duplicates: Duplicates
) -> dict[str, pd.DataFrame]:
    """Return which company and contact each deal belongs to, and which deal each line."""
    rng = stream_of(seed, "deal associations")
    deals, lines = sales.deals, sales.lines
    deal_id, visible_from = FIRST_DEAL_ID + np.arange(deals.count), deals.visible_from
    contact = people.somebody(rng, deals.account, deals.created_at, people.has_crm_record)
    return {
        "deal_companies": _deal_companies(rng, deals, accounts, duplicates),
        "deal_contacts": associations(
            deal_id, visible_from, [(FIRST_CONTACT_ID + contact, DEAL_TO_CONTACT, None)]
        ),
        "line_item_deals": associations(
            FIRST_LINE_ID + np.arange(len(lines.deal)),
            visible_from[lines.deal],
            [(deal_id[lines.deal], LINE_TO_DEAL, None)],
        ),
    }


def _deal_companies(
    rng: np.random.Generator, deals: Deals, accounts: Accounts, duplicates: Duplicates
) -> pd.DataFrame:
    """Put the first order of some accounts with duplicates under the duplicate, until they are merged."""
    moved, holder = _orders_of_duplicates(deals, duplicates)
    buyer = FIRST_COMPANY_ID + deals.account
    company = buyer.copy()
    company[moved] = FIRST_COMPANY_ID + accounts.count + holder
    second = FIRST_COMPANY_ID + rng.choice(deals.account[deals.kind == ORDER], deals.count)
    names_second = (rng.random(deals.count) < SECOND_COMPANY) & (second != buyer)
    deal_id = FIRST_DEAL_ID + np.arange(deals.count)
    before = associations(
        deal_id,
        deals.visible_from,
        [(company, PRIMARY_COMPANY, None), (company, ANY_COMPANY, None), (second, ANY_COMPANY, names_second)],
    )
    after = associations(
        deal_id[moved],
        duplicates.merged_at[holder],
        [(buyer[moved], PRIMARY_COMPANY, None), (buyer[moved], ANY_COMPANY, None)],
    )
    both = pd.concat([before, after], ignore_index=True)
    return both.iloc[np.argsort(both["from_id"].to_numpy(), kind="stable")].reset_index(drop=True)


def _orders_of_duplicates(deals: Deals, duplicates: Duplicates) -> tuple[Index, Index]:
    """Return the orders that stand under a duplicate company, and under which.

    Only every tenth duplicate has one: to whoever measures churn, it is a customer that ordered once.
    """
    originals, holder = np.unique(duplicates.original, return_index=True)
    orders = int((deals.kind == ORDER).sum())
    return np.searchsorted(deals.account[:orders], originals[::10]), holder[::10]
