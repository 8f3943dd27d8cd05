"""Writes the error table into docs/operations.md; ``--check`` tells whether it is there as it would be written.

python -m interop.errors.page [--check]
"""

from __future__ import annotations

import hashlib
import sys
from importlib.resources import files
from pathlib import Path

from interop.errors.problem import Reason, reasons
from interop.generated import between, write

GENERATOR = 1
PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
BEGIN, END = "<!-- generated: begin ", "<!-- generated: end -->"


def table() -> str:
    """Every row with its codes, its sentence and its one action, as Markdown between two marks."""
    digest = hashlib.sha256(files("interop.errors").joinpath("table.csv").read_bytes()).hexdigest()[:16]
    lines = [
        f"{BEGIN}interop/errors/table.csv {digest}, generator {GENERATOR}, by scripts/generate -->",
        "| reason | category | HL7 v2 | HTTP | try again? | what it is | what to do |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [_row(reason) for reason in reasons().values()]
    return "\n".join([*lines, END])


def _row(reason: Reason) -> str:
    codes = "/".join(code for code in (reason.original, reason.enhanced) if code) or "no reply"
    cells = (f"`{reason.name}`", reason.category.value, codes, str(reason.http), reason.retry, reason.sentence, reason.action)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def written(page: str) -> str:
    """The page with the table as it is now. Raises ValueError where the marks are missing."""
    return between(page, BEGIN, END, table(), "the error table")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "interop/errors/table.csv as it is", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
