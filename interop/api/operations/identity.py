"""Who is who, decided by people: ``Patient/[id]/$link``, ``$unlink``, ``$split``, ``$identity-undo``, and what they go by:
``Patient/$identity-queue``, ``Patient/[id]/$identity-history``.

A decision is a Linkage of two Patients (``interop.identity.decisions``), written like any other write: journalled, with its author,
and its links in the same commit. It may be taken back; every version is kept. These operations are for people whose work it is
to keep records apart and together: they see names, birth dates and the end of a number, and no address, telephone or GP of anyone.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from interop.api.asgi import Response
from interop.api.fhir.permits import author_of
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput, as_parameters, parts, resource
from interop.apply.asked import UPDATE, Criteria
from interop.apply.asked import Asked as Write
from interop.apply.whereabouts import Whereabouts
from interop.clock import instant
from interop.errors import Problem
from interop.fhir.shapes import Json, dicts, text, texts
from interop.identity.decisions import LINKAGE, SYSTEM, WITHDRAWN, Decided, author_of_decision, decided, linkage, reason_of
from interop.identity.grouping import APART, SAME, pair
from interop.identity.judging import WHYS
from interop.ids import NHS_NUMBER
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import History, LinkHistory, Pairs, Persons, Search, Several, Undecided
from interop.store.values import LinkEvent, Pair, Stored
from interop.store.where import Reference

PAGE: Final = 50
MOST: Final = 200
WHERE: Final = ("postcode", "address", "telecom")
"""Fields of a comparison that tell where somebody is."""
REASON: Final = 2_000
"""Characters of a reason."""


async def link(asked: Asked) -> Response:
    """Two records are of one person; raises Problem ``not-found``, ``decided-apart``."""
    decision = _decision(asked, "$link")
    other = await _other(asked, decision)
    persons = await _persons(asked, asked.id, other)
    mine, theirs = ({each for each, person in persons.items() if person == persons[one]} for one in (asked.id, other))
    own = pair(asked.id, other)
    for each in await asked.services.store.query(Pairs(tuple(sorted(mine)))):
        if each.decision == APART and (each.a, each.b) != own and theirs & {each.a, each.b}:
            raise Problem("decided-apart")
    return await _decide(asked, decision, [Decided(*own, SAME)])


async def unlink(asked: Asked) -> Response:
    """Two records are of different persons: nothing but people puts them together again; raises Problem ``not-found``."""
    decision = _decision(asked, "$unlink")
    other = await _other(asked, decision)
    return await _decide(asked, decision, [Decided(*pair(asked.id, other), APART)])


async def split(asked: Asked) -> Response:
    """A record is of nobody of those with whom it is one person; raises Problem ``not-found``."""
    decision = _decision(asked, "$split")
    await _there(asked, decision, asked.id)
    persons = await _persons(asked, asked.id)
    others = sorted(each for each, person in persons.items() if person == persons[asked.id] and each != asked.id)
    return await _decide(asked, decision, [Decided(*pair(asked.id, other), APART) for other in others])


async def undo(asked: Asked) -> Response:
    """What was decided of two records is taken back: rules and sources alone tell again; raises Problem ``not-found``."""
    decision = _decision(asked, "$identity-undo")
    other = await _other(asked, decision)
    key = pair(asked.id, other)
    known = [each for each in await asked.services.store.query(Pairs((asked.id,))) if (each.a, each.b) == key]
    if not known or not known[0].decision:
        raise Problem("not-found")
    return await _decide(asked, decision, [Decided(*key, "")])


async def queue(asked: Asked) -> Response:
    """Pairs that wait for a decision, the likeliest first; raises Problem ``bad-parameter``."""
    decision = _decision(asked, "$identity-queue")
    count = min(asked.inputs.number("count") or PAGE, MOST)
    found: list[Pair] = await asked.services.store.query(Undecided(count + 1, _after(asked)))
    pairs = found[:count]
    sides = [side for each in pairs for side in (each.a, each.b)]
    people, hidden = await _shown(asked, decision, sides), await Whereabouts(asked.services.store).hidden(sides)
    said = [("pair", "part", _pair(each, people, hidden)) for each in pairs]
    last = pairs[-1] if len(found) > count else None
    following = asked.services.seal.seal(_place(asked), [last.weight, last.a, last.b]) if last is not None else None
    return resource(as_parameters(*said, ("next", "valueString", following)))


async def history(asked: Asked) -> Response:
    """With whom a record is one person, how it came to that, and what people decided of it; raises Problem ``not-found``."""
    decision = _decision(asked, "$identity-history")
    await _there(asked, decision, asked.id)
    store = asked.services.store
    persons = await _persons(asked, asked.id)
    members = sorted(each for each, person in persons.items() if person == persons[asked.id])
    people, hidden = await _shown(asked, decision, members), await Whereabouts(store).hidden(members)
    found: list[Stored] = await store.query(Search(PERMIT_ALL, LINKAGE, Reference("item", (f"Patient/{asked.id}",)), count=MOST))
    versions = [each for one in found for each in await store.query(History(PERMIT_ALL, LINKAGE, one.id, count=MOST))]
    involved = {side for each in await store.query(Pairs((asked.id,))) if each.tie or each.decision for side in (each.a, each.b)}
    events = {each: None for id in sorted({*members, *involved})[:MOST] for each in await store.query(LinkHistory(id))}
    versions.sort(key=lambda each: (each.updated, each.id, each.version))
    return resource(
        as_parameters(
            *(("record", "part", _person(each, people, hidden)) for each in members),
            *(("event", "part", _event(each)) for each in sorted(events, key=lambda each: (each.time, each.message, each.patient))),
            *(("decision", "part", told) for each in versions if (told := _version(asked.id, each)) is not None),
        )
    )


def _decision(asked: Asked, name: str) -> Decision:
    """Raises Problem ``forbidden`` where the operation is not the asker's. What its holders see is what these operations show,
    whoever the person is, and is noted as shown."""
    return replace(
        PERMIT_ALL, rule=asked.services.decide(asked.request, name, "Patient", asked.id).rule, account=asked.request.account
    )


async def _decide(asked: Asked, decision: Decision, said: Sequence[Decided]) -> Response:
    reason = asked.inputs.text("reason").strip()
    if not reason or len(reason) > REASON:
        raise BadInput("reason", "", f"say why in at most {REASON} characters")
    services, author = asked.services, author_of(asked.request)
    writes = []
    for one in said:
        id = services.mint.id(LINKAGE, SYSTEM, f"{one.a} {one.b}")
        body = linkage(id, one, reason, author.user)
        writes.append(Write(UPDATE, LINKAGE, id, resource=body, author=author, own=True))
    if writes:
        await services.writes.transaction(writes, _no_criteria)
    persons = await _persons(asked, asked.id)
    members = sorted(each for each, person in persons.items() if person == persons[asked.id])
    people, hidden = await _shown(asked, decision, members), await Whereabouts(services.store).hidden(members)
    return resource(as_parameters(*(("record", "part", _person(each, people, hidden)) for each in members)))


def _no_criteria(type: str, text: str) -> Criteria:
    raise Problem("bad-parameter", where=type)


async def _other(asked: Asked, decision: Decision) -> str:
    """The other record; both are there."""
    said = text(asked.inputs.object("other"), "reference")
    other = said.rpartition("Patient/")[2]
    if not other or other == asked.id or "/" in other:
        raise BadInput("other", "", "a reference to another Patient is wanted")
    await _there(asked, decision, asked.id, other)
    return other


async def _there(asked: Asked, decision: Decision, *patients: str) -> None:
    if len(await _shown(asked, decision, patients)) != len(patients):
        raise Problem("not-found")


async def _shown(asked: Asked, decision: Decision, patients: Sequence[str]) -> dict[str, Json]:
    keys = tuple(("Patient", id) for id in dict.fromkeys(patients))
    found: list[Stored] = await asked.services.store.query(Several(decision, keys)) if keys else []
    return {each.id: orjson.loads(each.body) for each in found}


async def _persons(asked: Asked, *patients: str) -> dict[str, str]:
    """Patient -> person, of these and of everyone who is one person with them."""
    found = {patient: person for patient, person, _ in await asked.services.store.query(Persons(patients))}
    return {each: each for each in patients} | found


def _after(asked: Asked) -> tuple[float, str, str] | None:
    """Where the page before ended; sealed, for how alike two records are may tell where somebody hides."""
    cursor = asked.inputs.text("after")
    if not cursor:
        return None
    weight, a, b = asked.services.seal.open(_place(asked), cursor)
    return weight, a, b


def _place(asked: Asked) -> str:
    return asked.services.cursor_of(asked.request, "$identity-queue")


def _pair(each: Pair, people: dict[str, Json], hidden: Container[str]) -> list[Json]:
    """Of somebody who hides nothing tells whether they live where the other does."""
    hides = each.a in hidden or each.b in hidden
    fields = [field.partition(":") for field in (each.compared or "").split() if not hides or field.partition(":")[0] not in WHERE]
    return parts(
        ("record", "part", _person(each.a, people, hidden)),
        ("record", "part", _person(each.b, people, hidden)),
        ("why", "valueCode", each.why),
        ("explanation", "valueString", WHYS.get(each.why or "")),
        ("score", "valueDecimal", None if hides else each.score),
        ("weight", "valueDecimal", None if hides else each.weight),
        ("since", "valueInstant", instant(each.since or 0)),
        ("compared", "part", parts(*((field, "valueCode", level) for field, _, level in fields))),
    )


def _person(id: str, people: dict[str, Json], hidden: Container[str]) -> list[Json]:
    """A record as those who decide see it: who and when born, the end of the number; not where or how to reach them. The source
    may be the practice of somebody who hides."""
    patient = people.get(id, {})
    names = dicts(patient, "name")
    name = " ".join([*texts(names[0], "given"), text(names[0], "family")]) if names else ""
    numbers = [text(each, "value") for each in dicts(patient, "identifier") if text(each, "system") == NHS_NUMBER]
    return parts(
        ("patient", "valueReference", {"reference": f"Patient/{id}"}),
        ("name", "valueString", name.strip()),
        ("birthDate", "valueDate", text(patient, "birthDate")),
        ("gender", "valueCode", text(patient, "gender")),
        ("number-ends", "valueString", numbers[0][-4:] if numbers else ""),
        ("source", "valueUri", "" if id in hidden else text(patient.get("meta"), "source")),
    )


def _event(each: LinkEvent) -> list[Json]:
    return parts(
        ("when", "valueInstant", instant(each.time)),
        ("why", "valueCode", each.why),
        ("patient", "valueReference", {"reference": f"Patient/{each.patient}"}),
        ("before", "valueString", each.before),
        ("after", "valueString", each.after),
        ("message", "valueInteger", each.message),
    )


def _version(patient: str, each: Stored) -> list[Json] | None:
    """A version of a Linkage as what was decided then."""
    body: dict[str, Any] = orjson.loads(each.body) if each.body else {}
    said = decided(body)
    if said is None:
        return None
    other = said.b if said.a == patient else said.a
    return parts(
        ("when", "valueInstant", instant(each.updated)),
        ("decision", "valueCode", said.decision or WITHDRAWN),
        ("other", "valueReference", {"reference": f"Patient/{other}"}),
        ("reason", "valueString", reason_of(body)),
        ("who", "valueString", author_of_decision(body)),
        ("linkage", "valueReference", {"reference": f"{LINKAGE}/{each.id}/_history/{each.version}"}),
    )
