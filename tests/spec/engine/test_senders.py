"""Many senders at once, over MLLP and HTTP: what each says of a patient comes in the order in which it was said."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import NamedTuple

import httpx
import orjson
import pytest

from interop.store.decision import PERMIT_ALL
from interop.store.plan import History
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found, ingest, journal, running, sender

pytestmark = pytest.mark.anyio
SENDERS = 64
EACH = 3
ORDER = [f"N{number}" for number in range(1, EACH + 1)]


class Ports(NamedTuple):
    """Where messages are taken in."""

    mllp: int
    http: httpx.AsyncClient


def said(who: int, number: int) -> bytes:
    """The message of that number about a patient: the name tells the number."""
    event = "A01" if number == 1 else "A08"
    at = f"20260105{number:02}0000"
    return adt(event, f"C{who}-{number}", local=f"L{who}", visit=f"V{who}", family=f"N{number}", at=at)


async def over_mllp(ports: Ports, who: int) -> None:
    async with sender(ports.mllp) as line:
        for number in range(1, EACH + 1):
            answer = await line.ask(said(who, number))
            assert answer is not None
            assert answer.code == "AA"


async def over_http(ports: Ports, who: int) -> None:
    for number in range(1, EACH + 1):
        answer = await ports.http.post("/ingest/hl7v2", content=said(who, number))
        assert answer.status_code == 202


async def by_both(ports: Ports, who: int) -> None:
    """Message by message in turn over the one and the other."""
    async with sender(ports.mllp) as line:
        for number in range(1, EACH + 1):
            if number % 2:
                answer = await line.ask(said(who, number))
                assert answer is not None
                assert answer.code == "AA"
            else:
                assert (await ports.http.post("/ingest/hl7v2", content=said(who, number))).status_code == 202


def inverted(names: list[str]) -> bool:
    """Whether a later message stands before an earlier one, or one is missing."""
    return names != ORDER


async def test_of_64_senders_at_once_nothing_is_inverted(tmp_path: Path) -> None:
    """A version for each message, in the order of sending; each message once."""
    await in_order(tmp_path)


@pytest.mark.long
async def test_nor_on_postgresql(database: str, tmp_path: Path) -> None:
    await in_order(tmp_path, database=database)


async def in_order(tmp_path: Path, **place: str) -> None:
    ways = (over_mllp, over_http, by_both, over_mllp)
    async with running(tmp_path / "data", mllp_feed="hl7v2", **place) as engine, client(engine) as http:
        ports = Ports(engine.mllp, http)
        await asyncio.gather(*(ways[who % 4](ports, who) for who in range(SENDERS)))
        await ingest(http, adt("A08", "LAST", local="LAST"))
        entries = await journal(engine)
        assert len(entries) == SENDERS * EACH + 1
        assert {entry.state for entry in entries} == {"applied"}
        for who in range(SENDERS):
            (patient,) = await found(http, f"Patient?identifier=L{who}")
            versions = await engine.workshop.store.query(History(PERMIT_ALL, "Patient", patient["id"]))
            names = [orjson.loads(version.body)["name"][0]["family"] for version in versions][::-1]
            assert not inverted(names), (who, names)


def test_the_check_finds_an_inversion_and_a_loss() -> None:
    assert inverted([*ORDER[:-2], ORDER[-1], ORDER[-2]])
    assert inverted(ORDER[:-1])
    assert not inverted(ORDER)


@pytest.mark.long
async def test_a_merge_waits_for_what_was_said_of_either_of_the_two(tmp_path: Path) -> None:
    """Once it is answered as applied, all that had been acknowledged of both is in the record, whoever sent it by whatever way."""
    pairs = [(2 * pair, 2 * pair + 1) for pair in range(SENDERS // 2)]
    async with running(tmp_path / "data", mllp_feed="hl7v2") as engine, client(engine) as http:
        ports = Ports(engine.mllp, http)

        async def merged(one: int, other: int) -> None:
            await asyncio.gather(over_mllp(ports, one), over_http(ports, other))
            merge = adt("A40", f"M{one}", local=f"L{one}", merged=f"L{other}", family=ORDER[-1], at="20260106000000")
            assert (await ingest(http, merge)).status_code == 200
            (kept,) = await found(http, f"Patient?identifier=L{one}")
            (retired,) = await found(http, f"Patient?identifier=L{other}")
            assert kept["name"][0]["family"] == retired["name"][0]["family"] == ORDER[-1]
            assert [link["other"]["reference"] for link in retired["link"]] == [f"Patient/{kept['id']}"]
            visits = await found(http, f"Encounter?patient={kept['id']}")
            assert len(visits) == 2

        await asyncio.gather(*(merged(*pair) for pair in pairs))
