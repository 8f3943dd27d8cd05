"""The page that is signed, and the command."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from interop.api import worklists_page
from interop.cli.options import Engine
from interop.cli.tables import tables
from interop.cli.worklists import worklist
from tests.spec.rules.acting import acting
from tests.spec.worklists.hospital import observed, person

pytestmark = pytest.mark.anyio


def test_the_page_is_the_tables() -> None:
    page = worklists_page.PAGE.read_text("utf-8")
    assert worklists_page.written(page) == page
    assert "| `mdt-conditions` | brings | 3 |" in page


def test_a_page_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="there is no place for the worklists"):
        worklists_page.written("# Worklists\n")


async def test_the_command_says_who_is_on_it_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        engine = Engine(str(here.http.base_url), "", tmp_path / "data")
        assert await asyncio.to_thread(worklist, engine, "mdt", "", 50, as_json=False) == 0
        assert "Nobody is on it" in capsys.readouterr().err
        for number in range(3):
            await here.put(person(f"p{number}"))
            await here.put(observed(f"f{number}", f"p{number}", "713636003", 8, f"2025-12-0{number + 1}T09:00:00Z"))
        assert await asyncio.to_thread(worklist, engine, "mdt", "", 2, as_json=True) == 0
        said = capsys.readouterr()
        lines = [json.loads(line) for line in said.out.splitlines()]
        assert "2 of 3: --most shows more." in said.err
        assert [(each["rank"], each["patient"]) for each in lines] == [(1, "Patient/p2"), (2, "Patient/p1")]
        assert lines[0]["why"] == "Clinical Frailty Scale (Rockwood) of 6 or more: 8"
        assert await asyncio.to_thread(worklist, engine, "mdt", "", 50, as_json=False) == 0
        assert capsys.readouterr().out.splitlines()[1].startswith("   1  Patient/p2  Clinical Frailty Scale")
        assert await asyncio.to_thread(worklist, engine, "everybody", "", 50, as_json=False) == 1
        assert "The lists are mdt, urgent-response" in capsys.readouterr().err


def test_tables_that_are_refused_are_told_by_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from interop.api.operations import worklists
    from interop.worklists.tables import WorklistsRefused

    def refused() -> None:
        raise WorklistsRefused("reasons.csv, row mdt-risk: it cannot be right")

    monkeypatch.setattr(worklists, "worklists", refused)
    assert tables(None, site="", source=False, as_json=False) == 1
    assert "reasons.csv, row mdt-risk: it cannot be right" in capsys.readouterr().err
