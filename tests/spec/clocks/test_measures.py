"""What clocks tell of a period: how many were met, early, breached, and what share that is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.clock import ManualClock, instant
from interop.clocks.measures import measured
from interop.clocks.opening import MINUTE
from interop.clocks.runs import Run
from interop.clocks.tasks import task_of
from interop.store.sqlite import SqliteStore
from tests.spec.api.governed import CREW, GP, OPERATOR, contribute, record_ann, world
from tests.spec.api.people import T0
from tests.spec.clocks.tables import at, limit
from tests.spec.clocks.timing import after, request, timed, visit

pytestmark = pytest.mark.anyio
START = at("2026-11-23T10:00:00")
TWO_HOURS = limit()


def task(state: str, took: int | None = None, start: int = START) -> dict[str, Any]:
    """A clock of two hours; ``took`` minutes where it was stopped."""
    stop = None if took is None else start + took * MINUTE
    return task_of(TWO_HOURS, Run(start, start, start + 120 * MINUTE, state, stop), START, {"id": "t"})


def test_the_share_is_of_those_of_which_it_is_known() -> None:
    tasks = [task("met", 60), task("met", 90), task("breached", 200), task("not-needed", 5), task("cancelled", 5), task("running")]
    (one,) = measured(tasks, START, START + 1, START + MINUTE)
    assert one.counts == {"met": 2, "breached": 1, "not-needed": 1, "cancelled": 1, "running": 1}
    assert one.share == pytest.approx(2 / 3)
    assert one.median == 90
    assert (one.name, one.display) == ("visit", "Visit")


def test_what_is_overdue_is_breached_whether_it_has_been_noticed_or_not() -> None:
    (one,) = measured([task("running"), task("breached")], START, START + 1, START + 121 * MINUTE)
    assert one.counts == {"breached": 2}
    assert one.share == 0
    assert one.median is None


def test_a_period_holds_what_began_in_it() -> None:
    tasks = [task("met", 10, START - 1_000_000), task("met", 20), task("met", 30, START + 60 * MINUTE)]
    (one,) = measured(tasks, START, START + 60 * MINUTE, START)
    assert one.minutes == [20]


def test_of_nothing_there_is_no_share() -> None:
    (one,) = measured([task("not-needed", 5)], START, START + 1, START)
    assert one.share is None
    assert measured([{"resourceType": "Task", "status": "requested"}], START, START + 1, START) == []


def parts(answer: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The measures by clock."""
    clocks = [each["part"] for each in answer["parameter"] if each["name"] == "clock"]
    said = [{part["name"]: next(value for name, value in part.items() if name != "name") for part in each} for each in clocks]
    return {each["name"]: each for each in said}


async def test_an_operation_counts_those_of_a_period(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await here.put(request(patient))
        await here.put(request(patient, "sr2", authoredOn=after(10)))
        await here.later(60)
        await here.put(visit(patient, 50))
        await here.put(request(patient, "sr3", authoredOn=after(55)))
        await here.later(200)
        answer = await here.http.get("/fhir/$clock-measures?start=2026-01-05&end=2026-01-05")
        assert answer.status_code == 200, answer.text
        assert parts(answer.json())["urgent-response"] == {
            "name": "urgent-response",
            "display": "Urgent response",
            "met": 2,
            "early": 0,
            "breached": 1,
            "running": 0,
            "not-needed": 0,
            "cancelled": 0,
            "share": 0.6667,
            "median": 45,
        }
        other = await here.http.get("/fhir/$clock-measures?start=2026-01-06&end=2026-01-31")
        assert parts(other.json()) == {}
        none = await here.http.get("/fhir/$clock-measures?start=2026-01-05&end=2026-01-05&clock=discharge")
        assert parts(none.json()) == {}


@pytest.mark.parametrize("query", ["", "start=2026-01-05", "start=2026-01-05&end=2026-01-04", "start=2026-01&end=2026-02"])
async def test_a_period_that_is_none_is_refused(tmp_path: Path, query: str) -> None:
    async with timed(tmp_path / "data") as here:
        answer = await here.http.get(f"/fhir/$clock-measures?{query}")
        assert answer.status_code == 400


async def test_those_are_counted_whom_the_asker_may_see(tmp_path: Path) -> None:
    clock = ManualClock(T0)
    store = SqliteStore.open(tmp_path / "data", clock=clock)
    await record_ann(store)
    one = task("met", 60, T0 // 1_000_000 * 1_000_000) | {"id": "c1", "for": {"reference": "Patient/ann"}}
    await contribute(store, "A81001", one)
    day = {"start": {"valueDate": instant(T0)[:10]}, "end": {"valueDate": instant(T0)[:10]}}
    async with world(store, clock) as here:
        await here.done(GP, "record-consent", decision="given")
        assert parts(await here.done(GP, "clock-measures", "", **day))["visit"]["met"] == 1
        assert parts(await here.done(CREW, "clock-measures", "", **day)) == {}
        assert (await here.call(OPERATOR, "clock-measures", "", **day)).status_code == 403
    await store.close()
