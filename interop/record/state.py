"""What one feed's events of one kind say of a resource: last-writer-wins registers, so that neither order of arrival nor
repetition matters.

A state is JSON: ``{"r": {register: [time, version, tie, message, value]}, "d": [time, version, tie], "c": [time, version, tie]}``;
value null is a register that the source deleted; ``d`` when it withdrew the resource, ``c`` up to when what it said is undone.
"""

from __future__ import annotations

from functools import cache
from typing import Any

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


def merge(before: State, after: State) -> bool:
    """Take over into ``before`` whatever ``after`` knows that is newer; whether anything was."""
    changed = False
    registers = before["r"]
    for register, value in after["r"].items():
        known = registers.get(register)
        if known is None or value[:3] > known[:3]:
            registers[register] = value
            changed = True
    for mark in ("d", "c"):
        if mark in after and (mark not in before or after[mark] > before[mark]):
            before[mark] = after[mark]
            changed = True
    return changed


def dump(state: State) -> bytes:
    """A state as it is stored."""
    return write_json(state)


def load(data: bytes) -> State:
    """A stored state; numbers keep their digits."""
    state: State = load_json(data)
    return state
