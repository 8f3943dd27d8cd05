"""A list of very many people: each is looked at, some at a time, and nobody else waits for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.app.acting import tables_of
from interop.rules.expressions import read, when
from interop.rules.happening import befallen
from tests.spec.engine.running import journal
from tests.spec.rules.acting import START, acting

pytestmark = pytest.mark.anyio


def listed(count: int) -> dict[str, Any]:
    entries = [{"item": {"reference": f"Patient/n{number}"}} for number in range(count)]
    return {"resourceType": "List", "id": "many", "status": "current", "mode": "working", "entry": entries}


@pytest.mark.long
async def test_all_of_a_long_list_are_asked_about_some_at_a_time(tmp_path: Path) -> None:
    async with acting(tmp_path / "data") as here:
        await here.put(listed(450))
        assert here.counts("risk-list-review") == {"acted": 1}
        written = [each.type for each in await journal(here.engine)]
        made = (await here.http.get("/fhir/Task?_tag=urn:interop:rule|risk-list-review&_summary=count")).json()
    assert made["total"] == 450
    assert written == ["PUT List/many", "transaction", "transaction", "transaction"]


def test_whom_a_list_of_a_whole_town_befalls_is_found() -> None:
    (event,) = (each for each in tables_of(None, START).events if each.id == "risk-list")
    found = befallen(event, listed(30_000), None, START)
    assert found is not None
    assert len(found) == 30_000


@pytest.mark.parametrize(
    ("said", "over"),
    [("2026-01-05", 1_767_657_600), ("2026-07-01", 1_782_946_800), ("2026-07", 1_785_538_800), ("2026", 1_798_761_600)],
)
def test_a_day_without_an_hour_is_over_at_midnight_in_london(said: str, over: int) -> None:
    deceased = read("deceased.ofType(dateTime)", "Patient")
    assert when(deceased, {"resourceType": "Patient", "deceasedDateTime": said}, {}, START) == over * 1_000_000 - 1
