"""What the record is indexed by: every search parameter of R4, and those that clients have defined.

A row is made in one of two places. Rows of R4's parameters are made where a resource is made (in a mapper, by an API write); those
of clients' own are added by ``complete`` where the change is committed, so that mappers need not know them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

import orjson

from interop.fhir import facts
from interop.fhir.facts import SearchParameter
from interop.fhir.rows import IndexRow
from interop.fhir.searching import STORED, index_rows, indexable
from interop.fhir.shapes import text
from interop.fhir.tables import digest as table_digest
from interop.policy.access import access_rows
from interop.policy.labels import label_rows
from interop.policy.tables import tables
from interop.record.own_parameters import Own, own_parameter
from interop.store.values import Change

FORM: Final = 3
"""The form of the rows: raised with every change of what ``interop.fhir.searching`` or ``interop.policy.access`` makes of it."""
DEFINITIONS: Final = "SearchParameter"
BASES: Final = "own-addresses"
"""The meta value that keeps ``Indexing.bases``."""
_ADDRESS: Final = re.compile(r"(https?://.+)/([A-Z][A-Za-z]+/[A-Za-z0-9\-.]{1,64}(?:/_history/.+)?)")
_POINTING: Final = frozenset(("reference", "composite"))
LIMIT: Final = 100
"""Clients' parameters of one resource type; further ones have no effect."""


@cache
def parameters(kind: str) -> frozenset[str]:
    """R4's parameters of a resource type that have index rows."""
    return indexable(kind) - STORED


@cache
def _official(kind: str) -> Mapping[str, SearchParameter]:
    known = facts.search_parameters(kind)
    return MappingProxyType({code: known[code] for code in sorted(parameters(kind))})


def indexed(resource: dict[str, Any], *, declared: bool = False) -> list[IndexRow]:
    """The rows of R4's parameters and the access rows of a resource; ``declared``: a user of ours wrote it."""
    return index_rows(resource, parameters(str(resource["resourceType"]))) + _policy_rows(resource, declared)


def _policy_rows(resource: dict[str, Any], declared: bool) -> list[IndexRow]:
    """What policy alone asks for: access rows, labels, and whom the content of a Binary is about."""
    rows = access_rows(resource, declared=declared) + label_rows(resource)
    if resource.get("resourceType") == "Binary":
        about = text(resource.get("securityContext"), "reference")
        rows += [IndexRow("patient", "reference", about)] if about else []
    return rows


class Indexing:
    """Which search parameters each resource type has. ``revision`` changes whenever an answer of this object may.

    Clients' parameters are known from the moment that their definition is in the record (``heard``) and are answered
    (``parameters``) once all resources of the type have their rows (``ready``).
    """

    def __init__(self) -> None:
        self.revision = 0
        self.bases: set[str] = set()
        """Service bases by which resources refer to this server (FHIR R4 references, 2.3.0.1)."""
        self._made: dict[str, Own] = {}
        self._own: dict[str, tuple[SearchParameter, ...]] = {}
        self._ready: dict[str, frozenset[SearchParameter]] = {}
        self._answered: dict[str, Mapping[str, SearchParameter]] = {}

    def parameters(self, kind: str) -> Mapping[str, SearchParameter]:
        """The parameters of a type that can be searched by, by code; ``_id`` and ``_lastUpdated`` are not among them."""
        found = self._answered.get(kind)
        if found is None:
            ready = self._ready.get(kind, frozenset())
            own = {each.code: each for each in self._own.get(kind, ()) if each in ready}
            found = self._answered[kind] = MappingProxyType({**_official(kind), **own}) if own else _official(kind)
        return found

    def codes(self, kind: str) -> frozenset[str]:
        """The codes of ``parameters``."""
        return frozenset(self.parameters(kind))

    def waiting(self, kind: str) -> frozenset[str]:
        """Codes of clients' parameters of a type that are still being indexed."""
        ready = self._ready.get(kind, frozenset())
        return frozenset(each.code for each in self._own.get(kind, ()) if each not in ready)

    def own(self, kind: str) -> tuple[SearchParameter, ...]:
        """Clients' parameters of a type, answered or not."""
        return self._own.get(kind, ())

    def rows(self, resource: dict[str, Any], *, declared: bool = False) -> list[IndexRow]:
        """All index rows of a resource; ``declared`` as for ``indexed``."""
        rows = index_rows(resource, None, self.own(str(resource.get("resourceType"))))
        rows += _policy_rows(resource, declared)
        return self._ours(rows) if self.bases else rows

    def rows_of(self, resource: dict[str, Any], code: str) -> list[IndexRow]:
        """The index rows of one parameter of a resource."""
        own = tuple(each for each in self.own(str(resource.get("resourceType"))) if each.code == code)
        return index_rows(resource, frozenset((code,)), own)

    def complete(self, change: Change) -> None:
        """Give new versions the rows of clients' parameters. References to an address of ours are indexed as those without it."""
        if any(put.base for put in change.puts):
            self.bases |= {put.base for put in change.puts if put.base}
            change.meta.append((BASES, orjson.dumps(sorted(self.bases)).decode()))
        if self._own:
            for put in change.puts:
                own = self._own.get(put.stored.type)
                if own and not put.stored.deleted:
                    put.index = [*put.index, *index_rows(orjson.loads(put.stored.body), frozenset(), own)]
        if self.bases:
            for put in change.puts:
                put.index = self._ours(put.index)

    def _ours(self, rows: list[IndexRow]) -> list[IndexRow]:
        return [self._our(row) if row[1] in _POINTING else row for row in rows]

    def _our(self, row: IndexRow) -> IndexRow:
        if row.kind == "composite":
            return row._replace(c=self._our(row.c))
        found = _ADDRESS.fullmatch(row.a) if row.kind == "reference" else None
        return row._replace(a=found[2]) if found and found[1] in self.bases else row

    @property
    def defined(self) -> list[str]:
        """The ids of the definitions that are known."""
        return list(self._made)

    def committed(self, change: Change) -> bool:
        """Take note of the definitions in a change that is on disk; whether any came, went or changed."""
        touched = [put.stored for put in change.puts if put.stored.type == DEFINITIONS]
        return bool(touched) and self.heard({each.id: None if each.deleted else orjson.loads(each.body) for each in touched})

    def heard(self, definitions: Mapping[str, dict[str, Any] | None]) -> bool:
        """Take note of SearchParameter resources by id, None = deleted; whether what there is to index has changed."""
        for id_, resource in definitions.items():
            self._made.pop(id_, None)
            made = own_parameter(resource) if resource is not None else None
            if made is not None:
                self._made[id_] = made
        own = self._gathered()
        if own == self._own:
            return False
        self._own = own
        self._changed()
        return True

    def _gathered(self) -> dict[str, tuple[SearchParameter, ...]]:
        """Clients' parameters by type; of two with one code the definition whose id comes first."""
        found: dict[str, dict[str, SearchParameter]] = {}
        for _, made in sorted(self._made.items()):
            for kind in made.types:
                if len(found.setdefault(kind, {})) < LIMIT:
                    found[kind].setdefault(made.parameter.code, made.parameter)
        return {kind: tuple(each[code] for code in sorted(each)) for kind, each in found.items()}

    def ready(self, kind: str, own: tuple[SearchParameter, ...]) -> None:
        """All resources of a type have the rows of these."""
        self._ready[kind] = frozenset(own)
        self._changed()

    def digest(self, kind: str) -> str:
        """What the resources of a type are to be indexed by, as a digest."""
        own = self.own(kind)
        return hashlib.blake2b(repr(own).encode(), key=_form(), digest_size=8).hexdigest() if own else _form().hex()

    def _changed(self) -> None:
        self._answered.clear()
        self.revision += 1


@cache
def _form() -> bytes:
    said = (FORM, table_digest("parameters"), table_digest("structures"), table_digest("codes"), sorted(tables().known))
    return hashlib.blake2b(repr(said).encode(), digest_size=8).digest()
