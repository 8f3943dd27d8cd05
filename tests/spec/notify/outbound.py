"""Workers over a real store, under the policy, with a clock that is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from interop.api.auditing.auditing import Auditing
from interop.api.delivering.deliverer import Deliverer
from interop.api.delivering.payload import Contents, Narrowed
from interop.api.delivering.senders import sender_of
from interop.api.delivering.worker import Worker
from interop.api.knowledge import Knowledge
from interop.api.reading import ReadingStore
from interop.api.searching.narrowed import narrowed
from interop.apply.whereabouts import Whereabouts
from interop.audit.key import AuditKey
from interop.audit.log import AuditLog
from interop.clock import ManualClock
from interop.mapping.library import carriers
from interop.notify.destinations import Destination
from interop.policy.asker import TESTER, Asker
from interop.policy.decide import Policy, decide
from interop.policy.facts import Facts
from interop.policy.scopes import Scope
from interop.record.indexing import Indexing
from interop.store.plan import Deliveries
from interop.store.values import Change, Delivery
from tests.spec.api.people import T0, patient
from tests.spec.policy.worlds import Made, keep
from tests.spec.store.build import entry, journal

Opens = Callable[..., Any]


class Outbound:
    """``worker`` sends to ``destination``; ``step`` lets it try once."""

    def __init__(
        self,
        store: Any,
        directory: Path,
        destination: Destination,
        asker: Asker = TESTER,
        facts: Facts | None = None,
        policy: Policy = decide,
    ) -> None:
        self.clock = ManualClock(T0)
        self.store = store
        known = facts or Facts()
        whereabouts = Whereabouts(store)
        self.log = AuditLog.open(
            directory, directory / "checkpoints", AuditKey.kept(directory.with_suffix(".key")), self.clock, background=False
        )
        reading = ReadingStore(store, whereabouts, self.clock)
        indexing, self.knowledge = Indexing(), Knowledge()

        async def narrows(scopes: tuple[Scope, ...]) -> Narrowed:
            return narrowed(indexing, self.knowledge, scopes, self.clock.now())

        contents = Contents(reading, store, whereabouts, lambda: known, self.clock, policy, narrows)
        self.audit = Auditing(self.log, {})
        self.deliverer = Deliverer(store, contents, self.audit, self.clock)
        self.deliverer.declare({destination.name: destination})
        sender = sender_of(destination, carriers(), self.deliverer.told_by(destination.name), self.clock)
        self.worker: Worker = self.deliverer.add(destination.name, asker, sender, destination.days)

    async def close(self) -> None:
        await self.deliverer.stop()
        self.knowledge.close()
        self.log.close()

    async def due(self, *names: str, **more: Any) -> None:
        """Deliveries of resources, of their first version."""
        rows = [self.delivery(name, **more) for name in names]
        await self.store.commit(Change(deliveries=rows))

    def delivery(self, name: str, **more: Any) -> Delivery:
        """One of ``Type/id``, as a FHIR resource unless told otherwise."""
        type_, _, id_ = name.partition("/")
        row = Delivery(self.worker.name, f"d-{id_}", "r1", "created", "fhir", self.clock.now(), 0, type_, id_, 1)
        return row._replace(**more)

    async def step(self) -> float:
        """Let the worker try."""
        return await self.worker.step()

    async def states(self) -> list[tuple[str, str, int]]:
        """Resource, state and tries of each delivery."""
        found: list[Delivery] = await self.store.query(Deliveries())
        return [(each.resource, each.state, each.tries) for each in found]


def webhook(url: str, **more: Any) -> Destination:
    """A destination over HTTP of the organisation RA1."""
    return Destination("gp", more.pop("kind", "webhook"), url, "RA1", **more)


@asynccontextmanager
async def opening(store: Any, directory: Path, to: Callable[..., Destination]) -> AsyncIterator[Opens]:
    """Opens workers that have messages about Patient/ours to send, each to what ``to`` makes of the settings that it is given."""
    await keep(store, [Made("Patient", "ours", [patient("ours")], "api", "RA1")], {})
    opened: list[Outbound] = []

    async def opens(*bodies: bytes, **settings: Any) -> Outbound:
        outbound = Outbound(store, directory / f"audit{len(opened)}", to(**settings))
        opened.append(outbound)
        for number, body in enumerate(bodies):
            await message(outbound, body, f"{number:032x}")
        return outbound

    yield opens
    for each in opened:
        await each.close()


async def message(out: Outbound, body: bytes, name: str) -> None:
    """A message that is due as it came."""
    kept = entry(int(name, 16) + 1)
    kept.body = body
    [made] = await journal(out.store, kept)
    row = out.delivery("ADT^A01", event="message", format="as-received", message=made.message, version=0, concerns="Patient/ours")
    await out.store.commit(Change(deliveries=[row._replace(id=name)]))
