"""People who govern who sees what of Ann, by operations, and what they see: the API under the rules, by a clock that is moved."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson

from interop.api.asgi import Request
from interop.api.reading import ReadingStore
from interop.api.services import Services
from interop.apply.governance import Governance
from interop.apply.indexed_store import IndexedStore
from interop.apply.reindexing import Reindexer
from interop.apply.whereabouts import Whereabouts
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.ids import ODS_ORGANISATION
from interop.policy.asker import Asker
from interop.record.fold import content, render
from interop.record.indexing import indexed
from interop.store.sql.store import SqlStore
from interop.store.values import Change, Committed, Link, Put, Stored
from tests.spec.api.conftest import Client, calling, serving
from tests.spec.api.people import T0, patient

GP = Asker("https://issuer.test|gp", "gp", "A81001", scopes=None)
CREW = Asker("https://issuer.test|crew", "ambulance-clinician", "RYE", scopes=None)
OTHER_CREW = Asker("https://issuer.test|other", "ambulance-clinician", "RYE", scopes=None)
WARD = Asker("https://issuer.test|ward", "hospital-clinician", "RX1", scopes=None)
DESK = Asker("https://issuer.test|desk", "coordinator", "RX7", scopes=None)
NAVIGATOR = Asker("https://issuer.test|navigator", "care-navigator", "RX1", scopes=None)
PROGRAM = Asker(role="system", organisation="RX1", client="ward-system", scopes=None)
OPERATOR = Asker("https://issuer.test|operator", "operator", scopes=None)
OFFICER = Asker("https://issuer.test|officer", "privacy-officer", "RX1", scopes=None)
ANN = Asker("https://issuer.test|ann", "patient", patient="ann", scopes=None)
DAUGHTER = Asker("https://issuer.test|daughter", "carer", scopes=None)
EVERYONE = {
    asker.user or asker.client: asker
    for asker in (GP, CREW, OTHER_CREW, WARD, DESK, NAVIGATOR, PROGRAM, OPERATOR, OFFICER, ANN, DAUGHTER)
}
PRACTICE = {"identifier": {"system": ODS_ORGANISATION, "value": "A81001"}}
CODE = {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]}
HIV = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}


def observation(id: str, of: str, *labels: dict[str, str]) -> dict[str, Any]:
    marked = {"meta": {"security": list(labels)}} if labels else {}
    return {
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "code": CODE,
        "subject": {"reference": f"Patient/{of}"},
        **marked,
    }


class ByHeader:
    """A door that lets everyone in under the name that they say."""

    async def admit(self, request: Request) -> Asker:
        return EVERYONE[request.header(b"x-who")]


class World:
    """The API, its record and its clock. Ann has two Patients, one at her practice and one at the ward's hospital."""

    def __init__(self, store: SqlStore, client: Client, clock: ManualClock, services: Services) -> None:
        self.store, self.client, self.clock, self.services = store, client, clock, services

    async def call(self, who: Asker, name: str, of: str = "Patient/ann", /, **said: Any) -> httpx.Response:
        """Call an operation by POST; a list is several values, a dict a datatype by its type."""
        parameters = []
        for key, value in said.items():
            for each in value if isinstance(value, list) else [value]:
                form, given = next(iter(each.items())) if isinstance(each, dict) else _form(key, each)
                parameters.append({"name": key.replace("_", "-"), form: given})
        body = orjson.dumps({"resourceType": "Parameters", "parameter": parameters})
        address = f"/fhir/{of}/${name}" if of else f"/fhir/${name}"
        return await self.client.send("POST", address, body, x_who=who.user or who.client)

    async def done(self, who: Asker, name: str, of: str = "Patient/ann", /, **said: Any) -> dict[str, Any]:
        answer = await self.call(who, name, of, **said)
        assert answer.status_code in (200, 201), answer.text
        made: dict[str, Any] = answer.json()
        return made

    async def sees(self, who: Asker) -> set[str]:
        """The observations that somebody finds, which are those that they can read."""
        found = {each.partition("/")[2] for each in await self.client.ids("/fhir/Observation", x_who=who.user or who.client)}
        for id in ("bp", "ward", "hiv"):
            answer = await self.client.get(f"/fhir/Observation/{id}", x_who=who.user or who.client)
            assert answer.status_code == (200 if id in found else 404)
        return found

    async def share(self) -> None:
        """Both organisations share with all who take part."""
        for source in ("A81001", "RX1"):
            await self.done(OPERATOR, "agreement", "", source=source)


def _form(key: str, value: Any) -> tuple[str, Any]:
    forms = {"until": "valueDateTime", "start": "valueDateTime", "end": "valueDateTime", "decision": "valueCode"}
    return ("valueInteger", value) if isinstance(value, int) else (forms.get(key, "valueString"), value)


async def contribute(store: SqlStore, source: str, *resources: dict[str, Any], links: dict[str, str] | None = None) -> None:
    puts = []
    for resource in resources:
        kind, id = resource["resourceType"], resource["id"]
        body = render(content(kind, id, dict(resource)), 1, "2026-01-01T00:00:00.000Z", "feed", 1)
        puts.append(Put(Stored(kind, id, 1, T0, body, owner="feed", source=source), indexed(resource)))
    change = Change(puts=puts, links=[Link(patient, person, "") for patient, person in (links or {}).items()])
    assert isinstance(await store.commit(change), Committed)


@asynccontextmanager
async def world(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    """The API over what is in a store."""
    intake, services = serving(store, clock)
    governance = Governance(services.mint, services.feeds)
    await governance.start(store)
    indexing = services.indexing
    written = IndexedStore(store, indexing, Reindexer(store, indexing, clock), governance.committed)
    services.store = ReadingStore(store, Whereabouts(store), clock)
    services.facts, services.door = governance.facts, ByHeader()
    services.writes = Writes(written, clock)
    async with calling(services) as client:
        yield World(store, client, clock, services)
    await intake.drain()


async def record_ann(store: SqlStore) -> None:
    """What feeds have said of Ann: by her practice, and by the ward's hospital."""
    ann = patient("ann", generalPractitioner=[PRACTICE])
    await contribute(store, "A81001", ann, observation("bp", "ann"), observation("hiv", "ann", HIV), links={"ann": "one"})
    await contribute(store, "RX1", patient("ann-ward"), observation("ward", "ann-ward"), links={"ann-ward": "one"})


@asynccontextmanager
async def of_ann(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    """A world in which nobody shares and nobody has consented yet."""
    await record_ann(store)
    async with world(store, clock) as made:
        yield made
