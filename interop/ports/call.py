"""Protocols over HTTP: what an adapter answers itself, at an address of its own (ITK at ``/itk``, BaRS at ``/bars``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from interop.errors import Problem
from interop.ports.feed import Names
from interop.ports.receipt import Intake


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is at the other end, as the transport proved it: the program's id at sign-on and its organisation's ODS code, '' where
    it has none; ``names`` are those by which its feed is known beside, with their ODS codes."""

    client: str
    organisation: str
    names: Names = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One request. ``path`` is what follows the adapter's base, ``headers`` are by lower-case name. ``problem`` is set where the
    body is not to be taken (over the limit); ``body`` then is its beginning. ``refusal`` is set where the other side is not let
    in: nothing of the body has been read, nothing is journalled, and the answer says so in the protocol's own words. ``caller`` is
    None where nobody signs on; ``now`` tells microseconds since the epoch."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes
    problem: Problem | None = None
    refusal: Problem | None = None
    caller: Caller | None = None
    now: int = 0


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, in the adapter's own protocol. ``message`` is the number in the journal of what is acknowledged by it, 0 for
    none: the engine notes whether it could be sent."""

    status: int
    body: bytes = b""
    media_type: str = "text/plain"
    headers: tuple[tuple[str, str], ...] = ()
    message: int = 0


@runtime_checkable
class Answers(Protocol):
    """An adapter with an HTTP address of its own; most have none."""

    base: str
    """Such as ``/itk``; what is under it is the adapter's as well."""

    async def answer(self, call: Call, feed: str, intake: Intake) -> Reply:
        """Answer one request; nothing positive before the receipt of ``intake.receive`` is there. Never raises: what goes wrong is
        a fault of the protocol."""
        ...
