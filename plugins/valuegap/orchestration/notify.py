"""Who is told what, by mail: a night that stopped, and alerts of a night that was published.

Airflow's own SMTP notifier sends; nothing is sent before connection `alert_mail` is set.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowNotFoundException

from valuegap.errors import ConfigurationError
from valuegap.night import Night
from valuegap.orchestration.alerts import alert_record
from valuegap.orchestration.as_of import night_of_run
from valuegap.orchestration.links import page_url
from valuegap.orchestration.rendering import rendered
from valuegap.settings import MAIL_ADDRESS, Settings

if TYPE_CHECKING:
    from valuegap.publish.alerts import Alert

CONNECTION_ID = "alert_mail"
SMTP = "smtp"

log = logging.getLogger(__name__)


def tell_failure(context: Mapping[str, Any]) -> None:
    """Mail what failed, the remedy and where to look; Airflow calls it after the last try."""
    settings = Settings.from_environment()
    if not (mail_is_set() and settings.alert_to):
        return
    record, night = alert_record(context), night_of_run(context)
    name = f"{record['dag_id']}.{record['task_id']}"
    message = rendered(
        "failure_mail.html",
        name=name,
        night=night,
        record=record,
        log_url=context["ti"].log_url,
        report_url=page_url("report", night=night.as_of_date.isoformat()),
    )
    send(settings.alert_to, f"Valuegap: night of {night.as_of_date} stopped at {name}", message, context)


def tell_alerts(settings: Settings, night: Night, context: Mapping[str, Any]) -> str:
    """Mail the alerts nobody was told of yet to their owners, each once, and say how many in one line.

    An alert goes to the owner of its target where that is an address, else to `VALUEGAP_ALERT_TO`.

    Raises:
        ConfigurationError: The connection is no SMTP server, or alerts have nobody to go to.
    """
    from valuegap.publish.alerts import remember, untold

    new = untold(settings, night)
    if not new:
        return "no new alerts"
    if not mail_is_set():
        return f"{len(new)} new alerts; nobody is told, as connection {CONNECTION_ID} is not set"
    by_reader = alerts_by_reader(new, settings.alert_to)
    for reader, alerts in by_reader.items():
        subject = f"Valuegap: {len(alerts)} new alert{'s'[: len(alerts) != 1]}, night of {night.as_of_date}"
        url = page_url("night", night=night.as_of_date.isoformat())
        message = rendered("alerts_mail.html", alerts=alerts, night=night, night_url=url)
        send(reader, subject, message, context)
        remember(settings, night, alerts)  # after each: the next server error must not repeat this one
    return f"{len(new)} new alerts sent in {len(by_reader)} mails"


def alerts_by_reader(
    alerts: Iterable["Alert"], everyone: tuple[str, ...]
) -> dict[tuple[str, ...], list["Alert"]]:
    """Return the alerts of each mail by its addresses, each alert in one of them."""
    by_reader: dict[tuple[str, ...], list[Alert]] = {}
    for alert in alerts:
        owner = (alert.owner or "").strip()
        reader = (owner,) if MAIL_ADDRESS.fullmatch(owner) else everyone
        if not reader:
            raise ConfigurationError(
                f"Alert {alert.alert_id} has no owner with an address.",
                remedy="Set VALUEGAP_ALERT_TO, or write the address as owner of the target.",
            )
        by_reader.setdefault(reader, []).append(alert)
    return by_reader


def mail_is_set() -> bool:
    """Tell whether connection `alert_mail` is set.

    Raises:
        ConfigurationError: It is set, and no SMTP server.
    """
    try:
        kind = Connection.get(CONNECTION_ID).conn_type
    except AirflowNotFoundException:
        return False
    if not kind:  # the variable is there and empty, as docker-compose.yml passes it on
        return False
    if kind != SMTP:
        raise ConfigurationError(
            f"Connection {CONNECTION_ID} has the type {kind}: mail needs {SMTP}.",
            remedy="Write it as in docs/alerts.md.",
        )
    return True


def send(to: Sequence[str], subject: str, message: str, context: Mapping[str, Any]) -> None:
    """Send one mail through Airflow's SMTP notifier."""
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    # The notifier renders its fields as templates: a text with braces in it must be a value, not a template.
    notifier = SmtpNotifier(
        smtp_conn_id=CONNECTION_ID,
        to=[*to],
        subject="{{ valuegap_subject }}",
        html_content="{{ valuegap_message }}",
    )
    notifier({**context, "valuegap_subject": " ".join(subject.split()), "valuegap_message": message})
    log.info("Told %s: %s", ", ".join(to), subject)
