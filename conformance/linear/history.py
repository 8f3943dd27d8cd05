"""Whether a history of a register is linearizable: each operation takes effect at one moment between its call and its answer.

The search is that of Wing and Gong (1993), with the memory of Lowe (2017) of which operations are done in which state. Registers
are judged one by one: a history is linearizable where that of each register is (Herlihy and Wing, 1990, theorem 1).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from math import inf
from typing import Any, NamedTuple

State = Hashable
Step = Callable[[Any, "Op"], "tuple[bool, Any]"]
"""Of a state and an operation: whether it could be answered so, and the state after."""


class Op(NamedTuple):
    """An operation on a register by a client. ``called`` and ``answered`` are moments of one clock; ``answered`` is infinite and
    ``result`` None where no answer came: it may take effect at any time after its call, or never."""

    register: str
    kind: str
    argument: Any
    result: Any
    called: float
    answered: float
    client: int = 0

    @property
    def open(self) -> bool:
        """Whether nobody knows if it took effect."""
        return self.answered == inf


def linearizable(history: Sequence[Op], step: Step, begin: State) -> bool:
    """Whether there is an order of a register's operations that explains all answers and every moment."""
    ops = sorted(history, key=lambda op: op.called)
    wanted = sum(1 << place for place, op in enumerate(ops) if not op.open)
    seen: set[tuple[int, State]] = set()
    ways = [(0, begin, 0)]
    while ways:
        done, state, first = ways.pop()
        if done & wanted == wanted:
            return True
        if (done, state) in seen:
            continue
        seen.add((done, state))
        while done >> first & 1:
            first += 1
        ends, free = inf, []
        for place in range(first, len(ops)):
            op = ops[place]
            if op.called > ends:
                break
            if not done >> place & 1:
                free.append(place)
                ends = min(ends, op.answered)
        for place in reversed(free):
            if ops[place].called <= ends:
                could, after = step(state, ops[place])
                if could:
                    ways.append((done | 1 << place, after, first))
    return False


def fault(history: Iterable[Op], step: Step, begin: State) -> list[Op] | None:
    """None of a linearizable history; else its operations up to the first answer that nothing explains."""
    ops = list(history)
    if linearizable(ops, step, begin):
        return None
    ends = sorted(op.answered for op in ops if not op.open)
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) // 2
        if linearizable(_until(ops, ends[middle]), step, begin):
            low = middle + 1
        else:
            high = middle
    return _until(ops, ends[low])


def _until(ops: Iterable[Op], moment: float) -> list[Op]:
    """What was known at a moment: what was called later is left out, what is not answered yet may have happened or not."""
    return [op if op.answered <= moment else op._replace(answered=inf, result=None) for op in ops if op.called <= moment]
