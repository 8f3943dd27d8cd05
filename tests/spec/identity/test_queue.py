"""The queue of pairs that people decide: what is on it and why, what closes it, what it shows; over a running engine."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from conformance.generate.numbers import nhs_number
from interop.api.asgi import Request
from interop.app.engine import Engine
from interop.apply import identity_queue
from interop.apply.identity_queue import IdentityQueue
from interop.clock import Clock
from interop.errors import Problem
from interop.identity.known import Known
from interop.store.plan import Meta, Pairs
from interop.store.values import Change, Pair, Stored
from tests.spec.engine.running import client, running, tell
from tests.spec.engine.taking import taken
from tests.spec.identity.test_decisions import admission, applied, call, history, ids, parts, persons

pytestmark = pytest.mark.anyio
HOME = "7 TOLPUDDLE ROW^^EASTMERE^MERESHIRE^QX9 7ZD"


def merge(survivor: tuple[str, str, str], retired: str, hour: int) -> bytes:
    """An A40 into somebody: local number, given and family name."""
    admitted = admission(*survivor[:2], "", survivor[2], hour=hour).replace(b"ADT^A01", b"ADT^A40")
    return admitted.split(b"\rPV1")[0] + f"\rMRG|{retired}^^^PAS".encode()


async def queue(engine: Engine, http: httpx.AsyncClient, **said: Any) -> list[tuple[set[str], str]]:
    """The pairs on the queue and why they are there, in its order."""
    await engine.workshop.identity_queue.settled()
    answer = await http.get("/fhir/Patient/$identity-queue", params=said)
    assert answer.status_code == 200, answer.text
    return [read(each["part"]) for each in answer.json().get("parameter", []) if each["name"] == "pair"]


def read(pair: list[dict[str, Any]]) -> tuple[set[str], str]:
    sides = {part["valueReference"]["reference"][8:] for each in pair if each["name"] == "record" for part in each["part"]
             if part["name"] == "patient"}  # fmt: skip
    return sides, next(each["valueCode"] for each in pair if each["name"] == "why")


async def test_a_likely_pair_without_a_number_is_on_the_queue_until_it_is_decided(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1"), admission("L2", number=""), admission("L3", "ZELDA", "", "QUARRINGTON", "19700101"))
    one, two = await ids(http, "L1", "L2")
    assert await queue(engine, http) == [({one, two}, "likeness")]
    await call(http, "link", one, two)
    assert await queue(engine, http) == []
    await call(http, "identity-undo", one, two)
    assert await queue(engine, http) == [({one, two}, "likeness")]


async def test_what_was_decided_to_be_apart_never_comes_back(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1"), admission("L2", number=""))
    one, two = await ids(http, "L1", "L2")
    assert await queue(engine, http)
    await call(http, "unlink", one, two)
    await applied(http, admission("L2", number="", hour=11, more=HOME), admission("L1", hour=12, more=HOME))
    assert await queue(engine, http) == []


async def test_each_pair_is_there_once_whoever_is_told_again(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1", number=""), admission("L2", number=""))
    for hour in (10, 11, 12):
        await applied(http, *(admission(local, number="", hour=hour, more=HOME) for local in ("L1", "L2")))
        assert len(await queue(engine, http)) == 1


async def test_a_pair_closes_itself_when_it_is_linked_or_no_longer_alike(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1"), admission("L2", number=""), admission("L3", "MARY", "", "ASHDOWN", "19410317"))
    one, two, three = await ids(http, "L1", "L2", "L3")
    assert len(await queue(engine, http)) == 3
    await applied(http, admission("L2", hour=11), admission("L3", "OLIVE", "", "KETTLEWELL", "19800808", hour=11))
    assert await queue(engine, http) == []
    assert {pair.a for pair in await engine.workshop.store.query(Pairs((one, two, three))) if pair.why} <= {one, two}


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"given": "ANNE"}, "conflict"),
        ({"born": "19700101", "given": "ZELDA", "family": "QUARRINGTON"}, "conflict"),
        ({"born": "19410318"}, "conflict"),
        ({"status": "02"}, "number"),
        ({"given": "JANE", "status": ""}, "conflict"),
    ],
)
async def test_a_number_that_two_records_share_and_that_does_not_link_them_says_why(
    engine: Engine, http: httpx.AsyncClient, other: dict[str, str], why: str
) -> None:
    await applied(http, admission("L1"), admission("L2", **other))
    one, two = await ids(http, "L1", "L2")
    assert await queue(engine, http) == [({one, two}, why)]


async def test_who_was_merged_into_two_who_are_not_one_is_asked_about_until_it_is_decided(
    engine: Engine, http: httpx.AsyncClient
) -> None:
    """Nobody knows which of the merges is wrong; whoever was brought together by the first stands alone again."""
    three = (("L1", "MARY", "ASHDOWN"), ("L2", "JOAN", "BROOK"), ("L3", "ZELDA", "QUARRINGTON"))
    await applied(http, *(admission(local, given, "", family) for local, given, family in three))
    one, two, other = await ids(http, "L1", "L2", "L3")
    await applied(http, merge(three[0], "L2", 10))
    assert await queue(engine, http) == []
    await applied(http, merge(three[2], "L2", 11))
    asked = await queue(engine, http)
    assert {frozenset(sides) for sides, _ in asked} == {frozenset((one, two)), frozenset((two, other))}
    assert {why for _, why in asked} == {"merged"}
    await call(http, "unlink", two, other)
    assert await queue(engine, http) == []
    assert await persons(http, "L1", "L2", "L3") == {"L1": 2, "L2": 2, "L3": 1}


async def test_a_pair_of_which_no_merge_is_told_any_more_is_not_asked_about(engine: Engine, http: httpx.AsyncClient) -> None:
    """Though no more is known of either than before."""
    three = (("L1", "MARY", "ASHDOWN"), ("L2", "JOAN", "BROOK"), ("L3", "ZELDA", "QUARRINGTON"))
    await applied(http, *(admission(local, given, "", family) for local, given, family in three))
    await applied(http, merge(three[0], "L2", 10), merge(three[2], "L2", 11))
    assert len(await queue(engine, http)) == 2
    await taken(http, 5)
    assert await queue(engine, http) == []
    assert await persons(http, "L1", "L2", "L3") == {"L1": 2, "L2": 2, "L3": 1}
    await taken(http, 4)
    assert await queue(engine, http) == []
    assert await persons(http, "L1", "L2", "L3") == {"L1": 1, "L2": 1, "L3": 1}


async def test_who_was_merged_into_two_is_asked_about_again_once_the_decision_is_taken_back(
    engine: Engine, http: httpx.AsyncClient
) -> None:
    three = (("L1", "MARY", "ASHDOWN"), ("L2", "JOAN", "BROOK"), ("L3", "ZELDA", "QUARRINGTON"))
    await applied(http, *(admission(local, given, "", family) for local, given, family in three))
    one, two, other = await ids(http, "L1", "L2", "L3")
    await applied(http, merge(three[0], "L2", 10), merge(three[2], "L2", 11))
    asked = await queue(engine, http)
    for decided in (one, other):
        await call(http, "unlink", two, decided)
        assert await queue(engine, http) == []
        await call(http, "identity-undo", two, decided)
        assert {frozenset(sides) for sides, _ in await queue(engine, http)} == {frozenset(sides) for sides, _ in asked}
    assert await persons(http, "L1", "L2", "L3") == {"L1": 1, "L2": 1, "L3": 1}


async def test_two_verified_numbers_are_two_people_and_nobodys_work(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1", more=HOME), admission("L2", number="9990000026", more=HOME))
    assert await queue(engine, http) == []


async def test_a_repeated_digit_number_neither_links_nor_speaks_for_a_pair(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1", number="9999999999"), admission("L2", "ZELDA", "9999999999", "QUARRINGTON", "19700101"))
    assert await queue(engine, http) == []


async def test_the_queue_shows_who_and_not_where(engine: Engine, http: httpx.AsyncClient) -> None:
    """No address, telephone or GP of anyone, and of a number its end: a person may be in hiding."""
    await applied(http, admission("L1", more=HOME), admission("L2", status="02", more=HOME))
    await engine.workshop.identity_queue.settled()
    (one,) = await ids(http, "L1")
    for answer in (await http.get("/fhir/Patient/$identity-queue"), await history(http, one)):
        assert "1941-03-17" in answer.text
        assert "ASHDOWN" in answer.text
        assert not any(said in answer.text.upper() for said in ("TOLPUDDLE", "QX9", "9990000018", "EASTMERE"))


async def test_of_somebody_who_hides_it_does_not_tell_whether_another_lives_there(engine: Engine, http: httpx.AsyncClient) -> None:
    """Nor how alike they are as a whole, nor which practice told of them."""
    restricted = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
    home = {
        "address": [{"line": ["7 Tolpuddle Row"], "postalCode": "QX9 7ZD"}],
        "telecom": [{"system": "phone", "value": "01632 960141"}],
    }
    body = {"resourceType": "Patient", "name": [{"family": "Ashdown", "given": ["Mary"]}], "birthDate": "1941-03-17", **home}
    for hides in ({}, {"meta": restricted}):
        assert (await http.post("/fhir/Patient", json={**body, **hides})).status_code == 201
    assert (await http.post("/fhir/Patient", json=body)).status_code == 201
    assert len(await queue(engine, http)) == 3
    whole = []
    for said in (await http.get("/fhir/Patient/$identity-queue")).json()["parameter"]:
        names = {part["name"] for part in said["part"]}
        compared = {each["name"] for part in said["part"] if part["name"] == "compared" for each in part["part"]}
        sources = [each for part in said["part"] if part["name"] == "record" for each in part["part"] if each["name"] == "source"]
        assert {"birth", "family"} <= compared
        assert ({"postcode", "address", "telecom"} <= compared) == ("score" in names) == ("weight" in names) == (len(sources) == 2)
        whole.append("score" in names)
        assert ("postcode" in compared) == ("score" in names)
    assert sorted(whole) == [False, False, True]
    (said,) = [
        each for each in (await http.get("/fhir/Patient/$identity-queue?count=1")).json()["parameter"] if each["name"] == "next"
    ]
    assert not any(name in said["valueString"] for name in ("|", "."))


async def test_pages_hold_each_pair_once_the_likeliest_first(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, *(admission(f"L{place}", number="", more=HOME if place % 2 else "") for place in range(5)))
    whole = await queue(engine, http)
    assert len(whole) == 10
    paged: list[tuple[set[str], str]] = []
    after = ""
    while True:
        answer = (
            await http.get("/fhir/Patient/$identity-queue", params={"count": 3, **({"after": after} if after else {})})
        ).json()
        paged += [read(each["part"]) for each in answer["parameter"] if each["name"] == "pair"]
        after = next((each["valueString"] for each in answer["parameter"] if each["name"] == "next"), "")
        if not after:
            break
    assert paged == whole
    assert (await http.get("/fhir/Patient/$identity-queue", params={"after": "x"})).status_code == 400


async def test_what_was_not_compared_before_a_stop_is_compared_after_the_next_start(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await engine.workshop.identity_queue.stop()
        await applied(http, admission("L1", number=""), admission("L2", number=""))
        assert await engine.workshop.store.query(Meta("identity-compared")) == []
    async with running(tmp_path / "data") as engine, client(engine) as http:
        assert len(await queue(engine, http)) == 1
        compared = engine.workshop.identity_queue.compared
        assert compared == 2
        assert await engine.workshop.store.query(Meta("identity-compared"))


async def test_whoever_waits_behind_one_who_was_written_again_is_compared_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        at, linking = engine.workshop.identity_queue, engine.workshop.applier._linking
        await at.stop()
        await applied(
            http, admission("L1", number=""), admission("L2", number=""), admission("M1", "GRETA", "", "STONE", "19550707")
        )
        last, *before = await ids(http, "M1", "L1", "L2")
        clock = at._clock

        class Later:
            def now(self) -> int:
                return clock.now() + 600 * 1_000_000

        monkeypatch.setattr(engine.workshop.applier, "_clock", Later())
        await applied(http, admission("M1", "GRETA", "", "STONE", "19550708", hour=10))
        linking.missed, linking.written = False, dict.fromkeys((last, *before))
        portion = at._portion
        done: list[Sequence[Stored]] = []

        async def killed(patients: Sequence[Stored]) -> Any:
            if done:
                raise asyncio.CancelledError
            done.append(patients)
            return await portion(patients)

        monkeypatch.setattr(identity_queue, "PORTION", 1)
        monkeypatch.setattr(at, "_portion", killed)
        with pytest.raises(asyncio.CancelledError):
            await at._catch_up()
    async with running(tmp_path / "data") as engine, client(engine) as http:
        assert len(await queue(engine, http)) == 1


async def test_a_long_comparison_goes_on_after_a_restart_from_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was compared before is not compared for it again; nobody is left out, not even who was written in between."""
    monkeypatch.setattr(identity_queue, "PORTION", 1)
    monkeypatch.setattr(identity_queue, "SAVED", 1)
    monkeypatch.setattr(identity_queue, "OVERLAP", 0)
    portion = IdentityQueue._portion
    first, second = list[str](), list[str]()

    class Later:
        def __init__(self, clock: Clock, minutes: int) -> None:
            self._clock, self._minutes = clock, minutes

        def now(self) -> int:
            return self._clock.now() + self._minutes * 60_000_000

    async def killed(self: IdentityQueue, patients: Sequence[Stored]) -> None:
        if first:
            raise asyncio.CancelledError
        first.extend(each.id for each in patients)
        await portion(self, patients)

    async def noted(self: IdentityQueue, patients: Sequence[Stored]) -> None:
        second.extend(each.id for each in patients)
        await portion(self, patients)

    async with running(tmp_path / "data") as engine, client(engine) as http:
        at, applier = engine.workshop.identity_queue, engine.workshop.applier
        await at.stop()
        await applied(http, *(admission(each, number="") for each in ("L1", "L2", "L3")))
        monkeypatch.setattr(IdentityQueue, "_portion", killed)
        monkeypatch.setattr(at, "_clock", Later(at._clock, 10))
        at._linking.missed = True
        with pytest.raises(asyncio.CancelledError):
            await at._catch_up()
        monkeypatch.setattr(applier, "_clock", Later(applier._clock, 20))
        await applied(http, admission("L4", number=""))
        everyone = await ids(http, "L1", "L2", "L3", "L4")
    monkeypatch.setattr(IdentityQueue, "_portion", noted)
    async with running(tmp_path / "data") as engine, client(engine) as http:
        assert len(await queue(engine, http)) == 6
        assert set(second) == set(everyone) - set(first)
        assert await engine.workshop.store.query(Meta("identity-comparing")) == [""]


async def test_who_is_linked_otherwise_while_a_comparison_goes_on_is_compared_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a round that a restart goes on with as in any: nothing was written of them, so that no later round would find them."""
    monkeypatch.setattr(identity_queue, "OVERLAP", 0)
    compared: list[list[str]] = []
    async with running(tmp_path / "data") as engine, client(engine) as http:
        at = engine.workshop.identity_queue
        await at.stop()
        await applied(http, *(admission(each, number="") for each in ("L1", "L2", "L3")))
        first, *rest = sorted(await ids(http, "L1", "L2", "L3"))
        later = at._clock.now() + 600_000_000
        await engine.workshop.store.commit(Change(meta=[(identity_queue.ROUND, f"0 {later} {first}")]))
        portion = at._portion

        async def linked(patients: Sequence[Stored]) -> None:
            if not compared:
                at._linking.heard((), (first,))
            compared.append([each.id for each in patients])
            await portion(patients)

        monkeypatch.setattr(at, "_portion", linked)
        at._linking.missed = True
        await at._catch_up()
    assert compared == [rest, [first]]


async def test_one_who_cannot_be_compared_keeps_nobody_else_from_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        at = engine.workshop.identity_queue
        compare = at._compare

        async def broken(stored: Stored, said: Known) -> dict[tuple[str, str], Pair]:
            if b"STONE" in stored.body:
                raise ValueError
            return await compare(stored, said)

        monkeypatch.setattr(at, "_compare", broken)
        await at.stop()
        await applied(
            http, admission("M1", "GRETA", "", "STONE", "19550707"), admission("L1", number=""), admission("L2", number="")
        )
        at.start()
        assert len(await queue(engine, http)) == 1


async def test_pairs_that_the_disk_did_not_take_are_put_on_the_queue_when_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        at = engine.workshop.identity_queue
        await at.stop()
        await applied(http, admission("L1", number=""), admission("L2", number=""))
        store = at._store

        class Full:
            def __getattr__(self, name: str) -> Any:
                return getattr(store, name)

            async def commit(self, change: Change) -> Any:
                raise Problem("journal-unavailable")

        with monkeypatch.context() as patched, pytest.raises(Problem):
            patched.setattr(at, "_store", Full())
            await at._catch_up()
        at.start()
        assert len(await queue(engine, http)) == 1


async def test_records_of_the_api_are_compared_too(engine: Engine, http: httpx.AsyncClient) -> None:
    body = {"resourceType": "Patient", "name": [{"family": "Ashdown", "given": ["Mary"]}], "birthDate": "1941-03-17"}
    made = (await http.post("/fhir/Patient", json=body)).json()["id"]
    await applied(http, admission("L1"))
    assert await queue(engine, http) == [({made, *await ids(http, "L1")}, "likeness")]


async def test_over_the_port_nobody_is_merged_and_all_that_should_be_are(engine: Engine, http: httpx.AsyncClient) -> None:
    """Two hospitals' records of 40 people, ten pairs of twins among them, each twin under the other's number once."""
    told, expected = [], {}
    for place in range(40):
        number, born = nhs_number(5_000 + place), f"19{40 + place // 2:02}0203"
        given = ("MARY", "ANNE")[place % 2]
        told += [admission(f"A{place}", given, number, born=born), admission(f"B{place}", given[0], number, born=born)]
        expected[f"A{place}"] = 2
    for place in range(10):
        number, born = nhs_number(5_000 + place * 2), f"19{40 + place:02}0203"
        told.append(admission(f"T{place}", "ANNE", number, born=born))
        expected[f"T{place}"] = 1
    await tell(engine, *told)
    await engine.workshop.dispatcher.idle.wait()
    groups = {local: len(parts(await history(http, id), "record")) for local in expected for id in await ids(http, local)}
    assert groups == expected
    pairs = await queue(engine, http, count=200)
    assert [why for _, why in pairs].count("conflict") >= 10


async def test_nobody_reads_or_decides_whose_work_it_is_not(
    engine: Engine, http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those who treat people see no queue; privacy officers and operators do."""
    from interop.policy.asker import Asker

    await applied(http, admission("L1"), admission("L2"))
    one, two = await ids(http, "L1", "L2")
    answers = {}
    for role in ("gp", "hospital-clinician", "patient", "analyst", "system", "privacy-officer", "operator"):
        asker = Asker(user=f"issuer|{role}", role=role, organisation="RX1", scopes=None)

        async def admit(request: Request, asker: Asker = asker) -> Asker:
            return asker

        monkeypatch.setattr("interop.api.door.OpenDoor.admit", lambda self, request, admit=admit: admit(request))
        statuses = [(await http.get("/fhir/Patient/$identity-queue")).status_code, (await history(http, one)).status_code]
        statuses += [(await call(http, name, one, two)).status_code for name in ("unlink", "identity-undo", "link")]
        statuses.append((await call(http, "split", one)).status_code)
        answers[role] = set(statuses)
    assert answers == {role: {200} if role in ("privacy-officer", "operator") else {403} for role in answers}


@pytest.mark.parametrize("later", range(4))
async def test_it_ends_in_the_very_turn_in_which_it_may_go_on(engine: Engine, later: int) -> None:
    """The engine stops as the last message is applied; who waited for that is told both at once."""
    await engine.workshop.identity_queue.settled()
    linking = engine.workshop.identity_queue._linking
    engine.workshop.dispatcher.idle.clear()
    linking.written["nobody"] = None
    linking.arrived.set()
    for _ in range(20):
        await asyncio.sleep(0)
    engine.workshop.dispatcher.idle.set()
    for _ in range(later):
        await asyncio.sleep(0)
    done, _ = await asyncio.wait((asyncio.ensure_future(engine.workshop.identity_queue.stop()),), timeout=20)
    assert done
