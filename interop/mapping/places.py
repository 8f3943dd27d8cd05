"""Where tables are: the package ``mappings``, or the directory that stands in for it, and packages of others that bring families of
their own."""

from __future__ import annotations

import os
from functools import cache
from importlib.metadata import entry_points
from importlib.readers import MultiplexedPath
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

GROUP = "interop.mappings"
"""The entry points of other packages' tables: their value is a package that holds folders of families."""
VARIABLE: Final = "INTEROP_MAPPINGS"
"""Names the directory that stands in for the package; mapper processes inherit it."""


class Roots(MultiplexedPath):
    """Several folders as one; of two entries with one name the first counts."""

    def joinpath(self, *names: str) -> Traversable:  # type: ignore[override]
        """As of a path: a name may hold ``/``."""
        first, _, rest = "/".join(names).partition("/")
        place: Traversable = super().joinpath(first)
        return place.joinpath(rest) if rest else place


@cache
def mappings_root() -> Traversable:
    """The folder of the packaged tables, with those that other packages bring. Raises ValueError for a directory without tables."""
    own: Traversable = files("mappings")
    if said := os.environ.get(VARIABLE):
        own = holding(Path(said))
    others = [files(point.value) for point in entry_points(group=GROUP)]
    return Roots(own, *others) if others else own


def holding(directory: Path) -> Path:
    """A directory that holds the tables of a family at least; raises ValueError for one that does not."""
    if not any(directory.glob("*/routes.csv")):
        raise ValueError(f"{directory} holds no mapping tables: name a directory such as interop tables --write makes.")
    return directory


def use(directory: Path) -> None:
    """Let the tables of a directory stand in for the packaged ones, in this process and those it starts; before any is read."""
    os.environ[VARIABLE] = str(directory.absolute())
    mappings_root.cache_clear()
