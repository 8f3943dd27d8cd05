"""``kill -9`` while transactions come in: each is there as a whole or not at all, and every one that was answered is."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.spec.durability.process import Served
from tests.spec.durability.state import journal, prepare, record

pytestmark = pytest.mark.anyio
COUNT = 80
CLIENTS = 8
RESOURCES = 6


def bundle(number: int) -> dict[str, Any]:
    """Some resources of its own, and one that all transactions write."""
    who = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"
    patient = {"resourceType": "Patient", "id": f"p{number}"}
    others = [basic(f"b{number}-{one}", who) for one in range(RESOURCES - 1)]
    entries: list[dict[str, Any]] = [
        {"request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"}, "resource": one}
        for one in (patient, basic("shared", who), *others)
    ]
    entries[0]["fullUrl"] = who
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def basic(id: str, who: str) -> dict[str, Any]:
    return {"resourceType": "Basic", "id": id, "code": {"text": "test"}, "subject": {"reference": who}}


def own(number: int) -> set[str]:
    """What a transaction alone writes."""
    return {f"Patient/p{number}", *(f"Basic/b{number}-{one}" for one in range(RESOURCES - 1))}


async def send(served: Served, answered: set[int], moment: int) -> None:
    """Send all that was not answered, several at a time; kill the engine when so many have been."""
    waiting = iter([number for number in range(COUNT) if number not in answered])

    async def client() -> None:
        async with served.client() as http:
            for number in waiting:
                try:
                    answer = await http.post("/fhir", json=bundle(number), headers={"content-type": "application/fhir+json"})
                except httpx.TransportError:
                    return
                assert answer.status_code == 200, answer.text
                answered.add(number)
                if len(answered) == moment:
                    served.kill()

    await asyncio.gather(*(client() for _ in range(CLIENTS)))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 12))
async def test_the_owner_is_killed(tmp_path: Path, seed: int) -> None:
    data, answered, moment = prepare(tmp_path / "data"), set[int](), Random(seed).randrange(1, COUNT - CLIENTS)
    async with Served(data) as served:
        await send(served, answered, moment)
        assert await served.ended() == -signal.SIGKILL
    killed = shutil.copytree(data, tmp_path / "killed")
    there = record(killed).resources.keys()
    for number in range(COUNT):
        found = own(number) & there
        assert found in ([own(number)] if number in answered else [own(number), set()])
    async with Served(data) as served:
        await send(served, answered, 0)
        served.terminate()
        assert await served.ended() == 0
    assert record(data).resources.keys() == {"Basic/shared", *(one for number in range(COUNT) for one in own(number))}
    assert set(journal(data).states.values()) == {"applied"}
