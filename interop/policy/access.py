"""What a resource says of who may see the person's record: access rows, which the predicate of a Decision asks (``where.About``).

| parameter | said by | codes |
|---|---|---|
| ``care`` | registration, care team, referral, current encounter, self-claimed | ``ods:CODE``, ``Organization/ID``, ``user:ID`` |
| ``consent`` | Consent in force | ``given``, ``refused``, ``given:LABEL``, ``refused:LABEL`` |
| ``proxy`` | Consent that lets somebody act for the person | ``user:ID``, ``RelatedPerson/ID`` |
| ``breakglass`` | a declared emergency | ``user:ID`` |
| ``hidden`` | Patient whose whereabouts nobody may learn | ``location`` |
"""

from __future__ import annotations

from typing import Any

from interop.fhir.rows import IndexRow


def access_rows(resource: dict[str, Any]) -> list[IndexRow]:
    """The access rows of a resource, kind ``access``: code, low and high in microseconds (``interop.fhir.rows``). Pure."""
    return []
