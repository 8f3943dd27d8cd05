"""JSON Patch (RFC 6902) and JSON pointers (RFC 6901) on documents."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from interop.errors import Problem
from interop.fhir.patching import json_patch
from interop.formats.json import load_json, write_json

DOCUMENT: dict[str, Any] = {"a": {"b": 1, "c": [1, 2, 3]}, "": 0, "a/b": 1, "m~n": 8, "t": "x", "n": None}

DONE = [
    ({"op": "add", "path": "/a/d", "value": [1]}, ("a", "d"), [1]),
    ({"op": "add", "path": "/a/b", "value": 2}, ("a", "b"), 2),
    ({"op": "add", "path": "/a/c/0", "value": 0}, ("a", "c"), [0, 1, 2, 3]),
    ({"op": "add", "path": "/a/c/3", "value": 4}, ("a", "c"), [1, 2, 3, 4]),
    ({"op": "add", "path": "/a/c/-", "value": 4}, ("a", "c"), [1, 2, 3, 4]),
    ({"op": "add", "path": "/", "value": 1}, ("",), 1),
    ({"op": "add", "path": "/n", "value": None}, ("n",), None),
    ({"op": "remove", "path": "/a/c/1"}, ("a", "c"), [1, 3]),
    ({"op": "replace", "path": "/a~1b", "value": 2}, ("a/b",), 2),
    ({"op": "replace", "path": "/m~0n", "value": 2}, ("m~n",), 2),
    ({"op": "replace", "path": "/a/c/2", "value": {"x": 1}}, ("a", "c"), [1, 2, {"x": 1}]),
    ({"op": "move", "from": "/a/c/0", "path": "/a/c/2"}, ("a", "c"), [2, 3, 1]),
    ({"op": "move", "from": "/a/c", "path": "/c"}, ("c",), [1, 2, 3]),
    ({"op": "move", "from": "/a", "path": "/a"}, ("a", "b"), 1),
    ({"op": "copy", "from": "/a/c", "path": "/a/c/-"}, ("a", "c"), [1, 2, 3, [1, 2, 3]]),
    ({"op": "test", "path": "/a/b", "value": 1.0}, ("a", "b"), 1),
    ({"op": "test", "path": "/a", "value": {"c": [1, 2, 3], "b": 1}}, ("t",), "x"),
    ({"op": "test", "path": "/n", "value": None}, ("t",), "x"),
]


@pytest.mark.parametrize(("operation", "path", "value"), DONE)
def test_operations(operation: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    before = deepcopy(DOCUMENT)
    found = json_patch(DOCUMENT, [operation])
    for name in path:
        found = found[name]
    assert found == value
    assert before == DOCUMENT, "what was given is never changed"


REFUSED = [
    ({"op": "add", "path": "/x/y", "value": 1}, "patch-failed"),
    ({"op": "add", "path": "/a/c/4", "value": 1}, "patch-failed"),
    ({"op": "add", "path": "/a/c/01", "value": 1}, "patch-failed"),
    ({"op": "add", "path": "/a/c/-1", "value": 1}, "patch-failed"),
    ({"op": "add", "path": "/t/0", "value": 1}, "patch-failed"),
    ({"op": "remove", "path": "/x"}, "patch-failed"),
    ({"op": "remove", "path": "/a/c/-"}, "patch-failed"),
    ({"op": "replace", "path": "/x", "value": 1}, "patch-failed"),
    ({"op": "move", "from": "/a", "path": "/a/b"}, "patch-failed"),
    ({"op": "copy", "from": "/x", "path": "/y"}, "patch-failed"),
    ({"op": "test", "path": "/a/b", "value": True}, "patch-failed"),
    ({"op": "test", "path": "/a/b", "value": "1"}, "patch-failed"),
    ({"op": "test", "path": "/a/c", "value": [1, 3, 2]}, "patch-failed"),
    ({"op": "add", "path": "a", "value": 1}, "bad-patch"),
    ({"op": "add", "path": "/a~2", "value": 1}, "bad-patch"),
    ({"op": "add", "path": "/a"}, "bad-patch"),
    ({"op": "add", "value": 1}, "bad-patch"),
    ({"op": "move", "path": "/a"}, "bad-patch"),
    ({"op": "spam", "path": "/a"}, "bad-patch"),
    ({"op": ["add"], "path": "/a", "value": 1}, "bad-patch"),
    ({"path": "/a", "value": 1}, "bad-patch"),
]


@pytest.mark.parametrize(("operation", "reason"), REFUSED)
def test_what_cannot_be_done_names_the_operation(operation: dict[str, Any], reason: str) -> None:
    with pytest.raises(Problem) as caught:
        json_patch(DOCUMENT, [{"op": "test", "path": "/t", "value": "x"}, operation])
    assert (caught.value.reason.name, caught.value.where) == (reason, "operation 2")


@pytest.mark.parametrize("patch", [{"op": "add"}, "add", ["add"], None])
def test_a_patch_is_an_array_of_objects(patch: Any) -> None:
    with pytest.raises(Problem, match="array of operations"):
        json_patch(DOCUMENT, patch)


def test_a_copy_is_its_own() -> None:
    patch = [{"op": "copy", "from": "/a/c", "path": "/d"}, {"op": "add", "path": "/d/-", "value": 9}]
    assert json_patch(DOCUMENT, patch)["a"]["c"] == [1, 2, 3]


def test_numbers_keep_their_digits() -> None:
    document = load_json(b'{"value":1.50,"low":{"value":2.0}}')
    patch = load_json(b'[{"op":"copy","from":"/value","path":"/high"},{"op":"add","path":"/low/value","value":3.00}]')
    assert write_json(json_patch(document, patch)) == b'{"value":1.50,"low":{"value":3.00},"high":1.50}'


LAUGHS = [
    ([{"op": "copy", "from": "", "path": f"/x{number}"} for number in range(60)], "too-large"),
    ([{"op": "copy", "from": "/t", "path": "/u"}, {"op": "copy", "from": "/u", "path": "/t"}] * 40, ""),
    ([{"op": "add", "path": "/l", "value": ["x" * 50]}, *[{"op": "copy", "from": "/l", "path": "/l/0"}] * 60], "too-large"),
    ([{"op": "add", "path": "/l", "value": "x" * 9_000_000}, {"op": "copy", "from": "/l", "path": "/m"}], "too-large"),
    (
        [{"op": "add", "path": "/e", "value": {}}]
        + [
            {"op": "move", "from": "/e", "path": "/f"},
            {"op": "add", "path": "/e", "value": {}},
            {"op": "move", "from": "/f", "path": "/e/e"},
        ]
        * 300,
        "too-deep",
    ),
]


@pytest.mark.parametrize(("operations", "reason"), LAUGHS)
def test_copies_of_copies_and_depth_are_bounded(operations: list[Any], reason: str) -> None:
    if not reason:
        assert json_patch(DOCUMENT, operations)["u"] == "x"
        return
    with pytest.raises(Problem) as refused:
        json_patch(DOCUMENT, operations)
    assert refused.value.reason.name == reason
