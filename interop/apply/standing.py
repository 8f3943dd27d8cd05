"""A resource while a batch is computed: what stands, what each feed says of it, and what comes of saying more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from interop.mapping.contribution import REST
from interop.record.state import Merged, State, dump, load, merge, said_again, said_since, same_said, supersedes


@dataclass(slots=True)
class Standing:
    """A resource while a batch is computed: as it stands after the messages so far. ``stored`` are its states as bytes, by
    (feed, event), ``states`` those that had to be parsed, ``dirty`` those that are to be written; ``source`` who has contributed
    (``interop.record.sources``)."""

    version: int
    owner: str
    body: bytes
    deleted: bool
    stored: dict[tuple[str, str], bytes]
    source: str = ""
    states: dict[tuple[str, str], State] = field(default_factory=dict)
    dirty: set[tuple[str, str]] = field(default_factory=set)

    def state(self, key: tuple[str, str]) -> State | None:
        """A state, parsed when it is first needed."""
        if key not in self.states and key in self.stored:
            self.states[key] = load(self.stored[key])
        return self.states.get(key)

    def written(self, key: tuple[str, str]) -> bytes:
        """A state as it is to be stored."""
        return dump(self.states[key]) if key in self.states else self.stored[key]

    def merge(self, key: tuple[str, str], state: bytes) -> Merged:
        """Take in a contribution's state; ``TIMES`` where the fold of all states comes out as it did before."""
        held = None if key in self.states else self.stored.get(key, b"")
        if held == b"":
            merged = Merged.VALUES
            self.stored[key] = state
        elif held is not None and (later := said_again(held, state)) is not None:
            merged = Merged.TIMES if later else Merged.NOTHING
            if later:
                self.stored[key] = state
        elif held is not None and (superseded := supersedes(held, state)) is not None:
            merged = superseded
            self.stored[key] = state
        else:
            before = self.state(key)
            assert before is not None
            merged = merge(before, load(state))
        if merged:
            self.dirty.add(key)
        return Merged.VALUES if merged is Merged.TIMES and not self._agree(key, state) else merged

    def is_just(self, key: tuple[str, str], state: bytes) -> bool:
        """Whether this state is all that is said of the resource."""
        return len(self.stored) == 1 and key not in self.states and self.stored.get(key) is state

    def _agree(self, key: tuple[str, str], state: bytes) -> bool:
        """Whether one feed says all there is, has withdrawn nothing, and each of its states with a register of ``state`` gives it
        that value: then it does not matter which of them is the latest."""
        if len(self.stored) == 1:
            return True
        if len({feed for feed, _ in self.stored}) > 1:
            return False
        others = [other for other in self.stored if other != key]
        if all(other not in self.states and same_said(self.stored[other], state) for other in others):
            return True
        states = self.all_states().values()
        said = load(state)["r"]
        if REST in said or any("d" in known or "c" in known for known in states):
            return False
        return all(known["r"][register][4] == said[register][4] for known in states for register in known["r"].keys() & said.keys())

    def prune(self, key: tuple[str, str], since: list[Any]) -> bool:
        """Take away what was said before a complete snapshot; whether there was any."""
        if key not in self.states and said_since(self.stored[key], since):
            return False
        state = self.state(key)
        assert state is not None
        old = [register for register, value in state["r"].items() if value[:3] < since]
        for register in old:
            del state["r"][register]
        if old:
            self.dirty.add(key)
        return bool(old)

    def all_states(self) -> dict[tuple[str, str], State]:
        """Every state."""
        for key in self.stored:
            self.state(key)
        return self.states
