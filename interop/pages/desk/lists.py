"""A worklist as its page shows it: who is on it, why, until when, and who has taken it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from interop.api.inside import Inside, NotGiven
from interop.api.operations.worklists import WHOLE, worklists
from interop.fhir.shapes import dicts, text
from interop.pages.desk import timing
from interop.pages.desk.sheet import Sheet, taken, urgent
from interop.policy.asker import TESTER, Asker
from interop.screen import words
from interop.worklists.listing import EXTENSION
from interop.worklists.tables import POINTS, Worklist

Json = dict[str, Any]
SIZE: Final = 25
"""People of a page."""
URGENT, DESK, MDT = "urgent-response", "co-ordination", "mdt"
RESPONSE, TASKS = "/desk/response/", "/desk/tasks/"


@dataclass(frozen=True, slots=True)
class Line:
    """Somebody on a list. ``patient`` is the id of their Patient; ``over``: what they wait for should have been done; ``to``:
    address of the page on which it is done, before the id, '' for that of the list."""

    patient: str
    rank: int
    points: int
    name: str
    born: str
    nhs: str
    reasons: list[Json]
    clock: Json
    tasks: tuple[str, ...] = ()
    taken: Json = field(default_factory=dict)
    to: str = ""

    @property
    def over(self) -> bool:
        return self.clock.get("kind") == "over"


@dataclass(frozen=True, slots=True)
class Listed:
    """A page of a list; ``cursor`` leads to the next one. ``said`` is what the API says beside it: an empty list is no promise."""

    worklist: Worklist
    total: int
    lines: list[Line]
    cursor: str = ""
    said: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """An ETag of what is shown."""
        shown = [(each.patient, each.rank, each.reasons, each.clock, each.taken, each.name) for each in self.lines]
        return f'"{sha256(repr((self.total, shown, self.said)).encode()).hexdigest()[:24]}"'


def open_to(asker: Asker) -> list[Worklist]:
    """The lists that a role may see here, in the order of their table."""
    return [each for each in worklists().values() if not each.at and (asker == TESTER or asker.role in each.roles)]


async def asked(api: Inside, wanted: Worklist, now: datetime, *, count: int = SIZE, cursor: str = "") -> Listed:
    """A page of a list as the API gives it to whoever asks. Raises NotGiven."""
    more = {"_cursor": cursor} if cursor else {"name": wanted.name, "_count": str(min(count, WHOLE))}
    return shaped(wanted, await api.get("/fhir/$worklist", **more), now)


async def with_taken(api: Inside, listed: Listed, now: datetime) -> Listed:
    """The same with who has taken what. The desk's Tasks say it; who may not see these is told nothing of it."""
    desk = next((each for each in open_to(api.asker) if each.name == DESK), None)
    if listed.worklist.name not in (URGENT, DESK) or desk is None or not listed.lines:
        return listed
    try:
        open_ = listed if listed.worklist.name == DESK else await asked(api, desk, now, count=WHOLE)
        ids = sorted({each for line in open_.lines for each in line.tasks})
        found = await api.search("Task", [("_id", ",".join(ids)), ("_count", str(WHOLE))]) if ids else []
    except NotGiven:
        return listed
    tasks = {each["id"]: each for each in found if each.get("resourceType") == "Task"}
    held = {line.patient: [tasks[each] for each in line.tasks if each in tasks] for line in open_.lines}
    lines = [replace(each, **_stands(held.get(each.patient, []), now, listed.worklist.name)) for each in listed.lines]
    return replace(listed, lines=lines)


def _stands(tasks: list[Json], now: datetime, name: str) -> Json:
    """Who has taken what the desk is asked for a person, and where that is done."""
    if name == URGENT or any(map(urgent, tasks)):
        return {"taken": Sheet.of(tasks, now).taken, "to": RESPONSE}
    return {"taken": next(filter(None, map(taken, tasks)), {}), "to": TASKS}


def shaped(wanted: Worklist, bundle: Mapping[str, Any], now: datetime) -> Listed:
    """The answer of ``$worklist``; what is over time stands first."""
    held = [each["resource"] for each in bundle.get("entry", ())]
    made: Json = next((each for each in held if each["resourceType"] == "List"), {})
    people = {each["id"]: each for each in held if each["resourceType"] == "Patient"}
    lines = [_line(each, people, now) for each in made.get("entry", ())]
    if wanted.order != POINTS:
        lines.sort(key=lambda each: not each.over)
    said = [text(issue.get("details"), "text") or text(issue, "diagnostics") for each in held for issue in dicts(each, "issue")]
    told = tuple(dict.fromkeys(words.spoken(each) for each in said if each))
    return Listed(wanted, int(bundle.get("total", 0)), lines, _next(bundle), told)


def _next(bundle: Mapping[str, Any]) -> str:
    url = next((text(each, "url") for each in dicts(bundle, "link") if text(each, "relation") == "next"), "")
    return parse_qs(urlsplit(url).query).get("_cursor", [""])[0]


def _line(entry: Json, people: Mapping[str, Json], now: datetime) -> Line:
    parts: dict[str, list[Json]] = {}
    for each in entry["extension"]:
        parts.setdefault(each["url"].removeprefix(EXTENSION), []).append(each)
    patient = entry["item"]["reference"].removeprefix("Patient/")
    who = people.get(patient, {})
    reasons = [_reason(each) for each in parts.get("reason", ())]
    clock = {each["url"]: _value(each) for one in parts.get("clock", ()) for each in one["extension"]}
    began = min((each["since"] for each in reasons if each["since"]), default="")
    refs = [ref for each in reasons for ref in each["refs"]]
    return Line(
        patient,
        _value(parts["rank"][0]),
        _value(parts["points"][0]),
        words.name(who),
        text(who, "birthDate"),
        _number(dicts(who, "identifier")),
        reasons,
        timing.left(clock["due"], now, began, clock.get("state", "")) if clock else {},
        tuple(each.removeprefix("Task/") for each in refs if each.startswith("Task/")),
    )


def _reason(extension: Json) -> Json:
    said = {each["url"]: _value(each) for each in extension["extension"] if each["url"] != "evidence"}
    evidence = [
        {one["url"]: _value(one) for one in each["extension"]} for each in extension["extension"] if each["url"] == "evidence"
    ]
    return {
        "words": said["words"],
        "points": said.get("points", 0),
        "since": said.get("date", ""),
        "sources": sorted({each["source"] for each in evidence if each.get("source")}),
        "refs": [each["resource"]["reference"] for each in evidence],
    }


def _number(identifiers: Iterable[Json]) -> str:
    return next((text(each, "value") for each in identifiers if text(each, "system").endswith("/nhs-number")), "")


def _value(extension: Json) -> Any:
    return next(value for name, value in extension.items() if name.startswith("value"))
