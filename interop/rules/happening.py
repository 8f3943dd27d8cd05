"""Whether something has happened, from a version and the one before it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from interop.fhir.fhirpath import Expression
from interop.rules.expressions import BEFORE, MANY, holds, values, when
from interop.rules.tables import Event

Resource = Mapping[str, Any]
_NOISE: Final = "entered-in-error"
_STATUSES: Final = ("status", "docStatus", "verificationStatus")


def happened(event: Event, new: Resource | None, before: Resource | None, now: int) -> bool:
    """``new`` None: the resource was deleted. Raises RuleFailed."""
    if event.was is not None and not holds(event.was, before, {}, now):
        return False
    if new is None:
        return before is not None
    known = {BEFORE: before}
    if not holds(event.now, new, known, now):
        return False
    if event.of is not None:
        return True
    if event.differs is not None:
        return before is not None and _several(event.differs, new, now) != _several(event.differs, before, now)
    return event.now is None or not holds(event.now, before, {BEFORE: None}, now)


def _several(differs: Expression, resource: Resource, now: int) -> list[str]:
    """What it yields, in whatever order the resource has it."""
    return sorted(json.dumps(each, sort_keys=True, default=str) for each in values(differs, resource, {}, now))


def befallen(event: Event, new: Resource | None, before: Resource | None, now: int) -> list[str] | None:
    """The ids of the Patients whom it befalls; None where it is the subject. Raises RuleFailed."""
    if event.of is None or new is None:
        return None
    earlier = _patients(event.of, before, now) if before is not None else {}
    return [each for each in _patients(event.of, new, now) if each not in earlier]


def _patients(of: Expression, resource: Resource, now: int) -> dict[str, None]:
    named = (str(each).partition("/") for each in values(of, resource, {}, now, MANY))
    return {id_: None for type_, _, id_ in named if type_ == "Patient" and id_ and "/" not in id_}


def time_of(event: Event, new: Resource | None, before: Resource | None, now: int) -> int | None:
    """When it happened, as the resource says (microseconds); None where it does not. Raises RuleFailed."""
    said = new if new is not None else before
    return when(event.when, said, {BEFORE: before}, now) if said is not None else None


def noise(resource: Resource) -> bool:
    """Whether a resource says of itself that it was never true."""
    for name in _STATUSES:
        said = resource.get(name)
        if said == _NOISE or (isinstance(said, dict) and _NOISE in (each.get("code") for each in said.get("coding", ()))):
            return True
    return False
