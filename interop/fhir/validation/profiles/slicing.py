"""Slicing: which occurrence belongs to which slice, and what each slice demands (FHIR R4, profiling, section 5.1.0.15)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from interop.fhir.findings import ERROR, INFORMATION, Finding, Findings, at
from interop.fhir.validation.profiles.occurrence import Occurrence
from interop.fhir.validation.profiles.run import Found, Rule, Run, unchecked

Matcher = Callable[[Occurrence, Run], "bool | None"]
"""Whether an occurrence belongs to a slice; None where that cannot be told."""
DEFAULT = "@default"


@dataclass(slots=True, eq=False)
class Slice:
    """One slice: ``inner`` are its own slices (reslicing). The default slice takes what no other takes."""

    name: str
    match: Matcher
    least: int = 0
    most: int | None = None
    content: Rule | None = None
    inner: Slicing | None = None
    must_support: bool = False


@dataclass(slots=True, eq=False)
class Slicing:
    """The slices of an element; ``rules`` is closed, open or openAtEnd; ``told`` says what is of no slice though
    that is allowed."""

    name: str
    slices: tuple[Slice, ...]
    rules: str = "open"
    ordered: bool = False
    told: bool = False

    @property
    def demands(self) -> bool:
        """Whether there is anything to say where no occurrence is there."""
        return any(each.least or each.must_support or (each.inner is not None and each.inner.demands) for each in self.slices)

    def __call__(self, items: list[Occurrence], run: Run) -> Found:
        """Findings of all occurrences of the element, relative to its parent."""
        found: Findings = []
        taken: list[list[Occurrence]] = [[] for _ in self.slices]
        doubtful: list[bool] = [False] * len(self.slices)
        furthest, loose = 0, ""
        for one in items:
            places, unsure = self._places(one, run, doubtful)
            if not places:
                found += self._unmatched(one, run, unsure)
                loose = loose or one.step
                continue
            for place in places:
                taken[place].append(one)
            place = places[0]
            if self.ordered and place < furthest:
                found.append(
                    Finding(ERROR, one.step, "structure", f"stands out of order: slice {self.slices[place].name}", "slicing")
                )
            furthest = max(furthest, place)
            if self.rules == "openAtEnd" and loose and self.slices[place].name != DEFAULT:
                message = "stands after what is of no slice, which may come only at the end"
                found.append(Finding(ERROR, one.step, "structure", message, "slicing"))
        for each, members, unsure in zip(self.slices, taken, doubtful, strict=True):
            found += self._of(each, members, unsure, run)
        return found or None

    def _places(self, one: Occurrence, run: Run, doubtful: list[bool]) -> tuple[list[int], bool]:
        """The slices of an occurrence; the second says that a slice could not be judged."""
        places: list[int] = []
        unsure, default = False, None
        for place, each in enumerate(self.slices):
            if each.name == DEFAULT:
                default = place
                continue
            verdict = each.match(one, run)
            if verdict:
                places.append(place)
            elif verdict is None:
                doubtful[place] = unsure = True
        if not places and default is not None and not unsure:
            places.append(default)
        return places, unsure and not places

    def _unmatched(self, one: Occurrence, run: Run, unsure: bool) -> Findings:
        if unsure:
            return unchecked("to which slice it belongs", "slicing", one.step)
        if self.rules == "closed":
            return [Finding(ERROR, one.step, "structure", "is of no slice, and the profile allows no other", "slicing")]
        if self.told:
            return [Finding(INFORMATION, one.step, "informational", "is of no slice of the profile", "slicing")]
        return []

    def _of(self, each: Slice, members: list[Occurrence], unsure: bool, run: Run) -> Findings:
        found: Findings = []
        if len(members) < each.least:
            if unsure:
                found += unchecked(f"whether slice {each.name} is there", "slicing", self.name)
            else:
                message = f"slice {each.name}: at least {each.least} needed, {len(members)} found"
                found.append(Finding(ERROR, self.name, "required", message, "slicing"))
        if each.most is not None and len(members) > each.most:
            message = f"slice {each.name}: at most {each.most} allowed, {len(members)} found"
            found.append(Finding(ERROR, self.name, "structure", message, "slicing"))
        if each.must_support and not members:
            found.append(
                Finding(
                    INFORMATION, self.name, "informational", f"slice {each.name} must be supported and is absent", "must-support"
                )
            )
        if each.content is not None:
            for one in members:
                if problems := each.content(one, run):
                    found += at(one.step, problems)
        if each.inner is not None:
            found += each.inner(members, run) or ()
        return found
