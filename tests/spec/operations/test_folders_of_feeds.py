"""Watched folders: they follow the feeds that are declared, and tell how they stand."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from interop.app.engine import Engine
from interop.app.folders.watch import Watch
from interop.ports import MessageState
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, journal, running, settings
from tests.spec.operations.folders import HEAD, place

pytestmark = pytest.mark.anyio


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
        (tmp_path / "day.hl7").write_bytes(adt())
        (tmp_path / "day.hl7").rename(tmp_path / "in" / "day.hl7")  # whole when it is there: nothing waits for it to stand still
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
            async with asyncio.timeout(20):
                while sorted(at.engine.folders.watches) != names:
                    await asyncio.sleep(0)
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
        assert at.engine.folders is not None
        async with asyncio.timeout(20):
            while not at.engine.folders.watches or at.watch.feed.organisation != "RWW":  # it begins by itself
                await asyncio.sleep(0)
        await at.watch.stop()
        at.put("day.hl7", adt())
        await at.settle()
        found = await journal(at.engine)
        assert [(each.state, each.reason) for each in found] == [(MessageState.REFUSED, "wrong-organisation")]
