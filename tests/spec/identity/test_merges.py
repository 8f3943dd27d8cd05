"""Merges of sources (A40) over a running engine: in whatever order, by whichever feed, told again, taken down, made again."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import httpx
import pytest

from interop.app.copying import copy_journal
from interop.app.engine import Engine
from interop.store.plan import Pairs
from tests.spec.engine.running import client, running
from tests.spec.engine.taking import sent, taken
from tests.spec.engine.test_replay import replayed
from tests.spec.identity.test_decisions import admission, applied, call, ids, persons
from tests.spec.identity.test_queue import merge, queue

pytestmark = pytest.mark.anyio
WHO = {
    "L1": ("L1", "MARY", "ASHDOWN"),
    "L2": ("L2", "JOAN", "BROOK"),
    "L3": ("L3", "ZELDA", "QUARRINGTON"),
    "L4": ("L4", "OLIVE", "KETTLEWELL"),
}
FEEDS = "feed,adapter,ack,test_numbers,description,organisation\nhl7v2,hl7v2,applied,yes,x,RX1\ntwo,hl7v2,applied,yes,x,RX1\n"


def known(*locals: str) -> list[bytes]:
    """An admission of each: nobody is like anybody else."""
    return [admission(local, given, "", family) for local, given, family in (WHO[each] for each in locals)]


async def ties(engine: Engine, http: httpx.AsyncClient) -> dict[tuple[str, str], str]:
    """What is kept of each pair."""
    patients = await ids(http, *WHO)
    return {(each.a, each.b): each.tie or "" for each in await engine.workshop.store.query(Pairs(tuple(patients))) if each.tie}


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_chain_is_one_person_and_ends_where_people_part_it(
    order: tuple[int, ...], engine: Engine, http: httpx.AsyncClient
) -> None:
    """L4 into L3, L3 into L2, L2 into L1."""
    chain = [merge(WHO["L3"], "L4", 10), merge(WHO["L2"], "L3", 11), merge(WHO["L1"], "L2", 12)]
    await applied(http, *known("L1", "L2", "L3", "L4"), *(chain[place] for place in order))
    assert await persons(http, *WHO) == dict.fromkeys(WHO, 4)
    two, three = await ids(http, "L2", "L3")
    await call(http, "unlink", two, three)
    assert await persons(http, *WHO) == dict.fromkeys(WHO, 2)
    assert await queue(engine, http) == []


async def test_each_merged_into_the_other_are_one_person(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, *known("L1", "L2"), merge(WHO["L1"], "L2", 10), merge(WHO["L2"], "L1", 11))
    assert await persons(http, "L1", "L2") == {"L1": 2, "L2": 2}
    assert list((await ties(engine, http)).values()) == ["merge:ab"]


async def test_who_is_merged_into_himself_stays_as_he_is(engine: Engine, http: httpx.AsyncClient) -> None:
    await applied(http, *known("L1", "L2"), merge(WHO["L1"], "L1", 10))
    assert await persons(http, "L1", "L2") == {"L1": 1, "L2": 1}
    assert await ties(engine, http) == {}
    (one,) = await ids(http, "L1")
    assert "link" not in (await http.get(f"/fhir/Patient/{one}")).json()


async def test_who_comes_after_two_merges_that_contradict_each_other_is_asked_about(
    engine: Engine, http: httpx.AsyncClient
) -> None:
    """The survivors never meet through whom nobody knows."""
    await applied(http, *known("L1", "L3"), merge(WHO["L1"], "L2", 10), merge(WHO["L3"], "L2", 11))
    assert await persons(http, "L1", "L3") == {"L1": 1, "L3": 1}
    await applied(http, *known("L2"))
    assert [why for _, why in await queue(engine, http)] == ["merged", "merged"]
    assert await persons(http, "L1", "L2", "L3") == {"L1": 1, "L2": 1, "L3": 1}


@pytest.mark.parametrize("down", [0, 1])
async def test_what_two_feeds_agree_on_stands_when_one_takes_it_back(down: int, tmp_path: Path) -> None:
    (tmp_path / "feeds.csv").write_text(FEEDS)
    async with running(tmp_path / "data", feeds=tmp_path / "feeds.csv") as engine, client(engine) as http:
        await applied(http, *known("L1", "L2"))
        numbers = [await sent(http, merge(WHO["L1"], "L2", 10 + at), feed) for at, feed in enumerate(("hl7v2", "two"))]
        await taken(http, numbers[down])
        assert await persons(http, "L1", "L2") == {"L1": 2, "L2": 2}
        await taken(http, numbers[1 - down])
        assert await persons(http, "L1", "L2") == {"L1": 1, "L2": 1}
        assert await queue(engine, http) == []


@pytest.mark.parametrize("first", [0, 1])
async def test_two_feeds_that_contradict_each_other_are_asked_about_until_one_is_taken_back(first: int, tmp_path: Path) -> None:
    (tmp_path / "feeds.csv").write_text(FEEDS)
    async with running(tmp_path / "data", feeds=tmp_path / "feeds.csv") as engine, client(engine) as http:
        await applied(http, *known("L1", "L2", "L3"))
        told = [("hl7v2", merge(WHO["L1"], "L2", 10)), ("two", merge(WHO["L3"], "L2", 11))]
        numbers = {feed: await sent(http, body, feed) for feed, body in (told[first], told[1 - first])}
        assert await persons(http, "L1", "L2", "L3") == {"L1": 1, "L2": 1, "L3": 1}
        assert [why for _, why in await queue(engine, http)] == ["merged", "merged"]
        await taken(http, numbers["two"])
        assert await persons(http, "L1", "L2", "L3") == {"L1": 2, "L2": 2, "L3": 1}
        assert await queue(engine, http) == []


async def test_a_replay_and_a_rebuild_find_the_same(tmp_path: Path) -> None:
    """Of merges that contradict each other, a chain that is told again, a decision and a takedown."""
    data, again = tmp_path / "data", tmp_path / "again"
    async with running(data) as engine, client(engine) as http:
        await applied(http, *known("L1", "L2", "L3", "L4"))
        await applied(http, merge(WHO["L1"], "L2", 10), merge(WHO["L3"], "L2", 11), merge(WHO["L1"], "L3", 12))
        wrong = await sent(http, merge(WHO["L4"], "L3", 13))
        assert await persons(http, *WHO) == {"L1": 1, "L2": 1, "L3": 1, "L4": 1}
        await taken(http, wrong)
        assert await persons(http, *WHO) == {"L1": 3, "L2": 3, "L3": 3, "L4": 1}
        two, three = await ids(http, "L2", "L3")
        await call(http, "unlink", two, three)
        was = await ties(engine, http), await persons(http, *WHO), await queue(engine, http)
        assert (await replayed(http)).differences == {}
        assert (await ties(engine, http), await persons(http, *WHO), await queue(engine, http)) == was
    again.mkdir()
    (again / "id.key").write_bytes((data / "id.key").read_bytes())
    await copy_journal((data, None), (again, None))
    async with running(again) as rebuilt, client(rebuilt) as http:
        while rebuilt.workshop.unfinished:
            await rebuilt.workshop.dispatcher.idle.wait()
        assert (await ties(rebuilt, http), await persons(http, *WHO), await queue(rebuilt, http)) == was
