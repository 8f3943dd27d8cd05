"""Create, update, delete (FHIR R4 http, 3.1.0.7 to 3.1.0.9) of what belongs to the API."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest

from interop.api.services import Services
from interop.apply.drafts import FEED
from interop.apply.journalled import ADAPTER
from interop.apply.writes import Writes
from interop.clock import ManualClock
from interop.errors import Problem
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Everything, Message, Read, Waiting
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Conflict, Entry, Stored
from tests.spec.api.conftest import BASE, Client
from tests.spec.api.people import appointment, contribute, patient, plan

pytestmark = pytest.mark.anyio
EXACT = (
    b'{ "resourceType" : "Observation", "id": "o1",\n "status":"final","code":{"text":"Weight"},'
    b'"valueQuantity":{"value":72.50,"extension":[{"url":"https://example.org/unknown","valueDecimal":1.0e2}]},'
    b'"component":[{"code":{"text":"a"},"valueQuantity":{"value":-0.0}},{"code":{"text":"b"},"valueQuantity":{"value":100000000000000000000.10}}]}'
)


async def entries(store: SqliteStore) -> list[Entry]:
    return [entry async for entry in store.stream(Everything())]


async def stored(store: SqliteStore, type: str, id: str) -> Stored:
    found: list[Stored] = await store.query(Read(PERMIT_ALL, type, id))
    return found[0]


async def test_create_gives_an_id_and_says_where_it_is(client: Client) -> None:
    answer = await client.post(patient("mine"))
    assert answer.status_code == 201
    assert answer.headers["location"] == f"{BASE}/fhir/Patient/new-1/_history/1"
    assert answer.headers["etag"] == 'W/"1"'
    assert answer.json()["id"] == "new-1"
    assert (await client.get("/fhir/Patient/new-1")).content == answer.content


async def test_the_server_says_version_and_time(client: Client) -> None:
    profile = ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Patient"]
    meta = {"versionId": "99", "lastUpdated": "1999-01-01T00:00:00Z", "profile": profile}
    answer = await client.put(patient("mine", meta=meta))
    source = "urn:interop:feed:api#1"
    assert answer.json()["meta"] == {
        "profile": profile,
        "versionId": "1",
        "lastUpdated": "2026-01-01T00:00:00.000Z",
        "source": source,
    }


async def test_a_source_that_the_client_names_is_kept(client: Client) -> None:
    answer = await client.put(patient("mine", meta={"source": "urn:example:here"}))
    assert answer.json()["meta"]["source"] == "urn:example:here"
    assert answer.text.count('"source"') == 1
    changed = (await client.put(patient("other"))).json()
    again = await client.put(changed | {"active": True})
    assert (again.json()["meta"]["source"], again.text.count('"source"')) == ("urn:interop:feed:api#3", 1)


@pytest.mark.parametrize(
    ("wanted", "type"),
    [("minimal", None), ("representation", "Patient"), ("OperationOutcome", "OperationOutcome"), ("other", "Patient")],
)
async def test_prefer_says_what_comes_back(client: Client, wanted: str, type: str | None) -> None:
    answer = await client.post(patient("x"), prefer=f"return={wanted}")
    assert answer.status_code == 201
    assert (answer.json()["resourceType"] if answer.content else None) == type


async def test_numbers_and_unknown_extensions_come_back_as_they_went_in(client: Client) -> None:
    answer = await client.send("PUT", "/fhir/Observation/o1", EXACT)
    assert answer.status_code == 201, answer.text
    served = (await client.get("/fhir/Observation/o1")).content
    for part in (b":72.50", b":1.0e2", b":-0.0}}", b":100000000000000000000.10", b'"url":"https://example.org/unknown"'):
        assert part in served


async def test_an_update_makes_the_next_version(client: Client) -> None:
    first = await client.put(patient("mine"))
    second = await client.put(patient("mine", family="Brook"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert (second.headers["etag"], second.json()["meta"]["versionId"]) == ('W/"2"', "2")
    assert second.headers["location"] == f"{BASE}/fhir/Patient/mine/_history/2"
    assert (await client.get("/fhir/Patient/mine/_history/1")).content == first.content


async def test_what_changes_nothing_writes_nothing(client: Client, store: SqliteStore) -> None:
    first = await client.put(patient("mine"))
    puts = store.counters.puts
    again = await client.put(patient("mine"))
    assert (again.status_code, again.content, again.headers["last-modified"]) == (
        200,
        first.content,
        first.headers["last-modified"],
    )
    assert store.counters.puts == puts
    assert len(await entries(store)) == 1


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("if-match", 'W/"1"', 200),
        ("if-match", '"1"', 200),
        ("if-match", 'W/"2"', 412),
        ("if-match", 'W/"7", W/"1"', 200),
        ("if-match", 'W/"7", W/"8"', 412),
        ("if-match", 'W/"7", 1', 400),
        ("if-match", "*", 200),
        ("if-match", "1", 400),
        ("if-none-match", "*", 412),
    ],
)
async def test_preconditions_of_an_update(client: Client, header: str, value: str, status: int) -> None:
    await client.put(patient("mine"))
    assert (await client.put(patient("mine", family="Brook"), **{header: value})).status_code == status
    version = 2 if status == 200 else 1
    assert (await client.get("/fhir/Patient/mine")).headers["etag"] == f'W/"{version}"'


async def test_of_two_updates_on_one_version_one_is_stale(client: Client) -> None:
    await client.put(patient("mine"))
    updates = [client.put(patient("mine", family=name), if_match='W/"1"') for name in ("Brook", "Cove")]
    answers = await asyncio.gather(*updates)
    assert sorted(answer.status_code for answer in answers) == [200, 412]


@pytest.mark.parametrize("match", ['W/"1"', "*"])
async def test_a_version_that_was_never_there_is_stale(client: Client, match: str) -> None:
    assert (await client.put(patient("mine"), if_match=match)).status_code == 412
    assert (await client.get("/fhir/Patient/mine")).status_code == 404


async def test_what_a_feed_contributes_cannot_be_written(client: Client, store: SqliteStore) -> None:
    await contribute(store, patient("theirs"))
    for answer in (await client.put(patient("theirs", family="Brook")), await client.send("DELETE", "/fhir/Patient/theirs")):
        assert answer.status_code == 403
        assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == "feed-owned"
    assert (await client.get("/fhir/Patient/theirs")).headers["etag"] == 'W/"1"'
    assert not await entries(store)


@pytest.mark.parametrize(
    ("change", "expression"),
    [
        ({"gender": "unknwon"}, "Patient.gender"),
        ({"birthDate": "31/12/1950"}, "Patient.birthDate"),
        ({"surname": "Brook"}, "Patient.surname"),
        ({"name": {"family": "Brook"}}, "Patient.name"),
    ],
)
async def test_what_breaks_r4_is_422_and_says_where(
    client: Client, store: SqliteStore, change: dict[str, Any], expression: str
) -> None:
    answer = await client.put(patient("mine") | change)
    assert answer.status_code == 422
    issue = answer.json()["issue"][0]
    assert issue["expression"] == [expression]
    assert issue["severity"] == "error"
    assert not await entries(store)


XHTML = "http://www.w3.org/1999/xhtml"


@pytest.mark.parametrize(
    "resource",
    [
        patient("mine") | {"generalPractitioner": [{"reference": "Location/here"}]},
        patient("mine") | {"text": {"status": "empty", "div": f"<div xmlns='{XHTML}'> </div>"}},
        patient("mine") | {"contact": [{"gender": "female"}]},
        patient("mine") | {"identifier": [{"system": "urn:uuid:68D043B5-9ECF-4559-A57A-396E0D452311", "value": "1"}]},
        {
            "resourceType": "Bundle",
            "id": "mine",
            "type": "collection",
            "entry": [{"fullUrl": "http://x.example/Patient/a", "resource": patient("b")}] * 2,
        },
    ],
    ids=[
        "where a reference may lead",
        "an empty narrative",
        "an empty contact",
        "a UUID in capitals",
        "two entries with one name that is not theirs",
    ],
)
async def test_what_the_examples_of_r4_break_is_kept_and_told_by_validate(client: Client, resource: dict[str, Any]) -> None:
    assert (await client.put(resource)).status_code == 201
    told = await client.get(f"/fhir/{resource['resourceType']}/mine/$validate")
    assert "error" in {each["severity"] for each in told.json()["issue"]}


async def test_a_relative_system_is_kept_and_found(client: Client) -> None:
    """R4's prose alone wants it absolute; ``$validate`` tells that."""
    assert (await client.put(patient("mine", identifier=[{"system": "ours", "value": "1"}]))).status_code == 201
    assert await client.ids("/fhir/Patient?identifier=ours|1") == ["Patient/mine"]


async def test_an_extension_may_say_why_there_is_no_code(client: Client) -> None:
    absent = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}
    assert (await client.put(patient("mine", _gender=absent))).status_code == 201
    assert (await client.get("/fhir/Patient/mine")).json()["_gender"] == absent


async def test_a_refusal_never_repeats_what_was_sent(client: Client) -> None:
    answer = await client.put(patient("mine", family="Unmistakable", birthDate="Unmistakable"))
    assert answer.status_code == 422
    assert "Unmistakable" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"[]", 400),
        (b'{"resourceType":"Patient"}', 400),
        (b'{"resourceType":"Patient","id":"other"}', 400),
        (b'{"resourceType":"Group","id":"mine","type":"person","actual":true}', 400),
        (b'{"resourceType":"Patient","id":"mine","active":true,"active":false}', 400),
        (b'{"resourceType":"Patient","id":"mine","name":[{"text":"\xff"}]}', 400),
        (b"", 400),
    ],
)
async def test_a_body_that_is_not_the_resource_is_400(client: Client, body: bytes, status: int) -> None:
    answer = await client.send("PUT", "/fhir/Patient/mine", body, content_type="application/fhir+json")
    assert (answer.status_code, answer.json()["resourceType"]) == (status, "OperationOutcome")


@pytest.mark.parametrize("id", ["bad_id", "a" * 65, "a b"])
async def test_an_id_that_is_none_is_400(client: Client, id: str) -> None:
    answer = await client.put({"resourceType": "Patient", "id": id})
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (400, ["Patient.id"])
    entry = {"request": {"method": "PUT", "url": f"Patient/{id}"}, "resource": {"resourceType": "Patient", "id": id}}
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": [entry]}
    answer = await client.send("POST", "/fhir", orjson.dumps(bundle))
    assert (answer.status_code, answer.json()["issue"][0]["expression"]) == (400, ["Bundle.entry[0].resource.id"])


@pytest.mark.parametrize(
    "content_type",
    [
        "application/pdf",
        "text/plain",
        "",
        "application/fhir+json; charset=iso-8859-1",
        "application/fhir+json; fhirVersion=3.0",
    ],
)
async def test_a_body_of_another_content_type_is_415(client: Client, content_type: str) -> None:
    body = orjson.dumps(patient("mine"))
    answer = await client.send("PUT", "/fhir/Patient/mine", body, content_type=content_type)
    assert answer.status_code == 415


async def test_a_body_over_the_limit_is_413(client: Client, services: Services) -> None:
    services.resource_limit = 200
    answer = await client.put(patient("mine", family="B" * 200))
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (413, "too-long")


async def test_a_reference_to_what_is_not_here_is_taken(client: Client) -> None:
    assert (await client.put(plan("c1", "nobody"))).status_code == 201


async def test_a_logical_reference_is_taken(client: Client) -> None:
    subject = {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}}
    answer = await client.put({**plan("c1", "nobody"), "subject": subject})
    assert answer.status_code == 201
    assert answer.json()["subject"] == subject


async def test_delete_is_done_once(client: Client, store: SqliteStore) -> None:
    await client.put(patient("mine"))
    first = await client.send("DELETE", "/fhir/Patient/mine")
    again = await client.send("DELETE", "/fhir/Patient/mine")
    assert (first.status_code, first.content, first.headers["etag"]) == (204, b"", 'W/"2"')
    assert (again.status_code, again.headers["etag"]) == (204, 'W/"2"')
    never = await client.send("DELETE", "/fhir/Patient/nobody")
    assert (never.status_code, never.headers.get("etag")) == (204, None)
    assert len(await entries(store)) == 2


async def test_an_update_brings_back_what_was_deleted(client: Client) -> None:
    await client.put(patient("mine"))
    await client.send("DELETE", "/fhir/Patient/mine")
    answer = await client.put(patient("mine"))
    assert (answer.status_code, answer.headers["etag"]) == (201, 'W/"3"')
    assert (await client.get("/fhir/Patient/mine")).status_code == 200


async def test_a_write_is_journalled_as_the_clients_bytes(client: Client, store: SqliteStore) -> None:
    await client.send("PUT", "/fhir/Observation/o1", EXACT)
    (entry,) = await entries(store)
    assert (entry.feed, entry.adapter, entry.type, entry.body) == (FEED, ADAPTER, "PUT Observation/o1", EXACT)
    (shown,) = await store.query(Message(entry.message))
    assert shown.state == "applied"
    assert (await stored(store, "Observation", "o1")).message == entry.message


async def test_the_journal_is_on_disk_before_the_record_changes(client: Client, store: SqliteStore) -> None:
    order: list[str] = []
    commit = store.commit

    async def noting(change: Change) -> Committed | Conflict:
        result = await commit(change)
        order.append("journal" if change.entries else "record" if change.puts else "acks")
        return result

    store.commit = noting  # type: ignore[method-assign]
    await client.put(patient("mine"))
    assert order[:2] == ["journal", "record"]


async def test_the_journal_makes_the_same_versions_again(
    client: Client, store: SqliteStore, clock: ManualClock, tmp_path: Any
) -> None:
    created = (await client.post(plan("x", "p1"))).json()["id"]
    for change in (patient("mine"), patient("mine", family="Brook")):
        clock.advance(60)
        await client.put(change)
    await client.send("DELETE", "/fhir/Patient/mine")
    clock.advance(60)
    await client.put(patient("mine", family="Cove"))
    clock.advance(3600)
    other = SqliteStore.open(tmp_path / "again", clock=clock)
    try:
        writes = Writes(other, clock)
        for entry in await entries(store):
            assert isinstance(await other.commit(await writes.replay(entry)), Committed)
        for type_, id_ in (("CarePlan", created), ("Patient", "mine")):
            assert await stored(other, type_, id_) == await stored(store, type_, id_)
        assert (await stored(other, "Patient", "mine")).version == 4
    finally:
        await other.close()


async def test_a_write_that_was_cut_off_after_the_journal_is_finished(
    client: Client, services: Services, store: SqliteStore
) -> None:
    body = orjson.dumps(patient("mine"))
    committed = await store.commit(Change(entries=[Entry(0, FEED, ADAPTER, services.clock.now(), "", "PUT Patient/mine", body)]))
    assert isinstance(committed, Committed)
    (waiting,) = await store.query(Waiting(0))
    await services.writes.finish(waiting)
    assert (await client.get("/fhir/Patient/mine")).headers["etag"] == 'W/"1"'
    assert await store.query(Waiting(0)) == []


async def test_while_the_record_cannot_be_written_nothing_overtakes(
    client: Client, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("interop.apply.settling.AGAIN", 0.001)
    commit, failures = store.commit, iter(range(3))

    async def failing(change: Change) -> Committed | Conflict:
        if change.puts and next(failures, None) is not None:
            raise Problem("journal-unavailable")
        return await commit(change)

    store.commit = failing  # type: ignore[method-assign]
    answers = await asyncio.gather(*(client.put(patient("mine", family=name)) for name in ("Brook", "Cove")))
    assert [(answer.status_code, answer.headers["etag"]) for answer in answers] == [(201, 'W/"1"'), (200, 'W/"2"')]
    assert [entry.message for entry in await entries(store)] == [1, 2]
    assert await store.query(Waiting(0)) == []


async def test_a_write_whose_commit_was_not_answered_is_told_as_what_it_was(
    client: Client, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on disk, and found there when it is tried again."""
    monkeypatch.setattr("interop.apply.settling.AGAIN", 0.001)
    commit = store.commit
    lost = False

    async def unanswered(change: Change) -> Committed | Conflict:
        nonlocal lost
        done = await commit(change)
        lost = bool(change.puts) and not lost
        if lost:
            raise Problem("journal-unavailable")
        return done

    monkeypatch.setattr(store, "commit", unanswered)
    answers = [await client.put(patient("mine", gender=gender)) for gender in ("female", "male", "male")]
    assert [(each.status_code, each.headers["etag"]) for each in answers] == [(201, 'W/"1"'), (200, 'W/"2"'), (200, 'W/"2"')]
    answer = await client.http.delete("/fhir/Patient/mine")
    assert (answer.status_code, answer.headers["etag"]) == (204, 'W/"3"')


async def test_what_a_feed_took_meanwhile_stays_the_feeds(services: Services, store: SqliteStore) -> None:
    body = orjson.dumps(patient("mine"))
    committed = await store.commit(Change(entries=[Entry(0, FEED, ADAPTER, services.clock.now(), "", "PUT Patient/mine", body)]))
    assert isinstance(committed, Committed)
    await contribute(store, patient("mine", family="Brook"))
    await services.writes.finish(committed.entries[0])
    (entry,) = await store.query(Message(committed.entries[0].message))
    assert (entry.state, entry.reason) == ("refused", "feed-owned")
    assert (await stored(store, "Patient", "mine")).version == 1


async def test_what_was_written_is_found_at_once(client: Client) -> None:
    await client.put(patient("mine"))
    await client.put(appointment("a1", "mine", "2026-02-01T10:00:00Z"))
    assert await client.ids("/fhir/Appointment?patient=mine&date=2026-02-01") == ["Appointment/a1"]
    await client.put(appointment("a1", "other", "2026-02-01T10:00:00Z"))
    assert await client.ids("/fhir/Appointment?patient=mine") == []
