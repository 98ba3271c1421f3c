"""HubSpot CRM: contacts, companies, deals, line items, products, owners and their associations."""

from valuegap.sources.stream import Field, FieldType, Stream

INTEGER, DECIMAL, BOOLEAN = FieldType.INTEGER, FieldType.DECIMAL, FieldType.BOOLEAN
TIMESTAMP, JSON = FieldType.TIMESTAMP, FieldType.JSON


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


def _association_stream(name: str) -> Stream:
    return Stream(
        name,
        fields=(Field("from_id", "$.from.id", required=True), Field("to_records", "$.to", JSON)),
        record_id=("from_id",),
        version=None,
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
    _association_stream("contact_companies"),
    _association_stream("deal_companies"),
    _association_stream("deal_contacts"),
    _association_stream("line_item_deals"),
)
