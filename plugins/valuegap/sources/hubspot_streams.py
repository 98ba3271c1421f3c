"""What is read of HubSpot: the streams and their declared fields."""

from valuegap.sources.stream import Field, FieldType, Stream

INTEGER, DECIMAL, BOOLEAN = FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN
TIMESTAMP, JSON = FieldType.TIMESTAMP, FieldType.JSON

CENSUS = {
    # object type -> the stream of all its live ids
    "contacts": "contact_ids",
    "companies": "company_ids",
    "products": "product_ids",
    "deals": "deal_ids",
    "line_items": "line_item_ids",
}
COUNTED = {census: object_type for object_type, census in CENSUS.items()}
ASSOCIATED = {
    # association stream -> the object types it leads from and to
    "contact_companies": ("contacts", "companies"),
    "deal_companies": ("deals", "companies"),
    "deal_contacts": ("deals", "contacts"),
    "line_item_deals": ("line_items", "deals"),
}


def _object_stream(name: str, *properties: Field) -> Stream:
    return Stream(
        name,
        fields=(
            Field("id", "$.id", required=True),
            Field("created_at", "$.createdAt", TIMESTAMP, required=True),
            Field("updated_at", "$.updatedAt", TIMESTAMP, required=True),
            Field("is_archived", "$.archived", BOOLEAN),
            Field("archived_at", "$.archivedAt", TIMESTAMP),
            *properties,
        ),
    )


def _property(name: str, field_type: FieldType = FieldType.TEXT) -> Field:
    return Field(name, f"$.properties.{name}", field_type)


def _census_stream(name: str) -> Stream:
    return Stream(name, fields=(Field("id", "$.id", required=True),), version=None, follows=(COUNTED[name],))


def _association_stream(name: str) -> Stream:
    from_type, _ = ASSOCIATED[name]
    return Stream(
        name,
        fields=(Field("from_id", "$.from.id", required=True), Field("to_records", "$.to", JSON)),
        record_id=("from_id",),
        version=None,
        follows=(from_type, CENSUS[from_type]),
    )


STREAMS = (
    _object_stream(
        "contacts",
        _property("email"),
        _property("firstname"),
        _property("lastname"),
        _property("phone"),
        _property("jobtitle"),
        _property("country"),
        _property("hs_language"),
        _property("lifecyclestage"),
        _property("hs_email_optout", BOOLEAN),
        _property("customer_number"),
        _property("hubspot_owner_id"),
        _property("hs_merged_object_ids"),
    ),
    _object_stream(
        "companies",
        _property("name"),
        _property("domain"),
        _property("industry"),
        _property("market_segment"),
        _property("country"),
        _property("numberofemployees", INTEGER),
        _property("hs_parent_company_id"),
        _property("hs_analytics_source"),
        _property("customer_number"),
        _property("hubspot_owner_id"),
        _property("hs_merged_object_ids"),
    ),
    _object_stream(
        "products",
        _property("name"),
        _property("hs_sku"),
        _property("product_family"),
        _property("price", DECIMAL),
        _property("hs_cost_of_goods_sold", DECIMAL),
    ),
    _object_stream(
        "deals",
        _property("dealname"),
        _property("order_number"),
        _property("amount", DECIMAL),
        _property("deal_currency_code"),
        _property("dealstage"),
        _property("pipeline"),
        _property("createdate", TIMESTAMP),
        _property("closedate", TIMESTAMP),
        _property("hs_is_closed_won", BOOLEAN),
        _property("hs_is_closed", BOOLEAN),
        _property("closed_lost_reason"),
        _property("sales_channel"),
        _property("promised_delivery_date", TIMESTAMP),
        _property("delivered_at", TIMESTAMP),
        _property("hubspot_owner_id"),
        _property("hs_merged_object_ids"),
    ),
    _object_stream(
        "line_items",
        _property("name"),
        _property("hs_sku"),
        _property("hs_product_id"),
        _property("hs_position_on_quote", INTEGER),
        _property("quantity", DECIMAL),
        _property("price", DECIMAL),
        _property("hs_total_discount", DECIMAL),
        _property("hs_cost_of_goods_sold", DECIMAL),
        _property("hs_line_item_currency_code"),
        _property("hs_recurring_billing_period"),
        _property("hs_recurring_billing_start_date", TIMESTAMP),
    ),
    Stream(
        "owners",
        fields=(
            Field("id", "$.id", required=True),
            Field("email", "$.email"),
            Field("first_name", "$.firstName"),
            Field("last_name", "$.lastName"),
            Field("user_id", "$.userId", INTEGER),
            Field("is_archived", "$.archived", BOOLEAN),
            Field("created_at", "$.createdAt", TIMESTAMP),
            Field("updated_at", "$.updatedAt", TIMESTAMP, required=True),
        ),
    ),
    Stream(
        "pipelines",
        fields=(
            Field("id", "$.id", required=True),
            Field("label", "$.label"),
            Field("display_order", "$.displayOrder", INTEGER),
            Field("stages", "$.stages", JSON),
            Field("is_archived", "$.archived", BOOLEAN),
            Field("created_at", "$.createdAt", TIMESTAMP),
            Field("updated_at", "$.updatedAt", TIMESTAMP),
        ),
        version=None,
    ),
    Stream(
        "properties",
        fields=(
            Field("name", "$.name", required=True),
            Field("label", "$.label"),
            Field("description", "$.description"),
            Field("group_name", "$.groupName"),
            Field("type", "$.type"),
            Field("field_type", "$.fieldType"),
            Field("options", "$.options", JSON),
            Field("is_calculated", "$.calculated", BOOLEAN),
            Field("is_hubspot_defined", "$.hubspotDefined", BOOLEAN),
            Field("updated_at", "$.updatedAt", TIMESTAMP),
        ),
        record_id=("object_type", "name"),
        version=None,
        context=("object_type",),
    ),
    *map(_census_stream, COUNTED),
    *map(_association_stream, ASSOCIATED),
)
