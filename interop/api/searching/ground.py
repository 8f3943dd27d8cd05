"""What a search stands on."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from interop.fhir import facts
from interop.record.indexing import Indexing

STORED: Final = frozenset(("_id", "_lastUpdated"))
"""Parameters of every type, answered without an index."""
UNANSWERED: Final = frozenset(("_filter", "_query"))
MOST: Final = 10
"""Value sets and hierarchies of one search at most."""
Parameters = Mapping[str, facts.SearchParameter]


def _none(type: str) -> frozenset[str]:
    return frozenset()


class Known(NamedTuple):
    """Which parameters there are: ``parameters`` of a type by code, those of clients that are still being indexed, and a
    ``revision`` that changes with them."""

    parameters: Callable[[str], Parameters]
    waiting: Callable[[str], frozenset[str]] = _none
    revision: Hashable = 0

    def parameter(self, type: str, code: str) -> facts.SearchParameter | None:
        """One that is answered; type '' = one of all types."""
        if code in STORED or code in UNANSWERED:
            return None
        return (self.parameters(type) if type else facts.search_parameters("DomainResource")).get(code)

    def answered(self, type: str) -> dict[str, facts.SearchParameter]:
        """All that are answered, without ``_id`` and ``_lastUpdated``, which are for all types."""
        known = self.parameters(type) if type else facts.search_parameters("DomainResource")
        return {code: known[code] for code in sorted(known.keys() - STORED - UNANSWERED)}


def known(indexing: Indexing) -> Known:
    """The parameters that there are now: R4's, and clients' own that are indexed."""
    return Known(indexing.parameters, indexing.waiting, indexing.revision)


class Codes(NamedTuple):
    """Codes that a search names together: ``relation`` in (``value`` is a value set), below or above (``system|code``)."""

    relation: str
    value: str


class Unexpanded(Exception):
    """The value of a search stands for codes that have to be fetched first."""

    def __init__(self, parameter: str, codes: Codes) -> None:
        super().__init__(parameter)
        self.parameter, self.codes = parameter, codes


Pairs = tuple[tuple[str, str], ...]
"""Codes with their systems, or ids with their types."""
Expanded = Mapping[Codes, Pairs]


@dataclass(slots=True)
class Ground:
    """What a search stands on: the parameters, our own base, the present in microseconds, and what the value sets and hierarchies
    that it names hold, as far as they have been fetched."""

    known: Known
    base: str
    now: int
    expanded: Expanded = field(default_factory=dict)

    def codes(self, parameter: str, codes: Codes) -> Pairs:
        """What a value set or hierarchy holds; raises Unexpanded."""
        found = self.expanded.get(codes)
        if found is None:
            raise Unexpanded(parameter, codes)
        return found
