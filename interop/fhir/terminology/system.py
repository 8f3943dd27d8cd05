"""What a value set asks of a code system, whether it is a list, a grammar or a release on disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Protocol

from interop.fhir.shapes import Json
from interop.fhir.terminology.results import Concept, Lookup


class Definitions(Protocol):
    """Where conformance resources come from; ``interop.fhir.definitions.Definitions`` is one."""

    def resource(self, kind: str, url: str) -> Json | None:
        """The resource of a canonical URL (``|version`` allowed), or None."""

    def every(self, kind: str) -> Iterator[str]:
        """The canonical URLs of a kind."""


class Filter(NamedTuple):
    """ValueSet.compose.include.filter."""

    property: str
    op: str
    value: str


class Selection(Protocol):
    """The codes that a filter takes."""

    def holds(self, code: str) -> bool | None:
        """Whether a code of the system is taken; None: cannot be told."""

    def codes(self) -> Iterable[str] | None:
        """All of them, in the order of the system; None: they cannot be listed."""


class System(Protocol):
    """A code system."""

    url: str
    version: str
    why_open: str
    """Why a code that is not found may still be one of the system; '' where it surely is none."""

    def find(self, code: str) -> Concept | None:
        """The concept, with the code as the system writes it."""

    def excludes(self, code: str) -> bool:
        """Whether a code that is not found is surely not one of the system."""

    def concepts(self) -> Iterable[Concept] | None:
        """Every concept; None: they cannot be listed."""

    def select(self, wanted: Filter) -> Selection | str:
        """The codes of a filter, or the reason why they cannot be computed."""

    def subsumes(self, ancestor: str, code: str) -> bool | None:
        """Whether ``code`` is ``ancestor`` or below it; both are known codes. None: the system has no is-a hierarchy."""

    def lookup(self, code: str) -> Lookup | None:
        """All that is known of a code."""


class Codes:
    """A selection that is a list."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._codes = dict.fromkeys(codes)

    def holds(self, code: str) -> bool | None:
        return code in self._codes

    def codes(self) -> Iterable[str]:
        return self._codes


def split(canonical: str) -> tuple[str, str]:
    """``url|version`` -> (url, version or '')."""
    url, _, version = canonical.partition("|")
    return url, version
