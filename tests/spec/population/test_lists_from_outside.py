"""A tool of risk stratification sends its own list: whoever is new on it is for the team to decide on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from interop.app.engine import Engine
from interop.clock import ManualClock
from interop.ports import Feed
from tests.spec.engine.running import client, found, settings
from tests.spec.population.practice import PRACTICE, number, somebody
from tests.spec.population.test_engine import BASE, VERIFIED, message
from tests.spec.rules.acting import START, Acted

pytestmark = pytest.mark.anyio
TOOL = "https://tool.example/R4"


def listed(*places: int) -> bytes:
    """What a tool sends: its own Patients by NHS number, and who of them is at risk."""
    people: list[dict[str, Any]] = [somebody(place, identifier=[_number(place)]) for place in places]
    members = [{"reference": f"Patient/{each['id']}"} for each in people]
    made: dict[str, Any] = {"resourceType": "List", "id": "at-risk", "status": "current", "mode": "working", "title": "At risk"}
    made |= {"date": "2026-01-05T09:40:00Z", "entry": [{"item": each} for each in members]}
    entries = [{"fullUrl": f"{TOOL}/{each['resourceType']}/{each['id']}", "resource": each} for each in (*people, made)]
    said = {"resourceType": "Bundle", "type": "collection", "timestamp": "2026-01-05T09:45:00Z", "meta": {"source": TOOL}}
    return orjson.dumps(said | {"entry": entries})


def _number(place: int) -> dict[str, Any]:
    return {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": number(place), "extension": [VERIFIED]}


async def test_a_list_by_nhs_numbers_is_a_question_to_the_team_for_each_person(tmp_path: Path) -> None:
    feeds = {
        "practice": Feed("practice", "r4", organisation=PRACTICE, also=((BASE, PRACTICE),), test_numbers=True),
        "tool": Feed("tool", "r4", organisation="QKS", also=((TOOL, "QKS"),), test_numbers=True),
    }
    clock = ManualClock(START)
    engine = await Engine.start(settings(tmp_path / "data", rules=Path("ours")), clock, declared=feeds)
    try:
        async with client(engine) as http:
            here = Acted(engine, http, clock)
            await here.tell(message(), feed="practice")
            await here.tell(listed(2, 5), feed="tool")
            tasks = await here.made("risk-list-review")
            named = {each["for"]["reference"].partition("/")[2] for each in tasks}
            assert len(tasks) == 2
            people = [await found(http, f"Patient?identifier={number(place)}") for place in (2, 5)]
            assert [len(named & {each["id"] for each in one}) for one in people] == [1, 1]
    finally:
        await engine.stop()
