"""A crew card that one process holds counts no longer once any process has committed."""

from __future__ import annotations

import pytest

from interop.app.engine import Engine
from tests.spec.api.conftest import Client
from tests.spec.api.governed import GP, World
from tests.spec.careplan.cards import flag, person

pytestmark = pytest.mark.anyio


async def test_what_another_process_writes_is_on_the_next_card(two: list[Engine], clients: list[Client]) -> None:
    one, other = clients
    assert (await one.put(person())).status_code == 201
    told = []
    for words in ("Dog", "Stairs"):
        assert (await other.put(flag("f", words))).status_code in (200, 201)
        for _ in range(2):
            told += [(await each.get("/fhir/Patient/p/$crew-card")).json()["glance"]["alerts"] for each in clients]
    assert told == ["Alerts: Dog"] * 4 + ["Alerts: Stairs"] * 4


async def test_a_consent_that_another_process_takes_back_counts_at_once(pair: list[World]) -> None:
    one, other = pair
    await one.share()
    states = []
    for decision in ("given", "refused", "given"):
        await other.done(GP, "record-consent", decision=decision)
        for _ in range(2):
            card = (await one.client.get("/fhir/Patient/ann/$crew-card", x_who=GP.user)).json()
            states.append(card["allergies"]["state"])
    assert states == ["none-recorded"] * 2 + ["withheld"] * 2 + ["none-recorded"] * 2
