"""``/record/{patient}/results``: the latest of each kind, one result with its history, one report."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import Response

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.fhir.shapes import Json, dicts, text
from interop.pages.record import asking, kinds
from interop.pages.record.aside import aside, long
from interop.pages.record.kinds import Kind
from interop.pages.record.origins import absent, lacking
from interop.pages.record.reports import report
from interop.pages.record.sending import sent
from interop.pages.record.showing import showing
from interop.pages.visiting import Visit

PART: Final = "/results"
EACH: Final = "8"
"""Results of a kind on the page of all: what a small chart is drawn of."""
PAGE: Final = 50
"""Kinds of a page."""
HISTORY: Final = 100
"""Results of one kind on its own page."""
REPORTS: Final = 20
VERSIONS: Final = "10"


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """Results and reports."""
    page = showing(app, visit, PART)
    page("/results", "record/results.html", all_of, "Results")
    page("/results/{id}", "record/result.html", one_of, lambda one: str(one["result"].name), "Result")
    page("/reports/{id}", "record/report.html", report_of, lambda one: str(one["report"].name), "Report")

    @app.api_route("/record/{patient}/reports/{id}/file", methods=["GET", "HEAD"])
    async def report_file(request: Request, patient: str, id: str) -> Response:
        here = await visit(request)
        here.enter("record")
        found = await only(here, "DiagnosticReport", patient, id)
        return sent(dicts(found, "presentedForm"), request.query_params.get("part", "0"))


async def all_of(here: Visit, patient: str, patients: list[Json]) -> dict[str, Any]:
    """The latest of each kind and the latest reports. Raises NotGiven."""
    observations, reports = await asyncio.gather(
        asking.get(here.api, "/fhir/Observation/$lastn", ("patient", patient), ("max", EACH)),
        asking.search(here.api, "DiagnosticReport", [("patient", patient), ("_sort", "-date"), ("_count", str(REPORTS))]),
    )
    held = asking.of(observations).matches
    shown = [each for each in held if kinds.told(each)]
    names = await asking.looked_up(here, [*patients, *shown, *reports.matches], lacking(reports.outcomes))
    found = kinds.kinds(shown, names)
    number = _page(here)
    part = found[(number - 1) * PAGE : number * PAGE]
    return {
        "groups": kinds.grouped(part),
        "kinds_total": len(found),
        "page": number,
        "pages": -(-len(found) // PAGE),
        "notes": len(held) - len(shown),
        "flagged": [each for each in found if _out(each)],
        "reports": [report(each, names, read=False) for each in reports.matches],
        "reports_total": reports.total,
        "absent": absent(reports.outcomes, names),
    }


async def one_of(here: Visit, patient: str, patients: list[Json], id: str) -> dict[str, Any]:
    """One result, those of its kind, the reports that hold it and what it said before. Raises NotGiven."""
    observation = await only(here, "Observation", patient, id)
    history, reports, versions = await asyncio.gather(
        _history(here, patient, observation),
        asking.search(here.api, "DiagnosticReport", [("patient", patient), ("result", f"Observation/{id}"), ("_count", "10")]),
        _versions(here, observation),
    )
    shown = [each for each in history.matches if kinds.same(each, observation)] or [observation]
    names = await asking.looked_up(here, [*patients, observation, *shown, *reports.matches, *versions], lacking(history.outcomes))
    series = [kinds.result(each, names) for each in shown]
    return {
        "result": kinds.result(observation, names),
        "series": series,
        "charts": kinds.drawn(series),
        "more": (history.total or 0) > len(history.matches),
        "total": history.total,
        "reports": [report(each, names, read=False) for each in reports.matches],
        "versions": [kinds.result(each, names) for each in versions],
        "absent": absent(history.outcomes, names),
    }


async def report_of(here: Visit, patient: str, patients: list[Json], id: str) -> dict[str, Any]:
    """One report and its results. Raises NotGiven."""
    found = await only(here, "DiagnosticReport", patient, id)
    ids = report(found, asking.Known(), read=False).results
    held = asking.Found([], 0, [])
    if ids:
        criteria = [("patient", patient), ("_id", ",".join(ids[:HISTORY])), ("_count", str(HISTORY))]
        held = await asking.search(here.api, "Observation", criteria)
    by_id = {text(each, "id"): each for each in held.matches}
    shown = [by_id[each] for each in ids if each in by_id]
    names = await asking.looked_up(here, [*patients, found, *shown], lacking(held.outcomes))
    apart = long(found)
    return {
        "apart": apart,
        "report": await aside(apart, lambda: report(found, names)),
        "results": [kinds.result(each, names) for each in shown],
        "unshown": len(ids) - len(shown),
        "absent": absent(held.outcomes, names),
    }


async def only(here: Visit, type: str, patient: str, id: str) -> Json:
    """One resource of the person; raises NotGiven 404 where it is not theirs or not there."""
    found = await asking.search(here.api, type, [("patient", patient), ("_id", id)])
    if not found.matches:
        raise NotGiven(404, {"sentence": "It is not in this person's record, or you may not see it."})
    return found.matches[0]


async def _history(here: Visit, patient: str, observation: Json) -> asking.Found:
    """Those that may be of its kind, the latest first."""
    codings = dicts(observation.get("code"), "coding")
    coded = [f"{text(each, 'system')}|{text(each, 'code')}" for each in codings if text(each, "code")]
    criteria = [("patient", patient), ("_sort", "-date"), ("_count", str(HISTORY)), ("_total", "accurate")]
    if coded:
        return await asking.search(here.api, "Observation", [*criteria, ("code", ",".join(map(_escaped, coded)))])
    said = text(observation.get("code"), "text")
    if not said:
        return asking.Found([observation], 1, [])
    return await asking.search(here.api, "Observation", [*criteria, ("code:text", _escaped(said))])


async def _versions(here: Visit, observation: Json) -> list[Json]:
    """What it said before, the latest of it first."""
    if text(observation.get("meta"), "versionId") in ("", "1"):
        return []
    try:
        bundle = await asking.get(here.api, f"/fhir/Observation/{text(observation, 'id')}/_history", ("_count", VERSIONS))
    except NotGiven:
        return []
    now = text(observation.get("meta"), "versionId")
    return [each for each in asking.of(bundle).matches if text(each.get("meta"), "versionId") != now]


def _escaped(value: str) -> str:
    """A value of a search in which commas and dollars are its own; the bar between system and code stays."""
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("$", "\\$")


def _out(kind: Kind) -> bool:
    return not kind.latest.void and any(each.flag in ("high", "low", "abnormal") for each in kind.latest.readings)


def _page(here: Visit) -> int:
    said = here.request.query_params.get("page", "1")
    return max(1, int(said)) if said.isascii() and said.isdigit() and len(said) < 6 else 1
