"""What a rule may do, and to whom it may do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CARE_TEAM, NAMED_CLINICIAN, GP, PATIENT = "care-team", "named-clinician", "gp", "patient"
DESTINATION, WORKLIST, WRITE_BACK = "destination", "worklist", "write-back"
PEOPLE: Final = frozenset((CARE_TEAM, NAMED_CLINICIAN, GP))
NAMED: Final = frozenset((DESTINATION, WORKLIST))
"""Recipients that are named by a word of their own."""
RECIPIENTS: Final = {
    CARE_TEAM: "each active care team of the person",
    NAMED_CLINICIAN: "whoever a care team says answers for the person",
    GP: "the general practitioners, or the practice, of the Patient",
    PATIENT: "the person, who is alive",
    DESTINATION: "a destination of the deployment, by its name",
    WORKLIST: "whoever works on that list",
    WRITE_BACK: "the destinations of the practice that the person has now",
}


@dataclass(frozen=True, slots=True)
class Action:
    """``worded``: it is followed by a word of codes.csv, or by the name of a clock; ``to`` are the recipients that it may have,
    none where it has none; ``says``: it tells people something."""

    name: str
    worded: bool
    to: frozenset[str]
    says: bool
    does: str


TASK, NOTIFY, FLAG, PROPOSE, CLOCK = "task", "notify", "flag", "propose", "clock"
STOP_CLOCK, REOPEN_CLOCK = "stop-clock", "reopen-clock"
CANCEL, STOP_REMINDERS, STOP_CLOCKS, REVIEW_BOOKINGS = "cancel", "stop-reminders", "stop-clocks", "review-bookings"
RESUME_REMINDERS, REOPEN_CLOCKS = "resume-reminders", "reopen-clocks"
_ASKED: Final = PEOPLE | {WORKLIST}
ACTIONS: Final = {
    each.name: each
    for each in (
        Action(TASK, True, _ASKED, True, "a Task of each recipient, about what happened"),
        Action(NOTIFY, True, PEOPLE | {PATIENT, DESTINATION, WRITE_BACK}, True, "a Communication to each recipient"),
        Action(FLAG, True, frozenset(), True, "a Flag of the person"),
        Action(PROPOSE, True, _ASKED, True, "a ServiceRequest that proposes a referral, a draft until a clinician takes it"),
        Action(CLOCK, True, frozenset(), False, "a clock of clocks.csv begins"),
        Action(STOP_CLOCK, True, frozenset(), False, "that clock ends; by its times, or as the second word says"),
        Action(
            REOPEN_CLOCK,
            True,
            frozenset(),
            False,
            "that clock runs again: what stopped it did not happen; with not-needed behind it only one that ended so",
        ),
        Action(STOP_CLOCKS, False, frozenset(), False, "every clock of the person ends"),
        Action(
            REOPEN_CLOCKS,
            False,
            frozenset(),
            False,
            "the clocks that ended so run again, unless something else has stopped them since",
        ),
        Action(
            CANCEL,
            True,
            frozenset(),
            False,
            "what that event of this resource has made is ended",
        ),
        Action(STOP_REMINDERS, False, frozenset(), False, "nothing more is sent to the person, nor asked to be"),
        Action(RESUME_REMINDERS, False, frozenset(), False, "what was stopped so is on hold: somebody looks before it is sent"),
        Action(REVIEW_BOOKINGS, True, _ASKED, True, "a Task for each booking to come: somebody is to cancel it"),
    )
}


@dataclass(frozen=True, slots=True)
class To:
    """A recipient; ``name`` where it is a worklist or a destination."""

    kind: str
    name: str = ""


def recipients(text: str) -> tuple[To, ...]:
    """Those of a cell, with ``;`` between (``care-team; worklist falls``). Raises ValueError."""
    found = []
    for said in filter(None, (part.strip() for part in text.split(";"))):
        kind, *rest = said.split()
        if kind not in RECIPIENTS:
            raise ValueError(f"{kind} is no recipient: {', '.join(RECIPIENTS)}")
        if len(rest) != (kind in NAMED):
            raise ValueError(f"{kind} {'has one name' if kind in NAMED else 'has no name'}")
        found.append(To(kind, *rest))
    if len(set(found)) < len(found):
        raise ValueError("a recipient is there twice")
    return tuple(found)
