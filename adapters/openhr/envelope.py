"""The envelope of an OpenHR record: id, creationTime, author; the patients of its adminDomain."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from typing import Final

from interop.errors import Problem
from interop.formats.instants import iso_instant
from interop.formats.tree import Node
from interop.ports import Envelope, Order

ROOT: Final = "openHealthRecord"
NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
PATIENT: Final = "openhr"
"""The system of a patient's GUID among the keys."""


def envelope(body: bytes, root: Node) -> Envelope:
    """The envelope of a record; raises Problem ``unknown-format`` for another root, ``missing-field`` where it has no id.

    The format has no counter of its messages and its ``id`` is in practice the patient's, so a record counts as a repeat only
    where id, time of creation and content are the same.
    """
    if root.name != ROOT:
        raise Problem("unknown-format", where=root.name)
    if not (record := root.text("id")):
        raise Problem("missing-field", where=f"{ROOT}/id")
    created = root.text("creationTime") or ""
    digest = sha256(body).digest()[:16]
    control = f"{record}/{created}"
    organisation = _organisation(root)
    system = root.text("author/system/systemType") or ""
    return Envelope(
        family="openhr",
        message="OpenHR",
        control_id=control,
        order=Order(iso_instant(created) or 0, 0, digest.hex()),
        keys=tuple(dict.fromkeys(_keys(root))),
        duplicate=f"{control}/{digest.hex()}",
        digest=digest,
        sender="|".join(part for part in (system, organisation) if part),
        organisation=organisation,
        version=root.text("@schemaVersion") or "",
    )


def _organisation(root: Node) -> str:
    """The author's national practice code, else its SDS identifier, else the GUID it is given as."""
    author = root.text("author/organisation") or ""
    domain = root.kid("adminDomain")
    for organisation in domain.kids.get("organisation", ()) if domain else ():
        if author and organisation.text("id") == author and (code := organisation.text("nationalPracticeCode")):
            return code.upper()
    return root.text("author/SDSIdentifier") or author


def _keys(root: Node) -> Iterator[str]:
    domain = root.kid("adminDomain")
    for patient in domain.kids.get("patient", ()) if domain else ():
        for identifier in patient.kids.get("patientIdentifier", ()):
            digits = (identifier.text("value") or "").replace(" ", "").replace("-", "")
            if identifier.text("identifierType") == "NHS" and len(digits) == 10 and digits.isascii() and digits.isdigit():
                yield f"{NHS_NUMBER}|{digits}"
        if guid := patient.text("id"):
            yield f"{PATIENT}|{guid.lower()}"
