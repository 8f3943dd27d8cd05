"""Marked up text as plain lines (CDA R2 narrative block, 4.3.5; xhtml of FHIR)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_STRUCDOC = {"br", "paragraph", "list", "item", "caption", "table", "thead", "tbody", "tfoot", "tr", "section", "title"}
_XHTML = {"p", "div", "ul", "ol", "li", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "pre", "blockquote"}
_BLOCKS = frozenset(_STRUCDOC | _XHTML)
_CELLS = frozenset({"td", "th"})
_CELL = "\0"


def narrative(element: Any) -> str:
    """The text of an lxml element and all below it.

    Line breaks, paragraphs, list items and table rows begin a new line, the cells of a row stand apart with `` | ``; runs of
    blanks count as one and empty lines are left out. Text without any markup keeps its own lines.
    """
    if not len(element):
        return (element.text or "").strip()
    lines = ("".join(_parts(element))).split("\n")
    return "\n".join(line for line in (_tidy(line) for line in lines) if line)


def _parts(element: Any) -> Iterator[str]:
    if element.text:
        yield _flat(element.text)
    for child in element:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else None
        if name in _BLOCKS:
            yield "\n"
        if name is not None:
            yield from _parts(child)
        if name in _BLOCKS:
            yield "\n"
        elif name in _CELLS:
            yield _CELL
        if child.tail:
            yield _flat(child.tail)


def _flat(text: str) -> str:
    return text.translate({10: " ", 13: " ", 9: " "})


def _tidy(line: str) -> str:
    cells = [" ".join(cell.split()) for cell in line.split(_CELL)]
    while cells and not cells[-1]:
        cells.pop()
    return " | ".join(cells)
