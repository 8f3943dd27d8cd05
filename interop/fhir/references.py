"""References: the literal ones of a resource, and what type one leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_LITERAL = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?")

_LOCAL = re.compile(r"([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")


def references(resource: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every literal reference of a resource, contained and bundled ones included, as (path, value).

    The path is that of the ``Reference.reference`` without it, with indexes: ``Encounter.participant[0].individual``.
    """
    pending: list[tuple[str, Any]] = [(str(resource.get("resourceType", "")), resource)]
    while pending:
        path, value = pending.pop()
        if isinstance(value, dict):
            literal = value.get("reference")
            if isinstance(literal, str):
                yield path, literal
            parts = [(f"{path}.{name}", each) for name, each in value.items()]
        else:
            parts = [(f"{path}[{place}]", each) for place, each in enumerate(value)]
        pending.extend(part for part in reversed(parts) if isinstance(part[1], (dict, list)))


@lru_cache(maxsize=16_384)
def literal_type(literal: str) -> str:
    """The resource type that ``Type/id``, with or without base and version, names; '' where the form does not tell."""
    found = _LITERAL.fullmatch(literal)
    return found[1] if found else ""


@lru_cache(maxsize=16_384)
def versionless(literal: str) -> str:
    """The reference without ``/_history/...``."""
    return literal.partition("/_history/")[0]


def local(literal: str) -> tuple[str, str] | None:
    """Type and id of what a literal reference within our record leads to, whatever version it names; None for one of another
    server, of something contained, or of no such form."""
    found = _LOCAL.fullmatch(literal)
    return (found[1], found[2]) if found else None


def target_type(reference: dict[str, Any]) -> str:
    """The resource type that a Reference leads to: from its literal, else from ``type``; '' where neither tells."""
    literal, said = reference.get("reference"), reference.get("type")
    found = literal_type(literal) if isinstance(literal, str) else ""
    return found or (said.rpartition("/")[2] if isinstance(said, str) else "")
