"""The envelope of a GP Connect message: what it holds, whose practice, which NHS numbers, and when it was made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from adapters.gpconnect.outcomes import OUTCOME, refused
from interop.errors import Problem
from interop.formats.instants import iso_instant
from interop.formats.tree import Node
from interop.ports import Envelope, Order

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
_NHS: Final = re.compile(r"https?://fhir\.nhs\.(?:uk|net)/Id/nhs-number", re.IGNORECASE)
_ODS: Final = re.compile(r"https?://fhir\.nhs\.(?:uk|net)/Id/ods-organization-code", re.IGNORECASE)
_TEMPLATE: Final = re.compile(r"\{\{|@@")
VERSION: Final = "STU3"
LONGEST: Final = 18
"""Digits of a version that counts."""
RECORD: Final = frozenset({"Patient", "List", "Condition", "MedicationStatement", "Observation", "Encounter"})
SLOTS: Final = frozenset({"Slot", "Schedule"})


def envelope(root: Node) -> Envelope:
    """The envelope of a Bundle; raises Problem ``placeholder`` where an NHS number is a template that nobody filled, and for an
    error that the practice's system answered with the reason of ``outcomes.refused``.

    A Bundle has no time of its own unless ``meta.lastUpdated`` gives one: its latest List of results tells when it was made.
    """
    from interop.formats.json import write_json

    resources = [one for entry in root.kids.get("entry", ()) if (one := entry.kid("resource")) is not None]
    kinds = [one.text("resourceType") or "" for one in resources]
    if kinds and {*kinds} == {OUTCOME}:
        raise refused(resources)
    digest = sha256(write_json(root.raw)).digest()[:16]
    organisation = _practice(resources) or _booking(resources, digest.hex())
    first = resources[0] if len(resources) == 1 else root
    version = first.text("meta/versionId") or ""
    identity = "/".join(part for part in (_message(kinds), first.text("id"), version, digest.hex()[:12]) if part)
    dates = [first.text("meta/lastUpdated"), *(one.text("date") for one in resources if one.text("resourceType") == "List")]
    return Envelope(
        family="gpconnect",
        message=_message(kinds),
        control_id=identity,
        order=Order(
            max((iso_instant(date or "") or 0 for date in dates), default=0),
            int(version) if version.isascii() and version.isdigit() and len(version) <= LONGEST else 0,
            digest.hex(),
        ),
        keys=tuple(dict.fromkeys(_keys(resources, organisation))),
        duplicate=identity,
        digest=digest,
        sender=organisation,
        organisation=organisation,
        version=VERSION,
    )


def _message(kinds: list[str]) -> str:
    """A structured record, an appointment, free slots, or what else its first resource is."""
    if "Appointment" in kinds:
        return "Appointment"
    if SLOTS & {*kinds}:
        return "Slot"
    return "StructuredRecord" if RECORD & {*kinds} else (kinds[0] if kinds else "Bundle")


def _practice(resources: list[Node]) -> str:
    """The ODS code of the organisation that manages the patient or the place, else of the only one that has a code."""
    codes = {one.text("@ref"): code for one in resources if (code := _ods(one))}
    for kind in ("Patient", "Location", "Encounter"):
        for one in resources:
            manager = one.find("managingOrganization/reference/@ref") or one.find("serviceProvider/reference/@ref")
            if one.text("resourceType") == kind and manager is not None and manager.value in codes:
                return codes[manager.value]
    return next(iter(codes.values())) if len({*codes.values()}) == 1 else ""


def _ods(resource: Node) -> str:
    """The ODS code of an Organization."""
    for identifier in resource.kids.get("identifier", ()):
        if resource.text("resourceType") == "Organization" and _ODS.fullmatch((identifier.text("system") or "").strip()):
            return (identifier.text("value") or "").upper()
    return ""


def _booking(resources: list[Node], digest: str) -> str:
    """Where no practice is told, as with an appointment alone, its ids mean nothing beyond it: who booked it and when stand
    for the practice, so that the ``Patient/1`` of two practices stay two; where that is not told, the message itself."""
    for one in resources:
        booker = next((code for inside in one.kids.get("contained", ()) if (code := _ods(inside))), "")
        if one.text("resourceType") == "Appointment":
            return f"{booker}:{one.text('created') or digest}"
    return ""


def _keys(resources: list[Node], organisation: str) -> Iterator[str]:
    for one in resources:
        if one.text("resourceType") == "Patient":
            for identifier in one.kids.get("identifier", ()):
                value = identifier.text("value") or ""
                if _NHS.fullmatch((identifier.text("system") or "").strip()):
                    if _TEMPLATE.search(value):
                        raise Problem("placeholder", where="Patient.identifier")
                    digits = value.replace(" ", "").replace("-", "")
                    if len(digits) == 10 and digits.isascii() and digits.isdigit():
                        yield f"{NHS_NUMBER}|{digits}"
            yield f"{organisation}|{one.text('@key')}"
        for participant in one.kids.get("participant", ()):
            patient = participant.find("actor/reference")
            if patient is not None and patient.text("@type") == "Patient":
                yield f"{organisation}|Patient/{patient.text('@id')}"
