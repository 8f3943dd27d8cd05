"""State: what one feed's events of one kind say of a resource. Each register's latest event counts, whatever came first."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interop.formats.json import Number
from interop.mapping.contribution import Contribution
from interop.mapping.tables import Shared
from interop.ports import Order
from interop.record.state import Merged, State, at_path, dump, load, merge, supersedes
from tests.spec.record.contribute import fresh

EARLY, LATE = Order(1_000, 0, "a"), Order(2_000, 0, "b")


def said(
    order: Order = EARLY, message: int = 1, deleted: list[str] | None = None, effect: str = "upsert", **registers: Any
) -> State:
    """The state that one contribution to an Encounter makes."""
    return fresh(Contribution("Encounter", "e", registers, deleted or [], effect), order, message)


def located(order: Order, message: int, *locations: dict[str, Any]) -> State:
    """The state of a contribution of locations."""
    return fresh(Contribution("Encounter", "e", {"location:V1": list(locations)}), order, message)


def merged(*states: State) -> State:
    """All of them, taken in in that order."""
    first = copy.deepcopy(states[0])
    for other in states[1:]:
        merge(first, copy.deepcopy(other))
    return first


def test_a_register_holds_when_it_was_said_by_which_message_and_what() -> None:
    assert said(status="planned") == {"r": {"status": [1_000, 0, "a", 1, "planned"]}}


def test_a_deletion_is_a_register_without_a_value() -> None:
    assert said(deleted=["status"]) == {"r": {"status": [1_000, 0, "a", 1, None]}}


def test_what_a_message_sets_and_deletes_is_set() -> None:
    assert said(deleted=["status"], status="planned")["r"]["status"][4] == "planned"


def test_a_withdrawal_and_a_cancellation_say_only_when() -> None:
    assert said(effect="delete", status="planned") == {"r": {}, "d": [1_000, 0, "a"]}
    assert said(effect="cancel", status="planned") == {"r": {}, "c": [1_000, 0, "a"]}


def test_the_later_event_counts_and_what_it_does_not_mention_stays() -> None:
    found = merged(said(status="planned", priority="x"), said(LATE, 2, status="finished"))
    assert {name: value[4] for name, value in found["r"].items()} == {"status": "finished", "priority": "x"}


def test_a_late_older_message_overwrites_nothing_newer() -> None:
    found = merged(said(LATE, 2, status="finished"), said(status="planned", priority="x"))
    assert {name: value[4] for name, value in found["r"].items()} == {"status": "finished", "priority": "x"}


def test_between_equal_times_the_sources_counter_then_the_digest_decides() -> None:
    first, second = said(Order(1, 1, "z"), 1, status="a"), said(Order(1, 2, "a"), 2, status="b")
    assert merged(first, second) == merged(second, first)
    assert merged(first, second)["r"]["status"][4] == "b"


def test_it_is_told_what_a_merge_took_over() -> None:
    before = said(status="planned")
    assert merge(copy.deepcopy(before), before) is Merged.NOTHING
    assert merge(copy.deepcopy(before), said(LATE, 2, status="planned")) is Merged.TIMES
    assert merge(copy.deepcopy(before), said(LATE, 2, status="finished")) is Merged.VALUES
    assert merge(copy.deepcopy(before), said(LATE, 2, effect="delete")) is Merged.VALUES
    assert merge(said(LATE, 2, status="planned"), before) is Merged.NOTHING


def test_elements_may_come_together_by_a_path(tables: Callable[[Shared], None]) -> None:
    """``merge:PATH`` in fold.csv: the locations of a stay, one from each transfer."""
    tables(Shared(fold={("Encounter", "location"): "merge:location.reference"}))

    def at(ward: str, status: str) -> dict[str, Any]:
        return {"location": {"reference": f"Location/{ward}"}, "status": status}

    found = merged(located(EARLY, 1, at("w1", "active")), located(LATE, 2, at("w2", "active"), at("w1", "completed")))
    assert {name: value[4][0]["status"] for name, value in found["r"].items()} == {
        "location:V1#Location/w1": "completed",
        "location:V1#Location/w2": "active",
    }
    unnamed = located(EARLY, 1, {"status": "active"}, {"status": "planned"})
    assert unnamed["r"]["location:V1#"][4] == [{"status": "active"}, {"status": "planned"}]


def test_a_path_goes_into_the_first_of_a_list() -> None:
    assert at_path({"type": [{"coding": [{"code": "x"}]}]}, ("type", "coding", "code")) == "x"
    assert at_path({"type": []}, ("type", "coding")) == ""
    assert at_path({"type": {"code": 3}}, ("type", "code")) == ""


def test_a_state_is_stored_as_it_is() -> None:
    """Numbers keep their digits."""
    plain, exact = said(status="planned"), said(length={"value": Number("72.50")})
    assert load(dump(plain)) == plain
    assert str(load(dump(exact))["r"]["length"][4]["value"]) == "72.50"


times = st.integers(0, 3)
effects = st.sampled_from(["upsert"] * 6 + ["delete", "cancel"])
values = st.sampled_from(["a", "b", "c"])
registers = st.dictionaries(st.sampled_from(["status", "priority", "name:N1"]), values, max_size=3)


@st.composite
def states(draw: st.DrawFn) -> State:
    """One contribution; the tie is a digest of the message, so that equal stamps mean equal content."""
    held, gone, effect = draw(registers), draw(st.lists(st.sampled_from(["status", "priority"]), max_size=1)), draw(effects)
    time = draw(times)
    tie = f"{sorted(held.items())}{gone}{effect}"
    return fresh(Contribution("Encounter", "e", dict(held), gone, effect), Order(time, 0, tie), 1)


@given(states(), states())
def test_merging_is_commutative(one: State, other: State) -> None:
    assert merged(one, other) == merged(other, one)


@given(states(), states(), states())
def test_merging_is_associative(one: State, other: State, third: State) -> None:
    assert merged(merged(one, other), third) == merged(one, merged(other, third))


@given(states(), states())
def test_merging_is_idempotent(one: State, other: State) -> None:
    both = merged(one, other)
    assert merged(both, other) == merged(both, one) == merged(both, both) == both


@given(st.lists(states(), min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_a_state_read_back_merges_as_before(all_of_them: list[State], order: Any) -> None:
    shuffled = all_of_them[:]
    order.shuffle(shuffled)
    assert load(dump(merged(*shuffled))) == merged(*all_of_them)


WORDS = st.dictionaries(st.sampled_from(["status", "priority", "class", "*"]), st.sampled_from(["x", "y", None]), min_size=1)


@given(WORDS, WORDS, st.sampled_from([(EARLY, LATE), (LATE, EARLY), (EARLY, EARLY)]))
def test_what_takes_the_place_of_all_that_was_said_is_what_merging_comes_to(
    before: dict[str, Any], after: dict[str, Any], orders: tuple[Order, Order]
) -> None:
    """Where nothing of the earlier state is left the later one stands as it is, and that is told without taking either apart."""
    first, second = (
        {"r": {name: [*order, 1, word] for name, word in words.items()}}
        for words, order in zip((before, after), orders, strict=True)
    )
    found = supersedes(dump(first), dump(second))
    changed = merge(whole := copy.deepcopy(first), copy.deepcopy(second))
    if found is not None:
        assert whole == second
        assert found is changed
    else:
        assert orders != (EARLY, LATE) or not before.keys() <= after.keys()
