"""The crew card on a phone: one screen, one hand, no network, nobody else's eyes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from anyio import to_thread
from playwright.async_api import Page, Route, expect

from tests.spec.browser.accessible import axe, keyboard, within
from tests.spec.browser.chromium import Opens
from tests.spec.browser.crew import fill
from tests.spec.browser.people import Site, Three
from tests.spec.browser.pictures import shot
from tests.spec.browser.signing import signed_off, signed_on
from tests.spec.engine.running import quiet

pytestmark = pytest.mark.anyio
CREW: Final = "demo-ambulance-clinician"
SCREEN: Final = 844
GLANCED: Final = (
    "999 501 6303", "Not for cardiopulmonary resuscitation", "12-Sep-2026 · Dr Ruth Ansley", "Dog in the house", "penicillin",
    "stay in my own home", "If she is in pain", "Glasses, hearing aids", "Morphine", "Care: Home",
)  # fmt: skip
"""What is to be read without a touch."""
HEIGHT: Final = "document.scrollingElement.scrollHeight"
SMALL: Final = """() => [...document.querySelectorAll('main a, main summary, main button, header a')]
  .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 44).map(each => each.outerHTML.slice(0, 120))"""
"""What is to be tapped and is less than 44 px high."""
TINY: Final = """() => [...document.querySelectorAll('.crew-row__said, .crew-row--danger .crew-line, .crew-row--warning .crew-line,'
  + '.crew-who__name, .crew-who .crew-line, .crew-call__name, .crew-outcome')]
  .filter(each => parseFloat(getComputedStyle(each).fontSize) < 16).map(each => each.outerHTML.slice(0, 120))"""
KEPT: Final = """() => new Promise(done => {
  const request = indexedDB.open('interop-crew');
  request.onsuccess = () => {
    const db = request.result;
    if (!db.objectStoreNames.length) {
      db.close();
      indexedDB.deleteDatabase('interop-crew');
      return done({key: 0, copies: 0, opens: 0});
    }
    const found = {}, doing = db.transaction([...db.objectStoreNames]);
    for (const name of db.objectStoreNames)
      doing.objectStore(name).count().onsuccess = e => { found[name] = e.target.result; };
    doing.oncomplete = () => { db.close(); done(found); };
  };
})"""
"""How many keys, copies and openings are on the phone."""
WAITS: Final = """
  const waits = window.waits = [], wait = setTimeout;
  window.setTimeout = (what, time, ...more) => { waits.push(time); return wait(what, time, ...more); };
"""
"""``waits`` are the milliseconds for which a page waits for something."""
BYTES: Final = """async () => {
  const db = await new Promise(done => { indexedDB.open('interop-crew').onsuccess = e => done(e.target.result); });
  const got = (store, by) => new Promise(done => {
    db.transaction(store).objectStore(store)[by]().onsuccess = e => done(e.target.result);
  });
  const copies = await got('copies', 'getAll'), [key] = await got('key', 'getAll');
  const exported = await crypto.subtle.exportKey('raw', key.key).then(() => true, () => false);
  const kept = [];
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      kept.push(new URL(request.url).pathname + ' ' + await (await caches.match(request)).text());
  db.close();
  return {words: copies.map(each => new TextDecoder('latin1').decode(each.data)).join(' '), exported, kept};
}"""


@pytest.fixture(scope="module")
async def site(three: Three, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """With all of Laura."""
    async with three.site(tmp_path_factory.mktemp("site") / "data") as site:
        await to_thread.run_sync(fill, site)
        await quiet(site.engine)
        yield site


async def opened(page: Page, site: Site, who: str = "laura") -> str:
    """A crew signs on, says that it is with the person, and has the card; its path. The copy is on the phone."""
    path = f"/crew/{site.ids[who]}"
    await signed_on(page, CREW, path)
    claim = page.get_by_role("button", name="I am with this person at the scene")
    if await claim.count():
        await claim.click()
    await expect(page.locator("#card[data-patient]")).to_be_visible()
    await kept(page)
    return path


async def kept(page: Page) -> None:
    """The script of a page has done what it does: a card's copy is on the phone, those of others are not."""
    await expect(page.locator("body")).to_have_attribute("data-kept", "yes")


async def test_laura_s_card_is_one_screen_and_everyone_can_use_it(opens: Opens, site: Site) -> None:
    phone = await opens(site, "phone", device_scale_factor=1)  # a picture of so many words is large
    path = await opened(phone, site)
    assert await phone.evaluate(HEIGHT) == SCREEN
    assert await phone.evaluate(SMALL) == []
    assert await phone.evaluate(TINY) == []
    for words in GLANCED:
        await expect(phone.get_by_text(words).first).to_be_in_viewport(ratio=1)
    assert await phone.locator(".crew-call").evaluate_all("all => all.map(each => each.getAttribute('href'))") == [
        "tel:07700900273",
        "tel:01632960070",
        "tel:01632960011",
    ]
    await shot(phone, "crew-card")
    await axe(phone)
    await within(phone)
    await keyboard(phone, "Urgent response")
    await phone.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")
    # what stands fast covers some row wherever the page is scrolled to; one scrolls on
    await phone.evaluate("document.querySelector('.crew-outcomes').style.position = 'static'")
    await axe(phone)
    await within(phone)
    await phone.goto(path)
    await phone.locator(".crew-row--allergies > summary").click()
    said = phone.locator(".crew-row--allergies .crew-item__said")
    await expect(said).to_contain_text("02-May-1988 · Dr Ruth Ansley")
    await expect(said).to_contain_text("From Oakshaw Surgery (last changed 15-Oct-2026 08:30)")
    await expect(said).to_be_visible()


async def test_by_the_keyboard_alone_from_the_number_to_the_clock(opens: Opens, fresh: Site) -> None:
    """Find, say why, read, refer, and by when somebody is to be there."""
    page = await opens(fresh, "phone")
    await signed_on(page, CREW, "/crew")
    await axe(page)
    await keyboard(page, "NHS number")
    await page.keyboard.type(fresh.people["laura"].nhs_number)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Found")).to_be_visible()
    await axe(page)
    await shot(page, "crew-find")
    name = await page.locator(".app-person__name").inner_text()
    await keyboard(page, name)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="You cannot see this record yet")).to_be_visible()
    await axe(page)
    await within(page)
    await keyboard(page, "I am with this person at the scene")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("link", name="Conveyed")).to_be_visible()
    await keyboard(page, "Urgent response")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Record: Urgent response")).to_be_visible()
    await axe(page)
    await within(page)
    await keyboard(page, "Record: Urgent response")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recorded 08:30")
    await quiet(fresh.engine)
    await page.reload()
    await expect(page.get_by_text("Somebody is to be with this person by")).to_contain_text("10:30")
    await axe(page)
    await within(page)
    await shot(page, "crew-outcome")


@pytest.mark.long
async def test_without_scripts_all_but_the_copy_works(opens: Opens, fresh: Site) -> None:
    page = await opens(fresh, "phone", scripts=False)
    await signed_on(page, CREW, f"/crew/{fresh.ids['bill']}")
    await page.get_by_role("button", name="I am with this person at the scene").click()
    await expect(page.get_by_role("link", name="Seen and treated")).to_be_visible()
    await page.wait_for_load_state()
    assert await page.evaluate(HEIGHT) <= SCREEN
    await page.locator(".crew-row--matters > summary").click()
    await expect(page.locator(".crew-row--matters .crew-item__said").first).to_be_visible()
    await page.get_by_role("link", name="Seen and treated").click()
    await page.get_by_role("button", name="Record").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Recorded 08:30")


async def test_without_a_network_the_card_is_there_as_of_its_time_and_the_opening_is_told_later(opens: Opens, site: Site) -> None:
    page = await opens(site, "phone", device_scale_factor=1)
    path = await opened(page, site)
    before = await noted(site)  # the browser lets requests of a page that is left through: what it tells may arrive earlier
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.locator("#offline")).to_contain_text("OFFLINE – as of 08:30")
    await expect(page.get_by_text("Not for cardiopulmonary resuscitation").first).to_be_in_viewport()
    assert await page.evaluate(HEIGHT) == SCREEN
    await axe(page)
    await shot(page, "crew-offline")
    await page.goto("/crew")
    await expect(page.get_by_role("link", name="ORMSGILL, Laura")).to_be_visible()
    await axe(page)
    await page.goto(f"/crew/{site.ids['bill']}")
    await expect(page.locator("#offline")).to_contain_text("not opened on this phone")
    assert (await page.evaluate(KEPT))["opens"] == 1
    told = asyncio.Event()

    async def unheard(route: Route) -> None:
        await route.fetch()
        told.set()
        await route.abort()

    opens.watching(page).expected.append("ERR_FAILED")
    await page.route("**/crew/opened", unheard, times=1)
    await page.context.set_offline(False)
    await expect(page.locator("#offline")).to_contain_text("there is a network again")
    await asyncio.wait_for(told.wait(), 30)
    assert await noted(site) == before + 1
    assert (await page.evaluate(KEPT))["opens"] == 1, "the page has heard nothing, and it is told again"
    await page.goto(path)
    await kept(page)
    assert (await page.evaluate(KEPT))["opens"] == 0
    assert await noted(site) == before + 1


@pytest.mark.long
async def test_a_form_that_is_sent_without_a_network_says_that_nothing_was_recorded(phone: Page, site: Site) -> None:
    await opened(phone, site)
    await phone.reload()  # the worker answers from now on
    await kept(phone)
    await phone.get_by_role("link", name="Conveyed").click()
    await expect(phone.get_by_role("button", name="Record")).to_be_visible()
    await kept(phone)
    await phone.context.set_offline(True)
    await phone.get_by_role("button", name="Record").click()
    await expect(phone.get_by_role("heading", level=1)).to_have_text("Nothing was recorded")
    await axe(phone)


@pytest.mark.long
async def test_what_is_kept_is_unreadable_without_its_key_and_nothing_of_a_person_is_in_the_cache(phone: Page, site: Site) -> None:
    await opened(phone, site)
    await phone.reload()
    await kept(phone)
    found: dict[str, Any] = await phone.evaluate(BYTES)
    assert found["exported"] is False
    assert len(found["words"]) > 5_000
    for words in ("ORMSGILL", "penicillin", "resuscitation", "9995016303", "999 501 6303"):
        assert words not in found["words"]
        assert not [each.partition(" ")[0] for each in found["kept"] if words in each]
    assert {each.partition(" ")[0].rpartition("/")[2] for each in found["kept"]} == {
        "offline", "unsent", "nhsuk-frontend-10.6.1.min.css", "interop.css", "crew.css", "crew.js", "icon.svg",
    }  # fmt: skip


@pytest.mark.long
async def test_signing_out_takes_the_copies_away(phone: Page, site: Site) -> None:
    path = await opened(phone, site)
    assert (await phone.evaluate(KEPT))["copies"] == 1
    await signed_off(phone)
    await phone.goto("/api")
    assert (await phone.evaluate(KEPT))["copies"] == 0
    await phone.context.set_offline(True)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED"):
        await phone.goto(path)


@pytest.mark.long
async def test_another_user_finds_no_copy_and_nor_does_whose_session_is_over(opens: Opens, fresh: Site) -> None:
    page = await opens(fresh, "phone")
    path = await opened(page, fresh)
    await signed_on(page, "demo-nhs111", "/")
    await kept(page)
    assert (await page.evaluate(KEPT))["copies"] == 0
    await signed_on(page, CREW, path)
    await kept(page)
    assert (await page.evaluate(KEPT))["copies"] == 1
    await fresh.passes(16 * 60)
    await page.goto(path)
    await expect(page.get_by_role("heading", level=1)).to_contain_text("signed out")
    found = await page.evaluate(KEPT)
    assert (found["key"], found["copies"]) == (0, 0)


@pytest.mark.long
async def test_a_copy_is_readable_for_twelve_hours_from_signing_on(opens: Opens, fresh: Site) -> None:
    page = await opens(fresh, "phone")
    await opened(page, fresh)
    await page.context.set_offline(True)
    for hours, words in ((11.9, "as of 08:30"), (12.1, "nothing is kept on this phone")):
        await page.context.clock.set_fixed_time(datetime.fromtimestamp(fresh.now + hours * 3600, UTC))
        await page.reload()
        await expect(page.locator("#offline")).to_contain_text(words)
    assert (await page.evaluate(KEPT))["copies"] == 0


@pytest.mark.long
async def test_a_phone_whose_clock_is_wrong_or_put_back_keeps_no_copy_longer(opens: Opens, fresh: Site) -> None:
    """Nothing of ours is compared with what it says but what it said before."""
    page = await opens(fresh, "phone")
    begun = fresh.now + 40 * 86_400
    await page.context.clock.set_fixed_time(datetime.fromtimestamp(begun, UTC))
    await opened(page, fresh)
    await page.context.set_offline(True)
    for seconds, words in ((11.9 * 3600, "as of 08:30"), (-60, "nothing is kept on this phone")):
        await page.context.clock.set_fixed_time(datetime.fromtimestamp(begun + seconds, UTC))
        await page.reload()
        await expect(page.locator("#offline")).to_contain_text(words)


@pytest.mark.long
async def test_a_card_that_stands_open_goes_with_the_session_though_openings_could_not_be_told(opens: Opens, fresh: Site) -> None:
    page = await opens(fresh, "phone")
    await page.add_init_script(WAITS)
    path = await opened(page, fresh)
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.locator("#offline")).to_contain_text("as of 08:30")
    opens.watching(page).expected.append("ERR_FAILED")
    await page.route("**/crew/opened", lambda route: route.abort())
    await page.context.set_offline(False)
    await page.goto(path)
    await expect(page.locator("body")).to_have_attribute("data-kept", "TypeError")
    assert (await page.evaluate(KEPT))["opens"] == 1
    assert [each for each in await page.evaluate("waits") if 11 < each / 3_600_000 <= 12]


@pytest.mark.long
async def test_a_copy_that_an_emergency_opened_goes_when_that_is_over(opens: Opens, fresh: Site) -> None:
    """From the card that is withheld to the declaration and back: four hours."""
    page = await opens(fresh, "phone")
    path = f"/crew/{fresh.ids['susan']}"
    await signed_on(page, CREW, path)
    await page.get_by_role("link", name="Open it in an emergency").click()
    await page.get_by_label("Why you need the record now").fill("Found unconscious")
    await page.get_by_label("This is an emergency").check()
    await page.get_by_role("button", name="Open the record").click()
    await page.wait_for_url(f"**{path}")
    await expect(page.get_by_text("Emergency access until 12:30")).to_be_visible()
    await kept(page)
    await axe(page)
    await page.context.set_offline(True)
    for hours, words in ((3.9, "as of 08:30"), (4.1, "not opened on this phone")):
        await page.context.clock.set_fixed_time(datetime.fromtimestamp(fresh.now + hours * 3600, UTC))
        await page.reload()
        await expect(page.locator("#offline")).to_contain_text(words)


async def noted(site: Site) -> int:
    """Openings without a network of which Laura is told."""

    def asked() -> int:
        patient = site.ids["laura"]
        with site.client("patient", patient=patient) as person:
            said = person.get(f"/fhir/Patient/{patient}/$who-looked").json()
        looks = [{part["name"]: part for part in each["part"]} for each in said["parameter"] if each["name"] == "look"]
        return sum("without a network" in each["words"]["valueString"] for each in looks)

    return await to_thread.run_sync(asked)


@pytest.mark.long
async def test_a_name_of_any_length_is_whole_on_the_smallest_phone(opens: Opens, fresh: Site) -> None:
    """Half a name is somebody else's."""
    family = "Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren"
    named = {"resourceType": "Patient", "name": [{"family": family, "given": ["Bartholomew"]}], "birthDate": "1955-05-05"}

    def write() -> str:
        with fresh.client("tester") as tester:
            return str(tester.post("/fhir/Patient", json=named).json()["id"])

    patient = await to_thread.run_sync(write)
    page = await opens(fresh, "phone", viewport={"width": 320, "height": 640})
    await signed_on(page, CREW, f"/crew/{patient}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(f"{family.upper()}, Bartholomew")
    await within(page)
