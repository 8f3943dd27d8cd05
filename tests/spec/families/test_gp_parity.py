"""Two ways out of GP systems, one standard: what OpenHR and GP Connect give for the same facts, or why one gives none.

The worked examples are the evidence: an element counts as given where some resource of that type in them has it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from interop.mapping.examples import value_at
from interop.mapping.library import adapters
from tests.spec.families.maps import make

NO_APPOINTMENTS = "OpenHR has no appointments: they are in EMIS Open and in the EMIS extract"
MATRIX: list[tuple[str, str, str, str]] = [
    # type, element, why OpenHR gives none, why GP Connect gives none
    ("Appointment", "status", NO_APPOINTMENTS, ""),
    ("Appointment", "start", NO_APPOINTMENTS, ""),
    ("Appointment", "end", NO_APPOINTMENTS, ""),
    ("Appointment", "slot", NO_APPOINTMENTS, ""),
    ("Appointment", "participant[0].actor", NO_APPOINTMENTS, ""),
    ("Appointment", "cancelationReason", NO_APPOINTMENTS, ""),
    ("Encounter", "status", "", ""),
    ("Encounter", "class", "", ""),
    ("Encounter", "type", "", ""),
    ("Encounter", "subject", "", ""),
    ("Encounter", "period.start", "", ""),
    ("Encounter", "length.value", "", ""),
    ("Encounter", "participant[0].type", "", ""),
    ("Encounter", "participant[0].individual", "", ""),
    ("Encounter", "location[0].location", "", ""),
    ("Encounter", "serviceProvider", "", ""),
    ("Encounter", "reasonCode", "", ""),
    ("CarePlan", "status", "", ""),
    ("CarePlan", "intent", "", ""),
    ("CarePlan", "category[0].coding[0].code", "", ""),
    ("CarePlan", "title", "", ""),
    ("CarePlan", "subject", "", ""),
    ("CarePlan", "encounter", "", ""),
    ("CarePlan", "created", "", ""),
    ("CarePlan", "author", "", ""),
    ("CarePlan", "activity[0].detail.code", "", ""),
    ("CarePlan", "activity[0].detail.scheduledPeriod.start", "", ""),
    ("CarePlan", "contributor", "", "GP Connect names who asked for it and not who entered it"),
    ("Condition", "code.coding", "", ""),
    ("Condition", "clinicalStatus", "", ""),
    ("Condition", "category", "", ""),
    ("Condition", "onsetDateTime", "", ""),
    ("Condition", "recordedDate", "", ""),
    ("Condition", "recorder", "", "STU3 has no recorder of a Condition"),
    ("Condition", "encounter", "", ""),
    ("AllergyIntolerance", "code.coding", "", ""),
    ("AllergyIntolerance", "clinicalStatus", "", ""),
    ("AllergyIntolerance", "onsetDateTime", "", ""),
    ("AllergyIntolerance", "recordedDate", "", ""),
    ("MedicationStatement", "status", "", ""),
    ("MedicationStatement", "dosage[0].text", "", ""),
    ("MedicationStatement", "effectivePeriod.start", "", ""),
    ("MedicationRequest", "authoredOn", "", ""),
    ("MedicationRequest", "dispenseRequest.quantity", "", ""),
    ("MedicationRequest", "courseOfTherapyType", "", ""),
    ("Immunization", "occurrenceDateTime", "", ""),
    ("Immunization", "recorded", "", ""),
    ("Observation", "code.coding", "", ""),
    ("Observation", "effectiveDateTime", "", ""),
    ("Observation", "issued", "", ""),
    ("Observation", "encounter", "", ""),
    ("Observation", "category", "", ""),
    ("ServiceRequest", "category", "", ""),
    ("List", "entry[0].item", "OpenHR tells the heading of each entry and no tree", ""),
]


@cache
def bodies(family: str) -> tuple[dict[str, Any], ...]:
    """Every resource that the worked examples of a family make."""
    return tuple(_bodies(family))


def _bodies(family: str) -> Iterator[dict[str, Any]]:
    for entry in files("mappings").joinpath(family, "examples").iterdir():
        if not entry.name.endswith(".csv"):
            for message in adapters()[family].split(io.BytesIO(entry.read_bytes())):
                made = make(family, message)
                for name in dict.fromkeys(one.name for one in made.contributions if one.effect == "upsert"):
                    yield from made.all(name)


@pytest.mark.parametrize(("kind", "path", "openhr", "gpconnect"), MATRIX, ids=[f"{kind}.{path}" for kind, path, *_ in MATRIX])
def test_both_sources_give_it_or_there_is_a_reason(kind: str, path: str, openhr: str, gpconnect: str) -> None:
    """A reason stands for what a source cannot give: one that gives it all the same needs none."""
    for family, reason in (("openhr", openhr), ("gpconnect", gpconnect)):
        given = any(one["resourceType"] == kind and value_at(one, path) is not None for one in bodies(family))
        assert given is not bool(reason), family


@pytest.mark.parametrize("family", ["openhr", "gpconnect"])
def test_codes_of_read_stand_beside_snomed_ct(family: str) -> None:
    """As they were given, whichever way they came."""
    systems = [
        {coding.get("system") for coding in (one.get("code") or {}).get("coding", ())}
        for one in bodies(family)
        if one["resourceType"] == "Condition"
    ]
    assert {"http://read.info/readv2", "http://snomed.info/sct"} in systems


@pytest.mark.parametrize("family", ["openhr", "gpconnect"])
def test_a_diary_entry_is_of_one_category(family: str) -> None:
    plans = [one for one in bodies(family) if one["resourceType"] == "CarePlan"]
    assert plans
    assert {plan["category"][0]["coding"][0]["code"] for plan in plans} == {"diary-entry"}
