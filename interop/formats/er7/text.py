"""From the bytes of a message to its lines, delimiters and character set: the common first step of message and header."""

from __future__ import annotations

from typing import NamedTuple

from interop.errors import Problem
from interop.formats.er7.charset import codec, decode, wide
from interop.formats.er7.delimiters import Delimiters, declared
from interop.formats.limits import bounded

_BEFORE = b"\x0b\xef\xbb\xbf \t\r\n"
_AFTER = b"\r\n\x1c\x0b\0"
_CHARSET_FIELD = 18
_WIDE = ("utf-16", "utf-32")


class Text(NamedTuple):
    """Decoded text from MSH on, its lines, and the fields of MSH (``[1]`` is the separator, not padded); the codec of MSH-18."""

    text: str
    lines: list[str]
    msh: list[str]
    delimiters: Delimiters
    charset: str


def read(body: bytes) -> Text:
    """Strip block characters, byte order mark and blanks before MSH, find the delimiters, decode, split into lines.

    Raises Problem ``unreadable`` (where MSH, MSH-1, MSH-2), ``character-set`` (where MSH-18 or the field with such bytes) or
    ``too-large`` (more parts than a message may have).
    """
    if not body.startswith(b"MSH"):
        if broad := wide(body):
            return _read_wide(body, broad)
        body = body.lstrip(_BEFORE)
    body = body.rstrip(_AFTER)
    if body.isascii():
        text = _one_line_end(body.decode("ascii"))
        lines, delimiters = _lines(text)
        msh = _msh(lines[0], delimiters)
        charset = codec(_charset(msh, delimiters))
        if charset not in _WIDE:
            return Text(text, lines, msh, delimiters, charset)
        raise Problem("character-set", where="MSH-18", detail="the declared character set is not the one in use")
    head = body.partition(b"\r")[0].partition(b"\n")[0].decode("latin-1")
    delimiters = declared(head)
    charset = codec(_charset(_msh(head, delimiters), delimiters))
    try:
        text = _one_line_end(decode(body, charset))
    except UnicodeDecodeError as error:
        raise Problem("character-set", where=_place(body, error.start, delimiters.field)) from None
    lines, delimiters = _lines(text)
    return Text(text, lines, _msh(lines[0], delimiters), delimiters, charset)


def unnamed(lines: list[str], line: str) -> Problem:
    """The refusal of a line that begins with no segment name; blank lines do not count."""
    number = sum(1 for earlier in lines[: lines.index(line)] if earlier.strip()) + 1
    return Problem("unreadable", where=f"segment {number}", detail="a segment begins with a name of three letters or digits")


def _lines(text: str) -> tuple[list[str], Delimiters]:
    """The lines and what MSH declares; raises Problem ``too-large`` for more parts than a message may have."""
    bounded(text, "\r\r")
    lines = text.split("\r")
    delimiters = declared(lines[0])
    bounded(text, "\r\r" + delimiters.field + delimiters.component + delimiters.repetition + (delimiters.subcomponent or ""))
    return lines, delimiters


def _one_line_end(text: str) -> str:
    return text.replace("\r\n", "\r").replace("\n", "\r") if "\n" in text else text


def _msh(line: str, delimiters: Delimiters) -> list[str]:
    fields = line.split(delimiters.field)
    fields.insert(1, delimiters.field)
    return fields


def _charset(msh: list[str], delimiters: Delimiters) -> str:
    """The first repetition of MSH-18."""
    value = msh[_CHARSET_FIELD] if len(msh) > _CHARSET_FIELD else ""
    for end in (delimiters.repetition, delimiters.component):
        if end and end in value:
            value = value[: value.index(end)]
    return value


def _read_wide(body: bytes, broad: str) -> Text:
    try:
        text = body.lstrip(b"\x0b").decode(broad)
    except UnicodeDecodeError:
        raise Problem("character-set", where="MSH-18") from None
    text = _one_line_end(text.strip("\x0b\x1c\ufeff \t\r\n\0"))
    lines, delimiters = _lines(text)
    msh = _msh(lines[0], delimiters)
    name = _charset(msh, delimiters)
    if codec(name) not in _WIDE and not name.upper().startswith("UNICODE"):
        raise Problem("character-set", where="MSH-18", detail="the declared character set is not the one in use")
    return Text(text, lines, msh, delimiters, "utf-16-be" if "16" in broad else "utf-32-be")


def _place(body: bytes, at: int, field: str) -> str:
    """Segment and field number of the byte at ``at``."""
    line = body[:at].replace(b"\n", b"\r").rpartition(b"\r")[2].decode("latin-1")
    name, number = line[:3], line.count(field)
    if not (len(name) == 3 and name.isascii() and name.isalnum()):
        return "MSH-18"
    return f"{name}-{number + (name == 'MSH')}"
