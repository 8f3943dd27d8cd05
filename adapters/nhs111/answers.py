"""What the other side says of a message that was sent to it: the answer over SOAP, and acknowledgements that come with it or later
(ITK 2.2, web services transport, acknowledgement framework; error codes of 2.16.840.1.113883.2.1.3.2.4.17.268)."""

from __future__ import annotations

from typing import Any, Final

from adapters.nhs111.soap import SOAP11, SOAP12
from interop.errors import Problem
from interop.ports import Acknowledgement, Taken

INFRASTRUCTURE: Final = "urn:nhs-itk:services:201005:SendInfrastructureAck"
BUSINESS: Final = "urn:nhs-itk:services:201005:SendBusinessAck"
ACCEPTED: Final = "202"
"""The status that says by itself that a message is taken (RFC 9110, 15.3.3)."""
RETRYABLE: Final = "2100"
"""A processing error that may pass."""
DENIED: Final = "3"
"""What codes of access begin with."""
POSITIVE: Final = frozenset({"AA", "CA"})
_OURS: Final = frozenset({"Server", "Receiver"})
_ADDRESS: Final = "urn:nhs-uk:addressing:ods:"


def said_of(taken: Taken, body: bytes, kind: str, tracking: str, *, final: bool) -> Taken:
    """What an answer over HTTP with that body says as ITK: a fault by its code, whatever the status is; ``final`` where an
    infrastructure acknowledgement is all that is wanted. What says nothing of ITK (a page of a proxy) has
    not taken it."""
    from interop.formats.xml import parse_xml

    unsaid = taken if taken.problem is not None else Taken(Problem("destination-unanswered"), taken.code)
    if not body:
        return taken if taken.code == ACCEPTED else unsaid
    try:
        root = parse_xml(body)
    except Problem:
        return unsaid
    fault = next(root.iter(f"{{{SOAP11}}}Fault", f"{{{SOAP12}}}Fault"), None)
    if fault is not None:
        return _failed(fault, taken)
    if taken.problem is not None:
        return taken
    simple = next(root.iter("{*}SimpleMessageResponse"), None)
    if simple is not None and not "".join(simple.itertext()).strip().upper().startswith("OK"):
        return Taken(Problem("destination-refused"), taken.code)
    for element in root.iter("{*}InfrastructureResponse", "{*}BusinessResponseMessage"):
        said = acknowledgement(element, kind)
        if said is None or said.tracking != tracking:
            continue
        if not said.accepted:
            return _by_code(said.code, "", taken)
        return Taken(code=taken.code, said=Acknowledgement(kind, tracking, True, final or said.final, said.code, said.sender))
    return taken if simple is not None else unsaid


def _failed(fault: Any, taken: Taken) -> Taken:
    code = (fault.findtext(".//{*}ErrorCode") or "").strip()
    path = "faultcode" if fault.find("faultcode") is not None else "{*}Code/{*}Value"
    return _by_code(code, (fault.findtext(path) or "").strip().rpartition(":")[2], taken)


def _by_code(code: str, whose: str, taken: Taken) -> Taken:
    """By the code of ITK, and where there is none that is known by whose fault it is."""
    if code.startswith(DENIED) or taken.code in ("401", "403"):
        name = "destination-denied"
    elif code == RETRYABLE or (not code and whose in _OURS):
        name = "destination-unavailable"
    else:
        name = "destination-refused"
    return Taken(Problem(name, detail=code), code or whose or taken.code, taken.wait)


def acknowledgements(body: Any, kind: str) -> list[Acknowledgement]:
    """Those among the elements of a SOAP body, in distribution envelopes or bare."""
    found = []
    for element in body:
        for each in element.iter("{*}InfrastructureResponse", "{*}BusinessResponseMessage"):
            if (said := acknowledgement(each, kind)) is not None:
                found.append(said)
    return found


def acknowledgement(element: Any, kind: str) -> Acknowledgement | None:
    """What an ``InfrastructureResponse`` or a ``BusinessResponseMessage`` says, and of which tracking id; None where of none."""
    if element.tag.rpartition("}")[2] == "InfrastructureResponse":
        tracking, accepted = element.get("trackingIdRef") or "", (element.get("result") or "").strip().upper() == "OK"
        code = element.findtext(".//{*}ErrorCode") or ""
        return _of(element, kind, tracking, accepted, False, "" if accepted else code)
    acknowledged = element.find("{*}acknowledgedBy3")
    if acknowledged is None:
        return None
    type_ = (acknowledged.get("typeCode") or "").strip()
    named = acknowledged.find("{*}conveyingTransmission/{*}id")
    detail = acknowledged.find("{*}acknowledgementDetail/{*}code")
    code = (detail.get("code") or "") if detail is not None else ""
    return _of(element, kind, (named.get("root") or "") if named is not None else "", type_ in POSITIVE, True, code or type_)


def _of(element: Any, kind: str, tracking: str, accepted: bool, final: bool, code: str) -> Acknowledgement | None:
    tracking = tracking.strip().removeprefix("uuid_").upper()
    return Acknowledgement(kind, tracking, accepted, final, code.strip(), _sender(element)) if tracking else None


def _sender(element: Any) -> str:
    """The organisation of the envelope's sender address."""
    for above in element.iterancestors("{*}DistributionEnvelope"):
        found = above.find("{*}header/{*}senderAddress")
        if found is not None:
            return (found.get("uri") or "").strip().removeprefix(_ADDRESS).partition(":")[0]
    return ""
