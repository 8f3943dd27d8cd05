"""Agreements, and what else a decision knows, as the record holds it now: every committed change is heard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import orjson

from interop.apply.drafts import OWNER
from interop.fhir.shapes import dicts, text
from interop.ids import ODS_ORGANISATION, Mint, OdsCode
from interop.policy.agreements import agreements
from interop.policy.facts import Agreement, Facts
from interop.ports import Feed
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Contributors, Search
from interop.store.seam import Store
from interop.store.values import Change, Stored

CONTRACT: Final = "Contract"
ORGANISATION: Final = "Organization"


class Governance:
    """Holds the Facts of the moment (``facts``).

    A Contract that a client wrote counts as it stands. One that a feed contributed counts for the organisations alone that
    contributed it: nobody agrees for another. To withdraw comes before to agree: of two Contracts for one source and partner the
    withdrawn one counts, and where a source has withdrawn by its own feed, nothing of it is shared, whatever a client has written.
    """

    def __init__(self, mint: Mint, feeds: Mapping[str, Feed], consent: str = "explicit") -> None:
        self._mint, self._feeds, self._consent = mint, feeds, consent
        self._contracts: dict[str, tuple[dict[str, Any], str, str]] = {}
        self._codes: dict[str, tuple[str, ...]] = {}
        self._ids: dict[str, dict[str, None]] = {}
        self._sources: dict[str, None] = {}
        self._referred: frozenset[str] = frozenset()
        self._facts = Facts(consent=consent, names=self.names)

    def facts(self) -> Facts:
        """What decisions know now: the same value until anything of it changes."""
        return self._facts

    async def start(self, store: Store) -> None:
        """Learn what the record holds."""
        for names in await store.query(Contributors()):
            self._sources.update(dict.fromkeys((names, *names.split(","))))
        for kind in (ORGANISATION, CONTRACT):
            async for stored in store.stream(Search(PERMIT_ALL, kind)):
                self._take(stored)
        self._settle()

    async def renew(self, store: Store) -> None:
        """Learn it all again: more was committed elsewhere than is told."""
        fresh = Governance(self._mint, self._feeds, self._consent)
        await fresh.start(store)
        self._contracts, self._codes, self._ids, self._sources = fresh._contracts, fresh._codes, fresh._ids, fresh._sources
        self._settle()

    async def contributed(self, store: Store) -> None:
        """Learn who contributes, where another process has told of somebody new."""
        known = len(self._sources)
        for names in await store.query(Contributors()):
            self._sources.update(dict.fromkeys((names, *names.split(","))))
        if len(self._sources) > known:
            self._settle()

    def committed(self, change: Change) -> None:
        """Take note of a change that is on disk."""
        touched = False
        for put in change.puts:
            stored = put.stored
            if stored.source and stored.source not in self._sources:
                self._sources.update(dict.fromkeys((stored.source, *stored.source.split(","))))
                touched = True
            if stored.type in (CONTRACT, ORGANISATION):
                touched |= self._take(stored)
        if touched:
            self._settle()

    def redeclared(self) -> None:
        """What feeds call organisations may be another."""
        self._settle()

    def names(self, code: str) -> tuple[str, ...]:
        """By what references the record means the organisation of an ODS code: the id that the code gives, and Organizations that
        have it among their identifiers."""
        minted = self._mint.id(ORGANISATION, ODS_ORGANISATION, code)
        return tuple(f"{ORGANISATION}/{id_}" for id_ in dict.fromkeys((minted, *self._ids.get(code, ()))))

    def code(self, id_: str) -> str:
        """The ODS code that the Organization of an id goes by, '' where it has none."""
        return next(iter(self._codes.get(id_, ())), "")

    def _take(self, stored: Stored) -> bool:
        """Take in a version; whether facts may differ by it."""
        if stored.type == CONTRACT:
            if stored.deleted:
                return self._contracts.pop(stored.id, None) is not None
            self._contracts[stored.id] = orjson.loads(stored.body), stored.owner, stored.source
            return True
        return self._organisation(stored.id, () if stored.deleted else self._named(stored.id, _codes(orjson.loads(stored.body))))

    def _named(self, id_: str, codes: tuple[str, ...]) -> tuple[str, ...]:
        """The code that an Organization goes by. Where feeds say several, it is the one that its id was made of, else none: no feed
        makes another's patients its own by a code more."""
        own = tuple(code for code in codes if self._mint.id(ORGANISATION, ODS_ORGANISATION, code) == id_)
        return own or (codes if len(codes) == 1 else ())

    def _organisation(self, id_: str, codes: tuple[str, ...]) -> bool:
        before = self._codes.pop(id_, ())
        if codes:
            self._codes[id_] = codes
        if before == codes:
            return False
        for code in before:
            del self._ids[code][id_]
        for code in codes:
            self._ids.setdefault(code, {})[id_] = None
        return id_ in self._referred

    def _settle(self) -> None:
        referred: set[str] = set()

        def resolve(id_: str) -> tuple[str, ...]:
            referred.add(id_)
            return self._codes.get(id_, ())

        made = [agreement for id_ in sorted(self._contracts) for agreement in self._agreed(id_, resolve)]
        self._referred = frozenset(referred)
        known = tuple(sorted(name for name in self._sources if name and "," not in name))
        before = self._facts
        self._facts = Facts(_withdrawn(made, self._contracts), self._consent, known, before.revision + 1, self.names)

    def _agreed(self, id_: str, resolve: Any) -> list[Agreement]:
        contract, owner, source = self._contracts[id_]
        found = [replace(each, source=self._own(each.source)) for each in agreements({**contract, "id": id_}, resolve)]
        contributing = frozenset(source.split(","))
        return [each for each in dict.fromkeys(found) if owner == OWNER or each.source in contributing]

    def _own(self, name: str) -> str:
        """The ODS code of an organisation that a feed calls otherwise."""
        for feed in self._feeds.values():
            for known, code in feed.also:
                if known.casefold() == name.casefold():
                    return code
        return name


def _withdrawn(made: list[Agreement], contracts: Mapping[str, tuple[dict[str, Any], str, str]]) -> tuple[Agreement, ...]:
    """The agreements; those that another withdrawal ends are withdrawn too."""
    ended = [each for each in made if each.status == "withdrawn"]
    pairs = {(each.source, each.partner) for each in ended}
    back = {each.source for each in ended if contracts[each.id][1] != OWNER}
    return tuple(
        replace(each, status="withdrawn") if each.source in back or (each.source, each.partner) in pairs else each for each in made
    )


def _codes(organisation: dict[str, Any]) -> tuple[str, ...]:
    identifiers = (each for each in dicts(organisation, "identifier") if text(each, "system") == ODS_ORGANISATION)
    found = (OdsCode.read(text(each, "value")) for each in identifiers)
    return tuple(dict.fromkeys(str(code) for code in found if code is not None))
