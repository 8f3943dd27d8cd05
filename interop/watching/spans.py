"""Spans of a message's life and of requests, for OpenTelemetry: what they are called, which trace they are of, what they may say.

A message's trace is not stored anywhere: its id is a keyed digest of the message's number, the same in every process of a
deployment, and so is whether it is sampled. A request's trace is that of whoever asks (W3C Trace Context), or a new one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from random import SystemRandom
from typing import Final, NamedTuple

ATTRIBUTES: Final[Mapping[str, str]] = {
    "interop.message": "the number of a message in the journal",
    "interop.feed": "a feed that the deployment has declared",
    "interop.adapter": "the adapter that took it",
    "interop.state": "what became of it",
    "interop.reason": "a reason of the error table",
    "interop.bytes": "how long it is",
    "interop.batch": "how many were worked on together",
    "interop.destination": "a destination that the deployment has declared",
    "interop.part": "the part of the API that answered",
    "interop.outcome": "permitted or refused",
    "interop.rule": "the rule of policy that decided",
    "interop.plan": "the kind of a question to the store",
    "http.request.method": "a method",
    "http.response.status_code": "a status",
}
"""What a span may say, and nothing else: no path, query or header, nothing of a person."""
_PARENT: Final = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_ids: Final = SystemRandom()
_ALL: Final = 1 << 64


class Context(NamedTuple):
    """A span in its trace."""

    trace: int
    span: int
    sampled: bool = True


class Span(NamedTuple):
    """Something that was done: ``parent`` 0 = the root of its trace; times in microseconds since 1970; ``failed``: it did not come
    to what it was for; ``kind`` of OpenTelemetry: internal, server, client."""

    name: str
    context: Context
    parent: int
    start: int
    end: int
    attributes: Mapping[str, str | int]
    links: tuple[Context, ...] = ()
    failed: bool = False
    kind: str = "internal"


def read_parent(said: str) -> Context | None:
    """What a ``traceparent`` header says; None for what is none (W3C Trace Context 1, 3.2)."""
    found = _PARENT.fullmatch(said)
    if found is None or found[1] == "ff" or (found[1] == "00" and found[5]):
        return None
    trace, span = int(found[2], 16), int(found[3], 16)
    return Context(trace, span, bool(int(found[4], 16) & 1)) if trace and span else None


def parent_of(context: Context) -> str:
    """A ``traceparent`` header for whoever is asked on behalf of a span."""
    return f"00-{context.trace:032x}-{context.span:016x}-{context.sampled:02x}"


class Spans:
    """Makes spans and hands them to ``out``, which never waits. ``key`` is the deployment's, ``share`` (0 to
    1) of the traces is sampled, ``now`` gives microseconds."""

    def __init__(self, key: bytes, share: float, now: Callable[[], int], out: Callable[[Span], None]) -> None:
        self._key, self._bound, self.now, self._out = blake2b(key, digest_size=32).digest(), int(share * _ALL), now, out

    def message(self, number: int) -> Context:
        """The root of a message's trace."""
        digest = blake2b(b"trace %d" % number, key=self._key, digest_size=24).digest()
        trace, span = int.from_bytes(digest[:16], "big") or 1, int.from_bytes(digest[16:], "big") or 1
        return Context(trace, span, trace & (_ALL - 1) < self._bound)

    def asked(self, said: str) -> tuple[Context, int]:
        """The span of a request and its parent, by its ``traceparent``; whoever asks decides whether theirs is sampled."""
        parent = read_parent(said)
        if parent is not None:
            return Context(parent.trace, _ids.getrandbits(64) or 1, parent.sampled), parent.span
        trace = _ids.getrandbits(128) or 1
        return Context(trace, _ids.getrandbits(64) or 1, trace & (_ALL - 1) < self._bound), 0

    @staticmethod
    def under(context: Context) -> Context:
        """A new span under that one."""
        return context._replace(span=_ids.getrandbits(64) or 1)

    def add(self, span: Span) -> None:
        """It is over. What it may not say is left out."""
        if span.context.sampled:
            if not span.attributes.keys() <= ATTRIBUTES.keys():
                span = span._replace(attributes={name: said for name, said in span.attributes.items() if name in ATTRIBUTES})
            self._out(span)
