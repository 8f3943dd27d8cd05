"""Appointments at the desk: of a person with every organisation, in the books of a day; what was booked here is moved and
cancelled. Tests share an engine."""

from __future__ import annotations

import pytest

from tests.spec.browser.people import Site
from tests.spec.pages.desk import TESTER, Json, api, at, book_opened, found, send, step, steps
from tests.spec.pages.visitors import Page, visitor

pytestmark = pytest.mark.anyio
FIND = "/desk/appointments"


def times(page: Page) -> list[str]:
    """The free times that a page offers."""
    return [str(each) for each in page.tree.xpath("//input[@name='slot']/@value")]


async def slots(site: Site) -> dict[str, str]:
    """The status of each Slot by the time at which it begins."""
    return {each["start"][11:16]: each["status"] for each in await found(site, "Slot?_sort=start")}


async def test_a_person_is_found_and_their_appointments_with_everybody_shown(site: Site) -> None:
    number = site.people["laura"].nhs_number
    async with visitor(site, "demo-coordinator") as eve:
        page = await eve.send(await eve.get(FIND), FIND, {"number": number})
        (where,) = [each for each in page.links() if each.startswith(f"{FIND}/")]
        page = await eve.get(where)
        assert "Falls and bone health: new patient" in page.text
        assert "Mereshire Physiotherapy, Wetherham site" in page.text
        assert page.text.count("ring them to move or cancel it") == 2
        assert "2 of 2." in page.text
        assert not [each for each in page.links() if each.startswith("/desk/appointment/")]


async def test_a_free_time_is_booked_once_and_is_taken_then(site: Site) -> None:
    await book_opened(site, 11, 14, 16)
    laura = site.ids["laura"]
    async with visitor(site, "demo-coordinator") as eve:
        page = await eve.get("/desk/clinics")
        assert "Falls clinic 3 free of 3" in page.text
        page = await eve.get(f"/desk/book/{laura}")
        nothing = await send(eve, page, {"slot": ""})
        assert (nothing.status, "Choose a time" in nothing.text) == (400, True)
        data = {"slot": times(page)[0], "what": "Feet"}
        for _ in range(2):  # the other click of two
            said = await send(eve, page, data)
            assert (said.status, said.path) == (200, f"{FIND}/{laura}")
        assert said.text.count("Thu 15-Oct-2026 11:00 to 11:30 (Today) – Feet") == 1
        assert await slots(site) == {"11:00": "busy", "14:00": "free", "16:00": "free"}
        page = await eve.get("/desk/clinics")
        assert "2 free of 3" in page.text
        assert "11:00 taken" in page.text


async def test_of_two_who_book_one_time_one_is_told(site: Site) -> None:
    laura, bill = site.ids["laura"], site.ids["bill"]
    async with visitor(site, "demo-coordinator") as eve, visitor(site, "demo-gp") as ada:
        hers, other = await eve.get(f"/desk/book/{laura}"), await ada.get(f"/desk/book/{bill}")
        slot = {"slot": times(hers)[0]}
        assert (await send(eve, hers, slot)).status == 200
        late = await send(ada, other, slot)
        assert late.status == 409
        assert "That time has just been taken. Nothing was booked." in late.text
    assert len(await found(site, f"Appointment?patient={bill}&status=booked&date=2026-10-15")) == 0


async def test_what_was_booked_here_is_moved_and_its_old_time_is_free_again(site: Site) -> None:
    laura = site.ids["laura"]
    async with visitor(site, "demo-coordinator") as eve:
        page = await eve.get(f"{FIND}/{laura}")
        where = next(each for each in page.links() if each.startswith("/desk/appointment/"))
        page = await eve.get(where)
        assert steps(page) == {"move", "cancel"}
        page = await step(eve, page, "move", {"slot": times(page)[0]})
        assert page.path == f"{FIND}/{laura}"
        assert "Thu 15-Oct-2026 16:00 to 16:30" in page.text
        assert await slots(site) == {"11:00": "free", "14:00": "busy", "16:00": "busy"}


async def test_who_cancels_says_why_and_the_time_is_free_again(site: Site) -> None:
    laura = site.ids["laura"]
    (held,) = [each for each in await found(site, f"Appointment?patient={laura}&status=booked") if "T16:00" in each["start"]]
    where = f"/desk/appointment/{held['id']}"
    async with visitor(site, "demo-coordinator") as eve, visitor(site, "demo-gp") as ada:
        page, other = await eve.get(where), await ada.get(where)
        wrong = await step(eve, page, "cancel")
        assert (wrong.status, "Choose why" in wrong.text) == (400, True)
        page = await step(eve, page, "cancel", {"reason": "pat"})
        assert "Cancelled" in page.text
        late = await step(ada, other, "move", {"slot": times(other)[0]})
        assert late.status == 409
    assert (await slots(site))["16:00"] == "free"
    said = await api(site, TESTER, "GET", f"/fhir/Appointment/{held['id']}")
    assert (said["status"], said["cancelationReason"]["coding"][0]["code"]) == ("cancelled", "pat")


async def test_visits_of_several_on_one_day_are_a_question_and_nothing_is_moved(site: Site) -> None:
    laura = site.ids["laura"]
    async with visitor(site, "demo-coordinator") as eve:
        assert "Could one visit do?" not in (await eve.get(f"{FIND}/{laura}")).text
        await book_opened(site, 15, name="District nurse")
        page = await eve.get(f"/desk/book/{laura}")
        nurse = await found(site, "Slot?status=free")
        (own,) = [each for each in nurse if "T15:00" in each["start"]]
        (slot,) = [each for each in times(page) if each.startswith(own["id"])]
        page = await send(eve, page, {"slot": slot})
        assert "Could one visit do? 15-Oct-2026" in page.text
        assert "(Falls clinic" in page.text
        assert "(District nurse" in page.text
        assert "Nothing is moved by itself" in page.text


async def test_a_book_of_another_system_is_shown_and_not_written(site: Site) -> None:
    """A practice's extract has the time: who books rings them."""
    where = f"/desk/book/{site.ids['laura']}"
    bundle: Json = {"resourceType": "Bundle", "type": "collection", "entry": []}
    book = {"resourceType": "Schedule", "id": "b", "actor": [{"display": "Surgery of another system"}]}
    slot = {"resourceType": "Slot", "id": "s", "schedule": {"reference": "Schedule/b"}, "status": "free"}
    for each in (book, slot | {"start": at(site, 12), "end": at(site, 12, 30)}):
        full = f"https://surgery.example/R4/{each['resourceType']}/{each['id']}"
        bundle["entry"].append({"fullUrl": full, "resource": each})
    await api(site, TESTER, "POST", "/ingest/r4?wait=applied", bundle)
    async with visitor(site, "demo-tester") as one:
        page = await one.get(where)
        assert "Surgery of another system" in page.text
        assert "This book is kept by the clinic’s own system: ring them to book." in page.text


async def test_services_that_are_open_now_are_named_with_how_old_that_is(site: Site) -> None:
    hours = {"daysOfWeek": ["thu"], "availableStartTime": "08:00:00", "availableEndTime": "20:00:00"}
    for name, more in (("Minor injuries", hours), ("Night service", hours | {"availableStartTime": "19:00:00"})):
        service = {"resourceType": "HealthcareService", "active": True, "name": name, "availableTime": [more]}
        await api(site, ("operator", "RX9"), "POST", "/fhir/HealthcareService", service)
    async with visitor(site, "demo-coordinator") as eve:
        page = await eve.get("/desk/clinics")
        assert "Minor injuries Open until 20:00" in page.text
        assert "Entry of 15-Oct-2026" in page.text
        assert "Night service" not in page.text


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "1900-01-01"])
async def test_a_day_that_is_none_is_no_page(site: Site, day: str) -> None:
    async with visitor(site, "demo-coordinator") as eve:
        assert (await eve.get(f"/desk/clinics?day={day}")).status == 400
