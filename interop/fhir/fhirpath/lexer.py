"""The tokens of FHIRPath (N1 2.0.0, grammar)."""

from __future__ import annotations

import re
from typing import NamedTuple

from interop.fhir.fhirpath.errors import FhirPathError

LENGTH = 100_000
"""The longest expression, in characters."""
TOKENS = 10_000
"""The most tokens of an expression."""

WORD, DELIMITED, TEXT, NUMBER, DATE, TIME, EXTERNAL, DOLLAR, SIGN, END = (
    "word",
    "delimited",
    "text",
    "number",
    "date",
    "time",
    "external",
    "dollar",
    "sign",
    "end",
)


class Token(NamedTuple):
    """A token: its kind, its text (unescaped for strings and identifiers) and its place."""

    kind: str
    text: str
    position: int


_BLANK = re.compile(r"(?:\s+|//[^\r\n]*|/\*.*?\*/)+", re.DOTALL)
_TOKEN = re.compile(
    r"""
    (?P<word>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<delimited>`(?:[^`\\]|\\.)*`)
    |(?P<text>'(?:[^'\\]|\\.)*')
    |(?P<number>[0-9]+(?:\.[0-9]+)?(?:L\b)?)
    |@(?P<time>T[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?)
    |@(?P<date>[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?
        (?:T(?:[0-9]{2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?)?)
    |%(?P<external>(?:vs|ext)-[A-Za-z0-9_\-]+|[A-Za-z_][A-Za-z0-9_]*|`(?:[^`\\]|\\.)*`|'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    |\$(?P<dollar>this|index|total)\b
    |(?P<sign><=|>=|!=|!~|[-+*/&|<>=~.,()\[\]{}])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)
_ESCAPED = {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "\\": "\\", "/": "/", "'": "'", '"': '"', "`": "`"}


def tokens(text: str) -> list[Token]:
    """The tokens of an expression, closed by one of kind ``end``; raises FhirPathError."""
    if len(text) > LENGTH:
        raise FhirPathError("the expression is too long")
    found: list[Token] = []
    place = 0
    while True:
        blank = _BLANK.match(text, place)
        if blank:
            place = blank.end()
        if place >= len(text):
            found.append(Token(END, "", place))
            return found
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            raise FhirPathError("not a token of FHIRPath", place)
        if len(found) >= TOKENS:
            raise FhirPathError("the expression is too long", place)
        kind = match.lastgroup
        found.append(Token(kind, _content(kind, match[kind]), place))
        place = match.end()


def _content(kind: str, text: str) -> str:
    if kind in (DELIMITED, TEXT) or (kind == EXTERNAL and text[0] in "`'\""):
        return _ESCAPE.sub(_unescape, text[1:-1]) if "\\" in text else text[1:-1]
    return text.rstrip("L") if kind == NUMBER else text


def _unescape(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) == 5:
        letter = chr(int(escape[1:], 16))
        return letter if not "\ud800" <= letter <= "\udfff" else "\ufffd"
    # What is no escape keeps its backslash: authors of regular expressions forget to double it.
    return _ESCAPED.get(escape, match[0])
