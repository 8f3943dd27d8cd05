"""Writes the tables of the plan into docs/careplan.md, for a clinical safety officer to read and sign; ``--check`` tells whether
they are there as they would be written.

python -m interop.api.plan_page [--check]
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Final

from interop.careplan.reading import read_plan
from interop.careplan.table_files import COLUMNS
from interop.careplan.tables import Alternatives, Content, PlanTables
from interop.generated import between, write
from interop.mapping.markdown import code, table

GENERATOR: Final = 1
PAGE: Final = Path(__file__).parents[2] / "docs" / "careplan.md"
BEGIN: Final = "<!-- careplan: begin "
END: Final = "<!-- careplan: end -->"


def _text(name: str) -> str:
    return files("mappings").joinpath(f"careplan/{name}.csv").read_text("utf-8")


def shown() -> str:
    """The tables as Markdown between two marks."""
    digest = hashlib.sha256("".join(map(_text, COLUMNS)).encode()).hexdigest()[:16]
    tables = read_plan(lambda name: _text(name).splitlines())
    lines = [f"{BEGIN}mappings/careplan {digest}, generator {GENERATOR}, by scripts/generate -->", ""]
    return "\n".join(
        [
            *lines,
            *_headings(tables),
            *_content(tables),
            *_written(tables),
            *_codes(tables),
            *_meanings(tables),
            *_types(tables),
            *_coverage(tables),
            END,
        ]
    )


def _headings(tables: PlanTables) -> Iterator[str]:
    yield "## Headings"
    yield ""
    rows = (
        (one.title, code(one.name), f"one by each {one.voice}; several are a conflict" if one.single else "", one.why)
        for one in tables.headings.values()
    )
    yield from table(("heading", "code", "one value at a time", "why"), rows)


def _content(tables: PlanTables) -> Iterator[str]:
    yield "## What stands under each heading"
    yield ""
    every = [row for rows in tables.content.values() for row in rows]
    for heading in tables.headings.values():
        yield f"### {heading.title}"
        yield ""
        rows = (_cells(row) for row in every if row.heading == heading.name)
        yield from table(("row", "from", "when", "text", "beside it", "why"), rows)


def _cells(row: Content) -> tuple[str, ...]:
    beside = (
        (name, paths)
        for name, paths in (
            ("if", row.trigger), ("role", row.role), ("who", row.who), ("when", row.timing),
            ("contact", row.telecom), ("notes", row.notes),
        )
        if paths
    )  # fmt: skip
    told = "; ".join(f"{name} {_paths(paths)}" for name, paths in beside)
    when = " and ".join(f"{each.path.text} {each.how} {each.word}".strip() for each in row.when.conditions)
    means = f" as {row.means}" if row.means else ""
    place = ".".join(part for part in (row.type, row.each.text) if part)
    return row.row, code(place), code(when) or "always", f"{_paths(row.text)}{means}", told, row.why


def _paths(paths: Alternatives) -> str:
    return code("|".join(path.text or "." for path in paths))


def _written(tables: PlanTables) -> Iterator[str]:
    yield "## Words of plans"
    yield ""
    yield "Where words stand that somebody wrote. Those of a plan stand on the crew card line by line."
    yield ""
    rows = ((*_cells(one.row)[:4], "yes" if one.plan else "", one.row.why) for rows in tables.written.values() for one in rows)
    yield from table(("row", "from", "when", "words", "a plan's own", "why"), rows)
    yield "## Labels"
    yield ""
    yield "A line that begins with a label, or one of whose sentences does and has a colon, stands under this heading too,"
    yield "whole and as its author wrote it: with what it goes on with, and with a line before it that it hangs on. Nothing is read"
    yield "out of it but what all words about resuscitation and places are read as. `…` stands for any words; after `*` no colon"
    yield "is needed."
    yield ""
    titles = {name: heading.title for name, heading in tables.headings.items()}
    labels = ((each.words, titles[each.heading], each.kind, each.why) for each in tables.labels.all)
    yield from table(("label", "heading", "as", "why"), labels)


def _codes(tables: PlanTables) -> Iterator[str]:
    yield "## Codes"
    yield ""
    for name, codes in sorted(tables.sets.items()):
        yield f"### Set {name}"
        yield ""
        rows = (
            (system, code(value), tables.displays[system, value], tables.says.get(tables.means.get((system, value), ""), ""))
            for system, value in sorted(codes)
        )
        yield from table(("system", "code", "display", "read as"), rows)


def _meanings(tables: PlanTables) -> Iterator[str]:
    yield "## Meanings"
    yield ""
    yield "Words beside a code that begin as those of another meaning contradict it: both are told, as a conflict."
    yield ""
    rows = (
        (code(name), reads, ", ".join(sorted(sign for sign, of in tables.signs.items() if of == name)))
        for name, reads in sorted(tables.says.items())
    )
    yield from table(("meaning", "read as", "words that hint at it"), rows)


def _types(tables: PlanTables) -> Iterator[str]:
    yield "## Which resources count"
    yield ""
    rows = (
        (
            kind.type,
            *(_statuses(tables, kind.type, standing) for standing in ("current", "history", "never")),
            _paths(kind.date),
            _paths(kind.author),
            f"{_paths(kind.until)} {'' if kind.ended == 'said' or not kind.until else '(then history)'}".strip(),
        )
        for kind in tables.kinds.values()
    )
    yield from table(("type", "counts", "is history", "is never told", "date", "author", "ends"), rows)


def _statuses(tables: PlanTables, type_: str, standing: str) -> str:
    found: Iterable[str] = (
        status for (of, status), stands in tables.standings.items() if (of, stands) == (type_, standing)
    )  # fmt: skip
    return ", ".join(found)


def _coverage(tables: PlanTables) -> Iterator[str]:
    carried = sum(bool(one.heading or one.of) for one in tables.prsb)
    yield "## Coverage of the PRSB standard"
    yield ""
    yield (
        f"{len(tables.prsb)} rows, `*` for all below an element; {carried} are carried, {len(tables.prsb) - carried} are not, "
        "each with its reason."
    )
    yield ""
    rows = (
        (one.element, tables.headings[one.heading].title if one.heading else "–", one.of or "not carried", one.why)
        for one in tables.prsb
    )
    yield from table(("element of PRSB", "heading", "comes from", "why"), rows)


def written(page: str) -> str:
    """The page with the tables as they are now. Raises ValueError where the marks are missing, PlanRefused."""
    return between(page, BEGIN, END, shown(), "the tables of the plan")


def main(arguments: list[str]) -> int:
    """Write, or check; 1 where the page differs."""
    return write(PAGE, written, "mappings/careplan as it is", arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
