"""Why one may see a record, what is absent of it, saying that one is involved, and opening it in an emergency."""

from __future__ import annotations

from typing import Any

import pytest
from anyio import to_thread
from lxml import html

from conformance.day.record import NHS
from interop.policy.tables import tables
from interop.screen.templating import render
from tests.spec.browser.people import Site
from tests.spec.pages.visitors import Page, Visitor, visitor

pytestmark = pytest.mark.anyio
REASON = "found unconscious at home"
DOCTOR = "demo-hospital-clinician"
"""Of another trust than the one where Susan was: not involved in her care."""

CONSEQUENCES = (
    "It is recorded", "privacy officer is told", "The person can see", "for 4 hours", "to you alone", "this person alone",
    "has not agreed to share stays closed",
)  # fmt: skip


def record(site: Site, part: str = "") -> str:
    return f"/record/{site.ids['susan']}{part}"


async def opened(one: Visitor, site: Site, **said: str) -> Page:
    """The record after the form for emergencies, filled in."""
    form = await one.get(record(site, "/break-glass"))
    return await one.send(form, record(site, "/break-glass"), {"reason": REASON, "understood": "yes", **said})


async def asked(site: Site, role: str, path: str, patient: str = "", **said: Any) -> Any:
    """What the API answers; with ``said`` by POST: a resource, or the parameters of an operation."""

    def ask() -> Any:
        with site.client(role, patient=patient) as client:
            named = [{"name": name, "valueString": value} for name, value in said.items()]
            body = said if "resourceType" in said else {"resourceType": "Parameters", "parameter": named}
            answer = client.post(path, json=body) if said else client.get(path)
            assert answer.is_success, answer.text
            return answer.json()

    return await to_thread.run_sync(ask)


async def kept_by(site: Site, feed: str) -> str:
    """The Patient of Susan that a feed tells of: she is found while that one is shared."""
    number = site.people["susan"].nhs_number
    found = await asked(site, "tester", f"/fhir/Patient?identifier={NHS}|{number}")
    resources = [each["resource"] for each in found["entry"]]
    return str(next(each["id"] for each in resources if each["meta"]["source"].startswith(f"urn:interop:feed:{feed}#")))


async def test_a_record_that_is_not_open_leads_to_the_ways_that_open_it(site: Site) -> None:
    async with visitor(site, DOCTOR) as one:
        for part in ("/results", "/results/1", "/letters", "/medicines", "/appointments", "/letters/1/file", "/reports/1/file"):
            page = await one.get(record(site, part))
            assert page.status in (403, 404), part
            if not part.endswith("file"):
                assert {record(site, "/access"), record(site, "/break-glass")} <= set(page.links()), part


async def test_consequences_stand_before_the_form(site: Site) -> None:
    async with visitor(site, DOCTOR) as one:
        page = await one.get(record(site, "/break-glass"))
    assert page.status == 200
    text = page.text
    form = text.index("Why you need the record now")
    for each in CONSEQUENCES:
        assert 0 < text.index(each) < form, each


async def test_a_source_that_is_silent_is_stale_by_the_clock_on_the_wall(fresh: Site) -> None:
    """Silence is told beside what is there, and none is said to be recorded where it may only not have come."""
    fresh.clock.advance(25 * 3600)
    async with visitor(fresh, "demo-gp") as one:
        for part in ("/appointments", "/results", "/letters", "/medicines"):
            page = await one.get(record(fresh, part))
            assert page.status == 200, part
            assert "Stale since 15-Oct-2026 08:30 :" in page.text, part
            assert "None recorded." not in page.text, part


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        ({"reason": "", "understood": "yes"}, {"#reason"}),
        ({"reason": "urgent", "understood": "yes"}, {"#reason"}),
        ({"reason": "x" * 2001, "understood": "yes"}, {"#reason"}),
        ({"reason": REASON}, {"#understood"}),
        ({"reason": "", "understood": ""}, {"#reason", "#understood"}),
    ],
)
async def test_a_reason_of_some_length_and_that_one_has_understood_are_asked_for(
    site: Site, said: dict[str, str], errors: set[str]
) -> None:
    """What was written stays, and nothing is opened."""
    async with visitor(site, DOCTOR) as one:
        form = await one.get(record(site, "/break-glass"))
        page = await one.send(form, record(site, "/break-glass"), said)
        assert page.status == 400
        assert {each for each in page.links() if each.startswith("#")} == errors
        assert page.tree.xpath("//title/text()")[0].startswith("Error: ")
        assert page.fields(record(site, "/break-glass"))["reason"].strip() == said["reason"]
        assert (await one.get(record(site, "/results"))).status == 403


async def test_an_emergency_opens_the_record_for_four_hours_to_one_who_is_told_so_and_the_person_sees_it(fresh: Site) -> None:
    """Denied, declared, seen; the audit shows it; the person sees it; and it is over."""
    async with visitor(fresh, DOCTOR) as one, visitor(fresh, DOCTOR.replace("hospital", "ambulance")) as other:
        assert (await one.get(record(fresh, "/results"))).status == 403
        page = await opened(one, fresh, to=record(fresh, "/results"))
        assert (page.status, page.path) == (200, record(fresh, "/results"))
        assert "Emergency access until 12:30." in page.text
        assert "Haemoglobin estimation" in page.text
        for part in ("", "/medicines", "/letters", "/access"):
            assert "Emergency access until 12:30." in (await one.get(record(fresh, part))).text, part
        assert "Emergency access until 12:30." in (await one.get(f"/crew/{fresh.ids['susan']}")).text
        assert "Emergency" not in (await one.get(f"/record/{fresh.ids['laura']}/access")).text.replace("emergency", "")
        assert (await one.get(f"/record/{fresh.ids['laura']}/results")).status == 403
        assert (await other.get(record(fresh, "/results"))).status == 403
        queue = await asked(fresh, "privacy-officer", "/fhir/$privacy-queue")
        assert "break-glass" in str(queue)
        looks = await asked(fresh, "patient", f"/fhir/Patient/{fresh.ids['susan']}/$who-looked", fresh.ids["susan"])
        assert "break-glass" in str(looks)
        assert REASON not in str(looks)
        for _ in range(17):  # a session that nobody uses ends after a quarter of an hour
            fresh.clock.advance(14 * 60)
            page = await one.get(record(fresh, "/results"))
            assert page.status == 200
        fresh.clock.advance(3 * 60)
        assert (await one.get(record(fresh, "/results"))).status == 403


async def test_an_emergency_opens_nothing_that_is_not_shared(fresh: Site) -> None:
    """Each absence is told: the agreement of the hospital has been offered and not been signed."""
    fresh.ids = fresh.ids | {"susan": await kept_by(fresh, "gp")}
    await asked(fresh, "operator", "/fhir/$agreement", source="RZ9", status="pending")
    async with visitor(fresh, DOCTOR) as one:
        await opened(one, fresh)
        page = await one.get(record(fresh, "/appointments"))
        assert "Not shared (agreement pending) : Eastmere General Hospital" in page.text
        assert "Fracture Clinic" not in page.text
        assert "Mereshire Physiotherapy, Wetherham site" in page.text
        access = await one.get(record(fresh, "/access"))
        assert "Not shared (agreement pending)" in access.text
        assert "You have opened this record in an emergency" in access.text


async def test_one_goes_back_to_a_page_about_the_person_and_nowhere_else(fresh: Site) -> None:
    elsewhere = ("https://evil.test/", "//evil.test/", "/auth/logout", "/record/other", "javascript:alert(1)", "/my", "/crew",
                 f"{record(fresh)}/../../auth/logout", record(fresh, "/access"), f"https://evil.test{record(fresh)}")  # fmt: skip
    async with visitor(fresh, DOCTOR) as one:
        for to in elsewhere:
            assert (await opened(one, fresh, to=to)).path == record(fresh), to


async def test_one_goes_back_to_where_one_came_from(site: Site) -> None:
    """As the crew card, which leads here, has it."""
    async with visitor(site, "demo-gp") as one:
        crew = f"/crew/{site.ids['susan']}"
        page = await one.get(f"{record(site, '/break-glass')}?to={crew}")
        assert page.fields(record(site, "/break-glass"))["to"] == crew
        one.http.headers["referer"] = f"{site.root}{crew}"
        page = await one.get(record(site, "/break-glass"))
        assert page.fields(record(site, "/break-glass"))["to"] == crew
        one.http.headers["referer"] = f"https://evil.test{crew}"
        page = await one.get(record(site, "/break-glass"))
        assert page.fields(record(site, "/break-glass"))["to"] == record(site)


async def test_a_role_that_declares_none_is_told_so(site: Site) -> None:
    async with visitor(site, "demo-coordinator") as one:
        page = await one.get(record(site, "/break-glass"))
        assert page.status == 403
        assert "not for the role" in page.text
        assert record(site, "/break-glass") not in (await one.get(record(site, "/access"))).links()


async def test_a_part_that_is_not_for_the_role_says_so_under_the_person(site: Site) -> None:
    """And what is not there does, too: whose record it is stays on the page."""
    async with visitor(site, "demo-coordinator") as one:
        for part in ("/results", "/letters", "/medicines"):
            page = await one.get(record(site, part))
            assert page.status == 403, part
            assert "This part of a record is not for your role." in page.text
            assert "HALDANE" in page.text
            assert record(site, "/access") in page.links()
        assert (await one.get(record(site, "/appointments"))).status == 200
    async with visitor(site, "demo-gp") as one:
        page = await one.get(record(site, "/letters/none"))
        assert (page.status, page.title) == (404, "It is not here")
        assert "HALDANE" in page.text


async def test_why_one_may_see_it_is_told_and_who_does_not_share(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        page = await one.get(record(site, "/access"))
    assert "You are known to be involved in the care of this person." in page.text
    assert "The person has consented." in page.text
    assert "Eastmere General Hospital: shares" in page.text


async def test_who_is_involved_says_so_with_a_reason_and_sees_the_record(fresh: Site) -> None:
    """The person has consented: involvement is what lacks."""
    async with visitor(fresh, DOCTOR) as one:
        page = await one.get(record(fresh, "/access"))
        assert "Nothing of this record is open to you." in page.text
        wrong = await one.send(page, record(fresh, "/access"), {"reason": "me"})
        assert wrong.status == 400
        assert "#reason" in wrong.links()
        done = await one.send(wrong, record(fresh, "/access"), {"reason": "took over her care this morning"})
        assert (done.status, done.path) == (200, record(fresh))
        assert "Emergency access" not in done.text
        assert (await one.get(record(fresh, "/results"))).status == 200


def test_the_kinds_of_absence_are_different_words_on_the_page() -> None:
    kinds = [
        {"code": code, "words": words.format(organisation="RX1", since="15-Oct-2026 08:30")}
        for code, _, words in tables().absence.values()
    ]
    said = html.fromstring(render("interop.pages", "record/_absent.html", absent=kinds))
    assert [each.text_content() for each in said.xpath("//li/strong")] == [
        "Not shared (no agreement)",
        "Not shared (agreement pending)",
        "Not shared (agreement withdrawn)",
        "Not shared (agreement ended)",
        "Withheld (no consent)",
        "Source down since 15-Oct-2026 08:30",
        "Stale since 15-Oct-2026 08:30",
        "Incomplete since 15-Oct-2026 08:30",
    ]
    assert not render("interop.pages", "record/_absent.html", absent=[]).strip()


async def test_of_who_hides_where_they_are_no_part_of_the_record_tells(fresh: Site) -> None:
    """Her practice knows where she lives: it is named nowhere, and what is known of her health is there."""
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    practice = await written(fresh, "Organization", name="Nearby Surgery")
    fresh.ids = fresh.ids | {
        "susan": await written(fresh, "Patient", name=[{"family": "Cedar"}], birthDate="1990-01-01", meta={"security": [label]},
                               managingOrganization=practice)
    }  # fmt: skip
    about = {"subject": {"reference": f"Patient/{fresh.ids['susan']}"}}
    await written(fresh, "Observation", **about, status="final", code={"text": "Sodium"}, valueString="seen", performer=[practice])
    await written(fresh, "MedicationStatement", **about, status="active", medicationCodeableConcept={"text": "Ramipril"},
                  informationSource=practice)  # fmt: skip
    letter = [{"attachment": {"contentType": "text/plain", "data": "TmVhcmJ5", "title": "Home visit"}}]
    await written(fresh, "DocumentReference", **about, status="current", type={"text": "Letter"}, content=letter, author=[practice],
                  custodian=practice)  # fmt: skip
    async with visitor(fresh, DOCTOR) as one:
        await opened(one, fresh)
        for part, words in (("/results", "seen"), ("/medicines", "Ramipril"), ("/letters", "Letter")):
            page = await one.get(record(fresh, part))
            assert page.status == 200, part
            assert words in page.text, part
            assert "ource not given for this person" in page.text, part
            assert "Nearby" not in page.text, part


async def written(site: Site, kind: str, **said: Any) -> Any:
    """A resource: a reference to an organisation, the id of anything else."""
    made = await asked(site, "tester", f"/fhir/{kind}", resourceType=kind, **said)
    return {"reference": f"Organization/{made['id']}"} if kind == "Organization" else made["id"]
