"""``/itk3/$process-message``: messages of ITK3 over HTTP, answered with an ITK3 response (ITK3 Messaging Distribution).

The answer is a message of its own event with an OperationOutcome whose code says what became of the message at the level of
infrastructure; whether a patient is known here (codes 30001 to 30003) is for the care setting to say, not for an engine between.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from adapters.documents.bundles import flatten, resources
from adapters.documents.envelope import RESPONSE
from interop.errors import Problem
from interop.formats.resources import is_xml, read_resource, write_xml
from interop.formats.tree import Node
from interop.ports import Call, Intake, Reply

BASE: Final = "/itk3"
OPERATION: Final = "/$process-message"
PROFILES: Final = "https://fhir.nhs.uk/STU3/StructureDefinition/"
EVENTS: Final = "https://fhir.nhs.uk/STU3/CodeSystem/ITK-MessageEvent-2"
CODES: Final = "https://fhir.nhs.uk/STU3/CodeSystem/ITK-ResponseCodes-1"
SUCCESS: Final = ("20013", "Success")
DUPLICATE: Final = ("20007", "Duplicate Message received")
INVALID: Final = ("20009", "Payload validation failure")
DENIED: Final = ("20012", "Unauthorised Sender")
_OF: Final = {
    "unreadable": ("10009", "Unreadable message received"),
    "truncated": ("10009", "Unreadable message received"),
    "character-set": ("10009", "Unreadable message received"),
    "document-type": ("10009", "Unreadable message received"),
    "unknown-format": ("20006", "ITK3 Header validation failure"),
    "missing-field": ("20006", "ITK3 Header validation failure"),
    "unknown-trigger": ("10004", "Message Definition Value - Processing Error"),
    "unknown-version": ("10005", "Message Definition Version Value - Processing Error"),
    "wrong-content": DUPLICATE,
    "wrong-organisation": DENIED,
    "wrong-sender": DENIED,
    "unauthenticated": DENIED,
    "forbidden": DENIED,
}
"""The response code of a reason; of any other that of the payload."""
UNREADABLE: Final = "UNREADABLE-IN-ORIGINAL-MESSAGE"
"""What stands for an identifier that could not be read."""


async def answer(call: Call, feed: str, intake: Intake, adapter: str) -> Reply:
    """The answer to a request; nothing positive before its receipt."""
    if call.refusal is not None:
        return _reply(call, call.refusal.reason.http, _OF.get(call.refusal.reason.name, INVALID), call.refusal, (), 0)
    if call.path.replace("%24", "$") != OPERATION:
        return Reply(404, b"There is no such address.\n")
    if call.method != "POST":
        return Reply(405, b"Messages are sent with POST.\n", headers=(("Allow", "POST"),))
    if call.problem is not None:
        receipt = await intake.refuse(feed, call.body, call.problem)
    else:
        whose = call.caller.organisation if call.caller is not None else ""
        receipt = await intake.receive(feed, call.body, adapter=adapter, organisation=whose)
    problem = receipt.problem
    if problem is not None:
        retry = (("Retry-After", "5"),) if problem.reason.retry == "transient" else ()
        return _reply(call, problem.reason.http, _OF.get(problem.reason.name, INVALID), problem, retry, receipt.message)
    if receipt.repeats:
        return _reply(call, 409, DUPLICATE, None, (), receipt.message)
    return _reply(call, 200, SUCCESS, None, (), receipt.message)


def _reply(
    call: Call, status: int, code: tuple[str, str], problem: Problem | None, headers: tuple[tuple[str, str], ...], message: int
) -> Reply:
    from interop.formats.json import write_json

    said = response(_header(call.body), code, problem)
    if is_xml(call.body) or (call.refusal is not None and b"xml" in call.headers.get(b"content-type", b"")):
        return Reply(status, write_xml(said), "application/fhir+xml;charset=utf-8", headers, message)
    return Reply(status, write_json(said), "application/fhir+json;charset=utf-8", headers, message)


def _header(body: bytes) -> Node | None:
    """The header of the message that is answered; None where there is none to read."""
    try:
        bundle = read_resource(body)
    except Problem:
        return None
    flatten(bundle)
    return next(resources(bundle, "MessageHeader"), None)


def response(header: Node | None, code: tuple[str, str], problem: Problem | None) -> dict[str, Any]:
    """The ITK3 response in STU3: MessageHeader, OperationOutcome."""
    own, outcome = str(uuid4()), str(uuid4())
    back = header.text("source/endpoint") if header is not None else None
    coding = {"system": CODES, "code": code[0], "display": code[1]}
    issue: dict[str, Any] = {
        "severity": "information" if code is SUCCESS else "fatal",
        "code": "informational" if code is SUCCESS else "processing",
        "details": {"coding": [coding]},
    }
    if problem is not None:
        issue["diagnostics"] = str(problem)
    handling = [{"url": name, "valueBoolean": False} for name in ("BusAckRequested", "InfAckRequested")]
    said: dict[str, Any] = {
        "resourceType": "MessageHeader",
        "id": own,
        "meta": {"profile": [f"{PROFILES}ITK-MessageHeader-2"]},
        "extension": [{"url": f"{PROFILES}Extension-ITK-MessageHandling-2", "extension": handling}],
        "event": {"system": EVENTS, "code": RESPONSE, "display": "ITK Response"},
        **({"destination": [{"endpoint": back}]} if back else {}),
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "source": {"endpoint": "urn:interop:itk3"},
        "response": {
            "identifier": (header.text("id") if header is not None else None) or UNREADABLE,
            "code": "ok" if code is SUCCESS else "fatal-error",
            "details": {"reference": f"urn:uuid:{outcome}"},
        },
        "focus": [{"reference": f"urn:uuid:{outcome}"}],
    }
    told = {
        "resourceType": "OperationOutcome",
        "id": outcome,
        "meta": {"profile": [f"{PROFILES}ITK-Response-OperationOutcome-1"]},
        "issue": [issue],
    }
    return {
        "resourceType": "Bundle",
        "meta": {"profile": [f"{PROFILES}ITK-Message-Bundle-1"]},
        "identifier": {"system": "https://tools.ietf.org/html/rfc4122", "value": str(uuid4())},
        "type": "message",
        "entry": [{"fullUrl": f"urn:uuid:{own}", "resource": said}, {"fullUrl": f"urn:uuid:{outcome}", "resource": told}],
    }
