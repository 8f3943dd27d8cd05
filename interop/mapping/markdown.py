"""Generated pages: tables and code in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def code(text: str) -> str:
    """A text as code, '' as nothing."""
    return f"`{text}`" if text else ""


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """The lines of a table and a blank one."""
    yield f"| {' | '.join(columns)} |"
    yield f"|{'---|' * len(columns)}"
    for cells in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|').replace(chr(10), ' ') for cell in cells)} |"
    yield ""
