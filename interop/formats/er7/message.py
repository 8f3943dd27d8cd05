"""A message as segments and fields; components are left to whoever reads the field."""

from __future__ import annotations

from interop.errors import Problem
from interop.formats.er7.delimiters import STANDARD, Delimiters
from interop.formats.er7.text import read, unnamed

WIDTH = 64
_ENDS = bytes(ord("|") if code in b"|^~&\r" else code for code in range(256))
_PADS = [("",) * (WIDTH - length) for length in range(WIDTH)]


def pad(fields: list[str]) -> list[str]:
    """The same list, with ``''`` up to ``WIDTH`` items."""
    if len(fields) < WIDTH:
        fields += _PADS[len(fields)]
    return fields


class Message:
    """One HL7 v2 message.

    ``segments[i][n]`` is field ``n`` of the segment at position ``i``, still escaped: ``[0]`` is the segment's name and every
    segment has at least ``WIDTH`` items, ``''`` where the message has none. For MSH ``[1]`` is the field separator and ``[2]``
    the encoding characters. ``index`` gives the positions of each segment name in order. ``escaped`` says whether the escape
    character occurs after MSH-2, ``standard`` whether the delimiters are ``|^~\\&``, ``tidy`` whether every part without an
    escape may be taken as it stands: standard delimiters, no ``""``, no blank beside a delimiter. ``charset`` is that of MSH-18,
    ``text`` the message decoded, each segment's end CR.
    """

    __slots__ = ("charset", "delimiters", "escaped", "index", "segments", "standard", "text", "tidy")

    segments: list[list[str]]
    index: dict[str, list[int]]
    delimiters: Delimiters
    charset: str
    text: str
    escaped: bool
    standard: bool
    tidy: bool

    @classmethod
    def parse(cls, body: bytes) -> Message:
        """Read a message; segments end with CR, LF or both, blank lines count for nothing.

        Raises Problem ``unreadable`` (where MSH, MSH-1, MSH-2 or ``segment N``, N from 1 and blank lines not counted; also for a
        second MSH, which is a second message) or ``character-set``.
        """
        text, lines, msh, delimiters, charset = read(body)
        separator, escape = delimiters.field, delimiters.escape
        self = cls.__new__(cls)
        self.delimiters = delimiters
        self.charset = charset
        self.text = text
        self.standard = delimiters == STANDARD
        self.escaped = bool(escape) and text.find(escape, 8) > 0  # MSH-2 ends at 8; where it is shorter, its escape is before
        self.tidy = self.standard and _tidy(text)
        segments = self.segments = [pad(msh)]
        index = self.index = {"MSH": [0]}
        pads, width = _PADS, WIDTH
        for line in lines[1:]:
            fields = line.split(separator)
            name = fields[0]
            if name in index:
                if name == "MSH":
                    raise Problem("unreadable", where=f"segment {len(segments) + 1}", detail="a message has one MSH")
                index[name].append(len(segments))
            elif len(name) == 3 and name.isalnum() and name.isascii():
                index[name] = [len(segments)]
            elif line and not line.isspace():
                raise unnamed(lines, line)
            else:
                continue
            length = len(fields)
            if length < width:
                fields += pads[length]
            segments.append(fields)
        return self

    def first(self, name: str) -> list[str] | None:
        """The first segment of that name."""
        positions = self.index.get(name)
        return self.segments[positions[0]] if positions else None

    def all(self, name: str) -> list[list[str]]:
        """The segments of that name in order."""
        return [self.segments[position] for position in self.index.get(name, ())]


def _tidy(text: str) -> bool:
    """Whether no part of a message with standard delimiters is ``""`` or has blanks around it."""
    if ('"' in text and '""' in text) or "\t" in text or "\xa0" in text or "\v" in text or "\f" in text:
        return False
    ends = text.encode("utf-8", "surrogatepass").translate(_ENDS)
    return b" |" not in ends and b"| " not in ends
