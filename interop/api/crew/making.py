"""A crew card is made: what the asker may see of the person is read, folded, and written; and what it depends on is found out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import chain
from typing import Final, NamedTuple

import orjson

from interop.api.absences import Told, passes
from interop.api.crew.holding import Held
from interop.api.fhir.read import present
from interop.api.operations.planning import plan_tables
from interop.api.operations.steps import steps_named, steps_of
from interop.api.reading import others
from interop.api.services import Services
from interop.careplan.card import card
from interop.careplan.conditions import ROOTS
from interop.careplan.crew.allergies import ALLERGIES
from interop.careplan.crew.known import Absent, Known
from interop.careplan.crew.sections import PATIENT, CardTables
from interop.careplan.crew.who import LONDON, Number
from interop.careplan.folding import folded
from interop.careplan.plan import Given, Health, Json
from interop.clock import MICROSECONDS, instant
from interop.fhir.searching import interval
from interop.fhir.shapes import dicts, text
from interop.formats.json import load_json
from interop.identity.known import is_withdrawn, stated
from interop.identity.sources import verified
from interop.ids import NHS_NUMBER, ODS_ORGANISATION, NhsNumber, Standing
from interop.policy.absence import Absence
from interop.policy.grants import BREAK_GLASS
from interop.store.decision import PERMIT_ALL, Account, Decision
from interop.store.plan import Access, Coded, Compartment, Persons, Several
from interop.store.values import Stored

STRANGERS: Final = 50
"""Patients besides whom the resources of a person name: of whom more are nothing is kept."""
CHUNK: Final = 1_000
"""Resources that are read at a time."""
HEAVY: Final = frozenset(("Condition", "List", "Observation", "Procedure", "ServiceRequest"))
"""Types of which a person may have thousands: only those are read whose code a row of the tables names."""
BESIDE: Final = ("Organization", "Practitioner", "PractitionerRole", "Medication", "Location", "HealthcareService")
"""Types that are read where the person's resources refer to them: by what they are called. They are about nobody."""
_BESIDE: Final = re.compile(rb'"reference":"(%s)/([A-Za-z0-9\-.]{1,64})[/"]' % "|".join(BESIDE).encode())
_DATE: Final = re.compile(rb'"(\d{4}(?:-\d\d(?:-\d\d(?:T[0-9:.+Z-]{1,30})?)?)?)"')
_FRACTION: Final = re.compile(rb'(?:":|[\[,])-?\d+[.eE]')
_STATED: Final = {"v": "verified", "n": "not-verified", "": "not-stated"}
Key = tuple[str, str]


@cache
def card_tables() -> CardTables:
    """The tables by which cards are made; read once. Raises PlanRefused, OSError."""
    return CardTables.of(plan_tables())


@dataclass(slots=True)
class _Read:
    """What was read: resources of the person, the same with those that may not be seen, what they refer to, and the keys of that,
    there or not."""

    about: list[Stored]
    whole: list[Stored]
    beside: list[Stored]
    asked: list[Key]


async def made(services: Services, told: Told, decision: Decision, patient: str, unseen: frozenset[str]) -> Held:
    """The card of a person. ``decision`` is that of the request, ``told`` what is said of sources, ``unseen`` the types that the
    asker is given nothing of. It ``depends`` on nothing where it may not be kept.

    Raises Problem ``not-found``, ``gone`` where there is nobody whom the asker may see."""
    now = services.clock.now()
    account = Account()
    read = await _read(services, replace(decision, account=account), patient)
    if not any(each.type == PATIENT and each.id == patient for each in read.about):
        await present(services, decision, PATIENT, patient)
    absent = told.absent(await passes(services, told, (patient,), read.about))
    stored = [*read.about, *read.beside]
    given = [Given(_json(each.body), each.version, each.source, each.updated) for each in stored]
    tables = card_tables()
    plan = folded(given, tables.plan, now, _health(absent))
    known = Known(
        patient,
        given,
        plan,
        tables,
        now,
        tuple(Absent(each.code, each.words, each.source, instant(each.since) if each.since else "") for each in absent),
        {
            at.id: numbers(services, at.owner.split(","), each.resource)
            for at, each in zip(stored, given, strict=True)
            if at.type == PATIENT
        },
        _names(services, given),
        unseen,
    )
    low = now - now % MICROSECONDS
    held = Held(card(known), low, low, tuple(account.patients), len(given))
    await _bound(services, held, patient, read, now)
    return held


async def _read(services: Services, decision: Decision, patient: str) -> _Read:
    """Under the decision of the asker, and what it is all of. That is found before it is asked which of it may be seen: a card
    depends on the whole, and what is found is little where the person's record is large."""
    found = await _found(services, patient)
    seen: list[Stored] = await services.store.query(Several(decision, tuple((each.type, each.id) for each in found)))
    seen.sort(key=lambda each: (each.type, each.id))
    about = seen + await steps_of(services, decision, patient, seen)
    whole = found + await steps_of(services, replace(PERMIT_ALL, account=None), patient, found)
    asked: dict[Key, None] = {}
    for each in about:
        for type_, id_ in _BESIDE.findall(each.body):
            asked[type_.decode("ascii"), id_.decode("ascii")] = None
    mint = services.mint
    for code in dict.fromkeys(code for each in about for code in each.source.split(",") if code):
        asked["Organization", mint.id("Organization", ODS_ORGANISATION, code)] = None
    beside: list[Stored] = await services.store.query(Several(decision, tuple(asked))) if asked else []
    further = dict.fromkeys(
        (type_.decode("ascii"), id_.decode("ascii"))
        for each in beside
        if each.type in ("PractitionerRole", "HealthcareService")
        for type_, id_ in _BESIDE.findall(each.body)
    )
    if further := {key: None for key in further if key not in asked}:
        beside += await services.store.query(Several(decision, tuple(further)))
    return _Read(about, whole, beside, [*asked, *further, *steps_named(about)])


async def _found(services: Services, patient: str) -> list[Stored]:
    """All of the person that a card may be made of, whoever may see it, but for what CarePlans refer to; by type then id."""
    wanted, nothing_held = _wanted(), replace(PERMIT_ALL, account=None)
    light = await _paged(services, Compartment(nothing_held, patient, wanted.light, count=CHUNK))
    heavy = await _paged(services, Coded(nothing_held, patient, wanted.heavy, wanted.codes, wanted.words, ROOTS, CHUNK))
    return sorted(light + heavy, key=lambda each: (each.type, each.id))


async def _paged(services: Services, plan: Compartment | Coded) -> list[Stored]:
    """All pages."""
    found: list[Stored] = []
    while True:
        part: list[Stored] = await services.store.query(plan)
        found += part
        if len(part) < plan.count:
            return found
        plan = replace(plan, after=(part[-1].type, part[-1].id))


class _Wanted(NamedTuple):
    """Types of which all is read (``light``), those of which that is read alone which has one of the codes or is called by one of
    the words (``heavy``, each with the parameter of its codes)."""

    light: tuple[str, ...]
    heavy: tuple[tuple[str, str], ...]
    codes: tuple[Key, ...]
    words: tuple[str, ...]


@cache
def _wanted() -> _Wanted:
    tables = card_tables()
    heavy = HEAVY & tables.types
    words: set[str] = set()
    codes = {(system, code) for code in ALLERGIES for system in ("http://snomed.info/sct", "http://loinc.org")}
    for type_ in heavy:
        for row in tables.rows(type_):
            named = [each for each in row.when.conditions if each.path.text == "code" and each.how == "in"]
            if not named or row.each.text not in ("", "component"):  # it is not by its code that the row knows it
                heavy = heavy - {type_}
                break
            codes |= {code for each in named for code in each.codes}
            words |= {word for each in named for word in each.words}
    by = tuple((type_, "combo-code" if type_ == "Observation" else "code") for type_ in sorted(heavy))
    return _Wanted(tuple(sorted(tables.types - heavy)), by, tuple(sorted(codes)), tuple(sorted(words)))


async def _bound(services: Services, held: Held, patient: str, read: _Read, now: int) -> None:
    """Find out until when a card counts and what it depends on; nothing where that is not known in full."""
    members = {patient: patient} | {each: person for each, person, _ in await services.store.query(Persons((patient,)))}
    own = frozenset(members)
    strangers = {named for each in read.whole for named in others(each)} - members.keys()
    if len(strangers) > STRANGERS:
        return
    if strangers:  # who may see what names them too depends on them as well
        groups = await services.store.query(Persons(tuple(sorted(strangers))))
        members |= {each: each for each in strangers} | {each: person for each, person, _ in groups}
    rows = await services.store.query(Access(tuple(members), ()))
    held.declared = tuple((row[2], row[3], row[4]) for row in rows if row[1] == BREAK_GLASS and row[0] in own)
    times = [time for row in rows for time in (row[3], row[4])]
    for each in chain(read.about, read.beside):
        for found in _DATE.findall(each.body):
            times += interval(found.decode("ascii")) or ()
    until = min([_midnight(now), *(time for time in times if time > now)])
    held.until = until - until % MICROSECONDS
    depends = {f"{each.type}/{each.id}" for each in read.about} | {f"{type_}/{id_}" for type_, id_ in read.asked}
    depends |= {f"{row[5]}/{row[6]}" for row in rows} | {f"Patient/{each}" for each in members}
    depends |= {f"person {person}" for person in members.values()}
    held.depends = frozenset(depends)


def _midnight(now: int) -> int:
    """When the next day begins in England or in UTC: ages are told in years."""
    today = datetime.fromtimestamp(now // MICROSECONDS, UTC)
    starts = []
    for zone in (UTC, LONDON):
        here = today.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=1)
        starts.append(int(here.replace(tzinfo=zone).timestamp()) * MICROSECONDS)
    return min(starts)


def _json(body: bytes) -> Json:
    """A resource; numbers with a fraction as they were written."""
    read: Json = load_json(body, values=None) if _FRACTION.search(body) else orjson.loads(body)
    return read


def _health(absent: Iterable[Absence]) -> dict[str, Health]:
    """How sources stand that are not well."""
    return {each.source: Health(each.code, each.since) for each in absent if each.code in ("down", "stale", "incomplete")}


def _names(services: Services, given: Sequence[Given]) -> dict[str, str]:
    """What the record calls the organisations that resources come from."""
    organisations = [each.resource for each in given if text(each.resource, "resourceType") == "Organization"]
    known = {text(each, "id"): text(each, "name") for each in organisations}
    codes = dict.fromkeys(code for each in given for code in each.source.split(",") if code)
    named = {code: known.get(services.mint.id("Organization", ODS_ORGANISATION, code), "") for code in codes}
    return {code: name for code, name in named.items() if name}


def numbers(services: Services, feeds: list[str], resource: Json) -> tuple[Number, ...]:
    """The NHS numbers of a Patient that nobody has withdrawn, and how each stands; ``feeds`` are those by which it came."""
    found = []
    for each in dicts(resource, "identifier"):
        read = NhsNumber.read(text(each, "value")) if text(each, "system") == NHS_NUMBER and not is_withdrawn(each) else None
        if read is None:
            continue
        test = read.standing is Standing.TEST
        if read.standing is Standing.USABLE or (test and services.test_numbers):
            said = stated(each) or ("v" if verified(services.feeds, feeds) else "")
            found.append(Number(str(read), _STATED[said], test))
        else:
            found.append(Number(str(read), "test" if test else "invalid"))
    return tuple(found)
