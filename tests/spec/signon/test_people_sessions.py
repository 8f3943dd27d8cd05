"""Browsers that have signed on to our own pages: cookies, CSRF, idle time, and the end of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.api.signon.sessions import Sessions
from interop.clock import ManualClock
from interop.signon.issuer import DEMO
from tests.spec.engine.running import TIMEOUT
from tests.spec.signon.browser import Browser
from tests.spec.signon.conftest import Site, serving_at
from tests.spec.signon.test_issuers import AUDIENCE, ISSUER

pytestmark = pytest.mark.anyio
COOKIE = "interop-session"
OURS = {"sec-fetch-site": "same-origin"}


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Browser]:
    await site.fill()
    browser = Browser(site)
    yield browser
    await browser.http.aclose()


async def read(browser: Browser, path: str = "/fhir/Patient/example", **headers: str) -> int:
    """The status of a read with whatever cookies the browser has."""
    return (
        await browser.http.get(path, headers=OURS | {name.replace("_", "-"): value for name, value in headers.items()})
    ).status_code


async def test_a_person_signs_on_to_the_pages_and_reads_under_the_cookie(browser: Browser) -> None:
    assert await read(browser) == 401
    answer = await browser.sign_on("demo-tester")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    said = next(each for each in answer.headers.get_list("set-cookie") if each.startswith(COOKIE))
    assert said.endswith("; Path=/; HttpOnly; SameSite=Lax")
    assert len(browser.http.cookies[COOKIE]) == 43
    assert await read(browser) == 200
    assert "Co-ordination desk" in (await browser.http.get("/")).text


async def test_the_home_page_says_who_one_is_and_where_to_sign_in_and_out(browser: Browser) -> None:
    before = (await browser.http.get("/")).text
    assert 'href="/auth/login"' in before
    await browser.sign_on("demo-gp")
    after = (await browser.http.get("/")).text
    assert "Dr Ada Lark (GP, G99901)" in after
    assert 'href="/auth/logout"' in after
    assert all("DEMONSTRATION" in text for text in (before, after))


async def test_who_reads_is_the_role_that_signed_on(browser: Browser) -> None:
    await browser.sign_on("demo-analyst")
    assert await read(browser, "/fhir/Observation/lab") == 403
    assert await read(browser, "/fhir/Organization") == 200
    assert "There are no pages for your role" in (await browser.http.get("/")).text


async def test_a_change_wants_the_token_of_the_session(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    token = await browser.token()
    for said, status in (({}, 403), ({"x-csrf-token": "0" * 64}, 403), ({"x-csrf-token": token}, 200)):
        answer = await browser.http.post("/fhir/Patient/_search", data={"name": "shaw"}, headers=OURS | said)
        assert answer.status_code == status, said
    other = Browser(browser.site)
    await other.sign_on("demo-tester")
    answer = await other.http.post("/fhir/Patient/_search", data={"name": "shaw"}, headers=OURS | {"x-csrf-token": token})
    await other.http.aclose()
    assert answer.status_code == 403


async def test_a_token_in_the_header_needs_none(browser: Browser) -> None:
    await browser.sign_on("demo-analyst")
    headers = {"authorization": f"Bearer {browser.site.token()}", "origin": "https://app.example"}
    assert (await browser.http.post("/fhir/Patient/_search", data={"name": "shaw"}, headers=headers)).status_code == 200


async def test_another_sites_page_reads_nothing_under_the_cookie(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    assert await read(browser, sec_fetch_site="cross-site") == 403
    assert await read(browser, sec_fetch_site="cross-site", sec_fetch_mode="navigate") == 403
    assert await read(browser, origin="https://evil.example") == 403
    assert await read(browser, origin=browser.site.root) == 200
    headers = {"x-csrf-token": await browser.token(), "sec-fetch-site": "cross-site"}
    assert (await browser.http.post("/fhir/Patient/_search", data={"name": "shaw"}, headers=headers)).status_code == 403


async def test_a_session_ends_after_a_quarter_of_an_hour_without_a_request(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    for seconds, status in ((899, 200), (899, 200), (900, 401), (0, 401)):
        browser.site.clock.advance(seconds)
        assert await read(browser) == status


async def test_it_ends_after_twelve_hours_however_busy(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    statuses = []
    for _ in range(73):
        browser.site.clock.advance(600)
        statuses.append(await read(browser))
    assert statuses == [200] * 71 + [401] * 2


async def test_a_session_is_there_after_a_restart_and_its_idle_time_goes_on(tmp_path: Path) -> None:
    clock = ManualClock()
    async with serving_at(tmp_path / "data", clock) as site:
        browser = Browser(site)
        await browser.sign_on("demo-tester")
        clock.advance(600)
        assert await read(browser, "/fhir/Organization") == 200
        cookies = browser.http.cookies
        await browser.http.aclose()
    for seconds, status in ((600, 200), (900, 401)):
        clock.advance(seconds)
        async with serving_at(tmp_path / "data", clock) as site:
            async with httpx.AsyncClient(
                base_url=site.root, cookies={COOKIE: cookies[COOKIE]}, timeout=TIMEOUT, trust_env=False
            ) as http:
                assert (await http.get("/fhir/Organization", headers=OURS)).status_code == status


async def test_signing_off_ends_it_for_whoever_has_the_cookie(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    kept = browser.http.cookies[COOKIE]
    token = await browser.token()
    for fields, status in (({}, 403), ({"csrf": "0" * 64}, 403), ({"csrf": token}, 200)):
        answer = await browser.http.post("/auth/logout", data=fields, headers=OURS)
        assert answer.status_code == status
    assert COOKIE not in browser.http.cookies
    browser.http.cookies.set(COOKIE, kept)
    assert await read(browser) == 401


async def test_a_request_that_crosses_the_sign_off_does_not_bring_the_session_back(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has found the session in the store, and would note there that it was used."""
    await browser.sign_on("demo-tester")
    token = await browser.token()
    stolen = {"cookie": f"{COOKIE}={browser.http.cookies[COOKIE]}"}
    kept = browser.site.signon.sessions._secrets
    find = kept.find

    async def crossed(kind: str, secret: str) -> dict[str, Any] | None:
        said = await find(kind, secret)
        monkeypatch.setattr(kept, "find", find)
        off = asyncio.create_task(browser.http.post("/auth/logout", data={"csrf": token}, headers=OURS))
        assert (await off).status_code == 200
        return said

    monkeypatch.setattr(kept, "find", crossed)
    browser.site.clock.advance(61)
    statuses = [(await browser.site.http.get("/fhir/Organization", headers=OURS | stolen)).status_code for _ in range(2)]
    assert statuses == [401, 401]


async def test_a_session_of_the_demonstration_is_none_where_an_issuer_is_configured(tmp_path: Path) -> None:
    """Over the same data: nobody of a configured issuer is the tester."""
    clock = ManualClock()
    async with serving_at(tmp_path / "data", clock) as site:
        browser = Browser(site)
        await browser.sign_on("demo-tester")
        cookies = {"cookie": f"__Host-{COOKIE}={browser.http.cookies[COOKIE]}"}
        await browser.http.aclose()
    async with serving_at(tmp_path / "data", clock, issuer=ISSUER, audience=AUDIENCE) as site:
        assert (await site.http.get("/fhir/Patient", headers=OURS | cookies)).status_code == 401


async def test_whoever_is_sent_back_without_having_gone_makes_nobody_wait(browser: Browser) -> None:
    """A page of another site can send everyone of a hospital there, who come from one address."""
    for _ in range(25):
        assert (await browser.http.get("/auth/callback?state=x&code=y")).status_code == 400
    assert (await browser.sign_on("demo-gp")).status_code == 303


async def test_another_process_knows_at_once_that_it_has_ended(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    signon = browser.site.signon
    here, other = signon.door.sessions, Sessions(signon.store, browser.site.clock, DEMO).asker
    for sessions in (other, here, other):
        signon.door.sessions = sessions
        browser.site.clock.advance(890)
        assert await read(browser) == 200
    signon.door.sessions = here
    await browser.http.post("/auth/logout", data={"csrf": await browser.token()}, headers=OURS)
    for sessions in (other, here):
        signon.door.sessions = sessions
        assert await read(browser) == 401


async def test_a_request_in_another_process_that_crosses_the_sign_off_does_not_bring_it_back(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It notes that the session was used once another process has ended it."""
    await browser.sign_on("demo-tester")
    signon, token = browser.site.signon, await browser.token()
    stolen = {"cookie": f"{COOKIE}={browser.http.cookies[COOKIE]}"}
    here, other = signon.door.sessions, Sessions(signon.store, browser.site.clock, DEMO)
    signon.door.sessions = other.asker
    assert await read(browser) == 200
    note = other._note

    async def crossed(*told: Any, **more: Any) -> None:
        signon.door.sessions = here
        off = asyncio.create_task(browser.http.post("/auth/logout", data={"csrf": token}, headers=OURS))
        assert (await off).status_code == 200
        await note(*told, **more)

    monkeypatch.setattr(other, "_note", crossed)
    signon.door.sessions = other.asker
    browser.site.clock.advance(61)
    assert await read(browser) == 200, "it had begun before"
    monkeypatch.setattr(other, "_note", note)
    for sessions in (other, here, Sessions(signon.store, browser.site.clock, DEMO)):
        signon.door.sessions = sessions if sessions is here else sessions.asker
        assert (await browser.site.http.get("/fhir/Organization", headers=OURS | stolen)).status_code == 401


async def test_signing_off_is_asked_by_our_own_page_alone(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    token = await browser.token()
    answer = await browser.http.post("/auth/logout", data={"csrf": token}, headers={"origin": "https://evil.example"})
    assert answer.status_code == 403
    assert (await browser.http.get("/auth/logout", headers=OURS)).status_code == 200
    assert await read(browser) == 200


async def test_a_cookie_that_was_there_before_sign_on_is_never_taken_over(browser: Browser) -> None:
    """Session fixation."""
    browser.http.cookies.set(COOKIE, "f" * 43, domain="127.0.0.1")
    await browser.sign_on("demo-tester")
    values = {each.value for each in browser.http.cookies.jar if each.name == COOKIE}
    assert values - {"f" * 43}
    async with httpx.AsyncClient(base_url=browser.site.root, cookies={COOKIE: "f" * 43}, timeout=TIMEOUT, trust_env=False) as fixed:
        assert (await fixed.get("/fhir/Organization", headers=OURS)).status_code == 401


async def test_signing_on_again_ends_the_session_before(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    before = browser.http.cookies[COOKIE]
    await browser.sign_on("demo-gp")
    assert browser.http.cookies[COOKIE] != before
    async with httpx.AsyncClient(base_url=browser.site.root, cookies={COOKIE: before}, timeout=TIMEOUT, trust_env=False) as old:
        assert (await old.get("/fhir/Organization", headers=OURS)).status_code == 401


async def test_a_cookie_that_is_there_twice_is_nobodys(browser: Browser) -> None:
    await browser.sign_on("demo-tester")
    value = browser.http.cookies[COOKIE]
    async with httpx.AsyncClient(base_url=browser.site.root, timeout=TIMEOUT, trust_env=False) as http:
        for said, status in ((f"{COOKIE}={value}", 200), (f"{COOKIE}={value}; {COOKIE}={value}", 401)):
            assert (await http.get("/fhir/Organization", headers=OURS | {"cookie": said})).status_code == status


async def test_the_store_has_no_cookie_of_anyone(browser: Browser, tmp_path: Path) -> None:
    await browser.sign_on("demo-tester")
    value = browser.http.cookies[COOKIE].encode()
    files = [each for each in (tmp_path / "data").rglob("*") if each.is_file()]
    assert files
    assert not [each.name for each in files if value in each.read_bytes()]


async def test_one_is_led_to_pages_of_ours_alone(browser: Browser) -> None:
    for to, led in (("/api", "/api"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/%5Cevil.example", "/")):
        assert (await browser.sign_on("demo-gp", to)).headers["location"] == led


async def test_what_comes_back_from_the_issuer_is_held_against_what_was_asked(browser: Browser) -> None:
    for spoil in ("state", "iss", "code", "cookie", "again"):
        gone = await browser.http.get("/auth/login")
        answer = await browser.send(await browser.http.get(gone.headers["location"]), "/auth/sign-on", user="demo-gp")
        back = httpx.URL(answer.headers["location"])
        if spoil == "cookie":
            browser.http.cookies.clear()
        elif spoil == "again":
            assert (await browser.http.get(back)).status_code == 303
        else:
            back = back.copy_set_param(spoil, "other")
        assert (await browser.http.get(back)).status_code == 400, spoil
        assert (COOKIE in browser.http.cookies) == (spoil == "again")
