"""Letters, appointments and medicines of a person, from everywhere, each with who says it and when it came."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.spec.browser.people import Site
from tests.spec.pages.findings import HOSTILE, PDF, written
from tests.spec.pages.visitors import Page, Visitor, visitor

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def ids(site: Site) -> dict[str, str]:
    """Of what was written."""
    return await written(site)


@pytest.fixture(scope="module")
async def gp(site: Site, ids: dict[str, str]) -> AsyncIterator[Visitor]:
    async with visitor(site, "demo-gp") as one:
        yield one


def headings(page: Page, level: int) -> list[str]:
    """Of a page, those of a level."""
    return [" ".join(" ".join(each.itertext()).split()) for each in page.tree.xpath(f"//main//h{level}")]


async def test_letters_of_all_organisations_stand_in_one_list_the_latest_first(gp: Visitor, site: Site) -> None:
    page = await gp.get(f"/record/{site.ids['susan']}/letters")
    assert headings(page, 2) == ["NHS 111 Report", "Discharge letter", "Referrer", f"Clinic note {HOSTILE}"]
    assert "14-Oct-2026 18:30 , Mr Hugh Carrowmore" in page.text
    assert "Mereshire Ambulance and 111 Service (feed ambulance), received 15-Oct-2026 08:30" in page.text


async def test_a_structured_letter_is_shown_by_its_sections(gp: Visitor, site: Site) -> None:
    page = await gp.get(f"/record/{site.ids['susan']}/letters")
    (link,) = [each for each in page.links() if each.endswith("?type=Composition")]
    letter = await gp.get(link)
    assert letter.title == "NHS 111 Report"
    assert headings(letter, 2)[:2] == ["Patient's Reported Condition", "Pathways Disposition"]
    assert "Rest with the leg raised and use a cold pack." in letter.text


async def test_a_pdf_opens_as_the_api_serves_it(gp: Visitor, site: Site, ids: dict[str, str]) -> None:
    letter = await gp.get(f"/record/{site.ids['susan']}/letters/{ids['letter']}")
    assert "Open the document: PDF, 17 bytes" in letter.text
    (link,) = [each for each in letter.links() if each.startswith("/fhir/")]
    answer = (await gp.get(link)).answer
    assert answer.content == PDF
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == "attachment"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_document_that_its_source_keeps_is_said_to_be_there(gp: Visitor, site: Site) -> None:
    page = await gp.get(f"/record/{site.ids['susan']}/letters")
    (link,) = [str(each) for each in page.tree.xpath("//main//h2/a[. = 'Referrer']/@href")]
    letter = await gp.get(link)
    assert "The document itself is not here: its source keeps it." in letter.text
    assert not [each for each in letter.links() if each.startswith("/fhir/")]


async def test_hostile_markup_is_inert(gp: Visitor, site: Site, ids: dict[str, str]) -> None:
    """Its words are shown and nothing of it runs; saved, it is a file in a sandbox."""
    letter = await gp.get(f"/record/{site.ids['susan']}/letters/{ids['note']}")
    assert letter.title == f"Clinic note {HOSTILE}"
    assert "Knee locked." in letter.text
    assert "document.title=2" not in letter.text
    assert not letter.tree.xpath("//main//script | //main//img | //main//*[@onerror]")
    (link,) = [each for each in letter.links() if "/file?" in each]
    answer = (await gp.get(link)).answer
    assert answer.headers["content-disposition"] == 'attachment; filename="document-1.html"'
    assert answer.headers["content-security-policy"].startswith("sandbox")


async def test_a_letter_of_somebody_else_is_not_found_under_this_person(gp: Visitor, site: Site, ids: dict[str, str]) -> None:
    for path in (f"letters/{ids['letter']}", f"letters/{ids['note']}/file", "letters/none?type=Composition"):
        assert (await gp.get(f"/record/{site.ids['laura']}/{path}")).status == 404


async def test_appointments_to_come_stand_first_by_the_clock_on_the_wall(gp: Visitor, site: Site) -> None:
    page = await gp.get(f"/record/{site.ids['susan']}/appointments")
    assert headings(page, 2) == ["To come (3)", "Past"]
    assert headings(page, 3) == [
        "Tue 20-Oct-2026 18:30 to 19:00",
        "Wed 28-Oct-2026 09:40 to 10:00",
        "Tue 03-Nov-2026 18:30 to 19:10",
    ]
    assert "Where Fracture Clinic With Mr Hugh Carrowmore" in page.text
    assert "Eastmere General Hospital (feed hospital), received 15-Oct-2026 08:30" in page.text


async def test_medicines_stand_under_allergies_by_who_says_so(gp: Visitor, site: Site) -> None:
    page = await gp.get(f"/record/{site.ids['laura']}/medicines")
    assert headings(page, 2)[:2] == ["Allergies and adverse reactions", "Taken now, by who says so"]
    assert "penicillin" in page.text
    assert headings(page, 3) == ["Oakshaw Surgery"]
    assert "Alendronic acid 70mg tablets ONE TO BE TAKEN ON THE SAME DAY EACH WEEK" in page.text
    assert "No stay in hospital is recorded." in page.text


async def test_what_a_stay_did_is_told_before_and_after_and_no_absence_is_called_a_stop(gp: Visitor, site: Site) -> None:
    """The discharge of Susan is here and no list of medicines with it."""
    page = await gp.get(f"/record/{site.ids['susan']}/medicines")
    assert "In hospital from 14-Oct-2026 07:25 to 14-Oct-2026 18:20." in page.text
    (table,) = page.tree.xpath("//table")
    told = " ".join(" ".join(table.itertext()).split())
    assert "Not known (2) Before At discharge Co-codamol 30mg/500mg tablets" in told
    assert "INHALE TWO PUFFS WHEN REQUIRED" in told
    assert "Dr Ruth Ansley, Oakshaw Surgery, 13-Nov-2024" in told
    assert "Stopped" not in told
    assert "Naproxen 250mg tablets" in page.text
