"""Any question: one SELECT over the marts, answered by `sandbox` in a process of its own."""

from datetime import date
from typing import Any

import streamlit as st

from valuegap.dashboard.downloads import download
from valuegap.dashboard.filters import Filters
from valuegap.dashboard.formats import MISSING, plain
from valuegap.dashboard.published import Published
from valuegap.dashboard.sandbox import ROW_LIMIT, TIME_LIMIT_SECONDS, Answer, SqlRefusedError, ask

EXAMPLES = {
    "Main metrics of the chosen period and segment": """\
select metric_code, metric_value, ci_low, ci_high, unit, n_customers, reliability
from marts.kpi_current_state
where segment_key = $segment and period_grain = $grain and period_start = $start and is_available
order by metric_code""",
    "Widest satisfaction gaps": """\
select attribute_code, gap_score, ci_low, ci_high, n_customers, reliability
from marts.satisfaction_gap
where segment_key = $segment and period_grain = $grain and period_start = $start
order by gap_score nulls last""",
    "Tickets by channel and month": """\
select channel, cast(date_trunc('month', created_at) as date) as month, count(*) as tickets,
    median(our_full_resolution_business_minutes) / 60 as median_business_hours_to_resolve
from marts.fct_ticket
where created_at >= $start and created_at < $end + 1 and not is_deleted
group by all
order by month, tickets desc""",
    "Customers with a reason to worry": """\
select *
from marts.at_risk_customer
order by margin_at_risk_amount desc nulls last
limit 100""",
    "What a metric means": """\
select metric_code, metric_name, question, formula, unit
from marts.dim_metric
where metric_code in ('nps', 'csat', 'ces', 'satisfaction_gap')""",
}


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    parameters: dict[str, str | date] = {
        "segment": filters.segment,
        "grain": filters.grain,
        "start": filters.start,
        "end": filters.end,
    }
    st.caption(
        f"{plain(filters.segment_label)} · {filters.period_label}, where the query says "
        "`$segment`, `$grain`, `$start` and `$end`. "
        f"One SELECT over the marts; at most {ROW_LIMIT:,} rows and {TIME_LIMIT_SECONDS} seconds."
    )
    example = st.selectbox("Begin with", list(EXAMPLES), key="sql-example")
    with st.form("sql-form", border=False):
        sql = st.text_area("Query", EXAMPLES[str(example)], height=220, key=f"sql-{example}")
        if st.form_submit_button("Run"):
            st.session_state["sql-asked"] = sql
    if asked := st.session_state.get("sql-asked"):
        _show_answer(published, str(asked), parameters)


def _show_answer(published: Published, sql: str, parameters: dict[str, str | date]) -> None:
    answer = _answer(published, sql, parameters)
    if isinstance(answer, str):
        st.error(answer)
        return
    count = len(answer.table)
    if answer.is_cut:
        st.warning(f"The first {count:,} rows; there are more. Ask for less, or for figures instead of rows.")
    else:
        st.caption(f"{count:,} {'row' if count == 1 else 'rows'}")
    # Unrounded: a column holds what the query put there, shares beside amounts.
    st.dataframe(answer.table, hide_index=True, placeholder=MISSING, key="table-answer")
    download(answer.table, "answer")


def _answer(published: Published, sql: str, parameters: dict[str, str | date]) -> Answer | str:
    """Return the answer, or why there is none; a page drawn again does not ask again."""
    question: Any = (published.version, sql, tuple(parameters.items()))
    if st.session_state.get("sql-question") != question:
        st.session_state["sql-question"] = question
        with st.spinner("Running"):
            try:
                st.session_state["sql-answer"] = ask(
                    published.version.file,
                    sql,
                    parameters,
                    personal_data=published.settings.dashboard_personal_data,
                )
            except SqlRefusedError as error:
                st.session_state["sql-answer"] = str(error)
    answer: Answer | str = st.session_state["sql-answer"]
    return answer
