"""Who has to do with a person's care, and how long: registration, care team, referral, encounter, episode, appointment.

| resource | counts while | whom |
|---|---|---|
| Patient | not inactive | general practitioners; the managing organisation where it is the practice |
| CareTeam | active | participants, on whose behalf they are, managing organisations |
| ServiceRequest | active, and no proposal, plan or option | performers, requester |
| Encounter | arrived, triaged, in progress, on leave; finished | provider, participants |
| EpisodeOfCare | waitlist, active, on hold; finished | managing organisation, care manager |
| Appointment | booked, arrived, checked in, fulfilled | participants who have not declined |

A care team counts within its period and that of the participant, one that somebody claimed to be in for ``CLAIM`` at most; a
referral until ``REFERRAL`` after it was written or is to be done; encounter and episode from their start until ``GRACE`` after
their end; an appointment from ``BEFORE`` it until ``GRACE`` after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.shapes import dicts, text
from interop.policy.grants import ALWAYS, CARE, DAY, HIDDEN, HOUR, NEVER, Grant, Span, coded, codes, moment, period
from interop.policy.labels import hides_whereabouts

GRACE: Final = 72 * HOUR
"""After care has ended: letters are written, results come in, somebody is called back."""
BEFORE: Final = 14 * DAY
"""Before an appointment: it is prepared for."""
REFERRAL: Final = 548 * DAY
"""A referral that nobody has ended, nor done anything with for so long, is forgotten."""
CLAIM: Final = 90 * DAY
"""The longest that a relationship stands that somebody has claimed without anyone else saying so."""
CATEGORY: Final = "urn:interop:codes:access"
"""The code system of what resources are that declare access: ``self-claimed``, ``break-glass``, ``withdrawn``."""
SELF_CLAIMED: Final = "self-claimed"
REGISTRATION: Final = "RegistrationDetails-1"
"""How the addresses of the extensions end by which a practice tells of a registration."""

Relate = Callable[[dict[str, Any], bool], Iterator[Grant]]


def _patient(resource: dict[str, Any], declared: bool) -> Iterator[Grant]:
    if hides_whereabouts(resource):
        yield Grant(HIDDEN, "location", EARLIEST, LATEST)
    if resource.get("active") is not False:
        yield from _care(resource, dicts(resource, "generalPractitioner"), ALWAYS)
        if _registered(resource):
            yield from _care(resource, [resource.get("managingOrganization")], ALWAYS)


def _registered(resource: dict[str, Any]) -> bool:
    """Whether the organisation that keeps the Patient is the practice of the person. Of any other it tells that it once sent a
    message of the person, which is no relationship."""
    return any(text(each, "url").endswith(REGISTRATION) for each in dicts(resource, "extension"))


def _care_team(resource: dict[str, Any], declared: bool) -> Iterator[Grant]:
    if resource.get("status") != "active":
        return
    span = period(resource)
    if self_claimed(resource):
        span = Span(span.low, min(span.high, span.low + CLAIM)) if declared and span.low > EARLIEST else NEVER
    yield from _care(resource, dicts(resource, "managingOrganization"), span)
    for each in dicts(resource, "participant"):
        yield from _care(resource, [each.get("member"), each.get("onBehalfOf")], span.within(period(each)))


def self_claimed(resource: dict[str, Any]) -> bool:
    """Whether a resource says that somebody is in a care team who has only said so themself."""
    if resource.get("resourceType") != "CareTeam":
        return False
    return any(coded(each, CATEGORY, SELF_CLAIMED) for each in dicts(resource, "category"))


def _service_request(resource: dict[str, Any], declared: bool) -> Iterator[Grant]:
    if resource.get("status") != "active" or resource.get("intent") in ("proposal", "plan", "option"):
        return
    dated = [
        moment(resource, "authoredOn") if "authoredOn" in resource else None,
        moment(resource, "occurrenceDateTime") if "occurrenceDateTime" in resource else None,
        period(resource, "occurrencePeriod") if "occurrencePeriod" in resource else None,
    ]
    known = [min(each.high, LATEST - REFERRAL) for each in dated if each is not None]
    span = Span(EARLIEST, max(known) + REFERRAL) if known else ALWAYS
    yield from _care(resource, [*dicts(resource, "performer"), resource.get("requester")], span)


def _encounter(resource: dict[str, Any], declared: bool) -> Iterator[Grant]:
    span = _stay(resource, ("arrived", "triaged", "in-progress", "onleave"))
    yield from _care(resource, [resource.get("serviceProvider")], span)
    for each in dicts(resource, "participant"):
        yield from _care(resource, [each.get("individual")], span.within(_after(period(each))))


def _episode(resource: dict[str, Any], declared: bool) -> Iterator[Grant]:
    span = _stay(resource, ("waitlist", "active", "onhold"))
    yield from _care(resource, [resource.get("managingOrganization"), resource.get("careManager")], span)


def _stay(resource: dict[str, Any], current: tuple[str, ...]) -> Span:
    """How long an encounter or episode counts. One that has ended and does not say when, ended as it began."""
    status, said = resource.get("status"), period(resource)
    if status in current:
        return _after(said)
    if status != "finished" or said.low == EARLIEST:
        return NEVER
    if said.high == LATEST:
        began = moment(resource["period"], "start")
        said = Span(said.low, began.high) if began is not None else NEVER
    return _after(said)


def _after(span: Span) -> Span:
    if span.low >= span.high:
        return NEVER
    return span._replace(high=span.high + GRACE) if span.high < LATEST - GRACE else span


def _appointment(resource: dict[str, Any], declared: bool) -> Iterator[Grant]:
    start, end = moment(resource, "start"), moment(resource, "end")
    if resource.get("status") not in ("booked", "arrived", "checked-in", "fulfilled") or start in (None, ALWAYS) or end is None:
        return
    assert start is not None
    span = _after(Span(start.low - BEFORE, start.high if end == ALWAYS else end.high))
    for each in dicts(resource, "participant"):
        if each.get("status") != "declined":
            yield from _care(resource, [each.get("actor")], span)


def _care(resource: dict[str, Any], references: Iterable[Any], span: Span) -> Iterator[Grant]:
    for reference in references:
        for code in codes(reference, within=resource):
            yield Grant(CARE, code, *span)


RELATIONSHIPS: Final[Mapping[str, Relate]] = {
    "Patient": _patient,
    "CareTeam": _care_team,
    "ServiceRequest": _service_request,
    "Encounter": _encounter,
    "EpisodeOfCare": _episode,
    "Appointment": _appointment,
}
