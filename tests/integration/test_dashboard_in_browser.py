"""The dashboard on the demo company as a reader gets it: every page in a Chromium, figures against SQL."""

import csv
import io
import os
import shutil
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, expect
from tests.integration.dashboard_browser import Reader, browsing, chromium, read_by, served
from tests.integration.dashboard_figures import MOST_AT_RISK, OF_CUSTOMER, TABLES
from tests.integration.night_runner import Warehouse

from valuegap.dashboard.app import PAGES, SECONDS_BETWEEN_LOOKS
from valuegap.dashboard.formats import number
from valuegap.dashboard.members import MEMBERS
from valuegap.publish.files import point_link

# The first of these tests runs the first night.
pytestmark = pytest.mark.timeout(1200)

TITLES = [title for _, title, _ in PAGES]
LAST_YEAR = "segment_key = 'all:all' and period_grain = 'trailing_12m' and period_start = date '2025-02-01'"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = chromium()
    if executable is None:
        missing = (
            "No Chromium on this machine: install the package chromium to try the dashboard in a browser."
        )
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    with browsing(executable) as started:
        yield started


@pytest.fixture(scope="module")
def data_dir(after_first_night: Warehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what the dashboard reads, for a test to publish into."""
    folder = tmp_path_factory.mktemp("dashboard") / "data"
    for name in ("published", "reports"):
        shutil.copytree(after_first_night.data_dir / name, folder / name, symlinks=True)
    return folder


@pytest.fixture(scope="module")
def address(browser: Browser, data_dir: Path) -> Iterator[str]:
    with served(data_dir) as started:
        yield started


@pytest.fixture
def reader(browser: Browser, address: str) -> Iterator[Reader]:
    """A reader of whom no request leaves the machine, and whose console stays empty."""
    reading = read_by(browser, address)
    yield reading
    reading.page.context.close()
    assert reading.asked
    assert reading.asked_elsewhere == []
    assert reading.complaints == []


@pytest.fixture(scope="module")
def published(data_dir: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    file = (data_dir / "published" / "warehouse.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        yield connection


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def assert_drawn(reader: Reader, title: str) -> None:
    """The page says something and broke nowhere."""
    page = reader.page
    expect(page.get_by_role("heading", level=1, name=title, exact=True)).to_be_visible()
    expect(page.get_by_text("As of 2026-01-31")).to_be_visible()
    assert page.get_by_test_id("stException").count() == 0
    assert page.get_by_text("Not written yet").count() == 0
    alerts = page.get_by_test_id("stAlertContentError")
    assert alerts.count() == 0, alerts.first.inner_text()


@pytest.fixture(scope="module")
def walker(browser: Browser, address: str) -> Iterator[Reader]:
    """A reader who goes from page to page."""
    walking = read_by(browser, address)
    walking.enter()
    yield walking
    walking.page.context.close()


@pytest.mark.parametrize("title", TITLES)
def test_every_page_opens_and_obeys_a_change_of_the_filters(title, walker):
    walker.turn_to(title)
    walker.choose("Customers", "All customers")
    walker.choose("Period", "Last 12 months")
    assert_drawn(walker, title)
    walker.choose("Customers", "Country: DE")
    walker.choose("Period", "Quarter")
    assert "segment=country%3ADE" in walker.page.url
    assert "grain=quarter" in walker.page.url
    for part in walker.parts() or [None]:
        if part:
            walker.open_part(part)
        assert_drawn(walker, title)
        said = walker.page.get_by_test_id("stMain").inner_text()
        assert "Country: DE" in said or "not apply here" in said
    assert walker.asked_elsewhere == []
    assert walker.complaints == []


def test_a_page_opened_by_its_address_keeps_the_filters(reader):
    reader.enter("?grain=quarter&start=2025-10-01&segment=country%3ADE")
    assert (
        "Country: DE · Quarter (2025-10-01 to 2025-12-31)"
        in reader.page.get_by_test_id("stMain").inner_text()
    )


def test_the_part_that_is_open_stands_in_the_address_and_stays_when_a_filter_changes(reader):
    reader.enter("value?part=Products")
    heading = reader.page.get_by_test_id("stMain").get_by_role("heading", level=2)
    expect(heading).to_have_text(["What products are worth to customers"])
    reader.choose("Customers", "Country: DE")
    expect(heading).to_have_text(["What products are worth to customers"])
    reader.open_part("Competitors")
    expect(heading).to_have_text(["Against competitors"])
    assert "part=Competitors" in reader.page.url
    reader.turn_to("Growth and retention")
    expect(heading).to_have_text(["Why revenue changed"])
    assert "part=" not in reader.page.url


def test_what_is_chosen_in_a_part_stays_chosen_while_another_is_open(reader):
    reader.enter("service?part=Kinds+of+ticket")
    reader.choose("By", "Channel")
    reader.open_part("Agents")
    reader.open_part("Kinds of ticket")
    expect(reader.page.get_by_label("By", exact=True).first).to_have_value("Channel")


@pytest.fixture(scope="module")
def phone(browser: Browser, address: str) -> Iterator[Reader]:
    """A reader with a phone."""
    looking = read_by(browser, address, width=390, height=844)
    yield looking
    looking.page.context.close()


@pytest.mark.parametrize("page", [page for page, _, _ in PAGES])
def test_a_page_opened_by_its_address_is_no_wider_than_a_phone_and_has_no_error(page, phone):
    phone.enter("" if page == "overview" else page)
    for part in phone.parts() or [None]:
        if part:
            phone.open_part(part)
        assert phone.complaints == []
        assert phone.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_has_contrast_in_both_themes(scheme, browser, address):
    reading = read_by(browser, address, scheme=scheme)
    try:
        for page in ("", "growth", "sql"):  # captions and tiles; chosen options; code
            reading.enter(page)
            assert reading.faint_text() == [], page
    finally:
        reading.page.context.close()


def test_the_tiles_of_the_overview_say_what_sql_says(reader, published):
    reader.enter()
    metrics = published.sql(
        f"""
        select metric_name, kpi_current_state.unit, metric_value from marts.kpi_current_state
        join marts.dim_metric using (metric_code)
        where {LAST_YEAR} and metric_code in ('csat', 'nps', 'active_customers', 'reopen_rate')
        """
    ).fetchall()  # fmt: skip
    assert len(metrics) == 4
    for name, unit, value in metrics:
        figure = number(value * 100 if "share" in unit else value, 0 if unit == "customers" else 1)
        expect(reader.tile(name).get_by_test_id("stMetricValue")).to_contain_text(figure)


def test_the_tiles_obey_the_filters(reader, published):
    reader.enter("?segment=country%3ADE")
    ((name, value),) = published.sql(
        f"""
        select metric_name, metric_value from marts.kpi_current_state
        join marts.dim_metric using (metric_code)
        where {LAST_YEAR.replace("all:all", "country:DE")} and metric_code = 'active_customers'
        """
    ).fetchall()
    expect(reader.tile(name).get_by_test_id("stMetricValue")).to_contain_text(number(value, 0))


def test_a_metric_is_shown_by_month(reader, published):
    reader.enter()
    ((name,),) = published.sql(
        "select metric_name from marts.dim_metric where metric_code = 'csat'"
    ).fetchall()
    reader.choose("Metric", name)
    of_file = published.sql(
        """
        select strftime(period_start, '%Y-%m'), case when is_reportable then metric_value end, n_customers
        from marts.kpi_current_state
        where metric_code = 'csat' and segment_key = 'all:all' and period_grain = 'month' and period_is_complete
        order by period_start
        """
    ).fetchall()
    assert of_file
    of_file = [[as_cell(cell) for cell in row] for row in of_file]
    assert listed(reader, "csat-by-month", ("Month", "Figure", "Customers")) == of_file


CHOICES = {
    "as opened": {"grain": "trailing_12m", "start": "2025-02-01", "segment": "all:all"},
    "filtered": {"grain": "quarter", "start": "2025-10-01", "segment": "country:DE"},
}


@pytest.fixture(scope="module", params=CHOICES)
def choice(request, walker: Reader) -> dict[str, str]:
    """Filters chosen by hand, and the values of a query that must say the same."""
    walker.turn_to("Overview")
    walker.choose("Customers", "Country: DE" if request.param == "filtered" else "All customers")
    walker.choose("Period", "Quarter" if request.param == "filtered" else "Last 12 months")
    return CHOICES[request.param]


def asked(published: duckdb.DuckDBPyConnection, sql: str, values: dict[str, str]) -> list[list[str | float]]:
    """Return the rows of a query as a reader gets them in a CSV file."""
    used = {name: value for name, value in values.items() if f"${name}" in sql}
    return [[as_cell(cell) for cell in row] for row in published.execute(sql, used).fetchall()]


def as_cell(cell: object) -> str | float:
    """Return a number where there is one, with as many digits as two ways of computing it share."""
    try:
        return float(f"{float(cell):.9g}")
    except (TypeError, ValueError):
        return "" if cell is None else str(cell)


def listed(reader: Reader, name: str, columns: tuple[str, ...]) -> list[list[str | float]]:
    return [[as_cell(row[column]) for column in columns] for row in rows(reader.download(name))]


@pytest.mark.parametrize("page", sorted({table.page for table in TABLES}))
def test_the_tables_of_a_page_say_what_sql_says(page, choice, walker, published):
    walker.turn_to(page)
    for table in (each for each in TABLES if each.page == page):
        if table.part:
            walker.open_part(table.part)
        of_file = asked(published, table.sql, choice)
        if not of_file:
            assert choice == CHOICES["filtered"], f"{table.name} has nothing to compare"
            assert walker.page.locator(f".st-key-download-{table.name}").count() == 0
            continue
        said = listed(walker, table.name, table.columns)
        assert sorted(said, key=str) == sorted(of_file, key=str), table.name
    assert walker.complaints == []


def test_a_customer_s_tables_say_what_sql_says(choice, walker, published):
    ((customer,),) = published.execute(MOST_AT_RISK, {"segment": choice["segment"]}).fetchall()
    walker.turn_to("Customer")
    # The address keeps the customer of before the filter; the first of the list is the one asked for.
    found = walker.page.get_by_label("Find a customer by its key", exact=True)
    found.fill(customer)
    found.press("Enter")
    walker.settle()
    for name, (columns, sql) in OF_CUSTOMER.items():
        of_file = asked(published, sql, {"customer": customer})
        assert of_file, f"{name} has nothing to compare"
        assert sorted(listed(walker, name, columns), key=str) == sorted(of_file, key=str), name
    ((worth,),) = published.execute(
        "select relationship_value_amount from marts.relationship_value where customer_key = $customer",
        {"customer": customer},
    ).fetchall()
    tile = walker.tile("Relationship value, EUR").get_by_test_id("stMetricValue")
    expect(tile).to_have_text(number(worth, 0))


def test_a_download_is_there_for_as_long_as_its_page_is(reader):
    """Other readers' pages look for a new night meanwhile, and each look sweeps away what no page refers to."""
    reader.enter("gaps")
    saved = reader.save("gaps")
    reader.page.wait_for_timeout(3 * SECONDS_BETWEEN_LOOKS * 1000)
    with urllib.request.urlopen(saved.url, timeout=10) as answer:
        assert answer.status == 200


DATA_QUALITY = {
    "freshness": """
        select source || '.' || stream, rows_loaded from marts.freshness where status <> 'not used'
    """,
    "reconciliation": "select source || '.' || object || ' ' || scope, source_value from marts.reconciliation",
}


def test_data_quality_says_what_sql_says(reader, published):
    reader.enter()
    reader.turn_to("Data quality and freshness")
    shown = rows(reader.download("freshness"))
    of_file = published.sql(DATA_QUALITY["freshness"]).fetchall()
    assert sorted((f"{row['Source']}.{row['Stream']}", int(row["Rows loaded"])) for row in shown) == sorted(
        of_file
    )
    shown = rows(reader.download("reconciliation"))
    of_file = published.sql(DATA_QUALITY["reconciliation"]).fetchall()
    assert sorted(
        (f"{row['Source']}.{row['Object']} {row['Of']}", round(float(row["Source says"]), 2)) for row in shown
    ) == sorted((what, round(float(value), 2)) for what, value in of_file)


def test_the_dictionary_has_every_mart_column_and_metric(reader, published):
    reader.enter()
    reader.turn_to("Dictionary")
    (marts, metrics), = published.sql(
        """
        select (select count(*) from duckdb_tables() where schema_name = 'marts'),
            (select count(*) from marts.dim_metric)
        """
    ).fetchall()  # fmt: skip
    assert len(rows(reader.download("marts"))) == marts
    reader.choose("One mart", "gap_risk")
    of_file = published.sql(
        "select column_name, comment from duckdb_columns() where table_name = 'gap_risk' order by column_index"
    ).fetchall()
    assert [(row["Column"], row["Meaning"]) for row in rows(reader.download("columns"))] == of_file
    reader.open_part(f"Metrics ({metrics})")
    assert len(rows(reader.download("metrics"))) == metrics


def test_the_dictionary_finds_a_word(reader):
    reader.enter()
    reader.turn_to("Dictionary")
    search = reader.page.get_by_role("textbox", name="Search", exact=True)
    search.fill("ces")
    search.press("Enter")
    reader.settle()
    assert "ces" in {row["Code"] for row in rows(reader.download("found-metrics"))}


def ask(reader: Reader, sql: str) -> None:
    reader.page.get_by_label("Query", exact=True).fill(sql)
    reader.page.get_by_role("button", name="Run", exact=True).click()
    reader.settle()


def test_the_sql_page_answers_and_reads_no_file(reader, published):
    reader.enter()
    reader.turn_to("SQL")
    sql = "select attribute_code, gap_score from marts.satisfaction_gap where segment_key = $segment and period_grain = $grain order by 1"
    ask(reader, sql)
    reader.page.get_by_test_id("stDataFrame").wait_for()
    shown = [
        (row["attribute_code"], float(row["gap_score"]))
        for row in rows(reader.download("answer"))
        if row["gap_score"]
    ]
    of_file = published.sql(
        f"select attribute_code, gap_score from marts.satisfaction_gap where {LAST_YEAR} and is_reportable order by 1"
    ).fetchall()
    assert shown == [(attribute, pytest.approx(gap)) for attribute, gap in of_file if gap is not None]
    ask(reader, "select * from read_text('/etc/passwd')")
    expect(reader.page.get_by_test_id("stAlert")).to_contain_text("read_text(…) cannot be read from here")


def test_a_segment_holds_the_customers_the_warehouse_counts(published):
    """Figures made of customers and marts by segment mean the same customers."""
    counted = dict(published.sql("select segment_key, population_n from marts.dim_segment").fetchall())
    assert {
        segment: len(published.execute(MEMBERS, {"segment": segment}).fetchall()) for segment in counted
    } == counted


def test_a_newly_published_warehouse_appears_by_itself(reader, data_dir):
    """Last of this module: what is published afterwards is another night."""
    reader.enter()
    expect(reader.page.get_by_text("As of 2026-01-31")).to_be_visible()
    link = data_dir / "published" / "warehouse.duckdb"
    night = link.resolve()
    next_night = night.with_name("warehouse-2026-02-01-000000000000.duckdb")
    shutil.copy(night, next_night)
    next_night.chmod(0o644)
    with duckdb.connect(str(next_night)) as connection:
        connection.execute("update marts.publication set as_of_date = ?", [date(2026, 2, 1)])
        ((name,),) = connection.sql(
            "select metric_name from marts.dim_metric where metric_code = 'csat'"
        ).fetchall()
        connection.execute(
            f"update marts.kpi_current_state set metric_value = 12.3 where {LAST_YEAR} and metric_code = 'csat'"
        )
    point_link(link, next_night)
    expect(reader.page.get_by_text("As of 2026-02-01")).to_be_visible(timeout=30_000)
    expect(reader.tile(name).get_by_test_id("stMetricValue")).to_contain_text("12.3", timeout=30_000)
    point_link(link, night)
