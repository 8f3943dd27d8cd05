"""The actions of rules on clocks: what an event makes of the Task by which a clock runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import structlog

from interop.apply.acting.doing import Do, Doing, Wanted
from interop.apply.acting.ending import PATIENT
from interop.apply.acting.person import Resource, body, found, known
from interop.clocks.limits import PERSON, RELATED, RESOURCE, Limit
from interop.clocks.runs import CANCELLED, ENDINGS, NOT_NEEDED, Run, reopened, started, stopped
from interop.clocks.tasks import SYSTEM, TYPE, name_of, run_of, task_of
from interop.fhir.fhirpath import FhirPathError
from interop.fhir.shapes import text
from interop.rules.actions import CLOCK, REOPEN_CLOCK, REOPEN_CLOCKS, STOP_CLOCK, STOP_CLOCKS
from interop.rules.expressions import BEFORE, RuleFailed, holds
from interop.rules.happening import noise, time_of
from interop.rules.making import RULE
from interop.rules.tables import DELETED, Event, Rule, RulesRefused, RuleTables
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Group, Search, Several
from interop.store.values import Stored
from interop.store.where import All, Ids, Token, Updated

MARGIN: Final = 24 * 3_600_000_000
"""Microseconds by which the clock of whoever tells of something may be ahead of ours."""
_log = structlog.get_logger("interop.clocks")


def word(rule: Rule) -> tuple[str, str]:
    """The clock that a rule is about, and the ending that it gives it ('' = by its times)."""
    name, _, ending = rule.word.partition(" ")
    return name, ending


def check(tables: RuleTables, limits: Mapping[str, Limit]) -> None:
    """Raise RulesRefused where a clock has an end that there is not, is started by a resource that it is not of, or is started and
    never stopped."""
    refusals = []
    stops = {word(rule)[0] for rule in tables.rules if rule.action == STOP_CLOCK and not word(rule)[1]}
    for rule in tables.rules:
        if rule.action not in (CLOCK, STOP_CLOCK, REOPEN_CLOCK):
            continue
        name, ending = word(rule)
        if ending and ending not in {STOP_CLOCK: ENDINGS, REOPEN_CLOCK: (NOT_NEEDED,)}.get(rule.action, ()):
            wanted = f"stop-clock NAME, with {' or '.join(ENDINGS)} behind it or nothing"
            refusals.append(f"rules.csv, row {rule.id}: {ending} is no end of a clock: {wanted}")
        elif rule.action == CLOCK and rule.event.type not in limits[name].of:
            refusals.append(f"rules.csv, row {rule.id}: the clock {name} is of {' or '.join(limits[name].of)}")
        elif limits[name].matches == RESOURCE and rule.event.type not in limits[name].of:
            what = " or ".join(limits[name].of)
            refusals.append(f"rules.csv, row {rule.id}: the clock {name} is of {what}: nothing of another resource ends it")
        elif rule.action == CLOCK and name not in stops:
            refusals.append(f"rules.csv, row {rule.id}: no row stops the clock {name}")
    if refusals:
        raise RulesRefused("\n".join(refusals))


class Clocking:
    """``does`` are the actions by name."""

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self._limits = limits
        self.does: Mapping[str, Do] = {
            CLOCK: self._start,
            STOP_CLOCK: self._stop,
            STOP_CLOCKS: self._stop_all,
            REOPEN_CLOCK: self._reopen,
            REOPEN_CLOCKS: self._reopen_all,
        }

    async def _start(self, do: Doing) -> list[Wanted]:
        """The clock counts from now on, or from another time than was said before. What has stopped it already counts."""
        limit, what = self._limits[do.rule.word], do.what
        try:
            at = limit.start(what.resource, what.at)
        except FhirPathError as error:
            raise RuleFailed(str(error)) from None
        if at is None:
            return []
        focus = f"{what.type}/{what.id}"
        id = task_id(do, limit, focus)
        (version, task) = (await self._there(do, (id,))).get(id, (0, None))
        if task is not None and not await _same_person(do, task):
            task = None
        before = run_of(task) if task is not None else None
        made = started(limit, at, before)
        if made is None:
            return []
        if not made.known:
            _log.error("a clock reaches beyond the table of bank holidays", clock=limit.name)
        if made.open:
            made = await self._already(do, limit, made)
        begun: Resource = {"id": id, "for": {"reference": f"Patient/{what.patient}"}, "focus": what.reference}
        begun["meta"] = {"tag": [{"system": RULE, "code": do.rule.id}], **({"security": what.labels} if what.labels else {})}
        if what.type == "Encounter":
            begun["encounter"] = what.reference
        return [Wanted(TYPE, id, task_of(limit, made, do.now, task or begun), version, what.source)]

    async def _stop(self, do: Doing) -> list[Wanted]:
        name, ending = word(do.rule)
        limit = self._limits[name]
        made = []
        for id, (version, task) in (await self._meant(do, limit)).items():
            run = run_of(task)
            at = min(do.what.at, do.what.heard)
            after = stopped(limit, run, at, ending, _by(do)) if run is not None else None
            if after is not None:
                made.append(Wanted(TYPE, id, task_of(limit, after, do.now, task), version))
        return made

    async def _reopen(self, do: Doing) -> list[Wanted]:
        name, ending = word(do.rule)
        limit = self._limits[name]
        made = []
        for id, (version, task) in (await self._meant(do, limit)).items():
            run = run_of(task)
            if run is not None and (not ending or run.state == ending):
                made += await self._again(do, limit, run, Wanted(TYPE, id, task, version))
        return made

    async def _again(self, do: Doing, limit: Limit, run: Run, there: Wanted) -> list[Wanted]:
        """A clock that was stopped runs again, unless something else has stopped it since, or it is needed no more."""
        after = reopened(limit, run)
        type_, _, id = text(there.resource.get("focus"), "reference").partition("/")
        if after is None or not id:
            return []
        of = replace(do, what=replace(do.what, type=type_, id=id))
        after = await self._already(of, limit, after, ("", NOT_NEEDED))
        return [there._replace(resource=task_of(limit, after, do.now, there.resource))] if after != run else []

    async def _reopen_all(self, do: Doing) -> list[Wanted]:
        """The clocks of the person that what is taken back now had ended."""
        made = []
        for id, (version, task) in (await self._of_person(do, Token("code", None, SYSTEM))).items():
            limit, run = self._limits.get(name_of(task)), run_of(task)
            if limit is not None and run is not None and _stopped_by(do, run):
                made += await self._again(do, limit, run, Wanted(TYPE, id, task, version))
        return made

    async def taken_back(self, do: Doing, new: Resource | None) -> list[Wanted]:
        """What was said of a resource is no longer true, as far as it does not hold of what is left (``new``, None = nothing): the
        clocks that it had started end, those that it had stopped run again."""
        made: list[Wanted] = []
        dead = bool((await known(do.store, do.what.patient, ("deceased",), do.now))["deceased"])
        for id, (version, task) in (await self._of_person(do, Token("code", None, SYSTEM))).items():
            limit, run, there = self._limits.get(name_of(task)), run_of(task), Wanted(TYPE, id, task, version)
            if limit is None or run is None:
                continue
            own = text(task.get("focus"), "reference") == _by(do)
            if own and run.open and not _bears_out(do, new, CLOCK, limit):
                gone = stopped(limit, run, run.start, CANCELLED, _by(do))
                made += [there._replace(resource=task_of(limit, gone, do.now, task))] if gone is not None else []
            elif _stopped_by(do, run) and run.state != CANCELLED and not dead and not _bears_out(do, new, STOP_CLOCK, limit):
                made += await self._again(do, limit, run, there)
        return made

    async def _stop_all(self, do: Doing) -> list[Wanted]:
        """Every clock of the person that runs is needed no more."""
        there = await self._of_person(do, Token("code", None, SYSTEM))
        made = []
        for id, (version, task) in there.items():
            limit, run = self._limits.get(name_of(task)), run_of(task)
            if limit is None or run is None or not run.open:
                continue
            at = max(min(do.what.at, do.what.heard), run.start)
            after = stopped(limit, run, at, NOT_NEEDED, _by(do))
            if after is not None:
                made.append(Wanted(TYPE, id, task_of(limit, after, do.now, task), version))
        return made

    async def _meant(self, do: Doing, limit: Limit) -> dict[str, tuple[int, Resource]]:
        """The clocks of a name that an event is about. That it did not begin is said of what had begun it alone."""
        if limit.matches == PERSON and word(do.rule)[1] != CANCELLED:
            return await self._of_person(do, Token("code", limit.name, SYSTEM))
        focuses = {f"{do.what.type}/{do.what.id}"}
        if limit.matches == RELATED and word(do.rule)[1] != CANCELLED:
            focuses |= set(references(do.what.resource))
        named = [focus for focus in sorted(focuses) if focus.partition("/")[0] in limit.of]
        return await self._there(do, [task_id(do, limit, focus) for focus in named])

    async def _of_person(self, do: Doing, coded: Token) -> dict[str, tuple[int, Resource]]:
        stored = await found(do.store, TYPE, do.what.patient, coded)
        return _laid({each.id: (each.version, body(each)) for each in stored}, do.made, do.what.patient, coded)

    async def _there(self, do: Doing, ids: Sequence[str]) -> dict[str, tuple[int, Resource]]:
        """The Tasks of these ids, as the rules before this one leave them."""
        stored: list[Stored] = await do.store.query(Several(PERMIT_ALL, tuple((TYPE, id) for id in ids))) if ids else []
        there = {each.id: (each.version, body(each)) for each in stored if not each.deleted}
        return there | {each.id: (each.version, each.resource) for each in do.made if each.type == TYPE and each.id in ids}

    async def _already(self, do: Doing, limit: Limit, run: Run, endings: tuple[str, ...] = ("",)) -> Run:
        """The run with what has stopped it before it was known to have begun: what the record holds is held against the rows by
        which it would be stopped if it were told now."""
        for rule in do.tables.rules:
            name, ending = word(rule)
            if rule.action != STOP_CLOCK or name != limit.name or ending not in endings or rule.event.on == {DELETED}:
                continue
            for stored, resource in await self._candidates(do, limit, rule.event, run.start):
                at = await _at(do, rule, stored, resource)
                if at is not None and at >= run.start:
                    run = stopped(limit, run, at, ending, f"{stored.type}/{stored.id}") or run
        return run

    async def _candidates(self, do: Doing, limit: Limit, event: Event, start: int) -> list[tuple[Stored, Resource]]:
        """What there is of the type of an event that could have stopped a clock since."""
        what, since = do.what, start - MARGIN
        asked = [event.where] if event.where is not None else []
        if limit.matches in (PERSON, RELATED):
            stored = await found(do.store, event.type, what.patient, Updated("ge", since, since), *asked)
        elif event.type == what.type:
            stored = await do.store.query(Search(PERMIT_ALL, event.type, All((Ids((what.id,)), *asked))))
        else:
            stored = []
        made = [(each, body(each)) for each in stored if not each.deleted]
        if limit.matches == RELATED:
            focus = f"{what.type}/{what.id}"
            made = [(each, one) for each, one in made if f"{each.type}/{each.id}" == focus or focus in references(one)]
        return [(each, one) for each, one in made if not noise(one)]


def _by(do: Doing) -> str:
    return f"{do.what.type}/{do.what.id}"


def _stopped_by(do: Doing, run: Run) -> bool:
    """Whether what an event is about had stopped a clock; of a death whichever of the person's Patients told it."""
    return not run.open and (run.by == _by(do) or (do.what.type == PATIENT and run.by.startswith(f"{PATIENT}/")))


def _bears_out(do: Doing, new: Resource | None, action: str, limit: Limit) -> bool:
    """Whether what is left of a resource is still something about which a clock of this name is started, or stopped."""
    events = [rule.event for rule in do.tables.rules if rule.action == action and word(rule)[0] == limit.name]
    return any(
        each.type == do.what.type and each.now is not None and holds(each.now, new, {BEFORE: None}, do.now) for each in events
    )


async def _same_person(do: Doing, task: Resource) -> bool:
    """Whether the clock of a resource is of whom that is about now: a source may have moved it to somebody else."""
    of = text(task.get("for"), "reference").removeprefix(f"{PATIENT}/")
    return of == do.what.patient or of in await do.store.query(Group(PERMIT_ALL, do.what.patient))


def task_id(do: Doing, limit: Limit, focus: str) -> str:
    """The Task of a clock of a resource: there is one."""
    return do.mint.id(TYPE, SYSTEM, f"{limit.name}\x1f{focus}")


def references(value: Any) -> Iterator[str]:
    """What a resource refers to, anywhere in it: ``Type/id``."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == "reference" and isinstance(each, str):
                yield "/".join(each.partition("/_history/")[0].split("/")[-2:])
            else:
                yield from references(each)
    elif isinstance(value, list):
        for each in value:
            yield from references(each)


def _laid(
    there: dict[str, tuple[int, Resource]], made: Sequence[Wanted], patient: str, coded: Token
) -> dict[str, tuple[int, Resource]]:
    """Clocks with what the rules before this one make of them."""
    for each in made:
        if each.type != TYPE or not (name := name_of(each.resource)):
            continue
        own = each.resource.get("for") == {"reference": f"Patient/{patient}"} and coded.code in (None, name)
        if each.id in there or own:
            there[each.id] = each.version, each.resource
    return there


async def _at(do: Doing, rule: Rule, stored: Stored, resource: Resource) -> int | None:
    """When what a rule is about happened to a resource as it is; None where it did not."""
    event = rule.event
    if event.now is None or not holds(event.now, resource, {BEFORE: None}, do.now):
        return None
    variables = {BEFORE: None, **await known(do.store, do.what.patient, rule.variables - {BEFORE}, do.now)}
    if not holds(rule.condition, resource, variables, do.now):
        return None
    at = time_of(event, resource, None, do.now)
    return stored.updated if at is None else at
