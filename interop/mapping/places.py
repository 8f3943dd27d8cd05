"""Where tables are: the package ``mappings``, and packages of others that bring families of their own."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from importlib.readers import MultiplexedPath
from importlib.resources import files
from importlib.resources.abc import Traversable

GROUP = "interop.mappings"
"""The entry points of other packages' tables: their value is a package that holds folders of families."""


class Roots(MultiplexedPath):
    """Several folders as one; of two entries with one name the first counts."""

    def joinpath(self, *names: str) -> Traversable:  # type: ignore[override]
        """As of a path: a name may hold ``/``."""
        first, _, rest = "/".join(names).partition("/")
        place: Traversable = super().joinpath(first)
        return place.joinpath(rest) if rest else place


@cache
def mappings_root() -> Traversable:
    """The folder of the packaged tables, with those that other packages bring."""
    own, others = files("mappings"), [files(point.value) for point in entry_points(group=GROUP)]
    return Roots(own, *others) if others else own
