"""The envelope of some rows: their table, their organisation, the number of their processing, their patients."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Final

from adapters.emis.files import Table
from interop.errors import Problem
from interop.ports import Envelope, Order

PATIENT: Final = "emis"
"""The system of a patient's GUID among the keys."""
NHS_NUMBER: Final = "https://fhir.nhs.uk/Id/nhs-number"
LONGEST: Final = 18
"""Digits of a number of processing that counts."""


def envelope(body: bytes, table: Table, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Envelope:
    """The envelope; raises Problem ``missing-field`` where there is no row.

    ``ProcessingId`` counts on from extract to extract and so is the version; rows tell no time at which they were changed. Two
    messages are the same where their rows are.
    """
    if not rows:
        raise Problem("missing-field", where="row")
    at = {name: place for place, name in enumerate(columns)}
    said, organisation = (rows[0][at[name]].strip() if name in at else "" for name in ("ProcessingId", "OrganisationGuid"))
    digest = sha256(body).digest()[:16]
    version = int(said) if said.isascii() and said.isdigit() and len(said) <= LONGEST else 0
    control = f"{table.name}/{version}/{digest.hex()}"
    return Envelope(
        family="emis",
        message=table.name,
        control_id=control,
        order=Order(0, version, digest.hex()),
        keys=tuple(dict.fromkeys(_keys(at, rows))),
        duplicate=control,
        digest=digest,
        sender=organisation.lower(),
        organisation=organisation.lower(),
    )


def _keys(at: dict[str, int], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """What names the patients of the rows."""
    if (place := at.get("NhsNumber")) is not None:
        for row in rows:
            digits = row[place].replace(" ", "").replace("-", "")
            if len(digits) == 10 and digits.isascii() and digits.isdigit():
                yield f"{NHS_NUMBER}|{digits}"
    if (place := at.get("PatientGuid")) is not None:
        for guid in dict.fromkeys(row[place].strip() for row in rows):
            if guid:
                yield f"{PATIENT}|{guid.lower()}"
