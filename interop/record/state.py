"""What one feed's events of one kind say of a resource: last-writer-wins registers, so that neither order of arrival nor
repetition matters.

A state is ``{"r": {register: [time, version, tie, message, value]}, "d": [time, version, tie], "c": [time, version, tie]}``;
value null is a register that the source deleted, ``*`` all those that it did not say at that stamp; ``d`` when it withdrew the
resource, ``c`` up to when what it said is undone.

It is stored as JSON. Where one message said all of it, which is the rule, the stamp stands there once:
``{"s":[time, version, tie, message],"v":{register: value}}``; two such states that differ only in their stamps are seen to say
the same without reading them (``said_again``).
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Any, Final

import orjson

from interop.formats.json import load_json, write_json
from interop.mapping.contribution import REST, Contribution
from interop.ports import Order
from interop.record.shared import shared_tables

State = dict[str, Any]
THERE: Final = "+"
"""The register of a contribution that says nothing of a resource but that it is there."""


@cache
def merged_by(kind: str, register: str) -> tuple[str, ...] | None:
    """The path by which elements of different messages come together (fold.csv, ``merge:PATH``); None where the latest counts."""
    element = register.partition(":")[0]
    strategy = shared_tables().fold.get((kind, element), "")
    return tuple(strategy.removeprefix("merge:").split(".")) if strategy.startswith("merge:") else None


def at_path(element: Any, path: tuple[str, ...]) -> str:
    """The text at a path of an element, '' where there is none."""
    for name in path:
        if isinstance(element, list):
            element = element[0] if element else None
        element = element.get(name) if isinstance(element, dict) else None
    return element if isinstance(element, str) else ""


def stated(contribution: Contribution, order: Order, message: int) -> bytes:
    """The state that a contribution makes where there was none, as it is stored."""
    if contribution.effect in ("delete", "cancel"):
        return dump({"r": {}, contribution.effect[0]: [*order]})
    derived = contribution.derived
    said: bytes | None = derived.get("said") if derived is not None else None
    if said is None:
        said = _said(contribution)
        if derived is not None:
            derived["said"] = said
    faithful = b" " if said[:1] == b" " else b""
    return faithful + b'{"s":%b,"v":%b}' % (orjson.dumps((order.time, order.version, order.tie, message)), said)


def _said(contribution: Contribution) -> bytes:
    """Registers and values as JSON; begins with a blank as ``dump`` has it."""
    return _json(said_by(contribution))


def said_by(contribution: Contribution) -> dict[str, Any]:
    """Registers and values as a state has them."""
    kind = contribution.type
    values: dict[str, Any] = {}
    for register, value in contribution.registers.items():
        by = merged_by(kind, register)
        if by is None:
            values[register] = value
        else:
            for element in value:
                values.setdefault(f"{register}#{at_path(element, by)}", []).append(element)
    for register in contribution.deleted:
        values.setdefault(register, None)
    if not values:
        values[THERE] = True
    return values


class Merged(IntEnum):
    """What ``merge`` took over: nothing, only later times of what was known, or something else as well."""

    NOTHING = 0
    TIMES = 1
    VALUES = 2


def merge(before: State, after: State) -> Merged:
    """Take over into ``before`` whatever ``after`` knows that is newer; what that was."""
    merged = Merged.NOTHING
    registers = before["r"]
    for register, value in after["r"].items():
        known = registers.get(register)
        if known is None or value[:3] > known[:3]:
            registers[register] = value
            if known is None or known[4] != value[4]:
                merged = Merged.VALUES
            elif not merged:
                merged = Merged.TIMES
    if REST in registers and (stale := [register for register, value in registers.items() if value[:3] < registers[REST][:3]]):
        for register in stale:
            del registers[register]
        merged = Merged.VALUES
    for mark in ("d", "c"):
        if mark in after and (mark not in before or after[mark] > before[mark]):
            before[mark] = after[mark]
            merged = Merged.VALUES
    return merged


def supersedes(before: bytes, after: bytes) -> Merged | None:
    """Of two states as stored: what ``merge`` of the later would take over, where nothing of the earlier is left then. None where
    something is, or that takes more to tell."""
    if before[:5] != _ONCE or after[:5] != _ONCE:
        return None
    old, new = orjson.loads(before), orjson.loads(after)
    known, said = old["v"], new["v"]
    if new["s"][:3] <= old["s"][:3] or not known.keys() <= said.keys():
        return None
    return Merged.TIMES if known == said else Merged.VALUES


def said_in(state: bytes) -> bytes:
    """What a state as stored says, without when it was said."""
    return state[state.find(_SAID) :] if state[:5] == _ONCE else state


def said_again(before: bytes, after: bytes) -> bool | None:
    """Of two states as stored that say the same: whether ``after`` is the later. None where that takes reading them."""
    if before[:5] != _ONCE or after[:5] != _ONCE:
        return None
    at, end = before.find(_SAID), after.find(_SAID)
    if at < 0 or end < 0 or before[at:] != after[end:]:
        return None
    later: bool = orjson.loads(after[5 : end + 1])[:3] > orjson.loads(before[5 : at + 1])[:3]
    return later


def said_since(state: bytes, since: list[Any]) -> bool:
    """Whether all of a state as stored was said by one message, at that stamp or later, as far as can be told unread."""
    if state[:5] != _ONCE:
        return False
    stamp: list[Any] = orjson.loads(state[5 : state.find(_SAID) + 1])[:3]
    return stamp >= since


def same_said(before: bytes, after: bytes) -> bool:
    """Whether two states as stored hold the same values, as far as can be seen without reading them."""
    return before[:5] == after[:5] == _ONCE and before[before.find(_SAID) :] == after[after.find(_SAID) :]


_ONCE = b'{"s":'
_SAID = b'],"v":'
"""Ends the stamp: within a JSON string a quotation mark follows a backslash."""


def dump(state: State) -> bytes:
    """A state as it is stored. It begins with a blank where it holds a number that only ``load_json`` reads faithfully."""
    registers = state.get("r")
    if registers and len(state) == 1:
        stamps = iter(registers.values())
        stamp = next(stamps)[:4]
        if all(value[:4] == stamp for value in stamps):
            state = {"s": stamp, "v": {register: value[4] for register, value in registers.items()}}
    return _json(state)


def _json(value: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return b" " + write_json(value)


def load(data: bytes) -> State:
    """A stored state; numbers keep their digits."""
    state: State = load_json(data, values=None) if data[:1] == b" " else orjson.loads(data)
    stamp = state.get("s")
    if stamp is not None:
        state = {"r": {register: [*stamp, value] for register, value in state["v"].items()}}
    return state if _MERGE not in data else _of_each_survivor(state)


_MERGE = b'"link:merge":'


def _of_each_survivor(state: State) -> State:
    """An earlier version kept one register for whoever a Patient was merged into last."""
    registers = state["r"]
    value = registers.pop("link:merge", None)
    if value is not None:
        into = at_path(value[4], ("other", "reference")).removeprefix("Patient/")
        registers.setdefault(f"link:merge-{into}", value)
    return state
