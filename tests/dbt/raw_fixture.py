"""A build warehouse written by hand: every raw table, and rows given column by column.

Tests of the models start here, so that they say which records lead to which marts without a server, a landing
zone or a loader in between. Run it to get a small warehouse to build by hand: `python raw_fixture.py DIR`.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from valuegap import warehouse
from valuegap.settings import Settings

Row = Mapping[str, Any]

NIGHT = date(2026, 1, 31)
SEEN = {"created_at": "2026-01-01", "updated_at": "2026-01-01"}


def insert(
    connection: duckdb.DuckDBPyConnection, source: str, stream: str, rows: Iterable[Row], night: date = NIGHT
) -> None:
    """Append the versions of records a night landed, and its line in `ops.loads`; columns not given are NULL."""
    rows = list(rows)
    for line, row in enumerate(rows, start=1):
        provenance = {"record": json.dumps(row), "_page": 1, "_line": line}
        columns = {**row, **provenance, "_as_of_date": night, "_run_id": f"night-{night}"}
        names, marks = ", ".join(columns), ", ".join("?" for _ in columns)
        connection.execute(
            f"insert into raw_{source}.{stream} ({names}) values ({marks})", list(columns.values())
        )
    connection.execute(
        "insert or replace into ops.loads by name select ? as source, ? as stream, ? as run_id, ? as as_of_date, "
        "? as landed_rows, ? as loaded_rows, 0 as quarantined_rows, '' as manifest_sha256",
        [source, stream, f"night-{night}", night, len(rows), len(rows)],
    )


def to(*ids: str, type_id: int = 1) -> str:
    """JSON text of an association's targets."""
    types = [{"category": "HUBSPOT_DEFINED", "typeId": type_id, "label": None}]
    return json.dumps([{"toObjectId": int(id_), "associationTypes": types} for id_ in ids])


def questions(*tags: str) -> str:
    """JSON text of a definition's questions QID1, QID2, … with these export tags."""
    return json.dumps(
        {
            f"QID{number}": {"QuestionText": f"About {tag}?", "DataExportTag": tag, "QuestionType": "MC"}
            for number, tag in enumerate(tags, start=1)
        }
    )


def fill_small_company(raw: duckdb.DuckDBPyConnection) -> None:
    """Two accounts, four people over three systems, three orders, one ticket, and survey responses,
    one of which was deleted since."""
    _fill_crm(raw)
    _fill_tickets(raw)
    _fill_surveys(raw)


def fill_small_company_of_salesforce(raw: duckdb.DuckDBPyConnection) -> None:
    """The same company, whose CRM is Salesforce."""
    _fill_salesforce(raw)
    _fill_tickets(raw)
    _fill_surveys(raw)


def _fill_crm(raw: duckdb.DuckDBPyConnection) -> None:
    insert(
        raw,
        "hubspot",
        "companies",
        [
            {"id": "11", "name": "Acme", "domain": "acme.example", "industry": "retail", "country": "DE"}
            | {"market_segment": "enterprise", "numberofemployees": 900, "customer_number": "C-1"} | SEEN,
            {"id": "12", "name": "Bolt", "industry": "energy", "market_segment": "mid_market"}
            | {"country": "FR", "customer_number": "C-2"} | SEEN,
        ],
    )  # fmt: skip
    insert(
        raw,
        "hubspot",
        "contacts",
        [
            {"id": "1", "email": " Ann@Acme.example", "customer_number": "P-1"} | SEEN,
            {"id": "2", "email": "bo@bolt.example", "customer_number": "P-2"} | SEEN,
            {"id": "3", "email": "lone@wolf.example"} | SEEN,
        ],
    )
    insert(
        raw,
        "hubspot",
        "contact_companies",
        [{"from_id": "1", "to_records": to("11")}, {"from_id": "2", "to_records": to("12")}],
    )
    insert(
        raw,
        "hubspot",
        "products",
        [
            {"id": "90", "name": "Desk", "hs_sku": "DESK", "product_family": "furniture", "price": 100}
            | {"hs_cost_of_goods_sold": 60} | SEEN
        ],
    )  # fmt: skip
    won = {
        "dealstage": "closedwon",
        "hs_is_closed_won": True,
        "hs_is_closed": True,
        "deal_currency_code": "EUR",
    }
    insert(
        raw,
        "hubspot",
        "deals",
        [
            {"id": "501", "order_number": "O-1", "closedate": "2025-11-03 09:00:00", **won, **SEEN}
            | {"promised_delivery_date": "2025-11-10", "delivered_at": "2025-11-09 12:00:00"},
            {"id": "502", "order_number": "O-2", "closedate": "2026-01-05 09:00:00", **won, **SEEN},
            {"id": "503", "order_number": "R-1", "closedate": "2026-01-20 09:00:00", **won, **SEEN},
            {"id": "504", "dealstage": "closedlost", "hs_is_closed_won": False, **SEEN},
        ],
    )
    insert(
        raw,
        "hubspot",
        "deal_companies",
        [{"from_id": deal, "to_records": to("11", type_id=5)} for deal in ("501", "502", "503", "504")],
    )
    line = {"hs_sku": "DESK", "name": "Desk", "price": 100, "hs_cost_of_goods_sold": 60, **SEEN}
    insert(
        raw,
        "hubspot",
        "line_items",
        [
            {"id": "701", "hs_position_on_quote": 1, "quantity": 3, "hs_total_discount": 15, **line},
            {"id": "702", "hs_position_on_quote": 1, "quantity": 2, **line},
            {"id": "703", "hs_position_on_quote": 1, "quantity": -1, **line},
            {"id": "704", "hs_position_on_quote": 1, "quantity": 9, **line},
        ],
    )
    insert(
        raw,
        "hubspot",
        "line_item_deals",
        [
            {"from_id": line_item, "to_records": to(deal, type_id=20)}
            for line_item, deal in (("701", "501"), ("702", "502"), ("703", "503"), ("704", "504"))
        ],
    )
    for stream, ids in {
        "company_ids": ("11", "12"),
        "contact_ids": ("1", "2", "3"),
        "product_ids": ("90",),
        "deal_ids": ("501", "502", "503", "504"),
        "line_item_ids": ("701", "702", "703", "704"),
    }.items():
        insert(raw, "hubspot", stream, [{"id": each} for each in ids])
    insert(
        raw, "hubspot", "pipelines", [{"id": "default", "label": "Sales", "stages": '[{"id": "closedwon"}]'}]
    )
    insert(raw, "hubspot", "properties", [{"object_type": "deals", "name": "order_number", "type": "string"}])


def _fill_salesforce(raw: duckdb.DuckDBPyConnection) -> None:
    insert(
        raw,
        "salesforce",
        "accounts",
        [
            {"id": "001A", "name": "Acme", "website": "https://acme.example", "industry": "retail"}
            | {"billing_country_code": "DE", "market_segment": "enterprise", "number_of_employees": 900}
            | {"account_number": "C-1"} | SEEN,
            {"id": "001B", "name": "Bolt", "industry": "energy", "market_segment": "mid_market"}
            | {"billing_country": "FR", "account_number": "C-2"} | SEEN,
        ],
    )  # fmt: skip
    insert(
        raw,
        "salesforce",
        "contacts",
        [
            {"id": "003A", "email": " Ann@Acme.example", "person_number": "P-1", "account_id": "001A"} | SEEN,
            {"id": "003B", "email": "bo@bolt.example", "person_number": "P-2", "account_id": "001B"} | SEEN,
            {"id": "003C", "email": "lone@wolf.example"} | SEEN,
        ],
    )
    insert(
        raw,
        "salesforce",
        "products",
        [
            {"id": "01tA", "name": "Desk", "product_code": "DESK", "family": "furniture", "unit_cost": 60}
            | {"is_active": True} | SEEN
        ],
    )  # fmt: skip
    price = {"product_id": "01tA", "is_active": True} | SEEN
    insert(
        raw,
        "salesforce",
        "prices",
        [
            {"id": "01uA", "unit_price": 100, "currency_iso_code": "EUR", **price},
            {"id": "01uB", "unit_price": 120, "currency_iso_code": "USD", **price},
        ],
    )
    won = {"account_id": "001A", "is_won": True, "is_closed": True, "currency_iso_code": "EUR", **SEEN}
    insert(
        raw,
        "salesforce",
        "opportunities",
        [
            {"id": "006A", "order_number": "O-1", "close_date": "2025-11-03", **won}
            | {"promised_delivery_date": "2025-11-10", "delivered_at": "2025-11-09 12:00:00"},
            {"id": "006B", "order_number": "O-2", "close_date": "2026-01-05", **won},
            {"id": "006C", "order_number": "R-1", "close_date": "2026-01-20", **won},
            {"id": "006D", **won, "is_won": False},
        ],
    )
    line = {"product_id": "01tA", "product_code": "DESK", "unit_price": 100, "unit_cost": 60, **SEEN}
    insert(
        raw,
        "salesforce",
        "opportunity_line_items",
        [
            {"id": f"00k{deal}", "opportunity_id": deal, "sort_order": 1, **line}
            | {"quantity": quantity, "total_price": total}
            for deal, quantity, total in (("006A", 3, 285), ("006B", 2, 200), ("006C", -1, -100), ("006D", 9, 900))
        ],
    )  # fmt: skip


def _fill_tickets(raw: duckdb.DuckDBPyConnection) -> None:
    insert(
        raw,
        "zendesk",
        "organizations",
        [{"id": "31", "name": "Acme", "external_id": "C-1", **SEEN}],
    )
    insert(
        raw,
        "zendesk",
        "users",
        [
            {"id": "41", "email": "ann@acme.example", "role": "end-user", "organization_id": "31", **SEEN},
            {"id": "42", "email": "other@bolt.example", "external_id": "P-2", "role": "end-user", **SEEN},
            {"id": "49", "email": "agent@us.example", "role": "agent", **SEEN},
        ],
    )
    opened, solved = "2026-01-10 08:00:00", "2026-01-10 20:00:00"
    insert(
        raw,
        "zendesk",
        "tickets",
        [
            {"id": "61", "status": "solved", "priority": "high", "channel": "email", "requester_id": "41"}
            | {"assignee_id": "49", "tags": '["topic_delivery", "phase_after"]', "created_at": opened}
            | {"updated_at": solved, "generated_at": solved, "replies": 1, "reopens": 0}
        ],
    )
    insert(
        raw,
        "zendesk",
        "ticket_events",
        [
            {"id": "801", "ticket_id": "61", "occurred_at": opened, "updater_id": "41"}
            | {"child_events": json.dumps([{"event_type": "Create", "status": "new"}])},
            {"id": "802", "ticket_id": "61", "occurred_at": solved, "updater_id": "49"}
            | {
                "child_events": json.dumps(
                    [
                        {"event_type": "Comment", "public": True, "author_id": 49},
                        {"event_type": "Change", "status": "solved", "previous_value": "new"},
                    ]
                )
            },
        ],
    )


def _fill_surveys(raw: duckdb.DuckDBPyConnection) -> None:
    tags = ("EXP_QUALITY_1", "EXP_QUALITY_2", "PER_QUALITY_1", "PER_QUALITY_2", "NPS", "COMMENT", "NEW_IDEA")
    insert(
        raw,
        "qualtrics",
        "surveys",
        [{"id": "SV_relationship01", "name": "Relationship", "last_modified_at": "2026-01-01"}],
    )
    insert(
        raw,
        "qualtrics",
        "survey_definitions",
        [
            {"id": "SV_relationship01", "name": "Relationship", "questions": questions(*tags)}
            | {"last_modified_at": "2026-01-01"}
        ],
    )
    response = {"survey_id": "SV_relationship01", "is_finished": True}
    insert(
        raw,
        "qualtrics",
        "responses",
        [
            response
            | {"id": "R_1", "recipient_email": "ANN@acme.example", "recorded_at": "2026-01-15"}
            | {"answers": json.dumps({"QID1": "6", "QID2": "7", "QID3": "4", "QID4": "5", "QID5": "9"})},
            response
            | {"id": "R_2", "external_data_reference": "p-2", "recorded_at": "2026-01-16"}
            | {"answers": json.dumps({"QID3": "7", "QID5": "11", "QID6_TEXT": "Call bo@bolt.example"})},
            response
            | {"id": "R_3", "recorded_at": "2026-01-17"}
            | {"answers": json.dumps({"QID5": "3", "QID7": "2", "startDate": "2026-01-17T00:00:00Z"})},
            response
            | {"id": "R_4", "recipient_email": "ann@acme.example", "recorded_at": "2026-01-18"}
            | {"answers": json.dumps({"QID1": "1", "QID3": "1"})},
        ],
    )
    insert(
        raw,
        "qualtrics",
        "response_ids",
        [{"survey_id": "SV_relationship01", "id": number} for number in ("R_1", "R_2", "R_3")],
    )
    insert(
        raw,
        "qualtrics",
        "distributions",
        [
            {"id": "EMD_1", "survey_id": "SV_relationship01", "modified_at": "2026-01-10"}
            | {"stats": json.dumps({"sent": 12, "finished": 4})}
        ],
    )
    # Ann answered, Bo has not opened his, a stranger of the directory is nobody we know.
    invited = {"survey_id": "SV_relationship01", "distribution_id": "EMD_1", "sent_at": "2026-01-10 09:00:00"}
    insert(
        raw,
        "qualtrics",
        "invitations",
        [
            invited
            | {"id": "CGC_1", "contact_id": "CID_1", "status": "SurveyFinished", "response_id": "R_1"}
            | {"opened_at": "2026-01-15", "response_started_at": "2026-01-15"}
            | {"response_completed_at": "2026-01-15"},
            invited | {"id": "CGC_2", "contact_id": "CID_2", "status": "Success"},
            invited | {"id": "CGC_3", "contact_id": "CID_3", "status": "HardBounce"},
        ],
    )
    insert(
        raw,
        "qualtrics",
        "directory_contacts",
        [
            {"directory_id": "POOL_1", "id": "CID_1", "email": "ann@acme.example"},
            {"directory_id": "POOL_1", "id": "CID_2", "person_number": "P-2"},
            {"directory_id": "POOL_1", "id": "CID_3", "email": "who@nowhere.example"},
        ],
    )


if __name__ == "__main__":
    with warehouse.writer(Settings(data_dir=Path(sys.argv[1]))) as small_company:
        fill_small_company(small_company)
