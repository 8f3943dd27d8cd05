"""The co-ordination desk in a browser: Laura's urgent response, two at one desk, a list that keeps itself up to date."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.people import Site
from tests.spec.browser.pictures import shot
from tests.spec.browser.signing import signed_on
from tests.spec.pages.desk import asked_of_desk, book_opened, refer

pytestmark = pytest.mark.anyio
LIST = "/desk/urgent-response"
NOW = "() => dispatchEvent(new Event('online'))"
"""What makes a list ask at once instead of within ten seconds."""
LATE = """() => {
  const fetched = window.fetch;
  window.fetch = async (...said) => {
    window.fetch = fetched;
    const answer = await fetched(...said), words = await answer.text();
    const headers = { get: name => name === 'x-as-of' ? '07:00:00' : answer.headers.get(name) };
    await new Promise(done => { window.comes = done; });
    return { status: answer.status, headers, text: async () => words };
  };
  dispatchEvent(new Event('online'));
}"""
"""A list asks, and has the answer, which says that it is of seven o'clock, when ``COMES`` lets it come."""
COMES = "() => new Promise(done => { window.comes(); delete window.comes; setTimeout(done); })"


async def everyone_can_use(page: Page) -> None:
    """Nothing of axe-core's rules is broken, nothing is too wide, the keyboard reaches everything."""
    await axe(page)
    await within(page)
    await keyboard(page)


@pytest.mark.long
async def test_laura_from_the_crews_referral_to_the_outcome(opens: Opens, fresh: Site) -> None:
    """The list is open; she comes while somebody reads it, and nothing moves until they say so."""
    await refer(fresh, "bill")
    page = await opens(fresh)
    await signed_on(page, "demo-coordinator", LIST)
    bill = page.get_by_role("link", name="CROWHURST")
    await bill.focus()
    await refer(fresh)
    await page.evaluate(NOW)
    show = page.get_by_role("button", name="Show: 1 new")
    await expect(show).to_be_visible()
    await expect(bill).to_be_focused()
    await expect(page.get_by_role("link", name="ORMSGILL")).to_have_count(0)
    await expect(page.get_by_role("status")).to_contain_text("1 new. Choose Show")
    await everyone_can_use(page)
    await show.press("Enter")
    laura = page.locator(".desk-line", has_text="ORMSGILL")
    await expect(laura).to_be_focused()
    await expect(laura).to_contain_text("2 hours left")
    await shot(page, "desk-list")
    await laura.get_by_role("link").press("Enter")
    await page.get_by_role("button", name="Take it").press("Enter")
    await page.get_by_label("Another team").fill("Locality team")
    await page.get_by_role("button", name="Team is asked").click()
    await page.get_by_role("button", name="The team says yes").click()
    await expect(page.get_by_role("button", name="The team says yes")).to_have_count(0)
    await everyone_can_use(page)
    await fresh.passes(600)
    await page.get_by_label("Time of arrival").fill("08:38")
    await page.get_by_role("button", name="Note arrival").click()
    await expect(page.get_by_role("button", name="Finish")).to_be_visible()
    await fresh.passes(0)
    await page.reload()
    await expect(page.get_by_text("Somebody was there in time")).to_be_visible()
    await shot(page, "desk-response")
    await page.get_by_label("Seen and helped, stays at home").check()
    await page.get_by_role("button", name="Finish").click()
    await expect(page.get_by_text("Finished")).to_be_visible()
    await page.goto(LIST)
    await expect(page.locator(".desk-line")).to_have_count(1)


@pytest.mark.long
async def test_two_at_one_desk(opens: Opens, fresh: Site) -> None:
    """One takes it; the other, whose page is older, is told who has it, and sees it on the list without loading it again."""
    await refer(fresh)
    where = f"/desk/response/{fresh.ids['laura']}"
    eve, ada, board = await opens(fresh), await opens(fresh, "phone"), await opens(fresh)
    await signed_on(board, "demo-coordinator", LIST)
    await signed_on(eve, "demo-coordinator", where)
    await signed_on(ada, "demo-gp", where)
    await eve.get_by_role("button", name="Take it").dblclick()
    await expect(eve.get_by_text("(you)")).to_be_visible()
    await expect(eve.locator(".desk-steps li")).to_have_count(1)
    await ada.get_by_role("button", name="Take it").click()
    await expect(ada.get_by_role("alert").first).to_contain_text("Eve Nash (Coordinator, G99901) has it now")
    await everyone_can_use(ada)
    await board.evaluate(NOW)
    await expect(board.locator(".desk-line")).to_contain_text("Eve Nash")


@pytest.mark.long
async def test_what_an_open_list_says_of_itself_is_true(opens: Opens, fresh: Site) -> None:
    """As of when; that the connection is lost, and since when what is shown may be out of date; that it is paused; who has gone."""
    await refer(fresh)
    page = await opens(fresh)
    await signed_on(page, "demo-coordinator", LIST)
    fresh.clock.advance(30)
    await page.evaluate(NOW)
    await expect(page.get_by_text("As of 08:30:30.")).to_be_visible()
    await page.route("**/live", lambda route: route.fulfill(status=429))
    fresh.clock.advance(30)
    await page.evaluate(NOW)
    lost = page.get_by_text("Connection lost. What you see is as of 08:30:30 and may be out of date.")
    await expect(lost).to_be_visible()
    await axe(page)
    await page.unroute("**/live")
    await page.evaluate(NOW)
    await expect(lost).not_to_be_visible()
    await expect(page.get_by_text("As of 08:31:00.")).to_be_visible()
    await expect(page.get_by_text("1 hour 59 minutes left")).to_be_visible()
    await page.get_by_role("button", name="Pause updates").press("Enter")
    await expect(page.get_by_text("Updates are paused.")).to_be_visible()
    fresh.clock.advance(60)
    await page.evaluate(NOW)
    await expect(page.get_by_text("As of 08:31:00.")).to_be_visible()
    await page.get_by_role("button", name="Go on updating").press("Enter")
    await expect(page.get_by_text("As of 08:32:00.")).to_be_visible()
    other = await opens(fresh)
    await signed_on(other, "demo-gp", f"/desk/response/{fresh.ids['laura']}")
    await other.get_by_role("button", name="Take it").click()
    await other.get_by_label("Another team").fill("Night team")
    await other.get_by_role("button", name="Team is asked").click()
    await other.get_by_text("The team is there").click()
    await other.get_by_role("button", name="Note arrival").click()
    await expect(other.get_by_role("button", name="Finish")).to_be_visible()
    await fresh.passes(0)
    await page.evaluate(NOW)
    await expect(page.locator(".desk-line")).to_contain_text("No longer on this list.")
    await page.get_by_role("button", name="Show: 1 no longer on the list").click()
    await expect(page.locator(".desk-line")).to_have_count(0)


@pytest.mark.long
async def test_an_answer_that_comes_late_changes_nothing(opens: Opens, fresh: Site) -> None:
    """After that to a later question; and while updates are paused."""
    page = await opens(fresh)
    await signed_on(page, "demo-coordinator", LIST)
    fresh.clock.advance(30)
    await page.evaluate(LATE)
    await page.wait_for_function("() => window.comes")
    await page.evaluate(NOW)
    await expect(page.get_by_text("As of 08:30:30.")).to_be_visible()
    await page.evaluate(COMES)
    assert await page.get_by_text("As of 08:30:30.").is_visible()
    await page.evaluate(LATE)
    await page.wait_for_function("() => window.comes")
    await page.get_by_role("button", name="Pause updates").press("Enter")
    await page.evaluate(COMES)
    assert await page.get_by_text("As of 08:30:30.").is_visible()
    await expect(page.get_by_text("Updates are paused.")).to_be_visible()


@pytest.mark.long
@pytest.mark.parametrize("shape", ["phone", "desktop"])
async def test_everyone_can_use_the_desk(opens: Opens, fresh: Site, shape: str) -> None:
    laura = fresh.ids["laura"]
    await refer(fresh)
    await asked_of_desk(fresh, "cancel-booking", "Somebody has died who has a booking: look at it and cancel it")
    await book_opened(fresh, 11, 14)
    page = await opens(fresh, shape)
    await signed_on(page, "demo-coordinator", "/desk")
    for path in (
        "/desk",
        LIST,
        "/desk/co-ordination",
        f"/desk/response/{laura}",
        f"/desk/tasks/{fresh.ids['bill']}",
        "/desk/appointments",
        f"/desk/appointments/{laura}",
        f"/desk/book/{laura}",
        "/desk/clinics",
    ):
        await page.goto(path)
        await everyone_can_use(page)
    await page.goto(f"/desk/book/{laura}")
    await page.get_by_role("button", name="Book").click()
    await expect(page.get_by_role("heading", name="There is a problem")).to_be_visible()
    await everyone_can_use(page)
    await page.get_by_role("link", name="Choose a time").click()
    await page.keyboard.press("Space")
    await page.get_by_role("button", name="Book").click()
    await expect(page.get_by_text("Thu 15-Oct-2026 11:00 to 11:30 (Today)")).to_be_visible()
    await shot(page, f"desk-appointments-{shape}")
    await page.get_by_role("link", name="Move or cancel").click()
    await expect(page.get_by_role("heading", name="Move it")).to_be_visible()
    await everyone_can_use(page)
    gp = await opens(fresh, shape)
    await signed_on(gp, "demo-gp", "/desk")
    await expect(gp.locator(".desk-card", has_text="Integrated locality review")).to_contain_text("0 people")
    for path in ("/desk", "/desk/mdt", f"/desk/meeting/{laura}", "/desk/relink"):
        await gp.goto(path)
        await everyone_can_use(gp)


@pytest.mark.long
async def test_without_scripts(opens: Opens, fresh: Site) -> None:
    await refer(fresh)
    page = await opens(fresh, "phone", scripts=False)
    await signed_on(page, "demo-coordinator", "/desk")
    await page.get_by_role("link", name="Open urgent responses").click()
    await expect(page.get_by_text("Load the page again to see what has changed.")).to_be_visible()
    await page.get_by_role("link", name="ORMSGILL").click()
    await page.get_by_role("button", name="Take it").click()
    await page.get_by_text("Nobody goes").first.click()
    await page.get_by_label("Why nobody goes").fill("Her daughter is with her")
    await page.get_by_role("button", name="Nobody goes").click()
    await expect(page.get_by_text("Nobody goes: Her daughter is with her")).to_be_visible()
