"""The patient portal in a browser: Susan and her record, a carer and hers, on a tablet, on paper, by keyboard, without scripts."""

from __future__ import annotations

import re
from typing import Any, Final

import pytest
from anyio import to_thread
from playwright.async_api import Page, expect

from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.pictures import shot
from tests.spec.browser.signing import signed_on, went

pytestmark = pytest.mark.anyio
TABLET: Final[dict[str, Any]] = {"viewport": {"width": 820, "height": 1180}}
CARER = "https://demo.interop.invalid|demo-carer"


async def choose(page: Page, answer: str) -> None:
    """An answer to the question whether the record may be seen."""
    await page.get_by_role("link", name="Choices").click()
    await page.get_by_role("link", name=re.compile("Change this.*Sharing your record")).click()
    await page.get_by_label(answer, exact=True).check()
    await page.get_by_role("button", name="Record my choice").click()
    await expect(page.get_by_role("alert")).to_contain_text("Recorded: Sharing your record for your care.")


def collapses(site: Site) -> None:
    """A crew that may not see Susan's record declares an emergency, and looks."""
    susan = site.ids["susan"]
    said = {"resourceType": "Parameters", "parameter": [{"name": "reason", "valueString": "Collapsed in the street"}]}
    with site.client("ambulance-clinician", "RZC") as crew:
        assert crew.get(f"/fhir/Condition?patient={susan}").json().get("total", 0) == 0
        assert crew.post(f"/fhir/Patient/{susan}/$break-glass", json=said).is_success
        assert crew.get(f"/fhir/Patient/{susan}/$crew-card").is_success


@pytest.mark.long
async def test_susan_reads_refuses_and_sees_who_looked_all_the_same(fresh: Site, opens: Opens) -> None:
    """Her letter and her medicines; a clinician's page says less at once; an emergency is told to her."""
    page, surgery = await opens(fresh, **TABLET), await opens(fresh)
    susan = fresh.ids["susan"]
    await signed_on(page, "demo-patient", "/my", record=susan)
    await expect(page.get_by_role("heading", level=1)).to_have_text("Your health record")
    await axe(page)
    await shot(page, "my-record")
    await page.get_by_role("link", name="NHS 111 Report").click()
    await expect(page.get_by_role("main")).to_contain_text("Call again if the calf swells")
    await page.get_by_role("link", name="Back to your letters").click()
    await page.get_by_role("link", name="Back to your health record").click()
    await page.get_by_role("link", name="Medicines").click()
    await expect(page.get_by_role("main")).to_contain_text("ONE OR TWO UP TO FOUR TIMES A DAY FOR FIVE DAYS")
    await axe(page)
    await signed_on(surgery, "demo-gp", f"/record/{susan}")
    await expect(surgery.get_by_role("main")).to_contain_text("Co-codamol")
    await page.get_by_role("link", name="Back to your health record").click()
    await choose(page, "No")
    await axe(page)
    fresh.clock.advance(1)
    assert (await went(surgery, f"/record/{susan}")).status == 403
    await expect(surgery.get_by_role("main")).not_to_contain_text("Co-codamol")
    await to_thread.run_sync(collapses, fresh)
    await page.goto("/my/looked")
    look = page.get_by_role("listitem").filter(has_text="An ambulance crew").filter(has_text="the card for ambulance crews")
    await expect(look).to_contain_text("An ambulance crew, Mereshire Community Health")
    await expect(look).to_contain_text("Emergency. They said that it was an emergency, so consent was not asked for.")
    await axe(page)
    await shot(page, "who-looked")


@pytest.mark.long
async def test_a_carer_sees_one_person_until_she_ends_it(fresh: Site, opens: Opens) -> None:
    """She gives the code that the carer reads to her; nobody else is there to choose; a page that was open shows nothing more."""
    laura, edwin = await opens(fresh, **TABLET), await opens(fresh, "phone")
    await signed_on(edwin, "demo-carer", "/my")
    await expect(edwin.get_by_role("heading", level=1)).to_have_text("Nobody has let you see their record yet")
    await axe(edwin)
    code = await edwin.locator(".my-code").inner_text()
    assert code == CARER
    await signed_on(laura, "demo-patient", "/my/choices/carers", record=fresh.ids["laura"])
    await laura.get_by_label("Somebody else, by their carer code").check()
    await laura.get_by_label("Carer code of somebody else").fill(code)
    await axe(laura)
    await laura.get_by_role("button", name="Let them act for me").click()
    await expect(laura.get_by_role("alert")).to_contain_text("Recorded: Who may act for you.")
    fresh.clock.advance(1)
    await edwin.goto("/my")
    await expect(edwin.get_by_role("region", name="Whose record this is")).to_contain_text("Laura Margaret Ormsgill")
    await edwin.get_by_role("link", name="Plan", exact=True).click()
    await edwin.wait_for_url(re.compile(r"/plan$"))
    await expect(edwin.get_by_role("main")).to_contain_text("look after my garden")
    await axe(edwin)
    await within(edwin)
    assert (await went(edwin, f"/my/of/{fresh.ids['susan']}/plan")).status == 404
    await laura.get_by_role("link", name=re.compile("Change this.*who may act for you")).click()
    await laura.get_by_role("button", name=re.compile("End this.*demo-carer")).click()
    await expect(laura.get_by_role("main")).to_contain_text("Nobody")
    fresh.clock.advance(1)
    await edwin.goto("/my")
    await expect(edwin.get_by_role("heading", level=1)).to_have_text("Nobody has let you see their record yet")
    await expect(edwin.get_by_role("main")).not_to_contain_text("Ormsgill")


async def test_easy_read_is_large_and_one_thing_a_line(site: Site, opens: Opens) -> None:
    page = await opens(site, **TABLET)
    await signed_on(page, "demo-patient", "/my/plan/easy", record=site.ids["laura"])
    await axe(page)
    await within(page)
    await shot(page, "easy-read")
    small = await page.locator("main p:visible, main blockquote:visible, main li:visible").evaluate_all(
        "all => all.filter(each => parseFloat(getComputedStyle(each).fontSize) < 19).map(each => each.outerHTML)"
    )
    assert small == []
    await expect(page.get_by_role("heading", name="What do we do if something goes wrong?")).to_be_visible()


@pytest.mark.long
async def test_the_plan_on_paper_has_all_of_it_and_nothing_to_press(site: Site, opens: Opens) -> None:
    page = await opens(site)
    await signed_on(page, "demo-patient", "/my/plan", record=site.ids["laura"])
    await expect(page.get_by_role("button", name="Print this page")).to_be_visible()
    await page.evaluate("() => dispatchEvent(new Event('beforeprint'))")
    await page.emulate_media(media="print")
    await expect(page.get_by_text("Recommendation about cardiopulmonary resuscitation")).to_be_visible()
    await expect(page.get_by_text("Laura Margaret Ormsgill").first).to_be_visible()
    for each in ("Print this page", "Sign out", "See the plan as easy read", "Back to your health record", "What the API does"):
        await expect(page.get_by_text(each)).to_be_hidden()
    paper = await page.pdf(format="A4")
    assert paper.startswith(b"%PDF")
    assert 1 < paper.count(b"/Type /Page\n") + paper.count(b"/Type /Page/") <= 8


@pytest.mark.long
async def test_a_choice_by_the_keyboard_alone_and_what_was_forgotten(site: Site, opens: Opens) -> None:
    page = await opens(site)
    await signed_on(page, "demo-patient", "/my/choices/PSY", record=site.ids["bill"])
    await axe(page)
    await keyboard(page, "Record my choice")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Error: Choices – interop")
    await axe(page)
    await keyboard(page, "Choose one of the answers")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Space")
    await keyboard(page, "Record my choice")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Recorded: Mental health.")
    await expect(page.locator("dl > div").filter(has_text="Mental health")).to_contain_text("You said yes")


@pytest.mark.long
async def test_without_scripts_a_choice_is_recorded(site: Site, opens: Opens) -> None:
    page = await opens(site, "phone", scripts=False)
    await signed_on(page, "demo-patient", "/my/choices/ETH", record=site.ids["bill"])
    await expect(page.get_by_role("button", name="Print this page")).to_be_hidden()
    await page.get_by_label("No", exact=True).check()
    await page.get_by_role("button", name="Record my choice").click()
    await expect(page.locator("dl > div").filter(has_text="Alcohol and drugs")).to_contain_text("You said no")
    await within(page)


@pytest.mark.long
async def test_how_one_is_told_of_news_by_the_keyboard_alone(fresh: Site, opens: Opens) -> None:
    """On a phone without scripts it is the same; a mistake leads to where it is mended."""
    page = await opens(fresh)
    await signed_on(page, "demo-patient", "/my/choices/news", record=fresh.ids["bill"])
    await axe(page)
    await keyboard(page, "Record this choice")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Error: How you are told of news – interop")
    await axe(page)
    await keyboard(page, "Choose one of the answers")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Space")
    await keyboard(page, "Record this choice")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("Recorded: Text message first, then e-mail.")
    await axe(page)
    phone = await opens(fresh, "phone", scripts=False)
    await signed_on(phone, "demo-patient", "/my/choices", record=fresh.ids["bill"])
    await phone.get_by_role("link", name=re.compile("Change this.*how you are told of news")).click()
    await phone.get_by_label("Neither text messages nor e-mails").check()
    await phone.get_by_role("button", name="Record this choice").click()
    await expect(phone.get_by_role("main")).to_contain_text("As things stand nothing is sent.")
    await within(phone)
