"""Salesforce: more rows in a second than an answer holds, rows that show late, a recycle bin and what leaves it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.oracle.history import NIGHTS, ODD_TEXTS, OVERLAP, POISON, History, Record, day, midnight

from valuegap.demo.mutation_log import Mutation, Op

BURST = 2_100  # more than an answer holds, in one second
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "Opportunity": "006",
    "OpportunityLineItem": "00k",
    "OpportunityContactRole": "00K",
    "Product2": "01t",
    "PricebookEntry": "01u",
    "User": "005",
}


def salesforce_history(seed: int) -> tuple[Mutation, ...]:
    """Return ten nights of a Salesforce org."""
    history = History("salesforce", seed)
    _found(history)
    _burst(history)
    _daily_changes(history)
    _lateness(history)
    _deleting(history)
    _descriptions(history)
    _odd_values(history)
    _poison(history)
    _while_we_read(history)
    return history.play()


def sf_id(name: str, number: int) -> str:
    """Return an id of 18 characters."""
    return f"{PREFIXES[name]}{number:012d}AAA"


def stamp(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _create(
    history: History, name: str, number: int, at: datetime, visible_at: datetime | None = None, **values: Any
) -> None:
    times = {"CreatedDate": stamp(at), "LastModifiedDate": stamp(at), "SystemModstamp": stamp(at)}
    record = {"Id": sf_id(name, number), **values, **times}
    history.plan(visible_at or at, lambda: history.put(Op.CREATE, name, record["Id"], record, at, visible_at))


def _change(  # noqa: PLR0913 - the parts of a change
    history: History,
    name: str,
    number: int,
    at: datetime,
    *,
    visible_at: datetime | None = None,
    op: Op = Op.UPDATE,
    raw: dict[str, str] | None = None,
    **values: Any,
) -> None:
    """Change a row: `SystemModstamp` moves for deleting, restoring and merging too, and not for a purge."""

    def change() -> None:
        record: Record = history.record(name, sf_id(name, number)) | values
        if op is not Op.PURGE:
            record |= {"SystemModstamp": stamp(at), "LastModifiedDate": stamp(at)}
        clock = datetime.strptime(record["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
        history.put(op, name, record["Id"], record, clock, visible_at or at, raw)

    history.plan(visible_at or at, change)


def _found(history: History) -> None:
    """What stands on the first night, which is read as CSV."""
    start = day(-400, 9)
    for number in range(1, 4):
        _create(
            history,
            "User",
            number,
            start,
            Email=f"u{number}@us.example",
            LastName=f"U{number}",
            IsActive=True,
        )
    for number in range(1, 9):
        product = {
            "Name": f"Product {number}",
            "ProductCode": f"SKU-{number}",
            "Unit_Cost__c": 4.5,
            "IsActive": True,
        }
        _create(history, "Product2", number, start, **product)
        price = {"Product2Id": sf_id("Product2", number), "UnitPrice": 9.9, "IsActive": True}
        _create(history, "PricebookEntry", number, start, Pricebook2={"IsStandard": True}, **price)
    for number in range(1, 31):
        company = {
            "Name": f'Company "{number}"\nof two lines',
            "NumberOfEmployees": 12,
            "BillingCountryCode": "DE",
        }
        _create(history, "Account", number, start, AccountNumber=f"C-{number}", **company)
    for number in range(1, 121):
        at = start + timedelta(days=number)
        person = {"Email": f"c{number}@company.example", "LastName": f"Last, {number}", "Title": "Buyer"}
        _create(history, "Contact", number, at, AccountId=sf_id("Account", 1 + number % 30), **person)
    for number in range(1, 61):
        at = start + timedelta(days=100 + number)
        _sale(history, number, at, amount=12_345_678.5 if number == 60 else number + 0.5)


def _sale(history: History, number: int, at: datetime, amount: float) -> None:
    deal = {
        "Name": f"Deal {number}",
        "Amount": amount,
        "StageName": "Closed Won",
        "IsWon": True,
        "IsClosed": True,
    }
    account = sf_id("Account", 1 + number % 30)
    _create(history, "Opportunity", number, at, AccountId=account, CloseDate="2026-01-05", **deal)
    line = {"Quantity": 2.0, "UnitPrice": 9.9, "TotalPrice": 18.8, "SortOrder": 1, "ProductCode": "SKU-1"}
    ids = {"OpportunityId": sf_id("Opportunity", number), "Product2Id": sf_id("Product2", 1)}
    _create(history, "OpportunityLineItem", number, at, **ids, **line)
    role = {"OpportunityId": ids["OpportunityId"], "ContactId": sf_id("Contact", number), "IsPrimary": True}
    _create(history, "OpportunityContactRole", number, at, Role="Buyer", **role)


def _burst(history: History) -> None:
    at, again = day(2, 23.5), day(5, 12)
    for number in range(BURST):
        _create(history, "Contact", 20_000 + number, at, LastName="Burst", Email=f"b{number}@burst.example")
    for number in range(0, BURST, 3):
        _change(history, "Contact", 20_000 + number, again, Title="Changed in a batch")


def _daily_changes(history: History) -> None:
    for night in range(1, NIGHTS + 1):
        for number in history.random.sample(range(1, 41), 8):
            _change(history, "Contact", number, day(night, history.hour()), Title=f"Job of night {night}")
            _change(
                history,
                "Opportunity",
                number,
                day(night, history.hour()),
                Amount=round(night + number / 100, 2),
            )
        for number in history.random.sample(range(1, 21), 3):
            _change(history, "Account", number, day(night, history.hour()), NumberOfEmployees=night)
        _change(history, "Product2", 1 + night % 5, day(night, history.hour()), Unit_Cost__c=night + 0.25)
        _change(history, "PricebookEntry", 1 + night % 5, day(night, history.hour()), UnitPrice=night + 0.75)


def _lateness(history: History) -> None:
    for night in range(2, NIGHTS - 2):
        for place, late in enumerate((timedelta(hours=20), timedelta(days=2), OVERLAP)):
            at = day(night, 11 + place)
            _create(history, "Contact", 30_000 + 10 * night + place, at, at + late, LastName="Late")
        edge = midnight(night) - OVERLAP
        _create(
            history, "Contact", 31_000 + night, edge, midnight(night) + timedelta(hours=1), LastName="Edge"
        )
    for night in (3, 8):
        ahead = midnight(night) + timedelta(seconds=30)
        _change(
            history, "Contact", 99, ahead, visible_at=ahead - timedelta(seconds=90), Title=f"Ahead {night}"
        )


def _deleting(history: History) -> None:
    for place, (name, first) in enumerate(
        (("Account", 21), ("Contact", 61), ("Opportunity", 41), ("OpportunityLineItem", 41), ("Product2", 6))
    ):
        at = day(3, 10 + place)
        _change(history, name, first, at, op=Op.DELETE)
        _change(history, name, first + 1, at, op=Op.DELETE)
        _change(history, name, first + 1, day(6, 10 + place), op=Op.RESTORE)
        if name != "Product2":
            _change(history, name, first + 2, day(5, 10 + place), op=Op.PURGE)
            # First in the recycle bin, where every night sees it, then gone from there.
            _change(history, name, first + 3, day(3, 10 + place), op=Op.DELETE)
            _change(history, name, first + 3, day(9, 10 + place), op=Op.PURGE)
    _change(history, "OpportunityContactRole", 41, day(4, 9), op=Op.DELETE)
    _change(history, "User", 3, day(4, 9), IsActive=False)
    # A merge of accounts, and of its winner into another: the losers name who won, the people move.
    _change(history, "Account", 28, day(3, 16), op=Op.MERGE, MasterRecordId=sf_id("Account", 29))
    _change(history, "Account", 29, day(6, 16), op=Op.MERGE, MasterRecordId=sf_id("Account", 30))
    for number in (27, 28, 57, 58, 87, 88):
        _change(history, "Contact", number + 30, day(6, 16), AccountId=sf_id("Account", 30))


def _descriptions(history: History) -> None:
    """Parents that move, sources that are found out, and people who want no mail, until they do again."""
    for night in (2, 5, 8):
        child, at = 10 + night, day(night, 17)
        _change(history, "Account", child, at, ParentId=sf_id("Account", 1 + night))
        _change(history, "Account", child + 1, at, AccountSource=f"Source {night}")
        _change(history, "Contact", 90 + night, at, HasOptedOutOfEmail=True)
    again = day(6, 17)
    _change(history, "Account", 12, again, ParentId=None, AccountSource=None)
    _change(history, "Contact", 92, again, HasOptedOutOfEmail=False)


def _odd_values(history: History) -> None:
    for place, odd in enumerate(text for text in ODD_TEXTS.values() if text.strip()):
        _create(history, "Contact", 40_000 + place, day(6, 8), LastName=odd)
    _create(history, "Account", 901, day(3, 8), Name="Nul \u0000 inside", NumberOfEmployees=7)
    _change(history, "Account", 901, day(4, 8), NumberOfEmployees="8")
    _change(history, "Account", 901, day(5, 8), NumberOfEmployees=None)
    _change(history, "Account", 901, day(6, 8), Name="5", raw={"Name": "9007199254740993"})


def _poison(history: History) -> None:
    for place, raw in enumerate(POISON.values()):
        _create(history, "Contact", 50_000 + place, day(2, 7), LastName="Before")
        text = raw.replace("{name}", "LastName")
        _change(history, "Contact", 50_000 + place, day(4, 7), raw={"LastName": text})
    _change(history, "Contact", 50_000, day(9, 7), LastName="Healed")
    for place, misfit in enumerate(("many", 1.7, "1e3")):
        _create(history, "Account", 910 + place, day(2, 7), Name="Misfit", NumberOfEmployees=5)
        _change(history, "Account", 910 + place, day(4, 7), NumberOfEmployees=misfit)
    _create(history, "Opportunity", 901, day(4, 7), Name="Too much", Amount=123456789012345.5)


def _while_we_read(history: History) -> None:
    for night in (4, 6):
        for place in range(6):
            at = midnight(night) + timedelta(minutes=5, seconds=3 + 9 * place)
            _change(history, "Contact", 110 + place, at, Title=f"While night {night} reads")
