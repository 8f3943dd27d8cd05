"""``interop identity``: the queue and decisions on the command line, beside a running engine."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
import pytest
from typer.testing import CliRunner, Result

from interop.app.engine import Engine
from interop.cli.main import app
from tests.spec.identity.test_decisions import admission, applied, ids, persons

pytestmark = pytest.mark.anyio


async def command(engine: Engine, *arguments: str) -> Result:
    """``interop identity …``, in a thread beside the engine's loop."""
    whole = ["identity", *arguments, "--url", f"http://127.0.0.1:{engine.http}"]
    return await anyio.to_thread.run_sync(lambda: CliRunner().invoke(app, whole))


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


async def test_a_pair_is_shown_linked_parted_split_and_told(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1"), admission("L2", number=""))
    one, two = await ids(http, "L1", "L2")
    await engine.workshop.identity_queue.settled()
    (pair,) = lines(await command(engine, "queue", "--json"))
    assert {each["patient"]["reference"] for each in pair["record"]} == {f"Patient/{one}", f"Patient/{two}"}
    assert (pair["why"], pair["compared"]["birth"]) == ("likeness", "exact")
    shown = (await command(engine, "queue")).stdout
    assert "MARY ASHDOWN  1941-03-17" in shown
    assert "9990000018" not in shown
    assert len(lines(await command(engine, "link", one, f"Patient/{two}", "--reason", "Same ward", "--json"))) == 2
    assert await persons(http, "L1") == {"L1": 2}
    assert (await command(engine, "queue")).output == "No pair waits for a decision.\n"
    assert "One person has 1 record now" in (await command(engine, "split", two, "--reason", "Two sisters")).stdout
    assert "2 records" not in (await command(engine, "unlink", one, two, "--reason", "Two sisters")).stdout
    assert (await command(engine, "undo", one, two, "--reason", "Wrong")).exit_code == 0
    told = lines(await command(engine, "history", one, "--json"))
    assert [each["decision"] for each in told if each["kind"] == "decision"] == ["same", "apart", "withdrawn"]
    assert "decision" in (await command(engine, "history", two)).stdout


async def test_what_is_refused_is_told_in_words(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1"))
    (one,) = await ids(http, "L1")
    refused = await command(engine, "link", one, "nobody", "--reason", "x")
    assert (refused.exit_code, refused.stderr[:3]) == (1, "404")
    assert (await command(engine, "link", one, "nobody")).exit_code == 2, "a reason is needed"


async def test_without_an_engine_it_says_so() -> None:
    result = CliRunner().invoke(app, ["identity", "queue", "--url", "http://127.0.0.1:1"])
    assert result.exit_code == 1
    assert "interop serve" in result.stderr
