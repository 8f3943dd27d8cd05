"""No circle of modules: what a module imports, in its functions too, never leads back to it."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from grimp import build_graph


def imports(package: str, below: str = "", types: bool = False) -> dict[str, set[str]]:
    """Which modules of a package each of them imports, in functions too, and with ``types`` what only type checkers see; ``below``
    narrows both sides to a part of the package."""
    graph = build_graph(package, exclude_type_checking_imports=not types, cache_dir=None)
    known = {each for each in graph.modules if f"{each}.".startswith(f"{below or package}.")}
    return {each: graph.find_modules_directly_imported_by(each) & known for each in known}


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of a circle, in order; [] where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("package", ["interop", "adapters", "conformance"])
def test_there_is_none(package: str) -> None:
    """Imports in functions are for what is slow to load, not for circles."""
    graph = imports(package)
    assert sum(map(len, graph.values())) > len(graph) / 2
    assert circle(graph) == []


def test_in_the_api_not_even_for_types() -> None:
    """But for what Services holds: it names what knows it in turn, since one is made with the other."""
    holder = "interop.api.services"
    graph, without = (imports("interop", "interop.api", types=types) for types in (True, False))
    assert graph[holder] > without[holder]
    assert circle(graph | {holder: without[holder]}) == []


@pytest.mark.parametrize(
    ("back", "types"),
    [
        ("from circular.a import x", False),
        ("import circular.a", False),
        ("def f():\n    from circular import a", False),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from circular.a import x", True),
    ],
)
def test_one_is_found(back: str, types: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over three modules: at the top, in a function, for types alone."""
    package = tmp_path / "circular"
    package.mkdir()
    for name, text in {"__init__": "", "a": "from circular import b\nx = 1", "b": "from circular.c import y", "c": back}.items():
        (package / f"{name}.py").write_text(text + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert {*circle(imports("circular", types=True))} == {"circular.a", "circular.b", "circular.c"}
    assert bool(circle(imports("circular"))) is not types
