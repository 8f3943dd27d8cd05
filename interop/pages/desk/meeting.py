"""The meeting of the team: one person of the list after the other, and what the team has decided."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from interop.api.inside import NotGiven
from interop.fhir.shapes import dicts, text
from interop.pages.desk.booking import FORM
from interop.pages.desk.dispatch import Quicker, of_person, version_of, whoami
from interop.pages.desk.lists import Line, Listed
from interop.pages.desk.sheet import OPEN, TASK, coded
from interop.pages.desk.steps import LONGEST, Wrong
from interop.pages.visiting import Visit

Json = dict[str, Any]
REVIEW: Final = "integrated-review"
CONTENT: Final = "urn:interop:codes:plan-content"
DECIDED: Final = "urn:interop:codes:review"
DECISIONS: Final = {
    "no-change": "The plan stays as it is",
    "change-plan": "The plan is to be changed",
    "visit": "Somebody visits",
    "refer": "Refer to another service",
    "not-for-us": "Not for this team",
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody stands on the list of the meeting; ``number`` 0 for who is not, or no longer, on it."""

    line: Line | None
    number: int
    total: int
    before: str
    after: str


def place(listed: Listed, patients: Collection[str]) -> Place:
    """Of the person whose Patients these are: a list names one of them."""
    ids = [each.patient for each in listed.lines]
    at = next((number for number, each in enumerate(ids) if each in patients), -1)
    if at < 0:
        return Place(None, 0, listed.total, "", ids[0] if ids else "")
    after = ids[at + 1] if at + 1 < len(ids) else ""
    return Place(listed.lines[at], listed.lines[at].rank, listed.total, ids[at - 1] if at else "", after)


def review(task: Json) -> bool:
    """Whether a Task asks for the review of somebody."""
    return any(text(each, "code") == REVIEW for each in dicts(task.get("code"), "coding"))


async def reviews(here: Visit, patient: str) -> tuple[list[Json], list[Json]]:
    """The Tasks of a review that are open, and those that were done, the latest first. Raises NotGiven."""
    tasks = [each for each in await of_person(here, patient, "Task") if each["resourceType"] == "Task" and review(each)]
    tasks.sort(key=lambda each: text(each, "lastModified") or text(each, "authoredOn"), reverse=True)
    return [each for each in tasks if each["status"] in OPEN], [each for each in tasks if each["status"] == "completed"]


async def decide(here: Visit, patient: str, form: Mapping[str, str]) -> None:
    """Note what the team has decided: every Task that asks for the review is answered, and where there is none one is made.
    Raises Wrong, Quicker, NotGiven."""
    code, words, once = form.get("decision", ""), form.get("words", ""), form.get("once", "")
    if code not in DECISIONS:
        raise Wrong("decision", "Choose what the team has decided")
    if len(words) > LONGEST:
        raise Wrong("words", f"Shorten this to {LONGEST} characters")
    open_, _ = await reviews(here, patient)
    shown = {each for each in form.get("tasks", "").split() if each}
    if once and not open_ and shown:
        return  # the same form, sent twice
    made = [_decided(each, here, code, words) for each in open_]
    try:
        for each in made:
            await here.api.send("PUT", f"/fhir/Task/{each['id']}", each, [(b"if-match", version_of(each).encode("ascii"))])
        if not made:
            fresh = {
                "resourceType": "Task",
                "identifier": [{"system": FORM, "value": once}],
                "intent": "order",
                "status": "completed",
                "code": {"coding": [{"system": TASK, "code": REVIEW}]},
                "for": {"reference": f"Patient/{patient}"},
                "authoredOn": here.now.isoformat(timespec="seconds"),
            }
            again = urlencode({"identifier": f"{FORM}|{once}"}).encode("ascii")
            await here.api.send("POST", "/fhir/Task", _decided(fresh, here, code, words), [(b"if-none-exist", again)])
    except NotGiven as refused:
        if refused.status != 412:
            raise
        raise Quicker("") from None


def _decided(task: Json, here: Visit, code: str, words: str) -> Json:
    now = here.now.isoformat(timespec="seconds")
    said = DECISIONS[code] + (f": {words}" if words else "")
    kept = {"coding": [{"system": DECIDED, "code": code}], "text": said}
    out = {"type": {"coding": [{"system": DECIDED, "code": "decision"}]}, "valueCodeableConcept": kept}
    note = {"authorString": whoami(here)["display"], "time": now, "text": said}
    period = dict(task.get("executionPeriod") or {})
    return task | {
        "status": "completed",
        "lastModified": now,
        "executionPeriod": period | {"end": now},
        "output": [*dicts(task, "output"), out],
        "note": [*dicts(task, "note"), note],
    }


def past(tasks: list[Json]) -> list[Json]:
    """What was decided before, as it is shown."""
    shown = []
    for each in tasks:
        said = [text(one.get("valueCodeableConcept"), "text") for one in dicts(each, "output") if coded(one.get("type"), DECIDED)]
        shown.append(
            {"at": text(each, "lastModified") or text(each, "authoredOn"), "said": "; ".join(filter(None, said)) or "Reviewed"}
        )
    return shown


async def ask_review(here: Visit, patient: str, once: str) -> None:
    """Put somebody on the list of the team. Raises NotGiven."""
    asked = {
        "resourceType": "ServiceRequest",
        "identifier": [{"system": FORM, "value": once}],
        "status": "active",
        "intent": "order",
        "code": {"coding": [{"system": TASK, "code": REVIEW}]},
        "subject": {"reference": f"Patient/{patient}"},
        "authoredOn": here.now.isoformat(timespec="seconds"),
        "reasonCode": [{"text": "High on a list of people at risk"}],
    }
    again = urlencode({"identifier": f"{FORM}|{once}"}).encode("ascii")
    await here.api.send("POST", "/fhir/ServiceRequest", asked, [(b"if-none-exist", again)])
