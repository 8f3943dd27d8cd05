"""What is wrong with an entry of a Bundle names the entry."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from interop.apply.asked import Invalid
from interop.errors import Problem
from interop.fhir.facts import resource_types


@contextmanager
def placed(place: str) -> Iterator[None]:
    """Problems of the block are of ``place`` (``Bundle.entry[3]``); '' leaves them as they are."""
    try:
        yield
    except Invalid as invalid:
        if not place:
            raise
        raise Invalid([each._replace(expression=_below(place, each.expression)) for each in invalid.findings]) from None
    except Problem as problem:
        if not place:
            raise
        of_resource = problem.where.partition(".")[0] in resource_types()
        where = _below(place, problem.where) if of_resource else place
        named = f"{problem.where}: {problem.detail}" if problem.where and not of_resource else problem.detail
        raise Problem(problem.reason.name, where=where, detail=named.removesuffix(": ")) from None


def _below(place: str, expression: str) -> str:
    return f"{place}.resource{expression[len(expression.partition('.')[0]) :]}"
