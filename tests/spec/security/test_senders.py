"""Who may send messages, under which feed and of which organisation: told by sign-on, before the body is read, in the words of the
protocol; and what a message claims of its sender is held to that."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from lxml import etree

from interop.app.engine import Engine
from interop.audit.row import DENIAL
from interop.ports import Feed
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Search
from tests.spec.api.reports import SOAP11, SOAP12, posted, report
from tests.spec.audit.test_engine import rows
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client as client_of
from tests.spec.engine.running import journal, sender, settings
from tests.spec.families.maps import example
from tests.spec.security.signing import signed

pytestmark = pytest.mark.anyio
ITK = "{urn:nhs-itk:ns:201005}"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
FEEDS = {
    "ward": Feed("ward", "hl7v2", test_numbers=True, organisation="RX1"),
    "open": Feed("open", "hl7v2", test_numbers=True),
    "triage": Feed("triage", "nhs111", organisation="NX111", also=(("North-111-Live", "NX111"), ("NX9", "NX9"))),
    "other-triage": Feed("other-triage", "nhs111", organisation="RYY"),
    "bars": Feed("bars", "bars"),
    "dispatch": Feed("dispatch", "bars", test_numbers=True, organisation="RYE"),
    "documents": Feed("documents", "documents", organisation="RX1"),
}
OWN = posted(report()).replace(b':ods:NX1"', b':ods:NX111"')
"""A report of NX111, by its custodian and by its envelope."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    engine = await Engine.start(settings(tmp_path / "data", open=False), declared=FEEDS)
    yield engine
    await engine.stop()


@pytest.fixture
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(engine) as http:
        yield http


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and reason of an OperationOutcome."""
    return answer.status_code, answer.json()["issue"][0]["details"]["coding"][0]["code"]


def fault(answer: httpx.Response) -> tuple[int, str, str]:
    """Status, ITK error code and reason of a SOAP fault."""
    info = next(etree.fromstring(answer.content).iter(f"{ITK}ToolkitErrorInfo"))
    return (
        answer.status_code,
        info.findtext(f"{ITK}ErrorCode") or "",
        (info.findtext(f"{ITK}ErrorDiagnosticText") or "").split(" | ")[0],
    )


@pytest.mark.parametrize(
    ("role", "organisation", "feed", "to", "status"),
    [
        ("feed", "RX1", "ward", "ward", 202),
        ("feed", "RX1", "*", "ward", 202),
        ("system", "RX1", "ward", "ward", 202),
        ("feed", "RX1", "*", "open", 202),
        ("tester", "", "*", "ward", 202),
        ("feed", "RYY", "ward", "ward", 403),
        ("feed", "RYY", "*", "ward", 403),
        ("feed", "", "ward", "ward", 403),
        ("feed", "RX1", "open", "ward", 403),
        ("feed", "RX1", "", "ward", 403),
        ("gp", "RX1", "*", "ward", 403),
        ("patient", "RX1", "*", "ward", 403),
        ("operator", "RX1", "ward", "ward", 403),
        ("feed", "RX1", "ward", "No-feed", 403),
        ("feed", "RX1", "*", "No-feed", 404),
    ],
)
async def test_who_may_send_under_a_feed(
    role: str, organisation: str, feed: str, to: str, status: int, engine: Engine, http: httpx.AsyncClient
) -> None:
    """The feed itself or a service of its organisation; whether there is a feed of a name is told to who may send to any."""
    headers = signed(engine, role, organisation, feed=feed)
    answer = await http.post(f"/ingest/{to}", content=adt(), headers=headers)
    assert answer.status_code == status
    assert len(await journal(engine)) == (status == 202)


QUERY = "\r".join((
    "MSH|^~\\&|EPR|RX1|ROUTE|ROUTE|202601051015||QBP^Q22^QBP_Q21|Q1|P|2.4", "QPD|Q22^Find Candidates|T1|@PID.5.1^NOBODY", "RCP|I",
)).encode()  # fmt: skip


@pytest.mark.parametrize(
    ("role", "organisation", "to", "more", "may"),
    [
        ("system", "RX1", "ward", {}, True),
        ("system", "RYY", "open", {}, True),
        ("feed", "RX1", "ward", {}, False),
        ("feed", "RYY", "open", {}, False),
        ("system", "RX1", "ward", {"scope": "system/Observation.rs"}, False),
        ("system", "RX1", "ward", {"patient": "p1"}, False),
        ("tester", "", "ward", {}, True),
        ("tester", "", "open", {}, False),
    ],
)
async def test_a_query_is_answered_to_who_may_read_and_has_an_organisation(
    role: str, organisation: str, to: str, more: dict[str, str], may: bool, engine: Engine, http: httpx.AsyncClient
) -> None:
    """A feed sends messages and reads nothing, whatever protocol it speaks."""
    headers = signed(engine, role, organisation, feed="*", **more)
    answer = await http.post(f"/ingest/{to}", content=QUERY, headers=headers)
    assert answer.status_code == 200
    assert (b"MSA|AA|" in answer.content) == may, answer.content
    assert (b"MSA|AR|" in answer.content) == (not may), answer.content
    denied = [row for row in rows(engine.settings.data) if row.kind == DENIAL]
    assert len(denied) == (not may)


@pytest.mark.parametrize("whose", ["", "RX1"])
async def test_a_query_over_mllp_without_a_certificate_is_nobodys(tmp_path: Path, whose: str) -> None:
    """Whoever is on this machine may be at the other end, whatever the feed is called."""
    feed = Feed("line", "hl7v2", organisation=whose)
    engine = await Engine.start(settings(tmp_path / "data", open=False, mllp_feed="line"), declared={"line": feed})
    try:
        async with sender(engine.mllp) as line:
            answer = await line.ask(QUERY)
            assert answer is not None
            assert answer.code == "AR"
        (denied,) = [row for row in rows(tmp_path / "data") if row.kind == DENIAL]
        assert (denied.interaction, denied.who.role) == ("QBP^Q22", "")
    finally:
        await engine.stop()


@pytest.mark.parametrize(
    ("role", "organisation", "feed", "status"),
    [
        ("feed", "RX1", "ward", 200), ("feed", "RX1", "*", 200), ("system", "RX1", "*", 200), ("operator", "RYY", "", 200),
        ("tester", "", "*", 200), ("feed", "RYY", "*", 404), ("feed", "RYY", "ward", 404), ("feed", "RX1", "open", 404),
        ("gp", "RX1", "ward", 404), ("gp", "RX1", "", 403),
    ],
)  # fmt: skip
async def test_what_became_of_a_message_is_told_to_who_may_have_sent_it(
    role: str, organisation: str, feed: str, status: int, engine: Engine, http: httpx.AsyncClient
) -> None:
    """Whoever may send under any feed is told nothing of another organisation's, nor of what clients wrote."""
    sent = await http.post("/ingest/ward", content=adt(), headers=signed(engine, "feed", "RX1", feed="ward"))
    assert sent.status_code == 202
    headers = signed(engine, role, organisation, feed=feed)
    assert (await http.get(sent.headers["location"], headers=headers)).status_code == status
    made = await http.post(
        "/fhir/Organization", json={"resourceType": "Organization", "name": "x"}, headers=signed(engine, "tester")
    )
    assert made.status_code == 201
    if role in ("feed", "system"):
        written = made.json()["meta"]["source"].rpartition("#")[2]
        assert (await http.get(f"/messages/{written}", headers=headers)).status_code == 404


async def test_nobody_may(engine: Engine, http: httpx.AsyncClient) -> None:
    answer = await http.post("/ingest/ward", content=adt())
    assert code(answer) == (401, "unauthenticated")
    assert "www-authenticate" in answer.headers
    assert await journal(engine) == []


async def test_under_a_feed_of_nobody_a_message_is_of_who_sends_it(engine: Engine, http: httpx.AsyncClient) -> None:
    """It may claim no other organisation than the one that signed on."""
    headers = signed(engine, "feed", "RYY", feed="*")
    refused = await http.post("/ingest/open", content=adt(), headers=headers)
    assert code(refused) == (403, "wrong-organisation")
    taken = await http.post("/ingest/open", content=adt().replace(b"|RX1|ROUTE", b"|RYY|ROUTE"), headers=headers)
    assert taken.status_code == 202
    assert next((entry.state, entry.reason) for entry in await journal(engine)) == ("refused", "wrong-organisation")


@pytest.mark.parametrize(("soap", "media"), [(SOAP11, "text/xml"), (SOAP12, "application/soap+xml")])
async def test_at_itk_a_refusal_is_a_soap_fault(soap: str, media: str, engine: Engine, http: httpx.AsyncClient) -> None:
    """Access denied (3000) with the status of HTTP, in the sender's version of SOAP; nothing is journalled."""
    body = posted(report(), soap=soap)
    nobody = await http.post("/itk", content=body, headers={"content-type": media})
    assert fault(nobody) == (401, "3000", "unauthenticated")
    assert "www-authenticate" in nobody.headers
    assert nobody.headers["content-type"] == media
    assert etree.fromstring(nobody.content).tag == f"{{{soap}}}Envelope"
    other = await http.post("/itk", content=body, headers={"content-type": media} | signed(engine, "feed", "RX1", feed="ward"))
    assert fault(other) == (403, "3000", "forbidden")
    assert await journal(engine) == []


@pytest.mark.parametrize(("path", "status"), [("/bars/$process-message", 401), ("/bars/metadata", 401), ("/bars/nothing", 401)])
async def test_at_bars_a_refusal_is_an_outcome_of_the_standard(
    path: str, status: int, engine: Engine, http: httpx.AsyncClient
) -> None:
    """REC_UNAUTHORIZED and REC_FORBIDDEN (BaRS Core, Error Handling), in the notation that was asked for."""
    answer = await (http.get(path) if "metadata" in path else http.post(path, content=b"{}"))
    assert code(answer) == (status, "REC_UNAUTHORIZED")
    assert answer.json()["issue"][0]["code"] == "security"
    xml = await http.post("/bars/$process-message", content=b"{}", headers={"accept": "application/fhir+xml"})
    assert xml.headers["content-type"].startswith("application/fhir+xml")
    gp = await http.post("/bars/$process-message", content=b"{}", headers=signed(engine, "gp", "RX1"))
    assert code(gp) == (403, "REC_FORBIDDEN")
    assert await journal(engine) == []


@pytest.mark.parametrize(
    ("feed", "organisation", "status"), [("dispatch", "RYE", 200), ("dispatch", "RX1", 403), ("bars", "RYE", 403)]
)
async def test_a_message_of_bars_claims_nobody_and_is_of_whose_feed_it_is(
    feed: str, organisation: str, status: int, engine: Engine, http: httpx.AsyncClient
) -> None:
    """Its names are those of the exchange and not the sender's own; under a feed that is nobody's nothing would say whose it is."""
    heads = {"x-request-id": "c1ab3fba-6bae-4ba4-b257-5a87c44d4a91", "x-correlation-id": "9562466f-c982-4bd5-bb0e-255e9f5e6689"}
    heads |= {"content-type": "application/fhir+json"} | signed(engine, "feed", organisation, feed=feed)
    answer = await http.post("/bars/$process-message", content=example("bars", "update.json"), headers=heads)
    assert answer.status_code == status, answer.text
    while engine.workshop.unfinished:
        await asyncio.sleep(0.005)
    store = engine.workshop.store
    assert {each.source async for each in store.stream(Search(PERMIT_ALL, "Encounter"))} == ({"RYE"} if status == 200 else set())


async def test_at_itk3_a_refusal_is_a_response_that_says_unauthorised_sender(engine: Engine, http: httpx.AsyncClient) -> None:
    """Response code 20012 (ITK3 Messaging Distribution), as XML where the message is declared so."""
    answer = await http.post("/itk3/$process-message", content=b"{}")
    outcome = answer.json()["entry"][1]["resource"]
    assert (answer.status_code, outcome["issue"][0]["details"]["coding"][0]["code"]) == (401, "20012")
    xml = {"content-type": "application/fhir+xml"} | signed(engine, "feed", "RYY", feed="*")
    other = await http.post("/itk3/$process-message", content=b"<Bundle/>", headers=xml)
    assert other.status_code == 403
    assert b'"20012"' in other.content
    assert other.headers["content-type"].startswith("application/fhir+xml")
    assert await journal(engine) == []


async def itk(engine: Engine, http: httpx.AsyncClient, body: bytes, client: str = "north-111") -> httpx.Response:
    """A report by NX111's program."""
    headers = {"content-type": "text/xml"} | signed(engine, "feed", "NX111", feed="*", client=client)
    return await http.post("/itk", content=body, headers=headers)


async def test_of_several_feeds_of_a_protocol_it_is_the_senders_own(engine: Engine, http: httpx.AsyncClient) -> None:
    assert (await itk(engine, http, OWN)).status_code == 200
    assert [entry.feed for entry in await journal(engine)] == ["triage"]


@pytest.mark.parametrize(
    "address", ["urn:nhs-uk:addressing:ods:RYY", "urn:nhs-uk:addressing:ods:RYY:TEAM", "urn:nhs-uk:addressing:ods:NX1", "someone"]
)
async def test_an_envelope_of_another_sender_is_refused(address: str, engine: Engine, http: httpx.AsyncClient) -> None:
    """By ``senderAddress``; it is kept as refused."""
    body = OWN.replace(b'senderAddress uri="urn:nhs-uk:addressing:ods:NX111"', f'senderAddress uri="{address}"'.encode())
    assert fault(await itk(engine, http, body)) == (500, "3000", "wrong-sender")
    assert [(entry.state, entry.reason) for entry in await journal(engine)] == [("refused", "wrong-sender")]


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("urn:nhs-uk:identity:ods:RYY:ROB", "wrong-sender"),
        ("urn:nhs-uk:identity:ods:NX111:ROB", ""),
        ("urn:nhs-uk:identity:uuid:1234", ""),
    ],
)
async def test_who_is_named_for_the_audit_is_of_the_sender(
    address: str, reason: str, engine: Engine, http: httpx.AsyncClient
) -> None:
    """``auditIdentity``, as far as it is of ODS."""
    body = OWN.replace(b"<itk:handlingSpecification>", f'<itk:auditIdentity><itk:id uri="{address}"/></itk:auditIdentity>'.encode()
                       + b"<itk:handlingSpecification>")  # fmt: skip
    answer = await itk(engine, http, body)
    assert answer.status_code == (500 if reason else 200)
    assert [entry.reason for entry in await journal(engine)] == [reason]


async def test_a_document_of_another_organisation_is_refused(engine: Engine, http: httpx.AsyncClient) -> None:
    """By its custodian."""
    answer = await itk(engine, http, OWN.replace(b'extension="NX111"', b'extension="RYY"'))
    assert fault(answer) == (500, "3000", "wrong-organisation")
    also = await itk(engine, http, OWN.replace(b'extension="NX111"', b'extension="NX9"').replace(b"TRACK-1", b"TRACK-2"))
    assert also.status_code == 200


def security(minutes: int, name: str) -> bytes:
    """A security header whose stamp was made so many minutes from now and is good for five."""
    times = [(datetime.now(UTC) + timedelta(minutes=minutes + more)).strftime("%Y-%m-%dT%H:%M:%SZ") for more in (0, 5)]
    return (
        f'<w:Security xmlns:w="{WSSE}" xmlns:u="{WSU}" s:mustUnderstand="1"><u:Timestamp><u:Created>{times[0]}</u:Created>'
        f"<u:Expires>{times[1]}</u:Expires></u:Timestamp><w:UsernameToken><w:Username>{name}</w:Username></w:UsernameToken>"
        "</w:Security></s:Header>"
    ).encode()


@pytest.mark.parametrize(
    ("minutes", "name", "reason"),
    [(-1, "north-111", ""), (-1, "North-111-Live", ""), (-1, "somebody", "wrong-sender"), (-60, "north-111", "stale-security")],
)
async def test_a_security_header_is_held_to_sign_on_and_clock(
    minutes: int, name: str, reason: str, engine: Engine, http: httpx.AsyncClient
) -> None:
    """Access denied (3000), and kept as refused; every case of it stands in ``tests/spec/adapters/test_nhs111_security.py``."""
    answer = await itk(engine, http, OWN.replace(b"</s:Header>", security(minutes, name)))
    if reason:
        assert fault(answer) == (500, "3000", reason)
    else:
        assert answer.status_code == 200, answer.text
    assert [entry.reason for entry in await journal(engine)] == [reason]


@pytest.mark.long
async def test_the_command_signs_on_with_the_key_of_the_engine_beside_it(engine: Engine, tmp_path: Path) -> None:
    """As the tester of the demonstration, on this machine alone; or with a token that it is given."""
    (tmp_path / "one.hl7").write_bytes(adt())
    words = [str(Path(sys.executable).with_name("interop")), "send", str(tmp_path / "one.hl7"), "--to"]
    words += [f"http://127.0.0.1:{engine.http}/ingest/ward", "--data"]

    async def sent(*more: str) -> tuple[int, str]:
        done = await asyncio.to_thread(subprocess.run, [*words, *more], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout

    assert await sent(str(engine.settings.data)) == (0, "1 sent, 1 accepted, 0 not\n")
    code, out = await sent(str(tmp_path / "nowhere"))
    assert code == 1
    assert " 401 " in out
    code, out = await sent(str(engine.settings.data), "--token", "no.such.token")
    assert code == 1
    assert " 401 " in out
    own = signed(engine, "feed", "RX1", feed="ward")["Authorization"].removeprefix("Bearer ")
    assert (await sent(str(tmp_path / "nowhere"), "--token", own))[0] == 0
