"""Signing on to the Personal Demographics Service, and settings that connect to it. No network is used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import respx
import stamina
from joserfc import jwt
from joserfc.jwk import RSAKey

from adapters.pds import service
from adapters.pds.session import ATTEMPTS
from adapters.pds.tokens import ASSERTION
from interop.ports.demographics import Demographics, Reached, Reaches
from tests.spec.adapters.pds import AT, BASE, NUMBER, TOKENS, Hands, asked, failing, key_file, outcome, patient, public

PATIENT = f"{BASE}/Patient/{NUMBER}"


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    stamina.set_testing(True, attempts=ATTEMPTS)
    yield
    stamina.set_testing(False)


def signed(folder: Path, work: Any, clock: Hands | None = None, **more: Any) -> Any:
    return asked(work, clock, client="app-key", kid="kid-1", key=key_file(folder), **more)


def token(value: str = "t1", **more: Any) -> httpx.Response:
    return httpx.Response(200, json={"access_token": value, "token_type": "Bearer", "expires_in": "599", **more})


@respx.mock
def test_the_application_is_known_by_a_jwt_that_its_own_key_has_signed(tmp_path: Path) -> None:
    """RS512, kid, iss and sub the application, aud the token address, jti, and an end within five minutes."""
    given = respx.post(TOKENS).mock(side_effect=[token()])
    read = respx.get(PATIENT).respond(json=patient())
    signed(tmp_path, lambda pds: pds.read(NUMBER))
    assert read.calls.last.request.headers["authorization"] == "Bearer t1"
    request = given.calls.last.request
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    form = parse_qs(request.content.decode(), strict_parsing=True)
    assertion = form.pop("client_assertion")[0]
    assert form == {"grant_type": ["client_credentials"], "client_assertion_type": [ASSERTION]}
    read_back = jwt.decode(assertion, RSAKey.import_key(public()), algorithms=["RS512"])
    assert read_back.header == {"alg": "RS512", "kid": "kid-1", "typ": "JWT"}
    claims = read_back.claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == ("app-key", "app-key", TOKENS)
    assert AT < claims["exp"] <= AT + 300
    assert claims["jti"]


@respx.mock
def test_a_token_is_used_until_shortly_before_its_end_and_each_jwt_once(tmp_path: Path) -> None:
    clock = Hands()
    given = respx.post(TOKENS).mock(side_effect=[token("t1"), token("t2")])
    read = respx.get(PATIENT).respond(json=patient())

    async def run(pds: Demographics) -> None:
        for seconds, bearer in ((0, "t1"), (560, "t1"), (30, "t2")):
            clock.on(seconds)
            await pds.read(NUMBER)
            assert read.calls.last.request.headers["authorization"] == f"Bearer {bearer}"

    signed(tmp_path, run, clock)
    said = [parse_qs(call.request.content.decode())["client_assertion"][0] for call in given.calls]
    ids = [jwt.decode(each, RSAKey.import_key(public()), algorithms=["RS512"]).claims["jti"] for each in said]
    assert len(ids) == len(set(ids)) == 2


@respx.mock
def test_a_token_that_is_no_longer_taken_is_renewed_once(tmp_path: Path) -> None:
    respx.post(TOKENS).mock(side_effect=[token("t1"), token("t2"), token("t3")])
    expired = httpx.Response(401, json=outcome("ACCESS_DENIED"))
    read = respx.get(PATIENT).mock(side_effect=[expired, httpx.Response(200, json=patient())])
    assert signed(tmp_path, lambda pds: pds.read(NUMBER)).outcome == "found"
    assert [call.request.headers["authorization"] for call in read.calls] == ["Bearer t1", "Bearer t2"]
    assert len({call.request.headers["x-request-id"] for call in read.calls}) == 1
    respx.post(TOKENS).mock(side_effect=[token("t1"), token("t2")])
    always = respx.get(PATIENT).mock(return_value=expired)
    before = always.call_count
    with failing("source-denied"):
        signed(tmp_path, lambda pds: pds.read(NUMBER))
    assert always.call_count == before + 2


@respx.mock
@pytest.mark.parametrize("status", [400, 401, 403])
def test_an_application_that_may_not_sign_on_is_told_so_and_asks_nothing(tmp_path: Path, status: int) -> None:
    given = respx.post(TOKENS).respond(status, json={"error": "invalid_request"})
    read = respx.get(PATIENT).respond(json=patient())
    with failing("source-denied"):
        signed(tmp_path, lambda pds: pds.read(NUMBER))
    assert (given.call_count, read.called) == (1, False)


@respx.mock
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (httpx.Response(429), "source-busy"),
        (httpx.Response(503), "source-unavailable"),
        (httpx.Response(302, headers={"location": "https://elsewhere.test/token"}), "source-error"),
        (httpx.Response(200, text="no"), "source-error"),
        (httpx.Response(200, json=[]), "source-error"),
        (httpx.Response(200, json={}), "source-error"),
        (httpx.Response(200, json={"access_token": 5}), "source-error"),
        (httpx.Response(200, json={"access_token": "a\r\nX-Other: b"}), "source-error"),
        (httpx.Response(200, content=b"[" * 100_000), "source-error"),
    ],
)
def test_what_is_no_token_is_never_sent(tmp_path: Path, said: httpx.Response, reason: str) -> None:
    respx.post(TOKENS).mock(return_value=said)
    read = respx.get(PATIENT).respond(json=patient())
    with failing(reason):
        signed(tmp_path, lambda pds: pds.read(NUMBER))
    assert not read.called


@respx.mock
def test_a_token_address_that_is_silent_is_a_service_that_is_silent(tmp_path: Path) -> None:
    respx.post(TOKENS).mock(side_effect=httpx.ReadTimeout("x"))
    with failing("source-timeout"):
        signed(tmp_path, lambda pds: pds.read(NUMBER))


@respx.mock
def test_tokens_may_be_given_at_another_address(tmp_path: Path) -> None:
    given = respx.post("https://login.test/token").mock(side_effect=[token()])
    respx.get(PATIENT).respond(json=patient())
    signed(tmp_path, lambda pds: pds.read(NUMBER), token_url="https://login.test/token")
    assert given.call_count == 1


@pytest.mark.parametrize(
    ("reached", "said"),
    [
        ({"url": "http://pds.test/FHIR/R4"}, "https://"),
        ({"url": "ftp://pds.test"}, "https://"),
        ({"url": "https://user:secret@pds.test"}, "without credentials"),
        ({"url": "https://pds.test?x=1"}, "without credentials, query"),
        ({"url": "https://pds.test#x"}, "fragment"),
        ({"url": "https:///FHIR"}, "address"),
        ({"url": "https://api.service.nhs.uk/personal-demographics/FHIR/R4"}, "pds_key"),
        ({"url": "https://int.api.service.nhs.uk/personal-demographics/FHIR/R4"}, "pds_key"),
        ({"url": BASE, "timeout": 0}, "60 seconds"),
        ({"url": BASE, "timeout": 61}, "60 seconds"),
        ({"url": BASE, "key": "key"}, "pds_api_key"),
        ({"url": BASE, "key": "key", "client": "a"}, "pds_kid"),
        ({"url": BASE, "key": "key", "client": "a b", "kid": "k"}, "pds_api_key"),
        ({"url": BASE, "key": "key", "client": "a", "kid": "k", "token_url": "http://login.test"}, "pds_token_url"),
        ({"url": BASE, "key": "short", "client": "a", "kid": "k"}, "4096 bits"),
        ({"url": BASE, "key": "text", "client": "a", "kid": "k"}, "private RSA key"),
        ({"url": BASE, "key": "public", "client": "a", "kid": "k"}, "private RSA key"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_name(tmp_path: Path, reached: dict[str, Any], said: str) -> None:
    if "key" in reached:
        reached = {**reached, "key": _file(tmp_path, reached["key"])}
    with pytest.raises(ValueError, match=said) as raised:
        service.connect(Reached(**reached), Hands())
    assert "PRIVATE" not in str(raised.value)


def test_a_key_file_that_is_not_there_is_told_by_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        service.connect(Reached(BASE, "a", "k", tmp_path / "none.pem"), Hands())


def test_the_service_is_found_by_its_entry_point_and_is_what_the_port_asks_for() -> None:
    from importlib.metadata import entry_points

    (point,) = entry_points(group="interop.demographics")
    assert point.name == "pds"
    assert isinstance(point.load(), Reaches)


def _file(folder: Path, kind: str) -> Path:
    if kind == "text":
        (folder / "text.pem").write_text("no key")
        return folder / "text.pem"
    if kind == "public":
        path = folder / "public.pem"
        path.write_bytes(public())
        return path
    return key_file(folder, 2048 if kind == "short" else 4096)
