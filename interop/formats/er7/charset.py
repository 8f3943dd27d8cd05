"""The character sets of MSH-18 (HL7 table 0211) and what senders write instead of its values.

- Empty or ``ASCII``: nothing beyond ASCII is declared, so bytes beyond it are read as UTF-8 where the whole body is valid
  UTF-8 and as Windows-1252 where it is not. Nothing else is ever guessed: a declaration that names more is kept to.
- ``8859/1`` is read as Windows-1252, which holds the same letters and gives the bytes 80 to 9F, that senders do use, a meaning.
- ``UNICODE``, ``UNICODE UTF-8`` and ``UTF-8`` are UTF-8. Bodies of 16 or 32 bits a character are known by a byte order mark or
  by the zero bytes in ``MSH`` and must declare some form of Unicode.
- Multi-byte sets of East Asia are not supported. A second repetition of MSH-18 (alternate sets) is not used.
"""

from __future__ import annotations

import re
from functools import lru_cache

from interop.errors import Problem

_WIDE_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"M\0\0\0S\0\0\0", "utf-32-le"),
    (b"\0\0\0M\0\0\0S", "utf-32-be"),
    (b"M\0S\0", "utf-16-le"),
    (b"\0M\0S", "utf-16-be"),
)
_NAMES = {
    "": "ascii",
    "ASCII": "ascii",
    "USASCII": "ascii",
    "IR6": "ascii",
    "UNICODE": "utf-8",
    "UNICODEUTF8": "utf-8",
    "UTF8": "utf-8",
    "UNICODEUTF16": "utf-16",
    "UTF16": "utf-16",
    "UNICODEUTF32": "utf-32",
    "UTF32": "utf-32",
    "WINDOWS1252": "cp1252",
    "CP1252": "cp1252",
    "88591": "cp1252",
    "LATIN1": "cp1252",
    **{f"8859{part}": f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
}


@lru_cache(maxsize=256)
def codec(declared: str) -> str:
    """The codec for a value of MSH-18: ``ascii`` (see above), ``utf-8``, ``utf-16``, ``utf-32``, ``cp1252`` or an ISO 8859 part.

    Case, blanks, hyphens and a leading ``ISO`` make no difference. Raises Problem ``character-set`` at MSH-18.
    """
    name = re.sub("[^A-Z0-9]", "", declared.upper()).removeprefix("ISO")
    if name not in _NAMES:
        raise Problem("character-set", where="MSH-18", detail="the declared character set is not supported")
    return _NAMES[name]


def decode(body: bytes, charset: str) -> str:
    """``body`` by a codec of ``codec``; ``ascii`` is UTF-8, or else Windows-1252. Raises UnicodeDecodeError."""
    if charset == "ascii":
        try:
            return body.decode("utf-8")
        except UnicodeDecodeError:
            return body.decode("cp1252")
    return body.decode(charset)


def wide(body: bytes) -> str:
    """The codec of a body with 16 or 32 bits a character, else ``''``."""
    head = body[:9].lstrip(b"\x0b")
    if head[:1] in b"\xff\xfe\0" or head[1:2] == b"\0":
        return next((name for mark, name in _WIDE_MARKS if head.startswith(mark)), "")
    return ""
