"""An engine with three people in it: Laura, Susan and Bill of the example day, what may be seen of them, and a clock."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import httpx
from anyio import to_thread

from conformance.day.record import NHS
from conformance.day.sharing import agree, consent
from conformance.examples import bill, laura, susan
from conformance.examples.day import people
from conformance.generate.people import Person
from interop.app.engine import Engine
from interop.clock import MICROSECONDS, ManualClock
from interop.signon.issuer import OwnIssuer, default_scope
from interop.signon.keyfile import own_keys
from tests.spec.engine.running import TIMEOUT, quiet, settings

DAY: Final = date(2026, 10, 14)
"""The day that is told of; a Wednesday."""
MORNING: Final = datetime.combine(DAY + timedelta(days=1), time(8, 30), ZoneInfo("Europe/London"))
"""When the pages are looked at."""


@dataclass
class Site:
    """A running engine and who is in it."""

    engine: Engine
    clock: ManualClock
    people: dict[str, Person] = field(default_factory=dict)
    """laura, susan, bill."""
    ids: dict[str, str] = field(default_factory=dict)
    """The id of a Patient of each."""

    @property
    def root(self) -> str:
        """Where the pages are."""
        return f"http://127.0.0.1:{self.engine.http}"

    @property
    def now(self) -> float:
        """What the engine holds for the time, in seconds since 1970."""
        return self.clock.now() / MICROSECONDS

    def client(self, role: str, organisation: str = "", patient: str = "") -> httpx.Client:
        """Who asks with a token; to be used in a thread (``told``)."""
        claims = {"sub": f"test-{role}", "role": role, "organisation": organisation, "patient": patient, "client_id": "tests"}
        claims |= {"scope": default_scope(role, patient), "feed": "*" if role == "tester" else ""}
        token = OwnIssuer().issue(own_keys(self.engine.settings.data), claims, now=self.now, seconds=3600)
        return httpx.Client(base_url=self.root, timeout=TIMEOUT, trust_env=False, headers={"authorization": f"Bearer {token}"})

    async def told(self, *messages: tuple[str, bytes]) -> None:
        """Messages, each with its feed, are in the record and the rules have acted on them."""
        await to_thread.run_sync(self._tell, messages)
        await quiet(self.engine)

    async def passes(self, seconds: float) -> None:
        """Time passes for the engine, which then does what is due."""
        self.clock.advance(seconds)
        await quiet(self.engine)

    def _tell(self, messages: tuple[tuple[str, bytes], ...]) -> None:
        with self.client("tester") as tester:
            for feed, body in messages:
                answer = tester.post(f"/ingest/{feed}?wait=applied", content=body)
                assert answer.is_success, answer.text


@asynccontextmanager
async def started(data: Path, **more: Any) -> AsyncIterator[Site]:
    """An engine that wants everybody to sign on and acts by our rules, on what its directory holds."""
    clock = ManualClock(int(MORNING.timestamp()) * MICROSECONDS)
    engine = await Engine.start(settings(data, **{"open": False, "rules": Path("ours"), **more}), clock)
    try:
        yield Site(engine, clock)
    finally:
        await engine.stop()


@dataclass(frozen=True)
class Three:
    """A directory with the three in it, made once: their day has been told, the organisations share, and they have consented."""

    data: Path
    people: dict[str, Person]
    ids: dict[str, str]

    @classmethod
    async def told(cls, data: Path) -> Three:
        """Make it."""
        three = dict(zip(("laura", "susan", "bill"), people(DAY), strict=True))
        sent = sorted(chain(laura.day(DAY), susan.day(DAY), bill.day(DAY)), key=lambda message: message.at)
        async with started(data) as site:
            await site.told(*((message.feed.name, message.body) for message in sent))
            ids = await to_thread.run_sync(_agreed, site, three)
            await quiet(site.engine)
        return cls(data, three, ids)

    @asynccontextmanager
    async def site(self, data: Path, **more: Any) -> AsyncIterator[Site]:
        """An engine with the three in it, in a directory of its own."""
        shutil.copytree(self.data, data, symlinks=True)
        async with started(data, **more) as site:
            site.people, site.ids = self.people, self.ids
            yield site


def _agreed(site: Site, three: dict[str, Person]) -> dict[str, str]:
    ids = {}
    with site.client("operator") as operator:
        agree(operator)
    for name, person in three.items():
        with site.client("gp", person.practice.ods) as practice:
            consent(practice, person)
            found = practice.post("/fhir/Patient/_search", data={"identifier": f"{NHS}|{person.nhs_number}"}).json()
            ids[name] = found["entry"][0]["resource"]["id"]
    return ids
