"""Names, addresses and numbers of people, as the vendors sent them, stand in no mart."""

from pathlib import Path

import duckdb

PERSONAL_VALUES = """
create temporary table personal_value as
select distinct lower(trim(value)) as value
from (
    select unnest([email, phone, firstname || ' ' || lastname]) as value from raw.raw_hubspot.contacts
    union all select unnest([email, first_name || ' ' || last_name]) from raw.raw_hubspot.owners
    union all select name from raw.raw_hubspot.companies
    union all select unnest([email, phone, name]) from raw.raw_zendesk.users
    union all select name from raw.raw_zendesk.organizations
    union all select recipient_email from raw.raw_qualtrics.responses
    union all select email from raw.raw_qualtrics.directory_contacts
)
where length(trim(value)) > 3
"""


def told(published: Path, build: Path) -> list[tuple[str, str]]:
    """Return (mart, column) of each text that is a personal value, or has an e-mail address in it."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{build}' as raw (read_only)")
        connection.execute(f"attach '{published.resolve()}' as published (read_only)")
        connection.execute(PERSONAL_VALUES)
        (known,) = connection.execute("select count(*) from personal_value").fetchone() or (0,)
        assert known > 1000
        texts = connection.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'published' "
            "and schema_name = 'marts' and data_type = 'VARCHAR' order by all"
        ).fetchall()
        assert len(texts) > 100
        return [
            (mart, column)
            for mart, column in texts
            if connection.execute(
                f"""
                select 1 from published.marts."{mart}"
                where lower(trim("{column}")) in (select value from personal_value)
                    or regexp_matches("{column}", '[\\w.+-]@[\\w-]')
                limit 1
                """
            ).fetchone()
        ]


def test_no_mart_tells_a_name_an_address_or_a_number_of_a_person(after_first_night) -> None:
    assert told(after_first_night.published, after_first_night.data_dir / "build" / "build.duckdb") == []
