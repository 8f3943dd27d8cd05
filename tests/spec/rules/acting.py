"""An engine that acts by rules, told by real messages, with a clock that is moved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from interop.app.engine import Engine
from interop.clock import ManualClock
from interop.formats.instants import iso_instant
from interop.store.plan import Deliveries
from interop.store.values import PENDING, Delivery
from tests.spec.engine.running import client, found, settings

RULE = "urn:interop:rule"
CLINICIAN = "named"
"""The id of the Practitioner whom teams of these tests name."""
START = 1_767_607_200_000_000
"""2026-01-05T10:00:00Z in microseconds: when the messages of these tests are sent."""


class Acted:
    """``engine`` under ``http``; ``clock`` is its clock."""

    def __init__(self, engine: Engine, http: httpx.AsyncClient, clock: ManualClock) -> None:
        self.engine, self.http, self.clock = engine, http, clock

    async def tell(self, *bodies: bytes, feed: str = "hl7v2") -> None:
        """Messages, one after the other, until the rules have acted on each."""
        for body in bodies:
            answer = await self.http.post(f"/ingest/{feed}?wait=applied", content=body)
            assert answer.is_success, answer.text
            await self.quiet()

    async def put(self, resource: dict[str, Any]) -> None:
        """A resource as a client keeps it, until the rules have acted on it."""
        answer = await self.http.put(f"/fhir/{resource['resourceType']}/{resource['id']}", json=resource)
        assert answer.is_success, answer.text
        await self.quiet()

    async def quiet(self) -> None:
        """Until every message is applied and the queue of the rules has nothing left to do."""
        async with asyncio.timeout(30):
            while self.engine.workshop.unfinished or await self.queue(PENDING):
                await asyncio.sleep(0.005)

    async def queue(self, state: str = "") -> list[Delivery]:
        """What is in the queue of the rules."""
        rows: list[Delivery] = await self.engine.workshop.store.query(Deliveries("rules", state, count=1_000))
        return rows

    async def made(self, rule: str, type: str = "Task") -> list[dict[str, Any]]:
        """What a rule has made."""
        return await found(self.http, f"{type}?_tag={RULE}|{rule}&_count=100")

    async def patient(self, local: str = "L1001") -> str:
        """The id of the Patient of a local number."""
        (one,) = await found(self.http, f"Patient?identifier={local}")
        return str(one["id"])

    async def everyone(self) -> list[str]:
        """The ids of all Patients."""
        return [str(each["id"]) for each in await found(self.http, "Patient?_count=100")]

    def counts(self, rule: str) -> dict[str, int]:
        """What came of a rule in this process."""
        acting = self.engine.outgoing.acting
        assert acting is not None
        return {result: count for (name, result), count in acting.counts.items() if name == rule}


@asynccontextmanager
async def acting(data: Path, clock: ManualClock | None = None, **more: Any) -> AsyncIterator[Acted]:
    """An engine that acts by our rules unless told by others."""
    clock = clock or ManualClock(START)
    engine = await Engine.start(settings(data, **{"rules": Path("ours"), **more}), clock)
    try:
        async with client(engine) as http:
            yield Acted(engine, http, clock)
    finally:
        await engine.stop()


def team(id: str, patient: str, **more: Any) -> dict[str, Any]:
    """An active CareTeam of a Patient, in which one clinician answers for the person."""
    answers = {"role": [{"text": "Named clinician"}], "member": {"reference": f"Practitioner/{CLINICIAN}"}}
    return {
        "resourceType": "CareTeam",
        "id": id,
        "status": "active",
        "name": "Community team",
        "subject": {"reference": f"Patient/{patient}"},
        "participant": [answers],
        **more,
    }


def at(text: str) -> ManualClock:
    """A clock that stands at an instant (``2026-01-05T10:00:00Z``)."""
    instant = iso_instant(text)
    assert instant is not None
    return ManualClock(instant)
