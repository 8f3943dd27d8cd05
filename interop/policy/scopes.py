"""Scopes of SMART App Launch 2.2 (3.0.2, Scopes for requesting FHIR resources), version 1 and 2 syntax."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NamedTuple
from urllib.parse import parse_qsl, urlencode

from interop.fhir import facts

ACTIONS: Final = "cruds"
"""Create, read, update, delete, search: in this order alone (version 2)."""
MOST: Final = 100
"""Scopes of one token at most; what is over is not given."""
LONGEST: Final = 4_096
"""Characters of all scopes of a token."""
_SCOPE: Final = re.compile(r"(patient|user|system)/(\*|[A-Z][A-Za-z]{1,63})\.(read|write|\*|c?r?u?d?s?)(?:\?(.+))?")
_FIRST: Final = {"read": "rs", "write": "cud", "*": ACTIONS}
"""Version 1: read is reading and searching, write creating, updating, deleting."""


class Scope(NamedTuple):
    """One scope for resources: ``context`` is patient, user or system; ``type`` a resource type or ``*``; ``actions`` of ``cruds``;
    ``criteria`` search parameters that narrow it (``category=...``)."""

    context: str
    type: str
    actions: str
    criteria: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """As it is written in version 2."""
        query = f"?{urlencode(self.criteria)}" if self.criteria else ""
        return f"{self.context}/{self.type}.{self.actions}{query}"


def read_scopes(text: str) -> tuple[Scope, ...]:
    """The scopes for resources in a blank-separated list. What is none (``openid``, ``launch/patient``), or cannot be given whole
    (criteria without a type), is left out: it gives nothing."""
    if len(text) > LONGEST:
        return ()
    found = (read_scope(each) for each in text.split(" ")[:MOST])
    return tuple(dict.fromkeys(scope for scope in found if scope is not None))


def read_scope(text: str) -> Scope | None:
    """One scope for resources; None for anything else."""
    matched = _SCOPE.fullmatch(text)
    if matched is None:
        return None
    context, type_, actions, query = matched.groups()
    if not actions or (type_ == "*" and query) or (type_ != "*" and type_ not in facts.resource_types()):
        return None
    try:
        criteria = tuple(parse_qsl(query, strict_parsing=True, errors="strict", max_num_fields=20)) if query else ()
    except ValueError:
        return None
    return Scope(context, type_, _FIRST.get(actions, actions), criteria)


def covers(allowed: Iterable[Scope], asked: Scope) -> bool:
    """Whether what is asked lies within one of those allowed: the same context and type, no further action, no fewer criteria."""
    return any(
        each.context == asked.context
        and each.type in ("*", asked.type)
        and set(asked.actions) <= set(each.actions)
        and set(each.criteria) <= set(asked.criteria)
        for each in allowed
    )
