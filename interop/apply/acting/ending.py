"""Actions that end what was asked for: what it was about did not happen, or the person has died."""

from __future__ import annotations

from typing import Final

from interop.apply.acting.doing import Doing, Wanted
from interop.apply.acting.person import body, found
from interop.apply.drafts import OWNER
from interop.fhir.shapes import dicts
from interop.rules.making import RULE, ended
from interop.store.values import Stored
from interop.store.where import Tokens

NOT_SO, DIED = "not-so", "died"
"""Codes of why the engine has ended something."""
MADE: Final = ("Task", "Communication", "ServiceRequest", "Flag")
CLOCKS: Final = "urn:interop:codes:clock"
"""The system of the code of a Task that is a clock: it has an outcome of its own."""


async def cancel(do: Doing) -> list[Wanted]:
    """End what the rules about an event have made of this resource, as far as nobody has begun with it."""
    rules = tuple((RULE, rule.id) for rule in do.tables.rules if rule.event.id == do.rule.word)
    ending = []
    for type_ in MADE if rules else ():
        for stored in await found(do.store, type_, do.what.patient, Tokens("_tag", rules)):
            resource = body(stored)
            about = [
                resource.get("focus"),
                resource.get("encounter"),
                *dicts(resource, "about"),
                *dicts(resource, "supportingInfo"),
            ]
            if do.what.reference in about and not _clock(resource):
                ending.append((stored, NOT_SO))
    return _ended(ending)


async def stop_reminders(do: Doing) -> list[Wanted]:
    """Nothing more is sent to the person, nor asked to be. What a feed says is asked for stays: it is the source's to end."""
    ending = []
    for type_ in ("Communication", "CommunicationRequest"):
        for stored in await found(do.store, type_, do.what.patient):
            to = {str(each.get("reference")) for each in dicts(body(stored), "recipient")}
            if stored.owner == OWNER and any(each.startswith("Patient/") for each in to):
                ending.append((stored, DIED))
    return _ended(ending)


def _ended(ending: list[tuple[Stored, str]]) -> list[Wanted]:
    wanted = []
    for stored, why in ending:
        resource = ended(body(stored), why)
        if resource is not None:
            wanted.append(Wanted(stored.type, stored.id, resource, stored.version))
    return wanted


def _clock(resource: dict[str, object]) -> bool:
    return any(each.get("system") == CLOCKS for each in dicts(resource.get("code"), "coding"))
