"""The message browser of the console, as whoever runs the engine uses it: by pointer, by keyboard, on a phone, without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.pictures import shot
from tests.spec.browser.signing import signed_on, went
from tests.spec.pages.test_console_messages import shelved

pytestmark = pytest.mark.anyio
USER = "demo-operator"
MESSAGES = "/console/messages"
LIT = "app-linked"


async def opened(page: Page, site: Site) -> None:
    """The newest message of the hospital, with its values."""
    await went(page, f"{MESSAGES}?feed=hospital&state=applied")
    await page.locator("tbody th a").first.click()
    await expect(page.locator(".app-field__value").first).to_have_text("•••")
    await page.get_by_text("Values are hidden.").click()
    await page.get_by_label("To check or change a mapping table").check()
    await page.get_by_role("button", name="Show values").click()
    await expect(page.get_by_text("Values are shown.")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("shape", ["phone", "desktop"])
async def test_everyone_can_use_them(opens: Opens, site: Site, shape: str) -> None:
    page = await opens(site, shape)
    await signed_on(page, USER, MESSAGES)
    await axe(page)
    await within(page)
    for path in (f"{MESSAGES}?since=x", "/console/shelf", "/console/replay"):
        await went(page, path)
        await axe(page)
        await within(page)
    await opened(page, site)
    await axe(page)
    await within(page)


async def test_a_field_and_what_it_became_show_each_other(desktop: Page, site: Site) -> None:
    """Under the pointer, and by arrow keys."""
    await signed_on(desktop, USER, MESSAGES)
    await shot(desktop, "console-messages")
    await opened(desktop, site)
    field = desktop.locator(".app-field", has_text="PID-5")
    name = desktop.locator("tr[data-from]", has_text="PAT030").first
    await expect(desktop.locator("#arrows")).to_be_visible()  # the script has begun to listen
    await field.hover()
    for each in (field, name):
        await expect(each).to_contain_class(LIT)
    await expect(desktop.locator("#told")).to_contain_text("PID-5: carried as Patient.name (PAT030)")
    await field.get_by_role("link").focus()
    await expect(name).to_be_in_viewport()
    await shot(desktop, "console-message")
    await desktop.keyboard.press("ArrowRight")
    await expect(desktop.locator("#told")).to_contain_text("PID-7: carried as Patient.birthDate")
    await expect(field).not_to_contain_class(LIT)
    await name.get_by_role("link").focus()
    await expect(desktop.locator("#told")).to_contain_text("Patient.name by row PAT030")
    await expect(field).to_contain_class(LIT)


@pytest.mark.long
async def test_by_the_keyboard_alone(desktop: Page, site: Site) -> None:
    await signed_on(desktop, USER, MESSAGES)
    await keyboard(desktop, "Find")
    await desktop.keyboard.press("Enter")
    await desktop.wait_for_url("**/messages?feed=*")
    await went(desktop, f"{MESSAGES}?feed=hospital&state=applied")
    await desktop.locator("tbody th a").first.focus()
    await desktop.keyboard.press("Enter")
    await expect(desktop.get_by_role("heading", level=1)).to_have_text(re.compile(r"^Message \d+"))
    await keyboard(desktop, "Values are hidden. Open the message")
    await desktop.keyboard.press("Enter")
    await desktop.keyboard.press("Tab")
    await desktop.keyboard.press("Space")
    await desktop.keyboard.press("Tab")
    await desktop.keyboard.press("Enter")
    await expect(desktop.get_by_text("Values are shown.")).to_be_visible()
    await keyboard(desktop, "MSH-1")


@pytest.mark.long
async def test_without_scripts(opens: Opens, site: Site) -> None:
    page = await opens(site, "phone", scripts=False)
    await signed_on(page, USER, MESSAGES)
    await opened(page, site)
    await page.get_by_role("link", name="PID-5", exact=True).first.click()
    await expect(page.locator("tr:target")).to_contain_text("Patient.name")


@pytest.mark.long
async def test_what_is_on_the_shelf_is_mapped_again_and_gone(opens: Opens, fresh: Site) -> None:
    page = await opens(fresh, "desktop")
    await shelved(fresh)
    await signed_on(page, USER, "/console/shelf")
    await axe(page)
    await shot(page, "console-shelf")
    await page.get_by_role("link", name="Replay messages of hospital").click()
    await page.get_by_role("button", name="See what would change").click()
    await expect(page.get_by_text("What a replay would change")).to_be_visible()
    await axe(page)
    await within(page)
    await shot(page, "console-replay")
    await page.get_by_role("button", name="Replay").click()
    await expect(page.get_by_role("alert")).to_contain_text("Write 2 to replay these messages")
    await axe(page)
    await page.get_by_label("To replay, write how many").fill("2")
    await page.get_by_role("button", name="Replay").click()
    await expect(page.get_by_text("That was the last of them.")).to_be_visible()
    await axe(page)
    await went(page, "/console/shelf")
    await expect(page.get_by_text("The shelf is empty")).to_be_visible()
