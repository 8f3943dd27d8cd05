"""``interop replay`` and the tables that are kept: a change of tables is tried before it goes live, and rolled back by digest."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from interop.app.engine import Engine
from interop.cli.main import app
from interop.mapping.places import VARIABLE
from tests.spec.durability.process import CODE
from tests.spec.engine.retabling import NO_ALLERGIES, NO_GENDER, forget, tables, use
from tests.spec.engine.running import client, running
from tests.spec.engine.taking import present, sent
from tests.spec.engine.test_replay import ALLERGY, ANN, OTHER
from tests.spec.engine.test_takedown import VISIT, message
from tests.spec.policy.test_held_commands import token

pytestmark = [pytest.mark.anyio, pytest.mark.long]


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Other tests find the packaged tables."""
    yield
    forget()


async def command(*said: str) -> subprocess.CompletedProcess[str]:
    """A command of the console script, in a process of its own with the packaged tables."""
    environment = {name: value for name, value in os.environ.items() if name != VARIABLE}
    return await asyncio.to_thread(
        lambda: subprocess.run([sys.executable, "-c", CODE, *said], capture_output=True, text=True, timeout=120, env=environment)
    )


def where(engine: Engine) -> list[str]:
    settings = engine.settings
    return ["--data", str(settings.data), *(["--database", settings.database] if settings.database else [])]


async def through(engine: Engine, *said: str) -> dict[str, Any]:
    done = await command("replay", "--url", f"http://127.0.0.1:{engine.http}", "--data", str(engine.settings.data), *said, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def test_a_change_is_tried_on_last_weeks_traffic_and_goes_live_with_just_these_differences_and_is_rolled_back_by_digest(
    tmp_path: Path, place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, candidate, before = tmp_path / "data", tables(tmp_path / "candidate", NO_GENDER | NO_ALLERGIES), tmp_path / "before"
    async with running(data, **place) as engine, client(engine) as http:
        await sent(http, message(1, VISIT, ALLERGY, name=ANN))
        await sent(http, message(2, OTHER, patient="P2", name=ANN))
        first = await present(engine)
        tried = await command(
            "replay", "--since", "7d", "--dry-run", "--tables", str(candidate), *where(engine), "--mappers", "0", "--test-numbers",
            "--json",
        )  # fmt: skip
        assert tried.returncode == 0, tried.stderr
        told = json.loads(tried.stdout)
        assert await present(engine) == first
        assert (told["messages"], told["change"], told["vanish"], told["new"]) == (2, 2, 1, 0)
        assert told["paths"]["Patient.gender"]["vanish"] == 2
        assert "female" not in tried.stdout
    use(monkeypatch, candidate)
    async with running(data, **place) as engine:
        unasked = await command("replay", "--all", "--url", f"http://127.0.0.1:{engine.http}", "--data", str(data))
        assert (unasked.returncode, "Add --yes" in unasked.stderr) == (2, True)
        live = await through(engine, "--since", "7d", "--yes", "--batch", "1", "--pause", "0")
        assert {name: said for name, said in live.items() if name not in ("dryRun", "replays")} == {
            name: said for name, said in told.items() if name not in ("dryRun", "replays")
        }
        assert await present(engine) != first
        listed = await command("tables", "--kept", *where(engine), "--json")
        digests = [json.loads(line) for line in listed.stdout.splitlines()]
        assert [(one["family"], one["present"]) for one in digests] == [("hl7v2", True), ("hl7v2", False)]
        assert digests[0]["first"] < digests[1]["first"]
        written = await command("tables", "--write", digests[0]["digest"][:12], str(before), *where(engine))
        assert written.returncode == 0, written.stderr
        shutil.copytree(before, edited := tmp_path / "edited")
        rows = edited / "hl7v2" / "elements-patient.csv"
        rows.write_text("".join(rows.read_text().splitlines(keepends=True)[:-1]))
        refused = await command("tables", "--write", digests[0]["digest"], str(edited), *where(engine))
        assert (refused.returncode, "kept nowhere else" in refused.stderr) == (1, True)
        again = await command("tables", "--write", digests[1]["digest"], str(before), *where(engine))
        assert again.returncode == 0, again.stderr
        await command("tables", "--write", digests[0]["digest"], str(before), *where(engine))
    use(monkeypatch, before)
    async with running(data, **place) as engine:
        back = await through(engine, "--all", "--yes", "--pause", "0")
        assert (back["change"], back["new"]) == (2, 1)
        assert await present(engine) == first


async def test_values_are_told_where_they_are_asked_for_beside_the_engine(tmp_path: Path) -> None:
    candidate = tables(tmp_path / "candidate", NO_GENDER)
    async with running(tmp_path / "data") as engine, client(engine) as http:
        number = await sent(http, message(1, VISIT, name=ANN))
        said = ["replay", str(number), "--dry-run", "--tables", str(candidate), *where(engine), "--mappers", "0", "--test-numbers"]
        plain, full = await command(*said), await command(*said, "--values")
        assert plain.stdout.splitlines()[-2:] == ["1 change, 0 vanish, 0 new (1 message)", "Nothing has been done yet."]
        assert "female" not in plain.stdout
        assert "female -> nothing" in full.stdout


async def test_it_asks_before_it_does_and_only_who_runs_the_engine_may(tmp_path: Path) -> None:
    async with running(tmp_path / "data", open=False) as engine:
        url = ["--url", f"http://127.0.0.1:{engine.http}", *where(engine)]
        nobody = await command("replay", "--all", *url)
        assert (nobody.returncode, "No message is of this filter" in nobody.stderr) == (0, True)
        unknown = await command("replay", "4711", *url)
        assert (unknown.returncode, "interop messages lists them" in unknown.stderr) == (1, True)
        for role, status in (("operator", 0), ("gp", 1), ("privacy-officer", 1)):
            done = await command("replay", "--all", "--dry-run", *url, "--token", await token(engine, role, "G99901"))
            assert done.returncode == status, done.stderr
        for wrong in (
            ["--since", "tomorrow"],
            [],
            ["1", "--all"],
            ["--all", "--values"],
            ["--all", "--dry-run", "--tables", "none"],
        ):
            assert (await command("replay", *wrong, *url)).returncode == 2


def test_the_commands_say_what_they_do() -> None:
    from typer.testing import CliRunner

    assert "tells what would change" in " ".join(CliRunner().invoke(app, ["replay", "--help"]).stdout.split())
