"""The parts that a start makes of the settings, made and let go."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from interop.api.delivering.senders import sender_of
from interop.app.acting import addressed, rules_of, site_of
from interop.app.checking.finding import Finding, Level
from interop.app.clocks import clocks_of
from interop.app.feeds import feeds_of
from interop.app.knowing import knowledge_of
from interop.app.national import connection, national_service
from interop.app.outgoing import destinations_of, joined, routes_of, topics_of
from interop.app.settings import Settings
from interop.app.signalling import place_of
from interop.app.tables import check_tables
from interop.app.telling import ways_of, words_of
from interop.app.tls import Holders, server_context
from interop.audit.key import AuditKey
from interop.clock import SystemClock
from interop.mapping.library import adapters, carriers
from interop.mapping.refusal import TablesRefused
from interop.ports import Acknowledgement, Feed
from interop.signon.apps import NAME as APPS
from interop.signon.apps import read_apps
from interop.signon.claims import rows
from interop.signon.clients import NAME as CLIENTS
from interop.signon.clients import read_clients
from interop.signon.keyfile import read_keys

Made = Callable[[], Any]


def parts(settings: Settings, now: int) -> Iterator[Finding]:
    """What of it cannot be, in the words of a start. Nothing is written. ``now``: routes are read as of it."""
    for setting, made, action in _parts(settings, now):
        try:
            made()
        except FileNotFoundError as error:
            name = Path(error.filename).name if error.filename else setting
            yield Finding(Level.STOPS, setting, f"{name} is not there.", f"Put the file there or correct {setting}.")
        except OSError as error:
            said = error.strerror or type(error).__name__
            yield Finding(Level.STOPS, setting, f"It cannot be read: {said}.", "Let the user that the engine runs as read it.")
        except TablesRefused as refused:
            yield Finding(Level.STOPS, setting, f"The mapping tables are refused: {refused}", action)
        except ValueError as error:
            yield Finding(Level.STOPS, setting, _sentence(error), action)


def _sentence(error: ValueError) -> str:
    text = str(error)
    return text if text.endswith(".") else f"{text}."


def _parts(settings: Settings, now: int) -> Iterator[tuple[str, Made, str]]:
    file = settings.feeds.name if settings.feeds is not None else "the setting"
    yield "feeds", lambda: feeds_of(settings, list(adapters())), f"Correct {file} and check again."
    if settings.otlp is not None:
        yield "otlp", _telemetry, "Run pip install 'interop[otel]', or leave otlp out."
    tables = "mappings" if settings.mappings is not None else ""
    yield tables, check_tables, "Correct the rows that are named; interop tables checks them alone."
    yield "destinations", lambda: _destinations(settings, now), "Correct the file of destinations, or the row of the table."
    if settings.rules is not None:
        yield "rules", lambda: _rules(settings, now), "Correct the rows that are named; interop rules check checks them alone."
    yield "redis_password_file", lambda: place_of(settings), "Correct the files that belong to Redis."
    if settings.tls_cert is not None and settings.tls_key is not None:
        certificate, key = settings.tls_cert, settings.tls_key
        yield "tls_cert", lambda: server_context(certificate, key), "Name a certificate and its own key, PEM without a password."
    if settings.mutual:
        yield "mllp_tls_cert", lambda: _mutual(settings), "Name a certificate, its own key and the authorities, all in PEM."
        yield "feeds", lambda: _holders(settings), "Name certificates in the column certificate of the feeds file."
    if settings.package or settings.release:
        yield "package", lambda: knowledge_of(settings).close(), "Correct --package or --release."
    yield "metrics_token", settings.scraping, "Put a token of at least 16 characters into the file."
    yield "pages_secret", settings.secret, "Put the secret that the issuer gave into the file."
    if settings.open:
        return
    clients, apps = settings.clients, settings.apps
    yield "clients", lambda: read_clients(_there(clients) or settings.data / CLIENTS), "Correct it; interop client writes it."
    yield "apps", lambda: read_apps(_there(apps) or settings.data / APPS), "Correct it; interop application writes it."
    yield "data", lambda: read_keys(settings.data), "Restore signon.key from its backup."
    if settings.claims is not None:
        claims = settings.claims
        yield "claims", lambda: rows(claims), "Correct the row that is named."
    audit_key = settings.audit_key or settings.data / "audit.key"
    if audit_key.exists():  # a start makes one that is not there
        yield "audit_key", lambda: AuditKey.kept(audit_key), "Restore it from its backup."
    if settings.pds is not None:
        url = settings.pds
        yield "pds", lambda: connection(national_service(), settings, url, lambda: 0), "Correct the setting that is named."


def _telemetry() -> None:
    from interop.app.telemetry import ABSENT, check

    try:
        check()
    except ValueError:
        raise ValueError(ABSENT) from None


def _there(path: Path | None) -> Path | None:
    """Raises OSError where a file is named and not there."""
    if path is not None:
        path.stat()
    return path


def _rules(settings: Settings, now: int) -> None:
    addressed(rules_of(settings, now), clocks_of(site_of(settings)), destinations_of(settings))


def _destinations(settings: Settings, now: int) -> None:
    destinations = destinations_of(settings)
    joined(routes_of(now), destinations)
    topics_of(now)
    for each in destinations.values():
        if each.certificate or each.authorities:
            each.tls()
        sender_of(each, carriers(), _unheard, SystemClock())
    ways_of(destinations, words_of(settings)[0])


def _unheard(said: Acknowledgement) -> Future[bool]:
    """Nothing is sent here, and so nothing comes back."""
    raise RuntimeError("a check sends nothing")


def _mutual(settings: Settings) -> None:
    if settings.mllp_tls_cert is not None and settings.mllp_tls_key is not None:
        server_context(settings.mllp_tls_cert, settings.mllp_tls_key, settings.mllp_tls_ca)


def _holders(settings: Settings) -> None:
    feeds = feeds_there(settings)
    if feeds:
        Holders(feeds.values())


def feeds_there(settings: Settings) -> Mapping[str, Feed]:
    """The feeds; none where their file cannot be used, which is told already."""
    try:
        return feeds_of(settings, list(adapters()))
    except (OSError, ValueError):
        return {}
