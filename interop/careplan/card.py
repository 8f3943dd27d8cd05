"""The crew card: what an ambulance crew reads of a person at three in the morning, as one small JSON.

It is made of what the asker may see and of nothing else. Its schema is ``crew-card.schema.json`` beside this module: members are
added to it and never taken away or given another meaning. What is not there is told by a code and in words (``state``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple

from interop.careplan.crew.alerts import alerts, with_words
from interop.careplan.crew.allergies import PART, allergies, says_none
from interop.careplan.crew.fitting import fit, short
from interop.careplan.crew.glance import glance
from interop.careplan.crew.line import WRITTEN, Said, of_plan, of_plans, reference, sources_of
from interop.careplan.crew.medicines import medicines
from interop.careplan.crew.who import LONDON, Number, redacted, who
from interop.careplan.labels import ACCESS
from interop.careplan.plan import UNPLACED, Given, Json, Plan
from interop.careplan.resolving import Resolving
from interop.careplan.tables import Content, PlanTables
from interop.careplan.words import Words
from interop.clock import MICROSECONDS, instant
from interop.fhir.searching import interval
from interop.fhir.shapes import text

VERSION: Final = "1.1"
"""Of the schema; the number after the point grows with each member that is added."""
RECORDED, NONE_RECORDED, NONE_KNOWN = "recorded", "none-recorded", "none-known"
WITHHELD, NOT_FOR_ROLE, NOT_GIVEN = "withheld", "not-for-role", "not-given"
SEE_PLANS: Final = "see-plans"
PLANS: Final = "plans"
"""The section that holds the own words of plans."""
STATES: Final = {
    RECORDED: "",
    NONE_RECORDED: "None recorded.",
    NONE_KNOWN: "{said}: somebody has said so.",
    WITHHELD: "Withheld (no consent).",
    NOT_FOR_ROLE: "Not shown to this role.",
    NOT_GIVEN: "Not given for this person.",
    SEE_PLANS: f"{UNPLACED}.",
}
"""How a section stands, and the words of it on a screen."""
LACKING: Final = "None recorded by those whose records are here; not all are."
NOT_ALL: Final = " Not all records are here."
DISAGREE: Final = "Those who say so do not agree: all is shown."
NOT_HERE: Final = ("not-shared", "down", "stale", "incomplete")
"""Codes of absence by which something may be recorded and not be here."""
PATIENT: Final = "Patient"
WORDS, OWN_WORDS, LINE_OF_ABSENCE, DETAIL, NAME, CODE = 400, 900, 160, 200, 80, 40
"""Bytes of the words of a line, of one that stands as its author wrote it, of an absence, of its details, of names, of codes."""
PLANNED: Final = {
    "cpr": "cpr",
    "matters": "what-matters",
    "steps": "contingency",
    "communication": "communication",
    "advanceDecisions": "advance-decisions",
    "placeOfCare": "place-of-care",
    "placeOfDeath": "place-of-death",
    "standby": "standby-medicines",
    "takeAlong": "take-along",
    "namedClinician": "named-clinician",
    "gp": "gp",
    "people": "key-people",
}
"""Sections that stand under a heading of the plan."""
UNREAD: Final = ("DocumentReference",)
"""Types of which a person may have hundreds that say nothing to a crew: the plan has their words."""
WORDED: Final = {"alerts": "alerts", "allergies": "allergies"}
"""Sections that have of the plan what authors wrote under such a heading, and all else from elsewhere."""
TOLD: Final = frozenset((*PLANNED.values(), *WORDED.values()))
"""Headings of which a card tells."""
ELSEWHERE: Final = ("cpr", "advanceDecisions", "placeOfDeath", "standby")
"""What they tell is neither an alert nor a current medicine besides; what is to come along is taken now all the same."""


class Absent(NamedTuple):
    """Something that is not here: ``code`` as ``interop.policy.absence`` has it, ``words`` for a screen, ``source`` the
    organisation, '' for none, ``since`` as an instant, '' where that is not known."""

    code: str
    words: str
    source: str = ""
    since: str = ""


NEAR: Final = ("gp", "people", "namedClinician", PLANS)
"""Sections that are not given of who hides where they are: they lead there."""
SECTIONS: Final = (
    "alerts",
    "cpr",
    "allergies",
    "matters",
    "steps",
    PLANS,
    "communication",
    "advanceDecisions",
    "placeOfCare",
    "placeOfDeath",
    "medicines",
    "standby",
    "takeAlong",
    "namedClinician",
    "gp",
    "people",
)
"""Sections in the order in which the card has them."""
OWN: Final = {
    "alerts": ("Flag",),
    "allergies": ("AllergyIntolerance", "List"),
    "medicines": ("MedicationRequest", "MedicationStatement"),
}
"""The types of the sections that stand under no heading."""


@dataclass(frozen=True, slots=True)
class CardTables:
    """What of the tables of the plan a card is made by: ``plan`` has the headings alone that a card tells; ``sections`` are the
    types that each section is made of."""

    plan: PlanTables
    sections: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, tables: PlanTables) -> CardTables:
        """Of the whole tables."""
        names = {heading: name for name, heading in PLANNED.items()}
        headings = {name: heading for name, heading in tables.headings.items() if name in TOLD}
        content = {type_: tuple(row for row in rows if row.heading in names) for type_, rows in tables.content.items()}
        content = {type_: rows for type_, rows in content.items() if rows}
        found = {name: set(OWN.get(name, ())) for name in SECTIONS}
        for type_, rows in content.items():
            for row in rows:
                found[names[row.heading]].add(type_)
        written = {type_: rows for type_, rows in tables.written.items() if type_ not in UNREAD}
        found[PLANS] = {type_ for type_, rows in written.items() if any(row.plan for row in rows)}
        narrowed = replace(tables, headings=headings, content=content, written=written)
        return cls(narrowed, {name: tuple(sorted(types)) for name, types in found.items()})

    def rows(self, type: str) -> tuple[Content, ...]:
        """By which a type is read."""
        return (*self.plan.content.get(type, ()), *(one.row for one in self.plan.written.get(type, ())))

    @property
    def types(self) -> frozenset[str]:
        """All of them."""
        return frozenset((PATIENT, *(type_ for types in self.sections.values() for type_ in types)))


@dataclass(frozen=True, slots=True)
class Known:
    """What a card is made of. ``given``: the Patients of the person, all that is about them and what it refers to, as far as the
    asker may see it; ``plan`` is folded of the same. ``stated``: the NHS numbers of Patients by id. ``names``: what organisations
    are called, by code. ``unseen``: types that the asker's role or token is not for. ``now`` in microseconds."""

    patient: str
    given: Sequence[Given]
    plan: Plan
    tables: CardTables
    now: int
    absent: Sequence[Absent] = ()
    stated: Mapping[str, Sequence[Number]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    unseen: frozenset[str] = frozenset()

    @property
    def withheld(self) -> bool:
        """Whether the person's record as a whole is."""
        return any(each.code == WITHHELD for each in self.absent)


def card(known: Known) -> bytes:
    """The card as JSON, at most ``fitting.LIMIT`` bytes; never raises, whatever the resources hold. Who gives it adds when."""
    made = _sections(known)
    patients = [each for each in known.given if text(each.resource, "resourceType") == PATIENT]
    stated = [known.stated.get(text(each.resource, "id"), ()) for each in patients]
    person = _bounded(who(patients, stated, datetime.fromtimestamp(known.now // MICROSECONDS, LONDON).date()))
    whole: Json = {"version": VERSION, "patient": known.patient}
    whole["glance"] = {}
    whole["who"] = person
    whole |= made
    sources = [] if "redacted" in person else _shown(known, made)
    whole["sources"] = {"lines": _sources(known, sources)}
    whole["absent"] = {"lines": [_absence(each) for each in _nearest_first(known, made, sources)]}
    whole["glance"] = {name: short(words, WORDS) for name, words in glance(whole).items()}
    return fit(whole)


def _sections(known: Known) -> Json:
    resolving = Resolving(known.given)
    words = Words(known.tables.plan.displays, resolving)

    def over(date: str) -> bool:
        span = interval(date)
        return span is not None and span[1] <= known.now

    def begun(date: str) -> bool:
        span = interval(date)
        return span is None or span[0] <= known.now

    found, none = allergies(resolving.each(known.given), words)
    worded = {name: of_plan(known.plan.section(heading).lines) for name, heading in WORDED.items()}
    some = [*found, *worded["allergies"]]
    said: dict[str, list[Said]] = {"allergies": [*some, *none] if some else []}
    conflict = {"allergies": bool(none and (found or not all(says_none(each.text) for each in worded["allergies"])))}
    elsewhere: set[str] = set()
    for name, heading in PLANNED.items():
        section = known.plan.section(heading)
        said[name], conflict[name] = of_plan(section.lines), section.conflict
        if name in ELSEWHERE:
            elsewhere.update(origin.reference for line in (*section.lines, *section.history) for origin in line.origins)
    flags = alerts((each for each in resolving.each(known.given) if reference(each) not in elsewhere), words, over, begun)
    said["alerts"] = with_words(flags, worded["alerts"])
    said["medicines"] = medicines(
        (each for each in resolving.each(known.given) if reference(each) not in elsewhere), words, over, begun
    )
    said[PLANS] = of_plans(known.plan.written)
    hides = any(redacted(each.resource) for each in known.given)
    lacking = list(dict.fromkeys(each.code for each in known.absent if each.code in NOT_HERE))
    made: Json = {}
    if hides:  # who contributes to a record is most often near where the person lives
        none = [_placeless(each) for each in none]
        shown = {name: [each for each in of if not _leads_there(name, each)] for name, of in said.items()}
        said = {name: [_placeless(each) for each in of] for name, of in shown.items()}
    for name, types in known.tables.sections.items():
        lines = [_line(each) for each in said[name]]
        state = RECORDED
        if not lines:
            state = _state(known, types, name, hides=hides, none=bool(none))
            if state == NONE_KNOWN:
                lines = [_line(each) for each in none]
                if all(each.more.get("kind") == PART for each in none):
                    state = RECORDED
        partly = [] if known.unseen.isdisjoint(types) or state in (NOT_FOR_ROLE, WITHHELD) else [NOT_FOR_ROLE]
        silent = state in (NONE_RECORDED, NONE_KNOWN, SEE_PLANS) or (state == RECORDED and not said[name])
        partly += lacking if silent else []
        section_: Json = {"state": state}
        if conflict.get(name):
            section_ |= {"conflict": True, "words": DISAGREE}
        elif state != RECORDED:
            words_ = STATES[state].format(said=short("; ".join(each.text for each in none), DETAIL))
            section_["words"] = LACKING if state == NONE_RECORDED and partly else words_
            if state in (NONE_KNOWN, SEE_PLANS) and partly:
                section_["words"] += NOT_ALL
        if partly:
            section_["lacking"] = partly
        made[name] = section_ | {"lines": lines}
    return made


def _leads_there(name: str, line: Said) -> bool:
    """Whether a line may tell where somebody is: of plans, of who answers for them, of people and ways in in words."""
    if name in ("namedClinician", PLANS):
        return True
    return line.more.get("as") == WRITTEN and (name in NEAR or line.more.get("kind") == ACCESS)


def _placeless(line: Said) -> Said:
    """Without who says it and by what number they are reached: authors are named with where they work."""
    return replace(line, sources=(), by="", more={name: value for name, value in line.more.items() if name not in ("phone", "who")})


def _state(known: Known, types: Collection[str], name: str, *, hides: bool, none: bool) -> str:
    """How an empty section stands; what labels hold back is never told."""
    if known.withheld:
        return WITHHELD
    if known.unseen.issuperset(types) or (name == "allergies" and "AllergyIntolerance" in known.unseen):
        return NOT_FOR_ROLE  # that none are known is said by those who cannot know of what is not shown
    if hides and name in NEAR:
        return NOT_GIVEN
    if none and name == "allergies":
        return NONE_KNOWN
    return SEE_PLANS if known.plan.unplaced(TOLD) and name != PLANS else NONE_RECORDED


def _line(said: Said) -> Json:
    """A line as the card has it, with its members bounded."""
    own = said.more.get("as") == WRITTEN
    line: Json = {"text": short(said.text, OWN_WORDS if own else WORDS)}
    for name, value in said.more.items():
        if isinstance(value, list):
            line[name] = [short(each, CODE) for each in value[:3]]
        else:
            line[name] = short(value, DETAIL) if isinstance(value, str) else value
    if said.date:
        line["date"] = short(said.date, CODE)
    if said.by:
        line["by"] = short(said.by, NAME)
    if said.sources:
        line["from"] = [short(each, CODE) for each in said.sources[:6]]
    if line["text"] != said.text or any(isinstance(value, str) and line[name] != value for name, value in said.more.items()):
        line["cut"] = True
    return line


def _bounded(person: Json) -> Json:
    """Names and numbers of whatever length as what fits."""
    return {name: _short(value, DETAIL) for name, value in person.items()}


def _short(value: object, most: int) -> object:
    if isinstance(value, str):
        return short(value, most)
    if isinstance(value, list):
        return [_short(each, NAME) for each in value[:4]]
    if isinstance(value, dict):
        return {name: _short(each, NAME) for name, each in value.items()}
    return value


def _shown(known: Known, made: Json) -> list[str]:
    """The organisations whose words are on the card."""
    shown = [source for section in made.values() for line in section["lines"] for source in line.get("from", ())]
    patients = (each for each in known.given if text(each.resource, "resourceType") == PATIENT)
    return list(dict.fromkeys((*shown, *(short(source, CODE) for each in patients for source in sources_of(each)))))


def _sources(known: Known, shown: Sequence[str]) -> list[Json]:
    """What organisations are called, when anything of theirs about the person last changed, how they stand."""
    latest: dict[str, int] = {}
    for each in known.given:
        for source in sources_of(each):
            latest[source] = max(latest.get(source, 0), each.updated)
    lacking = {each.source: each for each in known.absent if each.source}
    found = []
    for source in shown:
        one: Json = {"code": source}
        if name := known.names.get(source):
            one["name"] = short(name, NAME)
        if source in latest:
            one["updated"] = instant(latest[source])
        if source in lacking:
            one["state"] = lacking[source].code
            if lacking[source].since:
                one["since"] = lacking[source].since
        found.append(one)
    return found


def _nearest_first(known: Known, made: Json, shown: Sequence[str]) -> list[Absent]:
    """What is not here: of the person as a whole, of the role, of sources on the card, of others."""
    closed = [name for name, section in made.items() if section["state"] == NOT_FOR_ROLE]
    role = [Absent(NOT_FOR_ROLE, f"Not shown to this role: {', '.join(closed)}.")] if closed else []
    found = sorted(known.absent, key=lambda each: (bool(each.source), each.source not in shown))
    whole = [each for each in found if not each.source]
    return [*whole, *role, *found[len(whole) :]]


def _absence(absent: Absent) -> Json:
    """One absence as the card has it."""
    found: Json = {"code": absent.code, "words": short(absent.words, LINE_OF_ABSENCE)}
    if absent.source:
        found["source"] = short(absent.source, CODE)
    if absent.since:
        found["since"] = absent.since
    return found
