"""Mutation of ``interop/policy``: does a test notice when a condition, a constant or a cell of a table is another one?

A mutant (``tests.mutation.mutants``) is killed by the first test that fails; of the tests of policy that are quick and need no
server those are asked that run the changed function (``tests.mutation.judging``). Survivors are listed with their reasons in
policy_equivalents.csv.

    python -m tests.mutation.policy [-v] [MODULE|TABLE ...]
"""

from __future__ import annotations

import argparse
import csv
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.mutation.judging import Judge
from tests.mutation.mutants import UNCHANGED, Mutant, mutants

ROOT = Path(__file__).parent.parent.parent
SPECIFICATION = ROOT / "tests" / "spec"
SUITE = (
    "policy/test_absence_*.py",
    "policy/test_advance_*.py",
    "policy/test_decide*.py",
    "policy/test_explain*.py",
    "policy/test_held_[!ch]*.py",
    "policy/test_held_consents.py",
    "policy/test_redaction*.py",
    "policy/test_secrets.py",
    "policy/test_tables*.py",
    "policy/test_whereabouts.py",
    "signon/test_scopes.py",
)
EQUIVALENTS = Path(__file__).parent / "policy_equivalents.csv"


class Verdict(NamedTuple):
    """What was judged, and what of it no test notices."""

    judged: list[Mutant]
    survived: list[Mutant]


def verdict(
    wanted: tuple[str, ...] = (), share: tuple[int, int] = (0, 1), told: Callable[[str], None] = str, tests: str = ""
) -> Verdict:
    """Judge the mutants; ``share``: every so manieth of them, from which on; ``tests``: an expression of ``pytest -k``."""
    judge, found = Judge(), []
    todo = mutants(wanted)[share[0] :: share[1]]

    def run() -> None:
        gc.freeze()
        told(f"{len(judge.items)} tests in {sum(judge.cost):.0f} s")
        started = time.perf_counter()
        if judge.killed(UNCHANGED):
            raise AssertionError("what was not changed counts as noticed: so would everything")
        for mutant in todo:
            if not judge.killed(mutant):
                found.append(mutant)
                told(" | ".join(mutant.name))
        told(f"{len(todo)} mutants, {len(found)} survive, {time.perf_counter() - started:.0f} s")

    judge.judge = run
    files = [str(file) for pattern in SUITE for file in sorted(SPECIFICATION.glob(pattern))]
    options = ["-q", "-p", "no:cacheprovider", "-n", "0", "-m", "not long", "--timeout", "0", "-k", tests]
    status = pytest.main([*files, *options], plugins=[judge])
    if status not in (0, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise AssertionError(f"pytest ended with {status}")
    return Verdict(todo, found)


def equivalents() -> dict[tuple[str, str, str], str]:
    """The mutants that nobody can notice, and why."""
    with EQUIVALENTS.open(encoding="utf-8", newline="") as file:
        return {(row["place"], row["where"], row["change"]): row["why"] for row in csv.DictReader(file)}


def main(arguments: list[str]) -> int:
    """Tell the survivors that are not listed, and what is listed and does not survive, one a line; 1 where there are any."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation.policy", description=__doc__)
    parser.add_argument("-v", action="store_true", dest="verbose")
    parser.add_argument("--share", default="0/1", help="every so manieth mutant, from which on: 0/2 and 1/2 are all")
    parser.add_argument("-k", default="", dest="tests", help="only these tests, as of pytest")
    parser.add_argument("places", nargs="*")
    options = parser.parse_args(arguments)
    number, of = map(int, options.share.split("/"))
    known = equivalents()
    out = csv.writer(sys.__stdout__)
    judged, survived = verdict(tuple(options.places), (number, of), print if options.verbose else str, options.tests)
    names = {mutant.name for mutant in survived}
    wrong = [(*mutant.name, "is noticed by no test") for mutant in survived if mutant.name not in known]
    wrong += [(*mutant.name, "is listed and noticed") for mutant in judged if mutant.name in known and mutant.name not in names]
    out.writerows(wrong)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
