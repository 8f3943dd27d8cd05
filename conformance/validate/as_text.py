"""For a terminal: what there is to mend, by file; then one line of what it comes to."""

from __future__ import annotations

from typing import IO, BinaryIO, cast

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from conformance.validate.checked import Checked, Totals, plural, summary, unchecked_lines
from conformance.validate.comparison import Comparison, Said
from conformance.validate.grouped import Grouped, Kind
from interop.fhir.findings import Finding

STYLES = {"error": "bold red", "warning": "yellow", "information": "cyan"}
WIDE = 200
REASONS = 12
"""Reasons that are told why something was not checked."""


class Terminal:
    """Quiet where a file is clean. Findings that differ only in their place within a list are shown once, with how many more."""

    def __init__(self, out: BinaryIO, *, terminal: bool) -> None:
        self._terminal = terminal
        width = None if terminal else WIDE
        self._console = Console(file=cast(IO[str], _Text(out)), width=width, force_terminal=terminal, highlight=False)
        self._name = ""
        self._grouped = Grouped()

    def begin(self, name: str) -> None:
        self._name = name
        self._grouped = Grouped()

    def resource(self, checked: Checked) -> None:
        self._grouped.add(checked)

    def end(self, file: Totals, profiles: list[str], second: Comparison | None) -> None:
        differs = second is not None and not second.agrees
        if not self._grouped and not differs:
            return
        self._console.print(Text(self._name, "bold"), soft_wrap=True)
        if self._terminal:
            self._console.print(Padding(self._table(), (0, 0, 0, 2)))
        else:
            for kind in self._grouped:
                self._console.print(_line(kind), soft_wrap=True)
        if self._grouped.left_out:
            self._console.print(Text(f"  and {plural(self._grouped.left_out, 'finding')} of other kinds", "dim"))
        if second is not None and differs:
            self._differences(second)

    def close(self, totals: Totals) -> None:
        style = "bold red" if totals.errors else "yellow" if totals.warnings else "bold green"
        self._console.print(Text(summary(totals), style))
        for line in unchecked_lines(totals, REASONS):
            self._console.print(Text(line, "dim"), soft_wrap=True)

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold", ratio=2)
        table.add_column(overflow="fold", ratio=3)
        for kind in self._grouped:
            severity = kind.finding.severity
            short = kind.finding._replace(profile=kind.finding.profile.rpartition("/")[2])
            table.add_row(Text(severity, STYLES[severity]), Text(_where(kind.label, short)), _what(short, kind.count))
        return table

    def _differences(self, second: Comparison) -> None:
        line = f"  both {len(second.both)}, ours only {len(second.ours)}, theirs only {len(second.theirs)}"
        self._console.print(Text(line, "bold"))
        for who, said in (("ours only", second.ours), ("theirs only", second.theirs)):
            for each in said:
                self._console.print(_side(who, each), soft_wrap=True)


class _Text:
    """Text for rich over bytes, so that what a shell calls its encoding does not matter."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self.encoding = "utf-8"

    def write(self, text: str) -> int:
        self._out.write(text.encode("utf-8", "replace"))
        return len(text)

    def flush(self) -> None:
        self._out.flush()

    def isatty(self) -> bool:
        return False


def _line(kind: Kind) -> Text:
    """A finding on one line, as a tool that reads lines likes it."""
    text = Text(f"  {kind.finding.severity}  {_where(kind.label, kind.finding)}  ")
    return text.append_text(_what(kind.finding, kind.count))


def _where(label: str, finding: Finding) -> str:
    return ": ".join(part for part in (label, finding.expression) if part) or "-"


def _what(finding: Finding, count: int) -> Text:
    text = Text(finding.message)
    rule = ", ".join(part for part in (finding.rule, finding.profile) if part)
    if rule:
        text.append(f"  ({rule})", "dim")
    if count > 1:
        text.append(f"  and {count - 1:,} more", "dim italic")
    return text


def _side(who: str, said: Said) -> Text:
    text = Text(f"  {who}  ", "magenta")
    text.append(said.severity, STYLES.get(said.severity, ""))
    return text.append(f"  {said.expression}  {said.message}", "")
