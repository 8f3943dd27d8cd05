"""What the person takes now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from interop.careplan.crew.line import Said, dated, merged, plain, sources_of
from interop.careplan.plan import Given, Json
from interop.careplan.words import NOT, Words
from interop.fhir.shapes import chosen, dicts, text

STATEMENTS: Final = {"active": "", "on-hold": "on hold", "intended": "intended", "unknown": "status unknown"}
"""Statuses of a MedicationStatement that are current, and what is said of them."""
REQUESTS: Final = {"active": "", "on-hold": "on hold", "unknown": "status unknown"}
"""The same of a MedicationRequest."""
_PROPOSED: Final = frozenset(("proposal", "option"))
"""Intents by which nobody has ordered anything yet."""


def medicines(given: Iterable[Given], words: Words, over: Callable[[str], bool]) -> list[Said]:
    """Current medicines; those of one name stand together, the latest name first."""
    lines = merged(line for each in given if (line := _line(each, words, over)) is not None)
    latest: dict[str, str] = {}
    for line in lines:
        latest[plain(line.text)] = max(latest.get(plain(line.text), ""), line.date)
    lines.sort(key=lambda line: line.date, reverse=True)
    lines.sort(key=lambda line: plain(line.text))
    lines.sort(key=lambda line: latest[plain(line.text)], reverse=True)
    return lines


def _line(given: Given, words: Words, over: Callable[[str], bool]) -> Said | None:
    resource = given.resource
    status = text(resource, "status")
    match text(resource, "resourceType"):
        case "MedicationStatement":
            known, doses = STATEMENTS, dicts(resource, "dosage")
            period = chosen(resource, "effective")
        case "MedicationRequest":
            known, doses = REQUESTS, dicts(resource, "dosageInstruction")
            period = None
            if text(resource, "intent") in _PROPOSED:
                return None
        case _:
            return None
    if status not in known:
        return None
    end = text(period[1], "end") if period is not None else ""
    if end and over(end):
        return None
    held = chosen(resource, "medication")
    called = (words.of(held[1]) if held is not None else "") or "Medicine not named"
    more: Json = {}
    if resource.get("doNotPerform") is True:
        called = f"{NOT}{called}"
    if dose := "; ".join(filter(None, map(words.of, doses))):
        more["dose"] = dose
    if known[status]:
        more["status"] = known[status]
    if any(each.get("asNeededBoolean") is True or "asNeededCodeableConcept" in each for each in doses):
        more["asNeeded"] = True
    if end:
        more["until"] = end
    by = words.of(resource.get("requester")) or words.of(resource.get("informationSource"))
    return Said(called, dated(resource), by, sources_of(given), more)
