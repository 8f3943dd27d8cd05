"""Tokens for cases that name an authorisation: given by name, or made by a command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.judged.outcome import Unusable
from conformance.judged.tokens import Tokens, bearer, shapes
from conformance.searches.cases import read
from conformance.searches.run import runs


def test_a_command_makes_the_token_that_a_name_stands_for() -> None:
    """Patient and scope come from the table."""
    tokens = Tokens(mint="echo")
    assert tokens.plain == ""
    assert tokens.of("PatientExampleFull") == "--patient example --scope patient/*.*"
    assert tokens.of("PatientDoesNotExistFull").startswith("--patient a-patient-that-does-not-exist ")


def test_a_token_that_was_given_is_taken_instead() -> None:
    assert (
        Tokens(given={"PatientExampleFull": "abc"}, mint="false-command-that-is-not-there", plain="x").of("PatientExampleFull")
        == "abc"
    )


def test_without_either_there_is_none() -> None:
    tokens = Tokens()
    assert (tokens.plain, tokens.of("PatientExampleFull"), tokens.of("nobody")) == ("", "", "")
    assert Tokens(mint="echo x").of("nobody") == ""


@pytest.mark.parametrize("command", ["false", "no-such-command-anywhere"])
def test_a_command_that_makes_none_ends_the_run(command: str) -> None:
    with pytest.raises(Unusable, match="no token comes from"):
        Tokens(mint=command)


def test_a_token_is_sent_as_a_bearers() -> None:
    assert bearer("abc") == {"authorization": "Bearer abc"}
    assert bearer("") == {}


def test_a_case_that_names_one_runs_by_get_and_by_post(tmp_path: Path) -> None:
    case = {"id": 42, "auth": "PatientExampleFull", "request": "GET Observation?subject=Patient/example", "expect_total_matches": 4}
    path = tmp_path / "cases.json"
    path.write_text(json.dumps({"cases": [case]}), encoding="utf-8")
    ((one,), _) = read(path)
    assert one.auth in shapes()
    assert [method for _, _, method, _ in runs(one, "suite")] == ["GET", "POST"]
