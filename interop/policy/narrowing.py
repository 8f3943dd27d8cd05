"""What a token was given for: its scopes narrow whatever its bearer may see (SMART App Launch 2.2, 3.0.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from interop.policy.asker import Asker
from interop.policy.scopes import Scope
from interop.store.where import All, Any, Types, Where

ACTIONS: Final = {
    "create": "c",
    "read": "r",
    "vread": "r",
    "history-instance": "r",
    "update": "u",
    "patch": "u",
    "delete": "d",
    "search-type": "s",
    "search-system": "s",
    "search-compartment": "s",
    "history-type": "s",
    "history-system": "s",
}
"""Interaction -> the letter that a scope for it has (3.0.2.3)."""
ANY_TYPE: Final = "*"


def usable(asker: Asker, actions: str, narrowed: Mapping[Scope, Where]) -> list[Scope]:
    """The scopes that give any of these actions. One for a patient without a patient in context, or with criteria that nobody
    understood, gives nothing."""
    return [
        scope
        for scope in asker.scopes or ()
        if not set(actions).isdisjoint(scope.actions)
        and (scope.context != "patient" or asker.patient)
        and (not scope.criteria or scope in narrowed)
    ]


def reached(scopes: list[Scope], type: str) -> bool:
    """Whether one of the scopes is for the type; '' = for any."""
    return any(scope.type in (type, ANY_TYPE) or not type for scope in scopes)


def narrowing(scopes: list[Scope], narrowed: Mapping[Scope, Where]) -> Where | None:
    """What the scopes reach together; None = everything."""
    plain = {scope.type for scope in scopes if not scope.criteria}
    if ANY_TYPE in plain:
        return None
    parts: list[Where] = [Types(tuple(sorted(plain)))]
    for scope in scopes:
        if scope.criteria:
            parts.append(narrowed[scope] if scope.type == ANY_TYPE else All((Types((scope.type,)), narrowed[scope])))
    return Any(tuple(parts))
