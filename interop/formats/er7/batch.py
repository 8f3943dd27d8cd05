"""The messages of a file: bare, in MLLP blocks, or in FHS/BHS batches (HL7 v2.4, 2.15.3), read as a stream."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO

from interop.errors import Problem
from interop.formats.er7.charset import wide

LIMIT = 20 * 1024 * 1024
_CHUNK = 1 << 18
_BREAKS = b"\r\n\x0b\x1c"
_ENVELOPE = re.compile(rb"(?:(?<=[\r\n\x0b\x1c])|\A)(?:\xef\xbb\xbf)?(?:FHS|BHS|BTS|FTS)(?![A-Za-z0-9])[^\r\n]*")


def messages(stream: BinaryIO, *, limit: int = LIMIT) -> Iterator[bytes]:
    """Each message of ``stream`` in order, without block characters and line ends around it.

    Batch header and trailer segments are left out. What stands outside any message is not swallowed: it comes as a piece of
    its own, which ``Message.parse`` refuses. Raises Problem ``too-large`` where a message is longer than ``limit`` bytes.
    """
    head = stream.read(_CHUNK)
    if broad := wide(head):
        for piece in _pieces(_narrow(head, stream, broad), limit):
            yield piece.decode("utf-8").encode("utf-16")
    else:
        yield from _pieces(_chunks(head, stream), limit)


def _chunks(head: bytes, stream: BinaryIO) -> Iterator[bytes]:
    while head:
        yield head
        head = stream.read(_CHUNK)


def _narrow(head: bytes, stream: BinaryIO, broad: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(broad)()
    try:
        for chunk in _chunks(head, stream):
            yield decoder.decode(chunk).encode("utf-8")
        yield decoder.decode(b"", final=True).encode("utf-8")
    except UnicodeError:
        raise Problem("character-set", where="MSH-18") from None


def _pieces(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    rest = b""
    for chunk in chunks:
        data = rest + chunk
        begin, at = 0, max(1, len(rest) - 3)
        while (at := data.find(b"MSH", at)) >= 0 and at + 3 < len(data):
            if data[at - 1] in _BREAKS and not data[at + 3 : at + 4].isalnum():
                yield from _clean(data[begin:at])
                begin = at
            at += 3
        rest = data[begin:]
        if len(rest) > limit:
            raise Problem("too-large", detail=f"a message of more than {limit} bytes")
    yield from _clean(rest)


def _clean(piece: bytes) -> Iterator[bytes]:
    if b"BHS" in piece or b"FHS" in piece or b"BTS" in piece or b"FTS" in piece:
        piece = _ENVELOPE.sub(b"", piece)
    parts = piece.split(b"\x1c") if b"\x1c" in piece else (piece,)
    for part in parts:
        if message := part.strip(b"\r\n\x0b\0").removeprefix(b"\xef\xbb\xbf"):
            if not message.isspace():
                yield message
