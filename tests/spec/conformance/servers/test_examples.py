"""``conformance examples``: resources through a server and back."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from conformance.roundtrip.resources import difference, literal, plain
from conformance.roundtrip.values import searches

pytestmark = pytest.mark.long

OBSERVATION = {
    "resourceType": "Observation",
    "id": "je-o",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">7.20 <br/>g/L</div>'},
    "identifier": [{"system": "urn:oid:1.2", "value": "a,b|c"}],
    "status": "final",
    "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
    "subject": {"reference": "Patient/je-p"},
    "encounter": {"reference": "#inside"},
    "effectivePeriod": {"start": "2026-01-05"},
    "valueQuantity": {"value": 7.2, "unit": "g/L", "system": "http://unitsofmeasure.org", "code": "g/L"},
    "contained": [{"resourceType": "Encounter", "id": "inside", "status": "finished", "class": {"code": "AMB"}}],
}
WANTED = {
    "identifier": r"urn:oid:1.2|a\,b\|c",
    "code": "http://loinc.org|718-7",
    "subject": "Patient/je-p",
    "patient": "Patient/je-p",
    "date": "ge2026-01-05",
    "status": "final",
    "value-quantity": "7.2|http://unitsofmeasure.org|g/L",
    "code-value-quantity": "http://loinc.org|718-7$7.2|http://unitsofmeasure.org|g/L",
}


def test_searches_are_made_of_the_own_values_of_a_resource() -> None:
    """Every parameter with a value, escaped as search asks; what is contained is no value to search by."""
    made = dict(searches(OBSERVATION))
    assert {name: made.get(name) for name in WANTED} == WANTED
    assert "encounter" not in made


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ('{"resourceType": "Patient", "id": "a", "x": 7.20}', ""),
        ('{"resourceType": "Patient", "id": "a", "x": 7.2}', "x is '7.2', not '7.20'"),
        ('{"resourceType": "Patient", "id": "a", "x": "7.20"}', "x is '7.20', not '7.20'"),
        ('{"resourceType": "Patient", "id": "a"}', "x is missing"),
        ('{"resourceType": "Patient", "id": "a", "x": 7.20, "y": 1}', "y is new"),
        ('{"resourceType": "Patient", "id": "a", "x": 7.20, "meta": {"versionId": "1"}}', "meta is new"),
    ],
)
def test_numbers_keep_their_digits(came: str, said: str) -> None:
    """What came is compared with what was sent, by the text of its numbers; the server may add to meta."""
    sent = literal('{"resourceType": "Patient", "id": "a", "x": 7.20}')
    assert difference(sent, literal(came)) == ("" if said == "meta is new" else said)


def test_narrative_is_compared_as_xml() -> None:
    """Across formats an empty element may be written in two ways."""
    one, other = ({"div": f'<div xmlns="http://www.w3.org/1999/xhtml">{br}</div>'} for br in ("<br/>", "<br></br>"))
    assert difference(one, other)
    assert not difference(plain(one), plain(other))


def test_an_example_goes_through_every_step(tmp_path: Path, judged: Callable[..., Result]) -> None:
    """Created, read in both formats, written as XML, found, deleted."""
    (tmp_path / "o.json").write_text(json.dumps(OBSERVATION).replace("7.2,", "7.20,"))
    result = judged("examples", tmp_path)
    assert result.exit_code == 0, result.output
    assert all(name in result.output for name in ("read as XML", "write as XML", "search", "delete"))


def test_what_a_server_refuses_fails(tmp_path: Path, judged: Callable[..., Result]) -> None:
    """A resource that is no R4 is not created."""
    bad: dict[str, Any] = OBSERVATION | {"id": "je-bad", "status": "unheard-of"}
    (tmp_path / "o.json").write_text(json.dumps(bad))
    result = judged("examples", tmp_path)
    assert result.exit_code == 1
    assert "create: Observation/je-bad" in result.output


def test_a_sample_is_the_same_for_the_same_seed(tmp_path: Path, judged: Callable[..., Result]) -> None:
    """``--sample`` and ``--seed``."""
    for at in range(6):
        (tmp_path / f"{at}.json").write_text(json.dumps({"resourceType": "Basic", "id": f"je-{at}", "code": {"text": "x"}}))

    def chosen() -> set[str]:
        lines = judged("examples", tmp_path, "--sample", "2", "--json").output.splitlines()
        return {said["case"] for said in map(json.loads, lines) if said["suite"] == "create"}

    assert len(chosen()) == 2
    assert chosen() == chosen()
