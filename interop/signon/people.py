"""The people of the demonstration, one of each role that a person can have: ``tables/demo-users.csv``. They are nobody real."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class DemoUser(NamedTuple):
    """``user`` is the subject at the embedded issuer, ``name`` what the page calls them."""

    user: str
    name: str
    role: str
    organisation: str
    why: str


@cache
def demo_users() -> dict[str, DemoUser]:
    """Everyone who may sign on at the embedded issuer, by ``user``."""
    text = files("interop.signon").joinpath("tables/demo-users.csv").read_text("utf-8")
    return {each["user"]: DemoUser(**each) for each in csv.DictReader(text.splitlines())}
