"""The tables of the plan: what cannot be right is refused when it is loaded, by file, row and reason."""

from __future__ import annotations

import csv
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from interop.careplan.reading import PlanRefused, read_plan
from interop.careplan.table_files import COLUMNS
from tests.spec.api.conftest import Client

Rows = list[dict[str, str]]


def refused(table: str, change: Callable[[Rows], object]) -> str:
    """What is said of the shipped tables once one of them was changed."""

    def lines(name: str) -> list[str]:
        text = files("mappings").joinpath(f"careplan/{name}.csv").read_text("utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        if name == table:
            change(rows)
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS[name])
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue().splitlines()

    with pytest.raises(PlanRefused) as caught:
        read_plan(lines)
    return str(caught.value)


def setting(column: str, value: str, at: int = 0) -> Callable[[Rows], object]:
    return lambda rows: rows[at].update({column: value})


@pytest.mark.parametrize(
    ("table", "column", "value", "said"),
    [
        ("headings", "why", "", "a row needs a why"),
        ("headings", "single", "maybe", "single is yes with a voice of author, source, or both are empty"),
        ("headings", "voice", "author", "single is yes with a voice"),
        ("content", "heading", "weather", "there is no heading weather"),
        ("content", "type", "Animal", "types.csv does not know Animal"),
        ("content", "text", "", "a line has a text"),
        ("content", "text", "display.name", "R4 has no display.name in Patient.generalPractitioner"),
        ("content", "text", "resolve().colour", "R4 has no resolve().colour"),
        ("content", "each", "doctor", "R4 has no doctor in Patient"),
        ("content", "each", "a b", "a b is no path"),
        ("content", "each", "contact()", "contact() is no path"),
        ("content", "when", "code in weather", "there is no weather"),
        ("content", "when", "reference is Animal", "there is no Animal"),
        ("content", "when", "colour present", "R4 has no colour"),
        ("content", "when", "sometimes", "sometimes is no condition"),
        ("content", "when", "", "nothing is no condition"),
        ("content", "means", "perhaps", "meanings.csv does not know perhaps"),
        ("codes", "means", "perhaps", "meanings.csv does not know perhaps"),
        ("codes", "display", "", "a code has a system and a display"),
        ("meanings", "why", "", "a row needs a why"),
        ("types", "type", "Animal", "R4 has no such type"),
        ("types", "date", "born", "R4 has no born"),
        ("types", "ended", "perhaps", "perhaps is none of said, history"),
        ("standing", "standing", "perhaps", "perhaps is none of current, history, never"),
        ("standing", "status", "sleeping", "nothing is said of the status"),
        ("prsb", "heading", "weather", "there is no heading weather"),
        ("written", "type", "Animal", "types.csv does not know Animal"),
        ("written", "text", "colour", "R4 has no colour"),
        ("written", "when", "code in weather", "there is no weather"),
        ("labels", "heading", "weather", "there is no heading weather"),
        ("labels", "label", "What Matters", "What Matters is no label"),
        ("labels", "label", "…", "… is no label"),
        ("labels", "label", "risk: of", "risk: of is no label"),
        ("labels", "as", "perhaps", "perhaps is none of step, access"),
        ("labels", "why", "", "a row needs a why"),
    ],
)
def test_what_cannot_be_right_is_refused(table: str, column: str, value: str, said: str) -> None:
    told = refused(table, setting(column, value))
    assert said in told
    assert f"careplan/{table}.csv, row " in told


@pytest.mark.parametrize("table", ["headings", "content", "codes", "meanings", "types", "standing", "prsb", "written", "labels"])
def test_no_row_stands_there_twice(table: str) -> None:
    assert "it stands there twice" in refused(table, lambda rows: rows.append(dict(rows[0])))


def test_a_code_means_one_thing() -> None:
    def twice(rows: Rows) -> None:
        row = next(each for each in rows if each["means"] == "home")
        rows.append({**row, "set": "other", "means": "hospice"})

    assert "it means two things" in refused("codes", twice)


def test_a_heading_has_something_under_it() -> None:
    def without(rows: Rows) -> None:
        rows[:] = [row for row in rows if row["heading"] != "prognosis"]

    assert "row prognosis: nothing stands under it" in refused("content", without)


def test_the_columns_are_those_that_are_known() -> None:
    def lines(name: str) -> list[str]:
        text = files("mappings").joinpath(f"careplan/{name}.csv").read_text("utf-8").splitlines()
        return ["heading,colour", *text[1:]] if name == "headings" else text

    with pytest.raises(PlanRefused, match=r"careplan/headings.csv, row 1: the columns are heading, group"):
        read_plan(lines)


@pytest.mark.anyio
async def test_who_reads_a_plan_is_told_its_operations(client: Client) -> None:
    for name, changes in (("care-plan", False), ("care-plan-contribute", True)):
        definition = (await client.get(f"/fhir/OperationDefinition/Patient-{name}")).json()
        assert (definition["code"], definition["affectsState"]) == (name, changes)


@pytest.mark.long
def test_the_command_that_checks_tables_checks_these_too(tmp_path: Path) -> None:
    folder = tmp_path / "mappings"
    shutil.copytree(Path(str(files("mappings"))), folder)
    table = folder / "careplan" / "meanings.csv"
    table.write_text(table.read_text("utf-8").replace("home,Home,", "house,Home,"), "utf-8")
    command = [str(Path(sys.executable).parent / "interop"), "tables"]
    said = subprocess.run(command, env=os.environ | {"INTEROP_MAPPINGS": str(folder)}, capture_output=True, text=True, check=False)
    assert said.returncode == 1
    assert "careplan/codes.csv, row 110481000000108: meanings.csv does not know home" in said.stderr
