"""Commands show what they have to say in one way: nobody draws tables, bars or errors of their own."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from interop.cli import convert as converting
from interop.cli.main import app
from interop.cli.page import commands
from tests.places import ROOT

FOLDER = ROOT / "interop" / "cli"
MODULES = sorted(FOLDER.glob("*.py"))
DRAWING = {"shown.py", "progress.py"}
TO_ERRORS = {"shown.py", "asking.py"}
ROOT_COMMAND = get_command(app)
EVERY = dict(commands())


def imported(path: Path) -> set[str]:
    nodes = [*ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return {each.name for node in nodes if isinstance(node, ast.Import) for each in node.names} | {
        str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)
    }


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_tables_bars_and_errors_have_one_place(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert path.name in DRAWING or not {name for name in imported(path) if name.partition(".")[0] == "rich"}
    assert path.name in TO_ERRORS or "file=sys.stderr" not in text
    assert path.name == "shown.py" or "print(json.dumps(" not in text


@pytest.mark.parametrize("name", [name for name, command in EVERY.items() if any(each.name == "url" for each in command.params)])
def test_without_an_engine_a_command_says_how_to_start_or_name_one(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With 1, whatever it is asked; nothing on standard output, with ``--json`` either."""
    command = EVERY[name]
    words = {"into": str(tmp_path / "into"), "number": "1", "reference": "Observation/x", "decision": "given"}
    given = [words.get(each.name, "x") for each in command.params if each.param_type_name == "argument" and each.required]
    more = {"reason": "x", "start": "2026-01-05", "end": "2026-01-06"}
    for each in command.params:
        if each.param_type_name == "option" and each.required:
            given += [each.opts[0], more[each.name]]
    if name == "replay":
        given = ["1", "--yes"]
    if name.startswith("takedown"):
        given.append("--yes")
    line = [*name.split(), *given, "--url", "http://127.0.0.1:9", "--data", str(tmp_path), "--json"]
    assert ROOT_COMMAND.main(line, prog_name="interop", standalone_mode=False) == 1
    said = "No engine answers at http://127.0.0.1:9. Start it with interop serve, or name it with --url.\n"
    assert capsys.readouterr() == ("", said)


def test_what_is_interrupted_ends_with_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(converting, "Delivery", interrupted)
    assert CliRunner().invoke(app, ["convert", str(tmp_path)]).exit_code == 130


def test_a_word_that_is_no_command_is_refused_with_the_one_that_may_be_meant() -> None:
    done = CliRunner().invoke(app, ["mesages"])
    assert done.exit_code == 2
    assert "messages" in done.stderr


def test_a_list_that_is_cut_says_how_many_of_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    from interop.cli.shown import cut

    cut(20, 1_234, "--count shows more.")
    cut(50, None, "--after 50 goes on.")
    assert capsys.readouterr() == ("", "20 of 1,234: --count shows more.\nThe first 50; there are more: --after 50 goes on.\n")
