"""Visits and notes: what was written down at each visit, call or stay."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fastapi.responses import HTMLResponse

from interop.fhir.shapes import Json, dicts, text
from interop.pages.portal.listing import number as page_number
from interop.pages.portal.listing import of
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import absences, said
from interop.pages.record.asking import Known, search
from interop.pages.record.readings import readings

SIZE: Final = 20
CHUNK: Final = 200
WRITTEN: Final = ("Observation", "Condition", "Procedure")
"""Types of what is written down at a visit."""


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that was written down: what it is called, its value if it has one, and its author's words."""

    name: str
    value: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Visit:
    """A contact. ``kind`` is what its source calls it; ``outcome`` how it ended, in its words."""

    id: str
    kind: str
    start: str
    end: str
    status: str
    where: str
    who: tuple[str, ...]
    why: tuple[str, ...]
    outcome: str
    notes: tuple[Note, ...]


def note(resource: Json, known: Known) -> Note:
    """What an Observation, Condition or Procedure says. Pure."""
    values = readings(resource, known.words) if text(resource, "resourceType") == "Observation" else []
    value = "; ".join(f"{each.name}: {each.words}" if each.name else each.words for each in values)
    words = tuple(each for one in dicts(resource, "note") if (each := text(one, "text")))
    return Note(known.words.of(resource.get("code")), value, words)


def visit(encounter: Json, written: Iterable[Json], known: Known) -> Visit:
    """An Encounter and what refers to it. Pure."""
    kinds = [known.words.of(each) for each in dicts(encounter, "type")]
    coded = encounter.get("class")
    period = encounter.get("period")
    people = [each.get("individual") for each in dicts(encounter, "participant")]
    stay = encounter.get("hospitalization")
    outcome = known.words.of(stay.get("dischargeDisposition")) if isinstance(stay, dict) else ""
    provider = known.called(encounter.get("serviceProvider"))
    reasons = [known.words.of(each) for each in dicts(encounter, "reasonCode")]
    return Visit(
        text(encounter, "id"),
        next((each for each in kinds if each), "") or said("class", text(coded, "code"), "Contact"),
        text(period, "start"),
        text(period, "end"),
        said("note", text(encounter, "status")),
        provider,
        tuple(dict.fromkeys(
            name for each in people if text(each, "reference").startswith("Practitioner") and (name := known.called(each))
        )),
        tuple(dict.fromkeys(each for each in reasons if each)),
        outcome,
        tuple(dict.fromkeys(note(each, known) for each in written)),
    )  # fmt: skip


async def page(whose: Whose) -> HTMLResponse:
    """The contacts of a page with what was written down at each."""
    wanted = page_number(whose.here.request.query_params.get("page", ""))
    criteria = [("patient", whose.id), ("_sort", "-date"), ("_count", str(CHUNK)), ("_total", "accurate")]
    found = await search(whose.here.api, "Encounter", criteria)
    whose.lacking += [each for each in absences(found.outcomes) if each not in whose.lacking]
    listed = of(found.matches, str(wanted), len(found.matches), more=(found.total or 0) > len(found.matches), size=SIZE)
    ids = [text(each, "id") for each in listed.shown]
    written = await _written(whose, ids) if ids else []
    names = await whose.known([*listed.shown, *written])
    by: dict[str, list[Json]] = {}
    for each in written:
        held = each.get("encounter")
        by.setdefault(text(held, "reference").removeprefix("Encounter/"), []).append(each)
    visits = [visit(each, by.get(text(each, "id"), ()), names) for each in listed.shown]
    return whose.page("notes.html", whose.titled("visits and notes"), names, visits=visits, listed=listed)


async def _written(whose: Whose, ids: list[str]) -> list[Json]:
    """What refers to these contacts; of no other person."""
    query = [("_id", ",".join(ids)), ("patient", whose.id), ("_count", str(SIZE))]
    query += [("_revinclude", f"{each}:encounter") for each in WRITTEN]
    found = await search(whose.here.api, "Encounter", query)
    return [each for each in found.matches if text(each, "resourceType") in WRITTEN]
