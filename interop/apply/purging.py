"""A source has withdrawn its agreements: what it alone has said leaves record and journal, and a certificate says so.

The withdrawal hides it at once; a purge later is no difference to any reader of another organisation. What is under way is kept in
the record (``Change.meta``), so that an engine that is killed goes on and the certificate counts everything once.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import orjson

from interop.apply.journalled import ADAPTERS, keys_of
from interop.apply.persons import Linker, Linking
from interop.apply.retelling import stays
from interop.apply.underway import Underway
from interop.clock import Clock, instant
from interop.store.plan import Disposable, Heads, Message, Meta, Pairs, Sourced, Versions
from interop.store.seam import Store
from interop.store.values import Change, Conflict, ContributionState, Head, Husk, Pair, Put, Stored, Withheld

KEPT: Final = ("Contract", "Consent")
"""Types that say who may see what: they are nobody's care, and stay."""
WINDOW: Final = 8 * 24 * 3600 * 1_000_000
Certify = Callable[[dict[str, Any]], int]
"""Issues a certificate; its number."""
NOTHING: Final[dict[str, Any]] = {
    "resources": 0, "versions": 0, "people": 0, "messages": 0, "bytes": 0, "told": "", "came": "", "pending": [],
}  # fmt: skip


class Purge:
    """Purges sources, one portion at a time."""

    def __init__(self, store: Store, clock: Clock, linking: Linking, certify: Certify, underway: Underway | None = None) -> None:
        self._underway = underway or Underway()
        self._store, self._clock, self._linking, self._certify = store, clock, linking, certify

    async def count(self, source: str) -> int:
        """How many resources would go."""
        found, above = 0, 0
        while True:
            ((above, keys),) = await self._store.query(Sourced(source, above))
            found += sum(_goes(type_) for type_, _ in keys)
            if not above:
                return found

    async def run(self, source: str, since: int, feeds: tuple[str, ...], most: int) -> tuple[int, int]:
        """How many resources and messages went now, and the number of the certificate; 0 while there is more to do, and where
        nothing was."""
        under_way, done = await self._under_way(source), 0
        while done < most:
            if under_way["pending"]:
                done += await self._emptied(source, under_way)
                continue
            if keys := await self._next(source):
                done += await self._gone(source, keys, under_way)
                continue
            messages = await self._messages(feeds)
            if not messages:
                return done, await self._certified(source, since, under_way)
            under_way["pending"] = messages
            await self._store.commit(Change(meta=[_meta(source, under_way)]))
        return done, 0

    async def _under_way(self, source: str) -> dict[str, Any]:
        kept = await self._store.query(Meta(_name(source)))
        return orjson.loads(kept[0]) if kept and kept[0] else {**NOTHING, "pending": []}

    async def _next(self, source: str) -> list[tuple[str, str]]:
        above = 0
        while True:
            ((above, keys),) = await self._store.query(Sourced(source, above))
            if going := [(type_, id_) for type_, id_ in keys if _goes(type_)]:
                return going
            if not above:
                return []

    async def _gone(self, source: str, keys: list[tuple[str, str]], under_way: dict[str, Any]) -> int:
        """One portion of the record, with the account of it, in one commit."""
        while True:
            async with self._linking.lock:
                with self._underway.at(self._clock.now()):
                    heads: list[Head] = await self._store.query(Heads(tuple(keys)))
                    made: dict[tuple[str, str], list[int]] = {}
                    for type_, id_, _, message, _ in await self._store.query(Versions(tuple(keys))):
                        made.setdefault((type_, id_), []).append(message)
                    written = [message for head in heads if head.owner == "api" for message in made.get((head.type, head.id), ())]
                    account = dict(under_way, pending=await self._only(source, dict.fromkeys(written)))
                    change = Change()
                    for head in sorted(heads, key=lambda head: (head.type, head.id)):
                        self._put(head, change)
                        account["resources"] += not head.deleted
                        account["versions"] += len(made.get((head.type, head.id), ()))
                        account["people"] += head.type == "Patient" and not head.deleted
                        account["told"] = _follow(account["told"], f"{head.type}/{head.id}".encode())
                    await self._unlink([head for head in heads if head.type == "Patient"], change)
                    change.meta.append(_meta(source, account))
                    result = await self._store.commit(change)
            if not isinstance(result, Conflict):
                self._linking.heard(head.id for head in heads if head.type == "Patient")
                under_way.update(account)
                return len(heads)

    def _put(self, head: Head, change: Change) -> None:
        change.states += [ContributionState(head.type, head.id, *said, b"") for said in head.contributions]
        change.expect[head.type, head.id] = head.version
        if not head.deleted:
            gone = Stored(
                head.type, head.id, head.version + 1, self._clock.now(), b"", True, head.owner, head.message, source=head.source
            )
            change.puts.append(Put(gone, []))
        last = head.version - head.deleted
        if last > 0:
            change.withheld.append(Withheld(head.type, head.id, 1, last))

    async def _unlink(self, patients: list[Head], change: Change) -> None:
        if not patients:
            return
        linker, ids = Linker(self._store), {head.id for head in patients}
        await linker.load([], ids)
        for head in patients:
            linker.seen(head.id, "", head.message, self._clock.now())
        change.links, change.link_events, pairs = await linker.settled()
        said = {(each.a, each.b): each for each in pairs}
        for each in await self._store.query(Pairs(tuple(sorted(ids)))):
            kept = said.get((each.a, each.b), Pair(each.a, each.b))
            said[each.a, each.b] = kept._replace(why="", weight=0.0, score=0.0, compared="")
        change.pairs = list(said.values())

    async def _only(self, source: str, written: dict[int, None]) -> list[tuple[int, int, str]]:
        """Those of these messages of the API that wrote of this source alone."""
        found = []
        for number in written:
            for entry in await self._store.query(Message(number)):
                if entry.adapter not in ADAPTERS or not entry.body or not entry.finished:
                    continue
                heads = await self._store.query(Heads(tuple(keys_of(entry))))
                if all(head.source == source and _goes(head.type) for head in heads):
                    found.append((entry.message, entry.size, entry.digest.hex()))
        return found

    async def _messages(self, feeds: tuple[str, ...]) -> list[tuple[int, int, str]]:
        """The next messages of these feeds that have their content; none so young that a repeat may have to be compared."""
        above = 0
        while feeds:
            ((above, some),) = await self._store.query(Disposable(self._clock.now() - WINDOW, feeds, above, 200))
            if some:
                return [(message, size, digest.hex()) for message, size, digest in some]
            if not above:
                break
        return []

    async def _emptied(self, source: str, under_way: dict[str, Any]) -> int:
        """What is pending loses its content; done twice it is done once, and counted once."""
        pending = under_way["pending"]
        await self._store.commit(Change(husks=[Husk(message, False) for message, _, _ in pending]))
        for _, size, digest in pending:
            under_way["messages"] += 1
            under_way["bytes"] += size
            under_way["came"] = _follow(under_way["came"], bytes.fromhex(digest))
        under_way["pending"] = []
        await self._store.commit(Change(meta=[_meta(source, under_way)]))
        return len(pending)

    async def _certified(self, source: str, since: int, under_way: dict[str, Any]) -> int:
        if not (under_way["resources"] or under_way["versions"] or under_way["messages"]):
            return 0
        counts = {name: under_way[name] for name in ("resources", "versions", "people", "messages", "bytes")}
        number = self._certify(
            {
                "source": source,
                "withdrawn": instant(since),
                "made": instant(self._clock.now()),
                **counts,
                "sha256": {"resources": under_way["told"], "messages": under_way["came"]},
            }
        )
        await self._store.commit(Change(meta=[(_name(source), "")]))
        return number


def _goes(type: str) -> bool:
    """Whether resources of a type go: what is about nobody, and what says who may see what, stays."""
    return type not in KEPT and not stays(type)


def _name(source: str) -> str:
    return f"purge:{source}"


def _meta(source: str, under_way: dict[str, Any]) -> tuple[str, str]:
    return _name(source), orjson.dumps(under_way).decode()


def _follow(head: str, what: bytes) -> str:
    return sha256(bytes.fromhex(head) + what).hexdigest()
