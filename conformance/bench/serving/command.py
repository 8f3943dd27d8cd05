"""``conformance bench serve`` and ``conformance bench pages``: load, measure, show, for each size."""

from __future__ import annotations

import json
import sys
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from conformance.bench.machine import Machine, machine
from conformance.bench.report import WrongOutcome
from conformance.bench.serving import databases, pages
from conformance.bench.serving.exporting import Exported
from conformance.bench.serving.exporting import measured as export
from conformance.bench.serving.host import Host
from conformance.bench.serving.loading import load, loaded
from conformance.bench.serving.measuring import Measured, figures, measure
from conformance.bench.serving.questions import Asking
from conformance.bench.serving.records import EACH
from conformance.bench.serving.sharing import AWAY, HOME
from conformance.judged.outcome import Unusable

METHOD = (
    "The server on the first core, the load on the last, over connections that are kept, each in lock-step; one second of "
    "each figure is not counted. µs are the server's processor time an answer; MB are resident, of all processes of the server."
)
RULES = (
    f"Rules are on: a GP of {HOME} asks with a token, unlimited in rate; everyone consents, the sources agree, each answer is "
    f"audited. A tenth of the people are those of {AWAY}; an answer is right only where it holds what that GP may see."
)
BUSY = "The server is not at rest: behind the requests it still compares people with each other."
OPEN = "Rules are off: nobody signs on, everyone sees all; answers are audited."


class Request(NamedTuple):
    """What is asked of the bench. ``data`` '' is a directory that goes away; ``queries`` a file of searches for the mix."""

    sizes: tuple[int, ...] = (1_000, 10_000)
    seed: int = 1
    server: str = ""
    database: str = ""
    data: Path | None = None
    queries: Path | None = None
    seconds: float = 5.0
    connections: int = 32
    as_json: bool = False
    open: bool = False
    """Nobody signs on; so it is of a server that is not ours."""
    pages: bool = False
    """Pages in place of the API."""
    rest: float = 1_800.0
    """Seconds for which is waited until the server has done what it does behind requests."""

    @property
    def name(self) -> str:
        """What the bench is called."""
        return "pages" if self.pages else "serve"

    @property
    def rules(self) -> bool:
        """Whether rules are on."""
        return not self.open and not self.server


class Column(NamedTuple):
    """What one size came to; ``loading`` in resources a second, ``disk`` in MB when loaded."""

    patients: int
    loading: float
    disk: float | None
    figures: list[Measured]
    export: Exported | None = None
    rested: bool = True
    """Whether the server did nothing of its own any more."""


def run(asked: Request) -> int:
    """Measure every size; 1 where an outcome is wrong, 2 where nothing can be measured."""
    columns: list[Column] = []
    status = 0
    with TemporaryDirectory(prefix="bench-") as place:
        directory = Path(place)
        facts = machine(directory)
        try:
            for size in asked.sizes:
                columns.append(_size(asked, size, directory))
                if asked.as_json:
                    _json(facts, asked, columns[-1])
        except Unusable as problem:
            print(problem, file=sys.stderr)
            return 2
        except WrongOutcome as wrong:
            print(f"{asked.name}: {wrong}", file=sys.stderr)
            status = 1
    if columns and not asked.as_json:
        print("\n".join(table(facts, asked, columns)), flush=True)
    return status


def _size(asked: Request, size: int, directory: Path) -> Column:
    searches = figures(asked.queries)
    with ExitStack() as stack:
        if asked.data is not None:
            data = asked.data / f"{size}"
            data.mkdir(parents=True, exist_ok=True)
        else:
            data = Path(stack.enter_context(TemporaryDirectory(prefix=f"bench-{size}-")))
        database = databases.named(asked.database, size, len(asked.sizes) > 1)
        host = stack.enter_context(Host(asked.server, data, database, rules=asked.rules))
        asking = _asking(asked, size, host)
        rate = loaded(data, asking, database)
        if rate is None:
            rate = load(host, asking, data, database)
            _say(asked, f"{size:,} patients loaded: {rate:,.0f} resources/s")
        rested = host.rest(asked.rest)
        if not rested:
            _say(asked, BUSY)
        disk = host.disk()
        wanted = pages.figures(host, asking) if asked.pages else searches
        found: list[Measured] = []
        for each in measure(host, asking, wanted, directory, asked.seconds, asked.connections):
            found.append(each)
            spent = "" if each.spent is None else f", {each.spent:,.0f} µs"
            _say(asked, f"  {each.figure.name}: {each.rate:,.0f}/s, p99 {each.asked.p99} ms{spent}")
        exported = export(host, asking, directory, asked.seconds) if not asked.pages else None
        for line in exported.lines() if exported is not None else ():
            _say(asked, f"  {line}")
        return Column(size, rate, disk, found, exported, rested)


def _asking(asked: Request, size: int, host: Host) -> Asking:
    if host.askers is None:
        return Asking(asked.seed, size, host.base, host.name)
    host.askers.agree(host.url)
    return Asking(asked.seed, size, host.base, host.name, host.askers.gp, host.askers.tester)


def _say(asked: Request, text: str) -> None:
    if sys.stderr.isatty() or not asked.as_json:
        print(text, file=sys.stderr, flush=True)


def _json(facts: Machine, asked: Request, column: Column) -> None:
    head = {
        "bench": asked.name,
        "machine": facts.as_json(),
        "patients": column.patients,
        "resources": column.patients * EACH,
        "seed": asked.seed,
        "connections": asked.connections,
        "rules": asked.rules,
        "rested": column.rested,
    }
    print(json.dumps(head | {"figure": "load", "rate": round(column.loading, 1), "disk_mb": column.disk}))
    for each in column.figures:
        print(json.dumps(head | each.as_json()), flush=True)
    for line in column.export.as_json() if column.export is not None else ():
        print(json.dumps(head | line), flush=True)


def table(facts: Machine, asked: Request, columns: list[Column]) -> list[str]:
    """Figures down, sizes across."""
    rules = "on" if asked.rules else "off"
    over = f"{asked.connections} connections" + (" of who writes" if asked.pages else "")
    lines = [
        f"{asked.name}: seed {asked.seed}, {over}, {asked.seconds:g} s a figure, rules {rules}",
        f"  {facts}",
        f"  {METHOD}",
        f"  {RULES if asked.rules else OPEN}" if not asked.server else "  A server that is not ours: as it is.",
        *((f"  {pages.METHOD}",) if asked.pages else ()),
        *(f"  {column.patients:,} patients: {BUSY}" for column in columns if not column.rested),
        "",
    ]
    heads = [f"{column.patients:,} patients, {column.patients * EACH:,} resources" for column in columns]
    lines.append(f"{'':34}" + "".join(f"{head:>50}" for head in heads))
    parts = f"{'per second':>14}{'p50 ms':>10}{'p99 ms':>10}{'µs':>8}{'MB':>8}"
    lines.append(f"{'':34}" + parts * len(columns) + "   wanted")
    lines.append(f"{'load, resources':34}" + "".join(f"{column.loading:>14,.0f}{'':36}" for column in columns))
    for number, first in enumerate(columns[0].figures):
        row = f"{first.figure.name:34}"
        for column in columns:
            row += _cell(column.figures[number]) if number < len(column.figures) else " " * 50
        lines.append(row + _wanted(first))
    lines.append(f"{'disk, MB':34}" + "".join(f"{column.disk or 0:>14,.0f}{'':36}" for column in columns))
    for column in columns:
        if column.export is not None:
            lines += ["", f"{column.patients:,} patients", *(f"  {line}" for line in column.export.lines())]
    return lines


def _cell(each: Measured) -> str:
    memory = "" if each.memory is None else f"{each.memory:,.0f}"
    spent = "" if each.spent is None else f"{each.spent:,.0f}"
    return f"{each.rate:>14,.0f}{each.asked.p50:>10.2f}{each.asked.p99:>10.2f}{spent:>8}{memory:>8}"


def _wanted(each: Measured) -> str:
    parts = [
        "" if each.figure.rate is None else f"{each.figure.rate:,.0f}/s",
        "" if each.figure.p50 is None else f"p50 {each.figure.p50:g} ms",
        "" if each.figure.p99 is None else f"p99 {each.figure.p99:g} ms",
        "" if each.beside is None else f"{each.beside:,.0f} writes/s held",
    ]
    return "   " + ", ".join(filter(None, parts))
