"""A backlog at its limit (``backlog``): whoever sends is told to come again, in the words of its protocol, and readers go on.
Watched folders wait (``tests/spec/operations/test_folders_going_on.py``).

How much memory a backlog of 1,000,000 takes, and how fast it is worked off, ``conformance bench backlog --full`` measures.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import orjson
import pytest
from lxml import etree

from conformance.bench import backlog
from conformance.bench.data import write
from interop.app.engine import Engine
from tests.spec.api.reports import posted
from tests.spec.api.test_bars import IDS, TARGET
from tests.spec.engine.messages import adt
from tests.spec.engine.running import Mllp, client, journal, running, sender
from tests.spec.families.maps import example

pytestmark = pytest.mark.anyio
LIMIT = 8
FEEDS = """feed,adapter,ack,test_numbers,description,folder
hl7v2,hl7v2,journalled,yes,,
nhs111,nhs111,journalled,yes,,
bars,bars,journalled,yes,,
"""


def enhanced(control: str) -> bytes:
    """MSH-15 AL and MSH-16 NE: a commit acknowledgement is asked for (HL7 v2.4, 2.9.3)."""
    return adt(control=control).replace(b"|2.4|||||", b"|2.4|||AL|NE|")


async def full(engine: Engine) -> None:
    async with sender(engine.mllp) as line:
        for number in range(LIMIT):
            said = await line.ask(adt(control=f"C{number}", local=f"L{number}"))
            assert said is not None
            assert said.code == "AA"


async def refused_everywhere(line: Mllp, http: httpx.AsyncClient) -> None:
    for body, code in ((adt(control="ORIGINAL"), "AR"), (enhanced("ENHANCED"), "CE")):
        said = await line.ask(body)
        assert said is not None
        assert said.code == code
        assert "as much waiting as it may hold" in said.text
    told = {"/ingest/hl7v2": (adt(control="HTTP"), {}), "/itk": (posted(), {"content-type": "text/xml; charset=utf-8"})}
    bars = {**IDS, "nhsd-target-identifier": TARGET, "content-type": "application/fhir+json"}
    told["/bars/$process-message"] = (example("bars", "update.json"), bars)
    answers = {path: await http.post(path, content=body, headers=headers) for path, (body, headers) in told.items()}
    assert [answer.status_code for answer in answers.values()] == [503, 500, 503]  # a SOAP fault is a 500 (SOAP 1.1, 6.2)
    assert all(int(answer.headers["retry-after"]) > 0 for answer in answers.values())
    assert coded(answers["/ingest/hl7v2"]) == "busy"
    assert [code.text for code in etree.fromstring(answers["/itk"].content).iter("{urn:nhs-itk:ns:201005}ErrorCode")] == ["2100"]
    assert coded(answers["/bars/$process-message"]) == "REC_SERVICE_UNAVAILABLE"


def coded(answer: httpx.Response) -> str:
    code: str = orjson.loads(answer.content)["issue"][0]["details"]["coding"][0]["code"]
    return code


@pytest.mark.long
async def test_at_the_limit_every_protocol_says_so_and_when_it_is_worked_off_takes_again(tmp_path: Path) -> None:
    (tmp_path / "feeds.csv").write_text(FEEDS, encoding="utf-8")
    async with running(tmp_path / "data", feeds=tmp_path / "feeds.csv", hold=True, backlog=LIMIT) as engine:
        await full(engine)
        async with sender(engine.mllp) as line, client(engine) as http:
            await refused_everywhere(line, http)
            assert len(await journal(engine)) == LIMIT, "what is refused for the time being is not kept"
            assert (await http.get("/fhir/Patient?_summary=count")).status_code == 200
            assert (await http.get("/health/ready")).status_code == 200
            assert f"interop_unfinished_messages {LIMIT}" in (await http.get("/metrics")).text
            await engine.workshop.dispatcher.start()
            while engine.workshop.unfinished:
                await asyncio.sleep(0)
            for body, code in ((adt(control="ORIGINAL"), "AA"), (enhanced("ENHANCED"), "CA")):
                said = await line.ask(body)
                assert said is not None
                assert said.code == code
            assert (await http.post("/ingest/hl7v2", content=adt(control="HTTP"))).status_code == 202


@pytest.mark.long
def test_a_backlog_is_taken_and_worked_off_in_flat_memory(tmp_path: Path) -> None:
    """20,000 messages; memory within a tenth of its median once a tenth of them is in."""
    data = write(tmp_path / "messages.mllp", 1, 20_000)
    figures = backlog.measure(data, 1, tmp_path)
    assert backlog.flat(figures), figures[-1].notes
    assert figures[1].notes["applied"] == "20,000 of 20,000"
