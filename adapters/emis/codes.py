"""What some files of a delivery say of the others: codes by their CodeId, and which observations define problems."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Final, NamedTuple

from adapters.emis.files import Table


class Kind(NamedTuple):
    """Rows that are remembered: the columns of the section that a message takes them over in, and those of their own table; the
    columns of other tables that name them, with their table."""

    section: tuple[str, ...]
    columns: tuple[str, ...]
    named: frozenset[tuple[str, str]]


_CLINICAL: Final = (
    ("CareRecord_Observation", "CodeId"),
    ("CareRecord_Diary", "CodeId"),
    ("CareRecord_Consultation", "ConsultationSourceCodeId"),
    ("CareRecord_ObservationReferral", "ReferralReasonCodeId"),
    ("CareRecord_ObservationReferral", "ReferralClosureReasonCodeId"),
)
KINDS: Final = {
    "Coding_ClinicalCode": Kind(
        ("ClinicalCodeId", "Term", "ReadTermId", "SnomedCTConceptId", "SnomedCTDescriptionId"),
        ("CodeId", "Term", "ReadTermId", "SnomedCTConceptId", "SnomedCTDescriptionId"),
        frozenset(_CLINICAL),
    ),
    "Coding_DrugCode": Kind(
        ("DrugCodeId", "Term"),
        ("CodeId", "Term"),
        frozenset((("Prescribing_DrugRecord", "CodeId"), ("Prescribing_IssueRecord", "CodeId"))),
    ),
    "CareRecord_Problem": Kind(
        ("ProblemObservationGuid",), ("ObservationGuid",), frozenset((("CareRecord_Observation", "ObservationGuid"),))
    ),
}
NAMING: Final = frozenset(table for kind in KINDS.values() for table, _ in kind.named)
"""Tables whose rows name what is remembered."""
SECTIONS: Final = {kind.section[0]: name for name, kind in KINDS.items()}
"""The first column of a section, by which it is known, and the table that its rows come from."""
HOT: Final = 20_000
"""Rows that are kept at hand: most entries name few codes."""


class Known:
    """Rows by kind and key. They lie in a private database of the process that goes to disk as it grows and is gone with it."""

    def __init__(self) -> None:
        self._rows: sqlite3.Connection | None = None
        self._hot: dict[tuple[str, str], bytes] = {}

    @property
    def any(self) -> bool:
        """Whether anything is remembered."""
        return self._rows is not None

    def wants(self, table: Table) -> bool:
        """Whether rows of the table are to be remembered, or name what is."""
        return table.name in KINDS or (self.any and table.name in NAMING)

    def learn(self, table: Table, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Remember what rows of a coding table or of the problems say; of another table nothing."""
        kind = KINDS.get(table.name)
        if kind is None:
            return
        if self._rows is None:
            self._rows = sqlite3.connect("", isolation_level=None, check_same_thread=False)
            self._rows.execute("create table known(kind text, key text, line blob, primary key(kind, key)) without rowid")
        at = [columns.index(name) if name in columns else -1 for name in kind.columns]
        taken = [[cells[place].strip() if place >= 0 else "" for place in at] for cells in rows if len(cells) == len(columns)]
        taken = [cells for cells in taken if cells[0].strip("{} ").replace("-", "").isalnum()]
        self._hot.clear()
        self._rows.execute("begin")
        self._rows.executemany(
            "insert or replace into known values(?, ?, ?)",
            ((table.name, _key(cells[0]), _line(["", *cells[1:]])) for cells in taken),
        )
        self._rows.execute("commit")

    def sections(self, table: Table, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> bytes:
        """What is known of what these rows name, by the key as they write it: sections of a header and rows, to stand behind them;
        empty where nothing is."""
        return b"".join(self._sections(table, columns, rows))

    def _sections(self, table: Table, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[bytes]:
        for name, kind in KINDS.items():
            places = [place for place, column in enumerate(columns) if (table.name, column) in kind.named]
            keys = dict.fromkeys(cells[place].strip("{} ") for place in places for cells in rows if cells[place])
            lines = [key.encode() + line for key in keys if key.isascii() and (line := self._line(name, key.lower()))]
            if lines:
                yield _line(kind.section) + b"".join(lines)

    def _line(self, kind: str, key: str) -> bytes:
        found = self._hot.get((kind, key))
        if found is None:
            assert self._rows is not None
            with closing(self._rows.execute("select line from known where kind = ? and key = ?", (kind, key))) as cursor:
                row = cursor.fetchone()
            if len(self._hot) >= HOT:
                self._hot.clear()
            found = self._hot[kind, key] = row[0] if row else b""
        return found


def _key(text: str) -> str:
    return text.strip("{} ").lower()


def _line(cells: Sequence[str]) -> bytes:
    """A line of separated values."""
    if not any(mark in cell for cell in cells for mark in ',"\r\n'):
        return (",".join(cells) + "\r\n").encode()
    text = io.StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()
