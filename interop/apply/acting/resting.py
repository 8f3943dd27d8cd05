"""What of the record a condition rests on, and labels that come later: nothing that is made is more visible than what it tells."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from interop.apply.acting.doing import Wanted
from interop.apply.acting.ending import MADE
from interop.apply.acting.person import Piece, Resource, body, found
from interop.fhir.fhirpath import Expression
from interop.fhir.shapes import text
from interop.record.sources import together
from interop.rules.expressions import BEFORE, holds
from interop.rules.making import RULE, Occurrence, labels_of, made_of, relabelled
from interop.rules.tables import RuleTables
from interop.store.seam import Store
from interop.store.where import Tokens

LAID: Final = ("plans", "flags", "problems", "encounters", "bookings", "tasks", "goals", "episodes")
"""Variables that tell of care. That there is a team whoever is told knows, and that somebody has died is no secret of a source."""
TRIES: Final = 64
"""How often a condition is tried with less, at most; what has not been left out by then counts."""
Variables = Mapping[str, Sequence[Piece]]


async def resting(
    condition: Expression | None, what: Occurrence, variables: Variables, before: Resource | None, now: int
) -> Occurrence:
    """What happened, together with what else must be known for the condition to hold and is not as visible as it: their labels and
    sources are those of what is made, and who is told must see them too. Raises RuleFailed."""
    needed = [(name, each) for name in LAID for each in variables.get(name, ()) if not _plain(each, what)]

    def suffices(some: Sequence[tuple[str, Piece]]) -> bool:
        kept = {id(each) for _, each in some}
        values = {
            name: [each.resource for each in pieces if name not in LAID or id(each) in kept or _plain(each, what)]
            for name, pieces in variables.items()
        }
        return holds(condition, what.resource, {BEFORE: before, **values}, now)

    size, tries = len(needed), 0
    while size and tries < TRIES:
        place = 0
        while place < len(needed) and tries < TRIES:
            await asyncio.sleep(0)
            less, tries = needed[:place] + needed[place + size :], tries + 1
            if suffices(less):
                needed = less
            else:
                place += size
        size = min(size // 2, len(needed))
    source = what.source
    for _, each in needed:
        for name in filter(None, each.stored.source.split(",")):
            source = together(source, name)
    also = tuple((each.stored.type, each.stored.id) for _, each in needed)
    more = tuple(label for _, each in needed for label in labels_of(each.resource))
    return replace(what, source=source, also=what.also + also, more=more)


async def labelled_later(store: Store, tables: RuleTables, what: Occurrence, wanted: Sequence[Wanted]) -> list[Wanted]:
    """What rules have made of a resource, with the labels that the resource has now."""
    rules = tuple((RULE, rule.id) for rule in tables.rules if rule.event.type == what.type)
    named, made = {f"{what.type}/{what.id}"}, []
    asked = {(each.type, each.id): each for each in wanted}
    for type_ in MADE if rules else ():
        for stored in await found(store, type_, what.patient, Tokens("_tag", rules)):
            there = Wanted(type_, stored.id, body(stored), stored.version)
            one = asked.get((type_, stored.id), there)
            if named.isdisjoint(made_of(one.resource)):
                continue
            if type_ == "Task":
                named.add(f"Task/{stored.id}")
            labelled = relabelled(one.resource, what.labels)
            if labelled is not None:
                made.append(one._replace(resource=labelled))
    return made


def _plain(piece: Piece, what: Occurrence) -> bool:
    """Whether whoever sees what happened sees this too, as far as labels and sources say."""
    labels = {_key(each) for each in labels_of(piece.resource)} - {_key(each) for each in labels_of(what.resource)}
    sources = set(filter(None, piece.stored.source.split(","))) - set(what.source.split(","))
    return not labels and not sources


def _key(label: Resource) -> tuple[str, str]:
    return text(label, "system"), text(label, "code")
