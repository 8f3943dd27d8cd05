"""The API over Ann's record with cards that are held, as an engine has it: whoever keeps anything hears of each change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from interop.api.crew.holding import Cards
from interop.api.reading import ReadingStore
from interop.apply.governance import Governance
from interop.apply.indexed_store import IndexedStore
from interop.apply.reindexing import Reindexer
from interop.apply.whereabouts import Whereabouts
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.policy.asker import Asker
from interop.record.fold import content, render
from interop.record.indexing import indexed
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Plan, Read
from interop.store.sql.store import SqlStore
from interop.store.values import Change, Committed, Link, LinkEvent, Put, Stored
from tests.spec.api.conftest import calling, serving
from tests.spec.api.governed import ByHeader, World, record_ann
from tests.spec.api.people import T0


class Counting(ReadingStore):
    """Counts what is asked of it, and keeps what it gives."""

    asked = 0
    given: tuple[Any, ...] = ()

    async def query(self, plan: Plan) -> list[Any]:
        self.asked += 1
        found = await super().query(plan)
        self.given += tuple(found)
        return found


class Holding(World):
    """A world whose cards are held."""

    indexed: IndexedStore
    cards: Cards
    reading: Counting

    async def reads(self, who: Asker, of: str = "ann") -> int:
        """How often the store is asked for a card."""
        before = self.reading.asked
        await self.client.get(f"/fhir/Patient/{of}/$crew-card", x_who=who.user or who.client)
        return self.reading.asked - before

    async def card(self, who: Asker, of: str = "ann", status: int = 200) -> dict[str, Any]:
        """The card as somebody gets it, which is the one that they get when nothing is held."""
        address, name = f"/fhir/Patient/{of}/$crew-card", who.user or who.client
        held = await self.client.get(address, x_who=name)
        self.services.cards = None
        fresh = await self.client.get(address, x_who=name)
        self.services.cards = self.cards
        assert (held.status_code, held.text, held.headers) == (fresh.status_code, fresh.text, fresh.headers)
        assert held.status_code == status, held.text
        found: dict[str, Any] = held.json()
        return found

    async def put(
        self, source: str, *resources: dict[str, Any], links: dict[str, str] | None = None, deleted: bool = False
    ) -> None:
        """New versions of resources, as a feed of the source has them, by one change that everyone hears of."""
        puts = []
        for each in resources:
            kind, id_ = each["resourceType"], each["id"]
            before: list[Stored] = await self.store.query(Read(PERMIT_ALL, kind, id_))
            version = before[0].version + 1 if before else 1
            body = b"" if deleted else render(content(kind, id_, dict(each)), version, "2026-01-01T00:00:00.000Z", "feed", 1)
            rows = [] if deleted else indexed(each)
            puts.append(Put(Stored(kind, id_, version, T0, body, deleted, owner="feed", source=source), rows))
        linked = [Link(patient, person, "") for patient, person in (links or {}).items()]
        events = [LinkEvent(patient, patient, person, "link", 1, T0) for patient, person in (links or {}).items()]
        assert isinstance(await self.indexed.commit(Change(puts=puts, links=linked, link_events=events)), Committed)


@asynccontextmanager
async def holding(store: SqlStore, clock: ManualClock) -> AsyncIterator[Holding]:
    """Ann's world; her practice and hospital share with all who take part, and she has not consented."""
    await record_ann(store)
    intake, services = serving(store, clock)
    governance, whereabouts, cards = Governance(services.mint, services.feeds), Whereabouts(store), Cards()
    await governance.start(store)

    def heard(change: Change) -> None:
        governance.committed(change)
        whereabouts.committed(change)

    written = IndexedStore(store, services.indexing, Reindexer(store, services.indexing, clock), heard)
    written.besides.append(cards.committed)
    services.store, services.cards = Counting(store, whereabouts, clock), cards
    services.facts, services.door = governance.facts, ByHeader()
    services.writes = Writes(written, clock)
    async with calling(services) as client:
        made = Holding(store, client, clock, services)
        made.indexed, made.cards, made.reading = written, cards, services.store
        await made.share()
        yield made
    await intake.drain()
