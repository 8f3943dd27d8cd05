"""A clock that runs: what is known of it, and what each event and the passing of time make of it. Pure.

Instants are microseconds, of which whole seconds are kept. What has been decided stays: a step is taken once for the time
at which it was due, whatever comes twice, late or in another order, and whatever the machine's clock says afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from interop.clocks.limits import EARLY, IGNORED, MET, RESOURCE, Limit

RUNNING, WARNED, BREACHED = "running", "warned", "breached"
NOT_NEEDED, CANCELLED = "not-needed", "cancelled"
OPEN: Final = (RUNNING, WARNED, BREACHED)
"""States of a clock that has not been stopped."""
OUTCOMES: Final = (MET, EARLY, BREACHED, NOT_NEEDED, CANCELLED)
"""What becomes of one that has."""
ENDINGS: Final = (NOT_NEEDED, CANCELLED)
"""What a rule may say that it ends in; whether it was met, its times say."""
CLOSED: Final = "closed"
"""The step by which nobody waits any longer for the end of one that is over."""
SECOND: Final = 1_000_000
LATE: Final = 60 * SECOND
"""Microseconds after which a step counts as taken late, and in which it is told how late."""
LEFT: Final = 30 * 24 * 3_600 * SECOND
"""Microseconds after it was due in which it is still waited for its end."""


@dataclass(frozen=True, slots=True)
class Run:
    """``state`` of OPEN or OUTCOMES. ``stop`` None = it has not been stopped. ``warned`` and ``breached`` are when that was noticed
    (0 = it was not), ``late`` how long after it was due the last of them was, in whole minutes. ``known``: False where ``due``
    reaches beyond the table of bank holidays. ``by``: what has stopped it, ``Type/id``. ``unended``: it was closed, and nobody has
    said that it ended."""

    start: int
    earliest: int
    due: int
    state: str = RUNNING
    stop: int | None = None
    warned: int = 0
    breached: int = 0
    late: int = 0
    known: bool = True
    by: str = ""
    unended: bool = False

    @property
    def open(self) -> bool:
        """Whether it has not been stopped."""
        return self.stop is None


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done now: the run as it is afterwards, ``kind`` (``warned``, ``breached`` or ``closed``), who is to be told."""

    run: Run
    kind: str
    to: tuple[str, ...]


def started(limit: Limit, at: int, before: Run | None = None) -> Run | None:
    """The run once it is said to count from ``at``; None where that changes nothing.

    One that was stopped is judged anew by its times where its start is moved, and begins anew where it is said to start after that;
    so does one that was cancelled, or closed before the new time is due. Steps that the new times put ahead again are taken again
    when they are due."""
    at = _kept(at)
    times = limit.times(at)
    if before is None:
        return Run(at, times.earliest, times.due, known=times.known)
    moved = replace(before, start=at, earliest=times.earliest, due=times.due, known=times.known)
    anew = before.stop is not None and at > before.stop and limit.matches != RESOURCE
    waits = before.unended and times.due > (before.stop or 0)
    if before.open or before.state == CANCELLED or waits or (anew and before.state != NOT_NEEDED):
        made = _going(limit, replace(moved, stop=None, by="", unended=False))
    elif before.state == NOT_NEEDED:
        return None
    else:
        made = _judged(limit, moved)
    return made if made != before else None


def reopened(limit: Limit, run: Run) -> Run | None:
    """The run once what had stopped it is said not to have happened; None where it was not stopped."""
    return _going(limit, replace(run, stop=None, by="", unended=False)) if run.stop is not None and run.state != CANCELLED else None


def stopped(limit: Limit, run: Run, at: int, ending: str = "", by: str = "") -> Run | None:
    """The run once it is said to have been stopped at ``at``, or ended without an outcome (``ending`` of ENDINGS); None where that
    changes nothing: it was stopped before, or what happened was before it began or too early to count. Of two stops the earlier
    counts, whichever is told first. What is needed no more once it was due is breached all the same."""
    at = _kept(at)
    if ending == CANCELLED:
        return None if run.state == CANCELLED else replace(run, state=CANCELLED, stop=at, by=by, unended=False)
    if run.state == CANCELLED or (run.stop is not None and (ending or at >= run.stop)):
        return None
    if at < run.start and limit.matches != RESOURCE:
        return None
    if ending:
        return replace(run, state=BREACHED if at > run.due else NOT_NEEDED, stop=at, by=by)
    if at < run.earliest and limit.early == IGNORED:
        return None
    return _judged(limit, replace(run, stop=at, by=by, unended=False))


def following(limit: Limit, run: Run) -> int | None:
    """When there is something to be done next; None where nothing is."""
    if not run.open:
        return None
    if run.state == BREACHED:
        return run.due + LEFT
    warn = _warning(limit, run)
    return warn if run.state == RUNNING and warn else run.due


def taken(limit: Limit, run: Run, now: int) -> Step | None:
    """What is to be done by now; None where nothing is. Where it is due already nobody is warned any more. What is noticed more
    than ``fresh`` after it was due is told to nobody, and that one is closed to nobody either."""
    if not run.open:
        return None
    if run.state == BREACHED:
        closes = run.due + LEFT
        return Step(replace(run, stop=closes, unended=True), CLOSED, ()) if now >= closes else None
    warn = _warning(limit, run)
    if now >= run.due:
        kind, at, to = BREACHED, run.due, limit.escalate_to
        made = replace(run, state=BREACHED, breached=_kept(now))
    elif run.state == RUNNING and warn and now >= warn:
        kind, at, to = WARNED, warn, limit.warn_to
        made = replace(run, state=WARNED, warned=_kept(now))
    else:
        return None
    late = (now - at) // LATE * LATE
    return Step(replace(made, late=late), kind, to if now - at <= limit.fresh else ())


def _warning(limit: Limit, run: Run) -> int:
    """When to warn, 0 = never; by the table of today, before what was due by that of its start."""
    at = limit.times(run.start).warn
    return at if at < run.due else 0


def _kept(at: int) -> int:
    return at // SECOND * SECOND


def _going(limit: Limit, run: Run) -> Run:
    """By what was noticed of it: what was noticed before it is due now was of another time, and is noticed anew."""
    warn = _warning(limit, run)
    state = BREACHED if run.breached >= run.due else WARNED if warn and run.warned >= warn else RUNNING
    return replace(run, state=state)


def _judged(limit: Limit, run: Run) -> Run:
    """What a stop came to, by when things happened and not by when they were told."""
    assert run.stop is not None
    if run.stop > run.due:
        return replace(run, state=BREACHED)
    if run.stop < run.earliest and limit.early == EARLY:
        return replace(run, state=EARLY)
    return replace(run, state=MET)
