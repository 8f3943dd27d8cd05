"""Who is on a list, why and in which order: a pure fold of what was found of each person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from interop.fhir.shapes import dicts, text
from interop.rules.expressions import holds, values, when
from interop.worklists.tables import BRINGS, CLEARS, DUE, LACKS, NEEDED, NEEDS, OTHERS, POINTS, Reason, Worklist

LATER = 1 << 62
"""After all times that there are: of what has none."""
WORDS = 200
"""Characters of one thing that is told beside the words of a reason."""
Resource = Mapping[str, Any]


class Found(NamedTuple):
    """A resource that a row has found: its body, of which Patient, from which organisations; ``earlier`` are its versions before,
    as far as they may be seen, where the row asks for them."""

    resource: Resource
    patient: str
    source: str
    earlier: tuple[Resource, ...] = ()

    @property
    def reference(self) -> str:
        """Type and id."""
        return f"{self.resource['resourceType']}/{self.resource['id']}"


class Evidence(NamedTuple):
    """What bears a reason out: when it was and when it is due (microseconds, None where nothing says so), what is told of it."""

    found: Found
    at: int | None
    due: int | None
    shown: tuple[str, ...]
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """A reason that holds of a person, with what bears it out, the latest first; nothing does where something is lacking."""

    reason: Reason
    evidence: tuple[Evidence, ...]

    @property
    def at(self) -> int | None:
        """When the latest of it was."""
        return max((each.at for each in self.evidence if each.at is not None), default=None)

    @property
    def shown(self) -> tuple[str, ...]:
        """What is told beside the words, each once: of a set of codes the groups."""
        codes = self.reason.codes
        groups = sorted({codes.displays[group] for each in self.evidence for group in each.groups}) if codes is not None else []
        return tuple(dict.fromkeys([*groups, *(word for each in self.evidence for word in each.shown)]))

    @property
    def words(self) -> str:
        """Why, in a sentence."""
        number = len({group for each in self.evidence for group in each.groups}) if self.reason.groups else len(self.evidence)
        count = f" ({number})" if self.reason.least > 1 else ""
        return f"{self.reason.says}{count}" + (f": {', '.join(self.shown)}" if self.shown else "")


@dataclass(frozen=True, slots=True)
class Line:
    """A person on a list: their Patients, why, how many points that makes, what is due first (microseconds)."""

    patients: tuple[str, ...]
    told: tuple[Told, ...]
    points: int
    due: int | None

    @property
    def since(self) -> int | None:
        """Since when what brought the person onto the list is so."""
        return min((each.at for each in self.told if each.reason.kind == BRINGS and each.at is not None), default=None)

    @property
    def latest(self) -> int:
        """When the latest was that is known."""
        return max((each.at for each in self.told if each.at is not None), default=0)

    def place(self, order: str) -> tuple[int, int, str]:
        """Where the line stands in an order: the least first."""
        if order == POINTS:
            return -self.points, -self.latest, self.patients[0]
        first = self.due if order == DUE else self.since
        return LATER if first is None else first, -self.points, self.patients[0]


def brought(worklist: Worklist, found: Mapping[str, Sequence[Found]], now: int) -> bool:
    """Whether what was found of a person, by the id of the row, brings them onto a list."""
    known = _Known(worklist, found, now)
    return known.needed and any(known.told(each) for each in worklist.reasons if each.kind == BRINGS)


def line(worklist: Worklist, patients: Iterable[str], found: Mapping[str, Sequence[Found]], now: int) -> Line | None:
    """The line of a person; None where they are not on the list."""
    known = _Known(worklist, found, now)
    if not known.needed:
        return None
    told = {each.id: one for each in worklist.reasons if (one := known.told(each)) is not None}
    cleared = max((one.at for one in told.values() if one.reason.kind == CLEARS and one.at is not None), default=None)
    kept = [one for one in told.values() if one.reason.kind != CLEARS]
    if cleared is not None:
        kept = [one for one in kept if one.reason.kind != BRINGS or (one.at is not None and one.at > cleared)]
    if not any(one.reason.kind == BRINGS for one in kept):
        return None
    shown = tuple(one for one in kept if one.reason.kind != NEEDS)
    due = min((each.due for one in shown for each in one.evidence if each.due is not None), default=None)
    return Line(tuple(sorted(patients)), shown, sum(one.reason.points for one in shown), due)


class _Known:
    """What is known of one person for a list."""

    def __init__(self, worklist: Worklist, found: Mapping[str, Sequence[Found]], now: int) -> None:
        self._found, self._now = found, now
        self._needs: list[Resource] = []
        self.needed = True
        for each in worklist.reasons:
            if each.kind == NEEDS:
                one = self.told(each)
                self.needed &= one is not None
                self._needs += [said.found.resource for said in one.evidence] if one is not None else []

    def told(self, reason: Reason) -> Told | None:
        """A reason with what bears it out; None where it does not hold."""
        found = self._found.get(reason.id, ())
        evidence = [said for each in found if (said := self._evidence(reason, each, found)) is not None]
        if reason.kind == LACKS:
            return None if evidence else Told(reason, ())
        number = len({group for each in evidence for group in each.groups}) if reason.groups else len(evidence)
        if number < reason.least:
            return None
        evidence.sort(key=lambda each: (-(each.at or 0), each.found.reference))
        return Told(reason, tuple(evidence))

    def _evidence(self, reason: Reason, one: Found, all: Sequence[Found]) -> Evidence | None:
        resource, now = one.resource, self._now
        at = when(reason.at, resource, {}, now)
        if reason.within and (at is None or not now - reason.within <= at):
            return None
        if reason.condition is not None:
            others = [each.resource for each in all if each is not one]
            if not holds(reason.condition, resource, {OTHERS: others, NEEDED: self._needs}, now):
                return None
        if reason.was is not None and not any(holds(reason.was, each, {}, now) for each in one.earlier):
            return None
        shown: tuple[str, ...] = ()
        if reason.shows is not None:
            shown = tuple(
                str(each)[:WORDS] for each in values(reason.shows, resource, {}, now) if isinstance(each, str | int) and each
            )
        return Evidence(one, at, when(reason.due, resource, {}, now), shown, _groups(reason, resource))


def _groups(reason: Reason, resource: Resource) -> frozenset[str]:
    """The groups of the set whose codes a resource has."""
    if reason.codes is None:
        return frozenset()
    concepts = resource.get(reason.element, ())
    found = [
        reason.codes.groups.get((text(each, "system"), text(each, "code")))
        for concept in (concepts if isinstance(concepts, list) else [concepts])
        for each in dicts(concept, "coding")
    ]
    return frozenset(group for group in found if group is not None)
