"""Operators that yield a boolean: logic in three values, membership, order (N1 2.0.0, section 6)."""

from __future__ import annotations

from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.equality import Seen, equal, order, same
from interop.fhir.fhirpath.functions.registry import Run, Truth
from interop.fhir.fhirpath.item import Collection
from interop.fhir.fhirpath.values import TEMPORAL, single


def logic(operator: str, operands: list[Truth]) -> Truth:
    """``and`` and ``or`` over any number of operands, ``xor`` and ``implies`` over two; what decides early ends early."""
    if operator in ("and", "or"):
        decisive = operator == "or"

        def joined(this: Collection, state: State) -> bool | None:
            said: bool | None = not decisive
            for each in operands:
                found = each(this, state)
                if found is decisive:
                    return decisive
                if found is None:
                    said = None
            return said

        return joined
    left, right = operands
    if operator == "xor":

        def either(this: Collection, state: State) -> bool | None:
            here, there = left(this, state), right(this, state)
            return None if here is None or there is None else here != there

        return either

    def implied(this: Collection, state: State) -> bool | None:
        here = left(this, state)
        if here is False:
            return True
        there = right(this, state)
        return there if here or there else None

    return implied


def equals_text(left: Run, text: str, right: Run, negative: bool) -> Truth:
    """``= 'text'`` and, if ``negative``, ``!= 'text'``."""

    def equals(this: Collection, state: State) -> bool | None:
        items = left(this, state)
        if not items:
            return None
        if len(items) == 1:
            value, kind, _ = items[0]
            if type(value) is str and kind not in TEMPORAL:
                return (value == text) is not negative
        said = equal(items, right(this, state), state)
        return said if said is None or not negative else not said

    return equals


def within(item: Collection, items: Collection, state: State) -> bool | None:
    """``in``."""
    wanted = single(item, "in")
    if wanted is None:
        return None
    state.pay(len(items))
    if len(items) < 8:
        return any(same(wanted, each, state) for each in items)
    return wanted in Seen(state, items)


def within_fixed(item: Collection, items: Collection, state: State, key: object) -> bool | None:
    """``in`` a collection that stays the same during an evaluation."""
    wanted = single(item, "in")
    if wanted is None or len(items) < 8:
        return within(item, items, state)
    seen = state.sets.get(key)
    if seen is None:
        state.pay(len(items))
        seen = state.sets[key] = Seen(state, items)
    return wanted in seen


def ordered(operator: str, left: Run, right: Run) -> Truth:
    """``<``, ``<=``, ``>`` and ``>=``."""

    def compares(this: Collection, state: State) -> bool | None:
        here, there = single(left(this, state), operator), single(right(this, state), operator)
        found = None if here is None or there is None else order(here, there)
        if found is None:
            return None
        match operator:
            case "<":
                return found < 0
            case "<=":
                return found <= 0
            case ">":
                return found > 0
            case _:
                return found >= 0

    return compares
