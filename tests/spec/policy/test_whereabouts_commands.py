"""The raw views of who runs the engine: what tells where a hidden person is, is shown by none unless it is asked for by name."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread
import pytest

from interop.cli.explain import explain
from interop.cli.messages import messages
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import client, found, ingest, running

pytestmark = pytest.mark.anyio
STREET = "7 Tolpuddle Row"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def shown(data: Path, message: int, capfd: pytest.CaptureFixture[str], *, whereabouts: bool = False) -> tuple[int, str]:
    def run() -> int:
        return messages(data, feed="", state="", control_id="", count=1, feeds=False, body=message, as_json=False,
                        whereabouts=whereabouts)  # fmt: skip

    done = await anyio.to_thread.run_sync(run)
    out, err = capfd.readouterr()
    return done, out + err


@pytest.fixture
async def data(tmp_path: Path) -> tuple[Path, str]:
    """Message 1 was sent before its person was hidden, 2 hides them, 3 is refused, 4 is about somebody else."""
    async with running(tmp_path / "data") as engine, client(engine) as http:
        hiding = adt(control="C2", nhs=ZELDA).replace(b"|" * 16 + b"V1001", b"|" * 13 + b"S|||V1001")
        assert hiding != adt(control="C2", nhs=ZELDA)
        for body, status in (
            (adt(nhs=ZELDA), 200),
            (hiding, 200),
            (adt("A01", "C3", nhs=ZELDA, born="19481399"), None),
            (adt(control="C4", local="L9", visit="V9", family="OTHER", born="19600101"), 200),
        ):
            answer = await ingest(http, body)
            assert status in (None, answer.status_code), answer.text
        (one,) = await found(http, f"Patient?identifier={ZELDA}")
        assert one["meta"]["security"]
    return tmp_path / "data", one["id"]


async def test_no_message_of_theirs_is_shown_whenever_it_came(data: tuple[Path, str], capfd: pytest.CaptureFixture[str]) -> None:
    for message in (1, 2, 3):
        code, said = await shown(data[0], message, capfd)
        assert (code, STREET in said, "hidden" in said) == (1, False, True), (message, said)
    assert (await shown(data[0], 1, capfd, whereabouts=True))[0] == 0
    code, said = await shown(data[0], 4, capfd)
    assert code == 0
    assert STREET in said


async def test_elements_of_theirs_are_explained_without_values(data: tuple[Path, str], capfd: pytest.CaptureFixture[str]) -> None:
    place, id_ = data
    for whereabouts in (False, True):
        assert (
            await anyio.to_thread.run_sync(lambda w=whereabouts: explain(f"Patient/{id_}", place, as_json=True, whereabouts=w)) == 0
        )
        said = capfd.readouterr().out
        assert (STREET in said) == whereabouts
        assert "PID-11" in said
