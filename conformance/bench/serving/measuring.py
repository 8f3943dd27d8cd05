"""Measures each figure of a server that holds the data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from conformance.bench.machine import calibration
from conformance.bench.report import WrongOutcome
from conformance.bench.serving import questions, traffic
from conformance.bench.serving.host import Host
from conformance.bench.serving.questions import Asking, Make

WARM = 1.0
BESIDE = 500
"""Writes a second that go on beside reads."""


class Figure(NamedTuple):
    """A figure: its name, what is asked, the rate and the p99 (ms) that are wanted, what an answer must hold.

    ``beside``: writes go on meanwhile. ``once``: no request may be sent twice. ``each``: resources that a request carries.
    ``foreign``: the requests are others', and a refusal (4xx) is an answer too; how many there were is told. ``ours``: no other
    server has it, and it answers with what is no resource. ``alone``: over one connection, of what nobody has asked for before;
    ``p50`` (ms) is wanted then.
    """

    name: str
    make: Make
    rate: float | None = None
    p99: float | None = None
    holds: str = ""
    beside: bool = False
    once: bool = False
    each: int = 1
    foreign: bool = False
    ours: bool = False
    alone: bool = False
    p50: float | None = None


class Measured(NamedTuple):
    """What a figure came to: ``memory`` in MB afterwards, ``calibration`` in ms before, ``beside`` writes a second meanwhile;
    ``spent`` microseconds of the server's processor time an answer, on all threads (None beside writes, or where it is not ours):
    on a busy machine it says more than the rate."""

    figure: Figure
    asked: traffic.Asked
    memory: float | None
    calibration: float
    beside: float | None = None
    spent: float | None = None

    def as_json(self) -> dict[str, Any]:
        """The figure by name."""
        met = [
            self.figure.rate is None or self.rate >= self.figure.rate,
            self.figure.p50 is None or self.asked.p50 <= self.figure.p50,
            self.figure.p99 is None or self.asked.p99 <= self.figure.p99,
            self.beside is None or self.beside >= BESIDE * 0.95,
        ]
        return {
            "figure": self.figure.name,
            "rate": round(self.rate, 1),
            "p50_ms": self.asked.p50,
            "p99_ms": self.asked.p99,
            "max_ms": self.asked.greatest,
            "processor_us": self.spent and round(self.spent, 1),
            "bytes": round(self.asked.size),
            "wanted": self.figure.rate,
            "wanted_p50_ms": self.figure.p50,
            "wanted_p99_ms": self.figure.p99,
            "writes_beside": self.beside and round(self.beside, 1),
            "met": all(met),
            "refused": self.asked.refusals,
            "memory_mb": self.memory,
            "calibration_ms": round(self.calibration, 1),
        }

    @property
    def rate(self) -> float:
        """Answers a second, or resources where a request carries several."""
        return self.asked.rate * self.figure.each


def figures(queries: Path | None) -> list[Figure]:
    """All figures in their order: reads first, writes last. Raises Unusable for a file of queries that cannot be read."""
    found = [
        Figure("read by id", questions.by_id, 25_000, holds='"resourceType"'),
        Figure("CarePlan?patient=", questions.plans, 8_000, 10, '"CarePlan"'),
        Figure("Appointment?patient=&date=ge", questions.appointments, 8_000, 10, '"searchset"'),
    ]
    if queries is not None:
        found.append(Figure("mix of searches", questions.mix(queries), 3_000, holds='"resourceType"', foreign=True))
    return [
        *found,
        Figure("chained search", questions.chained, None, 30, '"fullUrl"'),
        Figure("Patient/[id]/$everything", questions.everything, None, 60, '"CarePlan"'),
        Figure("Patient/[id]/$crew-card", questions.cards, 5_000, holds='"glance"', ours=True),
        Figure(f"CarePlan?patient=, {BESIDE} writes/s", questions.plans, None, 25, '"CarePlan"', beside=True),
        Figure(f"Appointment?..., {BESIDE} writes/s", questions.appointments, None, 25, '"searchset"', beside=True),
        Figure(f"$crew-card, {BESIDE} writes/s", questions.cards, None, holds='"glance"', beside=True, ours=True),
        Figure("create", questions.creates, 3_000, once=True),
        Figure("update", questions.updates, 3_000, once=True),
        Figure("transactions, resources", questions.transactions, 4_000, once=True, each=questions.IN_TRANSACTION),
    ]


def measure(
    host: Host, asking: Asking, wanted: list[Figure], directory: Path, seconds: float, connections: int
) -> Iterator[Measured]:
    """Each figure in turn. Raises WrongOutcome where an answer is not as it should be."""
    writes = directory / "beside.requests"
    traffic.write(writes, questions.updates(asking)[: int((seconds + 2 * WARM + 1) * BESIDE)])
    for number, figure in enumerate(wanted):
        if figure.name.startswith("transactions") and not host.capable("transaction"):
            continue
        if figure.ours and not host.ours:
            continue
        file = directory / f"{number}.requests"
        requests = figure.make(asking)
        if not figure.once:
            some = [each for each in requests if each.status in (0, 200) and each.matches]
            for each in some if figure.ours and not figure.alone else some[:1]:
                _right(host, each, figure)
        traffic.write(file, requests)
        job = {"host": host.host, "port": host.port, "file": str(file), "connections": connections, "core": host.core, "rate": 0}
        loop = calibration()
        beside, held = None, None
        if figure.beside:
            beside = traffic.start(
                {**job, "file": str(writes), "connections": connections, "seconds": seconds + WARM, "warm": 0, "rate": BESIDE}
            )
        before = host.spent()
        process = traffic.start({**job, "seconds": seconds, "warm": WARM, **({"connections": 1} if figure.alone else {})})
        asked = traffic.finish(process, seconds + 60)
        after = host.spent()
        if beside is not None:
            written = traffic.finish(beside, 60)
            held = written.rate
            if written.wrong:
                raise WrongOutcome(f"{figure.name}: the writes beside it were answered {written.statuses}; {written.refused}")
        file.unlink()
        if (asked.wrong and not (figure.foreign and asked.refusals == asked.wrong)) or not asked.good:
            raise WrongOutcome(f"{figure.name}: answered {asked.statuses}; {asked.refused}")
        spent = None
        if before is not None and after is not None and beside is None:
            spent = (after - before) * 1e6 / asked.all
        yield Measured(figure, asked, host.memory(), loop, held, spent)
    writes.unlink()


def _right(host: Host, request: traffic.Piece, figure: Figure) -> None:
    """An answer holds what it must."""
    first, *lines = request.sent.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    path = first.split(" ")[1]
    headers = dict(line.split(": ", 1) for line in lines if not line.startswith("Host:"))
    answer = httpx.get(f"http://{host.name}{path}", headers=headers, timeout=60, trust_env=False)
    if answer.status_code != 200 or figure.holds not in answer.text:
        raise WrongOutcome(f"{figure.name}: GET {path} answered {answer.status_code} without {figure.holds}: {answer.text[:200]}")
