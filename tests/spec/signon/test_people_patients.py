"""Whose record an application shows: chosen from those whom the person may see, or given by the system that starts it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from lxml.html import fromstring

from tests.spec.signon.browser import Browser, query
from tests.spec.signon.conftest import Site

pytestmark = pytest.mark.anyio
STANDALONE = "openid launch/patient patient/*.rs"


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Browser]:
    await site.fill()
    browser = Browser(site)
    yield browser
    await browser.http.aclose()


async def test_a_patient_is_found_by_a_form_and_stands_in_the_answer(browser: Browser) -> None:
    page = await browser.authorize(scope=STANDALONE)
    picker = await browser.send(page, "/auth/sign-on", user="demo-gp")
    assert picker.status_code == 200
    assert 'value="example"' not in picker.text
    assert "Shaw" not in picker.text
    found = await browser.send(picker, "/auth/patient", name="sha")
    assert fromstring(found.text).xpath("//input[@name='patient']/@value") == ["example"]
    assert "Shaw" in found.text
    assert "Shaw" not in str(found.request.url)
    answer = await browser.send(found, "/auth/patient", patient="example")
    assert "example" not in answer.headers["location"]
    said = (await browser.exchange(query(answer.headers["location"])["code"])).json()
    assert (said["patient"], said["need_patient_banner"]) == ("example", True)
    asker = (await browser.site.signon.door.verify(said["access_token"])).asker
    assert (asker.role, asker.patient) == ("gp", "example")


@pytest.mark.parametrize(
    ("user", "sees"), [("demo-tester", True), ("demo-gp", True), ("demo-mdt-member", False), ("demo-analyst", False)]
)
async def test_a_person_finds_and_chooses_whom_policy_shows_them(browser: Browser, user: str, sees: bool) -> None:
    picker = await browser.send(await browser.authorize(scope=STANDALONE), "/auth/sign-on", user=user)
    found = await browser.send(picker, "/auth/patient", name="shaw")
    assert ('value="example"' in found.text) == sees
    assert ("Nobody whom you may see" in found.text) != sees
    answer = await browser.send(found if sees else picker, "/auth/patient", patient="example")
    assert query(answer.headers["location"]).get("error") == (None if sees else "access_denied")


async def test_one_who_is_not_there_is_answered_as_one_who_may_not_be_seen(browser: Browser) -> None:
    told = []
    for user, chosen in (("demo-gp", "nobody"), ("demo-mdt-member", "example"), ("demo-gp", "../x")):
        picker = await browser.send(await browser.authorize(scope=STANDALONE), "/auth/sign-on", user=user)
        answer = await browser.send(picker, "/auth/patient", patient=chosen)
        told.append((answer.status_code, query(answer.headers["location"]), answer.text))
    assert told[0] == told[1] == told[2]


async def test_what_is_asked_for_whoever_signs_on_is_counted_as_if_it_had_come_from_outside(browser: Browser) -> None:
    picker = await browser.send(await browser.authorize(scope=STANDALONE), "/auth/sign-on", user="demo-gp")
    before = browser.site.services.requests.copy()
    found = await browser.send(picker, "/auth/patient", name="sha")
    await browser.send(found, "/auth/patient", patient="example")
    asked = {key: count for key, count in (browser.site.services.requests - before).items() if key[0] == "fhir"}
    assert asked == {("fhir", "POST", 200): 1, ("fhir", "GET", 200): 1, ("fhir", "POST", 201): 1}


async def test_scopes_of_a_patient_are_never_given_without_one(browser: Browser) -> None:
    picker = await browser.send(await browser.authorize(scope="patient/Observation.rs"), "/auth/sign-on", user="demo-gp")
    assert "Whose record?" in picker.text


async def test_a_record_system_starts_an_application_with_its_patient(browser: Browser) -> None:
    """SMART App Launch 2.2, 2.0.6: EHR launch."""
    token = (await browser.tokens())["access_token"]
    headers = {"authorization": f"Bearer {token}"}
    answer = await browser.site.http.post("/auth/launch", json={"patient": "example"}, headers=headers)
    assert answer.status_code == 201
    handle = answer.json()["launch"]
    assert "example" not in handle
    said = await browser.tokens(scope="openid launch patient/*.rs", launch=handle)
    assert said["patient"] == "example"
    page = await browser.authorize(scope="openid launch patient/*.rs", launch=handle)
    again = await browser.send(page, "/auth/sign-on", user="demo-gp")
    assert query(again.headers["location"])["error"] == "access_denied"


async def test_a_launch_is_for_who_made_it_and_for_five_minutes(browser: Browser) -> None:
    token = (await browser.tokens())["access_token"]
    for user, later in (("demo-hospital-clinician", 0), ("demo-patient", 0), ("demo-gp", 300)):
        headers = {"authorization": f"Bearer {token}"}
        made = await browser.site.http.post("/auth/launch", json={"patient": "example"}, headers=headers)
        browser.site.clock.advance(later)
        page = await browser.authorize(scope="launch patient/*.rs", launch=made.json()["launch"])
        answer = await browser.send(page, "/auth/sign-on", user=user, record="example")
        assert query(answer.headers["location"])["error"] == "access_denied", user


async def test_a_launch_is_made_for_whom_one_may_see_and_by_a_person(browser: Browser) -> None:
    ask = browser.site.http.post
    assert (await ask("/auth/launch", json={"patient": "example"})).status_code == 401
    for user, patient, status in (("demo-gp", "nobody", 404), ("demo-mdt-member", "example", 404), ("demo-gp", "a/b", 404)):
        token = (await browser.tokens(user))["access_token"]
        answer = await ask("/auth/launch", json={"patient": patient}, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == status, user
    system = browser.site.token(sub="bulk", client_id="bulk", role="system", organisation="RX9", scope="system/*.rs")
    assert (
        await ask("/auth/launch", json={"patient": "example"}, headers={"authorization": f"Bearer {system}"})
    ).status_code == 403


async def test_whoever_has_a_name_with_parts_missing_is_found_all_the_same(browser: Browser) -> None:
    """JSON has null where an extension stands for a value (FHIR R4 JSON, 2.6.2)."""
    absent = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
    name = {"family": "Shaw", "given": [None, "Bea"], "_given": [absent, None]}
    headers = {"authorization": f"Bearer {browser.site.token()}"}
    said = {"resourceType": "Patient", "id": "bea", "name": [name]}
    assert (await browser.site.http.put("/fhir/Patient/bea", json=said, headers=headers)).status_code == 201
    picker = await browser.send(await browser.authorize(scope=STANDALONE), "/auth/sign-on", user="demo-gp")
    found = await browser.send(picker, "/auth/patient", name="bea")
    assert [each.strip() for each in fromstring(found.text).xpath("//label[@for='patient']/text()")] == ["Bea Shaw"]


async def refresh(browser: Browser, token: str, **more: str) -> tuple[int, dict[str, str]]:
    """What is answered to a refresh token."""
    data = {"grant_type": "refresh_token", "refresh_token": token, "client_id": "app", **more}
    answer = await browser.site.http.post("/signon/token", data=data)
    return answer.status_code, answer.json()


async def good(browser: Browser, *said: dict[str, str]) -> list[bool]:
    """Whether these answers' access tokens are taken."""
    return [(await browser.site.get(each["access_token"], "/fhir/Organization")).status_code == 200 for each in said]


async def test_refresh_tokens_are_used_once_and_a_replay_ends_the_family(browser: Browser) -> None:
    """RFC 9700, 4.14.2."""
    first = await browser.tokens(scope="openid offline_access user/*.rs")
    assert (await refresh(browser, first["refresh_token"], client_id="another"))[0] == 400
    browser.site.clock.advance(3_700)
    assert await good(browser, first) == [False]
    status, second = await refresh(browser, first["refresh_token"])
    assert status == 200
    assert await good(browser, second) == [True]
    assert await refresh(browser, first["refresh_token"]) == (400, {"error": "invalid_grant"})
    assert await good(browser, second) == [False]
    assert await refresh(browser, second["refresh_token"]) == (400, {"error": "invalid_grant"})


async def test_a_replay_ends_every_token_of_the_sign_on_and_none_of_another(browser: Browser) -> None:
    other = await browser.tokens()
    code = (await browser.code(scope="offline_access user/*.rs"))["code"]
    first = (await browser.exchange(code)).json()
    _, second = await refresh(browser, first["refresh_token"])
    assert await good(browser, first, second, other) == [True, True, True]
    assert (await browser.exchange(code)).json() == {"error": "invalid_grant"}
    assert await good(browser, first, second, other) == [False, False, True]
    assert (await refresh(browser, second["refresh_token"]))[0] == 400


@pytest.mark.parametrize("revoked", ["access_token", "refresh_token"])
async def test_either_token_may_be_revoked_and_ends_the_sign_on(browser: Browser, revoked: str) -> None:
    """RFC 7009, 2.1; it stays so, and of a token that is none nothing is told."""
    first = await browser.tokens(scope="offline_access user/*.rs")
    _, second = await refresh(browser, first["refresh_token"])
    for token in (second[revoked], "none", second[revoked]):
        answer = await browser.site.http.post("/signon/revoke", data={"token": token})
        assert (answer.status_code, answer.content) == (200, b"")
    assert await good(browser, first, second) == [False, False]
    assert (await refresh(browser, second["refresh_token"]))[0] == 400


async def test_a_new_token_may_be_for_less_and_never_for_more(browser: Browser) -> None:
    """RFC 6749, 6."""
    first = await browser.tokens(scope="offline_access user/Organization.rs user/Location.rs")
    status, second = await refresh(browser, first["refresh_token"], scope="user/Location.rs")
    assert (status, second["scope"]) == (200, "user/Location.rs")
    assert await good(browser, second) == [False]
    status, third = await refresh(browser, second["refresh_token"])
    assert third["scope"] == first["scope"]
    assert await good(browser, third) == [True]
    assert await refresh(browser, third["refresh_token"], scope="user/*.cruds") == (400, {"error": "invalid_scope"})
    assert (await refresh(browser, third["refresh_token"]))[0] == 200


async def test_online_access_ends_half_a_day_after_sign_on_however_often_it_is_refreshed(browser: Browser) -> None:
    said = await browser.tokens(scope="online_access user/*.rs")
    statuses = []
    for _ in range(13):
        browser.site.clock.advance(3_600)
        data = {"grant_type": "refresh_token", "refresh_token": said.get("refresh_token", ""), "client_id": "app"}
        answer = await browser.site.http.post("/signon/token", data=data)
        statuses.append(answer.status_code)
        said = answer.json()
    assert statuses == [200] * 11 + [400] * 2


async def test_a_person_is_found_by_several_names_and_a_number_with_blanks(browser: Browser) -> None:
    picker = await browser.send(await browser.authorize(scope=STANDALONE), "/auth/sign-on", user="demo-gp")
    for fields, found in (({"name": "shaw sha"}, True), ({"name": "shaw other"}, False), ({"identifier": "999 000 0018"}, False)):
        page = await browser.send(picker, "/auth/patient", **fields)
        assert ('value="example"' in page.text) == found, fields


async def test_a_patient_says_which_record_is_theirs(browser: Browser) -> None:
    """The page comes again with what is missing, told to a screen reader as well."""
    page = await browser.authorize()
    for record in ("", "../x"):
        answer = await browser.send(page, "/auth/sign-on", user="demo-patient", record=record)
        assert answer.status_code == 400
        said = fromstring(answer.text)
        assert said.xpath("string(//title)").startswith("Error: ")
        assert said.xpath("//*[@role='alert']//a/@href") == ["#record"]
        assert said.xpath("//input[@name='user' and @checked]/@value") == ["demo-patient"]
        assert said.xpath("//input[@id='record']/@aria-describedby") == ["record-hint record-error"]
    assert (await browser.send(answer, "/auth/sign-on", user="demo-patient", record="example")).status_code == 303


async def test_a_link_may_have_filled_in_who_one_is_and_whose_record_is_theirs(browser: Browser) -> None:
    gone = await browser.http.get("/auth/login?to=/my&login_hint=demo-patient&record=example")
    page = await browser.http.get(gone.headers["location"])
    said = fromstring(page.text)
    assert said.xpath("//input[@name='user' and @checked]/@value") == ["demo-patient"]
    assert said.xpath("//input[@id='record']/@value") == ["example"]
    gone = await browser.http.get("/auth/login?login_hint=nobody")
    said = fromstring((await browser.http.get(gone.headers["location"])).text)
    assert said.xpath("//input[@name='user' and @checked]/@value") == ["demo-gp"]


async def test_no_refresh_token_is_given_unasked(browser: Browser) -> None:
    assert "refresh_token" not in await browser.tokens()
