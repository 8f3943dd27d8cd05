"""The envelope of a report: CDA header (CDA R2 4.2; NPfIT ``POCD_MT200001GB02``) and ITK distribution envelope (ITK 2.2)."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from interop.errors import Problem
from interop.formats.instants import hl7_instant
from interop.formats.tree import Node
from interop.ports import Envelope, Order

LONGEST: Final = 18
"""Digits of a version that counts: what is longer is no counter."""
NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
NHS_ROOTS: Final = frozenset({"2.16.840.1.113883.2.1.4.1", "2.16.840.1.113883.2.1.3.2.4.18.23"})
"""NHS number, verified and unverified: for keeping order both name the person."""
REPORT: Final = "POCD_MT200001GB02"
"""The report of NHS 111; its last four letters are the realm and the version."""
REPORT_CODES: Final = frozenset({"819551000000100", "1066271000000101"})
NULLIFICATION: Final = "POCD_MT130001"
"""A document that takes another back: no table says what becomes of that one."""
DOCUMENT: Final = "ClinicalDocument"
ODS_ROOTS: Final = frozenset({"2.16.840.1.113883.2.1.3.2.4.19.1", "2.16.840.1.113883.2.1.3.2.4.19.2"})
"""ODS organisation, ODS site."""
_ADDRESS: Final = "urn:nhs-uk:addressing:ods:"


def envelope(document: Node) -> Envelope:
    """The envelope; raises Problem ``missing-field`` where neither a type nor an identity is given.

    The message is REPORT in all its versions, NULLIFICATION by its own type, DOCUMENT for any other; the control id is the
    envelope's tracking id, else the document's; two messages are the same where both agree. Time is ``effectiveTime``,
    else that of the first author. The digest is that of the distribution envelope: a message sent again has another SOAP header.
    """
    kind = _kind(document)
    distribution = _above(document, "DistributionEnvelope")
    header = distribution.kid("header") if distribution else None
    tracking = (header.text("@trackingid") if header else None) or ""
    identity = document.text("id/@root") or ""
    if identity and (extension := document.text("id/@extension")):
        identity = f"{identity}|{extension}"
    if not tracking and not identity:
        raise Problem("missing-field", where="ClinicalDocument/id")
    digest = sha256(_content(distribution or document)).digest()[:16]
    said = document.text("versionNumber/@value") or ""
    version = int(said) if said.isascii() and said.isdigit() and len(said) <= LONGEST else 0
    sender = _sender(header)
    return Envelope(
        family="nhs111",
        message=kind,
        control_id=tracking or identity,
        order=Order(_time(document), version, digest.hex()),
        keys=tuple(dict.fromkeys(_keys(document))),
        duplicate=f"{tracking}|{identity}",
        digest=digest,
        sender=sender,
        organisation=_organisation(document) or sender.partition(":")[0],
        version=(header.text("manifest/manifestitem/@profileid") if header else None) or "",
    )


def _kind(document: Node) -> str:
    """What the tables know it as, by ``messageType/@extension``, else by ``code/@code``."""
    said = document.text("messageType/@extension") or ""
    code = document.text("code/@code") or ""
    if not said and not code:
        raise Problem("missing-field", where="ClinicalDocument/messageType")
    if said.startswith(REPORT[:-4]) or (not said and code in REPORT_CODES):
        return REPORT
    if said.startswith(NULLIFICATION):
        return said
    if document.find("recordTarget/patientRole") is None:
        raise Problem("missing-field", where="ClinicalDocument/recordTarget")
    return DOCUMENT


def _content(node: Node) -> bytes:
    from lxml import etree

    return etree.tostring(node.raw, with_tail=False)


def _above(node: Node, name: str) -> Node | None:
    up = node.up
    while up is not None and up.name != name:
        up = up.up
    return up


def _time(document: Node) -> int:
    for path in ("effectiveTime/@value", "author/time/@value"):
        if (instant := hl7_instant(document.text(path) or "")) is not None:
            return instant
    return 0


def _keys(document: Node) -> Iterator[str]:
    """Every identifier of the patient, in order."""
    for target in document.kids.get("recordTarget", ()):
        for role in target.kids.get("patientRole", ()):
            for identifier in role.kids.get("id", ()):
                root, extension = identifier.text("@root") or "", identifier.text("@extension") or ""
                digits = extension.replace(" ", "").replace("-", "")
                if root in NHS_ROOTS and len(digits) == 10 and digits.isascii() and digits.isdigit():
                    yield f"{NHS_NUMBER}|{digits}"
                elif extension:
                    yield f"{root}|{extension}"


def _organisation(document: Node) -> str:
    """The ODS code of the custodian, else of an author's organisation."""
    paths = ("custodian/assignedCustodian/representedCustodianOrganization", "author/assignedAuthor/representedOrganization")
    for path in paths:
        organisation = document.find(path)
        for identifier in organisation.kids.get("id", ()) if organisation else ():
            if identifier.text("@root") in ODS_ROOTS and (code := identifier.text("@extension")):
                return code.upper()
    return ""


def _sender(header: Node | None) -> str:
    """The sender's ODS address, such as ``RYE`` or ``5L399:445510770``."""
    uri = (header.text("senderAddress/@uri") or header.text("auditIdentity/id/@uri") if header else None) or ""
    return uri.removeprefix(_ADDRESS).removeprefix("urn:nhs-uk:identity:ods:")
