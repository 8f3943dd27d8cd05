"""``$clock-measures``: how often what clocks count was in time, over a period. Counts, of those whom the asker may see."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any, Final

import orjson

from interop.api.asgi import Response
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, Said, as_parameters, parts, resource
from interop.clocks.limits import EARLY, MET
from interop.clocks.measures import Measure, measured
from interop.clocks.opening import start_of_day
from interop.clocks.runs import BREACHED, CANCELLED, NOT_NEEDED, RUNNING
from interop.clocks.tasks import SYSTEM, TYPE
from interop.errors import Problem
from interop.fhir.shapes import Json
from interop.store.decision import Decision
from interop.store.plan import Search
from interop.store.values import Stored
from interop.store.where import All, Span, Token

NAME: Final = "$clock-measures"
CHUNK: Final = 1_000
MOST: Final = 100_000
"""Clocks that are counted at once."""
COUNTED: Final = (MET, EARLY, BREACHED, RUNNING, NOT_NEEDED, CANCELLED)


async def clock_measures(asked: Asked) -> Response:
    """Parameters: ``start`` and ``end``, and of each ``clock`` its ``name``, its ``display``, counts by outcome, the ``share`` that
    was met, the ``median`` of the minutes taken.

    Raises Problem ``bad-parameter``, ``too-costly``."""
    decision = asked.services.decide(asked.request, NAME, TYPE)
    first, last = _day(asked, "start"), _day(asked, "end")
    if last < first:
        raise BadInput("end", "", "the period ends before it begins")
    begin, end = start_of_day(first), start_of_day(last + timedelta(days=1))
    tasks = [task async for task in _tasks(asked, decision, asked.inputs.text("clock"), begin, end)]
    said: list[Said] = [("start", "valueDate", first.isoformat()), ("end", "valueDate", last.isoformat())]
    now = asked.services.clock.now()
    said += [("clock", "part", parts(*_said(each))) for each in measured(tasks, begin, end, now)]
    return resource(as_parameters(*said))


def _said(one: Measure) -> list[Said]:
    found: list[Said] = [("name", "valueCode", one.name), ("display", "valueString", one.display)]
    found += [(name, "valueUnsignedInt", one.counts[name]) for name in COUNTED]
    share = one.share
    found.append(("share", "valueDecimal", None if share is None else round(share, 4)))
    found.append(("median", "valueDecimal", one.median))
    return found


async def _tasks(asked: Asked, decision: Decision, clock: str, begin: int, end: int) -> AsyncIterator[Json]:
    """The clocks of which any part is within."""
    where = All((Token("code", clock or None, SYSTEM), Span("period", "ge", begin, begin + 1), Span("period", "lt", end, end + 1)))
    after: tuple[Any, ...] | None = None
    for _ in range(0, MOST, CHUNK):
        found: list[Stored] = await asked.services.store.query(Search(decision, TYPE, where, (), CHUNK, after))
        for stored in found[:CHUNK]:
            yield orjson.loads(stored.body)
        if len(found) <= CHUNK:
            return
        after = (found[CHUNK - 1].id,)
    raise Problem("too-costly")


def _day(asked: Asked, name: str) -> date:
    try:
        return date.fromisoformat(asked.inputs.text(name))
    except ValueError:
        raise BadInput(name, "", "a day is wanted, as YYYY-MM-DD") from None
