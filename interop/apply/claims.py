"""Which messages this process is to work on next, and when it may apply them.

Where one process has the store it is all that wait, in the order of the journal. Where several share it, each claims some, maps
them beside the others and applies them in its turn: when every claim of a lower place is closed. The claims of a process that is
gone are taken over by whoever waits behind them, or has nothing else to do.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Protocol

from interop.apply.awaiting import WAITING
from interop.background import within
from interop.ports import Signals, Silent
from interop.ports.signals import APPLIED
from interop.store.plan import Claimable, ClaimEntries, Message, OpenClaims, Waiting
from interop.store.seam import Store
from interop.store.seats import Seats, number
from interop.store.values import Change, Claim, Claiming, Committed, Conflict, Entry

BATCH: Final = 128
"""Messages that are mapped together and committed together: of what waits, the more of it in one commit the fewer pages of the
index are written again and again, and the longer does whoever else writes wait for it."""
SPANS: Final = 2
"""Claims that are asked for at once: processes hand over to each other less often."""
TURN: Final = 0.004
"""Seconds between two looks at whose turn it is, where nobody tells."""
TOLD: Final = 0.05
"""The same where workers tell each other what they have applied."""
LIVES: Final = 0.5
"""Seconds between two looks whether this process still has its seat."""
LEFT: Final = 2.0
"""Seconds for which nobody has claimed what waits, after which a process does that is not prepared."""
ANY: Final = 1 << 62


class Deposed(Exception):
    """What this process works on was taken over by another: nothing of it is written here any more."""


@dataclass(slots=True, eq=False)
class Claimed:
    """Messages to work on. ``left`` are those whose outcome is not on disk; ``claim`` is None where nobody else could have them.
    ``repeated`` may have been sent again and be worked on once more; of those ``settled`` are, when the turn has come, the ones
    with an outcome: they were taken down in an earlier place."""

    entries: list[Entry]
    claim: Claim | None = None
    left: set[int] = field(default_factory=set)
    repeated: tuple[int, ...] = ()
    settled: list[Entry] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self.left = {entry.message for entry in self.entries}


async def settle(store: Store, claimed: Claimed) -> None:
    """Find those that are to be left alone; all before them is applied."""
    found = [entry for message in claimed.repeated for entry in await store.query(Message(message))]
    claimed.settled = [entry for entry in found if entry.state not in WAITING]
    claimed.left.difference_update(entry.message for entry in claimed.settled)


_under: ContextVar[Claimed | None] = ContextVar("under", default=None)


@contextmanager
def working(claimed: Claimed) -> Iterator[None]:
    """What is committed within is refused once somebody else has what is worked on; with its last outcome it is closed."""
    before = _under.set(claimed)
    try:
        yield
    finally:
        _under.reset(before)


def mark(change: Change) -> Claimed | None:
    """Let a change expect the claim under which it was made."""
    claimed = _under.get()
    if claimed is None or claimed.claim is None or claimed.closed:
        return None
    change.under = claimed.claim
    change.closes = bool(claimed.left) and claimed.left <= {outcome.message for outcome in change.outcomes}
    return claimed


def marked(claimed: Claimed, change: Change) -> None:
    """Such a change is on disk."""
    claimed.left.difference_update(outcome.message for outcome in change.outcomes)
    claimed.closed = change.closes


class Claims(Protocol):
    """Where work comes from."""

    @property
    def patience(self) -> float | None:
        """Seconds after which it is worth looking again though nothing was heard; None: never."""
        ...

    def again(self, message: int) -> None:
        """Work on a message once more whose outcome has been taken back."""
        ...

    def applied(self) -> None:
        """Another process says that it has applied something: a turn may have come."""
        ...

    async def take(self) -> list[Claimed]:
        """What comes next; nothing where nothing waits."""
        ...

    def turn(self, claimed: Claimed) -> AsyncIterator[Claimed]:
        """Wait until it may be applied, and see what is settled by then; gives what this process is to do before, because another
        is gone. Raises Deposed."""
        ...

    async def close(self, claimed: Claimed) -> None:
        """It is done with. Raises Problem where the store cannot be written."""
        ...

    def drop(self, claimed: Claimed) -> None:
        """It is another's."""
        ...

    async def idle(self) -> bool:
        """Whether nobody works on anything."""
        ...


class AllThatWaits:
    """Where this process alone has the store: all that has no outcome, in the order of the journal."""

    patience: float | None = None

    def __init__(self, store: Store) -> None:
        self._store = store
        self._again: list[int] = []
        self.read_up_to = 0

    def again(self, message: int) -> None:
        self._again.append(message)

    def applied(self) -> None:
        """Nobody else is there."""

    async def take(self) -> list[Claimed]:
        count = len(self._again)  # more may come while these are read
        fresh: list[Entry] = await self._store.query(Waiting(self.read_up_to, BATCH))
        again = [message for message in self._again[:count] if message <= self.read_up_to]
        entries = [entry for message in again for entry in await self._store.query(Message(message))] + fresh
        del self._again[:count]
        if fresh:
            self.read_up_to = fresh[-1].message
        return [Claimed(entries, repeated=tuple(again))] if entries else []

    async def turn(self, claimed: Claimed) -> AsyncIterator[Claimed]:
        nothing: tuple[Claimed, ...] = ()
        for each in nothing:
            yield each
        await settle(self._store, claimed)

    async def close(self, claimed: Claimed) -> None:
        claimed.closed = True

    def drop(self, claimed: Claimed) -> None:
        raise AssertionError("nobody else is there")

    async def idle(self) -> bool:
        return True


class SharedClaims:
    """Where several processes share the store. The seat of a worker is what its claims stand on. ``signals`` tell sooner. Who is
    not ``prepared`` (its mappers lack their tables) leaves what waits to others, as long as there are any: all would wait behind
    what it has claimed."""

    def __init__(self, store: Store, seats: Seats, signals: Signals, prepared: Callable[[], bool] = lambda: True) -> None:
        self._store, self._seats, self._signals, self._prepared = store, seats, signals, prepared
        self._waits = 0, 0
        """What waited when it was looked last: the first message, and the first claim of who is gone."""
        self._waits_since = 0.0
        self._seat = f"worker {secrets.token_hex(8)}"
        self._worker = number(self._seat)
        self._known: dict[int, Claimed] = {}
        self._next = 0
        """The place that may be applied without asking: the one before it was ours."""
        self._sure_until = 0.0
        self._asking = asyncio.Lock()
        self._applied = asyncio.Event()

    @property
    def patience(self) -> float | None:
        return self._signals.wait

    def again(self, message: int) -> None:
        """The store knows it."""

    def applied(self) -> None:
        self._applied.set()

    async def take(self) -> list[Claimed]:
        async with self._asking:
            if not await self._seated():
                return []
            last = max(self._known, default=0)
            found: list[tuple[Claim, int, bool]] = await self._store.query(OpenClaims(self._worker))
            if lost := [claim for claim, worker, _ in found if worker == self._worker and claim.place > last]:
                return await self._read(lost)  # their answer was lost; what belongs before what is known its turn will find
            gone = next((claim.place for claim, _, gone in found if gone), 0) if not self._known else 0
            (first,) = await self._store.query(Claimable())
            if not self._prepared() and not self._nobody_elses(first, gone):
                return []
            if not gone and not first:
                self._signals.free()
                return []
            self._signals.busy()
            return await self._claim(Claiming(self._worker, SPANS, BATCH, ANY if gone else 0))

    def _nobody_elses(self, first: int, gone: int) -> bool:
        """Whether the same has waited for so long that there is nobody else."""
        now = asyncio.get_running_loop().time()
        if (first, gone) != self._waits:
            self._waits, self._waits_since = (first, gone), now
        return bool(first or gone) and now - self._waits_since >= LEFT

    async def turn(self, claimed: Claimed) -> AsyncIterator[Claimed]:
        assert claimed.claim is not None
        place = claimed.claim.place
        while place != self._next:
            self._applied.clear()
            found: list[tuple[Claim, int, bool]] = await self._store.query(OpenClaims(self._worker))
            mine = [claim for claim, worker, _ in found if worker == self._worker]
            if claimed.claim not in mine:
                raise Deposed
            before = [(claim, gone) for claim, _, gone in found if claim.place < place and claim.place not in self._known]
            if not before and found[0][0].place == place:
                break
            if any(gone for _, gone in before):
                async with self._asking:
                    taken = await self._claim(Claiming(self._worker, 0, BATCH, place)) if await self._seated() else []
                for each in taken:
                    yield each
                if not taken:  # another has it by now, or this process has no seat
                    await asyncio.sleep(TURN)
            elif orphans := [claim for claim, _ in before if claim in mine]:
                async with self._asking:
                    adopted = await self._read([one for one in orphans if one.place not in self._known][:1])
                for each in adopted:
                    yield each
            else:
                await within(self._applied, TURN if self._signals.wait <= Silent.wait else TOLD)
        await settle(self._store, claimed)

    async def close(self, claimed: Claimed) -> None:
        assert claimed.claim is not None
        if not claimed.closed:
            done = await self._store.commit(Change(under=claimed.claim, closes=True))
            claimed.closed = not isinstance(done, Conflict)
            self._signals.tell(APPLIED)
        self._known.pop(claimed.claim.place, None)
        self._next = claimed.claim.place + 1 if claimed.closed else 0

    def drop(self, claimed: Claimed) -> None:
        assert claimed.claim is not None
        self._known.pop(claimed.claim.place, None)

    async def idle(self) -> bool:
        return not await self._store.query(OpenClaims(self._worker)) and not (await self._store.query(Claimable()))[0]

    async def _seated(self) -> bool:
        """Whether this process has its seat; asked now and then."""
        now = asyncio.get_running_loop().time()
        if now >= self._sure_until:
            if not await self._seats.take(self._seat):
                return False
            self._sure_until = now + LIVES
        return True

    async def _claim(self, asked: Claiming) -> list[Claimed]:
        done = await self._store.commit(Change(claiming=asked))
        return await self._read(done.claims) if isinstance(done, Committed) else []

    async def _read(self, claims: list[Claim]) -> list[Claimed]:
        made = [
            Claimed(
                await self._store.query(ClaimEntries(claim.first, claim.last)),
                claim,
                repeated=(claim.first,) if claim.first == claim.last else (),  # who is sent again is claimed alone
            )
            for claim in claims
        ]
        self._known |= {claim.place: each for claim, each in zip(claims, made, strict=True)}
        return made
