"""The umbrella plan: each contribution to a person's plan is a CarePlan of its own, part of one engine-owned CarePlan of the
same source Patient, so that many authors make one plan without writing in each other's."""

from __future__ import annotations

from typing import Any, Final

from interop.ids import Mint
from interop.mapping.contribution import Contribution, Mapped
from interop.mapping.runtime import FLAGS

TRIAGE_OUTCOME = "triage-outcome"
ENGINE = "engine"
"""The owner of what the engine itself keeps."""
_SAID: Final = {"status": "unknown", "intent": "plan", "title": "Shared care plan"}
_TAG: Final = {"system": FLAGS, "code": "umbrella"}


def add_umbrellas(mapped: Mapped, mint: Mint) -> None:
    """Give every plan its place under its Patient's umbrella, and make the umbrellas. A triage outcome is nobody's plan,
    and whoever is told of by a name or a number alone has none here."""
    umbrellas: dict[str, Contribution] = {}
    for contribution in mapped.contributions:
        if contribution.type != "CarePlan" or contribution.effect != "upsert" or is_triage_outcome(contribution):
            continue
        patient = (contribution.registers.get("subject") or {}).get("reference")
        if not patient:
            continue
        whole = umbrellas.get(patient) or _umbrella(patient, mint)
        umbrellas[patient] = whole
        contribution.registers["partOf:umbrella"] = [{"reference": f"CarePlan/{whole.id}"}]
    mapped.contributions.extend(umbrellas.values())


def is_triage_outcome(contribution: Contribution) -> bool:
    """Whether a CarePlan says what a triage came to (111, Pathways, BaRS)."""
    return any(
        coding.get("code") == TRIAGE_OUTCOME
        for register, value in contribution.registers.items()
        if register.startswith("category:")
        for concept in value
        for coding in concept.get("coding", ())
    )


def umbrella_id(patient: str, mint: Mint) -> str:
    """The id of the umbrella of a Patient, who is named as ``Patient/ID``."""
    return mint.id("CarePlan", "urn:interop:umbrella", patient)


def umbrella(patient: str, id: str) -> dict[str, Any]:
    """The umbrella as a resource, for a plan that no feed contributes."""
    return {
        "resourceType": "CarePlan",
        "id": id,
        "meta": {"tag": [dict(_TAG)]},
        **_SAID,
        "subject": {"reference": patient},
    }


def _umbrella(patient: str, mint: Mint) -> Contribution:
    registers = {**_SAID, "subject": {"reference": patient}, "meta.tag:flags": [dict(_TAG)]}
    return Contribution("CarePlan", umbrella_id(patient, mint), registers, name=ENGINE)
