"""Lines of generated code, and the names that stand in it."""

from __future__ import annotations


class Lines:
    """Source lines with their indentation."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def add(self, depth: int, line: str) -> None:
        """One line, ``depth`` levels in."""
        self._lines.append("    " * depth + line if line else "")

    def take(self, other: Lines) -> None:
        """Add the lines of another."""
        self._lines += other._lines

    def text(self) -> str:
        """All of it."""
        return "\n".join(self._lines) + "\n"


def route_name(message: str) -> str:
    """A message type as a part of names."""
    return "".join(letter if letter.isalnum() else "_" for letter in message)


def codes_name(name: str) -> str:
    """The generated name of a code table."""
    return "C_" + "".join(letter if letter.isalnum() else "_" for letter in name)


def function_name(using: str, kind: str) -> str:
    """The name under which a transform is known to generated code."""
    return f"x_{using or 'text'}_{kind}"
