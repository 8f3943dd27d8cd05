"""``copy:``: a JSON subtree taken over as it stands, as far as R4 knows its names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.spec.mapping.small import json, load, made

TABLES: dict[str, Any] = {
    "source": "appt,,,\nid,,,\n",
    "routes": "doc,appt,\n",
    "resources": "appt,,appt,Appointment,id,,upsert,\n",
    "required": "Appointment,status,pending,\nAppointment,participant,[],\n",
    "elements": "A01,appt,,.,,*,copy:same,,\n",
}


def test_it_is_taken_over_element_by_element(tmp_path: Path) -> None:
    source = json(
        '{"appt": {"resourceType": "Appointment", "id": "7", "status": "booked", "minutesDuration": 20, "comment": "Stairs",'
        ' "reasonCode": [{"text": "one"}, {"text": "two"}], "start": "2026-01-10T09:00:00Z"}}'
    )
    outcome = made(load(tmp_path, "json", **TABLES), source, "doc")
    assert outcome.body("appt") == {
        "status": "booked",
        "minutesDuration": 20,
        "comment": "Stairs",
        "reasonCode": [{"text": "one"}, {"text": "two"}],
        "start": "2026-01-10T09:00:00Z",
    }
    assert outcome.losses == [("appt/resourceType", "unmapped", "")]


def test_numbers_keep_their_digits(tmp_path: Path) -> None:
    tables = {
        **TABLES,
        "resources": "appt,,appt,Observation,id,,upsert,\n",
        "required": "Observation,status,unknown,\nObservation,code,x,\n",
    }
    source = json('{"appt": {"id": "1", "valueQuantity": {"value": 72.50}}}')
    assert str(made(load(tmp_path, "json", **tables), source, "doc").body("appt")["valueQuantity"]["value"]) == "72.50"


def test_what_r4_lacks_is_a_loss_by_its_path(tmp_path: Path) -> None:
    source = json('{"appt": {"id": "7", "incomingReferral": "x", "reasonCode": [{"text": "one", "colour": "red"}]}}')
    outcome = made(load(tmp_path, "json", **TABLES), source, "doc")
    assert outcome.body("appt") == {"reasonCode": [{"text": "one"}]}
    assert {("appt/incomingReferral", "unmapped"), ("appt/reasonCode/colour", "unmapped")} <= {loss[:2] for loss in outcome.losses}


def test_a_code_table_renames(tmp_path: Path) -> None:
    """``copy:NAME`` takes its names from ``codes/copy-NAME.csv``."""
    tables = {**TABLES, "elements": "A01,appt,,.,,*,copy:stu3,,\n", "codes": {"copy-stu3": "reason,,reasonCode,,\n"}}
    source = json('{"appt": {"id": "7", "reason": [{"text": "one"}]}}')
    assert made(load(tmp_path, "json", **tables), source, "doc").body("appt") == {"reasonCode": [{"text": "one"}]}


def test_rows_beside_it_win(tmp_path: Path) -> None:
    tables = {**TABLES, "elements": "A00,appt,,id,,comment,,,\nA01,appt,,.,,*,copy:same,,\n"}
    source = json('{"appt": {"id": "7", "comment": "Stairs"}}')
    assert made(load(tmp_path, "json", **tables), source, "doc").body("appt")["comment"] == "7"
