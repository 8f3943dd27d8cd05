"""``conformance examples``: every example through the server, several at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from conformance.judged.outcome import Outcome
from conformance.judged.progress import advancing
from conformance.judged.showing import Form, show
from conformance.judged.target import Where, target
from conformance.roundtrip.resources import read
from conformance.roundtrip.run import SUITES, run


class Limits(NamedTuple):
    """How many of the examples are taken, chosen by a seed (None: all), and how many at a time."""

    sample: int | None = None
    seed: int = 1
    connections: int = 8


WHOLE = Limits()


def judge(
    paths: list[Path],
    where: Where,
    form: Form,
    limits: Limits = WHOLE,
    *,
    only: str = "",
    keep: bool = False,
    say: Callable[[str], None] = print,
) -> int:
    """Run the examples of packages; the exit code. ``keep``: do not delete them. Raises Unusable."""
    examples = [each for each in read(paths, limits.sample, limits.seed) if only in each.name]
    outcomes: list[Outcome] = []
    with target(where) as client, ThreadPoolExecutor(limits.connections) as pool:
        made = pool.map(lambda example: run(client, example, delete=not keep), examples)
        for found in advancing(made, len(examples), "examples"):
            outcomes += found
    outcomes.sort(key=lambda each: SUITES.index(each.suite))
    return show("conformance examples", outcomes, form, say)
