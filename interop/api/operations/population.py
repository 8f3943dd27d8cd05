"""``$population``: the people of a practice who rank highest, by pseudonym and with coarse facts, for analysts.

An answer is a Parameters resource: a List or Group is made of references, and a MeasureReport of counts or of references to
subjects; here nothing may lead to anybody. What is told is made common among the ``MOST`` who rank highest, however many rows
are asked for: a longer list tells no more of the rows of a shorter one. Age and attendances are those of the first of the month:
nobody's birthday or visit changes a list within it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

import orjson

from interop.api.asgi import Response
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, Said, as_parameters, parts, resource
from interop.api.operations.practice import CHUNK, PATIENT, measure, practice, purpose, registered, unnoted
from interop.errors import Problem
from interop.fhir.shapes import Json, text
from interop.mapping.places import mappings_root
from interop.policy.decide import ANALYTICS, rules
from interop.population.cells import FEWEST, Cell, Known, cells, strata
from interop.population.facts import Risk, age, assessed, dead, facts, risk
from interop.population.pseudonyms import beginning, period_of
from interop.store.decision import Decision
from interop.store.plan import Compartment, Persons, Search
from interop.store.values import Stored
from interop.store.where import Person, Sources
from interop.worklists.codes import CodeSet, sets_of

NAME: Final = "$population"
SET: Final = "long-term-conditions"
ROWS: Final = 100
MOST: Final = 500
PAGE: Final = 1_000
TOGETHER: Final = 200
"""Patients whose assessments are asked for at once."""
RESOURCES: Final = 20_000
"""Of one person, or assessments of ``TOGETHER``."""
ROUND: Final = 10
COUNTED: Final = ("CarePlan", "Condition", "Encounter", PATIENT)


@cache
def conditions() -> CodeSet:
    """The long-term conditions of ``mappings/worklists/codes.csv``; read once. Raises OSError, ValueError."""
    folder = mappings_root().joinpath("worklists")
    folder = folder if folder.is_dir() else files("mappings").joinpath("worklists")
    return sets_of(csv.DictReader(folder.joinpath("codes.csv").read_text("utf-8").splitlines(), strict=True))[SET]


class One(NamedTuple):
    """A person: the Patient of the practice whom the pseudonym is made of, age in years, sex."""

    patient: str
    age: int | None
    sex: str


class _People:
    """The people of a practice, by person; ``of``: every Patient of each."""

    def __init__(self) -> None:
        self.known: dict[str, One] = {}
        self.of: dict[str, str] = {}


async def population(asked: Asked) -> Response:
    """Parameters: the practice, the measure, the period of the pseudonyms, how many people there are (to the ten below), and of
    each ``row`` rank, pseudonym, the least risk of those beside it, and of age, sex, numbers of conditions and attendances and a
    plan what at least ``FEWEST`` share together; ``withheld`` names the rest. Rows of one risk stand in no order.

    Raises Problem ``forbidden``, ``bad-parameter``, ``too-costly``."""
    services, request = asked.services, asked.request
    decision = unnoted(services.decide(request, NAME))
    code, by, count = practice(asked), measure(asked), asked.inputs.number("_count") or ROWS
    if not FEWEST <= count <= MOST:
        raise BadInput("_count", "", f"a list has from {FEWEST} to {MOST} rows")
    now = services.clock.now()
    began, period = beginning(now), period_of(now)
    people = await _people(asked, decision, code, began) if _shared(asked, decision, code) else _People()
    names = {key: services.pseudonyms.of(one.patient, code, purpose(by), period) for key, one in people.known.items()}
    risks = await _risks(asked, decision, people)
    ranked = sorted(risks, key=lambda key: (tuple(-each for each in risks[key].place), names[key]))
    known = await _known(asked, decision, people, ranked, began)
    rows: list[tuple[str, Risk, Cell]] = []
    for least, keys in strata({key: risks[key] for key in known}):
        told = cells({key: known[key] for key in keys})
        rows += ((key, least, told[key]) for key in sorted(keys, key=names.__getitem__))
    rows = rows[:count]
    request.account.patients.update((people.known[key].patient, None) for key, _, _ in rows)
    request.account.resources += len(rows)
    said: list[Said] = [
        ("organisation", "valueString", asked.inputs.text("organisation")),
        ("measure", "valueCode", by),
        ("period", "valueString", period),
        ("fewest", "valuePositiveInt", FEWEST),
        ("people", "valueUnsignedInt", len(people.known) // ROUND * ROUND),
    ]
    for rank, (key, least, cell) in enumerate(rows, 1):
        said.append(("row", "part", parts(*_row(rank, names[key], cell, least))))
    return resource(as_parameters(*said))


def _row(rank: int, pseudonym: str, cell: Cell, risk: Risk) -> list[Said]:
    withheld = cell.withheld if risk != Risk() else ("risk", *cell.withheld)
    return [
        ("rank", "valuePositiveInt", rank),
        ("pseudonym", "valueString", pseudonym),
        ("age", "valueString", cell.age),
        ("sex", "valueCode", cell.sex),
        ("risk", "valueDecimal", risk.score),
        ("risk-band", "valueCode", risk.band),
        ("conditions", "valueString", cell.conditions),
        ("attendances", "valueString", cell.attendances),
        ("plan", "valueBoolean", cell.plan),
        *(("withheld", "valueCode", name) for name in withheld),
    ]


async def _known(asked: Asked, decision: Decision, people: _People, ranked: list[str], at: int) -> dict[str, Known]:
    """What is known of the ``MOST`` who rank highest and live."""
    known: dict[str, Known] = {}
    for key in ranked if len(ranked) >= FEWEST else ():
        one = people.known[key]
        found = await _resources(asked, decision, one.patient)
        if not any(dead(each) for each in found if each["resourceType"] == PATIENT):
            known[key] = Known(one.age, one.sex, facts(found, conditions().groups, at))
        if len(known) == MOST:
            break
    return known


def _shared(asked: Asked, decision: Decision, code: str) -> bool:
    """Whether the practice itself has agreed: what others say of its people is not theirs alone to count."""
    services = asked.services
    if decision.predicate is None:
        return True
    by = rules(asked.request.asker, services.facts(), services.clock.now())
    agreed = by.agreed(ANALYTICS) if by is not None else None
    return isinstance(agreed, Sources) and code in agreed.names


async def _people(asked: Asked, decision: Decision, code: str, now: int) -> _People:
    people, chunk = _People(), list[tuple[str, Json]]()
    async for stored in registered(asked, decision, code):
        patient = orjson.loads(stored.body)
        if not dead(patient):
            chunk.append((stored.id, patient))
        if len(chunk) == CHUNK:
            await _persons(asked, people, chunk, now)
            chunk = []
    await _persons(asked, people, chunk, now)
    return people


async def _persons(asked: Asked, people: _People, chunk: Iterable[tuple[str, Json]], now: int) -> None:
    """Who is one person: told once, by the least of their ids here."""
    patients = dict(chunk)
    if not patients:
        return
    rows: list[tuple[str, str, Any]] = await asked.services.store.query(Persons(tuple(patients)))
    persons = {patient: person or patient for patient, person, _ in rows}
    people.of |= persons
    for id_, patient in patients.items():
        key = people.of.setdefault(id_, persons.get(id_, id_))
        before = people.known.get(key)
        if before is None or id_ < before.patient:
            people.known[key] = One(id_, age(patient, now), text(patient, "gender"))


async def _risks(asked: Asked, decision: Decision, people: _People) -> dict[str, Risk]:
    """The latest assessment of each person who has one."""
    patients = [one.patient for one in people.known.values()]
    latest: dict[str, tuple[tuple[int, tuple[float, int]], Risk]] = {}
    for place in range(0, len(patients), TOGETHER):
        some = tuple(patients[place : place + TOGETHER])
        after: tuple[Any, ...] | None = None
        for _ in range(0, RESOURCES, PAGE):
            plan = Search(decision, "RiskAssessment", Person("patient", some), (), PAGE, after)
            found: list[Stored] = await asked.services.store.query(plan)
            for stored in found[:PAGE]:
                _take(latest, people.of, stored)
            if len(found) <= PAGE:
                break
            after = (found[PAGE - 1].id,)
        else:
            raise Problem("too-costly")
    return {key: said for key, (_, said) in latest.items()}


def _take(latest: dict[str, tuple[tuple[int, tuple[float, int]], Risk]], of: Mapping[str, str], stored: Stored) -> None:
    key, assessment = of.get(stored.subject), orjson.loads(stored.body)
    said = risk(assessment)
    if key is None or said is None:
        return
    order = assessed(assessment), said.place
    if key not in latest or order > latest[key][0]:
        latest[key] = order, said


async def _resources(asked: Asked, decision: Decision, patient: str) -> list[Json]:
    """What of a person is counted."""
    made: list[Json] = []
    after: tuple[str, str] | None = None
    for _ in range(0, RESOURCES, PAGE):
        found: list[Stored] = await asked.services.store.query(Compartment(decision, patient, COUNTED, 0, PAGE, after))
        made += [orjson.loads(stored.body) for stored in found[:PAGE]]
        if len(found) <= PAGE:
            return made
        after = found[PAGE - 1].type, found[PAGE - 1].id
    raise Problem("too-costly")
