"""Answers queries from the record: QBP^Q21, Q22 and ZV1 with RSP^K21, K22 and ZV2, QCN^J01 with ACK
(docs/decisions/0023-queries.md)."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from adapters.hl7v2.acknowledgement import Acknowledger
from adapters.hl7v2.answers import Fields, segment
from adapters.hl7v2.query import CANCEL, KINDS, Query, read_query
from adapters.hl7v2.request import Request
from adapters.hl7v2.response import Response
from adapters.hl7v2.values import OWN, folded, national
from interop.errors import Problem
from interop.formats.er7 import Message
from interop.ports import Inquiry, Person, Record, Resource

WIDEST: Final = 500
"""How many records may satisfy a query by its indexes."""
UNLIMITED: Final = 100
"""How many records an answer may have."""
KEPT: Final = 1000
"""How many queries may wait to be gone on with."""
KEEPING: Final = 600_000_000
"""Microseconds that what is left of one is kept."""
_ABROAD: Final = ("Organization/", "Practitioner/", "Location/")
"""What the fields of an answer are taken from beside the Patient and the Encounter."""
_NO_VISIT: Final = ("status:not", "cancelled,entered-in-error")


@dataclass(slots=True)
class _Rest:
    """What is left of a query: the ids of its further matches, and how many there were."""

    query: Query
    left: list[str]
    hits: int
    until: int


class _Match(NamedTuple):
    """A match: the person, as one Patient with the numbers of all, and the visit that was asked for."""

    person: Resource
    visit: Resource | None

    @property
    def id(self) -> str:
        """By which it is found again."""
        return str((self.visit or self.person)["id"])


class Responder:
    """Answers queries; ``now`` tells microseconds since the epoch. What is left of a limited answer is kept for a while."""

    def __init__(self, now: Callable[[], int], acknowledger: Acknowledger) -> None:
        self._now, self._acknowledger = now, acknowledger
        self._rests: OrderedDict[str, _Rest] = OrderedDict()

    async def answer(self, record: Record, body: bytes, organisation: str = "") -> bytes:
        """The whole answer, refusals included; ``organisation`` is whose the way in is."""
        request = Request.read(body)
        try:
            message = Message.parse(body)
            return await self._answer(record, request, body, message, organisation)
        except Problem as problem:
            return self._refuse(request, body, problem)
        except Exception as error:
            return self._refuse(request, body, Problem("fault", detail=type(error).__name__))

    async def _answer(self, record: Record, request: Request, body: bytes, message: Message, organisation: str) -> bytes:
        if request.part(9, 2).decode("latin-1") == CANCEL:
            self._cancel(request, message, organisation)
            return self._acknowledger.acknowledgement(request)
        query = read_query(request, message)
        query.organisation = organisation
        if query.pointer:
            rest = self._taken(query)
            matches = await self._again(record, query, rest.left)
            hits = rest.hits
        else:
            matches = await self._matches(record, query)
            await self._check_domains(record, request, query, matches)
            hits = len(matches)
        size = min(query.count or UNLIMITED, UNLIMITED)
        if not query.count and len(matches) > UNLIMITED:
            raise Problem("too-many-matches", where="RCP-2", detail=f"{len(matches)} records match; RCP-2 limits an answer.")
        given, left = matches[:size], matches[size:]
        told = [await self._told(record, query, match) for match in given]
        pointer = self._keep(query, [match.id for match in left], hits) if left else ""
        return Response(self._acknowledger, request, body, message).of(query, told, hits, len(left), pointer)

    def _refuse(self, request: Request, body: bytes, problem: Problem) -> bytes:
        event = request.part(9, 2).decode("latin-1")
        return Response(self._acknowledger, request, body, None).refusing(KINDS.get(event), problem)

    async def _matches(self, record: Record, query: Query) -> list[_Match]:
        """Everything that satisfies a query: each person once, or each visit."""
        inquiry = Inquiry(query.interaction, query.who, query.organisation)
        criteria = list(query.narrowing())
        kind = "Patient"
        if query.kind.visits:
            kind, criteria = "Encounter", [*criteria, _NO_VISIT]
        made: list[_Match] = []
        seen: set[str] = set()
        for found in await record.find(inquiry, kind, criteria, WIDEST):
            if found["id"] not in seen:
                person = await record.person(inquiry, found["id"] if kind == "Patient" else _subject(found))
                if kind == "Patient":
                    seen.update(each["id"] for each in (*person.records, *person.retired))
                match = await self._match(record, query, person, found if kind == "Encounter" else None)
                made += [match] if match is not None else []
                await asyncio.sleep(0)
        return made

    async def _again(self, record: Record, query: Query, ids: Iterable[str]) -> list[_Match]:
        """What is left of a query, read anew: what is gone, or to be seen no more, is left out."""
        inquiry = Inquiry(query.interaction, query.who, query.organisation)
        made = []
        for id_ in ids:
            visit: Resource | None = None
            if query.kind.visits:
                found = await record.resolve(inquiry, [f"Encounter/{id_}"])
                visit = found.get(f"Encounter/{id_}")
                if visit is None:
                    continue
            person = await record.person(inquiry, id_ if visit is None else _subject(visit))
            match = await self._match(record, query, person, visit)
            if match is not None:
                made.append(match)
        return made

    async def _match(self, record: Record, query: Query, person: Person, visit: Resource | None) -> _Match | None:
        """The person, and the visit, where they satisfy every criterion; else None."""
        every = (*person.records, *person.retired)
        if not person.records:
            return None
        others = await self._along(record, query, [*every, visit]) if query.follows else {}
        fields, numbers = query.fields(), [number for each in every for number in each.get("identifier", ())]
        stays = {name: segment(name, visit, others.get, fields.get(name, ())) for name in ("PV1", "PV2")} if visit else {}
        for each in every:
            whole = each | {"identifier": numbers}
            asked = {name: segment(name, whole, others.get, fields.get(name, ())) for name in ("PID", "PD1")}
            if _satisfies(query, asked | stays):
                break
        else:
            return None
        own = [number for each in person.records for number in each.get("identifier", ())]
        return _Match(person.records[0] | {"identifier": _unique(own)}, visit)

    async def _told(self, record: Record, query: Query, match: _Match) -> list[tuple[str, Fields]]:
        """The segments that answer a match."""
        others = await self._along(record, query, match)
        made = [(name, segment(name, match.person, others.get)) for name in ("PID", "PD1")]
        _within(query, made[0][1])
        if match.visit is not None:
            made += [(name, segment(name, match.visit, others.get)) for name in ("EVN", "PV1", "PV2")]
        return made

    async def _along(self, record: Record, query: Query, resources: Iterable[Any]) -> dict[str, Resource]:
        """What resources refer to, and what that refers to."""
        inquiry = Inquiry(query.interaction, query.who, query.organisation)
        others = await record.resolve(inquiry, _references(resources))
        return others | await record.resolve(inquiry, _references(others.values()))

    async def _check_domains(self, record: Record, request: Request, query: Query, matches: list[_Match]) -> None:
        """Whether the record has numbers of each domain of QPD-8 (IHE ITI-21, case 3); raises Problem ``unknown-key``."""
        senders = {request.part(place, 1).decode("latin-1") for place in (4, 6)}
        for number, domain in enumerate(query.domains, 1):
            names = [part for part in domain[:2] if part]
            if not names or any(national(name) for name in names):
                continue
            systems = [f"{OWN}{sender}:{name}" for sender in sorted(senders) for name in names] + [
                f"urn:oid:{name}" for name in names
            ]
            if any(_has(match, names) for match in matches):
                continue
            wanted = ",".join(f"{system}|".replace(",", "\\,") for system in systems if "|" not in system)
            inquiry = Inquiry(query.interaction, query.who, query.organisation)
            try:
                known = bool(await record.find(inquiry, "Patient", [("identifier", wanted)], 1))
            except Problem as problem:
                known = problem.reason.name == "too-many-matches"
            if not known:
                raise Problem("unknown-key", where=f"QPD-{query.kind.domains}[{number}]", detail=f"Domain {number} is not known.")

    def _keep(self, query: Query, left: list[str], hits: int) -> str:
        pointer = self._acknowledger.control_id().decode()
        self._rests[pointer] = _Rest(query, left, hits, self._now() + KEEPING)
        while len(self._rests) > KEPT:
            self._rests.popitem(last=False)
        return pointer

    def _taken(self, query: Query) -> _Rest:
        """What is left of the query that a pointer continues; raises Problem ``unknown-key``."""
        rest = self._rests.get(query.pointer)
        if rest is None or rest.until < self._now() or rest.query.asked_by != query.asked_by:
            raise Problem("unknown-key", where="DSC-1", detail="Nothing is left of such a query.")
        query.criteria, query.domains = rest.query.criteria, rest.query.domains
        query.count = query.count or rest.query.count
        return rest

    def _cancel(self, request: Request, message: Message, organisation: str) -> None:
        """QCN^J01: drop what is left of the asker's queries of that tag. None there are is as good as cancelled."""
        qid = message.first("QID")
        if qid is None or not qid[1]:
            raise Problem("missing-field", where="QID" if qid is None else "QID-1")
        who = "|".join(part.decode("latin-1") for part in (request.field(3), request.field(4)))
        for pointer, rest in list(self._rests.items()):
            if (rest.query.who, rest.query.organisation, rest.query.tag) == (who, organisation, qid[1].strip()):
                del self._rests[pointer]


def _satisfies(query: Query, segments: dict[str, Fields]) -> bool:
    """Whether, of every field that is asked for, one repetition has all that is asked of it."""
    fields: dict[tuple[str, int], list[Any]] = {}
    for criterion in query.criteria:
        fields.setdefault((criterion.segment, criterion.field), []).append(criterion)
    return all(
        any(all(criterion.holds(repetition) for criterion in criteria) for repetition in segments.get(name, {}).get(field, ()))
        for (name, field), criteria in fields.items()
    )


def _within(query: Query, pid: Fields) -> None:
    """Keep of PID-3 the numbers of the domains that were asked for."""
    wanted = [[folded(part, "authority") for part in domain[:2] if part] for domain in query.domains]
    if any(wanted):
        pid[3] = [each for each in pid.get(3, []) if any(_of(each, names) for names in wanted)]


def _of(identifier: dict[int, tuple[str, ...]], names: list[str]) -> bool:
    return any(folded(part, "authority") in names for part in identifier.get(4, ())[:2] if part)


def _has(match: _Match, names: list[str]) -> bool:
    """Whether the person has a number of a domain."""
    wanted = [folded(name, "authority") for name in names]
    return any(_of(each, wanted) for each in segment("PID", match.person, lambda _: None, (3,)).get(3, ()))


def _subject(visit: Resource) -> str:
    return str(visit.get("subject", {}).get("reference", "")).removeprefix("Patient/")


def _unique(identifiers: list[Any]) -> list[Any]:
    """Each number once, whoever else knows it."""
    kept: dict[tuple[Any, Any], Any] = {}
    for identifier in identifiers:
        kept.setdefault((identifier.get("system"), identifier.get("value")), identifier)
    return list(kept.values())


def _references(resources: Iterable[Any]) -> list[str]:
    """The references that fields of an answer are taken from, each once."""
    found: dict[str, None] = {}
    waiting = list(resources)
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            reference = node.get("reference")
            if isinstance(reference, str) and reference.startswith(_ABROAD):
                found[reference] = None
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    return list(found)
