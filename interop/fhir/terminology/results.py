"""What terminology answers: verdicts, expansions, concepts, translations, and why something could not be computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Verdict(NamedTuple):
    """Whether a code is in a value set or a code system (FHIR R4, ValueSet/$validate-code).

    ``result`` is True, False, or None for *not checked*: something that decides is not loaded, and ``message`` says what.
    ``display`` is the preferred text of the code, '' where none is known; ``display_ok`` says whether the display that was asked
    about is one of the code's texts (None: none was given, or no text is known). ``system`` is the code's system, inferred where
    none was given. ``status`` is 'deprecated', 'retired' and the like as the code system says it; ``inactive`` that the code is
    not to be used in new data. ``severity`` is a hint: '' all well, 'information' not checked, 'warning' an inactive code or a
    wrong display, 'error' not in the set. ``message`` holds URLs and reasons, never the code or the display that was given.
    """

    result: bool | None
    message: str = ""
    display: str = ""
    display_ok: bool | None = None
    system: str = ""
    inactive: bool = False
    status: str = ""
    severity: str = ""


class Designation(NamedTuple):
    """Another text of a concept, with its language (BCP-47, '' unknown) and use code ('' unknown)."""

    text: str
    language: str = ""
    use: str = ""


class Concept(NamedTuple):
    """A concept of a code system, as far as a verdict or an expansion needs it.

    ``abstract`` concepts group others and are no values themselves (``notSelectable``).
    """

    code: str
    display: str = ""
    designations: Sequence[Designation] = ()
    inactive: bool = False
    abstract: bool = False
    status: str = ""

    def texts(self) -> list[str]:
        """The display and every designation."""
        return [text for text in (self.display, *(each.text for each in self.designations)) if text]


class Contained(NamedTuple):
    """One line of an expansion (ValueSet.expansion.contains)."""

    system: str
    code: str
    display: str = ""
    abstract: bool = False
    inactive: bool = False
    version: str = ""


@dataclass(frozen=True)
class Expansion:
    """The codes of a value set, in the order in which it names them.

    ``total`` counts all that match the text filter, ``contains`` holds the page that was asked for. ``versions`` are the code
    systems that were used, as ``url|version``.
    """

    url: str
    version: str
    contains: list[Contained]
    total: int
    offset: int = 0
    versions: list[str] = field(default_factory=list)


class Lookup(NamedTuple):
    """What is known of one code (CodeSystem/$lookup). Properties as (code, value); parents and children as codes."""

    system: str
    version: str
    concept: Concept
    definition: str
    properties: list[tuple[str, Any]]
    parents: list[str]
    children: list[str]


class Translation(NamedTuple):
    """One match of a concept map (ConceptMap/$translate); ``system`` and ``code`` are '' where it says ``unmatched``."""

    equivalence: str
    system: str
    code: str
    display: str = ""
    map: str = ""
    comment: str = ""


class Uncomputable(Exception):
    """A value set cannot be expanded. ``reasons`` names each part that stands in the way."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = list(reasons)


class TooCostly(Exception):
    """An expansion would hold more codes than the limit, which ``limit`` tells."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} codes: ask for a page or a text")
        self.limit = limit
