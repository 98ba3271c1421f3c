"""HubSpot's object types as the demo account has them: their properties, aliases and default answers."""

from collections.abc import Mapping
from dataclasses import dataclass

from valuegap.demo.vendor import Json

STRING, NUMBER, BOOLEAN, ENUMERATION = "string", "number", "bool", "enumeration"
DATE, DATETIME = "date", "datetime"
FIELD_TYPES = {
    STRING: "text",
    NUMBER: "number",
    DATE: "date",
    DATETIME: "date",
    BOOLEAN: "booleancheckbox",
    ENUMERATION: "select",
}
SET_UP_AT = "2022-01-01T00:00:00Z"
READ_ONLY = frozenset({"hs_object_id", "createdate", "hs_lastmodifieddate", "lastmodifieddate"})


@dataclass(frozen=True)
class ObjectType:
    """One CRM object type. `modified` is its last-modified property; contacts have a name of their own."""

    name: str
    aliases: tuple[str, ...]
    defaults: tuple[str, ...]
    properties: Mapping[str, str]
    modified: str = "hs_lastmodifieddate"

    @property
    def always(self) -> tuple[str, ...]:
        """Properties every answer carries, asked for or not."""
        return ("createdate", self.modified, "hs_object_id")

    @property
    def types(self) -> Mapping[str, str]:
        """Type of every property, the ones HubSpot itself maintains included."""
        own = {"createdate": DATETIME, self.modified: DATETIME, "hs_object_id": NUMBER}
        return {**self.properties, **own}

    def describe(self) -> list[Json]:
        """Return the answer of the properties catalogue."""
        return [_describe(name, kind) for name, kind in sorted(self.types.items())]


def _describe(name: str, kind: str) -> Json:
    return {
        "name": name,
        "label": name.removeprefix("hs_").replace("_", " ").capitalize(),
        "description": "",
        "groupName": "demo_information",
        "type": kind,
        "fieldType": FIELD_TYPES[kind],
        "options": [],
        "calculated": False,
        "archived": False,
        "hidden": False,
        "hubspotDefined": name.startswith("hs_") or name in READ_ONLY,
        "updatedAt": SET_UP_AT,
        "modificationMetadata": {
            "archivable": False,
            "readOnlyDefinition": True,
            "readOnlyValue": name in READ_ONLY,
        },
    }


OBJECT_TYPES = {
    object_type.name: object_type
    for object_type in (
        ObjectType(
            "contacts",
            ("contacts", "contact", "0-1"),
            ("email", "firstname", "lastname"),
            {
                "email": STRING,
                "firstname": STRING,
                "lastname": STRING,
                "phone": STRING,
                "jobtitle": STRING,
                "country": STRING,
                "hs_language": ENUMERATION,
                "lifecyclestage": ENUMERATION,
                "hs_email_optout": BOOLEAN,
                "customer_number": STRING,
                "hubspot_owner_id": ENUMERATION,
                "hs_merged_object_ids": ENUMERATION,
            },
            modified="lastmodifieddate",
        ),
        ObjectType(
            "companies",
            ("companies", "company", "0-2"),
            ("domain", "name"),
            {
                "name": STRING,
                "domain": STRING,
                "industry": ENUMERATION,
                "market_segment": ENUMERATION,
                "country": STRING,
                "numberofemployees": NUMBER,
                "hs_parent_company_id": NUMBER,
                "hs_analytics_source": ENUMERATION,
                "customer_number": STRING,
                "hubspot_owner_id": ENUMERATION,
                "hs_merged_object_ids": ENUMERATION,
            },
        ),
        ObjectType(
            "deals",
            ("deals", "deal", "0-3"),
            ("amount", "closedate", "dealname", "dealstage", "pipeline"),
            {
                "dealname": STRING,
                "order_number": STRING,
                "amount": NUMBER,
                "deal_currency_code": ENUMERATION,
                "dealstage": ENUMERATION,
                "pipeline": ENUMERATION,
                "closedate": DATETIME,
                "hs_is_closed_won": BOOLEAN,
                "hs_is_closed": BOOLEAN,
                "closed_lost_reason": STRING,
                "sales_channel": ENUMERATION,
                "promised_delivery_date": DATETIME,
                "delivered_at": DATETIME,
                "hubspot_owner_id": ENUMERATION,
                "hs_merged_object_ids": ENUMERATION,
            },
        ),
        ObjectType(
            "products",
            ("products", "product", "0-7"),
            ("name", "price"),
            {
                "name": STRING,
                "hs_sku": STRING,
                "product_family": ENUMERATION,
                "price": NUMBER,
                "hs_cost_of_goods_sold": NUMBER,
            },
        ),
        ObjectType(
            "line_items",
            ("line_items", "line_item", "0-8"),
            ("hs_product_id", "quantity"),
            {
                "name": STRING,
                "hs_sku": STRING,
                "hs_product_id": STRING,
                "hs_position_on_quote": NUMBER,
                "quantity": NUMBER,
                "price": NUMBER,
                "hs_total_discount": NUMBER,
                "hs_cost_of_goods_sold": NUMBER,
                "hs_line_item_currency_code": ENUMERATION,
                "hs_recurring_billing_period": STRING,
                "hs_recurring_billing_start_date": DATE,
            },
        ),
    )
}
BY_ALIAS = {alias: object_type for object_type in OBJECT_TYPES.values() for alias in object_type.aliases}

ASSOCIATIONS = {
    ("contacts", "companies"): "contact_companies",
    ("deals", "companies"): "deal_companies",
    ("deals", "contacts"): "deal_contacts",
    ("line_items", "deals"): "line_item_deals",
}
PRIMARY_TYPE_IDS = frozenset({1, 5})
"""Association types HubSpot labels "Primary": contact to company, deal to company."""


def _stage(order: int, stage: tuple[str, str, str]) -> Json:
    stage_id, label, probability = stage
    return {
        "id": stage_id,
        "label": label,
        "displayOrder": order,
        "metadata": {"isClosed": str(stage_id.startswith("closed")).lower(), "probability": probability},
        "createdAt": SET_UP_AT,
        "updatedAt": SET_UP_AT,
        "archived": False,
        "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
    }


_STAGES = (
    ("appointmentscheduled", "Appointment scheduled", "0.2"),
    ("qualifiedtobuy", "Qualified to buy", "0.4"),
    ("presentationscheduled", "Presentation scheduled", "0.6"),
    ("decisionmakerboughtin", "Decision maker bought-in", "0.8"),
    ("contractsent", "Contract sent", "0.9"),
    ("closedwon", "Closed won", "1.0"),
    ("closedlost", "Closed lost", "0.0"),
)
DEAL_PIPELINES: list[Json] = [
    {
        "id": "default",
        "label": "Sales pipeline",
        "displayOrder": 0,
        "stages": [_stage(order, stage) for order, stage in enumerate(_STAGES)],
        "createdAt": SET_UP_AT,
        "updatedAt": SET_UP_AT,
        "archived": False,
    }
]
"""The pipeline every account begins with."""
