"""What a store tells of its work."""

from __future__ import annotations

from dataclasses import dataclass, field

from interop.watching import SIZES, Histogram


@dataclass(slots=True)
class Work:
    """What a committer has done: transactions, those of them that changed what a search may find, those that were synced, changes
    committed, statements, changes in conflict; how long transactions took, in seconds, and how many changes each held."""

    groups: int = 0
    finds: int = 0
    syncs: int = 0
    commits: int = 0
    statements: int = 0
    conflicts: int = 0
    seconds: Histogram = field(default_factory=Histogram)
    sizes: Histogram = field(default_factory=lambda: Histogram(SIZES))

    def took(self, seconds: float, changes: int) -> None:
        """A transaction is on disk."""
        self.seconds.add(seconds)
        self.sizes.add(changes)


@dataclass(frozen=True, slots=True)
class Figures:
    """How a store stands: the work of its halves, reads at once and long ones, bytes of its files or schemas."""

    halves: dict[str, Work]
    near: int
    far: int
    bytes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Counters:
    """What a store has done since it was opened. ``groups`` are transactions, ``syncs`` those that waited for the disk;
    ``commits`` are changes in them; ``near`` reads were bounded, ``far`` ones long."""

    commits: int
    groups: int
    syncs: int
    journal_groups: int
    record_groups: int
    entries: int
    puts: int
    conflicts: int
    statements: int
    near: int
    far: int


def counters(journal: Work, record: Work, *, entries: int, puts: int, near: int, far: int) -> Counters:
    """The counters of a store from the work of its two committers."""
    return Counters(
        commits=journal.commits + record.commits,
        groups=journal.groups + record.groups,
        syncs=journal.syncs + record.syncs,
        journal_groups=journal.groups,
        record_groups=record.groups,
        entries=entries,
        puts=puts,
        conflicts=journal.conflicts + record.conflicts,
        statements=journal.statements + record.statements,
        near=near,
        far=far,
    )
