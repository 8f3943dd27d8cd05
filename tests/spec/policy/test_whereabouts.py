"""Whoever hides where they are is not found by it, and nothing that is given tells it: address, numbers, kin, practice."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from interop.api.app import create_app
from interop.api.reading import ReadingStore
from interop.apply.indexed_store import IndexedStore
from interop.apply.reindexing import Reindexer
from interop.apply.whereabouts import Whereabouts
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.errors import Problem
from interop.fhir.findings import failed
from interop.fhir.validation import check
from interop.policy.whereabouts import guarded, redacted, shown
from interop.record.fold import content, render
from interop.record.indexing import indexed
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Link, LinkEvent, Put, Stored
from interop.store.where import All, Chain, FullText, Has, Ids, Not, Present, Text, Token, Where
from interop.store.where import Any as AnyOf
from tests.spec.api.conftest import matches, serving
from tests.spec.api.people import T0

pytestmark = pytest.mark.anyio
LETTER = b64encode(b"7 Secret Lane").decode()
STREET, PHONE, KIN, PRACTICE = "7 Secret Lane", "07700 900123", "Hopkins", "Oakshaw"
TOLD = (STREET, PHONE, KIN, PRACTICE, "AB1 2CD", LETTER, "Location/home", "Organization/practice", "Practitioner/doctor")
RESTRICTED = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
TEXT = {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{STREET}</p></div>'}
LIVES = {
    "address": [{"line": [STREET], "city": "Eastmere", "postalCode": "AB1 2CD"}],
    "telecom": [{"system": "phone", "value": PHONE}],
    "contact": [{"name": {"family": KIN}}],
    "generalPractitioner": [{"display": PRACTICE}, {"reference": "Practitioner/doctor"}],
    "managingOrganization": {"reference": "Organization/practice"},
    "text": TEXT,
}


HOME = {"reference": "Location/home", "display": STREET}


def of(kind: str, id: str, about: str = "", **more: Any) -> dict[str, Any]:
    subject = {"subject": {"reference": f"Patient/{about}"}} if about else {}
    return {"resourceType": kind, "id": id, **subject, **more}


def person(id: str, **more: Any) -> dict[str, Any]:
    return of("Patient", id, name=[{"family": "Reed"}], **LIVES, **more)


RECORD = (
    person("hides", meta=RESTRICTED),
    person("linked"),
    person("open"),
    of("RelatedPerson", "kin", patient={"reference": "Patient/linked"}, name=[{"family": KIN}], telecom=LIVES["telecom"]),
    of("Observation", "weight", "linked", status="final", code={"text": "Weight"}, text=TEXT,
       valueQuantity={"value": 72.50}, performer=[{"reference": "RelatedPerson/kin", "display": KIN}]),
    of("DocumentReference", "letter", "hides", status="current", description=STREET,
       content=[{"attachment": {"contentType": "text/plain", "title": STREET}}]),
    of("EpisodeOfCare", "registered", status="active", patient={"reference": "Patient/hides"},
       managingOrganization={"display": PRACTICE}),
    of("Encounter", "seen", "hides", status="finished", **{"class": {"code": "HH"}},
       contained=[{"resourceType": "Location", "id": "home", "name": STREET, "address": LIVES["address"][0]}],
       location=[{"location": {"reference": "#home"}}]),
    of("Observation", "other", "open", status="final", code={"text": "Weight"}, text=TEXT),
    of("Person", "who", name=[{"family": "Reed"}], address=LIVES["address"], telecom=LIVES["telecom"],
       link=[{"target": {"reference": "Patient/hides"}}]),
    of("DiagnosticReport", "scan", "linked", status="final", code={"text": "Scan"},
       presentedForm=[{"contentType": "text/plain", "title": STREET}]),
    of("Appointment", "both", status="proposed", patientInstruction=STREET, participant=[
        {"actor": {"reference": "Patient/open"}, "status": "accepted"},
        {"actor": {"reference": "Patient/linked"}, "status": "accepted"},
        {"actor": HOME, "status": "accepted"}]),
    of("Encounter", "visit", "hides", status="finished", **{"class": {"code": "HH"}}, location=[{"location": HOME}]),
    of("MessageHeader", "head", eventCoding={"code": "x"}, source={"endpoint": "urn:x", "contact": LIVES["telecom"][0]},
       focus=[{"reference": "Patient/linked"}]),
    of("Binary", "secured", contentType="text/plain", data=LETTER, securityContext={"reference": "Patient/linked"}),
    of("Binary", "behind", contentType="text/plain", data=LETTER, securityContext={"reference": "DocumentReference/letter"}),
    of("Binary", "letter", contentType="text/plain", data=LETTER),
    of("DocumentReference", "kept", "hides", status="current", content=[{"attachment": {"url": "Binary/letter"}}]),
)  # fmt: skip
BESIDE = (
    of("Location", "home", name="Clinic"),
    of("Organization", "practice", name="Surgery"),
    of("Practitioner", "doctor"),
)
"""What anyone may see, and to which what is about them leads."""
HIDDEN = [f"{each['resourceType']}/{each['id']}" for each in RECORD if each["id"] not in ("open", "other")]


class Api:
    """The API for somebody who may see everything, but nobody's whereabouts."""

    def __init__(self, http: httpx.AsyncClient, store: IndexedStore, services: Any) -> None:
        self.http, self.store, self.services = http, store, services

    async def text(self, address: str) -> str:
        answer = await self.http.get(address)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def found(self, address: str) -> set[str]:
        return set(matches((await self.http.get(address)).json()))

    async def write(self, *resources: dict[str, Any], version: int = 1, **more: Any) -> None:
        puts = []
        for each in resources:
            body = render(content(each["resourceType"], each["id"], dict(each)), version, "2026-01-01T00:00:00.000Z", "gp", 1)
            puts.append(Put(Stored(each["resourceType"], each["id"], version, T0, body, owner="gp"), indexed(each)))
        assert isinstance(await self.store.commit(Change(puts=puts, **more)), Committed)


@pytest.fixture
async def api(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    store = SqliteStore.open(tmp_path / "data", clock=clock)
    intake, services = serving(store, clock)
    whereabouts = Whereabouts(store)
    written = IndexedStore(store, services.indexing, Reindexer(store, services.indexing, clock), whereabouts.committed)
    services.store, services.writes = ReadingStore(store, whereabouts, clock), Writes(written, clock)
    services.policy = lambda question, facts, now: Decision("all but whereabouts")
    transport = httpx.ASGITransport(app=create_app(services))
    async with httpx.AsyncClient(transport=transport, base_url="http://care.test") as http:
        made = Api(http, written, services)
        links = [Link("hides", "one", ""), Link("linked", "one", "")]
        await made.write(*RECORD, *BESIDE, links=links, link_events=[LinkEvent("linked", "linked", "one", "link", 1, T0)])
        yield made
    await intake.drain()
    await store.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.mark.parametrize("address", HIDDEN)
@pytest.mark.parametrize("way", ["", "/_history", "/_history/1", "?_format=xml", "?_elements=address,text"])
async def test_no_way_of_reading_tells_it(api: Api, address: str, way: str) -> None:
    said = await api.text(f"/fhir/{address}{way}")
    assert not [each for each in TOLD if each in said]
    assert "REDACTED" in said


async def test_nor_do_searches_operations_and_bundles(api: Api) -> None:
    for address in ("Patient?family=Reed&_revinclude=RelatedPerson:patient&_id=hides,linked", "Patient/hides/$everything",
                    "Observation?patient=linked&_include=Observation:performer", "Patient/linked/$whole-record",
                    "Patient/linked/$medication-changes", "Encounter/visit/$medication-changes",
                    "Patient/hides/*", "DocumentReference?patient=hides", "?_type=Patient,Encounter&_id=hides,seen"):  # fmt: skip
        said = await api.text(f"/fhir/{address}")
        assert "REDACTED" in said, address
        assert not [each for each in TOLD if each in said], address
    get = [{"request": {"method": "GET", "url": "Patient/linked"}}]
    answer = await api.http.post("/fhir", json={"resourceType": "Bundle", "type": "batch", "entry": get})
    assert "REDACTED" in answer.text
    assert STREET not in answer.text


@pytest.mark.parametrize("id", ["hides", "linked"])
async def test_nor_does_the_crew_card(api: Api, id: str) -> None:
    said = await api.text(f"/fhir/Patient/{id}/$crew-card")
    assert '"redacted":true' in said
    assert not [each for each in TOLD if each in said]


@pytest.mark.parametrize(
    "address",
    [
        "Patient?_id=hides&_include=Patient:organization&_include=Patient:general-practitioner",
        "Patient?_id=hides&_include=*",
        "Encounter?_id=visit&_include=Encounter:location",
        "Encounter/visit/$everything",
        "Patient/linked/$everything",
    ],
)
async def test_nothing_comes_along_that_leads_there(api: Api, address: str) -> None:
    came = {f"{each['resource']['resourceType']}/{each['resource'].get('id')}" for each in
            (await api.http.get(f"/fhir/{address}")).json()["entry"]}  # fmt: skip
    assert not came & {"Location/home", "Organization/practice", "Practitioner/doctor"}


@pytest.mark.parametrize(
    ("address", "hidden"),
    [
        ("Organization?_id=practice&_revinclude=Patient:organization", "Patient/hides"),
        ("Practitioner?_id=doctor&_revinclude=Patient:*", "Patient/hides"),
        ("Location?_id=home&_revinclude=Encounter:location", "Encounter/visit"),
        ("Location?_id=home&_revinclude=Appointment:actor", "Appointment/both"),
    ],
)
async def test_nobody_comes_along_with_what_they_lead_to(api: Api, address: str, hidden: str) -> None:
    assert f'{hidden}"' not in await api.text(f"/fhir/{address}")


@pytest.mark.parametrize("id", ["secured", "behind", "letter"])
async def test_no_letter_is_given_as_bytes(api: Api, id: str) -> None:
    for media in ("text/plain", "application/fhir+json", "*/*"):
        answer = await api.http.get(f"/fhir/Binary/{id}", headers={"accept": media})
        assert STREET not in answer.text, media
        assert LETTER not in answer.text, media


async def test_what_was_given_without_it_is_not_written_over(api: Api) -> None:
    held = (await api.http.get("/fhir/Patient/hides")).json()
    assert (await api.http.put("/fhir/Patient/hides", json=held)).status_code == 403
    patch = [{"op": "test", "path": "/address/0/city", "value": "Eastmere"}]
    kinds = {"content-type": "application/json-patch+json"}
    right = await api.http.patch("/fhir/Patient/hides", content=orjson.dumps(patch), headers=kinds)
    wrong = await api.http.patch("/fhir/Patient/hides", content=orjson.dumps([{**patch[0], "value": "x"}]), headers=kinds)
    assert right.status_code == wrong.status_code == 403
    assert right.content == wrong.content


async def test_others_are_given_as_they_are(api: Api) -> None:
    assert STREET in await api.text("/fhir/Patient/open")
    assert "REDACTED" not in await api.text("/fhir/Observation/other")


async def test_what_tells_nothing_of_it_stays_with_its_digits(api: Api) -> None:
    said = await api.text("/fhir/Observation/weight")
    assert '"value":72.5' in said
    assert (await api.http.get("/fhir/Patient/hides")).json()["name"] == [{"family": "Reed"}]
    assert b'"value":72.50' in redacted(b'{"resourceType":"Observation","valueQuantity":{"value":72.50}}')


@pytest.mark.parametrize(
    ("query", "finds"),
    [
        ("Patient?address-postalcode=AB1", {"Patient/open"}),
        ("Patient?address:contains=Secret", {"Patient/open"}),
        ("Patient?phone=07700 900123", {"Patient/open"}),
        ("Patient?address:missing=true", {"Patient/hides", "Patient/linked"}),
        ("Patient?_text=Secret", {"Patient/open"}),
        ("Patient?_content=Oakshaw", {"Patient/open"}),
        ("Observation?subject:Patient.address=7", {"Observation/other"}),
        ("Patient?_has:RelatedPerson:patient:name=Hopkins", set()),
        ("RelatedPerson?name=Hopkins", set()),
        ("Patient?family=Reed", {"Patient/open", "Patient/hides", "Patient/linked"}),
        ("RelatedPerson?patient=hides", {"RelatedPerson/kin"}),
        ("Encounter?location=Location/home", set()),
        ("Encounter?location:Location.name=Clinic", set()),
        ("Appointment?actor=Location/home", set()),
        ("Location?_has:Encounter:location:patient=hides", set()),
        ("Organization?_has:Patient:organization:_id=hides", set()),
        ("Organization?_has:Patient:organization:_id=open", {"Organization/practice"}),
        ("Practitioner?_has:Patient:general-practitioner:_id=hides", set()),
        ("Practitioner/doctor/Patient", {"Patient/open"}),
        ("Person?address-city=Eastmere", set()),
        ("Person?name=Reed", {"Person/who"}),
    ],
)
async def test_nobody_is_found_by_it(api: Api, query: str, finds: set[str]) -> None:
    assert await api.found(f"/fhir/{query}") == finds


async def test_nobody_is_counted_or_put_in_order_by_it(api: Api) -> None:
    assert (await api.http.get("/fhir/Patient?address-city=Eastmere&_summary=count")).json()["total"] == 1
    assert (await api.http.get("/fhir/Patient?_sort=address-city")).status_code == 400


async def test_a_label_holds_from_the_moment_it_is_there_until_it_is_lifted(api: Api) -> None:
    assert STREET in await api.text("/fhir/Patient/open")
    await api.write(person("open", meta=RESTRICTED), version=2)
    assert STREET not in await api.text("/fhir/Patient/open") + await api.text("/fhir/Observation/other")
    await api.write(person("open"), version=3)
    assert STREET in await api.text("/fhir/Patient/open")


async def test_who_is_linked_later_is_hidden_from_then_on_and_no_longer_when_parted(api: Api) -> None:
    assert STREET in await api.text("/fhir/Patient/open")
    event = LinkEvent("open", "open", "one", "link", 2, T0)
    await api.write(links=[Link("open", "one", "")], link_events=[event])
    assert STREET not in await api.text("/fhir/Patient/open")
    await api.write(links=[Link("open", "open", "")], link_events=[event._replace(before="one", after="open", why="unlink")])
    assert STREET in await api.text("/fhir/Patient/open")


async def test_deleting_who_hides_tells_nothing(api: Api) -> None:
    """Neither what was said of them, nor of whom they are one person with; it is not for who sees a part to do."""
    assert (await api.http.delete("/fhir/Patient/hides")).status_code == 403
    assert STREET not in await api.text("/fhir/Patient/linked")
    gone = Put(Stored("Patient", "hides", 2, T0, b"", deleted=True, owner="gp"), [])
    assert isinstance(await api.store.commit(Change(puts=[gone])), Committed)
    assert (await api.http.get("/fhir/Patient/hides")).status_code == 410
    for address in ("Patient/hides/_history", "Patient/hides/_history/1", "Patient/linked", "RelatedPerson/kin", "Encounter/seen",
                    "Patient/_history", "Binary/secured"):  # fmt: skip
        said = await api.text(f"/fhir/{address}")
        assert "REDACTED" in said, address
        assert address == "Patient/_history" or not [each for each in TOLD if each in said], address
    await api.write(person("hides"), version=3)
    assert STREET in await api.text("/fhir/Patient/linked")


async def test_only_the_tester_sees_it(api: Api) -> None:
    api.services.policy = lambda question, facts, now: PERMIT_ALL
    assert STREET in await api.text("/fhir/Patient/hides")


async def test_what_is_left_is_as_r4_has_it(api: Api) -> None:
    for address in HIDDEN:
        resource = orjson.loads(await api.text(f"/fhir/{address}"))
        missing = {finding.rule for finding in check(resource) if failed([finding])}
        assert not missing, address


@pytest.mark.parametrize(
    ("where", "type", "made"),
    [
        (Text("family", "reed"), "Patient", None),
        (Ids(("a",)), "Patient", None),
        (Text("address", "x"), "Organization", None),
        (Text("address", "x"), "Patient", All((Text("address", "x"), shown(5)))),
        (Not(Present("phone")), "Patient", Not(All((Present("phone"), shown(5))))),
        (AnyOf((Token("email", "x"), Ids(("a",)))), "Patient", AnyOf((All((Token("email", "x"), shown(5))), Ids(("a",))))),
        (Chain("subject", "Patient", Text("address", "x")), "Observation",
         Chain("subject", "Patient", All((Text("address", "x"), shown(5))))),
        (Has("RelatedPerson", "patient", Text("name", "x")), "Patient",
         Has("RelatedPerson", "patient", All((Text("name", "x"), shown(5))))),
        (FullText("_content", (("x",),)), "Encounter", All((FullText("_content", (("x",),)), shown(5)))),
        (Text("phone", "x"), "", All((Text("phone", "x"), shown(5)))),
    ],
)  # fmt: skip
def test_every_part_of_a_question_that_tells_it_leaves_hidden_people_out(where: Where, type: str, made: Where | None) -> None:
    found = guarded(where, type, 5)
    assert found is where if made is None else found == made


async def test_a_label_counts_whose_commit_was_done_though_the_answer_was_lost(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection to the database broke between the two: at the second attempt nothing is left to write."""
    person = {"resourceType": "Patient", "id": "moves", **LIVES}
    assert (await api.http.put("/fhir/Patient/moves", json=person)).status_code == 201
    assert STREET in await api.text("/fhir/Patient/moves")
    store, lost = api.store._store, list[Change]()
    commit = store.commit

    async def breaking(change: Change) -> Any:
        done = await commit(change)
        if change.puts and not lost:
            lost.append(change)
            raise Problem("journal-unavailable")
        return done

    monkeypatch.setattr(store, "commit", breaking)
    monkeypatch.setattr("interop.apply.settling.AGAIN", 0)
    answer = await api.http.put("/fhir/Patient/moves", json={**person, "meta": RESTRICTED})
    assert (answer.status_code, len(lost)) == (200, 1)
    assert STREET not in await api.text("/fhir/Patient/moves")
