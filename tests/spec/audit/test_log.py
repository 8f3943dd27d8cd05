"""What a log promises: the row is there before the answer, on disk before a change; where it cannot be, nothing is given."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.audit import checkpoints
from interop.audit.log import CHECKPOINT, SYNC, AuditLog
from interop.audit.parts import lines
from interop.audit.row import READ, Names, decode
from interop.audit.verify import verify
from interop.clock import ManualClock
from interop.errors import Problem
from interop.policy.asker import NOBODY, TESTER
from interop.store.values import Change
from tests.failures import failing
from tests.spec.audit.asking import asking
from tests.spec.audit.conftest import KEY

pytestmark = pytest.mark.anyio
FILE = "00000001-0001.log"


def test_a_row_is_in_the_file_when_write_returns(opened: Callable[..., AuditLog], tmp_path: Path) -> None:
    """What is in the file outlives the process, synced or not."""
    log = opened()
    log.write(READ, ("u", "gp"), "read", "Patient", "p1", 200, 1, ("p1",), ("gp/direct-care",))
    *_, (_, line) = lines(tmp_path / "audit" / FILE)
    row = decode(line.rpartition(b" ")[0])
    assert (row.sequence, row.kind, row.who.user, row.patients, row.rules) == (2, READ, "u", ("p1",), ("gp/direct-care",))


async def test_those_who_wait_for_the_disk_share_a_sync(tmp_path: Path, clock: ManualClock) -> None:
    log = AuditLog.open(tmp_path / "audit", tmp_path / "elsewhere", KEY, clock)
    before = log.syncs
    await asyncio.gather(*(log.durable(log.write(READ)) for _ in range(200)))
    assert log.syncs - before <= 3
    await asyncio.to_thread(log.close)


def test_what_nobody_waits_for_is_on_disk_within_a_second(opened: Callable[..., AuditLog], synced: list[int]) -> None:
    """The window of a read after power loss: the thread's round, which is this long."""
    assert SYNC <= 1
    log = opened()
    log.write(READ)
    assert synced[-1] < log.offset
    log.tick()
    assert synced[-1] == log.offset


def test_checkpoints_are_signed_while_rows_come_and_never_of_what_is_not_on_disk(
    opened: Callable[..., AuditLog], clock: ManualClock, tmp_path: Path, synced: list[int]
) -> None:
    assert CHECKPOINT + SYNC * 1_000_000 <= 10_000_000
    log = opened()
    for _ in range(4):
        log.write(READ)
        clock.advance(CHECKPOINT / 1_000_000)
        log.tick()
        log.tick()
    kept = checkpoints.kept(tmp_path / "elsewhere")[1]
    assert [one.sequence for one in kept] == [1, 2, 3, 4, 5]
    assert all(one.genuine(KEY) and one.offset in synced for one in kept)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the log that were brought to disk."""
    sizes: list[int] = []
    real = os.fdatasync

    def sync(file: int) -> None:
        real(file)
        sizes.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fdatasync", sync)
    return sizes


def test_checkpoints_are_signed_while_rows_come_without_end(
    opened: Callable[..., AuditLog], clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """During each sync another row comes, and another part begins."""
    log = opened(size=700)
    real = os.fdatasync

    def busy(file: int) -> None:
        monkeypatch.setattr(os, "fdatasync", real)
        log.write(READ, interaction="read")
        monkeypatch.setattr(os, "fdatasync", busy)
        real(file)

    monkeypatch.setattr(os, "fdatasync", busy)
    for _ in range(30):
        log.write(READ)
        clock.advance(6)
        log.tick()
    monkeypatch.setattr(os, "fdatasync", real)
    log.close()
    assert log.part > 5
    found = verify(tmp_path / "audit", tmp_path / "elsewhere", KEY)
    assert (found.bad, found.checkpoints, found.rows) == (None, 32, log.sequence)


async def test_a_change_is_in_the_audit_on_disk_before_the_journal_has_it(tmp_path: Path, synced: list[int]) -> None:
    async with asking(tmp_path) as at:
        store: Any = at.audited._store
        commit, log, seen = store.commit, at.audited.log, []

        async def watched(change: Change) -> Any:
            if change.entries:
                seen.append((change.entries[0].control_id, synced[-1], log.offset))
            return await commit(change)

        store.commit = watched
        await at.made()
        for control, on_disk, written in seen:
            sequence = int(control.rpartition("-")[2])
            assert control == f"audit:1-{sequence}"
            ends = [end for end, line in lines(tmp_path / "audit" / FILE) if line.startswith(b"[%d," % sequence)]
            assert ends == [on_disk] or on_disk > ends[0]
            assert on_disk <= written
        assert len(seen) == 6


def full(short: int = 0) -> Callable[[int, bytes, int], int]:
    """``os.pwrite`` to a disk that has room for so many bytes of each write."""
    real = os.pwrite

    def write(file: int, data: bytes, offset: int) -> int:
        if short:
            return real(file, data[:short], offset)
        raise OSError(errno.ENOSPC, "full")

    return write


@pytest.mark.parametrize("short", [0, 7])
@failing(
    "audit disk",
    "reading",
    "writing",
    seen="503 `audit-unavailable`; nothing is given or changed",
    recovered="it goes on by itself once there is room",
)
async def test_a_full_disk_gives_nothing_and_changes_nothing_and_mends_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    """503 for reads, writes and messages; what was half written is taken away."""
    async with asking(tmp_path) as at:
        await at.made()
        monkeypatch.setattr(os, "pwrite", full(short))
        for _ in range(2):
            read = await at.get("Patient/p1")
            assert (read.status_code, read.json()["issue"][0]["details"]["coding"][0]["code"]) == (503, "audit-unavailable")
            assert "Quarrington" not in read.text
            assert (await at.put({"resourceType": "Patient", "id": "new"})).status_code == 503
            assert (await at.ingest()).status_code == 503
        assert at.audited.problem is not None
        monkeypatch.undo()
        assert (await at.get("Patient/new")).status_code == 404
        assert (await at.get("Patient/p1")).status_code == 200
        assert (await at.ingest()).status_code == 202
        at.audited.log.tick()
        assert at.audited.problem is None
    assert verify(tmp_path / "audit", tmp_path / "elsewhere", KEY).bad is None


@pytest.mark.parametrize("short", [0, 7])
@failing("audit disk", "taking in", seen="AR, CE or 503 `audit-unavailable`", recovered="within a second of there being room")
async def test_an_audit_that_was_full_goes_on_where_nobody_comes_but_senders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    """A message is refused before there is a row to be written: the log itself looks whether there is room."""
    async with asking(tmp_path) as at:
        monkeypatch.setattr(os, "pwrite", full(short))
        assert (await at.get("Patient/p1")).status_code == 503
        for _ in range(2):
            at.audited.log.tick()
            assert (await at.ingest()).status_code == 503
        monkeypatch.undo()
        at.audited.log.tick()
        assert (await at.ingest()).status_code == 202
    assert verify(tmp_path / "audit", tmp_path / "elsewhere", KEY).bad is None


@failing("audit disk", "reading", seen="`/metrics` goes on", recovered="it never stopped")
async def test_figures_are_given_though_the_audit_takes_no_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They disclose nobody, and who watches may not go blind just then; who may not see them is refused still."""
    async with asking(tmp_path) as at:
        await at.made()
        rows = at.audited.log.sequence
        assert (await at.http.get("/metrics")).status_code == 200
        assert at.audited.log.sequence == rows + 1, "whoever signs on for them is in the audit"
        monkeypatch.setattr(os, "pwrite", full())
        assert (await at.get("Patient/p1")).status_code == 503
        given = await at.http.get("/metrics")
        assert given.status_code == 200
        assert 'interop_http_responses_total{method="GET",part="fhir",status="503"} 1.0' in given.text
        at.door.asker = NOBODY
        assert (await at.http.get("/metrics")).status_code in (401, 503)
        at.door.asker = TESTER
        monkeypatch.undo()
        assert (await at.http.get("/metrics")).status_code == 200
    assert verify(tmp_path / "audit", tmp_path / "elsewhere", KEY).bad is None


async def test_a_sync_that_fails_lets_no_change_happen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking(tmp_path) as at:
        real = os.fdatasync

        def failing(file: int) -> None:
            raise OSError(errno.EIO, "gone")

        monkeypatch.setattr(os, "fdatasync", failing)
        assert (await at.put({"resourceType": "Patient", "id": "p1"})).status_code == 503
        assert (await at.get("Patient/p1")).status_code == 503
        monkeypatch.setattr(os, "fdatasync", real)
        at.audited.log.tick()
        assert (await at.get("Patient/p1")).status_code == 404
        assert (await at.put({"resourceType": "Patient", "id": "p1"})).status_code == 201
    assert verify(tmp_path / "audit", tmp_path / "elsewhere", KEY).bad is None


@failing(
    "checkpoints",
    "reading",
    seen="`/health/ready` is 503, answers go on",
    recovered="the next checkpoint that can be kept covers the rows between",
)
def test_where_no_checkpoint_can_be_kept_the_engine_says_that_it_is_not_ready(
    opened: Callable[..., AuditLog], tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on: rows are still written."""
    log = opened()

    def gone(*_: object) -> None:
        raise OSError("gone")

    monkeypatch.setattr(checkpoints, "keep", gone)
    log.write(READ)
    clock.advance(20)
    log.tick()
    assert log.unsigned is not None
    log.write(READ)
    monkeypatch.undo()
    clock.advance(20)
    log.tick()
    assert log.unsigned is None


@pytest.mark.parametrize(
    ("id", "kept"),
    [
        ("abcdefghijklmnopqrstuvwxyz234567", True), ("0f3c5a1e-1d2c-4b5a-9876-123456789012", True), ("p1", True),
        ("9991234567", False), ("nhs-999-123-4567", False), ("x.9991234567", False), ("99912345678", True),
    ],
)  # fmt: skip
def test_an_id_that_may_be_an_nhs_number_is_not_written(id: str, kept: bool) -> None:
    names = Names(KEY.ids)
    assert (names.one(id) == id) is kept
    assert names.one(id) == names.one(id)
    assert names.one("9991234567") != names.one("9991234568")


async def test_nothing_of_what_is_in_the_record_is_in_the_log(tmp_path: Path) -> None:
    """Names, numbers, addresses, bodies and values of searches."""
    async with asking(tmp_path) as at:
        await at.made()
        secret = {
            "resourceType": "Patient", "id": "9990000018", "name": [{"family": "Canaryson", "given": ["Zzelda"]}],
            "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000026"}],
            "telecom": [{"system": "phone", "value": "07700900123"}],
            "address": [{"line": ["1 Canary Row"]}], "birthDate": "1931-02-03",
        }  # fmt: skip
        assert (await at.put(secret)).status_code == 201
        await at.get("Patient/9990000018")
        await at.get("Patient/9990000034")
        await at.get(
            "Patient?family=Canaryson&birthdate=1931-02-03&identifier=9990000026&9990000026=Canaryson&Canaryson=1&telecom=07700900123"
        )
        await at.send("POST", "Patient/_search", data={"family": "Canaryson"})
        await at.get("Patient/9990000018/$everything")
        await at.get("Canaryson/9990000018")
        await at.get("Patient/$Canaryson")
        await at.ingest()
        found = await at.events(None, "AuditEvent?_source=urn:interop:audit&patient=9990000018")
        assert len(found) >= 3
    text = b"".join(path.read_bytes() for path in (tmp_path / "audit").rglob("*") if path.is_file())
    for secret_text in (b"anary", b"zelda", b"9990000018", b"9990000026", b"9990000034", b"07700900123", b"1931", b"QUARRINGTON"):
        assert secret_text not in text, secret_text
    assert b"~" in text


async def test_whatever_goes_wrong_with_its_thread_a_change_is_answered_and_the_next_is_made(
    tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.audit.log.SYNC", 3_600)  # its thread goes round when somebody waits, not in between
    log = AuditLog.open(tmp_path / "audit", tmp_path / "elsewhere", KEY, clock)
    tick = log.tick

    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(log, "tick", broken)
    with pytest.raises(Problem, match="RuntimeError"):
        await asyncio.wait_for(log.durable(log.write(READ)), 30)
    monkeypatch.setattr(log, "tick", tick)
    await asyncio.wait_for(log.durable(log.write(READ)), 30)
    await asyncio.to_thread(log.close)


def test_a_row_that_is_taken_again_does_not_hide_that_a_sync_has_failed(
    opened: Callable[..., AuditLog], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk fails both; what the sync left is on no disk until it is written again."""

    def failing(*given: object) -> int:
        raise OSError(errno.ENOSPC, "full")

    log = opened()
    log.write(READ)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", failing)
        with monkeypatch.context() as full, pytest.raises(Problem):
            full.setattr(os, "pwrite", failing)
            log.write(READ)
        with pytest.raises(Problem):
            log.sync()
        with pytest.raises(Problem):
            log.write(READ)
    log.sync()
    log.write(READ)
    log.close()
    assert verify(tmp_path / "audit", tmp_path / "elsewhere", KEY).bad is None
