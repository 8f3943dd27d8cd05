"""Mutation of policy: whatever condition or cell of a table is another one, a test notices (``tests/mutation/policy.py``)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.mutation.policy import EQUIVALENTS, ROOT, TABLES, equivalents, modules, mutants

DECIDING = ("absence", "asker", "decide", "explain", "facts", "labels", "narrowing", "rules", *(f"{table}.csv" for table in TABLES))
"""What decides and tells why; what is read from resources (``access`` and what it asks) is judged by hand, with the command."""
TESTS = "not test_held and not test_scopes"


def test_every_module_and_every_table_is_mutated() -> None:
    assert {mutant.place for mutant in mutants()} >= {f"{table}.csv" for table in TABLES} | {"decide", "rules", "narrowing"}
    assert {module.__name__ for module in modules()} >= {"interop.policy.decide", "interop.policy.access"}


def test_a_mutant_is_named_by_its_line_and_its_change() -> None:
    names = [mutant.name for mutant in mutants()]
    assert len(set(names)) == len(names)


def test_every_equivalent_is_a_mutant_that_there_is_and_has_a_reason() -> None:
    names = {mutant.name for mutant in mutants()}
    assert [name for name in equivalents() if name not in names] == []
    assert all(equivalents().values()), EQUIVALENTS.name


@pytest.mark.long
def test_every_mutant_is_noticed_or_listed() -> None:
    """In two processes beside each other, each of which judges every second one."""
    command = [sys.executable, "-m", "tests.mutation.policy", "-k", TESTS, *DECIDING, "--share"]
    running = [subprocess.Popen([*command, f"{n}/2"], cwd=ROOT, stdout=subprocess.PIPE, text=True) for n in range(2)]
    assert [line for one in running for line in one.communicate()[0].splitlines() if "," in line] == []
    assert [one.returncode for one in running] == [0, 0]
