"""Writes through the API: journalled as messages of the feed ``api`` first, then applied; made again from the journal.

An entry's type is ``PUT Type/id`` or ``DELETE Type/id`` and its body the client's bytes. Everything that the new version holds
follows from the entry (the time is its ``received``) and the version before it, so a rebuild gives the same bytes.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from uuid import uuid4
from weakref import WeakValueDictionary

import structlog

from interop.clock import Clock, instant
from interop.errors import Problem
from interop.fhir.findings import ERROR, Finding
from interop.fhir.searching import index_rows
from interop.fhir.validation import check
from interop.formats.json import load_json
from interop.ports import MessageState
from interop.record.fold import content, render, same_content
from interop.record.indexing import parameters
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Heads, Read
from interop.store.seam import Store
from interop.store.values import Change, Conflict, Entry, Head, Outcome, Put, Stored

FEED: Final = "api"
ADAPTER: Final = "api"
OWNER: Final = "api"
SOURCE: Final = "urn:interop:feed:"
Key = tuple[str, str]
log = structlog.get_logger(__name__)


class Invalid(Problem):
    """The resource does not keep the rules of R4; ``findings`` says where."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("invalid-resource")
        self.findings = findings

    def __reduce__(self) -> tuple[object, ...]:
        return (Invalid, (self.findings,))


class Written(NamedTuple):
    """What a write came to: the version that now is, whether the resource was not there before, and the journal's number
    (0 where nothing had to be written)."""

    stored: Stored
    created: bool
    message: int


class Writes:
    """Writes resources that belong to the API. Writes to one resource wait for each other, so that the journal holds them in
    the order in which they were made."""

    def __init__(self, store: Store, clock: Clock, *, new_id: Callable[[], str] = lambda: str(uuid4())) -> None:
        self._store = store
        self._clock = clock
        self._new_id = new_id
        self._locks: WeakValueDictionary[Key, asyncio.Lock] = WeakValueDictionary()

    async def create(self, type: str, body: bytes) -> Written:
        """Keep a new resource under an id of ours. Raises Problem: ``bad-parameter``, ``invalid-resource`` (as Invalid) and
        those of ``load_json``."""
        resource = read_resource(type, body)
        return await self._whole(self._write("PUT", (type, self._new_id()), body, resource, None, False))

    async def update(self, type: str, id: str, body: bytes, *, expected: int | None = None, absent: bool = False) -> Written:
        """Replace a resource or make it. ``expected``: only where that is its version; ``absent``: only where it is not there.

        Raises Problem: those of ``create``, ``stale-version``, ``feed-owned``.
        """
        resource = read_resource(type, body)
        if resource.get("id") != id:
            raise Problem("bad-parameter", where=f"{type}.id", detail="the id of the resource and of the address differ")
        return await self._whole(self._write("PUT", (type, id), body, resource, expected, absent))

    async def delete(self, type: str, id: str, *, expected: int | None = None) -> Written:
        """Delete a resource; it may be gone already. Raises Problem: ``not-found``, ``stale-version``, ``feed-owned``."""
        return await self._whole(self._write("DELETE", (type, id), b"", None, expected, False))

    async def replay(self, entry: Entry) -> Change:
        """What an entry of this feed does to the record as it is now."""
        key = _key(entry)
        return change_of(entry, await self._head(key), self._clock.now())

    async def finish(self, entry: Entry) -> None:
        """Apply an entry that was journalled and has no outcome: the process ended in between."""
        async with self._lock(_key(entry)):
            await self._settled(entry)

    async def _whole(self, write: Any) -> Written:
        """A write goes on to its end though the client may have gone."""
        written: Written = await asyncio.shield(asyncio.ensure_future(write))
        return written

    async def _write(
        self, method: str, key: Key, body: bytes, resource: dict[str, Any] | None, expected: int | None, absent: bool
    ) -> Written:
        async with self._lock(key):
            head = await self._head(key)
            there = head is not None and head.version > 0 and not head.deleted
            if head is not None and foreign(head):
                raise Problem("feed-owned")
            if (expected is not None and (head is None or head.version != expected)) or (absent and there):
                raise Problem("stale-version")
            if head is not None and resource is not None and there and same_content(head.body, _content(key, resource)):
                return Written(await self._present(key), False, 0)
            if resource is None:
                if head is None or head.version == 0:
                    raise Problem("not-found")
                if head.deleted:
                    return Written(await self._present(key), False, 0)
            entry = Entry(
                0, FEED, ADAPTER, self._clock.now(), "", f"{method} {key[0]}/{key[1]}", body, digest=hashlib.sha256(body).digest()
            )
            await self._store.commit(Change(entries=[entry]))
            change = await self._settled(entry)
            if not change.puts:
                raise Problem(change.outcomes[0].reason or "fault")
            return Written(change.puts[0].stored, not there, entry.message)

    async def _settled(self, entry: Entry) -> Change:
        """The change that was made. An entry that breaks the writer is failed, so that it is not met again at each start."""
        try:
            return await self._apply(entry)
        except Problem:
            raise
        except Exception as error:
            log.error("write failed", message=entry.message, error=type(error).__name__)
            outcome = Outcome(entry.message, MessageState.FAILED, self._clock.now(), "fault", type(error).__name__)
            await self._store.commit(Change(outcomes=[outcome]))
            return Change(outcomes=[outcome])

    async def _apply(self, entry: Entry) -> Change:
        """Try until nothing has come in between."""
        while True:
            change = await self.replay(entry)
            if not isinstance(await self._store.commit(change), Conflict):
                return change

    async def _head(self, key: Key) -> Head | None:
        found: list[Head] = await self._store.query(Heads((key,)))
        return found[0] if found else None

    async def _present(self, key: Key) -> Stored:
        found: list[Stored] = await self._store.query(Read(PERMIT_ALL, *key))
        return found[0]

    def _lock(self, key: Key) -> asyncio.Lock:
        lock = self._locks.get(key)
        if lock is None:
            lock = self._locks[key] = asyncio.Lock()
        return lock


def read_resource(type: str, body: bytes) -> dict[str, Any]:
    """A resource of that type, checked; raises Problem: ``bad-parameter``, Invalid, those of ``load_json``."""
    resource = load_json(body)
    if not isinstance(resource, dict) or resource.get("resourceType") != type:
        raise Problem("bad-parameter", where="resourceType", detail="the resource is not of the type that the address names")
    errors = [finding for finding in check(resource) if finding.severity == ERROR]
    if errors:
        raise Invalid(errors)
    return resource


def foreign(head: Head) -> bool:
    """Whether a feed or the engine has a say in the resource."""
    return bool(head.contributions) or head.owner not in ("", OWNER)


def change_of(entry: Entry, head: Head | None, now: int) -> Change:
    """The change that an entry makes to what there is; pure. ``now`` is the time of the outcome alone."""
    type_, id_ = key = _key(entry)
    if head is not None and foreign(head):
        return Change(outcomes=[Outcome(entry.message, MessageState.REFUSED, now, "feed-owned")])
    outcomes = [Outcome(entry.message, MessageState.APPLIED, now)]
    before = head.version if head is not None else 0
    there = head is not None and before > 0 and not head.deleted
    stored = Stored(type_, id_, before + 1, entry.received, b"", owner=OWNER, message=entry.message)
    if entry.type.startswith("DELETE"):
        stored.deleted = True
        puts = [Put(stored, [])] if there else []
    else:
        resource = load_json(entry.body, values=None)
        held = _content(key, resource)
        stored.body = _rendered(held, stored, resource)
        rows = index_rows({**resource, "id": id_}, parameters(type_))
        puts = [] if head is not None and there and same_content(head.body, held) else [Put(stored, rows)]
    return Change(expect={key: before}, puts=puts, outcomes=outcomes)


def _content(key: Key, resource: dict[str, Any]) -> bytes:
    """The resource without version and time, which are the server's to say (FHIR R4 http, 3.1.0.7 and 3.1.0.8)."""
    meta = {name: value for name, value in resource.get("meta", {}).items() if name not in _SERVERS}
    if not _sourced(resource):
        meta.pop("source", None)
    return content(*key, {name: value for name, value in resource.items() if name != "meta"} | ({"meta": meta} if meta else {}))


def _sourced(resource: dict[str, Any]) -> bool:
    """Whether the client names a source of its own; one of ours comes from an earlier version that the client has read."""
    meta = resource.get("meta", {})
    return "_source" in meta or not str(meta.get("source", SOURCE)).startswith(SOURCE)


def _rendered(held: bytes, stored: Stored, resource: dict[str, Any]) -> bytes:
    """The resource as it is stored: a source that the client names is kept."""
    updated = instant(stored.updated)
    if _sourced(resource):
        return held + b'"versionId":"%d","lastUpdated":"%s"}}' % (stored.version, updated.encode())
    return render(held, stored.version, updated, FEED, stored.message)


_SERVERS: Final = ("versionId", "lastUpdated", "_versionId", "_lastUpdated")


def _key(entry: Entry) -> Key:
    type_, _, id_ = entry.type.partition(" ")[2].partition("/")
    return type_, id_
