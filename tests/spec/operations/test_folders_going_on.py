"""Watched folders: whatever waits or ends meanwhile, nothing is lost and nothing is there twice."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from adapters.hl7v2.framing import frame
from interop.app.folders.layout import Layout
from interop.errors import Problem
from interop.journal.intake import JournalIntake
from tests.failures import failing
from tests.spec.engine.messages import adt
from tests.spec.engine.running import journal
from tests.spec.operations.folders import place, several

pytestmark = pytest.mark.anyio


async def test_nothing_more_is_read_while_the_backlog_is_full(tmp_path: Path) -> None:
    """Half of it is left to those who wait for an answer; it goes on in order as there is room."""
    async with place(tmp_path, hold=True, backlog=20) as at:
        at.put("day.hl7", b"".join(map(frame, several(40))))
        await at.watch.look()
        at.clock.advance(11)
        reading = asyncio.create_task(at.watch.look())
        while at.engine.workshop.unfinished < 10:
            await asyncio.sleep(0)
        before = at.engine.workshop.unfinished
        for _ in range(100):
            await asyncio.sleep(0)
        assert at.engine.workshop.unfinished == before == 10
        assert not reading.done()
        await at.engine.workshop.dispatcher.start()
        async with asyncio.timeout(60):
            await reading
        assert await at.controls() == [f"C{number}" for number in range(40)]


@failing(
    "journal disk", "taking in", seen="a watched folder waits", recovered="the message is handed over again, before what follows it"
)
async def test_what_the_journal_does_not_take_is_handed_over_again_before_what_follows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.app.folders.watch.PAUSE", 0.0)
    async with place(tmp_path) as at:
        commit, fails = at.engine.workshop.store.commit, iter((False, True, True, False, True))

        async def sometimes(change: Any) -> Any:
            if change.entries and next(fails, False):
                raise Problem("journal-unavailable")
            return await commit(change)

        monkeypatch.setattr(type(at.engine.workshop.store), "commit", lambda self, change: sometimes(change))
        monkeypatch.setattr("interop.app.folders.watch.SLICE", 0.0)
        at.put("day.hl7", b"".join(map(frame, several(12))))
        await at.settle()
        assert await at.controls() == [f"C{number}" for number in range(12)]
        assert at.names("archive") == ["day.hl7"]


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> dict[str, str]:
    """Where an engine keeps its record: settings."""
    return {"database": request.getfixturevalue("database")} if request.param == "postgresql" else {}


@pytest.mark.parametrize(
    ("handed", "kept"),
    [(0, "sqlite"), (1, "sqlite"), (5, "sqlite"), (6, "sqlite"), (11, "sqlite"), (6, "postgresql")],
    indirect=["kept"],
)
async def test_an_engine_that_ended_in_the_middle_goes_on_where_it_was(
    tmp_path: Path, handed: int, kept: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing twice, nothing lost: also messages that are refused, which no control id makes the same; all reasons are there."""
    monkeypatch.setattr("interop.app.folders.watch.CHUNK", 5)
    bodies = several(12)
    bodies[2] = bodies[2].replace(b"ADT^A01", b"ADT^Z99")
    bodies[7] = b"MSH|^~\\&|"
    async with place(tmp_path, **kept) as at:
        receive, count = JournalIntake.receive, 0

        def ending(self: JournalIntake, *said: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count > handed:
                raise asyncio.CancelledError
            return receive(self, *said, **more)

        with monkeypatch.context() as patched:
            patched.setattr(JournalIntake, "receive", ending)
            at.put("day.hl7", b"".join(map(frame, bodies)))
            with pytest.raises(asyncio.CancelledError):
                await at.settle()
        await at.engine.intake.drain()
        assert len(await journal(at.engine)) == handed
    async with place(tmp_path, **kept) as at:
        await at.settle()
        entries = await journal(at.engine)
        assert len(entries) == 12
        assert [entry.control_id for entry in entries if entry.state != "refused"] == [
            f"C{number}" for number in range(12) if number not in (2, 7)
        ]
        said = json.loads((at.folder / "error" / "day.hl7.why").read_text())
        assert (said["messages"], sum(each["count"] for each in said["refused"])) == (12, 2)
        assert at.names(".working") == []


async def test_a_message_that_stands_in_a_file_twice_is_a_repeat_after_a_restart_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [*several(3), *several(3), *several(2, 3)]
    async with place(tmp_path) as at:
        at.put("day.hl7", b"".join(map(frame, bodies)))
        with monkeypatch.context() as patched:
            patched.setattr("interop.app.folders.position.Positions.keep", _stopped_at(3))
            with pytest.raises(asyncio.CancelledError):
                await at.settle()
    async with place(tmp_path) as at:
        await at.settle()
        assert await at.controls() == [f"C{number}" for number in range(5)]
        assert at.names("archive") == ["day.hl7"]


def _stopped_at(number: int) -> Any:
    calls = Counter[str]()

    async def keep(self: Any, position: Any, *, durable: bool = False) -> None:
        calls["keep"] += 1
        if calls["keep"] >= number - 1:
            raise asyncio.CancelledError

    return keep


@failing(
    "engine",
    "starting",
    seen="a file that was read lies in `.working/`",
    recovered="it is archived at the start and read no second time",
)
async def test_what_was_read_and_not_yet_archived_is_archived_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with place(tmp_path) as at:
        at.put("day.hl7", b"".join(map(frame, several(3))))
        with monkeypatch.context() as patched:
            patched.setattr("interop.app.folders.layout.Layout.keep", _cancelled)
            with pytest.raises(asyncio.CancelledError):
                await at.settle()
        assert at.names("archive") == []
    async with place(tmp_path) as at:
        await at.watch.look()
        assert (at.names("archive"), len(await journal(at.engine))) == (["day.hl7"], 3)


async def test_a_file_that_gets_into_a_delivery_late_is_read_before_it_is_archived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While what was there is put away, or after an engine ended then."""
    keep = Layout.keep
    async with place(tmp_path) as at:

        def late(self: Layout, path: Path) -> Path:
            if path.name == "day.hl7":
                (path.parent / "late.hl7").write_bytes(adt(control="C9"))
            return keep(self, path)

        with monkeypatch.context() as patched:
            patched.setattr(Layout, "keep", _cancelled)
            at.put("day.hl7", b"".join(map(frame, several(3))))
            with pytest.raises(asyncio.CancelledError):
                await at.settle()
        (delivery,) = (at.folder / ".working").iterdir()
        (delivery / "early.hl7").write_bytes(adt(control="C8"))
        with monkeypatch.context() as patched:
            patched.setattr(Layout, "keep", late)
            await at.watch.look()
        assert at.names("archive") == ["day.hl7"]
        await at.settle()
        assert (await at.controls())[3:] == ["C8", "C9"]
        assert at.names("archive") == ["day.hl7", "early.hl7", "late.hl7"]


async def test_a_watch_that_is_ended_waits_for_the_thread_that_renames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever watches the folder next would find half a delivery."""
    begun, go_on, take = threading.Event(), threading.Event(), Layout.take
    monkeypatch.setattr("interop.background.PATIENCE", 0.0)

    def slow(self: Layout, *said: Any) -> bool:
        begun.set()
        assert go_on.wait(20)
        return take(self, *said)

    async with place(tmp_path) as at:
        at.put("day.hl7", adt())
        await at.watch.look()
        at.clock.advance(11)
        monkeypatch.setattr(Layout, "take", slow)
        at.watch.start()
        await asyncio.to_thread(begun.wait, 20)
        ending = asyncio.create_task(at.watch.stop())
        for _ in range(1_000):
            await asyncio.sleep(0)
        assert not ending.done()
        go_on.set()
        async with asyncio.timeout(20):
            await ending
        (delivery,) = at.names(".working")
        assert [each.name for each in (at.folder / ".working" / delivery).iterdir()] == ["day.hl7"]


async def test_a_watch_that_is_ended_waits_for_what_the_journal_is_taking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever watches the folder next would hand it over again; of a message that is refused nobody tells that it is the same."""
    bodies = several(3)
    bodies[1] = bodies[1].replace(b"ADT^A01", b"ADT^Z99")
    begun, go_on = asyncio.Event(), asyncio.Event()
    async with place(tmp_path) as at:
        commit = at.engine.workshop.store.commit

        async def slow(change: Any) -> Any:
            if change.entries:
                begun.set()
                await go_on.wait()
            return await commit(change)

        at.put("day.hl7", b"".join(map(frame, bodies)))
        await at.watch.look()
        at.clock.advance(11)
        with monkeypatch.context() as patched:
            patched.setattr(type(at.engine.workshop.store), "commit", lambda self, change: slow(change))
            at.watch.start()
            async with asyncio.timeout(20):
                await begun.wait()
            ending = asyncio.create_task(at.watch.stop())
            for _ in range(100):
                await asyncio.sleep(0)
            waits = not ending.done()
            go_on.set()
            async with asyncio.timeout(20):
                await ending
            assert waits
        await at.watch.look()
        assert await at.controls() == ["C0", "C1", "C2"]
        assert [entry.state == "refused" for entry in await journal(at.engine)] == [False, True, False]


def _cancelled(*said: Any) -> None:
    raise asyncio.CancelledError
