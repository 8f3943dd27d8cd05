"""News of the record: what a change says to other processes, and who of them takes note of what.

| kind | is said of | binds | who takes note |
|---|---|---|---|
| ``Contract``, ``Organization`` | each version | | agreements and names of organisations |
| ``SearchParameter``, ``own-addresses`` | each version; each address | yes | what is indexed |
| ``indexed-by`` | a type has been indexed | | what may be searched by |
| ``Subscription`` | each version | yes | what is routed |
| ``Patient`` | each version | | who is to be compared; who hides |
| ``hides`` | somebody hides | | who hides |
| ``link`` | each Patient of whom something else is said of who is one person with them | | who hides; who is to be compared |
| ``delivery`` | each destination | | who sends |
| ``clocks`` | each version of a Task of a clock | | who keeps their time |
| ``names`` | new codes, parameters, contributors | | the store's dictionaries; who contributes |

Others are said by those who commit them (``Hearing.also``): ``withdrawn`` of a token, ``paused`` of a destination, ``feed-health``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from interop.apply.following import Said
from interop.apply.governance import CONTRACT, ORGANISATION, Governance
from interop.apply.persons import Linking, linked_otherwise
from interop.apply.reindexing import META, Reindexer
from interop.apply.whereabouts import PATIENT, Whereabouts
from interop.clocks.tasks import SYSTEM
from interop.clocks.tasks import TYPE as TASK
from interop.policy.whereabouts import PARAMETER
from interop.record.indexing import BASES, DEFINITIONS, Indexing
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Several, Turn
from interop.store.seam import Store
from interop.store.values import DELIVERY, NAMES, Change, News, Put, Stored

SUBSCRIPTION: Final = "Subscription"
HIDES, LINK, CLOCKS = "hides", "link", "clocks"
CLOCK: Final = SYSTEM.encode()
KEPT: Final = (CONTRACT, ORGANISATION, DEFINITIONS)
"""Types whose resources are kept in memory, with what is made of them."""
BINDING: Final = frozenset((DEFINITIONS, SUBSCRIPTION))
TOLD: Final = frozenset((*KEPT, SUBSCRIPTION, PATIENT))


def news_of(change: Change) -> Iterator[News]:
    """What others are to hear of a change."""
    for put in change.puts:
        type_ = put.stored.type
        if type_ in TOLD:
            yield News(type_, put.stored.id, type_ in BINDING)
            if type_ == PATIENT and any(row[:2] == (PARAMETER, "access") for row in put.index):
                yield News(HIDES)
        elif type_ == TASK and CLOCK in put.stored.body:
            yield News(CLOCKS, put.stored.id)
    for destination in dict.fromkeys(each.destination for each in change.deliveries):
        yield News(DELIVERY, destination)
    for patient in dict.fromkeys(linked_otherwise(change)):
        yield News(LINK, patient)
    if any(name == BASES for name, _ in change.meta):
        yield News(BASES, "", True)


class Hearing:
    """Tells those who keep something what another process has committed. ``linking`` hears of Patients as of those written here."""

    def __init__(
        self,
        store: Store,
        governance: Governance,
        whereabouts: Whereabouts,
        indexing: Indexing,
        reindexer: Reindexer,
        linking: Linking,
    ) -> None:
        self._store, self._governance, self._whereabouts = store, governance, whereabouts
        self._indexing, self._reindexer, self._linking = indexing, reindexer, linking
        self.also: dict[str, Callable[[tuple[str, ...]], Awaitable[None]]] = {}
        """Takes in news of a kind: ids; () is: read all anew."""

    async def hear(self, said: Said) -> None:
        """Take news in. Raises what the store raises: it is heard again then."""
        if NAMES in said:
            await self._store.query(Turn())
            await self._governance.contributed(self._store)
        change = Change(puts=await self._present([(kind, id_) for kind in KEPT for id_ in said.get(kind, ())]))
        if change.puts:
            self._governance.committed(change)
        if BASES in said:
            await self._reindexer.addresses()
        if self._indexing.committed(change) or META in said:
            await self._reindexer.heard()
        if HIDES in said or LINK in said or PATIENT in said:
            self._whereabouts.heard(said.get(PATIENT, ()), all=HIDES in said or LINK in said)
            self._linking.heard(said.get(PATIENT, ()), said.get(LINK, ()))
        for kind, take in self.also.items():
            if kind in said:
                await take(said[kind])

    async def anew(self) -> None:
        """Read all that is kept: more has been missed than is told."""
        await self._store.query(Turn())
        await self._governance.renew(self._store)
        await self._reindexer.addresses()
        await self._reindexer.defined()
        await self._reindexer.heard()
        self._whereabouts.heard((), all=True)
        self._linking.missed = True
        self._linking.arrived.set()
        for take in self.also.values():
            await take(())

    async def _present(self, keys: list[tuple[str, str]]) -> list[Put]:
        """These resources as they are; what is not there is deleted."""
        if not keys:
            return []
        found: list[Stored] = await self._store.query(Several(PERMIT_ALL, tuple(keys)))
        there = {(each.type, each.id): each for each in found}
        return [Put(there.get(key) or Stored(*key, 0, 0, b"", deleted=True), []) for key in keys]
