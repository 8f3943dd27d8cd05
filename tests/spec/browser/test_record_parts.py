"""Susan's results, letter and medicines as her doctors read them, and her record opened in an emergency."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.pictures import shot
from tests.spec.browser.signing import signed_on, went
from tests.spec.pages.findings import written

pytestmark = pytest.mark.anyio
DOCTOR = "demo-hospital-clinician"
REASON = "found unconscious at home, nobody with her"


@pytest.fixture(scope="module")
async def ids(site: Site) -> dict[str, str]:
    """Of what her day does not tell."""
    return await written(site)


@pytest.mark.long
@pytest.mark.parametrize("shape", ["desktop", "phone"])
async def test_susan_before_and_after_her_operation(opens: Opens, site: Site, ids: dict[str, str], shape: str) -> None:
    """The blood result, with what it was before; the letter; the medicines; what is to come. Everyone can use the pages."""
    page = await opens(site, shape)
    record = f"/record/{site.ids['susan']}"
    await signed_on(page, "demo-gp", f"{record}/results")
    await expect(page.get_by_role("img", name="Haemoglobin in g/L")).to_be_visible()
    await _usable(page)
    if shape == "desktop":
        await shot(page, "results")
    await page.get_by_role("row", name="Haemoglobin", exact=False).get_by_role("link", name="Haemoglobin", exact=True).click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Haemoglobin")
    await expect(page.get_by_role("cell", name="131 g/L")).to_be_visible()
    await _usable(page)
    await page.get_by_role("link", name="Letters").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Letters")
    await _usable(page)
    await page.get_by_role("link", name="NHS 111 Report").click()
    await expect(page.get_by_text("Rest with the leg raised")).to_be_visible()
    await _usable(page)
    await went(page, f"{record}/letters/{ids['note']}")
    await expect(page.get_by_text("Knee locked.")).to_be_visible()
    await _usable(page)
    await page.get_by_role("link", name="Medicines").click()
    await expect(page.get_by_role("rowheader", name="Co-codamol 30mg/500mg tablets")).to_be_visible()
    await _usable(page)
    if shape == "desktop":
        await shot(page, "medicines")
    await page.get_by_role("link", name="Appointments").click()
    await expect(page.get_by_role("heading", name="Tue 20-Oct-2026 18:30 to 19:00")).to_be_visible()
    await _usable(page)
    await page.get_by_role("link", name="Who may see this").click()
    await expect(page.get_by_role("heading", name="What you may see")).to_be_visible()
    await _usable(page)


@pytest.mark.long
async def test_a_letter_is_saved_and_runs_nothing(desktop: Page, site: Site, ids: dict[str, str]) -> None:
    await signed_on(desktop, "demo-gp", f"/record/{site.ids['susan']}/letters/{ids['letter']}")
    async with desktop.expect_download() as saved:
        await desktop.get_by_role("link", name="Open the document: PDF").click()
    download = await saved.value
    assert (await download.path()).read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_record_is_opened_in_an_emergency_by_the_keyboard_alone(opens: Opens, fresh: Site, scripts: bool) -> None:
    """Denied; what it means; declared; seen; and every page says so."""
    page = await opens(fresh, "phone", scripts=scripts)
    record = f"/record/{fresh.ids['susan']}"
    await signed_on(page, DOCTOR, "/record")
    assert (await went(page, f"{record}/results")).status == 403
    await _usable(page, scripts)
    if scripts:
        await keyboard(page, "Open this record in an emergency")
        await page.keyboard.press("Enter")
    else:
        await page.get_by_role("link", name="Open this record in an emergency").click()
    await page.wait_for_url(f"**{record}/break-glass*")
    await expect(page.get_by_text("The privacy officer is told")).to_be_visible()
    await _usable(page, scripts)
    await page.get_by_role("button", name="Open the record").click()
    await expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    await _usable(page, scripts)
    await page.get_by_label("Why you need the record now").fill(REASON)
    if scripts:
        await keyboard(page, "This is an emergency, and I have understood what happens")
        await page.keyboard.press("Space")
        await keyboard(page, "Open the record")
        await page.keyboard.press("Enter")
    else:
        await page.get_by_label("This is an emergency").check()
        await page.get_by_role("button", name="Open the record").click()
    await page.wait_for_url(f"**{record}/results")
    await expect(page.get_by_text("Emergency access until 12:30.")).to_be_visible()
    await expect(page.get_by_role("link", name="Haemoglobin estimation")).to_be_visible()
    await _usable(page, scripts)


@pytest.mark.long
async def test_the_person_sees_that_their_record_was_opened_in_an_emergency(opens: Opens, fresh: Site) -> None:
    doctor, person = await opens(fresh), await opens(fresh, "phone")
    record = f"/record/{fresh.ids['susan']}"
    await signed_on(doctor, DOCTOR, f"{record}/break-glass")
    await shot(doctor, "break-glass")
    await doctor.get_by_label("Why you need the record now").fill(REASON)
    await doctor.get_by_label("This is an emergency").check()
    await doctor.get_by_role("button", name="Open the record").click()
    await doctor.wait_for_url(f"**{record}")
    await signed_on(person, "demo-patient", "/my", record=fresh.ids["susan"])
    await went(person, "/my/looked")
    await expect(person.get_by_text("emergency").first).to_be_visible()
    await expect(person.get_by_text(REASON)).to_have_count(0)


async def _usable(page: Page, scripts: bool = True) -> None:
    """By everyone, and without scrolling sideways; axe itself is a script."""
    if scripts:
        await axe(page)
        await within(page)
