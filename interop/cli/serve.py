"""``interop serve``: the engine until it is interrupted."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from interop.cli.shown import wrong
from interop.errors import Problem
from interop.mapping.places import use
from interop.mapping.refusal import TablesRefused
from interop.watching.ends import Process, quiet

ALONE: Final[Mapping[str, Any]] = {
    "roles": "ingest,worker,api",
    **dict.fromkeys(("redis", "redis_password_file", "redis_ca", "redis_cert", "redis_key")),
}
"""What belongs to one process of several, as a command has it that works by itself."""


def settings_of(config: Path | None = None, *, alone: bool = False, **given: Any) -> Any:
    """Settings from options, the environment and a file; prints what is wrong and returns None where they cannot be. An option that
    is None is not given, but for ``database``: there it means none. ``alone``: for a command that is no process of several,
    whatever the environment says of those."""
    from interop.app.configuration import COMMAND, DEFAULT, Misconfigured, configured

    said = {name: value for name, value in given.items() if value is not None or name == "database"}
    try:
        return configured({**said, **(ALONE if alone else {})}, config).settings
    except Misconfigured as refused:
        for fault in refused.faults:
            where = "" if fault.origin in ("", COMMAND, DEFAULT) else f"{fault.origin}, "
            named = fault.setting if where else option(fault.setting)
            wrong(f"{where}{named}: {fault.why}" if fault.setting else f"{where.rstrip(', ')}{': ' if where else ''}{fault.why}")
    except OSError as error:
        wrong(f"{error.filename} cannot be read ({error.strerror}): name a file with --config or INTEROP_CONFIG.")
    return None


def option(setting: str) -> str:
    """A setting as the command line calls it."""
    return f"--{setting.replace('_', '-')}" if setting else ""


def started(work: Any, settings: Any) -> int:
    """Run ``work`` on the fast loop; say in one sentence why an engine could not start: 2 for a setting that cannot be, else 1."""
    import uvloop

    from interop.app.opening import REACH, named

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            status: int = runner.run(work)
            return status
    except BlockingIOError:
        which = "--data" if settings.database is None else "--database"
        wrong(f"Another engine has {named(settings.data, settings.database)}: stop it, or choose another {which}.")
    except ChildProcessError:
        wrong("A mapper process ended while it started: what it said is above; mend that, or try --mappers 0.")
    except OSError as error:
        if error.errno is None:
            return wrong(error, 1)
        if error.filename:
            return wrong(_unreadable(settings, os.fsdecode(error.filename), error.strerror), 1)
        wrong(f"A port cannot be opened ({error.strerror or error}): stop who has it, or choose others with --http and --mllp.")
    except TablesRefused as refused:
        wrong(f"The mapping tables are refused; mend them and try again:\n{refused}")
    except ValueError as error:
        return wrong(error)
    except Problem as problem:
        if settings.database is not None and problem.reason.name == "journal-unavailable":
            where = named(settings.data, settings.database)
            return wrong(f"{where} cannot be used ({problem.detail}): {REACH}", 1)
        wrong(f"{problem.reason.sentence} {problem.reason.action}")
    except KeyboardInterrupt:
        return 130
    return 1


def _unreadable(settings: Any, file: str, why: str | None) -> str:
    """A file that a start needs: with the setting that names it, where one does."""
    for name, value in settings:
        if isinstance(value, Path) and value == Path(file):
            return f"{file} cannot be read ({why}): name it with {option(name)}."
    return f"{file} cannot be used ({why}): see that it is there and that the engine's user may read and write it."


def prepare(**process: str) -> None:
    """Files that only their owner may read; logs as JSON lines on standard error, which never hold what is in a message and say
    which ``process`` they are of."""
    from interop.watching.logs import configure

    os.umask(0o077)
    if Process.ours:
        quiet(**process)
    configure(**process)


def serve(given: Mapping[str, Any], config: Path | None) -> int:
    """Serve until SIGINT or SIGTERM; ``given`` are the options of the command line."""
    settings = settings_of(config, **given)
    if settings is None:
        return 2
    prepare(name=settings.name, roles=",".join(sorted(settings.roles)))
    if settings.mappings is not None:
        use(settings.mappings)
    return started(_serve(settings), settings)


def warnings(engine: Any, web: str = "") -> list[str]:
    """What whoever started the engine must know of who may see what; ``web`` is its address."""
    from interop.api.roles import API
    from interop.signon.people import demo_users

    if API not in engine.settings.roles:
        return []
    if engine.signon is None:
        return ["Nobody signs on: everyone on this machine sees all. For tests, never with data of real people."]
    if engine.signon.demo:
        return [
            f"DEMONSTRATION: sign in at {web}/auth/login as one of {len(demo_users())} made-up people. No password is asked, so "
            "whoever can open that page can be anyone on it: never put real people's data into this engine.",
            f"Tokens come from the embedded issuer {engine.signon.own.issuer.name}; whoever has the data directory can make one "
            "for anyone (interop token --role gp --org G99901). Give --issuer for real people.",
        ]
    return [
        f"Sign in at {web}/auth/login, by {engine.settings.issuer}. Tokens come from there, for {engine.settings.audience}.",
    ]


def greeting(engine: Any, web: str) -> str:
    """What a process that has started answers, and where."""
    from interop.api.roles import ALL, API, INGEST, WORKER
    from interop.app.opening import named

    settings = engine.settings
    where = {
        API: f"FHIR {web}/fhir",
        INGEST: f"ingest {web}/ingest/FEED, MLLP port {engine.mllp}",
        WORKER: "" if settings.roles == ALL else f"applies what waits, health {web}/health/ready",
    }
    said = [where[role] for role in (API, INGEST, WORKER) if role in settings.roles and where[role]]
    said.append(f"data in {named(settings.data, settings.database)}")
    return ("" if settings.roles == ALL else f"{settings.name}: ") + ", ".join(said)


async def _serve(settings: Any) -> int:
    from interop.app.engine import Engine

    engine = await Engine.start(settings)
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, lambda: engine.hasten() if stop.is_set() else stop.set())
    host = settings.http.rpartition(":")[0]
    web = f"{'http' if settings.tls_cert is None else 'https'}://{host}:{engine.http}"
    print(greeting(engine, web), flush=True)
    for line in warnings(engine, (engine.signon.base if engine.signon is not None else "") or web):
        print(line, flush=True)
    await stop.wait()
    print("Stopping: finishing what is at hand.", flush=True)
    await engine.stop()
    return 0
