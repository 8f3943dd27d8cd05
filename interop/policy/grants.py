"""What relationships and consents are made of: who is meant, and from when to when."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.searching import interval
from interop.fhir.shapes import dicts, text
from interop.ids.national import ODS_ORGANISATION, OdsCode

USER: Final = "urn:interop:user"
"""The system of an identifier that names a user, ``ISSUER|SUBJECT``."""
CARE, CONSENT, PROXY, BREAK_GLASS, HIDDEN = "care", "consent", "proxy", "breakglass", "hidden"
PARTIES: Final = frozenset(("Organization", "Practitioner", "PractitionerRole"))
"""Who can care for a person."""
HOUR: Final = 3_600_000_000
DAY: Final = 24 * HOUR
_LONGEST: Final = 64
"""Of an id (FHIR R4, datatype id)."""


class Grant(NamedTuple):
    """An access row before it is one; low <= now < high, microseconds."""

    parameter: str
    code: str
    low: int
    high: int


class Span(NamedTuple):
    """From when until before when, microseconds."""

    low: int
    high: int

    def within(self, other: Span) -> Span:
        """The part that is in both."""
        return Span(max(self.low, other.low), min(self.high, other.high))


ALWAYS: Final = Span(EARLIEST, LATEST)
NEVER: Final = Span(0, 0)


def period(holder: Any, name: str = "period", *, unclear: Span = NEVER) -> Span:
    """A Period (FHIR R4, datatypes, 2.24.0.15): either side may be open, the end is inclusive to the precision it is given with.
    ``unclear``: what is taken where there is one that cannot be read."""
    if not isinstance(holder, dict) or name not in holder:
        return ALWAYS
    said = holder[name]
    if not isinstance(said, dict):
        return unclear
    low, high = moment(said, "start"), moment(said, "end")
    if low is None or high is None:
        return unclear
    return Span(low.low, high.high)


def moment(holder: dict[str, Any], name: str) -> Span | None:
    """What a date, dateTime or instant covers; all time where there is none, None where it cannot be read."""
    if name not in holder:
        return ALWAYS
    found = interval(text(holder, name))
    return None if found is None else Span(*found)


def codes(reference: Any, types: frozenset[str] = PARTIES, within: Any = None) -> Iterator[str]:
    """By what names access rows speak of whom a Reference means: ``Type/ID`` where it is relative, ``ods:CODE`` and
    ``user:ISSUER|SUB`` where it names one by identifier. ``within`` is the resource whose contained ones it may mean.

    An address of somebody else's server names nobody here.
    """
    if not isinstance(reference, dict):
        return
    named = text(reference, "reference")
    if named.startswith("#"):
        yield from _contained(named[1:], types, within)
    else:
        kind, _, id_ = named.partition("/")
        id_ = id_.partition("/_history/")[0]
        if kind in types and id_ and "/" not in id_ and len(id_) <= _LONGEST:
            yield f"{kind}/{id_}"
    yield from _identified(reference.get("identifier"))


def _identified(identifier: Any) -> Iterator[str]:
    system, value = text(identifier, "system"), text(identifier, "value")
    if system == ODS_ORGANISATION:
        code = OdsCode.read(value)
        if code is not None:
            yield f"ods:{code}"
    elif system == USER and value.strip("|"):
        yield f"user:{value}"


def _contained(id_: str, types: frozenset[str], within: Any) -> Iterator[str]:
    for each in dicts(within, "contained"):
        if id_ and text(each, "id") == id_ and each.get("resourceType") in types:
            for identifier in dicts(each, "identifier"):
                yield from _identified(identifier)
            if each.get("resourceType") == "PractitionerRole":
                for part in ("practitioner", "organization"):
                    yield from codes(each.get(part), types)


def coded(concept: Any, system: str, code: str) -> bool:
    """Whether a CodeableConcept has this coding."""
    return any(text(each, "system") == system and text(each, "code") == code for each in dicts(concept, "coding"))
