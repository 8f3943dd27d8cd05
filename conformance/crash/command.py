"""``conformance crash``: the campaign, its progress, and where it goes on when it was ended."""

from __future__ import annotations

import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from conformance.bench.report import WrongOutcome
from conformance.bench.serving.databases import drop, ensure
from conformance.crash.held import Held
from conformance.crash.power import Losing
from conformance.crash.rounds import kill_round, unharmed
from conformance.crash.senders import traffic

MESSAGES_SEED = 41


class Request(NamedTuple):
    """What is asked of the campaign. ``power``: with each kill the power goes. ``database``: where PostgreSQL keeps what else is in
    files; each round makes one of its own after that name. ``data``: keep what was found here, and go on from
    it."""

    kills: int
    messages: int
    seed: int
    power: bool
    database: str
    data: Path | None
    as_json: bool


def run(asked: Request) -> int:
    """Run what is left of the campaign; 1 where a round found something wrong (its files are kept with ``data``), 2 where it cannot
    be run."""
    with ExitStack() as stack:
        before = signal.signal(
            signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM)
        )  # as with Ctrl-C: no engine is left behind
        stack.callback(signal.signal, signal.SIGTERM, before)
        place = asked.data or Path(stack.enter_context(TemporaryDirectory(prefix="crash-")))
        place.mkdir(parents=True, exist_ok=True)
        try:
            rounds = _Rounds(place / "rounds.ndjson", asked)
            shim = Losing.built(place) if asked.power else None
            if asked.database and asked.power:
                raise ValueError("what PostgreSQL syncs is its own: --power is of files")
        except (ValueError, OSError) as problem:
            print(f"crash: {problem}", file=sys.stderr)
            return 2
        bodies = traffic(MESSAGES_SEED, asked.messages)
        wanted = _wanted(place, bodies, asked.database)
        with _progress(asked) as (console, advance):
            for number in range(1, asked.kills + 1):
                if number not in rounds.done:
                    data = place / f"round-{number}"
                    _cleared(data)
                    began = time.monotonic()
                    try:
                        disk = Losing(shim, data, place / f"round-{number}.disk") if shim is not None else None
                        with _database(asked.database, f"round_{number}") as database:
                            told = kill_round(data, bodies, f"{asked.seed}-{number}", wanted, disk, database)
                    except WrongOutcome as wrong:
                        told = {"wrong": str(wrong), "seconds": round(time.monotonic() - began, 1)}
                    else:
                        _cleared(data)
                    rounds.add(number, told)
                    _say(console, asked, number, told)
                advance()
        return rounds.result(asked, console)


class _Rounds:
    """The rounds that are done, a JSON line each after one that says what was asked. Raises ValueError for those of another
    request."""

    def __init__(self, path: Path, asked: Request) -> None:
        self.path, self.done = path, dict[int, dict[str, Any]]()
        head = {"messages": asked.messages, "seed": asked.seed, "power": asked.power, "postgresql": bool(asked.database)}
        lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        if lines and lines[0] != head:
            raise ValueError(f"{path.parent} holds rounds of {lines[0]}; give their options, or another folder")
        if not lines:
            path.write_text(json.dumps(head) + "\n")
        self.done = {line.pop("round"): line for line in lines[1:]}

    def add(self, number: int, told: dict[str, Any]) -> None:
        self.done[number] = told
        with self.path.open("a") as file:
            file.write(json.dumps({"round": number} | told) + "\n")

    def result(self, asked: Request, console: Console) -> int:
        wrong = {number: told for number, told in self.done.items() if "wrong" in told}
        seconds = sum(told["seconds"] for told in self.done.values())
        kinds = {kind: sum(told.get("kind") == kind for told in self.done.values()) for kind in ("sending", "applying", "starting")}
        if asked.as_json:
            print(json.dumps({"rounds": len(self.done), "wrong": len(wrong), "seconds": round(seconds), **kinds}), flush=True)
        else:
            console.print(
                f"{len(self.done)} rounds of {asked.messages:,} messages in {seconds:,.0f} s, killed while "
                + ", ".join(f"{kind} {count}" for kind, count in kinds.items())
                + (f": {len(wrong)} wrong" if wrong else ": nothing missing, nothing twice, content as where nothing is killed")
            )
        return 1 if wrong else 0


@contextmanager
def _database(url: str, name: str) -> Iterator[str]:
    """A fresh database beside the one that is named, until the block ends well; '' where none is."""
    if not url:
        yield ""
        return
    parts = urlsplit(url)
    own = urlunsplit(parts._replace(path=f"{parts.path}_{name}"))
    drop(own)
    ensure(own)
    yield own
    drop(own)


def _wanted(place: Path, bodies: dict[str, bytes], url: str) -> Held:
    """The record that the messages make undisturbed: from the campaign's own engine, run once and kept."""
    kept = place / "unharmed.json"
    if kept.exists():
        states, repeats, content, persons, losses = json.loads(kept.read_text())
        return Held(states, repeats, content, frozenset(map(frozenset, persons)), losses)
    _cleared(place / "unharmed")
    with _database(url, "unharmed") as database:
        found = unharmed(place / "unharmed", bodies, database)
    _cleared(place / "unharmed")
    kept.write_text(json.dumps([*found[:3], [sorted(one) for one in found.persons], found.losses]))
    return found


def _cleared(data: Path) -> None:
    for path in (data, data.with_name(f"{data.name}.disk")):
        if path.exists():
            shutil.rmtree(path)
    data.with_suffix(".log").unlink(missing_ok=True)


def _say(console: Console, asked: Request, number: int, told: dict[str, Any]) -> None:
    if asked.as_json:
        print(json.dumps({"round": number, "seed": f"{asked.seed}-{number}"} | told), flush=True)
    elif "wrong" in told:
        console.print(f"round {number}, seed {asked.seed}-{number}: {told['wrong']}")
    else:
        power = "".join(f"; {each}" for each in told.get("power", ()))
        console.print(f"round {number}, seed {asked.seed}-{number}: killed {told['moment']}{power}; {told['seconds']} s")


@contextmanager
def _progress(asked: Request) -> Iterator[tuple[Console, Any]]:
    console = Console(soft_wrap=True, stderr=asked.as_json)
    columns = (TextColumn("kills"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    # What is printed meanwhile Rich writes to where the bar is: results that go to a file must not.
    with Progress(*columns, console=console, transient=True, redirect_stdout=sys.stdout.isatty()) as bar:
        task = bar.add_task("kills", total=asked.kills)
        yield bar.console, lambda: bar.advance(task)
