"""What an acknowledgement needs of the message it answers: the fields of its MSH, as bytes in the sender's own delimiters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_END: Final = re.compile(rb"[\r\n]")
_VERSION: Final = re.compile(rb"\d+(?:\.\d+){0,2}", re.ASCII)
PUBLISHED: Final = frozenset({"2.1", "2.2", "2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"})
"""The versions of HL7 table 0104 that are read."""
DEFAULT: Final = b"2.4"


ASKING: Final = frozenset({(b"QBP", b"Q21"), (b"QBP", b"Q22"), (b"QBP", b"ZV1"), (b"QCN", b"J01")})
"""MSH-9.1 and MSH-9.2 of queries."""


@lru_cache(maxsize=64)
def _number(version: bytes) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(b"."))


@dataclass(frozen=True, slots=True)
class Request:
    """The header of a message: ``fields[n]`` is MSH-n, still escaped; empty where the header cannot be read."""

    fields: tuple[bytes, ...]

    @classmethod
    def read(cls, body: bytes) -> Request:
        """The header of ``body``; one without fields where there is no MSH with its delimiters (HL7 v2.4 2.15.9.1, 2.15.9.2)."""
        found = _END.search(body)
        line = body[: found.start()] if found else body
        if line[:3] != b"MSH":
            start = body.find(b"MSH")
            if start < 0 or body[:start].strip(b"\xef\xbb\xbf\r\n\t\x0b "):
                return cls(())
            found = _END.search(body, start)
            line = body[start : found.start()] if found else body[start:]
        if len(line) < 5 or line[3:4].isalnum():
            return cls(())
        return cls((b"MSH", line[3:4], *line[4:].split(line[3:4])))

    def field(self, place: int) -> bytes:
        """MSH-``place``, empty where it is absent."""
        return self.fields[place] if place < len(self.fields) else b""

    def part(self, place: int, component: int) -> bytes:
        """A component of MSH-``place``, counted from one."""
        parts = self.field(place).split(self.component)
        return parts[component - 1] if component <= len(parts) else b""

    @property
    def about(self) -> tuple[str, str]:
        """MSH-10 and MSH-9.1^MSH-9.2, at most 199 characters of each (HL7 v2.4 2.16.9.10 allows 20)."""
        parts = [part for part in (self.part(9, 1), self.part(9, 2)) if part] if self.fields else []
        control, kind = (text.decode("utf-8", "replace").strip()[:199] for text in (self.field(10), b"^".join(parts)))
        return control, kind

    @property
    def separator(self) -> bytes:
        return self.fields[1] if self.fields else b"|"

    @property
    def encoding(self) -> bytes:
        return self.fields[2] if self.fields and self.fields[2] else b"^~\\&"

    @property
    def component(self) -> bytes:
        return self.encoding[:1]

    @property
    def version(self) -> tuple[int, ...]:
        """MSH-12.1 as numbers; 2.4 where it is none."""
        said = self.part(12, 1).strip()
        return _number(said if _VERSION.fullmatch(said) else DEFAULT)

    @property
    def enhanced(self) -> bool:
        """MSH-15 or MSH-16 is valued; else the original mode holds (HL7 v2.4 2.9.2)."""
        return len(self.fields) > 15 and bool(self.fields[15] or self.field(16))

    @property
    def asks(self) -> bool:
        """Whether the message is a query that is answered from the record, or cancels one (ITK HL7 v2 4.30 to 4.33)."""
        kind = self.field(9)[:3]
        if kind not in (b"QBP", b"QCN"):
            return False
        return (self.part(9, 1), self.part(9, 2)) in ASKING

    @property
    def acknowledges(self) -> bool:
        """Whether the message is itself an acknowledgement, which is never acknowledged at application level."""
        return self.field(9)[:3] in (b"ACK", b"MCF") and self.part(9, 1) in (b"ACK", b"MCF")
