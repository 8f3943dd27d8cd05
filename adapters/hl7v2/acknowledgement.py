"""General acknowledgements: original and enhanced mode (HL7 v2.4 chapter 2, 2.9.2, 2.9.3; tables 0008, 0155, 0357).

A negative answer takes its codes from the error table. ITK HL7 v2 uses the original mode only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from time import gmtime, strftime
from typing import Final

from adapters.hl7v2.request import Request
from interop.errors import Problem
from interop.ports import MessageState, Receipt, Wait

ERROR_TEXT: Final = {
    "100": "Segment sequence error",
    "101": "Required field missing",
    "102": "Data type error",
    "103": "Table value not found",
    "199": "Other HL7 error",
    "200": "Unsupported message type",
    "201": "Unsupported event code",
    "202": "Unsupported processing id",
    "203": "Unsupported version id",
    "204": "Unknown key identifier",
    "205": "Duplicate key identifier",
    "206": "Application record locked",
    "207": "Application internal error",
}
"""HL7 table 0357 (199 from v2.7 on): what has none of its own and lies in the message is 199, since 207 is tried again."""
ASKED: Final = {
    (b"AL", True): True,
    (b"AL", False): True,
    (b"NE", True): False,
    (b"NE", False): False,
    (b"ER", True): False,
    (b"ER", False): True,
    (b"SU", True): True,
    (b"SU", False): False,
}
"""HL7 table 0155: whether an answer is due, by condition and whether it is positive. Null is NE once the other field is valued."""
_PLACE: Final = re.compile(r"([A-Z][A-Z0-9]{2})(?:\[(\d+)\])?(?:-(\d+)(?:\[(\d+)\])?(?:\.(\d+))?)?.*", re.ASCII)


def due(condition: bytes, positive: bool) -> bool:
    """Whether MSH-15 or MSH-16 of that value asks for an answer; a value outside the table asks for every one."""
    return ASKED.get((condition or b"NE", positive), True)


def waits_for(request: Request) -> Wait | None:
    """What must have happened before the answers can be given: in original mode as the feed says.

    There is one receipt for a message. Where MSH-16 asks for an application answer it comes with the record's commit, and the
    accept answer goes out with it, just before; where the engine stops waiting for the record, the accept answer goes alone.
    """
    if not request.enhanced:
        return None
    application = request.field(16)
    return Wait.APPLIED if due(application, True) or due(application, False) else Wait.JOURNALLED


class Acknowledger:
    """Writes acknowledgements; ``now`` tells microseconds since the epoch, UTC. Its control ids are such times, never twice one."""

    def __init__(self, now: Callable[[], int]) -> None:
        self._now = now
        self._last = 0
        self._second = -1
        self._stamp = b""

    def answers(self, request: Request, receipt: Receipt) -> list[bytes]:
        """The messages that answer ``request``, none, one, or in enhanced mode two (accept, then application)."""
        problem = receipt.problem
        if not request.enhanced:
            if problem is None:
                return [self._message(request, b"AA", None)]
            code = problem.reason.original
            return [self._message(request, code.encode(), problem)] if code else []
        return self._enhanced(request, receipt, problem)

    def _enhanced(self, request: Request, receipt: Receipt, problem: Problem | None) -> list[bytes]:
        accept, application = request.field(15), request.field(16)
        if problem is not None and not problem.reason.original:
            return []
        if problem is not None and (receipt.state is MessageState.REFUSED or not receipt.message):
            if due(accept, False):
                return [self._message(request, problem.reason.enhanced.encode(), problem)]
            return [self._message(request, problem.reason.original.encode(), problem)] if due(application, False) else []
        said = [self._message(request, b"CA", None)] if due(accept, True) else []
        if receipt.state is MessageState.RECEIVED and problem is None and not receipt.repeats:
            return said
        if due(application, problem is None):
            said.append(self._message(request, problem.reason.original.encode() if problem else b"AA", problem))
        return said

    def told(self, request: Request, answer: bytes) -> list[bytes]:
        """The messages that answer a query: its answer, in enhanced mode after the accept answer and unless MSH-16 wants none."""
        if not request.enhanced:
            return [answer]
        said = [self._message(request, b"CA", None)] if due(request.field(15), True) else []
        return [*said, answer] if not request.field(16) or due(request.field(16), True) else said

    def arrived(self, request: Request, problem: Problem | None) -> list[bytes]:
        """The messages that answer an acknowledgement: one at accept level where MSH-15 asks for it, and none at application level
        (HL7 v2.4, 2.9.3)."""
        if not request.enhanced or not due(request.field(15), problem is None):
            return []
        return [self._message(request, problem.reason.enhanced.encode() if problem else b"CA", problem)]

    def acknowledgement(self, request: Request, problem: Problem | None = None) -> bytes:
        """A general acknowledgement at application level, in either mode."""
        return self._message(request, (problem.reason.original or "AE").encode() if problem else b"AA", problem)

    def _message(self, request: Request, code: bytes, problem: Problem | None) -> bytes:
        return b"\r".join(self.beginning(request, code, self._type(request), problem)) + b"\r"

    def beginning(self, request: Request, code: bytes, kind: bytes, problem: Problem | None) -> list[bytes]:
        """MSH, MSA and, of a problem, ERR: what every answer begins with; ``kind`` is its MSH-9."""
        bar, version = request.separator, request.version
        fields = [
            b"MSH" + bar + request.encoding, *(request.field(place) for place in (5, 6, 3, 4)), self._time(), b"",
            kind, self.control_id(), request.field(11) or b"P", request.field(12) or b"2.4",
        ]  # fmt: skip
        character_set, profile = request.field(18), request.field(21)
        if profile[:3].lower() != b"itk":
            profile = b""
        if request.enhanced:
            fields += [b"", b"", b"NE", b"NE"]
        if character_set or profile:
            fields += [b""] * (16 - len(fields)) + [character_set]
        if profile:
            fields += [b"", b"", profile]
        segments = [bar.join(fields), b"MSA" + bar + code + bar + request.field(10)]
        if problem is not None:
            escape = Escape(request)
            text, number = escape(str(problem)), problem.reason.err
            if version < (2, 7):
                segments[1] += bar + escape(str(problem)[:80])
            if version < (2, 5):
                segments[1] += bar * 3 + escape.joined(number, ERROR_TEXT.get(number, ""), "HL70357")
                segments.append(b"ERR" + bar + location(request, problem, escape, older=True))
            else:
                place, own = location(request, problem, escape, older=False), problem.reason.name
                coded = escape.joined(number, ERROR_TEXT.get(number, ""), "HL70357")
                segments.append(bar.join((b"ERR", b"", place, coded, b"E", escape(own), b"", escape(problem.detail), text)))
        return segments

    def _type(self, request: Request) -> bytes:
        """``ACK^event^ACK`` from v2.4 on, ``ACK`` before it or where the event is not known (HL7 v2.4 2.15.9.9)."""
        event = request.part(9, 2)
        if not event or request.version < (2, 4):
            return b"ACK"
        return request.component.join((b"ACK", event, b"ACK"))

    def _time(self) -> bytes:
        now = self._now()
        second = now // 1_000_000
        if second != self._second:
            self._second, self._stamp = second, strftime("%Y%m%d%H%M%S+0000", gmtime(second)).encode()
        return self._stamp

    def control_id(self) -> bytes:
        """One that has not been given before."""
        self._last = max(self._now(), self._last + 1)
        return b"%d" % self._last


class Escape:
    """Escapes text for the delimiters of a request (HL7 v2.4 2.10); what is not ASCII becomes a question mark."""

    def __init__(self, request: Request) -> None:
        self.component, self.subcomponent = request.component, request.encoding[3:4] or b"&"
        escape = request.encoding[2:3]
        self._names = dict(zip(request.encoding[:4].decode("latin-1"), ("S", "R", "E", "T"), strict=False))
        self._names[request.separator.decode("latin-1")] = "F"
        self._escape = escape.decode("latin-1")

    def __call__(self, text: str) -> bytes:
        whole = "".join(self._one(letter) for letter in text)
        return whole.encode("ascii", "replace")

    def _one(self, letter: str) -> str:
        if letter in self._names:
            return f"{self._escape}{self._names[letter]}{self._escape}" if self._escape else " "
        return letter if letter >= " " else " "

    def joined(self, *parts: str, by: bytes = b"") -> bytes:
        return (by or self.component).join(self(part) for part in parts)


def location(request: Request, problem: Problem, escape: Escape, *, older: bool) -> bytes:
    """ERR-1 as ELD before v2.5 (segment, sequence, field, code), ERR-2 as ERL from then on (segment to component)."""
    found = _PLACE.fullmatch(problem.where)
    segment, sequence, field, repetition, component = found.groups(default="") if found else ("", "", "", "", "")
    if segment and not sequence:
        sequence = "1"
    if older:
        number = problem.reason.err
        code = escape.joined(number, ERROR_TEXT.get(number, ""), "HL70357", by=escape.subcomponent)
        return request.component.join((*(part.encode() for part in (segment, sequence, field)), code))
    parts = [part.encode() for part in (segment, sequence, field, repetition or ("1" if component else ""), component)]
    while parts and not parts[-1]:
        parts.pop()
    return request.component.join(parts)
