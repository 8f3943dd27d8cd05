"""Words are taken into the full text index in portions, bounded by texts and by characters: no commit waits long behind one."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interop.clock import ManualClock
from interop.store.sqlite import SqliteStore
from interop.store.sqlite.fulltext import CHARACTERS, PORTION, take_in

pytestmark = pytest.mark.anyio


@pytest.fixture
async def record(tmp_path: Path) -> AsyncIterator[sqlite3.Connection]:
    """The file of the record, without the engine."""
    store = SqliteStore.open(tmp_path / "data", clock=ManualClock())
    await store.close()
    connection = sqlite3.connect(tmp_path / "data" / "record.sqlite", isolation_level=None)
    yield connection
    connection.close()


def due(record: sqlite3.Connection, *texts: str) -> None:
    record.executemany("INSERT INTO index_words (rid, pid, words) VALUES (1, 1, ?)", [(text,) for text in texts])


def left(record: sqlite3.Connection) -> int:
    return int(record.execute("SELECT count(*) FROM index_words WHERE words <> ''").fetchone()[0])


def portions(record: sqlite3.Connection) -> list[int]:
    """How many texts each portion takes in."""
    taken = []
    more = True
    while more:
        before = left(record)
        more = take_in(record)
        taken.append(before - left(record))
    assert left(record) == 0
    return taken


async def test_so_many_texts_are_taken_in_at_a_time(record: sqlite3.Connection) -> None:
    due(record, *(["short"] * (2 * PORTION + 1)))
    assert portions(record) == [PORTION, PORTION, 1]


async def test_of_long_texts_fewer(record: sqlite3.Connection) -> None:
    long = "word " * (CHARACTERS // 10)
    due(record, long, long, long, "short")
    assert portions(record) == [2, 2]


async def test_a_text_that_is_longer_than_a_portion_is_taken_in_by_itself(record: sqlite3.Connection) -> None:
    due(record, "before", "word " * CHARACTERS, "behind")
    assert portions(record) == [1, 1, 1]


async def test_what_was_taken_in_is_found_and_is_not_due_again(record: sqlite3.Connection) -> None:
    due(record, "angina", "asthma")
    assert portions(record) == [2]
    assert record.execute("SELECT count(*) FROM index_fulltext WHERE index_fulltext MATCH 'asthma'").fetchone() == (1,)
    assert portions(record) == [0]
