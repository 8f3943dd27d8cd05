"""What becomes of a message that was handed over."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from interop.errors import Problem
from interop.ports.destination import Acknowledgement


class MessageState(StrEnum):
    """The states of a message in the journal. Shelved: it could be read and not applied. Held: its feed stands still for
    another that is."""

    RECEIVED = "received"
    MAPPED = "mapped"
    APPLIED = "applied"
    REFUSED = "refused"
    FAILED = "failed"
    SHELVED = "shelved"
    HELD = "held"


class AckState(StrEnum):
    """The states of its acknowledgement, a separate axis."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"


class Wait(StrEnum):
    """What a sender waits for: the journal on disk, or the record's commit."""

    JOURNALLED = "journalled"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The engine's answer: the message's number in the journal (0 if it could not be journalled), its state, why it was
    refused if it was, and the number of the earlier message when this one is a repeat."""

    message: int
    state: MessageState
    problem: Problem | None = None
    repeats: int = 0


class Intake(Protocol):
    """Takes messages in. Nothing positive may be sent before the future it returns is done: the entry is on disk then."""

    def receive(self, feed: str, body: bytes, *, adapter: str, wait: Wait | None = None, organisation: str = "") -> Future[Receipt]:
        """Journal one message; never raises. ``wait`` overrides the feed's own ``ack`` policy. ``organisation`` is that of the
        other side as the transport proved it, '' where it proved none: of a feed bound to none, a message may claim that alone."""
        ...

    def refuse(self, feed: str, body: bytes, problem: Problem) -> Future[Receipt]:
        """Journal bytes that are no message (truncated frame, body over the limit) as refused."""
        ...

    async def returned(self, said: Acknowledgement, organisations: Collection[str] | None = None) -> bool:
        """Take what another system says of something that the engine has sent it: whether that is known, and kept by now.
        ``organisations`` are those for which the transport proved that it speaks, None where it proves nothing. Raises Problem
        where it cannot be kept."""
        ...

    def acknowledged(self, message: int, state: AckState) -> None:
        """Tell what became of the acknowledgement; written with the next commit."""
        ...
