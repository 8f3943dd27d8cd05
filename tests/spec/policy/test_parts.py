"""What is not the record: messages, figures, the description of the API, the pages; who may see which stands in parts.csv."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from interop.api.asgi import Request
from interop.api.parts import SIGNED_ON, public_addresses, who
from interop.api.services import Services
from interop.app.settings import Settings
from interop.errors import Problem
from interop.policy.asker import NOBODY, Asker
from interop.policy.tables import tables
from interop.store.values import Change, Entry
from tests.spec.api.conftest import Client
from tests.spec.api.people import T0
from tests.spec.policy.routes import routes
from tests.spec.policy.test_indistinguishable import Desk, opened
from tests.spec.policy.worlds import world

pytestmark = pytest.mark.anyio
OPERATOR = Asker("https://id.test|ops", "operator", "RA1", "console", scopes=None)
GP = Asker("https://id.test|gp", "gp", "RA1", "desk", scopes=None)
LAB = Asker("", "feed", "RA1", "lab", scopes=None, feed="lab")
TOKEN = b"0123456789abcdef"
ABOUT_NOBODY = {
    "/crew-card.schema.json",
    "/health/live",
    "/health/ready",
    "/fhir/metadata",
    "/fhir/.well-known/smart-configuration",
    "/.well-known/smart-configuration",
    "/.well-known/openid-configuration",
    "/.well-known/oauth-protected-resource/fhir",
    "/signon/jwks",
}
SIGNING_ON = {
    "/signon/token",
    "/signon/revoke",
    "/auth/authorize",
    "/auth/sign-on",
    "/auth/patient",
    "/auth/login",
    "/auth/callback",
    "/auth/logout",
}
PAGES = {"/home", "/api"}
"""Behind the API: what they show they ask about themselves."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Shut:
    """A door at which nobody is known."""

    async def admit(self, request: Request) -> Asker:
        raise Problem("unauthenticated")


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[tuple[Services, Client]]:
    async with opened(tmp_path / "data", NOBODY, world(1)) as (store, services, client):
        entries = [Entry(0, feed, "hl7v2", T0, "C1", "ADT^A01", b"MSH|") for feed in ("hospital", "lab")]
        await store.commit(Change(entries=entries))
        yield services, client


async def test_how_a_message_fares_is_for_who_runs_the_engine_and_for_who_sent_it(parts: tuple[Services, Client]) -> None:
    services, client = parts
    for asker, statuses in ((OPERATOR, [200, 200, 404]), (LAB, [404, 200, 404]), (GP, [403, 403, 403])):
        services.door = Desk(asker)
        assert [(await client.get(f"/messages/{number}")).status_code for number in (1, 2, 3)] == statuses, asker.role


async def test_figures_are_for_who_runs_the_engine_and_who_holds_the_token(parts: tuple[Services, Client]) -> None:
    services, client = parts
    for asker, status in ((OPERATOR, 200), (LAB, 403), (GP, 403)):
        services.door = Desk(asker)
        assert (await client.get("/metrics")).status_code == status, asker.role
    services.door = Shut()
    assert (await client.get("/metrics", authorization="Bearer ")).status_code == 401
    services.metrics_token = TOKEN
    assert (await client.get("/metrics", authorization="Bearer " + TOKEN.decode())).status_code == 200
    assert (await client.get("/metrics", authorization="Bearer x" + TOKEN.decode())).status_code == 401
    for other in ("/fhir/Patient", "/messages/1", "/openapi.json"):
        assert (await client.get(other, authorization="Bearer " + TOKEN.decode())).status_code == 401, other


@pytest.mark.parametrize("content", [b"", b"short", b"with blanks in it, long enough"])
def test_a_token_that_is_no_secret_is_not_taken(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "token"
    file.write_bytes(content)
    with pytest.raises(ValueError, match="token"):
        Settings(metrics_token=file).scraping()
    file.write_bytes(TOKEN + b"\n")
    assert Settings(metrics_token=file).scraping() == TOKEN


async def test_the_home_page_leads_each_role_to_its_own_pages(parts: tuple[Services, Client]) -> None:
    services, client = parts
    services.door = Desk(OPERATOR)
    assert 'href="/console"' in (await client.get("/")).text
    for asker in (GP, LAB):
        services.door = Desk(asker)
        assert 'href="/console"' not in (await client.get("/")).text
    services.door = Shut()
    home = await client.get("/")
    assert (home.status_code, "hospital" in home.text) == (200, False)


async def test_the_description_is_for_whoever_has_signed_on(parts: tuple[Services, Client]) -> None:
    services, client = parts
    services.door = Desk(GP)
    assert (await client.get("/openapi.json")).status_code == 200
    services.door = Shut()
    assert (await client.get("/openapi.json")).status_code == 401


def test_the_table_says_what_is_so() -> None:
    decided = {who(part) for part in ("messages", "metrics", "deliveries")}
    assert decided <= {*tables().operations}
    assert who("openapi.json") == SIGNED_ON
    with pytest.raises(KeyError):
        who("everything")


async def test_the_door_is_asked_of_every_address_that_the_table_does_not_open(parts: tuple[Services, Client]) -> None:
    """Who nobody knows is sent away from all of those, and from no other; which are open stands here again."""
    services, client = parts
    services.door = Shut()
    addresses = {route.address: route.method for route in routes(services)} | dict.fromkeys(public_addresses(), "GET")
    answers = {address: await client.http.request(method, address) for address, method in addresses.items()}
    sent_away = {
        address
        for address, answer in answers.items()
        if answer.status_code == 401 or answer.headers.get("location", "").startswith("/auth/login?")
    }
    pages = {address for address in addresses if address == "/" or address.startswith(("/api", "/assets"))}
    assert sent_away == addresses.keys() - public_addresses() - pages
    assert "/auth/launch" in sent_away
    assert public_addresses() == ABOUT_NOBODY | SIGNING_ON | PAGES
