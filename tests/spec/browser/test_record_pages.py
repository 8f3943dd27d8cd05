"""The record in a real browser: find the person, read the summary, the timeline and the one plan; add to it; on phone and desktop,
by keyboard, without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.pictures import shot
from tests.spec.browser.signing import signed_on

pytestmark = pytest.mark.anyio


async def add(page: Page, patient: str, heading: str, words: str) -> None:
    """By the form, as far as its button."""
    await page.goto(f"/record/{patient}/plan/add")
    await page.get_by_label("Heading").select_option(label=heading)
    await page.get_by_label("What the plan should say").fill(words)


async def test_a_clinician_finds_a_person_and_opens_the_record_by_keyboard(desktop: Page, site: Site) -> None:
    await signed_on(desktop, "demo-gp", "/record")
    await axe(desktop)
    await keyboard(desktop, "NHS number")
    await desktop.keyboard.type("999 209 33 59")
    await desktop.keyboard.press("Enter")
    await expect(desktop.get_by_role("alert")).to_contain_text("This cannot be an NHS number")
    await axe(desktop)
    await desktop.get_by_label("NHS number").fill(site.people["bill"].nhs_number)
    await desktop.keyboard.press("Enter")
    await expect(desktop.get_by_text("One person has the NHS number")).to_be_visible()
    await axe(desktop)
    names = await keyboard(desktop)
    await keyboard(desktop, next(each for each in names if each.startswith("CROWHURST")))
    await desktop.keyboard.press("Enter")
    await expect(desktop.get_by_role("heading", level=1)).to_have_text("Summary")
    await expect(desktop.get_by_role("region", name="Patient", exact=True)).to_contain_text("Born 23-Nov-1959 (66y)")
    await axe(desktop)
    await shot(desktop, "record-summary")


@pytest.mark.long
async def test_each_page_fits_a_phone_and_says_whose_it_is_all_the_way_down(opens: Opens, site: Site) -> None:
    """The banner stays when one scrolls; at 320 px nothing is wider than the screen; on a low screen it does not cover the page."""
    phone = await opens(site, "phone")
    await signed_on(phone, "demo-gp", f"/record/{site.ids['laura']}")
    banner = phone.get_by_role("region", name="Patient", exact=True)
    for path in ("", "/plan", "/timeline", "/plan/add"):
        await phone.set_viewport_size({"width": 390, "height": 844})
        await phone.goto(f"/record/{site.ids['laura']}{path}")
        await axe(phone)
        await phone.evaluate("scrollTo(0, document.body.scrollHeight)")
        await expect(banner).to_be_in_viewport()
        await phone.set_viewport_size({"width": 320, "height": 256})
        await within(phone)
        await phone.evaluate("scrollTo(0, document.body.scrollHeight)")
        await expect(banner).not_to_be_in_viewport()


@pytest.mark.long
async def test_bills_authors_do_not_agree_and_both_are_shown(opens: Opens, fresh: Site) -> None:
    """Two write at the same time: who comes second sees what the first wrote, and loses nothing."""
    bill = fresh.ids["bill"]
    one, other = await opens(fresh, "desktop"), await opens(fresh, "phone")
    await signed_on(one, "demo-gp", f"/record/{bill}/plan")
    await signed_on(other, "demo-coordinator", f"/record/{bill}/plan")
    await add(one, bill, "Preferred place of care", "At home, with Joan")
    await add(other, bill, "Preferred place of care", "Willow House, when nights cannot be borne at home")
    await one.get_by_role("button", name="Save").click()
    await one.wait_for_url(re.compile(r"/plan#place-of-care$"))
    await other.get_by_role("button", name="Save").click()
    await expect(other.get_by_role("heading", level=1)).to_have_text("The plan has changed since you opened it")
    await expect(other.get_by_role("region", name="Preferred place of care")).to_contain_text("At home, with Joan")
    await expect(other.get_by_label("What the plan should say")).to_have_value("Willow House, when nights cannot be borne at home")
    await axe(other)
    await within(other)
    await other.get_by_role("button", name="Save what I wrote").click()
    await other.wait_for_url(re.compile(r"/plan#place-of-care$"))
    await one.reload()
    place = one.get_by_role("region", name="Preferred place of care")
    await expect(place).to_contain_text("Authors do not agree: all that they say is shown.")
    await expect(place).to_contain_text("At home, with Joan")
    await expect(place).to_contain_text("Dr Ada Lark, Oakshaw Surgery")
    await expect(place).to_contain_text("Willow House, when nights cannot be borne at home")
    await expect(place).to_contain_text("Eve Nash, Oakshaw Surgery")
    left, right = [await each.bounding_box() for each in await place.get_by_role("listitem").all()]
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"]  # side by side
    await axe(one)
    await place.scroll_into_view_if_needed()
    await shot(one, "plan-conflict")


@pytest.mark.long
async def test_the_timeline_is_filtered_in_place_and_the_same_without_scripts(opens: Opens, site: Site) -> None:
    desktop, plain = await opens(site, "desktop"), await opens(site, "desktop", scripts=False)
    path = f"/record/{site.ids['laura']}/timeline"
    await signed_on(desktop, "demo-gp", path)
    await shot(desktop, "timeline")
    asked = len(opens.watching(desktop).asked)
    await desktop.get_by_text("Filter by kind, organisation or period").click()
    await desktop.get_by_label("Referrals and requests").check()
    await expect(desktop.locator(".app-event")).to_have_count(1)
    await expect(desktop.get_by_role("status")).to_have_text("1 of 1, the newest first.")
    assert [each for each in opens.watching(desktop).asked[asked:] if "/assets/" not in each] == [f"GET {path}"]
    await expect(desktop).to_have_url(re.compile(r"[?&]kind=referral(&|$)"))
    await axe(desktop)
    await desktop.get_by_label("Oakshaw Surgery").check()
    await expect(desktop.get_by_role("status")).to_contain_text("Take a filter away.")
    await signed_on(plain, "demo-gp", path)
    await plain.get_by_text("Filter by kind, organisation or period").click()
    await plain.get_by_label("Referrals and requests").check()
    await plain.get_by_role("button", name="Show").click()
    await expect(plain.locator(".app-event")).to_have_count(1)
    await expect(plain.get_by_label("Referrals and requests")).to_be_checked()


@pytest.mark.long
async def test_a_record_that_is_not_open_leads_to_the_ways_in_by_keyboard(phone: Page, site: Site) -> None:
    bill = site.ids["bill"]
    await signed_on(phone, "demo-gp", "/record")
    await phone.goto("/record/nobody")
    await expect(phone.get_by_role("heading", level=1)).to_have_text("This record is not open to you")
    await axe(phone)
    await within(phone)
    await keyboard(phone, "Find somebody else")
    await phone.goto(f"/record/{bill}/plan?print=yes")
    await expect(phone.get_by_text("Printed by Dr Ada Lark (GP, G99901) on 15-Oct-2026 08:30.")).to_be_visible()
    await axe(phone)
    await within(phone)
    await phone.emulate_media(media="print")
    await expect(phone.get_by_role("link", name="Add to the plan")).to_be_hidden()
    await expect(phone.get_by_text(site.people["bill"].address.postcode).first).to_be_visible()
