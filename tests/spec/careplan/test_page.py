"""The page of the plan's tables, and that they cover the PRSB standard."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from interop.api import plan_page
from interop.api.operations.planning import plan_tables

ROOT = Path(__file__).parents[3]
MODELS = ROOT.parent / "shared" / "reference" / "prsb-models.tgz"


def test_the_page_holds_the_tables_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert plan_page.main(["--check"]) == 0, capsys.readouterr().err


def test_what_is_not_carried_has_a_reason_and_what_is_names_its_source() -> None:
    for one in plan_tables().prsb:
        assert one.why
        assert one.of or not one.heading, one.element


def test_the_headings_of_the_standard_that_issue_nothing_else_are_there() -> None:
    carried = {one.heading for one in plan_tables().prsb if one.heading}
    wanted = {
        "what-matters",
        "strengths",
        "needs",
        "goals",
        "actions",
        "additional-plans",
        "contingency",
        "agreed",
        "review",
        "cpr",
    }
    assert wanted <= carried


def test_every_element_of_the_standard_has_a_row() -> None:
    """Of the personalised care and support plan as PRSB publishes it, where that lies beside the project."""
    if not MODELS.exists():
        pytest.skip("the models of PRSB are not here")
    with tarfile.open(MODELS) as archive:
        held = archive.extractfile("examples/inputs/PersonalisedCSP.json")
        assert held is not None
        model = json.load(held)
    exact = {one.element for one in plan_tables().prsb}
    below = tuple(each.removesuffix("*") for each in exact if each.endswith("/*"))
    missing = [path for path in _paths(model["dataset"][0]["concept"]) if path not in exact and not f"{path}/".startswith(below)]
    assert missing == []


def _paths(concepts: list[dict[str, Any]], above: str = "") -> list[str]:
    found = []
    for concept in concepts:
        path = f"{above}/{concept['name'].strip()}".removeprefix("/")
        found += [path, *_paths(concept.get("concept", []), path)]
    return found
