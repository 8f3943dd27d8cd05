"""Watched folders: a file is taken when it is whole, read in order, journalled and archived."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from errno import EBUSY
from pathlib import Path

import pytest

from adapters.hl7v2.framing import frame
from interop.app.folders.layout import Immovable
from interop.store.plan import Message
from tests.failures import failing
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found, journal
from tests.spec.families.maps import example
from tests.spec.operations.folders import place, several

pytestmark = pytest.mark.anyio


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


async def test_a_name_that_is_in_the_archive_already_does_not_replace_it(tmp_path: Path) -> None:
    async with place(tmp_path) as at:
        for number in range(3):
            at.put("day.hl7", adt(control=f"C{number}"))
            await at.settle()
        assert at.names("archive") == ["day.hl7", "day.hl7.2", "day.hl7.3"]


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
