"""Mutation of policy: whatever condition or cell of a table is another one, a test notices (``tests/mutation/policy.py``)."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.mutation.mutants import TABLES, modules, mutants
from tests.mutation.policy import EQUIVALENTS, ROOT, equivalents


def test_every_module_and_every_table_is_mutated() -> None:
    places = {mutant.place for mutant in mutants()}
    with_code = {module.__name__.rpartition(".")[2] for module in modules()}
    assert places == {f"{table}.csv" for table in TABLES} | with_code
    assert with_code >= {"decide", "access", "consents", "relationships", "grants", "labels", "explain", "absence", "narrowing"}


def test_a_mutant_is_named_by_its_line_and_its_change() -> None:
    names = [mutant.name for mutant in mutants()]
    assert len(set(names)) == len(names)


def test_every_equivalent_is_a_mutant_that_there_is_and_has_a_reason() -> None:
    names = {mutant.name for mutant in mutants()}
    assert [name for name in equivalents() if name not in names] == []
    assert all(equivalents().values()), EQUIVALENTS.name


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_every_mutant_is_noticed_or_listed() -> None:
    """In two processes beside each other, each of which judges every second one. What is listed and noticed is told as well."""
    assert judged("0/2", "1/2") == []


WRONG = ("is noticed by no test", "is listed and noticed")


def judged(*shares: str, tests: str = "", places: tuple[str, ...] = ()) -> list[str]:
    """What is wrong, by so many processes beside each other; ``tests`` an expression of ``pytest -k``."""
    command = [sys.executable, "-m", "tests.mutation.policy", "-k", tests, *places, "--share"]
    running = [subprocess.Popen([*command, share], cwd=ROOT, stdout=subprocess.PIPE, text=True) for share in shares]
    told = [one.communicate()[0].splitlines() for one in running]
    wrong = [line for lines in told for line in lines if line.endswith(WRONG)]
    return wrong + [lines[-1] for one, lines in zip(running, told, strict=True) if one.returncode not in (0, bool(wrong))]
