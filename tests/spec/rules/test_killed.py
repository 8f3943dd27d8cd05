"""An engine that is killed while it acts, and several that share a database: one Task all the same."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from interop.clock import ManualClock
from tests.spec.durability.process import Served
from tests.spec.engine.messages import adt
from tests.spec.engine.running import found
from tests.spec.rules.acting import RULE, START, acting, team

pytestmark = [pytest.mark.anyio, pytest.mark.long]


async def known(http: httpx.AsyncClient) -> None:
    answer = await http.post("/ingest/hl7v2?wait=applied", content=adt("A28", "K1", at="20251201100000"))
    assert answer.is_success, answer.text
    (patient,) = await found(http, "Patient?identifier=L1001")
    answer = await http.put("/fhir/CareTeam/t1", json=team("t1", patient["id"]))
    assert answer.is_success, answer.text


async def admitted(http: httpx.AsyncClient, visit: str) -> None:
    now = f"{datetime.now(UTC):%Y%m%d%H%M%S}"
    answer = await http.post("/ingest/hl7v2?wait=applied", content=adt("A01", visit, visit=visit, at=now))
    assert answer.is_success, answer.text


async def tasks(http: httpx.AsyncClient) -> list[str]:
    return [each["focus"]["reference"] for each in await found(http, f"Task?_tag={RULE}|did-it&_count=100")]


def own(directory: Path) -> tuple[str, ...]:
    """A rule that acts about each stay."""
    site = directory / "site"
    site.mkdir()
    head = "id,event,condition,action,to,within,once,says,why\n"
    (site / "rules.csv").write_text(head + "did-it,admitted,,task tell-ward,care-team,1d,event,See to it,It is tried\n")
    return ("--rules", str(site))


async def until(http: httpx.AsyncClient, count: int) -> list[str]:
    async with asyncio.timeout(60):
        while len(there := await tasks(http)) < count:
            await asyncio.sleep(0.05)
    return there


async def test_whatever_is_killed_there_is_one_task(tmp_path: Path) -> None:
    data, options = tmp_path / "data", own(tmp_path)
    clock = ManualClock(START)
    async with acting(data, clock, rules=Path(options[1])) as here:
        await known(here.http)
    for number in (1, 2):  # at once after the answer, and somewhat later
        async with Served(data, *options) as engine, engine.client() as http:
            await admitted(http, f"V{number}")
            for _ in range((number - 1) * 5):
                await http.get("/health/live")
            engine.kill()
    async with acting(data, clock, rules=Path(options[1])) as here:
        await until(here.http, 2)
        await here.quiet()
        there = await tasks(here.http)
    assert len(there) == len(set(there)) == 2


async def test_of_two_processes_one_acts_and_the_other_goes_on_when_it_ends(tmp_path: Path, database: str) -> None:
    async with acting(tmp_path / "data", name="two", database=database) as second:
        async with acting(tmp_path / "data", name="one", database=database) as first:
            await first.tell(adt("A28", "K1", at="20251201100000"))
            await first.put(team("t1", await first.patient()))
            await first.tell(adt("A01", "C1"))
            assert len(await second.made("admitted-team")) == 1
        await second.tell(adt("A11", "C2", at="20260105110000"))
        (task,) = await second.made("admitted-team")
    assert task["status"] == "cancelled"


async def test_what_another_process_has_just_agreed_or_withdrawn_counts(tmp_path: Path, database: str) -> None:
    async with (
        acting(tmp_path / "data", name="two", database=database) as second,
        acting(tmp_path / "data", name="one", database=database) as first,
    ):
        heard = second.engine.outgoing.acting
        assert heard is not None
        assert heard.recipients.fresh is not None
        contract = {"resourceType": "Organization", "id": "own"}
        code = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RYY01"}
        await first.put({**contract, "identifier": [code], "name": "Community trust"})
        await heard.recipients.fresh()
        assert second.engine.workshop.governance.code("own") == "RYY01"
