"""A change, as a value, and what becomes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from interop.store.values.fold import ContributionState, Snapshot
from interop.store.values.journal import Entry, Husk, LossCount, Outcome
from interop.store.values.kept import Kept, Used
from interop.store.values.outbox import Answered, Awaited, Delivery, Heard, Mark, Sweep
from interop.store.values.people import Link, LinkEvent, Pair
from interop.store.values.processes import Claim, Claiming, News
from interop.store.values.resources import Put, Reindexed, Withheld


@dataclass(slots=True)
class Change:
    """Everything that happens at once, as a value. A Change holds journal entries or record changes, never both: the
    journal is on disk before anything is derived from it. A name of ``used`` that was used before is a Conflict of type ``used``.

    ``expect`` names versions that must still be the present ones, (type, id) -> version (0 = not there). ``follows``: the journal
    alone makes just this again at the next start, so that the embedded store may lose it with the power. ``tables``: mapping tables
    by digest, with when they were first used (microseconds); what is kept already stays as it is. ``numbered``: deliveries, by
    sequence, that are given the next number of an event of their destination, in this order; one that has a number keeps it, one
    that no longer waits gets none.

    Where several processes share the store: ``news`` for the others; ``known``, the turn up to which its maker has heard theirs
    (-1: it does not depend on them), and ``held``, the holder of the locks under which it was made (0: none), are expected to be
    good still, as is the claim that it is made ``under``; ``closes``: that is done with. ``criteria`` are those of the locked names
    that stand for criteria: nobody else has them before the change is there or never will be. ``claiming`` asks for claims.
    """

    entries: list[Entry] = field(default_factory=list)
    acks: list[tuple[int, str]] = field(default_factory=list)
    husks: list[Husk] = field(default_factory=list)
    expect: dict[tuple[str, str], int] = field(default_factory=dict)
    puts: list[Put] = field(default_factory=list)
    reindexed: list[Reindexed] = field(default_factory=list)
    states: list[ContributionState] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    link_events: list[LinkEvent] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    losses: list[LossCount] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    tables: list[tuple[str, bytes, int]] = field(default_factory=list)
    meta: list[tuple[str, str]] = field(default_factory=list)
    used: list[Used] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    awaited: list[Awaited] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    numbered: list[int] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    known: int = -1
    held: int = 0
    criteria: tuple[tuple[str, str], ...] = ()
    under: Claim | None = None
    closes: bool = False
    claiming: Claiming | None = None
    follows: bool = False


@dataclass(slots=True)
class Committed:
    """The change is on disk, or ``follows`` from what is. ``entries`` are the journal's numbers, in the order of
    ``Change.entries``; an entry that repeats an earlier one (same feed and duplicate key within the window) is not added: its
    ``repeats`` names that one. ``claims`` are those that ``Change.claiming`` asked for; ``again`` the messages whose outcome has
    been taken back."""

    entries: list[Entry] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    again: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conflict:
    """An expectation failed; nothing was written. The caller reads again and recomputes."""

    type: str
    id: str
    expected: int
    found: int
