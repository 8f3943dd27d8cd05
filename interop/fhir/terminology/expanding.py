"""Expansions: the codes of a value set, by page and text (FHIR R4, ValueSet/$expand)."""

from __future__ import annotations

from typing import Any

from interop.fhir.shapes import Json
from interop.fhir.terminology.results import Contained, Expansion, TooCostly
from interop.fhir.terminology.sets import Set

MOST = 10_000
"""Codes that are given without a page being asked for."""
WALKED = 1_000_000
"""Codes that are walked to find a page and count the rest."""


def expanded(found: Set, text: str | None, offset: int, count: int | None, active_only: bool) -> Expansion:
    """A page of a compiled value set.

    ``text``: each of its words is in the display or the code, without case. Raises Uncomputable, TooCostly, and ValueError where
    ``offset`` or ``count`` is negative.
    """
    if offset < 0 or (count is not None and count < 0):
        raise ValueError("offset and count cannot be negative")
    words = (text or "").casefold().split()
    limit = WALKED if count is not None else MOST
    end = offset + (limit if count is None else count)
    page: list[Contained] = []
    seen: set[tuple[str, str]] = set()
    total = 0
    for walked, each in enumerate(found.members()):
        if walked >= WALKED or total >= limit:
            raise TooCostly(limit)
        if (each.system, each.code) in seen or (active_only and each.inactive) or (words and not _said(each, words)):
            continue
        seen.add((each.system, each.code))
        if offset <= total < end:
            page.append(each)
        total += 1
    return Expansion(found.url, found.version, page, total, offset, sorted(found.uses()))


def _said(each: Contained, words: list[str]) -> bool:
    text = f"{each.display} {each.code}".casefold()
    return all(word in text for word in words)


def as_resource(expansion: Expansion, resource: Json, timestamp: str, parameters: dict[str, Any]) -> Json:
    """A ValueSet with an expansion; ``timestamp`` is a FHIR dateTime, ``resource`` gives what identifies the value set."""
    kept = ("url", "version", "name", "title", "status", "experimental")
    said: list[Json] = [{"name": "used-codesystem", "valueUri": each} for each in expansion.versions]
    said += [{"name": name, _TYPED[type(value)]: value} for name, value in parameters.items() if value is not None]
    return {
        "resourceType": "ValueSet",
        **{key: resource[key] for key in kept if key in resource},
        **({} if "status" in resource else {"status": "active"}),
        "expansion": {
            "timestamp": timestamp,
            "total": expansion.total,
            "offset": expansion.offset,
            **({"parameter": said} if said else {}),
            **({"contains": [_line(each) for each in expansion.contains]} if expansion.contains else {}),
        },
    }


_TYPED: dict[type, str] = {bool: "valueBoolean", int: "valueInteger", str: "valueString"}


def _line(each: Contained) -> Json:
    line: Json = {"system": each.system, "code": each.code}
    if each.version:
        line["version"] = each.version
    if each.display:
        line["display"] = each.display
    line |= {name: True for name in ("abstract", "inactive") if getattr(each, name)}
    return line
