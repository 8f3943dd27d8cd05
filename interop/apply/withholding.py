"""Since when the record holds something back that it gave before: whoever keeps copies of what was given looks here.

What counts is what a change withholds of what was there: a label that a resource has not had, a Consent that refuses, or that gives
no more, what it gave; a Patient who hides and becomes one person with another. The time is kept with the change itself, so that it
is there after any end of the process.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from interop.formats.json import load_json
from interop.policy.access import access_rows
from interop.policy.labels import hides_whereabouts, holding_back
from interop.policy.whereabouts import PARAMETER
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Access, Meta, Several
from interop.store.seam import Store
from interop.store.values import Change, Put, Stored

NAME: Final = "withholding since"
CONSENT, PATIENT = "Consent", "Patient"
_LABELLED: Final = b'"security"'
_SIZE: Final = 2**40
Said = dict[str, Any]


async def note(store: Store, change: Change) -> None:
    """Have a change say when it withholds something that was given before it; raises what the store raises."""
    if await _withholds(store, change):
        times = [put.stored.updated for put in change.puts] or [event.time for event in change.link_events]
        change.meta.append((NAME, str(max(times))))


async def since(store: Store) -> int:
    """The time of the last change that withholds something (microseconds), 0 = none."""
    kept: list[str] = await store.query(Meta(NAME))
    return int(kept[0]) if kept else 0


async def _withholds(store: Store, change: Change) -> bool:
    if await _joined(store, change):
        return True
    asked = {(put.stored.type, put.stored.id): put.stored for put in change.puts if _may(put)}
    if not asked:
        return False
    before: list[Stored] = await store.query(Several(PERMIT_ALL, tuple(asked)))
    known = {(one.type, one.id): _read(one) for one in before}
    return any(_held(key, _read(one), known.get(key, {}), joins=bool(change.links)) for key, one in asked.items())


async def _joined(store: Store, change: Change) -> bool:
    """Whether somebody who was there becomes one person with whoever hides or refuses, or such a one with another."""
    new = {put.stored.id for put in change.puts if put.stored.type == PATIENT and put.stored.version == 1}
    moved = {id_: None for event in change.link_events if event.patient not in new for id_ in (event.patient, event.after)}
    rows = await store.query(Access(tuple(moved), (PARAMETER, "consent"))) if moved else []
    return any(parameter == PARAMETER or code.startswith("refused") for _, parameter, code, *_ in rows)


def _may(put: Put) -> bool:
    """Whether it is worth looking at: what is new was given to nobody."""
    stored = put.stored
    return stored.type == CONSENT or (_LABELLED in stored.body and (stored.version > 1 or stored.type == PATIENT))


def _read(stored: Stored) -> Said:
    return load_json(stored.body, depth=_SIZE, size=_SIZE, values=None) if stored.body and not stored.deleted else {}


def _held(key: tuple[str, str], now: Said, before: Said, *, joins: bool) -> bool:
    if before and holding_back(now) - holding_back(before):
        return True
    if key[0] == PATIENT and joins and now and hides_whereabouts(now):
        return not (before and hides_whereabouts(before))
    if key[0] != CONSENT:
        return False
    said, said_before = _consents(now), _consents(before)
    refused = {row for row in said - said_before if row[0].startswith("refused")}
    return bool(refused) or any(row[0].startswith("given") for row in said_before - said)


def _consents(resource: Said) -> set[tuple[str, Any, Any]]:
    return {(row.a, row.b, row.c) for row in _rows(resource) if row.parameter == "consent" and row.kind == "access"}


def _rows(resource: Said) -> Iterable[Any]:
    return access_rows(resource) if resource else ()
