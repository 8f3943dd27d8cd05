"""What an operator sees of clocks: a search, a command, figures; and what is said before the bank holidays run out."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from interop.app.checking import findings
from interop.app.clocks import clocks_of
from interop.app.configuration import Configuration
from interop.app.settings import Settings
from interop.cli.clocks import listed, measures
from interop.cli.options import Engine
from interop.clock import ManualClock
from interop.clocks.tasks import SYSTEM
from tests.spec.clocks.tables import at, csv, holidays, lines
from tests.spec.clocks.timing import after, request, timed, visit
from tests.spec.engine.running import found, settings

pytestmark = pytest.mark.anyio


async def test_open_clocks_are_found_by_a_search_with_when_they_are_due(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        tasks = await found(here.http, f"Task?code={SYSTEM}|urgent-response&status=in-progress&patient={patient}")
        assert [task["restriction"]["period"]["end"] for task in tasks] == [after(120)]
        await here.later(100)
        warned = await found(here.http, "Task?business-status=urn:interop:codes:clock-state|warned")
        assert [task["id"] for task in warned] == [task["id"] for task in tasks]


async def test_a_command_shows_what_is_due_first_at_the_top(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient, authoredOn=after(-5)))
        await here.put(visit(patient, -2))
        await here.put(request(patient, "sr2"))
        await here.put(request(patient, "sr3", authoredOn=after(-1)))
        engine = Engine(f"http://127.0.0.1:{here.engine.http}", "", tmp_path / "data")

        def run(**more: bool) -> list[str]:
            assert listed(engine, clock="urgent-response", **{"open_only": False, "as_json": False, **more}) == 0
            return capsys.readouterr().out.splitlines()

        capsys.readouterr()  # what the engine has logged when it started
        every = [json.loads(line) for line in await asyncio.to_thread(run, as_json=True)]
        assert [(line["due"], line["state"]) for line in every] == [
            (after(115), "met"),
            (after(119), "running"),
            (after(120), "running"),
        ]
        assert {line["patient"] for line in every} == {f"Patient/{patient}"}
        shown = await asyncio.to_thread(run, open_only=True)
        assert [line.split("  ")[:4] for line in shown[1:]] == [
            [after(due)[:16].replace("T", " "), "urgent-response", "running", f"Patient/{patient}"] for due in (119, 120)
        ]
        assert await asyncio.to_thread(measures, engine, "2026-01-05", "2026-01-05", clock="", as_json=False) == 0
        assert capsys.readouterr().out.splitlines() == [
            "clock            in time  met  running  half within",
            "urgent-response  100.0%     1        2  3 minutes",
        ]


async def test_figures_tell_how_many_run_and_nothing_of_anyone(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.put(request(patient, "sr2", authoredOn=after(60)))
        await here.later(130)
        text = (await here.http.get("/metrics")).text
    told = [line for line in text.splitlines() if line.startswith("interop_clock")]
    assert told == [
        'interop_clocks{clock="urgent-response",state="breached"} 1.0',
        'interop_clocks{clock="urgent-response",state="running"} 1.0',
        'interop_clock_steps_total{clock="urgent-response",step="breached"} 1.0',
    ]
    assert patient not in text


def site(folder: Path) -> Path:
    """A site's rows: a clock that counts by the surgery's hours."""
    folder.mkdir()
    (folder / "clocks.csv").write_text("\n".join(csv(calendar="surgery")) + "\n", "utf-8")
    return folder


async def said(made: Settings, moment: str) -> list[str]:
    """What is found of the clocks at a time."""
    clock = ManualClock(at(moment))
    every = await findings(Configuration(made, dict.fromkeys(Settings.model_fields, "default")), at=clock, environment={})
    return [each.sentence for each in every if "bank-holidays" in each.sentence]


async def test_a_year_before_the_bank_holidays_end_it_is_told(tmp_path: Path) -> None:
    last, made = holidays().last, settings(tmp_path / "data", rules=site(tmp_path / "site"))
    assert await said(made, f"{last - 1}-12-31T12:00:00") == []
    told = f"{last}: later bank holidays count as ordinary days."
    assert await said(made, f"{last}-01-01T12:00:00") == [f"bank-holidays.csv ends with {told}"]
    assert await said(made, f"{last + 1}-02-01T12:00:00") == [f"bank-holidays.csv ended with {told}"]
    assert await said(settings(tmp_path / "data", rules=Path("ours")), f"{last + 1}-02-01T12:00:00") == []


def test_a_site_lays_its_clocks_over_ours(tmp_path: Path) -> None:
    folder = site(tmp_path / "site")
    ours, theirs = clocks_of(None), clocks_of(folder)
    assert set(theirs.limits) == {*ours.limits, "visit"}
    (folder / "clocks.csv").write_text("\n".join(csv(clock="urgent-response", limit="3")) + "\n", "utf-8")
    assert clocks_of(folder).limits["urgent-response"].limit == 3
    (folder / "bank-holidays.csv").write_text("\n".join(lines("bank-holidays.csv")[:17]) + "\n", "utf-8")
    changed = clocks_of(folder).holidays
    assert changed is not None
    assert changed.last == 2025


async def test_a_clock_that_reaches_beyond_the_bank_holidays_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "clocks.csv").write_text(
        "\n".join(csv(clock="urgent-response", of="ServiceRequest|Task", matches="person", calendar="surgery")) + "\n", "utf-8"
    )
    beyond = at(f"{holidays().last + 1}-03-01T10:00:00")
    async with timed(tmp_path / "data", ManualClock(beyond), rules=folder) as here:
        await here.put({"resourceType": "Patient", "id": "p1", "gender": "female"})
        await here.put(request("p1", authoredOn=f"{holidays().last + 1}-03-01T10:00:00Z"))
        task = await here.one("urgent-response")
    assert [each["type"]["coding"][0]["code"] for each in task["output"]] == ["holidays-unknown"]
    assert "a clock reaches beyond the table of bank holidays" in capsys.readouterr().out
