"""Somebody of whom thousands of readings are known: their card is made of the few resources that tell anything of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from interop.clock import ManualClock
from interop.store.values import Stored
from tests.spec.api.governed import GP
from tests.spec.careplan.held import Holding, holding

pytestmark = pytest.mark.anyio
ANN = {"reference": "Patient/ann"}
SNOMED = "http://snomed.info/sct"
READINGS = 1_500


def observation(id: str, code: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": id, "status": "final", "code": code, "subject": ANN}


def coded(code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": SNOMED, "code": code, "display": display}]}


@pytest.fixture
async def ann(store: Any, clock: ManualClock) -> AsyncIterator[Holding]:
    async with holding(store, clock) as world:
        await world.done(GP, "record-consent", decision="given")
        clock.advance(1)
        yield world


async def test_what_tells_nothing_is_not_read(ann: Holding) -> None:
    """By its code, by words that are its code, by words within others: each is found among all the readings."""
    readings = [observation(f"reading-{n}", coded(str(271_649_006 + n % 20), f"Reading {n % 20}")) for n in range(READINGS)]
    for start in range(0, READINGS, 500):
        await ann.put("A81001", *readings[start : start + 500])
    await ann.put("A81001", observation("by-code", coded("450476008", "As decided")))
    before = (await ann.card(GP))["cpr"]
    await ann.put("A81001", observation("by-words", {"text": "Not for CPR please"}))
    known = len(ann.reading.given)
    after = (await ann.card(GP))["cpr"]
    given = {each.id for each in ann.reading.given[known:] if isinstance(each, Stored)}
    assert len(before["lines"]) == 1
    assert any("Not for CPR please" in str(line) for line in after["lines"])
    assert {"by-code", "by-words"} <= given
    assert not any(each.startswith("reading-") for each in given)
