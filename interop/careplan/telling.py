"""The words of a part of a resource, by the paths of a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from interop.careplan.answers import bare
from interop.careplan.plan import Json
from interop.careplan.resolving import Resolving
from interop.careplan.tables import Alternatives, Content, PlanTables
from interop.careplan.words import Words
from interop.fhir.shapes import dicts, text

UNREAD: Final = "not shown here, see the record"
"""Of what a plan refers to and who asks is not given."""
STEP: Final = "A step"
"""What is told of a step that has no words."""
BARE: Final = frozenset(("id", "status", "statusReason", "kind"))
"""Elements of an activity's detail that by themselves tell of nothing to be done or left."""
WORDLESS: Final = {"AllergyIntolerance": "Substance not stated", "Flag": "Alert without words"}
"""What is told of a resource that has no words: that there is one is not kept back."""


class Telling:
    """Reads the words of lines."""

    def __init__(self, tables: PlanTables, resolving: Resolving, words: Words) -> None:
        self._tables, self._resolving, self._words = tables, resolving, words

    def called(self, resource: Json) -> str:
        """The title of a resource, else what its category or code is called."""
        named = (resource.get("title"), *dicts(resource, "category"), resource.get("code"), resource.get("type"))
        return next(filter(None, map(self._words.of, filter(None, named))), "")

    def told(self, row: Content, place: Any, resource: Json) -> tuple[str, str]:
        """The words of a line and the path that they stand at; of a question that is answered with yes or no, the question too."""
        for path in row.text:
            found = self.at(path, place, resource)
            told = [said for value in found if (said := self._words.of(value))]
            if path.text == "reference" and found and (not told or self._resolving(found[0]) is None):
                told = [f"{told[0] if told else STEP} ({UNREAD})"]
            if told and path.text in ("value[x]", "answer.value[x]") and bare(found[0]):
                asked = self._words.of(place.get("code")) or text(place, "text") or self._tables.headings[row.heading].title
                return path.text, f"{asked}: {told[0]}"
            if told:
                return path.text, told[0] if path.text == "name" else "; ".join(dict.fromkeys(told))
        detail = place.get("detail") if row.each.text == "activity" and isinstance(place, dict) else None
        if isinstance(detail, dict) and detail.keys() - BARE:
            return "", f"{STEP} ({UNREAD})"
        return "", WORDLESS.get(row.type, "") if not row.each.text else ""

    def trigger(self, row: Content, place: Any, resource: Json) -> str:
        """If what: all reasons that are given, and that there is one where it is not shown."""
        found = [value for path in row.trigger for value in self.at(path, place, resource)]
        return "; ".join(dict.fromkeys(self._words.of(value) or UNREAD for value in found))

    def at(self, path: Any, place: Any, resource: Json) -> list[Any]:
        """The values at a path."""
        found: list[Any] = path.values(place, resource, self._resolving)
        return found

    def every(self, paths: Alternatives, place: Any, resource: Json) -> Iterator[str]:
        """What the first of several paths says that says anything, value by value."""
        for path in paths:
            found = [said for value in self.at(path, place, resource) if (said := self._words.of(value))]
            if found:
                yield from found
                return

    def first(self, paths: Alternatives, place: Any, resource: Json) -> str:
        """The first thing that any of several paths says, '' where none says anything."""
        return next(self.every(paths, place, resource), "")
