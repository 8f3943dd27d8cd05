"""The fold: from all that is said of a resource, by whom and of when, to the one content that is shown. Never by arrival."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.formats.json import load_json
from interop.mapping.contribution import Contribution
from interop.mapping.tables import Shared
from interop.ports import Order
from interop.record.fold import complete, content, fold, rank, render, same_content
from interop.record.state import State, merge
from tests.spec.record.contribute import fresh

Said = tuple[str, str, int, dict[str, Any], list[str], str]
"""Feed, event kept apart, time, registers, deletions, effect."""


def say(feed: str, time: int, *, event: str = "", deleted: tuple[str, ...] = (), effect: str = "upsert", **registers: Any) -> Said:
    """What one message says of an Encounter."""
    return feed, event, time, {name.replace("__", ":"): value for name, value in registers.items()}, [*deleted], effect


def folded(*messages: Said, kind: str = "Encounter") -> dict[str, Any] | None:
    """The content after these messages came in in this order, ``resourceType`` aside."""
    states: dict[tuple[str, str], State] = {}
    for number, (feed, event, time, registers, deleted, effect) in enumerate(messages):
        order = Order(time, 0, f"{feed}{sorted(registers)}{deleted}{effect}")
        state = fresh(Contribution(kind, "e", dict(registers), deleted, effect), order, number)
        if (feed, event) in states:
            merge(states[feed, event], state)
        else:
            states[feed, event] = state
    body = fold(kind, states)
    return None if body is None else {name: value for name, value in body.items() if name not in ("resourceType", "class")}


@pytest.fixture(autouse=True)
def plain(tables: Callable[[Shared], None]) -> Callable[[Shared], None]:
    tables(Shared())
    return tables


def test_within_a_feed_the_latest_event_of_each_register_counts() -> None:
    assert folded(say("pas", 2, status="finished"), say("pas", 1, status="planned", priority={"text": "x"})) == {
        "status": "finished",
        "priority": {"text": "x"},
    }


def test_groups_of_a_list_join_in_the_order_of_their_names() -> None:
    body = folded(say("pas", 1, identifier__VIS2=[{"value": "2"}]), say("pas", 2, identifier__VIS1=[{"value": "1"}]))
    assert body == {"identifier": [{"value": "1"}, {"value": "2"}]}


def test_a_deleted_register_is_gone_until_it_is_said_again() -> None:
    assert folded(say("pas", 1, status="planned", priority={"text": "x"}), say("pas", 2, deleted=("priority",))) == {
        "status": "planned"
    }
    again = say("pas", 3, priority={"text": "y"})
    assert folded(say("pas", 1, status="planned"), again, say("pas", 2, deleted=("priority",))) == {
        "status": "planned",
        "priority": {"text": "y"},
    }


WHOLE = ("*",)


def test_a_whole_resource_leaves_nothing_of_what_the_feed_said_before() -> None:
    """As FHIR is sent: an element that is not there is not there any more."""
    first = say("gp", 1, deleted=WHOLE, status="finished", period={"end": "2026-01-10"})
    assert folded(first, say("gp", 2, deleted=WHOLE, status="in-progress")) == {"status": "in-progress"}
    assert folded(first, say("gp", 2, deleted=WHOLE, status="in-progress"), say("pas", 1, priority={"text": "x"})) == {
        "status": "in-progress",
        "priority": {"text": "x"},
    }


def test_what_is_said_in_part_stands_beside_the_whole_before_it() -> None:
    part = say("gp", 2, event="A", priority={"text": "x"})
    assert folded(say("gp", 1, deleted=WHOLE, status="planned"), part) == {"status": "planned", "priority": {"text": "x"}}
    assert folded(part, say("gp", 3, deleted=WHOLE, status="planned")) == {"status": "planned"}


def test_a_merge_alone_shows_nobody() -> None:
    """Somebody is merged once something else is known of him, whichever comes first."""
    link = [{"other": {"reference": "Patient/p"}, "type": "replaced-by"}]
    merged = say("bars", 2, link__merge=link)
    known = say("bars", 1, gender="female")
    assert folded(merged, kind="Patient") is None
    assert folded(merged, known, kind="Patient") == folded(known, merged, kind="Patient") == {"gender": "female", "link": link}


@given(st.permutations(range(6)), st.integers(0, 2))
def test_wholes_and_parts_come_to_the_same_in_any_order_and_any_number_of_times(order: list[int], again: int) -> None:
    messages = [
        say("gp", 1, deleted=WHOLE, status="planned", priority={"text": "a"}),
        say("gp", 2, period={"start": "2026-01-09"}),
        say("gp", 3, deleted=WHOLE, status="arrived"),
        say("gp", 4, event="B", priority={"text": "b"}),
        say("gp", 5, deleted=("status",)),
        say("pas", 2, serviceType={"text": "c"}),
    ]
    came = [messages[place] for place in order]
    assert folded(*came, *came[:again]) == folded(*messages) == {"priority": {"text": "b"}, "serviceType": {"text": "c"}}


def test_among_feeds_the_latest_speaks_for_an_element() -> None:
    assert folded(say("pas", 1, status="planned", priority={"text": "x"}), say("ed", 2, status="arrived")) == {
        "status": "arrived",
        "priority": {"text": "x"},
    }


def test_an_element_of_a_list_is_one_feeds_whole_word() -> None:
    """Two feeds' telephone numbers are not mixed: those of the later one stand."""
    body = folded(
        say("pas", 1, identifier__A=[{"value": "1"}], identifier__B=[{"value": "2"}]), say("ed", 2, identifier__A=[{"value": "3"}])
    )
    assert body == {"identifier": [{"value": "3"}]}


def test_a_feed_of_lower_rank_speaks_first(plain: Callable[[Shared], None]) -> None:
    plain(Shared(precedence={("Encounter", "status", "pas"): 1}))
    assert folded(say("pas", 1, status="planned"), say("ed", 2, status="arrived")) == {"status": "planned"}


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({}, 100),
        ({("Encounter", "*", "pas"): 5}, 5),
        ({("*", "*", "pas"): 7}, 7),
        ({("Encounter", "status", "*"): 9}, 9),
        ({("Encounter", "status", "pas"): 1, ("Encounter", "*", "pas"): 5, ("*", "*", "pas"): 7}, 1),
        ({("Patient", "*", "pas"): 5}, 100),
    ],
)
def test_a_rank_is_of_an_element_else_of_a_type_else_of_a_feed(rows: dict[tuple[str, str, str], int], expected: int) -> None:
    assert rank(Shared(precedence=rows), "Encounter", "status", "pas") == expected


def test_a_union_takes_every_feeds_elements_once(plain: Callable[[Shared], None]) -> None:
    plain(Shared(fold={("*", "identifier"): "union"}))
    body = folded(
        say("pas", 1, identifier__A=[{"value": "1"}, {"value": "n"}]),
        say("ed", 2, identifier__A=[{"value": "n"}, {"value": "2"}]),
    )
    assert body is not None
    assert sorted(one["value"] for one in body["identifier"]) == ["1", "2", "n"]


def test_merged_elements_stand_in_the_order_of_their_periods(plain: Callable[[Shared], None]) -> None:
    plain(Shared(fold={("Encounter", "location"): "merge:location.reference"}))

    def at(ward: str, start: str) -> list[dict[str, Any]]:
        return [{"location": {"reference": f"Location/{ward}"}, "period": {"start": start}}]

    body = folded(say("pas", 2, location__V=at("w2", "2026-01-02")), say("pas", 1, location__V=at("w1", "2026-01-01")))
    assert body is not None
    assert [one["location"]["reference"] for one in body["location"]] == ["Location/w1", "Location/w2"]


def test_of_the_forms_of_a_choice_the_one_said_last() -> None:
    messages = say("pas", 1, deceasedDateTime="2026-01-01"), say("pas", 2, deceasedBoolean=False)
    for order in itertools.permutations(messages):
        assert folded(*order, kind="Patient") == {"deceasedBoolean": False}


def test_a_withdrawal_takes_the_resource_away() -> None:
    assert folded(say("pas", 1, status="planned"), say("pas", 2, effect="delete")) is None


def test_what_is_said_later_brings_it_back() -> None:
    assert folded(say("pas", 2, effect="delete"), say("pas", 3, status="planned")) == {"status": "planned"}


def test_a_late_older_message_does_not_bring_it_back() -> None:
    assert folded(say("pas", 2, effect="delete"), say("pas", 1, status="planned")) is None


def test_a_cancellation_undoes_what_its_events_said_up_to_then() -> None:
    admitted = say("pas", 1, event="A01", status="in-progress", priority={"text": "x"})
    cancelled = say("pas", 3, event="A01", effect="cancel")
    assert folded(say("pas", 2, status="planned"), admitted, cancelled) == {"status": "planned"}
    again = say("pas", 4, event="A01", status="in-progress")
    assert folded(say("pas", 2, status="planned"), admitted, cancelled, again) == {"status": "in-progress"}
    assert folded(admitted, cancelled) is None


def test_what_r4_requires_and_nobody_said_is_filled_by_the_table(plain: Callable[[Shared], None]) -> None:
    plain(Shared(required={"Encounter": {"status": "unknown", "class": '{"code":"AMB"}', "_type": '{"id":"x"}'}}))
    assert complete("Encounter", {"resourceType": "Encounter"}) == {
        "resourceType": "Encounter",
        "status": "unknown",
        "class": {"code": "AMB"},
        "_type": {"id": "x"},
    }
    assert complete("Encounter", {"status": "planned", "class": {}, "type": []}) == {"status": "planned", "class": {}, "type": []}
    assert complete("Patient", {}) == {}


messages = st.builds(
    lambda feed, event, time, registers, deleted, effect: (feed, event, time, registers, deleted, effect),
    st.sampled_from(["pas", "ed", "gp"]),
    st.sampled_from(["", "A01"]),
    st.integers(0, 4),
    st.dictionaries(
        st.sampled_from(["status", "priority", "identifier:A", "identifier:B"]), st.sampled_from([["a"], ["b"]]), max_size=3
    ),
    st.lists(st.sampled_from(["status", "identifier:A"]), max_size=1),
    st.sampled_from(["upsert"] * 6 + ["delete", "cancel"]),
)


@given(st.lists(messages, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_the_order_of_arrival_never_matters(all_of_them: list[Said], order: Any) -> None:
    unique = {repr((*one[:3], sorted(one[3]), one[4], one[5])): one for one in all_of_them}
    shuffled = list(unique.values())
    order.shuffle(shuffled)
    assert folded(*shuffled) == folded(*unique.values())


@given(st.lists(messages, min_size=1, max_size=5), st.integers(0, 4))
def test_what_is_said_twice_is_said_once(all_of_them: list[Said], place: int) -> None:
    unique = {repr((*one[:3], sorted(one[3]), one[4], one[5])): one for one in all_of_them}
    once = list(unique.values())
    assert folded(*once, once[place % len(once)]) == folded(*once)


def test_the_content_is_apart_from_version_time_and_source() -> None:
    body = {"resourceType": "Patient", "active": True, "meta": {"tag": [{"code": "x"}]}}
    whole = content("Patient", "p", dict(body))
    stored = render(whole, 3, "2026-01-01T00:00:00Z", "pas", 7)
    assert load_json(stored) == {
        "resourceType": "Patient",
        "id": "p",
        "active": True,
        "meta": {
            "tag": [{"code": "x"}],
            "versionId": "3",
            "lastUpdated": "2026-01-01T00:00:00Z",
            "source": "urn:interop:feed:pas#7",
        },
    }
    assert same_content(stored, whole)
    assert same_content(stored, content("Patient", "p", dict(body)))


def test_another_content_is_another() -> None:
    stored = render(content("Patient", "p", {"active": True}), 1, "2026-01-01T00:00:00Z", "pas", 7)
    for other in ({"active": False}, {}, {"active": True, "meta": {"tag": []}}, {"active": True, "gender": "male"}):
        assert not same_content(stored, content("Patient", "p", other))
    assert not same_content(b"", content("Patient", "p", {"active": True}))


SECURITY = Shared(fold={("*", "meta.security"): "union"})


def labelled(code: str, *labels: str) -> dict[str, Any]:
    """A code and the labels that come of it."""
    said: dict[str, Any] = {"code": {"text": code}}
    return said | ({"meta.security__of code": [{"code": label} for label in labels]} if labels else {})


def levels(*messages: Said) -> list[str]:
    body = folded(*messages, kind="Condition")
    return [label["code"] for label in (body or {}).get("meta", {}).get("security", [])]


def test_a_label_stands_as_long_as_what_it_comes_from(tables: Callable[[Shared], None]) -> None:
    tables(SECURITY)
    first, later = say("gp", 1, **labelled("a", "HIV")), say("gp", 2, **labelled("b"))
    assert levels(first) == ["HIV"]
    for order in itertools.permutations((first, later)):
        assert levels(*order) == []
    assert levels(first, say("gp", 2, code={"text": "a"}, deleted=())) == []


def test_a_source_lowers_its_own_label_and_nobody_elses(tables: Callable[[Shared], None]) -> None:
    tables(SECURITY)
    messages = say("gp", 1, **labelled("a", "HIV")), say("pas", 5, **labelled("b")), say("gp", 2, **labelled("a", "HIV", "PSY"))
    for order in itertools.permutations(messages):
        assert levels(*order) == ["HIV", "PSY"]
    for order in itertools.permutations((*messages, say("gp", 3, **labelled("c")))):
        assert levels(*order) == []
