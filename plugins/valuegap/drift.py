"""What fields a vendor's records had, night by night, and what became of them.

The census counts, in each loaded run, every member of the records by path and JSON type: at the top level,
one level into each object, deeper where a declared field stands deeper, and custom fields that come as a
list by their id. `ops.schema_drift(night)` compares the nights: a field is reported once there is enough
to go by, so a quiet night gives no false alarm and a slow stream is waited for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from valuegap.sources.stream import Stream

MEMBERS_COUNTED = 2_000
"""Most members of one object counted by name. Of an object keyed by ids the rarest are counted together, as
the path `<object>.*`."""

LISTS_OF_FIELDS = ("custom_fields",)

JSON_TYPES: Mapping[type, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    dict: "object",
    list: "array",
    type(None): "null",
}

TABLES = """
create table if not exists ops.field_census (
    source varchar not null, stream varchar not null, run_id varchar not null, as_of_date date not null,
    path varchar not null, parent_path varchar, json_type varchar not null, n_records bigint not null
);
create table if not exists ops.declared_fields (
    source varchar not null, stream varchar not null, column_name varchar not null, path varchar not null
);
"""

# A field that is in every record is missed after 20 records without it; one that half of them have, after
# 40. One that fewer have is never missed: it depends too much on which records change in a night.
MACRO = """
create or replace macro ops.schema_drift(night) as table (
    with

    nightly as (
        select
            source, stream, path, parent_path, as_of_date,
            sum(n_records) as n_present,
            coalesce(sum(n_records) filter (where json_type <> 'null'), 0) as n_filled,
            coalesce(sum(n_records) filter (where json_type in ('object', 'array')), 0) as n_nested
        from ops.field_census
        where as_of_date <= night
        group by all
    ),

    types as (
        select source, stream, path, json_type, as_of_date, sum(n_records) as n_typed
        from ops.field_census
        where as_of_date <= night and json_type <> 'null'
        group by all
    ),

    main_types as (
        select source, stream, path, arg_max(json_type, (n_typed, json_type)) as json_type
        from (select source, stream, path, json_type, sum(n_typed) as n_typed from types group by all)
        group by source, stream, path
    ),

    -- A field could be there wherever the object it belongs to was.
    counts as (
        select
            fields.source, fields.stream, fields.path, fields.parent_path,
            parents.as_of_date,
            parents.n_nested as n_parents,
            coalesce(nightly.n_present, 0) as n_present,
            coalesce(nightly.n_filled, 0) as n_filled
        from (select distinct source, stream, path, parent_path from nightly where parent_path is not null)
            as fields
        inner join nightly as parents
            on fields.source = parents.source and fields.stream = parents.stream
                and fields.parent_path = parents.path and parents.n_nested > 0
        left join nightly
            on fields.source = nightly.source and fields.stream = nightly.stream
                and fields.path = nightly.path and parents.as_of_date = nightly.as_of_date
    ),

    seen as (
        select
            source, stream, path, parent_path,
            min(as_of_date) filter (where n_present > 0) as first_seen,
            max(as_of_date) filter (where n_present > 0) as last_seen,
            max(as_of_date) filter (where n_filled > 0) as last_filled
        from counts
        group by all
    ),

    shares as (
        select
            seen.*,
            coalesce(sum(n_parents) filter (where as_of_date < first_seen), 0) as n_before,
            sum(n_present) filter (where as_of_date = first_seen)
            / sum(n_parents) filter (where as_of_date = first_seen) as first_share,
            sum(n_present) filter (where as_of_date between first_seen and last_seen)
            / sum(n_parents) filter (where as_of_date between first_seen and last_seen) as present_share,
            sum(n_filled) filter (where as_of_date between first_seen and last_filled)
            / sum(n_present) filter (where as_of_date between first_seen and last_filled) as filled_share
        from seen
        inner join counts using (source, stream, path, parent_path)
        group by all
    ),

    appeared as (
        select *, 'new' as kind, first_seen as noticed, n_before as n_evidence
        from shares
        where n_before * first_share >= 20
    ),

    -- How many records came without the field since it was last there, night after night.
    absences as (
        select
            shares.*, as_of_date,
            sum(n_parents) over since as n_without,
            sum(n_present) over since as n_empty
        from shares
        inner join counts using (source, stream, path, parent_path)
        where as_of_date > coalesce(last_filled, last_seen)
        window since as (partition by source, stream, path order by as_of_date)
    ),

    gone as (
        select
            source, stream, path, parent_path, first_seen, last_seen, present_share,
            'missing' as kind, min(as_of_date) as noticed, max(n_without) as n_evidence
        from (
            select
                shares.*, counts.as_of_date,
                sum(n_parents) over (partition by source, stream, path order by as_of_date) as n_without
            from shares
            inner join counts using (source, stream, path, parent_path)
            where as_of_date > last_seen
        )
        where present_share >= 0.5 and n_without * present_share >= 20
        group by all
    ),

    emptied as (
        select
            source, stream, path, parent_path, first_seen, last_seen, present_share,
            'emptied' as kind, min(as_of_date) as noticed, max(n_empty) as n_evidence
        from absences
        anti join gone using (source, stream, path)
        where filled_share >= 0.5 and n_empty * filled_share >= 20
        group by all
    ),

    -- One field gone and one come at the same time, in the same object, of the same type and as frequent.
    successors as (
        select
            gone.source, gone.stream, gone.path, appeared.path as successor,
            count(*) over (partition by gone.source, gone.stream, gone.path) as n_successors,
            count(*) over (partition by gone.source, gone.stream, appeared.path) as n_predecessors
        from gone
        inner join appeared
            on gone.source = appeared.source and gone.stream = appeared.stream
                and gone.parent_path = appeared.parent_path and gone.last_seen <= appeared.first_seen
                and abs(gone.present_share - appeared.present_share) <= 0.1
        inner join main_types as old
            on gone.source = old.source and gone.stream = old.stream and gone.path = old.path
        inner join main_types as new
            on appeared.source = new.source and appeared.stream = new.stream and appeared.path = new.path
                and old.json_type = new.json_type
        -- No night lies between the last of the one and the first of the other.
        anti join counts as between_them
            on gone.source = between_them.source and gone.stream = between_them.stream
                and gone.path = between_them.path
                and between_them.as_of_date > gone.last_seen
                and between_them.as_of_date < appeared.first_seen
    ),

    renamed as (
        from successors where n_successors = 1 and n_predecessors = 1
    ),

    retyped as (
        select
            source, stream, path, json_type, first_typed, last_typed, previous_json_type,
            min(as_of_date) as noticed, max(n_typed_since) as n_evidence
        from (
            select
                changed.*, types.as_of_date,
                sum(n_typed) filter (where types.json_type = changed.json_type) over since as n_typed_since,
                coalesce(sum(n_typed) filter (where types.json_type <> changed.json_type) over since, 0)
                    as n_otherwise
            from (
                select
                    starts.source, starts.stream, starts.path, starts.json_type, first_typed, last_typed,
                    arg_max(types.json_type, types.n_typed) as previous_json_type,
                    sum(types.n_typed) as n_typed_before
                from (
                    select
                        source, stream, path, json_type,
                        min(as_of_date) as first_typed, max(as_of_date) as last_typed
                    from types
                    group by all
                ) as starts
                inner join types
                    on starts.source = types.source and starts.stream = types.stream
                        and starts.path = types.path and types.as_of_date < starts.first_typed
                group by all
            ) as changed
            inner join types
                on changed.source = types.source and changed.stream = types.stream
                    and changed.path = types.path and types.as_of_date >= changed.first_typed
            where n_typed_before >= 20
            window since as (
                partition by changed.source, changed.stream, changed.path, changed.json_type
                order by types.as_of_date
            )
        )
        where n_typed_since >= 20 and n_typed_since >= n_otherwise
        group by all
    ),

    unioned as (
        select source, stream, path, kind, cast(null as varchar) as renamed_to,
            first_seen, last_seen, noticed, n_evidence, cast(null as varchar) as previous_json_type,
            cast(null as varchar) as new_json_type
        from appeared
        where (source, stream, path) not in (select (source, stream, successor) from renamed)
        union all
        select source, stream, path, if(successor is null, kind, 'renamed'), successor,
            first_seen, last_seen, noticed, n_evidence, null, null
        from gone
        left join (select source, stream, path, successor from renamed) using (source, stream, path)
        union all
        select source, stream, path, kind, null, first_seen, last_seen, noticed, n_evidence, null, null
        from emptied
        union all
        select source, stream, path, 'retyped', null, first_typed, last_typed, noticed, n_evidence,
            previous_json_type, json_type
        from retyped
    )

    select
        unioned.source,
        unioned.stream,
        unioned.path,
        unioned.kind,
        unioned.renamed_to,
        coalesce(unioned.new_json_type, main_types.json_type, 'null') as json_type,
        unioned.previous_json_type,
        unioned.first_seen as first_seen_as_of,
        unioned.last_seen as last_seen_as_of,
        unioned.noticed as noticed_as_of,
        cast(unioned.n_evidence as bigint) as n_records,
        exists (
            from ops.declared_fields as declared
            where declared.source = unioned.source and declared.stream = unioned.stream
                and (declared.path = unioned.path or starts_with(declared.path, unioned.path || '.')
                    or starts_with(declared.path, unioned.path || '['))
        ) as is_declared
    from unioned
    left join main_types using (source, stream, path)
);
"""

_Shape = tuple[tuple[str, ...], tuple[type, ...]]


class FieldCensus:
    """Counts the members of a run's records. Memory is bounded by the number of different fields."""

    def __init__(self, stream: Stream) -> None:
        """`stream` says which fields stand deeper than one level."""
        self._records = 0
        self._members: dict[str, Counter[tuple[str | int, type]]] = {"$": Counter()}
        self._shapes: dict[str, dict[_Shape, int]] = {}
        self._lists: set[str] = set()
        self._rest: Counter[str] = Counter()
        self._paths: dict[str, str] = {}
        self._deeper = _objects_of(stream)

    def add(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Count the records of one page."""
        for document in documents:
            self._records += 1
            self._count("$", document)
            for name, value in document.items():
                if type(value) is dict:
                    self._descend(self._path(name), value)
                elif type(value) is list and name in LISTS_OF_FIELDS:
                    self._count_list(self._path(name), value)
        self._count_shapes()
        for path, members in self._members.items():
            self._fold(path, members)

    def rows(self) -> list[tuple[str, str | None, str, int]]:
        """Return (path, path of the object it belongs to, JSON type, records with it), by path and type."""
        if not self._records:
            return []
        counted: Counter[tuple[str, str, str]] = Counter()
        for parent, members in self._members.items():
            for (name, type_), records in members.items():
                path = f"{parent}[id={name}]" if parent in self._lists else f"{parent}.{_quoted(str(name))}"
                counted[path, parent, JSON_TYPES[type_]] += records
        rows = [(path, parent, json_type, records) for (path, parent, json_type), records in counted.items()]
        rest = [(f"{parent}.*", parent, "any", records) for parent, records in self._rest.items()]
        return sorted([("$", "", "object", self._records), *rows, *rest])

    def _path(self, name: str) -> str:
        path = self._paths.get(name)
        if path is None:
            path = self._paths[name] = f"$.{_quoted(name)}"
        return path

    def _descend(self, path: str, value: Mapping[str, Any]) -> None:
        self._count(path, value)
        for name in self._deeper.get(path, ()):
            if type(inner := value.get(name)) is dict:
                self._descend(f"{path}.{name}", inner)

    def _count(self, path: str, value: Mapping[str, Any]) -> None:
        # Most records of a stream have the same members of the same types: one count for all of them.
        shapes = self._shapes.setdefault(path, {})
        shape = (tuple(value), tuple(map(type, value.values())))
        shapes[shape] = shapes.get(shape, 0) + 1

    def _count_shapes(self) -> None:
        for path, shapes in self._shapes.items():
            members = self._members.setdefault(path, Counter())
            for (names, types), records in shapes.items():
                for member in zip(names, types, strict=True):
                    members[member] += records
        self._shapes.clear()

    def _count_list(self, path: str, fields: Iterable[Any]) -> None:
        self._lists.add(path)
        self._members.setdefault(path, Counter()).update(
            [
                (field["id"], type(field.get("value")))
                for field in fields
                if type(field) is dict and type(field.get("id")) in {int, str}
            ]
        )

    def _fold(self, path: str, members: Counter[tuple[str | int, type]]) -> None:
        if len(members) > MEMBERS_COUNTED:
            kept = members.most_common(MEMBERS_COUNTED)
            self._rest[path] += members.total() - sum(records for _, records in kept)
            self._members[path] = Counter(dict(kept))


def _objects_of(stream: Stream) -> dict[str, tuple[str, ...]]:
    """Return, by path, the objects inside an object that declared fields lead through."""
    through: dict[str, dict[str, None]] = {}
    for field in stream.fields:
        names = field.path.split(".")
        paths = [".".join(names[: place + 1]) for place in range(1, len(names) - 1)]
        for outer, inner in pairwise(paths):
            through.setdefault(outer, {})[inner.rsplit(".", 1)[1]] = None
    return {path: tuple(names) for path, names in through.items()}


def _quoted(name: str) -> str:
    """Return a member's name as JSON paths write it."""
    return name if name.replace("_", "a").isalnum() and name.isascii() else f'"{name}"'
