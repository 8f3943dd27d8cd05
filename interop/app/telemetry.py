"""Spans to an OpenTelemetry collector over OTLP/HTTP, on a thread of its own. Imported where that is asked for, and then alone."""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import structlog

from interop.watching.spans import Context, Span

ROOM: Final = 8_192
"""Spans that wait at most; more are dropped and counted."""
BATCH: Final = 512
EVERY: Final = 1.0
"""Seconds after which what waits goes out."""
PATIENCE: Final = 5.0
"""Seconds that the collector is given."""
LAST: Final = 1.0
"""Seconds for what is left at the end."""
ABSENT: Final = "OpenTelemetry is not installed"
MISSING: Final = f"--otlp: {ABSENT}: pip install 'interop[otel]', or leave --otlp out."
_log = structlog.get_logger("interop.telemetry")


def check() -> None:
    """Raise ValueError where OpenTelemetry is not installed."""
    try:
        import opentelemetry.exporter.otlp.proto.http.trace_exporter
        import opentelemetry.sdk.trace  # noqa: F401
    except ImportError:
        raise ValueError(MISSING) from None


class Telemetry:
    """``add`` never waits and never raises; a collector that is slow or gone costs spans and nothing else.

    Raises ValueError where OpenTelemetry is not installed."""

    def __init__(self, url: str, resource: Mapping[str, str], *, room: int = ROOM) -> None:
        check()
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace.export import SpanExportResult
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)  # it is said here, once and as JSON
        self._exporter = OTLPSpanExporter(f"{url.rstrip('/')}/v1/traces", timeout=PATIENCE)
        self._well = SpanExportResult.SUCCESS
        self._resource, self._scope = Resource(dict(resource)), InstrumentationScope("interop")
        self._waiting: deque[Span] = deque()
        self._room = room
        self.counts: Counter[str] = Counter(sent=0, failed=0, dropped=0)
        self._wake, self._ended = threading.Event(), False
        self._down = False
        self._thread = threading.Thread(target=self._work, name="telemetry", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def add(self, span: Span) -> None:
        """A span more, or one dropped."""
        if len(self._waiting) >= self._room:
            self.counts["dropped"] += 1
            return
        self._waiting.append(span)
        if len(self._waiting) >= BATCH:
            self._wake.set()

    def stop(self) -> None:
        """Send what is left, for a moment. Blocks."""
        self._ended = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(LAST)
        self.counts["dropped"] += len(self._waiting)
        exporter: Any = self._exporter
        with suppress(Exception):
            exporter.shutdown()

    def _work(self) -> None:
        while not self._ended:
            self._wake.wait(EVERY)
            self._wake.clear()
            self._send()
        self._send()  # what came between the last look and the end

    def _send(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            try:
                well = self._exporter.export([self._shown(each) for each in batch]) is self._well
            except Exception:
                well = False
            self.counts["sent" if well else "failed"] += len(batch)
            if well is self._down:
                self._down = not well
                if well:
                    _log.info("spans are taken again")
                else:
                    _log.warning("spans are not taken", action="See that the collector of --otlp runs; nothing else waits for it.")

    def _shown(self, span: Span) -> Any:
        """A span as OpenTelemetry has it."""
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.trace import Link, SpanKind, Status, StatusCode

        context = _context(span.context)
        return ReadableSpan(
            span.name,
            context,
            _context(span.context._replace(span=span.parent)) if span.parent else None,
            self._resource,
            dict(span.attributes),
            links=[Link(_context(each)) for each in span.links],
            kind=SpanKind[span.kind.upper()],
            status=Status(StatusCode.ERROR if span.failed else StatusCode.UNSET),
            start_time=span.start * 1000,
            end_time=span.end * 1000,
            instrumentation_scope=self._scope,
        )


def _context(context: Context) -> Any:
    from opentelemetry.trace import SpanContext, TraceFlags

    return SpanContext(context.trace, context.span, is_remote=False, trace_flags=TraceFlags(context.sampled))
