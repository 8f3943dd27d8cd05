"""Whoever runs the engine sees how destinations stand, pauses, resumes and sends again; by HTTP and by the commands."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from interop.cli.main import app
from interop.notify.outbox import Alert
from tests.spec.engine.messages import adt
from tests.spec.engine.running import client, ingest, running
from tests.spec.notify.receiving import Receiver, receiving

pytestmark = pytest.mark.anyio


def toml(directory: Path, **destinations: str) -> Path:
    to = directory / "destinations.toml"
    to.write_text("".join(f'[{name.replace("_", "-")}]\n{said}\norganisation = "A99901"\n' for name, said in destinations.items()))
    return to


def hook(receiver: Receiver) -> str:
    return f'kind = "webhook"\naddress = "{receiver.url}"'


async def done(what: Callable[[], Any]) -> None:
    async with asyncio.timeout(20):
        while not await what():
            await asyncio.sleep(0.01)


async def test_queues_are_told_paused_resumed_and_sent_again(tmp_path: Path) -> None:
    async with receiving() as receiver:
        receiver.answers = [422, 200]
        async with (
            running(tmp_path / "data", destinations=toml(tmp_path, admissions=hook(receiver))) as engine,
            client(engine) as http,
        ):

            def run(*said: str) -> str:
                result = CliRunner().invoke(app, ["deliveries", *said, "--url", f"http://127.0.0.1:{engine.http}"])
                assert result.exit_code == 0, result.output
                return result.output

            async def line() -> dict[str, Any]:
                [found] = (await http.get("/deliveries/")).json()["destinations"]
                return dict(found)

            await ingest(http, adt(control="C1", visit="V1"))
            await receiver.until(1)

            async def shelved() -> bool:
                return bool((await line())["shelved"] == 1)

            await done(shelved)
            assert (await asyncio.to_thread(run, "queues")).splitlines() == [
                "destination  kind     state    waiting  sent  shelved  withheld",
                "admissions   webhook  running        0     0        1         0",
            ]
            listed = await asyncio.to_thread(run, "list", "admissions", "--state", "shelved")
            assert "does not take what it was sent" in listed
            assert "QUARRINGTON" not in listed
            assert "Nothing more is sent" in await asyncio.to_thread(run, "pause", "admissions")
            assert "1 of admissions are tried again" in await asyncio.to_thread(run, "resend", "admissions")
            found = await line()
            assert (found["state"], found["pending"]) == ("paused", 1)
            assert "address" not in found
            await asyncio.to_thread(run, "resume", "admissions")
            await receiver.until(2)
            await ingest(http, adt(control="C2", visit="V2", local="L2"))
            await receiver.until(3)

            async def sent() -> bool:
                return bool((await line())["sent"] == 2)

            await done(sent)
            assert "1 of 2: --after 1 goes on" in await asyncio.to_thread(
                run, "list", "admissions", "--state", "sent", "--count", "1"
            )
            assert "The first 1; there are more" in await asyncio.to_thread(run, "list", "admissions", "--count", "1")
            assert "--after" not in await asyncio.to_thread(run, "list", "admissions", "--count", "2")
            figures = (await http.get("/metrics")).text
            assert 'interop_deliveries{destination="admissions",state="shelved"} 0.0' in figures
            assert (await http.get("/deliveries/nobody")).status_code == 404
            assert (await http.post("/deliveries/nobody/pause")).status_code == 404
            assert (await http.get("/deliveries/admissions?state=odd")).status_code == 400
            assert (await http.get("/deliveries/admissions/pause")).status_code == 405


async def test_an_engine_without_destinations_sends_nothing_and_keeps_no_rows(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine) as http:
        await ingest(http, adt())
        assert (await http.get("/deliveries/")).json() == {"destinations": []}


async def test_alerts_of_the_privacy_queue_go_the_same_way_once_and_name_nobody(tmp_path: Path) -> None:
    async with receiving() as receiver:
        to = toml(tmp_path, privacy_office=hook(receiver))
        async with running(tmp_path / "data", destinations=to) as engine:
            alert = Alert("item-1", "break-glass", engine.workshop.clock.now(), "A99901")
            waiting = [alert]
            engine.audited.outbox = lambda: list(waiting)  # type: ignore[method-assign]
            await engine.outgoing.alert()
            await engine.outgoing.alert()  # as after a process that ended before the audit had it
            waiting.clear()
            [got] = await receiver.until(1)
            assert got.json.keys() == {"id", "event", "item", "rule", "time"}
            assert got.json["item"] == "item-1"
            [queue] = await engine.outgoing.deliverer.queues()
            assert queue.pending + queue.sent == 1


async def test_a_message_addressed_to_route_goes_on_to_a_second_engine_as_it_came(tmp_path: Path, place: dict[str, str]) -> None:
    async with running(tmp_path / "second") as second:
        to = toml(tmp_path, itk_route=f'kind = "mllp"\naddress = "mllp://127.0.0.1:{second.mllp}"')
        async with running(tmp_path / "first", destinations=to, **place) as first, client(first) as http, client(second) as other:
            await ingest(http, adt(control="C1"))
            elsewhere = adt(control="C2").replace(b"|ROUTE|ROUTE|", b"|PAS2|RX2|")
            await ingest(http, elsewhere)

            async def there() -> bool:
                return bool((await other.get("/fhir/Encounter?_summary=count")).json()["total"])

            await done(there)

            async def sent() -> bool:
                return [(each.sent, each.pending) for each in await first.outgoing.deliverer.queues()] == [(1, 0)]

            await done(sent)
