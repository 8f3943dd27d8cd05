"""An urgent response as the desk sees it: the clock that runs, the Task on which the desk notes what it does, what else asks for
the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self

from interop.clocks.tasks import SYSTEM as CLOCK
from interop.clocks.tasks import run_of, took
from interop.fhir.shapes import dicts, text
from interop.pages.desk import timing
from interop.screen.words import moment

Json = dict[str, Any]
TASK: Final = "urn:interop:codes:task"
NAME: Final = "urgent-response"
STEP: Final = "urn:interop:codes:response"
"""What the desk notes of a response: states of it, and the types of what stands in the Task's input and output."""
COORDINATOR, ARRIVED, OUTCOME, SAME = "co-ordinator", "arrived", "outcome", "same-visit"
WAITS, TAKEN, SENT, GOING = "requested", "received", "accepted", "in-progress"
OPEN: Final = ("draft", WAITS, TAKEN, "ready", SENT, GOING, "on-hold")
STATES: Final = {
    WAITS: "Nobody has taken it",
    TAKEN: "Taken: no team is sent yet",
    SENT: "Team asked: it has not said yes",
    GOING: "Team is on its way",
    ARRIVED: "Team is there",
    "completed": "Finished",
    "rejected": "Nobody goes",
    "cancelled": "Called off",
}
ENDED: Final = {"met": "Somebody was there in time", "breached": "Somebody came after the two hours", "not-needed": "Not needed"}


def coded(concept: Any, system: str) -> str:
    """The code of a system in a CodeableConcept, '' where there is none."""
    return next((text(each, "code") for each in dicts(concept, "coding") if text(each, "system") == system), "")


def urgent(task: Json) -> bool:
    """Whether a Task is one of the desk about an urgent response."""
    return coded(task.get("code"), TASK) == NAME


def noted(task: Json, kind: str, where: str) -> Json:
    """The part of a Task's ``input`` or ``output`` of a kind that the desk has noted; empty where there is none."""
    return next((each for each in dicts(task, where) if coded(each.get("type"), STEP) == kind), {})


def _worked(task: Json) -> str:
    """When somebody last noted something on a Task."""
    return max((text(each, "time") for each in dicts(task, "note")), default=text(task, "authoredOn"))


def _since(task: Json, clock: Json) -> bool:
    """Whether anything was noted on a Task since a clock began."""
    began = timing.at(text(clock["executionPeriod"], "start"))
    times = (timing.at(text(each, "time")) for each in dicts(task, "note"))
    return began is not None and any(each is not None and each >= began for each in times)


def taken(task: Json) -> Json:
    """Who has taken one of the desk's other Tasks; empty where nobody has."""
    by = noted(task, COORDINATOR, "input")
    return {"by": name_of(by.get("valueReference")), "team": "", "state": "Taken"} if by and task["status"] != WAITS else {}


def name_of(reference: Any) -> str:
    """What to call whom a Reference leads to."""
    return text(reference, "display") if isinstance(reference, dict) else ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """``task`` is the Task on which is written, empty where there is none yet; ``clock`` the clock's, empty where none runs;
    ``others`` ask for the same."""

    now: datetime
    task: Json
    clock: Json
    others: tuple[Json, ...]

    @classmethod
    def of(cls, tasks: Sequence[Json], now: datetime) -> Self:
        """The urgent response of the person whose Tasks these are: the one that is worked on, else the one that waits longest, else
        the one that ended last."""
        ours = sorted(filter(urgent, tasks), key=lambda each: text(each, "authoredOn"))
        taken = [each for each in ours if each["status"] in (TAKEN, "ready", SENT, GOING, "on-hold")]
        waits = [each for each in ours if each["status"] in ("draft", WAITS)]
        clocks = sorted(
            (each for each in tasks if coded(each.get("code"), CLOCK) == NAME), key=lambda each: text(each, "authoredOn")
        )
        runs = [each for each in clocks if each["status"] == GOING]
        over = [each for each in ours if each["status"] not in OPEN and coded(each.get("businessStatus"), STEP) != SAME]
        over.sort(key=_worked)
        last = over[-1] if over and (not runs or _since(over[-1], runs[0])) else {}  # else it is a new request
        one = (taken or waits or [last])[0]
        others = tuple(each for each in (*taken, *waits) if each is not one)
        return cls(now, one, (runs or clocks[-1:] or [{}])[0], others)

    @property
    def state(self) -> str:
        """A key of STATES."""
        if self.task and self.task["status"] == GOING and noted(self.task, ARRIVED, "output"):
            return ARRIVED
        return str(self.task.get("status", WAITS))

    @property
    def open(self) -> bool:
        """Whether there is something to do."""
        return self.running or (bool(self.task) and self.state in (*OPEN, ARRIVED))

    @property
    def running(self) -> bool:
        return bool(self.clock) and self.clock["status"] == GOING

    @property
    def taken(self) -> Json:
        """Who has taken it, the team, and how it stands; empty where nobody has."""
        by = noted(self.task, COORDINATOR, "input")
        if not self.task or self.state == WAITS:
            return {}
        team = self.task.get("owner") if self.state in (SENT, GOING, ARRIVED, "completed") else None
        return {"by": name_of(by.get("valueReference")), "team": name_of(team), "state": STATES.get(self.state, self.state)}

    @property
    def time(self) -> Json:
        """The clock as it is shown: what is left of it, or how it ended."""
        run = run_of(self.clock) if self.clock else None
        if run is None:
            return {}
        if self.running:
            began = text(self.clock["executionPeriod"], "start")
            return timing.left(text(self.clock["restriction"]["period"], "end"), self.now, began, run.state)
        minutes = took(self.clock)
        return {"ended": ENDED.get(run.state, "Called off"), "took": timing.length(minutes) if minutes is not None else ""}

    @property
    def asked(self) -> str:
        """When the desk was asked."""
        start = self.clock.get("executionPeriod") if self.running else None
        return text(start, "start") or text(self.task, "authoredOn")

    @property
    def why(self) -> list[str]:
        """Why the desk is asked, in the words of whoever asks."""
        said = [text(each, "description") for each in (self.task, *self.others) if each and text(each, "description")]
        return said or ["A crew or a clinician has asked for an urgent response."]

    @property
    def steps(self) -> list[Json]:
        """What was done, the latest first."""
        return done(self.task)


def done(task: Json) -> list[Json]:
    """What people have noted on a Task, the latest first."""
    made = [
        {"at": moment(text(each, "time")), "who": text(each, "authorString"), "words": text(each, "text")}
        for each in dicts(task, "note")
    ]
    return made[::-1]
