"""Fills the sections of the card: what is said in each, how it stands, and what is not given of who hides where they are."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from interop.careplan.crew.alerts import alerts, with_words
from interop.careplan.crew.allergies import PART, allergies, says_none
from interop.careplan.crew.bounds import DETAIL, bounded_line
from interop.careplan.crew.fitting import short
from interop.careplan.crew.known import Known
from interop.careplan.crew.line import WRITTEN, Said, of_plan, of_plans, reference
from interop.careplan.crew.medicines import medicines
from interop.careplan.crew.sections import PLANNED, PLANS, TOLD, WORDED
from interop.careplan.crew.states import (
    NONE_KNOWN,
    NONE_RECORDED,
    NOT_FOR_ROLE,
    NOT_GIVEN,
    RECORDED,
    SEE_PLANS,
    STATES,
    WITHHELD,
)
from interop.careplan.crew.who import redacted
from interop.careplan.labels import ACCESS
from interop.careplan.plan import Json
from interop.careplan.resolving import Resolving
from interop.careplan.words import Words
from interop.fhir.searching import interval

LACKING: Final = "None recorded by those whose records are here; not all are."
NOT_ALL: Final = " Not all records are here."
DISAGREE: Final = "Those who say so do not agree: all is shown."
NOT_HERE: Final = ("not-shared", "down", "stale", "incomplete")
"""Codes of absence by which something may be recorded and not be here."""
ELSEWHERE: Final = ("cpr", "advanceDecisions", "placeOfDeath", "standby")
"""What they tell is neither an alert nor a current medicine besides; what is to come along is taken now all the same."""
NEAR: Final = ("gp", "people", "namedClinician", PLANS)
"""Sections that are not given of who hides where they are: they lead there."""


def filled(known: Known) -> Json:
    """Every section by its name: how it stands, in words where nothing or not all is there, and its lines."""
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
        lines = [bounded_line(each) for each in said[name]]
        state = RECORDED
        if not lines:
            state = _state(known, types, name, hides=hides, none=bool(none))
            if state == NONE_KNOWN:
                lines = [bounded_line(each) for each in none]
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
