"""Where the content of a resource comes from: for each register the feed and message whose word the fold chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from interop.record.fold import choose
from interop.record.state import THERE, State


class Origin(NamedTuple):
    """A register of the present content: its value, and the feed and message that gave it."""

    register: str
    value: Any
    feed: str
    message: int


def origins(kind: str, states: Mapping[tuple[str, str], State]) -> list[Origin]:
    """The registers that make the present content, each with its origin, by name."""
    chosen = choose(kind, states)
    found = []
    for register in sorted(chosen.keys() - {THERE}):
        feed, stamped = chosen[register]
        found.append(Origin(register, stamped[4], feed, stamped[3]))
    return found
