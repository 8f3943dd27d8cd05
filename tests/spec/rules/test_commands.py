"""``interop rules`` and ``interop check-config`` tell what is wrong with tables before an engine starts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from interop.cli.main import app
from tests.spec.engine.messages import adt
from tests.spec.rules.acting import acting, team

HEAD = "id,event,condition,action,to,within,once,says,why\n"
WRONG = HEAD + "own,vanished,,task follow-up,care-team,1d,event,See to it,It is needed\n"


def folder(directory: Path, rules: str) -> Path:
    directory.mkdir()
    (directory / "rules.csv").write_text(rules)
    return directory


def test_tables_that_hold_are_counted() -> None:
    result = CliRunner().invoke(app, ["rules", "check", "--json"])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["rules"] > 30


def test_a_row_that_cannot_be_right_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["rules", "check", str(folder(tmp_path / "site", WRONG))])
    assert result.exit_code == 1
    assert "rules.csv, row own: vanished is no event of events.csv" in result.stderr


def test_check_config_names_it_too(tmp_path: Path) -> None:
    site = folder(tmp_path / "site", WRONG)
    result = CliRunner().invoke(app, ["check-config", "--open", "--data", str(tmp_path / "data"), "--rules", str(site)])
    assert result.exit_code == 1
    assert "rules: rules.csv, row own: vanished is no event of events.csv." in result.stdout


@pytest.mark.anyio
async def test_other_tables_are_tried_on_what_came_and_nothing_is_written(tmp_path: Path) -> None:
    more = HEAD + "own,admitted,,flag at-risk,,1d,event,In hospital,It is needed\n"
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A28", "K1", at="20251201100000"))
        await here.put(team("t1", await here.patient()))
        await here.tell(adt("A01", "C1"))
    site = folder(tmp_path / "site", more)
    command = ["rules", "try", str(site), "--last", "9999d", "--data", str(tmp_path / "data"), "--json"]
    result = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert result.exit_code == 0, result.stderr
    told = {(one["rule"], one["result"]): one["count"] for one in map(json.loads, result.stdout.splitlines())}
    assert told["own", "acted"] == 1
    async with acting(tmp_path / "data") as here:
        assert await here.made("own", "Flag") == []
