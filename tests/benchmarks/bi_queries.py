"""Time twelve typical BI queries on a published file.

    .venv/bin/python -m tests.benchmarks.bi_queries [FILE] [--blow-up] [--postgres]

FILE is `data/published/warehouse.duckdb` by default. `--blow-up` takes the demo company's file at size S and times a
copy with the rows of size M: see `blow_up`. `make bench` times the real file of size M instead. `--postgres` also
serves the file to a PostgreSQL of its own and times the queries there, which at size M loads for an hour.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
from tests.publish.postgres_server import ADMIN, ADMIN_PASSWORD, postgres_server

from valuegap.night import Night
from valuegap.publish.serving_connection import ServingConnection
from valuegap.settings import Settings

RUNS = 20
GOAL_MS = 250

QUERIES = {
    "Where do we stand?": """
        select metric_code, unit, metric_value, ci_low, ci_high, delta, is_significant, n_customers
        from {marts}.kpi_current_state
        where segment_key = 'all:all' and period_grain = 'trailing_12m' and is_reportable order by metric_code
    """,
    "Which gaps are widest?": """
        select attribute_code, expectation_score, experience_score, gap_score, ci_low, ci_high, n_customers
        from {marts}.satisfaction_gap
        where segment_key = 'all:all' and period_grain = 'trailing_12m' and is_reportable
        order by gap_score, attribute_code limit 10
    """,
    "How did each gap move by month?": """
        select attribute_code, period_start, gap_score, ci_low, ci_high from {marts}.satisfaction_gap
        where segment_key = 'all:all' and period_grain = 'month' order by attribute_code, period_start
    """,
    "In which segments is a gap widest?": """
        select segment_type, segment_value, min(gap_score), sum(n_customers) from {marts}.satisfaction_gap
        where period_grain = 'trailing_12m' and is_reportable
        group by segment_type, segment_value order by 3 nulls last, 1, 2 limit 20
    """,
    "What matters and is done badly?": """
        select segment_key, attribute_code, importance_score, performance_score, quadrant
        from {marts}.importance_performance
        where period_grain = 'trailing_12m' and quadrant = 'concentrate_here' order by 1, 2
    """,
    "Which risk first?": """
        select priority_rank, gap_type, attribute_code, segment_key, rpn, margin_at_risk_amount
        from {marts}.gap_risk where priority_rank is not null order by priority_rank limit 20
    """,
    "Which customers at risk are worth most?": """
        select customers.customer_key, country, n_reasons, relationship_value.relationship_value_amount
        from {marts}.at_risk_customer as at_risk
        inner join {marts}.dim_customer as customers on customers.customer_key = at_risk.customer_key
        inner join {marts}.relationship_value on relationship_value.customer_key = at_risk.customer_key
        order by relationship_value.relationship_value_amount desc nulls last, 1 limit 20
    """,
    "How is value spread over the tiers?": """
        select value_tier, count(*), sum(relationship_value_amount), avg(p_alive)
        from {marts}.relationship_value where is_available group by value_tier order by 1
    """,
    "What did we sell, by month and family?": """
        select date_trunc('month', ordered_at) as month_start, product_family, sum(net_amount), sum(margin_amount)
        from {marts}.fct_order_line where is_clean_sale group by 1, 2 order by 1, 2
    """,
    "How many customers bought each month?": """
        select month_start, count(*), sum(revenue), sum(margin), sum(n_tickets)
        from {marts}.fct_customer_month where is_active group by month_start order by 1
    """,
    "How fast do we answer, by channel?": """
        select channel, priority, count(*), avg(our_first_reply_business_minutes),
            avg(case when is_sla_met then 1.0 else 0.0 end)
        from {marts}.fct_ticket where not is_deleted group by channel, priority order by 1, 2
    """,
    "What has this customer said and asked?": """
        select 'said' as what, submitted_at as at_time, theme_code as about from {marts}.fct_feedback
        where customer_key = (select max(customer_key) from {marts}.at_risk_customer)
        union all
        select 'asked', created_at, topic_code from {marts}.fct_ticket
        where customer_key = (select max(customer_key) from {marts}.at_risk_customer)
        order by 2 desc, 1, 3
    """,
}

CUSTOMERS_AT_M = 100_000
SEGMENTS_AT_M = 4
BY_SEGMENT = ("gap_risk", "importance_performance", "kpi_current_state", "satisfaction_gap")
KEYS_OF_CUSTOMERS = {
    "answer_key",
    "case_id",
    "contact_key",
    "customer_key",
    "deal_key",
    "feedback_id",
    "gap_obs_id",
    "invite_key",
    "order_id",
    "order_line_key",
    "response_key",
    "source_id",
    "subscription_key",
    "ticket_id",
}


def blow_up(small: Path, large: Path) -> None:
    """Write a file with size M's rows in the marts the queries read; the other marts are as they are.

    Marts with rows of customers are repeated until there are 100,000 customers, each copy with keys of its own; those
    by segment that the queries read four times, each copy with segments of its own.
    """
    with duckdb.connect(config={"threads": 2, "preserve_insertion_order": False}) as connection:
        connection.execute(
            f"attach '{small.resolve()}' as small (read_only); attach '{large}' as large; create schema large.marts"
        )
        (customers,) = connection.execute("select count(*) from small.marts.dim_customer").fetchone() or (0,)
        tables = connection.execute(
            "select table_name, list(column_name) from duckdb_columns() where database_name = 'small' group by 1 order by 1"
        ).fetchall()
        for table, columns in tables:
            copies, keys = 1, set()
            if "customer_key" in columns:
                copies, keys = CUSTOMERS_AT_M // customers, KEYS_OF_CUSTOMERS & set(columns)
            elif table in BY_SEGMENT:
                copies, keys = SEGMENTS_AT_M, {"segment_key", "segment_value", "gap_id"} & set(columns)
            own = [
                f"case when copy = 0 then {key} else {key} || '-' || copy end as {key}"
                for key in sorted(keys)
            ]
            replaced = f"* exclude (copy) replace ({', '.join(own)})" if own else "* exclude (copy)"
            connection.execute(
                f"create table large.marts.{table} as select {replaced} from small.marts.{table}, range({copies}) as copies (copy)"
            )
        if tables and "mart_column" not in {table for table, _ in tables}:
            raise SystemExit(f"{small} is of a version before marts.mart_column: build and publish it again")


@dataclass(frozen=True)
class Taken:
    """Milliseconds of one run; CPU is of this process, all its threads."""

    wall: float
    cpu: float


def timed(run: Callable[[str], object], marts: str) -> dict[str, list[Taken]]:
    """Run each query `RUNS` times; one run before them is not counted."""
    taken: dict[str, list[Taken]] = {}
    for question, query in QUERIES.items():
        run(query.format(marts=marts))
        for _ in range(RUNS):
            wall, cpu = time.perf_counter(), time.process_time()
            run(query.format(marts=marts))
            taken.setdefault(question, []).append(
                Taken((time.perf_counter() - wall) * 1000, (time.process_time() - cpu) * 1000)
            )
    return taken


def p95(values: list[float]) -> float:
    """The 95th percentile."""
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def report(where: str, taken: dict[str, list[Taken]], *, cpu: bool) -> None:
    """Print a line a query, and the p95 of all runs; `cpu` where the queries run in this process."""
    print(f"\n{where}, {RUNS} runs of each query, load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores")
    print(f"{'question':<42} {'median ms':>10} {'p95 ms':>10} {'CPU ms':>10}")
    lines = {**taken, "all twelve": [run for runs in taken.values() for run in runs]}
    for question, runs in lines.items():
        walls = [run.wall for run in runs]
        cpus = f"{statistics.median(run.cpu for run in runs):>10.0f}" if cpu else ""
        print(f"{question:<42} {statistics.median(walls):>10.1f} {p95(walls):>10.1f} {cpus}")
    overall = p95([run.wall for run in lines["all twelve"]])
    print(f"p95 {overall:.0f} ms, goal {GOAL_MS} ms: {'met' if overall < GOAL_MS else 'NOT met'}")


def on_duckdb(file: Path) -> None:
    """Time the queries on the file."""
    with duckdb.connect(
        str(file.resolve()), read_only=True, config={"threads": os.cpu_count() or 2}
    ) as connection:
        (rows,) = connection.execute("select sum(estimated_size) from duckdb_tables()").fetchone() or (0,)
        taken = timed(lambda query: connection.execute(query).fetchall(), "marts")
    what = f"DuckDB {duckdb.__version__}, {int(rows):,} rows, {file.resolve().stat().st_size / 1e6:,.0f} MB"
    report(what, taken, cpu=True)


def on_postgres(file: Path) -> None:
    """Serve the file to a server of its own, and time the queries there as `bi_reader` sees it."""
    from valuegap.publish.postgres import serve

    with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as folder, postgres_server() as server:
        settings, night = published_as_night(file, Path(folder))
        started = time.perf_counter()
        served = serve(
            settings, night, ServingConnection("127.0.0.1", server.port, "postgres", ADMIN, ADMIN_PASSWORD)
        )
        took = time.perf_counter() - started
        admin = server.connect()
        with admin.cursor() as cursor:
            cursor.execute("show server_version")
            version = cursor.fetchone()
            cursor.execute("set role bi_reader")

            def run(query: str) -> object:
                cursor.execute(query)
                return cursor.fetchall()

            taken = timed(run, "valuegap")
        admin.close()
    what = f"PostgreSQL {version[0] if version else ''}, {served.row_count:,} rows loaded in {took:.0f} s"
    report(what, taken, cpu=False)


def published_as_night(file: Path, folder: Path) -> tuple[Settings, Night]:
    """Stand the file in a `published/` of its own."""
    with duckdb.connect(str(file.resolve()), read_only=True) as connection:
        (as_of,) = connection.execute("select as_of_date from marts.publication").fetchone() or (date.min,)
    settings = Settings(data_dir=folder)
    settings.published_dir.mkdir()
    version = settings.published_dir / f"warehouse-{as_of}-{'0' * 12}.duckdb"
    version.symlink_to(file.resolve())
    return settings, Night(as_of)


def chosen_file(arguments: Sequence[str], folder: Path) -> Path:
    """Return the file that the arguments name or the one that is published, blown up into a folder if they say so."""
    named = [Path(argument) for argument in arguments if not argument.startswith("--")]
    file = named[0] if named else Settings.from_environment().published_dir / "warehouse.duckdb"
    if "--blow-up" not in arguments:
        return file
    blow_up(file, folder / "large.duckdb")
    return folder / "large.duckdb"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="valuegap-bench-") as name:
        timed_file = chosen_file(sys.argv[1:], Path(name))
        on_duckdb(timed_file)
        if "--postgres" in sys.argv:
            on_postgres(timed_file)
