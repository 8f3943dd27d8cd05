"""Short ways to say entries and resources in the tests of the store."""

from __future__ import annotations

import hashlib
from typing import Any

from interop.fhir.rows import IndexRow
from interop.store.plan import Search
from interop.store.seam import Store
from interop.store.values import Change, Committed, Conflict, Entry, Put, Stored
from interop.store.where import Where

T0 = 1_767_225_600_000_000
"""2026-01-01T00:00:00Z in microseconds."""
DAY = 24 * 3600 * 1_000_000

MESSAGE = b"MSH|^~\\&|PAS|RXX|ENGINE|RXX|20260101||ADT^A01|%d|T|2.4\r"


def entry(number: int, *, feed: str = "hospital", content: str = "", at: int = T0, **more: Any) -> Entry:
    """A message whose control id is ``number``."""
    body = MESSAGE % number + content.encode()
    told = {"control_id": str(number), "type": "ADT^A01", "duplicate": f"PAS|RXX|{number}", "digest": hashlib.sha256(body).digest()}
    return Entry(message=0, feed=feed, adapter="hl7v2", received=at, body=body, **{**told, **more})


async def journal(store: Store, *entries: Entry) -> list[Entry]:
    """Commit entries in one change."""
    committed = await store.commit(Change(entries=list(entries)))
    assert isinstance(committed, Committed)
    return committed.entries


def put(type_: str, id_: str, version: int = 1, *index: IndexRow, at: int = T0, body: bytes | None = None, **more: Any) -> Put:
    """A version of a resource with its index rows; ``deleted=True`` for a deletion."""
    if body is None:
        body = (
            b"" if more.get("deleted") else f'{{"resourceType":"{type_}","id":"{id_}","meta":{{"versionId":"{version}"}}}}'.encode()
        )
    return Put(Stored(type_, id_, version, at, body, **more), list(index))


async def write(store: Store, *puts: Put, **more: Any) -> None:
    """Commit puts in one change, which must not conflict."""
    result = await store.commit(Change(puts=list(puts), **more))
    assert isinstance(result, Committed), result


async def clash(store: Store, change: Change) -> Conflict:
    """Commit a change that must conflict."""
    result = await store.commit(change)
    assert isinstance(result, Conflict)
    return result


def ids(found: list[Stored]) -> list[str]:
    return [stored.id for stored in found]


async def search(store: Store, decision: Any, type_: str, where: Where | None = None, **more: Any) -> list[str]:
    """The ids that a search finds."""
    return ids(await store.query(Search(decision, type_, where, **more)))


def token(parameter: str, code: str, system: str = "") -> IndexRow:
    return IndexRow(parameter, "token", system, code)


def text(parameter: str, value: str) -> IndexRow:
    return IndexRow(parameter, "string", value)


def reference(parameter: str, target: str) -> IndexRow:
    return IndexRow(parameter, "reference", target)


def date(parameter: str, low: int, high: int) -> IndexRow:
    return IndexRow(parameter, "date", low, high)
