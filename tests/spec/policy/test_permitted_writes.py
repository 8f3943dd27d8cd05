"""What may be written: by a role of that class, about people whom one may see, over what one may see; and whose it then is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from interop.api.reading import ReadingStore
from interop.api.services import Services
from interop.apply.asked import Author
from interop.apply.journalled import SIGNED, author_of
from interop.apply.whereabouts import Whereabouts
from interop.apply.writes import Writes
from interop.policy.asker import TESTER, Asker
from interop.policy.facts import Agreement, Facts
from interop.policy.scopes import read_scopes
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Everything, Messages, Read
from interop.store.sqlite import SqliteStore
from interop.store.values import Entry, Stored
from tests.spec.api.conftest import Client
from tests.spec.api.people import T0, patient
from tests.spec.policy.test_indistinguishable import Desk, opened
from tests.spec.policy.worlds import HOUR, LOCAL, Made, World, consented, keep, observed, team

pytestmark = pytest.mark.anyio
GP = Asker("https://id.test|gp", "gp", "RA1", "desk", scopes=None)
CREW = Asker("https://id.test|crew", "ambulance-clinician", "RA1", "epcr", scopes=None)
WARD = Asker("https://id.test|ward", "hospital-clinician", "RB2", "ward", scopes=None)
SHARED = Agreement("a", "RA1", "RB2", (), T0 - HOUR, T0 + HOUR, "active")
Opened = tuple[SqliteStore, Services, Client]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Opened]:
    """``ours`` has consented and is of RA1 and RB2; ``theirs`` is known to neither and has not."""
    made = [consented("ours"), team("ours", "RA1"), team("ours", "RB2")]
    made += [Made("Patient", name, [patient(name)], "api", "RA1") for name in ("ours", "theirs")]
    made += [observed(f"of-{name}", name, "RA1", identifier=[{"system": LOCAL, "value": name}]) for name in ("ours", "theirs")]
    async with opened(tmp_path / "data", GP, World(made, {}, Facts((SHARED,), "explicit", ("RA1", "RB2")), {})) as opening:
        await keep(opening[0], made, {})
        yield opening


@pytest.fixture
def store(parts: Opened) -> SqliteStore:
    return parts[0]


@pytest.fixture
def services(parts: Opened) -> Services:
    return parts[1]


@pytest.fixture
def client(parts: Opened) -> Client:
    return parts[2]


def observation(of: str, **more: Any) -> dict[str, Any]:
    said = {"resourceType": "Observation", "status": "final", "code": {"text": "new"}}
    return {**said, "subject": {"reference": f"Patient/{of}"}, **more}


async def kept(store: SqliteStore, type: str, id: str) -> Stored:
    (found,) = await store.query(Read(PERMIT_ALL, type, id))
    assert isinstance(found, Stored)
    return found


class TestAboutWhom:
    async def test_about_people_whom_one_may_see(self, client: Client) -> None:
        assert (await client.post(observation("ours"))).status_code == 201

    @pytest.mark.parametrize("of", ["theirs", "nobody"])
    async def test_about_others_it_is_refused_alike_whether_they_are_here_or_not(self, client: Client, of: str) -> None:
        answer = await client.post(observation(of))
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (403, "forbidden")
        named = observation("ours", performer=[{"reference": f"Patient/{of}"}])
        assert (await client.post(named)).status_code == 403
        elsewhere = observation("x", subject={"reference": f"http://care.test/fhir/Patient/{of}"})
        assert (await client.post(elsewhere)).status_code == 403

    async def test_nothing_is_moved_to_others(self, client: Client) -> None:
        moved = observation("theirs", id="of-ours")
        assert (await client.put(moved)).status_code == 403
        parts = [{"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Observation.subject.reference"}]
        parts.append({"name": "value", "valueString": "Patient/theirs"})
        patch = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
        assert (await client.send("PATCH", "/fhir/Observation/of-ours", orjson.dumps(patch))).status_code == 403

    async def test_to_be_able_to_find_somebody_is_not_enough(self, client: Client, services: Services) -> None:
        """A crew may find whom it stands before; a care team of its own making would give it the record."""
        services.door = Desk(replace(CREW, organisation="RC3"))
        task = {"resourceType": "Task", "status": "requested", "intent": "order", "for": {"reference": "Patient/theirs"}}
        assert (await client.post(task)).status_code == 403
        services.door = Desk(replace(GP, organisation="RC3"))
        claim = {"resourceType": "CareTeam", "status": "active", "subject": {"reference": "Patient/theirs"}}
        assert (await client.post(claim)).status_code == 403

    async def test_about_a_person_who_comes_with_it(self, client: Client) -> None:
        entries = [
            {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Patient"}, "request": {"method": "POST", "url": "Patient"}},
            {
                "resource": observation("x", subject={"reference": "urn:uuid:1"}),
                "request": {"method": "POST", "url": "Observation"},
            },
        ]
        bundle = orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": entries})
        assert (await client.send("POST", "/fhir", bundle)).status_code == 200

    async def test_a_token_for_one_patient_writes_of_that_patient_alone(self, client: Client, services: Services) -> None:
        services.door = Desk(replace(GP, patient="ours", scopes=read_scopes("patient/*.cruds")))
        assert (await client.post(observation("ours"))).status_code == 201
        for other in (observation("theirs"), {"resourceType": "Observation", "status": "final", "code": {"text": "of nobody"}}):
            assert (await client.post(other)).status_code == 403
        assert (await client.post(patient("x"))).status_code == 403


class TestOverWhat:
    @pytest.mark.parametrize("id", ["of-theirs", "none"])
    async def test_what_may_not_be_seen_is_not_there(self, client: Client, store: SqliteStore, id: str) -> None:
        """Ids are the server's to give: an update of what is not there makes nothing, and tells nothing."""
        before = (await kept(store, "Observation", "of-theirs")).body
        assert (await client.put(observation("ours", id=id))).status_code == 405
        assert (await client.put(observation("ours", id=id), if_match='W/"1"')).status_code == 412
        deleted = await client.send("DELETE", f"/fhir/Observation/{id}")
        assert (deleted.status_code, "etag" in deleted.headers) == (204, False)
        parts = [{"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Observation.status"}]
        parts.append({"name": "value", "valueCode": "amended"})
        patch = orjson.dumps({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]})
        assert (await client.send("PATCH", f"/fhir/Observation/{id}", patch)).status_code == 404
        assert (await kept(store, "Observation", "of-theirs")).body == before

    async def test_what_may_be_seen_may_be_written_over(self, client: Client) -> None:
        assert (await client.put(observation("ours", id="of-ours"))).status_code == 200
        assert (await client.send("DELETE", "/fhir/Observation/of-ours")).status_code == 204

    async def test_what_is_seen_in_part_is_not_written_over(self, client: Client, services: Services, store: SqliteStore) -> None:
        """The address of somebody who hides would be lost by an update, and told by the answer to a patch."""
        services.store = ReadingStore(store, Whereabouts(store), services.clock)
        label = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "PRS"}
        hidden = patient("hides", address=[{"city": "Nowhere"}], meta={"security": [label]}, number="9990000026")
        await keep(store, [Made("Patient", "hides", [hidden], "api", "RA1"), consented("hides"), team("hides", "RA1")], {})
        services.facts = lambda: Facts((), "implied", ("RA1",))
        shown = await client.get("/fhir/Patient/hides")
        assert (shown.status_code, "Nowhere" in shown.text) == (200, False)
        parts = [{"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Patient.gender"}]
        parts.append({"name": "value", "valueCode": "female"})
        patch = orjson.dumps({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]})
        made = {name: value for name, value in shown.json().items() if name != "meta"}
        assert (await client.put(made)).status_code == 403
        assert (await client.send("PATCH", "/fhir/Patient/hides", patch)).status_code == 403
        found = await client.post(patient("x"), if_none_exist="identifier=https://fhir.nhs.uk/Id/nhs-number|9990000026")
        assert (found.status_code, "Nowhere" in found.text, found.json()["id"]) == (200, False, "hides")
        assert b"Nowhere" in (await kept(store, "Patient", "hides")).body

    async def test_what_may_be_seen_and_not_written_over_is_refused(self, client: Client, services: Services) -> None:
        """Whoever may find people sees who they are, and changes nothing of it."""
        services.door = Desk(replace(GP, organisation="RB2"))
        assert (await client.get("/fhir/Patient/theirs")).status_code == 200
        assert (await client.put(patient("theirs", family="Other"))).status_code == 403

    @pytest.mark.parametrize("role", ["operator", "analyst", "patient", "privacy-officer", "feed", "carer"])
    async def test_a_role_that_does_not_write_is_refused_before_the_body_is_read(
        self, client: Client, services: Services, role: str
    ) -> None:
        services.door = Desk(replace(GP, role=role))
        assert (await client.send("POST", "/fhir/Observation", b"{")).status_code == 403

    async def test_consents_are_not_written_but_recorded(self, client: Client) -> None:
        consent = consented("ours").versions[0]
        assert consent is not None
        assert (await client.post(consent)).status_code == 403


class TestCriteria:
    async def test_they_find_what_may_be_seen(self, client: Client) -> None:
        found = await client.post(observation("ours"), if_none_exist=f"identifier={LOCAL}|ours")
        assert found.status_code == 200
        unseen = [
            await client.post(observation("ours"), if_none_exist=f"identifier={LOCAL}|{value}") for value in ("theirs", "none")
        ]
        assert [answer.status_code for answer in unseen] == [201, 201]
        deleted = [await client.send("DELETE", f"/fhir/Observation?identifier={LOCAL}|{value}") for value in ("theirs", "none")]
        assert [(answer.status_code, answer.headers.get("etag")) for answer in deleted] == [(204, None), (204, None)]

    async def test_a_reference_by_criteria_leads_to_whom_one_may_see(self, client: Client) -> None:
        for value, status in (("9990000018", 412), ("none", 412)):
            made = observation("x", subject={"reference": f"Patient?identifier={LOCAL}|{value}"})
            entry = {"resource": made, "request": {"method": "POST", "url": "Observation"}}
            bundle = orjson.dumps({"resourceType": "Bundle", "type": "transaction", "entry": [entry]})
            assert (await client.send("POST", "/fhir", bundle)).status_code == status

    @pytest.mark.parametrize(
        "text", [f"identifier={LOCAL}|", "_lastUpdated=ge2020", "identifier:missing=false", "status:not=final"]
    )
    async def test_those_that_name_nothing_are_too_wide(self, client: Client, services: Services, text: str) -> None:
        for asker in (GP, TESTER):
            services.door = Desk(asker)
            assert (await client.send("DELETE", f"/fhir/Observation?{text}")).status_code == 400
            assert (await client.post(observation("ours"), if_none_exist=text)).status_code == 400


class TestWhose:
    async def test_it_is_of_the_authors_organisation(self, client: Client, services: Services, store: SqliteStore) -> None:
        made = (await client.post(observation("ours"))).json()["id"]
        assert (await kept(store, "Observation", made)).source == "RA1"
        services.door = Desk(WARD)
        assert (await client.put(observation("ours", id=made, status="amended"))).status_code == 200
        assert (await kept(store, "Observation", made)).source == "RA1,RB2"

    async def test_the_journal_keeps_who_it_was(self, client: Client, store: SqliteStore) -> None:
        await client.post(observation("ours"))
        (entry,) = [entry async for entry in store.stream(Everything())]
        assert entry.adapter == SIGNED
        assert author_of(entry) == Author(GP.user, "gp", "RA1", "desk", "")
        (listed,) = await store.query(Messages())
        assert GP.user not in repr(listed)

    async def test_a_record_made_again_from_the_journal_is_of_the_same_organisations(
        self, client: Client, services: Services, store: SqliteStore, tmp_path: Path
    ) -> None:
        made = (await client.post(observation("ours"))).json()["id"]
        services.door = Desk(WARD)
        await client.put(observation("ours", id=made, status="amended"))
        await client.send("DELETE", f"/fhir/Observation/{made}")
        await client.put(observation("ours", id="of-ours", status="amended"))
        again = SqliteStore.open(tmp_path / "again", clock=services.clock)
        writes = Writes(again, services.clock)
        async for entry in store.stream(Everything()):
            assert isinstance(entry, Entry)
            await again.commit(await writes.replay(entry))
        one, two = await kept(store, "Observation", made), await kept(again, "Observation", made)
        assert (two.body, two.source, two.deleted) == (one.body, one.source, True)
        await again.close()

    async def test_entries_without_an_author_are_read_as_before(
        self, client: Client, services: Services, store: SqliteStore
    ) -> None:
        services.door = Desk(TESTER)
        assert (await client.put(observation("ours", id="chosen"))).status_code == 201
        (entry,) = [entry async for entry in store.stream(Everything())]
        assert (entry.adapter, entry.body[:1], author_of(entry)) == ("api", b"{", Author())
