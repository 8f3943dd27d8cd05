"""A message addressed to ROUTE (MSH-5; ITK HL7 v2, 5.1) is the engine's to deliver: to all that take it, once, in order."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest

from conformance.topology.process import free_ports
from interop.app.addresses import loopback
from interop.app.outgoing import joined, routes_of
from interop.clock import ManualClock
from interop.notify.destinations import Destination, read_destinations
from interop.notify.routes import RoutesRefused
from interop.store.plan import Deliveries
from interop.store.values import Delivery
from tests.spec.engine.messages import adt
from tests.spec.engine.running import running, tell
from tests.spec.notify.listening import listening
from tests.spec.notify.receiving import Got, receiving
from tests.spec.notify.test_itk import ADDRESS, OK, envelope

pytestmark = pytest.mark.anyio
SAID = {"feed": "pas", "type": "ADT^A01", "sender": "PAS|RX1", "receiver": "ROUTE|ROUTE"}


def control(got: Got) -> str:
    """MSH-10 of what came in an envelope."""
    return base64.b64decode(envelope(got.body).findtext("{*}payloads/{*}payload")).split(b"|")[9].decode()


async def ended(engine: Any, *wanted: tuple[str, str, str]) -> list[Delivery]:
    """Wait until there are just these: destination, state, acknowledgement."""
    async with asyncio.timeout(30):
        while True:
            found: list[Delivery] = await engine.workshop.store.query(Deliveries())
            if sorted((each.destination, each.state, each.ack) for each in found) == sorted(wanted):
                return found
            await asyncio.sleep(0.02)


@pytest.mark.long
async def test_it_goes_over_mllp_and_over_itk_to_each_once_and_in_order_though_one_is_down(tmp_path: Path) -> None:
    async with listening() as ward, receiving() as district:
        district.body = lambda got: OK % b""
        await ward.end()
        to = tmp_path / "destinations.toml"
        to.write_text(
            f'[ward]\nkind = "mllp"\naddress = "{ward.url}"\norganisation = "A99901"\nroutes = "itk-route"\nreceiver = "WARD|RX1"\n'
            f'[district]\nkind = "itk"\naddress = "{district.url}"\norganisation = "A99902"\nroutes = "itk-route"\n'
            f'sender = "{ADDRESS}RX1"\n'
        )
        bodies = [adt(control=f"C{number}", visit=f"V{number}") for number in (1, 2, 3)]
        elsewhere = adt(control="C4", visit="V4").replace(b"|ROUTE|ROUTE|", b"|PAS2|RX2|")
        async with running(tmp_path / "data", destinations=to) as engine:
            acks = await tell(engine, bodies[0], bodies[1], bodies[1], elsewhere, bodies[2])
            assert [each.code for each in acks if each is not None] == ["AA"] * 5
            await district.until(3)
            waits = [("ward", "pending", "")] * 3
            await ended(engine, *waits, *[("district", "sent", "")] * 3)
            await ward.begin()
            await ward.until(3)
            await ended(engine, *[(name, "sent", "") for name in ("ward", "district")] * 3)
            again = await tell(engine, bodies[0])
            assert [each.code for each in again if each is not None] == ["AA"]
            assert len(await ended(engine, *[(name, "sent", "") for name in ("ward", "district")] * 3)) == 6
        assert ward.controls == ["C1", "C2", "C3"]
        assert ward.connections == 1
        assert [control(got) for got in district.got] == ["C1", "C2", "C3"]
        assert ward.got[0] == bodies[0].replace(b"|ROUTE|ROUTE|", b"|WARD|RX1|")
        assert len({envelope(got.body).find("{*}header").get("trackingid") for got in district.got}) == 3


async def test_two_engines_that_route_to_each_other_do_not_go_round(tmp_path: Path) -> None:
    ports = free_ports(2)
    for name, port in zip(("first", "second"), reversed(ports), strict=True):
        (tmp_path / f"{name}.toml").write_text(
            f'[itk-route]\nkind = "mllp"\naddress = "mllp://127.0.0.1:{port}"\norganisation = "A99901"\n'
        )

    def opened(name: str, port: int) -> Any:
        return running(tmp_path / name, mllp=f"127.0.0.1:{port}", destinations=tmp_path / f"{name}.toml")

    async with opened("first", ports[0]) as first, opened("second", ports[1]) as second:
        await tell(first, adt())
        one = await ended(first, ("itk-route", "sent", ""))
        other = await ended(second, ("itk-route", "sent", ""))
        assert (len(one), len(other)) == (1, 1)
        await tell(first, adt(control="C2", visit="V2"))
        await ended(first, *[("itk-route", "sent", "")] * 2)
        await ended(second, *[("itk-route", "sent", "")] * 2)


def takes(to: Destination, **said: str) -> list[str]:
    """Who takes a message addressed to ROUTE."""
    routes = joined(routes_of(ManualClock().now()), {to.name: to, "ward": Destination("ward", "mllp", "mllp://x:1", "RX1")})
    return [route.destination for route in routes if route.takes("hl7v2", {**SAID, **said})]


def test_several_take_what_is_addressed_to_route_each_by_its_own_rules() -> None:
    every = Destination("a", "mllp", "mllp://x:1", "RX1", routes=("itk-route",))
    some = Destination("b", "itk", "https://x", "RX1", routes=("itk-route",), types=("ADT^A01", "ADT^A03"), senders=("RX1",))
    assert takes(every) == ["a"]
    assert takes(some) == ["b"]
    assert takes(some, type="ADT^A08") == []
    assert takes(some, sender="PAS|RX2") == []
    assert takes(some, sender="PAS|RX1^A99901^ODS") == ["b"]
    assert takes(some, receiver="LAB|RX1") == []


@pytest.mark.parametrize(
    ("receiver", "taken"),
    [("ROUTE|ROUTE", True), ("ROUTE|", True), ("ROUTE^R1^ISO|RX1", True), ("ROUTER|RX1", False), ("|", False)],
)
def test_a_message_is_addressed_to_route_by_the_whole_name(receiver: str, taken: bool) -> None:
    assert bool(takes(Destination("a", "mllp", "mllp://x:1", "RX1", routes=("itk-route",)), receiver=receiver)) is taken


def test_a_destination_that_takes_what_no_route_leads_to_is_refused() -> None:
    with pytest.raises(RoutesRefused, match="no row of routes"):
        joined(routes_of(0), {"a": Destination("a", "mllp", "mllp://x:1", "RX1", routes=("itk-rout",))})


def test_the_rules_stand_in_the_declaration(tmp_path: Path) -> None:
    file = tmp_path / "destinations.toml"
    file.write_text(
        '[ward]\nkind = "mllp"\naddress = "mllps://ward.example:2575"\norganisation = "RX1"\nroutes = "itk-route"\n'
        'types = "ADT^A01 ADT^A03"\nsenders = "RX1 RX2"\nhours = 2\nmissing = "shelve"\nreceiver = "WARD|RX1"\n'
    )
    [ward] = read_destinations(file, loopback).values()
    assert (ward.routes, ward.types, ward.senders) == (("itk-route",), ("ADT^A01", "ADT^A03"), ("RX1", "RX2"))
    assert (ward.hours, ward.shelves, dict(ward.settings)) == (2, True, {"receiver": "WARD|RX1"})
