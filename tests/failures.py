"""The failure matrix of docs/operations.md: which part fails in which phase, what is seen, what recovers it, which test tries it.

python -m tests.failures [--check]

A test says what it tries by ``failing``; the page is read from the source of the tests, so a cell that no test tries says so.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

from interop.generated import between, write
from tests.places import ROOT

PAGE: Final = ROOT / "docs" / "operations.md"
BEGIN: Final = "<!-- failure matrix: begin, by scripts/generate -->"
END: Final = "<!-- failure matrix: end -->"
COMPONENTS: Final = {
    "engine": "the owner process is killed",
    "mapper": "a mapper process is killed",
    "power": "the machine loses power: what was not synced is gone",
    "journal disk": "the disk of the journal is full or fails",
    "record disk": "the disk of the record is full or fails",
    "audit disk": "the disk of the audit is full or fails",
    "checkpoints": "where the audit's checkpoints are kept cannot be written",
    "PostgreSQL": "the database server ends, or its connections are cut",
    "worker": "one of several workers is killed",
    "ingest": "one of several processes that take messages in is killed",
    "API process": "one of several processes that answer is killed",
    "Redis": "Redis is emptied, ends, or is gone",
    "proxy": "the proxy before several processes ends",
    "sender": "the sender or client goes away, or sends again",
    "backup": "a backup is cut short, altered, or older than what is missing",
}
PHASES: Final = {
    "taking in": "a message is being received and answered",
    "applying": "what is journalled becomes part of the record",
    "writing": "a client writes by the API",
    "reading": "somebody reads",
    "takedown": "something is taken back",
    "starting": "the engine starts, stops or is restored",
}
NEVER: Final = {
    ("mapper", "reading"): "mappers open no store",
    ("mapper", "writing"): "clients' writes are not mapped",
    ("worker", "taking in"): "workers take nothing in",
    ("worker", "writing"): "clients' writes are applied by who answers them",
    ("worker", "reading"): "workers answer nobody",
    ("ingest", "applying"): "workers apply",
    ("ingest", "writing"): "clients write to who answers",
    ("ingest", "reading"): "who takes messages in answers no reader",
    ("ingest", "takedown"): "who answers is asked, and workers do it",
    ("API process", "taking in"): "messages go to who takes them in",
    ("API process", "applying"): "workers apply",
    ("proxy", "applying"): "nobody sends to workers",
    ("sender", "applying"): "nobody waits on the wire",
    ("sender", "starting"): "no port is open",
    ("checkpoints", "applying"): "checkpoints are of the audit alone",
    ("backup", "taking in"): "a restore is of an engine that does not run",
    ("backup", "applying"): "a restore is of an engine that does not run",
    ("backup", "writing"): "a restore is of an engine that does not run",
    ("backup", "reading"): "a restore is of an engine that does not run",
    ("backup", "takedown"): "a restore is of an engine that does not run",
}
"""Cells that cannot be, and why."""
WORDS: Final = ("lost", "loses", "vanish")
"""What no cell may say."""
T = TypeVar("T", bound=Callable[..., object])


class Cell(NamedTuple):
    """A line of the matrix; ``test`` as ``PATH::NAME``."""

    component: str
    phase: str
    seen: str
    recovered: str
    test: str


def failing(component: str, *phases: str, seen: str, recovered: str) -> Callable[[T], T]:
    """Marks a test that makes a component fail in these phases; ``seen`` and ``recovered`` are the words of the page."""
    assert component in COMPONENTS, component
    assert phases, component
    assert PHASES.keys() >= set(phases), phases
    assert seen, component
    assert recovered, component
    return lambda test: test


def cells(root: Path = ROOT / "tests" / "spec") -> list[Cell]:
    """What the tests say that they try, in the order of the files. Raises ValueError for what no cell may say."""
    return [cell for path in sorted(root.rglob("test_*.py")) for cell in _of(path)]


def _of(path: Path) -> Iterator[Cell]:
    text = path.read_text(encoding="utf-8")
    if "@failing(" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "failing":
                    component, *phases = [ast.literal_eval(each) for each in mark.args]
                    said = {each.arg: ast.literal_eval(each.value) for each in mark.keywords}
                    place = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
                    for phase in phases:
                        cell = Cell(component, phase, said["seen"], said["recovered"], f"{place}::{node.name}")
                        if component not in COMPONENTS or phase not in PHASES or (component, phase) in NEVER:
                            raise ValueError(f"{cell.test}: there is no cell {component}, {phase}")
                        if any(word in f"{cell.seen} {cell.recovered}".lower().split() for word in WORDS):
                            raise ValueError(f"{cell.test}: nothing may be lost, and the cell says so")
                        yield cell


def matrix(found: list[Cell]) -> str:
    """Every cell, component by component, as Markdown between two marks."""
    lines = [BEGIN, "| fails | while | seen | recovered by | tested in |", "|---|---|---|---|---|"]
    for component, what in COMPONENTS.items():
        for phase, when in PHASES.items():
            there = [cell for cell in found if (cell.component, cell.phase) == (component, phase)]
            if there:
                lines += [f"| {what} | {when} | {one.seen} | {one.recovered} | `{one.test}` |" for one in there]
            elif (component, phase) in NEVER:
                lines.append(f"| {what} | {when} | cannot be: {NEVER[component, phase]} | – | – |")
            else:
                lines.append(f"| {what} | {when} | not tested | not tested | – |")
    return "\n".join([*lines, END])


def written(page: str) -> str:
    """The page with the matrix as it is now. Raises ValueError where it has no place."""
    return between(page, BEGIN, END, matrix(cells()), "the failure matrix")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "the failure matrix as the tests have it", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
