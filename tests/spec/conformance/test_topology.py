"""``conformance topology`` says what it cannot do before it starts anything."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from conformance.cli import app


@pytest.mark.parametrize("file", [False, True])
def test_a_directory_that_holds_something_is_refused_and_left_as_it_is(tmp_path: Path, file: bool) -> None:
    kept = tmp_path / "kept"
    kept.write_text("mine", encoding="utf-8")
    data = kept if file else tmp_path
    done = CliRunner().invoke(app, ["topology", "--data", str(data)])
    assert done.exit_code == 2
    assert done.stderr == f"{data} is not an empty directory, nor what a topology has kept: name one, or a new one, with --data.\n"
    assert [each.name for each in tmp_path.iterdir()] == ["kept"]
    assert kept.read_text(encoding="utf-8") == "mine"
