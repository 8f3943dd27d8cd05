"""How far long work is: told on standard error, only to who looks, never among the results."""

from __future__ import annotations

from importlib.resources import as_file, files

import pytest

from interop.cli.convert import convert
from interop.cli.progress import progress
from tests.spec.terminal.screens import terminal, unstyled


def test_a_terminal_shows_what_is_at_hand_and_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with terminal(monkeypatch, "stderr") as screen:
        with progress("sending", 8) as working:
            working.at(3, 8)
            working.more(2)
            working.says("sending [b]the rest[/b]")
        said = unstyled(screen.text)
    assert "5/8" in said
    assert "sending [b]the rest[/b]" in said


def test_results_that_go_to_a_file_go_there_while_a_bar_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Rich would write them to where the bar is."""
    with terminal(monkeypatch, "stderr") as screen:
        with progress("sending") as working:
            print('{"id": "C1"}')
            working.more()
        assert "C1" not in screen.text
    assert capsys.readouterr().out == '{"id": "C1"}\n'


def test_nothing_is_said_where_nobody_looks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Not either where colours are forced: a log has no use for a bar."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress("sending", 8) as working:
        working.at(3)
        working.more()
        working.says("more")
    assert capsys.readouterr() == ("", "")


def test_results_past_print_are_not_mixed_with_a_bar_on_one_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    with terminal(monkeypatch, "stdout", "stderr") as screen:
        with progress("converting", prints=True) as working:
            working.more()
        assert screen.text == ""


def test_a_report_of_a_conversion_shows_a_bar_and_then_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with as_file(files("mappings").joinpath("ers", "examples", "booking.json")) as path:
        with terminal(monkeypatch, "stdout", "stderr") as screen:
            assert convert([path], report=True, lineage=False, as_json=False) == 0
            lines = unstyled(screen.text).splitlines()
    assert any("converting" in line for line in lines)
    assert any(line.split()[:3] == ["family", "messages", "carried"] for line in lines)
