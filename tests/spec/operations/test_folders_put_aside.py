"""Watched folders: what cannot be taken, or changes while it is, is put aside with the reasons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from adapters.hl7v2.framing import frame
from interop.app.folders.layout import Layout
from interop.journal.intake import JournalIntake
from tests.failures import failing
from tests.spec.engine.messages import adt
from tests.spec.engine.running import journal
from tests.spec.families.maps import example
from tests.spec.operations.folders import place, several

pytestmark = pytest.mark.anyio


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
