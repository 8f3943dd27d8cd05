"""What JSON of FHIR cannot hold: objects and arrays with nothing in them (FHIR R4, json.html)."""

from __future__ import annotations

from typing import Any

MOST_OPERATIONS = 1000
"""Operations that a patch may have."""


def pruned(value: Any) -> Any:
    """The value without empty objects and arrays in it, at any depth; nulls in arrays keep their place."""
    if isinstance(value, dict):
        kept = {name: pruned(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in ({}, [])}
    if isinstance(value, list):
        items = [pruned(each) for each in value]
        return [each for each in items if each not in ({}, [])]
    return value
