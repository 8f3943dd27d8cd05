"""``conformance`` answers scripts and shells as ``interop`` does."""

from __future__ import annotations

from typing import Any

import pytest
from typer.main import get_command

from conformance import completing
from conformance.bench.command import BENCHES
from conformance.cli import app
from conformance.generate.families import FAMILIES
from conformance.generate.output import Format
from conformance.judged.progress import advancing
from conformance.topology.running import FRONTS
from conformance.validate.checked import SEVERITIES
from conformance.validate.command import FORMS
from interop.cli.page import commands
from tests.spec.terminal.screens import terminal

COMMAND = get_command(app)
EVERY: dict[str, Any] = dict(commands(COMMAND))
WITHOUT_JSON = {
    "generate": "what it prints are the messages themselves",
    "day": "it is a demonstration that stays up to be looked at",
}


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_json_or_says_why_not(name: str) -> None:
    has = any("--json" in each.opts for each in EVERY[name].params)
    assert has == (name not in WITHOUT_JSON)


def test_words_that_are_completed_are_those_that_are_understood() -> None:
    assert {*completing.BENCHES} == {*BENCHES, "serve", "pages", "all"}
    assert {*completing.FAMILIES} == {*FAMILIES}
    assert {*completing.FORMATS} == {*Format}
    assert {*completing.FRONTS} == {*FRONTS}
    assert {*completing.SEVERITIES} == {*SEVERITIES}
    assert {*completing.OUTPUTS} == {*FORMS} - {"json"}


@pytest.mark.parametrize(("line", "word"), [("conformance bench back", "backlog"), ("conformance val", "validate")])
def test_a_shell_is_offered_commands_and_words(
    line: str, word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_CONFORMANCE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    with pytest.raises(SystemExit):
        COMMAND.main(prog_name="conformance")
    assert capsys.readouterr().out.split() == [word]


def test_results_that_go_to_a_file_go_there_while_a_bar_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with terminal(monkeypatch, "stderr") as screen:
        for number in advancing([1, 2], 2, "cases"):
            print(number)
        assert "cases" in screen.text
    assert capsys.readouterr().out == "1\n2\n"
