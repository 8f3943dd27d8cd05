"""The envelope of an HL7 v2 message: MSH, EVN, PID, MRG (HL7 v2.4 chapters 2 and 3; ITK HL7 v2 1.0.15)."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from typing import Final

from adapters.hl7v2.request import PUBLISHED
from adapters.hl7v2.required import missing
from interop.errors import Problem
from interop.formats.er7 import Delimiters, Header, Message, header, header_of, unescape
from interop.formats.instants import hl7_instant
from interop.ports import Envelope, Order

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
PROCESSING: Final = frozenset("PTD")
"""HL7 table 0103."""
_NHS_NAMES: Final = frozenset(
    {"NHS", "NHSN", "NHSNO", "NHS NO", "NHS_NO", "NHSNBR", "NHSNMBR", "NHSNUMBER", "NHS NUMBER", "NHS_NUMBER"}
)
"""What senders call the NHS number, as assigning authority or as type; as the tables have it (elements-datatypes.csv, CX)."""
_NHS_TYPES: Final = _NHS_NAMES | {"NH", "HN"}
_NHS_AUTHORITIES: Final = _NHS_NAMES | {"2.16.840.1.113883.2.1.4.1", NHS_NUMBER}
_ODS: Final = re.compile(r"[A-Za-z0-9]{3,10}", re.ASCII)
_MSH_7: Final = 7


def envelope(body: bytes) -> Envelope:
    """The envelope; raises Problem: unreadable, character-set, missing-field, unknown-version, unknown-processing-id.

    The message is MSH-9.1^MSH-9.2 (EVN-1 where MSH-9.2 is empty); MSH-9.3, which senders get wrong, is not asked. A missing
    version is read as 2.4, a missing processing id as production. The time is the first readable of EVN-6, EVN-2, MSH-7.
    """
    return _envelope(body, header(body), None)


def opened(body: bytes) -> tuple[Envelope, Message]:
    """Envelope and message, read once; raises the same."""
    message = Message.parse(body)
    return _envelope(body, header_of(message), message), message


def _envelope(body: bytes, head: Header, message: Message | None) -> Envelope:
    msh, evn = head.msh, head.evn
    component = head.delimiters.component
    if not (control := msh[10].strip()):
        raise Problem("missing-field", where="MSH-10")
    kind, event = _first(msh[9], component), _second(msh[9], component)
    if not kind:
        raise Problem("missing-field", where="MSH-9")
    if not event and evn:
        event = _first(evn[1], component)
    version = _first(msh[12], component) or "2.4"
    if version not in PUBLISHED:
        raise Problem("unknown-version", where="MSH-12")
    if (processing := _first(msh[11], component)) and processing not in PROCESSING:
        raise Problem("unknown-processing-id", where="MSH-11")
    type_ = f"{kind}^{event}" if event else kind
    if place := missing(type_, head):
        raise Problem("missing-field", where=place)
    digest = _digest(body, head)
    organisation = _organisation(msh[4], component)
    return Envelope(
        family="hl7v2",
        message=type_,
        control_id=control,
        order=Order(_time(msh, evn, component), 0, digest.hex()),
        keys=_keys(body, head, organisation, message),
        duplicate=f"{msh[3]}|{msh[4]}|{control}",
        digest=digest,
        sender=f"{msh[3]}|{msh[4]}",
        organisation=organisation,
        version=version,
        receiver=f"{msh[5]}|{msh[6]}",
    )


@lru_cache(maxsize=1024)
def _first(field: str, component: str) -> str:
    return (field.split(component, 1)[0] if component and component in field else field).strip()


@lru_cache(maxsize=1024)
def _second(field: str, component: str) -> str:
    parts = field.split(component, 2) if component else ()
    return parts[1].strip() if len(parts) > 1 else ""


@lru_cache(maxsize=1024)
def _organisation(field: str, component: str) -> str:
    """MSH-4.1, in capitals where it has the form of an ODS code."""
    name = _first(field, component)
    return name.upper() if _ODS.fullmatch(name) else name


def _digest(body: bytes, head: Header) -> bytes:
    """SHA-256, cut to 16 bytes, of the message without MSH-7: a message sent again has another sending time (HL7 v2.4 2.15.9.7)."""
    if head.charset in ("utf-16-be", "utf-32-be"):
        return sha256(body).digest()[:16]
    separator = head.delimiters.field.encode("latin-1", "replace")
    start = body.find(b"MSH")
    place = start + 3
    for _ in range(_MSH_7 - 2):
        place = body.find(separator, place + 1)
        if place < 0:
            return sha256(body).digest()[:16]
    end = body.find(separator, place + 1)
    tally = sha256(body[start : place + 1])
    tally.update(body[end if end >= 0 else place :].rstrip(b"\r\n\x1c"))
    return tally.digest()[:16]


def _time(msh: list[str], evn: list[str], component: str) -> int:
    for field in (evn[6], evn[2], msh[7]) if evn else (msh[7],):
        if field and component and component in field:
            field = field.partition(component)[0]
        if field and (instant := hl7_instant(field.strip())) is not None:
            return instant
    return 0


def _keys(body: bytes, head: Header, organisation: str, message: Message | None) -> tuple[str, ...]:
    """The patient identifiers of every PID and MRG, in order, each once."""
    if body.count(b"PID") > 1:
        message = message or Message.parse(body)
        segments = [*message.all("PID"), *message.all("MRG")]
    else:
        segments = [segment for segment in (head.pid, head.mrg) if segment]
    repetition = head.delimiters.repetition
    keys: dict[str, None] = {}
    for segment in segments:
        for field in (segment[3], segment[2]) if segment[0] == "PID" else (segment[1],):
            if field:
                for value in field.split(repetition) if repetition else (field,):
                    if key := _key(value, head.delimiters, head.charset, organisation):
                        keys[key] = None
    return tuple(keys)


def _key(value: str, delimiters: Delimiters, charset: str, organisation: str) -> str:
    """``system|value`` of a CX: the NHS number's system, the assigning authority, or the sending organisation."""
    number, _, rest = value.partition(delimiters.component) if delimiters.component else (value, "", "")
    number = number.strip()
    if not number or number == '""':
        return ""
    if delimiters.escape and delimiters.escape in number:
        number = unescape(number, delimiters, charset)
    system, national = _system(rest, delimiters)
    if national:
        digits = number.replace(" ", "").replace("-", "")
        if len(digits) == 10 and digits.isascii() and digits.isdigit():
            return f"{NHS_NUMBER}|{digits}"
    return f"{system or organisation}|{number}"


@lru_cache(maxsize=4096)
def _system(rest: str, delimiters: Delimiters) -> tuple[str, bool]:
    """Of a CX from its second component on: the assigning authority (CX.4), and whether the number is an NHS number."""
    parts = rest.split(delimiters.component) if delimiters.component else [rest]
    authority = parts[2].strip() if len(parts) > 2 else ""
    namespace, *ids = authority.split(delimiters.subcomponent) if delimiters.subcomponent else [authority]
    kind = parts[3].strip().upper() if len(parts) > 3 else ""
    national = namespace.upper() in _NHS_AUTHORITIES or kind in _NHS_TYPES or bool(ids and ids[0] in _NHS_AUTHORITIES)
    return namespace or (ids[0] if ids else ""), national
