"""Whatever bytes come, each message is answered and kept, and the engine lives on: seeded mutations of valid messages."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from random import Random

import httpx
import pytest

from conformance.examples.day import day
from interop.mapping.library import adapters
from interop.store.plan import Message
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, found, ingest, journal, running, sender

pytestmark = pytest.mark.anyio
BASE = date(2026, 1, 5)
SPLICES = (
    b"", b"|", b"^", b"~", b"&", b"\\", b"\\X00\\", b"\\XD800\\", b'""', b"\r", b"\n", b"\0", b"\xff", b"\xc3", b"\xed\xa0\x80",
    b"<", b">", b"&#0;", b"&amp;", b"&a;", b"<!--", b"<![CDATA[", b"{", b"}", b'"', b"\\ud800", b"1e999", b"9" * 400, b"-1",
    b"null", b"20269999", b"0000", b"99991231235959.9999+1400", b"A" * 5000, "\u202e\ufffe\U0001f9d3".encode(), b"MSH|^~\\&|", b" ",
)  # fmt: skip
VALUE = re.compile(rb'(?<=")[^"<>]*(?=")|(?<=>)[^<>]+(?=<)|(?<=[|^~&])[^|^~&\r]*(?=[|^~&\r])')
"""A value of any of the formats; most mutations exchange one, so that the message can still be read."""


def mutations(seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """Family and bytes of ``count`` messages, each of some valid one with a few things done to it."""
    random = Random(seed)
    good = [(message.adapter, message.body) for message in day(BASE)]
    families = sorted({family for family, _ in good})
    by_family = {family: [body for one, body in good if one == family] for family in families}
    for _ in range(count):
        family = random.choice(families)
        body = bytearray(random.choice(by_family[family]))
        for _ in range(random.choice((1, 1, 1, 2, 3, 8))):
            _mutate(random, body)
        yield family, bytes(body)


def _mutate(random: Random, body: bytearray) -> None:
    at = random.randrange(len(body) + 1)
    match random.randrange(20):
        case 0:
            body[at : at + 1] = bytes([random.randrange(256)])
        case 1:
            del body[at : at + random.choice((1, 2, 10, 100))]
        case 2:
            body[at:at] = random.choice(SPLICES)
        case 3:
            body[at : at + random.randrange(20)] = random.choice(SPLICES)
        case 4:
            other = random.randrange(len(body) + 1)
            body[at:at] = body[other : other + random.choice((5, 50, 500))]
        case 5:
            del body[at:]
        case _:
            values = list(VALUE.finditer(body))
            if values:
                value, foreign = random.choice(values), random.choice(values)
                body[value.start() : value.end()] = random.choice((random.choice(SPLICES), foreign[0], value[0] + foreign[0]))


async def over_mllp(port: int, bodies: list[bytes]) -> list[str]:
    """MSA-1 of each answer; at least one for each message (two where a mutation asks for the enhanced mode)."""
    codes: list[str] = []
    async with sender(port) as line:
        for start in range(0, len(bodies), 100):
            for body in bodies[start : start + 100]:
                line.send(body)
            line.send(adt(control=f"MARK{start}", local="MARK", visit="VMARK"))
            said = await line.answer()
            while said is None or said.control != f"MARK{start}":
                assert said is not None, "the connection was closed"
                codes.append(said.code)
                said = await line.answer()
    assert len(codes) >= len(bodies)
    return codes


async def over_http(http: httpx.AsyncClient, bodies: list[tuple[str, bytes]]) -> list[httpx.Response]:
    """The answer to each, eight at a time."""
    turn = asyncio.Semaphore(8)

    async def post(family: str, body: bytes) -> httpx.Response:
        async with turn:
            return await http.post(f"/ingest/{family}", content=body)

    return await asyncio.gather(*(post(family, body) for family, body in bodies))


async def judge(data: Path, seed: int, count: int) -> None:
    """Send mutations to an engine with a mapper; each is answered, kept byte for byte and has an outcome that says what to do."""
    print(f"mutations: seed {seed}, {count} messages")
    made = list(mutations(seed, count))
    # MLLP gives block characters a meaning of their own, and an acknowledgement is not acknowledged.
    blocks = [body.translate(None, b"\x0b\x1c") for family, body in made if family == "hl7v2"]
    blocks = [body for body in blocks if b"|ACK" not in body]
    async with running(data, mappers=1) as engine, client(engine) as http:
        codes, answers = await asyncio.gather(
            over_mllp(engine.mllp, blocks), over_http(http, [one for one in made if one[0] != "hl7v2"])
        )
        assert {"AA", "AE", "AR"} <= set(codes) <= {"AA", "AE", "AR", "CA", "CE", "CR"}
        assert {answer.status_code for answer in answers} <= {202, 400, 409, 413, 415, 422}
        assert (await ingest(http, adt(control="GOOD", local="GOOD"))).json()["state"] == "applied"
        assert len(await found(http, "Patient?identifier=GOOD")) == 1
        entries = await journal(engine)
        outcomes = Counter((entry.state, entry.reason) for entry in entries)
        print(outcomes)
        assert not [state for state, _ in outcomes if state not in ("applied", "refused")], outcomes
        assert not [reason for _, reason in outcomes if reason in ("fault", "mapping-fault", "mapper-died")]
        assert engine.workshop.mappers.deaths == 0
        kept: set[bytes] = set()
        for entry in entries:
            (whole,) = await engine.workshop.store.query(Message(entry.message))
            kept.add(whole.body)
        # What is not kept byte for byte repeats what is: the same but for layout or sending time.
        digests = {entry.digest for entry in entries}
        sent = [("hl7v2", body) for body in blocks] + [one for one in made if one[0] != "hl7v2"]
        for family, body in sent:
            assert body in kept or adapters()[family].envelope(body).digest in digests


@pytest.mark.long
async def test_a_thousand_mutations(tmp_path: Path) -> None:
    await judge(tmp_path / "data", 20_260_105, 1_000)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 11))
async def test_many_more_mutations(tmp_path: Path, seed: int) -> None:
    await judge(tmp_path / "data", seed, 3_000)
