"""docker-compose.yml and deploy/: that they fit the engine, that nothing is open that need not be, that each figure is there."""

from __future__ import annotations

import json
import re
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import yaml

from interop.api.health import STOPPING
from interop.api.metrics import table
from interop.api.roles import ALL, INGEST, ROLES, answering
from interop.app.admitting import hosts_of
from interop.app.settings import Settings
from tests.places import ROOT

DEPLOY = ROOT / "deploy"
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
GIVEN = {
    "INTEROP_ISSUER": "https://am.example.nhs.uk/oauth2",
    "INTEROP_AUDIENCE": "https://care.example.nhs.uk/fhir",
    "CONFIG": "/etc/interop",
    "SECRETS": "/etc/interop-secrets",
}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::?([?-])([^}]*))?\}")
SERIES = re.compile(r"\b((?:interop|process)_\w+)(?:\{([^}]*)\})?")
GROUPING = re.compile(r"\bby \(([^)]*)\)")
OF_PROMETHEUS = {"instance", "job", "role", "le"}


def composed(given: dict[str, str] = GIVEN) -> dict[str, Any]:
    """The file as Compose reads it; raises KeyError for a required variable that is not given."""

    def value(found: re.Match[str]) -> str:
        name, how, words = found.groups()
        return given.get(name, words) if how == "-" else given[name]

    read: dict[str, Any] = yaml.safe_load(VARIABLE.sub(value, TEXT))
    return read


COMPOSED = composed()
SERVICES: dict[str, dict[str, Any]] = COMPOSED["services"]
ENGINES = {name: service for name, service in SERVICES.items() if service["image"].startswith("interop")}


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


def configured(name: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that the process of this name comes to."""
    for variable, value in ENGINES[name]["environment"].items():
        monkeypatch.setenv(variable, value)
    return Settings()


def test_there_are_two_of_each_role() -> None:
    roles = sorted(service["environment"]["INTEROP_ROLES"] for service in ENGINES.values())
    assert roles == sorted(ROLES * 2)
    assert SERVICES.keys() - ENGINES.keys() == {"proxy", "postgres", "redis", "prometheus", "grafana"}


@pytest.mark.parametrize("name", ENGINES)
def test_each_variable_is_a_setting_and_all_together_are_taken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    said = ENGINES[name]["environment"]
    settings = configured(name, monkeypatch)
    assert {each for each in said if each.startswith("INTEROP_")} <= {f"INTEROP_{field.upper()}" for field in Settings.model_fields}
    assert said.keys() - {each for each in said if each.startswith("INTEROP_")} == {"DATABASE_PASSWORD_FILE"}
    assert settings.name == name == ENGINES[name]["hostname"]
    assert settings.roles == {name.partition("-")[0]} < ALL
    assert settings.mutual == (INGEST in settings.roles)
    assert settings.issuer == GIVEN["INTEROP_ISSUER"]
    assert settings.proxy
    assert not settings.open


@pytest.mark.parametrize("missing", GIVEN)
def test_what_has_to_be_said_is_named_where_it_is_not(missing: str) -> None:
    with pytest.raises(KeyError, match=missing):
        composed({name: value for name, value in GIVEN.items() if name != missing})
    asked = [words for name, how, words in VARIABLE.findall(TEXT) if name == missing]
    assert asked
    assert all(len(words) > 10 for words in asked)


def test_nothing_else_has_to_be_said() -> None:
    assert {name for name, how, _ in VARIABLE.findall(TEXT) if how == "?"} == GIVEN.keys()
    assert all(how in ("?", "-") for _, how, _ in VARIABLE.findall(TEXT))


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_has_no_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["logging"]["options"]["max-size"]
    assert not service.keys() & {"privileged", "network_mode", "pid", "cap_add", "devices"}
    for volume in service.get("volumes", ()):
        assert "docker.sock" not in str(volume)


def test_who_sends_and_who_asks_come_by_the_proxy_alone() -> None:
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports.keys() == {"proxy", "prometheus", "grafana"}
    assert all(port.startswith("127.0.0.1:") for name in ("prometheus", "grafana") for port in ports[name])
    assert COMPOSED["networks"]["store"] == {"internal": True}
    assert {name for name, service in SERVICES.items() if "store" in service["networks"]} == {*ENGINES, "postgres", "redis"}
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["store"]
    front = {name for name, service in SERVICES.items() if "front" in service["networks"]}
    assert front == {"proxy", *(name for name in ENGINES if not name.startswith("worker"))}


def test_the_proxy_comes_to_the_engine_from_an_address_that_is_believed() -> None:
    for name in ENGINES:
        assert set(SERVICES["proxy"]["networks"]) & set(SERVICES[name]["networks"]) <= {"front"}, name
    assert set(SERVICES["proxy"]["networks"]) & set(SERVICES["prometheus"]["networks"]) == {"figures"}
    assert COMPOSED["networks"]["figures"] == {"internal": True}


def test_secrets_are_files_and_no_password_is_said_anywhere() -> None:
    for name, service in SERVICES.items():
        assert set(service.get("secrets", ())) <= COMPOSED["secrets"].keys(), name
        for variable, value in service.get("environment", {}).items():
            named = re.fullmatch(r"/run/secrets/(\w+)", str(value))
            assert not named or named[1] in service["secrets"], (name, variable)
            assert named or not re.search(r"PASSWORD|TOKEN|SECRET|KEY", variable), (name, variable)
    assert {secret["file"].rpartition("/")[0] for secret in COMPOSED["secrets"].values()} == {GIVEN["SECRETS"]}
    assert "@" not in re.sub(r"postgresql://interop@postgres", "", TEXT)


@pytest.mark.parametrize("image", [service["image"] for name, service in SERVICES.items() if name not in ENGINES])
def test_each_image_is_of_one_version(image: str) -> None:
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+(\.\d+)?", image)


def test_the_image_is_made_of_the_lock_and_runs_as_nobody_in_particular() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.search(r"^ARG PYTHON=python:3\.11\.\d+-slim", text, re.MULTILINE)
    assert "pip install --require-hashes --only-binary :all: -r deploy/requirements.lock" in text
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE) == ["10001:10001"]
    kept = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for source in chain.from_iterable(
        line.split()[:-1] for line in re.findall(r"^COPY (?!--from)(?:--\S+ )?(.*)$", text, re.MULTILINE)
    ):
        assert source in kept
        assert (ROOT / source).exists()


def test_a_password_reaches_the_database_client_whatever_letters_it_has(tmp_path: Path) -> None:
    secret, kept = tmp_path / "secret", tmp_path / "pgpass"
    secret.write_text("a:b\\c d'\"$\nnot this\n")
    environment = {"PATH": "/usr/bin:/bin", "DATABASE_PASSWORD_FILE": str(secret), "PGPASSFILE": str(kept)}
    done = subprocess.run([DEPLOY / "entrypoint", "echo", "on"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == "on\n"
    assert kept.read_text() == "*:*:*:*:a\\:b\\\\c d'\"$\n"
    assert kept.stat().st_mode & 0o077 == 0


def test_the_proxy_is_told_of_every_process_and_sends_where_each_role_answers() -> None:
    text = (DEPLOY / "proxy" / "haproxy.cfg").read_text(encoding="utf-8")
    said = SERVICES["proxy"]["environment"]
    code = re.sub(r"^\s*#.*$", "", text, flags=re.MULTILINE)
    assert set(re.findall(r"\$\{?(\w+)", code)) == said.keys()
    for name in (each for each in ENGINES if not each.startswith("worker")):
        assert said[name.upper().replace("-", "_")] == f"{name}:8080"
    (beginning,) = re.findall(r"acl intake path_beg (.*)", text)
    (whole,) = re.findall(r"acl intake path (.*)", text)
    assert beginning.split() == ["/ingest/", *(f"{each}/" for each in whole.split())]
    assert whole.split() == ["/itk", "/itk3", "/bars"]
    assert answering("ingest", takes=True) == {INGEST}


def test_who_is_about_to_stop_has_time_to_be_noticed_and_loses_nothing_to_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DEPLOY / "proxy" / "haproxy.cfg").read_text(encoding="utf-8")
    checked = [part for part in re.split(r"^(?=\w)", text, flags=re.MULTILINE) if "option httpchk" in part]
    assert [part.split("\n")[0] for part in checked] == ["backend ingest", "backend api", "listen mllp"]
    for part in checked:
        assert "http-check disable-on-404\n" in part
        assert f"uri /health/ready?{STOPPING.decode()} " in part
    for name, service in ENGINES.items():
        settings = configured(name, monkeypatch)
        assert settings.notice >= 5
        assert int(service["stop_grace_period"].rstrip("s")) >= settings.notice + settings.drain + 10


def test_a_database_that_stands_still_for_a_moment_costs_no_sender_its_connection() -> None:
    """All processes ask the same one, so all would be down in the same second."""
    text = (DEPLOY / "proxy" / "haproxy.cfg").read_text(encoding="utf-8")
    (seconds,) = re.findall(r"^ +timeout check (\d+)s$", text, re.MULTILINE)
    assert int(seconds) > 2
    (mllp,) = re.findall(r"^listen mllp$(.*?)^\S", text, re.MULTILINE | re.DOTALL)
    assert re.findall(r"^ +default-server fall (\d+)$", mllp, re.MULTILINE) == ["3"]
    assert "on-marked-down shutdown-sessions" in text, "one that hangs keeps nobody"


def test_figures_are_refused_however_their_address_is_written() -> None:
    text = (DEPLOY / "proxy" / "haproxy.cfg").read_text(encoding="utf-8")
    assert "http-request deny deny_status 404 if { path,url_dec /metrics }\n" in text


def test_each_process_is_asked_for_its_figures_by_a_name_it_answers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    jobs = {job["job_name"]: job for job in read("prometheus/prometheus.yml")["scrape_configs"]}
    asked = {target: group["labels"]["role"] for group in jobs["interop"]["static_configs"] for target in group["targets"]}
    assert asked == {f"{name}:8080": name.partition("-")[0] for name in ENGINES}
    for name in ENGINES:
        assert name.encode() in hosts_of(configured(name, monkeypatch))
    assert jobs["interop"]["authorization"] == {"credentials_file": "/run/secrets/metrics_token"}
    assert "metrics_token" in SERVICES["prometheus"]["secrets"]
    assert jobs["proxy"]["static_configs"] == [{"targets": ["proxy:8405"]}]


def expressions() -> list[tuple[str, str]]:
    """What the dashboard and the alerts ask, and where."""
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "interop.json").read_text(encoding="utf-8"))
    asked = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", ())]
    return asked + [(rule["alert"], rule["expr"]) for rule in alerts()]


def alerts() -> list[dict[str, Any]]:
    return [rule for group in read("prometheus/alerts.yml")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize(("where", "expression"), expressions())
def test_what_is_watched_is_there(where: str, expression: str) -> None:
    """Each series is a figure of the engine under the name that Prometheus gives it, with labels that it has."""
    of = {"counter": ("_total",), "gauge": ("",), "histogram": ("_bucket", "_sum", "_count")}
    known = {row.name + suffix: set(row.labels) for row in table().values() for suffix in of[row.kind]}
    bare = re.sub(r'"[^"]*"', '""', expression)
    labels = set(OF_PROMETHEUS)
    for name, chosen in SERIES.findall(bare):
        assert name in known, f"{where}: {name}"
        labels |= known[name]
        assert set(re.findall(r"(\w+)=", chosen)) <= known[name] | OF_PROMETHEUS
    assert SERIES.search(bare) or re.search(r"\bup\{", bare)
    for grouped in GROUPING.findall(bare):
        assert {each.strip() for each in grouped.split(",")} <= labels, where


def test_the_dashboard_shows_each_part() -> None:
    asked = " ".join(expression for _, expression in expressions())
    for part in (
        "messages_received",
        "silence",
        "oldest_waiting",
        "ack_seconds",
        "deliveries",
        "store_commit",
        "audit_",
        "decisions",
        "redis",
    ):
        assert f"interop_{part}" in asked
    board = json.loads((DEPLOY / "grafana" / "dashboards" / "interop.json").read_text(encoding="utf-8"))
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(panel["description"] and panel["targets"] for panel in panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {
        source["uid"] for source in read("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    }


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule["alert"])
def test_each_alert_says_one_sentence_and_one_action(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    for words in (rule["annotations"]["summary"], rule["annotations"]["action"]):
        assert words[0].isupper() or words.startswith(("{{", "interop "))
        assert words.endswith(".")
        assert ". " not in words
    named = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert named <= {each.strip() for group in GROUPING.findall(rule["expr"]) for each in group.split(",")} | OF_PROMETHEUS


def test_files_that_are_mounted_are_there() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", ()):
            if isinstance(volume, str) and volume.startswith("./"):
                assert (ROOT / volume.partition(":")[0]).exists(), volume
            elif isinstance(volume, str):
                assert volume.partition(":")[0] in COMPOSED["volumes"]
