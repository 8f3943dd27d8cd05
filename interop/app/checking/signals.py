"""Redis, by which processes tell each other that there is something to look at: whether it is there, and how it is spoken to."""

from __future__ import annotations

from interop.app.addresses import loopback
from interop.app.checking.finding import Finding, Level
from interop.app.settings import Settings
from interop.app.signalling import place_of


async def redis(settings: Settings) -> list[Finding]:
    """Findings; none of them stops a start, which does without Redis."""
    try:
        place = place_of(settings)
    except (OSError, ValueError):
        return []  # told where the files are looked at
    if place is None:
        return []
    from redis.exceptions import RedisError

    found = []
    if not (place.tls or loopback(place.host)):
        sentence = f"Redis at {place.host} is spoken to without TLS: whoever is on the way reads its password."
        found.append(Finding(Level.NOTICE, "redis", sentence, "Use rediss://…, or a network that nobody else is on."))
    client = place.connect()
    try:
        await client.ping()
    except (RedisError, OSError) as error:
        sentence = f"Redis does not answer ({type(error).__name__}): processes look for themselves, and messages wait longer."
        found.append(Finding(Level.NOTICE, "redis", sentence, "See that it runs there and that the password is its own."))
    finally:
        await client.aclose()
    return found
