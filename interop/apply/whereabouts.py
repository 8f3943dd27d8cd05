"""Who of the people of an answer is hidden: asked of the record once for each, and again when what was said of them changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from interop.formats.json import load_json
from interop.policy.labels import hides_whereabouts
from interop.policy.whereabouts import PARAMETER
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Access, History, Persons, Several
from interop.store.seam import Store
from interop.store.values import Change, Stored

KEPT: Final = 200_000
"""Patients of whom it is remembered."""
PATIENT: Final = "Patient"
NOBODY: Final[frozenset[str]] = frozenset()


class Whereabouts:
    """Remembers of Patients whether their whereabouts are hidden; ``committed`` hears every change before it is answered."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hidden: dict[str, bool] = {}
        self._because: set[str] = set()
        """Patients whose label hides somebody."""
        self._changes = 0

    async def hidden(self, patients: Iterable[str]) -> frozenset[str]:
        """Those of the Patients who are hidden."""
        known = self._hidden
        asked = dict.fromkeys(patients)
        for patient in asked:
            if known.get(patient, True):
                break
        else:
            return NOBODY
        if unknown := tuple(patient for patient in asked if patient not in known):
            changes = self._changes
            found: dict[str, bool] = {}
            because: set[str] = set()
            if rows := await self._store.query(Access(unknown, (PARAMETER,))):
                because = {row[6] for row in rows}
                for patient in unknown:
                    found[patient] = bool(await self._store.query(Access((patient,), (PARAMETER,))))
            gone = await self._gone(unknown)
            because |= set(gone.values())
            found.update(dict.fromkeys(gone, True))
            if changes != self._changes:  # something was said meanwhile: this answer is not kept
                return await self.hidden(asked)
            if len(known) > KEPT:
                known.clear()
                return await self.hidden(asked)
            known.update((patient, found.get(patient, False)) for patient in unknown)
            self._because |= because
        return frozenset(patient for patient in asked if known[patient])

    async def _gone(self, patients: tuple[str, ...]) -> dict[str, str]:
        """Whom a Patient hides who was deleted, and which: what the last version said holds on, or taking it away would tell."""
        persons = {patient: person for patient, person, _ in await self._store.query(Persons(patients))}
        persons.update((patient, patient) for patient in patients if patient not in persons)
        there = {stored.id for stored in await self._store.query(Several(PERMIT_ALL, tuple((PATIENT, each) for each in persons)))}
        hiding: dict[str, str] = {}
        for each in persons.keys() - there:
            versions: list[Stored] = await self._store.query(History(PERMIT_ALL, PATIENT, each))
            last = next((stored.body for stored in versions if stored.body), b"")
            if last and hides_whereabouts(load_json(last, values=None)):
                hiding[persons[each]] = each
        return {patient: hiding[persons[patient]] for patient in patients if persons[patient] in hiding}

    def committed(self, change: Change) -> None:
        """Forget what a change may have made untrue."""
        said = [put for put in change.puts if put.stored.type == PATIENT]
        telling = [
            put for put in said if put.stored.id in self._because or any(row[:2] == (PARAMETER, "access") for row in put.index)
        ]
        self.heard((put.stored.id for put in said), all=bool(change.link_events or telling))

    def heard(self, patients: Iterable[str], *, all: bool) -> None:
        """Forget what may be untrue now that these Patients were written; ``all``: somebody hides, or persons are others."""
        written = list(patients)
        if all or not self._because.isdisjoint(written):
            self._hidden.clear()
            self._because.clear()
            self._changes += 1
        else:
            for patient in written:
                self._hidden.pop(patient, None)
