"""Each hazard has a control, and each control a test that is there."""

from __future__ import annotations

import ast
import csv
from functools import cache
from pathlib import Path

import pytest

from tests.places import ROOT

COLUMNS = ["hazard", "cause", "effect", "control", "test"]
with (ROOT / "docs" / "safety" / "hazards.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))


@cache
def named_in(path: Path) -> frozenset[str]:
    """The names of the tests in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    made = (node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)))
    return frozenset(node.name for node in made if node.name.startswith("test_"))


def test_the_columns_are_hazard_cause_effect_control_and_test() -> None:
    assert list(ROWS[0]) == COLUMNS
    assert len({tuple(row.values()) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['hazard']}: {row['cause']}")
def test_every_row_is_whole_and_its_test_exists(row: dict[str, str]) -> None:
    """No cell is empty; the last names a file with tests, or one test of it."""
    assert all(row[column].strip() for column in COLUMNS)
    path, _, name = row["test"].partition("::")
    there = named_in(ROOT / path)
    assert there if not name else name in there
