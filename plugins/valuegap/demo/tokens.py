"""Tokens the demo vendors ask for. They guard generated records on the loopback interface, nothing else."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Tokens:
    """What a client must show. The defaults are public, as the demo's records are."""

    hubspot: str = field(default="demo-hubspot-token", repr=False)
    zendesk_email: str = "warehouse@demo.example"
    zendesk: str = field(default="demo-zendesk-token", repr=False)
    qualtrics: str = field(default="demo-qualtrics-token", repr=False)
    admin: str = field(default="demo-admin-token", repr=False)


DEMO_TOKENS = Tokens()


def demo_connections(base_url: str, tokens: Tokens = DEMO_TOKENS) -> dict[str, str]:
    """Return the `AIRFLOW_CONN_*` values, as JSON, for a demo server at `base_url`."""
    parts = {
        "hubspot": {"password": tokens.hubspot},
        "zendesk": {"login": tokens.zendesk_email, "password": tokens.zendesk},
        "qualtrics": {"password": tokens.qualtrics},
    }
    return {
        f"AIRFLOW_CONN_{vendor.upper()}_DEFAULT": json.dumps(
            {"conn_type": "http", "host": f"{base_url}/{vendor}", **secret}
        )
        for vendor, secret in parts.items()
    }
