"""What an expression comes to is kept: it changes no answer, it is bounded, and what time it is is asked each time."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.api.operations import worklist_people, worklists
from interop.rules.expressions import read
from interop.store.sql.store import SqlStore
from interop.worklists.memo import UNKNOWN, Memo, digest, names, timed
from interop.worklists.ranking import Judging, Line
from tests.spec.api.governed import GP, HIV, PROGRAM, World, contribute
from tests.spec.rules.acting import START
from tests.spec.worklists.hospital import about, condition, observed
from tests.spec.worklists.test_judging import DAY, found
from tests.spec.worklists.test_withheld import ASTHMA, ann
from tests.spec.worklists.test_withheld import read as asked

pytestmark = pytest.mark.anyio
__all__ = ["ann"]
SCORES = st.lists(st.tuples(st.sampled_from([0.1, 0.3, 4, 7]), st.integers(1, 9)), min_size=1, max_size=4)


def judged(memo: Memo, now: int, scores: list[tuple[float, int]]) -> Line | None:
    said = found(*(observed(f"o{number}", "p", "713636003", *each) for number, each in enumerate(_dated(scores))))
    visits = found(*(about("Encounter", f"e{each}", "p", period={"start": f"2025-0{each}-01"}) for _, each in scores))
    judging = Judging(worklists.worklists()["mdt"], now, memo)
    rows = {"mdt-frailty-index": said, "mdt-frailty-scale": said, "mdt-attendances": visits * 2}
    brought = judging.brought(rows)
    return judging.line(("p",), brought, rows) if brought is not None else None


def _dated(scores: list[tuple[float, int]]) -> list[tuple[float, str]]:
    return [(value, f"2025-12-0{day}T09:00:00Z") for value, day in scores]


@given(st.lists(st.tuples(SCORES, st.integers(0, 400)), min_size=2, max_size=6))
def test_whoever_is_judged_again_is_judged_as_for_the_first_time(people: list[tuple[list[tuple[float, int]], int]]) -> None:
    memo = Memo(room=5)
    for scores, days in people * 2:
        now = START + days * DAY
        assert judged(memo, now, scores) == judged(Memo(), now, scores)
        assert len(memo) <= 10


def test_what_was_used_last_is_kept() -> None:
    memo = Memo(room=2)
    for key in (1, 2, 1, 3, 1, 4, 1, 5):
        if memo.get(key) is UNKNOWN:
            memo.keep(key, -key)
    assert (memo.get(1), memo.get(5), memo.get(2)) == (-1, -5, UNKNOWN)


def test_other_bytes_are_other_bytes() -> None:
    assert digest(b"a", b"b") == digest(b"ab") != digest(b"ba")


def test_what_asks_the_time_is_found_however_deep() -> None:
    assert timed(read("period.start.where($this > now() - 30 days).exists()", "Encounter", {}))
    assert timed(read("period.start.toString() <= today().toString()", "Encounter", {}))
    assert not timed(read("period.start.exists()", "Encounter", {}))
    both = read("%others.where(status = 'final').empty()", "Observation", {"others": "Observation"})
    assert (names(both, "others"), names(both, "needed")) == (True, False)


async def test_who_sees_less_is_told_the_same_whoever_has_asked_before(ann: World, store: SqlStore) -> None:
    await ann.share()
    await contribute(store, "A81001", condition("c4", "ann", ASTHMA) | {"meta": {"security": [HIV]}})
    worklists._memo.cache_clear()
    first = await asked(ann, PROGRAM)
    assert await asked(ann, GP) == await asked(ann, GP)
    assert await asked(ann, PROGRAM) == first


async def test_others_have_the_loop_where_it_was_held_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    others: list[str] = []
    breath = worklist_people.Breath()
    asyncio.get_running_loop().call_soon(others.append, "asked")
    monkeypatch.setattr(worklist_people, "SLICE", 3_600.0)
    await breath.taken()
    assert others == []
    monkeypatch.setattr(worklist_people, "SLICE", -1.0)
    await breath.taken()
    assert others == ["asked"]
