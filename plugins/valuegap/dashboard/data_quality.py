"""May the figures be trusted: freshness, gates, drift, surveys, agreement with the vendors, restatements."""

import pandas as pd
import streamlit as st

from valuegap.dashboard.exhibits import exhibit, show_folded, show_table
from valuegap.dashboard.figures import trend
from valuegap.dashboard.filters import Filters, explain_empty, obeyed
from valuegap.dashboard.formats import MISSING, day, number, plain, reliability, words
from valuegap.dashboard.published import Published
from valuegap.errors import ValuegapError
from valuegap.quality import results
from valuegap.quality.results import CheckResult

FRESHNESS = """
select source, stream, status, last_loaded_as_of, nights_behind, is_stale, rows_loaded, rows_quarantined, note
from marts.freshness where status <> 'not used'
order by is_stale desc, rows_quarantined > 0 desc, source, stream
"""

PUBLICATION = """
select run_id, as_of_date, table_count, row_count, code_version, config_hash, input_hash
from marts.publication
"""

DRIFT = """
select
    source, stream, field_path, kind, renamed_to, previous_json_type, json_type, is_declared, noticed_as_of,
    n_records
from marts.schema_drift order by is_declared desc, noticed_as_of desc, source, stream, field_path
"""

UNMAPPED = """
select survey_name, question_tag, question_text, n_answers, last_answered_at
from marts.unmapped_question order by n_answers desc, survey_name, question_tag
"""

SURVEYS = """
with names as (
    select survey_key, max(survey_name) as survey_name
    from marts.dim_survey where is_current group by survey_key
)
select
    survey_quality.survey_key, coalesce(names.survey_name, survey_quality.survey_key) as survey_name,
    cohort_month, is_settled, n_delivered, n_completed, response_rate, response_rate_low, response_rate_high,
    coverage_of_customers, n_responses, n_kept, n_customers, duplicate_rate, straightline_rate, speeder_rate,
    is_reportable, reliability
from marts.survey_quality
left join names on names.survey_key = survey_quality.survey_key
where segment_key = $segment and cohort_month between date_trunc('month', cast($start as date)) and $end
order by survey_name, survey_quality.survey_key, cohort_month
"""

RECONCILIATION = """
select
    source, object, measure, scope, source_value, warehouse_value, difference, unexplained_difference, status,
    explanation_code
from marts.reconciliation
order by status = 'unexplained' desc, status = 'explained' desc, source, object, measure, scope
"""

# The history keeps what every night said, also of few customers: what may be shown of it is what may be
# shown of the period tonight.
RESTATED = """
select
    dim_metric.metric_name, metric_history.period_grain, metric_history.period_start,
    metric_history.recorded_as_of, metric_history.reason, dim_metric.unit,
    case when kpi_current_state.is_reportable then metric_history.prior_value end as prior_value,
    case when kpi_current_state.is_reportable then metric_history.metric_value end as metric_value,
    case when kpi_current_state.is_reportable then metric_history.restated_delta end as restated_delta,
    metric_history.n_customers, coalesce(kpi_current_state.reliability, 'suppressed') as reliability
from marts.metric_history
left join marts.dim_metric on dim_metric.metric_code = metric_history.metric_code
left join marts.kpi_current_state
    on kpi_current_state.metric_code = metric_history.metric_code
    and kpi_current_state.segment_key = metric_history.segment_key
    and kpi_current_state.period_grain = metric_history.period_grain
    and kpi_current_state.period_start = metric_history.period_start
where metric_history.is_restated and metric_history.segment_key = $segment
order by metric_history.recorded_as_of desc, dim_metric.metric_name, metric_history.period_start desc
"""

GATES = {"raw": "What came in (raw gate)", "marts": "What was built (mart gate)"}


def show(published: Published, filters: Filters) -> None:
    """Draw the page."""
    obeyed(filters, period=False, segment=False, instead="the published night; surveys by period and segment")
    st.header("Freshness")
    _show_freshness(published)
    st.header("What the gates said")
    _show_gates(published)
    st.header("Agreement with the vendors")
    _show_reconciliation(published)
    st.header("Surveys")
    _show_surveys(published, filters)
    st.header("Questions nobody has mapped")
    _show_unmapped(published)
    st.header("Schema drift")
    _show_drift(published)
    st.header("Restated figures")
    _show_restated(published, filters)
    st.header("What this file was built from")
    show_folded("Run, version and hashes", publication_table(published.rows(PUBLICATION)), "publication")


def _show_freshness(published: Published) -> None:
    streams = published.rows(FRESHNESS)
    stale, aside = streams["is_stale"].sum(), streams["rows_quarantined"].sum()
    if stale:
        st.warning(f"{stale} of {len(streams)} streams were not loaded for {day(published.as_of_date)}.")
    else:
        st.success(f"All {len(streams)} streams are loaded up to the night of {day(published.as_of_date)}.")
    if aside:
        st.warning(f"{number(aside, 0)} records are set aside for a person to look at; no mart counts them.")
    else:
        st.success("No record is set aside.")
    show_folded("Every stream", freshness_table(streams), "freshness", is_unfolded=bool(stale or aside))


def _show_gates(published: Published) -> None:
    for gate, title in GATES.items():
        st.subheader(title)
        try:
            result = results.read(published.settings.reports_dir, published.run_id, gate)  # type: ignore[arg-type]
        except (ValuegapError, OSError, ValueError):
            result = None
        if result is None:
            st.info("Its report is not kept here. The night is published: no critical check failed.")
            continue
        failed = [*result.critical_failures, *result.warnings]
        said = (
            f"{len(result.checks):,} checks, {len(result.critical_failures)} critical failures, "
            f"{len(result.warnings)} warnings"
        )
        if not failed:
            st.success(said)
            continue
        st.warning(said)
        show_table(failed_checks_table(failed), f"gate-{gate}")


def _show_reconciliation(published: Published) -> None:
    compared = published.rows(RECONCILIATION)
    counts = compared["status"].value_counts()
    said = (
        f"{len(compared)} counts and sums compared: {counts.get('equal', 0)} equal, "
        f"{counts.get('explained', 0)} explained, {counts.get('unexplained', 0)} unexplained."
    )
    if compared.empty:
        st.info("The sources offer nothing to compare with.")
        return
    unexplained = bool(counts.get("unexplained", 0))
    (st.warning if unexplained else st.success)(said)
    show_folded("Every comparison", reconciliation_table(compared), "reconciliation", is_unfolded=unexplained)


def _show_surveys(published: Published, filters: Filters) -> None:
    obeyed(filters)
    months = published.rows(SURVEYS, segment=filters.segment, start=filters.start, end=filters.end)
    if months.empty:
        if filters.segment.partition(":")[0] not in {"all", "market_segment"}:
            st.info("Surveys are looked at for all customers and by market segment: choose one of these.")
        else:
            explain_empty(published, filters, "survey_quality")
        return
    names = dict(zip(months["survey_key"], months["survey_name"], strict=True))
    delivered = months.groupby("survey_key")["n_delivered"].sum().sort_values(ascending=False)
    if invited := delivered[delivered > 0].index.tolist():
        survey = st.selectbox("Survey", invited, format_func=lambda key: str(names[key]), key="survey")
        rates = response_rates(months[months["survey_key"] == survey])
        exhibit(
            trend(rates, "Answered, % of the delivered"),
            surveys_table(months[months["survey_key"] == survey]),
            "response-rate",
            alt="Response rate of one survey by month of invitation with its interval; the table has each.",
        )
        st.caption("A month of fewer than five customers is left out. The latest months still grow.")
    show_folded("All surveys of the period", surveys_table(months), "surveys")


def _show_unmapped(published: Published) -> None:
    questions = published.rows(UNMAPPED)
    if questions.empty:
        st.success("Every question that customers are asked has a meaning.")
        return
    st.warning(
        plain(f"{len(questions)} questions wait for a line in question_map: their answers count nowhere.")
    )
    show_table(unmapped_table(questions), "unmapped")


def _show_drift(published: Published) -> None:
    fields = published.rows(DRIFT)
    if fields.empty:
        st.success("The vendors' records have the fields they had.")
        return
    st.warning(f"{len(fields)} fields came, went or changed their type.")
    show_table(drift_table(fields), "drift")


def _show_restated(published: Published, filters: Filters) -> None:
    obeyed(filters, period=False, instead="all periods")
    restated = published.rows(RESTATED, segment=filters.segment)
    if restated.empty:
        st.success(f"No settled figure of {filters.segment_label} was changed by a later night.")
        return
    st.warning(f"{len(restated)} settled figures were changed by a later night.")
    show_table(restated_table(restated), "restated")


def freshness_table(streams: pd.DataFrame) -> pd.DataFrame:
    """Return streams as a table to read."""
    return pd.DataFrame(
        {
            "Source": streams["source"],
            "Stream": streams["stream"],
            "Status": streams["status"],
            "Last night loaded": streams["last_loaded_as_of"].map(day),
            "Nights behind": streams["nights_behind"],
            "Rows loaded": streams["rows_loaded"],
            "Set aside": streams["rows_quarantined"],
            "Note": streams["note"],
        }
    )


def failed_checks_table(checks: list[CheckResult]) -> pd.DataFrame:
    """Return failed checks as a table to read, without the rows that failed."""
    return pd.DataFrame(
        {
            "Table": [check.table for check in checks],
            "Check": [check.title for check in checks],
            "Severity": [check.severity.value for check in checks],
            "Rows that fail": [
                MISSING if check.failed_rows is None else f"{check.failed_rows:,}" for check in checks
            ],
            "Why it is checked": [check.notes for check in checks],
            "Could not run": [check.error or "" for check in checks],
        }
    )


def reconciliation_table(compared: pd.DataFrame) -> pd.DataFrame:
    """Return what the vendors say beside what the warehouse has, as a table to read."""
    return pd.DataFrame(
        {
            "Source": compared["source"],
            "Object": compared["object"],
            "Measure": compared["measure"].map(words),
            "Of": compared["scope"],
            "Source says": compared["source_value"],
            "Warehouse has": compared["warehouse_value"],
            "Difference": compared["difference"],
            "Without a reason": compared["unexplained_difference"],
            "Status": compared["status"],
            "Reason": compared["explanation_code"].map(words),
        }
    )


def response_rates(months: pd.DataFrame) -> pd.DataFrame:
    """Return one survey's months as `figures.trend` takes them, in percent; those of too few left out."""
    shown = months.dropna(subset=["response_rate"])
    return pd.DataFrame(
        {
            "period_start": shown["cohort_month"],
            "estimate": shown["response_rate"] * 100,
            "ci_low": shown["response_rate_low"] * 100,
            "ci_high": shown["response_rate_high"] * 100,
            "n_customers": shown["n_customers"],
            "reliability": shown["reliability"],
        }
    )


def surveys_table(months: pd.DataFrame) -> pd.DataFrame:
    """Return surveys by month as a table to read: shares in percent, none where customers are too few."""
    shares = {
        "Response rate, %": "response_rate",
        "Lower": "response_rate_low",
        "Upper": "response_rate_high",
        "Customers reached, %": "coverage_of_customers",
        "Repeated, %": "duplicate_rate",
        "One code throughout, %": "straightline_rate",
        "Too fast, %": "speeder_rate",
    }
    return pd.DataFrame(
        {
            "Survey": months["survey_name"],
            "Month": [f"{month:%Y-%m}" for month in months["cohort_month"]],
            "Delivered": months["n_delivered"],
            "Completed": months["n_completed"],
            **{title: months[column] * 100 for title, column in shares.items()},
            "Responses": months["n_responses"],
            "That count": months["n_kept"],
            "Customers": months["n_customers"],
            "Settled": months["is_settled"].map({True: "settled", False: "still grows"}),
            "Note": months["reliability"].map(reliability),
        }
    )


def unmapped_table(questions: pd.DataFrame) -> pd.DataFrame:
    """Return unmapped questions as a table to read."""
    return pd.DataFrame(
        {
            "Survey": questions["survey_name"],
            "Tag": questions["question_tag"],
            "Question": questions["question_text"],
            "Answers that wait": questions["n_answers"],
            "Last answered": questions["last_answered_at"].map(day),
        }
    )


def drift_table(fields: pd.DataFrame) -> pd.DataFrame:
    """Return fields that changed as a table to read."""
    return pd.DataFrame(
        {
            "Source": fields["source"],
            "Stream": fields["stream"],
            "Field": fields["field_path"],
            "What happened": fields["kind"],
            "Renamed to": fields["renamed_to"],
            "Was": fields["previous_json_type"],
            "Is": fields["json_type"],
            "Used by the marts": fields["is_declared"].map({True: "yes", False: "no"}),
            "Noticed": fields["noticed_as_of"].map(day),
            "Records": fields["n_records"],
        }
    )


def restated_table(restated: pd.DataFrame) -> pd.DataFrame:
    """Return restated figures as a table to read; none where customers are too few."""
    return pd.DataFrame(
        {
            "Metric": restated["metric_name"],
            "Period": [
                f"{words(grain)} from {day(start)}"
                for grain, start in zip(restated["period_grain"], restated["period_start"], strict=True)
            ],
            "Was": restated["prior_value"],
            "Is": restated["metric_value"],
            "Change": restated["restated_delta"],
            "Unit": restated["unit"],
            "Customers": restated["n_customers"],
            "Why": restated["reason"].map(words),
            "Since the night of": restated["recorded_as_of"].map(day),
            "Note": restated["reliability"].map(reliability),
        }
    )


def publication_table(publication: pd.DataFrame) -> pd.DataFrame:
    """Return what the published file says of itself, a row a statement."""
    row = publication.iloc[0]
    said = {
        "Night": day(row["as_of_date"]),
        "Run": row["run_id"],
        "Marts": number(row["table_count"], 0),
        "Rows": number(row["row_count"], 0),
        "Version of Valuegap": row["code_version"],
        "Hash of models, seeds and variables": row["config_hash"],
        "Hash of all that was loaded": row["input_hash"],
    }
    return pd.DataFrame({"What": list(said), "Is": [str(value) for value in said.values()]})
