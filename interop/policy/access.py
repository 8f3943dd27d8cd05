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

from collections.abc import Iterable
from typing import Any, Final

from interop.fhir.rows import EARLIEST, LATEST, IndexRow
from interop.policy.consents import consent, labels_named
from interop.policy.grants import Grant
from interop.policy.labels import PARAMETER
from interop.policy.relationships import RELATIONSHIPS

SECOND: Final = 1_000_000


def access_rows(resource: dict[str, Any], *, declared: bool = True) -> list[IndexRow]:
    """The access rows of a resource, kind ``access``: code, low and high in microseconds (``interop.fhir.rows``).

    A Consent bears the labels that it names besides: it tells of what they hold back. Pure; never raises, whatever the resource
    holds: what has the wrong shape gives nothing, and takes nothing back. ``declared``: whether a user of ours wrote it; what a
    feed sends declares no emergency and claims no relationship.
    """
    kind = resource.get("resourceType")
    relate = RELATIONSHIPS.get(kind) if isinstance(kind, str) else None
    if relate is not None:
        return _rows(relate(resource, declared))
    if kind == "Consent":
        return _rows(consent(resource, declared)) + [IndexRow(PARAMETER, "token", *label) for label in labels_named(resource)]
    return []


def _rows(grants: Iterable[Grant]) -> list[IndexRow]:
    """Decisions count in whole seconds: what begins within one holds in it, what ends within one no more."""
    rows = dict.fromkeys(IndexRow(each.parameter, "access", each.code, _second(each.low), _second(each.high)) for each in grants)
    return [row for row in rows if row.b < row.c]


def _second(time: int) -> int:
    return time if time in (EARLIEST, LATEST) else time - time % SECOND
