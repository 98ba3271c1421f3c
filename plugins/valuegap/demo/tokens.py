"""Tokens the demo vendors ask for. They guard generated records on the loopback interface, nothing else."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tokens:
    """What a client must show. The defaults are public, as the demo's records are."""

    hubspot: str = field(default="demo-hubspot-token", repr=False)
    zendesk_email: str = "warehouse@demo.example"
    zendesk: str = field(default="demo-zendesk-token", repr=False)
    zendesk_client: str = "demo-zendesk-client"
    zendesk_secret: str = field(default="demo-zendesk-secret", repr=False)
    qualtrics: str = field(default="demo-qualtrics-token", repr=False)
    salesforce_app: str = "demo-salesforce-app"
    salesforce: str = field(default="demo-salesforce-secret", repr=False)
    admin: str = field(default="demo-admin-token", repr=False)


DEMO_TOKENS = Tokens()


def demo_connections(base_url: str, tokens: Tokens = DEMO_TOKENS) -> dict[str, str]:
    """Return the `AIRFLOW_CONN_*` values, as JSON, for a demo server at `base_url`."""
    parts: dict[str, dict[str, object]] = {
        # sixty times HubSpot's own limit: the demo's minute lasts a second
        "hubspot": {"password": tokens.hubspot, "extra": {"searches_per_second": "240"}},
        "zendesk": {"login": tokens.zendesk_email, "password": tokens.zendesk},
        "qualtrics": {"password": tokens.qualtrics},
        "salesforce": {"login": tokens.salesforce_app, "password": tokens.salesforce},
    }
    return {
        f"AIRFLOW_CONN_{vendor.upper()}_DEFAULT": json.dumps(
            {"conn_type": "http", "host": f"{base_url}/{vendor}", **secret}
        )
        for vendor, secret in parts.items()
    }
