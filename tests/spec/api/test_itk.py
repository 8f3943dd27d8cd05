"""``/itk``: reports over SOAP 1.1 and 1.2, answered once they are on disk; what cannot be taken is a fault (ITK 2.2)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree

from adapters.nhs111.acknowledgements import business, infrastructure
from adapters.nhs111.returns import address, send
from adapters.nhs111.soap import Asked
from interop.api.app import create_app
from interop.api.services import Services
from interop.clock import ManualClock
from interop.errors import Problem
from interop.ports import Feed
from interop.store.plan import Everything
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Entry
from tests.spec.api.conftest import BASE, Client
from tests.spec.api.protocols import serving
from tests.spec.api.reports import SERVICE, SOAP11, SOAP12, packed, posted, report
from tests.spec.engine.running import client as client_of
from tests.spec.engine.running import journal, running

pytestmark = pytest.mark.anyio
ITK = "{urn:nhs-itk:ns:201005}"
WSA = "{http://www.w3.org/2005/08/addressing}"
SECURITY = """<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
  xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" s:mustUnderstand="1">
  <u:Timestamp><u:Created>2001-01-01T00:00:00Z</u:Created><u:Expires>no time</u:Expires></u:Timestamp></w:Security>"""


@pytest.fixture
async def services(store: SqliteStore, clock: ManualClock) -> AsyncIterator[Services]:
    async with serving(store, clock, Feed("triage", "nhs111"), 4) as made:
        yield made


@pytest.fixture
async def client(services: Services) -> AsyncIterator[Client]:
    transport = httpx.ASGITransport(app=create_app(services), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield Client(http)


async def entries(store: SqliteStore) -> list[Entry]:
    return [entry async for entry in store.stream(Everything())]


async def post(client: Client, body: bytes, content_type: str = "text/xml; charset=utf-8") -> httpx.Response:
    return await client.send("POST", "/itk", body, content_type=content_type)


def said(answer: httpx.Response) -> str:
    """The text of the positive answer."""
    assert answer.status_code == 200, answer.text
    (response,) = etree.fromstring(answer.content).iter(f"{ITK}SimpleMessageResponse")
    return str(response.text)


def refused(answer: httpx.Response) -> tuple[str, str, str]:
    """Fault code, ITK error code and the reason of a SOAP 1.1 fault."""
    root = etree.fromstring(answer.content)
    fault = root.find(f"{{{SOAP11}}}Body/{{{SOAP11}}}Fault")
    assert fault is not None
    info = fault.find(f"detail/{ITK}ToolkitErrorInfo")
    assert info is not None
    code = info.find(f"{ITK}ErrorCode")
    assert code is not None
    assert code.get("codeSystem") == "2.16.840.1.113883.2.1.3.2.4.17.268"
    assert [str(child.tag).partition("}")[2] for child in info] == ["ErrorID", "ErrorCode", "ErrorText", "ErrorDiagnosticText"]
    assert root.findtext(f"{{{SOAP11}}}Header/{WSA}Action") == "http://www.w3.org/2005/08/addressing/soap/fault"
    reason = (info.findtext(f"{ITK}ErrorDiagnosticText") or "").partition(" | ")[0]
    return (fault.findtext("faultcode") or "").partition(":")[2], str(code.text), reason


async def test_a_report_is_answered_with_its_tracking_id_once_it_is_on_disk(client: Client, store: SqliteStore) -> None:
    answer = await post(client, posted())
    assert said(answer) == "OK:TRACK-1"
    assert answer.headers["content-type"] == "text/xml"
    header = etree.fromstring(answer.content).find(f"{{{SOAP11}}}Header")
    assert header is not None
    assert header.findtext(f"{WSA}RelatesTo") == "SENT-1"
    assert header.findtext(f"{WSA}Action") == f"{SERVICE}Response"
    assert header.findtext(f"{WSA}To") == "http://www.w3.org/2005/08/addressing/anonymous"
    assert (header.findtext(f"{WSA}MessageID") or "").startswith("urn:uuid:")
    (entry,) = await entries(store)
    assert (entry.feed, entry.adapter, entry.control_id, entry.type, entry.state, entry.body) == (
        "triage",
        "nhs111",
        "TRACK-1",
        "POCD_MT200001GB02",
        "received",
        posted(),
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
    asked = asyncio.create_task(post(client, posted()))
    await going.wait()
    assert not asked.done()
    gone.set()
    assert said(await asked) == "OK:TRACK-1"


async def test_soap_1_2_is_answered_in_soap_1_2(client: Client) -> None:
    answer = await post(client, posted(soap=SOAP12), "application/soap+xml")
    assert said(answer) == "OK:TRACK-1"
    assert answer.headers["content-type"] == "application/soap+xml"
    bad = await post(client, posted(soap=SOAP12, service="urn:nhs-itk:services:201005:Other"), "application/soap+xml")
    assert bad.status_code == 400
    root = etree.fromstring(bad.content)
    assert root.findtext(f".//{{{SOAP12}}}Code/{{{SOAP12}}}Value") == "s:Sender"
    assert root.findtext(f".//{{{SOAP12}}}Detail/{ITK}ToolkitErrorInfo/{ITK}ErrorCode") == "1000"


async def test_the_same_report_again_is_answered_the_same_and_kept_once(client: Client, store: SqliteStore) -> None:
    assert said(await post(client, posted())) == "OK:TRACK-1"
    assert said(await post(client, posted(message_id="SENT-2"))) == "OK:TRACK-1"
    assert len(await entries(store)) == 1


async def test_another_report_under_the_same_ids_is_taken_and_noted(client: Client, store: SqliteStore) -> None:
    """The feed's own policy, which takes it unless told otherwise."""
    await post(client, posted())
    assert said(await post(client, posted(report(complaint="Sore knee")))) == "OK:TRACK-1"
    assert [entry.reason for entry in await entries(store)] == ["", "wrong-content"]


async def test_a_document_set_is_a_message_for_each_document(client: Client, store: SqliteStore) -> None:
    assert said(await post(client, posted(report(1), report(2), report(3)))) == "OK:TRACK-1"
    assert [entry.keys[0][-5:] for entry in await entries(store)] == ["CASE1", "CASE2", "CASE3"]
    assert said(await post(client, posted(report(1), report(2), report(3), message_id="SENT-2"))) == "OK:TRACK-1"
    assert len(await entries(store)) == 3


async def test_a_document_set_is_taken_whole_or_not_at_all(client: Client, store: SqliteStore) -> None:
    answer = await post(client, posted(report(1), report(2).replace("CASE2", "@@case@@")))
    assert refused(answer) == ("Client", "1000", "placeholder")
    assert [entry.state for entry in await entries(store)] == ["refused"]
    answer = await post(client, posted(report(1), "<note xmlns='urn:x'>no document</note>", tracking="TRACK-2"))
    assert refused(answer) == ("Client", "1000", "unknown-format")


@pytest.mark.parametrize("compress", [False, True], ids=["base64", "gzip"])
async def test_payloads_may_be_base64_and_gzip(client: Client, store: SqliteStore, compress: bool) -> None:
    items = 'base64="true"' + (' compressed="true"' if compress else "")
    assert said(await post(client, posted(packed(report(), compress), items=items))) == "OK:TRACK-1"
    (entry,) = await entries(store)
    assert (entry.type, entry.keys) == ("POCD_MT200001GB02", ("2.16.840.1.113883.2.1.3.2.4.18.24|CASE1",))
    assert said(await post(client, posted(packed(report(2), compress), packed(report(3), compress), items=items))) == "OK:TRACK-1"
    assert len(await entries(store)) == 3


@pytest.mark.parametrize(
    ("payload", "items", "reason"),
    [
        ("no base64!", 'base64="true"', "bad-value"),
        ("aGVsbG8=", 'base64="true" compressed="true"', "bad-value"),
        (packed(report(), True)[:80], 'base64="true" compressed="true"', "bad-value"),
        ("x", 'compressed="true"', "bad-value"),
        (packed("a" * 21_000_000, True), 'base64="true" compressed="1"', "too-large"),
        (packed("<a"), 'base64="true"', "unreadable"),
        (packed("<!DOCTYPE a><a/>"), 'base64="true"', "document-type"),
        ("x", 'encrypted="true" base64="true"', "unknown-format"),
        (packed("<a/>"), 'base64="true"', "unknown-format"),
    ],
)
async def test_what_a_payload_cannot_be(client: Client, payload: str, items: str, reason: str) -> None:
    answer = await post(client, posted(payload, items=items))
    assert answer.status_code == 500
    assert refused(answer)[2] == reason


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (posted(service="urn:nhs-itk:services:201005:QueryPatient-v1-0", action=""), ("Client", "1000", "unknown-trigger")),
        (posted(action="urn:nhs-itk:services:201005:Other"), ("Client", "1000", "bad-value")),
        (posted(count=2), ("Client", "1000", "bad-value")),
        (posted().replace(b'payload id="p0"', b'payload id="q0"'), ("Client", "1000", "bad-value")),
        (posted(report(kind="POCD_MT130001UK05")), ("Client", "1000", "unknown-trigger")),
        (posted(report(kind="POCD_MT150001UK06").replace("recordTarget", "other")), ("Client", "1000", "missing-field")),
        (posted(headers='<x:Other xmlns:x="urn:x" s:mustUnderstand="1"/>'), ("MustUnderstand", "1000", "unknown-format")),
        (posted(soap="urn:soap"), ("VersionMismatch", "1000", "unknown-format")),
        (report().encode(), ("Client", "1000", "unreadable")),
        (b"<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>", ("Client", "1000", "unreadable")),
        (posted().replace(b"DistributionEnvelope", b"Other"), ("Client", "1000", "unknown-format")),
        (posted()[:400], ("Client", "1000", "unreadable")),
        (b"", ("Client", "1000", "unreadable")),
        (b"\xff\xfe\x00", ("Client", "1000", "unreadable")),
        (b"<!DOCTYPE s [<!ENTITY e SYSTEM 'file:///etc/hostname'>]><s>&e;</s>", ("Client", "1000", "document-type")),
        (b"<a>" * 300 + b"</a>" * 300, ("Client", "1000", "too-deep")),
    ],
)
async def test_what_cannot_be_taken_is_a_fault_and_is_kept(
    client: Client, store: SqliteStore, body: bytes, fault: tuple[str, str, str]
) -> None:
    answer = await post(client, body)
    assert (answer.status_code, refused(answer)) == (500, fault)
    (entry,) = await entries(store)
    assert (entry.state, entry.reason, entry.body) == ("refused", fault[2], body)


async def test_a_fault_says_nothing_of_the_patient_and_names_the_message(client: Client) -> None:
    answer = await post(client, posted(report().replace("Sore throat", "@@complaint@@")))
    text = etree.fromstring(answer.content).findtext(f".//{ITK}ErrorDiagnosticText") or ""
    assert text.endswith("Message 1.")
    assert b"Nobody" not in answer.content
    assert b"CASE1" not in answer.content


@pytest.mark.parametrize("action", ["", SERVICE, "urn:nhs-itk:services:201005:sendDistEnvelope"])
async def test_security_headers_are_understood_and_not_judged(client: Client, action: str) -> None:
    assert said(await post(client, posted(headers=SECURITY, action=action))) == "OK:TRACK-1"


async def test_any_clinical_document_is_taken(client: Client, store: SqliteStore) -> None:
    """A discharge summary, by the service that is for all of them; one that takes another back is not."""
    service = "urn:nhs-itk:services:201005:SendCDADocument-v2-0"
    assert said(await post(client, posted(report(kind="POCD_MT150001UK06"), service=service, action=service))) == "OK:TRACK-1"
    assert [(entry.type, entry.state) for entry in await entries(store)] == [("ClinicalDocument", "received")]


async def test_other_versions_of_the_service_are_taken(client: Client) -> None:
    service = "urn:nhs-itk:services:201005:SendNHS111Report-v2-0_DMS"
    answer = await post(client, posted(service=service, action=service))
    assert f"{service}Response" in answer.text


INFRASTRUCTURE = '<itk:spec key="urn:nhs-itk:ns:201005:infackrequested" value="true"/>'
BUSINESS = '<itk:spec key="urn:nhs-itk:ns:201005:ackrequested" value="true"/>'


async def test_without_an_address_the_infrastructure_acknowledgement_goes_with_the_answer(client: Client) -> None:
    answer = await post(client, posted(specs=INFRASTRUCTURE))
    assert said(answer) == "OK:TRACK-1"
    (acknowledged,) = etree.fromstring(answer.content).iter(f"{ITK}InfrastructureResponse")
    assert (acknowledged.get("result"), acknowledged.get("trackingIdRef"), acknowledged.get("serviceRef")) == (
        "OK",
        "TRACK-1",
        SERVICE,
    )
    quiet = await post(client, posted(tracking="TRACK-2", specs=INFRASTRUCTURE.replace("true", "false")))
    assert b"InfrastructureResponse" not in quiet.content


async def test_a_business_acknowledgement_without_an_address_is_told_not_to_come(client: Client) -> None:
    answer = await post(client, posted(specs=BUSINESS))
    assert said(answer) == "OK:TRACK-1"
    assert "urn:nhs-itk:ns:201005:ackrequested" in answer.headers["warning"]
    assert "warning" not in (await post(client, posted(tracking="TRACK-2", specs=BUSINESS.replace("true", "false")))).headers


@asynccontextmanager
async def sender(*statuses: int) -> AsyncIterator[tuple[str, list[bytes]]]:
    """An address of whoever sends reports, which answers with these and then with 200; what it was sent."""
    taken: list[bytes] = []
    left = list(statuses)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        (length,) = (int(line.partition(b":")[2]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
        taken.append(await reader.readexactly(length))
        status = left.pop(0) if left else 200
        writer.write(b"HTTP/1.1 %d Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/return", taken


def returned(body: bytes) -> Any:
    """The distribution envelope of an acknowledgement."""
    (envelope,) = etree.fromstring(body).iter(f"{ITK}DistributionEnvelope")
    return envelope


async def test_acknowledgements_are_messages_to_the_address_of_the_sender(tmp_path: Path) -> None:
    """The infrastructure acknowledgement when the report is on disk, the business acknowledgement when it is in the record."""
    async with sender() as (url, taken), running(tmp_path / "data") as engine, client_of(engine) as http:
        body = posted(specs=INFRASTRUCTURE + BUSINESS, reply_to=url)
        answer = await http.post("/itk", content=body, headers={"content-type": "text/xml"})
        assert said(answer) == "OK:TRACK-1"
        assert b"InfrastructureResponse" not in answer.content
        while len(taken) < 2:
            await asyncio.sleep(0.01)
    first, second = map(returned, taken)
    assert first.find(f"{ITK}header").get("service") == "urn:nhs-itk:services:201005:SendInfrastructureAck-v1-0"
    assert first.find(f"{ITK}header/{ITK}addresslist/{ITK}address").get("uri") == "urn:nhs-uk:addressing:ods:NX1"
    assert next(first.iter(f"{ITK}InfrastructureResponse")).get("result") == "OK"
    assert second.find(f"{ITK}header").get("service") == "urn:nhs-itk:services:201005:SendBusinessAck-v1-0"
    (third,) = second.iter("{urn:hl7-org:v3}acknowledgedBy3")
    assert third.get("typeCode") == "AA"
    assert third.find("{urn:hl7-org:v3}conveyingTransmission/{urn:hl7-org:v3}id").get("root") == "TRACK-1"


@pytest.mark.parametrize(
    ("wanted", "allowed", "goes"),
    [
        ("http://127.0.0.1:8443/return", "", True),
        ("http://localhost/return", "", True),
        ("https://trust.test/return", "", False),
        ("https://trust.test/return", "https://trust.test/", True),
        ("https://trust.test.evil.test/return", "https://trust.test", False),
        ("https://user@127.0.0.1/return", "", False),
        ("http://www.w3.org/2005/08/addressing/anonymous", "http://www.w3.org", False),
        ("file:///etc/passwd", "", False),
        ("http://[", "", False),
    ],
)
def test_a_sender_does_not_choose_whom_the_engine_calls(
    monkeypatch: pytest.MonkeyPatch, wanted: str, allowed: str, goes: bool
) -> None:
    """An address on this machine, or one that the operator allows."""
    monkeypatch.setenv("INTEROP_ITK_RETURN", allowed)
    assert bool(address(Asked(reply_to=wanted))) is goes


async def test_an_acknowledgement_is_tried_again_where_that_may_help() -> None:
    async with sender(503, 500) as (url, taken):
        assert await send(url, Asked(), SERVICE, etree.Element("said"), waits=(0.0, 0.0))
        assert len(taken) == 3
    async with sender(404) as (url, taken):
        assert not await send(url, Asked(), SERVICE, etree.Element("said"), waits=(0.0, 0.0))
        assert len(taken) == 1
    assert not await send(url, Asked(), SERVICE, etree.Element("said"), waits=(0.0,)), "nobody is there any more"


async def test_a_report_that_fails_is_not_acknowledged_as_done() -> None:
    distribution = next(etree.fromstring(posted()).iter(f"{ITK}DistributionEnvelope"))
    _, envelope = business(distribution, datetime(2026, 1, 5, 9, 30, tzinfo=UTC), Problem("mapping-fault"))
    (third,) = envelope.iter("{urn:hl7-org:v3}acknowledgedBy3")
    assert third.get("typeCode") == "AE"
    assert [code.get("code") for code in third.iter("{urn:hl7-org:v3}code")] == ["2200"]
    _, failed = infrastructure(distribution, datetime(2026, 1, 5, 9, 30, tzinfo=UTC), Problem("bad-value"))
    assert next(failed.iter(f"{ITK}InfrastructureResponse")).get("result") == "Failure"
    assert [code.text for code in failed.iter(f"{ITK}ErrorCode")] == ["1000"]


async def test_of_a_body_over_the_limit_what_was_read_is_kept(client: Client, services: Services, store: SqliteStore) -> None:
    services.message_limit = 100
    answer = await post(client, posted())
    assert refused(answer) == ("Client", "1000", "too-large")
    (entry,) = await entries(store)
    assert (entry.state, entry.body) == ("refused", posted()[:100])


async def test_a_full_engine_asks_to_come_again(client: Client) -> None:
    for number in range(4):
        said(await post(client, posted(report(number), tracking=f"TRACK-{number}")))
    answer = await post(client, posted(report(5), tracking="TRACK-5"))
    assert refused(answer) == ("Server", "2100", "busy")
    assert answer.headers["retry-after"]


async def test_what_nobody_foresaw_is_a_fault(client: Client, services: Services) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("Nobody1")

    services.intake.receive = broken  # type: ignore[assignment, method-assign]
    answer = await post(client, posted())
    assert (answer.status_code, refused(answer)) == (500, ("Server", "2100", "fault"))
    assert "Nobody1" not in answer.text


async def test_an_engine_that_stops_refuses(client: Client, services: Services) -> None:
    services.intake.stopping = True  # type: ignore[attr-defined]
    assert refused(await post(client, posted())) == ("Server", "2100", "stopping")


async def test_other_content_types_are_not_taken(client: Client) -> None:
    answer = await post(client, posted(), "application/json")
    assert (answer.status_code, refused(answer)[2]) == (415, "media-type")
    assert said(await post(client, posted(), "application/xml")) == "OK:TRACK-1"


async def test_get_describes_the_service_and_other_methods_are_not_taken(client: Client) -> None:
    answer = await client.get("/itk")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain")
    assert SERVICE in answer.text
    assert (await client.send("HEAD", "/itk/")).content == b""
    assert (await client.send("OPTIONS", "/itk")).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    wrong = await client.send("PUT", "/itk", posted())
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS, POST")
    assert (await client.get("/itk/other")).status_code == 404


async def test_the_answer_is_noted_in_the_journal(client: Client, services: Services, store: SqliteStore) -> None:
    await post(client, posted(report(1), report(2)))
    await services.intake.drain()  # type: ignore[attr-defined]
    assert [entry.ack for entry in await entries(store)] == ["sent", "sent"]


async def test_a_report_over_soap_comes_to_stand_in_the_record(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client_of(engine) as http:
        answer = await http.post("/itk", content=posted(packed(report()), items='base64="1"'), headers={"content-type": "text/xml"})
        assert said(answer) == "OK:TRACK-1"
        async with asyncio.timeout(60):
            while any(entry.state != "applied" for entry in await journal(engine)):
                await asyncio.sleep(0.01)
        found = (await http.get("/fhir/Patient?family=Nobody1")).json()
        assert [entry["resource"]["name"][0]["family"] for entry in found["entry"]] == ["Nobody1"]


def test_the_error_table_has_an_itk_code_for_whatever_can_be_answered() -> None:
    """1000 the message, 2100 try again, 2200 do not, 3000 not allowed."""
    from interop.errors import reasons

    for reason in reasons().values():
        if reason.name != "file":
            assert reason.itk in ("1000", "2100", "2200", "3000"), reason.name
            assert (reason.itk == "2100") == (reason.retry != "permanent"), reason.name
    assert Problem("busy").reason.itk == "2100"
