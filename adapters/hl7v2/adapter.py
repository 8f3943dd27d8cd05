"""The adapter of the family ``hl7v2``."""

from __future__ import annotations

import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

from adapters.hl7v2.acknowledgement import Acknowledger
from adapters.hl7v2.client import send
from adapters.hl7v2.envelope import envelope, opened
from adapters.hl7v2.request import Request
from adapters.hl7v2.responder import Responder
from adapters.hl7v2.server import MllpListener, system_now
from interop.errors import Problem
from interop.formats import er7
from interop.ports import Answer, Envelope, Feed, Mutual, Record

if TYPE_CHECKING:
    import ssl

_HEAD: Final = re.compile(rb"(?:\xef\xbb\xbf|[\r\n\t\x0b ])*(?:MSH|FHS|BHS)[^A-Za-z0-9\s]")
_WIDE: Final = (b"\xff\xfeM\0S\0H\0", b"\xfe\xff\0M\0S\0H", b"M\0S\0H\0", b"\0M\0S\0H")


class Hl7v2:
    """Messages of HL7 version 2 in ER7, single, in MLLP blocks or in batches."""

    name = "hl7v2"
    format = "er7"
    media_types: tuple[str, ...] = ("application/hl7-v2", "x-application/hl7-v2+er7", "application/edi-hl7", "text/plain")
    schemes: tuple[str, ...] = ("mllp", "mllps")

    def __init__(self) -> None:
        self._responder = Responder(system_now, Acknowledger(system_now))

    def recognises(self, head: bytes) -> bool:
        """MSH, FHS or BHS and a delimiter, after block characters, blanks or a byte order mark."""
        return _HEAD.match(head) is not None or head.lstrip(b"\x0b").startswith(_WIDE)

    def split(self, stream: BinaryIO) -> Iterator[bytes]:
        """Each message in order; raises Problem ``too-large``."""
        return er7.messages(stream)

    def open(self, body: bytes) -> tuple[Envelope, er7.Message]:
        """Envelope and message; raises Problem."""
        return opened(body)

    def envelope(self, body: bytes) -> Envelope:
        """The envelope alone; raises Problem, which tells MSH-10 and MSH-9 where there is an MSH."""
        try:
            return envelope(body)
        except Problem as problem:
            problem.about = Request.read(body).about
            raise

    def asks(self, body: bytes) -> bool:
        """Whether it is a query that is answered from the record."""
        return Request.read(body).asks

    async def answer_from(self, record: Record, body: bytes, organisation: str = "") -> bytes:
        """The response to a query."""
        return await self._responder.answer(record, body, organisation)

    def listener(self, host: str, port: int, feed: Feed, now: Callable[[], int], mutual: Mutual | None = None) -> MllpListener:
        """An MLLP server for one feed, or over mutual TLS for the feed of each certificate."""
        return MllpListener(host, port, feed, now=now, mutual=mutual)

    def send(
        self,
        url: str,
        bodies: AsyncIterable[bytes] | Iterable[bytes],
        *,
        connections: int = 1,
        tls: ssl.SSLContext | None = None,
    ) -> AsyncIterator[Answer]:
        """Send to ``mllp://host:port``, or ``mllps://`` over TLS; an answer for each message, in order on each connection."""
        return send(url, bodies, connections=connections, tls=tls)
