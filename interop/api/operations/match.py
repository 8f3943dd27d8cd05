"""``Patient/$match`` (FHIR R4, Patient operation match): who this may be, most likely first.

Candidates share an identifier, or two of family name, given name, date of birth and postcode; ``interop.identity.scoring`` grades
them.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from interop.api import links
from interop.api.asgi import Response
from interop.api.fhir.bundle import bundle, said
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.problems import outcome
from interop.fhir.shapes import text
from interop.identity.candidates import candidates
from interop.identity.scoring import Score, score
from interop.store.decision import Decision
from interop.store.plan import Group, Search
from interop.store.values import Stored

NAME: Final = "$match"
GRADE: Final = "http://hl7.org/fhir/StructureDefinition/match-grade"
CANDIDATES: Final = 100
"""Of each search."""
MOST: Final = 50
"""Matches that are given where no ``count`` is."""


async def match(asked: Asked) -> Response:
    """A searchset with score and grade of each entry; empty where nobody is like it."""
    patient = asked.inputs.object("resource") or {}
    if text(patient, "resourceType") != "Patient":
        raise BadInput("resource", "", "a Patient is wanted")
    count = asked.inputs.number("count")
    if count is not None and count < 0:
        raise BadInput("count", "", "a number is wanted")
    decision = asked.services.decide(asked.request, NAME, "Patient")
    found: dict[str, Stored] = {}
    wheres = candidates(patient)
    for where in wheres:
        part: list[Stored] = await asked.services.store.query(Search(decision, "Patient", where, count=CANDIDATES))
        found |= {stored.id: stored for stored in part}
    scored = [
        (stored, score(patient, orjson.loads(stored.body), test_numbers=asked.services.test_numbers)) for stored in found.values()
    ]
    matches = sorted((pair for pair in scored if pair[1].grade != "certainly-not"), key=lambda pair: (-pair[1].weight, pair[0].id))
    notes = [] if wheres else [_note("Say an identifier, or two of family name, given name, date of birth and postcode.")]
    if asked.inputs.flag("onlyCertainMatches"):
        matches = [pair for pair in matches if pair[1].grade == "certain"]
        if not await _one_person(asked, decision, [stored.id for stored, _ in matches]):
            matches, notes = [], [_note("Records of several persons match with certainty: none is given.")]
    base = links.base(asked.request, asked.services.base)
    address = links.root(asked.request, asked.services.base) + asked.request.path
    entries = [_entry(base, *pair) for pair in matches[: MOST if count is None else count]]
    extra = [said(outcome(notes))] if notes else []
    return Response(200, bundle("searchset", [("self", address)], entries + extra, len(matches)))


async def _one_person(asked: Asked, decision: Decision, patients: list[str]) -> bool:
    if len(patients) < 2:
        return True
    group: list[str] = await asked.services.store.query(Group(decision, patients[0]))
    return set(patients) <= {*group, patients[0]}


def _entry(base: str, stored: Stored, found: Score) -> bytes:
    search: dict[str, Any] = {"extension": [{"url": GRADE, "valueCode": found.grade}], "mode": "match", "score": found.value}
    name = f"{base}/{stored.type}/{stored.id}".encode("ascii")
    return b'{"fullUrl":"%s","resource":%s,"search":%s}' % (name, stored.body, orjson.dumps(search))


def _note(text: str) -> dict[str, Any]:
    return {"severity": "information", "code": "informational", "diagnostics": text}
