"""What Subscriptions send by to know themselves by is kept and sent, and given to nobody who reads: to the letter."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from interop.errors import Problem
from interop.policy.secrets import masked, unmasked


def subscription(*header: Any, endpoint: str = "https://gp.test/told") -> dict[str, Any]:
    channel: dict[str, Any] = {"type": "rest-hook", "endpoint": endpoint}
    return {"resourceType": "Subscription", "id": "s", "channel": {**channel, "header": list(header)} if header else channel}


def shown(*header: Any) -> list[Any]:
    said: list[Any] = orjson.loads(masked("Subscription", orjson.dumps(subscription(*header))))["channel"]["header"]
    return said


def test_of_a_header_its_name_alone_is_given() -> None:
    assert shown("Authorization: Bearer abc", "X-Key:1:2", "secret", 5) == ["Authorization: ***", "X-Key: ***", "***", 5]


def test_all_else_of_a_subscription_is_given_as_it_is() -> None:
    whole = subscription("A: b")
    made = orjson.loads(masked("Subscription", orjson.dumps(whole)))
    assert made == {**whole, "channel": {**whole["channel"], "header": ["A: ***"]}}
    assert made["channel"]["endpoint"] == "https://gp.test/told"


@pytest.mark.parametrize(
    ("type", "resource"),
    [
        ("Basic", subscription("A: b")),
        ("Subscription", subscription()),
        ("Subscription", {"resourceType": "Subscription", "header": ["A: b"]}),
        ("Subscription", {"resourceType": "Subscription", "channel": {"header": []}}),
        ("Subscription", {"resourceType": "Subscription", "channel": {"header": "A: b"}}),
        ("Subscription", {"resourceType": "Subscription", "channel": "header", "header": 1}),
    ],
)
def test_what_has_no_headers_is_the_same_object(type: str, resource: dict[str, Any]) -> None:
    body = orjson.dumps(resource)
    assert masked(type, body) is body


def restored(sent: dict[str, Any], before: dict[str, Any] | None) -> dict[str, Any]:
    return unmasked(sent, b"" if before is None else orjson.dumps(before))


def test_a_mask_that_comes_back_stands_for_what_is_kept() -> None:
    before = subscription("A: one", "B: two", "A: three", "secret")
    sent = subscription("A: ***", "A:***", "C: new", "***")
    assert restored(subscription("A: ***", "B: ***", "A: ***", "***"), before) == before
    with pytest.raises(Problem):
        restored(sent, before)
    assert restored(subscription("B: ***", "C: new", "***", 5), before) == subscription("B: two", "C: new", "secret", 5)


def test_what_is_not_masked_is_the_same_object() -> None:
    for sent in (subscription("A: new"), subscription(), subscription("A: ***x"), subscription(5)):
        assert restored(sent, subscription("A: old")) is sent
        assert restored(sent, None) is sent


@pytest.mark.parametrize(
    "before",
    [
        None,
        subscription("B: one"),
        subscription(),
        subscription("A: one", endpoint="https://other.test/told"),
    ],
)
def test_what_is_kept_for_one_endpoint_is_told_to_no_other_and_nothing_is_made_up(before: dict[str, Any] | None) -> None:
    with pytest.raises(Problem) as refused:
        restored(subscription("A: ***"), before)
    assert (refused.value.reason.name, refused.value.where) == ("bad-value", "Subscription.channel.header")
    assert refused.value.detail == "*** stands for what is kept for this endpoint"


def test_one_that_is_kept_stands_for_one_mask() -> None:
    with pytest.raises(Problem):
        restored(subscription("A: ***", "A: ***"), subscription("A: one"))
