"""What JSON of FHIR cannot hold: objects and arrays with nothing in them (FHIR R4, json.html)."""

from __future__ import annotations

from typing import Any

MOST_OPERATIONS = 1000
"""Operations that a patch may have."""


MOST_COPIED = 135_000
"""Values that the copies of a patch may make, texts weighed by their length: a few of them, each of the one before, would fill any
memory."""
_TEXT = 64


def weight(value: Any) -> int:
    """How much a value holds: one for each value in it, more for long texts."""
    found, waiting = 0, [value]
    while waiting:
        each = waiting.pop()
        found += 1
        if isinstance(each, dict):
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str):
            found += len(each) // _TEXT
    return found


def pruned(value: Any) -> Any:
    """The value without empty objects and arrays in it, at any depth; nulls in arrays keep their place."""
    if isinstance(value, dict):
        kept = {name: pruned(each) for name, each in value.items()}
        return {name: each for name, each in kept.items() if each not in ({}, [])}
    if isinstance(value, list):
        items = [pruned(each) for each in value]
        return [each for each in items if each not in ({}, [])]
    return value
