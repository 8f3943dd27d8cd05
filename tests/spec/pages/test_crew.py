"""A crew at the scene, by the pages: finds the person, says why, reads the card, records how the call ends; and who may not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from anyio import to_thread

from interop.clock import MICROSECONDS
from tests.spec.browser.people import Site
from tests.spec.engine.running import TIMEOUT, quiet
from tests.spec.pages.visitors import HTML, Page, Visitor, visitor

pytestmark = pytest.mark.anyio
CREW = "demo-ambulance-clinician"
SCENE = "I am with this person at the scene"
TASKS = "/fhir/Task?code=urn:interop:codes:clock|urgent-response&patient="


async def opened(one: Visitor, patient: str) -> Page:
    """The card, for which a crew has said that it is with the person."""
    return await one.send(await one.get(f"/crew/{patient}"), f"/crew/{patient}/with", {"reason": SCENE})


async def test_a_crew_finds_the_person_says_why_and_reads_the_card(fresh: Site) -> None:
    async with visitor(fresh, CREW) as one:
        found = await one.send(await one.get("/crew"), "/crew", {"number": fresh.people["laura"].nhs_number})
        (where,) = [each for each in found.links() if each.startswith("/crew/")]
        assert fresh.people["laura"].nhs_number not in where
        withheld = await one.get(where)
        assert "withheld (no consent)" in withheld.text
        assert "Allergy to penicillin" not in withheld.text
        assert f"/record{where.removeprefix('/crew')}/break-glass" in withheld.links()
        card = await one.send(withheld, f"{where}/with", {"reason": SCENE})
        assert card.path == where
        assert card.title.startswith("ORMSGILL, Laura")
        for words in ("Allergy to penicillin", "to stay in my own home", "If Laura falls", "999 501 6303"):
            assert words in card.text
        assert "tel:07700900273" in card.links()


async def test_a_wrong_number_is_told_and_nobody_is_looked_for(site: Site) -> None:
    async with visitor(site, CREW) as one:
        page = await one.send(await one.get("/crew"), "/crew", {"number": "999 501 6304"})
        assert page.status == 400
        assert "cannot be an NHS number" in page.text


async def test_somebody_who_is_not_there_has_no_card_and_the_page_says_so(site: Site) -> None:
    async with visitor(site, CREW) as one:
        page = await one.get("/crew/nobody")
        assert page.status == 404
        assert "There is nothing under that address." in page.text
        assert "/crew" in page.links()


async def test_a_reason_is_asked_for(site: Site) -> None:
    async with visitor(site, CREW) as one:
        page = await one.get(f"/crew/{site.ids['susan']}")
        refused = await one.send(page, f"/crew/{site.ids['susan']}/with", {"reason": ""})
        assert refused.status == 400


async def test_a_gp_reads_the_card_and_has_no_buttons_of_a_crew(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/crew/{site.ids['bill']}")
        assert page.status == 200
        assert not [each for each in page.links() if each.endswith("/conveyed")]
        assert (await one.get(f"/crew/{site.ids['bill']}/conveyed")).status == 403


async def test_urgent_response_is_written_once_and_its_clock_is_told(fresh: Site) -> None:
    """Two taps, at once and again later: one Encounter, one request, one clock."""
    laura = fresh.ids["laura"]
    async with visitor(fresh, CREW) as one:
        await opened(one, laura)
        asks = await one.get(f"/crew/{laura}/urgent-response")
        assert "ORMSGILL, Laura" in asks.text
        said = {"reason": "Fell in the kitchen, no injury"}
        taps = await asyncio.gather(*(one.send(asks, f"/crew/{laura}/urgent-response", said) for _ in range(3)))
        again = await one.send(asks, f"/crew/{laura}/urgent-response", said)
        assert {each.path for each in taps} == {again.path}
        await quiet(fresh.engine)
        done = await one.get(again.path)
        assert done.title == "Recorded 08:30"
        assert "Somebody is to be with this person by 10:30" in done.text
        assert "If no team rings you, ring the co-ordination desk." in done.text
        asked = await api(one, f"/fhir/ServiceRequest?patient={laura}&authored=ge2026-10-15")
        assert [each["reasonCode"][0]["text"] for each in asked] == ["Fell in the kitchen, no injury"]
        assert [each["status"] for each in await api(one, TASKS + laura)] == ["in-progress"]
        (encounter,) = await api(one, f"/fhir/Encounter?patient={laura}&class=FLD")
        assert (encounter["status"], encounter["period"]["end"]) == ("finished", "2026-10-15T07:30:00.000Z")
        before = await one.get(f"/crew/{laura}/conveyed")
        assert "Already recorded 15-Oct-2026 08:30: Referred to urgent response" in before.text


async def test_seen_and_treated_ends_the_contact_and_starts_no_clock(fresh: Site) -> None:
    bill = fresh.ids["bill"]
    async with visitor(fresh, CREW) as one:
        await opened(one, bill)
        asks = await one.get(f"/crew/{bill}/seen-and-treated")
        done = await one.send(asks, f"/crew/{bill}/seen-and-treated")
        assert "Seen and treated, stays at home" in done.text
        assert "No urgent response clock runs" in done.text
        (encounter,) = await api(one, f"/fhir/Encounter?patient={bill}&class=FLD")
        assert encounter["status"] == "finished"
        assert "hospitalization" not in encounter


async def test_conveyed_says_where_to_and_calls_an_urgent_response_off(fresh: Site) -> None:
    laura = fresh.ids["laura"]
    async with visitor(fresh, CREW) as one:
        await opened(one, laura)
        await one.send(await one.get(f"/crew/{laura}/urgent-response"), f"/crew/{laura}/urgent-response")
        await quiet(fresh.engine)
        await fresh.passes(600)
        asks = await one.get(f"/crew/{laura}/conveyed")
        done = await one.send(asks, f"/crew/{laura}/conveyed", {"destination": "Eastmere General"})
        await quiet(fresh.engine)
        assert "Conveyed to hospital: Eastmere General" in done.text
        assert "No urgent response clock runs" in (await one.get(done.path)).text
        (clock,) = await api(one, TASKS + laura)
        assert clock["businessStatus"]["coding"][0]["code"] == "not-needed"


async def test_what_is_refused_is_told_beside_the_form_and_nothing_is_written(fresh: Site) -> None:
    """Of somebody with whom the crew is not known to be."""
    async with visitor(fresh, CREW) as one:
        susan = fresh.ids["susan"]
        refused = await one.send(await one.get(f"/crew/{susan}/conveyed"), f"/crew/{susan}/conveyed")
        assert refused.status in (403, 404, 422)
        assert "Nothing was recorded" in refused.text
        await opened(one, susan)
        assert await api(one, f"/fhir/Encounter?patient={susan}&class=FLD") == []


async def test_a_key_that_is_none_of_ours_is_refused(site: Site) -> None:
    async with visitor(site, CREW) as one:
        asks = await one.get(f"/crew/{site.ids['laura']}/conveyed")
        assert (await one.send(asks, f"/crew/{site.ids['laura']}/conveyed", {"key": "x|y"})).status == 400


async def api(one: Visitor, path: str) -> list[dict[str, Any]]:
    """What a search of the API gives whoever visits."""
    answer = await one.http.get(path, headers={"accept": "application/fhir+json"})
    assert answer.status_code == 200, answer.text
    return [each["resource"] for each in answer.json().get("entry", []) if each["search"]["mode"] == "match"]


# A card in context


async def handle(site: Site, patient: str, user: str = CREW) -> str:
    """What a record system in which somebody has signed on gives the browser to bring along."""
    async with visitor(site, user) as one:
        token = (await one.get("/auth/logout")).fields("/auth/logout")["csrf"]
        headers = {"x-csrf-token": token, "origin": site.root}
        answer = await one.http.post("/auth/launch", json={"patient": patient}, headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["launch"])


async def test_a_record_system_opens_the_card_of_its_patient(site: Site) -> None:
    laura = site.ids["laura"]
    launch = await handle(site, laura)
    async with visitor(site) as one:
        signs = await one.get(f"/crew/launch?iss={site.root}/fhir&launch={launch}")
        assert "Sign in" in signs.title
        card = await one.send(signs, "/auth/sign-on", {"user": CREW})
        assert card.path == f"/crew/{laura}"
        assert card.title.startswith("ORMSGILL, Laura")


async def test_a_launch_of_another_user_opens_nothing(site: Site) -> None:
    launch = await handle(site, site.ids["laura"])
    async with visitor(site) as one:
        signs = await one.get(f"/crew/launch?iss={site.root}/fhir&launch={launch}")
        refused = await one.send(signs, "/auth/sign-on", {"user": "demo-gp"})
        assert refused.status == 400
        assert (await one.get("/crew", lead=False)).status == 303


@pytest.mark.parametrize("query", ["iss=https://other.example/fhir&launch=x", "launch=x", "iss={root}/fhir",
                                   "iss={root}/fhir&iss={root}/fhir&launch=x", "iss={root}/fhir&launch=%0a"])  # fmt: skip
async def test_a_launch_for_another_server_or_without_a_handle_is_refused(site: Site, query: str) -> None:
    async with visitor(site) as one:
        page = await one.get(f"/crew/launch?{query.format(root=site.root)}", lead=False)
        assert page.status == 400
        assert "parameter" in page.text


# Without a network: what the server gives a phone to keep, and what it is told afterwards


async def test_shell_and_worker_hold_nobody_and_the_worker_may_answer_for_the_crew_s_pages_alone(site: Site) -> None:
    async with httpx.AsyncClient(base_url=site.root, timeout=TIMEOUT, trust_env=False, headers=HTML) as http:
        worker = await http.get("/crew/worker.js")
        assert worker.headers["service-worker-allowed"] == "/crew"
        assert worker.headers["content-type"].startswith("text/javascript")
        for path in ("/crew/offline", "/crew/unsent"):
            assert path in worker.text
            shell = await http.get(path)
            assert shell.status_code == 200
            assert "Sign out" not in shell.text
        named = [each for each in worker.text.split('"') if each.startswith("/assets/")]
        assert len(named) == 5
        for each in named:
            assert (await http.get(each)).headers["cache-control"].endswith("immutable")


def opens(card: Page, after: int = 0) -> str:
    """An opening of the copy of a card so many seconds after it was given, as a phone tells it."""
    (receipt,) = card.tree.xpath("//*[@id='card']/@data-receipt")
    return f"{receipt} {after}"


async def tell(one: Visitor, *opened: str) -> httpx.Response:
    """A phone tells which copies were opened."""
    token = (await one.get("/auth/logout")).fields("/auth/logout")["csrf"]
    data = {"csrf": token, "open": list(opened)}
    return await one.http.post("/crew/opened", data=data, headers={"origin": str(one.http.base_url).rstrip("/")})


async def test_what_was_opened_offline_is_in_the_audit_as_a_read_at_its_time_by_whom_the_card_was_given(fresh: Site) -> None:
    """Though it is somebody else who has signed on when there is a network again."""
    laura = fresh.ids["laura"]
    async with visitor(fresh, CREW) as one:
        card = await opened(one, laura)
    await fresh.passes(3600)
    async with visitor(fresh, "demo-nhs111") as other:
        answer = await tell(other, opens(card, 120), opens(card, 300))
        assert answer.json() == {"noted": 2, "refused": 0}
    looks = await who_looked(fresh, laura)
    told = [each for each in looks if "opened a copy of the crew card without a network" in each[1]]
    assert [each[0] for each in told] == ["2026-10-15T07:35:00.000Z", "2026-10-15T07:32:00.000Z"]
    assert all("ambulance crew" in each[1] for each in told)


async def test_an_opening_that_a_phone_tells_again_is_noted_once(fresh: Site) -> None:
    """A page that is left while it tells does not hear that it was noted, and the next one tells it again."""
    laura = fresh.ids["laura"]
    async with visitor(fresh, CREW) as one:
        card = await opened(one, laura)
        await fresh.passes(600)
        said = opens(card, 120)
        answers = await asyncio.gather(tell(one, said), tell(one, said, said), tell(one, opens(card, 121), said))
        assert [each.json()["refused"] for each in answers] == [0, 0, 0]
        await fresh.passes(600)
        assert (await tell(one, said)).json() == {"noted": 1, "refused": 0}
    looks = await who_looked(fresh, laura)
    told = [each[0] for each in looks if "opened a copy of the crew card without a network" in each[1]]
    assert told == ["2026-10-15T07:32:01.000Z", "2026-10-15T07:32:00.000Z"]


async def test_the_audit_event_of_an_opening_says_when_it_was(fresh: Site) -> None:
    bill = fresh.ids["bill"]
    async with visitor(fresh, CREW) as one:
        card = await opened(one, bill)
        await fresh.passes(7200)
        await one.sign_on(CREW)
        assert (await tell(one, opens(card, 3600))).json() == {"noted": 1, "refused": 0}

    def asked() -> list[dict[str, Any]]:
        with fresh.client("privacy-officer") as officer:
            found = officer.get(f"/fhir/AuditEvent?patient={bill}&_count=5&_sort=-date").json()
        return [each["resource"]["period"] for each in found["entry"] if "period" in each["resource"]]

    when = "2026-10-15T08:30:00.000Z"
    assert await to_thread.run_sync(asked) == [{"start": when, "end": when}]


async def who_looked(site: Site, patient: str) -> list[tuple[str, str]]:
    """When and in which words, as the person is told."""

    def asked() -> list[tuple[str, str]]:
        with site.client("patient", patient=patient) as person:
            said = person.get(f"/fhir/Patient/{patient}/$who-looked").json()
        looks = [{part["name"]: part for part in each["part"]} for each in said["parameter"] if each["name"] == "look"]
        return sorted(((each["when"]["valueInstant"], each["words"]["valueString"]) for each in looks), reverse=True)

    return await to_thread.run_sync(asked)


async def test_nobody_can_say_that_somebody_has_opened_what_was_not_given(site: Site) -> None:
    async with visitor(site, CREW) as one:
        card = await one.get(f"/crew/{site.ids['laura']}")
        good = opens(card)
        receipt, _, after = good.partition(" ")
        late = opens(card, 13 * 3600)
        for bad in ("", receipt, f"{receipt} never", f"{receipt} -1", f"x{receipt} {after}", f"{receipt[:-2]} {after}", late):
            assert (await tell(one, bad)).json() == {"noted": 0, "refused": 1}, bad
        assert (await tell(one, *[good] * 51)).status_code == 413


async def test_openings_are_told_by_a_page_of_ours_alone(site: Site) -> None:
    async with visitor(site, CREW) as one:
        good = opens(await one.get(f"/crew/{site.ids['laura']}"))
        assert (await one.http.post("/crew/opened", data={"open": good}, headers={"origin": site.root})).status_code == 403
    async with httpx.AsyncClient(base_url=site.root, timeout=TIMEOUT, trust_env=False) as http:
        assert (await http.post("/crew/opened", data={"open": good})).status_code == 401


async def test_the_operation_takes_an_instant_of_the_last_days(site: Site) -> None:
    """``$opened-offline``, for other clients that keep copies."""

    def asked() -> list[int]:
        with site.client("ambulance-clinician", "RYX") as crew:
            now = site.clock.now() // MICROSECONDS
            times = [datetime.fromtimestamp(now + each, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for each in (-60, 3600, -8 * 86_400)]
            said = [{"resourceType": "Parameters", "parameter": [{"name": "when", "valueInstant": each}]} for each in times]
            heads = {"content-type": "application/fhir+json"}
            where = f"/fhir/Patient/{site.ids['bill']}/$opened-offline"
            return [crew.post(where, json=each, headers=heads).status_code for each in said]

    assert await to_thread.run_sync(asked) == [200, 400, 400]


@pytest.mark.long
async def test_a_card_that_stays_closed_says_so_instead_of_asking_again(fresh: Site) -> None:
    """Who says why three times over and sees the same page loses minutes."""
    bill = fresh.ids["bill"]
    refuse = {"resourceType": "Parameters", "parameter": [{"name": "decision", "valueString": "refused"}]}

    def refused() -> None:
        with fresh.client("gp", fresh.people["bill"].practice.ods) as practice:
            answer = practice.post(f"/fhir/Patient/{bill}/$record-consent", json=refuse)
            assert answer.is_success, answer.text

    await to_thread.run_sync(refused)
    async with visitor(fresh, CREW) as one:
        page = await opened(one, bill)
        assert "This record stays closed" in page.text
        (why,) = page.tree.xpath("//p[@role='alert']/strong/text()")
        assert why == "withheld (no consent)", "the card's word, and none of the page's own"
        assert not [each for each in page.tree.forms if (each.action or "").endswith("/with")]
        assert f"/record/{bill}/break-glass" in page.links()
