"""What each action of the tables makes of an occurrence: one table of functions."""

from __future__ import annotations

from typing import Final

from interop.apply.acting.bookings import review_bookings
from interop.apply.acting.doing import Do, Doing, Wanted
from interop.apply.acting.ending import cancel, resume_reminders, stop_reminders
from interop.rules import making
from interop.rules.actions import CANCEL, FLAG, NOTIFY, PROPOSE, RESUME_REMINDERS, REVIEW_BOOKINGS, STOP_REMINDERS, TASK


async def _task(do: Doing) -> list[Wanted]:
    told = await do.told()
    return [do.wanted(making.task(do.rule, do.what, do.id("Task", each.name), each.reference, each.worklist)) for each in told]


async def _notify(do: Doing) -> list[Wanted]:
    return [
        do.wanted(making.communication(do.rule, do.what, do.id("Communication", each.name), each.reference))
        for each in await do.told()
        if each.reference is not None
    ]


async def _flag(do: Doing) -> list[Wanted]:
    return [do.wanted(making.flag(do.rule, do.what, do.id("Flag")))]


async def _propose(do: Doing) -> list[Wanted]:
    return [
        do.wanted(making.proposal(do.rule, do.what, do.id("ServiceRequest", each.name), each.reference, each.worklist))
        for each in await do.told()
    ]


DOES: Final[dict[str, Do]] = {
    TASK: _task,
    NOTIFY: _notify,
    FLAG: _flag,
    PROPOSE: _propose,
    CANCEL: cancel,
    STOP_REMINDERS: stop_reminders,
    RESUME_REMINDERS: resume_reminders,
    REVIEW_BOOKINGS: review_bookings,
}
"""By the name of the action (``interop.rules.actions``)."""
