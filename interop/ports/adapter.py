"""The contract of an adapter package. Registered by entry point in the group ``interop.adapters``: ``name = package:adapter``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, runtime_checkable

from interop.ports.envelope import Envelope
from interop.ports.feed import Feed
from interop.ports.receipt import Intake
from interop.ports.record import Record

if TYPE_CHECKING:
    import ssl

Source = Any
"""A parsed message of ``interop.formats``: ``er7.Message`` or a tree ``Node``."""


class Adapter(Protocol):
    """Knows one source family: how it is framed, what its envelope says; nothing clinical."""

    name: str
    format: str
    """``er7``, ``xml``, ``json`` or ``csv``: which reader, and so which paths, its tables use."""
    media_types: tuple[str, ...]

    def recognises(self, head: bytes) -> bool:
        """Whether a file or body beginning so (at least its first 4,096 bytes) is of this family."""
        ...

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """The messages of a file (MLLP frames, batches, ndjson), in order, without holding the whole file."""
        ...

    def open(self, body: bytes) -> tuple[Envelope, Source]:
        """Parse one message whole; raises Problem."""
        ...

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone, as cheaply as may be (it runs before the acknowledgement); raises Problem."""
        ...


@runtime_checkable
class Delivers(Protocol):
    """An adapter whose files explain each other when they come together; most do not."""

    def first(self, head: bytes) -> bool:
        """Whether a file that begins so is to be read before the others."""
        ...

    def delivery(self) -> Callable[[BinaryIO], Iterator[bytes]]:
        """A ``split`` for the files of one delivery, which remembers what one of them says of the next."""
        ...


@dataclass(frozen=True, slots=True)
class Mutual:
    """Mutual TLS of a port: ``feed`` tells under which feed a certificate (DER, and as ``ssl`` has parsed it) may send, None for
    nobody's; ``turned_away`` is told of each that may not."""

    context: ssl.SSLContext
    feed: Callable[[bytes, Mapping[str, Any]], Feed | None]
    turned_away: Callable[[], None]


class Listener(Protocol):
    """A port that an adapter opens itself (MLLP); ``port`` is the one it got once it has started."""

    port: int

    async def start(self, intake: Intake, record: Record) -> None: ...

    async def stop(self, grace: float = 5.0) -> None:
        """Take no more, give the answers that are due within ``grace`` seconds, close."""
        ...

    def redeclared(self) -> None:
        """Certificates may be of other feeds than when they connected: who may not send as before is let go."""
        ...


@runtime_checkable
class Listens(Protocol):
    """An adapter that opens ports of its own protocol; most do not."""

    schemes: tuple[str, ...]

    def listener(self, host: str, port: int, feed: Feed, now: Callable[[], int], mutual: Mutual | None = None) -> Listener:
        """A listener for one feed, or over mutual TLS for the feed of each certificate; ``now`` tells the time in microseconds."""
        ...
