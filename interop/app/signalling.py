"""The signals of an engine's process: by Redis where ``--redis`` names one, else none."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from interop.app.settings import Settings
from interop.ports import Silent
from interop.signals.place import Place, prefix

if TYPE_CHECKING:
    from interop.api.signon.service import SignOn
    from interop.signals.by_redis import RedisSignals

PASSWORD: Final = 8
"""Characters of a password at least."""
UNQUOTED: Final = frozenset(" \"'\\")
"""What splits or ends a word in redis.conf."""


def place_of(settings: Settings) -> Place | None:
    """Where Redis is, None where there is none. Raises ValueError for a password or certificate that cannot be used, OSError for a
    file that cannot be read."""
    if settings.redis is None:
        return None
    place = replace(Place.of(settings.redis), ca=settings.redis_ca, certificate=settings.redis_cert, key=settings.redis_key)
    if settings.redis_password_file is not None:
        place = replace(place, password=_password(settings.redis_password_file))
    place.check()
    return place


def signals_of(settings: Settings, key: bytes) -> RedisSignals | Silent:
    """The signals of a process of the deployment whose ``id.key`` this is. Raises as ``place_of``."""
    place = place_of(settings)
    if place is None:
        return Silent()
    from interop.signals.by_redis import RedisSignals

    secret = hmac.digest(key, b"interop: names in Redis", "sha256")
    return RedisSignals(place, prefix(key, settings.database or ""), settings.name, secret)


def figures(signals: object) -> Mapping[str, float]:
    """For ``/metrics``; nothing without Redis."""
    found = getattr(signals, "figures", None)
    return found() if found is not None else {}


def share(signals: object, signon: SignOn | None) -> None:
    """Limits on requests are those of all processes together."""
    levels = getattr(signals, "levels", None)
    if levels is not None and signon is not None:
        levels.ledgers += signon.shared()


def _password(file: Path) -> str:
    try:
        text = file.read_text("utf-8").rstrip("\r\n")
    except UnicodeDecodeError:
        text = ""
    if len(text) < PASSWORD or not text.isprintable():
        raise ValueError(f"{file.name} holds no password of at least {PASSWORD} characters in one line")
    if not UNQUOTED.isdisjoint(text):
        raise ValueError(
            f"{file.name} holds a password with a blank, quote or backslash, which Redis would not read in its own file"
        )
    return text
