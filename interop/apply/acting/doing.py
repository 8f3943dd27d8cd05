"""A rule that applies to what happened, as its action is given it, and what comes of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from interop.apply.acting.person import Resource
from interop.apply.acting.recipients import Recipients, Told
from interop.ids import Mint
from interop.rules.making import RULE, Occurrence
from interop.rules.tables import Rule, RuleTables
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
    """A rule that applies to what happened, what it may ask of the record, the tables that it is of, and what rules before it
    have made of the same version. ``now`` in microseconds."""

    rule: Rule
    what: Occurrence
    store: Store
    recipients: Recipients
    mint: Mint
    now: int
    tables: RuleTables
    made: Sequence[Wanted]

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
