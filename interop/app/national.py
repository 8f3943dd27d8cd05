"""The national demographics service, where the settings name one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import entry_points

from interop.app.settings import Settings
from interop.app.workshop import Workshop
from interop.apply.tracing import Tracer
from interop.ports import Intake, Receipt, Wait
from interop.ports.demographics import PDS, Demographics, Reached, Reaches

GROUP = "interop.demographics"


def tracer_of(settings: Settings, shop: Workshop, intake: Intake) -> Tracer | None:
    """Who asks the service; None where it is off, or nothing is applied (``hold``). Raises ValueError for settings, a key or a file
    that cannot be used."""
    if settings.pds is None or settings.hold:
        return None
    service = national_service()
    connected = connection(service, settings, settings.pds, shop.clock.now)
    tracer = Tracer(
        shop.identity_queue.store,
        shop.clock,
        connected,
        partial(_taken, intake, service.reads),
        rate=settings.pds_rate,
        every=settings.pds_ask == "all",
        test_numbers=settings.test_numbers,
    )
    shop.identity_queue.told = tracer.heard
    return tracer


def connection(service: Reaches, settings: Settings, url: str, now: Callable[[], int]) -> Demographics:
    """A connection to the service, not yet used. Raises ValueError for settings, a key or a file that cannot be used."""
    try:
        client = settings.pds_api_key.read_text("utf-8").strip() if settings.pds_api_key is not None else ""
        return service.connect(Reached(url, client, settings.pds_kid, settings.pds_key, settings.pds_token_url), now)
    except OSError as error:
        raise ValueError(f"{error.filename} cannot be read ({error.strerror}): name it with --pds-key or --pds-api-key") from error


def national_service() -> Reaches:
    for point in entry_points(group=GROUP, name=PDS):
        found = point.load()
        if isinstance(found, Reaches):
            return found
    raise ValueError("The package that asks the Personal Demographics Service is not installed: install interop anew.")


def _taken(intake: Intake, adapter: str, body: bytes) -> Awaitable[Receipt]:
    return intake.receive(PDS, body, adapter=adapter, wait=Wait.APPLIED)
