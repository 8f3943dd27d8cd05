"""Equality, equivalence and order (N1 2.0.0, equality, comparison; FHIR R4, FHIRPath, for Coding and the like)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from decimal import Decimal
from typing import Any

from interop.fhir.fhirpath import quantity, temporal
from interop.fhir.fhirpath.environment import State
from interop.fhir.fhirpath.errors import FhirPathError
from interop.fhir.fhirpath.item import Collection, Item
from interop.fhir.fhirpath.quantity import Quantity, scaled
from interop.fhir.fhirpath.temporal import Temporal
from interop.fhir.fhirpath.values import ARITHMETIC, is_number, plain


def equal(one: Collection, other: Collection, state: State) -> bool | None:
    """``one = other``: item by item in order; None where either is empty or precision does not tell."""
    if not one or not other:
        return None
    if len(one) != len(other):
        return False
    said: bool | None = True
    for here, there in zip(one, other, strict=True):
        alike = same(here, there, state)
        if alike is False:
            return False
        if alike is None:
            said = None
    return said


def same(one: Item, other: Item, state: State) -> bool | None:
    """Whether two items are equal; None where precision does not tell or one has no value."""
    here, there = plain(one), plain(other)
    if type(here) is str and type(there) is str:
        return here == there
    if here is None or there is None:
        return None
    if isinstance(here, bool) or isinstance(there, bool):
        return here is there
    if isinstance(here, Temporal) or isinstance(there, Temporal):
        return _same_time(here, there)
    if isinstance(here, Quantity) or isinstance(there, Quantity):
        return _same_quantity(here, there)
    if is_number(here) and is_number(there):
        return bool(here == there)
    if isinstance(here, dict | list) and isinstance(there, dict | list):
        return here is there or frozen(here, state) == frozen(there, state)
    return False


def _same_time(here: Any, there: Any) -> bool | None:
    if isinstance(here, Temporal) and isinstance(there, Temporal):
        if not temporal.alike(here, there):
            return False
        found = temporal.compare(here, there)
        return None if found is None else found == 0
    # Authors compare dates with strings: as they are written.
    if isinstance(here, str) or isinstance(there, str):
        return str(here) == str(there)
    return False


def _same_quantity(here: Any, there: Any) -> bool | None:
    if is_number(here):
        here = Quantity(Decimal(here), "1")
    if is_number(there):
        there = Quantity(Decimal(there), "1")
    if not isinstance(here, Quantity) or not isinstance(there, Quantity):
        return False
    pair = scaled(here, there, exact=True)
    return None if pair is None else pair[0] == pair[1]


def frozen(value: Any, state: State) -> Hashable:
    """JSON as something to compare and to hash: numbers by value, the members of an object in any order."""
    state.pay(1)
    if isinstance(value, dict):
        return frozenset((key, frozen(each, state)) for key, each in value.items())
    if isinstance(value, list):
        return tuple(frozen(each, state) for each in value)
    if isinstance(value, bool):
        return (value,)
    if isinstance(value, float):
        return Decimal(repr(value))
    return value if isinstance(value, Hashable) else repr(value)


def _key(item: Item, state: State) -> Hashable:
    """What equal items share and others do not."""
    value = plain(item)
    if isinstance(value, Temporal):
        return temporal.key(value)
    if isinstance(value, Quantity):
        return quantity.key(value)
    if value is None:
        return ("shadow", frozen(item.shadow, state))
    if isinstance(value, dict | list):
        return ("node", frozen(value, state))
    return (isinstance(value, bool), value)


class Seen:
    """The items met so far, to ask whether another is equal to one of them."""

    def __init__(self, state: State, items: Iterable[Item] = ()) -> None:
        self.state = state
        self.keys = {_key(item, state) for item in items}

    def add(self, item: Item) -> bool:
        """Add an item; whether it is a new one."""
        before = len(self.keys)
        self.keys.add(_key(item, self.state))
        return len(self.keys) > before

    def __contains__(self, item: Item) -> bool:
        return _key(item, self.state) in self.keys


def distinct(items: Collection, state: State) -> Collection:
    """Each equal item once, in order of first appearance."""
    if len(items) < 2:
        return items
    state.pay(len(items))
    seen = Seen(state)
    return [item for item in items if seen.add(item)]


def equivalent(one: Collection, other: Collection, state: State) -> bool:
    """``one ~ other``: the same items in any order; two empty collections are equivalent."""
    if len(one) != len(other):
        return False
    left = list(other)
    for here in one:
        state.pay(4 * len(left))
        place = next((place for place, there in enumerate(left) if similar(here, there, state)), None)
        if place is None:
            return False
        del left[place]
    return True


def similar(one: Item, other: Item, state: State) -> bool:
    """Whether two items are equivalent."""
    return _similar(plain(one), plain(other), state)


def _similar(here: Any, there: Any, state: State) -> bool:
    state.pay(1)
    if here is None or there is None:
        return here is there
    if isinstance(here, str) and isinstance(there, str):
        return _folded(here) == _folded(there)
    if isinstance(here, bool) or isinstance(there, bool):
        return here is there
    if isinstance(here, Temporal) and isinstance(there, Temporal):
        return temporal.alike(here, there) and temporal.compare(here, there) == 0
    if isinstance(here, Quantity) and isinstance(there, Quantity):
        return _similar_quantity(here, there)
    if is_number(here) and is_number(there):
        return _rounded(Decimal(here), Decimal(there))
    if isinstance(here, dict) and isinstance(there, dict):
        if "coding" not in here and "code" in here and "code" in there and {*here, *there} <= _CODING:
            return here.get("code") == there.get("code") and here.get("system") == there.get("system")
        names = {*here, *there} - {"id"}
        return all(_similar(here.get(name), there.get(name), state) for name in names)
    if isinstance(here, list) and isinstance(there, list):
        if len(here) != len(there):
            return False
        left = list(there)
        for each in here:
            place = next((place for place, match in enumerate(left) if _similar(each, match, state)), None)
            if place is None:
                return False
            del left[place]
        return True
    return False


_CODING = frozenset(("id", "extension", "system", "version", "code", "display", "userSelected"))


def _folded(text: str) -> str:
    return " ".join(text.lower().split())


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _rounded(here: Decimal, there: Decimal) -> bool:
    """Equal to the number of decimal places of the less precise one."""
    places = Decimal(1).scaleb(-min(_places(here), _places(there)))
    if here.adjusted() > 30 or there.adjusted() > 30:
        return here == there
    return here.quantize(places, context=ARITHMETIC) == there.quantize(places, context=ARITHMETIC)


def _similar_quantity(here: Quantity, there: Quantity) -> bool:
    if here.unit == there.unit:
        return _rounded(here.value, there.value)
    pair = scaled(here, there, exact=False)
    if pair is None:
        return False
    # Compared in the unit of the less precise one.
    coarse, fine = (here, there) if _places(here.value) <= _places(there.value) else (there, here)
    unit = scaled(Quantity(Decimal(1), coarse.unit), fine, exact=False)
    if unit is None or not unit[0]:
        return pair[0] == pair[1]
    return _rounded(coarse.value, ARITHMETIC.divide(unit[1], unit[0])) or pair[0] == pair[1]


def order(one: Item, other: Item) -> int | None:
    """Below, at or above zero as ``one`` is less, equal or greater; None where that is not known.

    Raises FhirPathError for types that have no order with each other.
    """
    here, there = plain(one), plain(other)
    if here is None or there is None:
        return None
    if isinstance(here, str) and isinstance(there, str):
        return (here > there) - (here < there)
    if isinstance(here, Temporal) and isinstance(there, str):
        there = temporal.temporal(there, here.kind) or temporal.temporal(there, "dateTime") or there
    elif isinstance(there, Temporal) and isinstance(here, str):
        here = temporal.temporal(here, there.kind) or temporal.temporal(here, "dateTime") or here
    if is_number(here) and is_number(there):
        return int(here > there) - int(here < there)
    if isinstance(here, Temporal) and isinstance(there, Temporal) and temporal.alike(here, there):
        return temporal.compare(here, there)
    if is_number(here) and isinstance(there, Quantity):
        here = Quantity(Decimal(here), "1")
    if is_number(there) and isinstance(here, Quantity):
        there = Quantity(Decimal(there), "1")
    if isinstance(here, Quantity) and isinstance(there, Quantity):
        pair = scaled(here, there, exact=False)
        return None if pair is None else int(pair[0] > pair[1]) - int(pair[0] < pair[1])
    raise FhirPathError("values that have no order with each other")
