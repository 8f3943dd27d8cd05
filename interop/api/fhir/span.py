"""What a history is asked for: ``_since``, ``_at``, ``_count``, ``_summary`` and ``_elements``, or a cursor (R4 http, 3.1.0.13)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from interop.api import links
from interop.api.asgi import Request
from interop.api.negotiation import prefer
from interop.api.paging import CURSOR, DEFAULT, PASSED, alone, legible, read_count
from interop.api.seal import Seal
from interop.api.subsetting import Part, part
from interop.errors import Problem
from interop.fhir.searching import interval

Before = tuple[int, str, str, int]
_DAY = len("2026-01-01")


@dataclass(slots=True)
class Span:
    """Which versions are wanted. ``since`` and ``at`` in microseconds as in ``plan.History``; ``before`` is the last version that
    the pages so far have shown, None for the first page; ``total`` what the first page said, None where it is not known; ``used``
    the parameters that count, as they came; ``shape`` those that say how the answer is to look."""

    seal: Seal
    address: str
    count: int = DEFAULT
    since: int = 0
    at: tuple[int, int] | None = None
    part: Part = field(default_factory=Part)
    before: Before | None = None
    total: int | None = None
    used: list[tuple[str, str]] = field(default_factory=list)
    shape: list[tuple[str, str]] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether every version is wanted."""
        return not self.since and self.at is None

    def own(self) -> str:
        """The query of the self link."""
        return links.query([*self.used, *self.shape])

    def following(self, last: Before) -> str:
        """The query of the link to the next page."""
        held = [self.count, self.since, self.at, list(self.part), last, self.total]
        return links.query([(CURSOR, self.seal.seal(self.address, held)), *self.shape])


def read_span(seal: Seal, request: Request, address: str) -> Span:
    """What the parameters say; one that a history does not take is passed over, under ``handling=strict`` a Problem
    ``bad-parameter``, as is one that cannot be understood. ``address`` is for whom its cursors are (``Services.cursor_of``)."""
    span = Span(seal, address)
    pairs: list[tuple[str, str]] = []
    for pair in request.query:
        (span.shape if pair[0] in PASSED else pairs).append(pair)
    if any(name == CURSOR for name, _ in pairs):
        return _continued(span, alone(pairs), pairs)
    for name, value in pairs:
        if name == "_count":
            span.count = max(read_count(value), 1)
        elif name == "_since":
            span.since = _time(name, value)[0]
        elif name == "_at":
            span.at = _time(name, value.removeprefix("eq"), least=4)
        elif name in ("_summary", "_elements"):
            span.part = part(name, value, span.part)
        elif prefer(request.header(b"prefer")).strict:
            raise Problem("bad-parameter", where=legible(name), detail="it is not supported here")
        else:
            continue
        span.used.append((name, value))
    return span


def _continued(span: Span, cursor: str, pairs: list[tuple[str, str]]) -> Span:
    held: list[Any] = span.seal.open(span.address, cursor)
    span.count, span.since, at, (summary, elements), (updated, type_, id_, version), span.total = held
    span.at = (at[0], at[1]) if at else None
    span.part = Part(summary, tuple(elements))
    span.before = (updated, type_, id_, version)
    span.used = pairs
    return span


def _time(name: str, value: str, least: int = _DAY) -> tuple[int, int]:
    """The time that a value covers; it names at least the day, or ``least`` characters."""
    span = interval(value.replace(" ", "+"))
    if span is None or len(value) < least:
        raise Problem("bad-parameter", where=name, detail="an instant is wanted, such as 2026-01-01T10:00:00Z")
    return span
