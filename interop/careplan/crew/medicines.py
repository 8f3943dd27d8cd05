"""What the person takes now."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from interop.careplan.crew.line import Said, dated, merged, plain, sources_of, status
from interop.careplan.crew.who import day
from interop.careplan.plan import Given, Json
from interop.careplan.words import NOT, UNREAD, Words
from interop.fhir.shapes import chosen, dicts, text

STATEMENTS: Final = {"active": "", "on-hold": "on hold", "intended": "intended", "unknown": "status unknown"}
"""Statuses of a MedicationStatement that are current, and what is said of them."""
REQUESTS: Final = {"active": "", "on-hold": "on hold", "unknown": "status unknown"}
"""The same of a MedicationRequest."""
_PROPOSED: Final = frozenset(("proposal", "option"))
"""Intents by which nobody has ordered anything yet."""


_SAID_ONCE: Final = frozenset(("dose", "asNeeded"))
"""What a line may say that another of the same medicine is silent of."""
_COMPARED: Final = 50
"""Lines of one medicine with which a further one is compared."""
Over = Callable[[str], bool]
"""Whether a time as FHIR writes it is over, or has begun."""


def medicines(given: Iterable[Given], words: Words, over: Over, begun: Over) -> list[Said]:
    """Current medicines; those of one name stand together, the latest name first."""
    groups: dict[str, list[Said]] = {}
    for line in merged(line for each in given if (line := _line(each, words, over, begun)) is not None):
        groups.setdefault(plain(line.text), []).append(line)
    named = sorted((name, _together(lines)) for name, lines in groups.items())
    for _, lines in named:
        lines.sort(key=lambda line: line.date, reverse=True)
    named.sort(key=lambda each: each[1][0].date, reverse=True)
    return [line for _, lines in named for line in lines]


def _together(lines: list[Said]) -> list[Said]:
    """Of one medicine: a line that says no more than another becomes part of it, a prescription and what is taken by it. Date and
    author stay those of whoever says the most."""
    found: list[Said] = []
    for line in sorted(lines, key=lambda line: -len(line.more)):
        for at, other in enumerate(found[:_COMPARED]):
            further = other.more.keys() - line.more.keys()
            if not (line.alone or other.alone) and further <= _SAID_ONCE and line.more.items() <= other.more.items():
                found[at] = replace(other, sources=tuple(dict.fromkeys((*other.sources, *line.sources))))
                break
        else:
            found.append(line)
    return found


def _line(given: Given, words: Words, over: Over, begun: Over) -> Said | None:
    resource = given.resource
    standing = text(resource, "status")
    match text(resource, "resourceType"):
        case "MedicationStatement":
            known, doses = STATEMENTS, dicts(resource, "dosage")
            effective = chosen(resource, "effective")
            periods = [effective[1]] if effective is not None and isinstance(effective[1], dict) else []
        case "MedicationRequest":
            known, doses = REQUESTS, dicts(resource, "dosageInstruction")
            request = resource.get("dispenseRequest")
            valid = request.get("validityPeriod") if isinstance(request, dict) else None
            periods = [valid] if isinstance(valid, dict) else []
            if text(resource, "intent") in _PROPOSED:
                return None
        case _:
            return None
    if standing not in known:
        return None
    if text(resource, "resourceType") == "MedicationStatement" and any(over(end) for each in periods if (end := text(each, "end"))):
        return None
    held = chosen(resource, "medication")
    named = words.of(held[1]) if held is not None else ""
    called = named or "Medicine not named"
    more: Json = {}
    if resource.get("doNotPerform") is True:
        called = f"{NOT}{called}"
    said = [words.of(each) or UNREAD for each in doses if each]
    if said:
        more["dose"] = "; ".join(said)
    bounds = [each for dose in doses if (each := _bounds(dose)) is not None]
    later = next((start for each in (*bounds, *periods) if (start := text(each, "start")) and not begun(start)), "")
    more |= status(resource, "; ".join(filter(None, (known[standing], later and f"from {day(later)}"))))
    if any(each.get("asNeededBoolean") is True or "asNeededCodeableConcept" in each for each in doses):
        more["asNeeded"] = True
    ends = [text(each, "end") for each in (bounds if len(bounds) == len(doses) else []) or periods]
    if ends and all(ends):
        more["until"] = max(ends)
        if all(map(over, ends)):
            more["ended"] = True
    by = words.of(resource.get("requester")) or words.of(resource.get("informationSource"))
    alone = not named or any(UNREAD in each for each in said)
    return Said(called, dated(resource), by, sources_of(given), more, alone)


def _bounds(dose: Json) -> Json | None:
    """The time within which a dose is taken."""
    timing = dose.get("timing")
    repeat = timing.get("repeat") if isinstance(timing, dict) else None
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    return bounds if isinstance(bounds, dict) else None
