"""Two processes of each role while Redis is emptied, held still and killed: how much later messages are in the record."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from statistics import median, quantiles
from tempfile import TemporaryDirectory

import asyncpg
import pytest

from conformance.topology.running import Topology
from tests.places import memory
from tests.spec.durability.state import prepare
from tests.spec.scale import sending
from tests.spec.scale.test_topology import emptied, more, settled

pytestmark = [pytest.mark.anyio, pytest.mark.long, pytest.mark.timeout(600)]

LAGS = (
    "SELECT o.time - e.received FROM journal.entry e JOIN record.outcome o ON o.message = e.message "
    "WHERE e.feed = 'hl7v2' AND e.received >= $1 AND e.received < $2"
)
TWICE = "SELECT count(*) - count(DISTINCT control_id) FROM journal.entry WHERE feed = 'hl7v2' AND repeats = 0"
NOW = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


@pytest.fixture
def place() -> Iterator[Path]:
    with TemporaryDirectory(prefix="interop-topology-", dir=memory(4 << 30)) as made:
        prepare(Path(made) / "data")
        yield Path(made)


async def test_with_or_without_redis_all_is_applied_once_and_soon(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lag of each phase is printed: from the journal to the record, of every message that came in it."""
    monkeypatch.setattr(sending, "PACE", 0.15)  # so few that what waits, waits to be seen
    phases: list[tuple[str, int, int]] = []
    async with Topology(place, "--open", "--test-numbers", durable=False) as there:
        connection = await asyncpg.connect(there.database)
        held = there.processes["redis"]

        async def nothing() -> None:
            """As it is."""

        async def still() -> None:
            assert held.pid
            held.send(signal.SIGSTOP)

        async def on() -> None:
            held.send(signal.SIGCONT)

        async def gone() -> None:
            await there.kill("redis")

        async def back() -> None:
            await there.start("redis")

        done: dict[str, Callable[[], Awaitable[None]]] = {
            "there": nothing,
            "emptied": lambda: emptied(there),
            "standing still": still,
            "going on": on,
            "gone": gone,
            "there again": back,
        }
        load = sending.Load(there.http, there.mllp, 21)
        tasks = [asyncio.create_task(each) for each in (load.mllp(), load.http(), load.http(applied=True))]
        try:
            await more(load, ("HTTP, applied",))  # mappers are warm
            for name, do in done.items():
                begun = await connection.fetchval(NOW)
                await do()
                await more(load, ("HTTP, applied",))
                phases.append((name, begun, await connection.fetchval(NOW)))
            load.stopping = True
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            print(load.told())
        await settled(there)
        for name, begun, ended in phases:
            lags = [row[0] / 1_000 for row in await connection.fetch(LAGS, begun, ended)]
            print(f"Redis {name}: {len(lags)} messages, lag p50 {median(lags):.0f} ms, p99 {quantiles(lags, n=100)[98]:.0f} ms")
        states = dict(
            await connection.fetch(
                "SELECT coalesce(o.state, e.state), count(*) FROM journal.entry e "
                "LEFT JOIN record.outcome o ON o.message = e.message WHERE e.feed = 'hl7v2' GROUP BY 1"
            )
        )
        assert await connection.fetchval(TWICE) == 0
        controls = {row[0] for row in await connection.fetch("SELECT control_id FROM journal.entry WHERE feed = 'hl7v2'")}
        assert load.acknowledged.keys() <= controls
        assert states.keys() == {"applied"}
        await connection.close()
