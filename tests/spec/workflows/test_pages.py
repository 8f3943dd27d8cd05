"""Each page of docs/workflows is what a run of its story gives: who did what, what came of it and who was told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.spec.workflows.writing import PAGES, STORIES, written

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("name", STORIES)
async def test_a_story_goes_as_its_page_says(name: str, tmp_path: Path) -> None:
    assert (PAGES / f"{name}.md").read_text(encoding="utf-8") == await written(name, tmp_path)


def test_every_page_is_a_storys() -> None:
    assert {each.stem for each in PAGES.glob("[0-9]*.md")} == set(STORIES)


def test_every_page_is_linked_from_the_first() -> None:
    first = (PAGES / "README.md").read_text(encoding="utf-8")
    assert [name for name in STORIES if f"({name}.md)" not in first] == []
