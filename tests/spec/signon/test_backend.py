"""Backend services sign on by themselves (SMART App Launch 2.2, Backend Services): a signed assertion for a short token."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import respx
from joserfc.jwk import ECKey, RSAKey

from interop.clock import ManualClock
from interop.signon.tokens import head_of
from tests.spec.signon.conftest import Site, jwks, part, serving_at, signed

pytestmark = pytest.mark.anyio
TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Client:
    """A registered client with its key."""

    def __init__(self, site: Site, key: RSAKey | ECKey, algorithm: str) -> None:
        self.site, self.key, self.algorithm = site, key, algorithm
        self._number = 0

    def assertion(self, **changed: Any) -> str:
        """A good assertion, but for what is changed."""
        self._number += 1
        said = {
            "iss": "bulk",
            "sub": "bulk",
            "aud": f"{self.site.root}/signon/token",
            "exp": self.site.now + 300,
            "jti": f"a{self._number}",
            **changed,
        }
        return signed({name: value for name, value in said.items() if value is not None}, self.key, "k1", self.algorithm)

    async def ask(self, assertion: str | None = None, scope: str | None = "system/*.rs", **form: str) -> httpx.Response:
        """A token request."""
        said = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": assertion if assertion is not None else self.assertion(),
            **({"scope": scope} if scope is not None else {}),
            **form,
        }
        return await self.site.http.post("/signon/token", data=said)


def register(data: Path, key: RSAKey | ECKey, **changed: Any) -> None:
    """Write the file of clients."""
    data.mkdir(parents=True, exist_ok=True)
    one = {"id": "bulk", "organisation": "RX9", "scope": "system/*.rs system/Task.cud", "jwks": jwks(("k1", key)), **changed}
    one = {name: value for name, value in one.items() if value is not None}
    (data / "clients.json").write_text(json.dumps({"clients": [one]}), encoding="utf-8")


@pytest.fixture
async def client(site: Site, tmp_path: Path, rsa: RSAKey) -> AsyncIterator[Client]:
    register(tmp_path / "data", rsa)
    return Client(site, rsa, "RS384")


async def test_a_client_that_proves_who_it_is_gets_a_token_for_five_minutes(client: Client) -> None:
    answer = await client.ask()
    said = answer.json()
    assert answer.status_code == 200
    assert {**said, "access_token": ""} == {
        "access_token": "",
        "token_type": "bearer",
        "expires_in": 300,
        "scope": "system/*.rs",
    }
    assert "no-store" in answer.headers["cache-control"]
    assert head_of(said["access_token"]).algorithm == "ES384"
    found = await client.site.get(said["access_token"], "/fhir/Organization")
    assert found.status_code == 200
    client.site.clock.advance(331)
    assert (await client.site.get(said["access_token"], "/fhir/Organization")).status_code == 401


async def test_who_asks_by_it_is_the_organisation_of_the_registration(client: Client) -> None:
    token = (await client.ask()).json()["access_token"]
    asker = (await client.site.signon.door.verify(token)).asker
    assert (asker.user, asker.client, asker.role, asker.organisation) == ("", "bulk", "system", "RX9")
    assert [str(scope) for scope in asker.scopes or ()] == ["system/*.rs"]


async def test_a_key_of_the_other_algorithm_does_as_well(site: Site, tmp_path: Path) -> None:
    key = ECKey.generate_key("P-384", private=True)
    register(tmp_path / "data", key)
    assert (await Client(site, key, "ES384").ask()).status_code == 200


BAD: dict[str, Callable[[Client], str]] = {
    "garbage": lambda client: "garbage",
    "unsigned": lambda client: f"{part({'alg': 'none', 'kid': 'k1'})}.{part({'iss': 'bulk', 'sub': 'bulk'})}.YQ",
    "another's key": lambda client: Client(client.site, RSAKey.generate_key(2048, private=True), "RS384").assertion(),
    "an algorithm that SMART leaves out": lambda client: Client(client.site, client.key, "RS256").assertion(),
    "unknown client": lambda client: client.assertion(iss="who", sub="who"),
    "another subject": lambda client: client.assertion(sub="who"),
    "wrong audience": lambda client: client.assertion(aud="https://elsewhere.example/signon/token"),
    "the FHIR base as audience": lambda client: client.assertion(aud=f"{client.site.root}/fhir"),
    "expired": lambda client: client.assertion(exp=client.site.now - 31),
    "too long": lambda client: client.assertion(exp=client.site.now + 3_600),
    "without an end": lambda client: client.assertion(exp=None),
    "without a name": lambda client: client.assertion(jti=None),
    "a name that is no text": lambda client: client.assertion(jti=7),
    "oversize": lambda client: client.assertion(note="x" * 8_000),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_bad_assertion_gets_invalid_client_and_nothing_more(name: str, client: Client) -> None:
    """RFC 6749, 5.2."""
    answer = await client.ask(BAD[name](client))
    assert (answer.status_code, answer.json()) == (401, {"error": "invalid_client"})


async def test_an_assertion_is_good_once(client: Client) -> None:
    assertion = client.assertion()
    assert (await client.ask(assertion)).status_code == 200
    again = await client.ask(assertion)
    assert (again.status_code, again.json()) == (401, {"error": "invalid_client"})


async def test_it_is_good_once_also_across_a_restart(tmp_path: Path, clock: ManualClock, rsa: RSAKey) -> None:
    register(tmp_path / "data", rsa)
    async with serving_at(tmp_path / "data", clock) as site:
        client = Client(site, rsa, "RS384")
        assertion = client.assertion(aud=["http://one/signon/token", "http://127.0.0.1/signon/token"])
        headers = {"host": "127.0.0.1"}
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": TYPE,
            "client_assertion": assertion,
            "scope": "system/*.rs",
        }
        assert (await site.http.post("/signon/token", data=form, headers=headers)).status_code == 200
    async with serving_at(tmp_path / "data", clock) as site:
        assert (await site.http.post("/signon/token", data=form, headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "scope",
    [
        "system/*.cruds",
        "system/Patient.u",
        "user/*.rs",
        "patient/*.rs",
        "",
        "openid",
        "system/*.rs openid",
        "system/Nothing.rs",
        "system/Observation.sr",
    ],
)
async def test_a_scope_that_the_client_was_not_registered_for_is_refused(scope: str, client: Client) -> None:
    answer = await client.ask(scope=scope)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


@pytest.mark.parametrize(
    "scope", ["system/Observation.rs", "system/Task.cud", "system/Observation.rs?category=laboratory", "system/*.read"]
)
async def test_one_within_it_is_given(scope: str, client: Client) -> None:
    answer = await client.ask(scope=scope)
    assert answer.status_code == 200
    assert answer.json()["scope"] == scope.replace(".read", ".rs")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"client_assertion_type": "x"}, "invalid_request"),
    ],
)
async def test_a_request_that_is_none_is_refused(form: dict[str, str], error: str, client: Client) -> None:
    answer = await client.ask(**form)
    assert (answer.status_code, answer.json()) == (400, {"error": error})


async def test_fields_come_once_and_in_a_form(client: Client) -> None:
    twice = await client.site.http.post(
        "/signon/token",
        content="grant_type=client_credentials&grant_type=client_credentials",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert twice.json() == {"error": "invalid_request"}
    assert (await client.site.http.post("/signon/token", json={})).json() == {"error": "invalid_request"}
    assert (await client.site.http.get("/signon/token")).status_code == 405


async def test_a_client_that_is_taken_out_of_the_file_gets_none(client: Client, tmp_path: Path) -> None:
    assert (await client.ask()).status_code == 200
    (tmp_path / "data" / "clients.json").unlink()
    assert (await client.ask()).status_code == 401


async def test_the_access_token_of_one_organisation_does_not_become_that_of_another(client: Client) -> None:
    """What it claims of itself in the assertion counts for nothing."""
    answer = await client.ask(client.assertion(organisation="B83012", role="tester", feed="*"))
    asker = (await client.site.signon.door.verify(answer.json()["access_token"])).asker
    assert (asker.organisation, asker.role, asker.feed) == ("RX9", "system", "")


@respx.mock(assert_all_called=False)
async def test_keys_at_an_address_are_fetched_and_follow_their_owner(
    respx_mock: respx.MockRouter, site: Site, tmp_path: Path
) -> None:
    respx_mock.route(host="127.0.0.1").pass_through()
    first, second = (RSAKey.generate_key(2048, private=True) for _ in range(2))
    register(tmp_path / "data", first, jwks=None, jwks_url="https://bulk.example/jwks")
    route = respx_mock.get("https://bulk.example/jwks").respond(json=jwks(("k1", first)))
    assert (await Client(site, first, "RS384").ask()).status_code == 200
    assert route.call_count == 1
    route.respond(json=jwks(("k1", second)))
    assert (await Client(site, second, "RS384").ask()).status_code == 401
    site.clock.advance(3_601)
    assert (await Client(site, second, "RS384").ask()).status_code == 200
    route.respond(500)
    site.clock.advance(25 * 3_600)
    assert (await Client(site, second, "RS384").ask()).status_code == 401


@pytest.mark.parametrize(
    "said",
    [
        {"role": "tester"},
        {"role": "gp"},
        {"scope": "user/*.rs"},
        {"scope": "nonsense"},
        {"jwks": None},
        {"jwks_url": "http://bulk.example"},
        {"jwks": {"keys": []}},
        {"id": "a b"},
        {"id": "rules"},
    ],
)
async def test_a_file_that_cannot_be_used_stops_the_start(
    said: dict[str, Any], tmp_path: Path, clock: ManualClock, rsa: RSAKey
) -> None:
    register(tmp_path / "data", rsa, **said)
    with pytest.raises(ValueError, match=r"clients\[0\]"):
        async with serving_at(tmp_path / "data", clock):
            pass


async def test_whoever_fails_too_often_is_told_to_wait(client: Client) -> None:
    statuses = [(await client.ask("garbage")).status_code for _ in range(21)]
    assert statuses == [401] * 20 + [429]
    answer = await client.ask("garbage")
    assert int(answer.headers["retry-after"]) == 6
    client.site.clock.advance(6)
    assert (await client.ask()).status_code == 200
