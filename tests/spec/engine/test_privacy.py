"""What is said of messages outside the record and the journal's bytes names nobody: logs, metrics, answers, listings."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from conformance.examples.bad import BAD
from conformance.examples.day import day, people
from tests.spec.durability.process import CODE, Served
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import sender
from tests.spec.engine.test_mutations import BASE, mutations

pytestmark = pytest.mark.anyio


def said_of_people() -> set[str]:
    """Names, numbers, postcodes, telephone numbers and streets that the messages hold."""
    told = {"QUARRINGTON", "Tolpuddle", "QX9 7ZD", "01632960141", ZELDA, "19480312"}
    told |= {"NORTHOVER", "9997231740", "9997231741", "QX3 4SJ"}
    for person in people(BASE):
        told |= {person.family, person.nhs_number, person.hospital_number, person.phone}
        told |= {person.address.postcode, person.address.street}
    return {one.casefold() for one in told if one}


@pytest.mark.long
async def test_nothing_of_a_person_is_in_logs_metrics_answers_or_listings(tmp_path: Path) -> None:
    data = tmp_path / "data"
    outside: list[bytes] = []
    good = [(message.adapter, message.body) for message in day(BASE)][:150]
    async with Served(data) as served, served.client() as http:
        async with sender(served.mllp) as line:
            for body in [bad.body for bad in BAD if bad.file_name.endswith(".hl7")] + [adt(nhs=ZELDA), adt("A40", "C2")]:
                line.send(body)
                outside.append(await asyncio.wait_for(line.reader.readuntil(b"\x1c\r"), 30))
        for family, body in [*good, *mutations(5, 150), *((bad.adapter, bad.body) for bad in BAD)]:
            answer = await http.post(f"/ingest/{family}", content=body)
            outside += [answer.content, repr(answer.headers).encode()]
        for pid in served.mappers():
            os.kill(pid, signal.SIGKILL)
        answer = await http.post("/ingest/hl7v2?wait=applied", content=adt(control="LAST"))
        assert answer.json()["state"] == "applied"
        outside += [(await http.get(path)).content for path in ("/metrics", "/messages/1", "/health/ready", "/fhir/metadata")]
        for options in (["--count", "1000", "--json"], ["--feeds", "--json"]):
            command = [sys.executable, "-c", CODE, "messages", "--data", str(data), *options]
            done = await asyncio.to_thread(subprocess.run, command, capture_output=True, check=True)
            outside += [done.stdout, done.stderr]
        served.terminate()
        assert await served.ended() == 0
    outside += [served.output, served.errors]
    assert b"Traceback" not in served.errors
    lines = [orjson.loads(line) for line in served.errors.splitlines()]
    assert all({"event", "level", "timestamp", "name"} <= line.keys() for line in lines)
    assert {line["name"] for line in lines} <= {"engine", "mapper"}
    assert all(line["roles"] == "api,ingest,worker" for line in lines if line["name"] == "engine")
    assert len(outside) > 300
    sent = b"\n".join([adt(nhs=ZELDA), *(body for _, body in good), *(bad.body for bad in BAD)]).decode("latin-1").casefold()
    assert [one for one in sorted(said_of_people()) if one not in sent] == []
    text = b"\n".join(outside).decode("latin-1").casefold()
    assert [one for one in sorted(said_of_people()) if one in text] == []
