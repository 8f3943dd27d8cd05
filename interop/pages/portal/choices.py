"""Choices about sharing: what is in force, in plain words, and what each means before it is made."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from interop.fhir.shapes import Json, dicts, text
from interop.ids.national import ODS_ORGANISATION
from interop.pages.portal.words import Topic, topics
from interop.policy import consents
from interop.policy.grants import CONSENT, PROXY, USER, Grant, coded
from interop.policy.relationships import CATEGORY
from interop.policy.said import TAKEN_BY, Reference, named
from interop.policy.tables import tables

GIVEN, REFUSED, WITHDRAWN = "given", "refused", "withdrawn"
SHARING, CARERS = "sharing", "carers"
"""Addresses of what is no label."""
NEVER: Final = 1 << 60
"""Microseconds; what holds until then has no end."""


@dataclass(frozen=True, slots=True)
class Said:
    """What is in force on a topic: ``state`` is ``given``, ``refused`` or '' = nothing was said; ``until`` in microseconds, 0 =
    for good."""

    topic: Topic
    state: str
    until: int = 0

    @property
    def address(self) -> str:
        return self.topic.name or SHARING


@dataclass(frozen=True, slots=True)
class Carer:
    """Who may act for the person. ``key`` is what ``named`` makes of the reference."""

    key: str
    reference: Reference
    until: str
    date: str


def in_force(found: Iterable[Json], now: int) -> list[Said]:
    """Of each topic what the Consents come to, by the policy's own reading of them; a refusal comes before what is given. Pure."""
    told: dict[str, list[tuple[Grant, Json]]] = {}
    for each in found:
        for grant in consents.consent(each, False):
            if grant.parameter == CONSENT and grant.low <= now < grant.high:
                told.setdefault(grant.code, []).append((grant, each))
    return [_said(topic, told) for topic in topics()]


def _said(topic: Topic, told: dict[str, list[tuple[Grant, Json]]]) -> Said:
    for state in (REFUSED, GIVEN):
        standing = told.get(f"{state}:{topic.name}" if topic.name else state, [])
        if standing:
            end = max(grant.high for grant, _ in standing)
            return Said(topic, state, end if end < NEVER else 0)
    return Said(topic, "")


def changed(found: Iterable[Json]) -> tuple[str, str]:
    """When the Consent that the engine keeps was last changed, whatever was decided, and by which organisation (its code), '' where
    the person did it themselves; '' where there is none. Pure."""
    latest = max((each for each in found if ours(each)), key=lambda each: text(each, "dateTime"), default={})
    codes = [
        text(each.get("identifier"), "value")
        for each in dicts(latest, "organization")
        if text(each.get("identifier"), "system") == ODS_ORGANISATION
    ]
    return text(latest, "dateTime"), next(iter(codes), "")


def ours(consent: Json) -> bool:
    """Whether it is the one that the engine keeps."""
    return any(text(each, "url") == TAKEN_BY for each in dicts(consent, "extension"))


def others(found: Iterable[Json]) -> list[Json]:
    """Consents in force that others have recorded, of sharing."""
    return [
        each
        for each in found
        if text(each, "status") == "active"
        and not ours(each)
        and coded(each.get("scope"), *consents.SCOPE)
        and not any(coded(one, CATEGORY, consents.EMERGENCY) for one in dicts(each, "category"))
    ]


def carers(found: Iterable[Json], now: int) -> list[Carer]:
    """Who may act for the person now. Pure."""
    listed = {}
    for consent in found:
        holding = {
            grant.code for grant in consents.consent(consent, False) if grant.parameter == PROXY and grant.low <= now < grant.high
        }
        for each in _provisions(consent.get("provision")):
            for actor in dicts(each, "actor"):
                reference = actor.get("reference")
                if isinstance(reference, dict) and _code(reference) in holding:
                    until = text(each.get("period"), "end")
                    listed[named(reference)] = Carer(named(reference), reference, until, text(consent, "dateTime"))
    return list(listed.values())


def _provisions(root: Any) -> Iterable[Json]:
    waiting = [root]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += dicts(each, "provision")


def _code(reference: Reference) -> str:
    identifier = reference.get("identifier")
    user = text(identifier, "value") if text(identifier, "system") == USER else ""
    return f"user:{user}" if user else text(reference, "reference")


def unasked(name: str) -> list[str]:
    """Roles that see what bears the label without being told that they may, as long as the person does not refuse."""
    return [role.name for role in tables().roles.values() if name in role.clearances and not role.all]
