"""Who is on a list, why and in which order: a pure fold of what was found of each person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from interop.fhir.searching import interval
from interop.fhir.shapes import dicts, text
from interop.rules.expressions import RuleFailed, holds, values, when
from interop.worklists.tables import ADDS, BRINGS, CLEARS, DUE, LACKS, NEEDED, NEEDS, OTHERS, POINTS, Reason, Worklist

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


ByRow = Mapping[str, Sequence[Found]]
"""What was found of a person, by the id of the row."""


class Evidence(NamedTuple):
    """What bears a reason out: when it was, in the latest reading of what is ``written``, and when it is due (microseconds, None
    where nothing says so), what is told of it."""

    reference: str
    source: str
    at: int | None
    written: str
    due: int | None
    shown: tuple[str, ...]
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Told:
    """A reason that holds of a person, with what bears it out, the latest first; nothing does where something is lacking."""

    reason: Reason
    evidence: tuple[Evidence, ...]

    @property
    def latest(self) -> Evidence | None:
        """The latest of it, where anything says when it was."""
        return max((each for each in self.evidence if each.at is not None), key=lambda each: each.at or 0, default=None)

    @property
    def at(self) -> int | None:
        """When the latest of it was."""
        return self.latest.at if self.latest is not None else None

    @property
    def shown(self) -> tuple[str, ...]:
        """What is told beside the words, each once: what the row shows, else of a set of codes the groups."""
        codes = self.reason.codes if self.reason.shows is None else None
        if codes is not None:
            return tuple(sorted({codes.displays[group] for each in self.evidence for group in each.groups}))
        return tuple(dict.fromkeys(word for each in self.evidence for word in each.shown))

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
    def latest(self) -> Evidence | None:
        """The latest that is known."""
        known = [each.latest for each in self.told if each.latest is not None]
        return max(known, key=lambda each: each.at or 0, default=None)

    def place(self, order: str) -> tuple[int, int, str]:
        """Where the line stands in an order: the least first."""
        if order == POINTS:
            return -self.points, -(self.latest.at or 0) if self.latest is not None else 0, self.patients[0]
        first = self.due if order == DUE else self.since
        return LATER if first is None else first, -self.points, self.patients[0]


class Brought(NamedTuple):
    """Why a person is on a list, and what bears out what the list needs."""

    told: tuple[Told, ...]
    needed: tuple[Resource, ...]


class Judging:
    """Judges what was found of people for a list at one time. ``failed`` are the rows that could not be judged of somebody: who
    reads the list must know."""

    def __init__(self, worklist: Worklist, now: int) -> None:
        self.worklist, self.now = worklist, now
        self.failed: set[str] = set()

    def brought(self, found: ByRow) -> Brought | None:
        """The reasons that bring a person onto the list; None where there are none, or something is not so that the list needs."""
        needed: list[Resource] = []
        for each in self.worklist.reasons:
            if each.kind == NEEDS:
                meeting = self._meeting(each, found, ())
                if not _enough(each, meeting):
                    return None
                needed += [one.resource for one in meeting]
        told = self._each((BRINGS,), found, needed)
        return Brought(tuple(told), tuple(needed)) if told else None

    def line(self, patients: Iterable[str], brought: Brought, found: ByRow) -> Line | None:
        """The line of a person who is brought onto the list; None where that was cleared. ``found``: by the rows of other kinds."""
        cleared = max((one.at for one in self._each((CLEARS,), found, ()) if one.at is not None), default=None)
        told = [one for one in brought.told if cleared is None or (one.at is not None and one.at > cleared)]
        if not told:
            return None
        told += self._each((ADDS, LACKS), found, brought.needed)
        due = min((each.due for one in told for each in one.evidence if each.due is not None), default=None)
        return Line(tuple(sorted(patients)), tuple(told), sum(one.reason.points for one in told), due)

    def _each(self, kinds: tuple[str, ...], found: ByRow, needed: Sequence[Resource]) -> list[Told]:
        """The reasons of these kinds that hold."""
        told = []
        for each in self.worklist.reasons:
            if each.kind in kinds:
                meeting = self._meeting(each, found, needed)
                if each.kind == LACKS:
                    told += [] if meeting or each.id in self.failed else [Told(each, ())]
                elif _enough(each, meeting):
                    told.append(self._told(each, meeting))
        return told

    def _told(self, reason: Reason, meeting: Sequence[Found]) -> Told:
        evidence = [self._evidence(reason, each) for each in meeting]
        return Told(reason, tuple(sorted(evidence, key=lambda each: (-(each.at or 0), each.reference))))

    def _meeting(self, reason: Reason, found: ByRow, needed: Sequence[Resource]) -> list[Found]:
        """What of what a row has found is what it asks for; nothing is looked at where it cannot be enough."""
        all_ = found.get(reason.id, ())
        if not reason.groups and len(all_) < reason.least:
            return []
        return [each for each in all_ if self._meets(reason, each, all_, needed)]

    def _meets(self, reason: Reason, one: Found, all: Sequence[Found], needed: Sequence[Resource]) -> bool:
        resource, now = one.resource, self.now
        try:
            if reason.within:
                at = when(reason.at, resource, {}, now)
                if at is None or at < now - reason.within:
                    return False
            if reason.condition is not None:
                others = [each.resource for each in all if each is not one]
                if not holds(reason.condition, resource, {OTHERS: others, NEEDED: needed}, now):
                    return False
            return reason.was is None or any(holds(reason.was, each, {}, now) for each in one.earlier)
        except RuleFailed:
            self.failed.add(reason.id)
            return False

    def _evidence(self, reason: Reason, one: Found) -> Evidence:
        resource, now = one.resource, self.now
        at, due, written, told = None, None, "", list[Any]()
        try:
            for each in values(reason.at, resource, {}, now) if reason.at is not None else ():
                span = interval(str(each))
                if span is not None:
                    at, written = max(span[0], span[1] - 1), str(each)
                    break
            due = when(reason.due, resource, {}, now)
            told = values(reason.shows, resource, {}, now) if reason.shows is not None else []
        except RuleFailed:
            self.failed.add(reason.id)
        shown = tuple(str(each)[:WORDS] for each in told if isinstance(each, str | int) and each)
        return Evidence(one.reference, one.source, at, written, due, shown, _groups(reason, resource))


def _enough(reason: Reason, meeting: Sequence[Found]) -> bool:
    if reason.groups:
        return len({group for each in meeting for group in _groups(reason, each.resource)}) >= reason.least
    return len(meeting) >= reason.least


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
