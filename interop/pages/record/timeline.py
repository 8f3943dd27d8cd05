"""``/record/{patient}/timeline``: what happened, across organisations, the newest first.

A page ends between two times: what is at one time stands on one page, so that the next begins before the last that is shown and
nothing is left out or shown twice, whatever has come meanwhile.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.apply.drafts import SOURCE
from interop.clock import instant
from interop.fhir.searching import interval
from interop.fhir.shapes import Json, text
from interop.pages.record.asking import Found, feed_of, looked_up, search
from interop.pages.record.events import KINDS, Event, Kind, at, belongs, event
from interop.pages.record.opening import opened
from interop.pages.record.origins import OURS
from interop.pages.record.sources import Sources
from interop.pages.visiting import Visit

PART: Final = "/timeline"
PAGE: Final = 20
"""Events on a page, and more where several are at the same time."""
MOST: Final = 1_000
"""Resources of a type that are asked for where a page full is at one time."""
PERIODS: Final = {"28d": ("Last 4 weeks", 28), "1y": ("Last year", 365), "5y": ("Last 5 years", 5 * 365)}
API: Final = "api"
Asked = list[tuple[str, str]]
_RESOURCE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}", re.ASCII)


class Part(NamedTuple):
    """A type of a kind: the parameter that dates it, '' for none; what is asked, and what the API gives: None for what is not for
    who asks."""

    kind: Kind
    type: str
    date: str
    criteria: Asked
    found: Found | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a timeline is asked for, by code. ``after`` is the resource before which it goes on; ``seen`` of ``total`` were shown
    before it."""

    kinds: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    period: str = ""
    after: str = ""
    seen: int = 0
    total: int | None = None

    @classmethod
    def read(cls, pairs: Iterable[tuple[str, str]]) -> Wanted:
        """From an address; what is not understood is left out."""
        listed = list(pairs)
        one = dict(listed)
        kinds = {each.name for each in KINDS}
        return cls(
            tuple(dict.fromkeys(value for name, value in listed if name == "kind" and value in kinds)),
            tuple(
                dict.fromkeys(
                    value for name, value in listed if name == "from" and value.replace("-", "").replace("_", "").isalnum()
                )
            ),
            one.get("period", "") if one.get("period", "") in PERIODS else "",
            one.get("after", "") if _RESOURCE.fullmatch(one.get("after", "")) else "",
            int(one["seen"]) if one.get("seen", "").isdecimal() and len(one["seen"]) < 8 else 0,
            int(one["of"]) if one.get("of", "").isdecimal() and len(one["of"]) < 8 else None,
        )

    def address(self, path: str, after: str, seen: int, total: int | None) -> str:
        """Where it goes on."""
        pairs = [*(("kind", each) for each in self.kinds), *(("from", each) for each in self.feeds)]
        pairs += [("period", self.period)] if self.period else []
        pairs += [("after", after), ("seen", str(seen))] + ([("of", str(total))] if total is not None else [])
        return f"{path}?{urlencode(pairs)}"


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """``/record/{patient}/timeline``."""

    @app.api_route("/record/{patient}/timeline", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def timeline(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        values = await opened(here, patient, PART)
        wanted = Wanted.read(request.query_params.multi_items())
        shown = await told(here, patient, values["patients"], wanted)
        template = "record/_timeline.html" if here.partial else "record/timeline.html"
        return here.page(template, "Timeline", **values, **shown)


async def told(here: Visit, patient: str, patients: Sequence[Json], wanted: Wanted) -> dict[str, Any]:
    """A page of the timeline. Raises NotGiven where there is no such person."""
    path = f"/record/{patient}"
    kinds = [each for each in KINDS if not wanted.kinds or each.name in wanted.kinds]
    before, since = await _begins(here, wanted.after), _since(here, wanted)
    planned = [
        Part(kind, type_, date, _criteria(patient, wanted, date, since, before)) for kind in kinds for type_, date in kind.types
    ]
    found = await _answers(here, planned)
    parts = [_bounded(part._replace(found=each), since, before) for part, each in zip(planned, found, strict=True)]
    page, more = await _page(here, parts, before)
    if before is not None and not more and since is None:
        page += await _undated(here, parts)
    names = await looked_up(here, [*patients, *(resource for _, resource in page)])
    sources = Sources()
    events = [event(resource, kind, names, sources, path) for kind, resource in page]
    total = wanted.total if before is not None else _total(parts)
    seen = wanted.seen + len(events)
    last = next((each.reference for each in reversed(events) if each.at is not None), "")
    return {
        "months": months(events),
        "shown": len(events),
        "seen": seen,
        "total": total,
        "more": wanted.address(f"{path}{PART}", last, seen, total) if more and last else "",
        "begins": wanted.seen + 1,
        "closed": list(dict.fromkeys(part.kind.title for part in parts if part.found is None)),
        "path": f"{path}{PART}",
        "continues": before is not None,
        "kinds": [{"value": each.name, "text": each.title, "checked": each.name in wanted.kinds} for each in KINDS],
        "feeds": [{**each, "checked": each["value"] in wanted.feeds} for each in await feeds(here, patients)],
        "periods": [{"value": "", "text": "All"}, *({"value": name, "text": words} for name, (words, _) in PERIODS.items())],
        "period": wanted.period,
        "filtered": bool(wanted.kinds or wanted.feeds or wanted.period),
    }


async def feeds(here: Visit, patients: Sequence[Json]) -> list[dict[str, Any]]:
    """Whence something may have come: the sources that have a Patient of the person, and what was written here."""
    names = await looked_up(here, patients)
    sources = Sources()
    found: dict[str, str] = {}
    for each in patients:
        if (feed := feed_of(each)) and feed != API:
            who = sources.of_resource({"subject": {"reference": f"Patient/{each['id']}"}, "meta": each.get("meta", {})}, names).who
            found[feed] = who if feed not in found or found[feed].startswith("feed ") else found[feed]
    listed = sorted(found.items(), key=lambda each: each[1])
    return [{"value": feed, "text": who[:1].upper() + who[1:]} for feed, who in listed] + [
        {"value": API, "text": OURS[API].capitalize()}
    ]


def months(events: Iterable[Event]) -> list[tuple[str, list[Event]]]:
    """Events by the month in which they were, in their order."""
    found: dict[str, list[Event]] = {}
    for each in events:
        parts = each.line.when.partition(" ")[0].split("-")
        found.setdefault(" ".join(parts[-2:]) if each.line.when else "No date", []).append(each)
    return list(found.items())


def _since(here: Visit, wanted: Wanted) -> int | None:
    """When the period begins, in microseconds."""
    if not wanted.period:
        return None
    span = interval((here.now.date() - timedelta(days=PERIODS[wanted.period][1])).isoformat())
    return span[0] if span is not None else None


def _criteria(patient: str, wanted: Wanted, date: str, since: int | None, before: int | None) -> Asked:
    criteria = [("patient", patient)]
    if wanted.feeds:
        criteria.append(("_source:below", ",".join(f"{SOURCE}{each}#" for each in wanted.feeds)))
    if not date:
        return [*criteria, ("_count", str(MOST))]
    criteria += [(date, f"ge{instant(since)}")] if since is not None else []
    criteria += [(date, f"lt{instant(before)}")] if before is not None else []
    return [*criteria, ("_sort", f"-{date}"), ("_count", str(PAGE + 1)), *([("_total", "accurate")] if before is None else [])]


async def _begins(here: Visit, after: str) -> int | None:
    """The time before which a page begins: that of the last event of the page before. None for the first page."""
    if not after:
        return None
    try:
        return at(await here.api.get(f"/fhir/{after}"))
    except NotGiven:  # it is gone: from the top
        return None


async def _answers(here: Visit, parts: Sequence[Part]) -> list[Found | None]:
    """What the API gives of each part; what two parts ask is asked once."""
    wanted = [(part.type, tuple(part.criteria)) for part in parts]
    once = list(dict.fromkeys(wanted))
    given = await asyncio.gather(*(_given(here, type_, list(criteria)) for type_, criteria in once))
    answers = dict(zip(once, given, strict=True))
    return [answers[each] for each in wanted]


async def _given(here: Visit, type: str, criteria: Asked) -> Found | None:
    try:
        return await search(here.api, type, criteria)
    except NotGiven as refused:
        if refused.status != 403:
            raise
        return None


async def _page(here: Visit, parts: Sequence[Part], before: int | None) -> tuple[list[tuple[Kind, Json]], bool]:
    """The events of a page with their kinds, the newest first, and whether there are more: all later than the last of any type of
    which more is to come, and no more than a page but for those at one time."""
    bound: int | None = None
    every: list[tuple[Kind, Json]] = []
    for part in parts:
        matches = part.found.matches if part.found is not None else []
        more = bool(part.date) and len(matches) > PAGE
        if more and at(matches[0]) == at(matches[-1]):  # a page full at one time
            criteria = [each for each in part.criteria if each[0] != "_count"]
            matches = (await search(here.api, part.type, [*criteria, ("_count", str(MOST))])).matches
            more = len(matches) == MOST and at(matches[0]) != at(matches[-1])
        if more:
            last = at(matches[-1]) or 0
            bound = last if bound is None else max(bound, last)
        every += [(part.kind, each) for each in matches]
    every.sort(
        key=lambda each: (at(each[1]) is not None, at(each[1]) or 0, -KINDS.index(each[0]), text(each[1], "id")), reverse=True
    )
    page = [each for each in every if bound is None or (at(each[1]) or 0) > bound]
    if len(page) > PAGE:
        last_at = at(page[PAGE - 1][1])
        page = page[:PAGE] + [each for each in page[PAGE:] if last_at is not None and at(each[1]) == last_at]
    return page, len(page) < len(every)


def _bounded(part: Part, since: int | None, before: int | None) -> Part:
    """A part with what is of its kind; of what the API does not date without what is not within the time asked for."""
    if part.found is None:
        return part
    matches = [each for each in part.found.matches if belongs(each, part.kind)]
    if not part.date:
        times = ((each, at(each)) for each in matches)
        matches = [
            each
            for each, when in times
            if (before is None or (when is not None and when < before)) and (since is None or (when is not None and when >= since))
        ]
    total = len(matches) if not part.date else part.found.total
    return part._replace(found=Found(matches, total, part.found.outcomes))


async def _undated(here: Visit, parts: Sequence[Part]) -> list[tuple[Kind, Json]]:
    """Those of which nobody says when they were: they end the timeline."""
    dated = [part for part in parts if part.date and part.found is not None]
    asked = [[each for each in part.criteria if each[0] in ("patient", "_source:below")] for part in dated]
    found = await asyncio.gather(
        *(_given(here, part.type, [*each, (f"{part.date}:missing", "true")]) for part, each in zip(dated, asked, strict=True))
    )
    return [(part.kind, each) for part, one in zip(dated, found, strict=True) if one is not None for each in one.matches]


def _total(parts: Sequence[Part]) -> int | None:
    """How many events there are, None where the API does not tell."""
    totals = [part.found.total for part in parts if part.found is not None]
    return None if any(each is None for each in totals) else sum(each or 0 for each in totals)
