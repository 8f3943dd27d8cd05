"""What a resource says of a medicine, and on which side of a stay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from interop.careplan.crew.line import dated
from interop.careplan.medicines import directions
from interop.careplan.medicines.doses import Doses, several
from interop.careplan.medicines.naming import UNNAMED, form, strength
from interop.careplan.medicines.values import (
    ADDED,
    AFTER,
    AMENDED,
    BEFORE,
    CONTINUED,
    DURING,
    FINISHED,
    GIVEN,
    HELD,
    LATER,
    STOPPED,
    TAKING,
    UNDATED,
    UNSURE,
    Aside,
    Stay,
    Told,
)  # fmt: skip
from interop.careplan.plan import Code, Given, Json, Origin
from interop.careplan.resolving import Resolving
from interop.careplan.words import QUALIFIED, Words, codes
from interop.fhir.references import literal_type, versionless
from interop.fhir.searching import interval
from interop.fhir.shapes import chosen, dicts, text

TYPES: Final = ("MedicationAdministration", "MedicationDispense", "MedicationRequest", "MedicationStatement")
SUMMARY: Final = (
    "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationChangeSummary",
    "https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-MedicationChangeSummary-1",
)
"""What a hospital says of a change itself: UK Core, and CareConnect as letters in FHIR STU3 carry it."""
DOSE_CHANGED: Final = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationDosageLastChanged"
SAID: Final = {
    "added": ADDED, "started": ADDED, "new": ADDED, "amended": AMENDED, "changed": AMENDED, "continued": CONTINUED,
    "unchanged": CONTINUED, "on-hold": HELD, "on hold": HELD, "stopped": STOPPED, "discontinued": STOPPED,
}  # fmt: skip
STANDINGS: Final = {
    "MedicationStatement": {
        "active": TAKING, "intended": TAKING, "on-hold": HELD, "stopped": STOPPED, "completed": FINISHED,
    },
    "MedicationRequest": {"active": TAKING, "on-hold": HELD, "stopped": STOPPED},
}  # fmt: skip
"""That a person does not take it (``not-taken``) is no word of the hospital that they should not, nor that a prescription was
withdrawn (``cancelled``): another may have taken its place. A completed MedicationRequest tells that a prescription is used up and
not that the medicine is over. Like all else these are UNSURE."""
NEVER: Final = {"entered-in-error": "entered in error", "draft": "a draft", "not-done": "not given", "declined": "not handed over",
                "cancelled": "cancelled"}  # fmt: skip
AS_TODAY: Final = "As its source has it now: what it said before the stay is not held."


@dataclass(frozen=True, slots=True)
class _Read:
    told: Told
    low: int | None
    high: int | None
    changed: int | None


class Reader:
    """Reads statements out of resources about one stay."""

    def __init__(self, stay: Stay, resolving: Resolving) -> None:
        self._stay, self._resolving = stay, resolving
        self._words = Words({}, resolving)
        self._doses = Doses(self._words)

    def read(self, versions: list[Given]) -> tuple[list[Told], list[Aside]]:
        """What the versions of one resource say, the oldest first: on each side of the stay at most once."""
        now = versions[-1]
        if why := self._unfit(now.resource):
            return [], [Aside(self._origin(now), why)]
        if (side := self._ours(now.resource)) is not None:
            return [replace(self._told(now).told, side=side)], []
        if text(now.resource, "resourceType") in TYPES[:2]:
            return [], [Aside(self._origin(now), "given or handed over outside the stay")]
        earlier = next((each for each in reversed(versions) if each.updated <= self._stay.start), None)
        return self._elsewhere(now, earlier)

    def _unfit(self, resource: Json) -> str:
        key, status, type_ = _key(resource), text(resource, "status"), text(resource, "resourceType")
        if status in NEVER and (type_ in TYPES[:2] or status in ("entered-in-error", "draft")):
            return NEVER[status]
        if key in self._stay.replaced:
            return "of a letter that another took the place of"
        if text(resource, "intent") in ("proposal", "option"):
            return "only proposed"
        if type_ == "MedicationRequest" and key not in self._stay.held and not self._of_stay(resource):
            if status == "completed":
                return "a prescription that is used up"
            if text(resource, "intent") == "plan":
                return ""
            bases = [self._resolving(each) for each in dicts(resource, "basedOn")]
            if any(each is not None and text(each, "resourceType") == type_ and text(each, "intent") == "plan" for each in bases):
                return "one issue of a prescription"
        return ""

    def _of_stay(self, resource: Json) -> bool:
        return any(_to(resource.get(name)) in self._stay.encounters for name in ("context", "encounter"))

    def _ours(self, resource: Json) -> str | None:
        """The side of what the hospital says of this stay; None for what it does not."""
        held, of_stay = _key(resource) in self._stay.held, self._of_stay(resource)
        if not held and not of_stay:
            return None
        if text(resource, "resourceType") in TYPES[:2]:
            return DURING
        category = {each.code for value in _listed(resource.get("category")) for each in codes(value)}
        if "inpatient" in category:
            return DURING
        if held or "discharge" in category:
            return AFTER
        if text(resource, "resourceType") == "MedicationStatement":
            return BEFORE if category & {"community", "patientspecified"} else AFTER
        return AFTER if "community" in category else DURING

    def _elsewhere(self, now: Given, earlier: Given | None) -> tuple[list[Told], list[Aside]]:
        """What somebody else says: as it was when the stay began, and what is said since."""
        start, end = self._stay.start, self._stay.end
        read = self._told(now)
        if earlier is not None:
            old = self._told(earlier)
            over = old.told.standing in (STOPPED, FINISHED) or (old.high is not None and old.high <= start)
            if old.low is not None and old.low >= start:
                return [replace(read.told, side=LATER, begun=False)], []
            if earlier.version == now.version or _alike(old.told, read.told):
                if over:
                    return [], [Aside(read.told.origin, "over before the stay")]
                return [replace(old.told, side=BEFORE)], []
            since = replace(read.told, side=LATER)
            return ([since] if over else [replace(old.told, side=BEFORE), since]), []
        if (read.low is not None and read.low >= start) or (read.changed is not None and read.changed >= start):
            return [replace(read.told, side=LATER, begun=False)], []
        if read.high is not None and read.high <= start:
            return [], [Aside(read.told.origin, "over before the stay")]
        ended = read.told.standing in (STOPPED, FINISHED)
        if ended and read.high is None:
            return [replace(read.told, side=UNDATED)], []
        if read.low is None:
            return [replace(read.told, side=UNDATED)], []
        told = read.told
        if now.updated >= end:
            told = replace(told, origin=replace(told.origin, notes=(*told.origin.notes, AS_TODAY)))
        if ended:
            return [replace(told, side=BEFORE, standing=TAKING, reason=""), replace(read.told, side=LATER)], []
        return [replace(told, side=BEFORE)], []

    def _told(self, given: Given) -> _Read:
        resource = given.resource
        self._resolving.within(resource)
        type_ = text(resource, "resourceType")
        medication = chosen(resource, "medication")
        named = medication[1] if medication is not None else None
        product = self._resolving(named) if isinstance(named, dict) and "reference" in named else None
        concept = product.get("code") if product is not None else named
        name = self._words.of(named) or UNNAMED
        doses = dicts(resource, "dosageInstruction" if type_ in ("MedicationRequest", "MedicationDispense") else "dosage")
        doses = doses or [each for each in (resource.get("dosage"),) if isinstance(each, dict)]
        words = several(doses, self._doses.told)
        read = directions.read(words) if len(doses) == 1 else directions.Read(words)
        amount = several(doses, self._doses.amount)
        often = self._doses.often(doses, read)
        summary = next((each for each in dicts(resource, "extension") if text(each, "url") in SUMMARY), {})
        said = SAID.get(_summary_status(summary), "")
        standing = STANDINGS.get(type_, {}).get(text(resource, "status"), GIVEN if type_ in TYPES[:2] else UNSURE)
        if resource.get("doNotPerform") is True or _key(resource) in self._stay.stopped or said == STOPPED:
            standing = STOPPED
        if said == HELD and standing == TAKING:
            standing = HELD
        reasons = [self._words.of(value) for value in _listed(resource.get("statusReason"))]
        reasons += [self._words.of(_part(summary, "indicationForChange", "indication"))]
        if not any(reasons):
            reasons = [self._words.of(value) for value in _listed(resource.get("reasonCode"))]
        low, high = self._dates(resource)
        begins = chosen(resource, "effective")
        began = interval(text(begins[1], "start")) if begins is not None and isinstance(begins[1], dict) else None
        changed = next(
            (interval(text(each, "valueDateTime")) for each in dicts(resource, "extension") if text(each, "url") == DOSE_CHANGED),
            None,
        )
        told = Told(
            "",
            name,
            tuple(_codes(concept)),
            standing,
            self._origin(given),
            said,
            strength(name),
            amount or (read.dose if read.whole else ""),
            often,
            several(doses, lambda each: self._words.of(each.get("route"))),
            (self._words.of(product.get("form")) if product is not None else "").casefold().rstrip("s") or form(name),
            words,
            several(doses, lambda each: text(each, "patientInstruction")),
            "; ".join(dict.fromkeys(filter(None, reasons))),
            self._words.of(_part(summary, "detailsOfAmendment")),
            began is not None and began[0] >= _day(self._stay.start) and began[0] < self._stay.end,
        )
        return _Read(told, low, high, changed[0] if changed else None)

    def _dates(self, resource: Json) -> tuple[int | None, int | None]:
        """When it began, and when it was over, in microseconds."""
        effective = chosen(resource, "effective")
        period = effective[1] if effective is not None and isinstance(effective[1], dict) else {}
        point = effective[1] if effective is not None and isinstance(effective[1], str) else ""
        starts = (text(period, "start"), text(resource, "authoredOn"), point, text(resource, "dateAsserted"))
        low = next((found for each in starts if each and (found := interval(each))), None)
        high = interval(text(period, "end") or "")
        return (low[0] if low else None, high[1] if high else None)

    def _origin(self, given: Given) -> Origin:
        resource = given.resource
        by = next((_ for name in ("requester", "informationSource", "recorder") if (_ := self._words.of(resource.get(name)))), "")
        notes = (QUALIFIED,) if "modifierExtension" in resource else ()
        return Origin(
            text(resource, "resourceType"), text(resource, "id"), given.version, given.source, by,
            date=dated(resource), status=text(resource, "status"), notes=notes, updated=given.updated,
        )  # fmt: skip


def _alike(one: Told, other: Told) -> bool:
    """Whether two versions say the same of the medicine."""
    return replace(one, origin=other.origin) == other


def _codes(concept: object) -> Iterable[Code]:
    return sorted(codes(concept))


def _summary_status(summary: Json) -> str:
    value = _part(summary, "status")
    said = value if isinstance(value, str) else text(value, "code") or text(value, "text")
    if isinstance(value, dict) and not said:
        said = next((each.code for each in codes(value)), "")
    return said.casefold().strip()


def _part(summary: Json, *names: str) -> object:
    for each in dicts(summary, "extension"):
        if text(each, "url") in names and (found := chosen(each, "value")) is not None:
            return found[1]
    return None


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _day(moment: int) -> int:
    """The beginning of the day of a moment: a date without a time is that of the admission too."""
    return moment - moment % 86_400_000_000


def _key(resource: Json) -> str:
    return f"{text(resource, 'resourceType')}/{text(resource, 'id')}"


def _to(reference: object) -> str:
    literal = text(reference, "reference")
    type_ = literal_type(literal)
    return f"{type_}/{versionless(literal).rpartition('/')[2]}" if type_ else ""
