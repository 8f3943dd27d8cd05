"""The plan of a person as who asks may see it: what is read for it, its fold, and the tag of its state."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Final, NamedTuple

import orjson

from interop.api.absences import health
from interop.api.fhir.included import referenced
from interop.api.operations.bundles import CHUNK
from interop.api.operations.everything import MOST
from interop.api.operations.steps import steps_named, steps_of
from interop.api.services import Services
from interop.careplan.conditions import ROOTS
from interop.careplan.folding import folded
from interop.careplan.plan import Given, Health, Line, Plan
from interop.careplan.reading import read_plan
from interop.careplan.tables import PlanTables
from interop.errors import Problem
from interop.mapping.places import mappings_root
from interop.store.decision import Decision
from interop.store.plan import Compartment
from interop.store.values import Stored

NAMING: Final = ("CareTeam", "CarePlan", "EpisodeOfCare", "Goal", "Patient")
"""Types that say by references alone what stands under a heading."""
SPARSE: Final = "Observation"
"""A type of which most are no part of a plan."""
_NAMED: Final = re.compile(rb'"reference":"(?:[^"\\]*/)?Observation/([A-Za-z0-9\-.]{1,64})')
Key = tuple[str, str]


class Planned(NamedTuple):
    """The fold, what is about the person by type and id, who and what that names, and the tag of the plan's state: the same while
    no version of what contributes to it has changed, for whoever may see the same."""

    plan: Plan
    stored: dict[Key, Stored]
    along: list[Stored]
    tag: str


@cache
def plan_tables() -> PlanTables:
    """The tables of ``mappings/careplan``, the packaged ones where a directory of tables has none; read once. Raises
    PlanRefused, OSError."""
    folder = mappings_root().joinpath("careplan")
    folder = folder if folder.is_dir() else files("mappings").joinpath("careplan")
    return read_plan(lambda name: folder.joinpath(f"{name}.csv").read_text("utf-8").splitlines())


@cache
def heading_types() -> dict[str, frozenset[str]]:
    """The types that each heading is made of."""
    tables = plan_tables()
    made: dict[str, set[str]] = {name: set() for name in tables.headings}
    for type_, rows in tables.content.items():
        for row in rows:
            made[row.heading].add(type_)
    return {name: frozenset(types) for name, types in made.items()}


async def planned(services: Services, decision: Decision, patient: str) -> Planned:
    """The plan of a person, linked Patients included. Raises Problem ``too-costly``."""
    tables, now = plan_tables(), services.clock.now()
    stored = telling(await compartment_of(services, decision, patient, tables.types))
    steps = await steps_of(services, decision, patient, stored)
    given = [_given(each) for each in (*stored, *steps)]
    wanted = set(_contributing(folded(given, tables, now))) | {(each.type, each.id) for each in stored if each.type in NAMING}
    along = await _along(services, decision, [*steps, *(each for each in stored if (each.type, each.id) in wanted)])
    states = {each.feed: Health(each.state, each.since) for each in await health(services) if each.state != "well"}
    plan = folded([*given, *map(_given, along)], tables, now, states)
    known = {(each.type, each.id): each for each in (*stored, *steps)}
    contributing = _contributing(plan)
    named = [key for key in steps_named((*stored, *steps)) if key in known and key not in contributing]
    tag = _tag(known[key] for key in sorted((*contributing, *named)))
    return Planned(plan, known, [*(known[key] for key in named), *along], tag)


async def compartment_of(services: Services, decision: Decision, patient: str, types: tuple[str, ...]) -> list[Stored]:
    """All of these types that is about a person, linked Patients included. Raises Problem ``too-costly``."""
    found: list[Stored] = []
    after: Key | None = None
    while True:
        part: list[Stored] = await services.store.query(Compartment(decision, patient, types, 0, CHUNK, after))
        found += part
        if len(part) < CHUNK:
            return found
        if len(found) > MOST:
            raise Problem("too-costly")
        after = part[-1].type, part[-1].id


def telling(stored: list[Stored]) -> list[Stored]:
    """Without the Observations that no row of the tables places and nothing else refers to: most people's are readings and
    results, thousands of them, and none need be parsed."""
    coded = _coded()
    kept = [each for each in stored if each.type != SPARSE or coded.search(each.body)]
    named = {found[1] for each in kept for found in _NAMED.finditer(each.body)}
    return [each for each in stored if each.type != SPARSE or each.id.encode() in named or coded.search(each.body)]


@cache
def _coded() -> re.Pattern[bytes]:
    """A code of the tables, as it stands in a body, or a code that may be words."""
    tables = plan_tables()
    codes = {code for known in tables.sets.values() for _, code in known}
    return coded_or_worded(codes, tables.displays.values())


def coded_or_worded(codes: Iterable[str], words: Iterable[str]) -> re.Pattern[bytes]:
    """Finds any of these codes in a body, or what may be called so without one."""
    called = "|".join(r"\s+".join(map(re.escape, each.split())) for each in sorted(set(words)))
    roots = "|".join(ROOTS)
    known = "|".join(map(re.escape, sorted(set(codes))))
    found = rf'"code":\{{"(?!coding")|"(?:text|display)":"(?:\s*(?i:{called})\s*"|[^"]*(?i:{roots}))|"(?:{known})"'
    return re.compile(found.encode("utf-8"))


async def _along(services: Services, decision: Decision, telling: list[Stored]) -> list[Stored]:
    """Who and where is named, and who holds the roles that are: nothing that says anything of anybody's plan."""
    own = plan_tables().types
    first = [each for each in await referenced(services, decision, telling) if each.type not in own]
    second = await referenced(services, decision, [each for each in first if each.type == "PractitionerRole"])
    return list({(each.type, each.id): each for each in (*first, *second)}.values())


def _given(stored: Stored) -> Given:
    return Given(orjson.loads(stored.body), stored.version, stored.source, stored.updated, stored.owner)


def _contributing(plan: Plan) -> list[Key]:
    """What says anything of it, each once, in order."""
    lines: Iterable[Line] = (line for section in plan.sections for line in (*section.lines, *section.history))
    said = {(origin.type, origin.id) for line in lines for origin in line.origins}
    return sorted(said | {(each.origin.type, each.origin.id) for each in plan.contributions})


def _tag(contributing: Iterable[Stored]) -> str:
    said = "\n".join(f"{each.type}/{each.id}/{each.version}" for each in contributing)
    return blake2b(said.encode("ascii"), digest_size=12).hexdigest()
