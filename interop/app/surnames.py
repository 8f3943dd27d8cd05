"""Whether who looked and whose record it was have the same family name. Names are compared here and written nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from interop.api.auditing.naming import who
from interop.audit.log import AuditLog
from interop.audit.privacy import SAME_SURNAME
from interop.audit.row import NOTICE, Names
from interop.fhir.searching import normalise
from interop.fhir.shapes import dicts, text
from interop.formats.json import load_json
from interop.policy.asker import Asker
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Several
from interop.store.seam import Store
from interop.store.values import Stored

KEPT = 50_000
"""Pairs of user and patient that are not compared again."""
OWN = frozenset(("patient", "carer"))
"""Roles of those who look at their own, or their family's."""
Look = tuple[Asker, tuple[str, ...]]


class Surnames:
    """Compares those for whom a resource stands (``Practitioner/ID``) with the Patients whose records they read."""

    def __init__(self, store: Store, log: AuditLog) -> None:
        self._store, self._log = store, log
        self._names = Names(log.key.ids)
        self._done: set[tuple[str, str]] = set()

    async def compare(self, looks: Iterable[Look]) -> None:
        """Write a notice for each new pair of one name."""
        new: dict[tuple[str, str], Asker] = {}
        for asker, patients in looks:
            if asker.role not in OWN:
                for patient in patients:
                    pair = asker.fhir_user, patient
                    if pair not in self._done and patient[0] != "~":
                        new[pair] = asker
        if not new:
            return
        if len(self._done) > KEPT:
            self._done.clear()
        wanted = {*(agent for agent, _ in new), *(f"Patient/{patient}" for _, patient in new)}
        families = await self._families(sorted(wanted))
        for (agent, patient), asker in new.items():
            self._done.add((agent, patient))
            if families.get(agent, frozenset()) & families.get(f"Patient/{patient}", frozenset()):
                self._log.write(NOTICE, who(asker), patients=(self._names.one(patient),), more={"rule": SAME_SURNAME})

    async def _families(self, references: Sequence[str]) -> dict[str, frozenset[str]]:
        keys = tuple((kind, id_) for kind, _, id_ in (each.partition("/") for each in references) if id_)
        found: dict[str, frozenset[str]] = {}
        for start in range(0, len(keys), 500):
            some: list[Stored] = await self._store.query(Several(PERMIT_ALL, keys[start : start + 500]))
            for stored in some:
                names = {normalise(text(name, "family")) for name in dicts(load_json(stored.body, values=None), "name")}
                found[f"{stored.type}/{stored.id}"] = frozenset(name for name in names if name)
        return found
