"""The currency the marts report in: the one a company names, or the one it sells in most."""

from valuegap import warehouse
from valuegap.night import Night
from valuegap.settings import AUTO_CURRENCY, Settings

NO_CURRENCY = "XXX"
"""ISO 4217 for amounts of which nobody says what they are in."""

# By CRM: the raw table, whether a deal is won, and the currency it states.
WON_DEALS = {
    "raw_hubspot.deals": ("coalesce(hs_is_closed_won, dealstage = 'closedwon')", "deal_currency_code"),
    "raw_salesforce.opportunities": ("is_won and is_deleted is not true", "currency_iso_code"),
}


def reporting_currency(settings: Settings, night: Night) -> str:
    """Return the ISO 4217 code; the caller holds the lease on the build warehouse.

    Left to itself it is that of most won deals known by `night`, the alphabetically first of equals.
    """
    if settings.reporting_currency != AUTO_CURRENCY:
        return settings.reporting_currency
    with warehouse.leased(settings) as connection:
        present = {
            name
            for (name,) in connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables()"
            ).fetchall()
        }
        deals = " union all ".join(
            f"select '{table}' as source, id, upper(nullif(trim({currency}), '')) as currency "  # noqa: S608 - names of ours
            f"from {table} where {is_won} and _as_of_date <= $as_of_date"
            for table, (is_won, currency) in WON_DEALS.items()
            if table in present
        )
        if not deals:
            return NO_CURRENCY
        commonest = connection.execute(
            f"select currency from ({deals}) where currency is not null "  # noqa: S608 - as above
            "group by currency order by count(distinct (source, id)) desc, currency limit 1",
            {"as_of_date": night.as_of_date},
        ).fetchone()
    return str(commonest[0]) if commonest else NO_CURRENCY
