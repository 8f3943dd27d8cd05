"""``/itk``: reports over SOAP. A report is answered once it is in the journal; what cannot be taken is a SOAP fault."""

from __future__ import annotations

from asyncio import CancelledError, Future, Task, get_running_loop
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import structlog

from adapters.nhs111.acknowledgements import BUSINESS, INFRASTRUCTURE, asks, business, infrastructure
from adapters.nhs111.answers import acknowledgements
from adapters.nhs111.courier import KIND
from adapters.nhs111.documents import separate
from adapters.nhs111.payloads import counted, plain
from adapters.nhs111.returns import address, send
from adapters.nhs111.security import check_distribution, check_security
from adapters.nhs111.soap import MEDIA_TYPES, SOAP11, SOAP12, Asked, asked, fault, response
from interop.errors import Problem
from interop.ports import Acknowledgement, AckState, Call, Intake, MessageState, Receipt, Reply, Wait
from interop.ports.feed import spoken_for

BASE: Final = "/itk"
FAMILY: Final = "nhs111"
SERVICES: Final = "urn:nhs-itk:services:201005:"
REPORT: Final = f"{SERVICES}SendNHS111Report"
DOCUMENT: Final = f"{SERVICES}SendCDADocument"
"""Any clinical document."""
ROUTED: Final = f"{SERVICES}sendDistEnvelope"
"""The action of senders that route any envelope; elsewhere the action is the service."""
ALLOW: Final = (("Allow", "GET, HEAD, OPTIONS, POST"),)
XML: Final = (*MEDIA_TYPES.values(), "application/xml")
DESCRIPTION: Final = f"""ITK web service for NHS 111, out-of-hours and ambulance reports.

POST a SOAP 1.1 or 1.2 envelope with an itk:DistributionEnvelope.
Services: {REPORT}-v2-0, {DOCUMENT}-v2-0 and their other versions.
Infrastructure and business acknowledgements of what this engine has sent are taken too.
Answer: itk:SimpleMessageResponse once the report is on disk, or a fault with itk:ToolkitErrorInfo.
Acknowledgements that the handling specification asks for ({INFRASTRUCTURE},
{BUSINESS}) are sent to the address of wsa:ReplyTo where that is on this machine
or one that the operator allows; without such an address the infrastructure acknowledgement goes with the answer.
"""
_REFUSED: Final = (MessageState.REFUSED, MessageState.FAILED, MessageState.SHELVED, MessageState.HELD)
_going: set[Task[None]] = set()
"""Acknowledgements on their way."""
_log = structlog.get_logger("adapters.nhs111")


class Refused(Exception):
    """The request cannot be taken: why, and the number of what was kept of it in the journal."""

    def __init__(self, problem: Problem, message: int = 0) -> None:
        super().__init__(problem)
        self.problem, self.message = problem, message


async def answer(call: Call, feed: str, intake: Intake, judge: Callable[[bytes], object]) -> Reply:
    """Answer one request; never raises. ``judge`` raises Problem for a report that cannot be taken."""
    if call.refusal is not None:
        return _fault(Asked(_notation(call)), call.refusal)
    if call.path not in ("", "/"):
        return Reply(404, b"There is no such address.\n")
    if call.method in ("GET", "HEAD"):
        return Reply(200, DESCRIPTION.encode())
    if call.method == "OPTIONS":
        return Reply(204, headers=ALLOW)
    if call.method != "POST":
        return Reply(405, b"Reports are sent with POST.\n", headers=ALLOW)
    request = Asked(_notation(call))
    try:
        root = await _read(call, feed, intake)
        try:
            request = _bare(root)
            request = asked(root)
            if call.caller is not None:
                check_security(root, call.caller, call.now)
            return await _take(call, request, feed, intake, judge)
        except Problem as problem:
            raise await _kept(feed, call.body, problem, intake) from None
    except Refused as refused:
        return _fault(request, refused.problem, refused.message)
    except Exception as error:
        _log.error("request failed", error=type(error).__name__)
        return _fault(request, Problem("fault"))


def _media_type(call: Call) -> str:
    return call.headers.get(b"content-type", b"text/xml").decode("latin-1").partition(";")[0].strip().lower()


def _notation(call: Call) -> str:
    """The SOAP version that the content type means."""
    return SOAP12 if _media_type(call) == MEDIA_TYPES[SOAP12] else SOAP11


async def _read(call: Call, feed: str, intake: Intake) -> Any:
    from interop.formats.xml import parse_xml

    media_type = _media_type(call)
    try:
        if call.problem is not None:
            raise call.problem
        if media_type not in XML:
            raise Problem("media-type", detail="text/xml or application/soap+xml is wanted")
        return parse_xml(call.body)
    except Problem as problem:
        raise await _kept(feed, call.body, problem, intake) from None


def _bare(root: Any) -> Asked:
    """The SOAP version alone, for what goes wrong before the rest is known."""
    space = root.tag[1:].partition("}")[0] if root.tag[0] == "{" else ""
    return Asked(space) if space in MEDIA_TYPES else Asked()


async def _take(call: Call, request: Asked, feed: str, intake: Intake, judge: Callable[[bytes], object]) -> Reply:
    body, whose = call.body, call.caller.organisation if call.caller is not None else ""
    if heard := acknowledgements(request.body, KIND):
        return await _returned(call, request, heard, intake)
    distribution = _distribution(request)
    if call.caller is not None:
        check_distribution(distribution, call.caller)
    service = _service(request, distribution)
    counted(distribution)
    bodies = list(separate(plain(body)))
    if len(bodies) > 1:
        for each in bodies:
            judge(each)
    else:
        bodies = [body]
    receipts = [await _settled(intake.receive(feed, each, adapter=FAMILY, organisation=whose)) for each in bodies]
    for receipt in receipts:
        if receipt.state in _REFUSED:
            raise Refused(receipt.problem or Problem("fault"), receipt.message)
    for receipt in receipts[1:]:
        intake.acknowledged(receipt.message, AckState.SENT)
    tracking = (distribution.find("{*}header").get("trackingid") or "").strip()
    more, headers = _further(request, distribution, bodies, feed, intake, whose)
    said = response(request, f"{service}Response", f"OK:{tracking or request.message_id}", more)
    return Reply(200, said, MEDIA_TYPES[request.soap], headers, receipts[0].message)


async def _returned(call: Call, request: Asked, said: list[Acknowledgement], intake: Intake) -> Reply:
    """Acknowledgements of what the engine has sent: kept with it before they are answered. Raises Problem ``not-found`` where one
    names nothing that was sent there, ``several-messages`` where a report came along, which would be lost."""
    distribution = next((each for each in request.body if each.tag.rpartition("}")[2] == "DistributionEnvelope"), None)
    service = ""
    if distribution is not None:
        if call.caller is not None:
            check_distribution(distribution, call.caller)
        header = distribution.find("{*}header")
        service = (header.get("service") or "").strip() if header is not None else ""
    if service.startswith((REPORT, DOCUMENT)):
        raise Problem("several-messages", where="header/@service", detail="a report and an acknowledgement in one envelope")
    whose = spoken_for(call.caller.organisation, call.caller.names) if call.caller is not None else None
    for each in said:
        if not await intake.returned(each, whose):
            raise Problem("not-found", where="trackingid", detail="nothing was sent under that tracking id")
    return Reply(200, response(request, f"{service}Response", f"OK:{request.message_id}"), MEDIA_TYPES[request.soap])


def _further(
    request: Asked, distribution: Any, bodies: list[bytes], feed: str, intake: Intake, whose: str
) -> tuple[list[Any], tuple[tuple[str, str], ...]]:
    """See to the acknowledgements that are asked for as messages; what of them goes with the answer, and its headers.

    They are sent to the sender's address. Without one, or where it is not allowed, the infrastructure acknowledgement goes with
    the answer; a business acknowledgement has nowhere to go then, which a warning tells (RFC 7234, 5.5: code 299).
    """
    infrastructural, of_business = asks(distribution, INFRASTRUCTURE), asks(distribution, BUSINESS)
    url = address(request) if infrastructural or of_business else ""
    if not url:
        more = [infrastructure(distribution, datetime.now(UTC))[1]] if infrastructural else []
        return more, ((("Warning", f'299 - "{BUSINESS} has no address to go to"'),) if of_business else ())

    async def tell() -> None:
        if infrastructural:
            await send(url, request, *infrastructure(distribution, datetime.now(UTC)))
        if of_business:
            settled = [
                await _settled(intake.receive(feed, each, adapter=FAMILY, wait=Wait.APPLIED, organisation=whose)) for each in bodies
            ]
            problem = next((each.problem or Problem("fault") for each in settled if each.state in _REFUSED), None)
            await send(url, request, *business(distribution, datetime.now(UTC), problem))

    task = get_running_loop().create_task(tell())
    _going.add(task)
    task.add_done_callback(_going.discard)
    return [], ()


def _distribution(request: Asked) -> Any:
    for element in request.body:
        if element.tag.rpartition("}")[2] == "DistributionEnvelope" and element.find("{*}header") is not None:
            return element
    raise Problem("unknown-format", where="DistributionEnvelope", detail="no distribution envelope with a header in the SOAP body")


def _service(request: Asked, distribution: Any) -> str:
    """The service that is asked for; raises Problem where it is not ours or the action is of another."""
    service: str = (distribution.find("{*}header").get("service") or "").strip()
    if not service.startswith((REPORT, DOCUMENT)):
        raise Problem("unknown-trigger", where="header/@service", detail="the service is not one of this address")
    if request.action not in ("", service, ROUTED):
        raise Problem("bad-value", where="Header/Action", detail="action and service are not the same")
    return service


async def _kept(feed: str, body: bytes, problem: Problem, intake: Intake) -> Refused:
    """Keep the bytes of what is no message, as refused."""
    receipt = await _settled(intake.refuse(feed, body, problem))
    journal = receipt.problem if not receipt.message and receipt.problem is not None else problem
    return Refused(journal, receipt.message)


async def _settled(taken: Future[Receipt]) -> Receipt:
    try:
        return await taken
    except CancelledError:
        if taken.cancelled():
            return Receipt(0, MessageState.FAILED, Problem("stopping"))
        raise
    except Problem as problem:
        return Receipt(0, MessageState.FAILED, problem)


def _fault(request: Asked, problem: Problem, message: int = 0) -> Reply:
    status, body = fault(request, problem, message)
    if problem.reason.name in ("media-type", "unauthenticated", "forbidden", "throttled"):
        status = problem.reason.http
    retry = (("Retry-After", "5"),) if problem.reason.retry == "transient" else ()
    return Reply(status, body, MEDIA_TYPES[request.soap], retry, message)
