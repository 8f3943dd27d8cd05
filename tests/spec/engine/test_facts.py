"""What messages do to the record: event time decides, absence keeps, ``""`` deletes, merging changes only links."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from interop.app.engine import Engine
from tests.spec.engine.messages import adt
from tests.spec.engine.running import found, ingest, sender, tell

pytestmark = pytest.mark.anyio


async def patient(http: httpx.AsyncClient, local: str = "L1001") -> dict[str, Any]:
    """The one Patient under a local number."""
    (one,) = await found(http, f"Patient?identifier={local}")
    return one


async def applied(http: httpx.AsyncClient, *bodies: bytes) -> None:
    """Send messages one after another, each into the record."""
    for body in bodies:
        answer = await ingest(http, body)
        assert (answer.status_code, answer.json()["state"]) == (200, "applied")


async def test_an_older_message_that_comes_late_does_not_overwrite_newer_facts(http: httpx.AsyncClient) -> None:
    await applied(
        http,
        adt(control="C1", at="20260105100000"),
        adt("A08", "C3", at="20260105120000", family="NEWER", phone="01632960003"),
        adt("A08", "C2", at="20260105110000", family="OLDER", phone="01632960002"),
    )
    one = await patient(http)
    assert one["name"][0]["family"].upper() == "NEWER"
    assert [said["value"] for said in one["telecom"]] == ["01632960003"]


async def test_the_record_is_the_same_in_whatever_order_messages_come(http: httpx.AsyncClient) -> None:
    def story(local: str) -> list[bytes]:
        visit = f"V{local}"
        return [
            adt("A01", f"{local}1", local=local, visit=visit, at="20260105100000", ward="WARD1^^1^RX1"),
            adt("A02", f"{local}2", local=local, visit=visit, at="20260106100000", ward="WARD2^^2^RX1", phone="01632960009"),
            adt("A08", f"{local}3", local=local, visit=visit, at="20260107100000", ward="WARD2^^2^RX1", family="WEDDED"),
        ]

    first, second, third = story("LX")
    await applied(http, first, second, third)
    first, second, third = story("LY")
    await applied(http, third, first, second)
    seen = []
    for local in ("LX", "LY"):
        one = await patient(http, local)
        (visit,) = await found(http, f"Encounter?patient={one['id']}")
        seen.append((one["name"], one["telecom"], visit["status"], visit["location"]))
    assert seen[0] == seen[1]


async def test_a_field_that_is_absent_keeps_what_was_said(http: httpx.AsyncClient) -> None:
    await applied(http, adt(control="C1"), adt("A08", "C2", phone="", at="20260105110000"))
    assert [said["value"] for said in (await patient(http))["telecom"]] == ["01632960141"]


async def test_a_field_of_two_quotes_deletes_what_was_said(http: httpx.AsyncClient) -> None:
    await applied(http, adt(control="C1"), adt("A08", "C2", phone='""', at="20260105110000"))
    assert "telecom" not in await patient(http)
    await applied(http, adt("A08", "C3", phone="01632960777", at="20260105120000"))
    assert [said["value"] for said in (await patient(http))["telecom"]] == ["01632960777"]


async def test_a_merge_links_both_sides_and_moves_nothing(http: httpx.AsyncClient) -> None:
    await applied(http, adt(control="C1", local="OLD1", visit="VOLD"), adt(control="C2", local="NEW1", visit="VNEW"))
    old, new = await patient(http, "OLD1"), await patient(http, "NEW1")
    assert len(await found(http, f"Encounter?patient={new['id']}")) == 1
    await applied(http, adt("A40", "C3", local="NEW1", merged="OLD1", at="20260105120000"))
    for side in (old, new):
        visits = await found(http, f"Encounter?patient={side['id']}")
        assert {visit["subject"]["reference"] for visit in visits} == {f"Patient/{old['id']}", f"Patient/{new['id']}"}
    by_number = await found(http, "Encounter?patient.identifier=OLD1")
    assert len(by_number) == 2


async def test_a_merge_that_comes_before_either_side_links_them_all_the_same(http: httpx.AsyncClient) -> None:
    await applied(
        http,
        adt("A40", "C3", local="NEW1", merged="OLD1", at="20260105120000"),
        adt(control="C1", local="OLD1", visit="VOLD"),
        adt(control="C2", local="NEW1", visit="VNEW"),
    )
    for local in ("OLD1", "NEW1"):
        assert len(await found(http, f"Encounter?patient={(await patient(http, local))['id']}")) == 2


async def test_who_waits_for_the_record_reads_their_own_write(engine: Engine, http: httpx.AsyncClient) -> None:
    async with sender(engine.mllp) as line:
        for number in range(60):
            line.send(adt(control=f"N{number}", local=f"N{number}", visit=f"VN{number}"))
        await applied(http, *(adt(control=f"W{number}", local=f"W{number}", visit=f"VW{number}") for number in range(5)))
        for number in range(5):
            await patient(http, f"W{number}")
        for _ in range(60):
            assert await line.answer() is not None


async def test_nothing_new_writes_no_version(engine: Engine, http: httpx.AsyncClient) -> None:
    shop = engine.workshop
    await applied(http, adt(control="C1"))
    before, unchanged = shop.store.counters.puts, shop.applier.unchanged
    assert before > 0
    await applied(http, adt("A01", "C2", sent="20260105130000"))
    assert shop.store.counters.puts == before
    assert shop.applier.unchanged > unchanged
    versions = await http.get(f"/fhir/Patient/{(await patient(http))['id']}/_history")
    assert versions.json()["total"] == 1


async def test_what_was_said_again_later_still_holds_against_what_is_older(http: httpx.AsyncClient) -> None:
    """Saying the same again moves its time, though no version is written."""
    await applied(
        http,
        adt(control="C1", at="20260105100000", phone="01632960001"),
        adt("A08", "C3", at="20260105140000", phone="01632960001"),
        adt("A08", "C2", at="20260105120000", phone="01632960002"),
    )
    assert [said["value"] for said in (await patient(http))["telecom"]] == ["01632960001"]


async def test_messages_of_one_connection_are_applied_in_their_order(engine: Engine, http: httpx.AsyncClient) -> None:
    """Each becomes a version, in the order in which they were sent."""
    minutes = [f"{number:02d}" for number in range(30)]
    await tell(engine, *(adt("A08", f"C{at}", phone=f"016329600{at}", at=f"2026010510{at}00") for at in minutes))
    await applied(http, adt("A08", "LAST", phone="01632960099", at="20260105110000"))
    history = (await http.get(f"/fhir/Patient/{(await patient(http))['id']}/_history?_count=100")).json()
    said = [entry["resource"]["telecom"][0]["value"] for entry in history["entry"]]
    assert said == sorted(said, reverse=True)
    assert len(said) == 31


async def test_where_a_source_gives_no_time_what_comes_later_is_later(http: httpx.AsyncClient) -> None:
    """And a resource that is given whole does not keep what it said before: a flag that was taken down is down."""

    def flag(**said: Any) -> bytes:
        base = {"resourceType": "Flag", "id": "f1", "meta": {"source": "https://fhir.example.org"}, "code": {"text": "Lives alone"}}
        return json.dumps(base | said).encode()

    for body in (
        flag(status="active", period={"start": "2026-01-02"}),
        flag(status="inactive", period={"start": "2026-01-02", "end": "2026-01-09"}),
        flag(status="active"),
    ):
        answer = await ingest(http, body, feed="r4")
        assert (answer.status_code, answer.json()["state"]) == (200, "applied")
    (one,) = await found(http, "Flag?")
    assert (one["status"], one.get("period"), one["meta"]["versionId"]) == ("active", None, "3")
