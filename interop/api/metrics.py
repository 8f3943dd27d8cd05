"""``/metrics`` in the text format of Prometheus: counts of messages and requests, never of people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from interop.api.asgi import Request, Response
from interop.api.parts import SCRAPER, check
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.store.plan import Feeds
from interop.store.values import FeedCount

Queues = Mapping[str, Mapping[str, float]]
"""Figures by destination."""
STATES = ("waiting", "applied", "refused", "failed", "shelved")


async def metrics(services: Services, request: Request) -> Response:
    """All figures, as they are now; raises Problem ``forbidden``."""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    if request.asker != SCRAPER:
        check(services, request, "metrics")
    from prometheus_client import CollectorRegistry
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    feeds: list[FeedCount] = await services.store.query(Feeds())
    queues = await services.deliverer.gauges() if services.deliverer is not None else {}
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(services, feeds, queues))  # type: ignore[arg-type]
    return Response(200, generate_latest(registry), CONTENT_TYPE_LATEST.encode("ascii"))


class _Figures:
    """A collector of one moment."""

    def __init__(self, services: Services, feeds: Iterable[FeedCount], queues: Queues) -> None:
        self._services = services
        self._feeds = feeds
        self._queues = queues

    def collect(self) -> Iterator[object]:
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        received = CounterMetricFamily("interop_messages_received", "Messages in the journal.", labels=["feed"])
        states = GaugeMetricFamily("interop_messages", "Messages by state.", labels=["feed", "state"])
        oldest = GaugeMetricFamily("interop_oldest_waiting_seconds", "Age of the oldest waiting message.", labels=["feed"])
        now = self._services.clock.now()
        for feed in self._feeds:
            received.add_metric([feed.feed], feed.received)
            for state in STATES:
                states.add_metric([feed.feed, state], getattr(feed, state))
            age = (now - feed.oldest_waiting) / 1_000_000 if feed.oldest_waiting else 0.0
            oldest.add_metric([feed.feed], max(age, 0.0))
        yield from (received, states, oldest)
        out = GaugeMetricFamily("interop_deliveries", "Deliveries by state.", labels=["destination", "state"])
        behind = GaugeMetricFamily("interop_oldest_delivery_seconds", "Age of the oldest waiting delivery.", labels=["destination"])
        for destination, figures in self._queues.items():
            for state in ("pending", "sent", "shelved", "withheld"):
                out.add_metric([destination, state], figures[state])
            behind.add_metric([destination], max(figures["oldest"], 0.0))
        yield from (out, behind)
        yield from self._folders()
        answers = CounterMetricFamily("interop_http_responses", "Answers by HTTP.", labels=["part", "method", "status"])
        for (part, method, status), count in sorted(self._services.requests.items()):
            answers.add_metric([part, method, str(status)], count)
        yield answers
        for name, value in sorted(self._services.gauges().items()):
            yield GaugeMetricFamily(f"interop_{name}", name.replace("_", " "), value=value)

    def _folders(self) -> Iterator[object]:
        """The watched folders; nothing where there are none."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        files = GaugeMetricFamily("interop_folder_files", "Files of a watched folder.", labels=["feed", "state"])
        messages = CounterMetricFamily("interop_folder_messages", "Messages handed over since the start.", labels=["feed"])
        sizes = GaugeMetricFamily("interop_folder_bytes", "The file at hand: read, and whole.", labels=["feed", "part"])
        usable = GaugeMetricFamily("interop_folder_usable", "Whether a watched folder can be used.", labels=["feed"])
        found = False
        for each in self._services.folders():
            found = True
            for state in ("waiting", "stuck", "working", "errors"):
                files.add_metric([each.feed, state], getattr(each, state))
            messages.add_metric([each.feed], each.messages)
            for part in ("read", "size"):
                sizes.add_metric([each.feed, part], getattr(each, part))
            usable.add_metric([each.feed], each.usable)
        if found:
            yield from (files, messages, sizes, usable)
