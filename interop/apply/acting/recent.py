"""What a rule has done for a person of late: by that it is known that it is not to be done again."""

from __future__ import annotations

from typing import Final

from interop.apply.acting.authored import ours
from interop.apply.acting.ending import withdrawn
from interop.apply.acting.person import Resource, body, found
from interop.clocks.runs import ENDINGS
from interop.clocks.tasks import name_of, run_of
from interop.rules.making import RULE, Occurrence, ended_by_us, made_of
from interop.rules.tables import Rule, RuleTables
from interop.store.decision import PERMIT_ALL
from interop.store.plan import ReadVersion
from interop.store.seam import Store
from interop.store.values import Stored
from interop.store.where import Token

MAKES: Final = {"task": "Task", "notify": "Communication", "flag": "Flag", "propose": "ServiceRequest", "clock": "Task"}
"""What is looked for where something is to be done once."""


async def recent(store: Store, tables: RuleTables, rule: Rule, what: Occurrence, now: int) -> list[Resource]:
    """What the same rule has made for the person of something else that happened, within its time, as it was made: by the engine,
    and not taken back since."""
    type_, made = MAKES[rule.action], []
    for each in await found(store, type_, what.patient, Token("_tag", rule.id, RULE)):
        resource = body(each)
        itself = f"{what.type}/{what.id}" in made_of(resource) and rule.event.differs is None
        if itself or ended_by_us(resource) or _no_more(resource):
            continue
        first: list[Stored] = await store.query(ReadVersion(PERMIT_ALL, type_, each.id, 1))
        within = [one for one in first if abs(one.updated - what.heard) <= rule.within]
        if within and not await withdrawn(store, tables, rule, resource, now) and await ours(store, type_, each.id):
            made.append(body(within[0]))
    return made


def _no_more(resource: Resource) -> bool:
    """Whether it is a clock that has ended without an outcome: nobody has done anything."""
    run = run_of(resource) if name_of(resource) else None
    return run is not None and run.state in ENDINGS
