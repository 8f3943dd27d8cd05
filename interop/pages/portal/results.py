"""Test results as their laboratory reported them: value, range and mark as it gave them, and nothing that we would make of them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from interop.fhir.shapes import Json, dicts, text
from interop.pages.portal.listing import CHUNK, listing
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import absences, said
from interop.pages.record.aside import aside, long
from interop.pages.record.asking import Found, Known, search
from interop.pages.record.files import File
from interop.pages.record.kinds import measured, told
from interop.pages.record.readings import Reading, readings
from interop.pages.record.reports import report


@dataclass(frozen=True, slots=True)
class Value:
    """One value: ``mark`` is what its source says of it, '' where it says nothing."""

    name: str
    words: str
    range: str
    mark: str


@dataclass(frozen=True, slots=True)
class Result:
    """A measurement or a report. ``void``: not to be relied on. ``notes`` and ``conclusion`` are its source's words."""

    name: str
    at: str
    status: str
    void: bool
    values: tuple[Value, ...]
    by: str
    notes: tuple[str, ...]
    files: tuple[File, ...] = ()
    report: str = ""


def value(reading: Reading) -> Value:
    """What a reading says, without what only its range tells."""
    mark = reading.flag_words if reading.flagged_by == "source" else ""
    return Value(reading.name, reading.words, reading.range.words if reading.range is not None else "", mark)


def result(observation: Json, known: Known) -> Result:
    """An Observation. Pure."""
    status = text(observation, "status")
    notes = tuple(each for note in dicts(observation, "note") if (each := text(note, "text")))
    by = [name for each in dicts(observation, "performer") if (name := known.called(each))]
    return Result(
        known.words.of(observation.get("code")) or "Not named",
        measured(observation),
        "" if status == "final" else said("result", status, status),
        status in ("entered-in-error", "cancelled"),
        tuple(map(value, readings(observation, known.words))),
        ", ".join(dict.fromkeys(by)),
        notes,
    )


def of_report(resource: Json, known: Known, *, read: bool = True) -> Result:
    """A DiagnosticReport without the results that stand by themselves. Pure."""
    made = report(resource, known, read=read)
    at = text(resource, "effectiveDateTime") or text(resource.get("effectivePeriod"), "start") or text(resource, "issued")
    status = text(resource, "status")
    by = ", ".join(dict.fromkeys(each for each in (made.by, made.origin.organisation) if each))
    words = "" if status == "final" else said("result", status, status)
    return Result(made.name, at, words, made.void, (), by, made.conclusion, made.files, text(resource, "id"))


def measures(observation: Json) -> bool:
    """Whether it stands among the results: what says no more than words or yes at a visit stands with the visit. Pure."""
    if not isinstance(observation.get("encounter"), dict):
        return True
    bare = ("valueQuantity", "component", "interpretation", "referenceRange", "category")
    return told(observation) and any(name in observation for name in bare)


async def latest(whose: Whose, count: str = CHUNK) -> tuple[Found, Found]:
    """Observations and reports, the newest first. Raises NotGiven."""
    criteria = [("patient", whose.id), ("_sort", "-date"), ("_count", count), ("_total", "accurate")]
    found = await asyncio.gather(*(search(whose.here.api, each, criteria) for each in ("Observation", "DiagnosticReport")))
    whose.lacking += [each for one in found for each in absences(one.outcomes) if each not in whose.lacking]
    return found[0], found[1]


def shown(observations: Found, reports: Found, known: Known, *, read: bool = True) -> list[Result]:
    """What is a result among them, the newest first; with the words of reports where they are to be ``read``. Pure."""
    found = [result(each, known) for each in observations.matches if measures(each)]
    found += [of_report(each, known, read=read) for each in reports.matches]
    return sorted(found, key=lambda each: each.at, reverse=True)


async def page(whose: Whose) -> HTMLResponse:
    """All of them, page by page."""
    observations, reports = await latest(whose)
    names = await whose.known([*observations.matches, *reports.matches])
    more = any((each.total or 0) > len(each.matches) for each in (observations, reports))
    apart = long(reports.matches)
    found = await aside(apart, lambda: shown(observations, reports, names))
    listed = listing(found, whose.here.request.query_params.get("page", ""), more=more)
    return await aside(apart, lambda: whose.page("results.html", whose.titled("test results"), names, results=listed))
