"""docs/architecture.md: each promise has what keeps it and its tests, each part is where the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.places import ROOT
from tests.spec.documents.named import collected

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLACES = (ROOT, ROOT / "interop", ROOT / "interop" / "fhir")
"""What the page says of a part is said from one of these folders."""


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    assert section, heading
    found = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    return found[2:]


def named(cell: str) -> list[str]:
    """What stands in code type, ``{a,b}`` as two."""
    found: list[str] = []
    for text in re.findall(r"`([^`]+)`", cell):
        before, brace, after = text.partition("{")
        names, _, end = after.partition("}")
        found += [before + name + end for name in names.split(",")] if brace else [text]
    return found


def parts() -> Iterator[tuple[str, Path]]:
    """Each file or folder that stands for a part, with the folder that the one before it is in."""
    for heading in ("The FHIR core", "The FHIR server", "Who may see what", "Who is who, and what was never theirs"):
        for row in rows(heading):
            beside = ROOT
            for name in named(row[0]):
                found = [place / name for place in (*PLACES, beside) if place_of(place / name) is not None]
                beside = found[0].parent if found else beside
                yield name, found[0] if found else ROOT / "nowhere"


def place_of(path: Path) -> Path | None:
    """The file, module or folder of that name."""
    return next((each for each in (path, path.with_name(path.name + ".py")) if each.exists()), None)


@pytest.mark.parametrize("row", rows("Promises"), ids=lambda row: row[0])
def test_each_promise_has_what_keeps_it_and_tests(row: list[str]) -> None:
    """Files of tests that are collected, or folders that have some."""
    promise, kept, tests = row
    assert promise.strip()
    assert kept.strip()
    places = [ROOT / name for name in named(tests) if name.startswith("tests/")]
    assert places
    for place in places:
        assert collected(place) or any(collected(each) for each in place.rglob("test_*.py")), place


@pytest.mark.parametrize(("name", "path"), list(parts()), ids=lambda value: value if isinstance(value, str) else "")
def test_each_part_is_where_the_page_says(name: str, path: Path) -> None:
    assert place_of(path) is not None, name


def test_every_layer_is_named() -> None:
    """As import-linter has them."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    layers = re.findall(r'"([\w |:]+)"', text.partition("layers = [")[2].partition("]")[0])
    names = [re.split(r" [|:] ", layer) for layer in layers]
    assert " > ".join(f"`{', '.join(each)}`" for each in names) in TEXT
