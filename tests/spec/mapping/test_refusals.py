"""Refusals at load: tables that cannot be right are not used; each refusal names file, row and reason."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import interop.mapping
from interop.mapping.library import Family
from interop.mapping.refusal import Refusal, TablesRefused
from tests.spec.mapping.refusals import CASES, ER7, TREE, Case
from tests.spec.mapping.small import NAME, refused, write


@pytest.mark.parametrize(("tables", "form"), [(ER7, "er7"), (TREE, "xml")])
def test_the_tables_that_the_cases_change_are_sound(tables: dict[str, str], form: str, tmp_path: Path) -> None:
    assert refused(tmp_path, form, **tables) == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule)
def test_it_is_refused(case: Case, tmp_path: Path) -> None:
    found = refused(tmp_path, case.form, **case.tables())
    expected = Refusal(case.file, case.row, case.reason)
    assert expected in found
    assert case.also or found == [expected]


def test_every_refusal_is_told_at_once(tmp_path: Path) -> None:
    lines = "X01,pat,,ZZ1-1,,birthDate,hl7time,,\nX02,pat,,PID-5,,nom,,,\n"
    assert [one.row for one in refused(tmp_path, **{**ER7, "elements": ER7["elements"] + lines})] == ["X01", "X02"]


MODULES = (
    "check", "check_elements", "conditions", "labels", "paths", "reading", "shared", "sites", "snapshots", "source", "table_files",
    "targets",
)  # fmt: skip
_SAYERS = ("refuse", "PathError", "TargetError")
_REASONS = ("unknown", "no_place")
"""Functions that return a reason."""


def reasons(module: str) -> Iterator[str]:
    """Every text in a module that says why something is refused, as a pattern."""
    path = Path(interop.mapping.__file__).parent / f"{module}.py"
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            of_refusals = name == "add" and ast.unparse(node.func).endswith("refusals.add")
            if name in _SAYERS or of_refusals:
                yield from pattern(node.args[-1])
        elif isinstance(node, ast.FunctionDef) and node.name in _REASONS:
            for inner in ast.walk(node):
                if isinstance(inner, ast.Return) and inner.value is not None:
                    yield from pattern(inner.value)


def pattern(said: ast.expr) -> Iterator[str]:
    """The pattern of a text or f-string; nothing for what only hands on another's reason."""
    if isinstance(said, ast.Constant) and isinstance(said.value, str) and said.value:
        yield re.escape(said.value)
    elif isinstance(said, ast.JoinedStr):
        yield "".join(re.escape(str(part.value)) if isinstance(part, ast.Constant) else ".*" for part in said.values)


@pytest.mark.parametrize("module", MODULES)
def test_each_refusal_of_the_compiler_has_a_case(module: str) -> None:
    told = [case.reason for case in CASES]
    wanted = set(reasons(module))
    assert wanted
    assert [reason for reason in sorted(wanted) if not any(re.fullmatch(reason, one) for one in told)] == []


def test_nothing_else_in_the_compiler_refuses() -> None:
    """A module that refuses stands in the list above."""
    folder = Path(interop.mapping.__file__).parent
    found = {path.stem for path in folder.glob("*.py") if list(reasons(path.stem))}
    assert found == set(MODULES)


def test_a_refusal_reads_as_file_row_and_reason(tmp_path: Path) -> None:
    """That is what ``interop tables check`` prints."""
    write(tmp_path, **{**ER7, "routes": "ADT^A01,pat visit dx plan,\n"})
    with pytest.raises(TablesRefused) as caught:
        Family.load(NAME, form="er7", root=tmp_path)
    assert str(caught.value) == "routes.csv, row ADT^A01: it makes plan, which resources.csv lacks"
