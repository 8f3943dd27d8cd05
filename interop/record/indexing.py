"""Which search parameters the record keeps index rows for (indexed.csv); more can be added, a rebuild fills them."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files


@cache
def _table() -> dict[str, frozenset[str]]:
    text = files("interop.record").joinpath("indexed.csv").read_text("utf-8")
    return {row["type"]: frozenset(row["parameters"].split()) for row in csv.DictReader(text.splitlines())}


@cache
def parameters(kind: str) -> frozenset[str]:
    """The parameters indexed for a resource type: its own row and those of every type (``*``)."""
    return _table().get(kind, _table()["other"]) | _table()["*"]
