"""A message that a replay brings into the record goes where it would have gone when it came."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from interop.store.plan import Deliveries
from tests.spec.engine.messages import adt
from tests.spec.engine.retabling import forget, tables, use, without
from tests.spec.engine.running import client, running
from tests.spec.engine.test_replay import replayed

pytestmark = pytest.mark.anyio
NO_ADMISSIONS = {"hl7v2/routes.csv": without("ADT^A01")}


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    """Other tests find the packaged tables."""
    yield
    forget()


async def test_a_message_that_is_applied_only_by_a_replay_is_forwarded_once(
    tmp_path: Path, place: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "destinations.toml"
    to.write_text(f'[itk-route]\nkind = "file"\naddress = "{tmp_path / "drop"}"\norganisation = "A99901"\n')
    async with running(tmp_path / "data", destinations=to, **place) as engine, client(engine) as http:
        use(monkeypatch, tables(tmp_path / "tables", NO_ADMISSIONS))
        await http.post("/ingest/hl7v2", content=adt())
        while engine.workshop.unfinished:
            await engine.workshop.dispatcher.idle.wait()
        assert await engine.workshop.store.query(Deliveries()) == []
    use(monkeypatch, None)
    async with running(tmp_path / "data", destinations=to, **place) as engine, client(engine) as http:
        assert [now for _, _, now in (await replayed(http, reason="unknown-trigger")).moved] == ["applied"]
        assert (await replayed(http)).moved == []
        [row] = await engine.workshop.store.query(Deliveries())
        assert (row.destination, row.event, row.message) == ("itk-route", "message", 1)
        assert "Encounter" in row.concerns
        assert "Patient" in row.concerns
