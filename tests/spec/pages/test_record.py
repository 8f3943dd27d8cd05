"""The record of one person: finding them, who they are, the summary, and what is said where it is not open."""

from __future__ import annotations

import re
from typing import Any

import pytest
from anyio import to_thread

from interop.pages.finding import namesakes
from interop.pages.patient import aged
from interop.screen.assets import assets
from interop.screen.words import proper
from tests.spec.browser.people import Site
from tests.spec.careplan.cards import allergy
from tests.spec.pages.desk import api
from tests.spec.pages.visitors import Page, Visitor, visitor
from tests.spec.workflows.fhir import coded

pytestmark = pytest.mark.anyio


async def found(one: Visitor, **said: str) -> Page:
    """What the form finds."""
    return await one.send(await one.get("/record"), "/record", {each.replace("_", "-"): value for each, value in said.items()})


@pytest.mark.parametrize(
    ("born", "at", "age"),
    [
        ("2026-10-14", "2026-10-14", "0d"),
        ("2026-09-17", "2026-10-14", "27d"),
        ("2026-09-16", "2026-10-14", "4w 0d"),
        ("2025-10-15", "2026-10-14", "52w 0d"),
        ("2025-10-14", "2026-10-14", "12m 0d"),
        ("2024-10-31", "2026-09-30", "22m 30d"),
        ("2024-10-14", "2026-10-14", "2y 0m"),
        ("2008-10-15", "2026-10-14", "17y 11m"),
        ("2008-10-14", "2026-10-14", "18y"),
        ("1959-11-23", "2026-10-14", "66y"),
        ("1959-11", "2026-10-14", ""),
        ("2027-01-01", "2026-10-14", ""),
    ],
)
def test_an_age_is_told_in_its_proper_unit(born: str, at: str, age: str) -> None:
    """NHS Common User Interface, displaying age: days, weeks, months, years and months, years."""
    assert aged(born, at) == age


def test_names_in_capitals_alone_are_written_as_names() -> None:
    assert [proper(each) for each in ("WILLIAM ARTHUR", "JEAN-LUC", "William", "MR", "J")] == [
        "William Arthur", "Jean-Luc", "William", "Mr", "J",
    ]  # fmt: skip


async def test_a_person_is_found_by_nhs_number_however_it_is_spaced(site: Site) -> None:
    """What is asked stands in no address, and all records of the person are one person."""
    number = site.people["bill"].nhs_number
    async with visitor(site, "demo-gp") as one:
        for written in (number, f"{number[:3]} {number[3:6]} {number[6:]}", f" {number[:5]}-{number[5:]} "):
            page = await found(one, number=written)
            assert page.status == 200
            assert page.path == "/record"
            assert not page.answer.url.query
            (link,) = [each for each in page.links() if each.startswith("/record/")]
            assert f"{number[:3]} {number[3:6]} {number[6:]}" in page.text
            assert re.search(r"CROWHURST, William( Arthur)? \(Mr\)", page.text)
            assert "One person has the NHS number" in page.text
            assert number not in link


async def test_a_person_is_found_by_name_with_date_of_birth_or_postcode(site: Site) -> None:
    bill = site.people["bill"]
    year, month, day = str(bill.birth_date).split("-")
    async with visitor(site, "demo-gp") as one:
        for said in (
            {"family": "crow", "born_day": day, "born_month": month, "born_year": year},
            {"family": "Crowhurst", "given": "will", "postcode": bill.address.postcode.lower().replace(" ", "")},
        ):
            page = await found(one, **said)
            assert "One person has a name that begins like" in page.text
            assert len([each for each in page.links() if each.startswith("/record/")]) == 1


async def test_nobody_found_is_said_honestly(site: Site) -> None:
    """That nobody is known here is not that nobody knows them; a role that finds only its own people is told so."""
    async with visitor(site, "demo-gp") as one, visitor(site, "demo-mdt-member") as other:
        page = await found(one, number="999 000 0018")
        assert "known here. That does not mean that nobody knows them" in page.text
        assert "Your role" not in page.text
        page = await found(other, number=site.people["bill"].nhs_number)
        assert "Your role finds people only in whose care you are known to be involved" in page.text


@pytest.mark.parametrize(
    ("said", "words", "field"),
    [
        ({}, "Enter an NHS number, or a family name", "#number"),
        ({"number": "999 209 335"}, "An NHS number has 10 digits", "#number"),
        ({"number": "999 209 3359"}, "This cannot be an NHS number: check each digit", "#number"),
        ({"family": "Crowhurst"}, "Enter a date of birth or a postcode beside the name", "#born-day"),
        ({"postcode": "QX1 3WC"}, "Enter a family name", "#family"),
        ({"family": "Crowhurst", "born_day": "31", "born_month": "2", "born_year": "1959"}, "must be a real date", "#born-day"),
        ({"family": "Crowhurst", "born_day": "1", "born_month": "2", "born_year": "2059"}, "must be in the past", "#born-day"),
    ],
)
async def test_what_is_wrong_with_the_form_is_said_beside_the_field(
    site: Site, said: dict[str, str], words: str, field: str
) -> None:
    """The summary leads to the field, the title begins with Error, and what was written is still there."""
    async with visitor(site, "demo-gp") as one:
        page = await found(one, **said)
        assert page.status == 400
        assert str(page.tree.findtext(".//title")).startswith("Error: ")
        (link,) = page.tree.xpath("//*[contains(@class,'nhsuk-error-summary')]//a")
        assert words in link.text_content()
        assert link.get("href") == field
        assert page.tree.xpath(f"//*[@id='{field[1:]}']")
        assert {name: page.fields("/record")[name.replace("_", "-")] for name in said} == said


async def test_the_banner_says_who_it_is(site: Site) -> None:
    """NHS Common User Interface: FAMILY, Given (Title); Born; Gender; NHS number 3-3-4; the second row on request; records of the
    person that do not agree are a warning."""
    bill = site.people["bill"]
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/record/{site.ids['bill']}")
        (shown,) = page.tree.xpath("//*[@class='app-patient']")
        words = [" ".join(each.text_content().split()) for each in shown.xpath(".//dt|.//dd")]
        assert dict(zip(words[2::2], words[3::2], strict=True)) == {
            "Born": "23-Nov-1959 (66y)", "Gender": "Male", "NHS number": "999 209 3358",
        }  # fmt: skip
        assert re.fullmatch(r"CROWHURST, William( Arthur)? \(Mr\)", words[1])
        (more,) = page.tree.xpath("//*[@class='app-patient-more']")
        told = " ".join(more.text_content().split())
        assert "Make sure who this is. The 5 records of this person do not agree: name CROWHURST, William or" in told
        assert bill.address.postcode in " ".join(more.xpath(".//details")[0].text_content().split())
        assert not more.xpath(".//details/@open")


async def test_tabs_of_two_records_are_told_apart_by_what_says_nothing_of_either(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        pages = [await one.get(f"/record/{site.ids[who]}{part}") for who in ("laura", "bill") for part in ("", "/plan")]
        titles = [str(page.tree.findtext(".//title")) for page in pages]
        said = [re.fullmatch(r"(Summary|Plan) · ([0-9a-f]{4}) – interop", each) for each in titles]
        marks = [each[2] for each in said if each is not None]
        assert [marks[0], marks[2]] == [marks[1], marks[3]]
        assert marks[0] != marks[2]
        assert str((await one.get("/record")).tree.findtext(".//title")) == "Find a person – interop"


async def test_the_summary_says_of_each_item_who_says_it_and_when(site: Site) -> None:
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/record/{site.ids['laura']}")
        assert page.status == 200
        for card, words, source in (
            ("alerts", "Key safe by the back door", "Ms Dawn Hartnoll, Oakshaw Surgery · 02-Oct-2026"),
            ("allergies", "Allergy to penicillin", "Dr Ruth Ansley, Oakshaw Surgery · 02-May-1988"),
            ("matters", "to stay in my own home", "Oakshaw Surgery · 02-Oct-2026"),
            ("problems", "Osteoporosis", "Oakshaw Surgery ·"),
            ("medicines", "Alendronic acid 70mg tablets", "Oakshaw Surgery · 27-Apr-2024"),
            ("contacts", "Home visit", "Oakshaw Surgery · 14-Oct-2026"),
            ("appointments", "Falls and bone health: new patient", "Eastmere General Hospital · 22-Oct-2026"),
            ("results", "118 mm Hg", "Oakshaw Surgery · 14-Oct-2026"),
        ):
            (section,) = page.tree.xpath(f"//section[@aria-labelledby='card-{card}']")
            items = [" ".join(each.text_content().split()) for each in section.xpath(".//li")]
            assert any(words in each and source in each for each in items), (card, items)
        for each in page.tree.xpath("//ul[contains(@class,'app-lines')]/li"):
            assert re.search(r"\w", each.xpath(".//p[@class='app-source']")[0].text_content()), each.text_content()


async def test_what_is_not_there_is_said_in_words(site: Site) -> None:
    """None recorded is said where the API says so; of what a role is not given that is said."""
    async with visitor(site, "demo-gp") as one, visitor(site, "demo-coordinator") as desk:
        page = await one.get(f"/record/{site.ids['bill']}")
        (results,) = page.tree.xpath("//section[@aria-labelledby='card-results']")
        assert "None recorded" in results.text_content()
        page = await desk.get(f"/record/{site.ids['bill']}")
        for name in ("problems", "contacts", "results"):
            (section,) = page.tree.xpath(f"//section[@aria-labelledby='card-{name}']")
            assert "Not shown to this role." in section.text_content()


async def test_a_record_that_is_not_open_says_why_and_what_to_do(site: Site) -> None:
    """The banner stands where who it is may be known; nothing else of the record does."""
    bill = site.ids["bill"]
    async with visitor(site, "demo-ambulance-clinician") as crew, visitor(site, "demo-mdt-member") as other:
        page = await crew.get(f"/record/{bill}")
        assert page.status == 403
        assert page.title == "This record is not open to you"
        assert "CROWHURST, William" in page.text
        assert "Withheld (no consent)" in page.text
        assert "you are not known to be involved in their care" in page.text
        assert f"/record/{bill}/access" in page.links()
        assert "your reason is recorded and the privacy officer is told" in page.text
        assert "allotment" not in page.text
        assert "Donepezil" not in page.text
        unknown, not_theirs = await other.get("/record/nobody"), await other.get(f"/record/{bill}")
        assert unknown.status == not_theirs.status == 404
        assert unknown.text == not_theirs.text
        assert "CROWHURST" not in not_theirs.text
        assert "/access" not in " ".join(not_theirs.links())


def made(site: Site, *patients: dict[str, Any]) -> list[str]:
    """Patients that the practice writes; their ids."""
    entries = [
        {"resource": {"resourceType": "Patient", **each}, "request": {"method": "POST", "url": "Patient"}} for each in patients
    ]
    with site.client("gp", "G99901") as client:
        answer = client.post("/fhir", json={"resourceType": "Bundle", "type": "transaction", "entry": entries})
        assert answer.status_code == 200, answer.text
    return [each["response"]["location"].split("Patient/")[1].partition("/")[0] for each in answer.json()["entry"]]


def shown(page: Page) -> dict[str, str]:
    """The banner, by its labels."""
    (banner,) = page.tree.xpath("//*[@class='app-patient']")
    (more,) = page.tree.xpath("//*[@class='app-patient-more']")
    words = [" ".join(each.text_content().split()) for part in (banner, more) for each in part.xpath(".//dt|.//dd")]
    return dict(zip(words[::2], words[1::2], strict=True))


async def test_the_banner_of_the_dead_of_children_and_of_whom_little_is_known(site: Site) -> None:
    """Not known is said where nothing is; a number that nobody has verified is marked; the age at death stands with the death."""
    number = {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}
    dead, child, unknown, ended = await to_thread.run_sync(
        made, site,
        {"name": [{"family": "Alder", "given": ["MAY"]}], "birthDate": "1940-06-01", "gender": "female",
         "deceasedDateTime": "2026-05-31"},
        {"name": [{"family": "Birch", "given": ["Tom"]}], "birthDate": "2024-12-25", "gender": "unknown", "identifier": [number]},
        {"name": [{"use": "nickname", "given": ["Red"]}]},
        {"name": [{"family": "Cedar"}], "deceasedBoolean": True},
    )  # fmt: skip
    async with visitor(site, "demo-gp") as one:
        said = shown(await one.get(f"/record/{dead}"))
        assert said["Name"] == "ALDER, May"
        assert said["Born"] == "01-Jun-1940"
        assert said["Died"] == "31-May-2026 (85y)"
        assert said["Gender"] == "Female"
        assert said["NHS number"] == "Not known"
        said = shown(await one.get(f"/record/{child}"))
        assert said["Born"] == "25-Dec-2024 (21m 20d)"
        assert said["Gender"] == "Not known"
        assert said["NHS number"] == "999 000 0018 Verification not stated, a test number"
        assert said["Address"] == said["Telephone"] == "Not known"
        said = shown(await one.get(f"/record/{unknown}"))
        assert said["Name"] == "Name not recorded known as Red"
        assert said["Born"] == "Not known"
        page = await one.get(f"/record/{ended}")
        assert shown(page)["Died"] == "date not known"
        assert page.tree.xpath("//*[@class='app-patient__died']")


async def test_of_who_hides_where_they_are_nothing_is_shown_that_leads_there(site: Site) -> None:
    """The API takes it out; the page says that it is not given, and not that it is not known."""
    label = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
    home = {
        "address": [{"line": ["9 Hidden Row"], "postalCode": "QX9 9ZZ"}],
        "telecom": [{"system": "phone", "value": "01632960999"}],
    }
    (hidden,) = await to_thread.run_sync(
        made,
        site,
        {"name": [{"family": "Cedar", "given": ["Ann"]}], "birthDate": "1990-01-01", "meta": {"security": [label]}, **home},
    )
    async with visitor(site, "demo-gp") as one:
        page = await one.get(f"/record/{hidden}")
        assert shown(page)["Address"] == shown(page)["Telephone"] == "Not given for this person."
        assert "Hidden Row" not in page.answer.text
        page = await found(one, family="Cedar", born_day="1", born_month="1", born_year="1990")
        assert "Not given for this person." in page.text
        page = await found(one, family="Cedar", postcode="QX9 9ZZ")
        assert "CEDAR" not in page.text


async def test_too_many_are_some_of_them_and_one_is_asked_to_say_more(site: Site) -> None:
    people = [{"name": [{"family": "Zelkova", "given": [f"No{each}"]}], "birthDate": "1950-05-05"} for each in range(12)]
    await to_thread.run_sync(made, site, *people)
    async with visitor(site, "demo-gp") as one:
        page = await found(one, family="Zelk", born_day="5", born_month="5", born_year="1950")
        assert "More than 10 people have a name that begins like Zelk" in page.text
        assert "say more to find the one whom you mean" in page.text
        assert len([each for each in page.links() if each.startswith("/record/")]) == 10


async def test_of_many_problems_it_is_told_how_many_there_are_and_a_link_shows_all(fresh: Site) -> None:
    condition = {
        "resourceType": "Condition",
        "category": [coded("problem-list-item", "http://terminology.hl7.org/CodeSystem/condition-category")],
        "clinicalStatus": coded("active", "http://terminology.hl7.org/CodeSystem/condition-clinical"),
        "subject": {"reference": f"Patient/{fresh.ids['bill']}"},
    }
    for at in range(14):
        await api(
            fresh, ("gp", fresh.people["bill"].practice.ods), "POST", "/fhir/Condition", condition | {"code": {"text": f"P{at}"}}
        )
    async with visitor(fresh, "demo-gp") as one:
        page = await one.get(f"/record/{fresh.ids['bill']}")
        (said,) = page.tree.xpath("//section[@aria-labelledby='card-problems']/p[@class='app-lead']")
        total = int(said.text_content().split()[2])
        assert total >= 14
        assert said.text_content() == f"12 of {total} shown: All problems"
        whole = await one.get(said.xpath("a/@href")[0])
        assert len(whole.tree.xpath("//section[@aria-labelledby='card-problems']/ul/li")) == total
        assert not whole.tree.xpath("//section[@aria-labelledby='card-problems']/p[@class='app-lead']")


@pytest.mark.long
async def test_no_allergy_and_no_alert_is_behind_a_number(fresh: Site) -> None:
    """Eight of twelve and "4 more in the record" is a ninth that is given."""
    bill = {"reference": f"Patient/{fresh.ids['bill']}"}

    def write() -> None:
        with fresh.client("gp", fresh.people["bill"].practice.ods) as practice:
            for at in range(12):
                flag = {"resourceType": "Flag", "status": "active", "subject": bill, "code": {"text": f"Danger {at}"}}
                for each in (allergy(f"a{at}", f"Substance {at}", patient=bill), flag):
                    answer = practice.post(f"/fhir/{each['resourceType']}", json=each)
                    assert answer.is_success, answer.text

    await to_thread.run_sync(write)
    async with visitor(fresh, "demo-gp") as one:
        page = await one.get(f"/record/{fresh.ids['bill']}")
        for at in range(12):
            assert f"Substance {at} " in page.text
            assert f"Danger {at} " in page.text
        assert "the others are in the record" not in page.text


@pytest.mark.parametrize("of", [".app-line", ".app-details", ".app-words", ".app-note"])
def test_lines_that_an_author_broke_stay_broken(of: str) -> None:
    """ "CPR: not for CPR" before "If breathless: morphine" must not read as one sentence."""
    sheet = assets()["record.css"].body.decode()
    rules = [rule for rule in sheet.split("}") if of in [each.strip() for each in rule.partition("{")[0].split(",")]]
    assert any("white-space: pre-line" in rule for rule in rules)


@pytest.mark.parametrize(
    ("names", "alike"),
    [
        (["SAMENAME, Pat (Mr)", "SAMENAME, Pat (Mrs)"], True),
        (["SAMENAME, Pat", "SAMENAME, Peter"], True),
        (["SAMENAME, Pat", "SAMENAMES, Pat"], False),
        (["SAMENAME, Pat", "SAMENAME, Ann"], False),
        (["SAMENAME, Pat"], False),
    ],
)
def test_that_two_who_were_found_are_called_alike_is_said(names: list[str], alike: bool) -> None:
    """Father and son, twins, and two who share a name and a birthday."""
    assert namesakes([{"name": each} for each in names]) is alike
