"""Plays the stories and writes their pages: docs/workflows.

python -m tests.spec.workflows.writing [--check] [NAME ...]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from types import ModuleType

from tests.places import ROOT
from tests.spec.workflows import attendance, bill, care_home, end_of_life, laura, query, stay, susan, telehealth
from tests.spec.workflows.page import page

PAGES = ROOT / "docs" / "workflows"
STORIES: dict[str, ModuleType] = {
    "1-fall-not-conveyed": laura,
    "2-admission-and-back": susan,
    "3-dementia-and-carer-crisis": bill,
    "4-record-query": query,
    "5-a-and-e-to-rapid-response": attendance,
    "6-admission-to-follow-up": stay,
    "10-care-home": care_home,
    "11-end-of-life": end_of_life,
    "13-telehealth-letter-population": telehealth,
}
"""The stories by the names of their pages."""


async def written(name: str, directory: Path) -> str:
    """The page of a story that is played in an empty directory."""
    told = STORIES[name]
    return page(told.TITLE, told.ABOUT, await told.story(directory), told.SHORT)


def main(arguments: list[str]) -> int:
    """Write the pages, those of the names alone where any are said; with ``--check`` tell which differ: 1 where any does."""
    differing, names = 0, [one for one in arguments if one != "--check"]
    for name in [one for one in STORIES if not names or one in names]:
        with tempfile.TemporaryDirectory(prefix="interop-") as directory:
            text = asyncio.run(written(name, Path(directory)))
        path = PAGES / f"{name}.md"
        if "--check" not in arguments:
            path.write_text(text, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != text:
            differing = 1
            print(f"docs/workflows/{name}.md differs: python -m tests.spec.workflows.writing writes it", file=sys.stderr)
    return differing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
