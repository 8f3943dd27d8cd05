"""What others have marked up, as plain blocks of words: nothing of their markup reaches a page. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html import unescape
from typing import Final

DROPPED: Final = frozenset(("script", "style", "head", "title", "template", "noscript", "iframe", "object", "svg", "math"))
"""What stands in these is no word of the author's to a reader."""
HEADINGS: Final = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "caption"))
BREAKS: Final = frozenset(("p", "div", "br", "hr", "pre", "blockquote", "dl", "dt", "dd", "section", "article", "ul", "ol", "table",
                           "paragraph", "list", "body", "html", "td", "th"))  # fmt: skip
LISTS: Final = frozenset(("ul", "ol", "list"))
ITEMS: Final = frozenset(("li", "item"))
MOST: Final = 2_000_000
"""Characters that are read at most."""
_PLAIN: Final = re.compile(r"\s*+(?:<div\b[^<>]*+>)?+([^<>]*+)(?:</div>)?+\s*+")
"""Words without any markup: they keep their own lines."""
_TAG: Final = re.compile(r"<(/?)([A-Za-z][^\s/<>]*)")
_QUOTE: Final = re.compile(r">|=\s*([\"'])")
RAW: Final = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
"""Elements within which there is no markup until they end."""


@dataclass(slots=True)
class Block:
    """``kind`` is ``text``, ``heading``, ``list`` or ``table``. ``words`` of a text or heading; ``items`` of a list; ``rows`` of a
    table, cell by cell, of which the first ``head`` are headings of columns."""

    kind: str
    words: str = ""
    items: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    head: int = 0


def blocks(markup: str) -> list[Block]:
    """Blocks of XHTML or of whatever HTML it is."""
    read = markup[:MOST]
    if (plain := _PLAIN.fullmatch(read)) is not None:
        return lines(_unescaped(plain[1]))
    reader = _Reader()
    reader.read(read)
    reader.end()
    return reader.found


def lines(words: str) -> list[Block]:
    """Blocks of plain text: a blank line parts them."""
    parts = words.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").split("\n\n")
    return [Block("text", each.strip("\n")) for each in parts if each.strip()]


def _unescaped(words: str) -> str:
    try:
        return unescape(words)
    except ValueError:  # a number of a character without end
        return words


def _end(markup: str, at: int) -> int:
    """Where a tag ends, of which the name ends at ``at``: a ``>`` in the quotes of an attribute is none. -1 where it does not."""
    while (found := _QUOTE.search(markup, at)) is not None:
        if found[1] is None:
            return found.start()
        at = markup.find(found[1], found.end()) + 1
        if not at:
            return -1
    return -1


class _Reader:
    """Reads once from beginning to end, whatever there is: what would be gone through again and again (html.parser) lets a sender
    stop everybody's pages with a letter of some kilobytes. What is no markup is words."""

    def __init__(self) -> None:
        self.found: list[Block] = []
        self._words: list[str] = []
        self._kind = "text"
        self._dropped: list[str] = []
        self._row: list[str] | None = None
        self._headed = True
        self._open: Block | None = None
        self._lists = 0
        self._pre = False

    def read(self, markup: str) -> None:
        """All of it."""
        at, begins, quoted, closes = 0, 0, True, True
        while (begins := markup.find("<", begins)) >= 0:
            ends, tag = -1, None
            if comment := markup.startswith("<!--", begins):
                ends = markup.find("-->", begins + 4) if closes else -1
                closes = closes and ends >= 0
                ends += 3 * (ends >= 0)
            elif (tag := _TAG.match(markup, begins)) is not None:
                ends = _end(markup, tag.end()) if quoted else -1
                if ends < 0:  # a quote that does not end: from here on none counts
                    quoted, ends = False, markup.find(">", begins)
                ends += ends >= 0
            elif markup[begins + 1 : begins + 2] in ("!", "?"):
                ends = markup.find(">", begins)
                ends += ends >= 0
            else:
                begins += 1
                continue
            if ends < 0 and not comment:
                break  # nothing ends any more
            if ends < 0:
                begins += 1
                continue
            self._data(markup[at:begins])
            at = begins = ends
            if tag is not None:
                at = begins = self._tag(tag, markup, ends)
        self._data(markup[at:])

    def _tag(self, tag: re.Match[str], markup: str, ends: int) -> int:
        """A tag that ends there; where what is read goes on."""
        name = tag[2].lower()
        if tag[1]:
            self.handle_endtag(name)
        elif markup[ends - 2] == "/":
            self.handle_startendtag(name)
        else:
            self.handle_starttag(name)
            if name in RAW:
                closed = RAW[name].search(markup, ends)
                return closed.start() if closed is not None else len(markup)
        return ends

    def handle_starttag(self, tag: str) -> None:
        if tag in DROPPED:
            self._dropped.append(tag)
        if self._dropped:
            return
        self._pre = self._pre or tag == "pre"
        if tag == "br":
            self._words.append("\n")
        elif tag in HEADINGS:
            self.end()
            self._kind = "heading"
        elif tag in ITEMS:
            self.end()
            self._kind = "item"
        elif tag == "tr":
            self.end()
            self._row, self._headed = [], True
        elif tag in ("td", "th") and self._row is not None:
            self._words.clear()
            self._kind = "cell"
            self._headed = self._headed and tag == "th"
        elif tag in BREAKS and not (self._kind == "cell" or (self._kind == "item" and tag not in LISTS)):
            self.end()
            self._lists += tag in LISTS
        elif tag in BREAKS:
            self._words.append("\n")

    def handle_startendtag(self, tag: str) -> None:
        if tag in DROPPED:
            return
        self.handle_starttag(tag)
        if tag != "br":
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._dropped:
            if tag == self._dropped[-1]:
                self._dropped.pop()
            return
        self._pre = self._pre and tag != "pre"
        if tag in ("td", "th") and self._row is not None and self._kind == "cell":
            self._row.append(self._said())
            self._kind = "text"
        elif tag == "tr" and self._row is not None:
            self._end_row()
        elif tag == "table":
            self._open = None
        elif tag in LISTS:
            self.end()
            self._lists = max(0, self._lists - 1)
            self._open = None if not self._lists else self._open
        elif tag in HEADINGS or tag in ITEMS or (tag in BREAKS and self._kind not in ("cell", "item")):
            self.end()

    def _data(self, words: str) -> None:
        if words and not self._dropped:
            data = _unescaped(words)
            self._words.append(data if self._pre else data.replace("\n", " "))

    def end(self) -> None:
        """What has been read so far is a block."""
        if self._row is not None and self._kind == "cell":
            self._row.append(self._said())
        elif words := self._said():
            if self._kind == "item":
                if self._open is None or self._open.kind != "list":
                    self._open = Block("list")
                    self.found.append(self._open)
                self._open.items.append(words)
            else:
                self._open = None if self._kind == "heading" or not self._lists else self._open
                self.found.append(Block(self._kind if self._kind == "heading" else "text", words))
        self._kind = "text"

    def _end_row(self) -> None:
        row, self._row = self._row or [], None
        if not any(row):
            return
        if self._open is None or self._open.kind != "table":
            self._open = Block("table")
            self.found.append(self._open)
        if self._headed and len(self._open.rows) == self._open.head:
            self._open.head += 1
        self._open.rows.append(row)

    def _said(self) -> str:
        """The words since the last block: runs of blanks are one, lines that an author breaks stay."""
        said = [" ".join(each.split()) for each in "".join(self._words).split("\n")]
        self._words.clear()
        return "\n".join(each for each in said if each)
