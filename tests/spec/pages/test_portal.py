"""The patient portal: one's own record in plain words, choices about it, who looked at it; what a carer sees of somebody's."""

from __future__ import annotations

import csv
import re
import sys
from typing import Any

import httpx
import pytest
from anyio import to_thread

from interop.pages.portal.whose import Whose
from interop.pages.portal.words import absences, easy, plainly, topics, words
from interop.policy.absence import SYSTEM
from interop.policy.tables import tables
from tests.places import ROOT
from tests.spec.browser.people import Site
from tests.spec.pages.desk import TESTER, api
from tests.spec.pages.visitors import Visitor, visitor

pytestmark = pytest.mark.anyio
PAGES = (
    "",
    "/plan",
    "/plan/easy",
    "/appointments",
    "/medicines",
    "/problems",
    "/results",
    "/letters",
    "/notes",
    "/choices",
    "/choices/news",
    "/looked",
)
CARER = "https://demo.interop.invalid|demo-carer"
HOSTILE = "</p><script>alert('x')</script><img src=x onerror=alert(1)>"


async def put(site: Site, *resources: dict[str, Any]) -> None:
    """The record holds these."""

    def send() -> None:
        with site.client("tester") as tester:
            for each in resources:
                answer = tester.put(f"/fhir/{each['resourceType']}/{each['id']}", json=each)
                assert answer.is_success, answer.text

    await to_thread.run_sync(send)


async def given(one: Visitor, patient: str) -> bool:
    """Whether the API gives who visits what is recorded of somebody."""
    answer = await one.http.get(f"/fhir/CarePlan?patient={patient}", headers={"accept": "application/fhir+json"})
    return any(each["search"]["mode"] == "match" for each in answer.json().get("entry", ()))


async def test_the_first_page_says_what_is_next_what_matters_and_what_is_new(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["susan"]) as one:
        page = await one.get("/my")
        assert page.title == "Your health record"
        assert "Your record: Susan Jane Haldane , born 2 August 1969 , NHS number 999 855 4829" in page.text
        for each in (
            "Tuesday 20 October 2026 at 6:30pm",
            "Wound check by practice nurse, from 19 October 2026",
            "back at work at the school within six weeks",
            "Written by Dr Ruth Ansley, Oakshaw Surgery, 5 October 2026",
            "Haemoglobin estimation , 5 October 2026",
            "NHS 111 Report , 14 October 2026",
            "Ask Oakshaw Surgery: ring 01632960011",
        ):
            assert each in page.text, each


async def test_what_is_new_beyond_three_is_told_and_where_it_is(fresh: Site) -> None:
    result = {"resourceType": "Observation", "status": "final", "subject": {"reference": f"Patient/{fresh.ids['bill']}"}}
    for at in range(4):
        said = {"code": {"text": f"Test {at}"}, "effectiveDateTime": "2026-10-14", "valueString": "As expected"}
        await api(fresh, TESTER, "POST", "/fhir/Observation", result | said)
    async with visitor(fresh, "demo-patient", record=fresh.ids["bill"]) as one:
        page = await one.get("/my")
        (more,) = page.tree.xpath("//section[@aria-labelledby='new']//a[text()='More new test results']/@href")
        listed = await one.get(more)
        assert [each for each in range(4) if f"Test {each}" not in listed.text] == []


async def test_every_line_of_the_plan_says_who_wrote_it_and_the_plans_own_words_stand_whole(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["laura"]) as one:
        page = await one.get("/my/plan")
        lines = page.tree.xpath("//main//ul[@class='my-list']/li")
        assert len(lines) > 10
        assert all(each.xpath(".//*[@class='my-by' and starts-with(normalize-space(), 'Written by ')]") for each in lines)
        assert "Fell at home on 14 October 2026, no injury; seen by crew and locality team, stayed at home." in page.text
        assert "Nothing stands under these headings. It may be in the plans' own words below:" in page.text
        assert "Recommendation about cardiopulmonary resuscitation" in page.text
        assert not page.tree.xpath("//main//*[contains(text(), 'G99901')]")


async def test_easy_read_asks_questions_and_quotes_what_others_wrote(site: Site) -> None:
    """Headings and sentences are rows of a table; the words of the plan are the same as on the plan itself, each quoted whole."""
    async with visitor(site, "demo-patient", record=site.ids["laura"]) as one:
        whole, page = await one.get("/my/plan"), await one.get("/my/plan/easy")
    own, quoted = ([" ".join(each.text_content().split()) for each in one.tree.xpath("//blockquote")] for one in (whole, page))
    assert quoted == own
    assert len(own) > 10
    headings = [" ".join(each.text_content().split()) for each in page.tree.xpath("//main//h2")]
    assert headings[:2] == ["What matters to me?", "How do I talk and listen?"]
    assert {*headings} <= {*easy().values()}


def test_every_heading_of_the_plan_has_a_question_in_easy_read() -> None:
    with (ROOT / "mappings" / "careplan" / "headings.csv").open(encoding="utf-8", newline="") as file:
        headings = {each["heading"] for each in csv.DictReader(file)}
    assert headings == {code for kind, code in easy() if kind == "heading"}
    assert all("?" in said for (kind, _), said in easy().items() if kind == "heading")
    assert all(len(each.split()) <= 12 for said in easy().values() for each in re.split(r"[.?]", said))


async def test_a_result_is_shown_as_it_was_reported_and_nothing_is_made_of_it(fresh: Site) -> None:
    """What its laboratory says of it is said; that a value is out of its range is not, where nobody has said it."""
    hers = {"reference": f"Patient/{fresh.ids['susan']}"}
    result = {"resourceType": "Observation", "status": "final", "subject": hers, "effectiveDateTime": "2026-10-12"}
    limits = [{"low": {"value": 3.5}, "high": {"value": 5.3}}]
    marked = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation", "code": "H"}]}
    potassium = {"code": {"text": "Potassium"}, "valueQuantity": {"value": 5.90, "unit": "mmol/L"}, "referenceRange": limits}
    sodium = {"code": {"text": "Sodium"}, "valueQuantity": {"value": 150, "unit": "mmol/L"}, "interpretation": [marked]}
    wrong = {"code": {"text": "Urea"}, "valueQuantity": {"value": 99, "unit": "mmol/L"}, "status": "entered-in-error"}
    await put(fresh, {**result, "id": "k", **potassium}, {**result, "id": "na", **sodium}, {**result, "id": "u", **wrong})
    async with visitor(fresh, "demo-patient", record=fresh.ids["susan"]) as one:
        page = await one.get("/my/results")
    listed = page.tree.xpath("//ul[@class='my-list']/li")
    shown = {each.findtext(".//h3"): " ".join(" ".join(each.itertext()).split()) for each in listed}
    assert shown["Potassium"] == "Potassium 5.9 mmol/L Range that they gave for comparison: 3.5–5.3 12 October 2026"
    assert shown["Sodium"] == "Sodium 150 mmol/L Marked by who reported it: High 12 October 2026"
    assert "Recorded by mistake: do not rely on it" in shown["Urea"]
    assert "Medically fit for discharge" not in shown
    assert "This page does not say what they mean for you. Ask Oakshaw Surgery" in page.text
    assert "Results 1 to 4 of 4" in page.text


async def test_a_letter_is_read_in_its_authors_words_and_nobody_elses_is(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["susan"]) as one:
        listed = await one.get("/my/letters")
        (link,) = [each.get("href") for each in listed.tree.xpath("//main//a") if each.text_content() == "NHS 111 Report"]
        page = await one.get(link)
        assert page.title == "NHS 111 Report"
        assert "Call again if the calf swells, or for chest pain or breathlessness." in page.text
        (other,) = [each.get("href") for each in listed.tree.xpath("//main//a") if each.text_content() == "Referral letter"]
        assert "The letter itself is not kept here, only that it was sent. Ask Oakshaw Surgery" in (await one.get(other)).text
    async with visitor(site, "demo-patient", record=site.ids["bill"]) as one:
        page = await one.get(link)
        assert page.status == 404
        assert "calf" not in page.text


async def test_medicines_say_what_a_stay_changed_and_what_is_prescribed_now(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["susan"]) as one:
        page = await one.get("/my/medicines")
        laura = site.ids["laura"]
    assert "The stay began on 14 October 2026 and ended on 14 October 2026." in page.text
    assert "Co-codamol 30 mg/500 mg tablets The record does not tell us what you should do with this medicine." in page.text
    assert "ONE OR TWO UP TO FOUR TIMES A DAY FOR FIVE DAYS" in page.text
    assert "Naproxen" not in page.text
    async with visitor(site, "demo-patient", record=laura) as one:
        page = await one.get("/my/medicines")
        assert "stay in hospital" not in page.text
        assert "ONE TO BE TAKEN ON THE SAME DAY EACH WEEK" in page.text
        assert page.text.count("This medicine is written here more than once.") == 2  # Ramipril, and what was issued of it


async def test_problems_and_allergies_say_how_they_stand_and_none_recorded_is_not_none(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["laura"]) as one:
        page = await one.get("/my/problems")
        lines = [" ".join(" ".join(each.itertext()).split()) for each in page.tree.xpath("//ul[@class='my-list']/li")]
        assert "Allergy to penicillin Current Swelling of the face. 2 May 1988, Dr Ruth Ansley" in lines
        assert any("steoporosis" in each for each in lines)
    async with visitor(site, "demo-patient", record=site.ids["susan"]) as one:
        page = await one.get("/my/problems")
        assert "No allergy is recorded. That does not mean that you have none" in page.text


async def test_visits_have_what_was_written_down_at_each(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["laura"]) as one:
        page = await one.get("/my/notes")
    visits = {each.xpath("string(.//*[@class='my-value'])").strip(): " ".join(each.text_content().split())
              for each in page.tree.xpath("//ul[@class='my-list']/li")}  # fmt: skip
    assert "Wishes to stay at home; neighbour will look in tonight." in visits["14 October 2026 at 3:35pm"]
    assert "O/E - Systolic BP reading: 118 mm Hg" in visits["14 October 2026 at 3:35pm"]
    assert "Why: Fallen in the kitchen" in visits["14 October 2026 at 1:31pm"]
    assert "Visits 1 to 3 of 3" in page.text


async def test_who_refuses_is_asked_nothing_more_and_the_next_answer_to_a_clinician_is_empty(site: Site) -> None:
    """What each answer means stands before the form; the choice counts at once, and so does taking it back to yes."""
    bill = site.ids["bill"]
    async with visitor(site, "demo-patient", record=bill) as one, visitor(site, "demo-gp") as gp:
        assert await given(gp, bill)
        page = await one.get("/my/choices/sharing")
        assert "In an emergency a clinician can still open it. They must say why, it is checked, and you see it." in page.text
        page = await one.send(page, "/my/choices/sharing", {"decision": "refused"})
        assert page.path == "/my/choices"
        assert "Recorded: Sharing your record for your care." in page.text
        assert "You said no, or took back your yes" in page.text
        assert "They were last changed on 15 October 2026 at 8:30am by you." in page.text
        site.clock.advance(1)
        assert not await given(gp, bill)
        assert (await one.get("/my/plan")).status == 200
        await one.send(await one.get("/my/choices/sharing"), "/my/choices/sharing", {"decision": "given"})
        site.clock.advance(1)
        assert await given(gp, bill)
        await one.send(await one.get("/my/choices/sharing"), "/my/choices/sharing", {"decision": "withdrawn"})
        site.clock.advance(1)
        assert not await given(gp, bill)
        await one.send(await one.get("/my/choices/sharing"), "/my/choices/sharing", {"decision": "given"})


async def test_each_private_part_is_decided_on_by_itself(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["laura"]) as one:
        page = await one.get("/my/choices/PSY")
        assert "Only these see them, where they care for you: a general practitioner; a hospital doctor or nurse;" in page.text
        assert "Nobody who cares for you sees them here, except in an emergency." in (await one.get("/my/choices/HIV")).text
        said = []
        for decision in ("refused", "given", "withdrawn"):
            page = await one.send(await one.get("/my/choices/PSY"), "/my/choices/PSY", {"decision": decision})
            (row,) = page.tree.xpath("//dl/div[dt='Mental health']")
            said.append(" ".join(" ".join(row.find("dd").itertext()).split()).partition(" Recorded")[0])
            assert "You said yes People who care for you can see your record." in page.text
        assert said == ["You said no", "You said yes", "You have not said anything"]
        assert (await one.get("/my/choices/NONE")).status == 404


async def test_a_form_without_an_answer_says_what_is_missing_and_leads_there(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["laura"]) as one:
        for path, said, field, told in (
            ("/my/choices/sharing", {}, "decision-given", "Choose one of the answers"),
            ("/my/choices/sharing", {"decision": "maybe"}, "decision-given", "Choose one of the answers"),
            ("/my/choices/carers", {"decision": "given"}, "code", "Write the carer code"),
            ("/my/choices/carers", {"person": "RelatedPerson/none"}, "person", "Choose a person from the list"),
            (
                "/my/choices/carers",
                {"code": CARER, "until[day]": "31", "until[month]": "2", "until[year]": "2027"},
                "until-day",
                "last day",
            ),
            (
                "/my/choices/carers",
                {"code": CARER, "until[day]": "1", "until[month]": "2", "until[year]": "2026"},
                "until-day",
                "today or later",
            ),
        ):
            page = await one.send(await one.get(path), path, said)
            assert page.status == 400
            assert str(page.tree.findtext(".//title")).startswith("Error: ")
            (link,) = page.tree.xpath("//*[contains(@class, 'nhsuk-error-summary')]//a")
            assert link.get("href") == f"#{field}"
            assert told in link.text_content()
            assert page.tree.xpath(f"//*[@id='{field}']")


async def test_a_carer_sees_whom_the_person_has_named_them_for_until_that_ends(site: Site) -> None:
    """Whose record it is stands on every page; nobody else's is there; what the person alone decides is not."""
    laura, susan = site.ids["laura"], site.ids["susan"]
    async with visitor(site, "demo-carer") as carer, visitor(site, "demo-patient", record=laura) as one:
        page = await carer.get("/my")
        assert page.title == "Nobody has let you see their record yet"
        assert CARER in page.text
        assert (await carer.get(f"/my/of/{laura}")).status == 404
        said = {"code": CARER, "until[day]": "31", "until[month]": "12", "until[year]": "2026"}
        page = await one.send(await one.get("/my/choices/carers"), "/my/choices/carers", said)
        assert "demo-carer , until 31 December 2026" in page.text
        site.clock.advance(1)
        page = await carer.get("/my")
        assert page.path == f"/my/of/{(await carer.get('/my')).path.rpartition('/')[2]}"
        assert page.title == "Laura Margaret Ormsgill’s health record"
        base = page.path
        for each in PAGES:
            page = await carer.get(base + each)
            assert page.status == 200, each
            assert "You are looking at the record of Laura Margaret Ormsgill , born 14 March 1954" in page.text
            assert "Haldane" not in page.text
        assert "not, or not all of it, shown here: Recommendation about cardiopulmonary" in (await carer.get(f"{base}/plan")).text
        assert "Only Laura Margaret Ormsgill can see and change these choices." in (await carer.get(f"{base}/choices")).text
        page = await carer.get(f"/my/of/{susan}/plan")
        assert (page.status, page.title) == (404, "You cannot see that record")
        token = (await carer.get("/auth/logout")).fields("/auth/logout")["csrf"]
        answer = await carer.http.post(
            "/my/choices/sharing", data={"csrf": token, "decision": "refused"}, headers={"origin": site.root}
        )
        assert "Your choices" not in answer.text
        page = await one.get("/my/choices/carers")
        await one.http.post("/my/choices/carers", headers={"origin": site.root}, data={
            "csrf": page.fields("/my/choices/carers")["csrf"], "decision": "withdrawn", "proxy": f"urn:interop:user|{CARER}",
        })  # fmt: skip
        site.clock.advance(1)
        for each in ("", "/letters", "/looked"):
            page = await carer.get(base + each)
            assert page.status == 404
            assert "Ormsgill" not in page.text
        assert (await carer.get("/my")).title == "Nobody has let you see their record yet"


async def test_a_carer_of_several_chooses_among_people_and_not_among_their_records(fresh: Site) -> None:
    """Each person once, however many organisations have a record of them, also one without an NHS number."""
    for name in ("laura", "bill"):
        async with visitor(fresh, "demo-patient", record=fresh.ids[name]) as one:
            await one.send(await one.get("/my/choices/carers"), "/my/choices/carers", {"code": CARER})
    fresh.clock.advance(1)
    async with visitor(fresh, "demo-carer") as carer:
        page = await carer.get("/my")
        assert page.title == "Whose record do you want to see?"
        names = [each.text_content() for each in page.tree.xpath("//main//h2/a")]
        assert names == ["Laura Margaret Ormsgill", "William Arthur Crowhurst"]
        page = await carer.get(page.tree.xpath("//main//h2/a/@href")[1])
        assert page.title == "William Arthur Crowhurst’s health record"
        assert "/my?view=people" in page.tree.xpath("//a/@href")


async def test_whom_a_carer_may_see_is_told_some_people_at_a_time_and_nobody_twice(
    fresh: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is a question to the API: a carer of two hundred does not ask two hundred times for a page."""
    monkeypatch.setattr(sys.modules[Whose.__module__], "AT_ONCE", 1)
    for name in ("laura", "susan", "bill"):
        async with visitor(fresh, "demo-patient", record=fresh.ids[name]) as one:
            await one.send(await one.get("/my/choices/carers"), "/my/choices/carers", {"code": CARER})
    fresh.clock.advance(1)
    seen: list[str] = []
    async with visitor(fresh, "demo-carer") as carer:
        page = await carer.get("/my")
        for _ in range(12):
            names = [each.text_content() for each in page.tree.xpath("//main//h2/a")]
            assert len(names) <= 1
            seen += names
            more = page.tree.xpath("//main//a[text()='Show the next people']/@href")
            if not more:
                break
            page = await carer.get(more[0])
        assert page.title == "Whose record do you want to see?"
    assert sorted(seen) == ["Laura Margaret Ormsgill", "Susan Jane Haldane", "William Arthur Crowhurst"]


async def test_a_person_sees_nobody_elses_record_by_its_address(site: Site) -> None:
    async with visitor(site, "demo-patient", record=site.ids["laura"]) as one:
        for each in PAGES:
            page = await one.get(f"/my/of/{site.ids['susan']}{each}")
            assert page.status == 404
            assert "Haldane" not in page.text


async def test_who_looked_is_told_in_words_an_emergency_too_and_who_looked_themselves_on_request(fresh: Site) -> None:
    susan = fresh.ids["susan"]

    def looks(http: httpx.Client) -> None:
        said = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "Collapsed, cannot be asked"}]}
        answer = http.post(f"/fhir/Patient/{susan}/$break-glass", json=said)
        assert answer.is_success, answer.text
        assert http.get(f"/fhir/Patient/{susan}/$crew-card").is_success

    with fresh.client("ambulance-clinician", "RZC") as crew:
        await to_thread.run_sync(looks, crew)
    async with visitor(fresh, "demo-patient", record=susan) as one:
        page = await one.get("/my/looked")
        lines = [" ".join(each.text_content().split()) for each in page.tree.xpath("//ul[@class='my-list']/li")]
        (card,) = [each for each in lines if "the card for ambulance crews" in each]
        assert card.startswith("An ambulance crew, Mereshire Community Health 15 October 2026 at 8:30am")
        assert "Emergency. They said that it was an emergency, so consent was not asked for." in card
        assert "Why: For your care" in card
        assert any("Declared an emergency to see the record" in each for each in lines)
        assert "test-ambulance" not in page.text
        assert "You Searched" not in page.text
        assert not [each for each in lines if each.startswith("You 15 October")]
        beyond = await one.get("/my/looked?page=77")
        assert beyond.text == page.text
        every = await one.get("/my/looked?view=all")
        assert [each for each in every.tree.xpath("//ul[@class='my-list']/li") if each.text_content().split()[0] == "You"]
        assert "Ask Oakshaw Surgery: ring 01632960011" in page.text


async def test_what_others_wrote_is_words_and_never_markup(fresh: Site) -> None:
    """In a plan, a letter, a result, a note, an appointment, a name of a carer."""
    hers = {"reference": f"Patient/{fresh.ids['susan']}"}
    div = f'<div xmlns="http://www.w3.org/1999/xhtml">{HOSTILE.replace("<", "&lt;")}</div>'
    await put(
        fresh,
        {"resourceType": "CarePlan", "id": "x1", "status": "active", "intent": "plan", "subject": hers, "title": HOSTILE,
         "description": f"What matters to me: {HOSTILE}", "created": "2026-10-14"},
        {"resourceType": "Composition", "id": "x2", "status": "final", "subject": hers, "title": HOSTILE, "date": "2026-10-14",
         "type": {"text": "Letter"}, "author": [{"display": HOSTILE}],
         "section": [{"title": HOSTILE, "text": {"status": "generated", "div": div}}]},
        {"resourceType": "Observation", "id": "x3", "status": "final", "subject": hers, "code": {"text": HOSTILE},
         "valueString": HOSTILE, "note": [{"text": HOSTILE}]},
        {"resourceType": "Appointment", "id": "x4", "status": "booked", "description": HOSTILE, "comment": HOSTILE,
         "start": "2026-12-01T09:00:00Z", "end": "2026-12-01T10:00:00Z", "participant": [{"actor": hers, "status": "accepted"}]},
        {"resourceType": "MedicationStatement", "id": "x5", "status": "active", "subject": hers,
         "medicationCodeableConcept": {"text": HOSTILE}, "dosage": [{"text": HOSTILE}]},
        {"resourceType": "RelatedPerson", "id": "x6", "patient": hers, "name": [{"text": HOSTILE}]},
    )  # fmt: skip
    async with visitor(fresh, "demo-patient", record=fresh.ids["susan"]) as one:
        for each in (*PAGES, "/letters/x2", "/choices/carers"):
            page = await one.get(f"/my{each}")
            assert page.status == 200, each
            assert not page.tree.xpath("//*[@onerror] | //img | //script[contains(text(), 'alert')]"), each
            words = each in ("/plan", "/letters", "/letters/x2", "/results", "/appointments", "/medicines", "/choices/carers")
            assert ("alert('x')" in page.tree.text_content()) >= words, each


async def test_what_is_absent_is_said_in_plain_words(fresh: Site) -> None:
    """A source that shares no more is named, and never a reason to say that there is none."""

    def withdrawn() -> None:
        said = {"resourceType": "Parameters", "parameter": [
            {"name": "source", "valueString": "RZ9"}, {"name": "status", "valueString": "withdrawn"},
        ]}  # fmt: skip
        with fresh.client("operator") as operator:
            answer = operator.post("/fhir/$agreement", json=said)
            assert answer.is_success, answer.text

    await to_thread.run_sync(withdrawn)
    fresh.clock.advance(1)
    async with visitor(fresh, "demo-patient", record=fresh.ids["susan"]) as one:
        for each in ("", "/plan", "/plan/easy", "/appointments", "/results", "/notes"):
            text = (await one.get(f"/my{each}")).text
            assert "What it knows is not shown here." in text, each


def test_every_absence_that_the_api_speaks_of_has_words_for_the_person() -> None:
    for state, (code, _, said) in tables().absence.items():
        told = said.format(organisation="RZ9", since="2026-10-12T08:30:00Z")
        issue = {"details": {"coding": [{"system": SYSTEM, "code": code}], "text": told}}
        (plain,) = plainly(absences([{"issue": [issue]}]), {"RZ9": "Eastmere General Hospital"})
        assert plain == words()["absent", state].format(organisation="Eastmere General Hospital", since="12 October 2026")
    assert plainly(absences([{"issue": [{"details": {"coding": [{"system": SYSTEM}], "text": "not known yet"}}]}]), {}) == [
        "not known yet"
    ]


def test_every_label_that_consent_is_asked_for_is_a_choice() -> None:
    assert {each.name for each in topics()} - {""} == {label.consent for label in tables().labels if label.consent}
    assert topics()[0].topic == "whole"
