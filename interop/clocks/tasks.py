"""A clock as FHIR has it: a Task that the engine keeps, from which a restart knows all that there is to know.

| element | says |
|---|---|
| ``code`` | the clock, of ``urn:interop:codes:clock`` |
| ``status`` | ``in-progress`` while it runs; ``completed``; ``cancelled`` where what started it did not happen |
| ``businessStatus`` | ``running``, ``warned``, ``breached``, ``met``, ``early``, ``not-needed``, ``cancelled`` |
| ``focus``, ``for`` | what started it, and whom it is about |
| ``executionPeriod`` | from when it counts; when it was stopped, where that was not before |
| ``restriction.period`` | the window: from when it is expected, until when it is due |
| ``output`` | ``warned``, ``breached``: when that was noticed; ``late``: how many minutes after it was due the last of these was |
| | ``minutes`` that it took; ``stopped``: when, where that was before it counted; ``stopped-by``: by which resource |
| | ``unended``: nobody has said that it ended, and it was closed thirty days after it was due |
| | ``holidays-unknown``: the table of bank holidays ends before it is due |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from interop.clock import instant
from interop.clocks.limits import DAYS, FIRST, LAST, Limit
from interop.clocks.opening import MINUTE, local
from interop.clocks.runs import BREACHED, CANCELLED, OPEN, OUTCOMES, WARNED, Run, Step
from interop.fhir.canonicals import UCUM
from interop.fhir.shapes import Json, dicts, text
from interop.formats.instants import iso_instant

TYPE: Final = "Task"
SYSTEM: Final = "urn:interop:codes:clock"
STATES: Final = "urn:interop:codes:clock-state"
NOTES: Final = "urn:interop:codes:clock-note"
IN_PROGRESS, COMPLETED = "in-progress", "completed"
STOPPED, BY, LATE, TOOK, UNKNOWN, UNENDED = "stopped", "stopped-by", "late", "minutes", "holidays-unknown", "unended"
SAID: Final = (
    "status",
    "intent",
    "code",
    "businessStatus",
    "executionPeriod",
    "lastModified",
    "restriction",
    "output",
    "meta",
    "text",
)
"""What the engine says of a clock; the rest is of whoever works with it."""
FIXED: Final = ("code", "for", "focus", "executionPeriod", "restriction")
"""What nobody but the engine changes of a clock: which one it is, of whom, what started it, and its times."""
META: Final = ("profile", "security", "tag")
"""What stays as it was when a clock goes on."""


def task_of(limit: Limit, run: Run, now: int, before: Json) -> Json:
    """The Task of a run; ``before`` is the present one, or what a new one begins with: id, ``for``, ``focus``, ``meta``."""
    kept = {name: value for name, value in before.items() if name not in SAID}
    theirs = [each for each in dicts(before, "output") if not _noted(each)]
    if meta := _meta(before):
        kept["meta"] = meta
    end = {"end": instant(run.stop)} if run.stop is not None and run.stop >= run.start else {}
    return {
        "resourceType": TYPE,
        "authoredOn": instant(now),
        **kept,
        "status": CANCELLED if run.state == CANCELLED else IN_PROGRESS if run.open else COMPLETED,
        "intent": "order",
        "code": {"coding": [{"system": SYSTEM, "code": limit.name, "display": limit.display}], "text": limit.display},
        "businessStatus": {"coding": [{"system": STATES, "code": run.state}]},
        "executionPeriod": {"start": instant(run.start), **end},
        "lastModified": instant(now),
        "restriction": {"period": {"start": instant(run.earliest), "end": instant(run.due)}},
        **({"output": said} if (said := [*_output(limit, run), *theirs]) else {}),
    }


def told(limit: Limit, step: Step, id: str, task: Json, recipient: Json) -> Json:
    """The Communication by which somebody is told of a step: that something is due, when, and no word about anyone's health."""
    when = f"{local(step.run.due):%H:%M on %d %B %Y}"
    said = f"It is due at {when}" if step.kind == WARNED else f"It was due at {when}"
    kept: Json = {"encounter": task["encounter"]} if "encounter" in task else {}
    if meta := _meta(task):
        kept["meta"] = meta
    return {
        "resourceType": "Communication",
        "id": id,
        **kept,
        "status": "preparation",
        "category": [{"coding": [{"system": NOTES, "code": step.kind}]}],
        "priority": "routine" if limit.unit == DAYS else "urgent",
        "subject": task["for"],
        "about": [{"reference": f"{TYPE}/{task['id']}"}],
        "recipient": [recipient],
        "payload": [{"contentString": f"{said}, and nothing says that it has been done."}],
    }


def name_of(task: Mapping[str, Any]) -> str:
    """Which clock a Task is; '' where it is none."""
    return next((text(each, "code") for each in dicts(task.get("code"), "coding") if text(each, "system") == SYSTEM), "")


def moved(task: Mapping[str, Any], before: Mapping[str, Any]) -> str:
    """The first element of a clock that somebody is about to change and that is the engine's alone; '' where there is none."""
    return next((name for name in FIXED if task.get(name) != before.get(name)), "") if name_of(before) else ""


def run_of(task: Mapping[str, Any]) -> Run | None:
    """The run that a Task tells of; None where it tells of none, or of times that are none of care: somebody
    else wrote it."""
    lasted, window = task.get("executionPeriod"), _period(task.get("restriction"))
    start, earliest, due = _instant(lasted, "start"), _instant(window, "start"), _instant(window, "end")
    state = next((text(each, "code") for each in dicts(task.get("businessStatus"), "coding") if text(each, "system") == STATES), "")
    if start is None or earliest is None or due is None or state not in (*OPEN, *OUTCOMES):
        return None
    noted = {_noted(each): each for each in dicts(task, "output")}
    warned, breached = (iso_instant(text(noted.get(name), "valueDateTime")) or 0 for name in (WARNED, BREACHED))
    stop = None
    if text(task, "status") != IN_PROGRESS:
        stop = _instant(lasted, "end")
        stop = iso_instant(text(noted.get(STOPPED), "valueDateTime")) if stop is None else stop
        if stop is None:
            return None
    if not all(FIRST <= at <= LAST for at in (start, earliest, due, start if stop is None else stop)):
        return None
    by = text(noted.get(BY, {}).get("valueReference"), "reference") if stop is not None else ""
    late = _minutes(noted.get(LATE)) * MINUTE
    return Run(start, earliest, due, state, stop, warned, breached, late, UNKNOWN not in noted, by, UNENDED in noted)


def took(task: Mapping[str, Any]) -> int | None:
    """Minutes that a stopped clock took; None where it was not stopped."""
    found = [each for each in dicts(task, "output") if _noted(each) == TOOK]
    return _minutes(found[0]) if found else None


def _meta(resource: Json) -> Json:
    return {name: value for name, value in resource.get("meta", {}).items() if name in META}


def _output(limit: Limit, run: Run) -> Sequence[Json]:
    said: list[Json] = []
    for name, at in ((WARNED, run.warned), (BREACHED, run.breached)):
        if at:
            said.append({"type": _note(name), "valueDateTime": instant(at)})
    if run.stop is not None and run.stop < run.start:
        said.append({"type": _note(STOPPED), "valueDateTime": instant(run.stop)})
    if run.by:
        said.append({"type": _note(BY), "valueReference": {"reference": run.by}})
    if run.late:
        said.append({"type": _note(LATE), **_duration(run.late // MINUTE)})
    if run.unended:
        said.append({"type": _note(UNENDED), "valueBoolean": True})
    elif run.stop is not None and run.state != CANCELLED:
        said.append({"type": _note(TOOK), **_duration(limit.counted(run.start, run.stop))})
    if not run.known:
        said.append({"type": _note(UNKNOWN), "valueBoolean": True})
    return said


def _duration(minutes: int) -> Json:
    return {"valueDuration": {"value": minutes, "unit": "min", "system": UCUM, "code": "min"}}


def _note(name: str) -> Json:
    return {"coding": [{"system": NOTES, "code": name}]}


def _noted(output: Json) -> str:
    return next((text(each, "code") for each in dicts(output.get("type"), "coding") if text(each, "system") == NOTES), "")


def _minutes(output: Json | None) -> int:
    duration = output.get("valueDuration") if output is not None else None
    value = duration.get("value") if isinstance(duration, dict) else None
    return int(value) if isinstance(value, int | float | Decimal) else 0


def _period(restriction: Any) -> Any:
    return restriction.get("period") if isinstance(restriction, dict) else None


def _instant(holder: Any, name: str) -> int | None:
    return iso_instant(text(holder, name)) if isinstance(holder, dict) else None
