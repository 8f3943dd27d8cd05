"""What one resource under check knows of itself while its elements are walked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from interop.fhir.findings import Findings

Json = dict[str, Any]


class Run:
    """The resource that stands for itself (a root, an entry of a Bundle, a parameter), and what its elements left.

    ``contained`` is id -> type of its contained resources; ``fragments`` are the ids that ``#id`` named anywhere in it;
    ``inside`` is the place of the contained resource being walked or -1, ``back`` the places of those that named ``#``.
    ``resource`` is the nearest resource, contained or not. ``links`` are its references where it stands in a Bundle, else None;
    ``entries`` are, for a Bundle, the resources that stand in it with their links.
    """

    __slots__ = ("back", "contained", "entries", "fragments", "inside", "links", "resource", "root")

    def __init__(self, root: Json, links: list[Json] | None = None) -> None:
        self.root = root
        self.resource = root
        self.links = links
        self.contained: dict[str, str] = {}
        self.fragments: set[str] = set()
        self.inside = -1
        self.back: set[int] = set()
        self.entries: list[tuple[Json, list[Json]]] | None = None


Rule = Callable[[Any, Run], Findings | None]
"""None where a value is sound, else findings with expressions relative to the value."""
