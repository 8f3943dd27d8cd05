"""``conformance topology``: start it, say where everything is, stay up."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from rich.console import Console

from conformance.topology.process import NotStarted
from conformance.topology.running import Topology, suitable, unsuitable
from conformance.topology.stores import Absent


def run(options: Sequence[str], *, data: Path | None, seconds: float | None, as_json: bool, **given: Any) -> int:
    """Until SIGINT, SIGTERM or for so many seconds: 0; 1 where something does not start, 2 where it cannot."""
    if own := unsuitable(options):
        print(f"{own} is the topology's own to say: leave it out.", file=sys.stderr)
        return 2
    if data is not None and data.exists() and not suitable(data):
        print(
            f"{data} is not an empty directory, nor what a topology has kept: name one, or a new one, with --data.", file=sys.stderr
        )
        return 2
    with ExitStack() as stack:
        place = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="interop-topology-")))
        try:
            return asyncio.run(_run(place, options, seconds, as_json, given))
        except Absent as absent:
            print(absent, file=sys.stderr)
            return 2
        except (NotStarted, OSError, TimeoutError) as problem:
            print(problem or "The front does not answer.", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130


async def _run(place: Path, options: Sequence[str], seconds: float | None, as_json: bool, given: dict[str, Any]) -> int:
    console, stop = Console(stderr=True), asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    with console.status("Starting ...") as status:
        topology = Topology(place, *options, **given, say=lambda what: status.update(f"Starting {what} ..."))
        starting = asyncio.ensure_future(topology.__aenter__())
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            with suppress(asyncio.CancelledError):
                await starting
            return 130
        stopping.cancel()
        starting.result()
    try:
        told = topology.addresses()
        if as_json:
            print(json.dumps(told), flush=True)
        else:
            _show(Console(soft_wrap=True), told)
        watching = asyncio.create_task(topology.watch(lambda line: console.print(line)))
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stop.wait()
        watching.cancel()
    finally:
        with console.status("Ending what was started ..."):
            await topology.__aexit__(None, None, None)
    return 0


def _show(console: Console, told: dict[str, Any]) -> None:
    console.print(f"FHIR {told['fhir']}, ingest {told['http']}/ingest/FEED, {told['mllp']}, behind {told['front']}")
    for name, where in told["processes"].items():
        console.print(f"  {name:9} {where['http']}" + (f"  {where['mllp']}" if where["mllp"] else ""))
    console.print(f"  database  {told['database']}")
    if told["redis"]:
        console.print(f"  redis     {told['redis']}")
    console.print(f"Logs in {told['logs']}. Ctrl-C ends everything.")
