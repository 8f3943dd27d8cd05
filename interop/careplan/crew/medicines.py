"""What the person takes now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from interop.careplan.crew.line import Said, dated, merged, plain, sources_of, status
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
    lines = _together(merged(line for each in given if (line := _line(each, words, over)) is not None))
    latest: dict[str, str] = {}
    for line in lines:
        latest[plain(line.text)] = max(latest.get(plain(line.text), ""), line.date)
    lines.sort(key=lambda line: line.date, reverse=True)
    lines.sort(key=lambda line: plain(line.text))
    lines.sort(key=lambda line: latest[plain(line.text)], reverse=True)
    return lines


def _together(lines: list[Said]) -> list[Said]:
    """A line that says no more than another of the same name becomes part of it: a prescription, and what is taken by it."""
    found: list[Said] = []
    for line in sorted(lines, key=lambda line: -len(line.more)):
        for at, other in enumerate(found):
            same = plain(other.text) == plain(line.text) and other.more.get("status") == line.more.get("status")
            if same and line.more.items() <= other.more.items():
                sources = tuple(dict.fromkeys((*other.sources, *line.sources)))
                found[at] = replace(other, date=max(other.date, line.date), by=other.by or line.by, sources=sources)
                break
        else:
            found.append(line)
    return found


def _line(given: Given, words: Words, over: Callable[[str], bool]) -> Said | None:
    resource = given.resource
    standing = text(resource, "status")
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
    if standing not in known:
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
    more |= status(resource, known[standing])
    if any(each.get("asNeededBoolean") is True or "asNeededCodeableConcept" in each for each in doses):
        more["asNeeded"] = True
    if end:
        more["until"] = end
    by = words.of(resource.get("requester")) or words.of(resource.get("informationSource"))
    return Said(called, dated(resource), by, sources_of(given), more)
