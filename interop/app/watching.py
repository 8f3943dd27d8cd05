"""What of an engine is watched, put together for ``/metrics``."""

from __future__ import annotations

import asyncio
import platform
from collections.abc import Collection, Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING

from interop.api.watched import AuditFigures, MapperFigures, Watched
from interop.app.audited import Audited
from interop.app.feeds import Feeds
from interop.app.keys import id_key
from interop.app.settings import Settings
from interop.app.workshop import Workshop
from interop.journal.intake import JournalIntake

if TYPE_CHECKING:
    from interop.app.spanning import Spanning
    from interop.app.telemetry import Telemetry


def watched_of(settings: Settings, shop: Workshop, audited: Audited, intake: JournalIntake, feeds: Feeds) -> Watched:
    """Where the figures of an engine come from."""

    async def audit() -> AuditFigures:
        log = audited.log
        _, _, indexed = (await asyncio.to_thread(audited.trail.index.reached)).get(log.chain, (0, 0, 0))
        unsigned = (shop.clock.now() - log.unsigned_since) / 1_000_000 if log.unsigned_since else 0.0
        return AuditFigures(log.sequence, log.unsynced, log.syncs, max(log.sequence - indexed, 0), max(unsigned, 0.0))

    def mappers() -> MapperFigures:
        pool = shop.mappers
        return MapperFigures(pool.count, pool.busy, pool.seconds, pool.batches)

    def declared() -> Collection[str]:
        return feeds.declared

    return Watched(
        store=shop.store.figures,
        audit=audit,
        mappers=mappers,
        acknowledgements=intake.acknowledgements,
        applied=shop.applier.seconds,
        declared=declared,
        build=build_of(settings),
    )


def build_of(settings: Settings) -> Mapping[str, str]:
    """What runs, of words that the deployment chose."""
    return {
        "version": version("interop"),
        "python": platform.python_version(),
        "store": "sqlite" if settings.database is None else "postgresql",
        "name": settings.name,
        "roles": ",".join(sorted(settings.roles)),
    }


def telemetry_of(settings: Settings) -> Telemetry | None:
    """Where spans go; None where nobody asked for any. Raises ValueError where OpenTelemetry is not installed."""
    if settings.otlp is None:
        return None
    from interop.app.telemetry import Telemetry

    said = build_of(settings)
    named = {"service.name": "interop", "service.instance.id": said["name"], "service.version": said["version"]}
    return Telemetry(settings.otlp, named | {"interop.roles": said["roles"]})


def spanning_of(telemetry: Telemetry | None, settings: Settings, shop: Workshop, feeds: Feeds) -> Spanning | None:
    """Who makes the spans; tells mappers and applier."""
    if telemetry is None:
        return None
    from interop.app.spanning import Spanning
    from interop.watching.spans import Spans

    spanning = Spanning(Spans(id_key(settings.data), settings.otlp_share, shop.clock.now, telemetry.add), lambda: feeds.declared)
    shop.mappers.watch, shop.mappers.now = spanning.mapped, shop.clock.now
    shop.applier.watch = spanning.applied
    return spanning
