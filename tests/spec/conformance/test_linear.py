"""``conformance linear``: which histories of a register could have happened one operation after another."""

from __future__ import annotations

from itertools import permutations
from math import inf
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.linear.clients import judged
from conformance.linear.history import Op, fault, linearizable
from conformance.linear.registers import ABSENT, KINDS, resource


def op(kind: str, argument: Any, result: Any, called: float, answered: float = inf) -> Op:
    return Op("resource/r", kind, argument, result, called, answered)


WRITTEN = op("write", "a", 1, 0, 1)
FITS = {
    "nothing happened": [],
    "a read of what is not there": [op("read", None, ABSENT, 0, 1)],
    "a read after a write": [WRITTEN, op("read", None, (1, "a"), 2, 3)],
    "a read beside a write sees it or not": [
        op("write", "a", 1, 0, 9),
        op("read", None, ABSENT, 1, 2),
        op("read", None, (1, "a"), 3, 4),
    ],
    "two writes side by side": [op("write", "a", 2, 0, 9), op("write", "b", 1, 0, 9), op("read", None, (2, "a"), 10, 11)],
    "a swap that came too late": [WRITTEN, op("swap", (1, "b"), 2, 2, 5), op("swap", (1, "c"), 0, 2, 5)],
    "a write without an answer that happened": [op("write", "a", None, 0), op("read", None, (1, "a"), 5, 6)],
    "one that never did": [op("write", "a", None, 0), op("read", None, ABSENT, 5, 6)],
    "one that happened late": [op("write", "a", None, 0), op("read", None, ABSENT, 5, 6), op("search", None, (1, "a"), 7, 8)],
    "a swap without an answer": [WRITTEN, op("swap", (1, "b"), None, 2), op("write", "c", 3, 4, 5)],
}
UNFIT = {
    "a stale read": [WRITTEN, op("read", None, ABSENT, 2, 3)],
    "a stale search": [WRITTEN, op("write", "b", 2, 2, 3), op("search", None, (1, "a"), 4, 5)],
    "a value that nobody wrote": [WRITTEN, op("read", None, (1, "b"), 2, 3)],
    "a version that was given twice": [op("write", "a", 1, 0, 9), op("write", "b", 1, 0, 9)],
    "a lost update": [WRITTEN, op("swap", (1, "b"), 2, 2, 5), op("swap", (1, "c"), 2, 2, 5)],
    "a read that goes back": [op("write", "a", 1, 0, 9), op("read", None, (1, "a"), 1, 2), op("read", None, ABSENT, 3, 4)],
    "a write that is undone after no answer came": [
        op("write", "a", None, 0), op("read", None, (1, "a"), 2, 3), op("read", None, ABSENT, 4, 5)
    ],
    "a write without an answer that happened twice": [op("write", "a", None, 0), op("read", None, (2, "a"), 2, 3)],
    "a refusal of the present version": [WRITTEN, op("swap", (1, "b"), 0, 2, 3)],
    "a write from the future": [op("read", None, (1, "a"), 0, 1), op("write", "a", 1, 2, 3)],
}  # fmt: skip


@pytest.mark.parametrize("name", FITS)
def test_a_history_that_some_order_explains_is_linearizable(name: str) -> None:
    assert fault(FITS[name], resource, ABSENT) is None


@pytest.mark.parametrize("name", UNFIT)
def test_one_that_none_explains_is_not_and_the_first_answer_that_shows_it_is_told(name: str) -> None:
    found = fault(UNFIT[name], resource, ABSENT)
    assert found is not None
    assert not linearizable(found, resource, ABSENT)
    last = max(each.answered for each in found if not each.open)
    assert linearizable([each if each.answered < last else each._replace(answered=inf) for each in found], resource, ABSENT)


def test_what_comes_after_the_fault_is_not_told() -> None:
    found = fault([*UNFIT["a stale read"], op("write", "z", 2, 10, 11)], resource, ABSENT)
    assert found == UNFIT["a stale read"]


@pytest.mark.parametrize(
    ("register", "ops", "fits"),
    [
        ("seat/s", [("create", ("x", True), 0, 5), ("create", ("x", False), 1, 6), ("search", ("x",), 7, 8)], True),
        ("seat/s", [("create", ("x", True), 0, 5), ("create", ("y", True), 1, 6)], False),
        ("seat/s", [("create", ("x", True), 0, 1), ("search", (), 2, 3)], False),
        ("seat/s", [("create", None, 0, inf), ("create", ("y", False), 1, 6), ("search", ("y",), 7, 8)], True),
        ("seat/s", [("create", None, 0, inf), ("create", ("y", False), 1, 6), ("search", ("x",), 7, 8)], False),
        ("seat/s", [("search", ("x", "y"), 0, 1)], False),
    ],
)
def test_under_a_condition_one_is_created(register: str, ops: list[tuple[str, Any, float, float]], fits: bool) -> None:
    history = [Op(register, kind, None, result, called, answered) for kind, result, called, answered in ops]
    assert (judged(history) == {}) is fits


@pytest.mark.parametrize(
    ("seen", "fits"), [((2, 2), True), ((0, 2), True), ((1, 2), True), ((2, 1), False), ((1, 1), False), ((1, 0), False)]
)
def test_of_messages_the_latest_event_counts_once_they_are_answered(seen: tuple[int, int], fits: bool) -> None:
    """One of the event 2 that is answered first, and one of the event 1 beside it."""
    history = [
        Op("latest/p", "tell", 2, None, 0, 5),
        Op("latest/p", "tell", 1, None, 0, 6),
        Op("latest/p", "search", None, seen[0], 1, 4),
        Op("latest/p", "search", None, seen[1], 7, 8),
    ]
    assert (judged(history) == {}) is fits


TIMES = st.tuples(st.integers(0, 12), st.integers(1, 6))
OPS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("ab"), st.integers(1, 3), TIMES, st.booleans()),
        st.tuples(st.just("swap"), st.tuples(st.integers(0, 2), st.sampled_from("ab")), st.integers(0, 3), TIMES, st.booleans()),
        st.tuples(st.just("read"), st.none(), st.sampled_from([ABSENT, (1, "a"), (1, "b"), (2, "a")]), TIMES, st.just(False)),
    ),
    max_size=5,
)


@settings(max_examples=150)
@given(OPS)
def test_the_search_agrees_with_trying_every_order(drawn: list[tuple[str, Any, Any, tuple[int, int], bool]]) -> None:
    history = [
        op(kind, argument, None if lost else result, called, inf if lost else called + lasts)
        for kind, argument, result, (called, lasts), lost in drawn
    ]
    assert linearizable(history, resource, ABSENT) == tried(history)


def tried(history: list[Op]) -> bool:
    """Every order of every choice of those without answer."""
    lost = [each for each in history if each.open]
    for chosen in range(1 << len(lost)):
        ops = [each for each in history if not each.open] + [each for place, each in enumerate(lost) if chosen >> place & 1]
        for order in permutations(ops):
            if any(late.answered < early.called for at, early in enumerate(order) for late in order[at + 1 :]):
                continue
            state: Any = ABSENT
            for each in order:
                could, state = resource(state, each)
                if not could:
                    break
            else:
                return True
    return False


def test_each_kind_of_register_has_its_machine() -> None:
    assert set(KINDS) == {"resource", "seat", "latest"}
