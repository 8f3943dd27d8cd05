"""What an operation was told, by the names of its parameters."""

from __future__ import annotations

from typing import Any

from interop.fhir.shapes import Json


class Inputs:
    """Values by name, in order: primitives as JSON has them, datatypes and resources as objects, parts as Inputs.

    ``criteria`` are search parameters; ``cursor`` is that of the page before, '' for the first; ``pairs`` is what the
    self link repeats.
    """

    def __init__(self) -> None:
        self.values: dict[str, list[Any]] = {}
        self.criteria: list[tuple[str, str]] = []
        self.cursor = ""
        self.pairs: list[tuple[str, str]] = []

    def add(self, name: str, value: Any) -> None:
        """One more value."""
        self.values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def every(self, name: str) -> list[Any]:
        """All values of a parameter."""
        return self.values.get(name, [])

    def text(self, name: str) -> str:
        """A text, '' where it is not given."""
        return str(self.values[name][0]) if name in self.values else ""

    def number(self, name: str) -> int | None:
        """A whole number, None where it is not given."""
        return int(self.values[name][0]) if name in self.values else None

    def flag(self, name: str) -> bool:
        """Whether it is given and true."""
        return name in self.values and self.values[name][0] is True

    def object(self, name: str) -> Json | None:
        """A datatype or resource, None where it is not given."""
        found: Json | None = self.values[name][0] if name in self.values else None
        return found
