import re
from datetime import date
from html.parser import HTMLParser

import pytest

from valuegap.night import Night
from valuegap.quality import results
from valuegap.quality.report import verdict, write_report
from valuegap.quality.results import CheckResult, GateResult
from valuegap.quality.suites import Severity

NIGHT = Night(date(2026, 1, 31))


def check(title="id is filled", *, success=True, severity=Severity.CRITICAL, **found):
    return CheckResult(
        suite="toy.yml", table="marts.toy", type="expect", title=title, columns=("id",), severity=severity,
        success=success, notes="Because.", **found,
    )  # fmt: skip


def gate(name, *checks):
    return GateResult(name, NIGHT.run_id, NIGHT.as_of_date, checks)


class Page(HTMLParser):
    """What a browser would fetch, run or show of a page."""

    VOID = frozenset({"meta", "br", "link", "img", "input", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.text += " "
        self.attributes += attrs
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def page_of(settings) -> Page:
    return Page(write_report(settings, NIGHT).read_text())


@pytest.mark.parametrize(
    ("gates", "expected"),
    [
        ([None, None], "open"),
        ([gate("raw", check()), None], "open"),
        ([gate("raw", check()), gate("marts", check())], "passed"),
        ([gate("raw", check()), gate("marts", check(success=False, severity=Severity.WARNING))], "warned"),
        ([gate("raw", check(success=False)), None], "failed"),
    ],
)
def test_the_verdict(gates, expected):
    assert verdict(gates) == expected


def test_failures_come_first_and_critical_ones_before_all(settings):
    results.write(gate("raw", check("slow", success=False, severity=Severity.WARNING)), settings.reports_dir)
    results.write(
        gate("marts", check("fine"), check("warm", success=False, severity=Severity.WARNING),
             check("broken", success=False, failed_rows=3, rows=1000, sample=({"id": 7},))),
        settings.reports_dir,
    )  # fmt: skip

    text = page_of(settings).text

    assert "The night was stopped" in text
    assert "3 of 1,000 rows fail." in " ".join(text.split())
    assert [text.index(title) for title in ("broken", "slow", "warm", "fine")] == sorted(
        text.index(title) for title in ("broken", "slow", "warm", "fine")
    )


def test_a_page_stands_alone(settings):
    results.write(gate("raw", check()), settings.reports_dir)

    page = page_of(settings)

    assert not {"script", "link", "img", "iframe", "object"} & set(page.tags)
    assert not {name for name, _ in page.attributes if name in {"src", "href", "onclick", "onload"}}
    assert "@import" not in page.text
    assert "url(" not in page.text
    assert page.open == []


def test_hostile_text_is_only_ever_text(settings, bench):
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    results.write(
        gate("raw", check(hostile, success=False, error=hostile),
             check(success=False, observed=hostile, failed_rows=1, sample=({hostile: hostile},))),
        settings.reports_dir,
    )  # fmt: skip
    bench.healthy_raw()
    bench.raw(
        "insert into ops.quarantine values ('hubspot', 'contacts', 'night-2026-01-31', '2026-01-31', 1, 2, "
        "'<script>alert(2)</script>', '{}')"
    )

    page = page_of(settings)

    assert not {"script", "img"} & set(page.tags)
    assert page.text.count(hostile) >= 4
    assert "<script>alert(2)</script>" in page.text


def test_what_came_in_and_what_was_set_aside(settings, bench):
    bench.healthy_raw()
    bench.raw("update ops.loads set landed_rows = 1234567 where stream = 'tickets'")
    for line in (7, 9):
        bench.raw(
            f"insert into ops.quarantine values ('zendesk', 'tickets', 'night-2026-01-31', '2026-01-31', 2, {line}, "
            "'status: missing', '{}')"
        )
    bench.candidate()
    bench.mart_row(
        "freshness",
        {"source": "zendesk", "stream": "tickets", "nights_behind": 3, "is_stale": True, "status": "stale"},
    )

    text = " ".join(page_of(settings).text.split())

    assert "zendesk tickets 1,234,567 1 0" in text
    assert "zendesk tickets 2 status: missing page 2, line 7" in text
    assert "zendesk tickets never 3 stale" in text


def test_marts_of_another_night_are_not_called_fresh(settings, bench):
    bench.candidate()
    bench.mart_row(
        "freshness",
        {"source": "zendesk", "run_id": "night-2026-01-30", "is_stale": False, "status": "loaded"},
    )

    assert "The marts have not been built this night." in page_of(settings).text


def test_a_night_that_left_nothing_still_gets_a_page(settings):
    text = page_of(settings).text

    assert "The night is not finished" in text
    assert text.count("Has not run.") == 2
    assert "There is no build warehouse" in text


def test_latest_leads_to_the_last_report(settings):
    write_report(settings, Night(date(2026, 1, 30)))
    file = write_report(settings, NIGHT)

    latest = settings.reports_dir / "latest"
    assert latest.is_symlink()
    assert (latest / "quality.html").resolve() == file.resolve()
    assert {path.name for path in settings.reports_dir.iterdir()} == {
        "latest",
        "night-2026-01-30",
        NIGHT.run_id,
    }


def test_the_same_night_gives_the_same_bytes(settings):
    first = results.write(gate("raw", check()), settings.reports_dir).read_bytes()
    page = write_report(settings, NIGHT).read_bytes()

    again = results.write(gate("raw", check()), settings.reports_dir).read_bytes()

    assert (first, page) == (again, write_report(settings, NIGHT).read_bytes())


@pytest.mark.parametrize(
    "text",
    [
        "jane@example.com",
        "Jane <jane.doe+x@example.co.uk>, please",
        "id=jane@example.com;",
        "jane%40example.com",
        "jäne@exämple.de",
        "mailto:jane@example",
    ],
)
def test_no_address_survives_masking(text):
    masked = str(results.masked(text))

    assert results.EMAIL_HIDDEN in masked
    assert not re.search(r"example|exämple|jane|jäne", masked)


def test_masking_keeps_what_is_plain_and_short():
    assert [results.masked(value) for value in (None, True, 3, 2.5, "C-000045")] == [
        None,
        True,
        3,
        2.5,
        "C-000045",
    ]
    assert results.masked(float("nan")) == "nan"
    assert len(str(results.masked("x" * 1000))) == results.MAX_TEXT + 1
    assert results.masked("Jane", "firstname") == results.HIDDEN
