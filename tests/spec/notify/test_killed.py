"""Nothing that is due is lost or told under another id, whenever the process is killed."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from interop.store.plan import Deliveries
from interop.store.sqlite import SqliteStore
from tests.spec.durability.process import Served
from tests.spec.engine.messages import adt
from tests.spec.notify.receiving import Receiver, receiving

pytestmark = [pytest.mark.anyio, pytest.mark.long]


def options(directory: Path, receiver: Receiver) -> tuple[str, ...]:
    to = directory / "destinations.toml"
    to.write_text(f'[admissions]\nkind = "webhook"\naddress = "{receiver.url}"\norganisation = "A99901"\n')
    return ("--destinations", str(to))


async def ingest(http: httpx.AsyncClient, control: str, visit: str) -> None:
    answer = await http.post("/ingest/hl7v2?wait=applied", content=adt(control=control, visit=visit))
    assert answer.is_success, answer.text


async def rows(data: Path) -> list[tuple[str, str]]:
    store = SqliteStore.open(data)
    found = await store.query(Deliveries())
    await store.close()
    return [(each.id, each.state) for each in found]


async def test_killed_between_commit_and_sending_it_is_sent_by_the_next_process(tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.answers = [503]
        async with Served(tmp_path / "data", *options(tmp_path, receiver)) as engine, engine.client() as http:
            await ingest(http, "C1", "V1")
            await ingest(http, "C2", "V2")
            await receiver.until(1)
            engine.kill()
        first = receiver.got[0].headers["idempotency-key"]
        assert [state for _, state in await rows(tmp_path / "data")] == ["pending", "pending"]
        await receiver.left()
        receiver.got.clear()
        receiver.answers = [200]
        async with Served(tmp_path / "data", *options(tmp_path, receiver)):
            got = await receiver.until(2)
        assert [each.headers["idempotency-key"] for each in got] == [id_ for id_, _ in await rows(tmp_path / "data")]
        assert got[0].headers["idempotency-key"] == first


async def test_killed_between_sending_and_the_mark_it_is_sent_again_under_the_same_id(tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.answers = [-2]
        async with Served(tmp_path / "data", *options(tmp_path, receiver)) as engine, engine.client() as http:
            await ingest(http, "C1", "V1")
            await receiver.until(1)
            engine.kill()
        receiver.answers = [200]
        async with Served(tmp_path / "data", *options(tmp_path, receiver)):
            got = await receiver.until(2)
        assert got[0].headers["idempotency-key"] == got[1].headers["idempotency-key"]
        assert got[0].body == got[1].body
        assert len(got) == 2
