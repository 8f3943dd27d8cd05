"""Which pages are for whom: ``areas.csv``. It says where the menu leads and who is turned away at the threshold; what of a record
anyone sees is decided by policy, behind the API."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Area(NamedTuple):
    """Some pages under one address. ``why`` is a sentence for people."""

    area: str
    href: str
    title: str
    roles: frozenset[str]
    why: str


@cache
def areas() -> dict[str, Area]:
    """All of them, by name."""
    text = files("interop.pages").joinpath("areas.csv").read_text("utf-8")
    return {
        each["area"]: Area(each["area"], each["href"], each["title"], frozenset(each["roles"].split()), each["why"])
        for each in csv.DictReader(text.splitlines())
    }


def open_to(role: str) -> list[Area]:
    """Those for a role, in the order of the menu."""
    return [each for each in areas().values() if role in each.roles]


def navigation(role: str, path: str) -> list[dict[str, Any]]:
    """The menu of a role; ``current`` is ``page``, ``within`` or ''."""
    shown = open_to(role)
    within = max((each.href for each in shown if f"{path}/".startswith(f"{each.href}/")), key=len, default="")
    here = {within: "page" if within == path else "within"}
    return [{"href": each.href, "text": each.title, "current": here.get(each.href, "")} for each in shown]
