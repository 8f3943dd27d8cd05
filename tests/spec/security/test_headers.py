"""Headers that keep a browser in check, on every answer of every address, and nothing that tells which program answers."""

from __future__ import annotations

import asyncio
import re
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256

import httpx
import pytest

from interop.api.app import EXACT
from interop.api.fhir.routes import INTERACTIONS
from interop.app.engine import Engine
from interop.mapping.library import adapters
from interop.pages.reference import HEADERS
from interop.ports import Answers
from tests.spec.engine.running import TIMEOUT, running

pytestmark = pytest.mark.anyio
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
FHIR = {
    "metadata": "metadata",
    "system": "",
    "system-search": "_search",
    "system-history": "_history",
    "type": "Patient",
    "type-search": "Patient/_search",
    "type-history": "Patient/_history",
    "compartment": "Patient/p1/Observation",
    "compartment-search": "Patient/p1/Observation/_search",
    "instance": "Patient/p1",
    "instance-history": "Patient/p1/_history",
    "version": "Patient/p1/_history/1",
}
"""An address of each kind that is routed."""
OTHERS = (
    "/", "/api", "/api/Patient", "/api/Nothing", "/nowhere", "/signon", "/messages/1", "/messages/x", "/ingest/hl7v2",
    "/ingest/No%20feed", "/fhir/Nothing", "/fhir/Patient/$nothing", "/fhir/$validate", "/fhir/Binary/b1", "/fhirside", "/../etc",
    "/fhir/.well-known/smart-configuration", "/.well-known/openid-configuration", "/favicon.ico", "/%00", "/fhir/Patient?_count=x",
)  # fmt: skip
HASHED = re.compile(r"style-src ((?:'sha256-[A-Za-z0-9+/=]{44}' ?)+);")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module", params=[True, False], ids=["open", "signed on"])
async def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    async with running(tmp_path_factory.mktemp("engine") / "data", open=request.param) as engine:
        yield engine


def addresses() -> Iterator[str]:
    """One of every kind."""
    assert {kind for kind, _ in INTERACTIONS} == FHIR.keys(), "a kind of address has no example here"
    yield from (f"/fhir/{rest}" for rest in FHIR.values())
    yield from EXACT
    for adapter in adapters().values():
        if isinstance(adapter, Answers):
            yield from (adapter.base, f"{adapter.base}/metadata", f"{adapter.base}/$process-message", f"{adapter.base}/nothing")
    yield from OTHERS


def guarded(headers: httpx.Headers) -> str:
    """What is amiss; '' where nothing is."""
    policy = headers.get_list("content-security-policy")
    if len(policy) != 1 or "default-src 'none'" not in policy[0] or "frame-ancestors 'none'" not in policy[0]:
        return f"content-security-policy: {policy}"
    if "unsafe" in policy[0] or "*" in policy[0] or "http" in policy[0]:
        return f"content-security-policy: {policy}"
    page = headers.get("content-type", "").startswith("text/html") or headers.get("location", "").startswith(("/auth/", "/api"))
    referrer = ["same-origin", "no-referrer"] if page else ["no-referrer"]  # a form of ours says where it is from
    for name, values in (("x-content-type-options", ["nosniff"]), ("referrer-policy", referrer), ("x-frame-options", ["DENY"])):
        if len(headers.get_list(name)) != 1 or headers[name] not in values:
            return f"{name}: {headers.get_list(name)}"
    if "strict-transport-security" in headers:
        return "strict-transport-security over plain HTTP"
    told = [name for name in ("server", "x-powered-by", "via") if name in headers]
    return f"told: {told}" if told else ""


async def test_every_answer_has_them(engine: Engine) -> None:
    """Whatever its status, in an engine that everyone may ask and in one where nobody has signed on."""
    wrong: list[str] = []
    statuses: set[int] = set()
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine.http}", timeout=TIMEOUT, trust_env=False) as http:
        for address in addresses():
            for method in METHODS:
                answer = await http.request(method, address, content=b"{}" if method in ("POST", "PUT", "PATCH") else None)
                statuses.add(answer.status_code)
                if amiss := guarded(answer.headers):
                    wrong.append(f"{method} {address} {answer.status_code}: {amiss}")
        wronghost = await http.get("/", headers={"host": "evil.example"})
        wrong += [f"by another name: {amiss}"] if (amiss := guarded(wronghost.headers)) else []
    assert wrong == []
    assert {404, 405} <= statuses
    assert 200 in statuses
    assert (401 in statuses) is not engine.settings.open


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\n" + b"a: b\r\n" * 300 + b"\r\n",
        b"no HTTP at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
    ],
    ids=["an address too long", "too many fields", "no request", "a length that is none"],
)
async def test_what_is_refused_before_it_is_a_request_has_them_too(sent: bytes, engine: Engine) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", engine.http)
    writer.write(sent)
    answer = await asyncio.wait_for(reader.read(), 30)
    writer.close()
    head = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0].split()[1].startswith(b"4")
    assert guarded(httpx.Headers([line.split(b": ", 1) for line in head[1:]])) == ""  # type: ignore[misc]


async def test_a_page_may_use_the_styles_that_it_holds_and_no_other(engine: Engine) -> None:
    """By their hashes (CSP level 3, 2.3.1); no form to elsewhere."""
    allowed = HASHED.search(HEADERS["content-security-policy"])
    assert allowed is not None
    assert "form-action 'self'" in HEADERS["content-security-policy"]
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine.http}", timeout=TIMEOUT, trust_env=False) as http:
        assert "<style" not in (await http.get("/")).text
        for address in ("/api", "/api/Patient"):
            answer = await http.get(address)
            styles = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
            assert len(styles) == 1
            digest = b64encode(sha256(styles[0].encode()).digest()).decode()
            assert f"'sha256-{digest}'" in allowed[1]
            assert not re.search(r"<script|<img|\son[a-z]+=|\sstyle=|javascript:", answer.text)
