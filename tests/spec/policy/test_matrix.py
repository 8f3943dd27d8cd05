"""Every route, by every role, about another person's object: what comes of it stands in routes.csv, and it is never the object."""

from __future__ import annotations

import csv
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import httpx
import orjson
import pytest

from interop.api.app import EXACT
from interop.api.asgi import Request
from interop.api.services import Services
from interop.errors import Problem
from interop.policy.asker import NOBODY, TESTER, Asker
from interop.policy.facts import Facts
from interop.policy.tables import tables
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Entry
from tests.spec.api.conftest import Client
from tests.spec.api.people import T0, patient
from tests.spec.policy.routes import MARK, Route, routes
from tests.spec.policy.test_indistinguishable import UUID, opened
from tests.spec.policy.worlds import LOCAL, Made, World, consented, keep, observed, team

pytestmark = pytest.mark.anyio
TABLE: Final = Path(__file__).with_name("routes.csv")
NOBODY_KNOWN: Final = "nobody"
OUTCOMES: Final = {
    "given": "what is about nobody, one's own, or what the role is there for",
    "empty": "an empty answer, as if there were nothing",
    "absent": "as if there were no such thing",
    "refused": "the request as such is not for the role",
    "sign-on": "who asks must sign on first",
    "off": "what it needs is turned off here: the national service, which no test asks",
    "unfit": "the request of this test is refused for what it says, before anything is looked at or whoever it is from",
    "done": "it is done, without anything of another's: nothing there to delete, a message taken in",
    "work": "on another person's record, for it is what the role is there for: to keep records apart and together",
    "open": "the tester sees all",
}
"""What comes of a request."""
WRITTEN: Final = re.compile(r'"timestamp":"[^"]*"')
"""When an answer in a sender's protocol was written."""
WORK: Final = ("links", "takedown")
"""Groups of operations (operations.csv) on records of others."""
OPENED: Final = "POST /messages/{}/content"
"""What a message says, for a reason."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Desk:
    """A door at which everyone is who the test says; nobody is sent away."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def admit(self, request: Request) -> Asker:
        if self.asker == NOBODY:
            raise Problem("unauthenticated")
        return self.asker


def asker_of(role: str) -> Asker:
    """Somebody of that role who has to do with ``mine`` alone, at an organisation with which nobody has an agreement."""
    if role in ("tester", NOBODY_KNOWN):
        return TESTER if role == "tester" else NOBODY
    own = {"patient": "mine", "fhir_user": "Patient/mine"} if role == "patient" else {}
    return Asker(
        f"https://id.test|{role}", role, "RX9", "client", scopes=None, feed="own" if role in ("feed", "system") else "", **own
    )


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[tuple[SqliteStore, Services, Client]]:
    """``other1`` and ``marked`` of RA1 are another's; ``mine`` and ``own`` of RX9 are one's own; message 1 is another feed's."""
    made: list[Made] = []
    for name, one, organisation in (("other1", MARK, "RA1"), ("mine", "own", "RX9")):
        identifier = [{"system": LOCAL, "value": one}]
        made += [Made("Patient", name, [patient(name, family=one, identifier=identifier)], "api", organisation), consented(name)]
        made += [team(name, organisation), observed(one, name, organisation, identifier=identifier, note=[{"text": one}])]
        made += [Made("Encounter", one, [_encounter(one, name)], "api", organisation)]
        made += [Made("Composition", one, [_composition(one, name)], "api", organisation)]
    async with opened(tmp_path / "data", NOBODY, World(made, {}, Facts((), "explicit", ("RA1", "RX9")), {})) as opening:
        store = opening[0]
        await keep(store, made, {})
        await store.commit(Change(entries=[Entry(0, "hospital", "hl7v2", T0, "C1", "ADT^A01", b"MSH|marked")]))
        yield opening


def _encounter(id: str, of: str) -> dict[str, Any]:
    said: dict[str, Any] = {"resourceType": "Encounter", "id": id, "status": "finished", "class": {"code": "AMB"}}
    return {**said, "subject": {"reference": f"Patient/{of}"}}


def _composition(id: str, of: str) -> dict[str, Any]:
    said: dict[str, Any] = {"resourceType": "Composition", "id": id, "status": "final", "type": {"text": id}, "date": "2026"}
    return {**said, "title": id, "author": [{"display": "x"}], "subject": {"reference": f"Patient/{of}"}}


def table() -> dict[str, dict[str, str]]:
    """Route -> role -> what comes of it."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row.pop("route"): row for row in csv.DictReader(file)}


async def ask(client: Client, route: Route, patient: str, id: str) -> httpx.Response:
    """The request, about a Patient and an object."""
    address = route.address.replace("{patient}", patient).replace("{id}", id)
    content, kind = b"", ""
    if route.body is not None:
        content = orjson.dumps(route.body).replace(b"{patient}", patient.encode()).replace(b"{id}", id.encode())
        kind = "application/fhir+json"
    elif route.form:
        content, kind = route.form.replace("{id}", id).encode(), "application/x-www-form-urlencoded"
    return await client.http.request(route.method, address, content=content, headers={"content-type": kind} if kind else {})


def outcome(route: Route, answer: httpx.Response, role: str) -> str:
    """What came of a request, as routes.csv calls it."""
    if answer.status_code == 303 and answer.headers["location"].startswith("/auth/login?"):
        return "sign-on"
    if answer.status_code in (401, 403, 404, 405, 410):
        return {401: "sign-on", 403: "refused"}.get(answer.status_code, "absent")
    if '"source-off"' in answer.text:
        return "off"
    if answer.status_code in (400, 406, 412, 415, 422):
        return "unfit"
    assert answer.status_code in (200, 201, 202, 204, 303), answer.text
    if role == "tester":
        return "open"
    if tables().operations.get(f"${route.address.rpartition('$')[2]}") in WORK or route.name == OPENED:
        return "work"
    if answer.status_code in (201, 202, 204):
        return "done"
    if '"type":"batch-response"' in answer.text:
        statuses = [entry["response"]["status"][:3] for entry in answer.json()["entry"]]
        return "absent" if statuses[0] == "404" else "refused" if statuses[0] == "403" else "given"
    if '"resourceType":"Bundle"' in answer.text:
        mine = [each for each in answer.json().get("entry", []) if each.get("search", {}).get("mode") != "outcome"]
        return "empty" if not mine else "given"
    return "given"


@pytest.mark.parametrize("role", [*tables().roles, NOBODY_KNOWN])
async def test_what_comes_of_every_route(parts: tuple[SqliteStore, Services, Client], role: str) -> None:
    """As the table says; the same as of what is not there, and without a word of the object."""
    _, services, client = parts
    services.door = Desk(asker_of(role))
    expected, found = table(), dict[str, str]()
    for route in routes(services):
        answer = await ask(client, route, "other1", MARK)
        found[route.name] = outcome(route, answer, role)
        if role != "tester":
            absent = await ask(client, route, "absent", "absent")
            if found[route.name] not in ("done", "work") and route.address not in EXACT:
                said = UUID.sub("*", answer.text.replace(MARK, "absent").replace("other1", "absent"))
                assert (answer.status_code, said) == (absent.status_code, UUID.sub("*", absent.text)), route.name
            assert '"note"' not in answer.text or '"own"' in answer.text, route.name
    missing = {name: outcome for name, outcome in found.items() if name not in expected}
    assert not missing, f"routes without a row in routes.csv: {missing}"
    wrong = {name: (outcome, "not", expected[name][role]) for name, outcome in found.items() if outcome != expected[name][role]}
    assert not wrong, wrong
    assert expected.keys() == found.keys(), "rows without a route"


def _said(answer: httpx.Response) -> str:
    """What an answer says, but for what is new each time."""
    return WRITTEN.sub("*", UUID.sub("*", answer.text))


def test_the_table_knows_what_it_says() -> None:
    for name, row in table().items():
        assert {*row} == {*tables().roles, NOBODY_KNOWN}, name
        assert {*row.values()} <= {*OUTCOMES}, name


async def test_ones_own_is_given(parts: tuple[SqliteStore, Services, Client]) -> None:
    """Else the table would hold of an engine that gives nothing to anyone."""
    _, services, client = parts
    for role, status in (("gp", 200), ("hospital-clinician", 200), ("patient", 200), ("coordinator", 403), ("analyst", 403)):
        services.door = Desk(asker_of(role))
        assert (await client.get("/fhir/Observation/own")).status_code == status, role
