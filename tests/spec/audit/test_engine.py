"""What an engine writes into the audit."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from interop.app.engine import Engine
from interop.audit.chain import parted
from interop.audit.parts import chains, lines, part_path
from interop.audit.row import ANSWER, CHANGE, MESSAGE, READ, Row, decode
from tests.spec.engine.messages import adt
from tests.spec.engine.running import TIMEOUT, running

pytestmark = pytest.mark.anyio
JSON = {"content-type": "application/fhir+json"}


def rows(data: Path) -> list[Row]:
    """All rows of the audit, in order."""
    found = []
    for chain, parts in chains(data / "audit").items():
        for part in parts:
            for _, line in lines(part_path(data / "audit", chain, part)):
                said = parted(line)
                assert said is not None
                found.append(decode(said[0]))
    return found


def client(engine: Engine) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{engine.http}", timeout=TIMEOUT, trust_env=False)


async def test_every_answer_has_its_row(tmp_path: Path) -> None:
    async with running(tmp_path) as engine, client(engine) as http:
        put = await http.put("/fhir/Patient/p1", json={"resourceType": "Patient", "id": "p1"}, headers=JSON)
        assert put.status_code == 201, put.text
        assert (await http.get("/fhir/Patient/p1")).status_code == 200
        assert (await http.get("/fhir/Patient?family=Nobody&birthdate=ge2000-01-01")).status_code == 200
        assert (await http.get("/fhir/Patient/p2")).status_code == 404
        sent = await http.post("/ingest/hl7v2?wait=applied", content=adt())
        assert sent.status_code == 200, sent.text
        found = rows(tmp_path)
    told = [(row.kind, row.interaction, row.type, row.id, row.status, row.resources, row.patients) for row in found[1:]]
    assert told == [
        (CHANGE, "change", "Patient", "p1", 0, 1, ("p1",)),
        (ANSWER, "update", "Patient", "p1", 201, 0, ()),
        (READ, "read", "Patient", "p1", 200, 1, ("p1",)),
        (READ, "search-type", "Patient", "", 200, 0, ()),
        (READ, "read", "Patient", "p2", 404, 0, ()),
        (MESSAGE, "ADT^A01", "", "", 0, 0, ()),
    ]
    assert found[4].more == {"query": "family=&birthdate="}
    assert found[2].more == {"of": [2], "messages": [1]}
