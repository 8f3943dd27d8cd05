"""``/bars/$process-message``: messages of the Booking and Referral Standard, answered once they are on disk (BaRS Core).

What cannot be taken is an OperationOutcome with the standard's error code.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from lxml import etree

from adapters.bars.outcomes import DUPLICATE, INVARIANT, NOT_IMPLEMENTED, outcome
from interop.api.services import Services
from interop.app.engine import Engine
from interop.clock import ManualClock
from interop.errors import Problem
from interop.fhir.validation import check
from interop.fhir.xml import from_xml
from interop.formats.json import load_json, write_json
from interop.ports import Feed
from interop.store.plan import Everything
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Entry
from tests.spec.api.conftest import Client
from tests.spec.api.protocols import serving
from tests.spec.engine.running import client as client_of
from tests.spec.engine.running import found, journal, running
from tests.spec.families.maps import example

pytestmark = pytest.mark.anyio
MESSAGE = "/bars/$process-message"
UPDATE, FIRST = example("bars", "update.json"), example("bars", "first.xml")
IDS = {"x-request-id": "c1ab3fba-6bae-4ba4-b257-5a87c44d4a91", "x-correlation-id": "9562466f-c982-4bd5-bb0e-255e9f5e6689"}
TARGET = base64.b64encode(b'{"value":"2000099901","system":"https://fhir.nhs.uk/Id/dos-service-id"}').decode()
MET = [
    "unreadable",
    "character-set",
    "missing-field",
    "bad-value",
    "placeholder",
    "unknown-trigger",
    "unknown-version",
    "unknown-format",
    "several-messages",
    "document-type",
    "too-deep",
    "truncated",
    "wrong-content",
    "not-found",
    "not-acceptable",
    "bad-parameter",
    "too-costly",
    "busy",
    "stopping",
    "journal-unavailable",
    "mapping-fault",
    "mapper-died",
    "fault",
]
"""Reasons for which a message or a request can be refused here."""
JSON, XML = "application/fhir+json", "application/fhir+xml"


@pytest.fixture
async def services(store: SqliteStore, clock: ManualClock) -> AsyncIterator[Services]:
    async with serving(store, clock, Feed("referrals", "bars"), 2) as made:
        yield made


async def post(
    client: Client, body: bytes = UPDATE, media: str = JSON, *, accept: str | None = None, headers: dict[str, str] | None = None
) -> httpx.Response:
    """Post a message; a header that is empty is left out."""
    said = {**IDS, "nhsd-target-identifier": TARGET, "content-type": media, "accept": accept or "", **(headers or {})}
    said = {name: value for name, value in said.items() if value or name == "accept"}
    return await client.http.request("POST", MESSAGE, content=body, headers=said)


async def entries(store: SqliteStore) -> list[Entry]:
    return [found async for found in store.stream(Everything())]


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, error code and issue of an OperationOutcome of R4."""
    outcome: dict[str, Any] = answer.json()
    assert [issue for issue in check(load_json(answer.content)) if issue.severity == "error"] == []
    (issue,) = outcome["issue"]
    (coding,) = issue["details"]["coding"]
    assert coding["system"] == "https://fhir.nhs.uk/Codesystem/http-error-codes"
    return answer.status_code, coding["code"], issue["code"]


async def test_a_message_is_answered_with_a_message_that_says_ok(client: Client, store: SqliteStore) -> None:
    answer = await post(client)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{JSON};charset=utf-8")
    assert {name: answer.headers[name] for name in IDS} == IDS
    bundle = answer.json()
    assert [issue for issue in check(load_json(answer.content)) if issue.severity == "error"] == []
    header = bundle["entry"][0]["resource"]
    assert header["response"] == {"identifier": "3d7b0c11-52ae-4f0c-9a77-6c1f0e2d3b4a", "code": "ok"}
    assert header["eventCoding"]["code"] == "servicerequest-request"
    assert header["destination"] == [{"endpoint": "https://fhir.nhs.uk/Id/dos-service-id|2000099902"}]
    assert header["source"] == {"endpoint": "https://fhir.nhs.uk/Id/dos-service-id|2000099901"}
    (entry,) = await entries(store)
    assert (entry.feed, entry.adapter, entry.type, entry.state, entry.body) == (
        "referrals",
        "bars",
        "servicerequest-request",
        "received",
        UPDATE,
    )


async def test_no_answer_before_the_journal_is_on_disk(client: Client, store: SqliteStore) -> None:
    going, gone = asyncio.Event(), asyncio.Event()
    commit = store.commit

    async def slow(change: Change) -> Any:
        if change.entries:
            going.set()
            await gone.wait()
        return await commit(change)

    store.commit = slow  # type: ignore[method-assign]
    asked = asyncio.create_task(post(client))
    await going.wait()
    assert not asked.done()
    gone.set()
    assert (await asked).status_code == 200


@pytest.mark.parametrize(
    ("body", "media", "accept", "given"),
    [
        (FIRST, XML, None, XML),
        (FIRST, "application/xml", "*/*", XML),
        (FIRST, XML, JSON, JSON),
        (UPDATE, JSON, "application/fhir+xml;version=1.0.0", XML),
        (UPDATE, f"{JSON};version=1.1.0", "text/html, application/json;q=0.9", JSON),
    ],
)
async def test_both_notations_are_taken_and_given(client: Client, body: bytes, media: str, accept: str | None, given: str) -> None:
    answer = await post(client, body, media, accept=accept)
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{given};charset=utf-8")
    bundle = answer.json() if given == JSON else from_xml(answer.content)
    assert bundle["entry"][0]["resource"]["response"]["code"] == "ok"
    assert [issue for issue in check(load_json(orjson.dumps(bundle))) if issue.severity == "error"] == []


async def test_the_same_message_again_is_a_duplicate_and_kept_once(client: Client, store: SqliteStore) -> None:
    """Code and issue that the standard keeps for this alone; the notation makes no other message of it."""
    await post(client)
    answer = await post(client)
    assert refused(answer) == (409, "REC_CONFLICT", "duplicate")
    assert {name: answer.headers[name] for name in IDS} == IDS
    assert len(await entries(store)) == 1


async def test_a_retry_of_what_was_not_taken_is_taken(client: Client, store: SqliteStore) -> None:
    """A retry has the same ids and the same body, whatever went wrong (BaRS Core, Transactional Integrity)."""
    assert (await post(client, headers={"nhsd-target-identifier": "%%"})).status_code == 400
    assert (await post(client)).status_code == 200
    assert [entry.state for entry in await entries(store)] == ["refused", "received"]


async def test_an_update_under_the_same_bundle_id_is_another_message(client: Client, store: SqliteStore) -> None:
    assert (await post(client, FIRST, XML)).status_code == 200
    assert (await post(client)).status_code == 200
    assert len(await entries(store)) == 2


@pytest.mark.parametrize("name", ["x-request-id", "x-correlation-id"])
async def test_a_request_without_its_ids_is_refused(client: Client, store: SqliteStore, name: str) -> None:
    assert refused(await post(client, headers={name: ""})) == (400, "REC_BAD_REQUEST", "required")
    answer = await post(client, headers={name: "not-a-guid"})
    assert refused(answer) == (400, "REC_BAD_REQUEST", "invalid")
    assert name not in answer.headers
    assert {entry.state for entry in await entries(store)} == {"refused"}


async def test_the_target_is_read_where_it_is_there(client: Client) -> None:
    assert (await post(client, headers={"nhsd-target-identifier": ""})).status_code == 200
    for target in ("%%", base64.b64encode(b"[]").decode(), base64.b64encode(b'{"value":"1"}').decode()):
        assert refused(await post(client, headers={"nhsd-target-identifier": target})) == (400, "REC_BAD_REQUEST", "invalid")


@pytest.mark.parametrize(
    ("body", "media", "told"),
    [
        (b"", JSON, (400, "REC_BAD_REQUEST", "invalid")),
        (b'{"resourceType"', JSON, (400, "REC_BAD_REQUEST", "invalid")),
        (b"<Bundle", XML, (400, "REC_BAD_REQUEST", "invalid")),
        (b"<!DOCTYPE a [<!ENTITY e 'x'>]><Bundle>&e;</Bundle>", XML, (403, "REC_FORBIDDEN", "security")),
        (b"<Bundle xmlns='urn:x'/>", XML, (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")),
        (b'{"resourceType": "Patient"}', JSON, (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")),
        (b'{"resourceType": "Bundle", "type": "searchset"}', JSON, (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")),
        (b'{"resourceType": "Bundle", "type": "message"}', JSON, (400, "REC_BAD_REQUEST", "required")),
        (b'{"resourceType": "Bundle", "type": "message", "id": "1"}', JSON, (400, "REC_BAD_REQUEST", "required")),
        (UPDATE.replace(b'"servicerequest-request"', b'"other"'), JSON, (422, "REC_UNPROCESSABLE_ENTITY", "not-supported")),
        (UPDATE.replace(b'"servicerequest-request"', b'""'), JSON, (400, "REC_BAD_REQUEST", "required")),
        (UPDATE.replace(b'"code": "update"', b'"code": "renew"'), JSON, (400, "REC_BAD_REQUEST", "invariant")),
        (b'{"a":' * 300 + b"1" + b"}" * 300, JSON, (422, "REC_UNPROCESSABLE_ENTITY", "too-costly")),
    ],
)
async def test_what_cannot_be_taken_is_told_and_kept(
    client: Client, store: SqliteStore, body: bytes, media: str, told: tuple[int, str, str]
) -> None:
    answer = await post(client, body, media, accept=JSON)
    assert refused(answer) == told
    assert {name: answer.headers[name] for name in IDS} == IDS
    (entry,) = await entries(store)
    assert (entry.state, entry.body) == ("refused", body)


async def test_an_outcome_can_be_xml_and_says_nothing_of_the_patient(client: Client) -> None:
    answer = await post(client, UPDATE.replace(b'"servicerequest-request"', b'""'), accept=XML)
    assert answer.headers["content-type"] == f"{XML};charset=utf-8"
    assert etree.fromstring(answer.content).tag == "{http://hl7.org/fhir}OperationOutcome"
    assert b"Ashworth" not in answer.content
    assert b"9993000019" not in answer.content


async def test_of_a_body_over_the_limit_what_was_read_is_kept(client: Client, services: Services, store: SqliteStore) -> None:
    services.message_limit = 100
    assert refused(await post(client)) == (413, "REC_BAD_REQUEST", "too-long")
    (entry,) = await entries(store)
    assert (entry.state, entry.body) == ("refused", UPDATE[:100])


async def test_other_methods_addresses_and_content_are_told(client: Client) -> None:
    wrong = await client.http.request("PUT", MESSAGE, content=UPDATE, headers={**IDS, "content-type": JSON})
    assert refused(wrong) == (405, "REC_UNPROCESSABLE_ENTITY", "not-supported")
    assert wrong.headers["allow"] == "POST"
    assert refused(await client.get(MESSAGE))[0] == 405
    assert refused(await client.get("/bars/other"))[:2] == (404, "REC_NOT_FOUND")
    assert refused(await post(client, media="text/plain"))[0] == 415
    assert refused(await post(client, accept="text/html")) == (406, "REC_NOT_ACCEPTABLE", "processing")


@pytest.mark.parametrize("path", ["ServiceRequest", "ServiceRequest/1", "Appointment?patient=1", "Slot", "DocumentReference"])
async def test_what_is_not_implemented_is_told(client: Client, path: str) -> None:
    assert refused(await client.get(f"/bars/{path}")) == (501, "REC_NOT_IMPLEMENTED", "not-supported")


async def test_message_definitions_tell_what_is_taken(client: Client) -> None:
    found = (await client.get("/bars/MessageDefinition")).json()
    assert found["total"] == len(found["entry"]) == 9
    for entry in found["entry"]:
        assert [issue for issue in check(entry["resource"]) if issue.severity == "error"] == []
        one = await client.get(f"/bars/MessageDefinition/{entry['resource']['id']}")
        assert one.json() == entry["resource"]
    assert refused(await client.get("/bars/MessageDefinition/other")) == (404, "REC_NOT_FOUND", "not-found")
    said = (await client.get("/bars/metadata")).json()["messaging"][0]["supportedMessage"]
    assert [each["definition"] for each in said] == [entry["resource"]["url"] for entry in found["entry"]]


def test_every_error_that_can_be_met_is_one_of_the_standards(shared: Callable[[str], Path]) -> None:
    """Pairs of code and issue; those of HTTP aside."""
    known = set()
    for path in shared("samples/ereferral/bars-api/OperationOutcome/REC").glob("*.json"):
        (issue,) = orjson.loads(path.read_bytes())["issue"]
        known.add((issue["details"]["coding"][0]["code"], issue["code"].replace(" ", "-")))
    met = {outcome(Problem(name))[1:] for name in MET} | {DUPLICATE[1:], NOT_IMPLEMENTED[1:], INVARIANT[1:]}
    assert met <= known
    assert known - met == {("REC_UNAUTHORIZED", "forbidden"), ("REC_FORBIDDEN", "forbidden")}, "until there is sign-on"


async def test_a_full_engine_asks_to_come_again(client: Client) -> None:
    await post(client, FIRST, XML)
    await post(client)
    answer = await post(client, example("bars", "booking.json"))
    assert refused(answer) == (503, "REC_SERVICE_UNAVAILABLE", "transient")
    assert answer.headers["retry-after"]


async def test_what_nobody_foresaw_is_a_server_error(client: Client, services: Services) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("Ashworth")

    services.intake.receive = broken  # type: ignore[assignment, method-assign]
    answer = await post(client)
    assert refused(answer) == (500, "REC_SERVER_ERROR", "exception")
    assert "Ashworth" not in answer.text


async def test_the_answer_is_noted_in_the_journal(client: Client, services: Services, store: SqliteStore) -> None:
    await post(client)
    await services.intake.drain()  # type: ignore[attr-defined]
    assert [entry.ack for entry in await entries(store)] == ["sent"]


@pytest.mark.parametrize("media", [JSON, XML])
async def test_metadata_is_a_capability_statement(client: Client, media: str) -> None:
    answer = await client.get("/bars/metadata", accept=media)
    statement = answer.json() if media == JSON else from_xml(answer.content)
    assert (answer.status_code, statement["rest"][0]["operation"][0]["name"]) == (200, "process-message")
    assert [issue for issue in check(load_json(orjson.dumps(statement))) if issue.severity == "error"] == []


async def taken(engine: Engine, http: httpx.AsyncClient, *bodies: bytes) -> None:
    """Post messages, and wait until the last of them is in the record."""
    for body in bodies:
        media = XML if body.lstrip()[:1] == b"<" else JSON
        answer = await http.post(MESSAGE, content=body, headers={**IDS, "content-type": media})
        assert answer.status_code == 200, answer.text
    async with asyncio.timeout(60):
        while any(entry.state != "applied" for entry in await journal(engine)):
            await asyncio.sleep(0.01)


def later(body: bytes, minutes: int, **changed: Any) -> bytes:
    """The message as it is sent again so many minutes after nine, with another Bundle id and members of its Appointment, None for
    none."""
    bundle = orjson.loads(body)
    bundle["id"] = f"c2f0b1a4-7e63-4d15-b0a9-58d4e3f2a2{minutes:02}"
    header, *rest = [entry["resource"] for entry in bundle["entry"]]
    bundle["meta"]["lastUpdated"] = header["meta"]["lastUpdated"] = f"2026-03-14T09:{minutes}:00+00:00"
    (appointment,) = [one for one in rest if one["resourceType"] == "Appointment"]
    for name, value in changed.items():
        appointment[name] = value
        if value is None:
            del appointment[name]
    return orjson.dumps(bundle)


BOOKED, CANCELLED = example("bars", "booking.json"), example("bars", "booking-cancelled.json")


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
async def test_a_booking_is_changed_cancelled_and_booked_again(tmp_path: Path, order: tuple[int, ...]) -> None:
    """One Appointment throughout: a change drops what it does not say, a cancellation, which is stripped back, does not."""
    steps = (
        later(BOOKED, 10, comment="Ring first."),
        later(BOOKED, 11, comment=None, start="2026-03-14T12:00:00Z", end="2026-03-14T12:15:00Z"),
        later(CANCELLED, 12, start="2026-03-14T12:00:00Z", end="2026-03-14T12:15:00Z"),
        later(BOOKED, 13, start="2026-03-14T14:30:00Z", end="2026-03-14T14:45:00Z"),
    )
    seen: list[tuple[str, str, bool, bool, bool]] = []
    async with running(tmp_path / "data") as engine, client_of(engine) as http:
        for place in order:
            await taken(engine, http, steps[place])
            (one,) = await found(http, "Appointment")
            seen.append((one["status"], one["start"][11:16], "comment" in one, "slot" in one, "cancelationReason" in one))
    assert seen[-1] == ("booked", "14:30", False, True, False)
    if order == (0, 1, 2, 3):
        assert seen[:3] == [
            ("booked", "11:30", True, True, False),
            ("booked", "12:00", False, True, False),
            ("cancelled", "12:00", False, True, True),
        ]


@pytest.mark.parametrize("backwards", [False, True])
async def test_what_an_update_drops_of_a_warning_is_gone(tmp_path: Path, backwards: bool) -> None:
    """A scene that was safe until ten and is not known to become safe any more; the first message may come late."""
    bundle = orjson.loads(write_json(from_xml(FIRST)))
    (warning,) = [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Flag"]
    warning["period"] = {"start": "2026-03-14T09:02:00+00:00", "end": "2026-03-14T10:00:00+00:00"}
    warning["author"] = {"display": "Call taker 3"}
    messages = [orjson.dumps(bundle), UPDATE]
    async with running(tmp_path / "data") as engine, client_of(engine) as http:
        await taken(engine, http, *(reversed(messages) if backwards else messages))
        (one,) = [one for one in await found(http, "Flag") if one["category"][0]["coding"][0]["code"] == "SS"]
        assert (one["code"]["coding"][0]["code"], "end" in one["period"], "author" in one) == ("U", False, False)
        (request,) = await found(http, "ServiceRequest")
        await taken(engine, http, example("bars", "referral-cancelled.xml"))
        (revoked,) = await found(http, "ServiceRequest")
        assert revoked == {**request, "status": "revoked", "meta": revoked["meta"]}


async def test_a_case_that_was_numbered_from_the_first_leaves_no_other_patient(tmp_path: Path) -> None:
    """Whom an update numbers may have been known without a number: somebody is merged only once somebody was."""
    async with running(tmp_path / "data") as engine, client_of(engine) as http:
        await taken(engine, http, UPDATE)
        (patient,) = await found(http, "Patient")
        assert patient["identifier"][0]["value"] == "9993000019"
        await taken(engine, http, FIRST)
        former = [one for one in await found(http, "Patient") if one["id"] != patient["id"]]
        assert [one["link"][0]["other"]["reference"] for one in former] == [f"Patient/{patient['id']}"]
        assert former[0]["contact"]


async def test_an_update_that_comes_before_what_it_updates_still_counts(tmp_path: Path) -> None:
    """By the times in the messages: the first call, sent late, takes nothing back."""
    async with running(tmp_path / "data") as engine, client_of(engine) as http:
        await taken(engine, http, UPDATE, FIRST)
        assert len(await found(http, "MessageHeader")) == 2
        (encounter,) = [entry["resource"] for entry in (await http.get("/fhir/Encounter?identifier=AMB-77120")).json()["entry"]]
        assert encounter["status"] == "triaged"
        assert len((await http.get("/fhir/ServiceRequest")).json()["entry"]) == 1
        (flag,) = [
            entry["resource"]
            for entry in (await http.get("/fhir/Flag")).json()["entry"]
            if entry["resource"]["category"][0]["coding"][0]["code"] == "SS"
        ]
        assert flag["code"]["coding"][0]["code"] == "U"
