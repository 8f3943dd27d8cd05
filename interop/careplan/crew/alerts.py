"""Alerts: Flags that are in force, what endangers crew and person first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from interop.careplan.contact import how_told
from interop.careplan.crew.line import Said, dated, latest_first, merged, sources_of, status
from interop.careplan.labels import ACCESS
from interop.careplan.plan import Given, Json
from interop.careplan.words import Words
from interop.fhir.shapes import dicts, text

KINDS: Final = ("safety", "behavioral", "contact", "advance-directive", "drug", "clinical", "diet", "lab", "admin", "research")
"""Categories of R4 (``flag-category``) in the order in which a crew must know of them; what has none comes before ``clinical``."""
Over = Callable[[str], bool]
"""Whether a time as FHIR writes it is over, or has begun."""


def alerts(given: Iterable[Given], words: Words, over: Over, begun: Over) -> list[Said]:
    """A line for each Flag that is active and whose time has begun and not ended; what several say alike is one."""
    found = [_line(each, words) for each in given if _in_force(each.resource, over, begun)]
    return sorted(latest_first(merged(found)), key=lambda line: _rank(str(line.more.get("kind", ""))))


def with_words(flags: Iterable[Said], written: Iterable[Said]) -> list[Said]:
    """Flags with the alerts that somebody wrote in words: as an alert without a category; how to get to the person comes last."""
    said = (replace(each, more=_kind(each.more)) for each in written)
    return sorted((*flags, *said), key=lambda line: _rank(str(line.more.get("kind", ""))))


def _kind(more: Json) -> Json:
    """The label's kind as that of an alert."""
    return {**{name: value for name, value in more.items() if name != "role"}, **({"kind": more["role"]} if "role" in more else {})}


def _in_force(flag: Json, over: Over, begun: Over) -> bool:
    if text(flag, "resourceType") != "Flag" or text(flag, "status") != "active" or how_told(flag):
        return False
    period = flag.get("period")
    start, end = text(period, "start"), text(period, "end")
    return not (end and over(end)) and (not start or begun(start))


def _line(given: Given, words: Words) -> Said:
    flag = given.resource
    kind = next(
        (code for each in dicts(flag, "category") for one in dicts(each, "coding") if (code := text(one, "code")) in KINDS), ""
    )
    named = kind or next(filter(None, (words.of(each) for each in dicts(flag, "category"))), "")
    more: Json = ({"kind": named} if named else {}) | status(flag)
    if until := text(flag.get("period"), "end"):
        more["until"] = until
    said = words.of(flag.get("code"))
    by = words.of(flag.get("author"))
    return Said(said or "Alert without words", dated(flag), by, sources_of(given), more, alone=not said)


def _rank(kind: str) -> int:
    if kind == ACCESS:
        return len(KINDS)
    return KINDS.index(kind) if kind in KINDS else KINDS.index("clinical")
