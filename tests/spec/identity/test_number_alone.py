"""Patients of whom a source knows the NHS number alone: each source has its own, and whether they are one person is asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio.to_thread
import httpx
import pytest

from interop.app.engine import Engine
from interop.cli.explain import explain
from interop.ports import Feed
from tests.spec.engine.running import client, found, ingest, settings

pytestmark = pytest.mark.anyio
NUMBER = "9990000018"
FEEDS = {
    "ward": Feed("ward", "hl7v2", test_numbers=True, organisation="RXX"),
    "clinic": Feed("clinic", "hl7v2", test_numbers=True, organisation="RXX"),
    "other": Feed("other", "hl7v2", test_numbers=True, organisation="RZZ"),
    "anyone": Feed("anyone", "hl7v2", test_numbers=True),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def engine_of(data: Path) -> AsyncIterator[httpx.AsyncClient]:
    engine = await Engine.start(settings(data), declared=FEEDS)
    try:
        async with client(engine) as http:
            yield http
    finally:
        await engine.stop()


def admission(
    visit: str, given: str = "MARY", family: str = "ASHDOWN", born: str = "19410317", status: str = "01", sender: str = ""
) -> bytes:
    """An A01 that names nobody but by NHS number; ``status`` of the number as ITK HL7 v2 has it in PID-32."""
    pid = f"PID|1||{NUMBER}^^^NHS^NH||{family}^{given}||{born}|2" + "|" * 24 + (f"NSTS{status}" if status else "")
    return "\r".join([
        f"MSH|^~\\&|PAS|{sender}|ROUTE|ROUTE|20260105100000||ADT^A01|C{visit}|P|2.4|||||GBR|UNICODE UTF-8|EN||iTKv1.0",
        "EVN||20260105100000||||20260105100000", pid, f"AL1|1|DA|PEN{visit}^Penicillin|SV",
        f"PV1||I|WARD7^BAY2^4^RX1{'|' * 16}{visit}",
    ]).encode()  # fmt: skip


async def applied(http: httpx.AsyncClient, body: bytes, feed: str) -> None:
    answer = await ingest(http, body, feed)
    assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.text


async def patients(http: httpx.AsyncClient) -> list[dict[str, Any]]:
    return await found(http, f"Patient?identifier=https://fhir.nhs.uk/Id/nhs-number|{NUMBER}&_sort=_lastUpdated")


async def allergies(http: httpx.AsyncClient) -> list[int]:
    """How many allergies each Patient of the number is answered with."""
    return [len(await found(http, f"AllergyIntolerance?patient={one['id']}")) for one in await patients(http)]


@pytest.mark.parametrize("status", ["01", ""], ids=["verified", "unstated"])
@pytest.mark.parametrize("sent", ["feeds", "senders"])
async def test_a_number_that_was_given_to_somebody_else_brings_nobody_together(status: str, sent: str, tmp_path: Path) -> None:
    """Neither by feeds of two organisations nor by two senders of one feed: names and facts of each stay their own."""
    one, two = (("ward", ""), ("other", "")) if sent == "feeds" else (("anyone", "RXX"), ("anyone", "RZZ"))
    async with engine_of(tmp_path / "data") as http:
        await applied(http, admission("V1", sender=one[1], status=status), one[0])
        await applied(http, admission("V2", "ROBERT", "OTHER", "19900101", status, two[1]), two[0])
        assert [each["name"][0]["family"] for each in await patients(http)] == ["ASHDOWN", "OTHER"]
        assert await allergies(http) == [1, 1]


async def test_one_person_of_two_sources_is_linked_by_what_agrees(tmp_path: Path) -> None:
    async with engine_of(tmp_path / "data") as http:
        await applied(http, admission("V1"), "ward")
        await applied(http, admission("V2"), "other")
        assert await allergies(http) == [2, 2]


async def test_the_feeds_of_one_organisation_speak_of_one_patient(tmp_path: Path) -> None:
    async with engine_of(tmp_path / "data") as http:
        await applied(http, admission("V1"), "ward")
        await applied(http, admission("V2"), "clinic")
        assert await allergies(http) == [2]


async def test_what_a_source_says_of_its_own_patient_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with engine_of(tmp_path / "data") as http:
        await applied(http, admission("V1"), "ward")
        await applied(http, admission("V2"), "other")
        (one, _) = await patients(http)
    capsys.readouterr()
    assert await anyio.to_thread.run_sync(lambda: explain(f"Patient/{one['id']}", tmp_path / "data", as_json=True)) == 0
    said = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ("birthDate", "PID-7", "ward") in {(each["element"], each["source"], each["feed"]) for each in said}
