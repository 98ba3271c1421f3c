"""The company's HubSpot records the way Salesforce would hold them: the same deals, people and products.

An object is made when it is first asked for: a demo that uses HubSpot pays nothing for it.
"""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from valuegap.demo.records import Versions
from valuegap.demo.rendering import Record, iso
from valuegap.demo.salesforce_objects import OBJECTS
from valuegap.demo.vendor import Json

PRIMARY_COMPANY, PRIMARY_BUYER = 1, 5
STANDARD_PRICES = "01s000000000001AAA"
STAGES = {"closedwon": "Closed Won", "closedlost": "Closed Lost"}
SUFFIXES = {"00K": "EAA"}  # what the capitals of an id come to; the other prefixes have none

Properties = Mapping[str, Any]
Fields = Callable[[Json, Properties, str], Record]
"""Makes a row's fields of a HubSpot record, its properties and the state of the row."""


def salesforce_of(
    hubspot: Mapping[str, Versions], associations: Mapping[str, pd.DataFrame]
) -> Mapping[str, Versions]:
    """Return Salesforce's versions of HubSpot's records, by object."""
    return _Org(hubspot, associations)


def salesforce_id(name: str, number: object) -> str:
    """Return the 18 characters that stand for HubSpot's number in object `name`."""
    prefix = OBJECTS[name].prefix
    return f"{prefix}{int(str(number)):012d}{SUFFIXES.get(prefix, 'AAA')}"


class _Org(Mapping[str, Versions]):
    def __init__(self, hubspot: Mapping[str, Versions], associations: Mapping[str, pd.DataFrame]) -> None:
        self._hubspot = hubspot
        self._associations = associations
        self._made: dict[str, Versions] = {}
        self._makers: Mapping[str, Callable[[], Versions]] = {
            "Account": lambda: self._of("Account", "companies", self._account),
            "Contact": lambda: self._of("Contact", "contacts", self._contact),
            "Opportunity": lambda: self._of("Opportunity", "deals", self._opportunity),
            "OpportunityLineItem": lambda: self._of("OpportunityLineItem", "line_items", self._line_item),
            "OpportunityContactRole": self._roles,
            "Product2": lambda: self._of("Product2", "products", _product),
            "PricebookEntry": lambda: self._of("PricebookEntry", "products", _price),
            "User": self._users,
        }

    def __getitem__(self, name: str) -> Versions:
        if name not in self._made:
            self._made[name] = self._makers[name]()
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._makers)

    def __len__(self) -> int:
        return len(self._makers)

    def _of(self, name: str, stream: str, fields: Fields) -> Versions:
        versions = self._hubspot[stream]
        frame = pd.DataFrame(
            {
                "id": [salesforce_id(name, number) for number in versions.frame["id"].tolist()],
                "updated_at": _touched_at(versions.frame),
                "visible_at": versions.frame["visible_at"].to_numpy(),
                "state": _states(versions.frame),
                "row": np.arange(len(versions.frame)),
            }
        )

        def render(rows: pd.DataFrame) -> list[Record]:
            found: list[Any] = versions.render(versions.frame.iloc[rows["row"].to_numpy()])
            return [
                {
                    "Id": record_id,
                    "CreatedDate": _time(each["createdAt"]),
                    "SystemModstamp": _time(touched_at),
                    "LastModifiedDate": _time(touched_at),
                    **fields(each, each.get("properties", {}), state),
                }
                for each, record_id, touched_at, state in zip(
                    found,
                    rows["id"].tolist(),
                    iso(rows["updated_at"]),
                    rows["state"].tolist(),
                    strict=True,
                )
            ]

        return Versions(frame, render)

    def _account(self, record: Json, properties: Properties, state: str) -> Record:
        return {
            "MasterRecordId": _winner("Account", self._company_winners, record, state),
            "Name": properties["name"],
            "AccountNumber": properties["customer_number"],
            "Website": properties["domain"],
            "Industry": properties["industry"],
            "Market_Segment__c": properties["market_segment"],
            "BillingCountry": None,
            "BillingCountryCode": properties["country"],
            "NumberOfEmployees": _whole(properties["numberofemployees"]),
            "ParentId": _reference("Account", properties["hs_parent_company_id"]),
            "AccountSource": properties["hs_analytics_source"],
            "OwnerId": _reference("User", properties["hubspot_owner_id"]),
        }

    def _contact(self, record: Json, properties: Properties, state: str) -> Record:
        return {
            "MasterRecordId": _winner("Contact", self._contact_winners, record, state),
            "AccountId": _reference("Account", self._employers.get(int(record["id"]))),
            "FirstName": properties["firstname"],
            "LastName": properties["lastname"],
            "Email": properties["email"],
            "Phone": properties["phone"],
            "Title": properties["jobtitle"],
            "HasOptedOutOfEmail": properties["hs_email_optout"] == "true",
            "MailingCountry": None,
            "MailingCountryCode": properties["country"],
            "Person_Number__c": properties["customer_number"],
            "OwnerId": _reference("User", properties["hubspot_owner_id"]),
        }

    def _opportunity(self, record: Json, properties: Properties, _state: str) -> Record:
        promised, delivered = properties["promised_delivery_date"], properties["delivered_at"]
        return {
            "AccountId": _reference("Account", self._buyers.get(int(record["id"]))),
            "Name": properties["dealname"],
            "Order_Number__c": properties["order_number"],
            "Amount": _number(properties["amount"]),
            "CurrencyIsoCode": properties["deal_currency_code"],
            "StageName": STAGES.get(properties["dealstage"], "Proposal/Price Quote"),
            "IsWon": properties["hs_is_closed_won"] == "true",
            "IsClosed": properties["hs_is_closed"] == "true",
            "CloseDate": (properties["closedate"] or record["createdAt"])[:10],
            "Sales_Channel__c": properties["sales_channel"],
            "Promised_Delivery_Date__c": promised and promised[:10],
            "Delivered_At__c": delivered and _time(delivered),
            "OwnerId": _reference("User", properties["hubspot_owner_id"]),
        }

    def _line_item(self, record: Json, properties: Properties, _state: str) -> Record:
        quantity, price = Decimal(properties["quantity"]), Decimal(properties["price"])
        total = round(quantity * price, 2) - Decimal(properties["hs_total_discount"] or 0)
        return {
            "OpportunityId": _reference("Opportunity", self._orders.get(int(record["id"]))),
            "Product2Id": _reference("Product2", properties["hs_product_id"]),
            "ProductCode": properties["hs_sku"],
            "Name": properties["name"],
            "SortOrder": _whole(properties["hs_position_on_quote"]),
            "Quantity": float(quantity),
            "UnitPrice": float(price),
            "TotalPrice": float(total),
            "Unit_Cost__c": _number(properties["hs_cost_of_goods_sold"]),
            "CurrencyIsoCode": properties["hs_line_item_currency_code"],
        }

    def _roles(self) -> Versions:
        links = self._associations["deal_contacts"].drop_duplicates(["from_id", "to_id"])
        frame = links[["from_id", "to_id"]].assign(
            id=[salesforce_id("OpportunityContactRole", number) for number in range(1, len(links) + 1)],
            updated_at=links["visible_at"],
            visible_at=links["visible_at"],
            state="live",
        )
        return Versions(frame, _render_roles)

    def _users(self) -> Versions:
        users = self._of("User", "owners", _user)
        return Versions(users.frame.assign(state="live"), users.render)

    @cached_property
    def _company_winners(self) -> Mapping[int, int]:
        return _winners(self._hubspot["companies"])

    @cached_property
    def _contact_winners(self) -> Mapping[int, int]:
        return _winners(self._hubspot["contacts"])

    @cached_property
    def _employers(self) -> Mapping[int, int]:
        return _first_link(self._associations["contact_companies"], PRIMARY_COMPANY)

    @cached_property
    def _buyers(self) -> Mapping[int, int]:
        return _first_link(self._associations["deal_companies"], PRIMARY_BUYER)

    @cached_property
    def _orders(self) -> Mapping[int, int]:
        return _first_link(self._associations["line_item_deals"], None)


def _touched_at(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.datetime64]]:
    """Deleting a row moves its SystemModstamp, unlike archiving in HubSpot."""
    is_live = (frame["state"] == "live").to_numpy(bool)
    return np.where(is_live, frame["updated_at"].to_numpy(), frame["visible_at"].to_numpy())


def _states(frame: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.object_]]:
    """What HubSpot deletes is gone without a word; in Salesforce that is purging."""
    states = frame["state"].to_numpy().astype(object)
    return np.where(states == "deleted", "purged", states)


def _winner(name: str, winners: Mapping[int, int], record: Json, state: str) -> str | None:
    return _reference(name, winners.get(int(record["id"]))) if state == "merged" else None


def _winners(versions: Versions) -> Mapping[int, int]:
    """Return, by loser, who won the merge; the last word on it counts."""
    if "merged_ids" not in versions.frame.columns:
        return {}
    won = versions.frame[versions.frame["merged_ids"].notna()]
    return {
        int(loser): winner
        for winner, losers in zip(won["id"].tolist(), won["merged_ids"].tolist(), strict=True)
        for loser in losers.split(";")
    }


def _first_link(links: pd.DataFrame, type_id: int | None) -> Mapping[int, int]:
    if type_id is not None:
        links = links[(links["type_id"] == type_id).to_numpy(bool)]
    first = links.sort_values(["from_id", "visible_at"], kind="stable").drop_duplicates("from_id")
    return dict(zip(first["from_id"].tolist(), first["to_id"].tolist(), strict=True))


def _render_roles(rows: pd.DataFrame) -> list[Record]:
    return [
        {
            "Id": role_id,
            "CreatedDate": _time(at),
            "SystemModstamp": _time(at),
            "LastModifiedDate": _time(at),
            "OpportunityId": salesforce_id("Opportunity", deal),
            "ContactId": salesforce_id("Contact", contact),
            "Role": "Decision Maker",
            "IsPrimary": True,
        }
        for role_id, deal, contact, at in zip(
            rows["id"].tolist(),
            rows["from_id"].tolist(),
            rows["to_id"].tolist(),
            iso(rows["updated_at"]),
            strict=True,
        )
    ]


def _product(_record: Json, properties: Properties, _state: str) -> Record:
    return {
        "Name": properties["name"],
        "ProductCode": properties["hs_sku"],
        "Family": properties["product_family"],
        "Unit_Cost__c": _number(properties["hs_cost_of_goods_sold"]),
        "IsActive": True,
    }


def _price(record: Json, properties: Properties, _state: str) -> Record:
    return {
        "Pricebook2Id": STANDARD_PRICES,
        "Pricebook2": {"IsStandard": True},
        "Product2Id": salesforce_id("Product2", record["id"]),
        "UnitPrice": _number(properties["price"]),
        "CurrencyIsoCode": "EUR",
        "IsActive": True,
    }


def _user(record: Json, _properties: Properties, _state: str) -> Record:
    return {
        "Email": record["email"],
        "FirstName": record["firstName"],
        "LastName": record["lastName"],
        "IsActive": not record["archived"],
    }


def _reference(name: str, number: object) -> str | None:
    return None if number in {None, ""} else salesforce_id(name, number)


def _number(text: str | None) -> float | None:
    return float(text) if text else None


def _whole(text: str | None) -> int | None:
    return int(text) if text else None


def _time(text: str | None) -> str | None:
    return text and text.replace("Z", ".000+0000")
