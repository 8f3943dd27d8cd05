"""Source paths: one grammar for ER7 and one for trees, parsed into values that the emitters turn into code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

CONSTANT: Final = "constant"
"""What a trace has for the source path of a row that reads nothing."""


class PathError(ValueError):
    """The path is not of the grammar."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A quoted constant."""

    text: str

    def __str__(self) -> str:
        return "'" + self.text.replace("'", "''") + "'"


@dataclass(frozen=True, slots=True)
class Er7Path:
    """``SEG-field~.component.subcomponent``; segment '' is relative to what ``each`` stands on; field 0 = the segment itself;
    ``~+`` the repetitions after the first (``rest``)."""

    segment: str
    field: int = 0
    repeats: bool = False
    component: int = 0
    subcomponent: int = 0
    rest: bool = False

    def __str__(self) -> str:
        parts = self.segment + (f"-{self.field}" if self.field else "")
        return parts + (f".{self.component}" if self.component else "") + (f".{self.subcomponent}" if self.subcomponent else "")


@dataclass(frozen=True, slots=True)
class Predicate:
    """``[path='v']`` (value), ``[path=$other]`` (other) or ``[path]`` (neither)."""

    path: TreePath
    value: str | None = None
    other: TreePath | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One child walk: a local name, ``@name`` or ``*``, with predicates."""

    name: str
    predicates: tuple[Predicate, ...] = ()


@dataclass(frozen=True, slots=True)
class TreePath:
    """Steps from the context's node ('.'), from what ``each`` stands on ('./'), from the root ('/') or from the nearest
    enclosing element that has them ('^'); '**' for any depth."""

    start: str
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        lead = {".": "", "./": "./", "/": "/", "^": "^", "**": "**/"}[self.start]
        return lead + ("/".join(step.name for step in self.steps) or ".")


Path = Literal | Er7Path | TreePath

_ER7 = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:-(?P<field>[1-9]\d*)(?P<repeats>~\+?)?(?:\.(?P<c>[1-9]\d*)(?:\.(?P<s>[1-9]\d*))?)?)?"
)
_ER7_RELATIVE = re.compile(r"\.(?:(?P<c>[1-9]\d*)(?:\.(?P<s>[1-9]\d*))?)?")
_QUOTED = re.compile(r"'(?:[^']|'')*'")
_NAME = re.compile(r"@?[A-Za-z_][\w.:-]*|\*")


def parse_alternatives(text: str, er7: bool) -> tuple[Path, ...]:
    """The alternatives of a ``from`` cell, first present counts; raises PathError."""
    return tuple(parse_path(part, er7) for part in split_outside(text, "|"))


def parse_path(text: str, er7: bool) -> Path:
    """One path; raises PathError."""
    text = text.strip()
    if text.startswith("'"):
        if len(text) < 2 or not text.endswith("'"):
            raise PathError(f"{text} is not a closed literal")
        return Literal(unquote(text))
    return _parse_er7(text) if er7 else _TreeParser(text).whole()


def _parse_er7(text: str) -> Er7Path:
    found = _ER7_RELATIVE.fullmatch(text)
    if found:
        return Er7Path("", 0, False, int(found["c"] or 0), int(found["s"] or 0))
    found = _ER7.fullmatch(text)
    if not found:
        raise PathError(f"{text!r} is not an ER7 path such as PID-5.1")
    repeats = found["repeats"] or ""
    component, subcomponent = int(found["c"] or 0), int(found["s"] or 0)
    return Er7Path(found["segment"], int(found["field"] or 0), bool(repeats), component, subcomponent, repeats == "~+")


def unquote(text: str) -> str:
    """A quoted or bare value; ``''`` within quotes stands for one quote."""
    return text[1:-1].replace("''", "'") if len(text) > 1 and text[0] == text[-1] == "'" else text


def split_outside(text: str, separator: str) -> list[str]:
    """Split where the separator stands outside quotes and brackets."""
    parts, depth, quoted, start = [], 0, False, 0
    for place, char in enumerate(text):
        if char == "'":
            quoted = not quoted
        elif quoted:
            continue
        elif char == "[":
            depth += 1
        elif char == "]":
            depth -= 1
        elif char == separator and depth == 0:
            parts.append(text[start:place])
            start = place + 1
    parts.append(text[start:])
    return [part.strip() for part in parts]


class _TreeParser:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def whole(self) -> TreePath:
        path = self.path()
        if self.at != len(self.text):
            raise PathError(f"{self.text!r} cannot be read from {self.text[self.at :]!r} on")
        return path

    def path(self) -> TreePath:
        start = "."
        if self.text.startswith("**/", self.at):
            start, self.at = "**", self.at + 3
        elif self.peek() in ("/", "^"):
            start, self.at = self.text[self.at], self.at + 1
        if start == "." and self.peek() == ".":
            self.at += 1
            if self.peek() != "/":
                return TreePath("./", ())
            start, self.at = "./", self.at + 1
        steps = [self.step()]
        while self.peek() == "/":
            self.at += 1
            steps.append(self.step())
        return TreePath(start, tuple(steps))

    def step(self) -> Step:
        found = _NAME.match(self.text, self.at)
        if not found:
            raise PathError(f"{self.text!r}: a name is expected at {self.text[self.at :]!r}")
        self.at = found.end()
        predicates = []
        while self.peek() == "[":
            self.at += 1
            predicates.append(self.predicate(found[0]))
            if self.peek() != "]":
                raise PathError(f"{self.text!r}: a bracket is not closed")
            self.at += 1
        return Step(found[0], tuple(predicates))

    def predicate(self, name: str) -> Predicate:
        path = self.path()
        if self.peek() != "=":
            first = path.steps[0].name if path.steps else ""
            if name == "contained" and len(path.steps) == 1 and first[:1].isupper():
                return Predicate(TreePath(".", (Step("resourceType"),)), value=first)
            return Predicate(path)
        self.at += 1
        if self.peek() == "$":
            self.at += 1
            return Predicate(path, other=self.path())
        if self.peek() != "'":
            raise PathError(f"{self.text!r}: a value in brackets is quoted or a $path")
        found = _QUOTED.match(self.text, self.at)
        if not found:
            raise PathError(f"{self.text!r}: a quote is not closed")
        value, self.at = unquote(found[0]), found.end()
        return Predicate(path, value=value)

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]
