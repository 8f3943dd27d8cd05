"""``--help`` and completion are quick: what a command needs is loaded when it runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "asyncpg",
    "cryptography",
    "fastapi",
    "httpx",
    "jinja2",
    "lxml",
    "orjson",
    "pydantic",
    "redis",
    "rich",
    "sqlite3",
    "uvicorn",
}
OURS = {"interop.cli", "interop.errors", "interop.ports", "interop.watching"}
"""Packages of the engine that the command line has before it knows which command is meant."""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    code = (
        "import sys\nsys.argv = ['interop', '--help']\nfrom interop.cli import main\n"
        "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "worklist" in done.stdout
    return {*done.stderr.split()}


def test_help_loads_no_library_that_only_commands_need(loaded: set[str]) -> None:
    assert not loaded & HEAVY


def test_help_loads_of_the_engine_only_the_options(loaded: set[str]) -> None:
    ours = {".".join(name.split(".")[:2]) for name in loaded if name.startswith("interop.")}
    assert ours <= OURS
