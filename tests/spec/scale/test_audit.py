"""Two processes on one database and one data directory keep one audit."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.audit.key import AuditKey
from interop.audit.log import AuditLog
from interop.audit.parts import part_path
from interop.audit.verify import verify
from tests.spec.engine.running import client
from tests.spec.scale.side_by_side import processes

pytestmark = pytest.mark.anyio
JSON = {"content-type": "application/fhir+json"}
OWN = "_source=urn:interop:audit"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_who_looked_through_one_shows_at_once_what_the_other_has_given(tmp_path: Path, database: str) -> None:
    data = tmp_path / "data"
    async with processes(data, database, "api", "api") as (one, other):
        async with client(one) as here, client(other) as there:
            patient = {"resourceType": "Patient", "id": "p1", "name": [{"family": "Quarrington"}]}
            assert (await here.put("/fhir/Patient/p1", json=patient, headers=JSON)).status_code == 201
            for number in range(1, 4):
                for reading in (here, there):
                    assert (await reading.get("/fhir/Patient/p1")).status_code == 200
                for asking in (there, here):
                    events = (await asking.get(f"/fhir/AuditEvent?{OWN}&patient=p1&action=R&subtype=read")).json()
                    assert len(events["entry"]) == 2 * number
            looked = (await there.get("/fhir/Patient/p1/$who-looked")).text
            assert looked.count('"valueString":"Patient"') >= 6
        assert {one.audited.log.chain, other.audited.log.chain} == {1, 2}
    key = AuditKey.kept(data / "audit.key")
    found = verify(data / "audit", data / "audit" / "checkpoints", key)
    assert (found.bad, found.chains, found.beyond) == (None, 2, 0)
    for chain in (1, 2):
        path = part_path(data / "audit", chain, 1)
        whole = path.read_bytes()
        path.write_bytes(whole.replace(b'"read","Patient","p1"', b'"read","Patient","p2"', 1))
        bad = verify(data / "audit", data / "audit" / "checkpoints", key).bad
        assert bad is not None
        assert (bad.chain, bad.what) == (chain, "is not as it was written")
        path.write_bytes(whole)


async def test_an_answer_waits_for_no_other_process_and_a_disk_that_fails_one_refuses_there_alone(
    tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with processes(tmp_path / "data", database, "api", "api") as (one, other):
        broken = one.audited.log

        def put(self: AuditLog, line: bytes) -> None:
            if self is broken:
                raise self._failed(OSError(5, "input/output error"))
            whole(self, line)

        whole = AuditLog._put
        monkeypatch.setattr(AuditLog, "_put", put)
        async with client(one) as here, client(other) as there:
            assert (await here.get("/fhir/Patient/p1")).status_code == 503
            assert (await here.get("/health/ready")).json()["reason"] == "audit-unavailable"
            assert (await there.get("/fhir/Patient/p1")).status_code == 404
            assert (await there.get("/health/ready")).status_code == 200
        monkeypatch.setattr(AuditLog, "_put", whole)
