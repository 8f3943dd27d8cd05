"""One round: an engine takes messages, is killed at a moment, starts again, gets what is left, ends; then all is compared."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any, NamedTuple, Protocol

from conformance.bench.report import WrongOutcome
from conformance.bench.server import Server, command
from conformance.crash.held import Held, differences, held, journalled, prepare
from conformance.crash.senders import Senders

SENDING, APPLYING, STARTING = "sending", "applying", "starting"
KINDS = (SENDING, SENDING, SENDING, APPLYING, STARTING)
JITTER = 0.02
"""Seconds at most between the acknowledgement that a moment names and the kill."""
START = 2.0
"""Seconds of a start within which it is killed."""
SLOWEST = 10
"""Messages a second below which a round gives up."""


class Disk(Protocol):
    """What the engine's files are on."""

    @property
    def environment(self) -> dict[str, str]:
        """Variables of the engine."""
        ...

    def begin(self) -> None:
        """What is there now is on disk."""
        ...

    def lose(self, random: Random) -> str:
        """The power goes; what was left, in words."""
        ...


class Moment(NamedTuple):
    """When an engine is killed: ``after`` so many messages are acknowledged (``applying``: applied, once all are acknowledged), and
    ``late`` seconds later. ``starting``: then once more, ``start`` seconds after it begins to start."""

    kind: str
    after: int
    late: float
    start: float

    @classmethod
    def drawn(cls, random: Random, count: int) -> Moment:
        """A moment while ``count`` messages are sent and applied."""
        kind = random.choice(KINDS)
        return cls(kind, random.randrange(1, count), random.uniform(0, JITTER), random.uniform(0.05, START))

    def __str__(self) -> str:
        what = "applied" if self.kind == APPLYING else "acknowledged"
        again = f", and {self.start:.2f} s into the next start" if self.kind == STARTING else ""
        return f"{self.late * 1000:.0f} ms after {self.after:,} {what}{again}"


def unharmed(data: Path, bodies: dict[str, bytes], database: str = "") -> Held:
    """What the messages come to where nothing is killed. Raises WrongOutcome."""
    prepare(data)
    senders = Senders(bodies)
    with _log(data) as errors, Server(data, options=_options(database), errors=errors.fileno()) as server:
        asyncio.run(senders.push(server.mllp, server.http))
        _all_taken(senders)
        server.settled(len(bodies), _patience(bodies))
    return held(data, database)


def kill_round(
    data: Path, bodies: dict[str, bytes], seed: str, wanted: Held, disk: Disk | None = None, database: str = ""
) -> dict[str, Any]:
    """Kill an engine once under load; what is told of it. ``disk``: with the kill the power goes too. ``database``: an empty one of
    PostgreSQL in place of files. Raises WrongOutcome where anything that was acknowledged is missing, is there twice, or came to
    something else than ``wanted``."""
    random = Random(seed)
    moment = Moment.drawn(random, len(bodies))
    prepare(data)
    began, senders = time.monotonic(), Senders(bodies)
    environment = {}
    if disk is not None:
        disk.begin()
        environment = disk.environment
    left: list[str] = []
    with _log(data) as errors:

        def started() -> Server:
            return Server(data, options=_options(database), errors=errors.fileno(), environment=environment)

        with started() as server:
            killed_at = asyncio.run(_killed(server, senders, moment))
        left += [disk.lose(random)] if disk is not None else []
        if moment.kind == STARTING:
            _killed_starting(data, database, moment.start, environment, errors.fileno())
            left += [disk.lose(random)] if disk is not None else []
        acknowledged = len(senders.acknowledged)
        with started() as server:
            there = set(journalled(data, database))
            if missing := senders.acknowledged - there:
                raise WrongOutcome(f"{len(missing)} of {acknowledged:,} acknowledged messages are not in the journal")
            again = len(there) - acknowledged
            asyncio.run(senders.push(server.mllp, server.http))
            _all_taken(senders)
            server.settled(len(bodies), _patience(bodies))
    judge(held(data, database), wanted, again)
    _audited(data)
    told = {"moment": str(moment), "kind": moment.kind, "acknowledged": killed_at, "unanswered in the journal": again}
    return told | ({"power": left} if left else {}) | {"seconds": round(time.monotonic() - began, 1)}


def judge(found: Held, wanted: Held, again: int) -> None:
    """Raises WrongOutcome where what is left is not what was wanted; ``again`` messages came twice, since nobody had their
    answer."""
    if found.states.keys() != wanted.states.keys():
        raise WrongOutcome(f"{len(found.states.keys() ^ wanted.states.keys())} messages are not those that were sent")
    if others := [state for state in found.states.values() if state != "applied"]:
        raise WrongOutcome(f"{len(others)} messages are not applied but {', '.join(sorted(set(others)))}")
    if found.repeats != again:
        raise WrongOutcome(f"{again} messages were sent twice, {found.repeats} were known as repeats")
    if found_otherwise := differences(found, wanted):
        raise WrongOutcome(f"the record is not as it is where nothing is killed: {', '.join(found_otherwise)}")


async def _killed(server: Server, senders: Senders, moment: Moment) -> int:
    """Send, and kill at the moment; how many were acknowledged then."""
    loop = asyncio.get_running_loop()
    due = asyncio.Event()

    def told() -> None:
        if moment.kind != APPLYING and len(senders.acknowledged) == moment.after:
            loop.call_later(moment.late, due.set)

    async def kill() -> int:
        await due.wait()
        server.kill()
        return len(senders.acknowledged)

    senders.told = told
    killing = asyncio.create_task(kill())
    await senders.push(server.mllp, server.http)
    if moment.kind == APPLYING:
        _all_taken(senders)
        while (await asyncio.to_thread(server.states)).get("applied", 0) < moment.after:
            await asyncio.sleep(0.01)
        loop.call_later(moment.late, due.set)
    senders.told = lambda: None
    return await killing


def _options(database: str) -> tuple[str, ...]:
    return ("--test-numbers", *(("--database", database) if database else ()))


def _killed_starting(data: Path, database: str, seconds: float, environment: dict[str, str], errors: int) -> None:
    """Begin to start, and be killed."""
    arguments = [command(), "serve", "--open", "--data", str(data), "--http", "127.0.0.1:0", "--mllp", "127.0.0.1:0", "--mllp-feed"]
    process = subprocess.Popen(
        [*arguments, "bench", *_options(database)],
        stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL, stderr=errors, env={**os.environ, **environment},
    )  # fmt: skip
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    else:
        raise WrongOutcome("the engine did not start")


def _audited(data: Path) -> None:
    done = subprocess.run([command(), "audit", "verify", "--data", str(data)], capture_output=True, text=True)
    if done.returncode:
        raise WrongOutcome(f"the audit is not whole: {done.stdout.strip()} {done.stderr.strip()}")


def _all_taken(senders: Senders) -> None:
    if senders.left:
        raise WrongOutcome(f"{len(senders.left)} messages are not acknowledged; answers otherwise: {dict(senders.otherwise)}")


def _patience(bodies: dict[str, bytes]) -> float:
    return 300 + len(bodies) / SLOWEST


def _log(data: Path) -> Any:
    """Where engines of a round write what they say of themselves."""
    return data.with_suffix(".log").open("ab")
