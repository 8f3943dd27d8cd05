"""The envelope of a document: its MessageHeader where it came in a message, else its Composition (FHIR STU3)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from adapters.documents.bundles import resources
from interop.errors import Problem
from interop.formats.instants import iso_instant
from interop.formats.tree import Node
from interop.ports import Envelope, Order

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
TYPES: Final = frozenset({"message", "document", "collection"})
RESPONSE: Final = "ITK008M"
"""The event of an ITK3 response: it answers what was sent and says nothing of a person."""
HANDOVER: Final = frozenset({"YH001", "312711000000101", "11424001"})
"""Transfer of care from ambulance to emergency department; ambulance service patient summary report; ambulance-based care."""
VERSION: Final = "STU3"
LONGEST: Final = 18
"""Digits of a version that counts: what is longer is no counter."""
_NHS: Final = re.compile(r"https?://fhir\.nhs\.(?:uk|net)/Id/nhs-number", re.IGNORECASE)
_ODS: Final = re.compile(r"https?://fhir\.nhs\.(?:uk|net)/Id/ods-(?:organi[sz]ation|site)-code", re.IGNORECASE)
_TEMPLATE: Final = re.compile(r"\{\{|@@")


def envelope(bundle: Node) -> Envelope:
    """The envelope of a flattened Bundle; raises Problem ``unknown-format`` for what is no Bundle, ``unknown-trigger`` for one
    that carries no document or answers another message, ``missing-field`` without an identity, ``placeholder``.

    The latest is what was sent last: the header's ``timestamp``, else the Composition's ``date``, else when the Bundle was made.
    """
    if bundle.text("resourceType") != "Bundle":
        raise Problem("unknown-format", where="resourceType")
    if bundle.text("type") not in TYPES:
        raise Problem("unknown-trigger", where="Bundle.type")
    header, composition = next(resources(bundle, "MessageHeader"), None), next(resources(bundle, "Composition"), None)
    identity = _identity(bundle, header, composition)
    if not identity:
        raise Problem("missing-field", where="Bundle.id")
    keys, organisation = tuple(dict.fromkeys(_keys(bundle))), _organisation(bundle, header, composition)
    digest = bundle.digest()
    version = bundle.text("meta/versionId") or ""
    stamps = (
        header.text("timestamp") if header is not None else None,
        composition.text("date") if composition is not None else None,
        bundle.text("meta/lastUpdated"),
        bundle.text("timestamp"),
    )
    return Envelope(
        family="documents",
        message=_message(bundle, header, composition),
        control_id=identity,
        order=Order(
            next((instant for stamp in stamps if (instant := iso_instant(stamp or ""))), 0),
            int(version) if version.isascii() and version.isdigit() and len(version) <= LONGEST else 0,
            digest.hex(),
        ),
        keys=keys,
        duplicate=f"{identity}|{digest.hex()}",
        digest=digest,
        sender=organisation or ((header.text("source/endpoint") or "") if header is not None else ""),
        organisation=organisation,
        version=VERSION,
    )


def _message(bundle: Node, header: Node | None, composition: Node | None) -> str:
    """What it is; raises Problem ``unknown-trigger``. A handover without its Composition is one by its visit: what the crew found
    counts, and nothing is a document's text."""
    event = (header.text("event/code") or "") if header is not None else ""
    if event == RESPONSE or (header is not None and header.kid("response") is not None):
        raise Problem("unknown-trigger", where="MessageHeader.event", detail="an answer to another message")
    types = [code.value for code in _codes(composition)] if composition is not None else []
    visits = [code.value for one in resources(bundle, "Encounter") for code in _codes(one)]
    if HANDOVER & {event, *types, *visits} and (composition is not None or visits):
        return "Handover"
    if composition is not None:
        return "Document"
    if any(one.text("resourceType") in ("Binary", "DocumentReference") for one in resources(bundle)):
        return "Attachment"
    raise Problem("unknown-trigger", where="Bundle.entry", detail="there is no Composition, DocumentReference or Binary")


def _codes(resource: Node) -> Iterator[Node]:
    """The codes of its types."""
    for kind in resource.kids.get("type", ()):
        for coding in kind.kids.get("coding", ()):
            yield from coding.kids.get("code", ())


def _identity(bundle: Node, header: Node | None, composition: Node | None) -> str:
    """The number of the message, else of the document."""
    said = [bundle.text("identifier/value"), bundle.text("id"), header.text("id") if header is not None else None]
    if composition is not None:
        said += [composition.text("identifier/value"), composition.text("id")]
    return next((each for each in said if each), "")


def _organisation(bundle: Node, header: Node | None, composition: Node | None) -> str:
    """The ODS code of who sent it, else of who keeps the document or cared for the person; '' for none."""
    paths = [(header, "sender"), (composition, "custodian"), (composition, "author")]
    paths += [(encounter, "serviceProvider") for encounter in resources(bundle, "Encounter")]
    for node, name in paths:
        for said in node.kids.get(name, ()) if node is not None else ():
            if code := _ods(said) or _ods(_at(bundle, said.text("reference"))):
                return code.upper()
    return ""


def _at(bundle: Node, reference: str | None) -> Node | None:
    """The resource that a reference names by its fullUrl, or by type and id."""
    for entry in bundle.kids.get("entry", ()):
        resource = entry.kid("resource")
        if resource is not None and reference:
            own = f"{resource.text('resourceType')}/{resource.text('id')}"
            if reference in (entry.text("fullUrl"), own) or reference.endswith("/" + own):
                return resource
    return None


def _ods(node: Node | None) -> str:
    for identifier in node.kids.get("identifier", ()) if node is not None else ():
        if _ODS.fullmatch((identifier.text("system") or "").strip()) and (code := identifier.text("value")):
            return code
    return ""


def _keys(bundle: Node) -> Iterator[str]:
    """The NHS numbers and own numbers of its Patients, and the numbers of the visits; raises Problem ``placeholder``."""
    for resource in resources(bundle):
        kind = resource.text("resourceType")
        for identifier in resource.kids.get("identifier", ()) if kind in ("Patient", "Encounter") else ():
            system, value = (identifier.text("system") or "").strip(), identifier.text("value") or ""
            if _TEMPLATE.search(value):
                raise Problem("placeholder", where=f"{kind}.identifier")
            digits = value.replace(" ", "").replace("-", "")
            if _NHS.fullmatch(system) and len(digits) == 10 and digits.isascii() and digits.isdigit():
                yield f"{NHS_NUMBER}|{digits}"
            elif value:
                yield f"{system}|{value}"
