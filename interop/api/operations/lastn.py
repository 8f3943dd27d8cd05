"""``Observation/$lastn`` (FHIR R4, Observation operation lastn): the latest observations of each kind."""

from __future__ import annotations

from typing import Any, Final

import orjson

from interop.api import links
from interop.api.asgi import Response
from interop.api.fhir.bundle import bundle, found
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.searching import Query, understand
from interop.api.searching.expanding import expanded
from interop.api.searching.standing import ground
from interop.errors import Problem
from interop.fhir.searching import normalise
from interop.fhir.shapes import Json, dicts, text
from interop.store.decision import Decision
from interop.store.plan import Group, Search
from interop.store.values import Stored

NAME: Final = "$lastn"
CHUNK: Final = 1000
MOST: Final = 20_000
"""Observations that are looked through."""
OF: Final = ("patient", "subject")


async def lastn(asked: Asked) -> Response:
    """A searchset, kind by kind, newest first. Raises Problem ``bad-parameter``, ``too-costly``."""
    most = asked.inputs.number("max")
    most = 1 if most is None else most
    if most < 1:
        raise BadInput("max", "", "a number above 0 is wanted")
    if not any(name.partition(":")[0].partition(".")[0] in OF for name, _ in asked.inputs.criteria):
        raise BadInput("patient", "", "say whose observations are wanted, by patient or subject")
    decision = asked.services.decide(asked.request, NAME, "Observation")
    base = links.base(asked.request, asked.services.base)
    query = await _criteria(asked, decision, base)
    kinds = Kinds(most)
    persons: dict[str, str] = {}
    after: tuple[Any, ...] | None = None
    for _ in range(0, MOST, CHUNK):
        plan = Search(decision, "Observation", query.where, (("date", True),), CHUNK, after)
        part: list[Stored] = await asked.services.store.query(plan)
        for stored in part[:CHUNK]:
            resource = orjson.loads(stored.body)
            subject = text(resource.get("subject"), "reference")
            if subject not in persons:
                persons[subject] = await _person(asked, decision, subject)
            kinds.add(stored, persons[subject], resource)
        if len(part) <= CHUNK:
            break
        after = (*part[CHUNK - 1].sort, part[CHUNK - 1].id)
    else:
        raise Problem("too-costly")
    kept = kinds.latest()
    address = links.root(asked.request, asked.services.base) + asked.request.path
    entries = [found(base, stored) for stored in kept]
    return Response(200, bundle("searchset", [("self", address + links.query(asked.inputs.pairs))], entries, len(kept)))


async def _criteria(asked: Asked, decision: Decision, base: str) -> Query:
    stands = ground(asked.services, base, asked.services.clock.now())
    criteria = asked.inputs.criteria
    return await expanded(
        asked.services, decision, stands, lambda known: understand(known, ("Observation",), criteria, strict=True)
    )


async def _person(asked: Asked, decision: Decision, subject: str) -> str:
    """One name for all Patients of a person."""
    kind, _, patient = subject.rpartition("/")
    if kind.rpartition("/")[2] != "Patient":
        return subject
    group: list[str] = await asked.services.store.query(Group(decision, patient))
    return min([patient, *group])


class Kinds:
    """Observations by person and kind: those that share a coding, translations included, are of one kind; without
    codings those of one text. They are added newest first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._up: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._added: list[tuple[tuple[str, ...], Stored]] = []

    def add(self, stored: Stored, person: str, resource: Json) -> None:
        """One more."""
        names = [(person, *name) for name in _names(resource, stored.id)]
        roots = [self._root(name) for name in names]
        for root in roots[1:]:
            if root != roots[0]:
                self._up[root] = roots[0]
        self._added.append((names[0], stored))

    def _root(self, name: tuple[str, ...]) -> tuple[str, ...]:
        while (above := self._up.get(name, name)) != name:
            name = above
        return name

    def latest(self) -> list[Stored]:
        """So many of each kind, kinds in the order of their latest."""
        by_kind: dict[tuple[str, ...], list[Stored]] = {}
        for name, stored in self._added:
            kind = by_kind.setdefault(self._root(name), [])
            if len(kind) < self._most:
                kind.append(stored)
        return [stored for kind in by_kind.values() for stored in kind]


def _names(resource: Json, id: str) -> list[tuple[str, ...]]:
    code = resource.get("code")
    names: list[tuple[str, ...]] = [
        ("coding", text(each, "system"), text(each, "code")) for each in dicts(code, "coding") if text(each, "code")
    ]
    if not names:
        names.append(("text", normalise(text(code, "text"))) if text(code, "text") else ("id", id))
    return names
