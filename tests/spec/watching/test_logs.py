"""What processes log: JSON lines that say whose they are, and nothing that a message, a library or an error holds."""

from __future__ import annotations

import pickle
import re
import socket
import subprocess
import sys
from typing import Any

import orjson
import pytest
import structlog

from interop.apply.mapper import LENGTH, READY
from interop.watching.logs import configure
from tests.places import ROOT
from tests.spec.terminal.screens import terminal

BEGIN = (
    "from interop.watching.ends import quiet\nfrom interop.watching.logs import configure\n"
    "quiet()\nconfigure(name='two', roles='api,worker')\n"
)


def lines(code: str) -> list[dict[str, Any]]:
    """What a process says on standard error."""
    done = subprocess.run([sys.executable, "-c", BEGIN + code], capture_output=True, cwd=ROOT)
    assert b"QUARRINGTON" not in done.stdout + done.stderr
    return [orjson.loads(line) for line in done.stderr.splitlines()]


def test_each_line_says_name_and_roles_and_what_else_is_known() -> None:
    [line] = lines("import structlog; structlog.get_logger().error('message failed', message=4711, error='ValueError')")
    assert line.pop("timestamp")
    assert line == {
        "event": "message failed", "level": "error", "message": 4711, "error": "ValueError", "name": "two", "roles": "api,worker",
    }  # fmt: skip


def test_on_a_terminal_a_line_is_text_and_no_word_of_it_moves_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    before = structlog.get_config()
    with terminal(monkeypatch, "stderr") as screen:
        configure(name="one", roles="api")
        structlog.get_logger().info("a key was made")
        structlog.get_logger().error("message failed", message=4711, why="\x1b[2J")
        said = screen.text
    structlog.configure(**before)
    times, words = zip(*(line.split(" ", 1) for line in said.splitlines()), strict=True)
    assert all(re.fullmatch(r"\d\d:\d\d:\d\d", time) for time in times)
    assert words == ("info: a key was made", 'error: message failed {"message": 4711, "why": "\\u001b[2J"}')


def test_libraries_warnings_threads_and_the_loop_are_told_by_kind_alone() -> None:
    said = lines(
        "import asyncio, logging, threading, warnings\n"
        "logging.getLogger('lib').warning('about %s', 'QUARRINGTON')\n"
        "warnings.warn('about QUARRINGTON')\n"
        "def broken(): raise KeyError('QUARRINGTON')\n"
        "thread = threading.Thread(target=broken); thread.start(); thread.join()\n"
        "async def main():\n"
        "    asyncio.get_running_loop().call_soon(broken)\n"
        "    await asyncio.sleep(0)\n"
        "asyncio.run(main())\n"
    )
    assert [(line["event"], line.get("library", ""), line.get("error", "")) for line in said] == [
        ("a library complains", "lib", ""),
        ("a library complains", "py.warnings", ""),
        ("ended by an error", "", "KeyError"),
        ("a library complains", "asyncio", "KeyError"),
    ]
    assert {(line["name"], line["roles"]) for line in said} == {("two", "api,worker")}


def test_an_error_that_ends_a_process_is_told_by_kind_and_place() -> None:
    [line] = lines("def broken(): raise ValueError('QUARRINGTON')\nbroken()")
    assert (line["event"], line["error"], line["name"]) == ("ended by an error", "ValueError", "two")
    assert line["at"].startswith("__main__:")


def test_a_mapper_that_ends_says_nothing_of_its_work() -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "interop.apply.mapper", str(theirs.fileno())]
    with subprocess.Popen(command, pass_fds=(theirs.fileno(),), stderr=subprocess.PIPE, cwd=ROOT) as process:
        theirs.close()
        for sent in (pickle.dumps(b"k" * 32), b"QUARRINGTON is no pickle"):
            ours.sendall(LENGTH.pack(len(sent)) + sent)
        assert ours.recv(len(READY)) == READY
        _, errors = process.communicate(timeout=60)
        ours.close()
    assert process.returncode == 1
    [line] = [orjson.loads(each) for each in errors.splitlines()]
    assert (line["event"], line["name"]) == ("ended by an error", "mapper")
    assert b"QUARRINGTON" not in errors
