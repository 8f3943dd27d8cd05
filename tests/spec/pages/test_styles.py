"""Classes of our own style sheets and of what is drawn with them: each is used, and each is there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from interop.screen.assets import rows
from tests.places import ROOT

PACKAGES: Final = ("interop/pages", "interop/screen", "interop/api")
ASSETS: Final = ROOT / "interop" / "screen" / "assets"
OURS: Final = re.compile(r"(?<![\w-])(?:app|crew|desk|my)-[\w-]*")
"""A class of ours; one that ends in a hyphen is the beginning of several."""
CLASS: Final = re.compile(r'\bclass="((?:[^"{]|\{(?![{%])|\{\{.*?\}\}|\{%.*?%\})*)"')


def texts(*kinds: str) -> Iterator[str]:
    """What can name a class: templates, code, scripts of ours."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*"):
            if path.suffix in kinds and (ASSETS not in path.parents or ours(path)):
                yield path.read_text("utf-8")


def ours(path: Path) -> bool:
    return any(row["name"] == path.name and row["origin"] == "interop" for row in rows())


def named(said: Iterable[str]) -> set[str]:
    return {each for one in said for each in OURS.findall(one)}


def defined() -> set[str]:
    sheets = (re.sub(r"/\*.*?\*/", "", each, flags=re.DOTALL) for each in texts(".css"))
    chosen = (each for sheet in sheets for each in re.findall(r"([^{}]+)\{", sheet))
    return {each for one in chosen for each in re.findall(r"\.((?:app|crew|desk|my)-[\w-]+)", one)}


def begins(name: str, starts: Iterable[str]) -> bool:
    return any(name.startswith(each) for each in starts if each.endswith("-"))


def test_each_class_of_a_style_sheet_of_ours_is_used() -> None:
    found = defined()
    used = named(texts(".html", ".py", ".js"))
    assert len(found) > 100, "the style sheets have been read"
    assert {each for each in found if each not in used and not begins(each, used)} == set()


def test_each_class_that_a_template_uses_is_in_a_style_sheet_or_what_a_script_looks_for() -> None:
    found = defined() | named(texts(".js"))
    used = named(each for one in texts(".html") for each in CLASS.findall(one))
    assert len(used) > 100, "the templates have been read"
    assert {each for each in used if each not in found and not any(begins(one, [each]) for one in found)} == set()
