"""The same message twice is once (HL7 v2.4 2.9.2.1: MSH-10 tells messages of a sender apart; MSH-7 does not count)."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.app.engine import Engine
from interop.store.plan import Message, Plan
from interop.store.values import Change, Outcome
from tests.failures import failing
from tests.spec.engine.messages import adt
from tests.spec.engine.running import found, ingest, journal, running, sender, tell

pytestmark = pytest.mark.anyio


@failing("sender", "taking in", seen="the repeat is answered like the first", recovered="control id and digest: twice is once")
async def test_a_message_sent_again_is_accepted_and_not_applied_again(engine: Engine, http: httpx.AsyncClient) -> None:
    first, again = await tell(engine, adt(control="C7"), adt(control="C7", sent="20260105111500"))
    assert first is not None
    assert again is not None
    assert (first.code, again.code, again.control) == ("AA", "AA", "C7")
    assert [entry.control_id for entry in await journal(engine)] == ["C7"]
    answer = await ingest(http, adt(control="C7"))
    assert (answer.status_code, answer.json()["repeats"], answer.headers["location"]) == (200, 1, "/messages/1")
    assert [visit["meta"]["versionId"] for visit in await found(http, "Encounter")] == ["1"]


async def test_on_two_connections_at_once_it_is_once(engine: Engine, http: httpx.AsyncClient) -> None:
    bodies = [adt(control=f"C{number}", visit=f"V{number}") for number in range(50)]
    async with sender(engine.mllp) as one, sender(engine.mllp) as other:
        for body in bodies:
            one.send(body)
            other.send(body)
        said = [await line.answer() for line in (one, other) for _ in bodies]
    assert {ack.code for ack in said if ack} == {"AA"}
    assert len(said) == 100
    assert sorted(entry.control_id for entry in await journal(engine)) == sorted(f"C{number}" for number in range(50))
    await ingest(http, adt("A08", "LAST", visit="V0", at="20260105100001"))
    assert (await http.get("/fhir/Encounter?_summary=count")).json()["total"] == 50


async def test_after_a_restart_it_is_still_once(tmp_path: Path) -> None:
    for _ in range(2):
        async with running(tmp_path / "data") as engine:
            said = await tell(engine, adt(control="C7"))
            assert said[0] is not None
            assert said[0].code == "AA"
    async with running(tmp_path / "data") as engine:
        assert [entry.control_id for entry in await journal(engine)] == ["C7"]


async def test_another_feed_or_another_sender_may_use_the_same_control_id(engine: Engine, http: httpx.AsyncClient) -> None:
    bodies = [("hl7v2", adt(control="C7")), ("other", adt(control="C7")), ("hl7v2", adt(control="C7").replace(b"|RX1|", b"|RX2|"))]
    for feed, body in bodies:
        answer = await ingest(http, body, feed)
        assert (answer.status_code, "repeats" in answer.json()) == (200, False)
    assert len(await journal(engine)) == 3


async def test_the_same_key_with_other_content_is_accepted_and_an_operator_is_told(engine: Engine, http: httpx.AsyncClient) -> None:
    first, other = await tell(engine, adt(control="C7"), adt("A08", control="C7", family="NETHERSOLE", at="20260105110000"))
    assert first is not None
    assert other is not None
    assert (first.code, other.code) == ("AA", "AA")
    await ingest(http, adt("A08", "LAST", family="NETHERSOLE", at="20260105110001"))
    entry = (await journal(engine))[1]
    assert (entry.state, entry.reason, entry.repeats) == ("applied", "wrong-content", 1)
    said = (await http.get("/messages/2")).json()
    assert "other content" in said["sentence"]
    assert said["action"]
    assert (await http.get("/fhir/Patient?family=NETHERSOLE&_summary=count")).json()["total"] == 1


async def test_a_refused_message_may_be_sent_again_corrected_under_its_control_id(engine: Engine, http: httpx.AsyncClient) -> None:
    bad, good = await tell(engine, adt(control="C7").replace(b"L1001", b""), adt(control="C7"))
    assert bad is not None
    assert good is not None
    assert (bad.code, good.code) == ("AE", "AA")
    assert (await ingest(http, adt(control="C7"))).json()["repeats"] == 2
    assert [(entry.state, entry.repeats) for entry in await journal(engine)] == [("refused", 0), ("applied", 0)]


async def test_a_repeat_that_waits_for_the_record_gets_the_outcome_of_the_first(engine: Engine, http: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(ingest(http, adt(control="C7")) for _ in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert {answer.json()["message"] for answer in answers} == {1}
    assert sum("repeats" in answer.json() for answer in answers) >= 1
    assert len(await journal(engine)) == 1


async def test_a_message_that_failed_is_worked_on_again_when_it_comes_again(engine: Engine, http: httpx.AsyncClient) -> None:
    """Its sender is told that it is accepted: then it has to reach the record."""
    await ingest(http, adt(control="C7"))
    shop = engine.workshop
    await shop.store.commit(Change(outcomes=[Outcome(1, "failed", shop.clock.now(), "mapping-fault")]))
    assert [entry.state for entry in await journal(engine)] == ["failed"]
    answer = await ingest(http, adt(control="C7"))
    assert (answer.status_code, answer.json()["state"]) == (200, "applied")
    assert [(entry.message, entry.state) for entry in await journal(engine)] == [(1, "applied")]
    assert shop.unfinished == 0


@pytest.mark.parametrize(
    ("meanwhile", "answered"),
    [(("shelved", "taken-down"), (409, "refused")), (("applied", ""), (200, "applied"))],
    ids=["taken down", "applied"],
)
async def test_what_becomes_of_a_message_while_its_repeat_is_looked_at_stays(
    engine: Engine,
    http: httpx.AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: tuple[str, str],
    answered: tuple[int, str],
) -> None:
    """Another process may take it down, or have worked on it again already."""
    await ingest(http, adt(control="C7"))
    shop, query = engine.workshop, engine.workshop.store.query
    await shop.store.commit(Change(outcomes=[Outcome(1, "shelved", shop.clock.now(), "mapping-fault")]))
    left = [Outcome(1, meanwhile[0], shop.clock.now(), meanwhile[1], "2" if meanwhile[1] else "")]

    async def looked(plan: Plan) -> Any:
        answer = await query(plan)
        if isinstance(plan, Message) and left:
            await shop.store.commit(Change(outcomes=[left.pop()]))
        return answer

    monkeypatch.setattr(shop.store, "query", looked)
    answer = await ingest(http, adt(control="C7"))
    assert not left
    assert (answer.status_code, answer.json().get("state", "refused")) == answered
    assert [(entry.state, entry.reason) for entry in await journal(engine)] == [meanwhile]
    assert shop.unfinished == 0


async def test_a_message_sent_again_while_another_is_worked_on_again_is_not_forgotten(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for control in ("C7", "C8"):
        await ingest(http, adt(control=control, visit=f"V{control}"))
    dispatcher, store = engine.workshop.dispatcher, engine.workshop.store
    later = [2]
    for number in (1, 2):
        for state in ("failed", "received"):
            await store.commit(Change(outcomes=[Outcome(number, state, engine.workshop.clock.now())]))
        engine.workshop.added(1)
    query = store.query

    async def meanwhile(plan: Plan) -> Any:
        answer = await query(plan)
        if isinstance(plan, Message) and later:
            dispatcher.again(later.pop())
        return answer

    with monkeypatch.context() as patched:
        slow = type("Slow", (), {"query": staticmethod(meanwhile), "commit": store.commit})
        patched.setattr(dispatcher._claims, "_store", slow())
        dispatcher.again(1)
        async with asyncio.timeout(30):
            while engine.workshop.unfinished:
                await asyncio.sleep(0)
    assert [entry.state for entry in await journal(engine)] == ["applied", "applied"]
