"""What a resource says of who may see the person's record: access rows, which the predicate of a Decision asks (``where.About``).

| parameter | said by | codes |
|---|---|---|
| ``care`` | who has to do with the person's care (``relationships``) | PARTY |
| ``consent`` | Consent in force (``consents``) | ``given``, ``refused``, ``given:LABEL``, ``refused:LABEL``, ``refused:PURPOSE`` |
| ``proxy`` | Consent that lets somebody act for the person | ``RelatedPerson/ID``, USER |
| ``breakglass`` | a declared emergency | USER |
| ``hidden`` | Patient whose whereabouts nobody may learn | ``location`` |

PARTY is ``ods:CODE``, ``Organization/ID``, ``Practitioner/ID``, ``PractitionerRole/ID`` or USER; USER is ``user:ISSUER|SUBJECT``;
LABEL is the code of a security label (``HIV``), PURPOSE one of v3-ActReason (``HRESCH``).
"""

from __future__ import annotations

from typing import Any

from interop.fhir.rows import IndexRow
from interop.policy.consents import consent
from interop.policy.grants import Grant
from interop.policy.relationships import RELATIONSHIPS


def access_rows(resource: dict[str, Any], *, declared: bool = True) -> list[IndexRow]:
    """The access rows of a resource, kind ``access``: code, low and high in microseconds (``interop.fhir.rows``).

    Pure; never raises, whatever the resource holds: what has the wrong shape gives nothing, and takes nothing back. ``declared``:
    whether a user of ours wrote it; what a feed sends declares no emergency and claims no relationship.
    """
    kind = resource.get("resourceType")
    if kind == "Consent":
        grants = consent(resource, declared)
    else:
        relate = RELATIONSHIPS.get(kind) if isinstance(kind, str) else None
        if relate is None:
            return []
        grants = relate(resource, declared)
    return [_row(grant) for grant in dict.fromkeys(grants) if grant.low < grant.high]


def _row(grant: Grant) -> IndexRow:
    return IndexRow(grant.parameter, "access", grant.code, grant.low, grant.high)
