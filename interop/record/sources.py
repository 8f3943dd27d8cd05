"""The source of a resource: the organisations that have contributed to it, which agreements are about. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from interop.ports.feed import contributor


def source_of(feed: str, bound: str, also: Iterable[tuple[str, str]], claimed: str) -> str:
    """The source of a message: the organisation that its feed is bound to or sends for, else the one that it claims itself, else
    ``feed:NAME``, which no agreement names. A message that may not claim what it does has been refused before."""
    return contributor(bound, also, claimed) or bound or f"feed:{feed}"


def together(before: str, source: str) -> str:
    """The sources of a resource, in order and with commas between, once ``source`` (one, or several so) contributes as
    well."""
    if not before or before == source:
        return source
    return ",".join(sorted({*before.split(","), *source.split(",")}))
