"""``/desk/tasks/[patient]``: what else the desk is asked to do for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from interop.errors import Problem
from interop.fhir.shapes import dicts
from interop.pages.desk.dispatch import Quicker, is_with, of_person, put, version_of, who_has, whoami
from interop.pages.desk.forms import NONE, stepping, wrong
from interop.pages.desk.lists import DESK
from interop.pages.desk.sheet import OPEN, coded, done, taken, urgent
from interop.pages.desk.steps import OTHERS, Doing, Wrong
from interop.pages.patient import banner
from interop.pages.visiting import Visit
from interop.worklists.listing import SYSTEM

Json = dict[str, Any]
ADDRESS: Final = "/desk/tasks/{patient}"


def routes(app: FastAPI, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """The page, and the form of each step."""
    stepping(app, visit, ADDRESS, _page, _step)


async def _step(here: Visit, patient: str, form: Mapping[str, str]) -> None:
    step = OTHERS.get(form.get("step", ""))
    task = next((each for each in await _tasks(here, patient) if each["id"] == form.get("task")), None)
    if step is None or task is None:
        raise Problem("bad-parameter", where="step" if step is None else "task")
    do = Doing(whoami(here), here.now, form)
    if task["status"] in step.leads and is_with(task, do.who):
        return  # the same form, sent twice
    if task["status"] not in step.at or version_of(task) != form.get("version"):
        raise Quicker(who_has(task))
    try:
        made = step.do(task, do)
    except Wrong as mistake:
        raise Wrong(f"{mistake.field}-{task['id']}", mistake.words) from None  # a page has a form of each Task
    await put(here, made, version_of(task), who_has(task))


async def _tasks(here: Visit, patient: str) -> list[Json]:
    """The desk's Tasks of a person, those about an urgent response left out: they have a page of their own."""
    found = await of_person(here, patient, "Task")
    return [each for each in found if each["resourceType"] == "Task" and _desk(each)]


def _desk(task: Json) -> bool:
    return any(coded(each, SYSTEM) == DESK for each in dicts(task, "performerType")) and not urgent(task)


async def _page(
    here: Visit,
    patient: str,
    form: Mapping[str, str] = NONE,
    errors: Mapping[str, str] = NONE,
    *,
    quicker: Quicker | None = None,
) -> HTMLResponse:
    person, found = await asyncio.gather(banner(here, patient), _tasks(here, patient))
    found.sort(key=lambda each: str(each.get("authoredOn", "")), reverse=True)
    shown = [
        {
            "task": each,
            "version": version_of(each),
            "open": each["status"] in OPEN,
            "taken": taken(each),
            "mine": is_with(each, whoami(here)),
            "steps": done(each),
            "may": {name for name, step in OTHERS.items() if each["status"] in step.at},
        }
        for each in found
    ]
    shown.sort(key=lambda each: not each["open"])
    values: dict[str, Any] = {"patient": patient, "shown": shown, "form": form, "quicker": quicker}
    return here.page("desk/tasks.html", "For the desk", **person, **values, **wrong(errors, quicker=quicker is not None))
