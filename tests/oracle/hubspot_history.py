"""HubSpot: bursts, lateness, archiving that moves no clock, merges, silent deletes, links that move alone."""

from datetime import datetime, timedelta
from typing import Any

from tests.oracle.history import NIGHTS, ODD_TEXTS, OVERLAP, POISON, History, Record, day, iso, midnight

from valuegap.demo.mutation_log import Mutation, Op

BURST = 450  # more than two pages of a search, in one second
TYPES = {
    "contact_companies": (1, 279),
    "deal_companies": (5, 341),
    "deal_contacts": (3,),
    "line_item_deals": (20,),
}


def hubspot_history(seed: int) -> tuple[Mutation, ...]:
    """Return ten nights of a HubSpot account."""
    history = History("hubspot", seed)
    _found(history)
    _burst(history)
    _daily_changes(history)
    _lateness(history)
    _archiving(history)
    _vanishing(history)
    _links(history)
    _descriptions(history)
    _odd_values(history)
    _poison(history)
    _while_we_read(history)
    return history.play()


def crm_object(record_id: int, at: datetime, **properties: Any) -> Record:
    """Return a live CRM object; every property is text, as HubSpot sends them."""
    return {
        "id": str(record_id),
        "properties": properties,
        "createdAt": iso(at),
        "updatedAt": iso(at),
        "archived": False,
    }


def changed_at(record: Record) -> datetime:
    return datetime.fromisoformat(record["updatedAt"])


def _create(history: History, stream: str, record_id: int, at: datetime, **properties: Any) -> None:
    record = crm_object(record_id, at, **properties)
    history.plan(at, lambda: history.put(Op.CREATE, stream, record_id, record, at))


def _update(  # noqa: PLR0913 - the parts of a change
    history: History,
    stream: str,
    record_id: int,
    at: datetime,
    visible_at: datetime | None = None,
    *,
    raw: dict[str, str] | None = None,
    **properties: Any,
) -> None:
    def change() -> None:
        record = history.record(stream, record_id)
        record["properties"].update(properties)
        record["updatedAt"] = iso(at)
        history.put(Op.UPDATE, stream, record_id, record, at, visible_at, raw)

    history.plan(visible_at or at, change)


def _link(  # noqa: PLR0913, PLR0917 - the parts of a link
    history: History, name: str, from_id: int, to_id: int, at: datetime, op: Op = Op.ASSOCIATE
) -> None:
    for type_id in TYPES[name]:
        history.log.append(
            Mutation(at, at, "hubspot", name, str(from_id), op, {"to_id": to_id, "type_id": type_id})
        )


def _found(history: History) -> None:
    """What stands on the first night: the warehouse begins with a full read."""
    start = day(-400, 9)
    for number in range(1, 4):
        owner = {
            "id": str(number),
            "email": f"owner{number}@us.example",
            "firstName": "O",
            "lastName": str(number),
        }
        times = {"userId": 700 + number, "createdAt": iso(start), "updatedAt": iso(start), "archived": False}
        history.put(Op.CREATE, "owners", number, {**owner, **times}, start)
    for number in range(1, 9):
        _create(
            history,
            "products",
            90 + number,
            start,
            name=f"Product {number}",
            hs_sku=f"SKU-{number}",
            price="9.90",
        )
    for number in range(1, 31):
        at = start + timedelta(hours=number)
        _create(history, "companies", 1000 + number, at, name=f"Company {number}", numberofemployees="12")
    for number in range(1, 121):
        at = start + timedelta(days=number)
        email = f"c{number}@company.example"
        _create(
            history, "contacts", 5000 + number, at, email=email, firstname=f"First {number}", jobtitle="Buyer"
        )
        _link(history, "contact_companies", 5000 + number, 1001 + number % 30, at)
    for number in range(1, 61):
        at = start + timedelta(days=100 + number)
        deal = {
            "dealname": f"Deal {number}",
            "amount": f"{number}.50",
            "dealstage": "closedwon",
            "pipeline": "default",
        }
        _create(history, "deals", 7000 + number, at, **deal, hs_is_closed_won="true", closedate=iso(at))
        _create(
            history, "line_items", 9000 + number, at, name="Line", quantity="2", price="9.90", hs_sku="SKU-1"
        )
        _link(history, "deal_companies", 7000 + number, 1001 + number % 30, at)
        _link(history, "deal_contacts", 7000 + number, 5001 + number, at)
        _link(history, "line_item_deals", 9000 + number, 7000 + number, at)


def _burst(history: History) -> None:
    """A batch of more contacts than two pages hold, all changed in the same second."""
    at = day(2, 23.5)
    for number in range(BURST):
        _create(history, "contacts", 20_000 + number, at, email=f"b{number}@burst.example", firstname="Burst")
    again = day(5, 12)
    for number in range(0, BURST, 2):
        _update(history, "contacts", 20_000 + number, again, lifecyclestage="customer")


def _daily_changes(history: History) -> None:
    for night in range(1, NIGHTS + 1):
        for number in history.random.sample(range(1, 41), 8):
            _update(
                history,
                "contacts",
                5000 + number,
                day(night, history.hour()),
                jobtitle=f"Job of night {night}",
            )
            _update(
                history, "deals", 7000 + number, day(night, history.hour()), amount=f"{night}.{number:02d}"
            )
        for number in history.random.sample(range(1, 21), 3):
            _update(
                history, "companies", 1000 + number, day(night, history.hour()), numberofemployees=str(night)
            )


def _lateness(history: History) -> None:
    """Changes the search shows late: by hours, by days, and at the very edge of what is promised."""
    for night in range(2, NIGHTS - 2):
        for place, late in enumerate((timedelta(hours=20), timedelta(days=2), OVERLAP)):
            record_id, at = 30_000 + 10 * night + place, day(night, 11 + place)
            record = crm_object(record_id, at, email=f"late{record_id}@late.example")
            history.put(Op.CREATE, "contacts", record_id, record, at, at + late)
        # Dated with the first instant the window reaches back to, and shown just after the night before read.
        record_id, at = 31_000 + night, midnight(night) - OVERLAP
        record = crm_object(record_id, at, email=f"edge{record_id}@late.example")
        history.put(Op.CREATE, "contacts", record_id, record, at, midnight(night) + timedelta(hours=1))
    # A clock that runs 90 seconds ahead dates a change of before midnight after it.
    for night in (3, 8):
        at = midnight(night) + timedelta(seconds=30)
        _update(history, "contacts", 5099, at, at - timedelta(seconds=90), jobtitle=f"Ahead of night {night}")


def _archive(history: History, stream: str, record_id: int, at: datetime) -> None:
    def change() -> None:
        record = history.record(stream, record_id) | {"archived": True, "archivedAt": iso(at)}
        history.put(Op.ARCHIVE, stream, record_id, record, changed_at(record), at)

    history.plan(at, change)


def _restore(history: History, stream: str, record_id: int, at: datetime, *, moves_clock: bool) -> None:
    def change() -> None:
        record = history.record(stream, record_id) | {"archived": False}
        record.pop("archivedAt")
        if moves_clock:
            record["updatedAt"] = iso(at)
        history.put(Op.RESTORE, stream, record_id, record, changed_at(record), at)

    history.plan(at, change)


def _archiving(history: History) -> None:
    """Archiving moves no time of change; restoring does, or does not."""
    for place, stream in enumerate(("contacts", "companies", "deals", "line_items", "products")):
        first = {"contacts": 5061, "companies": 1021, "deals": 7041, "line_items": 9041, "products": 96}[
            stream
        ]
        _archive(history, stream, first, day(3, 10 + place))
        _archive(history, stream, first + 1, day(4, 10 + place))
        _restore(history, stream, first + 1, day(6, 10 + place), moves_clock=False)
        if stream != "products":
            _archive(history, stream, first + 2, day(4, 10 + place))
            _restore(history, stream, first + 2, day(5, 10 + place), moves_clock=True)
    owner = history.record("owners", 3) | {"archived": True}
    history.put(Op.ARCHIVE, "owners", 3, owner, datetime.fromisoformat(owner["updatedAt"]), day(4, 12))


def _vanish(history: History, op: Op, stream: str, record_id: int, at: datetime) -> None:
    history.plan(at, lambda: history.put(op, stream, record_id, history.record(stream, record_id), at))


def _vanishing(history: History) -> None:
    """Erased and merged records are gone without a word; the winner of a merge names the losers."""
    for stream, record_id in (("contacts", 5071), ("companies", 1026), ("deals", 7051), ("line_items", 9051)):
        _vanish(history, Op.PURGE, stream, record_id, day(5, 15))
    chain = (5081, 5082, 5083)
    _vanish(history, Op.MERGE, "contacts", chain[0], day(3, 14))
    _update(history, "contacts", chain[1], day(3, 14), hs_merged_object_ids=str(chain[0]))
    _vanish(history, Op.MERGE, "contacts", chain[1], day(6, 14))
    _update(history, "contacts", chain[2], day(6, 14), hs_merged_object_ids=f"{chain[1]};{chain[0]}")
    _vanish(history, Op.MERGE, "companies", 1028, day(7, 14))
    # A single merged id may come as a number instead of text.
    number = {"properties.hs_merged_object_ids": "1028"}
    _update(history, "companies", 1029, day(7, 14), hs_merged_object_ids="1028", raw=number)


def _links(history: History) -> None:
    """Links that move while neither end changes, and links of records that change with them."""
    for number in range(85, 95):
        from_id, old = 5000 + number, 1001 + number % 30
        _link(history, "contact_companies", from_id, old, day(5, 9), Op.DISSOCIATE)
        _link(history, "contact_companies", from_id, 1001 + (number + 7) % 20, day(5, 9))
    _link(history, "deal_contacts", 7055, 5056, day(6, 9), Op.DISSOCIATE)
    for number in range(100, 106):
        _link(history, "contact_companies", 5000 + number, 1002, day(4, 9))
        _update(history, "contacts", 5000 + number, day(4, 9), jobtitle="Two companies")


def _descriptions(history: History) -> None:
    """Parents that move, sources that are found out, reasons and terms that are filled in and emptied again."""
    for night in (2, 5, 8):
        child, at = 1010 + night, day(night, 17)
        _update(history, "companies", child, at, hs_parent_company_id=str(1001 + night))
        _update(history, "companies", child + 1, at, hs_analytics_source=f"SOURCE_{night}")
        _update(
            history, "deals", 7020 + night, at, dealstage="closedlost", closed_lost_reason=f"Night {night}"
        )
        terms = {
            "hs_recurring_billing_period": "P12M",
            "hs_recurring_billing_start_date": f"2026-02-{night:02d}",
        }
        _update(history, "line_items", 9020 + night, at, **terms)
        _update(history, "contacts", 5055 + night, at, hs_email_optout="true")
    again = day(6, 17)
    _update(history, "companies", 1012, again, hs_parent_company_id=None, hs_analytics_source="")
    _update(history, "deals", 7022, again, dealstage="closedwon", closed_lost_reason="")
    emptied = {"hs_recurring_billing_period": "", "hs_recurring_billing_start_date": None}
    _update(history, "line_items", 9022, again, **emptied)
    _update(history, "contacts", 5057, again, hs_email_optout="false")
    # An id may come as a number.
    number = {"properties.hs_parent_company_id": "1002"}
    _update(history, "companies", 1019, again, hs_parent_company_id="1002", raw=number)


def _odd_values(history: History) -> None:
    for place, odd in enumerate(ODD_TEXTS.values()):
        _create(
            history, "contacts", 40_000 + place, day(6, 8), email=f"odd{place}@odd.example", firstname=odd
        )
    _create(history, "companies", 1901, day(3, 8), name="Ann's\u0000nul", numberofemployees="+12.000")
    # A number where text was: the digits are the text.
    _update(history, "companies", 1901, day(4, 8), name="5", raw={"properties.name": "9007199254740993"})
    # The same property as text, as a number, and as nothing.
    _create(history, "companies", 1903, day(3, 8), name="Flips", numberofemployees="7")
    _update(
        history,
        "companies",
        1903,
        day(4, 8),
        numberofemployees="8",
        raw={"properties.numberofemployees": "8"},
    )
    _update(history, "companies", 1903, day(5, 8), numberofemployees=None)


def _poison(history: History) -> None:
    """Versions no warehouse can take: they wait in quarantine, and the one before stays."""
    for place, raw in enumerate(POISON.values()):
        record_id = 50_000 + place
        _create(
            history, "contacts", record_id, day(2, 7), email=f"p{place}@poison.example", firstname="Before"
        )
        text = raw.replace("{name}", "firstname")
        _update(history, "contacts", record_id, day(4, 7), firstname="", raw={"properties.firstname": text})
    _update(history, "contacts", 50_000, day(9, 7), firstname="Healed")
    for place, misfit in enumerate(("many", "1.7", "9223372036854775808", "1e3")):
        _create(history, "companies", 1910 + place, day(2, 7), name="Misfit", numberofemployees="5")
        _update(history, "companies", 1910 + place, day(4, 7), numberofemployees=misfit)
    nameless = crm_object(51_000, day(4, 7), email="no-birth@poison.example") | {"createdAt": None}
    history.put(Op.CREATE, "contacts", 51_000, nameless, day(4, 7))
    _create(history, "deals", 7901, day(4, 7), dealname="Too much", amount="12345678901234.5")


def _while_we_read(history: History) -> None:
    """Changes of the minutes in which a night reads, of records it knows."""
    for night in (4, 6):
        for place in range(6):
            at = midnight(night) + timedelta(minutes=5, seconds=3 + 9 * place)
            _update(history, "contacts", 5110 + place, at, jobtitle=f"While night {night} reads")
        _update(history, "contacts", 5119, day(night, 12), phone=str(night))
