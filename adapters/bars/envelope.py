"""The envelope of a BaRS message: Bundle and MessageHeader (FHIR R4, messaging; BaRS Core, Standard Pattern)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from interop.errors import Problem
from interop.formats.instants import iso_instant
from interop.formats.references import split_references
from interop.formats.resources import address
from interop.formats.tree import Node
from interop.ports import Envelope, Order

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
ORGANISATION: Final = "bars"
"""Who assigns what names nobody: addresses and cases are one space for all parties to an exchange, as its answers use them."""
LONGEST: Final = 18
"""Digits of a version that counts: what is longer is no counter."""
_NHS_SYSTEM: Final = re.compile(r"https?://fhir\.nhs\.(?:uk|net)/Id/nhs-number", re.IGNORECASE)
_ODS_SYSTEM: Final = re.compile(r"https?://fhir\.nhs\.(?:uk|net)/Id/ods-organi[sz]ation-code", re.IGNORECASE)


def envelope(bundle: Node) -> Envelope:
    """The envelope; raises Problem ``unknown-format`` for what is no Bundle, ``unknown-trigger`` for one that is no message,
    ``missing-field`` without id, MessageHeader or event.

    The message's type is its event. Later is what was last updated later: the Bundle's ``timestamp`` often stays the same through
    a sequence of updates, and so may its id, so a repeat is a Bundle of the same id and content, in either notation.
    """
    if bundle.text("resourceType") != "Bundle":
        raise Problem("unknown-format", where="resourceType")
    if bundle.text("type") != "message":
        raise Problem("unknown-trigger", where="Bundle.type")
    identity = bundle.text("id")
    if not identity:
        raise Problem("missing-field", where="Bundle.id")
    header = header_of(bundle)
    event = header.text("eventCoding/code")
    if not event:
        raise Problem("missing-field", where="MessageHeader.eventCoding.code")
    digest = bundle.digest()
    version = bundle.text("meta/versionId") or ""
    stamps = (bundle.text("meta/lastUpdated"), header.text("meta/lastUpdated"), bundle.text("timestamp"))
    return Envelope(
        family="bars",
        message=event,
        control_id=identity,
        order=Order(
            max(iso_instant(stamp or "") or 0 for stamp in stamps),
            int(version) if version.isascii() and version.isdigit() and len(version) <= LONGEST else 0,
            digest.hex(),
        ),
        keys=tuple(dict.fromkeys(_keys(bundle))),
        duplicate=f"{identity}|{digest.hex()}",
        digest=digest,
        sender=_sender(bundle, header),
        organisation=ORGANISATION,
        version=version,
    )


def prepare(bundle: Node) -> None:
    """What the tables read besides the Bundle.

    ``@ref`` of its resources, and the parts of references. ``@contact``: the sender's case, system and number of the Encounter
    that the ServiceRequest belongs to. ``@case``: that or, without one, whom the message is about. ``@own`` of a request or booking
    that has neither number nor case: its address and whom it is about, as one address may come again for somebody else.
    """
    address(bundle)
    split_references(bundle)
    contact, whose = case_of(bundle), _whose(bundle)
    if contact:
        bundle.add("@contact", contact)
    bundle.add("@case", contact or whose)
    for kind in ("Appointment",) if contact else ("Appointment", "ServiceRequest"):
        for resource in resources(bundle, kind):
            if (reference := resource.text("@ref")) and not resource.text("identifier/value"):
                resource.add("@own", f"{reference}|{whose}")


def resources(bundle: Node, kind: str = "") -> Iterator[Node]:
    """The resources of a Bundle, of one type or all."""
    for entry in bundle.kids.get("entry", ()):
        resource = entry.kid("resource")
        if resource is not None and kind in ("", resource.text("resourceType")):
            yield resource


def header_of(bundle: Node) -> Node:
    """The MessageHeader; raises Problem ``missing-field``."""
    header = next(resources(bundle, "MessageHeader"), None)
    if header is None:
        raise Problem("missing-field", where="MessageHeader")
    return header


def case_of(bundle: Node) -> str:
    """``system|number`` of the Encounter of the first ServiceRequest that names one; '' for none."""
    for request in resources(bundle, "ServiceRequest"):
        encounter = _at(bundle, request.text("encounter/reference"))
        if encounter is not None and (number := encounter.text("identifier/value")):
            return f"{encounter.text('identifier/system') or ''}|{number}"
    return ""


def _at(bundle: Node, reference: str | None) -> Node | None:
    """The resource that a reference names by its fullUrl."""
    found = (entry for entry in bundle.kids.get("entry", ()) if reference and entry.text("fullUrl") == reference)
    entry = next(found, None)
    return entry.kid("resource") if entry is not None else None


def _sender(bundle: Node, header: Node) -> str:
    """The ODS code of the sending organisation, else the address of its service."""
    sender = _at(bundle, header.text("sender/reference"))
    for identifier in sender.kids.get("identifier", ()) if sender is not None else ():
        if _ODS_SYSTEM.fullmatch(identifier.text("system") or "") and (code := identifier.text("value")):
            return code
    return header.text("source/endpoint") or ""


def _whose(bundle: Node) -> str:
    """The NHS number of the Patient, else the Bundle's id, which stays the same through a sequence."""
    return next((key for key in _keys(bundle) if key.startswith(NHS_NUMBER)), bundle.text("id") or "")


def _keys(bundle: Node) -> Iterator[str]:
    """The NHS numbers of its Patients and the numbers of its cases."""
    for resource in resources(bundle):
        kind = resource.text("resourceType")
        for identifier in resource.kids.get("identifier", ()):
            system, value = identifier.text("system") or "", identifier.text("value") or ""
            if kind == "Patient" and _NHS_SYSTEM.fullmatch(system):
                digits = value.replace(" ", "").replace("-", "")
                if len(digits) == 10 and digits.isascii() and digits.isdigit():
                    yield f"{NHS_NUMBER}|{digits}"
            elif kind == "Encounter" and value:
                yield f"{system}|{value}"
