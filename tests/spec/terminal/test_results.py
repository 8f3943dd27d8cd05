"""What scripts rely on: each line of ``--json`` has the names that docs/commands.md gives it, of every command, for real."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
import structlog
from typer.testing import CliRunner

from interop.cli.main import app
from interop.cli.page import WITHOUT_JSON, commands, results
from tests.spec.clocks.timing import request, timed
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found
from tests.spec.identity.test_decisions import admission, ids
from tests.spec.notify.receiving import receiving
from tests.spec.notify.test_operating import hook, toml

pytestmark = [pytest.mark.anyio, pytest.mark.long]
ELSEWHERE = {"identity verify", "identity trace", "retention certificates", "pull"}
"""What needs the national service, a source that withdrew or a source that is asked: lines of these are held by their own tests."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Script:
    """Calls commands with ``--json`` and keeps their lines by command."""

    def __init__(self, data: Path) -> None:
        self.data, self.url = data, ""
        self.lines: dict[str, list[dict[str, Any]]] = defaultdict(list)

    async def run(self, name: str, *words: str, data: bool = True, url: bool = False) -> list[dict[str, Any]]:
        """Its lines."""
        where = [*(["--data", str(self.data)] if data else []), *(["--url", self.url] if url else [])]
        line = [*name.split(), *words, *where, "--json"]
        result = await asyncio.to_thread(CliRunner().invoke, app, line)
        structlog.reset_defaults()  # a command may have set up the log for a stream that is no more
        assert result.exit_code == 0, (line, result.output, result.exception)
        said = [json.loads(each) for each in result.stdout.splitlines()]
        self.lines[name] += said
        return said

    async def ask(self, name: str, *words: str, **more: Any) -> list[dict[str, Any]]:
        """Of a command that speaks to the running engine."""
        return await self.run(name, *words, url=True, **more)


async def test_every_line_of_every_command_has_the_names_that_it_is_said_to_have(tmp_path: Path) -> None:
    script = Script(tmp_path / "data")
    await offline(script, tmp_path)
    async with receiving() as receiver:
        receiver.answers = [422, 200]
        to = toml(tmp_path, admissions=hook(receiver))
        async with timed(tmp_path / "data", destinations=to) as here:
            script.url = f"http://127.0.0.1:{here.engine.http}"
            await people(script, here)
            await running_alone(script, here, receiver, tmp_path)
    await stopped(script, tmp_path)
    known = results()
    strange = {
        (name, *sorted(line))
        for name, lines in script.lines.items()
        for line in lines
        if not any(one.command == name and one.fits({*line}) for one in known)
    }
    assert strange == set()
    silent = {name for name, _ in commands()} - {name for name, lines in script.lines.items() if lines}
    assert silent == {*WITHOUT_JSON} | ELSEWHERE


async def offline(script: Script, tmp_path: Path) -> None:
    """What needs no engine."""
    with as_file(files("mappings").joinpath("ers", "examples", "booking.json")) as path:
        for more in ([], ["--report"], ["--lineage"]):
            await script.run("convert", str(path), *more, data=False)
    await script.run("tables", "hl7v2", data=False)
    await script.run("tables", "r4", "--source", data=False)
    await script.run("token", "--role", "gp", "--org", "A81001")
    await script.run("token", "--rotate")
    await script.run("client", "bulk", "--jwks", "https://client.example/jwks", "--scope", "system/*.rs", "--org", "RX9")
    await script.run("client")
    await script.run("client", "bulk", "--remove")
    await script.run("application", "app", "--redirect", "https://app.example/back")
    await script.run("application")
    await script.run("application", "app", "--remove")
    await script.run("new-adapter", "acme", "--package", "--into", str(tmp_path / "new"), data=False)
    await script.run("rules check", data=False)
    await script.run("check-config", "--http", "127.0.0.1:0", "--mllp", "127.0.0.1:0")


async def people(script: Script, here: Any) -> None:
    """Who is who, who may see what, what is due."""
    for body in (admission("L1"), admission("L2", number="")):
        await here.tell(body)
    one, two = await ids(here.http, "L1", "L2")
    await here.engine.workshop.identity_queue.settled()
    await script.ask("identity queue")
    for decision in ("link", "undo", "unlink"):
        await script.ask(f"identity {decision}", one, two, "--reason", "Same ward")
    await script.ask("identity split", one, "--reason", "Two sisters")
    await script.ask("identity history", one)
    await script.ask("consent", one, "given")
    await script.ask("break-glass", one, "--reason", "Unconscious")
    await script.ask("claim", one, "--reason", "Called again")
    await script.ask("why", one)
    await script.ask("agreement add", "A81001", "--partner", "RX1", "--end", "2098-12-31")
    await script.ask("agreement list")
    await script.ask("agreement withdraw", "A81001", "--partner", "RX1")
    await here.put(request(one))
    await here.quiet()
    await script.ask("clocks")
    await script.ask("clocks measures", "--from", "2026-01-05", "--to", "2026-01-05")
    await script.ask("worklist", "urgent-response")
    await script.run("explain", f"Patient/{one}")


async def running_alone(script: Script, here: Any, receiver: Any, tmp_path: Path) -> None:
    """Messages, deliveries, what is taken back, replayed, exported, let go of, watched."""
    message = tmp_path / "admission.hl7"
    message.write_bytes(adt(control="C9", local="L9", visit="V9"))
    await script.run("send", str(message), "--to", f"http://127.0.0.1:{here.engine.http}/ingest/hl7v2", "--wait", "applied")
    async with client(here.engine) as http:
        (visit,) = await found(http, "Encounter?patient.identifier=L9")
    await script.run("messages")
    await script.run("messages", "--feeds")
    await script.run("messages", "--body", "1")
    await receiver.until(1)
    for words in (("queues",), ("list", "admissions"), ("pause", "admissions"), ("resend", "admissions"), ("resume", "admissions")):
        await script.ask(f"deliveries {words[0]}", *words[1:])
    await script.run("tables", "--kept")
    digest = script.lines["tables"][-1]["digest"]
    await script.run("tables", "--write", digest, str(tmp_path / "candidate"))
    await script.ask("replay", "1", "--dry-run")
    await script.ask("takedown message", "1", "--reason", "Another person", "--dry-run")
    await script.ask("takedown document", f"Encounter/{visit['id']}", "--reason", "Another person", "--dry-run")
    await script.ask("export", str(tmp_path / "exported"), "--people")
    await script.ask("retention run", "--dry-run")
    await script.run("rules try", "--last", "9999d")
    await script.run("backup", str(tmp_path / "backup"))
    (item, *_) = await script.run("audit queue")
    await script.run("audit outcome", item["item"], "justified")


async def stopped(script: Script, tmp_path: Path) -> None:
    """What is for an engine that does not run."""
    await script.run("audit verify")
    await script.run("audit index")
    await script.run("rebuild", "--into", str(tmp_path / "again"), "--mappers", "0", "--test-numbers")
    restored = Script(tmp_path / "restored")
    script.lines["restore"] += await restored.run("restore", str(tmp_path / "backup"))
