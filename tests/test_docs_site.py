"""The site is built from the repository, whole, and asks nobody else for anything."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]
# What a browser fetches by itself when it opens a page; a link waits until somebody follows it.
FETCHED = {
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
}


class Html(HTMLParser):
    """The ids, links and fetched addresses of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attrs) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if given.get("rel") != "canonical":
            self.fetched += [given[name] for name in FETCHED.get(tag, ()) if name in given]


def built(folder: Path, *, docs: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=docs, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    finished = built(folder)
    # Strict: a link or an anchor that leads nowhere, and a page that is not in the navigation, are errors.
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return folder


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Html]:
    return {file: Html(file.read_text()) for file in sorted(site.rglob("*.html"))}


def test_every_page_of_docs_is_a_page_of_the_site(site, pages) -> None:
    sources = [file.relative_to(ROOT / "docs") for file in (ROOT / "docs").rglob("*.md")]
    index_names = {"README.md": "index.md"}
    expected = [
        site / source.with_name(index_names.get(source.name, source.name)).with_suffix(".html")
        for source in sources
    ]
    assert len(expected) > 90
    assert [str(file) for file in expected if file not in pages] == []


@pytest.mark.parametrize("page", ["index", "pages", "decisions", "changelog", "contributing"])
def test_pages_from_outside_docs_are_in_the_site(page, site, pages) -> None:
    assert site / f"{page}.html" in pages


def test_every_mart_is_in_the_navigation(pages, site) -> None:
    reached = {
        (site / "marts" / link).resolve()
        for link in pages[site / "marts" / "index.html"].links
        if "#" not in link
    }
    marts = {site / "marts" / f"{page.stem}.html" for page in (ROOT / "docs" / "marts").glob("[a-z]*.md")}
    assert len(marts) > 80
    assert marts <= reached


def test_every_link_and_anchor_inside_the_site_leads_somewhere(site, pages) -> None:
    by_place = {file.resolve(): page for file, page in pages.items()}
    assert list(broken_links(site, pages, by_place)) == []


def broken_links(
    site: Path, pages: dict[Path, Html], by_place: dict[Path, Html]
) -> Iterator[tuple[str, str]]:
    for file, page in pages.items():
        if file.name == "404.html":  # its links are absolute: it may be shown at any depth
            continue
        for link in page.links:
            address = urlsplit(link)
            if address.scheme:
                continue
            target = (file.parent / unquote(address.path)).resolve() if address.path else file.resolve()
            target = target / "index.html" if target.is_dir() else target
            anchors = by_place[target].ids if target in by_place else set()
            if not target.exists() or (
                address.fragment and unquote(address.fragment) not in anchors | {"__top"}
            ):
                yield file.relative_to(site).as_posix(), link


def test_no_page_fetches_anything_from_elsewhere(site, pages) -> None:
    from_html = [
        (file.name, address)
        for file, page in pages.items()
        for address in page.fetched
        if re.match(r"(https?:)?//", address)
    ]
    from_css = [
        (file.name, address)
        for file in site.rglob("*.css")
        for address in re.findall(r"(?:url\(|@import )[\"']?((?:https?:)?//[^\"')]+)", file.read_text())
    ]
    assert pages
    assert from_html == []
    assert from_css == []


def test_no_page_makes_the_theme_fetch_its_diagram_library(pages) -> None:
    # The theme's script loads Mermaid from a code host as soon as a page has such a block.
    assert [file.name for file in pages if 'class="mermaid"' in file.read_text()] == []


def test_code_that_a_page_links_to_is_a_page(site, pages) -> None:
    model = site / "source/dbt_project/models/marts/gaps/satisfaction_gap.sql.html"
    assert model in pages
    links = pages[site / "marts" / "satisfaction_gap.html"].links
    assert "../source/dbt_project/models/marts/gaps/satisfaction_gap.sql.html" in links


def test_a_broken_link_is_refused(tmp_path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Start\n\n[nowhere](gone.md)\n")
    (tmp_path / "mkdocs.yml").write_text("site_name: x\nvalidation:\n  anchors: warn\n")
    finished = built(tmp_path / "site", docs=tmp_path)
    assert finished.returncode != 0
    assert "gone.md" in finished.stderr


def test_make_site_builds_it_as_the_tests_do() -> None:
    assert re.search(r"(?m)^\t@.*mkdocs build --strict$", (ROOT / "Makefile").read_text())
