"""Marked up text as plain lines (CDA R2 narrative block, 4.3.5; xhtml of FHIR)."""

from __future__ import annotations

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
    parts: list[str] = []
    _add(parts, element)
    lines = "".join(parts).split("\n")
    return "\n".join(line for line in map(_tidy, lines) if line)


def _add(parts: list[str], element: Any) -> None:
    """What an element and all below it say, with line feeds only where lines end; other blanks are for ``_tidy``."""
    if element.text:
        parts.append(element.text.replace("\n", " "))
    for child in element:
        name = child.tag.rpartition("}")[2] if isinstance(child.tag, str) else None
        block = name in _BLOCKS
        if block:
            parts.append("\n")
        if name is not None:
            _add(parts, child)
        if block:
            parts.append("\n")
        elif name in _CELLS:
            parts.append(_CELL)
        if child.tail:
            parts.append(child.tail.replace("\n", " "))


def _tidy(line: str) -> str:
    cells = [" ".join(cell.split()) for cell in line.split(_CELL)]
    while cells and not cells[-1]:
        cells.pop()
    return " | ".join(cells)
