"""docs/operations.md tells of every reason, state, figure, setting and log line that there is."""

from __future__ import annotations

import re
from itertools import chain

import pytest

from interop.api.metrics import table
from interop.app.settings import Settings
from interop.errors import page, reasons
from interop.ports import AckState, MessageState
from tests.places import ROOT

TEXT = page.PAGE.read_text(encoding="utf-8")
SOURCES = {path: path.read_text(encoding="utf-8") for path in sorted((ROOT / "interop").rglob("*.py"))}


def found(pattern: str) -> list[str]:
    """Every match of the pattern's group in the engine's source, each once."""
    return sorted(set(chain.from_iterable(re.findall(pattern, text) for text in SOURCES.values())))


def test_the_error_table_is_the_one_that_the_engine_answers_by() -> None:
    assert page.written(TEXT) == TEXT
    assert page.main(["--check"]) == 0


@pytest.mark.parametrize("name", reasons())
def test_each_reason_has_a_sentence_and_one_action(name: str) -> None:
    reason = reasons()[name]
    assert reason.sentence.endswith(".")
    assert reason.action.endswith(".")
    assert f"| `{name}` |" in TEXT
    assert reason.sentence in TEXT


def test_a_difference_is_found() -> None:
    """A row that is not as in the table, and a page without a place for it."""
    assert page.written(TEXT.replace("| permanent |", "| transient |", 1)) == TEXT
    with pytest.raises(ValueError, match="no place"):
        page.written("# Operations\n")


@pytest.mark.parametrize("state", [*MessageState, *AckState])
def test_each_state_is_told(state: str) -> None:
    assert re.search(rf"\b{state}\b", TEXT)


@pytest.mark.parametrize("event", found(r"\b_?log\.\w+\(\s*\"([^\"]+)\""))
def test_each_log_line_is_told(event: str) -> None:
    assert f"`{event}`" in TEXT


@pytest.mark.parametrize("name", sorted(table()))
def test_each_figure_is_told(name: str) -> None:
    assert f"`{name}" in TEXT


@pytest.mark.parametrize("name", ["unfinished_messages", "mapper_deaths", "certificates_turned_away", "feeds_file_refused"])
def test_each_gauge_of_the_engine_is_told(name: str) -> None:
    assert f'"{name}"' in SOURCES[ROOT / "interop" / "app" / "engine.py"]
    assert f"`interop_{name}`" in TEXT


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_each_setting_is_told(name: str) -> None:
    """By its option or by its variable."""
    assert f"`--{name.replace('_', '-')}" in TEXT or f"`INTEROP_{name.upper()}" in TEXT


@pytest.mark.parametrize("name", ["id.key", "signon.key", "audit.key", "clients.json"])
def test_each_file_that_must_not_be_lost_is_told(name: str) -> None:
    assert f"| `{name}` |" in TEXT
