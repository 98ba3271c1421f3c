"""Salesforce's objects as the demo org has them: their fields, and how REST and Bulk write the values."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import orjson

from valuegap.demo.vendor import Json

ID, REFERENCE, STRING, PICKLIST = "id", "reference", "string", "picklist"
EMAIL, PHONE, URL = "email", "phone", "url"
INT, DOUBLE, CURRENCY, BOOLEAN = "int", "double", "currency", "boolean"
DATE, DATETIME = "date", "datetime"

EXPONENT_FROM, EXPONENT_BELOW = 1e7, 1e-3  # the way Java writes a double


@dataclass(frozen=True)
class SObject:
    """One object: its API name, what its ids begin with, and the type of each field."""

    name: str
    prefix: str
    own_fields: Mapping[str, str]

    @property
    def fields(self) -> Mapping[str, str]:
        """Type of every field, those of all objects included."""
        return {"Id": ID, **self.own_fields, **SYSTEM_FIELDS}

    def describe(self, custom: Mapping[str, str]) -> Json:
        """Return the answer of describe; `custom` are fields the org has besides."""
        fields = [_describe(name, kind) for name, kind in {**self.fields, **custom}.items()]
        return {"name": self.name, "keyPrefix": self.prefix, "queryable": True, "fields": fields}


SYSTEM_FIELDS = {
    "IsDeleted": BOOLEAN,
    "CreatedDate": DATETIME,
    "LastModifiedDate": DATETIME,
    "SystemModstamp": DATETIME,
}


def _describe(name: str, kind: str) -> Json:
    return {
        "name": name,
        "label": name.removesuffix("__c").replace("_", " "),
        "type": kind,
        "custom": name.endswith("__c"),
        "calculated": False,
        "filterable": True,
        "sortable": True,
        "nillable": kind not in {ID, BOOLEAN},
    }


OBJECTS = {
    each.name: each
    for each in (
        SObject(
            "Account",
            "001",
            {
                "MasterRecordId": REFERENCE,
                "Name": STRING,
                "AccountNumber": STRING,
                "Website": URL,
                "Industry": PICKLIST,
                "Market_Segment__c": PICKLIST,
                "BillingCountry": STRING,
                "BillingCountryCode": PICKLIST,
                "NumberOfEmployees": INT,
                "ParentId": REFERENCE,
                "AccountSource": PICKLIST,
                "OwnerId": REFERENCE,
            },
        ),
        SObject(
            "Contact",
            "003",
            {
                "MasterRecordId": REFERENCE,
                "AccountId": REFERENCE,
                "FirstName": STRING,
                "LastName": STRING,
                "Email": EMAIL,
                "Phone": PHONE,
                "Title": STRING,
                "HasOptedOutOfEmail": BOOLEAN,
                "MailingCountry": STRING,
                "MailingCountryCode": PICKLIST,
                "Person_Number__c": STRING,
                "OwnerId": REFERENCE,
            },
        ),
        SObject(
            "Opportunity",
            "006",
            {
                "AccountId": REFERENCE,
                "Name": STRING,
                "Order_Number__c": STRING,
                "Amount": CURRENCY,
                "CurrencyIsoCode": PICKLIST,
                "StageName": PICKLIST,
                "IsWon": BOOLEAN,
                "IsClosed": BOOLEAN,
                "CloseDate": DATE,
                "Sales_Channel__c": PICKLIST,
                "Promised_Delivery_Date__c": DATE,
                "Delivered_At__c": DATETIME,
                "OwnerId": REFERENCE,
            },
        ),
        SObject(
            "OpportunityLineItem",
            "00k",
            {
                "OpportunityId": REFERENCE,
                "Product2Id": REFERENCE,
                "ProductCode": STRING,
                "Name": STRING,
                "SortOrder": INT,
                "Quantity": DOUBLE,
                "UnitPrice": CURRENCY,
                "TotalPrice": CURRENCY,
                "Unit_Cost__c": CURRENCY,
                "CurrencyIsoCode": PICKLIST,
            },
        ),
        SObject(
            "OpportunityContactRole",
            "00K",
            {"OpportunityId": REFERENCE, "ContactId": REFERENCE, "Role": PICKLIST, "IsPrimary": BOOLEAN},
        ),
        SObject(
            "Product2",
            "01t",
            {
                "Name": STRING,
                "ProductCode": STRING,
                "Family": PICKLIST,
                "Unit_Cost__c": CURRENCY,
                "IsActive": BOOLEAN,
            },
        ),
        SObject(
            "PricebookEntry",
            "01u",
            {
                "Pricebook2Id": REFERENCE,
                "Product2Id": REFERENCE,
                "UnitPrice": CURRENCY,
                "CurrencyIsoCode": PICKLIST,
                "IsActive": BOOLEAN,
            },
        ),
        SObject(
            "User",
            "005",
            {"Email": EMAIL, "FirstName": STRING, "LastName": STRING, "IsActive": BOOLEAN},
        ),
    )
}
PARENT_FIELDS = {"PricebookEntry": {"Pricebook2.IsStandard": BOOLEAN}}
"""Fields of another object that a query may name."""


def cell(value: object, kind: str) -> str:
    """Return a value as Bulk writes it into CSV: times with Z, large numbers with an exponent."""
    if isinstance(value, orjson.Fragment):  # a text that JSON libraries refuse to write
        return cell(json.loads(orjson.dumps(value)), kind)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _java_double(value)
    text = str(value)
    return text.replace("+0000", "Z") if kind == DATETIME else text


def _java_double(value: float) -> str:
    if not value or EXPONENT_BELOW <= abs(value) < EXPONENT_FROM:
        return repr(value)
    mantissa, exponent = f"{Decimal(repr(value)).normalize():E}".split("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"
