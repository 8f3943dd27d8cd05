"""Subscriptions for tests: written, and looked at until they and their deliveries stand as wanted."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from interop.app.engine import Engine
from interop.store.plan import Deliveries

JSON = "application/fhir+json"


def subscription(url: str, criteria: str = "Encounter?status=in-progress&class=IMP", **channel: Any) -> dict[str, Any]:
    known = {"type": "rest-hook", "endpoint": url, "payload": JSON, **channel}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "admissions",
        "criteria": criteria,
        "channel": {name: value for name, value in known.items() if value is not None},
    }


def encounter(id: str, status: str = "in-progress") -> dict[str, Any]:
    return {"resourceType": "Encounter", "id": id, "status": status, "class": {"code": "IMP"}}


async def put(http: httpx.AsyncClient, resource: dict[str, Any]) -> httpx.Response:
    answer = await http.put(f"/fhir/{resource['resourceType']}/{resource['id']}", json=resource, headers={"content-type": JSON})
    assert answer.is_success, answer.text
    return answer


async def subscribed(engine: Engine, http: httpx.AsyncClient, said: dict[str, Any], until: str = "active") -> str:
    answer = await http.post("/fhir/Subscription", json=said, headers={"content-type": JSON})
    assert answer.status_code == 201, answer.text
    assert answer.json()["status"] == "requested"
    await status(http, answer.json()["id"], until)
    return str(answer.json()["id"])


async def status(http: httpx.AsyncClient, id: str, wanted: str) -> dict[str, Any]:
    """Wait until a Subscription says so."""
    async with asyncio.timeout(20):
        while True:
            found: dict[str, Any] = (await http.get(f"/fhir/Subscription/{id}")).json()
            if found["status"] == wanted:
                return found
            await asyncio.sleep(0.01)


async def states(engine: Engine) -> list[tuple[str, str]]:
    return [(each.resource, each.state) for each in await engine.workshop.store.query(Deliveries())]


async def become(engine: Engine, *wanted: str) -> None:
    """Wait until the deliveries stand so."""
    async with asyncio.timeout(20):
        while [state for _, state in await states(engine)] != list(wanted):
            await asyncio.sleep(0.01)
