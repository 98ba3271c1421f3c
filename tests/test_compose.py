"""docker-compose.yml, Dockerfile and .env.example, checked without Docker.

The schema below holds what the Compose specification says of the elements we use, and refuses any other:
an element that is not listed must be looked up there before it is added here.
"""

import fnmatch
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import pytest
import yaml

from valuegap.demo.tokens import demo_connections
from valuegap.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<text>[^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|KEY|CONN")

STRINGS = {"type": "array", "items": {"type": "string"}}
DURATION = {"type": "string", "pattern": r"^\d+(ms|s|m|h)$"}


def strict(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


SERVICE = strict(
    image={"type": "string"},
    build={
        "oneOf": [
            {"type": "string"},
            strict(
                context={"type": "string"},
                args={"type": "object", "additionalProperties": {"type": "string"}},
            ),
        ]
    },
    command=STRINGS,
    environment={"type": "object", "additionalProperties": {"type": "string"}},
    volumes={
        "type": "array",
        "items": {
            "oneOf": [
                {"type": "string", "pattern": r"^(\./)?[\w-]+:/[\w/.-]+(:ro)?$"},
                strict(
                    type={"enum": ["volume"]},
                    source={"type": "string"},
                    target={"type": "string"},
                    read_only={"type": "boolean"},
                    volume=strict(subpath={"type": "string"}),
                ),
            ]
        },
    },
    ports={"type": "array", "items": {"type": "string", "pattern": r"^[\d.]+:\d+:\d+$"}},
    network_mode={"type": "string", "pattern": "^(none|host|service:.+|container:.+)$"},
    security_opt=STRINGS,
    restart={"enum": ["no", "always", "on-failure", "unless-stopped"]},
    healthcheck=strict(
        test={
            "type": "array",
            "prefixItems": [{"enum": ["CMD", "CMD-SHELL"]}],
            "items": {"type": "string"},
            "minItems": 2,
        },
        interval=DURATION,
        timeout=DURATION,
        start_period=DURATION,
        retries={"type": "integer", "minimum": 1},
    ),
    depends_on={
        "type": "object",
        "additionalProperties": strict(
            condition={"enum": ["service_started", "service_healthy", "service_completed_successfully"]}
        )
        | {"required": ["condition"]},
    },
)
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": r"^[a-z0-9][a-z0-9_-]*$"},
        "services": {"type": "object", "additionalProperties": SERVICE | {"required": ["image"]}},
        "volumes": {"type": "object", "additionalProperties": {"type": "null"}},
    },
    "patternProperties": {"^x-": {}},
    "additionalProperties": False,
    "required": ["name", "services"],
}


def read_env_file(path):
    """Return the variables of an env file as Compose reads the forms we use."""
    assignments = (line.split("=", 1) for line in path.read_text().splitlines() if re.match(r"\w+=", line))
    return {name: value.strip("'") for name, value in assignments}


EXAMPLE = read_env_file(ROOT / ".env.example")
NEEDED = {match["name"] for match in VARIABLE.finditer(TEXT) if match["kind"] == "?"}


def interpolate(text, environment):
    """Fill in `${NAME:-default}` and `${NAME:?message}` as Compose does; an empty value is a missing one."""

    def value(match):
        if environment.get(match["name"]):
            return environment[match["name"]]
        if match["kind"] == "?":
            raise KeyError(match["text"])
        return match["text"]

    return VARIABLE.sub(value, text)


def test_it_has_only_elements_of_the_compose_specification():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(COMPOSE, SCHEMA)


def test_it_runs_what_the_architecture_says():
    assert set(SERVICES) == {
        "postgres",
        "migrate",
        "api-server",
        "scheduler",
        "dag-processor",
        "triggerer",
        "dashboard",
        "demo",
    }


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_it_refuses_to_start_without(name):
    filled = EXAMPLE | {needed: "x" for needed in NEEDED if not EXAMPLE.get(needed)}
    assert "${" not in interpolate(TEXT, filled)
    with pytest.raises(KeyError, match=rf"set {name} in .env, see .env.example"):
        interpolate(TEXT, filled | {name: ""})


def test_no_secret_has_a_default():
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            if SECRET.search(name):
                assert not VARIABLE.search(value)["text"] or VARIABLE.search(value)["kind"] == "?", name
    secrets = {name for name in EXAMPLE if SECRET.search(name) and not name.startswith("AIRFLOW_CONN_")}
    assert secrets == {
        "AIRFLOW_DB_PASSWORD",
        "AIRFLOW_JWT_SECRET",
        "AIRFLOW_API_SECRET_KEY",
        "AIRFLOW_FERNET_KEY",
    }
    assert all(EXAMPLE[name] == "" for name in secrets)


def test_airflow_sends_no_usage_statistics():
    running = [
        service["environment"] for service in SERVICES.values() if "airflow" in str(service.get("command"))
    ]
    assert running
    for environment in running:
        assert environment["AIRFLOW__USAGE_DATA_COLLECTION__ENABLED"] == "False"
        assert environment["SCARF_ANALYTICS"] == "false"


def test_each_value_that_differs_from_airflows_default_has_its_reason():
    lines = [line for line in TEXT.splitlines() if re.match(r"\s+(AIRFLOW__|SCARF)\w+: ", line)]
    assert len(lines) >= 10
    assert [line for line in lines if " # " not in line and "FERNET_KEY" not in line] == []


def test_mounts_of_the_checkout_are_read_only_and_volumes_declared():
    for service in SERVICES.values():
        short = [volume for volume in service["volumes"] if isinstance(volume, str)]
        for source, _, rest in (volume.partition(":") for volume in short):
            if source.startswith("./"):
                assert (ROOT / source).is_dir(), source
                assert rest.endswith(":ro"), source
            else:
                assert source in COMPOSE["volumes"]


def test_ports_are_open_to_this_machine_only():
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports == ["127.0.0.1:8080:8080", "127.0.0.1:8501:8501"]


def test_the_dashboard_has_no_secret_and_only_what_readers_are_shown():
    dashboard = SERVICES["dashboard"]
    assert [name for name in dashboard["environment"] if SECRET.search(name)] == []
    assert all(
        volume["read_only"] and volume["source"] in COMPOSE["volumes"] for volume in dashboard["volumes"]
    )
    assert {volume["volume"]["subpath"]: volume["target"] for volume in dashboard["volumes"]} == {
        "published": "/opt/valuegap/data/published",
        "reports": "/opt/valuegap/data/reports",
    }
    # The folders come into an empty volume with the first container that mounts all of it.
    (installed,) = [arguments for word, arguments in dockerfile() if "install --directory" in arguments]
    assert {volume["target"] for volume in dashboard["volumes"]} <= set(installed.split())
    assert "data:/opt/valuegap/data" in SERVICES["migrate"]["volumes"]
    assert dashboard["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}


def test_the_dashboards_image_has_its_own_dependencies():
    asked = SERVICES["dashboard"]["build"]["args"]
    arguments = [arguments for word, arguments in dockerfile() if word == "ARG"]
    assert [argument.partition("=")[0] for argument in arguments] == list(asked)
    copied = [arguments.split()[0] for word, arguments in dockerfile() if word == "COPY"]
    assert {*asked.values(), *(argument.partition("=")[2] for argument in arguments)} <= set(copied)
    assert SERVICES["dashboard"]["image"] != SERVICES["scheduler"]["image"]


def test_services_wait_for_services_that_exist():
    for service in SERVICES.values():
        for name, wait in service.get("depends_on", {}).items():
            assert name in SERVICES
            if wait["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]


def test_every_service_that_stays_has_a_health_check():
    assert [name for name, service in SERVICES.items() if "healthcheck" not in service] == ["migrate"]
    for name, service in SERVICES.items():
        test = service.get("healthcheck", {}).get("test", [])
        if "valuegap.orchestration.health" in test:
            component = "metadatabase" if name == "api-server" else name.replace("-", "_")
            assert test[-1] == component


def airflow_parses(arguments):
    program = "import sys; from airflow.cli.cli_parser import get_parser as p; p().parse_args(sys.argv[1:])"
    with tempfile.TemporaryDirectory() as home:
        environment = os.environ | {"AIRFLOW_HOME": home}
        command = [sys.executable, "-c", program, *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "command",
    [pytest.param(service["command"], id=name) for name, service in SERVICES.items() if "command" in service],
)
def test_every_command_exists_with_its_options(command):
    if command[0] == "airflow":
        result = airflow_parses(command[1:])
    else:
        assert command[:3] == ["python", "-m", "valuegap"]
        arguments = [sys.executable, *command[1:], "--help"]
        result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_a_command_that_does_not_exist_is_noticed():
    assert airflow_parses(["api-server", "--no-such-option"]).returncode != 0


def test_the_example_has_every_variable_with_a_line_about_it():
    lines = (ROOT / ".env.example").read_text().splitlines()
    offered = {match[1] for line in lines if (match := re.match(r"(?:# )?(\w+)=", line))}
    settings = (ROOT / "plugins" / "valuegap" / "settings.py").read_text()
    read = set(re.findall(r'"(VALUEGAP_\w+)"', settings))
    assert len(read) >= 7
    assert {match["name"] for match in VARIABLE.finditer(TEXT)} | read <= offered
    for number, line in enumerate(lines):
        if re.match(r"(# )?\w+=", line):
            assert re.match(r"# [A-Z]", lines[number - 1]), line


def test_the_example_connects_to_the_demo_company():
    port = SERVICES["demo"]["command"][-1]
    demo = demo_connections(f"http://127.0.0.1:{port}")
    assert {name: EXAMPLE[name] for name in EXAMPLE if name.startswith("AIRFLOW_CONN_")} == demo
    settings = Settings.from_environment(EXAMPLE)
    assert settings.connection("zendesk_default").base_url == f"http://127.0.0.1:{port}/zendesk"


def dockerfile():
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line and line[0] not in "# "]


def test_the_image_copies_what_exists_and_what_the_context_holds():
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    admitted = [line[1:] for line in ignored if line.startswith("!")]
    sources = [arguments.split()[0] for word, arguments in dockerfile() if word == "COPY"]
    assert "*" in ignored
    assert sorted(sources) == sorted(admitted)
    assert all((ROOT / source).exists() for source in sources)
    assert not any(fnmatch.fnmatch(name, pattern) for pattern in admitted for name in (".env", "data"))


def test_the_image_installs_by_hash_and_runs_without_root():
    steps = dockerfile()
    installs = [arguments for word, arguments in steps if word == "RUN" and "pip install" in arguments]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    users = [arguments for word, arguments in steps if word == "USER"]
    assert users == ["valuegap"]
    last_run = max(number for number, (word, _) in enumerate(steps) if word == "RUN")
    assert steps.index(("USER", "valuegap")) > last_run


def test_the_images_locks_are_the_lock_and_what_each_image_needs():
    def pins(name):
        return set(re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(), flags=re.MULTILINE))

    drivers = pins("requirements-postgres.lock") - pins("requirements.lock")
    metadata_database = {"asyncpg", "psycopg2-binary"}
    exports = {"adbc-driver-manager", "adbc-driver-postgresql", "pantab", "pyarrow"}
    assert {pin.partition("==")[0] for pin in drivers} == metadata_database | exports
    assert pins("requirements.lock") <= pins("requirements-postgres.lock")
    pages = {
        pin.partition("==")[0] for pin in pins("requirements-dashboard.lock") - pins("requirements.lock")
    }
    assert {"plotly", "streamlit"} <= pages
    assert pins("requirements.lock") <= pins("requirements-dashboard.lock")
