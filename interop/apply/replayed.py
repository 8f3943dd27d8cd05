"""What a replay comes to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from interop.apply.asked import Key
from interop.apply.mapping_work import Yield
from interop.store.values import Change


class Difference(NamedTuple):
    """What becomes of a resource: ``kind`` is change, vanish or new, ``paths`` say so of each element; ``message`` is the last of
    those that speak of it, 0 where none does any more. ``before`` and ``after`` are its contents, b'' for none."""

    type: str
    id: str
    kind: str
    paths: dict[str, str]
    message: int
    before: bytes
    after: bytes


class Held(NamedTuple):
    """A message that was applied and that the tables of today refuse, or whose content is gone, for the reason ``why``: it stays as
    it is, with the ``resources`` in which its word stands or of which it may have said that they are one person."""

    message: int
    why: str
    resources: tuple[Key, ...]


@dataclass(slots=True)
class Replayed:
    """What a replay comes to: how many ``messages`` were mapped again, those of another state (number, before, now), those that are
    ``held``, what becomes of resources, and the changes that make it so: none where the record and the states of messages stay.
    ``waiting``: how many were left out because their feed stands still and holds them back."""

    messages: int = 0
    moved: list[tuple[int, str, str]] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    patients: set[str] = field(default_factory=set)
    changes: list[Change] = field(default_factory=list)
    yields: list[Yield] = field(default_factory=list)
    waiting: int = 0

    @property
    def nothing(self) -> bool:
        """Whether the record and the states of messages stay as they are."""
        return not self.changes

    def add(self, other: Replayed) -> None:
        """What another part comes to as well."""
        self.messages += other.messages
        self.waiting += other.waiting
        for mine, theirs in (
            (self.moved, other.moved), (self.held, other.held), (self.differences, other.differences),
            (self.changes, other.changes), (self.yields, other.yields),
        ):  # fmt: skip
            mine += theirs  # type: ignore[operator]
        self.patients |= other.patients
