"""What a command says, one way for all: results on standard output, everything else on standard error.

| | on a terminal | in a pipe or a file |
|---|---|---|
| results | a table in colours that fits the width | the same table: plain, a line each, as wide as it is |
| ``--json`` | one JSON line for each result | the same |
| remarks, what to do next, errors | sentences on standard error | the same |

``NO_COLOR`` and ``--no-color`` take the colours, ``FORCE_COLOR`` takes a pipe for a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final, TextIO

if TYPE_CHECKING:
    from rich.console import Console

Fitted = tuple[list[int], int] | None
COLOURS: Final = {
    "green": "active applied early genuine given linked met new resource sent sound",
    "yellow": "awaited danger follow-up held mapped not-met paused pending received running warned withheld",
    "red": "breached dropped failed missing refused shelved stops withdrawn forged",
}
_COLOUR: Final = {word: colour for colour, words in COLOURS.items() for word in words.split()}
COLOURED: Final = ("ack", "acknowledgement", "became", "finding", "genuine", "result", "state", "status")
"""Columns whose words say how things stand."""
GAP: Final = 2
"""Blanks between two columns."""
FOLDED: Final = 10
"""A column of words is folded to no less."""


def plain(said: object) -> str:
    """As text without what moves a cursor, clears a screen or changes a colour: ``?`` stands for each such character."""
    text = str(said)
    return text if text.isprintable() else "".join(each if each.isprintable() else "?" for each in text)


def watched(stream: TextIO) -> bool:
    """Whether somebody looks at it as it comes, and the cursor may be moved there."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def on_terminal(stream: TextIO) -> bool:
    """Whether it is shown as on a terminal."""
    return watched(stream) or bool(os.environ.get("FORCE_COLOR"))


class Colours:
    """Whether there may be any, as far as the command line says (``--no-color``)."""

    allowed: ClassVar = True


def console(*, errors: bool = False) -> Console:
    """A terminal as Rich writes to it. It marks nothing by itself: what senders write is text."""
    from rich.console import Console

    return Console(
        stderr=errors, highlight=False, markup=False, emoji=False, force_terminal=True, no_color=None if Colours.allowed else True
    )


def json_line(said: Any) -> None:
    """A result for scripts."""
    print(json.dumps(said, default=str))


def one(said: Any, sentence: str, *, as_json: bool) -> None:
    """The one result of a command: as JSON, or as a sentence."""
    print(json.dumps(said, default=str) if as_json else sentence)


def several(found: Iterable[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool, nothing: str = "") -> None:
    """Results of one kind: a JSON line each, or a table of the ``columns`` that they have; ``nothing`` is told where there are
    none."""
    if as_json:
        for each in found:
            json_line(each)
        return
    rows = [[each.get(name, "") for name in columns] for each in found]
    if rows:
        table(columns, rows)
    elif nothing:
        remark(nothing)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, notes: Iterable[str] = (), errors: bool = False) -> None:
    """Rows under headings; numbers to the right, a column that nothing is in left out. ``notes`` are sentences below it. Where a
    terminal is too narrow even for folded columns, a block for each row."""
    kept = [place for place in range(len(columns)) if any(row[place] not in ("", None) for row in rows)]
    names = [columns[place] for place in kept]
    cells = [[_text(row[place]) for place in kept] for row in rows]
    numbers = [all(_number(row[place]) or row[place] in ("", None) for row in rows) for place in kept]
    times = [any(isinstance(row[place], Moment) for row in rows) for place in kept]
    stream = sys.stderr if errors else sys.stdout
    if on_terminal(stream):
        _rich(names, cells, numbers, times, errors=errors)
    elif cells:
        _aligned(names, cells, numbers, stream)
    for note in notes:
        print(plain(note), file=stream)


def say(text: str, *, errors: bool = False) -> None:
    """A line of a result in words; with ``errors`` it goes where questions are asked."""
    print(plain(text), file=sys.stderr if errors else sys.stdout)


def remark(sentence: str) -> None:
    """What is no result: how it went, what to do next."""
    say(sentence, errors=True)


def cut(shown: int, total: int | None, more: str) -> None:
    """Say of a list that it is not whole: how many of how many (None: nobody has counted), and what shows ``more``."""
    of = f"{shown:,} of {total:,}" if total is not None else f"The first {shown:,}; there are more"
    remark(f"{of}: {more}")


def wrong(sentence: object, status: int = 2) -> int:
    """Say what is wrong and what to do; the exit code, 2 for what cannot be asked so, 1 for what could not be done."""
    print("\n".join(map(plain, str(sentence).splitlines())), file=sys.stderr)
    return status


class Moment(str):
    """A time in a table: it is folded last."""


def moment(time: object, now: str) -> str:
    """Of an instant the second where it is of the day of ``now`` (UTC), else the day and the minute; anything else as it is."""
    said = str(time)
    if len(said) < 19 or said[10:11] != "T":
        return said
    return Moment(said[11:19] if said[:10] == now[:10] else said[:16].replace("T", " "))


def _text(said: object) -> str:
    if isinstance(said, bool):
        return "yes" if said else "no"
    return "" if said is None else ", ".join(map(plain, said)) if isinstance(said, list | tuple) else plain(said)


def _number(said: object) -> bool:
    return isinstance(said, int | float) and not isinstance(said, bool)


def _widths(names: Sequence[str], cells: Sequence[Sequence[str]]) -> list[int]:
    from unicodedata import east_asian_width

    def width(text: str) -> int:
        return len(text) if text.isascii() else sum(2 if east_asian_width(each) in "WF" else 1 for each in text)

    return [max(width(name), *(width(row[place]) for row in cells)) for place, name in enumerate(names)]


def _aligned(names: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[bool], stream: TextIO) -> None:
    widths = _widths(names, cells)
    for row in (names, *cells):
        parts = [
            text.rjust(width) if number else text.ljust(width) for text, width, number in zip(row, widths, numbers, strict=True)
        ]
        print((" " * GAP).join(parts).rstrip(), file=stream)


def _fitted(names: Sequence[str], widths: Sequence[int], firm: Sequence[bool], times: Sequence[bool], room: int) -> Fitted:
    """Columns made narrower until they fit, the widest first, ``times`` last and ``firm`` ones never, and the blanks between two
    of them; None where they do not fit."""
    for gap, late in ((GAP, False), (1, False), (1, True)):
        tried = list(widths)
        while sum(tried) + gap * (len(tried) - 1) > room:
            able = [
                place
                for place, width in enumerate(tried)
                if not firm[place] and width > max(FOLDED, len(names[place])) and (late or not times[place])
            ]
            if not able:
                break
            tried[max(able, key=lambda place: (not times[place], tried[place]))] -= 1
        else:
            return tried, gap
    return None


def _rich(
    names: Sequence[str], cells: Sequence[Sequence[str]], numbers: Sequence[bool], times: Sequence[bool], *, errors: bool
) -> None:
    from rich.table import Table
    from rich.text import Text

    screen = console(errors=errors)
    fitted = _fitted(names, _widths(names, cells), numbers, times, screen.width)
    if fitted is None:
        wide = max(map(len, names), default=0)
        for row in cells:
            for place, (name, text) in enumerate(zip(names, row, strict=True)):
                if text:
                    screen.print(Text(f"{name:{wide}}  ", "bold").append(Text(text, "bold" if not place else _style(name, text))))
            screen.print()
        return
    widths, gap = fitted
    made = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0), collapse_padding=True, header_style="bold")
    for name, width, number in zip(names, widths, numbers, strict=True):
        made.add_column(Text(name), justify="right" if number else "left", overflow="fold", width=width)
    for row in cells:
        made.add_row(*(Text(text, _style(name, text)) for name, text in zip(names, row, strict=True)))
    screen.print(made)


def _style(name: str, text: str) -> str:
    return _COLOUR.get(text, "") if name in COLOURED else ""
