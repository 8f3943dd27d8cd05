"""A process answers what its roles are for, and says of the rest which role does."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from interop.api.app import EXACT, PREFIXES, create_app
from interop.api.roles import ALL, API, INGEST, ROLES, WORKER
from interop.api.services import Services
from interop.app.configuration import Misconfigured, configured
from interop.app.settings import Settings
from tests.spec.api.conftest import Client
from tests.spec.api.messages import admission

pytestmark = pytest.mark.anyio
DATABASE = "postgresql://interop@db.example/interop"
BY_ALL = ("/health/live", "/health/ready", "/metrics")
PLACES = {
    "/fhir/metadata": API,
    "/fhir/Patient/p1": API,
    "/": API,
    "/feeds": API,
    "/openapi.json": API,
    "/deliveries": API,
    "/exports/0123456789abcdef0123456789abcdef": API,
    "/signon/jwks": API,
    "/auth/login": API,
    "/.well-known/smart-configuration": API,
    "/ingest/hospital": INGEST,
    "/itk": INGEST,
    "/itk3/$process-message": INGEST,
    "/bars/metadata": INGEST,
}


@pytest.mark.parametrize("role", ROLES)
async def test_an_address_is_answered_by_its_role_alone(client: Client, services: Services, role: str) -> None:
    services.roles = frozenset((role,))
    answered = {address for address in PLACES if (await client.get(address)).status_code != 421}
    assert answered == {address for address, its in PLACES.items() if its == role}
    assert [(await client.get(address)).status_code for address in BY_ALL] == [200, 200, 200]


async def test_what_became_of_a_message_is_told_by_who_takes_them_in_and_by_who_answers(client: Client, services: Services) -> None:
    number = (await client.send("POST", "/ingest/hospital", admission())).json()["message"]
    told = {}
    for role in ROLES:
        services.roles = frozenset((role,))
        told[role] = (await client.get(f"/messages/{number}")).status_code
    assert told == {INGEST: 200, API: 200, WORKER: 421}


@pytest.mark.parametrize(("address", "type"), [("/fhir/Patient/p1", "application/fhir+json"), ("/feeds", "application/json")])
async def test_the_refusal_names_the_role(client: Client, services: Services, address: str, type: str) -> None:
    services.roles = frozenset((WORKER,))
    answer = await client.get(address)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (421, type)
    assert "a process with the role api" in answer.text.lower()


async def test_nothing_of_a_message_is_taken_where_the_role_is_another(client: Client, services: Services) -> None:
    services.roles = frozenset((API,))
    assert (await client.send("POST", "/ingest/hospital", admission())).status_code == 421
    services.roles = ALL
    assert (await client.get("/messages/1")).status_code == 404


async def test_every_address_outside_fhir_is_of_a_role(services: Services) -> None:
    """One that is new and that nobody thought of is answered by ``api``, never by all."""
    services.roles = frozenset((WORKER,))
    transport = httpx.ASGITransport(app=create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://care.test") as http:
        found = {place: (await http.get(place)).status_code for place in [*EXACT, *PREFIXES, *services.protocols]}
    assert {place for place, status in found.items() if status != 421} == set(BY_ALL)


def test_roles_come_from_the_command_line_the_environment_and_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Settings().roles == ALL
    assert Settings(roles="worker, api", database=DATABASE).roles == {WORKER, API}
    monkeypatch.setenv("INTEROP_ROLES", "ingest")
    monkeypatch.setenv("INTEROP_NAME", "ingest-2")
    said = Settings(database=DATABASE)
    assert (said.roles, said.name) == ({INGEST}, "ingest-2")
    assert said.model_dump(mode="json")["roles"] == "ingest"
    file = tmp_path / "interop.toml"
    file.write_text(f'roles = ["api", "worker"]\ndatabase = "{DATABASE}"\n')
    monkeypatch.delenv("INTEROP_ROLES")
    assert configured({}, file).settings.roles == {API, WORKER}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"roles": "worker"}, "without --database there is one process, which has all roles"),
        ({"roles": "reader", "database": DATABASE}, "there is no role 'reader'"),
        ({"roles": "", "database": DATABASE}, "there is no role ''"),
        ({"roles": [], "database": DATABASE}, "a process has a role at least"),
        ({"name": "Engine One"}, "small letters, digits and hyphens"),
        ({"name": "../other"}, "small letters, digits and hyphens"),
        ({"name": "x" * 33}, "at most 32"),
    ],
)
def test_roles_and_names_that_cannot_be_are_refused_with_a_sentence(given: dict[str, object], why: str) -> None:
    with pytest.raises(Misconfigured, match=why):
        configured(given)
