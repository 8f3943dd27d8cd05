"""Consents as access rows: given, refused, by label; who may act for the person; a declared emergency (R4 Consent, IHE PCF).

A provision is read with the provisions around it: what it leaves open they say. It *gives* only where all of it is understood, as
long as those around it hold: with labels alone, what bears these; with anything else that narrows it, nothing. It *refuses* as
soon as it could, whether those around it still hold or not: with labels alone, what bears these; for purposes other than care,
these purposes; else the whole.
A Consent that cannot be read gives nothing, and refuses where it says deny.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from interop.fhir.rows import EARLIEST
from interop.fhir.shapes import dicts, text
from interop.policy.grants import ALWAYS, BREAK_GLASS, CONSENT, HOUR, PROXY, Grant, Span, coded, codes, moment, period
from interop.policy.relationships import CATEGORY
from interop.policy.tables import tables

SCOPE: Final = ("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy")
KIND: Final = "http://loinc.org", "59284-0"
"""The category of a consent of the person's own (IHE PCF)."""
KINDS: Final = (KIND, ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "INFA"))
EMERGENCY: Final = "break-glass"
PURPOSES: Final = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
BREAKING: Final = "BTG"
CARING: Final = frozenset(("TREAT", "CAREMGT", "COC"))
"""Purposes by which a permit gives."""
WIDE: Final = CARING | {"PurposeOfUse", ""}
"""Purposes that care may come under, by which a refusal refuses the whole; '' is one of another system."""
LONGEST: Final = 24 * HOUR
"""Of a declared emergency."""
DEEP: Final = 16
"""Provisions within provisions that are read; what lies deeper refuses the whole if it refuses anything."""
NARROWING: Final = ("action", "class", "code", "data", "dataPeriod")


class Around(NamedTuple):
    """What the provisions around one say."""

    span: Span
    labels: tuple[str, ...]
    purposes: tuple[str, ...]
    actors: bool
    narrowed: bool


def consent(resource: dict[str, Any], declared: bool) -> Iterator[Grant]:
    """What a Consent in force comes to; ``declared`` as in ``access_rows``."""
    if resource.get("status") != "active" or not coded(resource.get("scope"), *SCOPE):
        return
    provision = resource.get("provision")
    if _is(resource, (CATEGORY, EMERGENCY)):
        if declared:
            yield from _emergency(resource, provision)
        return
    said = moment(resource, "dateTime")
    since = EARLIEST if said is None else said.low
    theirs = any(_is(resource, kind) for kind in KINDS) and said is not None
    for grant in _provisions(resource, provision, Around(ALWAYS, (), (), False, False), DEEP):
        refuses = grant.code.startswith("refused")
        if refuses:
            yield grant
        elif theirs:
            yield grant._replace(low=max(grant.low, since))


def labels_named(resource: dict[str, Any]) -> list[tuple[str, str]]:
    """System and code, as the table has them, of the labels that provisions name and ``meta.security`` does not."""
    found: dict[tuple[str, str], None] = {}
    waiting = [resource.get("provision")]
    while waiting:
        each = waiting.pop()
        found.update(dict.fromkeys(_pair(label) for label in dicts(each, "securityLabel") if text(label, "code")))
        waiting += dicts(each, "provision")
    borne = {_pair(label) for label in dicts(resource.get("meta"), "security")}
    return [pair for pair in found if pair not in borne]


def _pair(coding: dict[str, Any]) -> tuple[str, str]:
    pair = text(coding, "system"), text(coding, "code")
    label = tables().known.get(pair)
    return label.pair if label is not None else pair


def _is(resource: dict[str, Any], kind: tuple[str, str]) -> bool:
    return any(coded(each, *kind) for each in dicts(resource, "category"))


def _emergency(resource: dict[str, Any], provision: Any) -> Iterator[Grant]:
    """Only users, only between two times that are told, never for longer than ``LONGEST``."""
    span = period(provision)
    if not isinstance(provision, dict) or provision.get("type") != "permit" or BREAKING not in _purposes(provision):
        return
    if span.low > EARLIEST:
        until = min(span.high, span.low + LONGEST)
        for code in _actors(resource, provision):
            if code.startswith("user:"):
                yield Grant(BREAK_GLASS, code, span.low, until)


def _provisions(resource: dict[str, Any], provision: Any, around: Around, depth: int) -> Iterator[Grant]:
    if not isinstance(provision, dict):
        return
    refuses = provision.get("type") == "deny"
    here = _here(provision, around, refuses)
    if refuses:
        yield from _refused(here)
    elif provision.get("type") == "permit":
        yield from _given(resource, provision, here)
    for each in dicts(provision, "provision"):
        if depth:
            yield from _provisions(resource, each, here, depth - 1)
        elif _denies(each):
            yield Grant(CONSENT, "refused", *ALWAYS)


def _here(provision: dict[str, Any], around: Around, refuses: bool) -> Around:
    span = period(provision, unclear=ALWAYS) if refuses else around.span.within(period(provision))
    labels, purposes = _labels(provision), _purposes(provision)
    unclear = ("securityLabel" in provision and not labels) or ("purpose" in provision and not purposes)
    beyond = bool(around.labels and {*labels} - {*around.labels}) or bool(around.purposes and {*purposes} - {*around.purposes})
    return Around(
        span,
        labels or around.labels,
        purposes or around.purposes,
        around.actors or "actor" in provision,
        around.narrowed or unclear or beyond or any(name in provision and not _wide(name, provision[name]) for name in NARROWING),
    )


def _wide(name: str, value: Any) -> bool:
    """Whether it narrows nothing: an action that is to read."""
    actions = "http://terminology.hl7.org/CodeSystem/consentaction"
    concepts = value if name == "action" and isinstance(value, list) else []
    return any(coded(each, actions, code) for each in concepts for code in ("access", "disclose", "use"))


def _given(resource: dict[str, Any], provision: dict[str, Any], here: Around) -> Iterator[Grant]:
    for code in _actors(resource, provision):
        if code.startswith(("RelatedPerson/", "user:")):
            yield Grant(PROXY, code, *here.span)
    if here.actors or here.narrowed or (here.purposes and not CARING.intersection(here.purposes)):
        return
    for label in here.labels:
        yield Grant(CONSENT, f"given:{label}", *here.span)
    if not here.labels:
        yield Grant(CONSENT, "given", *here.span)


def _refused(here: Around) -> Iterator[Grant]:
    if here.purposes and not WIDE.intersection(here.purposes):
        for purpose in here.purposes:
            yield Grant(CONSENT, f"refused:{purpose}", *here.span)
    elif here.labels:
        for label in here.labels:
            yield Grant(CONSENT, f"refused:{label}", *here.span)
    else:
        yield Grant(CONSENT, "refused", *here.span)


def _labels(provision: dict[str, Any]) -> tuple[str, ...]:
    """Names of labels as labels.csv has them for consents, else their codes. One without a code counts as none at all: what it was
    meant to narrow is not known."""
    found = dicts(provision, "securityLabel")
    return tuple(_name(each) for each in found) if all(text(each, "code") for each in found) else ()


def _name(coding: dict[str, Any]) -> str:
    label = tables().known.get((text(coding, "system"), text(coding, "code")))
    return label.consent if label is not None and label.consent else text(coding, "code")


def _purposes(provision: dict[str, Any]) -> tuple[str, ...]:
    """Codes of v3-ActReason; what is of another system is '' and no purpose that care comes under."""
    return tuple(text(each, "code") if text(each, "system") == PURPOSES else "" for each in dicts(provision, "purpose"))


def _actors(resource: dict[str, Any], provision: dict[str, Any]) -> Iterator[str]:
    for actor in dicts(provision, "actor"):
        yield from codes(actor.get("reference"), frozenset(("RelatedPerson",)), resource)


def _denies(provision: dict[str, Any]) -> bool:
    """Whether anything in a provision refuses."""
    waiting = [provision]
    while waiting:
        each = waiting.pop()
        if each.get("type") == "deny":
            return True
        waiting += dicts(each, "provision")
    return False
