"""The tests that documents name, and whether pytest would collect them: read from the source, so that asking is quick."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from tests.places import ROOT

NAMED = re.compile(r"tests/spec/[\w/]+\.py(?:::\w+)*")
SKIPS = {"skip", "xfail"}
"""Marks by which a test proves nothing; ``skipif`` has a condition that may not hold."""


def named_in(text: str) -> list[str]:
    """Every test that a text names, ``PATH::NAME`` or a whole ``PATH``, in its order."""
    return NAMED.findall(text)


@cache
def collected(path: Path) -> frozenset[str]:
    """The names of the tests that pytest collects of a module, ``test_…`` or ``TestClass::test_…``; none of a file that is none."""
    if not path.name.startswith("test_") or not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if any(_skipped(node.value) for node in tree.body if isinstance(node, ast.Assign) and _is_pytestmark(node)):
        return frozenset()
    return frozenset(_tests(tree.body))


def missing(name: str) -> str:
    """Why a test that is named would not be collected; '' where it would."""
    path, _, test = name.partition("::")
    there = collected(ROOT / path)
    if not there:
        return f"{path} holds no tests"
    return "" if not test or test in there else f"{path} has no test {test}"


def _tests(body: list[ast.stmt], prefix: str = "") -> list[str]:
    found: list[str] = []
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.startswith("test_") and not any(map(_skipped, node.decorator_list)) and not _is_fixture(node):
                found.append(prefix + node.name)
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test") and not any(map(_skipped, node.decorator_list)):
            if not any(isinstance(each, ast.FunctionDef) and each.name == "__init__" for each in node.body):
                found += _tests(node.body, f"{prefix}{node.name}::")
    return found


def _is_pytestmark(node: ast.Assign) -> bool:
    return any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets)


def _skipped(node: ast.expr) -> bool:
    """Whether one of the marks is an unconditional skip, or a failure that is expected."""
    return any(isinstance(each, ast.Attribute) and each.attr in SKIPS for each in ast.walk(node) if _is_mark(each))


def _is_mark(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute) and node.value.attr == "mark"


def _is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(re.fullmatch(r"(pytest(_asyncio)?\.)?fixture(\(.*\))?", ast.unparse(each)) for each in node.decorator_list)
