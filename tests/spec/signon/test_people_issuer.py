"""People sign on to our own pages at a configured issuer: any OpenID Provider that discovery finds (OpenID Connect Core 1.0)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
import respx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jwk import KeySet as Keys

from interop.clock import ManualClock
from interop.policy.decide import Question, decide
from interop.policy.facts import Facts
from interop.signon.authorization import proves
from tests.spec.signon.browser import query
from tests.spec.signon.conftest import Site, jwks, serving_at, signed
from tests.spec.signon.test_issuers import AUDIENCE, DISCOVERY, ISSUER, KEYS

pytestmark = pytest.mark.anyio
ROOT = "https://care.example"
COOKIE = "__Host-interop-session"
CIS2 = {
    "nhsid_nrbac_roles": [
        {"person_roleid": "1", "org_code": "B83012", "role_code": "S8000:G8000:R8000"},
        {"person_roleid": "2", "org_code": "RXA", "role_code": "S0080:G0450:R0001"},
    ],
    "selected_roleid": "1",
}


class Provider:
    """An OpenID Provider: whoever is led there signs on as ``claims`` say."""

    def __init__(self, mocked: respx.MockRouter, key: RSAKey, now: Callable[[], int]) -> None:
        self.key, self.now = key, now
        self.asked: dict[str, str] = {}
        self.forms: list[dict[str, str]] = []
        self.headers: list[httpx.Headers] = []
        self.claims: dict[str, Any] = {}
        self.context: dict[str, Any] = {}
        self.more: dict[str, Any] = {"sub": "555", **CIS2}
        self.settings: dict[str, Any] = {
            "issuer": ISSUER,
            "jwks_uri": KEYS,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "userinfo_endpoint": f"{ISSUER}/userinfo",
        }
        mocked.get(DISCOVERY).mock(side_effect=lambda _: httpx.Response(200, json=self.settings))
        mocked.get(KEYS).respond(json=jwks(("k1", key)))
        mocked.post(f"{ISSUER}/token").mock(side_effect=self.token)
        mocked.get(f"{ISSUER}/userinfo").mock(side_effect=self.userinfo)

    def token(self, request: httpx.Request) -> httpx.Response:
        form = dict(parse_qsl(request.content.decode()))
        self.forms.append(form)
        self.headers.append(request.headers)
        good = form["code"] == "c1" and form["redirect_uri"] == self.asked["redirect_uri"] == f"{ROOT}/auth/callback"
        if not good or not proves(form["code_verifier"], self.asked["code_challenge"]):
            return httpx.Response(400, json={"error": "invalid_grant"})
        claims = {"iss": ISSUER, "aud": "interop-pages", "sub": "555", "exp": self.now() + 300, "iat": self.now()}
        claims = {**claims, "nonce": self.asked["nonce"], **self.claims}
        said = {"access_token": "at1", "id_token": signed(claims, self.key, "k1", "RS256"), **self.context}
        return httpx.Response(200, json=said)

    def userinfo(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["authorization"] == "Bearer at1"
        return httpx.Response(200, json=self.more)


@pytest.fixture
def mocked() -> Any:
    with respx.mock(assert_all_called=False) as mocked:
        mocked.route(host="127.0.0.1").pass_through()
        yield mocked


@pytest.fixture
async def site(tmp_path: Path, clock: ManualClock, mocked: respx.MockRouter) -> AsyncIterator[Site]:
    async with serving_at(tmp_path / "data", clock, issuer=ISSUER, audience=AUDIENCE) as site:
        yield site


@pytest.fixture
def provider(site: Site, mocked: respx.MockRouter, rsa: RSAKey) -> Provider:
    return Provider(mocked, rsa, lambda: site.now)


def crumbs(*answers: httpx.Response) -> dict[str, str]:
    """The cookies of a browser that speaks TLS to the proxy before us."""
    found: dict[str, str] = {}
    for answer in answers:
        for said in answer.headers.get_list("set-cookie"):
            name, _, value = said.partition(";")[0].partition("=")
            assert "; Path=/; HttpOnly; SameSite=Lax; Secure" in said
            assert name.startswith("__Host-")
            found[name] = value
    return {"cookie": "; ".join(f"{name}={value}" for name, value in found.items() if value)}


async def come_back(site: Site, provider: Provider, begun: str = "/auth/login", **changed: str) -> httpx.Response:
    """To the issuer and back from it."""
    gone = await site.http.get(begun)
    assert gone.headers["location"].startswith(f"{ISSUER}/authorize?")
    provider.asked = query(gone.headers["location"])
    said = {"code": "c1", "state": provider.asked["state"], **changed}
    return await site.http.get("/auth/callback", params=said, headers=crumbs(gone) | {"sec-fetch-site": "cross-site"})


async def test_who_signs_on_there_has_a_session_here(site: Site, provider: Provider) -> None:
    """By code, PKCE, state and nonce; the roles are those of UserInfo, as NHS CIS2 gives them."""
    answer = await come_back(site, provider)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert provider.asked["code_challenge_method"] == "S256"
    assert provider.asked["scope"] == "openid profile"
    headers = crumbs(answer) | {"sec-fetch-site": "same-origin"}
    seen: list[Any] = []
    policy = site.services.policy
    site.services.policy = lambda question, facts, now: seen.append(question.asker) or policy(question, facts, now)  # type: ignore[func-returns-value]
    assert (await site.http.get("/fhir/Organization", headers=headers)).status_code == 200
    asker = seen[0]
    assert (asker.user, asker.role, asker.organisation, asker.client) == (f"{ISSUER}|555", "gp", "B83012", "interop-pages")
    assert [str(each) for each in asker.scopes] == ["user/*.cruds"]


async def test_who_signs_on_there_as_a_patient_reads_and_decides_for_themself(site: Site, provider: Provider) -> None:
    """Consent, and how they are told of news, are written: a scope to read alone would keep them from both."""
    provider.more = {"sub": "555", "identity_proofing_level": "P9", "fhirUser": "Patient/p1"}
    answer = await come_back(site, provider)
    seen: list[Question] = []
    policy = site.services.policy
    site.services.policy = lambda question, facts, now: seen.append(question) or policy(question, facts, now)  # type: ignore[func-returns-value]
    headers = crumbs(answer) | {"sec-fetch-site": "same-origin"}
    assert (await site.http.get("/fhir/Patient/p1/$contact-choices", headers=headers)).status_code == 404
    asker = seen[0].asker
    assert (asker.role, asker.patient) == ("patient", "p1")
    for name in ("$record-consent", "$record-contact-choices"):
        assert decide(Question(name, "Patient", "p1", asker), Facts(), 0).refusal == ""


async def test_a_launch_from_a_record_system_leads_to_its_patient(site: Site, provider: Provider) -> None:
    """SMART App Launch 2.2, 2.0.8: the handle goes to the issuer, with its scope and whom the token is for; the patient comes back
    beside the token."""
    provider.context = {"patient": "p1"}
    answer = await come_back(site, provider, "/auth/login?to=/crew&launch=h%2B1")
    assert (provider.asked["launch"], provider.asked["aud"]) == ("h+1", AUDIENCE)
    assert provider.asked["scope"] == "openid profile launch"
    assert (answer.status_code, answer.headers["location"]) == (303, "/crew/p1")


@pytest.mark.parametrize("context", [{}, {"patient": ""}, {"patient": "../desk"}, {"patient": "//elsewhere.example"}], ids=repr)
async def test_a_launch_without_a_patient_is_not_completed(context: dict[str, Any], site: Site, provider: Provider) -> None:
    provider.context = context
    answer = await come_back(site, provider, "/auth/login?to=/crew&launch=h1")
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


async def test_a_patient_of_the_issuer_leads_nobody_who_was_not_launched(site: Site, provider: Provider) -> None:
    provider.context = {"patient": "p1"}
    answer = await come_back(site, provider, "/auth/login?to=/crew")
    assert answer.headers["location"] == "/crew"
    assert "aud" not in provider.asked


async def test_a_cookie_without_the_prefix_is_nobodys(site: Site, provider: Provider) -> None:
    """Over TLS only ``__Host-`` counts, which no neighbour's host and no plain connection can set."""
    cookie = crumbs(await come_back(site, provider))["cookie"]
    for said, status in ((cookie, 200), (cookie.replace("__Host-", ""), 401)):
        headers = {"cookie": said, "sec-fetch-site": "same-origin"}
        assert (await site.http.get("/fhir/Organization", headers=headers)).status_code == status


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"},
        {"aud": ["interop-pages", "another"]},
        {"azp": "another"},
        {"iss": "https://elsewhere.example"},
        {"nonce": "of another"},
        {"nonce": None},
        {"exp": 1},
        {"sub": ""},
        {"sub": "556"},
    ],
    ids=repr,
)
async def test_an_id_token_that_is_not_for_this_sign_on_is_refused(claims: dict[str, Any], site: Site, provider: Provider) -> None:
    provider.claims = claims
    answer = await come_back(site, provider)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "more",
    [{"sub": "556", **CIS2}, {**CIS2}, {"sub": "555"}, {"sub": "555", "role": "tester"}, {"sub": "555", "role": "system"}],
    ids=repr,
)
async def test_who_is_another_or_has_no_role_of_people_is_not_let_in(more: dict[str, Any], site: Site, provider: Provider) -> None:
    provider.more = more
    answer = await come_back(site, provider)
    assert answer.status_code == 400
    assert "Please begin again" in answer.text
    assert "DEMONSTRATION" not in answer.text


async def test_what_the_signature_says_is_not_overruled(site: Site, provider: Provider) -> None:
    """UserInfo is not signed."""
    provider.claims = {"selected_roleid": "2"}
    answer = await come_back(site, provider)
    cookie = crumbs(answer) | {"sec-fetch-site": "same-origin"}
    assert (await site.http.get("/fhir/AuditEvent", headers=cookie)).status_code == 200
    assert (await site.http.get("/fhir/Observation", headers=cookie)).status_code == 403


@pytest.mark.parametrize("changed", [{"state": "other"}, {"code": "c2"}, {"iss": "https://elsewhere.example"}, {"error": "x"}])
async def test_what_comes_back_is_held_against_what_was_asked(changed: dict[str, str], site: Site, provider: Provider) -> None:
    answer = await come_back(site, provider, **changed)
    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


async def test_an_issuer_that_says_its_name_must_say_it(site: Site, provider: Provider) -> None:
    """RFC 9207, 2.4."""
    provider.settings["authorization_response_iss_parameter_supported"] = True
    assert (await come_back(site, provider)).status_code == 400
    assert (await come_back(site, provider, iss=ISSUER)).status_code == 303


async def test_the_pages_prove_who_they_are_as_the_issuer_wants_it(site: Site, provider: Provider) -> None:
    signon = site.signon
    assert (await come_back(site, provider)).status_code == 303
    assert not {"client_secret", "client_assertion"} & provider.forms[0].keys()
    provider.settings["token_endpoint_auth_methods_supported"] = ["client_secret_post", "private_key_jwt"]
    site.clock.advance(3_601)
    assert (await come_back(site, provider)).status_code == 303
    published = Keys.import_key_set((await site.http.get("/signon/jwks")).json())
    claims = jwt.decode(provider.forms[1]["client_assertion"], published, algorithms=["ES384"]).claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("interop-pages", "interop-pages", f"{ISSUER}/token")
    assert claims["exp"] <= site.now + 60
    signon.client_secret = "a:secret of the pages"
    assert (await come_back(site, provider)).status_code == 303
    assert provider.forms[2]["client_secret"] == signon.client_secret
    assert "client_assertion" not in provider.forms[2]
    del provider.settings["token_endpoint_auth_methods_supported"]
    site.clock.advance(3_601)
    assert (await come_back(site, provider)).status_code == 303
    assert b64decode(provider.headers[3]["authorization"].removeprefix("Basic ")) == b"interop-pages:a%3Asecret+of+the+pages"
    assert "client_secret" not in provider.forms[3]


async def test_one_is_told_to_sign_out_there_too(site: Site, provider: Provider) -> None:
    """On a device that is shared the issuer would let the next person in as the one before."""
    for where, told in (("https://id.example/out?x=1", True), ("http://id.example/out", False), (None, False)):
        provider.settings["end_session_endpoint"] = where
        site.clock.advance(3_601)
        headers = crumbs(await come_back(site, provider)) | {"sec-fetch-site": "same-origin"}
        page = await site.http.get("/auth/logout", headers=headers)
        token = page.text.partition('name="csrf" value="')[2].partition('"')[0]
        answer = await site.http.post("/auth/logout", data={"csrf": token}, headers=headers)
        assert answer.status_code == 200
        assert ('href="https://id.example/out?x=1&amp;client_id=interop-pages"' in answer.text) == told
        assert (await site.http.get("/fhir/Organization", headers=headers)).status_code == 401


async def test_an_issuer_that_is_not_there_is_told_in_a_page(site: Site, mocked: respx.MockRouter) -> None:
    mocked.get(DISCOVERY).respond(503)
    answer = await site.http.get("/auth/login")
    assert answer.status_code == 503
    assert "<h1" in answer.text


@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "userinfo_endpoint"])
async def test_nobody_is_sent_or_asked_in_the_clear(name: str, site: Site, provider: Provider) -> None:
    provider.settings[name] = "http://id.example/there"
    if name == "authorization_endpoint":
        assert (await site.http.get("/auth/login")).status_code == 503
    else:
        assert (await come_back(site, provider)).status_code == 503


async def test_an_id_token_is_no_access_token(site: Site, provider: Provider) -> None:
    claims = {**site.claims(iss=ISSUER, aud="interop-pages", role="gp"), "nonce": "n"}
    assert (await site.get(signed(claims, provider.key, "k1", "RS256"))).status_code == 401
    assert (await site.get(signed(claims, ECKey.generate_key("P-384", private=True), "k1", "ES384"))).status_code == 401
