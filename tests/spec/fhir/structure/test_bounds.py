"""Hostile resources: work grows with the size of the resource and no faster, and findings come to an end."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.validation import check

MANY = 4_000


def chain(kind: str) -> dict[str, Any]:
    """A Bundle in which each entry refers to the one before it."""
    entries = [
        {
            "fullUrl": f"https://example.org/Patient/{number}",
            "resource": {
                "resourceType": "Patient",
                "id": str(number),
                "link": [{"other": {"reference": f"Patient/{max(number - 1, 0)}"}, "type": "seealso"}],
            },
        }
        for number in range(MANY)
    ]
    return {"resourceType": "Bundle", "type": kind, "entry": entries}


HOSTILE: dict[str, dict[str, Any]] = {
    "a chain of entries": chain("document"),
    "references to nowhere": {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {
                "fullUrl": "https://example.org/Patient/1",
                "resource": {
                    "resourceType": "Patient",
                    "id": "1",
                    "link": [{"other": {"reference": f"urn:oid:1.2.{number}"}, "type": "seealso"} for number in range(MANY)],
                },
            }
        ],
    },
    "nulls beside nothing": {"resourceType": "Patient", "name": [{"given": [None] * MANY, "_given": [None] * (MANY + 1)}]},
    "contained resources that nothing names": {
        "resourceType": "Patient",
        "contained": [{"resourceType": "Organization", "id": f"o{number}", "name": "A"} for number in range(MANY)],
    },
    "items": {
        "resourceType": "Questionnaire",
        "status": "draft",
        "item": [{"linkId": "a", "type": "group", "item": [{}] * 10} for _ in range(MANY)],
    },
    "elements of a definition": {
        "resourceType": "StructureDefinition",
        "differential": {"element": [{"path": f"Patient.a{number}"} for number in range(MANY)]},
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_findings_come_to_an_end(name: str) -> None:
    """A thousand warnings or two thousand errors of one object, and that there are more is told."""
    findings = check(HOSTILE[name])
    assert 0 < len(findings) < 6_000
    assert sum(each.code == "too-costly" for each in findings) <= 20
