"""What can go wrong with an expression."""

from __future__ import annotations


class FhirPathError(ValueError):
    """An expression that cannot be read, or that fails on what it is evaluated over.

    ``position`` is the place in the text, from 0, of a syntax error; None for a failure at run time. The message never holds a
    value of the resource.
    """

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason if position is None else f"{reason} (at {position})")
        self.reason = reason
        self.position = position


class TooCostly(Exception):
    """The evaluation took more steps, or a regular expression more time, than the environment allows."""
