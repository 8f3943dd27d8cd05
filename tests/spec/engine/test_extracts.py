"""Extracts of tables: rows of one file speak of what stands in another, and come again when they have changed."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import httpx
import pytest

from adapters.emis import adapter
from tests.spec.engine.running import found, ingest
from tests.spec.families.maps import example

pytestmark = pytest.mark.anyio


async def applied(http: httpx.AsyncClient, text: bytes) -> None:
    """Each message of a file into the record."""
    for body in adapter.split(BytesIO(text)):
        answer = await ingest(http, body, feed="emis")
        assert (answer.status_code, answer.json()["state"]) == (200, "applied")


async def one(http: httpx.AsyncClient, query: str) -> dict[str, Any]:
    (resource,) = await found(http, query)
    return resource


async def test_tables_come_together_in_any_order(http: httpx.AsyncClient) -> None:
    """A statement, its drug and its patient come in three files, the drug last; a session and who holds it in two."""
    for name in ("medicines", "slots", "sessions", "patients", "people", "codes", "observations"):
        await applied(http, example("emis", f"{name}.txt"))
    patient = await one(http, "Patient?family=Penrose")
    statements = await found(http, f"MedicationStatement?patient={patient['id']}&status=active")
    (nightly,) = [statement for statement in statements if "dosage" in statement]
    drug = await one(http, f"Medication?_id={nightly['medicationReference']['reference'].removeprefix('Medication/')}")
    assert drug["code"]["text"] == "Amitriptyline 10mg tablets"
    session = await one(http, "Schedule?active:missing=true")
    assert sorted(actor["reference"].partition("/")[0] for actor in session["actor"]) == ["Location", "Practitioner"]
    assert len(await found(http, f"Appointment?patient={patient['id']}")) == 5


async def test_a_booking_goes_when_its_slot_no_longer_names_a_patient(http: httpx.AsyncClient) -> None:
    text = example("emis", "slots.txt").decode()
    columns, first, *_ = text.splitlines(keepends=True)
    cells = first.strip().split(",")
    await applied(http, (columns + first).encode())
    assert [one["status"] for one in await found(http, "Appointment")] == ["fulfilled"]
    cells[columns.split(",").index("PatientGuid")] = ""
    await applied(http, (columns + ",".join([*cells[:-1], "8"]) + "\r\n").encode())
    assert await found(http, "Appointment") == []
    assert [slot["status"] for slot in await found(http, "Slot")] == ["free"]


async def test_rows_of_an_earlier_extract_that_come_late_change_nothing(http: httpx.AsyncClient) -> None:
    """``ProcessingId`` counts from extract to extract."""
    text = example("emis", "codes.txt").decode()
    drugs = text[text.index("CodeId,Term,Dmd") :]
    later = drugs.replace("10mg tablets", "10mg tablets (renamed)").replace("746007,7", "746007,8")
    for body in (later, drugs):
        await applied(http, body.encode())
    assert (await one(http, "Medication"))["code"]["text"] == "Amitriptyline 10mg tablets (renamed)"


async def test_a_part_that_is_deleted_leaves_the_record_and_one_that_is_absent_stays(http: httpx.AsyncClient) -> None:
    """OpenHR ``updateMode`` of an address; the telephone numbers are not repeated."""
    first = example("openhr", "record.xml")
    start, end = first.index(b'<contact updateMode="add">'), first.index(b"<maritalStatus")
    later = (first[:start] + first[end:]).replace(b"2025-03-04T06:30:00", b"2025-03-05T06:30:00", 1)
    later = later.replace(b'<address updateMode="add">', b'<address updateMode="delete">', 1)
    for body in (first, later):
        answer = await ingest(http, body, feed="practice")
        assert (answer.status_code, answer.json()["state"]) == (200, "applied")
    patient = await one(http, "Patient?family=Hopfield")
    assert "address" not in patient
    assert [number["value"] for number in patient["telecom"]] == ["07700 900101", "laura@example.org"]
