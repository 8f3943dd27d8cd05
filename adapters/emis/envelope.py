"""The envelope of some rows: their table, their organisation, the number of their processing, their patients."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from adapters.emis.files import Table
from interop.errors import Problem
from interop.formats.csv import ROW
from interop.formats.tree import Node
from interop.ports import Envelope, Order

PATIENT: Final = "emis"
"""The system of a patient's GUID among the keys."""
NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
LONGEST: Final = 18
"""Digits of a number of processing that counts."""


def envelope(body: bytes, root: Node, table: Table) -> Envelope:
    """The envelope; raises Problem ``missing-field`` where there is no row.

    ``ProcessingId`` counts on from extract to extract and so is the version; rows tell no time at which they were changed. Two
    messages are the same where their rows are.
    """
    rows = root.kids.get(ROW)
    if not rows:
        raise Problem("missing-field", where=ROW)
    first = rows[0]
    digest = sha256(body).digest()[:16]
    said = first.text("ProcessingId") or ""
    version = int(said) if said.isascii() and said.isdigit() and len(said) <= LONGEST else 0
    organisation = (first.text("OrganisationGuid") or "").lower()
    control = f"{table.name}/{said or '0'}/{digest.hex()}"
    return Envelope(
        family="emis",
        message=table.name,
        control_id=control,
        order=Order(0, version, digest.hex()),
        keys=tuple(dict.fromkeys(key for row in rows for key in _keys(row))),
        duplicate=control,
        digest=digest,
        sender=organisation,
        organisation=organisation,
    )


def _keys(row: Node) -> list[str]:
    """What names the patient of a row."""
    keys = []
    digits = (row.text("NhsNumber") or "").replace(" ", "").replace("-", "")
    if len(digits) == 10 and digits.isascii() and digits.isdigit():
        keys.append(f"{NHS_NUMBER}|{digits}")
    if guid := row.text("PatientGuid"):
        keys.append(f"{PATIENT}|{guid.lower()}")
    return keys
