import pytest

from valuegap.errors import ConfigurationError
from valuegap.settings import KNOWN_SOURCES, Settings
from valuegap.sources.registry import DECLARED


@pytest.mark.parametrize(
    "text",
    [
        '{"conn_type": "http", "host": "https://api.example.com/crm", "login": "me", "password": "s3cret", "extra": {"region": "eu1"}}',
        '{"host": "api.example.com/crm", "schema": "https", "login": "me", "password": "s3cret", "extra": "{\\"region\\": \\"eu1\\"}"}',
        "http://me:s3cret@https%3A%2F%2Fapi.example.com%2Fcrm/?region=eu1",
    ],
    ids=["json", "json-parts", "uri"],
)
def test_a_connection_reads_the_way_airflow_reads_it(text) -> None:
    connection = Settings.from_environment({"AIRFLOW_CONN_HUBSPOT_DEFAULT": text}).connection(
        "hubspot_default"
    )
    assert connection.base_url == "https://api.example.com/crm"
    assert (connection.login, connection.password, connection.extra["region"]) == ("me", "s3cret", "eu1")
    assert "s3cret" not in repr(connection)


def test_a_connection_with_a_port() -> None:
    text = '{"host": "localhost", "schema": "http", "port": 8765, "password": "x"}'
    assert (
        Settings.from_environment({"AIRFLOW_CONN_A": text}).connection("a").base_url
        == "http://localhost:8765"
    )


def test_a_number_in_the_extra_is_text() -> None:
    text = '{"host": "crm.example", "extra": {"client_id": 4711, "searches_per_second": 4}}'
    connection = Settings.from_environment({"AIRFLOW_CONN_A": text}).connection("a")
    assert connection.extra == {"client_id": "4711", "searches_per_second": "4"}


def test_a_missing_connection_says_which_variable_to_set() -> None:
    with pytest.raises(ConfigurationError, match=r"AIRFLOW_CONN_ZENDESK_DEFAULT .*\.env"):
        Settings.from_environment({}).connection("zendesk_default")


@pytest.mark.parametrize("text", ["{not json s3cret", "s3cret", '["s3cret"]', '{"password": "s3cret"}'])
def test_a_malformed_connection_never_shows_its_text(text) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({"AIRFLOW_CONN_A": text}).connection("a")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("text", ["0", "-1", "two", ""])
def test_a_number_that_is_none_names_its_variable(text) -> None:
    with pytest.raises(ConfigurationError, match="VALUEGAP_THREADS"):
        Settings.from_environment({"VALUEGAP_THREADS": text})


def test_settings_do_not_show_the_environment() -> None:
    assert "s3cret" not in repr(Settings.from_environment({"AIRFLOW_CONN_A": "s3cret"}))


def test_a_company_names_its_sources_in_any_order() -> None:
    assert Settings.from_environment({}).sources == ("hubspot", "zendesk", "qualtrics")
    settings = Settings.from_environment({"VALUEGAP_SOURCES": " zendesk, files,salesforce,hubspot"})
    assert settings.sources == ("hubspot", "salesforce", "zendesk", "files")
    assert settings.sources_by_dag() == {
        "crm": ("hubspot", "salesforce"),
        "tickets": ("zendesk",),
        "files": ("files",),
    }


@pytest.mark.parametrize(("text", "said"), [("hubspot,jira", "unknown source jira"), (" , ", "no source")])
def test_a_source_nobody_knows_is_refused_with_those_that_are(text, said) -> None:
    with pytest.raises(ConfigurationError, match=f"{said}.*{', '.join(KNOWN_SOURCES)}"):
        Settings.from_environment({"VALUEGAP_SOURCES": text})


def test_a_company_names_its_reporting_currency_by_code() -> None:
    assert Settings.from_environment({}).reporting_currency == "auto"
    assert Settings.from_environment({"VALUEGAP_REPORTING_CURRENCY": "CHF"}).reporting_currency == "CHF"
    with pytest.raises(ConfigurationError, match=r"is no ISO 4217 code.*such as EUR"):
        Settings.from_environment({"VALUEGAP_REPORTING_CURRENCY": "euro"})


def test_every_source_that_is_declared_can_be_named() -> None:
    assert set(KNOWN_SOURCES) == set(DECLARED)


def test_a_company_names_its_exports_in_any_order() -> None:
    assert Settings.from_environment({}).exports == ("parquet", "csv", "duckdb")
    assert Settings.from_environment({"VALUEGAP_EXPORTS": "hyper, csv"}).exports == ("csv", "hyper")
    assert Settings.from_environment({"VALUEGAP_KEEP_EXPORTS": "3"}).kept_exports == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("csv,xlsx", "the unknown format xlsx"),
        ("csv,postgres", "the unknown format postgres"),  # loaded where its connection is set, see docs
        (" , ", "no format"),
    ],
    ids=["unknown", "not a file", "none"],
)
def test_a_format_nobody_knows_is_refused_with_those_that_are(text, said) -> None:
    with pytest.raises(ConfigurationError, match=said) as error:
        Settings.from_environment({"VALUEGAP_EXPORTS": text})
    assert str(error.value).endswith("with commas: parquet, csv, duckdb, hyper.")
