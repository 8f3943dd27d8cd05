"""Writes the commands into docs/commands.md; ``--check`` tells whether they are there as they would be written.

python -m interop.cli.page [--check]
"""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, NamedTuple

from typer.main import get_command

from interop.cli.main import app
from interop.generated import between, write

GENERATOR: Final = 1
PAGE: Final = Path(__file__).parents[2] / "docs" / "commands.md"
BEGIN: Final = "<!-- commands: begin "
END: Final = "<!-- commands: end -->"
WITHOUT_JSON: Final = {"serve": "it runs until it is ended, and its log is JSON lines on standard error"}
"""Commands that have no ``--json``, each with why."""
ANY: Final = "*"
"""As names: whatever the FHIR resource holds."""


class Result(NamedTuple):
    """A line that ``--json`` prints: what it is about, the names that it always has, and those that it may have."""

    command: str
    about: str
    always: tuple[str, ...]
    perhaps: tuple[str, ...]

    def fits(self, names: set[str]) -> bool:
        """Whether a line has what such a line has."""
        return self.always == (ANY,) or {*self.always} <= names <= {*self.always, *self.perhaps}


def results() -> list[Result]:
    """Every line of every command."""
    rows = csv.DictReader(files("interop.cli").joinpath("results.csv").read_text("utf-8").splitlines())
    return [_result(row["command"], row["line"], row["names"].split()) for row in rows]


def _result(command: str, about: str, names: list[str]) -> Result:
    perhaps = tuple(name.removesuffix("?") for name in names if name.endswith("?"))
    return Result(command, about, tuple(name for name in names if not name.endswith("?")), perhaps)


def commands(of: Any = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something by itself, with the words that call it."""
    of = get_command(app) if of is None else of
    inner = getattr(of, "commands", {})
    if before and (not inner or of.invoke_without_command):
        yield before, of
    for name, each in inner.items():
        yield from commands(each, f"{before} {name}".strip())


def shown() -> str:
    """Every command with what it does and what ``--json`` prints, as Markdown between two marks."""
    lines = results()
    told = "\n".join(f"{name}: {each.help}" for name, each in commands()) + repr(lines)
    digest = hashlib.sha256(told.encode("utf-8")).hexdigest()[:16]
    made = [
        f"{BEGIN}interop --help and interop/cli/results.csv {digest}, generator {GENERATOR}, by scripts/generate -->",
        "| command | does | a line of `--json` is about | its names |",
        "|---|---|---|---|",
    ]
    for name, each in commands():
        does = " ".join(str(each.help).split())
        said = [one for one in lines if one.command == name]
        if not said:
            made.append(_row(f"`interop {name}`", does, f"none: {WITHOUT_JSON[name]}", ""))
        for number, one in enumerate(said):
            made.append(_row("" if number else f"`interop {name}`", "" if number else does, one.about, _names(one)))
    return "\n".join([*made, END])


def _names(one: Result) -> str:
    if one.always == (ANY,):
        return "those of the resource"
    return ", ".join([*(f"`{name}`" for name in one.always), *(f"`{name}`?" for name in one.perhaps)])


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def written(page: str) -> str:
    """The page with the commands as they are now. Raises ValueError where the marks are missing."""
    return between(page, BEGIN, END, shown(), "the commands")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "the commands as they are", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
