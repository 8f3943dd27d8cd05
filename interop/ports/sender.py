"""Sending messages to a port of some system: what ``interop send`` asks of an adapter that can."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    import ssl


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one message: its control id, whether it was accepted, the protocol's own code (``AA``, ``CE``; empty
    where no answer came) and the other side's words. ``again``: it was not taken for no fault of its own, and may be later."""

    control_id: str
    accepted: bool
    code: str = ""
    text: str = ""
    again: bool = False


@runtime_checkable
class Sender(Protocol):
    """An adapter that can also send; most cannot."""

    schemes: tuple[str, ...]
    """The URL schemes it takes, such as ``mllp``."""

    def send(
        self,
        url: str,
        bodies: AsyncIterable[bytes] | Iterable[bytes],
        *,
        connections: int = 1,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Answer]:
        """Send each body, over TLS where a context is given; yields an answer for each. Order is kept on a connection, not across
        them. Raises OSError where nobody listens, ValueError for a URL it cannot use."""
        ...
