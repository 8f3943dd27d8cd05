"""Writes the lists into docs/worklists.md, for who answers for clinical safety to read and sign; ``--check`` tells whether they are
there as they would be written.

python -m interop.api.worklists_page [--check]
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from interop.api.operations.worklists import worklists
from interop.generated import between, write
from interop.mapping.markdown import code, table
from interop.mapping.places import mappings_root
from interop.worklists.codes import CodeSet
from interop.worklists.tables import COLUMNS, Reason, Worklist

GENERATOR: Final = 1
PAGE: Final = Path(__file__).parents[2] / "docs" / "worklists.md"
BEGIN: Final = "<!-- worklists: begin "
END: Final = "<!-- worklists: end -->"
ASKED: Final = ("condition", "was", "at", "due", "shows")


def shown() -> str:
    """Every list with its reasons, and the sets of codes, as Markdown between two marks."""
    folder = mappings_root().joinpath("worklists")
    digest = hashlib.sha256(b"".join(folder.joinpath(name).read_bytes() for name in COLUMNS)).hexdigest()[:16]
    lines = [f"{BEGIN}mappings/worklists {digest}, generator {GENERATOR}, by scripts/generate -->", ""]
    sets: dict[str, CodeSet] = {}
    for each in worklists().values():
        lines += _list(each)
        sets |= {reason.codes.name: reason.codes for reason in each.reasons if reason.codes is not None}
    for one in sets.values():
        lines += _codes(one)
    return "\n".join([*lines, END])


def _list(one: Worklist) -> Iterator[str]:
    yield f"## {one.title}"
    yield ""
    if one.at:
        yield f"`{one.name}` is given by `{one.at}`. {one.why}."
        yield ""
        return
    order = {"points": "the most points first", "due": "what is due first", "since": "who waits longest"}[one.order]
    dead = "; who has died is on it too" if one.dead else ""
    yield f"`{one.name}`, for {', '.join(sorted(one.roles))}; {order}{dead}. {one.why}."
    yield ""
    yield from table(("row", "kind", "points", "says", "what counts", "at least", "within", "why"), map(_reason, one.reasons))


def _reason(reason: Reason) -> tuple[str, ...]:
    cells = reason.cells
    asked = [code(f"{reason.type}?{cells['criteria']}") if cells["criteria"] else code(reason.type)]
    asked += [f"{cells['codes'].partition(' ')[0]} of {code(reason.codes.name)}"] if reason.codes is not None else []
    asked += [f"{name}: {code(cells[name])}" for name in ASKED if cells[name]]
    points = str(reason.points) if reason.points else ""
    least = cells["least"] or ""
    return code(reason.id), reason.kind, points, reason.says, "; ".join(asked), least, cells["within"], reason.why


def _codes(one: CodeSet) -> Iterator[str]:
    yield f"## Codes: {one.name}"
    yield ""
    rows = []
    for group, display in one.displays.items():
        systems: dict[str, list[str]] = {}
        for (system, each), of in sorted(one.groups.items()):
            if of == group:
                systems.setdefault(system, []).append(each)
        rows += [(display, system, ", ".join(codes)) for system, codes in systems.items()]
    yield from table(("group", "system", "codes"), rows)


def written(page: str) -> str:
    """The page with the tables as they are now. Raises ValueError where the marks are missing."""
    return between(page, BEGIN, END, shown(), "the worklists")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "mappings/worklists as it is", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
