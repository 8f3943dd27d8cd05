"""Certificates by when they end, and keys by who may read them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from interop.app.checking.finding import Finding, Level
from interop.app.outgoing import destinations_of
from interop.app.settings import Settings
from interop.clock import MICROSECONDS
from interop.population.pseudonyms import NAME as PSEUDONYM_KEY
from interop.ports import Destination
from interop.signon.keyfile import NAME as SIGNON_KEY

SOON: Final = timedelta(days=30)
CERTIFICATES: Final = ("tls_cert", "mllp_tls_cert", "mllp_tls_ca", "redis_ca", "redis_cert")
KEYS: Final = (
    "tls_key",
    "mllp_tls_key",
    "audit_key",
    "pages_secret",
    "metrics_token",
    "pds_api_key",
    "pds_key",
    "redis_password_file",
    "redis_key",
)
OWN: Final = ("id.key", SIGNON_KEY, "audit.key", PSEUDONYM_KEY)
"""Keys in the data directory."""


MOUNTED: Final = Path("/run/secrets")
"""Where the secrets of a container are."""


def certificates(settings: Settings, now: int) -> Iterator[Finding]:
    """Certificates that have ended, have not begun or end within 30 days; ``now`` in microseconds."""
    from cryptography import x509

    at = datetime.fromtimestamp(now / MICROSECONDS, UTC)
    named: list[tuple[str, Path | None]] = [(setting, getattr(settings, setting)) for setting in CERTIFICATES]
    named += [("destinations", path) for each in _destinations(settings) for path in (each.certificate, each.authorities)]
    for setting, path in named:
        try:
            found = x509.load_pem_x509_certificates(path.read_bytes()) if path is not None else []
        except (OSError, ValueError):
            continue  # told where it is opened
        for each in found:
            ends, begins = each.not_valid_after_utc, each.not_valid_before_utc
            whose = f"The certificate {each.subject.rfc4514_string()}"
            if ends <= at:
                sentence = f"{whose} ended on {ends:%d %B %Y}: nobody who checks it connects."
                yield Finding(Level.DANGER, setting, sentence, "Have it renewed, put the new one there and start the engine anew.")
            elif begins > at:
                sentence = f"{whose} is good only from {begins:%d %B %Y} on."
                yield Finding(Level.DANGER, setting, sentence, "Look at this machine's clock, or use one that is good now.")
            elif ends - at < SOON:
                sentence = f"{whose} ends on {ends:%d %B %Y}."
                yield Finding(Level.NOTICE, setting, sentence, "Have it renewed before.")


def keys(settings: Settings, configuration: Path | None = None) -> Iterator[Finding]:
    """Key files that others than their owner may read; so is a file of settings that holds a password.

    Not where the directory of a key lets nobody else in, nor where a container's secrets are: each is mounted by itself, from such
    a directory, and read as another user than its owner.
    """
    named = [(setting, path) for setting in KEYS if (path := getattr(settings, setting)) is not None]
    for each in _destinations(settings):
        named += [("destinations", path) for path in (each.token, each.key, *each.files.values()) if path is not None]
    own = [("data", settings.data / name) for name in OWN]
    if configuration is not None and settings.database is not None and "@" in settings.database:
        if ":" in settings.database.partition("://")[2].partition("@")[0]:
            own.append(("database", configuration))
    for setting, path in [*named, *own]:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except OSError:
            continue
        if mode & 0o077 and not (setting in (*KEYS, "destinations") and _enclosed(path)):
            sentence = f"Others on this machine may read {path}, which holds a secret."
            yield Finding(Level.DANGER, setting, sentence, f"chmod 600 {path}")


def _destinations(settings: Settings) -> Iterable[Destination]:
    """Those of the deployment; none where the file cannot be used, which is told where it is read."""
    try:
        return destinations_of(settings).values()
    except (OSError, ValueError):
        return ()


def _enclosed(path: Path) -> bool:
    """Whether others cannot get at it, whatever its own mode says."""
    if path.parent == MOUNTED:
        return path.stat().st_uid != os.geteuid()
    return not stat.S_IMODE(path.resolve().parent.stat().st_mode) & 0o077
