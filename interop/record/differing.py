"""What differs between two contents of a resource, by FHIR path without indices. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

CHANGE, VANISH, NEW = "change", "vanish", "new"
"""What becomes of a path or of a whole resource."""
_META: Final = frozenset(("versionId", "lastUpdated", "source"))
"""What every version has of its own."""
Found = dict[str, list[Any]]


def values(body: dict[str, Any] | None) -> Found:
    """The values at each path of a resource; none where there is no resource."""
    found: Found = {}
    if body is not None:
        meta = {name: value for name, value in body.get("meta", {}).items() if name not in _META}
        for path, value in _leaves("", {**body, "meta": meta}):
            found.setdefault(path, []).append(value)
    return found


def differing(before: dict[str, Any] | None, after: dict[str, Any] | None) -> dict[str, str]:
    """The paths below the resource at which it says something else, each with what becomes of it."""
    was, now = values(before), values(after)
    found = {}
    for path in sorted({*was, *now}):
        if was.get(path) != now.get(path):
            found[path] = NEW if path not in was else VANISH if path not in now else CHANGE
    return found


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            if path or name not in ("resourceType", "id"):
                yield from _leaves(f"{path}.{name}" if path else name, each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(path, each)
    else:
        yield path, value
