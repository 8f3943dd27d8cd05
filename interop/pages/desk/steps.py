"""What a co-ordinator notes on an urgent response: each step makes of the Task, as it was read, the one that is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from interop.clocks.runs import BREACHED
from interop.clocks.tasks import STATES as CLOCK_STATES
from interop.fhir.shapes import dicts
from interop.pages.desk.sheet import (
    ARRIVED,
    COORDINATOR,
    GOING,
    NAME,
    OUTCOME,
    SAME,
    SENT,
    STEP,
    TAKEN,
    TASK,
    WAITS,
    coded,
    name_of,
    noted,
)
from interop.worklists.listing import SYSTEM as WORKLIST

Json = dict[str, Any]
LONGEST: Final = 500
"""Characters of what somebody writes."""
OUTCOMES: Final = {
    "stays-helped": "Seen and helped, stays at home",
    "stays-followed": "Seen, stays at home, somebody comes again",
    "conveyed": "Taken to hospital after all",
    "referred": "Seen and referred to another service",
    "not-in": "Nobody opened the door",
    "not-seen": "Not seen",
}
SEEN: Final = ("stays-helped", "stays-followed", "referred")
"""Outcomes of which a time of arrival is known."""


class Wrong(ValueError):
    """The form cannot be taken as it is: ``field`` is the id of what is to be mended, ``words`` how."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field, self.words = field, words


class Doing(NamedTuple):
    """Who does it (a Reference with a display), when, and the form."""

    who: Json
    now: datetime
    form: Mapping[str, str]

    def said(self, name: str, words: str) -> str:
        """A field that is needed; raises Wrong."""
        if not (found := self.form.get(name, "")):
            raise Wrong(name, words)
        return self.short(name, found)

    def short(self, name: str, found: str) -> str:
        """Raises Wrong where it is too long."""
        if len(found) > LONGEST:
            raise Wrong(name, f"Shorten this to {LONGEST} characters")
        return found

    @property
    def at(self) -> str:
        return self.now.isoformat(timespec="seconds")


def kept(name: str) -> Json:
    """The CodeableConcept of what the desk notes."""
    return {"coding": [{"system": STEP, "code": name}]}


def begun(patient: str, clock: Json, at: str) -> Json:
    """The desk's Task for a clock that runs since somebody else has asked. It counts from then, too; from now (``at``) where the
    two hours are over: nobody is told of the same breach twice."""
    over = coded(clock.get("businessStatus"), CLOCK_STATES) == BREACHED
    return {
        "resourceType": "Task",
        "status": WAITS,
        "intent": "order",
        "priority": "urgent",
        "code": {"coding": [{"system": TASK, "code": NAME, "display": "Decide on an urgent response"}]},
        "description": "A crew or a clinician has asked for an urgent response",
        "focus": {"reference": f"Task/{clock['id']}"},
        "for": {"reference": f"Patient/{patient}"},
        "authoredOn": at if over else clock["executionPeriod"]["start"],
        "performerType": [{"coding": [{"system": WORKLIST, "code": "co-ordination"}]}],
    }


def take(task: Json, do: Doing) -> Json:
    mine = {"type": kept(COORDINATOR), "valueReference": do.who}
    kept_ = {name: value for name, value in task.items() if name != "statusReason"}
    made = _with(kept_, "input", COORDINATOR, mine) | {"status": TAKEN, "owner": do.who}
    return _noted(made, do, "Taken")


def send(task: Json, do: Doing) -> Json:
    chosen, named = do.form.get("team", ""), do.short("other", do.form.get("other", ""))
    if not chosen and not named:
        raise Wrong("team", "Choose the team that is to go, or write its name")
    reference, _, display = chosen.partition(" ")
    owner = {"display": named} if named else {"reference": reference, "display": display}
    return _noted(
        task | {"status": SENT, "owner": owner, "businessStatus": kept("sent")}, do, f"{owner['display']} was asked to go"
    )


def agreed(task: Json, do: Doing) -> Json:
    made = task | {"status": GOING, "businessStatus": kept("accepted")}
    return _noted(made, do, f"{name_of(task.get('owner')) or 'The team'} said yes")


def declined(task: Json, do: Doing) -> Json:
    why = do.said("reason", "Say why the team cannot go")
    team = name_of(task.get("owner")) or "The team"
    made = task | {"status": TAKEN, "owner": _coordinator(task, do), "businessStatus": kept("declined")}
    return _noted(made, do, f"{team} cannot go: {why}")


def arrived(task: Json, do: Doing) -> Json:
    when = clock_time(do.said("at", "Say when the team arrived, for example 15:48"), do.now)
    there = {"type": kept(ARRIVED), "valueDateTime": when.isoformat(timespec="seconds")}
    made = _with(task, "output", ARRIVED, there) | {"status": GOING, "businessStatus": kept(ARRIVED)}
    return _noted(made, do, f"{name_of(task.get('owner')) or 'The team'} was there at {when:%H:%M}")


def ended(task: Json, do: Doing) -> Json:
    code, words = do.form.get("outcome", ""), do.short("words", do.form.get("words", ""))
    if code not in OUTCOMES:
        raise Wrong("outcome", "Choose how it ended")
    if code in SEEN and not noted(task, ARRIVED, "output"):
        raise Wrong("outcome", "Note first when the team arrived: the clock ends then")
    said = OUTCOMES[code] + (f": {words}" if words else "")
    out = {"type": kept(OUTCOME), "valueCodeableConcept": kept(code) | {"text": said}}
    made = _with(task, "output", OUTCOME, out) | {"status": "completed", "businessStatus": kept(OUTCOME)}
    period = dict(task.get("executionPeriod") or {"start": task["authoredOn"]})
    return _noted(made | {"executionPeriod": period | {"end": do.at}}, do, said)


def nobody(task: Json, do: Doing) -> Json:
    why = do.said("why", "Say why nobody goes")
    made = task | {"status": "rejected", "statusReason": {"text": why}, "businessStatus": kept("nobody-goes")}
    return _noted(made, do, f"Nobody goes: {why}")


def back(task: Json, do: Doing) -> Json:
    rest = [each for each in dicts(task, "input") if coded(each.get("type"), STEP) != COORDINATOR]
    made = {name: value for name, value in task.items() if name not in ("owner", "input", "businessStatus")}
    return _noted(made | ({"input": rest} if rest else {}) | {"status": WAITS}, do, "Given back to the desk")


def same(task: Json, do: Doing) -> Json:
    made = task | {"status": "completed", "businessStatus": kept(SAME)}
    return _noted(made, do, "The same visit answers this")


def note(task: Json, do: Doing) -> Json:
    return _noted(task, do, do.said("note", "Write what is to be noted"))


def finished(task: Json, do: Doing) -> Json:
    words = do.said("done", "Say what was done")
    made = task | {"status": "completed", "businessStatus": kept("done")}
    return _noted(made, do, words)


class Step(NamedTuple):
    """``at``: the states of a sheet in which it may be done; ``leads``: whether the state tells that it was done already."""

    do: Callable[[Json, Doing], Json]
    at: tuple[str, ...]
    leads: tuple[str, ...] = ()


STEPS: Final = {
    "take": Step(take, ("draft", WAITS), (TAKEN,)),
    "again": Step(take, ("rejected", "completed", "cancelled"), (TAKEN,)),
    "send": Step(send, (TAKEN, "ready", "on-hold"), (SENT,)),
    "agreed": Step(agreed, (SENT,), (GOING,)),
    "declined": Step(declined, (SENT, GOING), (TAKEN,)),
    "arrived": Step(arrived, (SENT, GOING), (ARRIVED,)),
    "ended": Step(ended, (SENT, GOING, ARRIVED), ("completed",)),
    "nobody": Step(nobody, (TAKEN, SENT, "ready", "on-hold"), ("rejected",)),
    "back": Step(back, (TAKEN, "ready", "on-hold"), (WAITS,)),
    "note": Step(note, ("draft", WAITS, TAKEN, "ready", SENT, GOING, "on-hold", ARRIVED)),
}


OTHERS: Final = {
    "take": Step(take, ("draft", WAITS), (TAKEN,)),
    "done": Step(finished, (TAKEN, "ready", SENT, GOING, "on-hold"), ("completed",)),
    "back": Step(back, (TAKEN, "ready", SENT, GOING, "on-hold"), (WAITS,)),
}
"""Of the desk's other Tasks."""


def clock_time(said: str, now: datetime) -> datetime:
    """A time of day (15:48, 1548, 15.48) as the latest such moment that is over; raises Wrong."""
    digits = said.replace(":", "").replace(".", "").replace(" ", "")
    try:
        if not digits.isascii() or not digits.isdigit():
            raise ValueError
        found = now.replace(hour=int(digits[:-2]), minute=int(digits[-2:]), second=0, microsecond=0)
    except (ValueError, OverflowError):
        raise Wrong("at", "Write the time as hours and minutes, for example 15:48") from None
    return found if found <= now else found - timedelta(days=1)


def _coordinator(task: Json, do: Doing) -> Json:
    found = [each for each in dicts(task, "input") if coded(each.get("type"), STEP) == COORDINATOR]
    return dict(found[0]["valueReference"]) if found else do.who


def _with(task: Json, where: str, kind: str, one: Json) -> Json:
    rest = [each for each in dicts(task, where) if coded(each.get("type"), STEP) != kind]
    return task | {where: [*rest, one]}


def _noted(task: Json, do: Doing, words: str) -> Json:
    made = {"authorString": name_of(do.who), "time": do.at, "text": words}
    return task | {"note": [*dicts(task, "note"), made]}
