"""Every command answers scripts too: docs/commands.md says what each line of ``--json`` holds."""

from __future__ import annotations

from typing import Any

import pytest

from interop.cli.page import PAGE, WITHOUT_JSON, commands, results, written

EVERY = dict(commands())


def option(command: Any, name: str) -> Any:
    return next((each for each in command.params if name in each.opts), None)


@pytest.mark.parametrize("name", EVERY)
def test_it_has_json_and_says_what_a_line_holds_or_why_not(name: str) -> None:
    told = [one for one in results() if one.command == name]
    if name in WITHOUT_JSON:
        assert (option(EVERY[name], "--json"), told) == (None, [])
        assert len(WITHOUT_JSON[name].split()) > 5
        return
    assert option(EVERY[name], "--json").help == "One JSON line for each result."
    assert told
    assert all(one.always and one.about for one in told)


def test_only_commands_that_there_are_stand_in_the_lists() -> None:
    assert {one.command for one in results()} | {*WITHOUT_JSON} == {*EVERY}
    assert len(WITHOUT_JSON) < 3


@pytest.mark.parametrize("name", EVERY)
def test_it_says_in_a_sentence_what_it_does_and_what_each_option_is(name: str) -> None:
    assert EVERY[name].help.strip().endswith((".", ")"))
    assert [each.name for each in EVERY[name].params if not each.help] == []


def test_the_page_holds_the_commands_as_they_are() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert written(page) == page


def test_a_page_without_a_place_for_them_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no place for the commands"):
        written("# Commands\n")
