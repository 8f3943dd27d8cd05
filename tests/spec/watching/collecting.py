"""An OpenTelemetry collector: OTLP over HTTP, decoded by OpenTelemetry's own classes."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse


class Collected(NamedTuple):
    """A span as it came."""

    name: str
    trace: int
    span: int
    parent: int
    start: int
    end: int
    attributes: dict[str, str | int]
    links: list[tuple[int, int]]
    failed: bool
    resource: dict[str, str | int]


class Collector:
    """What came; ``status`` is what is answered."""

    def __init__(self) -> None:
        self.spans: list[Collected] = []
        self.raw = b""
        self.paths: set[str] = set()
        self.status = 200
        self.url = ""

    def named(self, name: str) -> list[Collected]:
        return [each for each in self.spans if each.name == name]

    def take(self, path: str, body: bytes) -> None:
        self.paths.add(path)
        self.raw += body
        for of in ExportTraceServiceRequest.FromString(body).resource_spans:
            resource = said(of.resource.attributes)
            for scope in of.scope_spans:
                self.spans += [collected(each, resource) for each in scope.spans]


def collected(span: Any, resource: dict[str, str | int]) -> Collected:
    number = int.from_bytes
    links = [(number(each.trace_id, "big"), number(each.span_id, "big")) for each in span.links]
    ids = number(span.trace_id, "big"), number(span.span_id, "big"), number(span.parent_span_id, "big")
    times = span.start_time_unix_nano, span.end_time_unix_nano
    return Collected(span.name, *ids, *times, said(span.attributes), links, span.status.code == 2, resource)


def said(attributes: Any) -> dict[str, str | int]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector until the block ends."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if made.status == 200:
                made.take(self.path, gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            answer = ExportTraceServiceResponse().SerializeToString()
            self.send_response(made.status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
