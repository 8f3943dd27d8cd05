"""Rules that start and stop clocks are held against the table of clocks when they are loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.app import clocks_page
from interop.app.acting import tables_of
from interop.clocks.refused import ClocksRefused
from interop.rules.tables import COLUMNS, RULES_FILE, RulesRefused
from tests.spec.clocks.tables import csv


def refused(folder: Path, *rows: str) -> str:
    """Why the rules of a site are refused."""
    (folder / RULES_FILE).write_text("\n".join([",".join(COLUMNS[RULES_FILE]), *rows]) + "\n", "utf-8")
    with pytest.raises(RulesRefused) as found:
        tables_of(folder, 0)
    return str(found.value)


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        ("clock tea-time", "tea-time is no clock of clocks.csv"),
        ("stop-clock tea-time", "tea-time is no clock of clocks.csv"),
        ("stop-clock discharge late", "is no end of a clock"),
        ("clock discharge cancelled", "is no end of a clock"),
        ("reopen-clock discharge cancelled", "is no end of a clock"),
        ("clock two-week-wait", "the clock two-week-wait is of ServiceRequest"),
    ],
)
def test_a_rule_of_a_clock_that_cannot_be_right_is_refused(tmp_path: Path, action: str, reason: str) -> None:
    said = refused(tmp_path, f"wrong,admitted,,{action},,1d,event,,a test")
    assert "row wrong: " in said
    assert reason in said


def test_a_clock_that_nothing_stops_is_refused(tmp_path: Path) -> None:
    (tmp_path / "clocks.csv").write_text("\n".join(csv()) + "\n", "utf-8")
    assert "row wrong: no row stops the clock visit" in refused(tmp_path, "wrong,admitted,,clock visit,,1d,event,,a test")


def test_a_table_of_clocks_that_cannot_be_right_is_refused_with_the_rules(tmp_path: Path) -> None:
    (tmp_path / "clocks.csv").write_text("\n".join(csv(escalate_to="worklist mdt")) + "\n", "utf-8")
    with pytest.raises(ClocksRefused, match=r"clocks\.csv, row visit: escalate-to: worklist cannot be told"):
        tables_of(tmp_path, 0)


def test_the_page_for_clinical_safety_is_what_the_tables_say() -> None:
    text = clocks_page.PAGE.read_text("utf-8")
    assert clocks_page.written(text) == text
    with pytest.raises(ValueError, match="no place"):
        clocks_page.written("# Clocks\n")
