"""What each action of the tables makes of an occurrence: one table of functions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from interop.apply.acting.person import Resource
from interop.apply.acting.recipients import Recipients, Told
from interop.ids import Mint
from interop.rules import making
from interop.rules.actions import FLAG, NOTIFY, PROPOSE, TASK
from interop.rules.making import RULE, Occurrence
from interop.rules.tables import Rule
from interop.store.seam import Store


class Wanted(NamedTuple):
    """A resource that is to be written: made where there never was one of its id (``version`` 0), else over that version.
    ``source`` is what it comes from where it is made."""

    type: str
    id: str
    resource: Resource
    version: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Doing:
    """A rule that applies to what happened, and what it may ask of the record. ``now`` in microseconds."""

    rule: Rule
    what: Occurrence
    store: Store
    recipients: Recipients
    mint: Mint
    now: int

    async def told(self) -> list[Told]:
        """Who of its recipients may be told."""
        return await self.recipients.of(self.rule.to, self.what, self.now)

    def id(self, type: str, *more: str) -> str:
        """The id of what the rule makes of this occurrence: the same whenever it is made again."""
        return self.mint.id(type, RULE, "\x1f".join((self.rule.id, self.what.key, *more)))

    def wanted(self, resource: Resource) -> Wanted:
        """What it makes comes from where what happened comes from."""
        return Wanted(resource["resourceType"], resource["id"], resource, source=self.what.source)


Do = Callable[[Doing], Awaitable[list[Wanted]]]


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


DOES: Final[dict[str, Do]] = {TASK: _task, NOTIFY: _notify, FLAG: _flag, PROPOSE: _propose}
"""By the name of the action (``interop.rules.actions``)."""
