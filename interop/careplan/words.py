"""What a value of FHIR says, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from interop.careplan.paths import Resolve
from interop.careplan.plan import Code
from interop.fhir.searching.words import narrative
from interop.fhir.shapes import Json, chosen, dicts, text, texts

NOT: Final = "Do not: "
"""Begins what ``doNotPerform`` forbids: it changes the meaning of the rest (FHIR R4, modifier elements)."""
QUALIFIED: Final = "The resource says more that changes what this means: read it whole."
"""Of a modifier extension: whoever does not know it must not rely on the rest (FHIR R4, extensibility 2.4.0.1)."""
UNITS: Final = {"s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}
WHEN: Final = {
    "MORN": "in the morning", "AFT": "in the afternoon", "EVE": "in the evening", "NIGHT": "at night", "HS": "at bedtime",
    "WAKE": "on waking", "C": "with meals", "CM": "with breakfast", "CD": "with lunch", "CV": "with supper",
    "AC": "before meals", "ACM": "before breakfast", "ACD": "before lunch", "ACV": "before supper",
    "PC": "after meals", "PCM": "after breakfast", "PCD": "after lunch", "PCV": "after supper",
}  # fmt: skip
"""Codes of R4's event-timing; of others the code is told."""
UNREAD: Final = "dose not readable: see the record"
"""Stands where a Dosage says something that is not read."""
DOSAGE: Final = frozenset((
    "doseAndRate", "asNeededBoolean", "asNeededCodeableConcept", "maxDosePerPeriod", "maxDosePerAdministration",
    "maxDosePerLifetime", "additionalInstruction", "patientInstruction", "timing", "route", "site",
))  # fmt: skip
"""Elements by which a Dosage without text is known."""
_REPEAT: Final = frozenset((
    "id", "frequency", "frequencyMax", "period", "periodMax", "periodUnit", "count", "countMax", "duration", "durationMax",
    "durationUnit", "dayOfWeek", "timeOfDay", "when", "offset", "boundsPeriod", "boundsDuration", "boundsRange",
))  # fmt: skip
_CALLED: Final = (
    "name", "code", "codeCodeableConcept", "codeReference", "vaccineCode", "medicationCodeableConcept", "medicationReference",
    "description", "title", "type", "serviceType",
)  # fmt: skip
"""Elements by which a resource is called, the first that says anything."""
DEEPEST: Final = 12
"""So many values within or beyond each other are read."""
Displays = Mapping[tuple[str, str], str]


class Words:
    """Words by the displays of the tables, for codes that bear none, and by what references lead to."""

    def __init__(self, displays: Displays, resolve: Resolve) -> None:
        self._displays, self._resolve = displays, resolve
        self._depth = 0

    def of(self, value: Any) -> str:
        """'' for what says nothing that can be read out."""
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, dict):
            if self._depth >= DEEPEST:  # what refers to itself has no name
                return ""
            self._depth += 1
            try:
                return " ".join(next((said for form in _FORMS if (said := form(self, value))), "").split())
            finally:
                self._depth -= 1
        return " ".join(str(value).split()) if isinstance(value, (str, int, float)) or hasattr(value, "as_tuple") else ""

    def concept(self, value: Json) -> str:
        """Of a CodeableConcept or Coding: its text, else what its codes are called."""
        if said := text(value, "text"):
            return said
        codings = dicts(value, "coding") or ([value] if "code" in value or "display" in value else [])
        names = [text(each, "display") or self._displays.get((text(each, "system"), text(each, "code")), "") for each in codings]
        return next((name for name in names if name), "") or next((code for each in codings if (code := text(each, "code"))), "")

    def resource(self, value: Json) -> str:
        """What a resource is called: people and places by name, all else by its code or description."""
        kind = text(value, "resourceType")
        if not kind:
            return ""
        if kind == "PractitionerRole":
            who = [self.of(value[name]) for name in ("practitioner",) if name in value]
            return ", ".join(part for part in (*who, *map(self.concept, dicts(value, "code"))) if part) or self.of(
                value.get("organization")
            )
        for name in _CALLED:
            held = value.get(name)
            for each in held if isinstance(held, list) else (held,):
                if said := self.of(each):
                    return f"{NOT}{said}" if value.get("doNotPerform") is True else said
        return ""

    def reference(self, value: Json) -> str:
        """Of a Reference: its display, else what it leads to is called; that this must not be done is never left out."""
        target = self._resolve(value) if "reference" in value else None
        said = text(value, "display") or (self.resource(target) if target is not None else "")
        forbidden = target is not None and target.get("doNotPerform") is True and said and not said.startswith(NOT)
        return f"{NOT}{said}" if forbidden else said

    def name(self, value: Json) -> str:
        """Of a HumanName."""
        if "family" not in value and "given" not in value:
            return ""
        parts = [*texts(value, "prefix"), *texts(value, "given"), text(value, "family"), *texts(value, "suffix")]
        return text(value, "text") or " ".join(part for part in parts if part)

    def amount(self, value: Json) -> str:
        """Of a Quantity, Range or Ratio."""
        if "numerator" in value or "denominator" in value:
            return " / ".join(filter(None, (self.of(value.get("numerator")), self.of(value.get("denominator")))))
        if "low" in value or "high" in value:
            return " to ".join(filter(None, (self.of(value.get("low")), self.of(value.get("high")))))
        if "value" not in value:
            return ""
        said = (text(value, "comparator"), str(value["value"]), text(value, "unit") or text(value, "code"))
        return " ".join(part for part in said if part)

    def time(self, value: Json) -> str:
        """Of a Period or Timing."""
        if "repeat" in value or "event" in value or isinstance(value.get("code"), dict):
            return self._timing(value)
        start, end = text(value, "start"), text(value, "end")
        return f"{start} to {end}" if start and end else f"from {start}" if start else f"until {end}" if end else ""

    def _timing(self, value: Json) -> str:
        repeat, called = value.get("repeat"), self.of(value.get("code"))
        if not isinstance(repeat, dict):
            return ", ".join(filter(None, (called, *texts(value, "event"))))
        often, unit = _most(repeat, "period"), UNITS.get(text(repeat, "periodUnit"), "")
        frequency = _most(repeat, "frequency")
        every = f"{frequency or 1} times every {often} {unit}s" if often and unit else f"{frequency} times" if frequency else ""
        if often == "1" and unit:
            every = f"{frequency or 1} times a {unit}"
        early = f"{repeat['offset']} minutes" if "offset" in repeat else ""
        count, lasts = _most(repeat, "count"), _most(repeat, "duration")
        parts = [called, every, early, *(WHEN.get(each, each) for each in texts(repeat, "when")), *texts(repeat, "timeOfDay")]
        parts += texts(repeat, "dayOfWeek")
        parts += [f"{count} times in all" if count else "", _span(lasts, text(repeat, "durationUnit"))]
        parts += [self.of(each) for name, each in repeat.items() if name.startswith("bounds")]
        parts += texts(value, "event")
        return ", ".join(part for part in (*parts, "" if repeat.keys() <= _REPEAT else UNREAD) if part)

    def dosage(self, value: Json) -> str:
        """Of a Dosage: its text, else what its parts say; UNREAD where something of it cannot be read."""
        if value.keys().isdisjoint(DOSAGE):
            return ""
        if said := text(value, "text"):
            return said
        parts = []
        for each in dicts(value, "doseAndRate"):
            dose, rate = chosen(each, "dose"), chosen(each, "rate")
            parts.append(self.of(dose[1]) or UNREAD if dose is not None else "")
            parts.append(f"at {self.of(rate[1])}" if rate is not None and self.of(rate[1]) else UNREAD if rate is not None else "")
            parts.append("" if dose is not None or rate is not None else UNREAD)
        for name in ("route", "site", "timing"):
            if name in value:
                parts.append(self.of(value[name]) or UNREAD)
        needed = chosen(value, "asNeeded")
        if needed is not None and needed[1] is not False:
            why = self.of(needed[1]) if isinstance(needed[1], dict) else ""
            parts.append(f"when needed for {why}" if why else "when needed")
        for name, words in (("Period", ""), ("Administration", " at once"), ("Lifetime", " in a lifetime")):
            if f"maxDosePer{name}" in value:
                parts.append(f"at most {self.of(value[f'maxDosePer{name}'])}{words}")
        parts += [self.of(each) for each in dicts(value, "additionalInstruction")]
        parts.append(text(value, "patientInstruction"))
        return ", ".join(dict.fromkeys(filter(None, parts))) or UNREAD

    def other(self, value: Json) -> str:
        """Of an Annotation, Narrative, Attachment, Dosage or Identifier."""
        if "div" in value:
            return narrative({"text": value})
        if "authorString" in value or "time" in value or "authorReference" in value:
            return text(value, "text")
        if "url" in value or "contentType" in value:
            return text(value, "title")
        return text(value, "text") or text(value, "value")


def _most(value: Json, name: str) -> str:
    """A number of a Timing, with what it is at most."""
    low, high = value.get(name), value.get(f"{name}Max")
    return " to ".join(str(each) for each in (low, high) if each is not None)


def _span(lasts: str, unit: str) -> str:
    """How long something lasts."""
    return f"for {lasts} {UNITS.get(unit, unit)}{'' if lasts == '1' else 's'}" if lasts else ""


_FORMS: Final = (
    Words.resource, Words.reference, Words.dosage, Words.name, Words.amount, Words.time, Words.concept, Words.other,
)  # fmt: skip


def codes(value: Any) -> Iterator[Code]:
    """The codes of a CodeableConcept or Coding."""
    if not isinstance(value, dict):
        return
    for each in dicts(value, "coding") or ([value] if isinstance(value.get("code"), str) and "system" in value else []):
        if text(each, "code"):
            yield Code(text(each, "system"), text(each, "code"), text(each, "display"))


def contact(value: Any) -> str:
    """A ContactPoint as ``phone:01234 567890``, '' where it is over or holds nothing."""
    if not isinstance(value, dict) or text(value, "use") == "old" or not text(value, "value"):
        return ""
    return f"{text(value, 'system') or 'other'}:{text(value, 'value')}"
