"""Values of tokens (FHIR R4 search, 3.1.1.4.10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from interop.api.searching.combining import NOTHING
from interop.api.searching.escapes import plain, split
from interop.api.searching.ground import Codes, Ground
from interop.api.searching.strings import normalised
from interop.api.searching.unsupported import malformed
from interop.store.where import Text, Token, Tokens, Where


def token(name: str, value: str, kind: str = "token") -> Where:
    """``code``, ``system|code``, ``|code`` (no system), ``system|`` (any code)."""
    parts = [plain(part) for part in split(value, "|")]
    if len(parts) > 2 or not any(parts):
        raise malformed(name, "a code is wanted, or system|code")
    if len(parts) == 1:
        return Token(name, parts[0], None, kind)
    return Token(name, parts[1] or None, parts[0], kind)


def _plainly(ground: Ground, name: str, value: str) -> Where:
    return token(name, value)


def _called(ground: Ground, name: str, value: str) -> Where:
    return Text(name, normalised(name, value), "starts", "text")


def _of_type(ground: Ground, name: str, value: str) -> Where:
    """``system|code|value``: the type of an identifier, and its value."""
    parts = [plain(part) for part in split(value, "|")]
    if len(parts) != 3 or not all(parts):
        raise malformed(name, "system|code|value is wanted")
    return Token(name, f"{parts[1]}|{parts[2]}", parts[0], "of-type")


def _in(ground: Ground, name: str, value: str) -> Where:
    """The codes of a value set: its canonical URL, or ``ValueSet/id`` of this server."""
    return _one_of(name, ground.codes(name, Codes("in", plain(value))))


def _related(relation: str) -> Callable[[Ground, str, str], Where]:
    def related(ground: Ground, name: str, value: str) -> Where:
        parts = [plain(part) for part in split(value, "|")]
        if relation == "below" and len(parts) == 1 and "/" in parts[0]:
            return Token(name, parts[0], None, "below")
        if len(parts) != 2 or not all(parts):
            raise malformed(name, "system|code is wanted: without a system there is no hierarchy")
        return _one_of(name, ground.codes(name, Codes(relation, f"{parts[0]}|{parts[1]}")))

    return related


def _one_of(name: str, pairs: tuple[tuple[str, str], ...]) -> Where:
    return Tokens(name, pairs) if pairs else NOTHING


MODIFIED: Final[dict[str, Callable[[Ground, str, str], Where]]] = {
    "": _plainly,
    "not": _plainly,
    "text": _called,
    "of-type": _of_type,
    "in": _in,
    "not-in": _in,
    "below": _related("below"),
    "above": _related("above"),
}
"""Modifier -> one value; those that want the opposite are turned round by who calls."""
