"""HL7 v2.4 to v2.8 chapters 3, 7, 9, 11, 12: what results, documents, referrals and the later events say."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from interop.mapping.conditions import exclusive, parse_condition
from interop.mapping.library import family
from tests.spec.families.maps import example, make

FAMILY = "hl7v2"
PERSON = "PID|1||H1234^^^PAS||MARLOWE^EDITH||19410317|2"


def message(event: str, *segments: str) -> bytes:
    """A message of that trigger from the hospital RZZ."""
    return "\r".join([f"MSH|^~\\&|LIMS|RZZ|HUB|HUB|202406121130||{event}|T1|P|2.5", *segments]).encode()


def test_a_result_keeps_its_value_unit_range_flag_and_status() -> None:
    made = make(FAMILY, example(FAMILY, "results.hl7"))
    haemoglobin = made.all("obs")[0]
    assert haemoglobin["valueQuantity"] == {
        "value": 98,
        "unit": "gram per litre",
        "system": "http://unitsofmeasure.org",
        "code": "g/L",
    }
    assert haemoglobin["referenceRange"][0]["text"] == "115-165"
    assert haemoglobin["interpretation"][0]["coding"][0]["code"] == "LL"
    assert (haemoglobin["status"], haemoglobin["effectiveDateTime"]) == ("final", "2024-06-12T08:18:00+01:00")
    report = made.one("rep")
    assert len(report["result"]) == 17
    assert len(report["presentedForm"]) == 3


def test_a_number_that_is_none_is_kept_in_words() -> None:
    """OBX-2 NM with a value such as <3: it must not go missing."""
    made = make(FAMILY, message("ORU^R01", PERSON, "OBR|1||F1|CRP", "OBX|1|NM|CRP^C-reactive protein^L||<3|mg/L|||||F"))
    assert made.one("obs")["valueString"] == "<3 mg/L"


@pytest.mark.parametrize(
    ("said", "status"), [("F", "final"), ("C", "corrected"), ("P", "preliminary"), ("X", "cancelled"), ("W", "entered-in-error")]
)
def test_the_status_of_a_result(said: str, status: str) -> None:
    """HL7 table 0085."""
    made = make(FAMILY, message("ORU^R01", PERSON, "OBR|1||F1|CRP", f"OBX|1|ST|A^B^L||x||||||{said}"))
    assert made.one("obs")["status"] == status


def test_each_order_has_its_own_results() -> None:
    """ORC and OBR repeat: what stands under one is not of the other."""
    made = make(FAMILY, example(FAMILY, "results-order.hl7"))
    assert [report["identifier"][0]["value"] for report in made.all("rep")] == ["L901", "L902"]
    assert [request["identifier"][0]["value"] for request in made.all("req")] == ["P901", "P902"]


def test_lines_of_a_letter_are_one_document() -> None:
    document = make(FAMILY, example(FAMILY, "document.hl7")).one("tdoc")
    texts = [one["attachment"] for one in document["content"] if one["attachment"]["contentType"] == "text/plain"]
    assert [b64decode(one["data"]).decode() for one in texts] == ["Dear Dr Pascoe\nThank you."]


def test_a_replacement_supersedes_the_document_before() -> None:
    made = make(FAMILY, example(FAMILY, "document-replaced.hl7"))
    before, after = made.one("par"), made.one("doc")
    original = make(FAMILY, example(FAMILY, "document.hl7")).one("tdoc")
    assert (before["status"], before["id"]) == ("superseded", original["id"])
    assert after["relatesTo"][0]["code"] == "replaces"


def test_a_cancelled_document_or_referral() -> None:
    assert make(FAMILY, example(FAMILY, "document-cancelled.hl7")).one("doc")["status"] == "entered-in-error"
    assert make(FAMILY, example(FAMILY, "referral-cancelled.hl7")).one("refl")["status"] == "revoked"


def test_patients_who_swap_beds_keep_their_own_visits() -> None:
    """A17 holds two persons, each with a visit."""
    made = make(FAMILY, example(FAMILY, "swap.hl7"))
    assert len({visit["subject"]["reference"] for visit in made.all("svis")}) == 2


def test_a_test_for_numbers() -> None:
    """What is a number and what is none cannot hold together."""
    assert exclusive(parse_condition("OBX-5 numeric", er7=True), parse_condition("not OBX-5 numeric", er7=True))
    assert exclusive(parse_condition("OBX-5 numeric", er7=True), parse_condition("OBX-5 in a,b", er7=True))
    assert not exclusive(parse_condition("OBX-5 numeric", er7=True), parse_condition("OBX-5 = 4", er7=True))


def test_every_sample_of_every_type_maps(shared: Callable[[str], Path]) -> None:
    assert family(FAMILY) is not None
    for folder in ("itk", "hl7v2/input"):
        for sample in sorted(shared(f"samples/acute/{folder}").iterdir()):
            assert make(FAMILY, sample.read_bytes()).findings() == [], sample.name
