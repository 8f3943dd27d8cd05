"""The crew card as a page shows it: rows of one line each that open, the most dangerous first. Pure.

A row's ``lines`` are what stands in the closed row; its ``items`` are all lines of the section with who says so, when, and how
fresh that source is. Nothing is left out: what the closed row has no room for is told by number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from interop.fhir.shapes import Json, dicts, text, texts
from interop.pages.crew.cutting import Begun, begun
from interop.pages.patient import DIFFERING, aged
from interop.screen.words import clock, day, moment, proper, spoken, tel

NOT_FOR, FOR = "not-for-cpr", "for-cpr"
FIRST: Final = {"cpr": 4, "alerts": 4, "allergies": 4, "matters": 1, "plans": 1}
"""Lines in a closed row: of danger as many as the glance names."""
USUAL: Final = 2
CUT: Final = "cut"
NUMBER: Final = re.compile(r"(?<![\d,.])(?:\+44 ?\d|0\d)(?:[ -]?\d){8,9}(?!\d)")
"""A telephone number of the United Kingdom within words. 999 is none: plans say when not to ring it."""
DANGER, WARNING, PLAIN = "danger", "warning", "plain"
TOP, PAIR, MORE = "top", "pair", "more"
"""Each in a line of its own; two in a line; behind one row that opens."""
ROWS: Final = (
    ("cpr", "CPR", DANGER, TOP),
    ("alerts", "Alerts", WARNING, TOP),
    ("allergies", "Allergies", WARNING, TOP),
    ("matters", "What matters", PLAIN, TOP),
    ("steps", "If, then", PLAIN, TOP),
    ("takeAlong", "Take along", PLAIN, PAIR),
    ("standby", "Just in case", PLAIN, PAIR),
    ("medicines", "Medicines", PLAIN, PAIR),
    ("place", "Preferred place", PLAIN, PAIR),
    ("advanceDecisions", "Advance decisions", PLAIN, MORE),
    ("communication", "Communication", PLAIN, MORE),
    ("people", "Key people", PLAIN, MORE),
    ("namedClinician", "Named clinician", PLAIN, MORE),
    ("gp", "GP", PLAIN, MORE),
    ("plans", "Words of the plans", PLAIN, MORE),
)
"""Sections, what a row is called, how it is marked, and where it stands."""
PLACES: Final = {"placeOfCare": "Care", "placeOfDeath": "Death"}
"""Sections that are one row, and what their lines begin with."""
ALWAYS: Final = frozenset(("cpr", "alerts", "allergies"))
"""Rows that stand there though there is nothing in them; their lines are never cut."""
GROWN: Final = 18
STANDING: Final = ALWAYS | {"medicines", "standby"}
"""Rows whose closed lines say how each stands: a medicine that is on hold is not taken."""
RINGING: Final = ("people", "steps", "namedClinician", "gp")
"""Sections in which there are telephone numbers."""
STEPS: Final = "Number in the steps"
RUNG: Final = 4
"""Buttons to ring somebody."""
SEE_PLANS: Final = "see-plans"
NONE: Final = "None recorded."
WHY: Final = "Nothing here, see why"
STATES: Final = {
    "not-shared": "not shared", "withheld": "withheld", "down": "source down", "stale": "stale", "incomplete": "incomplete",
    "not-for-role": "not shown to this role",
}  # fmt: skip
"""How a source stands, beside its name."""


class Piece(NamedTuple):
    """A part of a line of words: ``tel`` is the number to call, '' for mere words."""

    words: str
    tel: str = ""


class Call(NamedTuple):
    """Somebody to ring."""

    name: str
    role: str
    shown: str
    tel: str


def shown(card: Json) -> Json:
    """What ``crew/card.html`` shows of a card (``crew-card.schema.json``)."""
    sources = {text(each, "code"): each for each in dicts(card.get("sources"), "lines")}
    sections = {name: each for name, each in card.items() if isinstance(each, dict)}  # a card of another version may lack one
    sections["place"] = _places(sections)
    unplaced = any(text(sections.get(name), "state") == SEE_PLANS for name in ALWAYS)
    rows: dict[str, list[Json]] = {TOP: [], PAIR: [], MORE: []}
    empty = []
    for name, label, mark, place in ROWS:
        section = sections.get(name, {})
        if section.get("lines") or section.get("more") or (name in ALWAYS and section):
            rows[TOP if name == "plans" and unplaced else place].append(_row(name, label, mark, section, sources))
        elif section and name != "place":
            empty.append((label, text(section, "words") or NONE))
    for name, what in PLACES.items():
        if name in sections and not sections[name].get("lines"):
            empty.append((f"Place of {what.lower()}", text(sections[name], "words") or NONE))
    absent = dicts(card.get("absent"), "lines")
    ring = calls(card)
    return {
        "who": _who(card),
        "withheld": next((spoken(text(each, "words")) for each in absent if _whole(each)), ""),
        "absent": [spoken(text(each, "words")) for each in absent],
        "absent_more": _number(card.get("absent"), "more"),
        **rows,
        "empty": sorted(_grouped(empty), key=lambda each: each["words"] == NONE),  # what is worse than none stands first
        "without": _without(empty),
        "calls": ring[:RUNG],
        "sources": [_source(each) for each in sources.values()],
        "sources_more": _number(card.get("sources"), "more"),
        "made": text(card, "made"),
        "emergency": text(card, "emergencyUntil"),
    }


def _whole(absent: Json) -> bool:
    """Whether the card as such is withheld."""
    return text(absent, "code") == "withheld" and "source" not in absent


def _places(sections: Mapping[str, Json]) -> Json:
    """Where the person wishes to be cared for and to die, as one section."""
    found = [(what, sections.get(name, {})) for name, what in PLACES.items()]
    lines = [{**line, "text": f"{what}: {text(line, 'text')}"} for what, section in found for line in dicts(section, "lines")]
    more = sum(_number(section, "more") for _, section in found)
    return {"lines": lines, "conflict": any(section.get("conflict") for _, section in found), **({"more": more} if more else {})}


def _who(card: Json) -> Json:
    who: Json = card["who"]
    died = who.get("deceased")
    family, comma, rest = str(who["name"]).partition(", ")
    return {
        "name": f"{family}{comma}{proper(rest)}",
        "known_as": text(who, "knownAs"),
        "born": text(who, "born"),
        "age": _age(card),
        "gender": text(who, "gender").capitalize() or "Sex not recorded",
        "numbers": dicts(who, "nhs"),
        "address": texts(who, "address"),
        "phone": [Piece(each, tel(each)) for each in texts(who, "phone")],
        "languages": [each for each in texts(who, "languages") if not each.startswith("en")],
        "interpreter": bool(who.get("interpreter")),
        "redacted": bool(who.get("redacted")),
        "died": died is not None,
        "died_on": text(died, "date"),
        "died_words": text(died, "words") or ("" if text(died, "date") else "date not known"),
        "differs": [
            {"what": DIFFERING.get(text(each, "what"), text(each, "what")), "values": texts(each, "values")}
            for each in dicts(who, "differs")
        ],
        "records": who.get("records", 0),
    }


def _age(card: Json) -> str:
    """How old somebody is: in years, of a child as children's ages are told. '' of who has died, or where it is not known."""
    years = card["who"].get("age")
    if not isinstance(years, int):
        return ""
    return f"{years} years" if years >= GROWN else aged(text(card["who"], "born"), text(card, "made")) or f"{years} years"


def _row(name: str, label: str, mark: str, section: Json, sources: Mapping[str, Json]) -> Json:
    lines = dicts(section, "lines")
    told = [_said(name, each) for each in lines]
    distinct = [each for at, each in enumerate(told) if each not in told[:at]]  # of one medicine two may speak
    seen = distinct[: FIRST.get(name, USUAL)]
    says = {text(each, "means") for each in lines}
    forbids = name == "cpr" and NOT_FOR in says
    more = len(distinct) - len(seen) + _number(section, "more")
    return {
        "name": name,
        "label": label,
        "mark": mark if lines and (name != "cpr" or says != {FOR}) else PLAIN,
        "forbids": forbids,
        "conflict": bool(section.get("conflict")),
        "words": text(section, "words"),
        "lines": seen,
        "more": more,
        "beyond": _number(section, "more"),
        "items": [_item(each, sources) for each in lines],
    }


def _said(name: str, line: Json) -> Json:
    """A line as it stands in the closed row. What its author wrote whole says itself when it is to be done."""
    when = "" if "as" in line else text(line, "if")
    own = Begun(text(line, "text"), False) if name in ALWAYS else begun(text(line, "text"))
    notes = [
        *(["high risk"] if line.get("critical") else []),
        *(["severe"] if line.get("severe") else []),
        *([text(line, "reaction")] if name == "allergies" and "reaction" in line else []),
        *([text(line, "dose")] if name == "standby" and "dose" in line else []),
        *([text(line, "status")] if name in STANDING and text(line, "status") not in ("", "unknown", "status unknown") else []),
        *(["that time is over"] if line.get("ended") else []),
        *(["review overdue"] if name == "cpr" and line.get("overdue") else []),
    ]
    dated = " · ".join(each for each in (day(text(line, "date")) if "date" in line else "", text(line, "by")) if each)
    return {
        "when": f"{when}: " if when else "",
        "words": own.words,
        "cut": own.more,
        "notes": ", ".join(notes),
        "dated": dated if name == "cpr" else "",
        "urgent": bool(line.get("critical") or line.get("severe")),
    }


FACTS: Final = (
    ("role", "Who"), ("who", "Who does it"), ("when", "When"), ("dose", "Dose"), ("reaction", "Reaction"), ("kind", "Kind"),
    ("notes", "Notes"), ("title", "Plan"),
)  # fmt: skip
"""Members of a line that are words, and what they are called."""


def _item(line: Json, sources: Mapping[str, Json]) -> Json:
    """A line with all that the card says of it."""
    facts = [(label, pieces(text(line, name))) for name, label in FACTS if text(line, name)]
    flags = [
        *(["High risk"] if line.get("critical") else []),
        *(["Severe reaction"] if line.get("severe") else []),
        *(["Only when needed"] if line.get("asNeeded") else []),
        *([f"Status: {text(line, 'status')}"] if "status" in line else []),
        *([f"Until {day(text(line, 'until'))}"] if "until" in line else []),
        *(["That time is over and nobody has taken it back"] if line.get("ended") else []),
        *([f"Review {day(text(line, 'review'))}{' (overdue)' if line.get('overdue') else ''}"] if "review" in line else []),
        *(["Cut to fit: the record has all of it"] if line.get(CUT) else []),
    ]
    by = [_when(text(line, "date")), text(line, "by")]
    return {
        "when": "" if "as" in line else text(line, "if"),
        "pieces": pieces(text(line, "text")),
        "facts": facts,
        "flags": flags,
        "phones": [Piece(each, tel(each)) for each in texts(line, "phone")],
        "said": " · ".join(each for each in by if each) or "Date and author not recorded",
        "as_written": line.get("as") == "written",
        "sources": [_source(sources.get(each, {"code": each})) for each in texts(line, "from")],
    }


def _when(said: str) -> str:
    """When a line was said: midnight, in London or in UTC, is how systems write a day."""
    return "" if not said else day(said) if clock(said) == "00:00" or "T00:00:00" in said else moment(said)


def _source(source: Json) -> Json:
    state = text(source, "state")
    since = moment(text(source, "since")) if "since" in source else ""
    told = f"{STATES.get(state, state)}{f' since {since}' if since else ''}" if state else ""
    return {
        "name": text(source, "name") or text(source, "code"),
        "updated": moment(text(source, "updated")) if "updated" in source else "",
        "state": told,
    }


def _grouped(empty: Sequence[tuple[str, str]]) -> list[Json]:
    """What is not there, under the words of why."""
    found: dict[str, list[str]] = {}
    for label, words in empty:
        found.setdefault(words, []).append(label)
    return [{"words": words, "labels": labels} for words, labels in found.items()]


def _without(empty: Sequence[tuple[str, str]]) -> list[Json]:
    """Every heading with nothing under it, as the closed row has room for them: none recorded, or there is something to read."""
    why = [label for label, words in empty if words != NONE]
    none = [label for label, words in empty if words == NONE]
    return [{"words": words, "labels": labels} for words, labels in ((WHY, why), (NONE.rstrip("."), none)) if labels]


def calls(card: Json) -> list[Call]:
    """Whom one can ring: key people first, then what the steps say, who answers for the plan, the practice; each number once."""
    found: dict[str, Call] = {}
    for name in RINGING:
        for line in dicts(card.get(name), "lines"):
            own = [(each, tel(each)) for each in texts(line, "phone")]
            within = [(each.words, each.tel) for each in pieces(text(line, "text")) if each.tel] if not own else []
            for said, number in (*own, *within):
                if number and number not in found:
                    role = {"namedClinician": "Named clinician", "gp": "GP"}.get(name, text(line, "role"))
                    called = STEPS if name == "steps" else text(line, "text")
                    found[number] = Call(called, "" if role == "Not specified" else role, said, number)
    return list(found.values())


def pieces(words: str) -> list[Piece]:
    """Words with the telephone numbers in them as what one can ring."""
    found, at = [], 0
    for match in NUMBER.finditer(words):
        if match.start() > at:
            found.append(Piece(words[at : match.start()]))
        found.append(Piece(match.group(), tel(match.group())))
        at = match.end()
    return [*found, Piece(words[at:])] if at < len(words) else found


def _number(value: Any, name: str) -> int:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, int) else 0
