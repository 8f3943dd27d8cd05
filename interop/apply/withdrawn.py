"""A takedown of what the API wrote, as the journal keeps it, and what it does to the record: pure, so that a rebuild repeats it.

The type of the entry is ``TAKEDOWN`` and what was named; its body says why, and of each resource which versions are withheld and
what it is to be: as it was before, gone, or (``stands``) as it has been written since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from interop.apply.asked import Key
from interop.apply.drafts import Draft, deletion, there
from interop.formats.json import load_json
from interop.store.values import Change, Entry, Head, Withheld

TAKEDOWN: Final = "TAKEDOWN"
_ANY_SIZE: Final = 2**40


class Withdrawn(NamedTuple):
    """Of a resource: versions ``first`` to ``last`` (0 = none) are withheld; it becomes ``draft``, whose contributors are
    ``source``, or is deleted; ``stands``: it stays as it has been written since."""

    key: Key
    first: int
    last: int
    stands: bool = False
    draft: Draft | None = None
    source: str = ""


class Why(NamedTuple):
    """Why something is taken down: ``message`` is the one that wrote it, 0 where a resource was named; ``since``: from when on it
    could be seen (microseconds)."""

    message: int
    reason: str
    since: int


def dumped(why: Why, resources: Sequence[Withdrawn]) -> bytes:
    """The body of the entry."""
    lines = []
    for one in resources:
        base = one.draft.base if one.draft is not None else ""
        said = {**one._asdict(), "base": base}
        del said["draft"]
        lines.append(orjson.dumps(said)[:-1] + (b"}" if one.draft is None else b',"resource":' + one.draft.whole + b"}"))
    return orjson.dumps(why._asdict())[:-1] + b',"resources":[%b]}' % b",".join(lines)


def loaded(body: bytes) -> tuple[Why, list[Withdrawn]]:
    """What a body says."""
    said: dict[str, Any] = load_json(body, depth=_ANY_SIZE, size=_ANY_SIZE, values=None)
    found = []
    for one in said["resources"]:
        key = one["key"][0], one["key"][1]
        draft = Draft(key, one["resource"], one["base"]) if "resource" in one else None
        found.append(Withdrawn(key, int(one["first"]), int(one["last"]), one["stands"], draft, one["source"]))
    return Why(int(said["message"]), said["reason"], int(said["since"])), found


def withdraw(change: Change, one: Withdrawn, head: Head | None, entry: Entry) -> None:
    """Add to a change what becomes of a resource."""
    before = head.version if head is not None else 0
    if one.draft is not None:
        told = f"PUT {200 if there(head) else 201}"
        change.puts.append(one.draft.put(before + 1, entry, told, one.source))
    elif there(head) and not one.stands:
        change.puts.append(deletion(one.key, before + 1, entry, one.source))
    if one.last:
        change.withheld.append(Withheld(*one.key, one.first, one.last))
