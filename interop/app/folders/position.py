"""How far the deliveries of a feed have been read: kept in the store beside what came of them, and made good from the journal.

The journal is on disk before the position says so. So after a crash the position may lag behind, never lead: what the journal has
of the feed beyond it is known by its bytes and not journalled again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any, Final

from interop.store.plan import Message, Messages, Meta
from interop.store.seam import Store
from interop.store.values import Change, Entry

NAMED: Final = 20
"""Refused messages whose numbers are kept, of each reason."""
PAGE: Final = 1_000
DURABLE: Final = 20
"""Of so many positions one waits for the disk; the others may be lost with the power, and the journal is read from further back."""


@dataclass(slots=True)
class Outcome:
    """What came of a file: messages that were handed over, those refused by reason, some of their numbers; ``problem`` of it."""

    messages: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    numbers: dict[str, list[int]] = field(default_factory=dict)
    problem: dict[str, str] = field(default_factory=dict)

    def refuse(self, reason: str, message: int) -> None:
        """One more was refused."""
        self.refused[reason] = self.refused.get(reason, 0) + 1
        known = self.numbers.setdefault(reason, [])
        if message and len(known) < NAMED:
            known.append(message)

    @property
    def well(self) -> bool:
        """Whether the journal has all of it as messages."""
        return not self.refused and not self.problem


@dataclass(slots=True)
class Position:
    """Of a delivery: ``files`` by name, in the order in which they are read, with what came of them so far; ``done``: all are read.
    ``number``: the journal has nothing of it that lies above this number and is not counted here but the very last."""

    delivery: str
    number: int = 0
    done: bool = False
    files: dict[str, Outcome] = field(default_factory=dict)

    def of(self, name: str) -> Outcome:
        """What came of a file."""
        return self.files.setdefault(name, Outcome())


class Positions:
    """Those of one feed."""

    def __init__(self, store: Store, feed: str) -> None:
        self._store, self._feed, self._name, self._count = store, feed, f"folder {feed}", 0

    async def read(self, delivery: str) -> Position:
        """How far a delivery was read: to the beginning where nothing is kept of it. Raises Problem."""
        kept = await self._store.query(Meta(self._name))
        said: dict[str, Any] = json.loads(kept[0]) if kept and kept[0] else {}
        if said.get("delivery") == delivery:
            files = {name: Outcome(**each) for name, each in said["files"].items()}
            return Position(delivery, said["number"], said["done"], files)
        newest = await self._store.query(Messages(count=1))
        return Position(delivery, newest[0].message if newest else 0)

    async def keep(self, position: Position, *, durable: bool = False) -> None:
        """Keep a position; raises Problem."""
        self._count += 1
        follows = not durable and self._count % DURABLE != 0
        text = json.dumps(
            asdict(position)
        )  # of ASCII alone, also where a name is not UTF-8: orjson refuses what stands for its bytes
        await self._store.commit(Change(meta=[(self._name, text)], follows=follows))

    async def beyond(self, number: int) -> dict[bytes, list[Entry]]:
        """What the journal has of the feed above a number, by the digest of its bytes, the oldest last; without the bytes. Raises
        Problem."""
        found: dict[bytes, list[Entry]] = {}
        before = 0
        while True:
            entries = await self._store.query(Messages(self._feed, "", "", before, PAGE))
            for entry in entries:
                if entry.message <= number:
                    return found
                for whole in await self._store.query(Message(entry.message)):
                    found.setdefault(digest(whole.body), []).append(entry)
            if len(entries) < PAGE:
                return found
            before = entries[-1].message


def digest(body: bytes) -> bytes:
    """By which bytes are known."""
    return sha256(body).digest()
