"""Senders that keep what was acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import islice

from conformance.generate import hl7v2
from tests.spec.durability.process import Served
from tests.spec.engine.messages import adt
from tests.spec.engine.running import Mllp

WINDOW = 32
"""Messages that a sender has under way."""
CONNECTIONS = 4


def traffic(seed: int, count: int) -> dict[str, bytes]:
    """``count`` generated messages by control id, in the order in which they were made."""
    bodies = islice(hl7v2.messages(seed, every=True), count)
    return {body.split(b"|", 10)[9].decode(): body for body in bodies}


async def push(port: int, bodies: Iterable[bytes], acknowledged: set[str], told: Callable[[], None] = lambda: None) -> None:
    """Send over several connections until all are acknowledged or the engine is gone; ``told`` is called after each ``AA``."""
    lots = list(bodies)
    await asyncio.gather(*(_sender(port, lots[start::CONNECTIONS], acknowledged, told) for start in range(CONNECTIONS)))


async def _sender(port: int, bodies: list[bytes], acknowledged: set[str], told: Callable[[], None]) -> None:
    try:
        line = await Mllp.open(port)
    except ConnectionError:
        return
    try:
        under_way = 0
        for body in bodies:
            line.send(body)
            under_way += 1
            if under_way == WINDOW:
                if not await _take(line, acknowledged, told):
                    return
                under_way -= 1
        for _ in range(under_way):
            if not await _take(line, acknowledged, told):
                return
    finally:
        await line.close()


async def _take(line: Mllp, acknowledged: set[str], told: Callable[[], None]) -> bool:
    said = await line.answer()
    if said is None:
        return False
    assert said.code in ("AA", "AR"), said
    if said.code == "AA":
        acknowledged.add(said.control)
        told()
    return True


async def settled(served: Served, control: str = "SETTLED") -> None:
    """Until all that was sent is in the record: a message sent now, under a control id of its own, is applied after them."""
    async with served.client() as http:
        answer = await http.post("/ingest/hl7v2?wait=applied", content=adt(control=control, local="SETTLED", visit="VSETTLED"))
        assert answer.status_code == 200, answer.text
