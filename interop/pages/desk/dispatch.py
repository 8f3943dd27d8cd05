"""An urgent response read from the API and written through it: nothing is written over what somebody else has written since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from interop.api.inside import NotGiven
from interop.errors import Problem
from interop.fhir.shapes import text
from interop.pages.desk.sheet import COORDINATOR, NAME, TASK, Sheet, name_of, noted
from interop.pages.desk.steps import STEPS, Doing, begun, same
from interop.pages.record.asking import Known, looked_up
from interop.pages.record.origins import origin
from interop.pages.visiting import Visit, visitor
from interop.policy.grants import USER

Json = dict[str, Any]
MOST: Final = "200"
"""Tasks and teams of one person that are looked at."""


class Quicker(Exception):
    """Somebody else has written since the page was shown. ``who`` has it now, '' where nobody has."""

    def __init__(self, who: str) -> None:
        super().__init__(who)
        self.who = who


class Response(NamedTuple):
    """What the page of an urgent response shows. ``teams`` are those of the person, by reference; ``version`` the ETag of the
    Task on which is written."""

    sheet: Sheet
    teams: dict[str, str]
    version: str
    mine: bool


def whoami(here: Visit) -> Json:
    """A Reference to whoever asks, with what they are called."""
    said = visitor(here.services, here.asker)["said"]
    if here.asker.fhir_user.startswith("Practitioner"):
        return {"reference": here.asker.fhir_user, "display": said}
    return {"identifier": {"system": USER, "value": here.asker.user}, "display": said}


async def response(here: Visit, patient: str) -> Response:
    """Raises NotGiven."""
    found = await of_person(here, patient, "Task,CareTeam")
    tasks = [each for each in found if each["resourceType"] == "Task"]
    held = [each for each in found if _team(each)]
    names = await looked_up(here, held)
    teams = {f"CareTeam/{each['id']}": team_name(each, names) for each in held}
    sheet = Sheet.of(tasks, here.now)
    return Response(sheet, teams, version_of(sheet.task), is_with(sheet.task, whoami(here)))


async def of_person(here: Visit, patient: str, types: str) -> list[Json]:
    """The resources of some types that are about a person, whichever organisation's Patient they name. Raises NotGiven."""
    said = await here.api.get(f"/fhir/Patient/{patient}/$everything", _type=types, _count=MOST)
    return [each["resource"] for each in said.get("entry", ())]


def version_of(resource: Json) -> str:
    """The ETag of a resource as it was read, '' of none."""
    return f'W/"{resource["meta"]["versionId"]}"' if resource else ""


async def note_step(here: Visit, patient: str, form: Mapping[str, str]) -> None:
    """Do what a form says. Raises Wrong, Quicker, NotGiven, Problem ``bad-parameter``."""
    name, held = form.get("step", ""), (await response(here, patient)).sheet
    do = Doing(whoami(here), here.now, form)
    if name == "same":
        other = next((each for each in held.others if each["id"] == form.get("task")), None)
        if other is not None:  # else somebody has said so already
            await put(here, same(other, do), version_of(other))
        return
    if name not in STEPS:
        raise Problem("bad-parameter", where="step")
    step, task = STEPS[name], held.task
    if not form.get("task"):
        if name != "take" or not held.clock:
            raise Problem("bad-parameter", where="task")
        return await _begin(here, held, step.do(begun(patient, held.clock, do.at), do), do)
    if task.get("id") != form["task"]:
        raise Quicker("")
    if form.get("version") != version_of(task):
        if held.state in step.leads and is_with(task, do.who):
            return None  # the same form, sent twice
        raise Quicker(who_has(task))
    if held.state not in step.at:
        raise Quicker(who_has(task))
    return await put(here, step.do(task, do), form["version"], who_has(task))


async def _begin(here: Visit, held: Sheet, task: Json, do: Doing) -> None:
    """The desk's Task for a clock, once: where there is one already it is whoever's has made it."""
    once = urlencode({"code": f"{TASK}|{NAME}", "focus": f"Task/{held.clock['id']}"})
    made = await here.api.send("POST", "/fhir/Task", task, [(b"if-none-exist", once.encode("ascii"))])
    if not is_with(made, do.who):
        raise Quicker(who_has(made))


async def put(here: Visit, task: Json, version: str, who: str = "") -> None:
    """Write a Task over the version that was read. Raises Quicker, by ``who`` has it, NotGiven."""
    try:
        await here.api.send("PUT", f"/fhir/Task/{task['id']}", task, [(b"if-match", version.encode("ascii"))])
    except NotGiven as refused:
        if refused.status != 412:
            raise
        raise Quicker(who) from None


def is_with(task: Json, who: Json) -> bool:
    """Whether a Task was taken by somebody (a Reference)."""
    held = noted(task, COORDINATOR, "input").get("valueReference", {})
    return bool(held) and all(held.get(name) == who.get(name) for name in ("reference", "identifier"))


def who_has(task: Json) -> str:
    """What whoever has taken a Task is called, '' where nobody has."""
    return name_of(noted(task, COORDINATOR, "input").get("valueReference"))


def team_name(team: Json, names: Known) -> str:
    """What to call a team: its own name, else whose it is, else who is in it."""
    keepers = [names.called(each) for each in team.get("managingOrganization", ())]
    members = [names.called(each.get("member")) for each in team.get("participant", ())]
    said = text(team, "name") or ", ".join(filter(None, keepers)) or ", ".join(filter(None, members[:2]))
    whose = origin(team, names).organisation
    return said or (f"A team of {whose}" if whose else "A team without a name")


def _team(resource: Json) -> bool:
    return resource["resourceType"] == "CareTeam" and resource.get("status") not in ("inactive", "entered-in-error", "suspended")
