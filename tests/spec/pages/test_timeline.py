"""The timeline across organisations: the newest first, filtered by codes, page by page with nothing left out or shown twice."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from anyio import to_thread

from interop.pages.record.merging import PAGE
from interop.pages.record.timeline import Wanted
from tests.spec.browser.people import Site
from tests.spec.pages.visitors import Page, visitor

pytestmark = pytest.mark.anyio
PANELS = 3


def events(page: Page) -> list[str]:
    """What one reads of each event, in order."""
    return [" ".join(each.text_content().split()) for each in page.tree.xpath("//li[@class='app-event']")]


def more(page: Page) -> str:
    """Where it goes on; '' where it does not."""
    return str(next(iter(page.tree.xpath("//*[contains(@class,'app-more')]/a/@href")), ""))


def measured(patient: str, number: int, at: str) -> dict[str, Any]:
    """A weight."""
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": f"Weight {number}"},
        "subject": {"reference": f"Patient/{patient}"},
        "effectiveDateTime": at,
        "valueQuantity": {"value": 60, "unit": "kg"},
    }


def measure(site: Site, patient: str) -> list[str]:
    """Fifty weights of a person: some at one time, more than a page of them, some on days alone, one without a time."""
    times = ["2025-03-01T09:00:00Z"] * (PAGE + 5) + [f"2025-02-{day:02}" for day in range(1, 25)] + [""]
    made = [measured(patient, number, at) for number, at in enumerate(times)]
    for each in made:
        if not each["effectiveDateTime"]:
            del each["effectiveDateTime"]
    entries = [{"resource": each, "request": {"method": "POST", "url": "Observation"}} for each in made]
    with site.client("gp", "G99901") as client:
        answer = client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
        assert answer.status_code == 200, answer.text
    return [each["code"]["text"] for each in made]


async def test_what_happened_is_told_newest_first_with_its_source(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/record/{site.ids['laura']}/timeline")
        told = events(page)
        assert "17 of 17, the newest first." in page.text
        assert len(told) == 17
        assert told[0].startswith("Appointment 22-Oct-2026 10:15 to 10:45 Falls and bone health: new patient")
        assert told[0].endswith("Eastmere General Hospital")
        assert [each.partition(" ")[0] for each in told[-6:]] == ["Contact", "Result", "Plan", "Plan", "Plan", "Plan"]
        assert all("02-Oct-2026 10:30" in each for each in told[-6:])
        assert any(each.startswith("Referral 14-Oct-2026 15:58 MUSCULOSKELETAL Urgent") for each in told)
        (triage,) = [each for each in told if each.startswith("Triage outcome")]
        assert "To contact a local service within 2 hours" in triage


async def test_it_is_filtered_by_kind_organisation_and_period(site: Site) -> None:
    """By GET with codes alone; without scripts by the button. What a triage came to is none of the plan's."""
    path = f"/record/{site.ids['laura']}/timeline"
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"{path}?kind=appointment&kind=referral")
        assert {each.partition(" ")[0] for each in events(page)} == {"Appointment", "Referral"}
        assert page.tree.xpath("//input[@name='kind' and @checked]/@value") == ["appointment", "referral"]
        page = await one.get(f"{path}?kind=plan")
        assert {each.partition(" ")[0] for each in events(page)} == {"Plan"}
        page = await one.get(f"{path}?from=gp")
        assert events(page)
        assert all(each.endswith("Oakshaw Surgery") for each in events(page))
        page = await one.get(f"{path}?from=hospital&kind=appointment")
        assert [each.endswith("Eastmere General Hospital") for each in events(page)] == [True]
        page = await one.get(f"{path}?kind=referral&from=gp")
        assert "Nothing of that kind is recorded that you may see." in page.text
        page = await one.get(f"{path}?period=28d&kind=contact")
        assert len(events(page)) == 4
        boxes = dict(
            zip(page.tree.xpath("//input[@name='from']/@value"), page.tree.xpath("//input[@name='from']/../label"), strict=True)
        )
        assert boxes["gp"].text_content().strip() == "Oakshaw Surgery"


async def test_pages_leave_nothing_out_and_show_nothing_twice(site: Site) -> None:
    """What is at one time stands on one page; what has no time ends it; what comes meanwhile shifts nothing."""
    susan = site.ids["susan"]
    names = await to_thread.run_sync(measure, site, susan)
    async with visitor(site, "demo-gp") as one:
        where, told, pages = f"/record/{susan}/timeline?kind=result", [], 0
        while where:
            page = await one.get(where)
            assert page.status == 200
            told += events(page)
            pages += 1
            where = more(page)
            if pages == 1:
                total = int(page.tree.xpath("//main//p[@role='status']")[0].text_content().split()[2].rstrip(","))
                assert set(dict(parse_qsl(urlsplit(where).query))) == {"kind", "after", "seen", "of"}
                await to_thread.run_sync(measure_one, site, susan)
        assert len(told) == total
        assert sorted(name for name in names if sum(f" {name}: 60 kg" in each for each in told) == 1) == sorted(names)
        assert f"{total} of {total} shown: that is all." in page.text
        assert "No date" in told[-1]
        assert 2 < pages < 8


def measure_one(site: Site, patient: str) -> None:
    """One that is newer than all."""
    with site.client("gp", "G99901") as client:
        assert client.post("/fhir/Observation", json=measured(patient, 99, "2026-10-15T07:00:00Z")).status_code == 201


async def test_htmx_is_given_the_events_alone(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        answer = await one.http.get(f"/record/{site.ids['laura']}/timeline?kind=plan", headers={"hx-request": "true"})
        assert answer.status_code == 200
        assert "<html" not in answer.text
        assert "app-event" in answer.text


async def test_of_what_a_role_is_not_given_that_is_said(site: Site) -> None:
    async with visitor(site, "demo-coordinator") as desk:
        page = await desk.get(f"/record/{site.ids['laura']}/timeline")
        assert page.status == 200
        assert "Results and observations: not shown to this role." in page.text
        assert {each.partition(" ")[0] for each in events(page)} >= {"Appointment", "Plan"}


def test_what_is_not_understood_in_an_address_is_left_out() -> None:
    """It is codes and the id of a resource, nothing else."""
    read = Wanted.read([
        ("kind", "plan"), ("kind", "nonsense"), ("from", "gp"), ("from", "x|y"), ("period", "1y"), ("after", "Patient/../x"),
        ("seen", "-3"), ("of", "many"),
    ])  # fmt: skip
    assert read == Wanted(("plan",), ("gp",), "1y", "", 0, None)
    assert Wanted.read([("after", "Encounter/a-b.c"), ("seen", "20"), ("of", "41")]) == Wanted(
        after="Encounter/a-b.c", seen=20, total=41
    )


@pytest.mark.long
async def test_what_does_not_share_is_said_above_the_timeline_too(fresh: Site) -> None:
    """17 of 17 is not all that there is."""
    laura = fresh.ids["laura"]

    def claim() -> None:
        said = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "at the scene"}]}
        with fresh.client("ambulance-clinician", "RYX") as crew:
            answer = crew.post(f"/fhir/Patient/{laura}/$claim-relationship", json=said)
            assert answer.is_success, answer.text

    await to_thread.run_sync(claim)
    async with visitor(fresh, "demo-gp") as one:
        page = await one.get(f"/record/{laura}/timeline")
        (told,) = page.tree.xpath("//section[@aria-labelledby='not-here']")
        assert "Not shared (no agreement): RYX" in " ".join(told.text_content().split())
        filtered = await one.get(f"/record/{laura}/timeline?kind=result")
        assert filtered.tree.xpath("//section[@aria-labelledby='not-here']")
