"""What one process has committed counts in every other from the very next request on, be it kept in memory there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from shutil import copyfile
from time import time
from typing import Any, cast

import pytest

from interop.api.roles import API
from interop.app.engine import Engine
from interop.app.workshop import Workshop
from interop.apply import following
from interop.apply.asked import UPDATE, Asked
from interop.store.decision import Decision
from interop.store.plan import Deliveries, Plan, Search, Turn
from interop.store.postgres import PostgresStore
from interop.store.seam import Store
from interop.store.sql import news
from interop.store.values import Change
from tests.spec.api.conftest import Client
from tests.spec.api.governed import CREW, GP, OPERATOR, World, record_ann
from tests.spec.engine.running import client, running
from tests.spec.notify.receiving import receiving
from tests.spec.notify.subscribing import status
from tests.spec.scale.conftest import engines, worlds

pytestmark = pytest.mark.anyio

RESTRICTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}
SEARCHED = {
    "resourceType": "SearchParameter",
    "id": "eye",
    "url": "https://test.example/SearchParameter/eye",
    "name": "eye",
    "status": "active",
    "description": "The colour of the eyes",
    "code": "eye",
    "base": ["Patient"],
    "type": "string",
    "expression": "Patient.extension.where(url='https://test.example/eye').value",
}


def eyed(id: str, colour: str) -> dict[str, Any]:
    return {"resourceType": "Patient", "id": id, "extension": [{"url": "https://test.example/eye", "valueString": colour}]}


class Slow:
    """A store that has read the Contracts and gives them only when one was withdrawn since, and heard of by who hears."""

    def __init__(self, store: Store, one: World, heard: following.Following) -> None:
        self._store, self._one, self._heard = store, one, heard

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def stream(self, plan: Plan) -> AsyncIterator[Any]:
        read = [each async for each in self._store.stream(plan)]
        if isinstance(plan, Search) and plan.type == "Contract":
            assert read
            await self._one.done(OPERATOR, "agreement", "", source="RX1", status="withdrawn")
            before = self._heard.turn
            with suppress(TimeoutError):
                async with asyncio.timeout(0.3):
                    while self._heard.turn == before:
                        await asyncio.sleep(0.01)
        for each in read:
            yield each


class TestWhoMaySeeWhat:
    @pytest.mark.long
    async def test_what_is_withdrawn_while_another_process_starts_counts_there_too(
        self, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(following, "EVERY", 0.02)
        store = await PostgresStore.open(database)
        await record_ann(store)
        await store.close()
        async with engines(tmp_path, database, count=1, roles={API}) as made, worlds(*made) as (one,):
            await one.share()
            await one.done(GP, "record-consent", decision="given")
            begun = Workshop.start

            async def slowly(shop: Workshop, *, hold: bool = False) -> None:
                assert shop.following is not None
                start = shop.governance.start
                with monkeypatch.context() as patched:
                    late = Slow(shop.store, one, shop.following)
                    patched.setattr(shop.governance, "start", lambda _: start(cast("Store", late)))
                    await begun(shop, hold=hold)

            monkeypatch.setattr(Workshop, "start", slowly)
            data = tmp_path / "data-1"
            data.mkdir()
            for key in (tmp_path / "data-0").glob("*.key"):
                copyfile(key, data / key.name)
            async with running(data, database=database, name="engine-1", roles={API}) as second, worlds(second) as (two,):
                assert await one.sees(GP) == {"bp"}
                assert await two.sees(GP) == {"bp"}

    async def test_an_agreement_and_its_withdrawal(self, pair: list[World]) -> None:
        one, other = pair
        await one.share()
        await one.done(GP, "record-consent", decision="given")
        assert await other.sees(GP) == {"bp", "ward"}
        await other.done(OPERATOR, "agreement", "", source="RX1", status="withdrawn")
        assert await one.sees(GP) == {"bp"}
        assert await other.sees(GP) == {"bp"}

    async def test_a_consent_and_that_it_is_refused(self, pair: list[World]) -> None:
        one, other = pair
        await one.share()
        assert await other.sees(GP) == set()
        await one.done(GP, "record-consent", decision="given")
        assert await other.sees(GP) == {"bp", "ward"}
        await other.done(GP, "record-consent", decision="refused")
        assert await one.sees(GP) == set()

    async def test_an_emergency(self, pair: list[World]) -> None:
        one, other = pair
        await one.share()
        assert await other.sees(CREW) == set()
        await one.done(CREW, "break-glass", reason="found unconscious in the street")
        assert "bp" in await other.sees(CREW)

    async def test_somebody_who_hides_and_does_no_longer(self, two: list[Engine], clients: list[Client]) -> None:
        """Whoever asks the second may see everything, but nobody's whereabouts."""
        one, other = clients
        assert two[1].exports is not None
        two[1].exports.services.policy = lambda question, facts, now: Decision("all but whereabouts")
        for label, seen in (([], True), ([RESTRICTED], False), ([], True), ([RESTRICTED], False)):
            eve = {"resourceType": "Patient", "id": "eve", "address": [{"line": ["1 Castle Street"]}], "meta": {"security": label}}
            assert (await one.put(eve if label else {**eve, "meta": {"tag": [{"code": "x"}]}})).is_success
            assert ("1 Castle Street" in (await other.get("/fhir/Patient/eve")).text) is seen
        weight = {"resourceType": "Observation", "id": "w", "status": "final", "code": {"text": "Weight"}}
        assert (await one.put({**weight, "subject": {"reference": "Patient/eve"}})).is_success

    async def test_a_token_that_was_withdrawn(self, tmp_path: Path, database: str) -> None:
        async with engines(tmp_path, database, open=False) as made:
            one, other = (each.signon for each in made)
            assert one is not None
            assert other is not None
            claims = {"sub": "demo-tester", "role": "tester", "scope": "system/*.cruds"}
            token = one.own.issuer.issue(one.own.keys, claims, now=time(), seconds=600)
            async with client(made[1]) as http:
                asked = {"authorization": f"Bearer {token}"}
                assert (await http.get("/fhir/Patient", headers=asked)).status_code == 200
                await one.door.revoke(token)
                assert (await http.get("/fhir/Patient", headers=asked)).status_code == 401


class TestWhatIsIndexed:
    async def test_a_search_parameter(self, two: list[Engine], clients: list[Client]) -> None:
        one, other = clients
        await one.put(eyed("before", "blue"))
        assert (await one.put(SEARCHED)).status_code == 201
        assert await other.ids("/fhir/Patient?eye=blue") == ["Patient/before"]
        await other.put(eyed("after", "blue"))
        assert await one.ids("/fhir/Patient?eye=blue") == ["Patient/after", "Patient/before"]
        await other.send("DELETE", "/fhir/SearchParameter/eye")
        assert (await one.get("/fhir/Patient?eye=blue", prefer="handling=strict")).status_code == 400

    async def test_what_is_written_is_indexed_by_what_another_has_defined_meanwhile(
        self, two: list[Engine], clients: list[Client]
    ) -> None:
        """The second has heard nothing when it begins to commit."""
        one, _ = clients
        await one.put(SEARCHED)
        heard = two[1].workshop.following
        assert heard is not None
        before = heard.turn
        await two[1].workshop.writes.write(Asked(UPDATE, "Patient", "late", resource=eyed("late", "green")))
        assert heard.turn > before
        assert await one.ids("/fhir/Patient?eye=green") == ["Patient/late"]

    async def test_codes_and_totals_that_are_new(self, clients: list[Client]) -> None:
        one, other = clients
        for number in range(3):
            coded = {"coding": [{"system": f"https://test.example/{number}", "code": "a"}]}
            said = {"resourceType": "Basic", "id": f"b{number}", "code": coded}
            assert (await one.put(said)).status_code == 201
            total = (await other.get(f"/fhir/Basic?code=https://test.example/{number}|a&_total=accurate")).json()["total"]
            assert total == 1
            assert (await other.get("/fhir/Basic?_total=accurate&_summary=count")).json()["total"] == number + 1
            one, other = other, one


class TestWhatIsTold:
    async def test_what_anybody_commits_once_a_subscription_is_active(self, two: list[Engine], clients: list[Client]) -> None:
        """Written by one, set up by whoever has the seat, matched in both; one sends."""
        async with receiving() as receiver:
            said = {
                "resourceType": "Subscription",
                "status": "requested",
                "reason": "admissions",
                "criteria": "Encounter?status=in-progress",
                "channel": {"type": "rest-hook", "endpoint": receiver.url, "payload": "application/fhir+json"},
            }
            for each in two:
                assert each.workshop.following is not None
                each.workshop.following.every = 0.05
                each.workshop.following.signal()
            made = (await clients[1].post(said)).json()
            await status(clients[0].http, made["id"], "active")
            for number, each in enumerate((*clients, *clients)):
                encounter = {"resourceType": "Encounter", "id": f"e{number}", "status": "in-progress", "class": {"code": "IMP"}}
                assert (await each.put(encounter)).status_code == 201
            got = await receiver.until(4)
            assert [each.json["id"] for each in got] == ["e0", "e1", "e2", "e3"]
            gone = {**made, "status": "off"}
            assert (await clients[0].put(gone)).is_success
            await clients[1].put({"resourceType": "Encounter", "id": "late", "status": "in-progress", "class": {"code": "IMP"}})
            queues = await two[0].workshop.store.query(Deliveries(f"subscription:{made['id']}", count=10))
            assert [each.resource for each in queues] == ["e0", "e1", "e2", "e3"]


class TestWhatItCosts:
    async def test_many_who_ask_at_once_share_the_reading(self, two: list[Engine], clients: list[Client]) -> None:
        heard = two[0].workshop.following
        assert heard is not None
        before = heard.reads
        await asyncio.gather(*(heard.now() for _ in range(100)))
        assert heard.reads <= before + 2  # one may have been under way

    async def test_whoever_asks_while_it_is_read_waits_for_the_next(self, two: list[Engine]) -> None:
        heard, store = two[0].workshop.following, two[1].workshop.store
        assert heard is not None
        first = asyncio.ensure_future(heard.now())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await store.commit(Change(meta=[("somebody", "wrote")]))
        turn: list[int] = await store.query(Turn())
        await asyncio.gather(first, heard.now())
        assert heard.turn == turn[0]

    async def test_one_process_alone_asks_nothing(self, tmp_path: Path) -> None:
        async with running(tmp_path / "alone") as engine:
            assert engine.workshop.following is None
            assert engine.exports is not None
            assert engine.exports.services.fresh is None

    async def test_whoever_is_far_behind_reads_all_anew(self, pair: list[World], monkeypatch: pytest.MonkeyPatch) -> None:
        one, other = pair
        monkeypatch.setattr(following, "KEPT", 0)
        monkeypatch.setattr(news, "KEPT", 0)
        await one.share()
        await one.done(GP, "record-consent", decision="given")
        assert await other.sees(GP) == {"bp", "ward"}
        await one.done(OPERATOR, "agreement", "", source="RX1", status="withdrawn")
        assert await other.sees(GP) == {"bp"}
