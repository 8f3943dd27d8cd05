"""What the embedded issuer refuses to whoever is no good application, or comes with another's code (RFC 9700)."""

from __future__ import annotations

import asyncio
import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import pytest
from lxml.html import fromstring

from interop.api.signon.login import _PATH
from interop.clock import ManualClock
from interop.screen.headers import READY
from interop.signon.people import demo_users
from tests.spec.signon.browser import APP, VERIFIER, Browser, query
from tests.spec.signon.conftest import Site, serving_at

pytestmark = pytest.mark.anyio
REGISTERED = "https://app.example/back?of=app"


@pytest.fixture
async def browser(site: Site, tmp_path: Path) -> AsyncIterator[Browser]:
    apps = [{"id": "shown", "name": "Shown <b>", "redirect_uris": [REGISTERED], "scope": "patient/Observation.rs"}]
    (tmp_path / "data" / "apps.json").write_text(json.dumps({"apps": apps}), encoding="utf-8")
    browser = Browser(site)
    yield browser
    await browser.http.aclose()


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": None},
        {"client_id": None},
        {"client_id": "demo-gp"},
        {"client_id": "a b"},
        {"client_id": "interop-pages"},
        {"client_id": "shown"},
        {"redirect_uri": "https://app.example/back"},
        {"redirect_uri": "http://app.example/back"},
        {"redirect_uri": "http://127.0.0.1.app.example/back"},
        {"redirect_uri": "http://127.0.0.1:9@app.example/back"},
        {"redirect_uri": "http://127.0.0.1:9/back#part"},
        {"redirect_uri": "javascript:alert(1)"},
        {"redirect_uri": "//app.example/back"},
        {"redirect_uri": f"{APP}\r\nset-cookie: a=b"},
        {"client_id": "shown", "redirect_uri": REGISTERED + "&more"},
        {"client_id": "shown", "redirect_uri": "https://APP.example/back?of=app"},
    ],
    ids=repr,
)
async def test_nobody_is_sent_to_an_address_that_is_not_the_applications(browser: Browser, changed: dict[str, str | None]) -> None:
    answer = await browser.authorize(**changed)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "<form" not in answer.text


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"state": None}, "invalid_request"),
        ({"aud": None}, "invalid_request"),
        ({"aud": "https://elsewhere.example/fhir"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge": VERIFIER, "code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
        ({"scope": None}, "invalid_scope"),
        ({"scope": "system/*.cruds"}, "invalid_scope"),
        ({"scope": "offline_access"}, "invalid_scope"),
        ({"scope": "launch patient/*.rs"}, "invalid_request"),
        ({"launch": "unknown"}, "invalid_request"),
        ({"client_id": "shown", "redirect_uri": REGISTERED, "scope": "user/*.rs patient/*.rs"}, "invalid_scope"),
    ],
    ids=repr,
)
async def test_a_request_that_is_not_whole_is_told_to_the_application(
    browser: Browser, changed: dict[str, str | None], error: str
) -> None:
    answer = await browser.authorize(**changed)
    assert answer.status_code == 303
    address = changed.get("redirect_uri") or APP
    assert answer.headers["location"].startswith(address)
    said = query(answer.headers["location"])
    assert (said["error"], said.get("state"), said["iss"]) == (error, None if "state" in changed else "s1", browser.site.root)


async def test_a_parameter_that_is_there_twice_is_refused(browser: Browser) -> None:
    page = await browser.http.get("/auth/authorize", params=[*browser.asked().items(), ("scope", "user/*.cruds")])
    assert query(page.headers["location"])["error"] == "invalid_request"


async def test_a_registered_application_is_given_no_more_than_it_may_have(browser: Browser) -> None:
    await browser.site.fill()
    wanted = {"client_id": "shown", "redirect_uri": REGISTERED, "scope": "patient/*.rs patient/Observation.rs patient/Patient.rs"}
    page = await browser.authorize(**wanted)
    assert "Shown &lt;b&gt;" in page.text
    assert page.headers["content-security-policy"].split("; ").count("form-action 'self' https://app.example") == 1
    answer = await browser.send(page, "/auth/sign-on", user="demo-patient", record="example")
    assert answer.headers["location"].startswith(REGISTERED + "&code=")
    code = query(answer.headers["location"])["code"]
    said = (await browser.exchange(code, client_id="shown", redirect_uri=REGISTERED)).json()
    assert said["scope"] == "patient/Observation.rs"
    assert (await browser.site.get(said["access_token"], "/fhir/Observation/lab")).status_code == 200
    assert (await browser.site.get(said["access_token"])).status_code == 403


async def test_an_application_that_is_taken_out_gets_nothing_more(browser: Browser, tmp_path: Path) -> None:
    """Neither for a code that it has nor for a refresh token."""
    wanted = {"client_id": "shown", "redirect_uri": REGISTERED, "scope": "patient/Observation.rs offline_access"}

    async def code() -> str:
        answer = await browser.send(await browser.authorize(**wanted), "/auth/sign-on", user="demo-patient", record="example")
        return query(answer.headers["location"])["code"]

    said = (await browser.exchange(await code(), client_id="shown", redirect_uri=REGISTERED)).json()
    late = await code()
    (tmp_path / "data" / "apps.json").unlink()
    data = {"grant_type": "refresh_token", "refresh_token": said["refresh_token"], "client_id": "shown"}
    assert (await browser.site.http.post("/signon/token", data=data)).json() == {"error": "invalid_grant"}
    assert (await browser.exchange(late, client_id="shown", redirect_uri=REGISTERED)).json() == {"error": "invalid_grant"}


async def test_one_that_is_registered_for_less_gets_less_from_then_on(browser: Browser, tmp_path: Path) -> None:
    """Also for the refresh tokens that it has."""
    apps = {"id": "shown", "redirect_uris": [REGISTERED], "scope": "patient/Observation.rs patient/Patient.rs"}
    file = tmp_path / "data" / "apps.json"
    file.write_text(json.dumps({"apps": [apps]}), encoding="utf-8")
    wanted = {"client_id": "shown", "redirect_uri": REGISTERED, "scope": f"{apps['scope']} offline_access"}
    answer = await browser.send(await browser.authorize(**wanted), "/auth/sign-on", user="demo-patient", record="example")
    code = query(answer.headers["location"])["code"]
    said = (await browser.exchange(code, client_id="shown", redirect_uri=REGISTERED)).json()
    scopes = [said["scope"]]
    for scope in ("patient/Patient.rs", "user/Patient.rs"):
        file.write_text(json.dumps({"apps": [{**apps, "scope": scope}]}), encoding="utf-8")
        data = {"grant_type": "refresh_token", "refresh_token": said["refresh_token"], "client_id": "shown"}
        said = (await browser.site.http.post("/signon/token", data=data)).json()
        scopes.append(said.get("scope", said.get("error")))
    assert scopes == [wanted["scope"], "patient/Patient.rs offline_access", "invalid_scope"]


async def test_a_cookie_that_is_none_of_ours_is_replaced(browser: Browser) -> None:
    page = await browser.http.get(
        "/auth/authorize", params=browser.asked(), headers=[(b"cookie", "interop-signing-on=\xe9".encode("latin-1"))]
    )
    assert page.status_code == 200
    assert page.headers["set-cookie"].startswith("interop-signing-on=")


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "w" * 43},
        {"code_verifier": "v"},
        {"code_verifier": None},
        {"client_id": "another"},
        {"client_id": None},
        {"redirect_uri": "http://127.0.0.1:9/app/other"},
        {"redirect_uri": None},
        {"code": "unknown"},
        {"code": "x" * 5_000},
    ],
    ids=repr,
)
async def test_a_code_is_exchanged_by_whoever_asked_for_it_alone(browser: Browser, changed: dict[str, str | None]) -> None:
    code = (await browser.code())["code"]
    answer = await browser.exchange(**{"code": code, **changed})  # type: ignore[arg-type]
    assert answer.status_code == 400
    assert answer.json() == {"error": "invalid_request" if None in changed.values() else "invalid_grant"}


async def test_a_code_is_of_use_once_and_again_ends_what_it_gave(browser: Browser) -> None:
    """RFC 6749, 4.1.2."""
    code = (await browser.code())["code"]
    token = (await browser.exchange(code)).json()["access_token"]
    assert (await browser.site.get(token, "/fhir/Organization")).status_code == 200
    assert (await browser.exchange(code)).json() == {"error": "invalid_grant"}
    assert (await browser.site.get(token, "/fhir/Organization")).status_code == 401


async def test_of_two_who_come_with_a_code_at_once_neither_goes_on(browser: Browser) -> None:
    """One of them has stolen it, and nobody can tell which."""
    code = (await browser.code(scope="offline_access user/*.rs"))["code"]
    answers = await asyncio.gather(*(browser.exchange(code) for _ in range(4)))
    given = [answer.json() for answer in answers if answer.status_code == 200]
    assert len(given) <= 1
    for said in given:
        assert (await browser.site.get(said["access_token"], "/fhir/Organization")).status_code == 401
        data = {"grant_type": "refresh_token", "refresh_token": said["refresh_token"], "client_id": "app"}
        assert (await browser.site.http.post("/signon/token", data=data)).status_code == 400


async def test_a_code_and_its_use_and_what_it_ended_outlive_a_restart(tmp_path: Path) -> None:
    clock, codes, tokens = ManualClock(), [], []
    for exchanged in ((), (200,), (400,), ()):
        async with serving_at(tmp_path / "data", clock) as site:
            browser = Browser(site)
            if not codes:
                codes.append((await browser.code())["code"])
            for status in exchanged:
                answer = await browser.exchange(codes[0])
                assert answer.status_code == status
                tokens += [answer.json()["access_token"]] if status == 200 else []
            good = [(await site.get(token, "/fhir/Organization")).status_code for token in tokens]
            assert good == [200 if exchanged == (200,) else 401 for _ in tokens]
            await browser.http.aclose()


async def test_a_code_with_a_wrong_verifier_is_used_up(browser: Browser) -> None:
    code = (await browser.code())["code"]
    assert (await browser.exchange(code, code_verifier="w" * 43)).status_code == 400
    assert (await browser.exchange(code)).status_code == 400


async def test_a_code_is_good_for_a_minute(browser: Browser) -> None:
    early, late = (await browser.code())["code"], (await browser.code())["code"]
    browser.site.clock.advance(59)
    assert (await browser.exchange(early)).status_code == 200
    browser.site.clock.advance(1)
    assert (await browser.exchange(late)).json() == {"error": "invalid_grant"}


async def test_another_browser_cannot_send_a_page_in(browser: Browser) -> None:
    """Sign-on that another has begun would make one work under their name."""
    page = await browser.authorize()
    another = Browser(browser.site)
    assert (await another.send(page, "/auth/sign-on", user="demo-gp")).status_code == 400
    await another.authorize()
    assert (await another.send(page, "/auth/sign-on", user="demo-gp")).status_code == 400
    await another.http.aclose()
    assert (await browser.send(page, "/auth/sign-on", user="demo-gp")).status_code == 303


async def test_another_sites_page_cannot_send_it_in(browser: Browser) -> None:
    page = await browser.authorize()
    for said in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}, {"origin": "null"}):
        fields = {"ticket": page.text.partition('name="ticket" value="')[2].partition('"')[0], "user": "demo-gp"}
        assert (await browser.http.post("/auth/sign-on", data=fields, headers=said)).status_code == 403


async def test_a_page_is_of_use_for_a_quarter_of_an_hour_and_for_known_people(browser: Browser) -> None:
    page = await browser.authorize()
    assert (await browser.send(page, "/auth/sign-on", user="somebody")).status_code == 400
    assert (await browser.send(page, "/auth/patient", patient="example")).status_code == 400
    assert (await browser.send(page, "/auth/sign-on", user="demo-gp", ticket="x" * 60)).status_code == 400
    browser.site.clock.advance(15 * 60)
    assert (await browser.send(page, "/auth/sign-on", user="demo-gp")).status_code == 400


async def test_whoever_fails_too_often_waits(browser: Browser) -> None:
    page = await browser.authorize()
    answers = [await browser.send(page, "/auth/sign-on", user="somebody") for _ in range(21)]
    assert [answer.status_code for answer in answers] == [400] * 20 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert (await browser.send(page, "/auth/sign-on", user="demo-gp")).status_code == 429
    browser.site.clock.advance(60)
    assert (await browser.send(page, "/auth/sign-on", user="demo-gp")).status_code == 303


async def test_the_page_is_marked_runs_nothing_and_is_framed_by_nobody(browser: Browser) -> None:
    page = await browser.authorize()
    said = page.headers["content-security-policy"]
    assert "DEMONSTRATION" in page.text
    assert all(each.name in page.text for each in demo_users().values())
    assert fromstring(page.text).xpath("//script[not(@src)]/text()") == [READY]
    assert all(each.startswith("/assets/") for each in fromstring(page.text).xpath("//script/@src | //link/@href"))
    assert "style=" not in page.text
    digest = b64encode(sha256(READY.encode()).digest()).decode()
    assert said.startswith(f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self'; ")
    assert "frame-ancestors 'none'" in said
    assert (page.headers["cache-control"], page.headers["x-frame-options"]) == ("no-store", "DENY")
    assert "HttpOnly; SameSite=Lax" in page.headers["set-cookie"]


@pytest.mark.parametrize(
    ("to", "kept"),
    [
        ("/", True), ("/messages", True), ("/docs/a.b~c/", True),
        ("/" + "a" * 4_000 + "!", False), ("/" + "a/" * 2_000 + "!", False),
        ("//elsewhere.example", False), ("/\\elsewhere.example", False),
        ("https://elsewhere.example", False), ("/a//b", False), ("/a\n", False),
    ],
)  # fmt: skip
async def test_where_somebody_goes_after_sign_on_is_here_and_soon_told(browser: Browser, to: str, kept: bool) -> None:
    """However long an address is, it is judged in the time of reading it."""
    began = time.process_time()  # other programs do not count
    answer = await browser.http.get("/auth/login", params={"to": to})
    assert answer.status_code == 303
    assert time.process_time() - began < 2
    assert (_PATH.fullmatch(to) is not None) == kept
