"""The bookings of somebody who will not come: a Task for each, and nothing is cancelled by itself."""

from __future__ import annotations

from dataclasses import replace

from interop.apply.acting.doing import Doing, Wanted
from interop.apply.acting.person import body, bookings
from interop.rules import making
from interop.rules.making import RULE


async def review_bookings(do: Doing) -> list[Wanted]:
    """A Task of each recipient about each booking that is to come. It is seen by whoever sees the booking, and is the same
    whichever source has told."""
    wanted = []
    for stored in await bookings(do.store, do.what.patient, do.now):
        what = replace(do.what, resource=body(stored), type=stored.type, id=stored.id, source=stored.source)
        about = replace(do, what=what)
        for each in await about.told():
            id_ = do.mint.id("Task", RULE, "\x1f".join((do.rule.id, stored.type, stored.id, each.name)))
            wanted.append(about.wanted(making.task(do.rule, what, id_, each.reference, each.worklist)))
    return wanted
