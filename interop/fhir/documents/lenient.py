"""JSON that is not quite JSON, read for all that is wrong with it (RFC 8259; FHIR R4, json.html)."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from itertools import takewhile
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, NoReturn

from interop.fhir.findings import ERROR, Finding, Findings
from interop.fhir.names import shown
from interop.fhir.xml.plan import NUMBER, known_resource, value_of
from interop.formats.json import DEPTH

LENGTH = 500_000
"""Characters beyond which only the first mistake is looked for."""
_MOST_VALUES = 100_000
_MOST_FINDINGS = 100
_BLANK = re.compile(r"[ \t\r\n]*")
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_WORD = re.compile(r"[^\s,:{}\[\]\"'/]+")
_LINE_WORD = re.compile(r"[^\r\n,:{}\[\]\"'/]*[^\s,:{}\[\]\"'/]")
_NAME = re.compile(r"[A-Za-z_$][A-Za-z0-9_$\-]*")
_SINGLE = re.compile(r"'((?:[^'\\\r\n]|\\.)*)'")
_LITERALS = {"true": True, "false": False, "null": None}


class _Hopeless(Exception):
    """The text cannot be understood any further."""


def lenient(text: str, line: int = 1) -> tuple[dict[str, Any] | None, Findings]:
    """The object of a JSON text with findings on all that is no JSON in it; None and the reason where it cannot be understood.

    Of a name that an object holds twice the last value counts. ``line`` is the number of the first line. At most 100 findings;
    a text over 500,000 characters or 100,000 values is told to be too costly. Never raises.
    """
    reader = _Reader(text, line)
    value = None
    try:
        if len(text) > LENGTH:
            reader.first_mistake()
        value = reader.document()
    except _Hopeless:
        value = None
    except RecursionError:
        reader.say(0, "is nested too deep", "too-costly")
    kind = value.get("resourceType") if isinstance(value, dict) else None
    root = kind if isinstance(kind, str) and known_resource(kind) else ""
    return (value if isinstance(value, dict) else None), reader.told(root)


class _Reader:
    def __init__(self, text: str, line: int) -> None:
        self.text = text
        self.line = line
        self.at = 0
        self.values = 0
        self.trail: list[str] = []
        self.said: list[tuple[tuple[str, ...], int, str, str]] = []

    def say(self, place: int, message: str, code: str = "invalid") -> None:
        if len(self.said) < _MOST_FINDINGS:
            self.said.append((tuple(self.trail), place, message, code))

    def told(self, root: str) -> Findings:
        """The findings, each with the line and column of its place."""
        ends = [found.start() for found in re.finditer("\n", self.text)] if self.said else []
        made = []
        for trail, place, message, code in self.said:
            row = bisect_right(ends, place - 1)
            column = place - (ends[row - 1] if row else -1)
            expression = ".".join([root, *takewhile(_shown, trail)]) if root else ""
            made.append(Finding(ERROR, expression, code, f"line {self.line + row}, column {column}: {message}", "document"))
        return made

    def hopeless(self, place: int, message: str, code: str = "structure") -> NoReturn:
        self.say(place, message, code)
        raise _Hopeless

    def first_mistake(self) -> NoReturn:
        """Of a long text only where the parser of the standard library stops."""
        try:
            json.loads(self.text)
        except json.JSONDecodeError as error:
            self.hopeless(error.pos, "is no JSON")
        except (RecursionError, ValueError):
            pass
        self.hopeless(0, "is too long for its mistakes to be told", "too-costly")

    def document(self) -> Any:
        self.blank()
        if self.text[self.at : self.at + 1] != "{":
            self.hopeless(self.at, "the JSON is no object")
        value = self.value(0)
        self.blank()
        if self.at < len(self.text):
            self.say(self.at, "text after the end of the object")
        return value

    def blank(self) -> None:
        """Past white space and comments."""
        while True:
            found = _BLANK.match(self.text, self.at)
            self.at = found.end() if found else self.at
            if self.text[self.at : self.at + 1] != "/":
                return
            comment = _COMMENT.match(self.text, self.at)
            if comment is None:
                self.hopeless(self.at, "is no JSON")
            self.say(self.at, "comments are not allowed in JSON")
            self.at = comment.end()

    def value(self, depth: int) -> Any:
        self.values += 1
        if self.values > _MOST_VALUES:
            self.hopeless(self.at, "has too many values", "too-costly")
        if depth > DEPTH:
            self.hopeless(self.at, "is nested too deep", "too-costly")
        first = self.text[self.at : self.at + 1]
        if first == "{":
            return self.object(depth + 1)
        if first == "[":
            return self.array(depth + 1)
        if first == '"' or first == "'":
            return self.string(first)
        return self.word()

    def object(self, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self.at += 1
        comma = True
        extra = -1
        while True:
            self.blank()
            first = self.text[self.at : self.at + 1]
            if first == "}":
                if extra >= 0:
                    self.say(extra, "a comma too many at the end of the object")
                self.at += 1
                return made
            if not first:
                self.hopeless(self.at, "the text ends within an object")
            place = self.at
            name = self.name(first)
            if not comma:
                self.say(place, "a comma is missing")
            self.blank()
            if self.text[self.at : self.at + 1] != ":":
                self.hopeless(self.at, "a colon is missing")
            self.at += 1
            self.blank()
            self.trail.append(shown(name))
            if name in made:
                self.say(place, "an object holds this name twice")
            made[name] = self.value(depth)
            self.trail.pop()
            comma, extra = self.comma()

    def array(self, depth: int) -> list[Any]:
        made: list[Any] = []
        self.at += 1
        comma = True
        extra = -1
        holder = self.trail.pop() if self.trail else ""
        while True:
            self.blank()
            first = self.text[self.at : self.at + 1]
            if first == "]":
                self.trail.append(holder)
                if extra >= 0:
                    self.say(extra, "a comma too many at the end of the array")
                self.at += 1
                return made
            if not first or first in ":}":
                self.hopeless(self.at, "the array does not end")
            self.trail.append(f"{holder}[{len(made)}]")
            if not comma:
                self.say(self.at, "a comma is missing")
            made.append(self.value(depth))
            self.trail.pop()
            comma, extra = self.comma()

    def comma(self) -> tuple[bool, int]:
        """Whether a comma follows, and where, should the end come next; a second comma is told."""
        self.blank()
        if self.text[self.at : self.at + 1] != ",":
            return False, -1
        place = self.at
        self.at += 1
        self.blank()
        while self.text[self.at : self.at + 1] == ",":
            self.say(self.at, "a comma too many")
            self.at += 1
            self.blank()
        return True, place

    def name(self, first: str) -> str:
        if first == '"' or first == "'":
            return self.string(first)
        found = _NAME.match(self.text, self.at)
        if found is None:
            self.hopeless(self.at, "is no JSON")
        self.say(self.at, "the name has no quotes")
        self.at = found.end()
        return found[0]

    def string(self, quote: str) -> str:
        place = self.at
        if quote == "'":
            found = _SINGLE.match(self.text, place)
            if found is None:
                self.hopeless(place, "the text ends within a string")
            self.say(place, "single quotes are not allowed in JSON")
            self.at = found.end()
            return found[1]
        try:
            value: str
            value, self.at = scanstring(self.text, place + 1, True)
        except json.JSONDecodeError:
            try:
                value, self.at = scanstring(self.text, place + 1, False)
            except json.JSONDecodeError as error:
                self.hopeless(error.pos, "the string does not end or has an escape that JSON lacks")
            self.say(place, "a control character in a string")
        if "\\" in self.text[place : self.at]:
            try:
                value.encode("utf-8")
            except UnicodeEncodeError:
                self.say(place, "half a surrogate pair in a string")
                value = value.encode("utf-8", "replace").decode("utf-8")
        return value

    def word(self) -> Any:
        """A number, true, false or null; else text without its quotes."""
        place = self.at
        found = _WORD.match(self.text, place)
        if found is None:
            self.hopeless(place, "a value is missing" if place < len(self.text) else "the text ends before a value")
        word = found[0]
        self.at = found.end()
        if word in _LITERALS:
            return _LITERALS[word]
        value = value_of(word, NUMBER)
        if not isinstance(value, str):
            return value
        if word in ("NaN", "Infinity", "-Infinity") or word[0] in "+-.0123456789":
            self.say(place, "is no number of JSON")
            return word
        whole = _LINE_WORD.match(self.text, place)
        if whole is not None:
            word = whole[0]
            self.at = whole.end()
        self.say(place, "the value has no quotes")
        return word


def _shown(step: str) -> bool:
    """Whether a step has a name that may be repeated."""
    return bool(step) and step[0] != "["
