"""Health, figures, the home page, and failures that nobody foresaw."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from lxml.html import fromstring
from prometheus_client.parser import text_string_to_metric_families
from structlog.testing import capture_logs

from interop.api.app import create_app
from interop.api.asgi import Receive, Scope, Send
from interop.api.server import HttpServer
from interop.api.services import Services
from interop.errors import Problem
from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import Client
from tests.spec.api.messages import admission
from tests.spec.api.people import contribute, patient

pytestmark = pytest.mark.anyio


async def test_live_and_ready(client: Client, services: Services) -> None:
    for name in ("live", "ready"):
        answer = await client.get(f"/health/{name}")
        assert (answer.status_code, answer.json()) == (200, {"status": name})
    services.ready = lambda: Problem("stopping")
    answer = await client.get("/health/ready")
    assert (answer.status_code, answer.json()["reason"]) == (503, "stopping")
    assert "retry-after" in answer.headers
    assert (await client.get("/health/live")).status_code == 200


async def test_who_balances_tells_a_stop_from_a_failure(client: Client, services: Services) -> None:
    services.ready = lambda: Problem("stopping")
    answer = await client.get("/health/ready?stopping=404")
    assert (answer.status_code, answer.json()["reason"]) == (404, "stopping")
    services.ready = lambda: Problem("audit-unavailable")
    assert (await client.get("/health/ready?stopping=404")).status_code == 503


async def test_figures_can_be_read_by_prometheus(client: Client, services: Services) -> None:
    await client.send("POST", "/ingest/hospital", admission())
    await client.send("POST", "/ingest/hospital", b"no message")
    await client.get("/fhir/Patient/nobody")
    services.gauges = lambda: {"mappers": 2}
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    found: dict[Any, float] = {}
    for family in text_string_to_metric_families(answer.text):
        found.update(((sample.name, *sorted(sample.labels.values())), sample.value) for sample in family.samples)
    assert found["interop_messages_received_total", "hospital"] == 2
    assert found["interop_messages", "hospital", "waiting"] == 1
    assert found["interop_messages", "hospital", "refused"] == 1
    assert found["interop_http_responses_total", "404", "GET", "fhir"] == 1
    assert found["interop_http_responses_total", "202", "POST", "ingest"] == 1
    assert found["interop_mappers",] == 2


async def test_the_home_page_says_where_one_goes_from_here(client: Client) -> None:
    """Of an engine that nothing has come to, what to do first."""
    assert "Nothing has come yet" in (await client.get("/")).text
    await client.send("POST", "/ingest/hospital", admission())
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "Nothing has come yet" not in answer.text
    assert {"/crew", "/record", "/desk", "/console", "/api"} <= set(fromstring(answer.text).xpath("//a/@href"))
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert (await client.send("HEAD", "/")).status_code == 200
    assert (await client.get("/nowhere")).status_code == 404


async def test_other_pages_can_stand_behind_the_api(services: Services) -> None:
    async def pages(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": b"pages"})

    transport = httpx.ASGITransport(app=create_app(services, lambda _: pages))
    async with httpx.AsyncClient(transport=transport, base_url="http://care.test") as http:
        assert (await http.get("/")).status_code == 299
        assert (await http.get("/fhirside")).status_code == 299
        assert (await http.get("/fhir/metadata")).status_code == 200


@pytest.mark.parametrize(("method", "address"), [("POST", "/health/live"), ("DELETE", "/messages/1"), ("POST", "/metrics")])
async def test_405_names_what_is_allowed(client: Client, method: str, address: str) -> None:
    answer = await client.send(method, address)
    assert (answer.status_code, answer.headers["allow"], answer.json()["reason"]) == (405, "GET, HEAD", "not-allowed")


@pytest.mark.parametrize("address", ["/fhir/Patient/p1", "/messages/1", "/metrics", "/fhir/Patient?family=Unmistakable"])
async def test_what_nobody_foresaw_is_500_and_says_nothing(
    client: Client, services: Services, store: SqliteStore, address: str
) -> None:
    async def broken(plan: Any) -> list[Any]:
        raise RuntimeError("Unmistakable")

    store.query = broken  # type: ignore[method-assign]
    with capture_logs() as lines:
        answer = await client.get(address)
    assert answer.status_code == 500
    assert "Unmistakable" not in answer.text
    said = repr(lines)
    assert "RuntimeError" in said
    assert "Unmistakable" not in said


async def test_a_disk_that_fails_is_503(client: Client, store: SqliteStore) -> None:
    async def broken(plan: Any) -> list[Any]:
        raise Problem("journal-unavailable")

    store.query = broken  # type: ignore[method-assign]
    answer = await client.get("/fhir/Patient/p1")
    assert (answer.status_code, answer.json()["issue"][0]["code"]) == (503, "no-store")
    assert "retry-after" in answer.headers


@pytest.mark.parametrize("host", ["evil.example/path", "a b", 'x"y', "<script>"])
async def test_a_host_that_is_no_host_gets_into_no_answer(client: Client, store: SqliteStore, host: str) -> None:
    await contribute(store, patient("p1"))
    answer = await client.get("/fhir/Patient?_id=p1", host=host)
    assert answer.json()["entry"][0]["fullUrl"] == "http://localhost/fhir/Patient/p1"


@pytest.mark.parametrize(
    ("named", "status"),
    [
        ([b"localhost"], 200), ([b"LOCALHOST:8080"], 200), ([b"[::1]:8080"], 200), ([b"[::1]"], 200), ([], 200),
        ([b"localhost", b"elsewhere.example"], 421), ([b"elsewhere.example", b"localhost"], 421), ([b"localhost"] * 2, 421),
        ([b"localhost:80@elsewhere.example"], 421), ([b"localhost:"], 421), ([b""], 421), ([b"localhost."], 421),
        ([b"localhost.elsewhere.example"], 421),
    ],
)  # fmt: skip
async def test_who_names_us_otherwise_or_twice_is_told_nothing(services: Services, named: list[bytes], status: int) -> None:
    """A page of another site whose name leads here; a proxy that looked at the other header (RFC 9112, 3.2)."""
    services.hosts = frozenset((b"localhost", b"[::1]"))
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(b"host", each) for each in named]
    scope = {"type": "http", "method": "GET", "path": "/health/live", "query_string": b"", "headers": headers, "scheme": "http"}
    await create_app(services)(scope, receive, send)
    assert sent[0]["status"] == status


async def test_the_address_that_clients_know_can_be_configured(client: Client, services: Services, store: SqliteStore) -> None:
    services.base = "https://care.example"
    await contribute(store, patient("p1"))
    answer = await client.get("/fhir/Patient?_id=p1")
    assert answer.json()["entry"][0]["fullUrl"] == "https://care.example/fhir/Patient/p1"


async def test_the_server_answers_on_a_port_of_its_own(services: Services, store: SqliteStore) -> None:
    await contribute(store, patient("p1"))
    server = HttpServer(create_app(services), "127.0.0.1", 0)
    await server.start()
    try:
        assert server.port > 0
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as http:
            answers = await asyncio.gather(*(http.get("/fhir/Patient/p1") for _ in range(20)))
            assert {answer.status_code for answer in answers} == {200}
            assert answers[0].json()["id"] == "p1"
            assert (await http.head("/fhir/Patient/p1")).headers["content-length"] == str(len(answers[0].content))
            services.message_limit = 1000
            large = await http.post("/ingest/hospital", content=b"x" * 3_000_000)
            assert large.status_code == 413
            assert (await http.get("/health/live")).status_code == 200
    finally:
        await server.stop()
    with pytest.raises(OSError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_a_port_that_is_taken_is_an_error(services: Services) -> None:
    first = HttpServer(create_app(services), "127.0.0.1", 0)
    await first.start()
    try:
        with pytest.raises(OSError):
            await HttpServer(create_app(services), "127.0.0.1", first.port).start()
    finally:
        await first.stop()
