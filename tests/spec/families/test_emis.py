"""The EMIS extract, versions 5.0 to 5.4: its tables, and what a clinician would say of the worked examples."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from adapters.emis import adapter
from adapters.emis.files import header, table_of
from interop.cli.main import app
from interop.ids import Mint
from interop.mapping.examples import value_at
from interop.mapping.library import family
from interop.record.fold import fold
from interop.record.state import State, load, merge, stated
from tests.spec.families.maps import Made, example, make

LONDON = "+01:00"
FACTS = [
    # what a clinician would say of the examples: example, resource, path, value
    ("patients", "pat", 0, "identifier[0].value", "9992000017"),
    ("patients", "pat", 0, "name[0].family", "Penrose"),
    ("patients", "pat", 0, "birthDate", "1948-06-02"),
    ("patients", "pat", 0, "deceasedDateTime", "2025-12-30"),
    ("patients", "pat", 0, "address[0].postalCode", "ME20 6ZZ"),
    ("patients", "reg", 0, "status", "finished"),
    ("patients", "reg", 0, "period.end", "2026-01-05"),
    ("patients", "reg", 1, "status", "active"),
    ("patients", "pat", 1, "meta.security[1].code", "HTEST"),
    ("consultations", "enc", 0, "status", "finished"),
    ("consultations", "enc", 0, "class.code", "AMB"),
    ("consultations", "enc", 0, "period.start", "2025-10-14"),
    ("consultations", "enc", 1, "period.start", "2025-11"),
    ("consultations", "enc", 1, "status", "unknown"),
    ("observations", "obs", 0, "valueQuantity.value", "72.50"),
    ("observations", "obs", 0, "valueQuantity.unit", "kg"),
    ("observations", "obs", 0, "code.coding[0].code", "8001"),
    ("observations", "obs", 0, "issued", f"2025-10-14T10:05:00{LONDON}"),
    ("observations", "obs", 1, "issued", None),
    ("observations", "all", 0, "onsetDateTime", "1957"),
    ("observations", "imm", 0, "occurrenceDateTime", "2025-10-14"),
    ("observations", "imm", 1, "occurrenceString", "unknown"),
    ("observations", "ref", 0, "category[0].coding[0].code", "3457005"),
    ("observations", "doc", 0, "masterIdentifier.value", "urn:uuid:0000000c-5e11-4c0a-9b1d-000000000003"),
    ("referrals", "rfd", 0, "identifier[0].value", "000049930117"),
    ("referrals", "rfd", 0, "priority", "urgent"),
    ("problems", "prob", 0, "clinicalStatus.coding[0].code", "active"),
    ("problems", "prob", 0, "abatementDateTime", None),
    ("problems", "prob", 1, "clinicalStatus.coding[0].code", "inactive"),
    ("problems", "prob", 1, "abatementDateTime", "2019"),
    ("problems", "prob", 2, "clinicalStatus", None),
    ("diary", "dry", 0, "title", "Falls plan review at home"),
    ("diary", "dry", 0, "status", "active"),
    ("diary", "dry", 1, "status", "completed"),
    ("diary", "dry", 2, "status", "unknown"),
    ("medicines", "med", 0, "status", "active"),
    ("medicines", "med", 1, "status", "stopped"),
    ("medicines", "med", 1, "effectivePeriod.end", "2025-12-24"),
    ("medicines", "med", 2, "status", "completed"),
    ("medicines", "med", 3, "status", "unknown"),
    ("medicines", "med", 4, "status", "active"),
    ("medicines", "med", 4, "effectivePeriod.end", "2026-06-30"),
    ("medicines", "mpl", 0, "intent", "plan"),
    ("medicines", "iss", 0, "intent", "order"),
    ("medicines", "iss", 0, "dispenseRequest.quantity.value", "28.0"),
    ("medicines", "iss", 0, "dispenseRequest.expectedSupplyDuration.value", "28"),
    ("sessions", "sch", 0, "planningHorizon.start", "2026-03-28T08:30:00+00:00"),
    ("sessions", "sch", 0, "planningHorizon.end", f"2026-03-30T12:00:00{LONDON}"),
    ("slots", "appt", 0, "status", "fulfilled"),
    ("slots", "appt", 1, "status", "arrived"),
    ("slots", "appt", 2, "status", "noshow"),
    ("slots", "appt", 3, "status", "booked"),
    ("slots", "appt", 3, "start", "2026-03-29T00:55:00+00:00"),
    ("slots", "appt", 3, "end", f"2026-03-29T02:05:00{LONDON}"),
    ("slots", "slot", 4, "status", "free"),
    ("codes", "drg", 0, "code.text", "Amitriptyline 10mg tablets"),
    ("codes", "drg", 0, "code.coding[1].code", "321746007"),
    ("codes", "cod", 0, "title", "O/E - weight"),
    ("version-5-0", "pat", 0, "generalPractitioner[0].display", "Dr A Outside"),
    ("version-5-0", "med", 0, "dosage[0].text", "One to be taken at night,\nwith water"),
]


def of(name: str) -> Made:
    """What all messages of an example make."""
    made = [make("emis", body) for body in adapter.split(BytesIO(example("emis", f"{name}.txt")))]
    return Made([one for each in made for one in each.contributions], [loss for each in made for loss in each.losses])


@pytest.mark.parametrize(("name", "resource", "place", "path", "value"), FACTS)
def test_facts(name: str, resource: str, place: int, path: str, value: str | None) -> None:
    found = value_at(of(name).all(resource)[place], path)
    assert (None if found is None else str(found)) == value


def test_a_row_refers_to_what_stands_in_another_file() -> None:
    """Patient, consultation, clinician, drug: by their keys, and nothing is made of them."""
    record, medicines = of("observations"), of("medicines")
    assert record.one("doc")["subject"]["reference"] == f"Patient/{of('patients').all('pat')[0]['id']}"
    assert record.all("obs")[0]["encounter"]["reference"] == f"Encounter/{of('consultations').all('enc')[0]['id']}"
    clinician = of("people").all("prac")[0]["id"]
    assert record.all("obs")[0]["performer"][0]["reference"] == f"Practitioner/{clinician}"
    assert medicines.all("med")[0]["medicationReference"]["reference"] == f"Medication/{of('codes').one('drg')['id']}"
    assert medicines.all("iss")[0]["basedOn"][0]["reference"] == f"MedicationRequest/{medicines.all('mpl')[0]['id']}"
    assert not record.of_type("Patient")
    assert not medicines.of_type("Medication")


def test_a_referral_is_one_resource_from_two_tables() -> None:
    """CareRecord_Observation and CareRecord_ObservationReferral share the key."""
    assert of("observations").one("ref")["id"] == of("referrals").all("rfd")[0]["id"]


def test_everyone_who_holds_a_session_stands_in_its_schedule() -> None:
    """Each user has a row, and each row of one session is a message."""
    line = b"00000007-5e11-4c0a-9b1d-000000000001,00000003-5e11-4c0a-9b1d-00000000000%d,false,7\n"
    body = b"SessionGuid,UserInRoleGuid,Deleted,ProcessingId\n" + b"".join(line % user for user in (1, 2, 3))
    state: State = {"r": {}}
    for number, message in enumerate(adapter.split(BytesIO(body))):
        envelope, source = adapter.open(message)
        (session,) = family("emis").map(source, envelope, Mint()).contributions
        merge(state, load(stated(session, envelope.order, number)))
    schedule = fold("Schedule", {("feed", "Appointment_SessionUser"): state})
    assert schedule is not None
    assert len({actor["reference"] for actor in schedule["actor"]}) == 3


def test_a_session_is_one_schedule_from_two_tables() -> None:
    assert of("sessions").one("sch")["id"] == of("sessions").one("ses")["id"]
    assert of("slots").all("slot")[0]["schedule"]["reference"] == f"Schedule/{of('sessions').one('sch')['id']}"


def test_a_deleted_observation_withdraws_whatever_it_was() -> None:
    """A deleted row need not tell its type."""
    made = of("observations")
    gone = Counter(one.type for one in made.contributions if one.effect == "delete")
    kinds = ("Observation", "AllergyIntolerance", "Immunization", "ServiceRequest", "DocumentReference", "Condition")
    assert gone == dict.fromkeys(kinds, 1)


def test_a_slot_that_no_longer_names_a_patient_withdraws_the_appointment() -> None:
    """A cancelled booking is told by nothing else."""
    made = of("slots")
    assert [one.effect for one in made.contributions if one.name == "apptf"] == ["delete"]
    text = example("emis", "slots.txt").decode()
    empty = make("emis", text.replace(value_guid(text), "").encode())
    assert set(empty.of_type("Appointment")) == {"delete"}


def value_guid(text: str) -> str:
    """The patient of the slots."""
    columns, first = (line.split(",") for line in text.splitlines()[:2])
    return first[columns.index("PatientGuid")]


def test_all_columns_of_all_versions_are_known(shared: Callable[[str], Path]) -> None:
    """Every column list of the format's versions names a table, and a row with a text in every cell leaves nothing unmapped."""
    lists = json.loads(shared("samples/gp/csv-columns.json").read_text("utf-8"))
    seen = 0
    for name, versions in lists.items():
        if not name.startswith("emis/csv/"):
            continue
        for version in versions:
            columns = header(",".join(version["columns"]).encode())
            table = table_of(columns)
            assert table is not None, version["columns"]
            assert table.name.partition("_")[2] == name.rpartition("/")[2]
            assert unmapped(columns, version["columns"]) == []
            seen += 1
    assert seen > 20


def unmapped(columns: list[str], written: list[str]) -> list[str]:
    """The columns of a plausible full row that nothing reads."""
    lost: set[str] | None = None
    for kind in ("Value", "Allergy", "Immunisation", "Referral", "Document"):
        cells = {
            "ObservationType": kind,
            "EffectiveDatePrecision": "YMD",
            "EndDatePrecision": "YMD",
            "LastReviewDatePrecision": "YMD",
        }
        row = ",".join(cells.get(column, _plausible(column)) for column in columns)
        body = f"{','.join(written)}\r\n{row}\r\n".encode()
        envelope, source = adapter.open(body)
        losses = family("emis").map(source, envelope, Mint()).losses
        found = {loss.path for loss in losses if loss.reason == "unmapped"}
        lost = found if lost is None else lost & found
    return sorted(lost or ())


def _plausible(column: str) -> str:
    endings: dict[str, Any] = {
        "Guid": "0000000a-0000-4000-8000-000000000001",
        "Date": "2025-06-01",
        "Time": "10:00:00",
        "NhsNumber": "9990000018",
        "DateOfBirth": "1950-06-01",
        "DateOfDeath": "2025-06-01",
        "DateOfRegistration": "2020-06-01",
        "DateOfDeactivation": "2025-06-01",
        "Deleted": "false",
    }
    return next((value for ending, value in endings.items() if column.endswith(ending)), "5")


def test_a_date_that_cannot_be_read_is_told() -> None:
    text = example("emis", "observations.txt").decode().replace(",2025-10-14,YMD,2025-10-14,", ",2025-14-14,YMD,2025-10-14,")
    losses = make("emis", text.encode()).losses
    assert ("EffectiveDate|EffectiveDatePrecision", "unreadable") in {(loss.path, loss.reason) for loss in losses}


def test_codes_are_the_same_in_every_practice() -> None:
    """A drug code is one Medication whoever's extract it comes with."""
    text = example("emis", "medicines.txt")
    first = next(iter(adapter.split(BytesIO(text))))
    other = first.replace(b"00000001-5e11-4c0a-9b1d-000000000001", b"00000001-5e11-4c0a-9b1d-0000000000ff")
    said = [make("emis", body).all("med")[0]["medicationReference"] for body in (first, other)]
    assert said[0] == said[1]


def test_entries_have_their_codes_where_the_coding_table_comes_along(tmp_path: Path) -> None:
    """The files of one command are one delivery, whatever their order: SNOMED CT and Read beside the supplier's own code."""
    tables: dict[str, str] = {}
    for line in example("emis", "delivery.txt").decode().splitlines(keepends=True):
        if line.startswith(("CodeId,", "ObservationGuid,", "DiaryGuid,", "ConsultationGuid,", "DrugRecord", "IssueRecord")):
            table = table_of(header(line.encode()))
            assert table is not None
            name = table.name
        tables[name] = tables.get(name, "") + line
    paths = []
    for name, text in sorted(tables.items()):
        paths.append(tmp_path / f"{name}.csv")
        paths[-1].write_text(text)
    result = CliRunner().invoke(app, ["convert", *map(str, paths)])
    assert result.exit_code == 0
    made = [entry["resource"] for line in result.stdout.splitlines() for entry in json.loads(line).get("entry", ())]
    (plan,) = [one for one in made if one["resourceType"] == "CarePlan" and "activity" in one]
    assert plan["title"] == "O/E - blood pressure reading"
    (pressure,) = [one for one in made if one["resourceType"] == "Observation" and "component" in one]
    systems = [coding["system"] for coding in pressure["code"]["coding"]]
    assert {"http://snomed.info/sct", "http://read.info/readv2", "http://loinc.org"} < set(systems)
    assert [part["valueQuantity"]["value"] for part in pressure["component"]] == [152, 91]
    assert {one["code"]["text"] for one in made if one["resourceType"] == "Condition" and "code" in one} == {
        "Hypertension, essential"
    }
