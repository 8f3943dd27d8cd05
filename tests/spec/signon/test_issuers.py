"""A configured issuer: found by discovery, its keys fetched and kept, its tokens for our audience alone, the embedded one off."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import respx
from joserfc.jwk import ECKey, RSAKey

from interop.clock import ManualClock
from tests.spec.signon.conftest import Site, jwks, serving_at, signed

pytestmark = pytest.mark.anyio
ISSUER = "https://id.example/realms/care"
AUDIENCE = "https://care.example/fhir"
DISCOVERY = f"{ISSUER}/.well-known/openid-configuration"
KEYS = "https://id.example/keys"


@pytest.fixture
def remote(rsa: RSAKey) -> Any:
    """The issuer's server."""
    with respx.mock(assert_all_called=False) as mocked:
        mocked.route(host="127.0.0.1").pass_through()
        mocked.get(DISCOVERY, name="discovery").respond(json={"issuer": ISSUER, "jwks_uri": KEYS})
        mocked.get(KEYS, name="keys").respond(json=jwks(("k1", rsa)))
        yield mocked


@pytest.fixture
async def site(tmp_path: Path, clock: ManualClock, remote: respx.MockRouter) -> AsyncIterator[Site]:
    async with serving_at(tmp_path / "data", clock, issuer=ISSUER, audience=AUDIENCE) as site:
        yield site


def made(site: Site, key: RSAKey | ECKey, kid: str = "k1", algorithm: str = "RS256", **changed: Any) -> str:
    """A token of the issuer for an operator, who may read what is about nobody."""
    claims = site.claims(**{"iss": ISSUER, "aud": AUDIENCE, "role": "operator", **changed})
    return signed(claims, key, kid, algorithm)


async def status(site: Site, token: str) -> int:
    return (await site.get(token, "/fhir/Organization")).status_code


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "PS256"])
async def test_a_token_of_the_issuer_is_taken(algorithm: str, site: Site, rsa: RSAKey) -> None:
    assert await status(site, made(site, rsa, algorithm=algorithm)) == 200
    assert await status(site, made(site, rsa, algorithm=algorithm, aud=["account", AUDIENCE])) == 200


@pytest.mark.parametrize(("curve", "algorithm"), [("P-256", "ES256"), ("P-384", "ES384")])
async def test_of_either_curve(curve: str, algorithm: str, site: Site, remote: respx.MockRouter) -> None:
    key = ECKey.generate_key(curve, private=True)
    remote["keys"].respond(json=jwks(("e1", key)))
    assert await status(site, made(site, key, "e1", algorithm)) == 200


async def test_the_embedded_issuer_is_off(site: Site) -> None:
    """Though the key is there."""
    assert await status(site, site.token()) == 401


async def test_nobody_of_the_issuer_is_the_tester(site: Site, rsa: RSAKey) -> None:
    assert await status(site, made(site, rsa, role="tester")) == 401
    own = site.signon.own
    claims = site.claims(iss=own.issuer.name, aud=own.issuer.audience)
    assert await status(site, signed(claims, own.keys.signing, own.keys.kid, "ES384")) == 401


async def test_one_for_another_audience_is_refused(site: Site, rsa: RSAKey) -> None:
    """An ID token is for the client that asked for it."""
    assert await status(site, made(site, rsa, aud="web-app")) == 401
    assert await status(site, made(site, rsa, aud="https://care.example")) == 401


async def test_keys_are_fetched_once_and_for_a_new_id_again(site: Site, remote: respx.MockRouter, rsa: RSAKey) -> None:
    for number in range(5):
        assert await status(site, made(site, rsa, jti=f"n{number}")) == 200
    assert remote["keys"].call_count == 1
    fresh = RSAKey.generate_key(2048, private=True)
    remote["keys"].respond(json=jwks(("k2", fresh)))
    assert await status(site, made(site, fresh, "k2")) == 401
    site.clock.advance(31)
    assert await status(site, made(site, fresh, "k2")) == 200
    assert await status(site, made(site, rsa, jti="old")) == 401
    assert remote["keys"].call_count == 2


async def test_a_key_that_the_issuer_has_taken_back_signs_for_an_hour_at_most(
    site: Site, remote: respx.MockRouter, rsa: RSAKey
) -> None:
    """However long its tokens are good, and however often they come."""
    token = made(site, rsa, exp=site.now + 30 * 86_400)
    assert await status(site, token) == 200
    remote["keys"].respond(json=jwks(("k2", RSAKey.generate_key(2048, private=True))))
    site.clock.advance(3_599)
    assert await status(site, token) == 200
    site.clock.advance(2)
    assert await status(site, token) == 401


async def test_tokens_with_ids_of_no_key_make_no_more_than_a_fetch_in_half_a_minute(
    site: Site, remote: respx.MockRouter, rsa: RSAKey
) -> None:
    for number in range(20):
        assert await status(site, made(site, rsa, kid=f"x{number}")) == 401
    assert remote["keys"].call_count == 1


async def test_while_the_issuer_cannot_be_reached_what_was_fetched_stands_for_a_day(
    site: Site, remote: respx.MockRouter, rsa: RSAKey
) -> None:
    assert await status(site, made(site, rsa)) == 200
    remote["keys"].respond(503)
    site.clock.advance(3_700)
    assert await status(site, made(site, rsa)) == 200
    site.clock.advance(24 * 3_600)
    answer = await site.get(made(site, rsa), "/fhir/Organization")
    assert answer.status_code == 503
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "issuer-unavailable"


@pytest.mark.parametrize(
    "said",
    [
        {"issuer": "https://elsewhere.example", "jwks_uri": KEYS},
        {"issuer": ISSUER},
        {},
        {"issuer": ISSUER, "jwks_uri": "http://id.example/keys"},
        {"issuer": ISSUER, "jwks_uri": "file:///keys"},
        {"issuer": ISSUER, "jwks_uri": "http://127.0.0.1:9@id.example/keys"},
        {"issuer": ISSUER, "jwks_uri": "http://localhost:9/keys"},
        {"issuer": ISSUER, "jwks_uri": "http://localhost:@id.example/keys"},
    ],
)
async def test_a_discovery_that_is_not_the_issuers_is_not_used(
    said: dict[str, str], site: Site, remote: respx.MockRouter, rsa: RSAKey
) -> None:
    remote["discovery"].respond(json=said)
    assert await status(site, made(site, rsa)) == 503
    assert not remote["keys"].called


async def test_who_asks_while_the_issuer_is_asked_waits_for_its_answer(site: Site, remote: respx.MockRouter) -> None:
    """Else every hour those who sign on in that moment would be told that it cannot be reached."""
    assert site.signon.configured is not None
    said = await asyncio.gather(*(site.signon.configured.settings() for _ in range(3)))
    assert [each["jwks_uri"] for each in said] == [KEYS] * 3
    assert remote["discovery"].call_count == 1


async def test_of_several_tokens_of_one_sign_on_there_the_one_that_is_revoked_ends_and_stays_so(
    tmp_path: Path, clock: ManualClock, remote: respx.MockRouter, rsa: RSAKey
) -> None:
    """An issuer that gives tokens no ids: whoever signs on again there, in the same session, is let in."""
    kept = []
    for revoked in (2, 0):
        async with serving_at(tmp_path / "data", clock, issuer=ISSUER, audience=AUDIENCE) as site:
            kept = kept or [made(site, rsa, jti=None, sid="s1", exp=site.now + seconds) for seconds in (300, 3_000, 3_100)]
            for token in kept[:revoked]:
                assert (await site.http.post("/signon/revoke", data={"token": token})).status_code == 200
            clock.advance(0 if revoked else 400)
            assert [await status(site, token) for token in kept] == [401, 401, 200]


async def test_an_answer_without_end_is_not_read_to_the_end(site: Site, remote: respx.MockRouter, rsa: RSAKey) -> None:
    remote["keys"].respond(content=b"[" * 300_000)
    assert await status(site, made(site, rsa)) == 503


async def test_nor_is_a_redirection_followed(site: Site, remote: respx.MockRouter, rsa: RSAKey) -> None:
    remote["keys"].respond(302, headers={"location": "http://127.0.0.1:1/"})
    assert await status(site, made(site, rsa)) == 503


@pytest.mark.parametrize("key", [{"kty": "oct", "k": "c2VjcmV0"}, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}, {"kty": "RSA"}, "text"])
async def test_a_key_that_is_weak_or_none_is_passed_over(key: Any, site: Site, remote: respx.MockRouter, rsa: RSAKey) -> None:
    good = jwks(("k1", rsa))["keys"][0]
    odd = {**key, "kid": "k0"} if isinstance(key, dict) else key
    remote["keys"].respond(json={"keys": [odd, {**good, "kid": "enc", "use": "enc"}, good]})
    assert await status(site, made(site, rsa)) == 200
    assert await status(site, made(site, rsa, "enc")) == 401


async def test_clients_know_the_server_by_the_audience(site: Site) -> None:
    said = (await site.http.get("/fhir/.well-known/smart-configuration")).json()
    assert said["token_endpoint"] == "https://care.example/signon/token"
    assert said["issuer"] == "https://care.example/signon"
    statement = (await site.http.get("/fhir/metadata")).json()
    assert statement["rest"][0]["security"]["service"][0]["coding"][0]["code"] == "SMART-on-FHIR"


async def test_whoever_asks_where_to_sign_on_does_not_make_us_ask_the_issuer(site: Site, remote: respx.MockRouter) -> None:
    """Anyone may ask, so that it would be a way to burden the issuer."""
    for path in ("/.well-known/smart-configuration", "/.well-known/oauth-protected-resource/fhir", "/fhir/metadata"):
        assert (await site.http.get(path)).status_code == 200
    assert not remote["discovery"].called


async def test_people_are_not_told_to_come_to_us(site: Site) -> None:
    """Its authorization endpoint and our token endpoint would not fit together; RFC 9728 names whose tokens are taken."""
    said = (await site.http.get("/fhir/.well-known/smart-configuration")).json()
    assert "authorization_endpoint" not in said
    assert said["grant_types_supported"] == ["client_credentials"]
    assert not {"launch-standalone", "launch-ehr", "sso-openid-connect", "client-public"} & set(said["capabilities"])
    resource = (await site.http.get("/.well-known/oauth-protected-resource/fhir")).json()
    assert resource["resource"] == AUDIENCE
    assert resource["authorization_servers"] == [ISSUER]
    for path in ("/auth/authorize", "/.well-known/openid-configuration"):
        assert (await site.http.get(path)).status_code == 404
    for path in ("/auth/sign-on", "/auth/patient"):
        assert (await site.http.post(path)).status_code == 404
