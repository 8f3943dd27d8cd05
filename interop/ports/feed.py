"""Feeds: the named ways in, each with its adapter and what its sender waits for."""

from __future__ import annotations

from dataclasses import dataclass

from interop.ports.receipt import Wait


@dataclass(frozen=True, slots=True)
class Feed:
    """A way in. ``adapter`` '' means whichever adapter recognises a body; ``ack`` is when a positive answer goes out;
    ``test_numbers`` whether 999 NHS numbers may link records (never in production); ``snapshots`` the scopes of its family's
    snapshots.csv of which each of its messages tells all, or ``delta`` alone where none ever does."""

    name: str
    adapter: str
    description: str = ""
    ack: Wait = Wait.JOURNALLED
    test_numbers: bool = False
    snapshots: tuple[str, ...] = ()
