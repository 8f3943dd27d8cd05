"""What the tests in a browser rest on: they see what is wrong with a page, and the browser reaches nothing but the engine."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.spec.browser import pictures
from tests.spec.browser.accessible import AXE, DIGEST, axe, keyboard, violations, within
from tests.spec.browser.chromium import NAMES, PHONE, Opens, program
from tests.spec.browser.people import Site

pytestmark = pytest.mark.anyio
GOOD = (
    '<!DOCTYPE html><html lang="en-GB"><head><meta charset="utf-8"><title>A page</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1"><style>button{{min-height:2rem}}</style></head>'
    "<body><main><h1>A page</h1>{}</main></body></html>"
)


def test_the_rules_of_axe_are_those_that_were_reviewed() -> None:
    assert hashlib.sha256(AXE.read_bytes()).hexdigest() == DIGEST


def test_without_a_browser_a_test_fails_and_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INTEROP_TEST_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(pytest.fail.Exception, match=rf"apt-get install {NAMES[0]}"):
        program()


async def test_a_page_that_not_everyone_can_use_is_found(browser: Browser) -> None:
    """By axe-core: no name, too little contrast; by Tab: no focus to be seen, or none at all; by its width."""
    page = await browser.new_page(**PHONE)
    await page.set_content(GOOD.format('<a href="#a">One</a> <button>Two</button><form><label>Three <input></label></form>'))
    await axe(page)
    await within(page)
    assert await keyboard(page) == ["One", "Two", "Three"]
    assert await keyboard(page, "Two") == ["One", "Two"]
    assert await page.evaluate("document.activeElement.innerText") == "Two"
    for changed in ("box-shadow:0 4px #000", "background:#ff0", "border-color:#000"):
        style = f"button{{outline:none;border:2px solid #fff}} button:focus{{{changed}}}"
        await page.set_content(GOOD.format(f"<style>{style}</style><button>Marked</button>"))
        assert await keyboard(page, "Marked") == ["Marked"]
    for content, rule in [
        ("<input>", "label"),
        ('<p style="color:#aaa">Pale</p>', "color-contrast"),
        ('<a href="#a" style="display:inline-block;width:9px;height:9px">.</a><a href="#b">.</a>', "target-size"),
        ("<h3>Too deep</h3>", "heading-order"),
    ]:
        await page.set_content(GOOD.format(content))
        assert [each["id"] for each in await violations(page)] == [rule]
        with pytest.raises(AssertionError, match=rf"{rule} \("):
            await axe(page)
    for content, said in [
        ('<button style="outline:none">Unmarked</button>', "nothing shows"),
        ('<button style="outline:none;box-shadow:0 4px #000">Always so</button>', "nothing shows"),
        ('<button style="outline:4px solid #000">Always ringed</button>', "nothing shows"),
        ("<style>button:focus{outline:4px solid transparent}</style><button>Ringed by nothing</button>", "nothing shows"),
        ("<button></button>", "no name"),
        ('<button style="position:absolute;left:-999px">Aside</button>', "not seen"),
        ("<p>Nothing</p>", "reaches nothing"),
    ]:
        await page.set_content(GOOD.format(content))
        with pytest.raises(AssertionError, match=said):
            await keyboard(page)
    await page.set_content(GOOD.format('<p style="width:500px">Wide</p>'))
    with pytest.raises(AssertionError, match="wider"):
        await within(page)
    await page.context.close()


async def test_what_a_page_does_wrong_is_seen(browser: Browser, site: Site) -> None:
    """A fault of a script, a complaint of the browser, a request to somewhere else, an answer that something is broken."""
    opens = Opens(browser)
    page = await opens(site)
    await page.goto("/")
    assert opens.watching(page).wrong == []
    assert opens.watching(page).asked[0] == "GET /"
    await page.evaluate("() => { queueMicrotask(() => { throw new Error('broken') }); console.error('complaint') }")
    await page.goto("about:blank")  # where no policy forbids it
    await page.evaluate("() => fetch('http://127.0.0.1:9/away').catch(() => 0)")
    opens.watching(page).expected.append("complaint of the test")
    await page.evaluate("() => console.error('complaint of the test')")
    wrong = "\n".join(await opens.close())
    assert "of the test" not in wrong
    for each in ("script: ", "broken", "console: complaint", "asked elsewhere: http://127.0.0.1:9/away"):
        assert each in wrong


async def test_the_clock_of_a_page_is_that_of_the_engine(desktop: Page, site: Site) -> None:
    await desktop.goto("/")
    assert await desktop.evaluate("Date.now()") == site.now * 1000
    assert await desktop.evaluate("new Date().toLocaleString()") == "15/10/2026, 08:30:00"


async def test_pictures_are_written_where_they_are_asked_for_and_the_same_each_time(
    opens: Opens, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "IMAGES", tmp_path / "images")
    monkeypatch.delenv("INTEROP_PICTURES", raising=False)
    page = await opens(site, "phone")
    await page.goto("/")
    await pictures.shot(page, "first")
    assert not (tmp_path / "images").exists()
    monkeypatch.setenv("INTEROP_PICTURES", "1")
    await pictures.shot(page, "first")
    again = await opens(site, "phone")
    await again.goto("/")
    await pictures.shot(again, "second")
    first, second = ((tmp_path / "images" / f"{name}.png").read_bytes() for name in ("first", "second"))
    assert first.startswith(b"\x89PNG")
    assert first == second
