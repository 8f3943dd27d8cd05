"""Which tests notice a mutant of ``interop/policy``: each mutant in a process of its own."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

import interop.policy
from tests.mutation.mutants import Mutant, forget

SERVERS = frozenset(("engine", "site", "store"))
"""Fixtures of tests that need more than a moment."""
SURVIVED, BROKEN = -1, -2
SECONDS, WAITING = 60, 300
"""Of the processor, and in all. A mutant that takes more is killed: it never ends, or waits for ever."""
MEMORY = 4 << 30
"""Bytes. A mutant that wants more is refused them: it never stops adding."""


class Judge:
    """Knows which tests run which functions; runs them on mutants, each in a process of its own."""

    def __init__(self) -> None:
        self.items: list[pytest.Item] = []
        self.of_line: dict[tuple[str, int], list[int]] = {}
        self.cost: list[float] = []
        self.kills: dict[str, dict[int, int]] = {}
        """Of a module or table, how many mutants each test has noticed: those that have are asked first."""

    def pytest_collection(self) -> None:
        """Whether a property fails is wanted, and not the smallest example."""
        from hypothesis import Phase, settings

        some = {"max_examples": 40, "phases": (Phase.explicit, Phase.generate), "database": None, "deadline": None}
        settings.register_profile("mutation", settings.get_profile("seeded"), **some)
        settings.load_profile("mutation")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Servers are not run ten times a second."""
        items[:] = [item for item in items if not SERVERS.intersection(getattr(item, "fixturenames", ()))]

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """In place of running the tests: once each, to see what they run."""
        self.items = session.items
        folder = str(Path(interop.policy.__path__[0]))
        for number, item in enumerate(self.items):
            touched: set[CodeType] = set()

            def trace(frame: Any, event: str, _: Any, touched: set[CodeType] = touched) -> None:
                touched.add(frame.f_code)

            forget()
            started = time.process_time()
            sys.settrace(trace)
            try:
                passed = passes(item)
            finally:
                sys.settrace(None)
            if not passed:
                raise AssertionError(f"{item.nodeid} fails without any change")
            self.cost.append(time.process_time() - started)
            ran = {
                (Path(code.co_filename).stem, line)
                for code in touched
                if code.co_filename.startswith(folder)
                for line in lines(code)
            }
            for key in ran:
                self.of_line.setdefault(key, []).append(number)
        self.judge()
        return True

    judge: Callable[[], None]

    def tests_of(self, mutant: Mutant) -> list[int]:
        """Those that may notice: first those that have often noticed for their time, then the quickest."""
        if mutant.line:
            first = set(self.of_line.get((mutant.place, mutant.line), ()))
            numbers = self.around(mutant) or set(range(len(self.items)))
        else:
            first = {n for n, item in enumerate(self.items) if "test_tables" in item.nodeid}
            numbers = set(range(len(self.items)))
        kills = self.kills.get(mutant.place, {})
        return sorted(numbers, key=lambda n: (-kills.get(n, 0) / (self.cost[n] + 0.01), n not in first, self.cost[n]))

    def around(self, mutant: Mutant) -> set[int]:
        """Tests that run the lines about it: expressions over several lines are told by one of them."""
        return {n for line in range(mutant.line - 3, mutant.line + 4) for n in self.of_line.get((mutant.place, line), [])}

    def killed(self, mutant: Mutant) -> bool:
        """Whether a test notices, or the tables are refused."""
        from interop.policy.tables import TablesRefused

        try:
            put = mutant.make()
        except (TablesRefused, KeyError, SyntaxError, ValueError, IndexError):
            return True
        out, into = os.pipe()
        child = os.fork()
        if not child:
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            signal.alarm(WAITING)
            os.write(into, str(self._alone(put, mutant)).encode("ascii"))
            os._exit(0)
        os.close(into)
        said = os.read(out, 20)
        os.waitpid(child, 0)
        os.close(out)
        if not said:
            return True  # it never ended, or ended the process
        noticed = int(said)
        if noticed >= 0:
            kills = self.kills.setdefault(mutant.place, {})
            kills[noticed] = kills.get(noticed, 0) + 1
        return noticed != SURVIVED

    def _alone(self, put: Callable[[], None], mutant: Mutant) -> int:
        """The test that notices; ``BROKEN`` where the change itself cannot stand, ``SURVIVED`` where none does."""
        with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            try:
                put()
            except BaseException:
                return BROKEN
            for number in self.tests_of(mutant):
                try:
                    if not passes(self.items[number]):
                        return number
                except BaseException:
                    return number
        return SURVIVED


def lines(code: CodeType) -> set[int]:
    """The lines of a function."""
    return {line for _, _, line in code.co_lines() if line is not None}


def passes(item: pytest.Item) -> bool:
    """Whether a test passes."""
    return all(report.outcome != "failed" for report in runtestprotocol(item, log=False, nextitem=None))
