"""What a compiled profile is made of: the content of an element, and its children with their cardinality and slices."""

from __future__ import annotations

from dataclasses import dataclass, field

from interop.fhir.findings import ERROR, INFORMATION, Finding, Findings, at
from interop.fhir.validation.profiles.occurrence import Json, Names, Occurrence, occurrences
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
        found: Findings = []
        for rule in self.rules:
            found += rule(one, run) or ()
        if self.children:
            run = run_of(one, run)
            holder = one.value if isinstance(one.value, dict) else one.shadow
            for child in self.children:
                found += child(holder if isinstance(holder, dict) else {}, run) or ()
        return found or None

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

    def __post_init__(self) -> None:
        only = next(iter(self.names)) if len(self.names) == 1 else ""
        self.plain = (only, "_" + only)

    def __call__(self, holder: Json, run: Run) -> Found:
        """Findings relative to the parent."""
        name, shadow = self.plain
        items = [] if name and name not in holder and shadow not in holder else occurrences(holder, self.names)
        found: Findings = []
        if len(items) < self.least:
            found.append(Finding(ERROR, self.stem, "required", few(self.least, len(items)), "cardinality"))
        elif self.most is not None and len(items) > self.most:
            found.append(Finding(ERROR, self.stem, "structure", many(self.most, len(items)), "cardinality"))
        if self.must_support and not items:
            found.append(Finding(INFORMATION, self.stem, "informational", "must be supported and is absent", "must-support"))
        if self.content is not None:
            for one in items:
                problems = self.content(one, run)
                if problems:
                    found += at(one.step, problems)
        if self.slicing is not None:
            found += self.slicing(items, run) or ()
        return found or None

    @property
    def stem(self) -> str:
        """The name as it is written where no form is meant."""
        return self.name.removesuffix("[x]")


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
