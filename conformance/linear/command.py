"""``conformance linear``: clients at a server, or at several that say to be one, and what of their answers nothing explains."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from conformance.linear.clients import Clients, Unexpected
from conformance.linear.history import Op

SHOWN = 20
"""Operations of a fault that are printed, the last ones."""


class Request(NamedTuple):
    """What is asked of the check; ``seconds`` are how long the clients work."""

    addresses: Sequence[str]
    seconds: float
    clients: int
    registers: int
    seed: int
    feed: str
    token: str
    as_json: bool


def run(asked: Request) -> int:
    """Work, judge, tell; 1 where a register is not linearizable, 2 where a server answered what none may or nothing was done."""
    clients = Clients(asked.addresses, asked.seed, secrets.token_hex(4), asked.registers, asked.feed, asked.token)
    try:
        asyncio.run(_worked(clients, asked))
    except Unexpected as answer:
        print(f"linear: {answer}", file=sys.stderr)
        return 2
    faults = clients.judged()
    kinds = Counter(op.kind for op in clients.history)
    unsure = sum(op.open for op in clients.history)
    if asked.as_json:
        said = {"operations": len(clients.history), "without answer": unsure, "seed": asked.seed, **kinds}
        print(json.dumps(said | {"faults": {name: [shown(op) for op in ops[-SHOWN:]] for name, ops in faults.items()}}))
    else:
        each = ", ".join(f"{number:,} {kind}" for kind, number in sorted(kinds.items()))
        print(f"{len(clients.history):,} operations ({each}), {unsure:,} without answer, seed {asked.seed}")
        for name, ops in faults.items():
            print(f"{name}: no order of these explains the last answer")
            for op in sorted(ops, key=lambda op: op.called)[-SHOWN:]:
                print(f"  {json.dumps(shown(op))}")
        if not faults:
            print("Each register is linearizable.")
    return 1 if faults else 0 if clients.history else 2


def shown(op: Op) -> dict[str, Any]:
    """An operation as a line; ``answered`` None where no answer came."""
    answered = None if op.open else round(op.answered, 6)
    said = {"kind": op.kind, "argument": op.argument, "result": op.result, "client": op.client}
    return said | {"called": round(op.called, 6), "answered": answered}


async def _worked(clients: Clients, asked: Request) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(asked.seconds, stop.set)
    await clients.work(asked.clients, stop)
