"""Who is on a list, why and in which order: a pure fold of what was found of each person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson

from interop.fhir.fhirpath import Expression
from interop.fhir.searching import interval
from interop.fhir.shapes import dicts, text
from interop.rules.expressions import RuleFailed, holds, values, when
from interop.worklists.memo import UNKNOWN, Memo, digest, names, timed
from interop.worklists.tables import ADDS, BRINGS, CLEARS, DUE, KINDS, LACKS, NEEDED, NEEDS, OTHERS, POINTS, Reason, Worklist

LATER = 1 << 62
"""After all times that there are: of what has none."""
WORDS = 200
"""Characters of one thing that is told beside the words of a reason."""
WHEN: Final = "when"
Resource = Mapping[str, Any]


class Found:
    """A resource that ``rows`` have found: its body as it is stored, from which organisations; ``earlier`` are its versions
    before, as far as they may be seen, where a row asks for them. It is read once somebody looks into it."""

    __slots__ = ("_digest", "_resource", "body", "earlier", "rows", "source")

    def __init__(self, rows: tuple[str, ...], body: bytes, source: str, earlier: tuple[bytes, ...] = ()) -> None:
        self.rows, self.body, self.source, self.earlier = rows, body, source, earlier
        self._resource: Resource | None = None
        self._digest = b""

    @property
    def resource(self) -> Resource:
        """The body, read."""
        if self._resource is None:
            self._resource = orjson.loads(self.body)
        return self._resource

    @property
    def digest(self) -> bytes:
        """Stands for the body."""
        if not self._digest:
            self._digest = digest(self.body)
        return self._digest


ByRow = Mapping[str, Sequence[Found]]
"""What was found of a person, by the id of the row."""


def by_row(found: Iterable[Found]) -> ByRow:
    """What was found of a person, by row, in its order."""
    made: dict[str, list[Found]] = {}
    for each in found:
        for row in each.rows:
            made.setdefault(row, []).append(each)
    return made


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
    """A person on a list: their Patients, first the one that is shown, why, how many points that makes, what is due first
    (microseconds)."""

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
    needed: tuple[Found, ...]


class _Said(NamedTuple):
    """What a resource says as evidence for a row, and whether it could be judged."""

    reference: str
    at: int | None
    written: str
    due: int | None
    shown: tuple[str, ...]
    groups: frozenset[str]
    failed: bool


class Judging:
    """Judges what was found of people for a list at one time. ``failed`` are the rows that could not be judged of somebody: who
    reads the list must know. ``memo`` keeps what is so at any time."""

    def __init__(self, worklist: Worklist, now: int, memo: Memo | None = None) -> None:
        self.worklist, self.now = worklist, now
        self.memo = Memo() if memo is None else memo
        self.failed: set[str] = set()
        self._of = {kind: tuple(each for each in worklist.reasons if each.kind == kind) for kind in KINDS}

    def brought(self, found: ByRow) -> Brought | None:
        """The reasons that bring a person onto the list; None where there are none, or something is not so that the list needs."""
        needed: list[Found] = []
        for each in self._of[NEEDS]:
            meeting = self._meeting(each, found, ())
            if not meeting:
                return None
            needed += meeting
        told = self._each(BRINGS, found, needed)
        return Brought(tuple(told), tuple(needed)) if told else None

    def line(self, patients: Iterable[str], brought: Brought, found: ByRow) -> Line | None:
        """The line of a person who is brought onto the list; None where that was cleared. ``found``: by the rows of other kinds."""
        cleared = max((one.at for one in self._each(CLEARS, found, ()) if one.at is not None), default=None)
        told = [one for one in brought.told if cleared is None or (one.at is not None and one.at > cleared)]
        if not told:
            return None
        told += self._each(ADDS, found, brought.needed)
        told += [Told(each, ()) for each in self._of[LACKS] if self._lacks(each, found, brought.needed)]
        due = min((each.due for one in told for each in one.evidence if each.due is not None), default=None)
        return Line(tuple(patients), tuple(told), sum(one.reason.points for one in told), due)

    def _each(self, kind: str, found: ByRow, needed: Sequence[Found]) -> list[Told]:
        """The reasons of a kind that hold."""
        told = []
        for each in self._of[kind]:
            if each.id in found and (meeting := self._meeting(each, found, needed)):
                evidence = [self._evidence(each, one) for one in meeting]
                told.append(Told(each, tuple(sorted(evidence, key=lambda one: (-(one.at or 0), one.reference)))))
        return told

    def _lacks(self, reason: Reason, found: ByRow, needed: Sequence[Found]) -> bool:
        """Whether there is nothing of the kind; not where that could not be judged of this person."""
        before, self.failed = self.failed, set()
        meeting = self._meeting(reason, found, needed)
        lacking = not meeting and reason.id not in self.failed
        self.failed |= before
        return lacking

    def _meeting(self, reason: Reason, found: ByRow, needed: Sequence[Found]) -> list[Found]:
        """What of what a row has found is what it asks for, where it is enough; nothing is looked at where it cannot be."""
        all_ = found.get(reason.id, ())
        if not _enough(reason, all_):
            return []
        meeting = [each for each in all_ if self._meets(reason, each, all_, needed)]
        return meeting if len(meeting) == len(all_) or _enough(reason, meeting) else []

    def _meets(self, reason: Reason, one: Found, all: Sequence[Found], needed: Sequence[Found]) -> bool:
        try:
            if reason.within:
                at = self._when(reason.at, one)
                if at is None or at < self.now - reason.within:
                    return False
            if reason.condition is not None and not self._holds(reason.condition, one, all, needed):
                return False
            return reason.was is None or any(holds(reason.was, orjson.loads(each), {}, self.now) for each in one.earlier)
        except RuleFailed:
            self.failed.add(reason.id)
            return False

    def _holds(self, condition: Expression, one: Found, all: Sequence[Found], needed: Sequence[Found]) -> bool:
        others = [each for each in all if each is not one] if names(condition, OTHERS) else []
        needed = needed if names(condition, NEEDED) else ()
        key = condition, digest(b"%d" % len(others), *(each.digest for each in (one, *others, *needed)))
        found = UNKNOWN if timed(condition) else self.memo.get(key)
        if found is UNKNOWN:
            variables = {OTHERS: [each.resource for each in others], NEEDED: [each.resource for each in needed]}
            try:
                found = holds(condition, one.resource, variables, self.now)
            except RuleFailed:
                found = None
            if not timed(condition):
                self.memo.keep(key, found)
        if found is None:
            raise RuleFailed
        return found is True

    def _when(self, expression: Expression | None, one: Found) -> int | None:
        if expression is None or timed(expression):
            return when(expression, one.resource, {}, self.now)
        key = WHEN, expression, one.digest
        found = self.memo.get(key)
        if found is UNKNOWN:
            found = when(expression, one.resource, {}, self.now)
            self.memo.keep(key, found)
        return found if isinstance(found, int) else None

    def _evidence(self, reason: Reason, one: Found) -> Evidence:
        key = reason, one.digest
        said = self.memo.get(key)
        if not isinstance(said, _Said):
            said = self._said(reason, one.resource)
            if not any(each is not None and timed(each) for each in (reason.at, reason.due, reason.shows)):
                self.memo.keep(key, said)
        if said.failed:
            self.failed.add(reason.id)
        return Evidence(said.reference, one.source, *said[1:6])

    def _said(self, reason: Reason, resource: Resource) -> _Said:
        now = self.now
        at, due, written, told, failed = None, None, "", list[Any](), False
        try:
            for each in values(reason.at, resource, {}, now) if reason.at is not None else ():
                span = interval(str(each))
                if span is not None:
                    at, written = max(span[0], span[1] - 1), str(each)
                    break
            due = when(reason.due, resource, {}, now)
            told = values(reason.shows, resource, {}, now) if reason.shows is not None else []
        except RuleFailed:
            failed = True
        shown = tuple(str(each)[:WORDS] for each in told if isinstance(each, str | int) and each)
        reference = f"{resource['resourceType']}/{resource['id']}"
        return _Said(reference, at, written, due, shown, _groups(reason, resource), failed)


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
