"""Acknowledgements that are messages of their own (ITK 2.2, acknowledgement framework).

An InfrastructureResponse says that a report is in hand, a BusinessResponseMessage of HL7 v3 that it is in the record, or why not.
Each goes in a distribution envelope to whoever sent the report, where its handling specification asks for it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from adapters.nhs111.soap import ERROR_CODES, ITK
from interop.errors import Problem

BUSINESS: Final = "urn:nhs-itk:ns:201005:ackrequested"
INFRASTRUCTURE: Final = "urn:nhs-itk:ns:201005:infackrequested"
INTERACTION: Final = "urn:nhs-itk:ns:201005:interaction"
HL7: Final = "urn:hl7-org:v3"
INTERACTIONS: Final = "2.16.840.1.113883.2.1.3.2.4.12"
"""The identifiers of interactions."""
ADDRESSES: Final = "2.16.840.1.113883.2.1.3.2.4.18.22"
"""The identifiers of ITK addresses."""
_SERVICE: Final = "urn:nhs-itk:services:201005:Send{}Ack-v1-0"
_KIND: Final = "urn:nhs-itk:interaction:ITK{}Acknowledgement-v1-0"
_PROFILE: Final = "urn:nhs-en:profile:ITK{}Acknowledgement-v1-0"


def wanted(distribution: Any) -> dict[str, str]:
    """The handling specification of a distribution envelope, value by key; the first of each counts."""
    said: dict[str, str] = {}
    for spec in distribution.iterfind("{*}header/{*}handlingSpecification/{*}spec"):
        said.setdefault((spec.get("key") or "").strip(), (spec.get("value") or "").strip())
    return said


def asks(distribution: Any, key: str) -> bool:
    """Whether an acknowledgement is asked for."""
    return wanted(distribution).get(key, "").lower() in ("true", "1")


def infrastructure(distribution: Any, now: datetime, problem: Problem | None = None) -> tuple[str, Any]:
    """Service and distribution envelope of the acknowledgement that a report is in hand, or why it is not."""
    envelope, payload = _envelope(distribution, "Infrastructure")
    header = distribution.find("{*}header")
    said = _add(payload, ITK, "InfrastructureResponse")
    said.set("result", "Failure" if problem is not None else "OK")
    said.set("timestamp", now.isoformat(timespec="seconds"))
    said.set("serviceRef", (header.get("service") or "").strip())
    said.set("trackingIdRef", (header.get("trackingid") or "").strip())
    _add(_add(said, ITK, "reportingIdentity"), ITK, "id").set("uri", _us(distribution).replace(":addressing:", ":identity:"))
    errors = _add(said, ITK, "errors")
    if problem is not None:
        error = _add(errors, ITK, "errorInfo")
        _add(error, ITK, "ErrorID", f"urn:uuid:{uuid4()}")
        _add(error, ITK, "ErrorCode", problem.reason.itk or "2200").set("codeSystem", ERROR_CODES)
        _add(error, ITK, "ErrorText", problem.reason.sentence)
        _add(error, ITK, "ErrorDiagnosticText", problem.reason.action)
    return _SERVICE.format("Infrastructure"), envelope


def business(distribution: Any, now: datetime, problem: Problem | None = None) -> tuple[str, Any]:
    """Service and distribution envelope of the acknowledgement that a report is in the record (AA), or why it is not (AE)."""
    envelope, payload = _envelope(distribution, "Business")
    header = distribution.find("{*}header")
    said = _add(payload, HL7, "BusinessResponseMessage")
    _add(said, HL7, "id").set("root", _new())
    _add(said, HL7, "creationTime").set("value", now.strftime("%Y%m%d%H%M%S%z"))
    interaction = _add(said, HL7, "interactionId")
    interaction.set("root", INTERACTIONS)
    interaction.set("extension", _KIND.format("Business"))
    payloads = [each.get("id") or "" for each in distribution.iterfind("{*}payloads/{*}payload")]
    for name, root in (("acknowledgedBy2", payloads[0] if payloads else ""), ("acknowledgedBy3", header.get("trackingid") or "")):
        if root:
            acknowledged = _add(said, HL7, name)
            acknowledged.set("typeCode", "AE" if problem is not None else "AA")
            _add(_add(acknowledged, HL7, "conveyingTransmission"), HL7, "id").set("root", root.strip())
            if problem is not None and name == "acknowledgedBy3":
                code = _add(_add(acknowledged, HL7, "acknowledgementDetail"), HL7, "code")
                code.set("code", problem.reason.itk or "2200")
                code.set("codeSystem", ERROR_CODES)
                code.set("displayName", problem.reason.sentence)
    for name, kind, address in (
        ("communicationFunction1", "RCV", _sender(distribution)),
        ("communicationFunction2", "SND", _us(distribution)),
    ):
        function = _add(said, HL7, name)
        function.set("typeCode", kind)
        entity = _add(function, HL7, "entity")
        entity.set("classCode", "ENT")
        entity.set("determinerCode", "INSTANCE")
        identifier = _add(entity, HL7, "id")
        identifier.set("root", ADDRESSES)
        identifier.set("extension", address)
    return _SERVICE.format("Business"), envelope


def _envelope(distribution: Any, kind: str) -> tuple[Any, Any]:
    """A distribution envelope back to the sender, with one payload."""
    from lxml import etree

    envelope = etree.Element(f"{{{ITK}}}DistributionEnvelope", nsmap={"itk": ITK, "hl7": HL7})
    payload_id = f"uuid_{_new()}"
    header = _add(envelope, ITK, "header")
    header.set("service", _SERVICE.format(kind))
    header.set("trackingid", _new())
    _add(_add(header, ITK, "addresslist"), ITK, "address").set("uri", _sender(distribution))
    _add(_add(header, ITK, "auditIdentity"), ITK, "id").set("uri", _us(distribution).replace(":addressing:", ":identity:"))
    manifest = _add(header, ITK, "manifest")
    manifest.set("count", "1")
    item = _add(manifest, ITK, "manifestitem")
    for name, value in (("id", payload_id), ("mimetype", "text/xml"), ("profileid", _PROFILE.format(kind))):
        item.set(name, value)
    _add(header, ITK, "senderAddress").set("uri", _us(distribution))
    spec = _add(_add(header, ITK, "handlingSpecification"), ITK, "spec")
    spec.set("key", INTERACTION)
    spec.set("value", _KIND.format(kind))
    payloads = _add(envelope, ITK, "payloads")
    payloads.set("count", "1")
    payload = _add(payloads, ITK, "payload")
    payload.set("id", payload_id)
    return envelope, payload


def _sender(distribution: Any) -> str:
    """The address of whoever sent the report; '' for none."""
    for path in ("{*}header/{*}senderAddress", "{*}header/{*}auditIdentity/{*}id"):
        found = distribution.find(path)
        if found is not None and (uri := (found.get("uri") or "").strip()):
            return uri.replace(":identity:", ":addressing:")
    return ""


def _us(distribution: Any) -> str:
    """The address that the report was sent to: ours."""
    found = distribution.find("{*}header/{*}addresslist/{*}address")
    return (found.get("uri") or "").strip() if found is not None else ""


def _new() -> str:
    return str(uuid4()).upper()


def _add(parent: Any, space: str, name: str, text: str = "") -> Any:
    from lxml import etree

    element = etree.SubElement(parent, f"{{{space}}}{name}")
    if text:
        element.text = text
    return element
