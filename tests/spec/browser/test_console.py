"""The console in a browser: live, by keyboard, on a phone, and what the privacy officer sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from anyio import to_thread
from playwright.async_api import Page, expect

from conformance.examples import laura
from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import DAY, Site
from tests.spec.browser.pictures import shot
from tests.spec.browser.signing import signed_on

pytestmark = pytest.mark.anyio


async def test_the_overview_is_live_and_goes_on_after_it_was_stopped(fresh: Site, opens: Opens) -> None:
    page = await opens(fresh, "desktop")
    await signed_on(page, "demo-operator", "/console")
    await expect(page.locator("#live-words")).to_have_text("Live, as of")
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name="gp", exact=True))
    before = int(await row.get_by_role("cell").nth(1).inner_text())
    await page.get_by_role("button", name="Stop updating").click()
    await expect(page.locator("#live-words")).to_have_text("Not updated since")
    await page.get_by_role("button", name="Update again").click()
    body = next(each.body for each in laura.day(DAY + timedelta(days=1)) if each.feed.name == "gp")
    await fresh.told(("gp", body))
    await expect(row.get_by_role("cell").nth(1)).to_have_text(str(before + 1))
    await axe(page)
    await within(page)
    await shot(page, "console")
    await keyboard(page, "hospital")


@pytest.mark.long
async def test_what_has_to_be_done_is_one_sentence_and_one_action(fresh: Site, opens: Opens) -> None:
    def down() -> None:
        with fresh.client("tester") as tester:
            assert tester.post("/ingest/gp?source=down").status_code == 204

    page = await opens(fresh, "phone")
    await to_thread.run_sync(down)
    await signed_on(page, "demo-operator", "/console")
    await expect(page.get_by_role("listitem").filter(has_text="The source of gp is down")).to_contain_text(
        "Ask who runs the source"
    )
    await axe(page)
    await within(page)


@pytest.mark.long
@pytest.mark.parametrize("path", ["/console/tables", "/console/audit", "/console/conformance", "/console/feeds/hospital"])
async def test_the_other_pages_can_be_used_by_everyone(path: str, desktop: Page) -> None:
    await signed_on(desktop, "demo-operator", path)
    await axe(desktop)
    await within(desktop)


@pytest.mark.long
async def test_the_privacy_officer_sees_the_queue(phone: Page) -> None:
    await signed_on(phone, "demo-privacy-officer", "/console/privacy")
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Privacy")
    await axe(phone)
    await within(phone)
