"""What a value of FHIR says, in words for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from interop.careplan.paths import Resolve
from interop.careplan.plan import Code
from interop.fhir.searching.words import narrative
from interop.fhir.shapes import Json, dicts, text, texts

NOT: Final = "Do not: "
"""Begins what ``doNotPerform`` forbids: it changes the meaning of the rest (FHIR R4, modifier elements)."""
UNITS: Final = {"s": "second", "min": "minute", "h": "hour", "d": "day", "wk": "week", "mo": "month", "a": "year"}
Displays = Mapping[tuple[str, str], str]


class Words:
    """Words by the displays of the tables, for codes that bear none, and by what references lead to."""

    def __init__(self, displays: Displays, resolve: Resolve) -> None:
        self._displays, self._resolve = displays, resolve

    def of(self, value: Any) -> str:
        """'' for what says nothing that can be read out."""
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, dict):
            return " ".join(next((said for form in _FORMS if (said := form(self, value))), "").split())
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
        for name in ("name", "code", "vaccineCode", "medicationCodeableConcept", "description", "title", "type"):
            held = value.get(name)
            for each in held if isinstance(held, list) else (held,):
                if said := self.of(each):
                    return f"{NOT}{said}" if value.get("doNotPerform") is True else said
        return ""

    def reference(self, value: Json) -> str:
        """Of a Reference: its display, else what it leads to is called."""
        if said := text(value, "display"):
            return said
        target = self._resolve(value) if "reference" in value else None
        return self.resource(target) if target is not None else ""

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
        if "repeat" in value or "event" in value:
            return self._timing(value)
        start, end = text(value, "start"), text(value, "end")
        return f"{start} to {end}" if start and end else f"from {start}" if start else f"until {end}" if end else ""

    def _timing(self, value: Json) -> str:
        repeat = value.get("repeat")
        if not isinstance(repeat, dict):
            return ", ".join(texts(value, "event"))
        often, unit = repeat.get("period"), UNITS.get(text(repeat, "periodUnit"), "")
        every = f"{repeat.get('frequency', 1)} times every {often} {unit}s" if often and unit else ""
        if often in (1, "1") and unit:
            every = f"{repeat.get('frequency', 1)} times a {unit}"
        bounds = next((self.of(each) for name, each in repeat.items() if name.startswith("bounds")), "")
        return ", ".join(part for part in (every, *texts(repeat, "when"), *texts(repeat, "timeOfDay"), bounds) if part)

    def other(self, value: Json) -> str:
        """Of an Annotation, Narrative, Attachment, Dosage or Identifier."""
        if "div" in value:
            return narrative({"text": value})
        if "authorString" in value or "time" in value or "authorReference" in value:
            return text(value, "text")
        if "url" in value or "contentType" in value:
            return text(value, "title")
        return text(value, "text") or text(value, "value")


_FORMS: Final = (Words.resource, Words.reference, Words.name, Words.amount, Words.time, Words.concept, Words.other)


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
