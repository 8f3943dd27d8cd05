"""``/record/{patient}/timeline``: what happened, across organisations, the newest first.

A page ends between two times: what is at one time stands on one page, so that the next begins before the last that is shown and
nothing is left out or shown twice, whatever has come meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.fhir.searching import interval
from interop.fhir.shapes import Json
from interop.pages.record.asking import feed_of, looked_up
from interop.pages.record.events import KINDS, Event, at, event
from interop.pages.record.merging import merged
from interop.pages.record.opening import opened
from interop.pages.record.origins import OURS, absent, lacking
from interop.pages.record.sources import Sources
from interop.pages.visiting import Visit

PART: Final = "/timeline"
PERIODS: Final = {"28d": ("Last 4 weeks", 28), "1y": ("Last year", 365), "5y": ("Last 5 years", 5 * 365)}
API: Final = "api"
_RESOURCE: Final = re.compile(r"[A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}", re.ASCII)


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
    found = await merged(here, patient, kinds, wanted.feeds, since, before)
    names = await looked_up(here, [*patients, *(resource for _, resource in found.page)], lacking(found.told))
    sources = Sources()
    events = [event(resource, kind, names, sources, path) for kind, resource in found.page]
    total = wanted.total if before is not None else found.total
    seen = wanted.seen + len(events)
    last = next((each.reference for each in reversed(events) if each.at is not None), "")
    return {
        "months": months(events),
        "shown": len(events),
        "seen": seen,
        "total": total,
        "more": wanted.address(f"{path}{PART}", last, seen, total) if found.more and last else "",
        "begins": wanted.seen + 1,
        "absent": absent(found.told, names),
        "closed": list(dict.fromkeys(found.closed)),
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


async def _begins(here: Visit, after: str) -> int | None:
    """The time before which a page begins: that of the last event of the page before. None for the first page."""
    if not after:
        return None
    try:
        return at(await here.api.get(f"/fhir/{after}"))
    except NotGiven:  # it is gone: from the top
        return None
