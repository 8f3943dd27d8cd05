"""What senders write is shown on an operator's terminal as text: it moves no cursor, changes no colour and marks no table."""

from __future__ import annotations

from pathlib import Path

import anyio.to_thread
import pytest

from interop.cli.messages import messages
from interop.cli.shown import plain, table
from tests.spec.engine.messages import adt
from tests.spec.engine.running import running, sender

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.parametrize(
    ("said", "shown"),
    [("C9", "C9"), ("Ólaf\u2019s", "Ólaf\u2019s"), ("C\x1b[2J", "C?[2J"), ("a\r\nb\x07", "a??b?"), ("a\u202eb", "a?b"), (7, "7")],
)
def test_what_is_no_text_is_a_question_mark(said: object, shown: str) -> None:
    assert plain(said) == shown


def test_what_looks_like_a_mark_of_a_table_is_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    table(("said",), [("[/red]",), ("[link=http://elsewhere.example]C3",), (":smile:",)])
    said = capsys.readouterr().out
    assert all(text in said for text in ("[/red]", "[link=http://elsewhere.example]C3", ":smile:"))


async def test_the_journal_is_listed_whatever_a_message_calls_itself(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with running(tmp_path / "data") as engine, sender(engine.mllp) as line:
        for control in ("C1\x1b[2J", "[/red]", "[link=http://elsewhere.example]C3"):
            assert await line.ask(adt(control=control)) is not None

    def run() -> int:
        return messages(tmp_path / "data", feed="", state="", control_id="", count=9, feeds=False, body=0, as_json=False)

    assert await anyio.to_thread.run_sync(run) == 0
    said = capfd.readouterr().out
    assert "\x1b" not in said
    assert "C1?[2J" in said
    assert "[/red]" in said
    assert "[link=" in said
