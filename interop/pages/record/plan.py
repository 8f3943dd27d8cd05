"""``/record/{patient}/plan``: the one plan, and what its readers add to it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response

from interop.api.inside import NotGiven
from interop.api.services import Services
from interop.fhir.shapes import text
from interop.pages.record.opening import opened
from interop.pages.record.planning import Whole, whole
from interop.pages.record.proposing import (
    HEAD,
    ID,
    TAG,
    TAKEN,
    Author,
    contribution,
    fields_of,
    over,
    wrong,
)
from interop.pages.visiting import Visit, visitor
from interop.policy.tables import tables
from interop.signon.people import demo_users

PART: Final = "/plan"
CHANGED: Final = "The plan has changed since you opened it"
STALE: Final = (409, 412)
"""Answers by which nothing was written since somebody else wrote first."""


def routes(app: FastAPI, services: Services, visit: Callable[[Request], Awaitable[Visit]]) -> None:
    """``/record/{patient}/plan``, ``…/plan/add``, ``…/plan/{id}``."""

    @app.api_route("/record/{patient}/plan", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def plan(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        values = await opened(here, patient, PART)
        history, printed = (request.query_params.get(name) == "yes" for name in ("history", "print"))
        found = await read(here, patient, history=history or printed)
        values |= {"plan": found, "history": history or printed, "printing": printed, "may_write": may_write(here)}
        return here.page("record/plan.html", "Plan", patient=patient, printed_by=visitor(services, here.asker)["said"], **values)

    @app.api_route("/record/{patient}/plan/add", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def plan_add(request: Request, patient: str) -> HTMLResponse:
        here = await visit(request)
        values = await opened(here, patient, PART)
        return form(here, patient, values, await read(here, patient), {HEAD: request.query_params.get(HEAD, "")})

    @app.post("/record/{patient}/plan/add", response_class=HTMLResponse)
    async def plan_added(request: Request, patient: str) -> Response:
        here = await visit(request)
        return await written(here, patient, await here.form())

    @app.api_route("/record/{patient}/plan/{id}", methods=["GET", "HEAD"], response_class=HTMLResponse)
    async def plan_edit(request: Request, patient: str, id: str) -> HTMLResponse:
        here = await visit(request)
        values = await opened(here, patient, PART)
        found = await read(here, patient)
        fields = fields_of(found.resources.get(f"CarePlan/{id}", {}))
        if fields is None or id not in found.changeable:
            raise NotGiven(404, None)
        return form(here, patient, values, found, fields)

    @app.post("/record/{patient}/plan/{id}", response_class=HTMLResponse)
    async def plan_edited(request: Request, patient: str, id: str) -> Response:
        here = await visit(request)
        return await written(here, patient, {**await here.form(), ID: id})


async def read(here: Visit, patient: str, *, history: bool = False) -> Whole:
    """The plan as it is now; raises NotGiven."""
    asked = [("history", "true")] if history else []
    answer = await here.api.ask("GET", f"/fhir/Patient/{patient}/$care-plan", asked)
    if answer.status != 200:
        raise NotGiven(answer.status, answer.json)
    found = whole(answer.json, answer.headers.get("etag", ""))
    return whole(answer.json, found.tag, mine(here, found.resources), here.asker.organisation)


def mine(here: Visit, resources: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Ids of the CarePlans that a form of ours made, with the heading of each: who of an organisation may change one, the API
    decides."""
    plans = [each for each in resources.values() if text(each, "resourceType") == "CarePlan"] if may_write(here) else []
    return {text(each, "id"): fields[HEAD] for each in plans if (fields := fields_of(each)) is not None}


def may_write(here: Visit) -> bool:
    """Whether the role writes into plans."""
    role = tables().roles.get(here.asker.role)
    return role is not None and (role.all or "plan" in role.writes)


def author(here: Visit) -> Author:
    """Who visits, as the author of a line."""
    user = (
        demo_users().get(here.asker.user.rpartition("|")[2])
        if here.services.signon is not None and here.services.signon.demo
        else None
    )
    name = user.name if user is not None else str(visitor(here.services, here.asker)["said"])
    return Author(name, here.asker.user, here.now.isoformat(timespec="seconds"))


async def written(here: Visit, patient: str, fields: Mapping[str, str]) -> Response:
    """A form is sent: it is in the plan, or shown again with what was written and what the plan says now."""
    values = await opened(here, patient, PART)
    found = await read(here, patient)
    id_ = fields.get(ID, "")
    before = found.resources.get(f"CarePlan/{id_}") if id_ in found.changeable else None
    ends = fields.get("over") == "yes"
    if id_ and before is None:
        return form(here, patient, values, found, {**fields, ID: ""}, status=412, changed=True)
    errors = {} if ends else wrong(fields, here.now.date())
    if errors:
        return form(here, patient, values, found, fields, errors=errors, status=400)
    heading = found.heading(fields.get(HEAD, ""))
    title = heading.title if heading is not None else ""
    made = over(before, author(here)) if ends and before is not None else contribution(fields, title, author(here), before)
    try:
        headers = [(b"if-match", fields[TAG].encode("utf-8"))] if fields.get(TAG) else []
        await here.api.send("POST", f"/fhir/Patient/{patient}/$care-plan-contribute", made, headers)
    except NotGiven as refused:
        if refused.status not in STALE:
            return form(here, patient, values, found, fields, status=refused.status, said=refused.sentences)
        return form(here, patient, values, await read(here, patient), fields, status=412, changed=True)
    return here.lead(f"/record/{patient}{PART}#{fields[HEAD] if fields.get(HEAD) in TAKEN else 'maincontent'}")


def form(
    here: Visit,
    patient: str,
    values: dict[str, Any],
    plan: Whole,
    fields: Mapping[str, str],
    *,
    errors: Mapping[str, str] | None = None,
    status: int = 200,
    changed: bool = False,
    said: list[str] | None = None,
) -> HTMLResponse:
    """The form with what is in it, and what stands under its heading now."""
    id_ = fields.get(ID, "")
    now = fields_of(plan.resources.get(f"CarePlan/{id_}", {})) if id_ else None
    title = CHANGED if changed else "Change what the plan says" if id_ else "Add to the plan"
    shown = {
        "fields": fields,
        "errors": errors or {},
        "error_list": [{"text": words, "href": f"#{name}"} for name, words in (errors or {}).items()],
        "headings": [(each.name, each.title) for group in plan.groups for each in group.headings if each.name in TAKEN],
        "heading": plan.heading(fields.get(HEAD, "")),
        "tag": plan.tag,
        "changed": changed,
        "now": now,
        "said": said or [],
        "editing": id_,
        "action": f"/record/{patient}/plan/{id_ or 'add'}",
        "plan_page": f"/record/{patient}/plan",
    }
    return here.page("record/plan_form.html", title, status=status, **values, **shown)
