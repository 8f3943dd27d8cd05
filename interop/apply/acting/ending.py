"""Actions that end what was asked for: what it was about did not happen, or the person has died."""

from __future__ import annotations

from typing import Final

from interop.apply.acting.authored import ours
from interop.apply.acting.doing import Doing, Wanted
from interop.apply.acting.person import Resource, body, found
from interop.apply.drafts import OWNER
from interop.fhir.shapes import dicts, text
from interop.rules import making
from interop.rules.actions import CANCEL
from interop.rules.expressions import BEFORE, holds
from interop.rules.making import DONE_WITH, RULE, ended, ended_by_engine, on_hold
from interop.rules.tables import Rule, RuleTables
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Read
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import Tokens

NOT_SO, DIED = "not-so", "died"
"""Codes of why the engine has ended something."""
PATIENT: Final = "Patient"
MADE: Final = ("Task", "Communication", "ServiceRequest", "Flag")
CLOCKS: Final = "urn:interop:codes:clock"
"""The system of the code of a Task that is a clock: it has an outcome of its own."""


async def cancel(do: Doing) -> list[Wanted]:
    """End what the rules about an event have made of this resource, of a Patient whatever they have made of the person, as far as
    nobody has begun with it."""
    return await made_of(do.store, do.tables, do.rule.word, do.what.patient, (do.what.type, do.what.id))


async def made_of(store: Store, tables: RuleTables, event: str, patient: str, key: tuple[str, str]) -> list[Wanted]:
    """What an event of a resource has made, ended."""
    return _ended([(each, NOT_SO) for each in await of_event(store, tables, event, patient, key)])


async def of_event(store: Store, tables: RuleTables, event: str, patient: str, key: tuple[str, str]) -> list[Stored]:
    """What an event of a resource has made, whatever has become of it."""
    rules = tuple((RULE, rule.id) for rule in tables.rules if rule.event.id == event)
    named = "/".join(key)
    made = []
    for type_ in MADE if rules else ():
        for stored in await found(store, type_, patient, Tokens("_tag", rules)):
            resource = body(stored)
            about = (key[0] == PATIENT or named in making.made_of(resource)) and not _clock(resource)
            if about and await ours(store, type_, stored.id):
                made.append(stored)
    return made


async def withdrawn(store: Store, tables: RuleTables, rule: Rule, resource: Resource, now: int) -> bool:
    """Whether what a rule has made something of is gone, or is by now what an event says that takes it back."""
    cancels = [each.event for each in tables.rules if each.action == CANCEL and each.word == rule.event.id]
    for type_, _, id_ in (named.partition("/") for named in making.made_of(resource)):
        if type_ != rule.event.type or not id_:
            continue
        about: list[Stored] = await store.query(Read(PERMIT_ALL, type_, id_))
        if not about or about[0].deleted:
            return True
        said = body(about[0])
        if any(each.type == type_ and each.now is not None and holds(each.now, said, {BEFORE: None}, now) for each in cancels):
            return True
    return False


async def stop_reminders(do: Doing) -> list[Wanted]:
    """Nothing more is sent to the person, nor asked to be. What a feed says is asked for stays: it is the source's to end."""
    ending = []
    for type_ in ("Communication", "CommunicationRequest"):
        for stored in await found(do.store, type_, do.what.patient):
            to = {str(each.get("reference")) for each in dicts(body(stored), "recipient")}
            if stored.owner == OWNER and any(each.startswith("Patient/") for each in to):
                ending.append((stored, DIED))
    return _ended(ending)


async def resume_reminders(do: Doing) -> list[Wanted]:
    """What was stopped by a death that is none is on hold: its time may be over, and a person looks before it is sent."""
    stored = await stopped_reminders(do.store, do.what.patient)
    return [Wanted(each.type, each.id, on_hold(body(each)), each.version) for each in stored]


async def stopped_reminders(store: Store, patient: str) -> list[Stored]:
    """What was to be sent to a person and was stopped because they were said to have died."""
    stopped = []
    for type_ in ("Communication", "CommunicationRequest"):
        for stored in await found(store, type_, patient):
            resource = body(stored)
            why = {(text(each, "system"), text(each, "code")) for each in dicts(resource.get("statusReason"), "coding")}
            if (DONE_WITH, DIED) in why and ended_by_engine(resource):
                stopped.append(stored)
    return stopped


def _ended(ending: list[tuple[Stored, str]]) -> list[Wanted]:
    wanted = []
    for stored, why in ending:
        resource = ended(body(stored), why)
        if resource is not None:
            wanted.append(Wanted(stored.type, stored.id, resource, stored.version))
    return wanted


def _clock(resource: dict[str, object]) -> bool:
    return any(each.get("system") == CLOCKS for each in dicts(resource.get("code"), "coding"))
