"""A message's life and each request as spans of OpenTelemetry: which traces they are of, what they say, and that nothing waits for
whoever collects them."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from conformance.generate.numbers import nhs_number
from interop.app.keys import id_key
from interop.app.settings import Settings
from interop.app.telemetry import BATCH, MISSING, Telemetry
from interop.app.watching import telemetry_of
from interop.cli.main import app
from interop.watching.spans import ATTRIBUTES, Context, Span, Spans, parent_of, read_parent
from tests.places import ROOT
from tests.spec.durability.process import Served
from tests.spec.engine.messages import adt
from tests.spec.engine.running import running, sender
from tests.spec.notify.receiving import receiving
from tests.spec.notify.subscribing import become
from tests.spec.notify.test_operating import hook, toml
from tests.spec.watching.collecting import collecting

pytestmark = pytest.mark.anyio
CALLER = Context(0x4BF92F3577B34DA6A3CE929D0E0E4736, 0x00F067AA0BA902B7)
NUMBER = nhs_number(4_713)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that ends waits until its collector has all, however slow this machine is."""
    monkeypatch.setattr("interop.app.telemetry.LAST", 30.0)


def client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False)


def spans(key: bytes = b"key", share: float = 1.0) -> tuple[Spans, list[Span]]:
    out: list[Span] = []
    return Spans(key, share, lambda: 0, out.append), out


@pytest.mark.usefixtures("whole")
async def test_a_message_is_one_trace_from_its_receipt_to_its_delivery_and_the_callers_request_leads_to_it(tmp_path: Path) -> None:
    with collecting() as collector:
        async with receiving() as receiver:
            more = {"otlp": collector.url, "otlp_share": 1.0, "destinations": toml(tmp_path, admissions=hook(receiver))}
            async with running(tmp_path / "data", **more) as engine, client(engine.http) as http:
                asked = await http.post(
                    "/ingest/hl7v2?wait=applied", content=adt(nhs=NUMBER), headers={"traceparent": parent_of(CALLER)}
                )
                [got] = await receiver.until(1)
                await become(engine, "sent")
                number = asked.json()["message"]
                root = Spans(id_key(tmp_path / "data"), 1, lambda: 0, lambda span: None).message(number)
        by_name = {each.name: each for each in collector.spans if each.trace == root.trace}
        assert {"receive", "journal", "map", "apply", "deliver", "answer"} == by_name.keys()
        assert (by_name["receive"].span, by_name["receive"].parent) == (root.span, 0)
        assert {each.parent for name, each in by_name.items() if name != "receive"} == {root.span}
        assert {each.attributes["interop.message"] for each in by_name.values()} == {number}
        assert by_name["receive"].attributes["interop.feed"] == "hl7v2"
        assert by_name["apply"].attributes["interop.state"] == "applied"
        assert by_name["deliver"].attributes["interop.destination"] == "admissions"
        order = [by_name[name] for name in ("journal", "map", "apply", "deliver")]
        assert [each.start for each in order] == sorted(each.start for each in order)
        told = read_parent(got.headers["traceparent"])
        assert told == Context(root.trace, by_name["deliver"].span)
        [request] = [each for each in collector.named("request") if each.trace == CALLER.trace]
        assert (request.parent, request.links) == (CALLER.span, [(root.trace, root.span)])
        assert by_name["answer"].links == [(CALLER.trace, request.span)]
        assert request.attributes["interop.message"] == number
        assert collector.paths == {"/v1/traces"}
        assert request.resource["service.name"] == "interop"
        assert request.resource["service.instance.id"] == "engine"


@pytest.mark.long
@pytest.mark.timeout(300)
async def test_processes_that_share_a_database_make_one_trace_of_a_message(tmp_path: Path, database: str) -> None:
    wanted = {("receive", "door"), ("journal", "door"), ("answer", "door"), ("map", "work"), ("apply", "work")}
    with collecting() as collector:

        def found() -> set[tuple[str, object]]:
            return {(each.name, each.resource["service.instance.id"]) for each in list(collector.spans) if each.trace == root.trace}

        said = ("--database", database, "--otlp", collector.url, "--otlp-share", "1")
        async with (
            Served(tmp_path / "data", *said, "--roles", "ingest,api", "--name", "door") as door,
            Served(tmp_path / "data", *said, "--roles", "worker", "--name", "work") as work,
            door.client() as http,
        ):
            asked = await http.post("/ingest/hl7v2?wait=applied", content=adt())
            assert asked.json()["state"] == "applied"
            root = Spans(id_key(tmp_path / "data"), 1, lambda: 0, lambda span: None).message(asked.json()["message"])
            async with asyncio.timeout(60):
                while found() != wanted:  # what is left at the end has a second, which a busy machine may not give
                    await asyncio.sleep(0.01)
            for process in (door, work):
                process.terminate()
                assert await process.ended() == 0
    assert found() == wanted


@pytest.mark.usefixtures("whole")
async def test_a_request_is_a_trace_of_door_decision_store_and_audit(tmp_path: Path) -> None:
    with collecting() as collector:
        async with running(tmp_path / "data", otlp=collector.url, otlp_share=1.0) as engine, client(engine.http) as http:
            for _ in range(3):  # the third by the shortest way
                await http.get("/fhir/Patient/p1", headers={"traceparent": parent_of(CALLER)})
            await http.get("/fhir/Patient", headers={"traceparent": parent_of(CALLER._replace(sampled=False))})
            assert "interop_spans_total" in (await http.get("/metrics")).text
        requests = [each for each in collector.named("request") if each.trace == CALLER.trace]
        assert [each.attributes["http.response.status_code"] for each in requests] == [404, 404, 404]
        for request in requests:
            within = {each.name: each for each in collector.spans if each.parent == request.span}
            assert within.keys() == {"door", "decide", "store", "audit"}
            assert (within["decide"].attributes["interop.outcome"], within["store"].attributes["interop.plan"]) == (
                "permitted",
                "Read",
            )
            assert all(request.start <= each.start <= each.end <= request.end for each in within.values())
        assert request.attributes["interop.part"] == "fhir"


@pytest.mark.usefixtures("whole")
async def test_spans_say_what_they_may_and_nothing_of_a_person(tmp_path: Path) -> None:
    with collecting() as collector:
        async with (
            running(tmp_path / "data", otlp=collector.url, otlp_share=1.0) as engine,
            client(engine.http) as http,
            sender(engine.mllp) as line,
        ):
            await line.ask(adt(nhs=NUMBER, control=NUMBER))
            await line.ask(adt("A99", nhs=NUMBER, control="QUARRINGTON"))
            await http.post(f"/ingest/{NUMBER}?wait=applied", content=adt(nhs=NUMBER, control="C3"))
            await http.post("/ingest/hl7v2", content=b"QUARRINGTON")
            await http.get(f"/fhir/Patient?family=QUARRINGTON&identifier={NUMBER}", headers={"x-name": "QUARRINGTON"})
            await http.request("PURGE", f"/fhir/Patient/{NUMBER}")
            await http.get(f"/{NUMBER}")
        assert len(collector.spans) > 20
        assert {name for each in collector.spans for name in each.attributes} <= ATTRIBUTES.keys()
        assert any(each.failed for each in collector.named("receive"))
        raw = collector.raw.lower()
        held = (NUMBER, "quarrington", "zelda", "tolpuddle", "qx9 7zd", "purge", "family", "l1001")
        assert [one for one in held if one.encode() in raw] == []


def test_what_a_span_may_not_say_is_left_out() -> None:
    made, out = spans()
    made.add(Span("x", CALLER, 0, 0, 1, {"interop.message": 1, "url.path": "/fhir/Patient/p1"}))
    assert [each.attributes for each in out] == [{"interop.message": 1}]


def test_every_process_of_a_deployment_gives_a_message_the_same_trace_and_another_deployment_another() -> None:
    one, two, other = (spans(key)[0] for key in (b"one", b"one", b"two"))
    numbers = range(1, 2_000)
    assert [one.message(number) for number in numbers] == [two.message(number) for number in numbers]
    assert len({made.message(number).trace for made in (one, other) for number in numbers}) == 2 * len(numbers)


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (0.25, 900, 1_100), (1.0, 4_000, 4_000)])
def test_the_share_that_was_asked_for_is_sampled(share: float, least: int, most: int) -> None:
    made, out = spans(share=share)
    for number in range(4_000):
        made.add(Span("receive", made.message(number), 0, 0, 1, {}))
    assert least <= len(out) <= most


@pytest.mark.parametrize(
    "said",
    [
        "", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7", "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
    ],
)  # fmt: skip
def test_a_header_that_is_no_parent_begins_a_trace_of_its_own(said: str) -> None:
    """W3C Trace Context 1, 3.2."""
    assert read_parent(said) is None
    context, parent = spans()[0].asked(said)
    assert parent == 0
    assert context.trace > 0


@given(st.integers(1, (1 << 128) - 1), st.integers(1, (1 << 64) - 1), st.booleans())
def test_a_parent_is_read_as_it_was_written(trace: int, span: int, sampled: bool) -> None:
    context = Context(trace, span, sampled)
    assert read_parent(parent_of(context)) == context
    later = "cc" + parent_of(context)[2:] + "-more"
    assert read_parent(later) == context


async def test_a_collector_that_never_answers_costs_spans_and_no_answer(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it listens, nobody takes the connection
        more = {"otlp": f"http://127.0.0.1:{silent.getsockname()[1]}", "otlp_share": 1.0}
        async with running(tmp_path / "data", **more) as engine, client(engine.http) as http:
            for number in range(20):
                answer = await http.post("/ingest/hl7v2?wait=applied", content=adt(control=f"C{number}"))
                assert answer.json()["state"] == "applied"
            counts = engine.telemetry.counts if engine.telemetry is not None else {}
            assert counts["sent"] == 0


@pytest.mark.usefixtures("whole")
def test_spans_beyond_the_room_are_dropped_and_counted_and_adding_never_waits() -> None:
    with collecting() as collector:
        collector.status = 503
        telemetry = Telemetry(collector.url, {"service.name": "interop"}, room=3 * BATCH)
        one = Span("receive", CALLER, 0, 0, 1, {"interop.message": 1})
        for _ in range(5 * BATCH):  # nothing sends yet: it is as if the collector stood still
            telemetry.add(one)
        assert telemetry.counts == {"sent": 0, "failed": 0, "dropped": 2 * BATCH}
        collector.status = 200
        telemetry.start()
        telemetry.stop()
        assert telemetry.counts == {"sent": 3 * BATCH, "failed": 0, "dropped": 2 * BATCH}
        assert len(collector.spans) == 3 * BATCH


@pytest.mark.usefixtures("whole")
def test_what_came_last_goes_out_though_its_thread_finds_that_it_is_to_end() -> None:
    with collecting() as collector:
        telemetry = Telemetry(collector.url, {"service.name": "interop"})
        telemetry.add(Span("receive", CALLER, 0, 0, 1, {"interop.message": 1}))
        telemetry._ended = True  # as where the thread has its turn after it was told to stop
        telemetry.start()
        telemetry.stop()
        assert telemetry.counts == {"sent": 1, "failed": 0, "dropped": 0}


def test_nothing_of_it_is_imported_where_nobody_asked_for_it() -> None:
    code = (
        "import sys, interop.app.engine, interop.cli.serve; "
        "print([m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter', 'google.protobuf')) "
        "or m in ('interop.app.telemetry', 'interop.app.spanning')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=dict(os.environ), check=True)
    assert done.stdout.strip() == "[]"


def test_where_opentelemetry_is_not_installed_the_start_says_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    threads = set(threading.enumerate())
    with pytest.raises(ValueError) as refused:
        telemetry_of(Settings(data=tmp_path, otlp="http://127.0.0.1:4318"))
    assert str(refused.value) == MISSING
    assert "interop[otel]" in MISSING
    assert set(threading.enumerate()) <= threads
    command = ["--data", str(tmp_path), "--http", "127.0.0.1:0", "--mllp", "127.0.0.1:0", "--otlp", "http://127.0.0.1:4318"]
    checked = CliRunner().invoke(app, ["check-config", *command])
    assert checked.exit_code == 1
    assert checked.output.count("or leave otlp out") == 1
    assert "stops: otlp: OpenTelemetry is not installed. Run pip install 'interop[otel]', or leave otlp out.\n" in checked.output
    monkeypatch.setattr("interop.cli.serve.prepare", lambda **process: None)  # logs of this process stay as they are
    started = CliRunner().invoke(app, ["serve", *command, "--mappers", "0", "--open"])
    assert (started.exit_code, started.stderr) == (2, f"{MISSING}\n")


@pytest.mark.parametrize(
    "address", ["collector:4318", "ftp://collector", "http://", "http://me:secret@collector:4318", "http://c?x=1"]
)
def test_an_address_that_is_no_collectors_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValueError, match="a collector is named as"):
        Settings(data=tmp_path, otlp=address)
