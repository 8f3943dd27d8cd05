"""What of a header is the next system's business: whom a message is addressed to (MSH-5, MSH-6), and who answers (MSH-15)."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

ROUTE: Final = b"ROUTE"
"""MSH-5 of what is for whoever the middleware sends it on to (ITK HL7 v2, 5.1)."""
_END: Final = re.compile(rb"[\r\n]")


class Receiver(NamedTuple):
    """MSH-5 and MSH-6 as they stand in a message."""

    application: bytes
    facility: bytes


def receiver(said: str) -> Receiver | None:
    """``APPLICATION|FACILITY``; None for ''. Raises ValueError for anything else."""
    if not said:
        return None
    application, bar, facility = said.partition("|")
    if not (application and bar and facility and said.isascii() and said.isprintable()) or "|" in facility:
        raise ValueError("receiver is APPLICATION|FACILITY")
    return Receiver(application.encode(), facility.encode())


def readdressed(body: bytes, to: Receiver | None) -> bytes:
    """A message that was addressed to ROUTE, to a system of a name; any other as it is. Nothing but MSH-5 and MSH-6 changes."""
    start = body.find(b"MSH")
    if to is None or start < 0:
        return body
    separator = body[start + 3 : start + 4]
    parts = body[start:].split(separator, 6)
    if len(parts) < 7 or any(b"\r" in part or b"\n" in part for part in parts[:6]) or parts[4].split(parts[1][:1])[0] != ROUTE:
        return body
    parts[4:6] = to
    return body[:start] + separator.join(parts)


def accepting(body: bytes) -> bytes:
    """A message in enhanced mode that asks for an answer at accept level (MSH-15 = AL; HL7 v2.4, 2.9.3), any other as it is: that
    is between neighbours, and who wrote it had another. Nothing else changes."""
    start = body.find(b"MSH")
    separator = body[start + 3 : start + 4]
    parts = body[start:].split(separator, 16) if start >= 0 and separator else []
    if len(parts) < 15 or any(b"\r" in part or b"\n" in part for part in parts[:14]):
        return body
    accept, *ended = _END.split(parts[14], maxsplit=1)
    further = _END.split(parts[15], maxsplit=1)[0] if len(parts) > 15 and not ended else b""
    if not accept and not further:
        return body
    parts[14] = b"AL" + parts[14][len(accept) :]
    return body[:start] + separator.join(parts)
