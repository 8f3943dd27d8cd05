"""What happens around the desk: a crew refers, a practice opens its book, others ask the API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from anyio import to_thread

from interop.clock import MICROSECONDS, instant
from tests.spec.browser.people import Site
from tests.spec.engine.running import quiet
from tests.spec.pages.visitors import Page, Visitor

CREW: Final = ("ambulance-clinician", "RZA01")
DESK: Final = ("coordinator", "G99901")
PRACTICE: Final = ("gp", "G99901")
TESTER: Final = ("tester", "")
Json = dict[str, Any]


async def api(site: Site, who: tuple[str, str], method: str, path: str, body: Any = None) -> Json:
    """What somebody else writes or asks, as the API answers it; what follows from it has been done."""

    def ask() -> Json:
        with site.client(*who) as client:
            answer = client.request(method, path, json=body)
            assert answer.is_success, answer.text
            found: Json = answer.json()
            return found

    said = await to_thread.run_sync(ask)
    await quiet(site.engine)
    return said


async def found(site: Site, path: str, who: tuple[str, str] = TESTER) -> list[Json]:
    """The matches of a search."""
    said = await api(site, who, "GET", f"/fhir/{path}")
    return [each["resource"] for each in said.get("entry", ()) if each["search"]["mode"] == "match"]


async def refer(site: Site, who: str = "laura") -> Json:
    """A crew asks for an urgent response."""
    claim = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "At the scene"}]}
    await api(site, CREW, "POST", f"/fhir/Patient/{site.ids[who]}/$claim-relationship", claim)
    request = {
        "resourceType": "ServiceRequest",
        "status": "active",
        "intent": "order",
        "priority": "urgent",
        "code": {"coding": [{"system": "urn:example:desk", "code": "urgent-response"}]},
        "subject": {"reference": f"Patient/{site.ids[who]}"},
        "authoredOn": instant(site.clock.now()),
    }
    return await api(site, CREW, "POST", "/fhir/ServiceRequest", request)


async def asked_of_desk(site: Site, code: str, says: str, who: str = "bill") -> Json:
    """A Task for the desk, as a rule makes it."""
    task = {
        "resourceType": "Task",
        "status": "requested",
        "intent": "order",
        "code": {"coding": [{"system": "urn:interop:codes:task", "code": code}]},
        "description": says,
        "for": {"reference": f"Patient/{site.ids[who]}"},
        "authoredOn": instant(site.clock.now()),
        "performerType": [{"coding": [{"system": "urn:interop:codes:worklist", "code": "co-ordination"}]}],
    }
    return await api(site, PRACTICE, "POST", "/fhir/Task", task)


async def step(who: Visitor, page: Page, name: str, said: Mapping[str, str] | None = None) -> Page:
    """Send the form of a step, as it stands on a page, and what follows from it has been done."""
    (form,) = [each for each in page.tree.forms if dict(each.form_values()).get("step") == name]
    data = {**{key: value for key, value in form.form_values() if isinstance(value, str)}, **(said or {})}
    return await post(who, str(form.action), data)


async def post(who: Visitor, path: str, data: Mapping[str, str]) -> Page:
    """Send a form."""
    headers = {"origin": str(who.http.base_url).rstrip("/"), "sec-fetch-site": "same-origin"}
    return Page(await who.http.post(path, data=dict(data), headers=headers, follow_redirects=True))


def form(page: Page) -> dict[str, str]:
    """The fields of the form by which something is written once."""
    (one,) = [each for each in page.tree.forms if "once" in dict(each.form_values())]
    return {"": str(one.action), **{key: value for key, value in one.form_values() if isinstance(value, str)}}


async def send(who: Visitor, page: Page, said: Mapping[str, str]) -> Page:
    """Fill that form in and send it."""
    data = {**form(page), **said}
    return await post(who, data.pop(""), data)


def steps(page: Page) -> set[str]:
    """The steps for which a page has a form."""
    return {str(dict(each.form_values())["step"]) for each in page.tree.forms if "step" in dict(each.form_values())}


def at(site: Site, hour: int, minute: int = 0) -> str:
    """A time of the day on which the engine's clock stands."""
    day = datetime.fromtimestamp(site.clock.now() / MICROSECONDS).date()
    return f"{day}T{hour:02}:{minute:02}:00+01:00"


async def book_opened(site: Site, *hours: int, name: str = "Falls clinic") -> list[Json]:
    """A practice has free times of half an hour; its Slots."""
    place = await api(site, PRACTICE, "POST", "/fhir/Schedule", {"resourceType": "Schedule", "actor": [{"display": name}]})
    made = []
    for hour in hours:
        slot: Json = {"resourceType": "Slot", "status": "free", "start": at(site, hour), "end": at(site, hour, 30)}
        slot["schedule"] = {"reference": f"Schedule/{place['id']}"}
        made.append(await api(site, PRACTICE, "POST", "/fhir/Slot", slot))
    return made
