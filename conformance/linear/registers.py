"""The registers that a FHIR server has, as state machines: what an operation may be answered, and what is so from then on."""

from __future__ import annotations

from typing import Any

from conformance.linear.history import Op, Step

ABSENT = (0, "")
"""Version and value of what is not there yet."""


def resource(state: tuple[int, str], op: Op) -> tuple[bool, tuple[int, str]]:
    """A resource: ``write`` (argument: value; result: version), ``swap`` (argument: version and value; result: version, 0 where the
    server refused because it is another), ``read`` and ``search`` (result: version and value)."""
    version = state[0]
    match op.kind:
        case "write":
            after = version + 1, op.argument
            return op.open or op.result == after[0], after
        case "swap":
            expected, value = op.argument
            if op.open:
                return True, (version + 1, value) if expected == version else state
            if expected != version:
                return op.result == 0, state
            return op.result == version + 1, (version + 1, value)
    return op.open or op.result == state, state


def seat(state: str, op: Op) -> tuple[bool, str]:
    """What is created under a condition: ``create`` (result: the id, and whether it was made now), ``search`` (result: ids)."""
    if op.kind == "create":
        if op.open:
            # What it made has an id that nobody was told: any that is seen later is its own.
            return not state, state or "?"
        id_, made = op.result
        if made:
            return not state, id_
        return state in (id_, "?"), id_
    if op.open:
        return True, state
    if state == "?" and len(op.result) == 1:
        return True, op.result[0]
    return tuple(op.result) == ((state,) if state and state != "?" else ()), state


def latest(state: int, op: Op) -> tuple[bool, int]:
    """What messages of a source say, of which the latest event counts: ``tell`` (argument: its time), ``search`` (result: the time
    of what is shown)."""
    if op.kind == "tell":
        return True, max(state, op.argument)
    return op.open or op.result == state, state


KINDS: dict[str, tuple[Step, Any]] = {"resource": (resource, ABSENT), "seat": (seat, ""), "latest": (latest, 0)}
"""By the word before the slash of a register's name: its machine and how it begins."""
