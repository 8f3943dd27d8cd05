"""A record that is made again tells nobody again by itself, and what is new then has an id that nothing had before."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from shutil import copy, copytree

import pytest

from interop.app.backup.restoring import RESTORED
from interop.app.copying import copy_journal
from interop.app.engine import Engine
from interop.store.plan import Deliveries
from interop.store.values import Delivery
from tests.spec.durability.process import CODE
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, ingest, running
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.notify.test_operating import done, hook, toml

pytestmark = pytest.mark.anyio


async def rows(engine: Engine) -> list[Delivery]:
    found: list[Delivery] = await engine.workshop.store.query(Deliveries())
    return found


async def settled(engine: Engine, *states: str) -> list[Delivery]:
    """The deliveries once they are in these states."""

    async def there() -> bool:
        return [each.state for each in await rows(engine)] == [*states]

    await done(there)
    return await rows(engine)


def keys(receiver: Receiver) -> list[str]:
    return [got.headers["idempotency-key"] for got in receiver.got]


async def test_what_happened_before_is_on_the_shelf_until_somebody_sends_it(tmp_path: Path, place: dict[str, str]) -> None:
    async with receiving() as receiver:
        to = toml(tmp_path, admissions=hook(receiver))
        old, new = tmp_path / "data", tmp_path / "again"
        async with running(old, destinations=to) as engine, client(engine) as http:
            await ingest(http, adt(control="C1", visit="V1"))
            before = await settled(engine, "sent")
        new.mkdir(mode=0o700)
        copy(old / "id.key", new / "id.key")
        await copy_journal((old, None), (new, place.get("database")))
        for _ in range(2):
            async with running(new, destinations=to, **place) as engine:
                while engine.workshop.unfinished:
                    await engine.workshop.dispatcher.idle.wait()
                [held] = await settled(engine, "shelved")
                assert (held.reason, held.message) == ("record-remade", before[0].message)
        async with running(new, destinations=to, **place) as engine, client(engine) as http:
            await ingest(http, adt(control="C2", visit="V2"))
            await settled(engine, "shelved", "sent")
            assert len(receiver.got) == 2
            listed = await http.get("/deliveries/admissions?state=shelved")
            assert "before the record was made again" in listed.text
            await engine.outgoing.deliverer.resend("admissions")
            await settled(engine, "sent", "sent")
            assert len({*keys(receiver)}) == 3


async def test_a_number_that_comes_again_after_a_restore_goes_out_under_another_id(tmp_path: Path) -> None:
    async with receiving() as receiver:
        to = toml(tmp_path, itk_route=hook(receiver))
        old, new = tmp_path / "data", tmp_path / "restored"
        async with running(old, destinations=to) as engine, client(engine) as http:
            await ingest(http, adt(control="C1", visit="V1"))
            await settled(engine, "sent")
        copytree(old, new)
        (new / RESTORED).write_text('{"backup": 1, "restored": 2, "chains": {}}')
        async with running(old, destinations=to) as engine, client(engine) as http:
            await ingest(http, adt(control="C2", visit="V2"))
            lost = (await settled(engine, "sent", "sent"))[1]
        ids = []
        async with running(new, destinations=to) as engine, client(engine) as http:
            await ingest(http, adt(control="C3", visit="V3"))
            ids.append((await settled(engine, "sent", "sent"))[1])
        async with running(new, destinations=to) as engine, client(engine) as http:
            assert engine.workshop.router.generation.before == 0
            await ingest(http, adt(control="C4", visit="V4"))
            await settled(engine, "sent", "sent", "sent")
        assert ids[0].message == lost.message
        assert ids[0].id != lost.id
        assert len({*keys(receiver)}) == len(receiver.got) == 4


async def test_so_does_one_after_the_database_alone_went_back(tmp_path: Path) -> None:
    async with receiving() as receiver:
        to = toml(tmp_path, itk_route=hook(receiver))
        data, kept = tmp_path / "data", tmp_path / "kept"
        async with running(data, destinations=to):
            pass
        copytree(data, kept)
        for control in ("C1", "C2"):
            async with running(data, destinations=to) as engine, client(engine) as http:
                await ingest(http, adt(control=control, visit="V1"))
                [row] = await settled(engine, "sent")
                assert row.message == 1
            for file in ("journal.sqlite", "record.sqlite"):
                for left in data.glob(f"{file}*"):
                    left.unlink()
                copy(kept / file, data / file)
        assert len({*keys(receiver)}) == len(receiver.got) == 2


@pytest.mark.long
async def test_a_rebuild_takes_along_what_waits_what_is_on_the_shelf_and_what_is_paused(
    tmp_path: Path, place: dict[str, str]
) -> None:
    async with receiving() as receiver:
        receiver.answers = [200, 422, 200]
        to = toml(tmp_path, admissions=hook(receiver), plans=hook(receiver))
        old, new = tmp_path / "data", tmp_path / "rebuilt"
        async with running(old, destinations=to) as engine, client(engine) as http:
            await ingest(http, adt(control="C1", visit="V1"))
            await settled(engine, "sent")
            await ingest(http, adt(control="C2", visit="V2"))
            await settled(engine, "sent", "shelved")
            await engine.outgoing.deliverer.pause("admissions", True)
            await engine.outgoing.deliverer.pause("plans", True)
            await ingest(http, adt(control="C3", visit="V3"))
            before = await settled(engine, "sent", "shelved", "pending")
        command = ["rebuild", "--data", str(old), "--into", str(new), "--mappers", "0", "--test-numbers", "--json"]
        command += [part for name, value in place.items() for part in (f"--into-{name}", value)]
        result = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", CODE, *command], capture_output=True, text=True)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["deliveries"] == 3
        async with running(new, destinations=to, **place) as engine, client(engine) as http:
            assert await rows(engine) == before
            assert [each.paused for each in engine.outgoing.deliverer.workers.values()] == [True, True]
            assert len(receiver.got) == 2
            await engine.outgoing.deliverer.pause("admissions", False)
            await settled(engine, "sent", "shelved", "sent")
            assert keys(receiver)[2] == before[2].id
            await ingest(http, adt(control="C4", visit="V4"))
            await settled(engine, "sent", "shelved", "sent", "sent")
