"""Watched folders: a file is taken when it is whole, read in order, journalled, and archived or put aside with the reasons."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from errno import EBUSY
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from adapters.hl7v2.framing import frame
from interop.app.engine import Engine
from interop.app.folders.layout import Immovable, Layout
from interop.app.folders.watch import Watch
from interop.clock import ManualClock
from interop.errors import Problem
from interop.journal.intake import JournalIntake
from interop.ports import MessageState
from interop.store.plan import Message
from tests.failures import failing
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found, journal, running, settings
from tests.spec.families.maps import example

pytestmark = pytest.mark.anyio
HEAD = "feed,adapter,ack,test_numbers,description,folder\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Place(NamedTuple):
    """An engine with one watched folder, and a clock that is moved."""

    engine: Engine
    clock: ManualClock
    folder: Path

    @property
    def watch(self) -> Watch:
        assert self.engine.folders is not None
        return next(iter(self.engine.folders.watches.values()))

    async def settle(self) -> None:
        """One look, time in which nothing changes, another look."""
        await self.watch.look()
        self.clock.advance(11)
        await self.watch.look()

    def put(self, name: str, content: bytes) -> Path:
        made = self.folder / f".{name}"
        made.write_bytes(content)
        return made.rename(self.folder / name)

    def names(self, part: str) -> list[str]:
        return sorted(each.name for each in (self.folder / part).iterdir())

    async def controls(self) -> list[str]:
        return [entry.control_id for entry in await journal(self.engine)]


@asynccontextmanager
async def place(tmp_path: Path, feed: str = "ward,hl7v2,journalled,yes,,in", **more: Any) -> AsyncIterator[Place]:
    """Looks are made by the test alone."""
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(f"{HEAD}{feed}\n", encoding="utf-8")
    clock = ManualClock()
    engine = await Engine.start(settings(tmp_path / "data", feeds=feeds, **more), clock)
    try:
        made = Place(engine, clock, folder)
        await made.watch.stop()
        yield made
    finally:
        await engine.stop()


def several(count: int, start: int = 0) -> list[bytes]:
    return [adt(control=f"C{number}", local=f"L{number}") for number in range(start, start + count)]


async def test_a_file_of_messages_is_journalled_in_its_order_and_archived(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        at.put("day.hl7", b"".join(map(frame, several(30))))
        await at.settle()
        assert await at.controls() == [f"C{number}" for number in range(30)]
        assert (at.names("archive"), at.names("error"), at.names(".working")) == (["day.hl7"], [], [])
        assert not (at.folder / "day.hl7").exists()


async def test_what_it_holds_is_in_the_record_as_what_its_sender_had_sent(tmp_path: Path) -> None:
    async with place(tmp_path, open=True) as at, client(at.engine) as http:
        at.put("day.hl7", adt())
        done = asyncio.Event()
        at.engine.workshop.told.append(lambda message, state, problem: done.set())
        await at.settle()
        async with asyncio.timeout(20):
            await done.wait()
        (patient,) = await found(http, "Patient?family=Quarrington")
        assert patient["meta"]["source"].startswith("urn:interop:feed:ward#")


BATCH = b"FHS|^~\\&|PAS|RX1\rBHS|^~\\&|PAS|RX1\r" + b"".join(several(3)) + b"BTS|3\rFTS|1\r"


@pytest.mark.parametrize(
    ("feed", "name", "content", "count"),
    [
        ("ward,hl7v2,journalled,yes,,in", "batch.hl7", lambda: BATCH, 3),
        ("gp,emis,journalled,yes,,in", "codes.csv", lambda: example("emis", "codes.txt"), 2),
        ("gp,openhr,journalled,yes,,in", "record.xml", lambda: example("openhr", "record.xml"), 1),
        ("any,,journalled,yes,,in", "record.xml", lambda: example("openhr", "record.xml"), 1),
    ],
)
async def test_any_file_is_taken_that_convert_can_read(
    tmp_path: Path, feed: str, name: str, content: Callable[[], bytes], count: int
) -> None:
    """FHS and BHS batches, CSV, XML; with the feed's adapter, or whichever recognises it."""
    async with place(tmp_path, feed) as at:
        at.put(name, content())
        await at.settle()
        assert at.names("archive") == [name]
        entries = await journal(at.engine)
        assert (len(entries), {entry.state for entry in entries} & {"refused"}) == (count, set())


async def test_a_file_is_not_taken_while_it_grows(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        with (at.folder / "day.hl7").open("wb") as file:
            for body in several(3):
                file.write(frame(body))
                file.flush()
                await at.watch.look()
                at.clock.advance(9)
        await at.watch.look()
        assert await at.controls() == []
        assert at.watch.figures.waiting == 1
        await at.settle()
        assert len(await at.controls()) == 3


@pytest.mark.parametrize("name", [".day.hl7", "day.hl7.part", "day.hl7.tmp", "day.filepart", "day.hl7~"])
async def test_a_file_under_the_name_of_something_unfinished_is_left(tmp_path: Path, name: str) -> None:
    async with place(tmp_path) as at:
        (at.folder / name).write_bytes(adt())
        await at.settle()
        assert (await at.controls(), (at.folder / name).exists()) == ([], True)


async def test_a_link_and_a_directory_are_left(tmp_path: Path) -> None:
    """Whoever may put files there could have any file of this machine read."""
    (tmp_path / "elsewhere.hl7").write_bytes(adt())
    async with place(tmp_path) as at:
        (at.folder / "link.hl7").symlink_to(tmp_path / "elsewhere.hl7")
        (at.folder / "directory.hl7").mkdir()
        await at.settle()
        assert await at.controls() == []
        assert (at.folder / "link.hl7").is_symlink()


@pytest.mark.parametrize(("content", "part"), [(adt(), "archive"), (b"?", "error")])
async def test_a_file_whose_name_is_not_utf_8_is_read_like_any_other(tmp_path: Path, content: bytes, part: str) -> None:
    """A sender on an old file share writes Latin-1."""
    name = os.fsdecode("Müller.hl7".encode("latin-1"))
    async with place(tmp_path) as at:
        at.put(name, content)
        at.put("next.hl7", adt(control="C2"))
        await at.settle()
        assert name in at.names(part)
        assert "next.hl7" in at.names("archive")


@pytest.mark.parametrize("length", [251, 252, 255])
@pytest.mark.parametrize("name", ["d{}.hl7", "ü{}.hl7"])
async def test_a_file_with_the_longest_of_names_is_put_away_like_any_other(tmp_path: Path, name: str, length: int) -> None:
    """Shortened where what is added to it would make it too long."""
    name = name.format("a" * (length - len(name.format("").encode())))
    async with place(tmp_path) as at:
        for content in (b"?", adt(), b"??", adt(control="C2")):
            (at.folder / name).write_bytes(content)
            await at.settle()
        assert (at.names(".working"), (at.folder / name).exists()) == ([], False)
        assert len(at.names("archive")) == 2
        assert name in at.names("archive")
        first, second = (each for each in at.names("error") if not each.endswith(".why"))
        assert at.names("error") == sorted([first, f"{first}.why", second, f"{second}.why"])
        assert {name[:200]} == {each[:200] for each in at.names("error")}


async def test_files_are_read_in_the_order_of_their_names(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        for name, number in (("20260102.hl7", 2), ("20260103.hl7", 3), ("20260101.hl7", 1)):
            at.put(name, adt(control=f"C{number}"))
        await at.settle()
        assert await at.controls() == ["C1", "C2", "C3"]


async def test_files_that_explain_each_other_are_one_delivery(tmp_path: Path) -> None:
    """Codes before what names them, whatever their names; not while one of them still grows."""
    async with place(tmp_path, "gp,emis,journalled,yes,,in") as at:
        for name in ("observations", "codes", "patients"):
            at.put(f"{name}.csv", example("emis", f"{name}.txt"))
        await at.settle()
        entries = await journal(at.engine)
        assert entries[0].type.startswith("Coding_")
        bodies = [(await at.engine.workshop.store.query(Message(each.message)))[0].body for each in entries]
        assert any(b"\nClinicalCodeId," in body for body in bodies)
        assert at.names("archive") == ["codes.csv", "observations.csv", "patients.csv"]


def stubborn(monkeypatch: pytest.MonkeyPatch, name: str, ends: BaseException) -> list[str]:
    """That no rename of this name succeeds; the names that were tried."""
    rename, tried = Path.rename, list[str]()

    def refusing(self: Path, target: Path) -> Path:
        tried.append(self.name)
        if self.name == name:
            raise ends
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refusing)
    return tried


async def test_a_file_that_cannot_be_renamed_keeps_no_other_from_being_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told among the figures, leaves nothing behind, and is tried again only when it has stood as long again."""
    async with place(tmp_path) as at:
        for number, name in enumerate(("a.hl7", "b.hl7", "c.hl7")):
            at.put(name, adt(control=f"C{number}"))
        with monkeypatch.context() as patched:
            tried = stubborn(patched, "a.hl7", OSError(EBUSY, "Device or resource busy"))
            for _ in range(3):
                await at.settle()
                await at.watch.look()
            assert (at.names("archive"), at.names(".working")) == (["b.hl7", "c.hl7"], [])
            assert tried.count("a.hl7") == 3
            assert (at.watch.figures.stuck, at.watch.figures.waiting, at.watch.figures.usable) == (1, 0, True)
        await at.settle()
        assert at.names("archive") == ["a.hl7", "b.hl7", "c.hl7"]
        assert at.watch.figures.stuck == 0


@failing(
    "engine",
    "taking in",
    seen="files of a family were being taken from a watched folder",
    recovered="those that were go back at the next look, and all are taken together",
)
@pytest.mark.parametrize("ends", [OSError(EBUSY, "busy"), FileNotFoundError(), KeyboardInterrupt()])
async def test_a_family_is_taken_whole_or_not_at_all(tmp_path: Path, ends: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of it that is in use, gone, or at which the engine is killed: the others go back into the folder."""
    names = ["codes.csv", "observations.csv", "patients.csv"]
    async with place(tmp_path, "gp,emis,journalled,yes,,in") as at:
        for name in names:
            at.put(name, example("emis", name.replace("csv", "txt")))
        at.watch._layout.prepare()
        stamps = at.watch._layout.arrived()
        with monkeypatch.context() as patched:
            stubborn(patched, "observations.csv", ends)
            with suppress(Immovable, KeyboardInterrupt):
                assert not at.watch._layout.take(7, names, stamps)
        at.watch._layout.prepare()
        assert at.names(".working") == []
        assert sorted(at.watch._layout.arrived()) == names
        await at.settle()
        assert at.names("archive") == names
        numbers = [each.type.partition("_")[0] for each in await journal(at.engine)]
        assert numbers[0] == "Coding"


async def test_a_file_of_which_a_message_is_refused_is_put_aside_with_the_reasons(tmp_path: Path) -> None:
    """The others are in; beside it stand reason, count, sentence, action and numbers in the journal, and nothing of a person."""
    bad = adt(control="C9", family="PENHALIGON").replace(b"ADT^A01", b"ADT^Z99")
    async with place(tmp_path) as at:
        at.put("day.hl7", frame(adt(control="C1")) + frame(bad) + frame(adt(control="C2")))
        await at.settle()
        assert (at.names("archive"), at.names("error")) == ([], ["day.hl7", "day.hl7.why"])
        text = (at.folder / "error" / "day.hl7.why").read_text()
        said = json.loads(text)
        (refused,) = said["refused"]
        assert (said["messages"], refused["reason"], refused["count"], refused["messages"]) == (3, "unknown-trigger", 1, [2])
        assert refused["sentence"] == "No table maps this message type."
        assert refused["action"].endswith(".")
        assert "PENHALIGON" not in text
        assert [entry.state == "refused" for entry in await journal(at.engine)] == [False, True, False]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"Dear ward, attached", "unknown-format"), (b"", "unreadable"), (example("openhr", "record.xml"), "unknown-format")],
)
async def test_a_file_that_is_none_of_the_feed_is_put_aside(tmp_path: Path, content: bytes, reason: str) -> None:
    async with place(tmp_path) as at:
        at.put("day.hl7", content)
        await at.settle()
        said = json.loads((at.folder / "error" / "day.hl7.why").read_text())
        assert (said["messages"], said["reason"], bool(said["action"])) == (0, reason, True)
        assert await at.controls() == []


async def test_a_corrected_file_brings_only_what_was_not_there(tmp_path: Path) -> None:
    """It may be put into the folder whole, under the same name."""
    bad = adt(control="C9").replace(b"ADT^A01", b"ADT^Z99")
    async with place(tmp_path) as at:
        at.put("day.hl7", frame(adt(control="C1")) + frame(bad))
        await at.settle()
        at.put("day.hl7", frame(adt(control="C1")) + frame(adt(control="C9")))
        await at.settle()
        assert [(each.control_id, each.state == "refused") for each in await journal(at.engine)] == [
            ("C1", False), ("C9", True), ("C9", False),
        ]  # fmt: skip
        assert at.names("archive") == ["day.hl7"]


async def test_a_name_that_is_in_the_archive_already_does_not_replace_it(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        for number in range(3):
            at.put("day.hl7", adt(control=f"C{number}"))
            await at.settle()
        assert at.names("archive") == ["day.hl7", "day.hl7.2", "day.hl7.3"]


@failing(
    "sender",
    "taking in",
    seen="a file of a watched folder grows while it is read",
    recovered="it is put aside, and put there again whole; what is in is a repeat",
)
async def test_a_file_that_is_written_to_while_it_is_read_is_put_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with place(tmp_path) as at:
        at.put("day.hl7", adt())
        receive = JournalIntake.receive

        def growing(self: JournalIntake, *said: Any, **more: Any) -> Any:
            (written,) = (at.folder / ".working").glob("*/day.hl7")
            with written.open("ab") as file:
                file.write(b"\r")
            return receive(self, *said, **more)

        monkeypatch.setattr(JournalIntake, "receive", growing)
        await at.settle()
        assert json.loads((at.folder / "error" / "day.hl7.why").read_text())["reason"] == "changed"


@failing(
    "sender",
    "taking in",
    seen="an upload into a watched folder stalls, and goes on in the archive",
    recovered="its file is put aside, and put there again whole; what is in is a repeat",
)
async def test_an_upload_that_stalls_and_goes_on_in_the_archive_is_put_aside(tmp_path: Path) -> None:
    """Its writer holds it still: what comes then is not in the journal, and whoever looks is told so."""
    async with place(tmp_path) as at:
        with (at.folder / "day.hl7").open("wb") as upload:
            upload.write(b"".join(map(frame, several(3))))
            upload.flush()
            at.put("other.hl7", adt(control="C9"))
            await at.settle()
            assert at.names("archive") == ["day.hl7", "other.hl7"]
            upload.write(frame(several(1, 3)[0]))
        await at.settle()
        assert (at.names("archive"), at.names("error")) == (["other.hl7"], ["day.hl7", "day.hl7.why"])
        said = json.loads((at.folder / "error" / "day.hl7.why").read_text())
        assert (said["messages"], said["reason"]) == (3, "changed")
        assert at.watch.figures.errors == 1
        (at.folder / "error" / "day.hl7").rename(at.folder / "day.hl7")
        await at.settle()
        assert sorted(await at.controls()) == ["C0", "C1", "C2", "C3", "C9"]
        assert at.names("archive") == ["day.hl7", "other.hl7"]


async def test_an_upload_that_goes_on_before_its_file_is_archived_is_put_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep = Layout.keep

    def growing(self: Layout, path: Path) -> Path:
        with path.open("ab") as upload:
            upload.write(frame(adt(control="C2")))
        return keep(self, path)

    monkeypatch.setattr(Layout, "keep", growing)
    async with place(tmp_path) as at:
        at.put("day.hl7", adt())
        await at.settle()
        await at.watch.look()
        assert (at.names("archive"), at.names("error")) == ([], ["day.hl7", "day.hl7.why"])


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


def _cancelled(*said: Any) -> None:
    raise asyncio.CancelledError


async def test_figures_tell_how_a_folder_stands(tmp_path: Path) -> None:
    async with place(tmp_path) as at, client(at.engine) as http:
        at.put("a.hl7", adt())
        at.put("b.hl7", b"?")
        await at.settle()
        at.put("c.hl7", adt(control="C2"))
        await at.watch.look()
        text = (await http.get("/metrics")).text
        for line in (
            'interop_folder_files{feed="ward",state="waiting"} 1.0',
            'interop_folder_files{feed="ward",state="errors"} 1.0',
            'interop_folder_messages_total{feed="ward"} 1.0',
            'interop_folder_usable{feed="ward"} 1.0',
        ):
            assert line in text, line


async def test_a_folder_that_is_not_there_is_told_and_watched_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is not mounted yet keeps no engine from starting."""
    monkeypatch.setattr("interop.app.folders.watch.EVERY", 0.005)
    monkeypatch.setattr("interop.app.folders.watch.SETTLED", 0)
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(f"{HEAD}ward,hl7v2,journalled,yes,,in\n")
    async with running(tmp_path / "data", feeds=feeds) as engine:
        assert engine.folders is not None
        (figures,) = engine.folders.figures()
        async with asyncio.timeout(20):
            while figures.usable:
                await asyncio.sleep(0)
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "day.hl7").write_bytes(adt())
        async with asyncio.timeout(20):
            while not (tmp_path / "in" / "archive" / "day.hl7").exists():
                await asyncio.sleep(0)
        assert usable(engine)
        assert figures.messages == 1


def usable(engine: Engine) -> bool:
    """Whether its one folder can be used."""
    return engine.folders is not None and engine.folders.figures()[0].usable


async def test_folders_follow_the_feeds_file(tmp_path: Path) -> None:
    """One that is new is watched without a start, one that is gone no more; several side by side."""
    async with place(tmp_path) as at:
        other = tmp_path / "other"
        other.mkdir()
        feeds = tmp_path / "feeds.csv"
        assert at.engine.folders is not None
        assert at.engine.redeclaring is not None
        for rows, names in (
            (("ward,hl7v2,journalled,yes,,in", "east,hl7v2,journalled,yes,,other"), ["east", "ward"]),
            (("east,hl7v2,journalled,yes,,other",), ["east"]),
        ):
            feeds.write_text(HEAD + "".join(f"{row}\n" for row in rows))
            await at.engine.redeclaring.look()
            await at.engine.redeclaring.look()
            await at.engine.folders.settle()
            assert sorted(at.engine.folders.watches) == names
        assert [each.feed for each in at.engine.folders.figures()] == ["east"]


async def test_folders_that_cannot_be_followed_once_are_followed_then(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("interop.app.folders.manager.EVERY", 0.0)
    feeds = tmp_path / "feeds.csv"
    async with place(tmp_path) as at:
        folders = at.engine.folders
        assert folders is not None
        stop, failures = Watch.stop, iter((True,))

        async def failing_once(self: Watch) -> None:
            if next(failures, False):
                raise RuntimeError
            await stop(self)

        monkeypatch.setattr(Watch, "stop", failing_once)
        feeds.write_text(f"{HEAD}east,hl7v2,journalled,yes,,other\n")
        assert at.engine.redeclaring is not None
        await at.engine.redeclaring.look()
        await at.engine.redeclaring.look()
        async with asyncio.timeout(20):
            while sorted(folders.watches) != ["east"]:
                await asyncio.sleep(0)


async def test_two_feeds_do_not_share_a_folder(tmp_path: Path) -> None:
    feeds = tmp_path / "feeds.csv"
    feeds.write_text(f"{HEAD}a,hl7v2,journalled,yes,,in\nb,hl7v2,journalled,yes,,./in/\n")
    with pytest.raises(ValueError, match="line 3: the folder is that of the feed a already"):
        await Engine.start(settings(tmp_path / "data", feeds=feeds))


async def test_a_message_of_a_folder_is_held_to_the_organisation_of_its_feed(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        feeds = tmp_path / "feeds.csv"
        feeds.write_text("feed,adapter,ack,test_numbers,description,folder,organisation\nward,hl7v2,journalled,yes,,in,RWW\n")
        assert at.engine.redeclaring is not None
        await at.engine.redeclaring.look()
        await at.engine.redeclaring.look()
        at.put("day.hl7", adt())
        async with asyncio.timeout(20):
            while not (found := await journal(at.engine)):  # the watch of the feed as it is declared now begins by itself
                if at.engine.folders is not None and at.engine.folders.watches:
                    await at.settle()
                await asyncio.sleep(0)
        assert [(each.state, each.reason) for each in found] == [(MessageState.REFUSED, "wrong-organisation")]
