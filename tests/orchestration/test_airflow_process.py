import socket
import stat

import pytest

from valuegap.orchestration.airflow_process import COMPONENTS, AirflowError, AirflowHome, AirflowProcess
from valuegap.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings.from_environment(
        {
            "VALUEGAP_DATA_DIR": str(tmp_path / "data"),
            "PATH": "/bin",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AIRFLOW_HOME": "/somewhere/else",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://production/airflow",
            "AIRFLOW_CONN_HUBSPOT_DEFAULT": "old",
            "AIRFLOW_CONN_WAREHOUSE_SERVING": "kept",
        }
    )


def test_nothing_of_another_airflow_is_taken_over(settings):
    with AirflowProcess(settings, {"AIRFLOW_CONN_HUBSPOT_DEFAULT": "demo"}) as airflow:
        environment = airflow.environment()
    assert environment["AIRFLOW_HOME"] == str(settings.data_dir / "airflow")
    assert "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN" not in environment
    assert "PYTHONDONTWRITEBYTECODE" not in environment
    assert environment["PATH"] == "/bin"
    assert environment["AIRFLOW_CONN_HUBSPOT_DEFAULT"] == "demo"
    assert environment["AIRFLOW_CONN_WAREHOUSE_SERVING"] == "kept"


def test_nothing_begins_on_its_own(settings):
    with AirflowProcess(settings, {}) as airflow:
        environment = airflow.environment()
    assert environment["VALUEGAP_INGEST_SCHEDULE"] == "off"
    assert environment["VALUEGAP_CUT_OFF_SCHEDULE"] == "off"


def test_airflow_sends_no_usage_statistics(settings):
    with AirflowProcess(settings, {}) as airflow:
        environment = airflow.environment()
    assert environment["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
    assert environment["SCARF_ANALYTICS"] == "false"


def test_the_open_api_is_on_the_loopback_interface_only(settings):
    with AirflowProcess(settings, {}) as airflow:
        assert airflow.url.startswith("http://127.0.0.1:")
        assert airflow.environment()["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "True"
        assert airflow.arguments("api-server")[:3] == ["api-server", "--host", "127.0.0.1"]


def test_a_secret_is_made_once_and_for_this_user_only(settings):
    home = AirflowHome(settings)
    home.path.mkdir(parents=True)
    first = home.secret("jwt_secret")
    assert len(first) > 64
    assert home.secret("jwt_secret") == first
    assert home.secret("api_secret_key") != first
    assert stat.S_IMODE((home.path / "jwt_secret").stat().st_mode) == 0o600


def test_a_taken_port_is_not_insisted_on(settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        taken = other.getsockname()[1]
        assert AirflowProcess(settings, {}, port=taken).port not in {0, taken}


def test_a_component_that_died_is_named_with_its_log(settings, monkeypatch):
    monkeypatch.setitem(COMPONENTS, "scheduler", ("no-such-command",))
    with AirflowProcess(settings, {}) as airflow:
        airflow.start("scheduler")
        airflow._running["scheduler"].wait(60)
        with pytest.raises(
            AirflowError, match=r"Airflow's scheduler ended with code \d+. Read .*scheduler.log."
        ):
            airflow.check()
