"""Whose words are on the card, and what is not here."""

from __future__ import annotations

from collections.abc import Sequence

from interop.careplan.crew.bounds import CODE, LINE_OF_ABSENCE, NAME
from interop.careplan.crew.fitting import short
from interop.careplan.crew.known import Absent, Known
from interop.careplan.crew.line import sources_of
from interop.careplan.crew.sections import PATIENT
from interop.careplan.crew.states import NOT_FOR_ROLE
from interop.careplan.plan import Json
from interop.clock import instant
from interop.fhir.shapes import text


def shown(known: Known, made: Json) -> list[str]:
    """The organisations whose words are on the card."""
    shown = [source for section in made.values() for line in section["lines"] for source in line.get("from", ())]
    patients = (each for each in known.given if text(each.resource, "resourceType") == PATIENT)
    return list(dict.fromkeys((*shown, *(short(source, CODE) for each in patients for source in sources_of(each)))))


def sources(known: Known, shown: Sequence[str]) -> list[Json]:
    """What organisations are called, when anything of theirs about the person last changed, how they stand."""
    latest: dict[str, int] = {}
    for each in known.given:
        for source in sources_of(each):
            latest[source] = max(latest.get(source, 0), each.updated)
    lacking = {each.source: each for each in known.absent if each.source}
    found = []
    for source in shown:
        one: Json = {"code": source}
        if name := known.names.get(source):
            one["name"] = short(name, NAME)
        if source in latest:
            one["updated"] = instant(latest[source])
        if source in lacking:
            one["state"] = lacking[source].code
            if lacking[source].since:
                one["since"] = lacking[source].since
        found.append(one)
    return found


def nearest_first(known: Known, made: Json, shown: Sequence[str]) -> list[Absent]:
    """What is not here: of the person as a whole, of the role, of sources on the card, of others."""
    closed = [name for name, section in made.items() if section["state"] == NOT_FOR_ROLE]
    role = [Absent(NOT_FOR_ROLE, f"Not shown to this role: {', '.join(closed)}.")] if closed else []
    found = sorted(known.absent, key=lambda each: (bool(each.source), each.source not in shown))
    whole = [each for each in found if not each.source]
    return [*whole, *role, *found[len(whole) :]]


def absence(absent: Absent) -> Json:
    """One absence as the card has it."""
    found: Json = {"code": absent.code, "words": short(absent.words, LINE_OF_ABSENCE)}
    if absent.source:
        found["source"] = short(absent.source, CODE)
    if absent.since:
        found["since"] = absent.since
    return found
