"""A destination over ITK is sent what is due in a distribution envelope; its fault, and what it acknowledges later, decide."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from structlog.testing import capture_logs

from adapters.nhs111 import acknowledgements
from adapters.nhs111.payloads import counted
from adapters.nhs111.security import check_distribution, check_security
from conformance.topology.process import free_ports
from interop.api.delivering.deliverer import describe
from interop.errors import Problem
from interop.formats.xml import parse_xml
from interop.notify.destinations import Destination
from interop.ports import Caller
from interop.store.plan import Deliveries
from interop.store.values import Delivery
from tests.spec.api.reports import posted, report
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, running
from tests.spec.notify.outbound import Opens, Outbound, opening
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.store.conftest import opener as opener
from tests.spec.store.conftest import place as place
from tests.spec.store.conftest import store as store

pytestmark = pytest.mark.anyio
ADDRESS = "urn:nhs-uk:addressing:ods:"
OK = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>
<i:SimpleMessageResponse xmlns:i="urn:nhs-itk:ns:201005">OK:1</i:SimpleMessageResponse>%b</s:Body></s:Envelope>"""
SOAP = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>%b</s:Body></s:Envelope>'
FAULT = """<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:%s</faultcode>
<faultstring>No.</faultstring><detail>%s</detail></s:Fault></s:Body></s:Envelope>"""
INFO = '<i:ToolkitErrorInfo xmlns:i="urn:nhs-itk:ns:201005"><i:ErrorCode>%s</i:ErrorCode></i:ToolkitErrorInfo>'


def itk(url: str, **settings: str) -> Destination:
    return Destination("gp", "itk", url, "RA1", settings={"sender": f"{ADDRESS}RX1", **settings})


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        made.body = lambda got: OK % b""
        yield made


@pytest.fixture
async def out(store: Any, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Opens]:
    """Opens a worker that has messages to send."""
    async with opening(store, tmp_path, lambda to=None: to or itk(receiver.url)) as opens:
        yield opens


async def rows(out: Outbound) -> list[Delivery]:
    found: list[Delivery] = await out.store.query(Deliveries())
    return found


def envelope(body: bytes) -> Any:
    found = parse_xml(body).find("{*}Body/{*}DistributionEnvelope")
    assert found is not None
    return found


def canonical(element: Any) -> str:
    """An element as it is wherever it stands."""
    return etree.canonicalize(etree.tostring(element, with_tail=False).decode(), rewrite_prefixes=True)


async def test_hl7_v2_goes_in_base64_in_an_envelope_that_our_own_rules_take(out: Opens, receiver: Receiver) -> None:
    one = await out(adt(), to=itk(receiver.url, acknowledgement="infrastructure", profile="urn:nhs-en:profile:{structure}-v1-0"))
    await one.step()
    [got] = receiver.got
    assert (got.headers["soapaction"], got.headers["content-type"]) == (
        '"urn:nhs-itk:services:201005:ADT_A01"',
        "text/xml; charset=utf-8",
    )
    root, sent = parse_xml(got.body), envelope(got.body)
    caller = Caller("pas", "RX1")
    check_security(root, caller, one.clock.now())
    check_distribution(sent, caller)
    counted(sent)
    [item] = sent.iterfind("{*}header/{*}manifest/{*}manifestitem")
    assert (item.get("mimetype"), item.get("base64"), item.get("profileid")) == (
        "application/hl7-v2",
        "true",
        "urn:nhs-en:profile:ADT_A01-v1-0",
    )
    assert base64.b64decode(sent.findtext("{*}payloads/{*}payload")) == adt()
    assert sent.find("{*}header/{*}addresslist/{*}address").get("uri") == f"{ADDRESS}RA1"
    assert sent.find("{*}header").get("trackingid") == "00000000-0000-0000-0000-000000000000"
    assert acknowledgements.asks(sent, acknowledgements.INFRASTRUCTURE)
    assert not acknowledgements.asks(sent, acknowledgements.BUSINESS)
    assert [each.state for each in await rows(one)] == ["sent"]


async def test_the_security_header_holds_for_five_minutes_from_now(out: Opens, receiver: Receiver) -> None:
    one = await out(adt())
    await one.step()
    with pytest.raises(Problem) as caught:
        check_security(parse_xml(receiver.got[0].body), Caller("pas", "RX1"), one.clock.now() + 601_000_000)
    assert caught.value.reason.name == "stale-security"


async def test_a_clinical_document_goes_as_the_element_that_it_is_in_an_envelope_of_ours(out: Opens, receiver: Receiver) -> None:
    one = await out(posted(), to=itk(receiver.url, service="urn:nhs-itk:services:201005:SendNHS111Report-v2-0"))
    await one.step()
    sent = envelope(receiver.got[0].body)
    assert sent.find("{*}header").get("service") == "urn:nhs-itk:services:201005:SendNHS111Report-v2-0"
    assert sent.find("{*}header/{*}senderAddress").get("uri") == f"{ADDRESS}RX1"
    [document] = sent.iterfind("{*}payloads/{*}payload/{*}ClinicalDocument")
    assert canonical(document) == canonical(etree.fromstring(report()))
    assert sent.find("{*}header/{*}manifest/{*}manifestitem").get("base64") is None


async def test_what_is_addressed_to_route_keeps_its_address_unless_the_destination_wants_its_own(
    out: Opens, receiver: Receiver
) -> None:
    one = await out(adt(), adt(control="C2").replace(b"ROUTE|ROUTE", b"LAB|RX1"), to=itk(receiver.url, receiver="PAS2|RA1"))
    await one.step()
    await one.step()
    sent = [base64.b64decode(envelope(got.body).findtext("{*}payloads/{*}payload")) for got in receiver.got]
    assert sent == [adt().replace(b"ROUTE|ROUTE", b"PAS2|RA1"), adt(control="C2").replace(b"ROUTE|ROUTE", b"LAB|RX1")]


@pytest.mark.parametrize(
    ("status", "code", "whose", "reason", "state"),
    [
        (500, "2100", "Server", "destination-unavailable", "pending"),
        (500, "", "Server", "destination-unavailable", "pending"),
        (500, "3001", "Client", "destination-denied", "pending"),
        (500, "1000", "Client", "destination-refused", "shelved"),
        (500, "2200", "Server", "destination-refused", "shelved"),
        (200, "1000", "Client", "destination-refused", "shelved"),
        (500, "", "MustUnderstand", "destination-refused", "shelved"),
    ],
)
async def test_a_fault_is_of_the_class_that_its_code_says(
    out: Opens, receiver: Receiver, status: int, code: str, whose: str, reason: str, state: str
) -> None:
    receiver.answers = [status]
    receiver.body = lambda got: (FAULT % (whose, INFO % code if code else "")).encode()
    one = await out(adt())
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason) == (state, reason)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, b"", "destination-unanswered"),
        (500, b"<html>", "destination-unanswered"),
        (401, b"", "destination-denied"),
        (200, b"", "destination-unanswered"),
        (200, b"<html><body>Sign on to the proxy<br></body></html>", "destination-unanswered"),
        (200, b"<report/>", "destination-unanswered"),
        (200, b"<report>" + b" " * 1_000_000 + b"</report>", "destination-unanswered"),
        (507, b"", "destination-unavailable"),
        (0, b"", "destination-unanswered"),
    ],
)
async def test_what_is_no_answer_of_itk_is_judged_by_its_status(
    out: Opens, receiver: Receiver, status: int, body: bytes, reason: str
) -> None:
    receiver.answers, receiver.body = [status], lambda got: body
    one = await out(adt())
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason) == ("pending", reason)


async def test_accepted_without_a_word_is_taken(out: Opens, receiver: Receiver) -> None:
    receiver.answers, receiver.body = [202], lambda got: b""
    one = await out(adt())
    await one.step()
    assert [each.state for each in await rows(one)] == ["sent"]


async def test_what_the_other_side_writes_in_place_of_a_code_is_not_logged(out: Opens, receiver: Receiver) -> None:
    receiver.answers = [500]
    receiver.body = lambda got: (FAULT % ("Client", INFO % "patient Jane SMITH not known")).encode()
    one = await out(adt())
    with capture_logs() as lines:
        await one.step()
    assert [line["code"] for line in lines if line["event"] == "a delivery was not taken"] == [""]


async def test_a_wait_of_thousands_of_digits_is_no_longer_than_any_other(out: Opens, receiver: Receiver) -> None:
    receiver.answers, receiver.headers = [503], f"retry-after: {'9' * 5000}\r\n"
    one = await out(adt())
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason, row.due - one.clock.now()) == ("pending", "destination-unavailable", 3_600_000_000)


@pytest.mark.parametrize("kind", ["itk", "webhook"])
async def test_a_token_that_no_header_can_hold_is_one_that_cannot_be_used(
    out: Opens, receiver: Receiver, tmp_path: Path, kind: str
) -> None:
    (tmp_path / "token").write_text("t\u2013ken")
    one = await out(adt(), to=replace(itk(receiver.url), kind=kind, token=tmp_path / "token"))
    await one.step()
    assert [(each.state, each.reason) for each in await rows(one)] == [("pending", "destination-denied")]
    (tmp_path / "token").write_text("t0ken")
    one.clock.advance(2)
    await one.step()
    assert [each.state for each in await rows(one)] == ["sent"]


async def test_it_is_the_same_tracking_id_whenever_it_is_tried(out: Opens, receiver: Receiver) -> None:
    receiver.answers = [0, 200]
    one = await out(adt())
    await one.step()
    one.clock.advance(1)
    await one.step()
    tracking = [envelope(got.body).find("{*}header").get("trackingid") for got in receiver.got]
    addressed = [parse_xml(got.body).findtext("{*}Header/{*}MessageID") for got in receiver.got]
    assert len(set(tracking)) == 1
    assert len(set(addressed)) == 2


async def test_who_could_not_deliver_it_may_say_so_though_nobody_asked(out: Opens, receiver: Receiver) -> None:
    one = await out(adt(), to=itk(receiver.url, reply="https://us.example/itk"))
    await one.step()
    assert [(each.state, each.ack) for each in await rows(one)] == [("sent", "")]
    said = acknowledged(receiver.got[0].body, acknowledgements.infrastructure, Problem("journal-unavailable"))
    assert await one.deliverer.returned(said)
    assert [(each.state, each.ack, each.code) for each in await rows(one)] == [("shelved", "refused", "2100")]


async def test_faults_come_with_the_answer_and_the_token_goes_with_the_request(
    out: Opens, receiver: Receiver, tmp_path: Path
) -> None:
    (tmp_path / "token").write_text("t0ken\n")
    one = await out(adt(), to=replace(itk(receiver.url, reply="https://us.example/itk"), token=tmp_path / "token"))
    await one.step()
    [got] = receiver.got
    assert got.headers["authorization"] == "Bearer t0ken"
    header = parse_xml(got.body).find("{*}Header")
    assert header is not None
    assert header.findtext("{*}ReplyTo/{*}Address") == "https://us.example/itk"
    assert (header.findtext("{*}FaultTo/{*}Address") or "").endswith("/anonymous")


async def test_an_acknowledgement_that_comes_with_the_answer_counts(out: Opens, receiver: Receiver) -> None:
    def body(got: Any) -> bytes:
        _, element = acknowledgements.infrastructure(envelope(got.body), datetime.now(UTC))
        return OK % etree.tostring(element)

    receiver.body = body
    one = await out(adt(), to=itk(receiver.url, acknowledgement="infrastructure"))
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.ack) == ("sent", "acknowledged")


async def test_what_is_not_acknowledged_in_time_is_told_and_a_late_word_still_counts(out: Opens, receiver: Receiver) -> None:
    to = itk(receiver.url, acknowledgement="business", reply="https://us.example/itk")
    one = await out(adt(), to=to)
    await one.step()
    [row] = await rows(one)
    assert describe(row)["acknowledgement"] == {"state": "awaited", "until": "2026-01-02T00:00:00.000Z"}
    one.clock.advance(24 * 3600 - 1)
    await one.worker.look()
    assert [each.ack for each in await rows(one)] == ["awaited"]
    one.clock.advance(31)
    with capture_logs() as lines:
        await one.worker.look()
    assert [line["event"] for line in lines] == ["an acknowledgement has not come"]
    [row] = await rows(one)
    assert (row.state, row.ack, row.reason) == ("sent", "missing", "unacknowledged")
    assert "has not said in time" in describe(row)["sentence"]
    said = acknowledged(receiver.got[0].body, acknowledgements.business)
    assert await one.deliverer.returned(said)
    [row] = await rows(one)
    assert (row.state, row.ack, row.reason) == ("sent", "acknowledged", "")


async def test_what_is_missing_goes_to_the_shelf_where_the_destination_says_so(out: Opens, receiver: Receiver) -> None:
    to = replace(itk(receiver.url, acknowledgement="business", reply="https://us.example/itk"), hours=1, shelves=True)
    one = await out(adt(), to=to)
    await one.step()
    one.clock.advance(3600)
    await one.worker.look()
    [row] = await rows(one)
    assert (row.state, row.ack) == ("shelved", "missing")
    assert await one.deliverer.resend("gp") == 1
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.ack, len(receiver.got)) == ("sent", "awaited", 2)


async def test_an_infrastructure_acknowledgement_is_not_the_one_that_was_wanted(out: Opens, receiver: Receiver) -> None:
    one = await out(adt(), to=itk(receiver.url, acknowledgement="business", reply="https://us.example/itk"))
    await one.step()
    assert await one.deliverer.returned(acknowledged(receiver.got[0].body, acknowledgements.infrastructure))
    assert [(each.state, each.ack) for each in await rows(one)] == [("sent", "passed")]
    refused = acknowledged(receiver.got[0].body, acknowledgements.business, Problem("unreadable"))
    assert await one.deliverer.returned(refused)
    [row] = await rows(one)
    assert (row.state, row.ack, row.code, row.reason) == ("shelved", "refused", "1000", "refused-later")
    said = describe(row)
    assert said["acknowledgement"] == {"state": "refused", "code": "1000"}
    assert said["action"].endswith("interop deliveries resend.")
    assert await one.deliverer.returned(refused), "said twice is once"


async def test_nobody_speaks_for_another_organisation(out: Opens, receiver: Receiver) -> None:
    one = await out(adt(), to=itk(receiver.url, acknowledgement="infrastructure"))
    await one.step()
    said = acknowledged(receiver.got[0].body, acknowledgements.infrastructure)
    with capture_logs() as lines:
        assert not await one.deliverer.returned(said, ("RZ9",))
        assert not await one.deliverer.returned(said, ())
    assert [line["event"] for line in lines] == ["an acknowledgement names nothing that was sent"] * 2
    assert [each.ack for each in await rows(one)] == ["awaited"]
    assert await one.deliverer.returned(said, ("RZ9", "RA1"))


async def test_who_answers_before_the_answer_is_marked_is_heard(out: Opens, receiver: Receiver) -> None:
    one = await out(adt(), to=itk(receiver.url, acknowledgement="infrastructure"))
    receiver.answers = [-2]
    trying = asyncio.ensure_future(one.step())
    [got] = await receiver.until(1)
    assert await one.deliverer.returned(acknowledged(got.body, acknowledgements.infrastructure))
    trying.cancel()
    await asyncio.wait((trying,))
    assert [(each.state, each.ack) for each in await rows(one)] == [("sent", "acknowledged")]


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"sender": "RX1"}, "sender is an address"),
        ({"recipient": "urn:nhs-uk:identity:ods:RA1"}, "recipient is an address"),
        ({"acknowledgement": "some"}, "acknowledgement is one of"),
        ({"acknowledgement": "business"}, "reply is wanted"),
        ({"receiver": "PAS2"}, "APPLICATION|FACILITY"),
    ],
)
def test_settings_that_could_not_be_right_are_refused(settings: dict[str, str], why: str) -> None:
    from adapters.nhs111.courier import ItkCourier

    with pytest.raises(ValueError, match=re.escape(why)):
        ItkCourier(itk("https://x", **settings), lambda: 0)


def acknowledged(request: bytes, make: Callable[..., tuple[str, Any]], problem: Problem | None = None) -> Any:
    """What the other side says later of a request."""
    from adapters.nhs111.answers import acknowledgements as read

    [said] = read([make(envelope(request), datetime.now(UTC), problem)[1]], "itk")
    return said


async def until(engine: Any, *wanted: tuple[str, str]) -> list[Delivery]:
    async with asyncio.timeout(20):
        while True:
            found: list[Delivery] = await engine.workshop.store.query(Deliveries())
            if [(each.state, each.ack) for each in found] == list(wanted):
                return found
            await asyncio.sleep(0.02)


async def test_a_report_goes_on_to_a_second_engine_which_acknowledges_it_to_the_first(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    async with running(tmp_path / "second") as second:
        to = tmp_path / "destinations.toml"
        to.write_text(
            f'[reports]\nkind = "itk"\naddress = "http://127.0.0.1:{second.http}/itk"\norganisation = "NX999"\n'
            f'sender = "{ADDRESS}NX1"\nservice = "urn:nhs-itk:services:201005:SendNHS111Report-v2-0"\n'
            f'acknowledgement = "business"\nreply = "http://127.0.0.1:{port}/itk"\n'
        )
        async with running(tmp_path / "first", http=f"127.0.0.1:{port}", destinations=to) as first, client(first) as http:
            answer = await http.post("/itk", content=posted(), headers={"content-type": "text/xml"})
            assert answer.status_code == 200
            [row] = await until(first, ("sent", "acknowledged"))
            assert row.code == "AA"
            async with client(second) as other:
                found = (await other.get("/fhir/Patient?family=Nobody1")).json()
            assert found["total"] == 1


async def test_a_refusal_that_comes_later_is_on_the_shelf_and_one_of_nothing_is_a_fault(tmp_path: Path, receiver: Receiver) -> None:
    (port,) = free_ports(1)
    to = tmp_path / "destinations.toml"
    to.write_text(
        f'[itk-route]\nkind = "itk"\naddress = "{receiver.url}"\norganisation = "A99901"\nsender = "{ADDRESS}RX1"\n'
        f'acknowledgement = "business"\nreply = "http://127.0.0.1:{port}/itk"\n'
    )
    async with running(tmp_path / "data", http=f"127.0.0.1:{port}", destinations=to) as engine, client(engine) as http:
        await http.post("/ingest/hl7v2?wait=applied", content=adt())
        [got] = await receiver.until(1)
        service, said = acknowledgements.business(envelope(got.body), datetime.now(UTC), Problem("unreadable"))
        await until(engine, ("sent", "awaited"))

        async def tell(element: Any) -> Any:
            body = SOAP % etree.tostring(element)
            return await http.post("/itk", content=body, headers={"content-type": "text/xml", "soapaction": f'"{service}"'})

        answer = await tell(said)
        assert (answer.status_code, b"SimpleMessageResponse" in answer.content) == (200, True)
        await until(engine, ("shelved", "refused"))
        [line] = (await http.get("/deliveries/itk-route")).json()["deliveries"]
        assert line["acknowledgement"] == {"state": "refused", "code": "1000"}
        assert line["reason"] == "refused-later"
        _, stray = acknowledgements.business(etree.fromstring(etree.tostring(envelope(posted()))), datetime.now(UTC))
        answer = await tell(stray)
        assert (answer.status_code, b"not-found" in answer.content) == (500, True)
        said.find("{*}header").set("service", "urn:nhs-itk:services:201005:SendNHS111Report-v2-0")
        answer = await tell(said)
        assert (answer.status_code, b"several-messages" in answer.content) == (500, True), "no report is lost beside one"
