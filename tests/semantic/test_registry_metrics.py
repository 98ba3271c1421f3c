"""The semantic layer against the registry of metrics, the marts' macros and MetricFlow's own rules."""

import csv
import re

import pytest
import yaml
from jinja2 import Environment
from metricflow_semantic_interfaces.validations.semantic_manifest_validator import SemanticManifestValidator
from metricflow_semantics.model.dbt_manifest_parser import parse_manifest_from_dbt_generated_manifest
from tests.semantic.semantic_layer import PAGE, PROJECT, listed_with_reason

VARIABLES = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]
# Metrics without a number of customers behind them: sums and counts of what happened, no estimates.
SUMS = {
    "active_customers", "bg_nbd_value", "customer_margin_at_risk", "deal_amount", "equity_share", "line_margin",
    "money_paid", "net_revenue", "recurring_churn", "recurring_revenue", "relationship_value", "retention_value",
    "returned_amount", "revenue_churn", "sales_amount", "subscription_monthly_amount", "time_given", "transactions",
}  # fmt: skip
ALIASES = {"segment_net_value": "net_value", "retention_rate": "logo_churn", "sales_amount": "net_revenue"}
# How a metric's expression is written by the marts' own macro.
MACROS = {
    "grr": "gross_revenue_retention('subscriptions_start', 'subscriptions_contraction', 'subscriptions_churn')",
    "nrr": (
        "net_revenue_retention('subscriptions_start', 'subscriptions_expansion', 'subscriptions_contraction', "
        "'subscriptions_churn')"
    ),
    "segment_value_ratio": "value_ratio('benefit_sum', 'cost_sum')",
    "survey_effective_responses": "kish_effective_size('response_weight', 'response_weight_squares')",
    "survey_design_effect": "design_effect('responses_kept', 'survey_effective_responses')",
}


@pytest.fixture(scope="module")
def registry() -> dict[str, dict[str, str]]:
    with (PROJECT / "seeds" / "metric.csv").open(newline="") as file:
        return {metric["metric_code"]: metric for metric in csv.DictReader(file)}


def written_by_macro(call: str) -> str:
    """What a macro of the marts writes, in one line."""
    macros = "".join(
        file.read_text()
        for folder in ("portable", "statistics")
        for file in sorted((PROJECT / "macros" / folder).glob("*.sql"))
    )
    template = Environment(extensions=["jinja2.ext.do"]).from_string(macros + "<<<{{ " + call + " }}")
    return in_one_line(
        template.render(var=lambda name, default=None: VARIABLES.get(name, default)).split("<<<")[1]
    )


def in_one_line(sql: str) -> str:
    return " ".join(sql.split())


def expression(metric) -> str:
    return in_one_line(metric["type_params"].get("expr") or "")


def test_every_metric_of_the_registry_is_in_the_layer_or_listed_with_a_reason(layer, registry) -> None:
    expressed = registry.keys() & layer.metrics.keys()
    listed = listed_with_reason()
    assert sorted(registry.keys() - expressed - listed.keys()) == [], f"neither a metric nor listed in {PAGE}"
    assert sorted(expressed & listed.keys()) == [], "a metric, and listed as impossible"
    assert sorted(listed.keys() - registry.keys()) == [], "listed, and not in the registry"
    assert [name for name, reason in listed.items() if len(reason) < 20] == []


def test_the_page_says_how_many_metrics_there_are(layer, registry) -> None:
    expressed = registry.keys() & layer.metrics.keys()
    assert f"{len(expressed)} of the registry's {len(registry)} metrics" in PAGE.read_text()


def test_a_metric_has_the_registrys_name_and_question(layer, registry) -> None:
    different = [
        name
        for name in registry.keys() & layer.metrics.keys()
        if layer.metrics[name]["label"] != registry[name]["name"]
        or not layer.metrics[name]["description"].startswith(registry[name]["question"])
    ]
    assert different == []


def test_an_estimate_over_too_few_customers_has_no_figure(layer, registry) -> None:
    enough = re.compile(rf">= {VARIABLES['min_n_publish']} ")
    built_on = {"survey_design_effect": "survey_effective_responses"} | ALIASES
    open_ended = {
        name
        for name in registry.keys() & layer.metrics.keys()
        if not enough.search(expression(layer.metrics[built_on.get(name, name)]))
    }
    assert open_ended == SUMS


def test_a_mean_of_customers_has_no_figure_where_a_customer_would_count_twice(layer) -> None:
    of_customers = {
        measure["name"]
        for model in layer.manifest["semantic_models"].values()
        for measure in model["measures"]
        if model["name"] in {"customer_gaps", "customer_scores", "customer_values"}
    }
    means = {
        name: metric
        for name, metric in layer.metrics.items()
        if metric["type"] == "derived"
        and any(part["name"] in of_customers for part in metric["type_params"]["metrics"])
    }
    assert len(means) > 30
    once = re.compile(r"(\w+)_rows = \1_customers")
    assert [name for name, metric in means.items() if not once.search(expression(metric))] == []


@pytest.mark.parametrize(("name", "call"), MACROS.items())
def test_the_expression_is_the_marts_macro(name, call, layer) -> None:
    assert written_by_macro(call) in expression(layer.metrics[name])


def test_every_share_is_divided_as_the_marts_divide(layer) -> None:
    shares = [name.removesuffix("_part") for name in layer.metrics if name.endswith("_part")]
    assert len(shares) > 10
    for name in shares:
        assert written_by_macro(f"safe_divide('{name}_part', '{name}_whole')") in expression(
            layer.metrics[name]
        )


def test_the_marts_use_the_macros_the_layer_is_held_to() -> None:
    marts = "".join(file.read_text() for file in (PROJECT / "models").rglob("*.sql"))
    assert [call for call in MACROS.values() if f"{call.split('(')[0]}(" not in marts] == []


def test_metricflow_finds_nothing_wrong_with_the_layer(layer) -> None:
    semantic = parse_manifest_from_dbt_generated_manifest(layer.semantic_text)
    found = SemanticManifestValidator().validate_semantic_manifest(semantic)
    assert [issue.as_readable_str() for issue in (*found.errors, *found.future_errors)] == []


def test_every_type_of_segment_can_be_asked_by(layer) -> None:
    (customers,) = (
        model for model in layer.manifest["semantic_models"].values() if model["name"] == "customers"
    )
    assert set(VARIABLES["segment_types"]) <= {dimension["name"] for dimension in customers["dimensions"]}


def test_no_dimension_has_the_name_of_a_granularity(layer) -> None:
    names = {
        dimension["name"]
        for model in layer.manifest["semantic_models"].values()
        for dimension in model["dimensions"]
    }
    assert sorted(names & {"day", "week", "month", "quarter", "year"}) == []


def test_metrics_are_asked_of_published_tables_only(layer) -> None:
    read = {model["node_relation"]["schema_name"] for model in layer.manifest["semantic_models"].values()}
    assert read == {"marts"}
