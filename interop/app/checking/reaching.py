"""What lies outside the process: ports, the database, the issuer, the clock, another engine."""

from __future__ import annotations

import ctypes
import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from interop.api.roles import INGEST
from interop.api.signon.fetching import Fetcher, Unreachable
from interop.api.signon.trust import Configured
from interop.app.addresses import address
from interop.app.belonging import Belongs, check
from interop.app.checking.finding import Finding, Level
from interop.app.copying import has_journal
from interop.app.keys import key_digest
from interop.app.opening import REACH, named, open_store
from interop.app.settings import Settings
from interop.audit.parts import alive, places
from interop.clock import MICROSECONDS, Clock
from interop.errors import Problem
from interop.store.plan import Meta

AHEAD: Final = 60 * MICROSECONDS
"""By so much a file may be newer than the present."""
UNSYNCHRONISED: Final = 5
"""``TIME_ERROR`` of adjtimex(2): nothing keeps the clock."""


def running(settings: Settings) -> bool:
    """Whether an engine runs on this data directory."""
    directory, _ = places(settings.data, settings.checkpoints)
    return alive(directory)


def ports(settings: Settings) -> Iterator[Finding]:
    """Ports that cannot be opened; both are held at once, so that they are not the same."""
    with ExitStack() as held_open:
        for setting in ("http", "mllp") if INGEST in settings.roles else ("http",):
            host, port = address(getattr(settings, setting))
            try:
                family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
                tried = held_open.enter_context(socket.socket(family, kind, protocol))
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind(where)
                tried.listen(1)
            except OSError as error:
                yield Finding(Level.STOPS, setting, f"{host}:{port} cannot be opened: {_why(error)}.", _mend(error, setting))


def _why(error: OSError) -> str:
    return "another program has it" if error.errno == errno.EADDRINUSE else error.strerror or type(error).__name__


def _mend(error: OSError, setting: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Stop who has it, or choose another port with {setting}."
    if error.errno == errno.EACCES:
        return f"Choose a port above 1023 with {setting}, or allow the engine to open it."
    return f"Name an address of this machine with {setting}."


async def database(settings: Settings) -> list[Finding]:
    """Whether the store can be had and belongs to the data directory's key; read only."""
    setting = "data" if settings.database is None else "database"
    where = named(settings.data, settings.database)
    try:
        check(settings.data, settings.database)
        if not await has_journal(settings.data, settings.database):
            return []
        store = await open_store(settings.data, settings.database, read_only=True)
        try:
            kept = await store.query(Meta("id key"))
            free = await store.seats.take(f"name {settings.name}")
        finally:
            await store.close()
    except Problem as problem:
        if settings.database is not None:
            return [_away(where, problem.detail)]
        return [Finding(Level.STOPS, setting, f"{where} cannot be used: {problem.reason.sentence}", problem.reason.action)]
    except Belongs as belongs:
        sentence, _, action = str(belongs).partition(": ")
        return [Finding(Level.STOPS, setting, f"{sentence}.", action[:1].upper() + action[1:])]
    except (OSError, ValueError) as error:
        if settings.database is not None and isinstance(error, OSError) and error.errno is not None:
            return [_away(where, type(error).__name__)]
        why = str(error).rstrip(".")
        return [Finding(Level.STOPS, setting, f"{where} cannot be used: {why}.", "Correct what it says and check again.")]
    key = settings.data / "id.key"
    if not key.exists():
        sentence = "There is a journal but no id.key: every person would be there twice under another id."
        return [Finding(Level.STOPS, "data", sentence, "Restore id.key from its backup.")]
    if kept and kept != [key_digest(key.read_bytes())]:
        sentence = "The id.key in the data directory is not the one that this database's ids were made with."
        return [Finding(Level.STOPS, "data", sentence, "Restore it from its backup.")]
    if not free:
        sentence = f"A process called {settings.name} runs on this database: another of that name would not start beside it."
        return [Finding(Level.NOTICE, "name", sentence, "Nothing, if it is this one that runs; else give this one its own name.")]
    return []


def _away(where: str, kind: str) -> Finding:
    """In the words of a start."""
    return Finding(Level.STOPS, "database", f"{where} cannot be used ({kind}).", REACH.capitalize())


async def issuer(settings: Settings, at: Clock) -> list[Finding]:
    """Whether the configured issuer is found by discovery, names itself as it is named here, and says where its keys are."""
    if settings.issuer is None or settings.audience is None:
        return []
    fetcher = Fetcher()
    try:
        asked = Configured(settings.issuer, settings.audience, fetcher, at)
        if asked.address(await asked.settings(), "jwks_uri"):
            return []
        why = "it does not say where its keys are"
    except Unreachable as error:
        why = str(error)
    finally:
        await fetcher.close()
    sentence = f"The issuer is not found by discovery: {why}. Nobody could sign on."
    return [
        Finding(
            Level.DANGER, "issuer", sentence, "Compare the address with the issuer's own, and see that it is reached from here."
        )
    ]


def clock(settings: Settings, now: int) -> Iterator[Finding]:
    """A clock that nothing keeps, or that stands before what was written already."""
    newest = max((path.stat().st_mtime_ns // 1000 for path in _written(settings.data)), default=0)
    if newest > now + AHEAD:
        sentence = "The clock stands before the time at which the data were last written."
        yield Finding(Level.DANGER, "", sentence, "Set the clock (NTP): tokens, consents and the order of events go by it.")
    if _unsynchronised():
        yield Finding(Level.NOTICE, "", "The system says that nothing keeps its clock right.", "Have NTP or the host keep it.")


def _written(data: Path) -> list[Path]:
    return [path for name in ("journal.sqlite", "journal.sqlite-wal", "audit") if (path := data / name).exists()]


def _unsynchronised() -> bool:
    """What the kernel says of its clock (Linux); False where it says nothing."""
    try:
        return bool(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(1024)) == UNSYNCHRONISED)
    except (OSError, AttributeError):
        return False
