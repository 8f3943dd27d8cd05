"""The failure matrix of docs/operations.md is what the tests say that they try."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import failures
from tests.spec.documents.named import missing

MARKED = '@failing("{}", "{}", seen="{}", recovered="by itself")\ndef test_it() -> None: ...\n'


def test_the_page_holds_it_as_the_generator_writes_it() -> None:
    page = failures.PAGE.read_text(encoding="utf-8")
    assert page == failures.written(page)
    assert failures.main(["--check"]) == 0


def test_every_cell_is_there_with_a_test_that_is_collected_or_says_that_there_is_none() -> None:
    found = failures.cells()
    assert [cell.test for cell in found if missing(cell.test)] == []
    lines = failures.matrix(found).splitlines()
    for what in failures.COMPONENTS.values():
        for when in failures.PHASES.values():
            there = [line for line in lines if line.startswith(f"| {what} | {when} |")]
            assert there
            assert all(("not tested" in line) or ("cannot be: " in line) or (".py::test_" in line) for line in there)
    assert {cell.component for cell in found} == failures.COMPONENTS.keys()
    assert {cell.phase for cell in found} == failures.PHASES.keys()


@pytest.mark.parametrize(
    ("component", "phase", "seen"),
    [("engine", "applying", "one message is lost"), ("engine", "sleeping", "nothing"), ("mapper", "reading", "nothing")],
)
def test_a_cell_that_says_lost_or_that_cannot_be_is_refused(component: str, phase: str, seen: str, tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(MARKED.format(component, phase, seen))
    with pytest.raises(ValueError, match=r"lost|no cell"):
        failures.cells(tmp_path)
    (tmp_path / "test_one.py").write_text(MARKED.format("engine", "applying", "messages wait"))
    assert len(failures.cells(tmp_path)) == 1
