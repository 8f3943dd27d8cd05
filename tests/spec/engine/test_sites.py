"""Sites: a message is mapped by the rows of the site that sent it, and its version tells by which tables it was made."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from interop.cli.main import app
from interop.mapping.library import family
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Search, Tables
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, ingest, running

DISCHARGE = b"|||||||||||||||||A"
"""PV1-20 to PV1-36."""


@pytest.mark.anyio
@pytest.mark.parametrize("mappers", [0, 1])
async def test_each_sender_has_its_own_rows(tmp_path: Path, mappers: int) -> None:
    data = tmp_path / "data"
    async with running(data, mappers=mappers) as engine:
        async with client(engine) as http:
            for number, sender in enumerate((b"RX1", b"RZY")):
                body = adt("A03", f"C{number}", visit=f"V{number}").replace(b"|RX1|", b"|" + sender + b"|")
                body = body.replace(b"|V%d\r" % number, b"|V%d" % number + DISCHARGE + b"\r")
                assert (await ingest(http, body)).status_code == 200
        visits = await engine.workshop.store.query(Search(PERMIT_ALL, "Encounter"))
        by_rows = {visit.tables: orjson.loads(visit.body) for visit in visits}
        assert set(by_rows) == {family("hl7v2").digest, family("hl7v2", "RZY").digest}
        assert "extension" not in by_rows[family("hl7v2").digest]
        site = by_rows[family("hl7v2", "RZY").digest]
        assert site["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "1"
        for digest in by_rows:
            assert len(await engine.workshop.store.query(Tables(digest))) == 1
    command = ["explain", f"Encounter/{site['id']}/extension", "--data", str(data), "--json"]
    shown = await asyncio.to_thread(CliRunner().invoke, app, command)
    told = orjson.loads(shown.stdout.splitlines()[0])
    assert (told["file"], told["row"], told["source"]) == ("sites/RZY/elements.csv", "VIS034", "PV1-36.1")
    assert told["codes"] == "sites/RZY/codes/rzy-discharge-method.csv"
