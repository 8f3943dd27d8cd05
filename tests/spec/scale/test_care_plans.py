"""Contributions to one plan through several processes: one author at a time is first, whoever takes them."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from interop.app.engine import Engine
from tests.spec.api.conftest import Client
from tests.spec.api.people import patient

pytestmark = [pytest.mark.anyio, pytest.mark.long]
OWN = {"resourceType": "CarePlan", "status": "active", "intent": "plan", "title": "Of the locality team"}


async def test_of_those_who_have_read_the_same_plan_one_is_first(two: list[Engine], clients: list[Client]) -> None:
    assert (await clients[0].put(patient("ann"))).status_code == 201
    tag = (await clients[1].get("/fhir/Patient/ann/$care-plan")).headers["etag"]
    address, body = "/fhir/Patient/ann/$care-plan-contribute", orjson.dumps(OWN)
    for _ in range(3):
        answers = await asyncio.gather(*(each.send("POST", address, body, if_match=tag) for each in clients for _ in range(3)))
        assert sorted(each.status_code for each in answers) == [201, 412, 412, 412, 412, 412]
        tags = {(await each.get("/fhir/Patient/ann/$care-plan")).headers["etag"] for each in clients}
        assert len(tags) == 1
        tag = tags.pop()
