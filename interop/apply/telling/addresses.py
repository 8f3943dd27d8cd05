"""Where somebody can be told: what the record says of their telephones and mailboxes, in the order in which they prefer them."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable
from typing import Any, Final, NamedTuple

from interop.apply.acting.person import ACTIVE, Resource, body, found
from interop.careplan.contact import CONTACT
from interop.fhir.shapes import dicts, text
from interop.notify.messages import EMAIL, PERSON, PROFESSIONAL, SMS
from interop.policy.grants import period
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Group, Read, Search, Several
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import Reference

REFUSED: Final = {"no-sms": SMS, "no-email": EMAIL}
"""The codes by which a Flag says that a person does not want to be told so."""
FIRST: Final = {"first-sms": SMS, "first-email": EMAIL}
"""The codes by which it says what they want to be tried first, whatever else the record says of that."""
PREFERENCE: Final = "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-ContactPreference"
METHOD: Final = "PreferredContactMethod"
BY: Final = {"4": EMAIL}
"""Of UK Core's preferred contact methods those that are a channel."""
NO_TELEPHONE: Final = "8"
MEDIUM: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationMode"
MEDIA: Final = {SMS: "SMSWRIT", EMAIL: "EMAILWRIT"}
"""The codes of Communication.medium."""
LAST: Final = 1_000_000
"""The rank of what has none: used after all that have."""
_MOBILE: Final = re.compile(r"(?:\+44|0044|0)7\d{9}")
_NUMBER: Final = re.compile(r"\+?\d{8,15}")
_MAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")


Vouched = Callable[[Stored], Awaitable[bool]]
"""Whether an address that an entry holds is of somebody who may see what is told."""


class Address(NamedTuple):
    """A telephone or a mailbox."""

    channel: str
    value: str


def audience(recipient: Resource) -> str:
    """Which words are for a recipient."""
    return PERSON if text(recipient, "reference").partition("/")[0] in ("Patient", "RelatedPerson") else PROFESSIONAL


async def addresses(store: Store, recipient: Resource, now: int, vouched: Vouched) -> list[Address]:
    """One of each channel at most, what they prefer first. A professional's own is theirs; that of a team, and of a role or an
    organisation by which they are reached, only where ``vouched``."""
    type_, _, id_ = text(recipient, "reference").partition("/")
    if type_ == "Patient":
        patients, flags = await said_of(store, id_)
        return of_person(patients, flags, now)
    for place, entry in enumerate(await _entries(store, type_, id_)):
        points = _points(dicts(body(entry), "telecom"), now, private=False)
        theirs = entry.type == "Practitioner" or (not place and type_ != "CareTeam")
        if points and (theirs or await vouched(entry)):
            return points
    return []


async def said_of(store: Store, patient: str) -> tuple[list[Resource], list[Resource]]:
    """The Patients of a person, by one of them, and the Flags about the person, whichever of the Patients they name."""
    group: list[str] = await store.query(Group(PERMIT_ALL, patient))
    keys = tuple(("Patient", each) for each in group)
    patients = [body(each) for each in await store.query(Several(PERMIT_ALL, keys)) if not each.deleted]
    return patients, [body(each) for each in await found(store, "Flag", patient)]


def of_person(patients: Collection[Resource], flags: Collection[Resource], now: int) -> list[Address]:
    """One of each channel at most that they do not refuse, what they prefer first. Pure."""
    chosen = {code for patient in patients for code in _methods(patient)}
    said = _said(flags, now)
    first = {FIRST[code] for code in said if code in FIRST} or {BY[code] for code in chosen if code in BY}
    no = refused(patients, flags, now)
    points = [each for each in private(patients, now) if each.channel not in no]
    return sorted(points, key=lambda each: each.channel not in first)


def private(patients: Iterable[Resource], now: int) -> list[Address]:
    """The telephone and the mailbox of a person, whether or not they want to be told so. Pure."""
    return _points([each for patient in patients for each in dicts(patient, "telecom")], now, private=True)


def refused(patients: Iterable[Resource], flags: Iterable[Resource], now: int) -> set[str]:
    """The channels by which the record says that a person does not want to be told. Pure."""
    no = {REFUSED[code] for code in _said(flags, now) if code in REFUSED}
    return no | ({SMS} if any(NO_TELEPHONE in _methods(patient) for patient in patients) else set())


def _said(flags: Iterable[Resource], now: int) -> set[str]:
    """The codes of CONTACT that are in force."""
    return {
        text(coding, "code")
        for flag in flags
        if text(flag, "status") == ACTIVE and period(flag).low <= now < period(flag).high
        for coding in dicts(flag.get("code"), "coding")
        if text(coding, "system") == CONTACT
    }


def _methods(patient: Resource) -> list[str]:
    said = [part for each in dicts(patient, "extension") if text(each, "url") == PREFERENCE for part in dicts(each, "extension")]
    concepts = [each.get("valueCodeableConcept") for each in said if text(each, "url") == METHOD]
    return [text(coding, "code") for concept in concepts for coding in dicts(concept, "coding")]


def _points(telecom: Iterable[Resource], now: int, *, private: bool) -> list[Address]:
    """The best of each channel: what is over is not used, nor is a professional's home."""
    best: dict[str, tuple[int, Address]] = {}
    for each in telecom:
        span = period(each)
        if text(each, "use") in ("old", *(() if private else ("home",))) or not span.low <= now < span.high:
            continue
        address = _address(each)
        rank: Any = each.get("rank")
        order = rank if isinstance(rank, int) and rank > 0 else LAST
        if address is not None and (address.channel not in best or order < best[address.channel][0]):
            best[address.channel] = order, address
    return [address for _, address in sorted(best.values(), key=lambda each: each[0])]


def _address(point: Resource) -> Address | None:
    system, value = text(point, "system"), text(point, "value").strip()
    if system == "email":
        return Address(EMAIL, value) if _MAIL.fullmatch(value) else None
    number = re.sub(r"[\s().-]", "", value)
    mobile = system == "sms" or (system == "phone" and (text(point, "use") == "mobile" or _MOBILE.fullmatch(number)))
    return Address(SMS, number) if mobile and _NUMBER.fullmatch(number) else None


async def _entries(store: Store, type: str, id: str) -> list[Stored]:
    """What may hold the address of a professional or a team, in order: themself, their roles, the organisation."""
    read: list[Stored] = await store.query(Read(PERMIT_ALL, type, id)) if id else []
    entries = [each for each in read if not each.deleted]
    if type == "Practitioner" and entries:
        where = Reference("practitioner", (f"Practitioner/{id}",))
        roles: list[Stored] = await store.query(Search(PERMIT_ALL, "PractitionerRole", where, count=20))
        entries += [one for one in roles if body(one).get("active") is not False]
    elif type == "PractitionerRole" and entries:
        role = body(entries[0])
        entries += await _whole(store, [role.get("practitioner"), role.get("organization")])
    elif type == "CareTeam" and entries:
        entries += await _whole(store, dicts(body(entries[0]), "managingOrganization"))
    return entries


async def _whole(store: Store, references: Iterable[Any]) -> list[Stored]:
    keys = [tuple(text(each, "reference").split("/")) for each in references]
    several = tuple((key[0], key[1]) for key in keys if len(key) == 2)
    return [each for each in await store.query(Several(PERMIT_ALL, several)) if not each.deleted] if several else []


def tried(communication: Resource) -> list[str]:
    """The channels by which it was sent, or could not be."""
    codes = [text(coding, "code") for each in dicts(communication, "medium") for coding in dicts(each, "coding")]
    return [channel for channel, code in MEDIA.items() if code in codes]


def topics(communication: Resource) -> list[str]:
    """What it is about, by the codes of its category."""
    return [text(coding, "code") for each in dicts(communication, "category") for coding in dicts(each, "coding")]
