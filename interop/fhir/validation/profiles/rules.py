"""What a compiled profile is made of: the content of an element, and its children with their cardinality and slices."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from interop.fhir.findings import ERROR, INFORMATION, Finding, Findings, at
from interop.fhir.shapes import Json
from interop.fhir.validation.profiles.occurrence import Names, Occurrence, occurrences, typed
from interop.fhir.validation.profiles.run import Found, Rule, Run, run_of
from interop.fhir.validation.profiles.slicing import Slicing


@dataclass(slots=True, eq=False)
class Content:
    """What an occurrence of an element must satisfy: rules on the value, then its children."""

    rules: tuple[Rule, ...] = ()
    children: tuple[Child, ...] = ()

    def __call__(self, one: Occurrence, run: Run) -> Found:
        """Findings relative to the occurrence, None where all is well."""
        run.budget.spend()
        found: Found = None
        for rule in self.rules:
            if problems := rule(one, run):
                found = [*(found or ()), *problems]
        if self.children:
            run = run_of(one, run)
            holder = one.value if isinstance(one.value, dict) else one.shadow
            if not isinstance(holder, dict):
                holder = {}
            for child in self.children:
                if problems := child(holder, run):
                    found = [*(found or ()), *problems]
        return found

    @property
    def adds(self) -> bool:
        """Whether there is anything to ask."""
        return bool(self.rules or self.children)


@dataclass(slots=True, eq=False)
class Child:
    """A child element: ``least`` and ``most`` only where the profile is tighter than R4 (0 and None else)."""

    name: str
    names: Names
    least: int = 0
    most: int | None = None
    content: Content | None = None
    slicing: Slicing | None = None
    must_support: bool = False
    plain: tuple[str, str] = field(default=("", ""))
    demands: bool = False

    def __post_init__(self) -> None:
        only = next(iter(self.names)) if len(self.names) == 1 else ""
        self.plain = (only, "_" + only)
        self.demands = bool(self.least or self.must_support or (self.slicing is not None and self.slicing.demands))

    def __call__(self, holder: Json, run: Run) -> Found:
        """Findings relative to the parent."""
        name, shadow = self.plain
        if not name or shadow in holder:
            items = occurrences(holder, self.names)
        elif name in holder:
            items = self._items(holder[name], name)
        elif self.demands:
            items = []
        else:
            return None
        found: Findings = []
        if len(items) < self.least:
            found.append(Finding(ERROR, self.name, "required", few(self.least, len(items)), "cardinality"))
        elif self.most is not None and len(items) > self.most:
            found.append(Finding(ERROR, self.name, "structure", many(self.most, len(items)), "cardinality"))
        if self.must_support and not items:
            found.append(Finding(INFORMATION, self.name, "informational", "must be supported and is absent", "must-support"))
        if self.content is not None:
            for one in items:
                problems = self.content(one, run)
                if problems:
                    found += at(one.step, problems)
        if self.slicing is not None:
            found += self.slicing(items, run) or ()
        return found or None

    def _items(self, value: Any, name: str) -> list[Occurrence]:
        """The occurrences of an element that has one name and no shadow."""
        kind = self.names[name]
        if isinstance(value, list):
            return [
                Occurrence(each, None, typed(each, kind), f"{name}[{place}]")
                for place, each in enumerate(value)
                if each is not None
            ]
        return [] if value is None else [Occurrence(value, None, typed(value, kind), name)]


def few(least: int, count: int) -> str:
    """The message for too few."""
    return (
        f"must be there at least {least} time{'s' * (least != 1)} and is there {count}"
        if least > 1 or count
        else "is mandatory in the profile"
    )


def many(most: int, count: int) -> str:
    """The message for too many."""
    return f"may be there at most {most} time{'s' * (most != 1)} and is there {count}" if most else "is not allowed by the profile"
