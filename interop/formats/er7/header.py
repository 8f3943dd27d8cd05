"""What the envelope needs of a message, read as cheaply as may be: it runs before the acknowledgement."""

from __future__ import annotations

from typing import NamedTuple

from interop.errors import Problem
from interop.formats.er7.delimiters import Delimiters
from interop.formats.er7.message import Message, pad
from interop.formats.er7.text import read, unnamed

_MOST_KNOWN = 4096
_known: set[str] = set()


class Header(NamedTuple):
    """MSH and the first EVN, PID and MRG: decoded, still escaped fields as in ``Message``, ``[]`` where the segment is absent.

    ``first`` holds the first line of each segment, by its name and the separator (by the name alone where it has no field).
    """

    delimiters: Delimiters
    charset: str
    msh: list[str]
    evn: list[str]
    pid: list[str]
    mrg: list[str]
    first: dict[str, str]


def header(body: bytes) -> Header:
    """The header of a message; refuses whatever ``Message.parse`` refuses, with the same Problem."""
    _, lines, msh, delimiters, charset = read(body)
    separator = delimiters.field
    known = _known if separator == "|" else set()
    first: dict[str, str] = {}
    for line in lines:
        prefix = line[:4]
        if prefix not in first:
            first[prefix] = line
            if prefix not in known:
                _check(prefix, separator, line, lines, known)
        elif prefix == "MSH" + separator:
            raise _second(lines)
    return Header(
        delimiters,
        charset,
        pad(msh),
        _fields(first, "EVN", separator),
        _fields(first, "PID", separator),
        _fields(first, "MRG", separator),
        first,
    )


def header_of(message: Message) -> Header:
    """The same of a message that has been parsed."""
    separator = message.delimiters.field
    first: dict[str, str] = {}
    for line in message.text.split("\r"):
        first.setdefault(line[:4], line)

    def fields(name: str) -> list[str]:
        return _fields(first, name, separator) if name in first else message.first(name) or []

    return Header(message.delimiters, message.charset, message.segments[0], fields("EVN"), fields("PID"), fields("MRG"), first)


def _check(prefix: str, separator: str, line: str, lines: list[str], known: set[str]) -> None:
    name = prefix[:3]
    if len(name) == 3 and name.isalnum() and name.isascii() and prefix[3:] in ("", separator):
        if len(known) < _MOST_KNOWN and prefix[3:]:
            known.add(prefix)
    elif line and not line.isspace():
        raise unnamed(lines, line)


def _second(lines: list[str]) -> Problem:
    positions = [number for number, line in enumerate(filter(str.strip, lines), 1) if line[:3] == "MSH"]
    return Problem("unreadable", where=f"segment {positions[1]}", detail="a message has one MSH")


def _fields(first: dict[str, str], name: str, separator: str) -> list[str]:
    line = first.get(name + separator)
    if name in first:  # a segment that is a bare name: the one that stands first counts, as in Message.first
        line = first[next(key for key in first if key in (name, name + separator))]
    return pad(line.split(separator)) if line else []
