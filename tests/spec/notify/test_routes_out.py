"""A message or a write that a route asks for reaches its destination, once for each event, in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from interop.store.plan import Deliveries
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, running, tell
from tests.spec.notify.receiving import receiving

pytestmark = pytest.mark.anyio


async def test_an_admission_reaches_a_webhook_as_the_resource_it_made(tmp_path: Path, place: dict[str, str]) -> None:
    async with receiving() as receiver:
        to = tmp_path / "destinations.toml"
        to.write_text(f'[admissions]\nkind = "webhook"\naddress = "{receiver.url}"\norganisation = "A99901"\n')
        async with running(tmp_path / "data", destinations=to, **place) as engine, client(engine) as http:
            [ack] = await tell(engine, adt())
            assert ack is not None
            assert ack.code == "AA"
            [got] = await receiver.until(1)
            assert got.json["resourceType"] == "Encounter"
            there = await http.get(f"/fhir/Encounter/{got.json['id']}")
            assert there.content == got.body
            [row] = await engine.workshop.store.query(Deliveries())
            assert row.id == got.headers["idempotency-key"]
