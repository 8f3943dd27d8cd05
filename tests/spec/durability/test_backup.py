"""``interop backup`` beside a running engine and ``interop restore``: nothing that was acknowledged before is missing."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interop.app.engine import Engine
from interop.audit.key import AuditKey
from interop.cli.main import app
from interop.store.plan import Message
from tests.failures import failing
from tests.spec.durability.load import push, settled, traffic
from tests.spec.durability.process import Served
from tests.spec.durability.state import differences, journal, prepare, record
from tests.spec.engine.messages import adt
from tests.spec.engine.running import running, sender

pytestmark = pytest.mark.anyio
SECRET = "correct horse battery"


async def asked(*words: str | Path) -> tuple[int, dict[str, Any], str]:
    """A command's exit code, what it printed as JSON, and the sentence on standard error."""
    done = await asyncio.to_thread(CliRunner().invoke, app, [*map(str, words), "--json"])
    return done.exit_code, json.loads(done.stdout or "{}"), done.stderr


async def send(engine: Engine, count: int, name: str) -> None:
    """Send admissions of as many people and wait until they are in the record."""
    async with sender(engine.mllp) as line:
        for number in range(count):
            ack = await line.ask(adt(control=f"{name}{number}", local=f"{name}{number}", visit=f"V{name}{number}"))
            assert ack is not None
            assert ack.code == "AA"
    while engine.workshop.unfinished:
        await asyncio.sleep(0.01)


@pytest.fixture
async def kept(tmp_path: Path) -> Path:
    """A backup of a running engine that has six messages in it; the engine has three more since."""
    data = prepare(tmp_path / "data")
    async with running(data) as engine:
        await send(engine, 6, "A")
        status, said, problem = await asked("backup", tmp_path / "backup", "--data", data)
        assert (status, problem) == (0, "")
        assert (said["messages"], said["last"], said["keys"], said["encrypted"]) == (6, 6, True, False)
        await send(engine, 3, "B")
    return tmp_path / "backup"


@failing(
    "backup",
    "starting",
    seen="`interop restore` tells the last message and its time",
    recovered="senders and `interop pull` send again what came after; the audit names the gap",
)
async def test_what_was_acknowledged_before_it_is_there_again_and_what_is_missing_is_said(kept: Path, tmp_path: Path) -> None:
    status, said, _ = await asked("restore", kept, "--data", tmp_path / "again")
    assert (status, said["messages"], said["last"], said["received"][:2]) == (0, 6, 6, "20")
    async with running(tmp_path / "again") as engine:
        assert engine.workshop.unfinished == 0
        await send(engine, 1, "C")
    assert journal(tmp_path / "again").controls == [*(f"A{number}" for number in range(6)), "C0"]
    was, now = record(tmp_path / "data"), record(tmp_path / "again")
    there = {name: content for name, content in now.resources.items() if name in was.resources}
    assert there == {name: was.resources[name] for name in there}
    assert sum(name.startswith("Patient/") for name in now.resources) == 7


async def test_the_audit_says_that_a_backup_was_restored_and_all_that_is_there_is_verified(kept: Path, tmp_path: Path) -> None:
    await asked("restore", kept, "--data", tmp_path / "again")
    async with running(tmp_path / "again"):
        pass
    status, said, _ = await asked("audit", "verify", "--data", tmp_path / "again")
    assert (status, said["bad"], said["chains"], said["lost"]) == (0, None, 2, [])
    assert not (tmp_path / "again" / "restored.json").exists()
    assert b'"restored":{"backup":' in (tmp_path / "again" / "audit" / "00000002-0001.log").read_bytes()


async def test_rows_that_were_signed_elsewhere_after_it_are_told_to_be_missing(tmp_path: Path) -> None:
    data, signed = prepare(tmp_path / "data"), tmp_path / "signed"
    async with running(data, checkpoints=signed) as engine:
        await send(engine, 2, "A")
        await asked("backup", tmp_path / "backup", "--data", data, "--checkpoints", signed)
        await send(engine, 2, "B")
    async with running(data, checkpoints=signed) as engine:
        await send(engine, 1, "C")
    again = tmp_path / "again"
    assert (await asked("restore", tmp_path / "backup", "--data", again, "--checkpoints", signed))[0] == 0
    async with running(again, checkpoints=signed) as engine:
        assert engine.audited.log.chain == 3
    status, said, _ = await asked("audit", "verify", "--data", again, "--checkpoints", signed)
    assert (status, said["bad"], said["lost"]) == (0, None, [1, 2])
    path = again / "audit" / "00000003-0001.log"
    path.write_bytes(path.read_bytes().replace(b'"last":1', b'"last":0'))
    status, said, _ = await asked("audit", "verify", "--data", again, "--checkpoints", signed)
    assert (status, said["bad"]["chain"]) == (1, 3)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def altered(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [cut, altered, Path.unlink])
@pytest.mark.parametrize("name", ["journal.sqlite", "record.sqlite", "id.key", "audit/00000001-0001.log", "manifest.json"])
@failing(
    "backup",
    "starting",
    seen="`interop restore` names the file that differs and does nothing",
    recovered="another backup; digests and signature tell which is whole",
)
async def test_a_backup_that_is_not_as_it_was_written_is_refused(
    kept: Path, tmp_path: Path, name: str, harm: Callable[[Path], None]
) -> None:
    harm(kept / name)
    status, _, problem = await asked("restore", kept, "--data", tmp_path / "again")
    assert (status, problem.count("\n")) == (1, 1)
    assert name in problem
    assert not (tmp_path / "again").exists()


async def test_a_manifest_that_was_written_anew_is_not_signed(kept: Path, tmp_path: Path) -> None:
    public = AuditKey((kept / "audit.key").read_bytes()).public.hex()
    path = kept / "manifest.json"
    said = json.loads(path.read_bytes())
    other = AuditKey(bytes(32)).public.hex()
    assert (await asked("restore", kept, "--data", tmp_path / "again", "--public", other))[0] == 1
    said["seal"]["signature"] = "00" * 64
    path.write_text(json.dumps(said))
    status, _, problem = await asked("restore", kept, "--data", tmp_path / "again", "--public", public)
    assert (status, "not signed by that key" in problem) == (1, True)


async def test_nothing_is_overwritten(kept: Path, tmp_path: Path) -> None:
    status, _, problem = await asked("backup", kept, "--data", tmp_path / "data")
    assert (status, "is not empty" in problem) == (1, True)
    status, _, problem = await asked("restore", kept, "--data", tmp_path / "data")
    assert (status, "is not empty" in problem) == (1, True)
    status, _, problem = await asked("backup", tmp_path / "other", "--data", tmp_path / "nothing")
    assert (status, "no engine's data" in problem, (tmp_path / "other").exists()) == (1, True, False)


async def test_a_backup_of_a_newer_schema_is_refused(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from interop.app.backup import restoring

    earlier = restoring.migrations("record", "sqlite")[:1]
    monkeypatch.setattr(restoring, "migrations", lambda name, dialect: earlier)
    status, _, problem = await asked("restore", kept, "--data", tmp_path / "again")
    assert (status, "this version knows 1" in problem) == (1, True)


async def test_a_backup_without_its_keys_is_restored_with_those_it_was_made_with_alone(kept: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert (await asked("backup", tmp_path / "bare", "--data", data, "--without-keys"))[1]["keys"] is False
    assert list((tmp_path / "bare").glob("*.key")) == []
    status, _, problem = await asked("restore", tmp_path / "bare", "--data", tmp_path / "again")
    assert (status, "--keys" in problem) == (1, True)
    other = tmp_path / "other"
    shutil.copytree(kept, other)
    (other / "id.key").write_bytes(bytes(32))
    status, _, problem = await asked("restore", tmp_path / "bare", "--data", tmp_path / "again", "--keys", other)
    assert (status, "id.key" in problem) == (1, True)
    assert (await asked("restore", tmp_path / "bare", "--data", tmp_path / "again", "--keys", data))[0] == 0
    assert (tmp_path / "again" / "audit.key").read_bytes() == (data / "audit.key").read_bytes()


async def test_under_a_passphrase_no_file_of_it_can_be_read_and_it_comes_back_as_it_was(tmp_path: Path) -> None:
    data, word, wrong = prepare(tmp_path / "data"), tmp_path / "word", tmp_path / "wrong"
    word.write_text(SECRET + "\n")
    wrong.write_text("another passphrase")
    async with running(data) as engine:
        await send(engine, 2, "A")
        status, said, _ = await asked("backup", tmp_path / "backup", "--data", data, "--passphrase-file", word)
    assert (status, said["encrypted"]) == (0, True)
    assert not (data / "backup.tmp").exists()
    for path in (path for path in (tmp_path / "backup").rglob("*") if path.is_file() and path.name != "manifest.json"):
        content = path.read_bytes()
        assert content.startswith(b"interop backup 1\n"), path
        assert b"QUARRINGTON" not in content
        assert b"SQLite format" not in content
    for options, sentence in (((), "--passphrase-file"), (("--passphrase-file", wrong), "not the one")):
        status, _, problem = await asked("restore", tmp_path / "backup", "--data", tmp_path / "again", *options)
        assert (status, sentence in problem, (tmp_path / "again").exists()) == (1, True, False)
    status, _, _ = await asked("restore", tmp_path / "backup", "--data", tmp_path / "again", "--passphrase-file", word)
    assert status == 0
    assert journal(tmp_path / "again") == journal(data)
    assert differences(record(tmp_path / "again"), record(data)) == []
    short = tmp_path / "short"
    short.write_text("secret")
    status, _, problem = await asked("backup", tmp_path / "more", "--data", data, "--passphrase-file", short)
    assert (status, "at least 12 characters" in problem, (tmp_path / "more").exists()) == (1, True, False)


async def test_directories_keys_and_all_that_is_restored_are_for_the_owner_alone(kept: Path, tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        await asked("restore", kept, "--data", tmp_path / "again")
    finally:
        os.umask(old)
    for top in (kept, tmp_path / "again"):
        assert top.stat().st_mode & 0o077 == 0
        for path in top.rglob("*"):
            assert path.stat().st_mode & 0o077 == 0, path


@failing("record disk", "starting", seen="messages wait at the start", recovered="the journal makes the record again")
async def test_the_record_is_made_again_where_only_the_journal_was_there(kept: Path, tmp_path: Path) -> None:
    await asked("restore", kept, "--data", tmp_path / "again")
    (tmp_path / "again" / "record.sqlite").unlink()
    async with running(tmp_path / "again") as engine:
        while engine.workshop.unfinished:
            await asyncio.sleep(0.01)
        (entry,) = await engine.workshop.store.query(Message(6))
        assert entry.state == "applied"
    was, now = record(tmp_path / "data"), record(tmp_path / "again")
    assert {name: was.resources[name] for name in now.resources} == now.resources


async def test_from_a_database_and_into_one_the_journal_goes_number_for_number(
    database: str, empty_database: str, tmp_path: Path
) -> None:
    data = prepare(tmp_path / "data")
    async with running(data, database=database) as engine:
        await send(engine, 3, "A")
        status, said, problem = await asked("backup", tmp_path / "backup", "--data", data, "--database", database)
        assert (status, problem, said["record"], said["messages"]) == (0, "", False, 3)
    assert not (tmp_path / "backup" / "record.sqlite").exists()
    for target, options in (("files", ()), ("base", ("--database", empty_database))):
        assert (await asked("restore", tmp_path / "backup", "--data", tmp_path / target, *options))[0] == 0
        async with running(tmp_path / target, database=empty_database if options else None) as engine:
            while engine.workshop.unfinished:
                await asyncio.sleep(0.01)
            states = [(await engine.workshop.store.query(Message(number)))[0].state for number in (1, 2, 3)]
            assert states == ["applied"] * 3
    assert not (tmp_path / "base" / "journal.sqlite").exists()
    status, _, problem = await asked("restore", tmp_path / "backup", "--data", tmp_path / "new", "--database", empty_database)
    assert (status, "The database holds messages" in problem) == (1, True)


@pytest.mark.long
@pytest.mark.parametrize("at", [40, 400])
async def test_under_load_it_holds_all_that_was_acknowledged_when_it_began(tmp_path: Path, at: int) -> None:
    data, bodies, acknowledged = prepare(tmp_path / "data"), traffic(17, 1_000), set[str]()
    begun, before = asyncio.Event(), set[str]()
    async with Served(data) as served:

        def told() -> None:
            if len(acknowledged) == at:
                before.update(acknowledged)
                begun.set()

        pushing = asyncio.create_task(push(served.mllp, bodies.values(), acknowledged, told))
        await begun.wait()
        status, said, problem = await asked("backup", tmp_path / "backup", "--data", data)
        assert (status, problem) == (0, "")
        await pushing
        assert acknowledged == set(bodies)
        await settled(served)
        served.terminate()
        await served.ended()
    again = tmp_path / "again"
    assert (await asked("restore", tmp_path / "backup", "--data", again))[0] == 0
    there = set(journal(again).controls)
    assert before <= there
    assert said["messages"] < len(journal(data).controls)
    async with Served(again) as served:
        await push(served.mllp, [body for control, body in bodies.items() if control not in there], set())
        await settled(served)
        served.terminate()
        assert await served.ended() == 0
    assert set(journal(again).controls) == set(journal(data).controls)
    assert len(journal(again).controls) == len(journal(data).controls)
