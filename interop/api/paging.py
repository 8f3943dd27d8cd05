"""``_count``, ``_since``, ``_type`` and the cursor of paged answers that are no searches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from interop.api.asgi import Request
from interop.api.seal import Seal
from interop.api.services import Services
from interop.errors import Problem
from interop.fhir import facts
from interop.fhir.searching import interval

CURSOR = "_cursor"
PASSED = frozenset(("_format", "_pretty"))
"""Parameters that say how the answer is to look and not what is in it."""
DEFAULT = 50
MOST = 1000


@dataclass(slots=True)
class Page:
    """Which page is wanted: ``after`` is what the cursor holds, None for the first; ``used`` is for the self link."""

    seal: Seal
    address: str
    count: int = DEFAULT
    since: int = 0
    types: tuple[str, ...] = ()
    after: list[Any] | None = None
    used: tuple[tuple[str, str], ...] = ()

    def following(self, after: list[Any]) -> str:
        """The query of the link to the next page."""
        return f"?{CURSOR}={self.seal.seal([self.address, self.count, self.since, self.types, after])}"


def read_page(services: Services, request: Request, allowed: set[str]) -> Page:
    """What the parameters of the request say; raises Problem ``bad-parameter`` for one that is not ``allowed``."""
    page = Page(services.seal, request.path)
    pairs = [(name, value) for name, value in request.query if name not in PASSED]
    page.used = tuple(pairs)
    if any(name == CURSOR for name, _ in pairs):
        address, page.count, page.since, types, page.after = services.seal.open(alone(pairs))
        page.types = tuple(types)
        if address != page.address:
            raise Problem("bad-parameter", where=CURSOR, detail="it belongs to another address")
        return page
    for name, value in pairs:
        if name not in allowed:
            raise Problem("bad-parameter", where=legible(name), detail="it is not supported here")
        if name == "_count":
            page.count = max(read_count(value), 1)
        elif name == "_since":
            span = interval(value.replace(" ", "+"))
            if span is None or "T" not in value:
                raise Problem("bad-parameter", where=name, detail="an instant is wanted")
            page.since = span[0]
        elif name == "_type":
            page.types = tuple(value.split(","))
            if not facts.resource_types().issuperset(page.types):
                raise Problem("bad-parameter", where=name, detail="it names a type that R4 lacks")
    return page


def alone(pairs: list[tuple[str, str]]) -> str:
    """The cursor, which stands by itself; raises Problem ``bad-parameter``."""
    if len(pairs) != 1:
        raise Problem("bad-parameter", where=CURSOR, detail="it stands by itself: it holds the whole request")
    return pairs[0][1]


def read_count(value: str) -> int:
    """How many to a page, at most ``MOST``; raises Problem ``bad-parameter``."""
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise Problem("bad-parameter", where="_count", detail="a number is wanted")
    return min(int(value), MOST)


def legible(name: str) -> str:
    """A parameter's name as it may be repeated: an unknown one may hold anything."""
    plain = name.replace("_", "").replace("-", "").replace(":", "").replace(".", "")
    return name if plain.isascii() and plain.isalpha() and len(name) <= 64 else "?"
