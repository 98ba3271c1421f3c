"""The process that runs a reader's SQL: `sandbox` starts it, asks on its input and reads from its output.

What a query may do is decided three times: its parse tree may name nothing but marts and its own subqueries;
the connection cannot reach files, network or settings; the process cannot write a file, grow or live long.
"""

import json
import resource
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from valuegap.dashboard.locked import open_locked
from valuegap.errors import ValuegapError

REFUSED = 3
"""Exit code when standard output says why there is no answer."""

ADDRESS_SPACE_BYTES = 6_000_000_000
BATCH_ROWS = 1_000
MAX_SQL_CHARACTERS = 20_000
TABLE_FUNCTIONS = {"generate_series", "range", "unnest"}
"""Those that make rows out of their arguments; any other may read a file, a table or a setting."""
TABLE_KINDS = {"BASE_TABLE", "EMPTY", "EXPRESSION_LIST", "JOIN", "PIVOT", "SUBQUERY", "TABLE_FUNCTION"}
LIST_OF_MARTS = "The marts stand on the page Dictionary; write them as marts.<name>."

Json = dict[str, Any]


class _RefusedError(ValuegapError):
    pass


def main() -> None:
    """Answer one request."""
    request = json.loads(sys.stdin.buffer.read())
    give_up_rights(request["cpu_seconds"])
    try:
        table = answer(request)
    except _RefusedError as error:
        refusal = error
    except ValuegapError as error:
        refusal = _RefusedError(error.what, remedy=error.remedy)
    except (duckdb.Error, pa.ArrowException) as error:
        refusal = _RefusedError(_first_lines(str(error)), remedy="")
    except (MemoryError, RecursionError):
        refusal = _RefusedError("The query needs more memory than it may take.", remedy="Ask for less.")
    else:
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as stream:
            stream.write_table(table)
        return
    sys.stdout.write(json.dumps({"what": refusal.what, "remedy": refusal.remedy}))
    sys.stdout.flush()
    sys.exit(REFUSED)


def give_up_rights(cpu_seconds: int) -> None:
    """Keep this process from writing a file, from growing and from outliving who asked."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))  # should nobody be left to stop it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":  # elsewhere the address space cannot be limited
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))


def answer(request: Json) -> pa.Table:
    """Return the rows of a query, one batch more than `row_limit` at most.

    Raises:
        ValuegapError: it is not allowed, or its answer is larger than `byte_limit`.
        duckdb.Error: it is wrong.
    """
    connection = open_locked(
        Path(request["file"]),
        threads=request["threads"],
        memory_limit=request["memory_limit"],
        personal_data=request["personal_data"],
    )
    sql = request["sql"]
    if len(sql) > MAX_SQL_CHARACTERS:
        raise _RefusedError(
            f"The query is longer than {MAX_SQL_CHARACTERS:,} characters.", remedy="Write a shorter one."
        )
    given = {
        name: date.fromisoformat(value) if name in request["dates"] else value
        for name, value in request["parameters"].items()
    }
    named = _checked(connection, sql, set(given))
    # So that marts.gap_risk may be written gap_risk.
    connection.execute("use memory.marts")
    reader = connection.execute(sql, {name: given[name] for name in named}).to_arrow_reader(BATCH_ROWS)
    batches, rows, size = [], 0, 0
    for batch in reader:
        batches.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if size > request["byte_limit"]:
            raise _RefusedError(
                f"The answer is larger than {request['byte_limit'] // 1_000_000} MB.",
                remedy="Ask for fewer columns or rows.",
            )
        if rows > request["row_limit"]:
            break
    return pa.Table.from_batches(batches, schema=reader.schema)


def _checked(connection: duckdb.DuckDBPyConnection, sql: str, parameters: set[str]) -> set[str]:
    """Return the names of the parameters a query uses; refuse it unless it is one SELECT over marts."""
    (serialized,) = connection.execute(
        "select json_serialize_sql(cast($sql as varchar), skip_null := false, skip_empty := false)",
        {"sql": sql},
    ).fetchone() or ("",)
    tree = json.loads(serialized)
    if tree["error"]:
        if tree.get("error_type") == "not implemented":
            raise _RefusedError("Only SELECT is answered here.", remedy="Nothing can be changed or loaded.")
        raise _RefusedError(f"{tree['error_message']}.".replace("..", "."), remedy="")
    if len(tree["statements"]) != 1:
        raise _RefusedError(
            "Write one query, not several.", remedy="Remove what follows the first semicolon."
        )
    nodes = list(_nodes(tree["statements"][0]))
    ctes = {entry["key"].lower() for node in nodes if "cte_map" in node for entry in node["cte_map"]["map"]}
    marts = {
        name
        for (name,) in connection.execute(
            "select view_name from duckdb_views() where database_name = 'memory' and schema_name = 'marts'"
        ).fetchall()
    }
    for node in nodes:
        _check_table(node, marts, ctes)
    used = {str(node["identifier"]) for node in nodes if node.get("class") == "PARAMETER"}
    if used - parameters:
        known = ", ".join(f"${name}" for name in sorted(parameters))
        raise _RefusedError(f"${min(used - parameters)} stands for nothing.", remedy=f"There are: {known}.")
    return used


def _nodes(tree: Json) -> Iterator[Json]:
    """Yield every object of a parse tree, without recursion: a query may be nested deeply."""
    waiting: list[Any] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _check_table(node: Json, marts: set[str], ctes: set[str]) -> None:
    """Refuse what stands in a FROM clause and is no mart; what is an expression passes."""
    is_table = "sample" in node and "alias" in node and "class" not in node
    if not is_table:
        return
    kind = node["type"]
    if kind == "BASE_TABLE":
        schema, name = node["schema_name"].lower(), node["table_name"].lower()
        is_mart = schema in {"", "marts"} and name in marts
        if node["catalog_name"] or node["at_clause"] or not (is_mart or (not schema and name in ctes)):
            full_name = ".".join(part for part in (node["catalog_name"], schema, node["table_name"]) if part)
            raise _RefusedError(f"There is no mart {full_name}.", remedy=LIST_OF_MARTS)
    elif kind == "TABLE_FUNCTION":
        function = node["function"]
        name = function.get("function_name", "").lower()
        if name not in TABLE_FUNCTIONS or function["schema"] or function["catalog"]:
            raise _RefusedError(f"{name}(…) cannot be read from here.", remedy=LIST_OF_MARTS)
    elif kind not in TABLE_KINDS:
        raise _RefusedError(
            "DESCRIBE, SHOW and SUMMARIZE are not answered here.", remedy="See the page Dictionary."
        )


def _first_lines(message: str) -> str:
    """Return what DuckDB says, without its drawing of the query."""
    lines = message.split("\n\nLINE ", maxsplit=1)[0].strip().splitlines()
    return " ".join(line.strip() for line in lines if line.strip())


if __name__ == "__main__":
    main()
