"""Synthetic medicines of a person around a stay in hospital, and what becomes of them."""

from __future__ import annotations

from typing import Any

from interop.careplan.medicines.folding import changes
from interop.careplan.medicines.values import Change, Changes
from interop.careplan.plan import Given
from interop.fhir.searching import interval
from tests.spec.careplan.plans import coded

GP, WARD = "A81001", "RX1"
SUMMARY = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationChangeSummary"
HERS = {"reference": "Patient/p"}
ACTIVE, DISCONTINUED = "1102411000000102", "1102191000000100"


def at(date: str) -> int:
    """Microseconds of the beginning of a date."""
    found = interval(date)
    assert found is not None
    return found[0]


def stay(id: str = "e", start: str = "2026-02-10", end: str = "2026-02-20", **more: Any) -> dict[str, Any]:
    """A stay in hospital."""
    said = {"status": "finished", "class": {"code": "IMP"}, "subject": HERS, "period": {"start": start, "end": end}}
    return {"resourceType": "Encounter", "id": id, **said, **more}


def drug(name: str, code: str = "") -> dict[str, Any]:
    """A medicine as a CodeableConcept."""
    return coded(code, text=name) if code else {"text": name}


def taken(id: str, name: str, directions: str = "", code: str = "", start: str = "2024-01-01", **more: Any) -> dict[str, Any]:
    """A MedicationStatement, active since before the stay."""
    said: dict[str, Any] = {"status": "active", "subject": HERS, "medicationCodeableConcept": drug(name, code)}
    if start:
        said["effectivePeriod"] = {"start": start}
    if directions:
        said["dosage"] = [{"text": directions}]
    return {"resourceType": "MedicationStatement", "id": id, **said, **more}


def listed(id: str, name: str, directions: str = "", code: str = "", said: str = "", **more: Any) -> dict[str, Any]:
    """A MedicationStatement as a discharge letter has it; ``said`` is the hospital's own word for what changed."""
    parts: list[dict[str, Any]] = [{"url": "status", "valueCoding": {"code": said}}] if said else []
    if reason := more.pop("because", ""):
        parts.append({"url": "indicationForChange", "valueCodeableConcept": {"text": reason}})
    extension = {"extension": [{"url": SUMMARY, "extension": parts}]} if parts else {}
    return {**taken(id, name, directions, code, ""), **extension, **more}


def letter(*held: dict[str, Any], id: str = "letter", **more: Any) -> dict[str, Any]:
    """The Composition of a discharge letter that refers to these."""
    entries = [{"reference": f"{each['resourceType']}/{each['id']}"} for each in held]
    said = {"status": "final", "subject": HERS, "encounter": {"reference": "Encounter/e"}, "date": "2026-02-20"}
    return {"resourceType": "Composition", "id": id, **said, "section": [{"title": "Medicines", "entry": entries}], **more}


def whole_list(*held: dict[str, Any], code: str = ACTIVE, id: str = "whole", **more: Any) -> dict[str, Any]:
    """A list of the hospital: of all that is taken at discharge, or of what was stopped."""
    entries = [{"item": {"reference": f"{each['resourceType']}/{each['id']}"}} for each in held]
    said = {"status": "current", "mode": "snapshot", "subject": HERS, "encounter": {"reference": "Encounter/e"}}
    return {"resourceType": "List", "id": id, **said, "code": coded(code), **({"entry": entries} if entries else {}), **more}


def by(source: str, *resources: dict[str, Any], updated: str = "2026-01-01", version: int = 1) -> list[Given]:
    """As an organisation has sent them."""
    return [Given(each, version, source, at(updated)) for each in resources]


def around(before: list[dict[str, Any]], after: list[dict[str, Any]], *more: dict[str, Any]) -> Changes:
    """A stay of which the practice had told of medicines before and the hospital tells by a letter afterwards."""
    told = [*after, letter(*after), stay(), *more]
    return changes([*by(GP, *before), *by(WARD, *told, updated="2026-02-20")], "e")


def only(found: Changes) -> Change:
    """The one medicine that there is."""
    (line,) = found.lines
    return line


def kinds(found: Changes) -> dict[str, str]:
    """What became of each medicine by its name."""
    return {each.name: each.kind for each in found.lines}
