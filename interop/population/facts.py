"""What of a person's record an analyst is told: numbers and words of ours, nothing that is written there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from interop.clock import MICROSECONDS
from interop.fhir.searching import interval
from interop.fhir.shapes import dicts, text

YEAR: Final = 365 * 86_400 * MICROSECONDS
RISK: Final = "http://terminology.hl7.org/CodeSystem/risk-probability"
BANDS: Final = ("negligible", "low", "moderate", "high", "certain")
"""Of RiskAssessment.prediction.qualitativeRisk, the least first."""
GONE: Final = frozenset(("resolved", "inactive", "remission"))
WRONG: Final = frozenset(("refuted", "entered-in-error"))
NOT_SO: Final = frozenset(("cancelled", "entered-in-error", "planned"))
ATTENDED: Final = "EMER"
CREW: Final = ("http://snomed.info/sct", "11424001")
"""Ambulance-based care: what a crew did is no attendance."""
TRIAGED: Final = "triage-outcome"
Json = dict[str, Any]
Groups = Mapping[tuple[str, str], str]


class Risk(NamedTuple):
    """``score`` from 0 to 1 to two places, None where none is told; ``band`` one of ``BANDS``, '' where none is."""

    score: float | None = None
    band: str = ""

    @property
    def place(self) -> tuple[float, int]:
        """The greater comes first: by score, whoever has none by band after all who have one."""
        return (-1.0 if self.score is None else self.score), BANDS.index(self.band) if self.band else -1


class Facts(NamedTuple):
    """Of one person: groups of long-term conditions, attendances of an emergency department in twelve months, whether there is a
    plan."""

    conditions: int = 0
    attendances: int = 0
    plan: bool = False


def risk(assessment: Json) -> Risk | None:
    """What a RiskAssessment predicts at the most; None where it is not in force or predicts nothing that can be ranked. R4 leaves
    open whether a probability is a share or per cent (RiskAssessment.prediction.probability): above 1 it is per cent."""
    if assessment.get("status") not in ("final", "amended", "corrected"):
        return None
    found = [each for each in map(_predicted, dicts(assessment, "prediction")) if each != Risk()]
    return max(found, key=lambda each: each.place, default=None)


def _predicted(prediction: Json) -> Risk:
    said = prediction.get("probabilityDecimal")
    score = None
    if isinstance(said, int | float) and not isinstance(said, bool) and 0 <= said <= 100:
        score = round(said / 100 if said > 1 else float(said), 2)
    named = [text(each, "code") for each in dicts(prediction.get("qualitativeRisk"), "coding") if text(each, "system") == RISK]
    return Risk(score, next((each for each in named if each in BANDS), ""))


def assessed(assessment: Json) -> int:
    """When a RiskAssessment was made (microseconds); 0 where it does not say so."""
    period = assessment.get("occurrencePeriod")
    found = interval(text(assessment, "occurrenceDateTime") or text(period, "end") or text(period, "start"))
    return found[0] if found is not None else 0


def age(patient: Json, now: int) -> int | None:
    """Years at ``now``; None where nothing can be read."""
    found = interval(text(patient, "birthDate"))
    if found is None or found[0] > now:
        return None
    born, today = (datetime.fromtimestamp(each // MICROSECONDS, UTC) for each in (found[0], now))
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def dead(patient: Json) -> bool:
    """Whether a Patient is said to have died."""
    return patient.get("deceasedBoolean") is True or "deceasedDateTime" in patient


def facts(resources: Iterable[Json], groups: Groups, now: int) -> Facts:
    """What the Conditions, Encounters and CarePlans of one person come to; ``groups``: the long-term condition of a code."""
    conditions: set[str] = set()
    attendances, plan = 0, False
    for each in resources:
        match each.get("resourceType"):
            case "Condition":
                conditions |= _conditions(each, groups)
            case "Encounter":
                attendances += _attended(each, now)
            case "CarePlan":
                plan = plan or _plans(each)
    return Facts(len(conditions), attendances, plan)


def _conditions(condition: Json, groups: Groups) -> set[str]:
    if _codes(condition.get("clinicalStatus")) & GONE or _codes(condition.get("verificationStatus")) & WRONG:
        return set()
    pairs = [(text(each, "system"), text(each, "code")) for each in dicts(condition.get("code"), "coding")]
    return {groups[pair] for pair in pairs if pair in groups}


def _attended(encounter: Json, now: int) -> bool:
    if text(encounter.get("class"), "code") != ATTENDED or encounter.get("status") in NOT_SO:
        return False
    coded = [(text(each, "system"), text(each, "code")) for type_ in dicts(encounter, "type") for each in dicts(type_, "coding")]
    if CREW in coded or any("case-number" in text(each, "system") for each in dicts(encounter, "identifier")):
        return False
    began = interval(text(encounter.get("period"), "start"))
    return began is not None and now - YEAR < began[0] <= now


def _plans(plan: Json) -> bool:
    return plan.get("status") == "active" and not any(TRIAGED in _codes(each) for each in dicts(plan, "category"))


def _codes(concept: Any) -> set[str]:
    return {text(each, "code") for each in dicts(concept, "coding")}
