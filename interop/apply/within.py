"""What is written in the same transaction and satisfies the criteria of a reference: they are resolved once all is written.

Criteria of plain tokens are looked at, such as ``identifier=system|value`` (FHIR R4 http, 3.1.0.11.2); others find what was there
before."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from interop.apply.asked import Key, Resource
from interop.fhir.searching import index_rows


class Within:
    """The resources that a transaction writes, by their tokens; read when they are first asked for."""

    def __init__(self, written: Iterable[tuple[Key, Resource]]) -> None:
        self._written = list(written)
        self._known: dict[tuple[str, str], dict[str, set[Key]]] = {}

    def matches(self, type: str, text: str) -> set[Key]:
        """Those that satisfy the criteria."""
        found: set[Key] | None = None
        for name, value in parse_qsl(text):
            if not name.isidentifier() or "," in value or "\\" in value:
                return set()
            these = self._tokens(type, name).get(value, set())
            found = these if found is None else found & these
        return found or set()

    def _tokens(self, type: str, name: str) -> dict[str, set[Key]]:
        """Who has which token, written as in a search: ``code``, ``system|code``, ``|code`` without a system."""
        known = self._known.get((type, name))
        if known is None:
            known = self._known[type, name] = {}
            for key, resource in self._written:
                if key[0] == type:
                    for row in index_rows({**resource, "id": key[1]}, frozenset((name,))):
                        if row.kind == "token":
                            for written in (row.b or "", f"{row.a or ''}|{row.b or ''}"):
                                known.setdefault(written, set()).add(key)
        return known
