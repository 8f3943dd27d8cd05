"""Tokens at the door (RFC 6750, 8725): one that is not good is refused, and nothing is told but that it is not."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path

import pytest
from joserfc.jwk import ECKey, RSAKey

from interop.api.signon.door import Unauthenticated
from interop.clock import ManualClock
from interop.policy.scopes import Scope
from interop.signon.keyfile import KEPT, write_keys
from tests.spec.signon.conftest import Site, part, serving_at, signed

pytestmark = pytest.mark.anyio


def unsigned(site: Site, algorithm: str) -> str:
    return f"{part({'alg': algorithm})}.{part(site.claims())}."


def confused(site: Site) -> str:
    """The public key, which everyone has, as if it were a shared secret."""
    keys = site.signon.own.keys
    text = f"{part({'alg': 'HS256', 'kid': keys.kid})}.{part(site.claims())}"
    mac = hmac.new(keys.signing.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    return f"{text}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def stranger(site: Site) -> str:
    """Another's key under the id of ours."""
    return signed(site.claims(), ECKey.generate_key("P-384", private=True), site.signon.own.keys.kid, "ES384")


def other_curve(site: Site) -> str:
    return signed(site.claims(), ECKey.generate_key("P-256", private=True), site.signon.own.keys.kid, "ES256")


def brought_along(site: Site) -> str:
    """A key in the header of the token itself."""
    key = ECKey.generate_key("P-384", private=True)
    return signed(site.claims(), key, site.signon.own.keys.kid, "ES384", jwk=key.as_dict(private=False))


def changed(site: Site) -> str:
    """Another role under the signature of a good token."""
    head, _, signature = site.token(role="gp").split(".")
    return f"{head}.{part(site.claims(role='tester'))}.{signature}"


BAD: dict[str, tuple[Callable[[Site], str], str]] = {
    "garbage": (lambda site: "garbage", "malformed"),
    "no parts": (lambda site: "..", "malformed"),
    "not JSON": (lambda site: "YQ.YQ.YQ", "malformed"),
    "a list": (lambda site: f"{part([])}.{part({})}.YQ", "malformed"),
    "deep": (lambda site: f"{urlsafe_b64encode(b'[' * 3000).decode().rstrip('=')}.YQ.YQ", "malformed"),
    "alg none": (lambda site: unsigned(site, "none"), "malformed"),
    "alg none, signed": (lambda site: unsigned(site, "none") + "YQ", "algorithm"),
    "alg None": (lambda site: unsigned(site, "None") + "YQ", "algorithm"),
    "HS256 with the public key": (confused, "algorithm"),
    "unknown algorithm": (lambda site: unsigned(site, "ES512") + "YQ", "algorithm"),
    "algorithms": (lambda site: f"{part({'alg': ['ES384']})}.{part(site.claims())}.YQ", "algorithm"),
    "an algorithm that is none": (lambda site: f"{part({'alg': {'ES384': 1}})}.{part(site.claims())}.YQ", "algorithm"),
    "key ids": (lambda site: f"{part({'alg': 'ES384', 'kid': ['a']})}.{part(site.claims())}.YQ", "malformed"),
    "a path as key id": (lambda site: signed(site.claims(), site.signon.own.keys.signing, "../../dev/null", "ES384"), "key"),
    "a key elsewhere": (
        lambda site: signed(
            site.claims(),
            ECKey.generate_key("P-384", private=True),
            "x",
            "ES384",
            jku="https://elsewhere.example/keys",
            x5u="https://elsewhere.example/keys",
        ),
        "key",
    ),
    "an end that is no number": (lambda site: site.token(exp=float("nan")), "malformed"),
    "an end that never comes": (lambda site: site.token(exp=float("inf")), "malformed"),
    "an end beyond any clock": (lambda site: site.token(exp=10**400), "malformed"),
    "subjects": (lambda site: site.token(sub=["sam"]), "subject"),
    "a subject of two lines": (lambda site: site.token(sub="sam\nsystem"), "subject"),
    "a subject that clears a screen": (lambda site: site.token(sub="sam\x1b[2J"), "subject"),
    "a role that is none": (lambda site: site.token(role="gp tester"), "claims"),
    "a purpose that is none": (lambda site: site.token(purpose="DIRECT\r\n"), "claims"),
    "another's key": (stranger, "signature"),
    "another curve": (other_curve, "key"),
    "unknown key": (lambda site: signed(site.claims(), site.signon.own.keys.signing, "who", "ES384"), "key"),
    "a key of its own": (brought_along, "signature"),
    "changed": (changed, "signature"),
    "wrong issuer": (lambda site: site.token(iss="https://elsewhere.example"), "issuer"),
    "no issuer": (lambda site: site.token(iss=None), "malformed"),
    "wrong audience": (lambda site: site.token(aud="https://elsewhere.example/fhir"), "audience"),
    "wrong audiences": (lambda site: site.token(aud=["a", "b", 1, None]), "audience"),
    "no audience": (lambda site: site.token(aud=None), "audience"),
    "expired": (lambda site: site.token(exp=site.now - 31), "expired"),
    "no end": (lambda site: site.token(exp=None), "expired"),
    "true as an end": (lambda site: site.token(exp=True), "malformed"),
    "an end as text": (lambda site: site.token(exp="9999999999"), "malformed"),
    "not yet": (lambda site: site.token(nbf=site.now + 31), "not-yet"),
    "issued in the future": (lambda site: site.token(iat=site.now + 31), "not-yet"),
    "no subject": (lambda site: site.token(sub=None), "subject"),
    "no role": (lambda site: site.token(role=None), "role"),
    "an organisation that is none": (lambda site: site.token(organisation="' OR 1=1"), "claims"),
    "a patient that is none": (lambda site: site.token(patient="../Patient/other"), "claims"),
    "critical header": (lambda site: f"{part({'alg': 'ES384', 'crit': ['x'], 'x': 1})}.{part(site.claims())}.YQ", "malformed"),
    "an ID token": (lambda site: f"{part({'alg': 'ES384', 'typ': 'logout+jwt'})}.{part(site.claims())}.YQ", "type"),
    "oversize": (lambda site: site.token(note="x" * 8_000), "oversize"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_token_is_refused(name: str, site: Site) -> None:
    make, why = BAD[name]
    answer = await site.get(make(site))
    garbage = await site.get("garbage")
    assert answer.status_code == 401
    assert answer.content == garbage.content
    assert headers(answer.headers) == headers(garbage.headers)
    assert answer.headers["www-authenticate"] == 'Bearer realm="interop", error="invalid_token"'
    assert answer.json()["issue"][0]["code"] == "login"
    with pytest.raises(Exception) as refused:
        await site.signon.door.verify(make(site))
    assert getattr(refused.value, "why", "") == why


def headers(said: object) -> dict[str, str]:
    return {name: value for name, value in dict(said).items() if name != "date"}  # type: ignore[call-overload]


async def test_without_a_token_nothing_is_told(site: Site) -> None:
    """What is there is answered as what is not."""
    await site.fill()
    there = await site.get(None)
    absent = await site.get(None, "/fhir/Patient/nobody")
    assert (there.status_code, there.content) == (401, absent.content)
    assert there.headers["www-authenticate"] == 'Bearer realm="interop"'


@pytest.mark.parametrize(
    "path",
    [
        "/fhir",
        "/fhir/Patient",
        "/fhir/Patient/x/_history",
        "/fhir/nonsense",
        "/fhir/Patient/$match",
        "/openapi.json",
        "/metrics",
        "/messages/1",
        "/ingest/hospital",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_every_part_wants_one(path: str, method: str, site: Site) -> None:
    assert (await site.http.request(method, path)).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        "/fhir/metadata",
        "/fhir/.well-known/smart-configuration",
        "/.well-known/smart-configuration",
        "/signon/jwks",
        "/health/live",
        "/health/ready",
    ],
)
async def test_what_is_about_nobody_wants_none(path: str, site: Site) -> None:
    assert (await site.http.get(path)).status_code == 200


async def test_a_good_token_is_taken(site: Site) -> None:
    await site.fill()
    assert (await site.get(site.token())).json()["id"] == "example"


@pytest.mark.parametrize("header", ["bearer {}", "BEARER {}", "Bearer  {}"])
async def test_the_scheme_is_of_any_case(header: str, site: Site) -> None:
    """RFC 9110, 11.1."""
    await site.fill()
    answer = await site.http.get("/fhir/Patient/example", headers={"authorization": header.format(site.token())})
    assert answer.status_code == 200


@pytest.mark.parametrize("said", ["", "Basic c2FtOnNhbQ==", "{}", "Bearer", "Bearer {} x", "Bearer {}, Bearer {}"])
async def test_anything_else_in_the_header_is_refused(said: str, site: Site) -> None:
    token = site.token()
    answer = await site.http.get("/fhir/Patient/example", headers={"authorization": said.format(token, token)})
    assert answer.status_code == 401


async def test_several_headers_are_refused_though_each_is_good(site: Site) -> None:
    line = f"Bearer {site.token()}"
    assert (await site.http.get("/fhir/Patient", headers=[("authorization", line), ("authorization", line)])).status_code == 401


async def test_a_token_in_the_address_is_none(site: Site) -> None:
    """RFC 6750, 2.3: addresses are kept in logs."""
    assert (await site.http.get(f"/fhir/Patient?access_token={site.token()}")).status_code == 401


async def test_clocks_may_differ_by_half_a_minute(site: Site) -> None:
    await site.fill()
    assert (await site.get(site.token(iat=site.now + 29, nbf=site.now + 29))).status_code == 200
    assert (await site.get(site.token(exp=site.now - 29))).status_code == 200


async def test_a_token_that_was_verified_ends_all_the_same(site: Site) -> None:
    await site.fill()
    token = site.token(exp=site.now + 60)
    assert (await site.get(token)).status_code == 200
    site.clock.advance(60 + 31)
    assert (await site.get(token)).status_code == 401


async def test_a_token_that_was_revoked_is_refused_also_after_a_restart(tmp_path: Path, clock: ManualClock) -> None:
    """RFC 7009; whatever had been verified before."""
    async with serving_at(tmp_path / "data", clock) as site:
        await site.fill()
        token, other = site.token(jti="one"), site.token(jti="two")
        assert (await site.get(token)).status_code == 200
        for said in (token, token, "nonsense"):
            assert (await site.http.post("/signon/revoke", data={"token": said})).status_code == 200
        assert (await site.get(token)).status_code == 401
        assert (await site.get(other)).status_code == 200
    async with serving_at(tmp_path / "data", clock) as site:
        assert (await site.get(token)).status_code == 401
        assert (await site.get(other)).status_code == 200


async def test_keys_rotate_and_what_the_old_one_signed_stays_good(site: Site, tmp_path: Path) -> None:
    await site.fill()
    before = site.token()
    write_keys(tmp_path / "data", site.signon.own.keys.rotated(site.now))
    assert (await site.get(before)).status_code == 200
    assert len((await site.http.get("/signon/jwks")).json()["keys"]) == 2
    assert (await site.get(site.token(jti="new"))).status_code == 200


async def test_what_a_withdrawn_key_signed_is_refused_though_it_was_verified_before(site: Site, tmp_path: Path) -> None:
    await site.fill()
    before = site.token()
    assert (await site.get(before)).status_code == 200
    write_keys(tmp_path / "data", site.signon.own.keys.rotated(site.now, withdraw=True))
    site.clock.advance(3)
    assert (await site.get(before)).status_code == 401
    assert (await site.get(site.token(jti="new"))).status_code == 200


async def test_whoever_looks_at_the_keys_first_does_not_save_what_a_withdrawn_one_signed(site: Site, tmp_path: Path) -> None:
    """Anyone may ask for them, and each verification looks too."""
    await site.fill()
    before = site.token()
    assert (await site.get(before)).status_code == 200
    write_keys(tmp_path / "data", site.signon.own.keys.rotated(site.now, withdraw=True))
    assert len((await site.http.get("/signon/jwks")).json()["keys"]) == 1
    site.clock.advance(3)
    assert (await site.get(before)).status_code == 401


async def test_a_key_that_signs_no_more_verifies_for_a_month_though_nobody_restarts_the_engine(site: Site, tmp_path: Path) -> None:
    await site.fill()
    before = [site.token(jti=f"n{number}", exp=site.now + 10 * KEPT) for number in range(2)]
    write_keys(tmp_path / "data", site.signon.own.keys.rotated(site.now))
    assert (await site.get(before[0])).status_code == 200
    site.clock.advance(KEPT)
    assert (await site.get(before[1])).status_code == 401


@pytest.mark.parametrize("how", ["revoked", "withdrawn"])
async def test_a_token_that_ends_while_its_scopes_are_looked_up_is_not_taken(how: str, site: Site, tmp_path: Path) -> None:
    await site.fill()
    token = site.token(scope="user/Patient.rs?name=shaw")

    async def meanwhile(scopes: tuple[Scope, ...]) -> None:
        if how == "revoked":
            await site.signon.door.revoke(token)
        else:
            write_keys(tmp_path / "data", site.signon.own.keys.rotated(site.now, withdraw=True))

    site.signon.door.prepare = meanwhile
    assert [(await site.get(token)).status_code for _ in range(2)] == [401, 401]


async def test_the_private_key_is_never_published(site: Site) -> None:
    (key,) = (await site.http.get("/signon/jwks")).json()["keys"]
    assert "d" not in key


async def test_no_token_stands_in_what_a_problem_says(site: Site) -> None:
    problem = Unauthenticated("signature")
    assert "signature" not in str(problem.as_json())
    assert site.token() not in str(problem.__reduce__())


async def test_an_rsa_key_of_another_engine_is_refused(site: Site, rsa: RSAKey) -> None:
    assert (await site.get(signed(site.claims(), rsa, site.signon.own.keys.kid, "RS256"))).status_code == 401
