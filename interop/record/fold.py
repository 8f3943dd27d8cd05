"""The fold: all that is said of a resource, by whom and of when, to the one content that is shown.

A pure function of the states: for each element the feed with the lowest rank (precedence.csv) speaks, among equals the one
whose event is the latest; within a feed each register's latest event. ``fold.csv`` names the elements for which it is
otherwise: ``union`` takes every feed's. Never by arrival.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from interop.fhir import facts
from interop.formats.json import load_json, write_json
from interop.mapping.assemble import assemble
from interop.mapping.contribution import REST
from interop.mapping.labels import OF, together
from interop.mapping.tables import Shared
from interop.record.shared import shared_tables
from interop.record.state import THERE, State

LOWEST_RANK = 100
Chosen = tuple[str, list[Any]]
"""A feed, and what it says: [time, version, tie, message, value]."""


def fold(kind: str, states: Mapping[tuple[str, str], State]) -> dict[str, Any] | None:
    """The content of a resource of type ``kind`` from its states by (feed, event); None where nothing is to be shown."""
    return _body(kind, choose(kind, states))


def alone(kind: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The fold of what one contribution says (``interop.record.state.said_by``), where nothing else is said."""
    chosen: dict[str, Chosen] = {
        register: ("", [0, 0, "", 0, value]) for register, value in values.items() if value is not None and register != REST
    }
    return _body(kind, {} if bare(kind, chosen) else _one_form(kind, chosen))


def _body(kind: str, chosen: dict[str, Chosen]) -> dict[str, Any] | None:
    if not chosen:
        return None
    body = complete(kind, assemble(kind, _values(chosen)))
    for (of, element), strategy in shared_tables().fold.items():
        if of == kind and strategy.startswith("merge:") and len(body.get(element, ())) > 1:
            body[element] = sorted(body[element], key=lambda one: str(one.get("period", {}).get("start", "")))
    return body


_MERGE: Final = "link:merge"
"""Begins the registers of those into whom a Patient was merged, one for each."""


def bare(kind: str, registers: Collection[str]) -> bool:
    """Whether it is known of a Patient only that, if there is one, another took its place: there is nobody to show."""
    if kind != "Patient" or not any(register.startswith(_MERGE) for register in registers):
        return False
    return all(register.startswith(_MERGE) or register == "meta.tag:flags" for register in registers)


def choose(kind: str, states: Mapping[tuple[str, str], State]) -> dict[str, Chosen]:
    """The registers that count; {} where nothing is to be shown."""
    by_feed: dict[str, dict[str, list[Any]]] = {}
    withdrawn: list[Any] | None = None
    newest: list[Any] = [-1, 0, ""]
    for (feed, _event), state in states.items():
        registers = by_feed.setdefault(feed, {})
        undone = state.get("c")
        if "d" in state and (withdrawn is None or state["d"] > withdrawn):
            withdrawn = state["d"]
        for register, value in state["r"].items():
            stamp = value[:3]
            if undone is not None and stamp <= undone:
                continue
            newest = max(newest, stamp)
            known = registers.get(register)
            if known is None or stamp > known[:3]:
                registers[register] = value
    if withdrawn is not None and withdrawn >= newest:
        return {}
    for registers in by_feed.values():
        _void(registers)
    if len(by_feed) == 1:
        ((feed, registers),) = by_feed.items()
        chosen = {register: (feed, value) for register, value in registers.items() if value[4] is not None}
    else:
        chosen = _among(kind, by_feed, shared_tables())
    return {} if bare(kind, chosen) else _one_form(kind, chosen)


def _void(registers: dict[str, list[Any]]) -> None:
    """Drop what the feed no longer says: it told a whole resource since, or of labels, something else in their place."""
    whole = registers.pop(REST, None)
    if whole is not None:
        for name in [name for name, value in registers.items() if value[:3] < whole[:3]]:
            del registers[name]
    for name in [name for name in registers if name.startswith(OF)]:
        said = registers.get(name[len(OF) :])
        if said is not None and said[:3] > registers[name][:3]:
            del registers[name]


def _one_form(kind: str, chosen: dict[str, Chosen]) -> dict[str, Chosen]:
    """Of the forms of a choice (``deceasedBoolean``, ``deceasedDateTime``) the one that was said last."""
    for registers in _forms(kind, tuple(chosen)):
        last = max(registers, key=lambda register: (chosen[register][1][:3], register)).partition(":")[0]
        for register in registers:
            if register.partition(":")[0] != last:
                del chosen[register]
    return chosen


@lru_cache(maxsize=4096)
def _forms(kind: str, registers: tuple[str, ...]) -> list[list[str]]:
    """The registers of each choice of which there are several forms."""
    forms: dict[str, list[str]] = {}
    for register in registers:
        choice = _choice(kind, register.partition(":")[0])
        if choice:
            forms.setdefault(choice, []).append(register)
    return [each for each in forms.values() if len({register.partition(":")[0] for register in each}) > 1]


@lru_cache(maxsize=4096)
def _choice(kind: str, path: str) -> str:
    """The choice element that a register is a form of, '' where it is none."""
    element = facts.element(f"{kind}.{path}")
    return element.choice or "" if element is not None else ""


def _among(kind: str, by_feed: dict[str, dict[str, list[Any]]], tables: Shared) -> dict[str, Chosen]:
    """What several feeds say: element by element the one that ranks first, or all of them where fold.csv says ``union``."""
    stamps: dict[str, dict[str, list[Any]]] = {}
    for feed, registers in by_feed.items():
        for register, value in registers.items():
            of = stamps.setdefault(register.partition(":")[0], {})
            if feed not in of or value[:3] > of[feed]:
                of[feed] = value[:3]
    chosen: dict[str, Chosen] = {}
    for element, of in stamps.items():
        latest_first = sorted(((stamp, feed) for feed, stamp in of.items()), reverse=True)
        ranks = sorted((rank(tables, kind, element, feed), place, feed) for place, (_, feed) in enumerate(latest_first))
        ranked = [feed for _, _, feed in ranks]
        strategy = tables.fold.get((kind, element)) or tables.fold.get(("*", element), "latest")
        for feed in ranked if strategy == "union" else ranked[:1]:
            for register, value in by_feed[feed].items():
                if register.partition(":")[0] == element and value[4] is not None:
                    name = f"{register}@{feed}" if strategy == "union" and ":" in register else register
                    chosen.setdefault(name, (feed, value))
    return chosen


def _values(chosen: dict[str, Chosen]) -> dict[str, Any]:
    """The values of chosen registers; where feeds agree on an element of a list, it stands there once."""
    values: dict[str, Any] = {}
    seen: dict[str, list[Any]] = {}
    for register in sorted(chosen):
        if register == THERE:
            continue
        value = chosen[register][1][4]
        if "@" in register:
            held = seen.setdefault(register.partition(":")[0], [])
            value = [one for one in value if one not in held]
            held.extend(value)
        values[register] = value
    return values


def rank(tables: Shared, kind: str, element: str, feed: str) -> int:
    """A feed's rank for an element: its own row, or one for all elements, types or feeds; the lowest speaks."""
    for key in ((kind, element, feed), (kind, "*", feed), ("*", "*", feed), (kind, element, "*")):
        found = tables.precedence.get(key)
        if found is not None:
            return found
    return LOWEST_RANK


def complete(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    """Fill what R4 requires and no source has said with what ``required.csv`` holds for it; a value in braces is JSON. Then claim
    the profile that ``profiles.csv`` names for the type, where the resource can keep it."""
    tables = shared_tables()
    meta = body.get("meta")
    if meta is not None and len(meta.get("security", ())) > 1:
        meta["security"] = together(meta["security"])
    for element, value in tables.required.get(kind, {}).items():
        if element in body:
            continue
        name = element.removeprefix("_")
        if name not in body and f"_{name}" not in body:
            body[element] = _filler(value)
    for part in tables.parts.get(kind, ()):
        if part.missing(body):
            body[part.element] = [*body.get(part.element, ()), _filler(part.value)]
    claim = tables.profiles.get(kind)
    if claim is not None and claim.fits(body):
        if meta is None:
            body["meta"] = {"profile": [claim.profile]}
        elif "profile" not in meta:
            meta["profile"] = [claim.profile]
    return body


@cache
def _filler(value: str) -> Any:
    return load_json(value.encode()) if value[:1] in '{["' else value


def content(kind: str, id_: str, body: dict[str, Any]) -> bytes:
    """The bytes of a resource up to what changes with each version; ``render`` adds that."""
    meta = body.pop("meta", None)
    parts = {"resourceType": kind, "id": id_} | {name: value for name, value in body.items() if name not in ("resourceType", "id")}
    head = write_json(parts)[:-1] + b',"meta":{'
    return head + write_json(meta)[1:-1] + b"," if meta else head


def source(feed: str, message: int) -> str:
    """``meta.source`` of a version that this message of this feed has made."""
    return f"urn:interop:feed:{feed}#{message}"


def render(content: bytes, version: int, updated: str, feed: str, message: int) -> bytes:
    """The resource as it is stored and served; ``meta.source`` names the feed and the message that made this version."""
    made = (version, updated.encode(), source(feed, message).encode())
    return content + b'"versionId":"%d","lastUpdated":"%s","source":"%s"}}' % made


def same_content(body: bytes, content: bytes) -> bool:
    """Whether a stored resource holds just this content, version and time aside."""
    return body.startswith(content) and body[len(content) :].startswith(b'"versionId":')
