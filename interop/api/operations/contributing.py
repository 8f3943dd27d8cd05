"""``Patient/[id]/$care-plan-contribute``: what one author has to say of the person's plan, as a CarePlan of their own.

``If-Match`` holds the ETag of ``$care-plan`` as the author has read it: where the plan has changed since, nothing is written (412).
Nobody writes in what another organisation or a feed has contributed.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

import orjson

from interop.api import links
from interop.api.asgi import Response
from interop.api.fhir.criteria import understanding
from interop.api.fhir.permits import author_of, permit_of
from interop.api.fhir.write import answer
from interop.api.operations.bundles import CHUNK
from interop.api.operations.everything import of_person
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.operations.planning import Planned, planned
from interop.apply.asked import CREATE, UPDATE, Guard
from interop.apply.asked import Asked as Write
from interop.careplan.standings import TRIAGE, bears
from interop.errors import Problem
from interop.fhir.shapes import Json, dicts, text
from interop.record.umbrella import umbrella, umbrella_id
from interop.store.decision import Decision
from interop.store.plan import Compartment, Heads, Persons, Read
from interop.store.values import Head, Stored

NAME: Final = "$care-plan-contribute"
READ: Final = "$care-plan"
_TAG: Final = re.compile(r'(?:W/)?"([0-9a-f]*)"')


async def contribute(asked: Asked) -> Response:
    """201 with the contribution that was made, 200 with the one that was changed.

    Raises Problem ``not-found``, ``gone``, ``bad-parameter``, ``stale-version`` where the plan is no longer as it was read,
    ``feed-owned`` where the contribution is another's, and those of writes.
    """
    services, request = asked.services, asked.request
    await of_person(asked, NAME, services.decide(request, NAME, "Patient", asked.id))
    decision = replace(
        services.decide(request, READ, "Patient", asked.id), account=None
    )  # what is only looked at is given to nobody
    expected = _expected(request.header(b"if-match"))
    group = await services.store.query(Persons((asked.id,)))
    seen = await services.store.query(Compartment(decision, asked.id, ("Patient",), 0, CHUNK))
    patients = {each.id for each in seen}
    resource = asked.inputs.object("contribution") or {}
    id_ = text(resource, "id")
    whole = umbrella_id(f"Patient/{asked.id}", services.mint)
    plan = _placed(resource, asked.id, patients, whole)
    if id_:
        await _same_person(asked, decision, id_, whole, {asked.id, *(patient for patient, _, _ in group)})
    author, base = author_of(request), links.base(request, services.base)

    async def check() -> None:
        if expected is not None:
            found: Planned = await planned(services, decision, asked.id)
            if expected and found.tag not in expected:
                raise Problem("stale-version", detail="the plan has changed since it was read")
            if not expected and not found.plan.contributions:
                raise Problem("stale-version", detail="there is no plan yet")

    method = UPDATE if id_ else CREATE
    permit = permit_of(services, request, "update" if id_ else "create", "CarePlan", id_)
    guard = Guard(f"care-plan|{min((asked.id, *(patient for patient, _, _ in group)))}", check)
    write = Write(method, "CarePlan", id_, resource=plan, base=base, permit=permit, author=author, guard=guard)
    writes = [write]
    if not await _heads(asked, whole):
        body = umbrella(f"Patient/{asked.id}", whole)
        writes.append(Write(UPDATE, "CarePlan", whole, resource=body, base=base, author=author, own=True))
    written = await services.writes.transaction(writes, understanding(services, request, "search-type"))
    return answer(services, request, write, written[0])


def _expected(header: str) -> tuple[str, ...] | None:
    """The tags one of which is wanted, () for ``*``, None where nothing is. Raises Problem ``bad-parameter``."""
    if not header:
        return None
    if header == "*":
        return ()
    found = [_TAG.fullmatch(each.strip()) for each in header.split(",")]
    if not all(found):
        raise Problem("bad-parameter", where="If-Match", detail="the ETag of the plan is wanted")
    return tuple(each[1] for each in found if each is not None)


def _placed(resource: Json, patient: str, patients: set[str], whole: str) -> Json:
    """The contribution about this Patient and part of their plan. Raises Problem ``bad-parameter``."""
    subject = resource.get("subject")
    if subject is not None and text(subject, "reference").removeprefix("Patient/") not in patients:
        raise BadInput("contribution", "CarePlan.subject", "it is about another person")
    if bears(resource, "category", TRIAGE):
        raise BadInput("contribution", "CarePlan.category", "what a triage came to is nobody's plan")
    reference = {"reference": f"CarePlan/{whole}"}
    parts: list[Any] = dicts(resource, "partOf")
    said = parts if reference in parts else [*parts, reference]
    return {**resource, "subject": subject or {"reference": f"Patient/{patient}"}, "partOf": said}


async def _same_person(asked: Asked, decision: Decision, id: str, whole: str, patients: set[str]) -> None:
    """What is changed is about this person already: nobody takes a plan from one person to another. Of what who asks does not see
    nothing is said here: it is not theirs to change. Raises Problem ``bad-parameter``."""
    found: list[Stored] = await asked.services.store.query(Read(decision, "CarePlan", id))
    present = [orjson.loads(each.body) for each in found if not each.deleted]
    of = {text(each.get("subject"), "reference").removeprefix("Patient/") for each in present}
    if id == whole or not of <= patients:
        raise BadInput("contribution", "CarePlan.id", "it is the id of something else")


async def _heads(asked: Asked, id: str) -> list[Head]:
    found: list[Head] = await asked.services.store.query(Heads((("CarePlan", id),)))
    return [head for head in found if head.version]
