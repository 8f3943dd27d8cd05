"""MLLP block format: ``<VT> message <FS><CR>`` (HL7 Transport Specification, MLLP Release 1, section 2)."""

from __future__ import annotations

from typing import Final

START: Final = b"\x0b"
END: Final = b"\x1c"
LIMIT: Final = 10 * 1024 * 1024
"""The largest message taken unless told otherwise, in bytes."""


def frame(body: bytes) -> bytes:
    """``body`` as one block."""
    return b"\x0b" + body + b"\x1c\r"


class Decoder:
    """Cuts a stream of bytes, in whatever pieces it comes, into the messages it carries.

    The carriage return after the end may be missing. Bytes between blocks are dropped; ``junk`` counts them, line ends aside.
    A block that begins anew within another (``<VT>MSH``) leaves the earlier one in ``cut``: its sender broke off; a lone
    vertical tab is text. A message over the limit stops the decoder for good: ``overrun`` then holds its first ``limit`` bytes.
    """

    __slots__ = ("_buffer", "_scanned", "cut", "junk", "limit", "overrun")

    def __init__(self, limit: int = LIMIT) -> None:
        self.limit = limit
        self.junk = 0
        self.cut: list[bytes] = []
        self.overrun: bytes | None = None
        self._buffer = bytearray()
        self._scanned = 0

    @property
    def rest(self) -> bytes:
        """What has come of a block that has not ended, without its start byte."""
        return bytes(self._buffer[1:])

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now that ``data`` has come."""
        if self.overrun is not None:
            return []
        buffer = self._buffer
        source: bytes | bytearray = data
        if buffer:
            buffer += data
            source = buffer
        frames: list[bytes] = []
        place, scanned, size = 0, self._scanned, len(source)
        while True:
            start = source.find(START, place)
            if start != place:
                self._drop(source[place : start if start >= 0 else size])
                if start < 0:
                    place = size
                    break
            end = source.find(END, max(start + 1, scanned))
            if (size if end < 0 else end) - start - 1 > self.limit:
                self.overrun = bytes(source[start + 1 : start + 1 + self.limit])
                place = size
                break
            if end < 0:
                place = start
                break
            body = bytes(source[start + 1 : end])
            if b"\x0bMSH" in body:
                *broken, body = body.split(b"\x0bMSH")
                self.cut += [part if nth == 0 else b"MSH" + part for nth, part in enumerate(broken) if part]
                body = b"MSH" + body
            frames.append(body)
            scanned = 0
            place = end + 1
            if source[place : place + 1] == b"\r":
                place += 1
        if source is buffer:
            del buffer[:place]
        elif place < size:
            buffer += source[place:]
        self._scanned = len(buffer)
        return frames

    def _drop(self, between: bytes | bytearray) -> None:
        self.junk += len(between) - between.count(b"\r") - between.count(b"\n")
