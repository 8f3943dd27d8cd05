"""A record from which messages were taken down is the record that there would be had they never come."""

from __future__ import annotations

from datetime import date
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from random import Random
from typing import Any

import pytest

from conformance.examples.day import day
from interop.mapping.library import adapters
from interop.mapping.reading import families
from tests.spec.engine.running import client, ingest, running
from tests.spec.engine.taking import persons, present, taken
from tests.spec.engine.test_takedown import VISIT, message
from tests.spec.families.maps import example

pytestmark = pytest.mark.anyio
KEY = bytes(range(32))
Sent = tuple[str, bytes]


def bodies(family: str) -> list[bytes]:
    """The messages of a family's worked examples."""
    folder = files("mappings").joinpath(family, "examples")
    names = sorted(each.name for each in folder.iterdir() if not each.name.endswith(".csv"))
    found = [body for name in names for body in adapters()[family].split(BytesIO(example(family, name)))]
    return list({adapters()[family].envelope(body).duplicate or str(place): body for place, body in enumerate(found)}.values())


async def record(data: Path, sent: list[Sent], down: set[int], **more: Any) -> tuple[dict[str, Any], set[frozenset[str]]]:
    """What is in the record once these (feed and body) have been sent and some of them taken down."""
    data.mkdir(mode=0o700)
    (data / "id.key").write_bytes(KEY)
    async with running(data, **more) as engine, client(engine) as http:
        numbers = {}
        for place, (feed, body) in enumerate(sent):
            answer = await ingest(http, body, feed)
            numbers[place] = answer.json()["message"]
        for place in sorted(down, reverse=len(down) % 2 == 0):
            await taken(http, numbers[place])
        return await present(engine), await persons(engine)


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (one.get(name), other.get(name)) for name in {*one, *other} if one.get(name) != other.get(name)}


async def alike(tmp_path: Path, sent: list[Sent], down: set[int], **more: Any) -> None:
    """Hold the two records against each other."""
    files = {name: value for name, value in more.items() if name != "database"}
    was, were = await record(tmp_path / "down", sent, down, **more)
    never, nobody = await record(tmp_path / "never", [one for place, one in enumerate(sent) if place not in down], set(), **files)
    assert differences(was, never) == {}
    assert were == nobody
    assert never or len(down) == len(sent)


@pytest.mark.long
@pytest.mark.parametrize("family", sorted(families()))
async def test_of_each_family(family: str, tmp_path: Path) -> None:
    """All examples in any order, some of them taken down one after another."""
    random = Random(f"takedown {family}")
    sent = [(family, body) for body in bodies(family)]
    random.shuffle(sent)
    sent = sent[:60]
    await alike(tmp_path, sent, set(random.sample(range(len(sent)), max(1, len(sent) // 4))))


@pytest.mark.long
async def test_of_a_day_of_several_feeds_that_tell_of_the_same_people(place: dict[str, str], tmp_path: Path) -> None:
    random = Random(f"takedown {len(place)}")
    sent = [(one.adapter, one.body) for one in day(date(2026, 1, 5))]
    random.shuffle(sent)
    sent = sent[:240]
    await alike(tmp_path, sent, set(random.sample(range(len(sent)), 24)), **place)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
async def test_of_a_feed_that_sends_all_that_it_holds_in_any_order(seed: int, tmp_path: Path) -> None:
    """What a snapshot left out or kept from being taken in is there again, whichever of them is taken down."""
    random = Random(f"takedown {seed}")
    feeds = tmp_path / "feeds.csv"
    feeds.write_text("feed,adapter,ack,test_numbers,description,snapshots\npas,hl7v2,applied,yes,x,allergies\n")
    sent = []
    for on in random.sample(range(1, 29), 12):
        codes = random.sample("ABCD", random.randrange(5))
        allergies = [f"AL1|{place}|DA|{code}^{code}{on}" for place, code in enumerate(codes, 1)]
        sent.append(("pas", message(on, VISIT, *allergies, patient=random.choice(("P1", "P2")), name=f"N{on % 5}^X")))
    await alike(tmp_path, sent, set(random.sample(range(12), 5)), feeds=feeds, mllp_feed="pas")
