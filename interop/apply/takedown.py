"""Takedown of a message: what it said of persons goes, what was said before comes back; versions that held it are not given again.

A takedown is an entry of the journal (feed and adapter ``takedown``, the body says which message and why) and is done in its place,
so that a rebuild repeats it. The contributions of the message's feed to whatever it touched are told again by the messages that are
left, by the tables of today (docs/decisions/0053-takedown.md). What is about no person (an Organization, a Schedule) stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import orjson

from interop.apply.asked import Author, Key
from interop.apply.awaiting import WAITING, Awaiting
from interop.apply.journalled import ADAPTERS, DOWN, ORDERS, TAKEN
from interop.apply.mapping_work import Yield
from interop.apply.persons import Linking
from interop.apply.replaying import Replay
from interop.apply.retelling import Retelling, Teller, Ties, stays
from interop.apply.scanning import made_by, replays_of
from interop.apply.underway import Underway
from interop.apply.witness import Remover
from interop.clock import Clock
from interop.errors import Problem
from interop.ports import AckState, MessageState
from interop.record.state import THERE, load
from interop.store.plan import Message
from interop.store.seam import Store
from interop.store.values import Change, Conflict, Entry, Head, Outcome, Withheld, taken_down


class Taken(NamedTuple):
    """What becomes of a resource: ``paths`` are the elements of which the message spoke; ``gone``: nothing is left of it;
    ``withheld``: so many versions are never given again; ``stands``: it stays as others have written it since."""

    type: str
    id: str
    paths: tuple[str, ...]
    gone: bool
    withheld: int
    stands: bool = False


@dataclass(slots=True)
class Removal:
    """What a takedown comes to: the change, the resources, and the Patients whom they were about."""

    message: Entry
    change: Change = field(default_factory=Change)
    taken: list[Taken] = field(default_factory=list)
    patients: tuple[str, ...] = ()


class Takedowns:
    """``arrived`` is told the number of each entry that is in the journal now."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        teller: Teller,
        linking: Linking,
        arrived: Callable[[int], None],
        underway: Underway | None = None,
    ) -> None:
        self._underway = underway or Underway()
        self._store, self._clock, self._teller = store, clock, teller
        self._linking, self._arrived = linking, arrived
        self._waiting = Awaiting(store)
        self._done: dict[int, Removal] = {}
        self.untold: list[int] = []
        """Those that are done and that nobody has waited for."""

    async def plan(self, message: int, number: int = 0) -> Removal:
        """What taking a message down comes to now, or at the entry of that number; raises Problem ``not-found``."""
        found: list[Entry] = await self._store.query(Message(message))
        if not found or found[0].adapter in (*ADAPTERS, *ORDERS):
            raise Problem("not-found")
        removal = Removal(found[0])
        if found[0].reason != DOWN:
            (made,) = await self._teller.mapped(found)
            await _Work(self._teller, removal, made, number, self._clock.now()).run()
        return removal

    async def ask(self, message: int, reason: str, author: Author, witness: Remover) -> tuple[int, Removal]:
        """Take a message down; the number of the takedown once it is done, and what it came to: nothing where it was done before.
        ``witness`` is told of it before the journal is.

        Raises Problem ``not-found``, ``fault``, and what ``witness`` raises."""
        for entry in await self._store.query(Message(message)):
            if entry.state in WAITING:
                await self._waiting.settled(message)  # what it says of whom is known then
        removal = await self.plan(message)
        about = removal.message
        if about.reason == DOWN:
            return int(about.detail), removal
        body = orjson.dumps({"message": message, "reason": reason, "author": author._asdict()})
        again = taken_down(about.feed, about.duplicate)
        entry = Entry(
            0,
            TAKEN,
            TAKEN,
            self._clock.now(),
            "",
            f"{TAKEN} {message}",
            body,
            ack=AckState.SENT,
            duplicate=again,
            digest=about.digest,
        )
        await witness.take_down(entry, [(one.type, one.id) for one in removal.taken], removal.patients)
        await self._store.commit(Change(entries=[entry]))
        if not entry.message and await self._in_vain(entry.repeats):
            entry.repeats, entry.duplicate = 0, ""
            await self._store.commit(Change(entries=[entry]))
        if entry.message:
            witness.journalled(entry)
            self._arrived(entry.message)
        number = entry.message or entry.repeats
        await self._waiting.settled(number)
        done = self._done.pop(number, None)
        found: list[Entry] = await self._store.query(Message(message))
        if found[0].reason != DOWN:
            raise Problem("fault")
        return int(found[0].detail), done or (removal if entry.message else Removal(found[0]))  # another process did it

    async def _in_vain(self, number: int) -> bool:
        """Whether a takedown that was asked for before has failed: it is asked for anew."""
        found: list[Entry] = await self._store.query(Message(number))
        return bool(found) and found[0].state in (MessageState.FAILED, MessageState.SHELVED)

    def awaited(self) -> list[int]:
        """The entries whose outcome somebody waits for."""
        return self._waiting.numbers()

    def finished(self, number: int) -> None:
        """An entry has its outcome on disk."""
        self._waiting.finished(number)

    async def perform(self, entry: Entry) -> tuple[int, MessageState, Problem | None]:
        """Do what an entry asks, in its place; what became of it. A message that waits again, because it did not reach the record
        and was sent again meanwhile, is refused thereby: whoever has it finds that when it is its turn
        (``interop.apply.claims.settle``). Raises Problem where the store cannot be written."""
        said = orjson.loads(entry.body)
        while True:
            async with self._linking.lock:
                with self._underway.at(self._clock.now()):
                    removal = await self.plan(said["message"], entry.message)
                    change, message = removal.change, removal.message
                    now = self._clock.now()
                    change.outcomes.append(Outcome(entry.message, MessageState.APPLIED, now, retracted=len(removal.taken)))
                    if message.reason != DOWN:
                        state, finished = message.state, message.finished
                        if state in WAITING:
                            state, finished = MessageState.REFUSED.value, now
                        change.outcomes.append(
                            Outcome(
                                message.message, state, finished, DOWN, str(entry.message), "", message.carried,
                                message.lost, message.retracted,
                            )
                        )  # fmt: skip
                    done = not isinstance(await self._store.commit(change), Conflict)
            if done:
                self._linking.committed(change)
                if entry.message in self._waiting:
                    self._done[entry.message] = removal
                else:
                    self.untold.append(entry.message)
                return entry.message, MessageState.APPLIED, None


class _Work(Retelling):
    """One takedown while it is computed."""

    again = False
    order = TAKEN

    def __init__(self, teller: Teller, removal: Removal, made: Yield, number: int, now: int) -> None:
        super().__init__(teller, [removal.message], [made], number, now)
        self._removal, self._message = removal, removal.message.message
        self._paths: dict[Key, dict[str, None]] = {}
        for piece in made.pieces:
            if piece.feed in self._feeds:
                paths = self._paths.setdefault((piece.type, piece.id), {})
                paths.update((register.partition(":")[0], None) for register in load(piece.state)["r"] if register != THERE)

    async def run(self) -> None:
        """Fill in the removal."""
        await super().run()
        self._removal.change = self.change
        about = {one.id for one in self._removal.taken if one.type == "Patient"}
        for one in self._removal.taken:
            about.update(subject for *_, subject in self._versions.get((one.type, one.id), ()) if subject)
        self._removal.patients = tuple(sorted(about))

    async def _shown(self) -> Iterable[Key]:
        return await made_by(self._store, self._message, *await replays_of(self._store, self._message))

    def _leaves(self, type: str) -> bool:
        return stays(type)

    async def _tied(self, patients: set[str]) -> Ties:
        return {}

    def _settle(self, head: Head, replay: Replay) -> None:
        key = head.type, head.id
        standing, told = replay.standing[key], replay.told(key)
        versions = self._versions.get(key, [])
        body, whole, shown = self._folded(head, standing)
        self._states(head, told)
        if not (shown or any(message == self._message for _, message, _ in versions)):
            return
        said = replay.sources.get(key, "")
        others = {feed for feed, _ in standing.stored} - set(self._feeds)
        self._put(head, standing, body, whole, head.source if others or not said else said)
        held = [version for version, message, _ in versions if message >= self._message]
        if held:
            self.change.withheld.append(Withheld(*key, min(held), head.version))
        self._removal.taken.append(Taken(*key, tuple(sorted(self._paths.get(key, ()))), body is None, len(held)))
