"""Pages of what is about somebody, as searchsets (``$everything``, ``$whole-record``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from interop.api import links
from interop.api.asgi import Response
from interop.api.fhir.bundle import Link, bundle, found
from interop.api.operations.operation import Asked
from interop.api.operations.parameters import BadInput
from interop.api.paging import CURSOR, alone
from interop.fhir import facts
from interop.fhir.searching import interval
from interop.store.values import Stored

CHUNK = 1000
"""Resources that are read at a time to count or look through a record."""
WHOLE = 1000
"""Resources of a page that nobody limited: the answer is to be one Bundle (FHIR R4, Patient operation everything)."""


@dataclass(slots=True)
class Wanted:
    """Which page of which resources: ``since`` in microseconds; ``start`` and ``end`` bound the dates of care, 0 where open;
    ``after`` what the cursor holds, None for the first page; ``total`` as it was counted for the first one."""

    count: int = WHOLE
    since: int = 0
    types: tuple[str, ...] = ()
    start: int = 0
    end: int = 0
    after: list[Any] | None = None
    total: int | None = 0

    @property
    def dated(self) -> bool:
        """Whether dates of care count."""
        return bool(self.start or self.end)


def wanted(asked: Asked) -> Wanted:
    """What the request says of it; raises Problem ``bad-parameter``."""
    given = asked.inputs
    if given.cursor:
        alone([pair for pair in given.pairs if pair[0] == CURSOR or asked.request.method == "GET"])
        count, since, types, start, end, after, total = asked.services.seal.open(_address(asked), given.cursor)
        return Wanted(count, since, tuple(types), start, end, after, total)
    page = Wanted(types=tuple(dict.fromkeys(given.every("_type"))))
    if not facts.resource_types().issuperset(page.types):
        raise BadInput("_type", "", "it names a type that R4 lacks")
    count = given.number("_count")
    if count is not None:
        if count < 1:
            raise BadInput("_count", "", "a number above 0 is wanted")
        page.count = min(count, WHOLE)
    for name in ("_since", "start", "end"):
        if name in given:
            span = interval(given.text(name))
            if span is None:
                raise BadInput(name, "", "a date is wanted")
            setattr(page, name.removeprefix("_"), span[1] if name == "end" else span[0])
    return page


def _address(asked: Asked) -> str:
    return asked.services.cursor_of(asked.request, asked.request.path)


def answer(
    asked: Asked,
    page: Wanted,
    matches: list[Stored],
    along: list[Stored],
    more: bool,
    total: int | None,
    notes: Sequence[bytes] = (),
    after: Sequence[bytes] = (),
) -> Response:
    """A searchset: notes, matches, what comes along, further notes ``after`` them, links to this page and the next."""
    address = links.root(asked.request, asked.services.base) + asked.request.path
    said: list[Link] = [("self", address + links.query(asked.inputs.pairs))]
    if more:
        place = [matches[-1].type, matches[-1].id]
        held = [page.count, page.since, page.types, page.start, page.end, place, total]
        said.append(("next", f"{address}?{CURSOR}={asked.services.seal.seal(_address(asked), held)}"))
    base = links.base(asked.request, asked.services.base)
    entries = [*notes, *(found(base, stored) for stored in matches)] + [found(base, stored, "include") for stored in along]
    entries += after
    return Response(200, bundle("searchset", said, entries, total))
