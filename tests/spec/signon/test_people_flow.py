"""People sign on through an application: authorization code with PKCE (OAuth 2.1), SMART App Launch 2.2, standalone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from interop.signon.people import demo_users
from tests.spec.signon.browser import APP, Browser
from tests.spec.signon.conftest import Site

pytestmark = pytest.mark.anyio


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Browser]:
    browser = Browser(site)
    yield browser
    await browser.http.aclose()


async def test_a_person_signs_on_and_the_application_reads_as_that_person(browser: Browser) -> None:
    answer = await browser.exchange((await browser.code())["code"])
    said = answer.json()
    assert answer.status_code == 200
    assert "no-store" in answer.headers["cache-control"]
    assert {name: said[name] for name in ("token_type", "expires_in", "scope")} == {
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "openid fhirUser user/*.rs",
    }
    asker = (await browser.site.signon.door.verify(said["access_token"])).asker
    assert (asker.user, asker.role, asker.organisation, asker.client) == (
        "https://demo.interop.invalid|demo-gp",
        "gp",
        "G99901",
        "app",
    )
    assert [str(each) for each in asker.scopes or ()] == ["user/*.rs"]
    assert (await browser.site.get(said["access_token"], "/fhir/Organization")).status_code == 200


async def test_staff_are_in_the_record_from_their_first_sign_on(browser: Browser) -> None:
    """``fhirUser`` (SMART App Launch 2.2, 5.1): the audit and relationships know them by it, and it is written once."""
    for _ in range(2):
        said = await browser.tokens(scope="openid fhirUser user/*.rs")
        claims = jwt.decode(said["id_token"], browser.site.signon.own.keys.signing, algorithms=["ES384"]).claims
        named = (await browser.site.signon.door.verify(said["access_token"])).asker.fhir_user
        assert claims["fhirUser"] == f"{browser.site.root}/fhir/{named}"
        found = (await browser.site.get(said["access_token"], f"/fhir/{named}")).json()
        assert found["name"] == [{"text": "Dr Ada Lark", "family": "Lark", "given": ["Ada"]}]
        assert found["meta"]["versionId"] == "1"
        every = (await browser.site.get(said["access_token"], "/fhir/Practitioner?_summary=count")).json()
        assert every["total"] == 1


async def test_a_scope_that_gives_nothing_is_not_said_to_be_given(browser: Browser) -> None:
    """``fhirUser``: for the tester no resource stands in the record."""
    said = await browser.tokens("demo-tester", scope="openid fhirUser user/*.rs")
    claims = jwt.decode(said["id_token"], browser.site.signon.own.keys.signing, algorithms=["ES384"]).claims
    assert "fhirUser" not in said["scope"].split()
    assert "fhirUser" not in claims


async def test_the_application_is_sent_back_its_state_and_who_answers(browser: Browser) -> None:
    """RFC 6749, 4.1.2; RFC 9207."""
    page = await browser.authorize(state="x y&z")
    answer = await browser.send(page, "/auth/sign-on", user="demo-gp")
    assert answer.headers["location"].startswith(f"{APP}?code=")
    said = await browser.code(state="x y&z")
    assert (said["state"], said["iss"]) == ("x y&z", browser.site.root)


async def test_the_id_token_is_of_the_issuer_that_the_server_is_found_as(browser: Browser) -> None:
    """OpenID Connect Core 1.0, 2; Discovery 1.0, 4.3."""
    said = await browser.tokens(scope="openid fhirUser profile user/*.rs")
    found = (await browser.site.http.get("/.well-known/openid-configuration")).json()
    keys = KeySet.import_key_set((await browser.site.http.get(found["jwks_uri"])).json())
    token = jwt.decode(said["id_token"], keys, algorithms=found["id_token_signing_alg_values_supported"])
    assert token.header["typ"] == "JWT"
    assert {name: token.claims.get(name) for name in ("iss", "aud", "sub", "nonce", "name")} == {
        "iss": found["issuer"],
        "aud": "app",
        "sub": "demo-gp",
        "nonce": "n1",
        "name": "Dr Ada Lark",
    }
    assert found["issuer"] == browser.site.root
    assert (await browser.site.get(said["id_token"])).status_code == 401


@pytest.mark.parametrize("user", demo_users())
async def test_the_role_of_each_user_is_the_one_that_policy_is_asked_about(browser: Browser, user: str) -> None:
    page = await browser.authorize()
    answer = await browser.send(page, "/auth/sign-on", user=user, record="example")
    code = answer.headers["location"].partition("code=")[2].partition("&")[0]
    said = (await browser.exchange(code)).json()
    seen: list[str] = []
    policy = browser.site.services.policy
    browser.site.services.policy = lambda question, facts, now: seen.append(question.asker.role) or policy(question, facts, now)  # type: ignore[func-returns-value]
    await browser.site.get(said["access_token"], "/fhir/Patient/example")
    assert seen == [demo_users()[user].role]


async def test_a_patient_sees_the_own_record_alone(browser: Browser) -> None:
    await browser.site.fill()
    page = await browser.authorize(scope="openid fhirUser patient/*.rs")
    answer = await browser.send(page, "/auth/sign-on", user="demo-patient", record="example")
    said = (await browser.exchange(answer.headers["location"].partition("code=")[2].partition("&")[0])).json()
    assert (said["patient"], said["need_patient_banner"]) == ("example", True)
    assert said["scope"] == "openid fhirUser patient/*.rs"
    claims = jwt.decode(said["id_token"], browser.site.signon.own.keys.signing, algorithms=["ES384"]).claims
    assert claims["fhirUser"] == f"{browser.site.root}/fhir/Patient/example"
    assert (await browser.site.get(said["access_token"])).status_code == 200
    assert (await browser.site.get(said["access_token"], "/fhir/Patient/other")).status_code == 404
