"""The plan as the person reads it: every heading with who wrote each line, and an easy-read copy. What others wrote stands as they
wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi.responses import HTMLResponse

from interop.api.operations.composing import GROUPS, HEADING, LINE
from interop.careplan.crew.line import SETTLED
from interop.fhir.shapes import Json, dicts, text
from interop.pages.portal.whose import Whose
from interop.pages.portal.words import absences, easy, said
from interop.pages.record.asking import Known
from interop.screen.words import long_day

PEOPLE: Final = "people"
"""The group whose lines have a role worth reading: what somebody is to the person."""
OWN: Final = "additional-plans"
QUIET: Final = SETTLED | {"unknown", "Active"}
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d(?:T[\d:.+Z-]+)?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who says a line. ``code`` is that of the organisation."""

    author: str
    code: str
    date: str
    until: str = ""
    ended: bool = False
    review: str = ""
    overdue: bool = False
    status: str = ""
    notes: tuple[str, ...] = ()
    words: str = ""
    health: tuple[str, str] = ("", "")
    resource: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of the plan, in its author's words."""

    text: str
    trigger: str = ""
    written: bool = False
    role: str = ""
    who: str = ""
    when: str = ""
    starts: str = ""
    contacts: tuple[tuple[str, str], ...] = ()
    origins: tuple[Origin, ...] = ()


@dataclass(frozen=True, slots=True)
class Heading:
    """``empty``: why nothing stands under it, a code of ``words.csv``."""

    name: str
    title: str
    group: str
    lines: tuple[Line, ...] = ()
    conflict: bool = False
    empty: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """``own``: the plans by their titles, each with its own words and origin."""

    headings: list[Heading]
    own: list[tuple[str, str, Origin]] = field(default_factory=list)

    def heading(self, name: str) -> Heading:
        """One of them; an empty one where the plan has none of the name."""
        return next((each for each in self.headings if each.name == name), Heading(name, name, ""))

    @property
    def codes(self) -> set[str]:
        """Of the organisations that wrote it."""
        return {origin.code for each in self.headings for line in each.lines for origin in line.origins}

    def groups(self) -> list[tuple[str, list[Heading]]]:
        """The headings with lines, by group, but for the plans themselves."""
        filled = [each for each in self.headings if each.lines and each.name != OWN]
        return [(title, [one for one in filled if one.group == title]) for title in dict.fromkeys(each.group for each in filled)]

    def empties(self) -> list[tuple[str, list[Heading]]]:
        """Those without, by why."""
        bare = [each for each in self.headings if not each.lines]
        return [(why, [one for one in bare if one.empty == why]) for why in dict.fromkeys(each.empty for each in bare)]


async def asked(whose: Whose) -> Plan:
    """The plan as the API gives it; what it lacks is added to the page's. Raises NotGiven."""
    bundle = await whose.here.api.get(f"/fhir/Patient/{whose.id}/$care-plan")
    resources = [each["resource"] for each in bundle.get("entry", ())]
    outcomes = [each for each in resources if text(each, "resourceType") == "OperationOutcome"]
    whose.lacking += [each for each in absences(outcomes) if each not in whose.lacking]
    return shaped(resources)


def shaped(resources: Iterable[Json]) -> Plan:
    """The resources of the answer as a page shows them. Pure."""
    given = list(resources)
    composed: Json = next((each for each in given if text(each, "resourceType") == "Composition"), {})
    headings = [_heading(each, text(group, "title")) for group in dicts(composed, "section") for each in dicts(group, "section")]
    held = {f"{text(each, 'resourceType')}/{text(each, 'id')}": each for each in given}
    own = []
    for line in next((each.lines for each in headings if each.name == OWN), ()):
        for origin in line.origins:
            words = _own(held.get(origin.resource.partition("/_history/")[0], {}))
            own.append((line.text, words, origin))
    return Plan(headings, own)


def _own(plan: Json) -> str:
    notes = [text(each, "text") for each in dicts(plan, "note")]
    return "\n".join(each for each in (text(plan, "description"), *notes) if each)


def _heading(section: Json, group: str) -> Heading:
    name = next((text(each, "code") for each in dicts(section.get("code"), "coding") if text(each, "system") == HEADING), "")
    why = next((text(each, "code") for each in dicts(section.get("emptyReason"), "coding")), "none-recorded")
    conflict = any(text(each, "url") == f"{LINE}conflict" for each in dicts(section, "extension"))
    lines = tuple(_line(each, group == GROUPS[PEOPLE], name) for each in dicts(section, "section"))
    return Heading(name, text(section, "title"), group, lines, conflict, "" if lines else why)


def _line(section: Json, people: bool, heading: str) -> Line:
    told: dict[str, list[str]] = {}
    origins = []
    for each in dicts(section, "extension"):
        name = text(each, "url").removeprefix(LINE)
        if name == "origin":
            origins.append(_origin(each))
        else:
            told.setdefault(name, []).append(text(each, "valueString"))
    when = next(iter(told.get("when", ())), "")
    starts = _DAY.search(when)
    title = text(section, "title")
    if heading == "communication":
        title = said("language", title, title)
    contacts = tuple((kind, value) for each in told.get("contact", ()) for kind, _, value in (each.partition(":"),))
    return Line(
        title,
        next(iter(told.get("trigger", ())), ""),
        any(each is True for each in _written(section)),
        next(iter(told.get("role", ())), "") if people else "",
        next(iter(told.get("who", ())), ""),
        _DAY.sub(lambda found: long_day(found[0]), when),
        starts[0] if starts is not None else "",
        contacts,
        tuple(origins),
    )


def _written(section: Json) -> Iterable[Any]:
    for each in dicts(section, "extension"):
        yield from (one.get("valueBoolean") for one in dicts(each, "extension") if text(one, "url") == "written")


def _origin(extension: Json) -> Origin:
    told: dict[str, list[Any]] = {}
    for each in dicts(extension, "extension"):
        value = next((value for name, value in each.items() if name.startswith("value")), "")
        told.setdefault(text(each, "url"), []).append(value)

    def one(name: str) -> Any:
        return next(iter(told.get(name, ())), "")

    state = next((name for name in told if name.startswith("source-")), "")
    status = str(one("status"))
    return Origin(
        str(one("author")),
        str(one("source")),
        str(one("date")),
        str(one("until")),
        one("ended") is True,
        str(one("review")),
        one("overdue") is True,
        "" if status in QUIET else status,
        tuple(map(str, told.get("note", ()))),
        str(one("words")),
        (state.removeprefix("source-"), str(one(state))) if state else ("", ""),
        text(one("resource"), "reference"),
    )


def written_by(origin: Origin, names: Known) -> str:
    """Who wrote a line and where: Dr Ruth Ansley, Oakshaw Surgery."""
    place = names.organisation(origin.code) if origin.code else ""
    return ", ".join(dict.fromkeys(each for each in (origin.author, place) if each)) or "We do not know who wrote this"


async def page(whose: Whose) -> HTMLResponse:
    """The plan with who wrote each line."""
    plan = await asked(whose)
    names = await whose.known((), plan.codes)
    return whose.page("plan.html", whose.titled("plan"), names, plan=plan, by=written_by, said=said)


async def easy_read(whose: Whose) -> HTMLResponse:
    """The same in short sentences and larger letters: questions for headings, what others wrote quoted as it is."""
    plan = await asked(whose)
    names = await whose.known((), plan.codes)
    return whose.page("easy.html", whose.titled("plan: easy read"), names, plan=plan, by=written_by, words=easy())
