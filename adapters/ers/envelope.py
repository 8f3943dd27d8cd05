"""The envelope of a resource of the e-Referral Service (STU3): type, id, meta; the NHS numbers and UBRNs within."""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from interop.errors import Problem
from interop.formats.instants import iso_instant
from interop.formats.tree import Node
from interop.ports import Envelope, Order

NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
UBRN: Final = "https://fhir.nhs.uk/Id/UBRN"
ORGANISATION: Final = "ers"
VERSION: Final = "STU3"
LONGEST: Final = 18
"""Digits of a version that counts: what is longer is no counter."""
_NHS_SYSTEM: Final = re.compile(r"https?://fhir\.nhs\.(?:uk|net)/Id/nhs-number", re.IGNORECASE)
_REFERRAL: Final = re.compile(r"(?:.*/)?ReferralRequest/(\d{12})(?:/_history/\w+)?", re.ASCII)
_VERSIONED: Final = frozenset({"ReferralRequest", "Appointment"})


def envelope(resource: Node) -> Envelope:
    """The envelope; raises Problem ``unknown-format`` without a resource type, ``missing-field`` for a message without an id.

    The control id is type, id and version. A resource without a version (a request to the service: it has no id of its own
    yet) is told from others by its content. A bundle is named after its first resource. The digest is that of the resource
    without blanks, so the same version fetched in another layout is the same message.
    """
    from interop.formats.json import write_json

    kind = resource.text("resourceType")
    if not kind:
        raise Problem("unknown-format", where="resourceType")
    identity, version = resource.text("id") or "", resource.text("meta/versionId") or ""
    if not identity and kind in _VERSIONED:
        raise Problem("missing-field", where=f"{kind}.id")
    digest = sha256(write_json(resource.raw)).digest()[:16]
    control = f"{kind}/{identity}/{version}" if identity and version else f"{kind}/{identity}/{digest.hex()[:12]}"
    if kind == "Bundle":
        kind = resource.text("entry/resource/resourceType") or kind
    return Envelope(
        family="ers",
        message=kind,
        control_id=control,
        order=Order(
            iso_instant(resource.text("meta/lastUpdated") or "") or 0,
            int(version) if version.isascii() and version.isdigit() and len(version) <= LONGEST else 0,
            digest.hex(),
        ),
        keys=tuple(dict.fromkeys(_keys(resource, kind, identity))),
        duplicate=control,
        digest=digest,
        sender=ORGANISATION,
        organisation=ORGANISATION,
        version=VERSION,
    )


def _keys(resource: Node, kind: str, identity: str) -> Iterator[str]:
    """The NHS numbers in it, under any form of their system, and the referral it is or belongs to."""
    for node in _below(resource):
        system = node.text("system")
        if system is not None and _NHS_SYSTEM.fullmatch(system.strip()):
            digits = (node.text("value") or "").replace(" ", "").replace("-", "")
            if len(digits) == 10 and digits.isascii() and digits.isdigit():
                yield f"{NHS_NUMBER}|{digits}"
    if kind == "ReferralRequest":
        yield f"{UBRN}|{identity}"
    for referral in resource.kids.get("incomingReferral", ()):
        if found := _REFERRAL.fullmatch(referral.text("reference") or ""):
            yield f"{UBRN}|{found[1]}"


def _below(node: Node) -> Iterator[Node]:
    """The node and all below it, in order."""
    yield node
    for kids in node.kids.values():
        for kid in kids:
            if kid.kids:
                yield from _below(kid)
