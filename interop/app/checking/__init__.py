"""Everything that would keep an engine from starting, or is dangerous, found without starting it.

Whether a setting can be is asked of the same functions that a start asks; here stands only what a start does not look at: who may
read a key, when a certificate ends, how much room there is.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from interop.app.checking.clocks import clocks
from interop.app.checking.disks import disks, folders
from interop.app.checking.exposure import exposure
from interop.app.checking.finding import Finding, Level
from interop.app.checking.parts import feeds_there, parts
from interop.app.checking.reaching import clock, database, issuer, ports, running
from interop.app.checking.secrets import certificates, keys
from interop.app.checking.signals import redis
from interop.app.configuration import Configuration, strangers
from interop.clock import Clock, SystemClock

__all__ = ["Finding", "Level", "findings"]


async def findings(
    configuration: Configuration, *, reach: bool = False, at: Clock | None = None, environment: Mapping[str, str] | None = None
) -> list[Finding]:
    """All that is found, the worst first. ``reach``: the issuer is asked too. ``at`` tells the time."""
    settings, now = configuration.settings, (at or SystemClock()).now()
    if settings.data.exists() and not settings.data.is_dir():
        return list(disks(settings))  # nothing else can be looked at
    found = [*parts(settings, now), *clocks(settings, now), *disks(settings), *folders(feeds_there(settings).values())]
    alive = running(settings)
    if alive and settings.database is not None:
        sentence = "Processes run on this data directory: the ports were not tried."
        found.append(Finding(Level.NOTICE, "data", sentence, "Nothing; a port that is taken is told at the start."))
    elif alive:
        sentence = "An engine runs on this data directory: its ports were not tried, and another one would not start beside it."
        found.append(Finding(Level.NOTICE, "data", sentence, "Nothing, if it is this engine that runs; else stop it."))
    else:
        found += ports(settings)
    found += await database(settings)
    found += await redis(settings)
    if reach:
        found += await issuer(settings, at or SystemClock())
    found += [*certificates(settings, now), *keys(settings, configuration.file), *exposure(settings), *clock(settings, now)]
    for name, near in strangers(os.environ if environment is None else environment).items():
        action = f"Call it {near}, or take it away." if near else "Take it away, or look up its name in docs/operations.md."
        found.append(Finding(Level.NOTICE, "", f"The environment has {name}, which no setting is called.", action))
    return sorted(found, key=lambda each: list(Level).index(each.level))
