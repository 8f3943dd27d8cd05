"""``interop convert``: its report adds up by family, and tables that cannot be used are named."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from pathlib import Path

import pytest
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
    columns, (row,) = convert._shares(reports)
    shown = dict(zip(columns, row, strict=True))
    assert (shown["carried"], shown["not-carried"] > 0, shown["share carried"]) == (
        carried,
        True,
        f"{carried / (carried + lost):.1%}",
    )


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


def test_a_file_without_messages_is_nobodys_fault(tmp_path: Path) -> None:
    """A day without changes: the extract has a header and no rows. A file of nothing at all is another thing."""
    header = files("mappings").joinpath("emis", "examples", "codes.txt").read_bytes().partition(b"\n")[0]
    (tmp_path / "quiet.csv").write_bytes(header + b"\n")
    (tmp_path / "empty.csv").write_bytes(b"")
    quiet = CliRunner().invoke(app, ["convert", str(tmp_path / "quiet.csv")])
    assert (quiet.exit_code, json.loads(quiet.stderr)["messages"]) == (0, 0)
    empty = CliRunner().invoke(app, ["convert", str(tmp_path / "empty.csv")])
    assert (empty.exit_code, json.loads(empty.stderr)["reason"]) == (1, "unreadable")
