"""What happened to a person, out of a search for each type, merged: a page of it, the newest first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from interop.api.inside import NotGiven
from interop.apply.drafts import SOURCE
from interop.clock import instant
from interop.fhir.shapes import Json, text
from interop.pages.record.asking import Found, search
from interop.pages.record.events import KINDS, Kind, at, belongs
from interop.pages.visiting import Visit

PAGE: Final = 20
"""Events on a page, and more where several are at the same time."""
MOST: Final = 1_000
"""Resources of a type that are asked for where a page full is at one time."""
Asked = list[tuple[str, str]]


class Merged(NamedTuple):
    """The resources of a ``page`` with their kinds, whether there are ``more``, how many there are on all pages (None where the API
    does not tell), what kinds are ``closed`` to who asks, and what the API ``told`` of what is absent."""

    page: list[tuple[Kind, Json]]
    more: bool
    total: int | None
    closed: list[str]
    told: list[Json]


class Part(NamedTuple):
    """A type of a kind: the parameter that dates it, '' for none; what is asked, and what the API gives: None for what is not for
    who asks."""

    kind: Kind
    type: str
    date: str
    criteria: Asked
    found: Found | None = None


async def merged(
    here: Visit, patient: str, kinds: Sequence[Kind], feeds: Sequence[str], since: int | None, before: int | None
) -> Merged:
    """A page of what is of these kinds and came by one of these feeds, () for any, since a time and before another (microseconds).
    Raises NotGiven."""
    planned = [
        Part(kind, type_, date, _criteria(patient, feeds, date, since, before)) for kind in kinds for type_, date in kind.types
    ]
    found = await _answers(here, planned)
    parts = [_bounded(part._replace(found=each), since, before) for part, each in zip(planned, found, strict=True)]
    page, more = await _page(here, parts)
    if before is not None and not more and since is None:
        page += await _undated(here, parts)
    told = [each for part in parts if part.found is not None for each in part.found.outcomes]
    return Merged(page, more, _total(parts), [part.kind.title for part in parts if part.found is None], told)


def _criteria(patient: str, feeds: Sequence[str], date: str, since: int | None, before: int | None) -> Asked:
    criteria = [("patient", patient)]
    if feeds:
        criteria.append(("_source:below", ",".join(f"{SOURCE}{each}#" for each in feeds)))
    if not date:
        return [*criteria, ("_count", str(MOST))]
    criteria += [(date, f"ge{instant(since)}")] if since is not None else []
    criteria += [(date, f"lt{instant(before)}")] if before is not None else []
    return [*criteria, ("_sort", f"-{date}"), ("_count", str(PAGE + 1)), *([("_total", "accurate")] if before is None else [])]


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


async def _page(here: Visit, parts: Sequence[Part]) -> tuple[list[tuple[Kind, Json]], bool]:
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
