"""Resources and messages of FHIR that the people of the stories write, and what is read from answers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

NHS = "https://fhir.nhs.uk/Id/nhs-number"
CONFLICT = "urn:interop:extension:plan-conflict"
CONTENT = "urn:interop:codes:plan-content"
MESSAGES = Path(__file__).parent / "messages"


def message(name: str, **said: str) -> bytes:
    """A message of the folder; what stands in it as ``{{name}}`` is said by the story. HL7 v2 ends its segments with CR."""
    text = (MESSAGES / name).read_text("utf-8")
    for key, value in said.items():
        text = text.replace("{{" + key + "}}", value)
    assert "{{" not in text, name
    return (text.replace("\n", "\r") if name.endswith(".hl7") else text).encode()


def parameters(**said: str) -> dict[str, Any]:
    """What an operation is asked with; ``decision`` is a code."""
    made = [{"name": name.replace("_", "-"), "valueCode" if name == "decision" else "valueString": said[name]} for name in said]
    return {"resourceType": "Parameters", "parameter": made}


def coded(code: str, system: str = CONTENT, **more: Any) -> dict[str, Any]:
    """A CodeableConcept."""
    return {"coding": [{"system": system, "code": code}], **more}


def plan(title: str, *activities: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A CarePlan, as its author contributes it; an activity is its detail."""
    details = [{"detail": {"status": "in-progress", **each}} for each in activities]
    return {"resourceType": "CarePlan", "status": "active", "intent": "plan", "title": title, "activity": details, **more}


def does(heading: str, words: str, *, when: str = "", who: str = "") -> dict[str, Any]:
    """An activity that stands under a heading; ``when`` is what it is for (if this, then that), ``who`` is to do it."""
    made: dict[str, Any] = {"code": coded(heading), "description": words}
    return made | ({"reasonCode": [{"text": when}]} if when else {}) | ({"performer": [{"display": who}]} if who else {})


def team(patient: str, name: str, organisation: dict[str, Any], mail: str, *clinicians: dict[str, Any]) -> dict[str, Any]:
    """A team that takes care of a person; each of the clinicians answers for the person."""
    named = [{"role": [{"text": "Named clinician"}], "member": each, "onBehalfOf": organisation} for each in clinicians]
    made = {
        "resourceType": "CareTeam",
        "status": "active",
        "name": name,
        "subject": {"reference": f"Patient/{patient}"},
        "managingOrganization": [organisation],
        "telecom": [{"system": "email", "value": mail, "use": "work"}],
    }
    return made | ({"participant": named} if named else {})


def matches(bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """The resources that a search has found."""
    return [each["resource"] for each in bundle.get("entry", []) if each["search"]["mode"] == "match"]


def only(found: list[str], wanted: str = "") -> str:
    """The one that is found, which is the one that is wanted where that is said."""
    (one,) = found
    assert wanted in ("", one), found
    return one


def nothing(found: Sequence[object]) -> str:
    """Nothing is found."""
    assert not found, found
    return "nothing"


def looked(answer: dict[str, Any]) -> list[str]:
    """Who has looked, as the person is told: organisation and role, each once; ``answer`` is that of ``$who-looked``."""
    looks = [{part["name"]: part for part in each["part"]} for each in answer["parameter"] if each["name"] == "look"]
    names = {(each.get("organisation", {}).get("valueString", ""), each["role"]["valueCode"]) for each in looks}
    return sorted(f"{role} of {whose}" if whose else role for whose, role in names)


def headings(answer: dict[str, Any], code: str) -> list[dict[str, Any]]:
    """The sections of a heading of ``$care-plan``."""
    sections = [one for group in answer["entry"][0]["resource"]["section"] for one in group.get("section", [])]
    return [one for one in sections if any(each["code"] == code for each in one.get("code", {}).get("coding", []))]


def conflicts(answer: dict[str, Any], heading: str) -> list[str]:
    """What stands under a heading of ``$care-plan`` in which its authors do not agree."""
    (section,) = headings(answer, heading)
    assert any(each["url"] == CONFLICT for each in section["extension"]), section
    return [line["title"] for line in section["section"]]


def lines(answer: dict[str, Any], heading: str) -> list[str]:
    """What stands under a heading of ``$care-plan``."""
    return [line["title"] for section in headings(answer, heading) for line in section.get("section", [])]
