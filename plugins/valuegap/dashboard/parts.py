"""A page in parts, of which a reader sees one: tabs, in the address as well."""

from collections.abc import Callable, Mapping

import streamlit as st

from valuegap.dashboard.filters import Filters
from valuegap.dashboard.published import Published


def show_parts(
    parts: Mapping[str, Callable[[Published, Filters], None]], published: Published, filters: Filters
) -> None:
    """Draw a page's parts as tabs: only the open one is asked for and made, so that a page stays quick.

    `?part=Sales` opens a page at that part; the first is open where none is named.

    Args:
        parts: What draws each part, by the title of its tab.
        published: What is read.
        filters: What the reader chose.
    """
    tabs = st.tabs(list(parts), key="part", bind="query-params")
    for tab, show in zip(tabs, parts.values(), strict=True):
        if tab.open:
            with tab:
                show(published, filters)
