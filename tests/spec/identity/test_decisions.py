"""Who is who, decided by people: linked, parted and taken back, with who, when and why, and made again from the journal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from interop.app.copying import copy_journal
from interop.app.engine import Engine
from tests.spec.engine.running import client, found, ingest, running

pytestmark = pytest.mark.anyio

WHY = "Spoke to the ward"


def admission(local: str, given: str = "MARY", number: str = "9990000018", family: str = "ASHDOWN", born: str = "19410317",
              status: str = "01", hour: int = 9, more: str = "") -> bytes:  # fmt: skip
    """An A01 of a person under a local number; ``status`` of the NHS number as ITK HL7 v2 has it in PID-32."""
    at = f"20260105{hour:02}0000"
    numbers = f"{local}^^^PAS~{number}^^^NHS^NH" if number else f"{local}^^^PAS"
    pid = f"PID|1||{numbers}||{family}^{given}||{born}|2|||{more}" + "|" * 21 + (f"NSTS{status}" if status and number else "")
    return "\r".join([
        f"MSH|^~\\&|PAS|RX1|ROUTE|ROUTE|{at}||ADT^A01|{local}{hour}|P|2.4|||||GBR|UNICODE UTF-8|EN||iTKv1.0",
        f"EVN||{at}||||{at}", pid, f"PV1||I|WARD7^BAY2^4^RX1{'|' * 16}V{local}",
    ]).encode()  # fmt: skip


async def applied(http: httpx.AsyncClient, *bodies: bytes) -> None:
    for body in bodies:
        answer = await ingest(http, body)
        assert (answer.status_code, answer.json()["state"]) == (200, "applied"), answer.text


async def ids(http: httpx.AsyncClient, *locals: str) -> list[str]:
    """The Patients of these local numbers."""
    return [one["id"] for local in locals for one in await found(http, f"Patient?identifier={local}")]


async def persons(http: httpx.AsyncClient, *locals: str) -> dict[str, int]:
    """How many people's admissions each is answered with."""
    return {local: len(await found(http, f"Encounter?patient.identifier={local}")) for local in locals}


async def call(http: httpx.AsyncClient, name: str, id: str, other: str = "", reason: str = WHY) -> httpx.Response:
    said: list[dict[str, Any]] = [{"name": "reason", "valueString": reason}] if reason else []
    if other:
        said.append({"name": "other", "valueReference": {"reference": f"Patient/{other}"}})
    return await http.post(f"/fhir/Patient/{id}/${name}", json={"resourceType": "Parameters", "parameter": said})


def parts(answer: httpx.Response, name: str) -> list[dict[str, Any]]:
    """The parts of an answer's parameters of a name, by their own names."""
    assert answer.status_code == 200, answer.text
    found = [each["part"] for each in answer.json().get("parameter", []) if each["name"] == name]
    return [{part["name"]: next((part[key] for key in part if key != "name"), None) for part in each} for each in found]


async def history(http: httpx.AsyncClient, id: str) -> httpx.Response:
    return await http.get(f"/fhir/Patient/{id}/$identity-history")


async def test_what_people_link_is_one_person_until_they_take_it_back(http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1", number=""), admission("L2", given="MOLLY", number=""))
    one, two = await ids(http, "L1", "L2")
    answer = await call(http, "link", one, two)
    assert [each["patient"]["reference"] for each in parts(answer, "record")] == sorted([f"Patient/{one}", f"Patient/{two}"])
    assert await persons(http, "L1", "L2") == {"L1": 2, "L2": 2}
    await call(http, "identity-undo", two, one)
    assert await persons(http, "L1", "L2") == {"L1": 1, "L2": 1}


async def test_what_people_part_the_rules_do_not_link_again(http: httpx.AsyncClient) -> None:
    """Nor does any later message of either."""
    await applied(http, admission("L1"), admission("L2"))
    one, two = await ids(http, "L1", "L2")
    assert await persons(http, "L1", "L2") == {"L1": 2, "L2": 2}
    assert (await call(http, "unlink", one, two)).status_code == 200
    await applied(http, admission("L1", hour=11), admission("L2", hour=12, more="1 LONG LANE^^RAMSGATE^^CT11 9ZZ"))
    assert await persons(http, "L1", "L2") == {"L1": 1, "L2": 1}
    assert (await call(http, "identity-undo", one, two)).status_code == 200
    assert await persons(http, "L1", "L2") == {"L1": 2, "L2": 2}


async def test_a_third_record_that_agrees_with_two_who_are_apart_goes_with_neither(http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1"), admission("L2"))
    one, two = await ids(http, "L1", "L2")
    await call(http, "unlink", one, two)
    await applied(http, admission("L3"))
    assert await persons(http, "L1", "L2", "L3") == {"L1": 1, "L2": 1, "L3": 1}


async def test_a_record_is_split_from_a_person_and_the_rest_stay_together(http: httpx.AsyncClient) -> None:
    await applied(http, *(admission(local) for local in ("L1", "L2", "L3", "L4")))
    (two,) = await ids(http, "L2")
    assert await persons(http, "L1", "L2") == {"L1": 4, "L2": 4}
    assert (await call(http, "split", two)).status_code == 200
    assert await persons(http, "L1", "L2", "L3", "L4") == {"L1": 3, "L2": 1, "L3": 3, "L4": 3}
    for other in await ids(http, "L1", "L3", "L4"):
        assert (await call(http, "identity-undo", two, other)).status_code == 200
    assert await persons(http, "L1", "L2") == {"L1": 4, "L2": 4}


async def test_a_link_against_a_decision_is_refused_until_that_is_taken_back(http: httpx.AsyncClient) -> None:
    """L1 and L2 are apart; L3 is L1's: it cannot be L2's as well."""
    await applied(http, admission("L1", number=""), admission("L2", number=""), admission("L3", number=""))
    one, two, three = await ids(http, "L1", "L2", "L3")
    await call(http, "unlink", one, two)
    await call(http, "link", three, one)
    refused = await call(http, "link", three, two)
    assert (refused.status_code, refused.json()["issue"][0]["code"]) == (409, "conflict")
    assert await persons(http, "L1", "L2", "L3") == {"L1": 2, "L2": 1, "L3": 2}
    assert (await call(http, "link", one, two)).status_code == 200, "the same pair may be decided otherwise"
    assert await persons(http, "L1", "L2", "L3") == {"L1": 3, "L2": 3, "L3": 3}


async def test_people_part_what_a_source_has_merged(http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1", number=""), admission("L2", number=""))
    merge = admission("L1", number="", hour=10).replace(b"ADT^A01", b"ADT^A40").split(b"\rPV1")[0] + b"\rMRG|L2^^^PAS"
    await applied(http, merge)
    assert await persons(http, "L1", "L2") == {"L1": 2, "L2": 2}
    one, two = await ids(http, "L1", "L2")
    await call(http, "unlink", one, two)
    assert await persons(http, "L1", "L2") == {"L1": 1, "L2": 1}
    await call(http, "identity-undo", one, two)
    assert await persons(http, "L1", "L2") == {"L1": 2, "L2": 2}


async def test_the_history_tells_who_when_and_why(http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1"), admission("L2"))
    one, two = await ids(http, "L1", "L2")
    await call(http, "unlink", one, two, "Two sisters")
    await call(http, "identity-undo", one, two, "One sister")
    told = await history(http, two)
    assert [each["why"] for each in parts(told, "event")] == ["identity", "apart", "undone"]
    said = parts(told, "decision")
    assert [(each["decision"], each["reason"]) for each in said] == [("apart", "Two sisters"), ("withdrawn", "One sister")]
    assert all(each["other"] == {"reference": f"Patient/{one}"} and each["when"] for each in said)
    assert {each["patient"]["reference"] for each in parts(told, "record")} == {f"Patient/{one}", f"Patient/{two}"}


async def test_records_of_the_api_are_linked_by_people_alone(http: httpx.AsyncClient) -> None:
    made = []
    for _ in range(2):
        body = {
            "resourceType": "Patient",
            "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}],
            "name": [{"family": "Ashdown", "given": ["Mary"]}],
            "birthDate": "1941-03-17",
        }
        made.append((await http.post("/fhir/Patient", json=body)).json()["id"])
    assert len(await found(http, f"Patient?_id={made[0]}")) == 1
    members = parts(await history(http, made[0]), "record")
    assert len(members) == 1
    assert len(parts(await call(http, "link", *made), "record")) == 2


@pytest.mark.parametrize("name", ["link", "unlink", "split", "identity-undo"])
async def test_a_decision_needs_a_reason_and_changes_nothing_by_get(http: httpx.AsyncClient, name: str) -> None:
    await applied(http, admission("L1"), admission("L2"))
    one, two = await ids(http, "L1", "L2")
    assert (await call(http, name, one, "" if name == "split" else two, reason="")).status_code == 400
    assert (await http.get(f"/fhir/Patient/{one}/${name}?reason=x")).status_code == 405
    assert await persons(http, "L1") == {"L1": 2}


async def test_who_is_not_there_is_not_found(http: httpx.AsyncClient) -> None:
    await applied(http, admission("L1"))
    (one,) = await ids(http, "L1")
    for name in ("link", "unlink", "identity-undo"):
        assert (await call(http, name, one, "nobody")).status_code == 404
        assert (await call(http, name, "nobody", one)).status_code == 404
    assert (await history(http, "nobody")).status_code == 404
    assert (await call(http, "link", one, one)).status_code == 400


async def test_a_record_made_again_from_the_journal_has_the_same_persons(engine: Engine, tmp_path: Path) -> None:
    async with client(engine) as http:
        await applied(http, *(admission(local) for local in ("L1", "L2", "L3")), admission("L4", number=""))
        one, two, four = await ids(http, "L1", "L2", "L4")
        await call(http, "unlink", one, two)
        await call(http, "link", four, two)
        before = await persons(http, "L1", "L2", "L3", "L4")
    assert before == {"L1": 1, "L2": 2, "L3": 1, "L4": 2}
    again = tmp_path / "again"
    again.mkdir()
    (again / "id.key").write_bytes((tmp_path / "data" / "id.key").read_bytes())
    await copy_journal((tmp_path / "data", None), (again, None))
    async with running(again) as rebuilt, client(rebuilt) as http:
        while rebuilt.workshop.unfinished:
            await rebuilt.workshop.dispatcher.idle.wait()
        assert await persons(http, "L1", "L2", "L3", "L4") == before
        assert [each["decision"] for each in parts(await history(http, two), "decision")] == ["apart", "same"]
