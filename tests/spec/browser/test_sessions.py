"""Two people at two computers, a screen that somebody has left, and pages without scripts."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from interop.api.signon.sessions import IDLE
from tests.spec.browser.accessible import axe
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.signing import signed_off, signed_on, went

pytestmark = pytest.mark.anyio


async def test_two_people_at_once(opens: Opens, site: Site) -> None:
    """One signs out, the other goes on."""
    gp, crew = await opens(site), await opens(site, "phone")
    await signed_on(gp, "demo-gp", "/record")
    await signed_on(crew, "demo-ambulance-clinician", "/crew")
    await signed_off(gp)
    await gp.go_back()
    await gp.goto("/record")
    await expect(gp).to_have_title("Sign in – interop")
    assert (await went(crew, "/crew")).status == 200
    await expect(crew.get_by_role("heading", level=1)).to_have_text("Find a person")


@pytest.mark.long
async def test_a_page_that_was_left_is_not_there_by_the_back_button(opens: Opens, site: Site) -> None:
    """Who comes next to a shared screen sees nothing of who was there before."""
    page = await opens(site)
    await signed_on(page, "demo-gp", f"/record/{site.ids['laura']}")
    await expect(page.get_by_text("ORMSGILL").first).to_be_visible()
    await signed_off(page)
    for _ in range(3):
        await page.go_back()
        await expect(page.get_by_text("ORMSGILL")).to_have_count(0)


@pytest.mark.long
async def test_a_screen_that_was_left_says_kindly_that_one_was_signed_out(opens: Opens, fresh: Site) -> None:
    """And leads back to where one was."""
    page = await opens(fresh)
    await signed_on(page, "demo-gp", "/record")
    await fresh.passes(IDLE + 1)
    assert (await went(page, "/record")).status == 401
    await expect(page.get_by_role("heading", level=1)).to_have_text("You have been signed out")
    await axe(page)
    await page.get_by_role("link", name="Sign in and go on").click()
    await page.locator('input[name="user"][value="demo-gp"]').check()
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(lambda url: urlsplit(url).path == "/record")
