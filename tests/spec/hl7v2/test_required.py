"""Fields that a message type requires (HL7 v2.4: PID-3 3.4.2.3, PV1-2 3.4.3.2, MRG-1 3.4.9.1, SCH 10.6.1)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.hl7v2 import adapter
from interop.errors import Problem
from tests.spec.hl7v2.messages import message

PID = "PID|1||00421^^^RX1PAS||MARLOW^TESS"
PV1 = b"\rPV1|1|I|WARD7^BAY2^4^RX1"
VISITS = ("A01", "A02", "A03", "A04", "A05", "A11", "A12", "A13")
PERSONS = ("A08", "A28", "A31")
BOOKINGS = ("S12", "S13", "S14", "S15", "S26")


def refused(body: bytes) -> tuple[str, str, str]:
    with pytest.raises(Problem) as caught:
        adapter.envelope(body)
    return caught.value.reason.name, caught.value.reason.original, caught.value.where


def adt(event: str, *, pid: str = PID, extra: tuple[str, ...] = ()) -> bytes:
    return message(type=f"ADT^{event}", pid=pid, extra=extra)


@pytest.mark.parametrize("event", [*VISITS, *PERSONS])
def test_an_adt_names_its_patient_in_pid_3(event: str) -> None:
    assert refused(adt(event, pid="ZZZ|1")) == ("missing-field", "AE", "PID-3")
    assert adapter.envelope(adt(event)).message == f"ADT^{event}"


@pytest.mark.parametrize("three", ["", '""', "^^^RX1PAS", " ", '""~^^^NHS'])
def test_a_pid_3_without_any_number_is_no_patient(three: str) -> None:
    assert refused(adt("A01", pid=f"PID|1|E77^^^EXT|{three}||MARLOW^TESS")) == ("missing-field", "AE", "PID-3")


def test_one_number_among_the_repetitions_of_pid_3_is_enough() -> None:
    assert adapter.envelope(adt("A01", pid="PID|1||^^^NHS~00421^^^RX1PAS")).keys == ("RX1PAS|00421",)


def test_a_segment_that_ends_before_the_field_has_it_not() -> None:
    assert refused(adt("A01", pid="PID|1")) == ("missing-field", "AE", "PID-3")


@pytest.mark.parametrize("event", VISITS)
def test_a_visit_has_a_patient_class_in_pv1_2(event: str) -> None:
    assert refused(adt(event).replace(PV1, b"")) == ("missing-field", "AE", "PV1-2")
    assert refused(adt(event).replace(PV1, b"\rPV1|1||WARD7")) == ("missing-field", "AE", "PV1-2")


@pytest.mark.parametrize("event", PERSONS)
def test_what_is_told_of_the_person_needs_no_visit_but_one_that_is_sent_has_its_class(event: str) -> None:
    assert adapter.envelope(adt(event).replace(PV1, b"")).message == f"ADT^{event}"
    assert refused(adt(event).replace(PV1, b"\rPV1|1||WARD7")) == ("missing-field", "AE", "PV1-2")


def test_a_merge_names_both_sides() -> None:
    bare = adt("A40").replace(PV1, b"")
    assert refused(bare) == ("missing-field", "AE", "MRG-1")
    assert refused(bare + b"MRG|^^^RX1PAS\r") == ("missing-field", "AE", "MRG-1")
    assert refused(adt("A40", pid="PID|1", extra=("MRG|00399^^^RX1PAS",))) == ("missing-field", "AE", "PID-3")
    assert adapter.envelope(bare + b"MRG|00399^^^RX1PAS\r").keys == ("RX1PAS|00421", "RX1PAS|00399")


@pytest.mark.parametrize("event", BOOKINGS)
def test_a_schedule_has_its_sch(event: str) -> None:
    body = message(type=f"SIU^{event}", extra=("SCH|B1^PAS|B1^PAS",))
    assert adapter.envelope(body).message == f"SIU^{event}"
    assert refused(body.replace(b"\rSCH|", b"\rZSC|")) == ("missing-field", "AE", "SCH")


def test_other_delimiters_are_the_messages_own() -> None:
    body = adt("A01").replace(b"|", b"*").replace(b"^", b":")
    assert adapter.envelope(body).message == "ADT^A01"
    assert refused(body.replace(b"00421", b"")) == ("missing-field", "AE", "PID-3")


def test_a_type_that_is_not_in_the_table_is_left_to_the_routes() -> None:
    assert adapter.envelope(message(type="ADT^Z99", pid="PID|1")).message == "ADT^Z99"


def test_every_itk_sample_has_what_it_must(shared: Callable[[str], Path]) -> None:
    seen = 0
    for path in sorted(shared("samples/acute").rglob("*")):
        if path.is_file() and adapter.recognises(path.read_bytes()[:4096]):
            with path.open("rb") as file:
                for body in adapter.split(file):
                    adapter.envelope(body)
                    seen += 1
    assert seen >= 15
