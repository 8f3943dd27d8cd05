"""``interop convert``: its report adds up by family, and tables that cannot be used are named."""

from __future__ import annotations

import json
from importlib.resources import as_file, files

import pytest
from rich.console import Console
from typer.testing import CliRunner

from interop.cli import convert
from interop.cli.main import app
from interop.mapping.refusal import Refusal, TablesRefused


def test_the_report_tells_of_each_family_what_share_is_carried_and_why_the_rest_is_not() -> None:
    """For people in a table at the end; scripts have a line for each message."""
    with as_file(files("mappings").joinpath("ers", "examples", "booking.json")) as path:
        result = CliRunner().invoke(app, ["convert", "--report", str(path), str(path)])
    reports = [json.loads(line) for line in result.stdout.splitlines()]
    assert [report["family"] for report in reports] == ["ers", "ers"]
    carried, lost = (sum(report[what] for report in reports) for what in ("carried", "lost"))
    assert carried > lost > 0
    console = Console(width=100)
    with console.capture() as shown:
        console.print(convert._shares(reports))
    assert "not-carried" in shown.get()
    assert f"{carried / (carried + lost):.1%}" in shown.get()


def test_tables_that_cannot_be_used_are_named_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise TablesRefused([Refusal("elements.csv", "VIS01", "unknown source path PV1-99")])

    monkeypatch.setattr(convert, "family_of", refused)
    with as_file(files("mappings").joinpath("ers", "examples", "booking.json")) as path:
        result = CliRunner().invoke(app, ["convert", str(path)])
    assert result.exit_code == 2
    assert result.stderr == (
        "elements.csv, row VIS01: unknown source path PV1-99\n"
        "The tables cannot be used: interop tables checks them after each change.\n"
    )
