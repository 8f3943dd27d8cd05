"""Whose a version is: what tells who may see it once it is no longer indexed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

Fact = tuple[int, str, int]
"""A row of index_version without resource and version: a label (number of the parameter, code, system) or, under the number 0, a
Patient beside the subject."""


class Whose(NamedTuple):
    """Subject and bits of ``named``, the contributing organisations, labels and other Patients of a version. ``known``: whether
    that is all that is to be known."""

    patient: str
    named: int
    source: str
    facts: Sequence[Fact] = ()
    known: int = 1

    def gone(self, source: str) -> Whose:
        """Whose the deletion of it is, to which ``source`` contributed: nobody may see it who could not see what was deleted."""
        if not source or source == self.source:
            return self
        both = {*self.source.split(","), *source.split(",")} - {""}
        return self._replace(source=",".join(sorted(both)))


NOBODY = Whose("", 0, "")
