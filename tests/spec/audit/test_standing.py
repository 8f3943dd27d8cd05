"""A process that stands still while it indexes holds up who reads the audit, and nobody else."""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from interop.app.audited import Audited
from interop.audit import log, trail
from interop.audit.log import OPENING, AuditLog
from interop.audit.row import READ
from interop.audit.trail import INDEXING, Trail
from interop.clock import ManualClock
from interop.errors import Problem
from interop.policy.asker import TESTER, Asker
from interop.store.sqlite import SqliteStore
from interop.store.sqlite.audit_index import Wanted
from tests.spec.audit.asking import asking
from tests.spec.audit.conftest import KEY

OFFICER = Asker("iss|po", "privacy-officer", "RX1", "console", "audit", scopes=None)
pytestmark = pytest.mark.anyio


@contextmanager
def standing(directory: Path, name: str = INDEXING) -> Iterator[None]:
    """Another process that has stopped in its turn: the lock is its file's."""
    file = os.open(directory / name, os.O_CREAT | os.O_RDWR)
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(file)


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    for each in ("PATIENCE", "OPENING"):
        monkeypatch.setattr(trail, each, 0.05)


async def test_who_reads_is_told_that_it_cannot_be_now_and_threads_are_there_for_all_else(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        await at.made()
        with standing(tmp_path / "audit"):
            loop = asyncio.get_running_loop()
            at.door.asker = OFFICER
            asked = [asyncio.ensure_future(at.http.get("/fhir/AuditEvent")) for _ in range(40)]
            await asyncio.sleep(0)
            async with asyncio.timeout(30):
                assert await asyncio.to_thread(int, "1") == 1
                assert await loop.getaddrinfo("localhost", 5432)
                answers = await asyncio.gather(*asked)
            at.door.asker = TESTER
            assert {each.status_code for each in answers} == {503}
            assert answers[0].json()["issue"][0]["details"]["coding"][0]["code"] == "audit-unavailable"
            assert (await at.get("Patient/p1")).status_code == 200
            with pytest.raises(Problem):
                await at.tick()
        await asyncio.to_thread(at.audited.trail.catch_up, 0, 10.0)
        at.audited.trail._stood = 0.0
        assert await at.events(OFFICER, "AuditEvent")


async def test_an_engine_starts_beside_it_and_indexes_when_it_is_gone(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.app.audited.TICK", 3_600)  # what is indexed is counted here
    directory = tmp_path / "audit"
    store = SqliteStore.open(tmp_path / "data", clock=clock)
    first = AuditLog.open(directory, tmp_path / "elsewhere", KEY, clock, background=False)
    Trail(directory).close()
    with standing(directory):
        second = AuditLog.open(directory, tmp_path / "elsewhere", KEY, clock, background=False)
        audited = Audited(second, {}, store, shared=True)
        await audited.start()
        second.write(READ, interaction="read")
    rows = await asyncio.to_thread(audited.trail.catch_up, 0, 10.0)
    assert rows == 3, "two beginnings and a read"
    audited.trail._stood = 0.0
    assert len(audited.trail.find(Wanted(kinds=(READ,)))) == 1
    await audited.stop()
    first.close()
    await store.close()


async def test_who_waits_for_its_chain_to_begin_waits_no_longer_than_is_good(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    AuditLog.open(tmp_path / "audit", tmp_path / "elsewhere", KEY, clock, background=False).close()
    monkeypatch.setattr(log, "BEGINNING", 0.05)
    with standing(tmp_path / "audit", OPENING), pytest.raises(OSError, match="stands still while it starts"):
        AuditLog.open(tmp_path / "audit", tmp_path / "elsewhere", KEY, clock, background=False)
