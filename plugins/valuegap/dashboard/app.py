"""The application that `streamlit run` starts: the frame around every page."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from valuegap.dashboard import (
    customer,
    data_quality,
    dictionary,
    filters,
    gaps,
    growth,
    overview,
    priorities,
    service,
    sql,
    value,
)
from valuegap.dashboard.filters import Filters
from valuegap.dashboard.formats import day
from valuegap.dashboard.published import Published, Version, current_version, open_published
from valuegap.errors import ValuegapError
from valuegap.settings import Settings

Show = Callable[[Published, Filters], None]

PAGES: tuple[tuple[str, str, Show], ...] = (
    ("overview", "Overview", overview.show),
    ("gaps", "Gaps", gaps.show),
    ("priorities", "Priorities", priorities.show),
    ("value", "Value", value.show),
    ("growth", "Growth and retention", growth.show),
    ("service", "Service", service.show),
    ("customer", "Customer", customer.show),
    ("data-quality", "Data quality and freshness", data_quality.show),
    ("dictionary", "Dictionary", dictionary.show),
    ("sql", "SQL", sql.show),
)
"""Address, title and content of each page, in the order of the menu; the first is the start page."""

SECONDS_BETWEEN_LOOKS = 5


def main() -> None:
    """Draw the page that is asked for."""
    st.set_page_config(page_title="Valuegap", layout="wide")
    settings = Settings.from_environment()
    pages = [
        st.Page(partial(draw, title, show, settings), title=title, url_path=address, default=not position)
        for position, (address, title, show) in enumerate(PAGES)
    ]
    st.navigation(pages, expanded=True).run()


def draw(title: str, show: Show, settings: Settings) -> None:
    """Draw one page within its frame: filters, title, what night it shows, content."""
    version = current_version(settings)
    _watch(settings, version)
    st.title(title)
    if version is None:
        st.info("Nothing is published yet. Run a night, for example `make run`: this page will show it.")
        return
    try:
        published = open_published(version, settings)
        chosen = filters.choose(published)
        st.caption(f"As of {day(published.as_of_date)} · published {version.published_at:%Y-%m-%d %H:%M} UTC")
        show(published, chosen)
    except ValuegapError as error:
        st.error(str(error))


@st.fragment(run_every=SECONDS_BETWEEN_LOOKS)
def _watch(settings: Settings, shown: Version | None) -> None:
    """Draw the page again by itself once another file is published."""
    if current_version(settings) != shown:
        st.rerun(scope="app")


if __name__ == "__main__":  # as Streamlit executes it
    main()
