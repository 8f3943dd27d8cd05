"""What is exported is what a search by the same asker gives: as policy has it, and without the whereabouts of who hides them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from interop.api.exporting.exports import Exports
from interop.api.exporting.job import decoded, encoded
from interop.api.services import Services
from interop.clock import ManualClock
from interop.policy.asker import Asker
from interop.policy.facts import Agreement, Facts
from interop.policy.scopes import read_scopes
from interop.store.sqlite import SqliteStore
from interop.store.values import Link, LinkEvent
from tests.spec.api.conftest import Client, link
from tests.spec.policy.test_held_consents import CONSENT
from tests.spec.policy.test_indistinguishable import Desk, opened
from tests.spec.policy.test_whereabouts import HIDDEN, RESTRICTED, TOLD, Api, api, clock, of, person
from tests.spec.policy.worlds import ORGANISATIONS, TYPES, World, keep, world

__all__ = ["api", "clock"]
pytestmark = pytest.mark.anyio
ASYNC = {"prefer": "respond-async"}
PROGRAM = Asker("", "system", "RB2", "engine", scopes=None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def exporting(services: Services, place: Path) -> AsyncIterator[Exports]:
    exports = Exports(place / "exports", services.clock, room=lambda directory: 1 << 40)
    exports.services, services.exports = services, exports
    await exports.start()
    yield exports
    await exports.stop()


@asynccontextmanager
async def told(place: Path, seed: int) -> AsyncIterator[tuple[SqliteStore, Services, Client, Exports, World]]:
    """A generated record, and its exports."""
    known = world(seed)
    async with opened(place / "data", PROGRAM, known) as (store, services, client):
        await keep(store, known.made, known.links)
        async with exporting(services, place) as exports:
            yield store, services, client, exports, known


async def exported(client: Client, exports: Exports, address: str = "$export") -> list[bytes]:
    """The lines of all files, in order."""
    answer = await client.http.get(f"/fhir/{address}", headers=ASYNC)
    assert answer.status_code == 202, answer.text
    await exports.settled()
    manifest = (await client.http.get(answer.headers["content-location"])).json()
    bodies = [(await client.http.get(each["url"])).content for each in manifest["output"]]
    return sorted(line for body in bodies for line in body.splitlines())


async def read(client: Client, types: tuple[str, ...]) -> list[bytes]:
    """What searches of these types give, each as a read has it."""
    found: list[bytes] = []
    for type_ in types:
        following: str | None = f"/fhir/{type_}?_count=50"
        while following:
            answer = await client.get(following)
            if answer.status_code == 403:
                break
            bundle = answer.json()
            for entry in bundle.get("entry", ()):
                if entry["search"]["mode"] == "match":
                    address = f"/fhir/{type_}/{entry['resource']['id']}"
                    found.append((await client.get(address, accept="application/fhir+json")).content)
            following = link(bundle, "next")
    return sorted(found)


@pytest.mark.parametrize("seed", range(4))
async def test_a_program_exports_what_it_may_search(tmp_path: Path, seed: int) -> None:
    given = 0
    async with told(tmp_path, seed) as (_, services, client, exports, _):
        for organisation in ORGANISATIONS:
            services.door = Desk(Asker("", "system", organisation, "engine", scopes=None))
            lines = await exported(client, exports)
            assert lines == await read(client, TYPES)
            given += len(lines)
            for job in list(exports.jobs):
                await exports.cancel(exports.jobs[job].asker, job)
    assert given


async def test_scopes_narrow_it_and_a_token_for_people_exports_nothing(tmp_path: Path) -> None:
    async with told(tmp_path, 1) as (_, services, client, exports, _):
        services.door = Desk(Asker("", "system", "RB2", "engine", scopes=read_scopes("system/Observation.rs system/Location.read")))
        assert await exported(client, exports) == await read(client, ("Observation", "Location"))
        for scopes in ("user/*.cruds", "patient/*.rs", "system/*.c"):
            services.door = Desk(Asker("", "system", "RB2", "engine", scopes=read_scopes(scopes)))
            answer = await client.http.get("/fhir/$export", headers=ASYNC)
            lines = [] if answer.status_code == 403 else await exported(client, exports)
            assert lines == [], scopes


async def test_only_who_began_it_has_it_and_nobody_else_can_tell_that_it_is_there(tmp_path: Path) -> None:
    async with told(tmp_path, 1) as (_, services, client, exports, _):
        place = (await client.http.get("/fhir/$export?_type=Location", headers=ASYNC)).headers["content-location"]
        await exports.settled()
        file = (await client.http.get(place)).json()["output"][0]["url"]
        unknown = place[:-32] + "0" * 32
        others = [
            Asker("", "system", "RB2", "another", scopes=None),
            Asker("", "system", "RA1", "engine", scopes=None),
            Asker("https://id.test|x", "system", "RB2", "engine", scopes=None),
            Asker("", "gp", "RB2", "engine", scopes=None),
        ]
        for asker in others:
            services.door = Desk(asker)
            for method in ("GET", "DELETE", "PUT"):
                one = await client.http.request(method, place)
                two = await client.http.request(method, unknown)
                assert (one.status_code, one.content) == (two.status_code, two.content)
                assert one.status_code == 404
            assert (await client.http.get(file)).status_code == 404
        services.door = Desk(PROGRAM)
        assert (await client.http.get(file)).status_code == 200


async def test_a_narrower_token_of_who_began_it_has_none_of_it(tmp_path: Path) -> None:
    async with told(tmp_path, 1) as (_, services, client, exports, _):
        begun = Asker("", "system", "RB2", "engine", scopes=read_scopes("system/Patient.rs system/Location.rs?name=x"))
        services.door = Desk(begun)
        place = (await client.http.get("/fhir/$export", headers=ASYNC)).headers["content-location"]
        await exports.settled()
        file = (await client.http.get(place)).json()["output"][0]["url"]
        narrower = ("system/Location.rs", "user/Patient.rs user/Location.rs", "system/Patient.c", "system/Patient.rs", "")
        narrow = [replace(begun, scopes=read_scopes(each)) for each in narrower]
        for asker in (*narrow, replace(begun, scopes=()), replace(begun, purpose="booking")):
            services.door = Desk(asker)
            for method, address in (("GET", place), ("GET", file), ("DELETE", place)):
                assert (await client.http.request(method, address)).status_code == 404, asker
        for scopes in (begun.scopes, read_scopes("system/*.rs"), None):
            services.door = Desk(replace(begun, scopes=scopes))
            assert (await client.http.get(file)).status_code == 200, scopes


async def test_an_export_of_everything_is_not_given_to_a_token_with_scopes(tmp_path: Path) -> None:
    async with told(tmp_path, 1) as (_, services, client, exports, _):
        place = (await client.http.get("/fhir/$export?_type=Location", headers=ASYNC)).headers["content-location"]
        await exports.settled()
        services.door = Desk(replace(PROGRAM, scopes=read_scopes("system/*.cruds")))
        assert (await client.http.get(place)).status_code == 404


async def test_other_scopes_give_a_client_no_further_exports(tmp_path: Path) -> None:
    async with told(tmp_path, 1) as (_, services, client, exports, _):
        await exports.stop()
        statuses = []
        for scopes in ("system/Location.rs", "system/Patient.rs", "system/Observation.rs"):
            services.door = Desk(replace(PROGRAM, scopes=read_scopes(scopes)))
            statuses.append((await client.http.get("/fhir/$export", headers=ASYNC)).status_code)
        assert statuses == [202, 202, 429]


async def test_what_an_agreement_opened_is_gone_when_it_ends(tmp_path: Path) -> None:
    async with told(tmp_path, 1) as (_, services, client, exports, _):
        agreed = Facts((Agreement("a", "RA1", "", (), 0, 1 << 61, "active"),), "implied", ORGANISATIONS)
        services.facts = lambda: agreed
        place = (await client.http.get("/fhir/$export", headers=ASYNC)).headers["content-location"]
        await exports.settled()
        file = (await client.http.get(place)).json()["output"][0]["url"]
        services.facts = lambda: Facts((), "implied", ORGANISATIONS)
        assert (await client.http.get(file)).status_code == 404
        assert (await client.http.get(place)).status_code == 409
        assert not list(tmp_path.glob("exports/*/*.ndjson"))


async def test_an_agreement_for_something_else_does_not_keep_it(tmp_path: Path) -> None:
    async with told(tmp_path, 1) as (_, services, client, exports, _):
        care, booking = (Agreement(each, "RA1", "", (each,), 0, 1 << 61, "active") for each in ("direct-care", "booking"))
        facts = [Facts(each, "implied", ORGANISATIONS) for each in ((care, booking), (booking,), (care, booking, care))]
        services.facts = lambda: facts[0]
        place = (await client.http.get("/fhir/$export", headers=ASYNC)).headers["content-location"]
        await exports.settled()
        services.facts = lambda: facts[2]
        file = (await client.http.get(place)).json()["output"][0]["url"]
        (job,) = exports.jobs.values()
        assert decoded(encoded(job)) == job
        services.facts = lambda: facts[1]
        assert (await client.http.get(file)).status_code == 404
        assert (await client.http.get(place)).json()["issue"][0]["details"]["coding"][0]["code"] == "export-ended"


async def test_nobodys_whereabouts_are_in_it(api: Api, tmp_path: Path) -> None:
    async with exporting(api.services, tmp_path) as exports:
        client = Client(api.http)
        lines = await exported(client, exports)
        said = [orjson.loads(line) for line in lines]
        names = [f"{each['resourceType']}/{each['id']}" for each in said]
        assert set(HIDDEN) <= set(names)
        assert lines == [
            (await api.http.get(f"/fhir/{name}", headers={"accept": "application/fhir+json"})).content for name in names
        ]
        about = [line for name, line in zip(names, lines, strict=True) if name in HIDDEN]
        assert not [each for each in TOLD if any(each.encode() in line for line in about)]
        found = await exported(client, exports, "$export?_type=Patient&_typeFilter=Patient%3Faddress%3Dx")
        assert found == []


MINE = person("mine")
SEEN = of("Observation", "seen", "mine", status="final", code={"text": "Weight"})
HIV = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}]}
NORMAL = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}]}


def said(type_: str, status: str = "active") -> dict[str, Any]:
    about = {"id": "said", "patient": {"reference": "Patient/mine"}, "dateTime": "2025-01-01", "policyRule": {"text": "x"}}
    return {**CONSENT, **about, "status": status, "provision": {"type": type_}}


@pytest.mark.parametrize(
    ("before", "after", "ended"),
    [
        ([MINE], MINE | {"meta": RESTRICTED}, True),
        ([MINE, SEEN], SEEN | {"meta": HIV}, True),
        ([SEEN | {"meta": HIV}], SEEN | {"meta": {"security": [*HIV["security"], *RESTRICTED["security"]]}}, True),
        ([MINE], said("deny"), True),
        ([MINE, said("permit")], said("deny"), True),
        ([MINE, said("permit")], said("permit", "inactive"), True),
        ([MINE], MINE | {"gender": "female"}, False),
        ([MINE], MINE | {"meta": NORMAL}, False),
        ([MINE | {"meta": RESTRICTED}], MINE | {"meta": RESTRICTED, "gender": "female"}, False),
        ([MINE | {"meta": RESTRICTED}], MINE, False),
        ([SEEN], person("new", meta=RESTRICTED), False),
        ([MINE], said("permit"), False),
        ([MINE, said("deny")], said("deny") | {"language": "en"}, False),
        ([MINE, said("deny")], said("permit"), False),
    ],
)
async def test_what_is_held_back_since_ends_it(
    before: list[dict[str, Any]], after: dict[str, Any], ended: bool, api: Api, clock: ManualClock, tmp_path: Path
) -> None:
    async def put(resource: dict[str, Any]) -> None:
        address = f"/fhir/{resource['resourceType']}/{resource['id']}"
        answer = await api.http.put(address, json=resource, headers={"content-type": "application/fhir+json"})
        assert answer.status_code in (200, 201), answer.text

    for each in before:
        await put(each)
    clock.advance(1)
    async with exporting(api.services, tmp_path) as exports:
        place = (await api.http.get("/fhir/$export", headers=ASYNC)).headers["content-location"]
        await exports.settled()
        file = (await api.http.get(place)).json()["output"][0]["url"]
        clock.advance(1)
        await put(after)
    async with exporting(api.services, tmp_path) as exports:
        assert (await api.http.get(file)).status_code == (404 if ended else 200)
        assert (await api.http.get(place)).status_code == (409 if ended else 200)
        assert bool(list(tmp_path.glob("exports/*/*.ndjson"))) is not ended


async def test_whoever_is_found_to_be_one_with_somebody_hidden_ends_it(api: Api, clock: ManualClock, tmp_path: Path) -> None:
    async with exporting(api.services, tmp_path) as exports:
        clock.advance(1)
        place = (await api.http.get("/fhir/$export", headers=ASYNC)).headers["content-location"]
        await exports.settled()
        for patient, person_, status in (("open", "another", 200), ("open", "hides", 409)):
            clock.advance(1)
            event = LinkEvent(patient, patient, person_, "link", 2, clock.now())
            await api.write(links=[Link(patient, person_, "")], link_events=[event])
            assert (await api.http.get(place)).status_code == status
