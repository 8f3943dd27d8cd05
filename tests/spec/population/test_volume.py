"""Who links more people in an hour than anyone cares for one by one is an item of the privacy officer's queue."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.policy.asker import Asker
from tests.spec.audit.asking import JSON, Asking, asking
from tests.spec.population.practice import BOARD, GP, ISSUER, PRACTICE, population, rows

pytestmark = pytest.mark.anyio
OFFICER = Asker(f"{ISSUER}officer", "privacy-officer", BOARD, scopes=None)


async def known(at: Asking, people: int) -> list[str]:
    """So many people of the practice; their pseudonyms."""
    entries = [
        {"resource": each, "request": {"method": "PUT", "url": f"{each['resourceType']}/{each['id']}"}}
        for each in population(people)
    ]
    said = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    done = await at.send("POST", "", json=said, headers=JSON)
    assert done.status_code == 200, done.text
    answer = await at.get(f"$population?organisation={PRACTICE}&_count=500")
    assert answer.status_code == 200, answer.text
    return [row["pseudonym"] for row in rows(answer.json())]


async def relink(at: Asking, names: list[str]) -> int:
    said: list[dict[str, Any]] = [{"name": "pseudonym", "valueString": each} for each in names]
    body = {"resourceType": "Parameters", "parameter": [*said, {"name": "reason", "valueCode": "care-planning"}]}
    answer = await at.send("POST", "$relink", GP, json=body, headers=JSON)
    assert answer.status_code == 200, answer.text
    await at.tick()
    return len(answer.json()["parameter"])


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_whom_a_list_holds_counts_for_the_analyst(tmp_path: Path, method: str) -> None:
    """By the rows that were given, not by all who were counted for them."""
    async with asking(tmp_path) as at:
        await known(at, 40)
        analyst = Asker(f"{ISSUER}analyst", "analyst", PRACTICE, scopes=None)
        answer = await at.send(method, f"$population?organisation={PRACTICE}&_count=7", analyst)
        assert len(rows(answer.json())) == 7
        await at.tick()
        assert len(at.audited.trail.index.seen(analyst.user, 0, 1 << 62)) == 7


async def test_a_list_of_a_hundred_is_not_unusual_and_more_than_the_limit_is(tmp_path: Path) -> None:
    async with asking(tmp_path) as at:
        names = await known(at, 125)
        assert await relink(at, names[:100]) == 100
        assert [each["rule"] for each in await at.queue(OFFICER)] == []
        assert await relink(at, names[100:]) == 25
        (item,) = await at.queue(OFFICER)
        assert item["rule"] == "unusual-volume"
        assert item["user"] == GP.user
