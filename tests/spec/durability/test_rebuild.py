"""``interop rebuild``: the journal alone makes the same record again."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from random import Random

import pytest

from conformance.examples.day import day
from tests.spec.durability.load import settled
from tests.spec.durability.process import CODE, Served
from tests.spec.durability.state import differences, journal, prepare, record

WHO = "urn:uuid:00000000-0000-4000-8000-000000000001"
SEEN = {"resourceType": "Observation", "status": "final", "code": {"text": "seen"}, "subject": {"reference": WHO}}
TRANSACTION = {
    "resourceType": "Bundle",
    "type": "transaction",
    "entry": [
        {"request": {"method": "POST", "url": "Observation"}, "resource": SEEN},
        {"fullUrl": WHO, "request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}},
        {"request": {"method": "PUT", "url": "Patient/beside"}, "resource": {"resourceType": "Patient", "id": "beside"}},
    ],
}
pytestmark = pytest.mark.anyio


@pytest.mark.long
async def test_after_a_day_of_messages_the_rebuilt_record_says_the_same(tmp_path: Path) -> None:
    data, again = prepare(tmp_path / "data"), tmp_path / "again"
    messages = list(day(date(2026, 1, 5)))
    Random(6).shuffle(messages)
    async with Served(data) as served, served.client() as http:
        turn = asyncio.Semaphore(8)

        async def post(family: str, body: bytes) -> int:
            async with turn:
                return (await http.post(f"/ingest/{family}", content=body)).status_code

        assert set(await asyncio.gather(*(post(one.adapter, one.body) for one in messages))) == {202}
        await settled(served)
        note = {"resourceType": "Patient", "id": "own", "name": [{"family": "OWNED"}]}
        for family in ("OWNED", "RENAMED"):
            note["name"] = [{"family": family}]
            answer = await http.put("/fhir/Patient/own", json=note, headers={"content-type": "application/fhir+json"})
            assert answer.status_code in (200, 201)
        assert (await http.post("/fhir", json=TRANSACTION, headers={"content-type": "application/fhir+json"})).status_code == 200
        served.terminate()
        assert await served.ended() == 0
    command = [sys.executable, "-c", CODE, "rebuild", "--data", str(data), "--into", str(again), "--mappers", "1", "--test-numbers"]
    done = await asyncio.to_thread(lambda: subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=90))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["messages"] == len(journal(data).controls) - 3
    assert journal(again) == journal(data)
    was = record(data)
    assert differences(record(again), was) == []
    assert was.resources["Patient/own"] == {"resourceType": "Patient", "id": "own", "name": [{"family": "RENAMED"}]} | {
        key: value for key, value in (was.resources["Patient/own"] or {}).items() if key == "meta"
    }
    assert was.resources["Patient/beside"] is not None
    assert len(was.resources) > 500


@pytest.mark.long
async def test_it_keeps_to_a_new_directory(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").write_text("")
    async with Served(tmp_path / "data") as served:
        served.terminate()
        await served.ended()
    for source, target, said in (("none", "new", "no journal"), ("data", "full", "not empty")):
        command = [sys.executable, "-c", CODE, "rebuild", "--data", str(tmp_path / source), "--into", str(tmp_path / target)]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
        assert (done.returncode, done.stderr.count("\n")) == (1, 1)
        assert said in done.stderr
