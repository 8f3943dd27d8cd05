"""``/desk/tasks/[patient]``: what else the desk is asked to do for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.errors import Problem
from interop.fhir.shapes import dicts
from interop.pages.desk.dispatch import Quicker, is_with, of_person, put, version_of, who_has, whoami
from interop.pages.desk.forms import wrong
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

    @app.api_route(ADDRESS, methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def tasks(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        here.enter("desk")
        return await _page(here, patient)

    @app.post(ADDRESS)
    async def step(request: Request, patient: str) -> Response:
        here = await visit(request)
        here.enter("desk")
        form = await here.form()
        try:
            await _step(here, patient, form)
        except Wrong as mistake:
            return await _page(here, patient, form, {f"{mistake.field}-{form.get('task')}": mistake.words})
        except Quicker as quicker:
            return await _page(here, patient, quicker=quicker)
        return here.lead(f"/desk/tasks/{patient}")


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
    await put(here, step.do(task, do), version_of(task), who_has(task))


async def _tasks(here: Visit, patient: str) -> list[Json]:
    """The desk's Tasks of a person, those about an urgent response left out: they have a page of their own."""
    found = await of_person(here, patient, "Task")
    return [each for each in found if each["resourceType"] == "Task" and _desk(each)]


def _desk(task: Json) -> bool:
    return any(coded(each, SYSTEM) == DESK for each in dicts(task, "performerType")) and not urgent(task)


async def _page(
    here: Visit,
    patient: str,
    form: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
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
    values: dict[str, Any] = {"patient": patient, "shown": shown, "form": form or {}, "quicker": quicker}
    return here.page("desk/tasks.html", "For the desk", **person, **values, **wrong(errors, quicker=quicker is not None))
