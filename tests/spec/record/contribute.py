"""States as tests say them."""

from __future__ import annotations

from interop.mapping.contribution import Contribution
from interop.ports import Order
from interop.record.state import State, load, stated


def fresh(contribution: Contribution, order: Order, message: int) -> State:
    """The state that a contribution makes where there was none, as it is read back."""
    return load(stated(contribution, order, message))
