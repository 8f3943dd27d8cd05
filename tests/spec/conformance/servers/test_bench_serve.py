"""``conformance bench serve``: what it asks, and that a wrong answer fails it. Nothing is measured here but that it counts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.bench.serving import questions, traffic
from conformance.bench.serving.databases import named
from conformance.bench.serving.measuring import BESIDE
from conformance.bench.serving.pages import PAGES
from conformance.bench.serving.questions import Asking
from conformance.bench.serving.records import EACH, records, shared, transaction
from conformance.cli import app
from conformance.judged.outcome import Unusable
from interop.fhir.findings import ERROR
from interop.fhir.validation import check

ASKING = Asking(1, 50, "/fhir", "127.0.0.1")


def test_the_data_is_r4_and_the_same_for_the_same_seed() -> None:
    """Twelve resources a patient, all valid; every reference leads to one of them."""
    made = list(records(3, 40))
    assert made == list(records(3, 40))
    resources = [each for several in made for each in several] + shared()
    assert len(resources) == 40 * EACH + len(shared())
    assert not [finding for each in resources for finding in check(each) if finding.severity == ERROR]
    known = {f"{each['resourceType']}/{each['id']}" for each in resources}
    assert set(_references(resources)) <= known
    assert not [each for each in check(transaction(resources)) if each.severity == ERROR]


def _references(value: object) -> list[str]:
    if isinstance(value, dict):
        here = [value["reference"]] if isinstance(value.get("reference"), str) else []
        return here + [one for each in value.values() for one in _references(each)]
    return [one for each in value for one in _references(each)] if isinstance(value, list) else []


def test_requests_are_of_the_data(tmp_path: Path) -> None:
    """Reads by the ids of the data; each write is another one; a file gives back what was written."""
    reads = questions.by_id(ASKING)
    assert reads == questions.by_id(ASKING)
    assert all(each.sent.startswith(b"GET /fhir/") and each.status == 200 for each in reads)
    ids = {f"/fhir/{each['resourceType']}/{each['id']}".encode() for several in records(1, 50) for each in several}
    assert {each.sent.split(b" ")[1] for each in reads} <= ids
    assert traffic.write(tmp_path / "r", reads) == len(reads)
    assert traffic.read(tmp_path / "r") == reads


def test_who_may_not_be_seen_is_not_found_by_a_chain() -> None:
    """With rules: nothing where everyone of that name and birthday is the other practice's, and something where one is not."""
    asking = ASKING._replace(token="t")
    asked = list(zip(asking.sample("chained"), questions.chained(asking), strict=True))
    hidden = {each.serial for each, piece in asked if piece.matches == 0}
    assert hidden == {each.serial for each, _ in asked if not asking.sees(each)}
    assert hidden
    assert {piece.matches for each, piece in asked if each.serial not in hidden} == {-1}


def test_a_mix_of_searches_is_read_from_a_file(tmp_path: Path) -> None:
    """Placeholders are filled from the data; what its makers leave out of the load is left out."""
    queries = [
        {"path": "Patient", "params": {"family": "{{name}}"}, "sample": {"name": "patient_family"}},
        {"path": "Patient/$export", "loadtest": "skip:async"},
    ]
    (tmp_path / "q.json").write_text(json.dumps({"queries": queries}))
    asked = questions.mix(tmp_path / "q.json")(ASKING)
    assert all(each.sent.startswith(b"GET /fhir/Patient?family=") and b"{{" not in each.sent for each in asked)
    (tmp_path / "bad.json").write_text("[]")
    with pytest.raises(Unusable):
        questions.mix(tmp_path / "bad.json")


def test_each_size_has_a_database_of_its_own() -> None:
    """The size stands in the URL; one database for several sizes is refused."""
    assert named("postgresql://h/bench_{patients}", 10, several=True) == "postgresql://h/bench_10"
    assert named("", 10, several=True) == ""
    with pytest.raises(Unusable):
        named("postgresql://h/bench", 10, several=True)


@pytest.mark.long
def test_every_figure_is_measured(tmp_path: Path) -> None:
    """Loaded once, taken again; a line of JSON for each figure."""
    arguments = ["bench", "serve", "--patients", "20", "--seconds", "0.5", "--data", str(tmp_path), "--json"]
    first = CliRunner().invoke(app, arguments)
    assert first.exit_code == 0, first.output
    lines = [json.loads(line) for line in first.output.splitlines() if line.startswith("{")]
    assert {"load", "read by id", "CarePlan?patient=", "chained search", "create", "update"} <= {each["figure"] for each in lines}
    assert all(each["rate"] > 0 for each in lines)
    assert any("$crew-card" in each["figure"] for each in lines)
    loaded = tmp_path / "20" / "loaded.json"
    loaded.write_text(json.dumps(json.loads(loaded.read_text()) | {"rate": 1.0}))
    again = CliRunner().invoke(app, arguments)
    assert '"figure": "load", "rate": 1.0' in again.output


@pytest.mark.long
def test_every_page_is_measured() -> None:
    """At rest and beside writes, each by whoever it is for."""
    done = CliRunner().invoke(app, ["bench", "pages", "--patients", "20", "--seconds", "0.5", "--json"])
    assert done.exit_code == 0, done.output
    lines = [json.loads(line) for line in done.output.splitlines() if line.startswith("{")]
    figures = {each["figure"]: each for each in lines}
    for page in PAGES:
        assert figures[page.name]["rate"] > 0
        assert figures[page.name]["wanted_p50_ms"] == 50
        assert figures[f"{page.name}, {BESIDE} writes/s"]["writes_beside"] > 0


def test_pages_are_those_of_an_engine_that_wants_everybody_to_sign_on() -> None:
    for option in (["--open"], ["--server", "http://127.0.0.1:1/fhir"]):
        assert CliRunner().invoke(app, ["bench", "pages", *option]).exit_code == 2
