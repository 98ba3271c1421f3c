from datetime import UTC, date, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.log import mask_secret
from tests.orchestration.mail_server import MailServer
from tests.orchestration.published_night import publish_night, told

from valuegap.errors import ConfigurationError, GateFailedError
from valuegap.night import Night
from valuegap.orchestration.notify import CONNECTION_ID, mail_is_set, tell_alerts, tell_failure
from valuegap.publish.alerts import remember, untold
from valuegap.settings import Settings

NIGHT = Night(date(2026, 1, 31))
LOG = "http://127.0.0.1:8080/dags/build_marts/runs/run-1/tasks/check_raw"


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.setenv("VALUEGAP_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("VALUEGAP_ALERT_TO", "duty@example.com, boss@example.com")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "http://127.0.0.1:8080")
    settings = Settings.from_environment()
    publish_night(settings, NIGHT)
    return settings


@pytest.fixture
def mails(monkeypatch):
    with MailServer() as server:
        extra = '{"from_email": "valuegap@example.com", "disable_ssl": true, "disable_tls": true}'
        monkeypatch.setenv(
            "AIRFLOW_CONN_ALERT_MAIL",
            f'{{"conn_type": "smtp", "host": "127.0.0.1", "port": {server.port}, "extra": {extra}}}',
        )
        yield server.mails


def context(exception=None):
    task = SimpleNamespace(
        dag_id="build_marts", task_id="check_raw", run_id="run-1", try_number=1, log_url=LOG
    )
    moment = datetime(2026, 2, 1, tzinfo=UTC)
    run = SimpleNamespace(partition_key="2026-01-31", logical_date=moment, run_after=moment)
    return {"ti": task, "dag_run": run, "params": {}, "exception": exception}


def text_of(mail):
    return mail.get_body(("html",)).get_content()


def test_a_stopped_night_is_mailed_with_its_remedy_and_where_to_look(settings, mails):
    tell_failure(context(GateFailedError("3 rows without id.", remedy="Repair them.")))
    [(readers, mail)] = mails
    assert readers == ["duty@example.com", "boss@example.com"]
    assert mail["From"] == "valuegap@example.com"
    assert mail["Subject"] == "Valuegap: night of 2026-01-31 stopped at build_marts.check_raw"
    text = text_of(mail)
    assert "3 rows without id." in text
    assert "Repair them." in text
    assert f'href="{LOG}"' in text
    assert 'href="http://127.0.0.1:8080/valuegap/report?night=2026-01-31"' in text


def test_what_an_error_quotes_is_text_and_neither_markup_nor_a_template(settings, mails):
    mask_secret("tok-9f8e7d6c5b4a")
    tell_failure(context(RuntimeError("<img src=x> {{ 7 * 7 }} tok-9f8e7d6c5b4a")))
    text = text_of(mails[0][1])
    assert "&lt;img src=x&gt; {{ 7 * 7 }} ***" in text


def test_nothing_is_sent_before_the_connection_is_set(settings, monkeypatch):
    monkeypatch.delenv("AIRFLOW_CONN_ALERT_MAIL", raising=False)
    tell_failure(context(GateFailedError("a", remedy="b")))
    summary = tell_alerts(settings, NIGHT, context())
    assert summary == "3 new alerts; nobody is told, as connection alert_mail is not set"
    assert told(settings) == []
    monkeypatch.setenv("AIRFLOW_CONN_ALERT_MAIL", "")
    assert mail_is_set() is False


def test_a_connection_that_is_no_mail_server_is_refused(settings, monkeypatch):
    monkeypatch.setenv("AIRFLOW_CONN_ALERT_MAIL", '{"conn_type": "http", "host": "chat.example.com"}')
    with pytest.raises(ConfigurationError, match=f"{CONNECTION_ID} has the type http: mail needs smtp"):
        tell_alerts(settings, NIGHT, context())


def test_harmful_new_alerts_go_to_their_owner_or_to_those_on_duty(settings, mails):
    assert tell_alerts(settings, NIGHT, context()) == "3 new alerts sent in 2 mails"
    by_readers = {tuple(readers): mail for readers, mail in mails}
    owner, duty = by_readers[("ann@example.com",)], by_readers[("duty@example.com", "boss@example.com")]
    assert owner["Subject"] == "Valuegap: 1 new alert, night of 2026-01-31"
    assert (
        "-14.2 points of 100 in January 2026, below the limit -9.8 points of 100; usual is -6.1 points of 100"
        " (n = 24, directional: few customers)"
    ) in text_of(owner)
    assert "Satisfaction gap: Delivery &lt;on time&gt;, market segment mid market" in text_of(owner)
    assert duty["Subject"] == "Valuegap: 2 new alerts, night of 2026-01-31"
    assert "9.5 points over the last twelve months, surely below the target 25.0 points" in text_of(duty)
    assert "2 streams missing since the night of 2026-01-30" in text_of(duty)
    assert "good news" not in text_of(duty)
    assert "June 2025" not in text_of(duty)


def test_an_alert_is_said_once_on_whatever_nights_it_stays(settings, mails):
    tell_alerts(settings, NIGHT, context())
    assert tell_alerts(settings, NIGHT, context()) == "no new alerts"
    next_night = Night(date(2026, 2, 1))
    publish_night(settings, next_night)
    assert tell_alerts(settings, next_night, context()) == "no new alerts"
    assert len(mails) == 2
    assert sorted(told(settings)) == ["control_limit|gap", "freshness|zendesk", "target_breach|nps"]


def test_what_was_sent_before_the_server_failed_is_not_sent_again(settings, mails, monkeypatch):
    from valuegap.orchestration import notify

    def refuse_second(*arguments):
        if mails:
            raise ConnectionError("server gone")
        send(*arguments)

    send = notify.send
    monkeypatch.setattr(notify, "send", refuse_second)
    with pytest.raises(ConnectionError):
        tell_alerts(settings, NIGHT, context())
    monkeypatch.setattr(notify, "send", send)
    tell_alerts(settings, NIGHT, context())
    assert len(mails) == 2
    assert len(told(settings)) == len(set(told(settings))) == 3


def test_alerts_of_nobody_are_not_lost(settings, mails, monkeypatch):
    monkeypatch.setenv("VALUEGAP_ALERT_TO", "")
    with pytest.raises(ConfigurationError, match="freshness\\|zendesk has no owner with an address"):
        tell_alerts(Settings.from_environment(), NIGHT, context())
    assert mails == []
    assert told(settings) == []


def test_an_old_night_built_again_is_no_news(settings):
    assert untold(settings, Night(date(2026, 1, 30))) == ()


def test_a_torn_line_costs_a_second_message_and_not_the_night(settings):
    (settings.data_dir / "told_alerts.ndjson").write_text(
        '{"alert_id": "control_limit|gap"}\n{"alert_id": "targ'
    )
    assert [alert.alert_id for alert in untold(settings, NIGHT)] == ["freshness|zendesk", "target_breach|nps"]
    remember(settings, NIGHT, untold(settings, NIGHT)[:1])
    assert [alert.alert_id for alert in untold(settings, NIGHT)] == ["target_breach|nps"]


@pytest.mark.parametrize("text", ["duty", "a@b.example;c@d.example", "{{x}}@example.com", "a@b@c"])
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ConfigurationError, match="is no mail address"):
        Settings.from_environment({"VALUEGAP_ALERT_TO": text})
