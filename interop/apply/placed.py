"""What is wrong with an entry of a Bundle names the entry."""

from __future__ import annotations

from types import TracebackType

from interop.apply.asked import Invalid
from interop.errors import Problem
from interop.fhir.facts import resource_types


class placed:
    """Problems of the block are of ``place`` (``Bundle.entry[3]``); '' leaves them as they are."""

    __slots__ = ("_place",)

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if not self._place or not isinstance(error, Problem):
            return
        place = self._place
        if isinstance(error, Invalid):
            raise Invalid([each._replace(expression=_below(place, each.expression)) for each in error.findings]) from None
        of_resource = error.where.partition(".")[0] in resource_types()
        where = _below(place, error.where) if of_resource else place
        named = f"{error.where}: {error.detail}" if error.where and not of_resource else error.detail
        raise Problem(error.reason.name, where=where, detail=named.removesuffix(": ")) from None


def _below(place: str, expression: str) -> str:
    return f"{place}.resource{expression[len(expression.partition('.')[0]) :]}"
