"""What one resource says under which headings: its statements, each with its origin."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Final

from interop.careplan.answers import OTHER, answer, bare, negated
from interop.careplan.authors import author
from interop.careplan.conditions import TERMS
from interop.careplan.contact import how_told
from interop.careplan.placing import placings
from interop.careplan.plan import CURRENT, HISTORY, NEVER, Code, Given, Health, Json, Origin
from interop.careplan.resolving import Resolving
from interop.careplan.tables import Alternatives, Content, Kind, PlanTables
from interop.careplan.times import coming
from interop.careplan.words import NOT, Words, codes, contact
from interop.fhir.searching import interval
from interop.fhir.searching.text import plain
from interop.fhir.shapes import chosen, dicts, text

TRIAGE: Final = ("urn:interop:codes:plan-category", "triage-outcome")
UMBRELLA: Final = ("urn:interop:flag", "umbrella")
ORDER: Final = (CURRENT, HISTORY, NEVER)
"""Of several standings the last counts."""
UNREAD: Final = "not shown here, see the record"
"""Of what a plan refers to and who asks is not given."""
STEP: Final = "A step"
"""What is told of a step that has no words."""
BARE: Final = frozenset(("id", "status", "statusReason", "kind"))
"""Elements of an activity's detail that by themselves tell of nothing to be done or left."""
WORDLESS: Final = {"AllergyIntolerance": "Substance not stated", "Flag": "Alert without words"}
"""What is told of a resource that has no words: that there is one is not kept back."""
QUALIFIED: Final = "The resource says more that changes what this means: read it whole."
"""Of a modifier extension: whoever does not know it must not rely on the rest (FHIR R4, extensibility 2.4.0.1)."""


@dataclass(frozen=True, slots=True)
class Statement:
    """A line as one author has it; ``key`` is the same for what says the same."""

    heading: str
    text: str
    key: tuple[str, ...]
    codes: tuple[Code, ...]
    means: str
    trigger: str
    role: str
    who: str
    timing: str
    telecom: tuple[str, ...]
    origin: Origin
    standing: str
    torn: bool = False
    """It contradicts itself."""


class Reader:
    """Reads statements out of resources."""

    def __init__(self, tables: PlanTables, resolving: Resolving, now: int, health: Mapping[str, Health]) -> None:
        self._tables, self._resolving, self.now, self._health = tables, resolving, now, health
        self._words = Words(tables.displays, resolving)

    def standing(self, resource: Json) -> str:
        """``current``, ``history`` or ``never``: of several statuses the least."""
        kind = self._tables.kinds.get(text(resource, "resourceType"))
        if kind is None or bears(resource, "category", TRIAGE) or how_told(resource) or _tagged(resource, UMBRELLA):
            return NEVER
        said = [self._status(resource, kind, path) for path in kind.status]
        return max(said, key=ORDER.index, default=CURRENT)

    def _status(self, resource: Json, kind: Kind, path: Any) -> str:
        """Of several codings of a status those count that the table knows; where it knows none, and where none is said, the
        resource counts."""
        found = [word for value in path.values(resource, resource, self._resolving) for word in _status_words(value)]
        known = (self._tables.standings.get((kind.type, word)) for word in found)
        return max(filter(None, known), key=ORDER.index, default=CURRENT)

    def _doubts(self, resource: Json, kind: Kind) -> Iterator[str]:
        """What a status says that the table does not know, or that it is not confirmed."""
        for path in kind.status:
            for value in path.values(resource, resource, self._resolving):
                found = _status_words(value)
                if found and not any((kind.type, word) in self._tables.standings for word in found):
                    yield f"Its status is not known here: {self._words.of(value)}."
                elif path.text == "verificationStatus" and "confirmed" not in found and found:
                    yield f"Not confirmed: {self._words.of(value)}."

    def _status_said(self, resource: Json, kind: Kind) -> str:
        """A status as it is told: of several codings the one that the table knows."""
        for value in (value for path in kind.status for value in self._at(path, resource, resource)):
            found = _status_words(value)
            known = next((word for word in found if (kind.type, word) in self._tables.standings), "") if len(found) > 1 else ""
            if said := known or self._words.of(value):
                return said
        return ""

    def origin(self, given: Given) -> Origin:
        """Of all that a resource says."""
        resource = given.resource
        kind = self._tables.kinds[text(resource, "resourceType")]
        self._resolving.within(resource)
        until, review = self._first(kind.until, resource, resource), self._first(kind.review, resource, resource)
        named = (value for path in kind.author for value in self._at(path, resource, resource))
        by, reference, voice = author(named, self._words.of)
        doubts = (*self._doubts(resource, kind), *((QUALIFIED,) if "modifierExtension" in resource else ()))
        states = [self._health[one] for one in (given.feeds or given.source).split(",") if one in self._health]
        return Origin(
            kind.type,
            text(resource, "id"),
            given.version,
            given.source,
            by,
            reference,
            self._first(kind.date, resource, resource),
            until,
            review,
            self._status_said(resource, kind),
            notes=doubts,
            updated=given.updated,
            overdue=self._passed(review),
            ended=self._passed(until),
            health=min(states, default=None),
            voice=voice,
        )

    def statements(self, given: Given) -> Iterator[Statement]:
        """Every line of a resource."""
        resource = given.resource
        standing = self.standing(resource)
        rows = placings(self._tables).get(text(resource, "resourceType"), ())
        if standing == NEVER:
            return
        self._resolving.within(resource)
        origin = None
        for row, place in chain.from_iterable(each.fitting(resource, self._resolving) for each in rows):
            if origin is None:
                origin = self.origin(given)
                if origin.ended and self._tables.kinds[origin.type].ended == HISTORY:
                    standing = HISTORY
            for part in _answers(place) if row.type == "QuestionnaireResponse" else (place,):
                found = self._statement(row, part, resource, origin, standing)
                if found is not None:
                    yield found

    def _statement(self, row: Content, place: Any, resource: Json, origin: Origin, standing: str) -> Statement | None:
        standing = self._within(row, place, resource, standing)
        if standing == NEVER:
            return None
        at, said = self._told(row, place, resource)
        if not said:
            return None
        values = [value for path in row.text for value in self._at(path, place, resource)]
        coded = tuple(dict.fromkeys(code for value in values for code in codes(value)))
        means, torn = (row.means, "") if row.means else self._means(coded, said)
        beside = (note for path in row.notes for note in self._every((path,), place, resource))
        notes = tuple(note for note in dict.fromkeys(beside) if note != said)
        single = self._tables.headings[row.heading].single
        turned = "" if row.means else negated(place, row, at)
        if turned:
            said, means = said if said.startswith(NOT) else turned + said, ""
        elif torn:
            said = torn
        elif not row.means and (more := self._answered(place, row, at, means)):
            said, means = f"{said}: {more}", ""
        elif single and means and (against := [note for note in notes if self._signed(note) - {means}]):
            said = torn = " / ".join((self._tables.says[means], *against))
            means = ""
        elif means and (single or row.means):  # as the meaning reads; the author's own words stand beside it
            reads = self._tables.says[means]
            notes = notes if same(said) in self._usual(reads, coded) else (said, *notes)
            said = reads
        if isinstance(place, dict) and place is not resource and "modifierExtension" in place:
            notes += (QUALIFIED,)
        trigger, role = self._trigger(row, place, resource), self._first(row.role, place, resource)
        who, timing = ", ".join(self._every(row.who, place, resource)), self._first(row.timing, place, resource)
        if coming(origin.date, self.now):
            begins = f"From {origin.date}: "
            said, means, notes = (f"{begins}{said}", "", notes) if single else (said, means, (f"{begins}not before.", *notes))
        alone = (origin.reference,) if not at else ()
        key = (means or same(said),) if single else (*map(same, (said, trigger, role, who, timing)), *alone)
        telecom = (contact(each) for path in row.telecom for each in self._at(path, place, resource))
        return Statement(
            row.heading,
            said,
            key,
            coded,
            means,
            trigger,
            role,
            who,
            timing,
            tuple(dict.fromkeys(filter(None, telecom))),
            replace(origin, notes=origin.notes + notes) if notes else origin,
            standing,
            bool(torn),
        )

    def _within(self, row: Content, place: Any, resource: Json, standing: str) -> str:
        """How a part stands of a resource that stands so."""
        if not isinstance(place, dict) or place is resource:
            return standing
        over = HISTORY if row.type != "Consent" and self._passed(text(place.get("period"), "end")) else CURRENT
        part = _part_standing(text(place.get("detail"), "status"))
        return max(standing, over, part, self._target(place.get("reference")), key=ORDER.index)

    def worded(self, row: Content, resource: Json, standing: str) -> Iterator[tuple[Any, Any, str, str]]:
        """Each part of a resource that a row of ``written.csv`` holds of, each value of its texts, in a line's words, and how it
        stands."""
        self._resolving.within(resource)
        for place in row.each.values(resource, resource, self._resolving):
            stands = self._within(row, place, resource, standing)
            if stands != NEVER and row.when.holds(place, resource, self._resolving):
                for value in (value for path in row.text for value in self._at(path, place, resource)):
                    yield place, value, self._words.of(value), stands

    def called(self, resource: Json) -> str:
        """The title of a resource, else what its category or code is called."""
        named = (resource.get("title"), *dicts(resource, "category"), resource.get("code"), resource.get("type"))
        return next(filter(None, map(self._words.of, filter(None, named))), "")

    def _told(self, row: Content, place: Any, resource: Json) -> tuple[str, str]:
        """The words of a line and the path that they stand at; of a question that is answered with yes or no, the question too."""
        for path in row.text:
            found = self._at(path, place, resource)
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

    def _trigger(self, row: Content, place: Any, resource: Json) -> str:
        """If what: all reasons that are given, and that there is one where it is not shown."""
        found = [value for path in row.trigger for value in self._at(path, place, resource)]
        return "; ".join(dict.fromkeys(self._words.of(value) or UNREAD for value in found))

    def _target(self, reference: Any) -> str:
        """How stands what an activity refers to."""
        target = self._resolving(reference) if reference is not None else None
        if target is None:
            return CURRENT
        if text(target, "resourceType") in self._tables.kinds:
            return self.standing(target)
        status = text(target, "status")
        return NEVER if status in ("draft", "proposed", "revoked", "rejected") else _part_standing(status)

    def _answered(self, place: Any, row: Content, at: str, means: str) -> str:
        """What a value says of a code that it neither confirms nor denies."""
        if row.type != "Observation" or at != "code" or answer(place) != OTHER:
            return ""
        _, value = chosen(place, "value") or ("", None)
        said = self._words.of(value)
        return "" if means and self._means(tuple(codes(value)), said) == (means, "") else said

    def _means(self, coded: tuple[Code, ...], said: str) -> tuple[str, str]:
        """What codes mean, or without any the words; and where they do not agree, all that they say."""
        worded = self._tables.worded.get(same(said), "")
        coded = tuple(code for code in coded if code.system in TERMS)
        if not coded:
            return worded, ""
        found = dict.fromkeys(word for code in coded if (word := self._tables.means.get((code.system, code.code))))
        beside = {worded, *(sign for each in (said, *(code.display for code in coded)) for sign in self._signed(each))} - {""}
        beside = beside if found else set()
        if len(found) < 2 and beside <= found.keys():
            return next(iter(found), ""), ""
        return "", " / ".join(dict.fromkeys((said, *(self._tables.says[word] for word in (*found, *sorted(beside))))))

    def _signed(self, said: str) -> set[str]:
        """What words hint at."""
        return self._tables.signed(same(said))

    def _usual(self, reads: str, coded: tuple[Code, ...]) -> set[str]:
        """What a meaning and its codes are called: nobody's own words."""
        return {same(reads), *(same(self._tables.displays.get((code.system, code.code), "")) for code in coded)}

    def _at(self, path: Any, place: Any, resource: Json) -> list[Any]:
        found: list[Any] = path.values(place, resource, self._resolving)
        return found

    def _every(self, paths: Alternatives, place: Any, resource: Json) -> Iterator[str]:
        for path in paths:
            found = [said for value in self._at(path, place, resource) if (said := self._words.of(value))]
            if found:
                yield from found
                return

    def _first(self, paths: Alternatives, place: Any, resource: Json) -> str:
        return next(self._every(paths, place, resource), "")

    def _passed(self, date: str) -> bool:
        """Whether the whole of a date lies behind."""
        span = interval(date) if date else None
        return span is not None and span[1] <= self.now


def same(said: str) -> str:
    """Words as they are compared."""
    return plain(said).rstrip(" .;")


def _answers(item: Json) -> Iterator[Json]:
    """An item of a QuestionnaireResponse as one with each of its answers."""
    return ({**item, "answer": [each]} for each in dicts(item, "answer"))


def _part_standing(status: str) -> str:
    """Of an activity of a CarePlan, by R4's care-plan-activity-status; '' changes nothing."""
    if status == "entered-in-error":
        return NEVER
    return HISTORY if status in ("completed", "cancelled", "stopped") else CURRENT


def _status_words(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return ("true" if value else "false",)
    if isinstance(value, dict):
        named = tuple(text(each, "code") for each in dicts(value, "coding"))
        return tuple(filter(None, named)) or ((text(value, "text"),) if text(value, "text") else ())
    return (str(value),)


def bears(resource: Json, name: str, code: tuple[str, str]) -> bool:
    """Whether a list of concepts holds a code."""
    return any((each.system, each.code) == code for concept in dicts(resource, name) for each in codes(concept))


def _tagged(resource: Json, tag: tuple[str, str]) -> bool:
    return any((text(each, "system"), text(each, "code")) == tag for each in dicts(resource.get("meta"), "tag"))
