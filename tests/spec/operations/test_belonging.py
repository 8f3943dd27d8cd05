"""A data directory belongs to a database or holds its messages itself: nobody starts on the other one by forgetting a setting."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from interop.app.belonging import NAME, Belongs, claim, database_of
from interop.app.checking.finding import Level
from interop.app.checking.reaching import database as checked
from interop.app.engine import Engine
from interop.app.opening import named
from interop.cli.messages import messages
from interop.cli.serve import started
from interop.store.postgres.copy import has_journal
from interop.store.sqlite.connection import JOURNAL, RECORD
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, ingest, journal, running, settings

pytestmark = pytest.mark.anyio


def listed(data: Path) -> int:
    return messages(data, feed="", state="", control_id="", count=10, feeds=False, body=0, as_json=False)


async def test_a_start_that_has_lost_the_database_is_refused_in_one_sentence_and_makes_no_journal(
    tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async with running(tmp_path, database=database):
        where = named(tmp_path, database)
        assert (tmp_path / NAME).read_text() == f"{where}\n"
        alone = settings(tmp_path)
        assert await asyncio.to_thread(lambda: started(Engine.start(alone), alone)) == 1
        told = capsys.readouterr().err
        assert told.startswith(f"{tmp_path} belongs to the database {where}: name it with --database or INTEROP_DATABASE")
        assert not (tmp_path / JOURNAL).exists()
        assert not (tmp_path / RECORD).exists()
        assert await asyncio.to_thread(listed, tmp_path) == 1
        told = capsys.readouterr().err
        assert told == f"The journal of {tmp_path} is in the database {where}: give --database or INTEROP_DATABASE.\n"
    (finding,) = await checked(alone)
    assert (finding.level, finding.setting) == (Level.STOPS, "data")
    assert finding.sentence == f"{tmp_path} belongs to the database {where}."
    assert finding.action.startswith("Name it with --database")
    async with running(tmp_path, database=database):
        pass


async def test_a_start_on_a_database_beside_messages_of_the_directorys_own_is_refused(tmp_path: Path, database: str) -> None:
    async with running(tmp_path) as engine, client(engine) as http:
        assert (await ingest(http, adt())).status_code == 200
    with pytest.raises(Belongs, match=r"holds messages of its own \(1 in journal\.sqlite\)"):
        await Engine.start(settings(tmp_path, database=database))
    assert database_of(tmp_path) == ""
    (finding,) = await checked(settings(tmp_path, database=database))
    assert finding.level == Level.STOPS
    assert not await has_journal(database)
    async with running(tmp_path) as engine:
        assert len(await journal(engine)) == 1


async def test_a_journal_that_never_had_a_message_is_in_nobodys_way(tmp_path: Path, database: str) -> None:
    async with running(tmp_path):
        pass
    async with running(tmp_path, database=database):
        assert database_of(tmp_path)


def test_a_directory_that_is_of_none_says_that_a_database_may_have_to_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listed(tmp_path) == 1
    assert capsys.readouterr().err.endswith("or give --database where it is in a database.\n")


def test_a_database_whose_address_changes_is_the_same_still(tmp_path: Path) -> None:
    claim(tmp_path, "postgresql://first/care")
    claim(tmp_path, "postgresql://second/care")
    assert database_of(tmp_path) == "postgresql://first/care"
