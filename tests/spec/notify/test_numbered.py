"""The number of an event: given before it first goes out, kept whatever becomes of it, given to nothing that may not be seen."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from interop.notify.destinations import Destination
from interop.policy.decide import Question, decide
from interop.policy.facts import Facts
from interop.store.decision import Decision
from interop.store.plan import Deliveries
from interop.store.values import Change
from tests.spec.api.people import patient
from tests.spec.notify.outbound import Outbound
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.notify.test_delivering import AGREED, SYSTEM
from tests.spec.notify.test_topics import told
from tests.spec.policy.worlds import Made, consented, keep, observed, team
from tests.spec.store.build import put
from tests.spec.store.conftest import opener as opener
from tests.spec.store.conftest import place as place
from tests.spec.store.conftest import store as store

pytestmark = pytest.mark.anyio
SUBSCRIPTION = {"resourceType": "Subscription", "id": "s1", "status": "active", "criteria": "urn:interop:topic:result-reported"}


class Consent:
    """A policy that somebody may withdraw from."""

    given = True

    def __call__(self, question: Question, facts: Facts, now: int) -> Decision:
        return decide(question, facts if self.given else Facts(), now)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
def consent() -> Consent:
    return Consent()


@pytest.fixture
async def out(store: Any, tmp_path: Path, receiver: Receiver, consent: Consent) -> AsyncIterator[Outbound]:
    made = [consented("ours"), team("ours", "RA1"), Made("Patient", "ours", [patient("ours")], "api", "RB2")]
    await keep(store, [*made, *(observed(f"ours-{n}", "ours", "RB2") for n in (1, 2, 3))], {})
    await store.commit(Change(puts=[put("Subscription", "s1", 1, body=orjson.dumps(SUBSCRIPTION))]))
    to = Destination("subscription:s1", "webhook", receiver.url, "RA1")
    outbound = Outbound(store, tmp_path / "audit", to, SYSTEM, AGREED, consent)
    yield outbound
    await outbound.close()


def due(out: Outbound, *names: str) -> Any:
    return out.due(*(f"Observation/{name}" for name in names), format="notification full-resource")


async def test_what_is_not_taken_keeps_its_number_and_the_next_has_the_next(out: Outbound, receiver: Receiver) -> None:
    receiver.answers = [503, 200]
    await due(out, "ours-1", "ours-2")
    await out.step()
    out.clock.advance(5)
    await out.step()
    await out.step()
    assert [told(got.json)["events"][0][0] for got in receiver.got] == ["1", "1", "2"]


async def test_what_may_no_longer_be_seen_after_it_had_its_number_is_told_without_a_word_of_it(
    out: Outbound, receiver: Receiver, consent: Consent
) -> None:
    receiver.answers = [503, 200]
    await due(out, "ours-1", "ours-2")
    await out.step()
    out.clock.advance(5)
    consent.given = False
    await out.step()
    consent.given = True
    await out.step()
    second, third = receiver.got[1:]
    assert told(second.json)["events"] == [("1", "")]
    assert len(second.json["entry"]) == 1
    assert b"Observation" not in second.body
    assert told(third.json)["events"] == [("2", "Observation/ours-2")]


async def test_what_is_withheld_from_the_first_has_none(out: Outbound, receiver: Receiver, consent: Consent, store: Any) -> None:
    consent.given = False
    await due(out, "ours-1", "ours-2")
    await out.step()
    consent.given = True
    await out.step()
    assert [told(got.json)["events"] for got in receiver.got] == [[("1", "Observation/ours-2")]]
    assert [(each.state, each.number) for each in await store.query(Deliveries())] == [("withheld", 0), ("sent", 1)]
