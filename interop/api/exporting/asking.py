"""What an export gives: the types with what narrows them, the people, under the Decision of who began it; and whether it may be
given still."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

from interop.api.exporting.job import Job, Wanted
from interop.api.fhir.routes import resource_types
from interop.api.searching import understand
from interop.api.searching.compartments import types_of
from interop.api.searching.expanding import expanded
from interop.api.searching.standing import ground
from interop.api.services import Services
from interop.apply.journalled import TAKEN
from interop.apply.withholding import since
from interop.errors import Problem
from interop.fhir.shapes import dicts, text
from interop.formats.json import load_json
from interop.policy.asker import Asker
from interop.policy.decide import Question
from interop.ports import MessageState
from interop.store.decision import Account, Decision
from interop.store.plan import Export, Messages, Read
from interop.store.values import Entry, Stored
from interop.store.where import All, Any, Not, Sources, Unguarded, Where

OPERATION: Final = "$export"
PATIENT, GROUP = "Patient", "Group"
DEPTH: Final = 8
"""Groups within groups."""


async def decided(services: Services, asker: Asker, level: tuple[str, str], account: Account | None = None) -> Decision:
    """What who asks may export now; raises Problem ``forbidden``."""
    await services.up_to_date()
    if asker.scopes:
        await services.understands(asker.scopes)
    said = services.narrowed(asker.scopes) if asker.scopes else ()
    decision = services.policy(Question(OPERATION, *level, asker, said), services.facts(), services.clock.now())
    if decision.refusal:
        raise Problem(decision.refusal)
    if account is not None:
        account.rules[decision.rule] = None
    return Decision(decision.rule, decision.predicate, "", decision.whole, account)


async def planned(services: Services, decision: Decision, wanted: Wanted, until: int) -> Export:
    """The plan of an export. Raises Problem ``not-found`` for a Group that is not there to see, ``bad-parameter``."""
    named = await people(services, decision, wanted)
    patients = None if named is None else tuple(sorted(named))
    types = await _narrowed(services, decision, wanted)
    return Export(decision, types, until, wanted.since, wanted.level[0] != "", patients)


async def people(services: Services, decision: Decision, wanted: Wanted) -> set[str] | None:
    """The Patients whom it is narrowed to; None = everyone."""
    type_, id_ = wanted.level
    named = None if wanted.patients is None else set(wanted.patients)
    if type_ != GROUP:
        return named
    members = await _members(services, decision, id_)
    if named is None:
        return members
    if not named <= members:
        raise Problem("bad-parameter", where="patient", detail="one of them is no member of the group")
    return named


async def _members(services: Services, decision: Decision, id: str) -> set[str]:
    """The Patients of a Group and of the Groups in it; whoever has left it is not one of them."""
    found: set[str] = set()
    groups, seen = [id], {id}
    for depth in range(DEPTH):
        following: list[str] = []
        for each in groups:
            stored: list[Stored] = await services.store.query(Read(decision, GROUP, each))
            if not stored or stored[0].deleted:
                if not depth:
                    raise Problem("not-found")
                continue
            group = load_json(stored[0].body, values=None)
            for member in dicts(group, "member"):
                ended = member.get("inactive") is True or "end" in (member.get("period") or {})
                kind, _, of = text(member.get("entity") or {}, "reference").rpartition("/")
                kind = kind.rpartition("/")[2]
                if ended or not of:
                    continue
                if kind == PATIENT:
                    found.add(of)
                elif kind == GROUP and of not in seen:
                    seen.add(of)
                    following.append(of)
        groups = following
    return found


async def _narrowed(services: Services, decision: Decision, wanted: Wanted) -> tuple[tuple[str, Where | None], ...]:
    """The types, in order, each with what its filters ask: any of them."""
    types: Iterable[str] = wanted.types or (types_of(PATIENT) if wanted.level[0] else resource_types())
    standing = ground(services, wanted.base, services.clock.now())
    asked: dict[str, list[Where]] = {}
    whole: set[str] = set()
    for type_, query in wanted.filters:
        try:
            pairs = parse_qsl(query, strict_parsing=bool(query), errors="strict", max_num_fields=100)
        except ValueError:
            raise Problem("bad-parameter", where="_typeFilter", detail="a search is wanted: Type?parameter=value") from None
        found = await expanded(services, decision, standing, partial(understand, types=(type_,), pairs=pairs, strict=True))
        if found.includes or found.revincludes or found.sort or found.only_count or found.summary or found.elements:
            raise Problem("bad-parameter", where="_typeFilter", detail="only what narrows the resources of the type is taken")
        if found.where is None:
            whole.add(type_)
        else:
            asked.setdefault(type_, []).append(found.where)
    return tuple((type_, None if type_ in whole or type_ not in asked else Any(tuple(asked[type_]))) for type_ in sorted(types))


def agreed(where: Where | None) -> tuple[tuple[str, ...], ...]:
    """The organisations whose agreement a predicate stands on: those of each of its parts, in order, as each is for a purpose."""
    match where:
        case Sources(names):
            return (names,)
        case All(parts) | Any(parts):
            return tuple(names for part in parts for names in agreed(part))
        case Not(part) | Unguarded(part):
            return agreed(part)
    return ()


def holds(before: tuple[tuple[str, ...], ...], now: Where | None) -> bool:
    """Whether all agreements that a predicate stood on are still there in what it is now, each for what it was for."""
    if now is None:
        return True
    after = agreed(now)
    return len(before) == len(after) and all(set(one) <= set(other) for one, other in zip(before, after, strict=True))


async def outdated(services: Services, job: Job) -> bool:
    """Whether something that it stood on has ended since: the right to export, an agreement, a message that was taken
    down, or what a label or a Consent gives no more."""
    try:
        decision = await decided(services, job.asker, job.wanted.level)
    except Problem:
        return True
    if not holds(job.sources, decision.predicate):
        return True
    if await since(services.store) > job.transaction:
        return True
    taken: list[Entry] = await services.store.query(Messages(feed=TAKEN, state=MessageState.APPLIED, count=1))
    return bool(taken) and taken[0].finished > job.transaction
