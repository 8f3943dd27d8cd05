"""Resources of our own to judge, and a run of the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from conformance.cli import app

SOUND: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Agnes Thornbury</div>'},
    "name": [{"family": "Thornbury", "given": ["Agnes"]}],
    "gender": "female",
}
FLAWED: dict[str, Any] = {**SOUND, "gender": "lady", "birthDate": "19540314"}
DOUBTFUL: dict[str, Any] = {name: value for name, value in SOUND.items() if name != "text"}
"""Without narrative, which dom-6 recommends."""

PROFILE = "https://example.org/StructureDefinition/NamedPatient"


def profile(url: str = PROFILE, element: str = "birthDate") -> dict[str, Any]:
    """A profile of Patient by its differential: an element must be there."""
    path = f"Patient.{element}"
    return {
        "resourceType": "StructureDefinition",
        "url": url,
        "name": "NamedPatient",
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "resource",
        "abstract": False,
        "type": "Patient",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": "Patient", "path": "Patient"}, {"id": path, "path": path, "min": 1}]},
    }


def write(path: Path, *resources: dict[str, Any]) -> Path:
    """A file with these resources, a line each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(json.dumps(resource) for resource in resources), "utf-8")
    return path


def validate(*arguments: object, body: bytes | None = None) -> Result:
    """``conformance validate`` with these arguments, in one process."""
    return CliRunner().invoke(app, ["validate", "--jobs", "1", *map(str, arguments)], input=body)


def lines(result: Result) -> list[dict[str, Any]]:
    """What was printed, a JSON object a line."""
    return [json.loads(line) for line in result.stdout.splitlines()]
