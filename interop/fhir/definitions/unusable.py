"""A definition that cannot be used, and why."""

from __future__ import annotations


class Unusable(Exception):
    """A structure, package or file cannot be used: ``reason`` says what of it (file or URL, element) and why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLarge(Unusable):
    """A structure whose snapshot has more elements than are made."""
