"""Stopping, starting twice, and where it may not listen."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest

from tests.failures import failing
from tests.spec.durability.load import push, settled, traffic
from tests.spec.durability.process import CODE, Served
from tests.spec.durability.state import journal, prepare
from tests.spec.engine.messages import adt
from tests.spec.engine.running import sender

pytestmark = pytest.mark.anyio
COUNT = 1_500


async def serve(*options: str) -> tuple[int, str]:
    """Exit status and standard error of a start that does not succeed."""
    command = [sys.executable, "-c", CODE, "serve", "--open", *options]
    done = await asyncio.to_thread(lambda: subprocess.run(command, capture_output=True, text=True, timeout=60))
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.long
@pytest.mark.parametrize("seed", [1, 2])
async def test_sigterm_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path, seed: int) -> None:
    data, bodies, acknowledged = prepare(tmp_path / "data"), traffic(seed, COUNT), set[str]()
    moment = Random(seed).randrange(1, COUNT - 700)
    print(f"SIGTERM: seed {seed}, after {moment} acknowledgements of {COUNT}")
    async with Served(data) as served:

        def told() -> None:
            if len(acknowledged) == moment:
                served.terminate()

        await push(served.mllp, bodies.values(), acknowledged, told)
        assert await served.ended() == 0
        assert b"Traceback" not in served.errors
    assert moment <= len(acknowledged) < COUNT
    there = journal(data)
    # An orderly stop answers for all that it took in.
    assert set(there.controls) == acknowledged
    async with Served(data) as served:
        await settled(served)
        served.terminate()
        assert await served.ended() == 0
    assert set(journal(data).states.values()) == {"applied"}


@pytest.mark.long
@failing(
    "engine",
    "starting",
    seen="a stop under load: those who wait get their answer",
    recovered="what is journalled and not applied is done at the next start",
)
async def test_a_sender_that_still_waits_when_the_engine_stops_gets_its_answer(tmp_path: Path) -> None:
    async with Served(tmp_path / "data") as served, sender(served.mllp) as line:
        for number in range(200):
            line.send(adt(control=f"C{number}", local=f"L{number}", visit=f"V{number}"))
        first = await line.answer()
        served.terminate()
        said = [first]
        while (answer := await line.answer()) is not None:
            said.append(answer)
        assert await served.ended() == 0
        assert b"Traceback" not in served.errors
        taken = {answer.control for answer in said if answer and answer.code == "AA"}
    assert set(journal(tmp_path / "data").controls) == taken


@pytest.mark.long
async def test_a_second_engine_on_the_same_directory_is_refused_in_one_sentence(tmp_path: Path) -> None:
    async with Served(tmp_path / "data") as served:
        status, said = await serve("--data", str(tmp_path / "data"), "--http", "127.0.0.1:0", "--mllp", "127.0.0.1:0")
        assert status == 1
        assert said.count("\n") == 1
        assert said.startswith("Another engine has ")
        async with sender(served.mllp) as line:
            answer = await line.ask(adt())
            assert answer is not None
            assert answer.code == "AA"


@pytest.mark.long
async def test_after_a_kill_the_directory_is_free_again(tmp_path: Path) -> None:
    async with Served(tmp_path / "data") as served:
        served.kill()
        await served.ended()
    async with Served(tmp_path / "data") as served:
        assert served.mllp


@pytest.mark.parametrize("option", ["--http", "--mllp"])
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "[::]", "care.example"])
async def test_open_to_everyone_it_listens_on_loopback_only(tmp_path: Path, option: str, host: str) -> None:
    status, said = await serve("--data", str(tmp_path / "data"), option, f"{host}:0")
    assert status == 2
    assert said.count("\n") == 1
    assert option in said
    assert "loopback" in said
    assert not (tmp_path / "data").exists()


@pytest.mark.long
async def test_a_port_that_is_taken_is_told_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for option, other in (("--http", "--mllp"), ("--mllp", "--http")):
            status, said = await serve("--data", str(tmp_path / "data"), option, f"127.0.0.1:{port}", other, "127.0.0.1:0")
            assert status == 1
            (told,) = [line for line in said.splitlines() if not line.startswith("{")]  # beside what is logged
            assert told.startswith("A port cannot be opened")
