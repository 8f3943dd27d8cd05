"""Writes a response to a query in the delimiters, the version and the character set of who asks (HL7 v2.4 5.4; ITK HL7 v2 4.30 to
4.32)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from adapters.hl7v2.acknowledgement import Acknowledger
from adapters.hl7v2.answers import Fields
from adapters.hl7v2.query import Kind, Query
from adapters.hl7v2.request import Request
from interop.errors import Problem
from interop.formats.er7 import STANDARD, Message, escape

Segments = Sequence[tuple[str, Fields]]
_ORDER: Final = ("EVN", "PID", "PD1", "PV1", "PV2")
"""ITK has the event before the patient; the profile of IHE, of version 2.5, has no event."""
_SEQUENCED: Final = ("PID", "PV1")
"""Segments whose first field counts them within their group."""


class Response:
    """A response to one request; ``message`` is the request, None where its body could not be read."""

    def __init__(self, acknowledger: Acknowledger, request: Request, body: bytes, message: Message | None) -> None:
        self._acknowledger, self._request = acknowledger, request
        self._body = body
        self._delimiters = message.delimiters if message else STANDARD
        self._charset = message.charset if message else "ascii"

    def of(self, query: Query, matches: Sequence[Segments], hits: int, left: int, pointer: str) -> bytes:
        """The answer to a query: found (OK) or nothing found (NF), a group of segments for each match."""
        request, bar = self._request, self._request.separator
        qpd = _line(self._body, b"QPD" + bar)
        counts = [hits, len(matches), left]
        status = b"OK" if hits else b"NF"
        qak = [b"QAK", _field(qpd, bar, 2), status, _field(qpd, bar, 1), *(b"%d" % count for count in counts)]
        out = self._acknowledger.beginning(request, b"AA", self._type(query.kind, qpd), None)
        out += [bar.join(qak), qpd]
        for match in matches:
            segments = {name: fields for name, fields in match if fields or name in ("PID", "PV1", "EVN")}
            if request.version >= (2, 5):
                segments.pop("EVN", None)
            out += [self._segment(name, segments[name]) for name in _ORDER if name in segments]
        if pointer:
            out.append(bar.join((b"DSC", pointer.encode(), *((b"I",) if request.version >= (2, 5) else ()))))
        return b"\r".join(out) + b"\r"

    def refusing(self, kind: Kind | None, problem: Problem) -> bytes:
        """The answer to a query that is refused; without a ``kind`` a general acknowledgement."""
        request, bar = self._request, self._request.separator
        code = (problem.reason.original or "AE").encode()
        if kind is None or not request.fields:
            return self._acknowledger.acknowledgement(request, problem)
        qpd = _line(self._body, b"QPD" + bar)
        out = self._acknowledger.beginning(request, code, self._type(kind, qpd), problem)
        out.append(bar.join((b"QAK", _field(qpd, bar, 2), code, _field(qpd, bar, 1))).rstrip(bar))
        return b"\r".join([*out, *([qpd] if qpd else [])]) + b"\r"

    def _type(self, kind: Kind, qpd: bytes) -> bytes:
        """MSH-9; the profile of IHE, which names its queries so, has the structure of K21 for K22 (ITI-21)."""
        ihe = kind.response == "K22" and _field(qpd, self._request.separator, 1).startswith(b"IHE")
        structure = "RSP_K21" if ihe else kind.structure
        return self._request.component.join((b"RSP", kind.response.encode(), structure.encode()))

    def _segment(self, name: str, fields: Fields) -> bytes:
        delimiters = self._delimiters
        said = [name] + [""] * max(fields, default=0)
        for place, repetitions in fields.items():
            said[place] = delimiters.repetition.join(map(self._repetition, repetitions[: None if delimiters.repetition else 1]))
        if name in _SEQUENCED:
            said[1:2] = ["1"]
        return delimiters.field.join(said).encode("utf-8" if self._charset == "ascii" else self._charset, "replace")

    def _repetition(self, components: dict[int, tuple[str, ...]]) -> str:
        delimiters = self._delimiters
        made = [""] * max(components)
        for place, parts in components.items():
            used = parts if delimiters.subcomponent else parts[:1]
            made[place - 1] = delimiters.subcomponent.join(escape(part, delimiters) for part in used)
        return delimiters.component.join(made if delimiters.component else made[:1])


def _line(body: bytes, start: bytes) -> bytes:
    """A segment of a message as it was sent, b'' where there is none."""
    return next((line for line in body.replace(b"\n", b"\r").split(b"\r") if line.startswith(start)), b"")


def _field(line: bytes, bar: bytes, place: int) -> bytes:
    fields = line.split(bar)
    return fields[place] if place < len(fields) else b""
