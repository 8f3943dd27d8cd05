"""Who is told of every change before it is made: the audit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from interop.apply.asked import Key
from interop.apply.journalled import Step
from interop.store.values import Entry, Head


class Witness(Protocol):
    """What ``Writes`` tells of a change."""

    async def attempt(self, entry: Entry, steps: Sequence[Step], heads: Mapping[Key, Head]) -> None:
        """Before the journal has it; may name the entry by ``control_id``. Raises Problem where nothing may be changed."""
        ...

    def journalled(self, entry: Entry) -> None:
        """The journal has it."""
        ...


class Replayer(Protocol):
    """What ``Replays`` tells of a replay."""

    async def replay(self, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        """Before the journal has it: what becomes (change, vanish, new) of which resources (type, id), and of whom. Raises Problem
        where nothing may be changed."""
        ...

    def journalled(self, entry: Entry) -> None:
        """The journal has it."""
        ...


class Remover(Protocol):
    """What ``Takedowns`` tells of a takedown."""

    async def take_down(self, entry: Entry, keys: Sequence[Key], patients: Sequence[str]) -> None:
        """Before the journal has it: of which resources and Patients. Raises Problem where nothing may be changed."""
        ...

    def journalled(self, entry: Entry) -> None:
        """The journal has it."""
        ...
