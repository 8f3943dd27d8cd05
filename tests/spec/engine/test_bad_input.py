"""Bad input: a clear error in the sender's own protocol, the bytes and an operator's sentence in the journal, and on it goes."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from conformance.examples.bad import BAD
from interop.app.engine import Engine
from interop.errors import reasons
from interop.store.plan import Message
from interop.store.values import Entry
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import client, found, ingest, journal, running, sender

pytestmark = pytest.mark.anyio
NUMBERS = count(1)
FILES = {bad.file_name: bad for bad in BAD}


class Case(NamedTuple):
    """What is sent, and what the standards say comes back: MSA-1 (HL7 v2.4 table 0008) and HTTP status; the place named."""

    name: str
    body: bytes
    code: str
    status: int
    reason: str
    where: str = ""


def bad(file_name: str) -> bytes:
    return FILES[file_name].body


HL7 = (
    Case("no MSH", bad("unreadable.hl7"), "AR", 400, "unreadable", "MSH"),
    Case("unknown trigger", bad("unknown-trigger.hl7"), "AR", 422, "unknown-trigger", "MSH-9"),
    Case("no PID", bad("missing-patient.hl7"), "AE", 422, "missing-field", "PID-3"),
    Case("no PV1-2", bad("missing-patient-class.hl7"), "AE", 422, "missing-field", "PV1-2"),
    Case("no MSH-10", bad("missing-control-id.hl7"), "AE", 422, "missing-field", "MSH-10"),
    Case("Latin-1 in UTF-8", bad("wrong-character-set.hl7"), "AR", 400, "character-set", "PID-5"),
    Case("no type", adt(control="B1").replace(b"ADT^A01", b""), "AE", 422, "missing-field", "MSH-9"),
    Case("PID-3 deleted", adt(control="B2", local='""').replace(b'""^^^PAS', b'""'), "AE", 422, "missing-field", "PID-3"),
    Case("merge of nothing", adt("A40", "B3").rpartition(b"MRG")[0], "AE", 422, "missing-field", "MRG-1"),
    Case("version 3.0", adt(control="B4", version="3.0"), "AR", 422, "unknown-version", "MSH-12"),
    Case("processing id X", adt(control="B5", processing="X"), "AR", 422, "unknown-processing-id", "MSH-11"),
    Case("character set of nobody", adt(control="B6", charset="EBCDIC"), "AR", 400, "character-set", "MSH-18"),
    Case("two messages", adt(control="B7") + adt(control="B8"), "AR", 400, "unreadable", "segment 5"),
    Case("MSH alone", b"MSH|^~\\&|PAS\r", "AE", 422, "missing-field", "MSH-10"),
    Case("MSH cut off", b"MSH|", "AR", 400, "unreadable", "MSH"),
    Case("a segment without a name", adt(control="B9") + b"??|1\r", "AR", 400, "unreadable", "segment 5"),
    Case("nothing", b"", "AR", 400, "unreadable", "MSH"),
    Case("XML", bad("cut-short.xml"), "AR", 400, "unreadable", "MSH"),
    Case("junk", bytes(byte for byte in range(256) if byte not in (0x0B, 0x1C)) * 9, "AR", 400, "unreadable", "MSH"),
    Case("zeros", bytes(999), "AR", 400, "unreadable", "MSH"),
)
TREES = (
    Case("openhr", bad("document-type.xml"), "", 400, "document-type"),
    Case("openhr", bad("cut-short.xml"), "", 400, "unreadable"),
    Case("openhr", b"<openHealthRecord/>", "", 422, "missing-field", "openHealthRecord/id"),
    Case("openhr", b"<other/>", "", 415, "unknown-format", "other"),
    Case("openhr", b"<openHealthRecord>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</openHealthRecord>", "", 400, "too-deep"),
    Case("openhr", b"", "", 400, "unreadable"),
    Case("nhs111", b"<!DOCTYPE a><ClinicalDocument/>", "", 400, "document-type"),
    Case("nhs111", b"<ClinicalDocument><id root='{{id}}'/></ClinicalDocument>", "", 422, "placeholder", "line 1"),
    Case("nhs111", b"<ClinicalDocument/>", "", 422, "missing-field", "ClinicalDocument/messageType"),
    Case("ers", bad("not-json.json"), "", 400, "unreadable"),
    Case("ers", b'{"resourceType":"ReferralRequest"}', "", 422, "missing-field", "ReferralRequest.id"),
    Case("ers", b'{"resourceType":"Patient","id":"x"}', "", 422, "unknown-trigger"),
    Case("ers", b'{"resourceType":"ReferralRequest","id":"\\ud800"}', "", 400, "unreadable"),
    Case("ers", b"[]", "", 415, "unknown-format", "resourceType"),
    Case("ers", b'{"a":' * 5000 + b"1" + b"}" * 5000, "", 400, "too-deep"),
    Case("ers", b"\xff\xfe{}", "", 400, "character-set"),
    Case("bars", b'{"resourceType":"Patient","id":"x"}', "", 415, "unknown-format", "resourceType"),
    Case("bars", b'{"resourceType":"Bundle","type":"searchset"}', "", 422, "unknown-trigger", "Bundle.type"),
    Case("bars", b'{"resourceType":"Bundle","type":"message","id":"1"}', "", 422, "missing-field", "MessageHeader"),
    Case("bars", b'{"a":' * 5000 + b"1" + b"}" * 5000, "", 400, "too-deep"),
    Case("documents", b'{"resourceType":"Bundle","type":"document"}', "", 422, "missing-field", "Bundle.id"),
    Case("documents", b'{"resourceType":"Bundle","type":"message","id":"1"}', "", 422, "unknown-trigger", "Bundle.entry"),
    Case("documents", b"<Bundle xmlns='urn:other'/>", "", 415, "unknown-format", "Bundle"),
    Case("bars", b"<Bundle xmlns='urn:other'/>", "", 415, "unknown-format", "Bundle"),
    Case("bars", bad("document-type.xml"), "", 400, "document-type"),
    Case("any-new-feed", b"a text of nobody's format", "", 415, "unknown-format"),
    Case("any-new-feed", b"", "", 415, "unknown-format"),
)


def names(case: Case) -> str:
    return f"{case.name}-{case.reason}"


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def engine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    async with running(tmp_path_factory.mktemp("bad") / "data") as engine:
        yield engine


@pytest.fixture(scope="module")
async def http(engine: Engine) -> AsyncIterator[httpx.AsyncClient]:
    async with client(engine) as http:
        yield http


async def last(engine: Engine) -> Entry:
    """The newest entry of the journal, with its body."""
    newest = (await journal(engine))[-1].message
    entries: list[Entry] = await engine.workshop.store.query(Message(newest))
    return entries[0]


async def kept(engine: Engine, body: bytes, reason: str, where: str) -> None:
    """The newest entry holds these bytes, refused for that reason."""
    entry = await last(engine)
    assert (entry.body, entry.size, entry.state, entry.reason) == (body, len(body), "refused", reason)
    if where:
        assert entry.where == where
    assert reasons()[reason].sentence
    assert reasons()[reason].action


async def lives(engine: Engine, http: httpx.AsyncClient) -> None:
    """The next good message is applied and found."""
    number = next(NUMBERS)
    local = f"GOOD{number}"
    answer = await ingest(http, adt(control=f"GOOD{number}", local=local, visit=f"VG{number}"))
    assert (answer.status_code, answer.json()["state"]) == (200, "applied")
    assert len(await found(http, f"Patient?identifier={local}")) == 1


@pytest.mark.parametrize("case", HL7, ids=names)
async def test_hl7_v2_over_mllp_is_answered_with_a_negative_acknowledgement(
    case: Case, engine: Engine, http: httpx.AsyncClient
) -> None:
    async with sender(engine.mllp) as line:
        said = await line.ask(case.body)
        assert said is not None
        assert said.code == case.code
        assert reasons()[case.reason].err in said.text
        await kept(engine, case.body, case.reason, case.where)
        number = next(NUMBERS)
        good = await line.ask(adt(control=f"SAME-LINE{number}", local=f"S{number}", visit=f"VS{number}"))
        assert good is not None
        assert good.code == "AA"
    await lives(engine, http)


@pytest.mark.parametrize("case", HL7, ids=names)
async def test_hl7_v2_over_http_is_answered_with_an_operation_outcome(case: Case, engine: Engine, http: httpx.AsyncClient) -> None:
    await over_http("hl7v2", case, engine, http)


@pytest.mark.parametrize("case", TREES, ids=names)
async def test_xml_and_json_over_http_are_answered_with_an_operation_outcome(
    case: Case, engine: Engine, http: httpx.AsyncClient
) -> None:
    await over_http(case.name, case, engine, http)


async def over_http(feed: str, case: Case, engine: Engine, http: httpx.AsyncClient) -> None:
    answer = await http.post(f"/ingest/{feed}", content=case.body)
    said = answer.json()
    assert (answer.status_code, said["resourceType"]) == (case.status, "OperationOutcome")
    assert said["issue"][0]["details"]["coding"][0]["code"] == case.reason
    await kept(engine, case.body, case.reason, case.where)
    entry = await last(engine)
    assert answer.headers["location"] == f"/messages/{entry.message}"
    status = (await http.get(answer.headers["location"])).json()
    assert (status["state"], status["reason"]) == ("refused", case.reason)
    await lives(engine, http)


async def test_a_refused_message_is_found_by_its_control_id(engine: Engine, http: httpx.AsyncClient) -> None:
    for body in (adt(control="SEEK1", local=""), adt(control="SEEK2", family="\xff").replace("\xff".encode(), b"\xff")):
        await http.post("/ingest/hl7v2", content=body)
    said = [(entry.control_id, entry.type, entry.state) for entry in (await journal(engine))[-2:]]
    assert said == [("SEEK1", "ADT^A01", "refused"), ("SEEK2", "ADT^A01", "refused")]


async def test_a_body_over_the_limit_is_refused_and_what_was_read_is_kept(engine: Engine, http: httpx.AsyncClient) -> None:
    engine.listening.listeners[0].limit = 100_000  # type: ignore[attr-defined]
    body = adt(control="LARGE", extra=("NTE|1||" + "x" * 200_000,))
    async with sender(engine.mllp) as line:
        said = await line.ask(body)
        assert said is not None
        assert (said.code, said.control) == ("AR", "LARGE")
        assert await line.answer() is None
    await kept(engine, body[:100_000], "too-large", "")
    body = b"x" * (20 * 1024 * 1024 + 1)
    answer = await http.post("/ingest/openhr", content=body)
    assert answer.status_code == 413
    await kept(engine, body[:-1], "too-large", "")
    await lives(engine, http)


@pytest.mark.parametrize("leave", ["half", "whole"])
async def test_a_truncated_frame_is_closed_without_reply_and_journalled(
    leave: str, engine: Engine, http: httpx.AsyncClient
) -> None:
    block = bad("truncated.mllp")
    before = (await journal(engine))[-1].message
    async with sender(engine.mllp) as line:
        line.writer.write(block)
        if leave == "half":
            line.writer.write_eof()
            assert await line.reader.read() == b""
    while (await journal(engine))[-1].message == before:
        await asyncio.sleep(0)
    await kept(engine, block[1:], "truncated", "")
    await lives(engine, http)


async def test_a_body_cut_off_over_http_is_journalled(engine: Engine, http: httpx.AsyncClient) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.http)
    writer.write(b"POST /ingest/hl7v2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\nExpect: 100-continue\r\n\r\n")
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")  # the body is being read
    writer.write(b"MSH|^~\\&|CUT-OFF")
    writer.close()
    await writer.wait_closed()
    while (await last(engine)).body != b"MSH|^~\\&|CUT-OFF":
        await asyncio.sleep(0)
    await kept(engine, b"MSH|^~\\&|CUT-OFF", "truncated", "")
    await lives(engine, http)


async def test_a_bad_nhs_number_is_accepted_flagged_and_never_links(engine: Engine, http: httpx.AsyncClient) -> None:
    wrong = ZELDA[:-1] + str((int(ZELDA[-1]) + 1) % 10)
    for number, local in enumerate(("BAD-A", "BAD-B")):
        answer = await ingest(http, adt(control=local, local=local, nhs=wrong, visit=f"VB{number}"))
        assert answer.status_code == 200
    await alone(http, "BAD-A", "BAD-B")
    patient = (await found(http, "Patient?identifier=BAD-A"))[0]
    assert wrong in [one["value"] for one in patient["identifier"]]
    assert [tag["code"] for tag in patient["meta"]["tag"]] == ["nhs-number-invalid"]


async def test_a_number_of_one_digit_repeated_passes_modulus_11_and_never_links(engine: Engine, http: httpx.AsyncClient) -> None:
    for number, local in enumerate(("ONES-A", "ONES-B")):
        await ingest(http, adt(control=local, local=local, nhs="1111111111", visit=f"VO{number}"))
    await alone(http, "ONES-A", "ONES-B")


async def test_a_number_of_which_nobody_says_that_it_was_verified_does_not_link(engine: Engine, http: httpx.AsyncClient) -> None:
    for number, local in enumerate(("SILENT-A", "SILENT-B")):
        await ingest(http, adt(control=local, local=local, nhs=ZELDA, visit=f"VSILENT{number}", status=""))
    await alone(http, "SILENT-A", "SILENT-B")


async def test_a_good_number_with_agreeing_demographics_links(engine: Engine, http: httpx.AsyncClient) -> None:
    for number, local in enumerate(("LINK-A", "LINK-B")):
        await ingest(http, adt(control=local, local=local, nhs=ZELDA, visit=f"VL{number}"))
    one = (await found(http, "Patient?identifier=LINK-A"))[0]
    assert len(await found(http, f"Encounter?patient={one['id']}")) == 2


async def alone(http: httpx.AsyncClient, *locals: str) -> None:
    """Each of these Patients has one Encounter, its own."""
    for local in locals:
        patient = (await found(http, f"Patient?identifier={local}"))[0]
        visits = await found(http, f"Encounter?patient={patient['id']}")
        assert [visit["subject"]["reference"] for visit in visits] == [f"Patient/{patient['id']}"]


async def test_an_unknown_feed_is_404(engine: Engine, http: httpx.AsyncClient) -> None:
    for name in ("api", "engine", "pds", "Not%20A%20Name", ""):
        answer = await http.post(f"/ingest/{name}", content=adt())
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-found")


async def test_an_operator_sees_a_sentence_and_one_action_for_each(engine: Engine, http: httpx.AsyncClient) -> None:
    command = [str(Path(sys.executable).with_name("interop")), "messages", "--data", str(engine.settings.data)]
    command += ["--state", "refused", "--count", "1000", "--json"]
    done = await asyncio.to_thread(lambda: subprocess.run(command, capture_output=True, check=True))
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(lines) >= 2 * len(HL7) + len(TREES)
    assert all(line["sentence"].endswith(".") and line["action"].endswith(".") for line in lines)
    assert {line["state"] for line in lines} == {"refused"}
