"""One feed's messages while a replay of them is computed: what takes the place of what they had said, and what is left as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce
from typing import Any, Final

from interop.apply.asked import Key
from interop.apply.journalled import DOWN, REPLAYED
from interop.apply.mapping_work import Yield
from interop.apply.replayed import Difference
from interop.apply.replaying import Replay
from interop.apply.retelling import Retelling, Teller, Ties, stays
from interop.apply.scanning import made_by
from interop.formats.json import load_json
from interop.ports import MessageState
from interop.record.differing import CHANGE, NEW, VANISH, differing
from interop.record.sources import together
from interop.record.state import dump, load
from interop.store.plan import LinkHistory, Message, Pairs, Versions
from interop.store.values import Entry, Head

TIED: Final = ("merge", "link")
"""Why two Patients became one person where a message said so."""


class ReplayWork(Retelling):
    """One feed's messages while they are computed."""

    again = True
    order = REPLAYED

    def __init__(self, teller: Teller, messages: Sequence[Entry], made: Sequence[Yield], number: int, now: int) -> None:
        super().__init__(teller, messages, made, number, now)
        self.differences: list[Difference] = []
        applied = {each.message for each in messages if each.state == MessageState.APPLIED}
        self.refused = {each.message: each.problem[0] for each in made if each.problem is not None and each.message in applied}
        """The messages that were applied and that the tables of today refuse, and why."""
        self.held: dict[int, list[Key]] = {}
        """What is left as it is, by the message that was refused."""
        self.patients: set[str] = set()

    async def _shown(self) -> Iterable[Key]:
        return await made_by(self._store, *self._messages)

    def _leaves(self, type: str) -> bool:
        return False

    async def _tied(self, patients: set[str]) -> Ties:
        pairs = await self._store.query(Pairs(tuple(sorted(patients)))) if patients else []
        return {(each.a, each.b): (each.a, each.b, "") for each in pairs if each.tie}

    async def _read(self, entries: Sequence[Entry]) -> list[Yield]:
        found = await self._teller.tried(entries)
        self.refused.update((one.message, one.problem[0]) for one in found if one.problem is not None)
        return [one for one in found if one.problem is None]

    def _holds(self, head: Head) -> bool:
        """Whether the word of a message that cannot be told again stands in a resource: it is left as it is."""
        key = head.type, head.id
        spoke = self._spoke(head) | {message for _, message, _ in self._versions.get(key, ())}
        for number in spoke & self.refused.keys():
            self.held.setdefault(number, []).append(key)
        return not spoke.isdisjoint(self.refused)

    async def _stands(self, sides: tuple[str, str]) -> bool:
        """A tie ends only where every message that may have made it was read again; those that were not are named."""
        unread = await self._about(sides, self.refused)
        for side in sides:
            for each in await self._store.query(LinkHistory(side)):
                if each.why in TIED and each.message not in self._told and self._before([each.message]):
                    found: list[Entry] = await self._store.query(Message(each.message))
                    unread |= {one.message for one in found if one.reason != DOWN}
        for number in unread:
            self.refused.setdefault(number, "purged")
            held = self.held.setdefault(number, [])
            held += [key for key in (("Patient", side) for side in sides) if key not in held]
        return bool(unread)

    async def _about(self, sides: tuple[str, str], numbers: Iterable[int]) -> set[int]:
        """Those of these messages that may be about one of two Patients: where it is not known whom they name, all."""
        spoke = {row[3] for row in await self._store.query(Versions(tuple(("Patient", side) for side in sides)))}
        keys = {key for number in spoke for entry in await self._store.query(Message(number)) for key in entry.keys}
        found = [entry for number in numbers for entry in await self._store.query(Message(number))]
        return {entry.message for entry in found if not entry.keys or not keys or not keys.isdisjoint(entry.keys)}

    def _settle(self, head: Head, replay: Replay) -> None:
        key = head.type, head.id
        standing = replay.standing[key]
        if stays(head.type):  # who withdrew what is about nobody is not kept: it stays withdrawn
            for one, state in head.contributions.items():
                marks = {name: stamp for name, stamp in load(state).items() if name in ("d", "c")}
                if one[0] in self._feeds and marks:
                    standing.merge(one, dump({"r": {}, **marks}))
        self._states(head, replay.told(key))
        body, whole, shown = self._folded(head, standing)
        said = replay.sources.get(key, "")
        others = {feed for feed, _ in standing.stored} - set(self._feeds)
        if others or stays(head.type) or not said:
            said = reduce(together, filter(None, said.split(",")), head.source)
        if not shown and (body is None or said == head.source):
            return
        message, digest = replay.last.get(key, (0, ""))
        self._put(head, standing, body, whole, said, digest)
        self._differ(head, whole, message)

    def _differ(self, head: Head, whole: bytes, message: int) -> None:
        key = head.type, head.id
        before = load_json(head.body, values=None) if head.body and not head.deleted else None
        now = whole.removesuffix(b",") + b"}}" if whole else b""
        after = load_json(now, values=None) if now else None
        kind = NEW if before is None else VANISH if after is None else CHANGE
        spoke = [version for version in self._versions.get(key, []) if version[1] in self._messages]
        message = message or max((number for _, number, _ in spoke), default=0)
        was = b"" if before is None else head.body
        self.differences.append(Difference(*key, kind, differing(before, after), message, was, now))
        self.patients |= {subject for *_, subject in self._versions.get(key, ()) if subject}
        if head.type == "Patient":
            self.patients.add(head.id)
        for one in (before, after):
            self.patients |= _subjects(one)


def _subjects(body: dict[str, Any] | None) -> set[str]:
    """The Patients whom a resource names as those that it is about."""
    found = set()
    for name in ("subject", "patient", "beneficiary"):
        said = (body or {}).get(name)
        reference = said.get("reference", "") if isinstance(said, dict) else ""
        if isinstance(reference, str) and reference.startswith("Patient/"):
            found.add(reference.removeprefix("Patient/"))
    return found
