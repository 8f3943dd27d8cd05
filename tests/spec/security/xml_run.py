"""Attacks routes with XML, in a process of its own: ``python -m tests.spec.security.xml_run ROUTE...`` prints a JSON line for each
attack (what was answered, processor time, the most memory beyond that before) and one at the end (what was touched)."""

from __future__ import annotations

import asyncio
import base64
import ctypes
import gzip
import json
import os
import re
import socket
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import redirect_stderr, redirect_stdout
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from interop.app.engine import Engine
from tests.spec.api.reports import posted, report
from tests.spec.engine.running import settings
from tests.spec.families.maps import example
from tests.spec.security.xml_attacks import ATTACKS, Document, Trap

SECRET = "Unmistakable-9f3c"
ALL_EVENTS = 0x00000001 | 0x00000020
"""IN_ACCESS, IN_OPEN."""
PATIENT = '<Patient xmlns="http://hl7.org/fhir"><id value="x1"/><name><family value="Nobody"/></name></Patient>'
PARAMETERS = (
    '<Parameters xmlns="http://hl7.org/fhir"><parameter><name value="operation"/><part><name value="type"/>'
    '<valueCode value="replace"/></part><part><name value="path"/><valueString value="Patient.active"/></part>'
    '<part><name value="value"/><valueBoolean value="false"/></part></parameter></Parameters>'
)
DIFF = '<diff xmlns:f="http://hl7.org/fhir"><replace sel="f:Patient/f:active/@value">false</replace></diff>'
BUNDLE = (
    '<Bundle xmlns="http://hl7.org/fhir"><type value="batch"/><entry><resource><Patient><id value="x2"/></Patient></resource>'
    '<request><method value="PUT"/><url value="Patient/x2"/></request></entry></Bundle>'
)
COLLECTION = (
    '<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry>'
    '<fullUrl value="urn:uuid:5e70d0c0-0000-4000-8000-000000000001"/><resource>'
    '<Patient><identifier><system value="https://fhir.nhs.uk/Id/nhs-number"/><value value="9990000000"/></identifier>'
    "</Patient></resource></entry></Bundle>"
)
DIV = '<div xmlns="http://www.w3.org/1999/xhtml"><p>Nobody</p></div>'
BARS = tuple((name, b"c1ab3fba-6bae-4ba4-b257-5a87c44d4a91") for name in (b"x-request-id", b"x-correlation-id"))
XML, FHIR = "application/xml", "application/fhir+xml"


class Route(NamedTuple):
    """A way in: a good document, and how it is put into what is sent there. ``method`` '' is a command."""

    method: str
    path: str
    media: str
    seed: str | bytes
    packed: Callable[[bytes], bytes] = bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


def narrative(attack: bytes) -> bytes:
    said = attack.decode("utf-8", "surrogateescape").encode("utf-8", "replace").decode()
    return json.dumps({"resourceType": "Patient", "text": {"status": "generated", "div": said}}).encode()


def zipped(attack: bytes) -> bytes:
    """As a payload of an envelope, which is base64 of gzip."""
    return posted(base64.b64encode(gzip.compress(attack, mtime=0)).decode(), items='base64="true" compressed="true"')


ROUTES: dict[str, Route] = {
    "fhir-create": Route("POST", "/fhir/Patient", FHIR, PATIENT),
    "fhir-update": Route("PUT", "/fhir/Patient/x1", FHIR, PATIENT),
    "fhir-patch": Route("PATCH", "/fhir/Patient/there", FHIR, PARAMETERS),
    "fhir-xml-patch": Route("PATCH", "/fhir/Patient/there", "application/xml-patch+xml", DIFF),
    "fhir-bundle": Route("POST", "/fhir", FHIR, BUNDLE),
    "fhir-operation": Route("POST", "/fhir/Patient/$validate", FHIR, PATIENT),
    "narrative": Route("POST", "/fhir/Patient", "application/fhir+json", DIV, narrative),
    "itk": Route("POST", "/itk", "text/xml", posted(report())),
    "itk-payload": Route("POST", "/itk", "text/xml", report(), zipped),
    "itk3": Route("POST", "/itk3/$process-message", FHIR, example("documents", "discharge.xml")),
    "bars": Route("POST", "/bars/$process-message", FHIR, example("bars", "first.xml"), headers=BARS),
    "ingest-nhs111": Route("POST", "/ingest/nhs111?wait=applied", XML, posted(report())),
    "ingest-openhr": Route("POST", "/ingest/openhr?wait=applied", XML, example("openhr", "changes.xml")),
    "ingest-documents": Route("POST", "/ingest/documents?wait=applied", FHIR, example("documents", "discharge.xml")),
    "ingest-bars": Route("POST", "/ingest/bars?wait=applied", FHIR, example("bars", "first.xml")),
    "ingest-r4": Route("POST", "/ingest/r4?wait=applied", FHIR, COLLECTION),
    "ingest-any": Route("POST", "/ingest/any?wait=applied", XML, report()),
    "convert": Route("", "convert", XML, posted(report())),
    "convert-openhr": Route("", "convert", XML, example("openhr", "changes.xml")),
    "validate": Route("", "validate", FHIR, PATIENT),
}


class Watch:
    """Whether a file was opened or an address asked, by whatever part of the process."""

    def __init__(self, directory: Path) -> None:
        self.secret = directory / "secret.txt"
        self.secret.write_text(SECRET)
        libc = ctypes.CDLL(None, use_errno=True)
        self._notes = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._notes, os.fsencode(self.secret), ALL_EVENTS) >= 0
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.setblocking(False)
        self.web = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.hooked: list[str] = []
        sys.addaudithook(self._hook)

    def trap(self) -> Trap:
        return Trap(self.secret.as_uri(), self.web)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and str(self.secret) in str(arguments[0]):
            self.hooked.append("open")
        elif event in ("socket.connect", "socket.getaddrinfo") and str(urlsplit(self.web).port) in str(arguments):
            self.hooked.append(event)

    def touched(self) -> list[str]:
        found = list(self.hooked)
        try:
            if os.read(self._notes, 4096):
                found.append("file opened")
        except BlockingIOError:
            pass
        try:
            self._listening.accept()
            found.append("address asked")
        except BlockingIOError:
            pass
        return found


def memory(name: str) -> int:
    """A line of the process's status in bytes: ``VmRSS`` now, ``VmHWM`` the most."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) * 1024


async def measured(work: Callable[[], Awaitable[tuple[int, bytes]]]) -> dict[str, Any]:
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    before, began = memory("VmRSS"), time.process_time()
    status, answer = await work()
    return {
        "status": status,
        "seconds": round(time.process_time() - began, 3),
        "bytes": memory("VmHWM") - before,
        "reason": reason(answer),
        "told": SECRET.encode() in answer,
    }


def reason(answer: bytes) -> str:
    """The reason of the error table that an answer names."""
    found = re.search(rb'"urn:interop:reason","code":"([a-z-]+)"|<itk:ErrorDiagnosticText>([a-z-]+)', answer)
    return (found[1] or found[2]).decode() if found else ""


async def asked(engine: Engine, method: str, path: str, media: str, body: bytes, more: Any = ()) -> tuple[int, bytes]:
    """Call the application as the server does."""
    path, _, query = path.partition("?")
    scope = {
        "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query.encode(), "scheme": "http",
        "headers": [(b"host", b"localhost"), (b"content-type", media.encode()), (b"content-length", b"%d" % len(body)), *more],
    }  # fmt: skip
    parts: list[bytes] = []
    status = 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    await engine.server.app(scope, receive, send)
    return status, b"".join(parts)


def commanded(name: str, body: bytes, directory: Path) -> tuple[int, bytes]:
    """Run a command in this process."""
    file = directory / "one.xml"
    file.write_bytes(body)
    out, told = (TextIOWrapper(_Kept(), "utf-8", write_through=True) for _ in range(2))  # type: ignore[arg-type]
    with redirect_stdout(out), redirect_stderr(told):
        if name == "convert":
            from interop.cli.convert import convert

            status = convert([file], report=False, lineage=False, as_json=True)
        else:
            from conformance.validate.command import Request, validate
            from conformance.validate.judging import Options

            status = validate(Request([file], Options(), "json", jobs=1))
    return status, b"".join(each.buffer.kept for each in (out, told))  # type: ignore[attr-defined]


class _Kept:
    """What is written, as bytes."""

    def __init__(self) -> None:
        self.kept = b""
        self.closed = False

    def write(self, data: Any) -> int:
        self.kept += bytes(data)
        return len(data)

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False

    def seekable(self) -> bool:
        return False

    def isatty(self) -> bool:
        return False

    def flush(self) -> None: ...


async def main(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place)
        engine = await Engine.start(settings(directory / "data"))
        there = b'{"resourceType":"Patient","id":"there","active":true}'
        assert (await asked(engine, "PUT", "/fhir/Patient/there", "application/fhir+json", there))[0] == 201
        watch = Watch(directory)
        trap = watch.trap()
        for name in names:
            route = ROUTES[name]
            seed = route.seed if isinstance(route.seed, bytes) else route.seed.encode()

            async def work(body: bytes, route: Route = route) -> tuple[int, bytes]:
                if route.method:
                    answered = await asked(engine, route.method, route.path, route.media, body, route.headers)
                    while engine.workshop.unfinished:  # what was taken is mapped and applied: that is a part of what it costs
                        await engine.workshop.dispatcher.idle.wait()
                        await asyncio.sleep(0)
                    return answered
                return commanded(route.path, body, directory)

            good = await work(route.packed(seed))
            print(
                json.dumps({"route": name, "attack": "", "status": good[0], "said": good[1][:300].decode("utf-8", "replace")}),
                flush=True,
            )
            for attack, make in ATTACKS.items():
                body = route.packed(make(Document(seed), trap))
                found = await measured(lambda body=body, work=work: work(body))  # type: ignore[misc]
                touched = watch.touched()
                print(json.dumps({"route": name, "attack": attack, "size": len(body), "touched": touched, **found}), flush=True)
        await engine.stop()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:] or list(ROUTES)))
