"""Signals between processes: hints that there is something to look at, and nothing else.

What is said may be lost, late, twice or out of order; whoever waits for something looks in the database for it now and then, and is
only sooner there by a signal. Words are numbers, so that nothing of a person can be among them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

ARRIVED: Final = "arrived"
"""Messages were journalled; the word is the last one's number. Told to one process that is ``free``."""
APPLIED: Final = "applied"
"""Messages have their outcome; the word is the last one's number. Told to all."""
CHANGED: Final = "changed"
"""The record has changed; the word is the turn's number. Told to all."""
KINDS: Final = (ARRIVED, APPLIED, CHANGED)

Heard = Callable[[str, str], None]
"""Is told kind and word, on the loop; does not wait."""


class Signals(Protocol):
    """Tells other processes, and hears them."""

    @property
    def wait(self) -> float:
        """Seconds after which whoever awaits something looks for itself, whatever was heard."""
        ...

    def tell(self, kind: str, word: str = "") -> None:
        """Say it to the others, not to oneself. Never waits, never raises; a word that is no number is left out. On the loop."""
        ...

    def free(self) -> None:
        """This process has found nothing to apply and asks for the next ``arrived``. Whoever never says so hears none."""
        ...

    def busy(self) -> None:
        """This process has taken messages to apply: the next ``arrived`` is for another."""
        ...

    async def start(self, heard: Heard) -> None:
        """Begin to hear; does not wait until anybody can be heard. ``heard`` with an empty word: something may have been missed."""
        ...

    async def stop(self) -> None:
        """Hear no more."""
        ...


class Silent:
    """Nobody is told, nothing is heard: one process alone, or several without Redis."""

    wait = 0.05

    def tell(self, kind: str, word: str = "") -> None:
        """Nothing."""

    def free(self) -> None:
        """Nothing."""

    def busy(self) -> None:
        """Nothing."""

    async def start(self, heard: Heard) -> None:
        """Nothing."""

    async def stop(self) -> None:
        """Nothing."""
