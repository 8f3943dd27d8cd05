"""The closed grammar of ``when``: present, absent, numeric, =, in, starts, length; and, not."""

from __future__ import annotations

import re
from dataclasses import dataclass

from interop.mapping.numbers import decimal
from interop.mapping.paths import Path, PathError, parse_path, split_outside, unquote


@dataclass(frozen=True, slots=True)
class Test:
    """One test of a path. ``kind`` is present, numeric, in, starts or length; ``negated`` turns it round."""

    __test__ = False

    kind: str
    text: str
    path: Path
    negated: bool = False
    values: frozenset[str] = frozenset()
    length: int = 0


Condition = tuple[Test, ...]
"""Tests that must all hold."""

_TEST = re.compile(
    r"(?P<not>not\s+)?(?:length\s+(?P<measured>\S+)\s*=\s*(?P<length>\d+)"
    r"|(?P<bare>\S+)\s+(?P<state>present|absent|numeric)"
    r"|(?P<path>.+?)\s+(?P<op>=|in|starts)\s+(?P<values>.+))",
)


def parse_condition(text: str, er7: bool) -> Condition:
    """Parse a ``when`` cell; raises PathError."""
    return tuple(_parse_test(part.strip(), er7) for part in _split_and(text)) if text else ()


def _split_and(text: str) -> list[str]:
    """Split at the word ``and`` outside quotes."""
    parts, start = [], 0
    for found in re.finditer(r"'[^']*'|\s+and\s+", text):
        if not found[0].startswith("'"):
            parts.append(text[start : found.start()])
            start = found.end()
    return [*parts, text[start:]]


def _parse_test(text: str, er7: bool) -> Test:
    found = _TEST.fullmatch(text)
    if not found:
        raise PathError(
            f"{text!r} is not a condition: PATH present|absent|numeric, PATH = VALUE, PATH in|starts A,B, length PATH = N"
        )
    negated = bool(found["not"])
    if found["measured"]:
        return Test("length", found["measured"], parse_path(found["measured"], er7), negated, length=int(found["length"]))
    if found["state"] == "numeric":
        return Test("numeric", found["bare"], parse_path(found["bare"], er7), negated)
    if found["state"]:
        absent = found["state"] == "absent"
        return Test("present", found["bare"], parse_path(found["bare"], er7), negated != absent)
    values = split_outside(found["values"], ",") if found["op"] != "=" else [found["values"]]
    plain = frozenset(unquote(value.strip()) for value in values)
    kind = "starts" if found["op"] == "starts" else "in"
    return Test(kind, found["path"].strip(), parse_path(found["path"].strip(), er7), negated, plain)


def exclusive(one: Condition, other: Condition) -> bool:
    """Whether it is provable that both conditions never hold together."""
    return any(a.text == b.text and _contradict(a, b) for a in one for b in other)


def _contradict(a: Test, b: Test) -> bool:
    if a.kind == b.kind and a.kind in ("present", "numeric"):
        return a.negated != b.negated
    for one, other in ((a, b), (b, a)):
        known = _only(one)
        if known is not None:
            return all(_fails(other, value) for value in known)
    if a.kind == b.kind == "length":
        return (a.length == b.length) if a.negated != b.negated else (a.length != b.length and not a.negated)
    if a.kind == b.kind == "starts" and not (a.negated and b.negated):
        if a.negated or b.negated:
            said, denied = (b, a) if a.negated else (a, b)
            return all(value.startswith(tuple(denied.values)) for value in said.values)
        return not any(one.startswith(other) or other.startswith(one) for one in a.values for other in b.values)
    return False


def _only(test: Test) -> frozenset[str] | None:
    """The only texts with which a test holds, where they can be told."""
    if test.kind == "in" and not test.negated:
        return test.values
    return frozenset({""}) if test.kind == "present" and test.negated else None


def _fails(test: Test, value: str) -> bool:
    """Whether a test cannot hold where the text is ``value``; a field may be present and its first component have no text."""
    if test.kind == "present":
        return test.negated and value != ""
    if test.kind == "in":
        return (value in test.values) == test.negated
    if test.kind == "numeric":
        return (decimal(value) is not None) == test.negated
    if test.kind == "starts":
        return value.startswith(tuple(test.values)) == test.negated
    return (len(value) == test.length) == test.negated
