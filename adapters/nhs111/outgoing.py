"""The request that carries a message: SOAP 1.1, WS-Addressing, WS-Security, distribution envelope (ITK 2.2).

HL7 v2 goes in base64, since XML would not keep its line ends, and so does all that is no XML; a clinical document as the element
that it is.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID, uuid4, uuid5

from adapters.nhs111.acknowledgements import BUSINESS, INFRASTRUCTURE, INTERACTION
from adapters.nhs111.payloads import plain
from adapters.nhs111.soap import ITK, SOAP11, WSA, WSSE
from interop.errors import Problem
from interop.formats import er7

WSU: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
SERVICES: Final = "urn:nhs-itk:services:201005:"
INTERACTIONS: Final = "urn:nhs-itk:interaction:"
DOCUMENT: Final = f"{SERVICES}SendCDADocument-v2-0"
STRUCTURE: Final = "{structure}"
"""Stands in a declared service, interaction or profile for MSH-9.3 (``ADT_A01``), by which ITK names what is done."""
HL7V2: Final = "application/hl7-v2"
XML: Final = "text/xml"
JSON: Final = "application/fhir+json"
NOTHING_WANTED, INFRASTRUCTURE_WANTED, BUSINESS_WANTED = "none", "infrastructure", "business"
GOOD_FOR: Final = timedelta(minutes=5)
"""How long the security header holds."""
_INSTANT: Final = "%Y-%m-%dT%H:%M:%SZ"
_DOCUMENT: Final = "{urn:hl7-org:v3}ClinicalDocument"


class Addressed(NamedTuple):
    """What a destination declares: ``address`` is the URL; ``sender`` and ``recipient`` are ITK addresses; ``service``,
    ``interaction``, ``profile`` '' = by the message; ``reply`` the URL for acknowledgements, '' = none; ``wanted`` which of these
    are; ``receiver`` what is put in place of ROUTE."""

    address: str
    sender: str
    recipient: str
    service: str = ""
    interaction: str = ""
    profile: str = ""
    username: str = ""
    reply: str = ""
    wanted: str = NOTHING_WANTED
    receiver: er7.Receiver | None = None


class Made(NamedTuple):
    """A request: its body and the service that it asks for."""

    body: bytes
    service: str


class Content(NamedTuple):
    """A payload: an element, or text in base64; ``structure`` is MSH-9.3 of HL7 v2, '' of others."""

    media_type: str
    element: Any = None
    text: str = ""
    structure: str = ""


def enveloped(to: Addressed, tracking: str, body: bytes, now: int) -> Made:
    """The request for one message; ``now`` in microseconds. Raises Problem for what cannot be put into an envelope."""
    from lxml import etree

    contents = _contents(body, to.receiver)
    structure = contents[0].structure
    service = to.service.replace(STRUCTURE, structure) or (f"{SERVICES}{structure}" if structure else DOCUMENT)
    root = etree.Element(f"{{{SOAP11}}}Envelope", nsmap={"s": SOAP11, "a": WSA, "itk": ITK, "wsse": WSSE, "wsu": WSU})
    _header(add(root, SOAP11, "Header"), to, service, now)
    envelope = add(add(root, SOAP11, "Body"), ITK, "DistributionEnvelope")
    names = [f"uuid_{str(uuid5(UUID(tracking), str(place))).upper()}" for place in range(len(contents))]
    _distribution(envelope, to, service, tracking, contents, names)
    payloads = add(envelope, ITK, "payloads", count=str(len(contents)))
    for content, name in zip(contents, names, strict=True):
        payload = add(payloads, ITK, "payload", id=name)
        if content.element is not None:
            content.element.tail = None
            payload.append(content.element)
        else:
            payload.text = content.text
    return Made(etree.tostring(root, encoding="utf-8", xml_declaration=True), service)


def _contents(body: bytes, receiver: er7.Receiver | None) -> list[Content]:
    head = body.lstrip(b"\xef\xbb\xbf\r\n\t\x0b ")
    if head.startswith(b"MSH"):
        return [_hl7v2(body, receiver)]
    if head.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        from interop.formats.xml import parse_xml

        root = parse_xml(plain(body))
        documents = [root] if root.tag == _DOCUMENT else list(root.iter(_DOCUMENT))
        return [Content(XML, each) for each in documents or [root]]
    return [Content(JSON, text=base64.b64encode(body).decode())]


def _hl7v2(body: bytes, receiver: er7.Receiver | None) -> Content:
    said = er7.header(body)
    parts = said.msh[9].split(said.delimiters.component)
    structure = parts[2] if len(parts) > 2 else "_".join(parts[:2])
    if not (structure.isascii() and structure.replace("_", "").isalnum()):
        raise Problem("missing-field", where="MSH-9")
    return Content(HL7V2, text=base64.b64encode(er7.readdressed(body, receiver)).decode(), structure=structure)


def _header(header: Any, to: Addressed, service: str, now: int) -> None:
    """WS-Addressing 1.0, and who sends it when (WS-Security 1.1, timestamp and user name)."""
    add(header, WSA, "MessageID", f"urn:uuid:{uuid4()}".upper().replace("URN:UUID", "urn:uuid"))
    add(header, WSA, "Action", service)
    add(header, WSA, "To", to.address)
    add(add(header, WSA, "From"), WSA, "Address", to.sender)
    add(add(header, WSA, "ReplyTo"), WSA, "Address", to.reply or f"{WSA}/anonymous")
    add(add(header, WSA, "FaultTo"), WSA, "Address", f"{WSA}/anonymous")
    made = datetime.fromtimestamp(now / 1_000_000, UTC)
    security = add(header, WSSE, "Security")
    stamp = add(security, WSU, "Timestamp")
    add(stamp, WSU, "Created", made.strftime(_INSTANT))
    add(stamp, WSU, "Expires", (made + GOOD_FOR).strftime(_INSTANT))
    add(add(security, WSSE, "UsernameToken"), WSSE, "Username", to.username)


def _distribution(envelope: Any, to: Addressed, service: str, tracking: str, contents: list[Content], names: list[str]) -> None:
    structure = contents[0].structure
    header = add(envelope, ITK, "header", service=service, trackingid=tracking)
    add(add(header, ITK, "addresslist"), ITK, "address", uri=to.recipient)
    add(add(header, ITK, "auditIdentity"), ITK, "id", uri=to.sender.replace(":addressing:", ":identity:"))
    manifest = add(header, ITK, "manifest", count=str(len(contents)))
    profile = to.profile.replace(STRUCTURE, structure)
    for content, name in zip(contents, names, strict=True):
        item = add(manifest, ITK, "manifestitem", id=name, mimetype=content.media_type)
        if profile:
            item.set("profileid", profile)
        if content.element is None:
            item.set("base64", "true")
    add(header, ITK, "senderAddress", uri=to.sender)
    specification = add(header, ITK, "handlingSpecification")
    interaction = to.interaction.replace(STRUCTURE, structure) or (f"{INTERACTIONS}{structure}" if structure else "")
    for key, value in (
        (INTERACTION, interaction),
        (INFRASTRUCTURE, "true" if to.wanted == INFRASTRUCTURE_WANTED else ""),
        (BUSINESS, "true" if to.wanted == BUSINESS_WANTED else "false"),
    ):
        if value:
            add(specification, ITK, "spec", key=key, value=value)


def add(parent: Any, space: str, name: str, text: str = "", **said: str) -> Any:
    """An element more."""
    from lxml import etree

    element = etree.SubElement(parent, f"{{{space}}}{name}")
    if text:
        element.text = text
    for key, value in said.items():
        element.set(key, value)
    return element
