"""What one feed's events of one kind say of a resource: last-writer-wins registers, so that neither order of arrival nor
repetition matters.

A state is JSON: ``{"r": {register: [time, version, tie, message, value]}, "d": [time, version, tie], "c": [time, version, tie]}``;
value null is a register that the source deleted; ``d`` when it withdrew the resource, ``c`` up to when what it said is undone.
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache
from typing import Any

import orjson

from interop.formats.json import load_json, write_json
from interop.mapping.contribution import Contribution
from interop.ports import Order
from interop.record.shared import shared_tables

State = dict[str, Any]


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


def fresh(contribution: Contribution, order: Order, message: int) -> State:
    """The state that a contribution makes where there was none."""
    if contribution.effect == "delete":
        return {"r": {}, "d": [*order]}
    if contribution.effect == "cancel":
        return {"r": {}, "c": [*order]}
    stamp = [order.time, order.version, order.tie, message]
    registers: dict[str, Any] = {}
    for register, value in contribution.registers.items():
        by = merged_by(contribution.type, register)
        if by is None:
            registers[register] = [*stamp, value]
        else:
            for element in value:
                registers[f"{register}#{at_path(element, by)}"] = [*stamp, [element]]
    for register in contribution.deleted:
        registers.setdefault(register, [*stamp, None])
    return {"r": registers}


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
    for mark in ("d", "c"):
        if mark in after and (mark not in before or after[mark] > before[mark]):
            before[mark] = after[mark]
            merged = Merged.VALUES
    return merged


def dump(state: State) -> bytes:
    """A state as it is stored. It begins with a blank where it holds a number that only ``load_json`` reads faithfully."""
    try:
        return orjson.dumps(state)
    except TypeError:
        return b" " + write_json(state)


def load(data: bytes) -> State:
    """A stored state; numbers keep their digits."""
    state: State = load_json(data) if data[:1] == b" " else orjson.loads(data)
    return state
