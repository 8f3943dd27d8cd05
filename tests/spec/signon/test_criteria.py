"""Scopes with criteria (SMART App Launch 2.2, 3.0.2.4): what is understood narrows, what is not is no scope."""

from __future__ import annotations

from pathlib import Path

import pytest
from joserfc.jwk import RSAKey

from tests.spec.signon.browser import Browser, query
from tests.spec.signon.conftest import Site
from tests.spec.signon.test_backend import Client, register
from tests.spec.signon.test_scopes import found

pytestmark = pytest.mark.anyio
KINDS = "http://hl7.org/fhir/ValueSet/observation-category"
SYSTEM = "http://terminology.hl7.org/CodeSystem/observation-category"
GIVE = (
    f"category:in={KINDS}",
    f"category:below={SYSTEM}|laboratory",
    "category:not=vital-signs",
    "subject:Patient=example",
    "value-quantity:missing=true",
    "code:in=http://hl7.org/fhir/ValueSet/observation-vitalsignresult,http://hl7.org/fhir/ValueSet/observation-category",
)
UNKNOWN = (
    "category:in=https://example.org/nowhere",
    "category:in=ValueSet/theirs",
    "category:in=https://example.org/theirs",
    "category:below=https://example.org/nowhere|x",
    "category:nonsense=laboratory",
    "nonsense=1",
    "_include=Observation:subject",
    "_filter=status eq final",
    "subject:Patient.address-city=Leeds",
    "_content=Leeds",
)


@pytest.fixture
async def client(site: Site, tmp_path: Path, rsa: RSAKey) -> Client:
    register(tmp_path / "data", rsa)
    return Client(site, rsa, "RS384")


@pytest.mark.parametrize("criteria", GIVE)
async def test_a_modifier_that_a_search_has_a_scope_has_too(criteria: str, site: Site) -> None:
    await site.fill()
    expected = [] if criteria.startswith("code:in") else ["lab"]
    assert await found(site, "/fhir/Observation", scope=f"user/Observation.rs?{criteria}") == (200, expected)
    status = (await site.get(site.token(scope=f"user/Observation.rs?{criteria}"), "/fhir/Observation/lab")).status_code
    assert status == (200 if expected else 404)


async def test_a_value_set_narrows_to_its_codes(site: Site) -> None:
    await site.fill()
    vital = "category:in=http://hl7.org/fhir/ValueSet/observation-status"
    assert await found(site, "/fhir/Observation", scope=f"user/Observation.rs?{vital}") == (200, [])
    assert await found(site, "/fhir/Observation", scope=f"user/Observation.rs?category:not-in={KINDS}") == (200, [])
    assert await found(site, "/fhir/Observation", scope=f"user/Observation.rs?{vital.replace(':in', ':not-in')}") == (200, ["lab"])


@pytest.mark.parametrize("criteria", UNKNOWN)
async def test_a_scope_that_cannot_be_understood_is_refused_at_the_token_endpoint(criteria: str, client: Client) -> None:
    answer = await client.ask(scope=f"system/Observation.rs?{criteria.replace(' ', '%20')}")
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


@pytest.mark.parametrize("criteria", GIVE)
async def test_one_that_is_understood_is_given(criteria: str, client: Client) -> None:
    answer = await client.ask(scope=f"system/Observation.rs?{criteria}")
    assert answer.status_code == 200, answer.text


async def test_one_of_the_registration_is_refused_alike(client: Client, tmp_path: Path, rsa: RSAKey) -> None:
    register(tmp_path / "data", rsa, scope="system/Observation.rs?nonsense=1")
    answer = await client.ask(scope=None)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_scope"})


@pytest.mark.parametrize(("criteria", "error"), [(GIVE[0], None), (UNKNOWN[0], "invalid_scope"), (UNKNOWN[5], "invalid_scope")])
async def test_an_application_is_told_before_anybody_signs_on(criteria: str, error: str | None, site: Site) -> None:
    browser = Browser(site)
    try:
        answer = await browser.authorize(scope=f"openid user/Observation.rs?{criteria}")
    finally:
        await browser.http.aclose()
    if error is None:
        assert answer.status_code == 200
    else:
        assert query(answer.headers["location"])["error"] == error


@pytest.mark.parametrize("criteria", UNKNOWN)
async def test_of_another_issuer_s_token_it_gives_nothing(criteria: str, site: Site) -> None:
    await site.fill()
    theirs = {
        "resourceType": "ValueSet", "id": "theirs", "url": "https://example.org/theirs", "status": "active",
        "compose": {"include": [{"system": SYSTEM}]},
    }  # fmt: skip
    headers = {"authorization": f"Bearer {site.token()}", "content-type": "application/fhir+json"}
    assert (await site.http.put("/fhir/ValueSet/theirs", json=theirs, headers=headers)).status_code == 201
    scope = f"user/Observation.rs?{criteria.replace(' ', '%20')}"
    assert (await site.get(site.token(scope=scope), "/fhir/Observation/lab")).status_code == 403
    assert (await site.get(site.token(scope=scope), "/fhir/Observation")).status_code == 403
