"""Signing on as people do: by the pages, in the browser."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from playwright.async_api import Page, Response, expect


async def signed_on(page: Page, user: str, to: str = "/", *, record: str = "") -> Page:
    """Sign on as a user of the demonstration (interop/signon/tables/demo-users.csv) and arrive at ``to``; ``record`` is the
    Patient that a patient is."""
    await page.goto(f"/auth/login?to={quote(to, safe='/')}")
    await page.locator(f'input[name="user"][value="{user}"]').check()
    if record:
        await page.locator('input[name="record"]').fill(record)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(lambda url: urlsplit(url).path == to)
    return page


async def signed_off(page: Page) -> None:
    """Sign off by the page on which one does."""
    await page.goto("/auth/logout")
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("signed out")


async def went(page: Page, path: str) -> Response:
    """Go somewhere; what was answered, of which the status may be asked."""
    answer = await page.goto(path)
    assert answer is not None, path
    return answer
