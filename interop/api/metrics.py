"""``/metrics`` in the text format of Prometheus: figures of messages and requests, never of people.

Each is a row of ``metrics.csv``: name, kind, labels, what it means and what is wrong when. A label is a word of the deployment's
(feeds and destinations that it declares) or of ours; what else somebody sends is counted under ``other`` or ``(undeclared)``.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from interop.api.asgi import Request, Response
from interop.api.delivering.acting import RULES
from interop.api.parts import SCRAPER, check
from interop.api.problems import json_error, not_allowed
from interop.api.services import Services
from interop.api.watched import METHODS, OTHER, AuditFigures, rule_label
from interop.apply.telling.telling import QUEUE
from interop.store.plan import Feeds
from interop.store.sql.figures import Figures
from interop.store.values import REPLAY, TAKEDOWN, FeedCount
from interop.watching import Histogram

if TYPE_CHECKING:
    from prometheus_client.core import Metric

STATES: Final = ("waiting", "held", "applied", "refused", "failed", "shelved")
QUEUED: Final = ("pending", "sent", "shelved", "withheld")
UNDECLARED: Final = "(undeclared)"
"""Feeds that no deployment has declared: whoever may send has named them."""
SUBSCRIPTIONS: Final = "(subscriptions)"
"""Destinations that clients have named."""
OWN: Final = frozenset(("api", "engine", "pds", TAKEDOWN, REPLAY))
"""Feeds of the engine itself."""


class Row(NamedTuple):
    """A figure: its name without what Prometheus adds, ``counter``, ``gauge`` or ``histogram``, its labels, what it means, what is
    wrong when."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    wrong: str


@cache
def table() -> dict[str, Row]:
    """All figures by name."""
    text = files("interop.api").joinpath("metrics.csv").read_text("utf-8")
    rows = list(csv.reader(text.splitlines()))[1:]
    return {name: Row(name, kind, tuple(labels.split()), meaning, wrong) for name, kind, labels, meaning, wrong in rows}


async def metrics(services: Services, request: Request) -> Response:
    """All figures, as they are now; raises Problem ``forbidden``."""
    if request.method not in ("GET", "HEAD"):
        return json_error(*not_allowed(("GET", "HEAD")))
    if request.asker != SCRAPER:
        check(services, request, "metrics")
    from prometheus_client import CollectorRegistry, ProcessCollector
    from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

    watched = services.watched
    feeds: list[FeedCount] = await services.store.query(Feeds())
    queues = await services.deliverer.gauges() if services.deliverer is not None else {}
    store = await watched.store() if watched.store is not None else None
    audit = await watched.audit() if watched.audit is not None else None
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Figures(services, feeds, queues, store, audit))
    ProcessCollector(registry=registry)
    return Response(200, generate_latest(registry), CONTENT_TYPE_LATEST.encode("ascii"))


def family(name: str) -> Metric:
    """An empty family of the row of that name; of a gauge that has none, without labels."""
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

    row = table().get(name) or Row(name, "gauge", (), name.replace("_", " "), "")
    kinds = {"counter": CounterMetricFamily, "gauge": GaugeMetricFamily, "histogram": HistogramMetricFamily}
    made: Metric = kinds[row.kind](name, f"{row.meaning}.", labels=row.labels)
    return made


class _Figures:
    """A collector of one moment."""

    def __init__(
        self,
        services: Services,
        feeds: list[FeedCount],
        queues: Mapping[str, Mapping[str, float]],
        store: Figures | None,
        audit: AuditFigures | None,
    ) -> None:
        self._services, self._feeds, self._queues, self._store, self._audit = services, feeds, queues, store, audit
        named = services.watched.declared
        self._declared = {*(named() if named is not None else services.feeds), *OWN}

    def collect(self) -> Iterator[Metric]:
        yield from self._messages()
        yield from self._acknowledgements()
        yield from self._mapping()
        yield from self._stored()
        yield from self._decided()
        yield from self._audited()
        yield from self._seated()
        yield from self._delivered()
        yield from self._clocks()
        yield from self._ruled()
        yield from self._folders()
        yield from self._requests()
        for name, value in sorted(self._services.gauges().items()):
            yield _one(f"interop_{name}", value)

    def _feed(self, name: str) -> str:
        return name if name in self._declared else UNDECLARED

    def _messages(self) -> Iterator[Metric]:
        received, states = family("interop_messages_received"), family("interop_messages")
        oldest, silence = family("interop_oldest_waiting_seconds"), family("interop_silence_seconds")
        now = self._services.clock.now()
        counts: dict[str, Counter[str]] = {}
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        for feed in self._feeds:
            label = self._feed(feed.feed)
            found = {each: getattr(feed, each) for each in ("received", *STATES)}
            counts.setdefault(label, Counter()).update({**found, "waiting": feed.waiting - feed.held})
            if feed.oldest_waiting:
                first[label] = min(first.get(label, now), feed.oldest_waiting)
            last[label] = max(last.get(label, 0), feed.last_received)
        for label, count in counts.items():
            _add(received, (label,), count["received"])
            for state in STATES:
                _add(states, (label, state), count[state])
            _add(oldest, (label,), max(now - first.get(label, now), 0) / 1_000_000)
            if last[label]:
                _add(silence, (label,), max(now - last[label], 0) / 1_000_000)
        yield from (received, states, oldest, silence)

    def _acknowledgements(self) -> Iterator[Metric]:
        seconds = family("interop_ack_seconds")
        found: dict[tuple[str, str], Histogram] = {}
        for (feed, wait), one in self._services.watched.acknowledgements.copy().items():
            found.setdefault((self._feed(feed), wait), Histogram(one.bounds)).include(one)
        for labels, one in found.items():
            _spread(seconds, labels, one)
        applied = family("interop_applied_seconds")
        lags: dict[str, Histogram] = {}
        for feed, one in self._services.watched.applied.copy().items():
            lags.setdefault(self._feed(feed), Histogram(one.bounds)).include(one)
        for feed, one in lags.items():
            _spread(applied, (feed,), one)
        yield from (seconds, applied)

    def _mapping(self) -> Iterator[Metric]:
        if self._services.watched.mappers is not None:
            figures = self._services.watched.mappers()
            yield _one("interop_mappers", figures.wanted)
            yield _one("interop_mappers_busy", figures.busy)
            yield _one("interop_mapper_busy_seconds", figures.seconds)
            yield _one("interop_mapper_batches", figures.batches)

    def _stored(self) -> Iterator[Metric]:
        if self._store is None:
            return
        seconds, sizes = family("interop_store_commit_seconds"), family("interop_store_commit_changes")
        counted = {name: family(f"interop_store_{name}") for name in ("changes", "statements", "syncs", "conflicts")}
        for half, work in self._store.halves.items():
            _spread(seconds, (half,), work.seconds)
            _spread(sizes, (half,), work.sizes)
            figures = {"changes": work.commits, "statements": work.statements, "syncs": work.syncs, "conflicts": work.conflicts}
            for name, value in figures.items():
                _add(counted[name], (half,), value)
        reads, parts = family("interop_store_reads"), family("interop_store_bytes")
        _add(reads, ("near",), self._store.near)
        _add(reads, ("far",), self._store.far)
        for part, size in self._store.bytes.items():
            _add(parts, (part,), size)
        yield from (seconds, sizes, *counted.values(), reads, parts)

    def _decided(self) -> Iterator[Metric]:
        decisions = family("interop_decisions")
        found: Counter[tuple[str, str]] = Counter()
        for (rule, refused), count in self._services.watched.decisions.counts.copy().items():
            found["refused" if refused else "permitted", rule_label(rule)] += count
        for labels, count in sorted(found.items()):
            _add(decisions, labels, count)
        yield decisions

    def _audited(self) -> Iterator[Metric]:
        if (audit := self._audit) is not None:
            yield _one("interop_audit_rows", audit.rows)
            yield _one("interop_audit_unsynced_rows", audit.unsynced)
            yield _one("interop_audit_syncs", audit.syncs)
            yield _one("interop_audit_index_behind_rows", audit.behind)
            yield _one("interop_audit_unsigned_seconds", audit.unsigned)

    def _seated(self) -> Iterator[Metric]:
        if (seats := self._services.watched.seats) is not None:
            made = family("interop_seat")
            for name, had in sorted(seats().items()):
                _add(made, (name,), had)
            yield made

    def _delivered(self) -> Iterator[Metric]:
        out, behind = family("interop_deliveries"), family("interop_oldest_delivery_seconds")
        declared = self._services.deliverer.declared if self._services.deliverer is not None else frozenset()
        counts: dict[str, Counter[str]] = {}
        oldest: dict[str, float] = {}
        for destination, figures in self._queues.items():
            label = destination if destination in declared or destination in (RULES, QUEUE) else SUBSCRIPTIONS
            counts.setdefault(label, Counter()).update({state: int(figures[state]) for state in QUEUED})
            oldest[label] = max(oldest.get(label, 0.0), figures["oldest"])
        for label, count in counts.items():
            for state in QUEUED:
                _add(out, (label, state), count[state])
            _add(behind, (label,), oldest[label])
        yield from (out, behind)
        yield from self._acknowledged(declared)

    def _acknowledged(self, declared: Collection[str]) -> Iterator[Metric]:
        """What destinations of the deployment are to say themselves of what they were sent."""
        said, behind = family("interop_acknowledgements"), family("interop_oldest_acknowledgement_seconds")
        for destination, figures in self._queues.items():
            if destination in declared:
                for state in ("awaited", "missing"):
                    _add(said, (destination, state), figures[state])
                _add(behind, (destination,), figures["gone"])
        yield from (said, behind)

    def _ruled(self) -> Iterator[Metric]:
        """What came of the rules, by the process that acts; nothing where there are none."""
        if self._services.watched.rules is None:
            return
        made = family("interop_rules")
        for labels, count in sorted(self._services.watched.rules().items()):
            _add(made, labels, count)
        yield made

    def _clocks(self) -> Iterator[Metric]:
        """What is due, by the process that keeps the time; nothing where there are no clocks."""
        if self._services.watched.clocks is None:
            return
        figures = self._services.watched.clocks()
        running, steps = family("interop_clocks"), family("interop_clock_steps")
        for made, counts in ((running, figures.running), (steps, figures.steps)):
            for labels, count in sorted(counts.items()):
                _add(made, labels, count)
        yield from (running, steps)

    def _folders(self) -> Iterator[Metric]:
        """The watched folders; nothing where there are none."""
        folders = [*self._services.folders()]
        if not folders:
            return
        files_, messages = family("interop_folder_files"), family("interop_folder_messages")
        sizes, usable = family("interop_folder_bytes"), family("interop_folder_usable")
        for each in folders:
            for state in ("waiting", "stuck", "working", "errors"):
                _add(files_, (each.feed, state), getattr(each, state))
            _add(messages, (each.feed,), each.messages)
            for part in ("read", "size"):
                _add(sizes, (each.feed, part), getattr(each, part))
            _add(usable, (each.feed,), each.usable)
        yield from (files_, messages, sizes, usable)

    def _requests(self) -> Iterator[Metric]:
        answers, seconds = family("interop_http_responses"), family("interop_http_seconds")
        found: Counter[tuple[str, str, str]] = Counter()
        for (part, method, status), count in self._services.requests.copy().items():
            found[part, method if method in METHODS else OTHER, str(status)] += count
        for labels, count in sorted(found.items()):
            _add(answers, labels, count)
        for part, one in sorted(self._services.watched.requests.copy().items()):
            _spread(seconds, (part,), one)
        yield from (answers, seconds)
        watched = self._services.watched
        if watched.spans is not None:
            spans = family("interop_spans")
            for outcome, count in sorted(watched.spans().items()):
                _add(spans, (outcome,), count)
            yield spans
        if watched.build:
            build = family("interop_build_info")
            _add(build, tuple(watched.build[label] for label in table()["interop_build_info"].labels), 1)
            yield build


def _one(name: str, value: float) -> Metric:
    made = family(name)
    _add(made, (), value)
    return made


def _add(made: Metric, labels: tuple[str, ...], value: float) -> None:
    adding: Any = made
    adding.add_metric(labels, value)


def _spread(made: Metric, labels: tuple[str, ...], values: Histogram) -> None:
    adding: Any = made
    adding.add_metric(labels, list(values.buckets()), values.total)
