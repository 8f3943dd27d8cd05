"""Signing in and out: who one is, whose record is one's own, and the end of it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, expect

from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.signing import signed_off, signed_on

pytestmark = pytest.mark.anyio


@pytest.mark.long
async def test_everyone_can_use_the_page_of_the_api(phone: Page) -> None:
    await phone.goto("/api")
    await axe(phone)
    await within(phone)


@pytest.mark.parametrize("shape", ["phone", pytest.param("desktop", marks=pytest.mark.long)])
async def test_everyone_can_use_the_pages(opens: Opens, site: Site, shape: str) -> None:
    """The first page, those on which one signs in, is refused, and signs out."""
    page = await opens(site, shape)
    for path in ("/", "/auth/login?to=/", "/auth/callback?state=none"):
        await page.goto(path)
        await axe(page)
        await within(page)
    await signed_on(page, "demo-gp")
    await axe(page)
    await page.goto("/auth/logout")
    await axe(page)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("signed out")
    await axe(page)


async def test_by_the_keyboard_alone(desktop: Page) -> None:
    await desktop.goto("/auth/login?to=/")
    await keyboard(desktop, "Sign in")
    await desktop.keyboard.press("Enter")
    await desktop.wait_for_url(lambda url: urlsplit(url).path == "/")
    await desktop.goto("/auth/logout")
    await keyboard(desktop, "Sign out")
    await desktop.keyboard.press("Enter")
    await expect(desktop.get_by_role("heading", level=1)).to_contain_text("signed out")


async def test_without_scripts(opens: Opens, site: Site) -> None:
    page = await opens(site, "phone", scripts=False)
    await signed_on(page, "demo-patient", record=site.ids["laura"])
    answer = await page.goto(f"/fhir/Patient/{site.ids['laura']}")
    assert answer is not None
    assert answer.status == 200
    await signed_off(page)
    answer = await page.goto(f"/fhir/Patient/{site.ids['laura']}")
    assert answer is not None
    assert answer.status == 401
