"""A night of the demo company in raw tables, without vendor, network and landing zone in between.

What the vendors answer comes from the same code that serves it, and goes through the loader's own typing. Only the
streams the tested marts are made of are loaded.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import numpy as np
import orjson
import pandas as pd

from valuegap.demo.clock import after_midnight
from valuegap.demo.hubspot_api import _Moment as HubspotMoment
from valuegap.demo.hubspot_catalogue import ASSOCIATIONS, BY_ALIAS
from valuegap.demo.plans import write_plans
from valuegap.demo.records import Company
from valuegap.demo.zendesk_moment import Moment as ZendeskMoment
from valuegap.night import Night
from valuegap.raw_values import typed_page
from valuegap.sources.file_mapping import read_mappings
from valuegap.sources.file_rows import rows_of
from valuegap.sources.registry import DECLARED
from valuegap.sources.stream import Stream
from valuegap.warehouse import raw_table

Record = Mapping[str, Any]

OBJECTS = ("contacts", "companies", "products", "deals", "line_items")
EXPORTS = ("users", "organizations", "tickets", "ticket_events")
LISTS = ("satisfaction_ratings", "csat_responses", "ticket_fields")

STREAMS = {
    (source.name, stream.name): stream for source in DECLARED.values() for stream in source.streams
}  # fmt: skip


def fill_raw(connection: duckdb.DuckDBPyConnection, company: Company, night: Night) -> None:
    """Load what `night`, the first one, would have landed. The raw tables exist and are empty."""
    for source, name, context, records in _answers(company, night):
        _load(connection, source, STREAMS[source, name], context, records, night)


def _answers(
    company: Company, night: Night
) -> Iterator[tuple[str, str, Mapping[str, str], Iterable[Record]]]:
    instant = after_midnight(night.as_of_date)
    hubspot, zendesk = HubspotMoment(company, instant), ZendeskMoment(company, instant)
    for name in OBJECTS:
        objects = hubspot.objects(BY_ALIAS[name])
        asked = [field.path.removeprefix("$.properties.") for field in STREAMS["hubspot", name].fields]
        is_known = (objects.live["updated_at"] < pd.Timestamp(night.until).tz_localize(None)).to_numpy(bool)
        rows = pd.concat([objects.live[is_known], objects.archived])
        yield "hubspot", name, {}, objects.shape(rows, asked)
    for (from_name, to_name), stream in ASSOCIATIONS.items():
        if ("hubspot", stream) in STREAMS:
            from_type, to_type = BY_ALIAS[from_name], BY_ALIAS[to_name]
            ids = hubspot.objects(from_type).live["id"].to_numpy(np.int64)
            found = hubspot.associations(stream, from_type, to_type).of(dict.fromkeys(ids.tolist(), 0))
            yield "hubspot", stream, {}, found.values()
    for name in EXPORTS:
        export = zendesk.export(name)
        yield "zendesk", name, {}, export.render(0, export.end)
    for name in LISTS:
        listing = zendesk.live(name)
        yield "zendesk", name, {}, listing.render(0, len(listing))
    surveys, definitions = company.qualtrics_surveys, company.qualtrics_definitions
    yield "qualtrics", "surveys", {}, surveys.render(surveys.current(instant))
    yield "qualtrics", "survey_definitions", {}, definitions.render(definitions.current(instant))
    for survey_id, responses in company.qualtrics_responses.items():
        yield "qualtrics", "responses", {"survey_id": survey_id}, responses.render(responses.current(instant))
    for survey_id, distributions in company.qualtrics_distributions.items():
        sent, context = distributions.current(instant), {"survey_id": survey_id}
        yield "qualtrics", "distributions", context, distributions.render(sent)
        for distribution_id in sent["id"].tolist():
            invited = company.qualtrics_invitations[distribution_id]
            yield "qualtrics", "invitations", context, invited.render(invited.current(instant))
    for directory_id, people in company.qualtrics_contacts.items():
        context = {"directory_id": directory_id}
        yield "qualtrics", "directory_contacts", context, people.render(people.current(instant))
    yield from _dropped(night)


def _dropped(night: Night) -> Iterator[tuple[str, str, Mapping[str, str], Iterable[Record]]]:
    with TemporaryDirectory() as folder:
        write_plans(Path(folder), night.as_of_date)
        for mapping in read_mappings(Path(folder) / "config"):
            rows = rows_of(Path(folder) / "drop" / mapping.file, mapping)
            records = [{"row": row, **mapping.ours(row)} for row in rows if not isinstance(row, bytes)]
            context = {"mapping": mapping.name, "file_name": mapping.file, "file_sha256": "", "sheet": ""}
            yield "files", mapping.kind, context, records


def _load(  # noqa: PLR0913, PLR0917 - what a page of a stream consists of
    connection: duckdb.DuckDBPyConnection,
    source: str,
    stream: Stream,
    context: Mapping[str, str],
    records: Iterable[Record],
    night: Night,
) -> None:
    lines = [orjson.dumps(record).decode() for record in records]
    landed = pd.DataFrame({"record": pd.Series(lines, dtype="str")})
    landed = landed.assign(**context, _page=1, _line=range(1, len(lines) + 1), _problem=None)
    landed["_problem"] = landed["_problem"].astype("str").where(landed["_problem"].notna())
    connection.register("landed", landed)
    connection.execute(f"create or replace temp table typed_lines as {typed_page(stream)}")
    refused = connection.execute("select _reason from typed_lines where _reason is not null").fetchall()
    assert not refused, f"{source}.{stream.name}: {refused[0][0]}"
    connection.execute(
        f"""
        insert into {raw_table(source, stream.name)} by name
        select * exclude (_reason, _misfits), $night::date as _as_of_date, $run_id as _run_id from typed_lines
        """,
        {"night": night.as_of_date, "run_id": night.run_id},
    )
    connection.unregister("landed")
    connection.execute(
        """
        insert or replace into ops.loads by name
        select $source as source, $stream as stream, $run_id as run_id, $night::date as as_of_date,
            $rows as landed_rows, $rows as loaded_rows, 0 as quarantined_rows, '' as manifest_sha256
        """,
        {
            "source": source, "stream": stream.name, "run_id": night.run_id,
            "night": night.as_of_date, "rows": len(lines),
        },
    )  # fmt: skip
