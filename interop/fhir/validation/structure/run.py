"""What one resource under check knows of itself while its elements are walked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from interop.fhir.findings import Findings

Json = dict[str, Any]


EVALUATIONS = 20_000
"""Invariants that may be evaluated for one resource: about a second's worth."""


class Run:
    """The resource that stands for itself (a root, an entry of a Bundle, a parameter), and what its elements left.

    ``contained`` is id -> type of its contained resources; ``fragments`` are the ids that ``#id`` named anywhere in it;
    ``inside`` is the place of the contained resource being walked or -1, ``back`` the places of those that named ``#``.
    ``resource`` is the nearest resource, contained or not. ``links`` are its references where it stands in a Bundle, else None;
    ``urls`` are, in a document or message, the other addresses in it; ``entries`` are, for a Bundle, the runs of the resources
    in it. ``ids`` are the ids of its elements. ``purse`` holds how many more invariants may be evaluated, for a resource and all
    that are in it together.
    """

    __slots__ = ("back", "contained", "entries", "fragments", "ids", "inside", "links", "purse", "resource", "root", "urls")

    def __init__(self, root: Json, purse: list[int] | None = None) -> None:
        self.purse = purse if purse is not None else [EVALUATIONS]
        self.root = root
        self.resource = root
        self.links: list[Json] | None = None
        self.urls: list[str] | None = None
        self.ids: set[str] = set()
        self.contained: dict[str, str] = {}
        self.fragments: set[str] = set()
        self.inside = -1
        self.back: set[int] = set()
        self.entries: list[Run] | None = None

    def name(self, fragment: str) -> None:
        """Note that ``#`` or ``#id`` is met; a contained resource that names itself is not named."""
        if fragment == "#":
            if self.resource is not self.root:
                self.back.add(self.inside)
        elif self.resource is self.root or self.resource.get("id") != fragment[1:]:
            self.fragments.add(fragment[1:])


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules that contain each other: ``block`` of a block's name, and of resources ``standalone`` and ``contained``."""

    block: Callable[[str], Rule]
    standalone: Rule
    contained: Rule


Rule = Callable[[Any, Run], Findings | None]
"""None where a value is sound, else findings with expressions relative to the value."""
