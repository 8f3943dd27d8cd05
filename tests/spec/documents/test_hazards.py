"""Each hazard has a control, and each control a test that is collected."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.spec.documents.named import collected, missing, named_in

COLUMNS = ["hazard", "cause", "effect", "control", "test"]
with (ROOT / "docs" / "safety" / "hazards.csv").open(encoding="utf-8", newline="") as _file:
    ROWS = list(csv.DictReader(_file))
WRITTEN_FROM_TESTS = ROOT / "docs" / "specification.md"
"""Names the tests that are collected, and the helpers that they speak of."""
PAGES = sorted({ROOT / "README.md", *ROOT.glob("docs/*.md"), ROOT / "docs" / "safety" / "hazards.csv"} - {WRITTEN_FROM_TESTS})
EXPECTED = (
    "Two people become one",
    "One person is two",
    "The plan is not shown to a crew",
    "The plan of the wrong person is shown",
    "A record is shown to somebody who may not see it",
    "A record is shown after consent was withdrawn",
    "A record is shown after an agreement was withdrawn",
    "An emergency opens more than it should",
    "Silence is read as nothing recorded",
    "What is withheld is known all the same",
    "A hidden address is told",
    "A message of another organisation is taken for true",
    "Something is disclosed without a trace",
    "The audit is changed afterwards",
    "Somebody else signs on",
    "Demonstration keys guard real data",
    "The clock is wrong",
)
"""Hazards that have a row whatever else changes."""


def test_the_columns_are_hazard_cause_effect_control_and_test() -> None:
    assert list(ROWS[0]) == COLUMNS
    assert len({tuple(row.values()) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['hazard']}: {row['cause']}")
def test_every_row_is_whole_and_its_test_is_collected(row: dict[str, str]) -> None:
    """No cell is empty; the last names a file with tests, or tests of it, with blanks between."""
    assert all(row[column].strip() for column in COLUMNS)
    assert named_in(row["test"]) == row["test"].split()
    assert [missing(name) for name in row["test"].split()] == [""] * len(row["test"].split())


@pytest.mark.parametrize("hazard", EXPECTED)
def test_a_hazard_that_was_found_is_not_lost(hazard: str) -> None:
    assert hazard in {row["hazard"] for row in ROWS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_is_collected(page: Path) -> None:
    found = {name: missing(name) for name in named_in(page.read_text(encoding="utf-8"))}
    assert {name: why for name, why in found.items() if why} == {}


def test_a_control_without_a_test_is_noticed(tmp_path: Path) -> None:
    """A name that is not there, a helper, a test that is skipped, a class that pytest passes over, a file that is no test."""
    module = tmp_path / "test_one.py"
    module.write_text(
        "import pytest\n"
        "def helper(): ...\n"
        "async def test_there(): ...\n"
        "@pytest.mark.skip(reason='not today')\ndef test_skipped(): ...\n"
        "@pytest.mark.skipif(False, reason='')\ndef test_with_a_condition(): ...\n"
        "def made():\n    def test_within(): ...\n"
        "@pytest.fixture\ndef test_engine(): ...\n"
        "@pytest.mark.usefixtures('made')\ndef test_with_a_fixture(): ...\n"
        "class TestMore:\n    def test_of_a_class(self): ...\n"
        "class Other:\n    def test_of_no_class_of_tests(self): ...\n"
    )
    assert collected(module) == {"test_there", "test_with_a_condition", "test_with_a_fixture", "TestMore::test_of_a_class"}
    (tmp_path / "helpers.py").write_text("def test_no(): ...\n")
    assert collected(tmp_path / "helpers.py") == frozenset()
    skipped = tmp_path / "test_two.py"
    skipped.write_text("import pytest\npytestmark = pytest.mark.skip\ndef test_no(): ...\n")
    assert collected(skipped) == frozenset()
    assert "holds no tests" in missing("tests/spec/documents/test_gone.py::test_it")
    assert "has no test" in missing("tests/spec/documents/test_hazards.py::test_gone")


@pytest.mark.long
@pytest.mark.timeout(600)
def test_what_is_read_from_the_source_is_what_pytest_collects() -> None:
    """Of every file that a page names."""
    files = sorted({name.partition("::")[0] for page in PAGES for name in named_in(page.read_text(encoding="utf-8"))})
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-p", "no:cacheprovider", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    told = {re.sub(r"\[.*", "", line) for line in done.stdout.splitlines() if "::" in line}
    assert told == {f"{file}::{name}" for file in files for name in collected(ROOT / file)}
