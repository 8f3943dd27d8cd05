"""Writes of the API as the journal keeps them, and what an entry does to the record: pure, so that a rebuild does the same.

The type of an entry is method and ``Type/id``, its body the client's bytes; that of a transaction is ``transaction``, its body a
Bundle of such requests in which ids are given and references resolved. Where a resource refers to this server by an address, that
service base stands before ``Type/id``. What the client's method was, histories tell: whatever it
is, the entry holds the whole resource. Where sign-on found out who wrote, the adapter of the entry is ``api+author`` and its body
begins with a line that says who, as JSON. Everything that the new versions hold follows from the entry (their time is its
``received``, their source the author's organisation) and the versions before.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import orjson

from interop.apply.asked import DELETE, NO_AUTHOR, Author, Key
from interop.apply.drafts import FEED, Draft, deletion, foreign, there
from interop.apply.withdrawn import TAKEDOWN, Why, Withdrawn, dumped, loaded, withdraw
from interop.errors import Problem
from interop.formats.json import load_json
from interop.ports import AckState, MessageState
from interop.record.sources import together
from interop.store.values import REPLAY, Change, Entry, Head, Outcome
from interop.store.values import TAKEDOWN as TAKEN_DOWN

ADAPTER: Final = "api"
SIGNED: Final = "api+author"
ADAPTERS: Final = (ADAPTER, SIGNED)
TRANSACTION: Final = "transaction"
SCOPED: Final = "Subscription"
"""Whoever writes one is told later what they may see by the token with which they did."""
TAKEN: Final = TAKEN_DOWN
"""The feed of takedowns."""
REPLAYED: Final = REPLAY
"""The feed of replays (``interop.apply.replays``)."""
ORDERS: Final = (TAKEN, REPLAYED)
"""The adapters of entries that ask the engine to tell again what others have said, when all before them is applied."""
DOWN: Final = "taken-down"
"""The reason that a message has once it is taken down; its detail is the number of the takedown."""
TURN: Final = 32
"""Resources of a transaction after which others get their turn on the loop."""
_ANY_SIZE: Final = 2**40


class Step(NamedTuple):
    """A resource is to become this; None: to be deleted. ``method`` is that of the client."""

    key: Key
    draft: Draft | None
    method: str


def entry_of(steps: Sequence[Step], body: bytes, received: int, author: Author = NO_AUTHOR) -> Entry:
    """The entry of one write, whose ``body`` is what the client sent, or of a transaction."""
    if not any(step.key[0] == SCOPED for step in steps):
        author = author._replace(scope="")
    if len(steps) == 1 and (body or steps[0].draft is None):
        said = f"{steps[0].method} {_address(steps[0])}"
    else:
        said, body = TRANSACTION, _bundle(steps)
    return _entry(FEED, said, body, received, author)


def takedown_of(why: Why, resources: Sequence[Withdrawn], received: int, author: Author = NO_AUTHOR) -> Entry:
    """The entry of a takedown of what the API wrote."""
    named = f"message {why.message}" if why.message else "/".join(resources[0].key)
    entry = _entry(TAKEN, f"{TAKEDOWN} {named}", dumped(why, resources), received, author)
    entry.ack = AckState.SENT
    return entry


def _entry(feed: str, said: str, body: bytes, received: int, author: Author) -> Entry:
    adapter = ADAPTER
    if author != NO_AUTHOR:
        told = author._asdict()
        if not author.scope:
            del told["scope"]
        adapter, body = SIGNED, orjson.dumps(told) + b"\n" + body
    return Entry(0, feed, adapter, received, "", said, body, digest=hashlib.sha256(body).digest())


def author_of(entry: Entry) -> Author:
    """Who wrote what an entry holds; nobody where it was not known. Raises Problem ``purged`` where its content is gone."""
    return Author(**orjson.loads(_kept(entry).partition(b"\n")[0])) if entry.adapter == SIGNED else NO_AUTHOR


def body_of(entry: Entry) -> bytes:
    """What an entry holds beside its author. Raises Problem ``purged`` where its content is gone."""
    return _kept(entry).partition(b"\n")[2] if entry.adapter == SIGNED else _kept(entry)


def _kept(entry: Entry) -> bytes:
    if entry.size and not entry.body:
        raise Problem("purged", detail=f"message {entry.message}")
    return entry.body


def _bundle(steps: Iterable[Step]) -> bytes:
    entries = []
    for step in steps:
        request = b'{"request":{"method":"%b","url":"%b"}' % (step.method.encode(), _address(step).encode())
        entries.append(request + (b"}" if step.draft is None else b',"resource":' + step.draft.whole + b"}"))
    return b'{"resourceType":"Bundle","type":"transaction","entry":[%b]}' % b",".join(entries)


def keys_of(entry: Entry) -> list[Key]:
    """The resources that an entry writes."""
    return [step.key for step in steps_of(entry)]


def steps_of(entry: Entry) -> list[Step]:
    """What an entry does. Raises Problem ``purged`` where its content is gone."""
    if entry.type.startswith(TAKEDOWN):
        return [Step(one.key, one.draft, TAKEDOWN) for one in loaded(body_of(entry))[1]]
    if entry.type != TRANSACTION:
        method, _, address = entry.type.partition(" ")
        key, base = _named(address)
        resource = None if method == DELETE else load_json(body_of(entry), depth=_ANY_SIZE, size=_ANY_SIZE, values=None)
        return [Step(key, None if resource is None else Draft(key, resource, base), method)]
    steps = []
    for each in load_json(body_of(entry), depth=_ANY_SIZE, size=_ANY_SIZE, values=None)["entry"]:
        key, base = _named(each["request"]["url"])
        steps.append(Step(key, Draft(key, each["resource"], base) if "resource" in each else None, each["request"]["method"]))
    return steps


async def change_of(entry: Entry, steps: Iterable[Step], heads: Mapping[Key, Head], now: int) -> Change:
    """The change that an entry makes to what there is. ``now`` is the time of the outcome alone."""
    change = Change(outcomes=[Outcome(entry.message, MessageState.APPLIED, now)], follows=True)
    organisation = author_of(entry).organisation
    withdrawn: dict[Key, Withdrawn] = {}
    if entry.type.startswith(TAKEDOWN):
        why, resources = loaded(body_of(entry))
        withdrawn = {one.key: one for one in resources}
        if why.message:
            change.outcomes.append(
                Outcome(why.message, MessageState.APPLIED, why.since, DOWN, str(entry.message), retracted=len(resources))
            )
    for place, (key, draft, method) in enumerate(steps, 1):
        head = heads.get(key)
        if foreign(head):
            return Change(outcomes=[Outcome(entry.message, MessageState.REFUSED, now, "feed-owned")])
        before = head.version if head is not None else 0
        source = head.source if head is not None else ""
        if organisation:
            source = together(source, organisation)
        change.expect[key] = before
        if method == TAKEDOWN:
            withdraw(change, withdrawn[key], head, entry)
        elif draft is None:
            if there(head):
                change.puts.append(deletion(key, before + 1, entry, source))
        elif draft.changes(head):
            change.puts.append(draft.put(before + 1, entry, f"{method} {200 if there(head) else 201}", source))
        if place % TURN == 0:
            await asyncio.sleep(0)
    return change


def _address(step: Step) -> str:
    base = step.draft.base if step.draft is not None else ""
    return "/".join((base, *step.key) if base else step.key)


def _named(address: str) -> tuple[Key, str]:
    """The resource, and the service base where one is named."""
    above, _, id_ = address.rpartition("/")
    base, _, type_ = above.rpartition("/")
    return (type_, id_), base
