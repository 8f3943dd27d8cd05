"""What a change expects of the record, judged by what is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from interop.store.values import Change, Conflict, Put

Key = tuple[str, str]
"""Type and id of a resource."""


def put_key(put: Put) -> Key:
    """Type and id of what is put."""
    return put.stored.type, put.stored.id


def concerned(change: Change) -> Iterator[Key]:
    """The resources that a change needs to know of."""
    yield from map(put_key, change.puts)
    yield from change.expect
    yield from ((state.type, state.id) for state in change.states)
    yield from ((one.type, one.id) for one in change.reindexed)
    yield from ((one.type, one.id) for one in change.withheld)


def unmet(change: Change, versions: Mapping[Key, int]) -> Conflict | None:
    """The first expectation that does not hold of the present versions."""
    for key, expected in change.expect.items():
        found = versions.get(key, 0)
        if found != expected:
            return Conflict(*key, expected, found)
    made: dict[Key, int] = {}
    for put in change.puts:
        key = put_key(put)
        found = made.get(key, versions.get(key, 0))
        if put.stored.version != found + 1:
            return Conflict(*key, put.stored.version - 1, found)
        made[key] = put.stored.version
    return None


def used_before(change: Change, used: set[str]) -> Conflict | None:
    """The first name that was used before, by another change or by this one."""
    names = [each.name for each in change.used]
    return next((Conflict("used", name, 0, 1) for place, name in enumerate(names) if name in used or name in names[:place]), None)
