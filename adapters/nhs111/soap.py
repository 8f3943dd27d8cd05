"""SOAP 1.1 and 1.2 with WS-Addressing, as ITK web services use them (ITK 2.2, web services transport)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import uuid4

from interop.errors import Category, Problem

SOAP11: Final = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12: Final = "http://www.w3.org/2003/05/soap-envelope"
WSA: Final = "http://www.w3.org/2005/08/addressing"
WSA_2004: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSSE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
ITK: Final = "urn:nhs-itk:ns:201005"
ERROR_CODES: Final = "2.16.840.1.113883.2.1.3.2.4.17.268"
"""The code system of ITK error codes."""
FAULT: Final = f"{WSA}/soap/fault"
MEDIA_TYPES: Final = {SOAP11: "text/xml", SOAP12: "application/soap+xml"}
_UNDERSTOOD: Final = frozenset({WSA, WSA_2004, WSSE, ITK})
_OURS: Final = frozenset({Category.UNAVAILABLE, Category.BUSY, Category.FAULT, Category.INTERRUPTED})


class NotUnderstood(Problem):
    """A fault that SOAP has a code of its own for: ``VersionMismatch`` or ``MustUnderstand``."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__("unknown-format", detail=detail)
        self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        return (NotUnderstood, (self.code, self.detail))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says of itself: SOAP version, WS-Addressing headers ('' where absent), the elements of its body."""

    soap: str = SOAP11
    wsa: str = WSA
    message_id: str = ""
    action: str = ""
    reply_to: str = ""
    body: tuple[Any, ...] = ()


def asked(root: Any) -> Asked:
    """The request of a parsed envelope; raises Problem ``unreadable``, or NotUnderstood.

    A WS-Security header is understood here and judged in ``adapters.nhs111.security``.
    """
    space, _, name = root.tag[1:].partition("}") if root.tag[0] == "{" else ("", "", root.tag)
    if name != "Envelope":
        raise Problem("unreadable", detail="no SOAP envelope")
    if space not in MEDIA_TYPES:
        raise NotUnderstood("VersionMismatch", "the envelope is neither SOAP 1.1 nor SOAP 1.2")
    header, body = root.find(f"{{{space}}}Header"), root.find(f"{{{space}}}Body")
    if body is None:
        raise Problem("unreadable", where="Envelope/Body", detail="no SOAP body")
    blocks = list(header) if header is not None else []
    wsa = next((one for one in (WSA, WSA_2004) if any(block.tag.startswith(f"{{{one}}}") for block in blocks)), WSA)
    said = {block.tag: block for block in reversed(blocks)}
    request = Asked(
        space,
        wsa,
        _text(said.get(f"{{{wsa}}}MessageID")),
        _text(said.get(f"{{{wsa}}}Action")),
        _text(said.get(f"{{{wsa}}}ReplyTo"), f"{{{wsa}}}Address"),
        tuple(body),
    )
    for block in blocks:
        must = (block.get(f"{{{space}}}mustUnderstand") or "").strip()
        if must in ("1", "true") and block.tag[1:].partition("}")[0] not in _UNDERSTOOD:
            raise NotUnderstood("MustUnderstand", "a header block that must be understood is not known here")
    return request


def _text(element: Any, path: str = "") -> str:
    found = element.find(path) if element is not None and path else element
    return (found.text or "").strip() if found is not None else ""


def response(request: Asked, action: str, said: str, more: Sequence[Any] = ()) -> bytes:
    """The positive answer: ``SimpleMessageResponse``, and after it what there is to say ``more``."""
    envelope, body = _envelope(request, action)
    _add(body, ITK, "SimpleMessageResponse", said)
    body.extend(more)
    return _bytes(envelope)


def message(request: Asked, action: str, to: str, content: Any) -> bytes:
    """A message of its own to whoever sent a request."""
    envelope, body = _envelope(replace(request, reply_to=to), action)
    body.append(content)
    return _bytes(envelope)


def fault(request: Asked, problem: Problem, message: int = 0) -> tuple[int, bytes]:
    """HTTP status and envelope of a fault with ``ToolkitErrorInfo``.

    SOAP 1.1 (6.2) answers every fault with 500; SOAP 1.2 part 2 (7.5.2.2) 400 where the sender is at fault. ``message`` is the
    number in the journal, for whoever asks after it.
    """
    ours = problem.reason.category in _OURS
    envelope, body = _envelope(request, FAULT)
    element = _add(body, request.soap, "Fault")
    code = problem.code if isinstance(problem, NotUnderstood) else ""
    text = problem.reason.sentence
    if request.soap == SOAP11:
        prefix = next(name for name, space in envelope.nsmap.items() if space == SOAP11)
        _add(element, "", "faultcode", f"{prefix}:{code or ('Server' if ours else 'Client')}")
        _add(element, "", "faultstring", text)
        detail = _add(element, "", "detail")
    else:
        _add(_add(element, SOAP12, "Code"), SOAP12, "Value", f"s:{code or ('Receiver' if ours else 'Sender')}")
        reason = _add(_add(element, SOAP12, "Reason"), SOAP12, "Text", text)
        reason.set("{http://www.w3.org/XML/1998/namespace}lang", "en-GB")
        detail = _add(element, SOAP12, "Detail")
    info = _add(detail, ITK, "ToolkitErrorInfo")
    _add(info, ITK, "ErrorID", f"urn:uuid:{uuid4()}")
    _add(info, ITK, "ErrorCode", problem.reason.itk or "2200").set("codeSystem", ERROR_CODES)
    _add(info, ITK, "ErrorText", text)
    parts = (problem.reason.name, problem.where, problem.detail, problem.reason.action, f"Message {message}." if message else "")
    _add(info, ITK, "ErrorDiagnosticText", " | ".join(part for part in parts if part))
    return 400 if request.soap == SOAP12 and not ours and not code else 500, _bytes(envelope)


def _envelope(request: Asked, action: str) -> tuple[Any, Any]:
    from lxml import etree

    root = etree.Element(f"{{{request.soap}}}Envelope", nsmap={"s": request.soap, "a": request.wsa, "itk": ITK})
    header = _add(root, request.soap, "Header")
    _add(header, request.wsa, "MessageID", f"urn:uuid:{uuid4()}")
    if request.message_id:
        _add(header, request.wsa, "RelatesTo", request.message_id)
    _add(header, request.wsa, "Action", action)
    _add(header, request.wsa, "To", request.reply_to or f"{request.wsa}/anonymous")
    return root, _add(root, request.soap, "Body")


def _add(parent: Any, space: str, name: str, text: str = "") -> Any:
    from lxml import etree

    element = etree.SubElement(parent, f"{{{space}}}{name}" if space else name)
    if text:
        element.text = text
    return element


def _bytes(envelope: Any) -> bytes:
    from lxml import etree

    done: bytes = etree.tostring(envelope, encoding="utf-8", xml_declaration=True)
    return done
