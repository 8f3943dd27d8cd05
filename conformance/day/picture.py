"""A person's record as a picture: the very text that is printed, as an SVG that names nothing outside itself."""

from __future__ import annotations

from datetime import date
from io import StringIO
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import TerminalTheme

from conformance.day.page import print_record
from conformance.day.record import PersonRecord

WIDTH = 100
"""Columns, whatever the terminal that the day runs in."""
ADDRESS = "http://127.0.0.1:8080/fhir/Patient/[id]/$everything"
"""Ids are made with each deployment's own key; with the id left out the same day gives the same picture."""
PAPER = TerminalTheme(
    (255, 255, 255),
    (33, 43, 50),
    [(33, 43, 50), (170, 20, 20), (0, 110, 60), (150, 85, 0), (0, 94, 184), (120, 40, 140), (0, 105, 125), (120, 130, 138)],
)
"""Dark on white: legible on any page."""


def draw(record: PersonRecord, today: date, file: Path) -> None:
    """Write the record as an SVG. Raises OSError where the file cannot be written."""
    console = Console(
        record=True, width=WIDTH, file=StringIO(), force_terminal=True, color_system="truecolor", legacy_windows=False, _environ={}
    )
    print_record(console, record, ADDRESS, today)
    said = console.export_svg(title="Shared record", theme=PAPER, code_format=_plain_fonts(CONSOLE_SVG_FORMAT))
    file.write_text("\n".join(line.rstrip() for line in said.splitlines()) + "\n", encoding="utf-8")


def _plain_fonts(template: str) -> str:
    """The template without the fonts that it would fetch: whatever fixed-width font there is will do."""
    start, end = template.index("@font-face"), template.rindex("@font-face")
    end = template.index("}}", end) + 2
    return template[:start] + template[end:].replace("Fira Code, monospace", "Menlo, Consolas, 'DejaVu Sans Mono', monospace")
