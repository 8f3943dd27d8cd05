"""Escape sequences of text (HL7 v2.4, 2.10)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from interop.formats.er7.charset import decode
from interop.formats.er7.delimiters import STANDARD, Delimiters

_COUNTED = re.compile(r"\.(sp|sk)\+?(\d{0,3})", re.IGNORECASE)
_LAYOUT = re.compile(r"\.(?:fi|nf|in[+-]?\d*|ti[+-]?\d*)", re.IGNORECASE)


def unescape(text: str, delimiters: Delimiters = STANDARD, charset: str = "utf-8") -> str:
    r"""The text that was meant.

    ``\F\ \S\ \T\ \R\ \E\`` are the declared delimiters, ``\Xdd..\`` bytes of the message's character set, ``\.br\`` and ``\.ce\``
    a line end, ``\.sp3\`` that many line ends, ``\.sk3\`` that many spaces; highlighting ``\H\ \N\`` and indentation are dropped.
    Any other sequence, and an escape character without its partner, is kept as it is.
    """
    escape = delimiters.escape
    if not escape or escape not in text:
        return text
    return _pattern(escape).sub(_meaning(delimiters, charset), text)


def escape(text: str, delimiters: Delimiters = STANDARD) -> str:
    r"""``text`` as a field may hold it: delimiters escaped, line feed as ``\.br\``, carriage return as ``\X0D\``."""
    mark = delimiters.escape
    if not mark:
        return text
    table = {mark: "E", delimiters.field: "F", delimiters.component: "S", delimiters.repetition: "R", delimiters.subcomponent: "T"}
    table |= {"\n": ".br", "\r": "X0D"}
    return "".join(f"{mark}{table[letter]}{mark}" if letter in table else letter for letter in text)


@lru_cache(maxsize=64)
def _pattern(mark: str) -> re.Pattern[str]:
    quoted = re.escape(mark)
    return re.compile(f"{quoted}([^{quoted}]*){quoted}")


@lru_cache(maxsize=64)
def _meaning(delimiters: Delimiters, charset: str) -> Callable[[re.Match[str]], str]:
    fixed = {"E": delimiters.escape, "F": delimiters.field, "S": delimiters.component, "H": "", "N": ""}
    if delimiters.repetition:
        fixed["R"] = delimiters.repetition
    if delimiters.subcomponent:
        fixed["T"] = delimiters.subcomponent

    def meaning(match: re.Match[str]) -> str:
        code: str = match[1]
        if code in fixed:
            return fixed[code]
        if code.startswith("X"):
            return _hexadecimal(code[1:], charset, match[0])
        if code.lower() in (".br", ".ce"):
            return "\n"
        if counted := _COUNTED.fullmatch(code):
            return ("\n" if counted[1].lower() == "sp" else " ") * int(counted[2] or 1)
        return "" if _LAYOUT.fullmatch(code) else match[0]

    return meaning


def _hexadecimal(digits: str, charset: str, otherwise: str) -> str:
    try:
        return decode(bytes.fromhex(digits), charset) if digits else otherwise
    except (ValueError, UnicodeDecodeError):
        return otherwise
