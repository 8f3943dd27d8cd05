"""The power goes: what the record's log had not on disk is made again from the journal, byte for byte."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from interop.apply.asked import CREATE, DELETE, UPDATE, Asked, Criteria
from interop.apply.writes import Writes
from interop.clock import SystemClock
from interop.formats.json import write_json
from interop.store.plan import Waiting
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Outcome
from tests.failures import failing
from tests.spec.store.build import T0, entry, journal, put, token, write

pytestmark = pytest.mark.anyio
NAMES = ("record.sqlite", "journal.sqlite", "journal.sqlite-wal")
LOG = "record.sqlite-wal"
VERSIONS = "SELECT type, id, version, updated, deleted, owner, message, body FROM {} ORDER BY type, id, version"
ROWS = "SELECT p.name, r.id, x.code FROM index_token x JOIN parameter p USING (pid) JOIN resource r USING (rid) ORDER BY 1, 2, 3"
OUTCOMES = "SELECT message, state, reason FROM outcome ORDER BY message"


def asked(method: str, id: str, family: str = "") -> Asked:
    resource = {"resourceType": "Patient", "id": id, "name": [{"family": family}], "gender": "female"}
    body = b"" if method == DELETE else write_json(resource)
    return Asked(method, "Patient", "" if method == CREATE else id, resource=None if method == DELETE else resource, body=body)


def nothing(type: str, text: str) -> Criteria:
    """No reference is by criteria."""
    raise AssertionError


async def fill(data: Path) -> None:
    """Creates, updates, deletes and transactions, some side by side."""
    store = SqliteStore.open(data)
    writes = Writes(store, SystemClock())
    for number in range(6):
        puts = [asked(UPDATE, f"p{one}", f"N{number}") for one in range(5)]
        await asyncio.gather(*(writes.write(one) for one in [*puts, asked(CREATE, "-", f"NEW{number}")]))
        await writes.write(asked(DELETE, f"p{number}"))
        await writes.transaction([asked(UPDATE, "shared", f"T{number}"), asked(UPDATE, f"t{number}", "OWN")], nothing)
    assert store.counters.syncs < store.counters.groups
    shutil.copytree(data, data.with_name("whole"))
    await store.close()


async def start(data: Path) -> None:
    """What an engine does with it first."""
    store = SqliteStore.open(data)
    writes = Writes(store, SystemClock())
    async for one in store.stream(Waiting(0)):
        await writes.finish(one)
    await store.close()


def held(data: Path) -> list[list[tuple[Any, ...]]]:
    """What the record holds."""
    connection = sqlite3.connect(data / "record.sqlite")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return [
            connection.execute(sql).fetchall() for sql in (VERSIONS.format("resource"), VERSIONS.format("version"), ROWS, OUTCOMES)
        ]
    finally:
        connection.close()


@failing("power", "applying", seen="messages wait again at the start", recovered="the journal makes them again, byte for byte")
async def test_whatever_the_log_has_lost_the_journal_makes_again(tmp_path: Path) -> None:
    await fill(tmp_path / "data")
    whole = tmp_path / "whole"
    log = (whole / LOG).read_bytes()
    for share in (0.0, 0.4, 0.65, 0.8, 0.999):
        lost = tmp_path / f"lost-{share}"
        lost.mkdir()
        for name in NAMES:
            shutil.copy(whole / name, lost / name)
        (lost / LOG).write_bytes(log[: int(len(log) * share)])
        await start(lost)
        assert held(lost) == held(whole), share


async def test_what_the_journal_alone_does_not_make_again_waits_for_the_disk(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "data")
    await journal(store, entry(1))
    before = store.counters
    await write(store, put("Patient", "a", 1, token("gender", "female")))
    await store.commit(Change(outcomes=[Outcome(1, "applied", T0)]))
    await asyncio.gather(store.commit(Change(meta=[("a", "b")])), store.commit(Change(puts=[put("Patient", "b")], follows=True)))
    assert store.counters.syncs - before.syncs == store.counters.groups - before.groups == 3
    await store.commit(Change(puts=[put("Patient", "c")], follows=True))
    assert store.counters.syncs - before.syncs == 3
    await store.close()
