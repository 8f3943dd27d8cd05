"""Writes the table of figures into docs/operations.md; ``--check`` tells whether it is there as it would be written.

python -m interop.api.metrics_page [--check]
"""

from __future__ import annotations

import hashlib
import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

from interop.api.metrics import Row, table
from interop.generated import between, write

GENERATOR: Final = 1
PAGE: Final = Path(__file__).parents[2] / "docs" / "operations.md"
BEGIN: Final = "<!-- metrics: begin "
END: Final = "<!-- metrics: end -->"
KINDS: Final = {"counter": "_total", "gauge": "", "histogram": "_bucket, _sum, _count"}
"""What Prometheus adds to a name."""


def shown() -> str:
    """Every figure as Markdown between two marks."""
    digest = hashlib.sha256(files("interop.api").joinpath("metrics.csv").read_bytes()).hexdigest()[:16]
    lines = [
        f"{BEGIN}interop/api/metrics.csv {digest}, generator {GENERATOR}, by scripts/generate -->",
        "| metric | labels | is | what is wrong when |",
        "|---|---|---|---|",
    ]
    return "\n".join([*lines, *map(_row, table().values()), END])


def _row(row: Row) -> str:
    added = KINDS[row.kind]
    name = f"`{row.name}{added}`" if row.kind == "counter" else f"`{row.name}`{f' ({added})' if added else ''}"
    cells = (name, ", ".join(row.labels) or "–", row.meaning, row.wrong)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def written(page: str) -> str:
    """The page with the table as it is now. Raises ValueError where the marks are missing."""
    return between(page, BEGIN, END, shown(), "the figures")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "interop/api/metrics.csv as it is", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
