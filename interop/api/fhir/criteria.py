"""Criteria of conditional writes: a search under the Decision of who asks (FHIR R4 http, 3.1.0.7.1, 3.1.0.8.1, 3.1.0.9.1)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import urlencode

from interop.api.asgi import Request, parameters
from interop.api.paging import PASSED
from interop.api.searching.escapes import split
from interop.api.searching.matching import matching
from interop.api.services import Services
from interop.apply.asked import Criteria, Understand
from interop.errors import Problem
from interop.store.values import Stored

_NEGATIVE: Final = frozenset(("missing", "not", "not-in"))
_WIDE: Final = frozenset(("_lastUpdated",))
"""What holds of much that is not meant."""


def criteria_of(services: Services, request: Request, interaction: str, type: str, pairs: Iterable[tuple[str, str]]) -> Criteria:
    """The criteria that pairs of names and values are; the search is strict, for what is ignored would match too much.

    Raises Problem ``bad-parameter`` where there are none that name what is meant; finding raises it for what is not understood.
    """
    wanted = sorted(pair for pair in pairs if pair[0] not in PASSED)
    if not wanted:
        raise Problem("bad-parameter", detail="criteria are wanted, such as ?identifier=system|value")
    if not any(_narrows(*pair) for pair in wanted):
        raise Problem("bad-parameter", detail="the criteria are too wide: one of them is to name what is meant")
    decision = services.decide(request, interaction, type)

    async def find() -> list[Stored]:
        return await matching(services, decision, type, wanted)

    return Criteria(type, urlencode(wanted), find)


def _narrows(name: str, value: str) -> bool:
    """Whether a criterion names something: not one that says what is not, or a code system without a code."""
    code, _, modifier = name.partition(":")
    if modifier in _NEGATIVE or code in _WIDE:
        return False
    return not any(part.endswith("|") and not part.endswith("\\|") for part in split(value, ","))


def understanding(services: Services, request: Request, interaction: str) -> Understand:
    """Reads criteria as they stand in a reference or in ``If-None-Exist``."""
    return lambda type, text: criteria_of(services, request, interaction, type, read(type, text))


def read(type: str, text: str) -> list[tuple[str, str]]:
    """Pairs of criteria that are written as a query, with or without ``?`` or ``Type?`` before it.

    Raises Problem ``bad-parameter`` also for one without value: passed over, it would leave criteria that match too much."""
    query = text.removeprefix(type).removeprefix("?")
    for name, _, value in (part.partition("=") for part in query.split("&")):
        if name and not value and name not in PASSED:
            raise Problem("bad-parameter", detail="every criterion needs a value")
    return parameters(query.encode("utf-8"))
