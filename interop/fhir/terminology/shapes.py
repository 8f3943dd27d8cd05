"""Reading resources that nobody has validated: what has the wrong shape is as good as absent."""

from __future__ import annotations

from typing import Any


def dicts(holder: Any, name: str) -> list[dict[str, Any]]:
    """The objects of a list element."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def text(holder: Any, name: str) -> str:
    """A string element, '' where there is none."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, str) else ""


def texts(holder: Any, name: str) -> list[str]:
    """The strings of a list element."""
    found = holder.get(name) if isinstance(holder, dict) else None
    return [each for each in found if isinstance(each, str)] if isinstance(found, list) else []
