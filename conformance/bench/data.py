"""Messages of a bench: generated, distinct, written to a file before any clock runs."""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from conformance.generate.hl7v2 import messages

CHANGES = frozenset({"A03", "A08", "A40"})
"""Triggers that change what an earlier message of the same stay made (``conformance.generate.hl7v2``)."""


@dataclass(frozen=True, slots=True)
class Data:
    """What a bench sends: MLLP frames in ``path``. ``changing`` is the share of messages that change existing resources;
    ``visits`` are (authority, number) of stays that the messages open."""

    path: Path
    seed: int
    count: int
    changing: float
    visits: list[tuple[str, str]]

    def as_json(self) -> dict[str, Any]:
        """The facts that a figure names."""
        facts = asdict(self)
        del facts["path"], facts["visits"]
        return facts

    def __str__(self) -> str:
        return f"{self.count:,} distinct messages, seed {self.seed}, {self.changing:.1%} change existing resources"


def write(path: Path, seed: int, count: int, trigger: str = "") -> Data:
    """Write ``count`` messages (only those of one trigger, if given) as MLLP frames."""
    changing = 0
    visits: list[tuple[str, str]] = []
    stream = messages(seed)
    if trigger:
        stream = (body for body in stream if _trigger(body) == trigger)
    with path.open("wb", buffering=1 << 20) as file:
        for body in islice(stream, count):
            kind = _trigger(body)
            changing += kind in CHANGES
            if kind == "A01":
                visits.append(_visit(body))
            file.write(b"\x0b" + body + b"\x1c\r")
    return Data(path, seed, count, changing / count, visits)


def frames(path: Path) -> list[bytes]:
    """The frames of a file, whole."""
    return [part + b"\x1c\r" for part in path.read_bytes().split(b"\x1c\r") if part]


def sample(data: Data, size: int) -> list[tuple[str, str]]:
    """A random sample of the stays, the same for the same seed."""
    return random.Random(data.seed).sample(data.visits, min(size, len(data.visits)))


def _trigger(body: bytes) -> str:
    return body.split(b"|", 9)[8].split(b"^")[1].decode()


def _visit(body: bytes) -> tuple[str, str]:
    """PV1-19.4 and PV1-19.1."""
    visit = body[body.index(b"\rPV1|") :].split(b"|", 20)[19].split(b"^")
    return visit[3].decode(), visit[0].decode()
