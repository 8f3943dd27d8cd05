"""Reading resources that nobody has validated: what has the wrong shape is as good as absent."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


def dicts(holder: Any, name: str) -> list[Json]:
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


def chosen(holder: Json, stem: str) -> tuple[str, Any] | None:
    """A choice by its stem: of ``fixed[x]`` written as ``fixedUri`` ("Uri", value); None where there is none."""
    for name, value in holder.items():
        if name.startswith(stem) and name[len(stem) : len(stem) + 1].isupper():
            return name[len(stem) :], value
    return None
