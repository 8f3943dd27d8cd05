"""What a clinician would say each NHS 111 report says: own examples, and the samples of five suppliers where they are at hand."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.nhs111 import adapter
from interop.errors import Problem
from interop.mapping.examples import value_at
from tests.spec.families.maps import Made, example, make

V3 = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
PLAN, QR = "plan", "triage"
Fact = tuple[str, str, str, Any]

EXAMPLES: list[Fact] = [
    # the ambulance report: rung by a daughter, second version, no NHS number
    ("ambulance", "pat", "identifier[0].system", "urn:interop:id:YZZ01:patient"),
    ("ambulance", "pat", "identifier[1]", None),
    ("ambulance", "pat", "birthDate", "1961"),
    ("ambulance", "pat", "gender", "other"),
    ("ambulance", "pat", "address[0].extension[0].extension[0].valueString", "96214001"),
    ("ambulance", "comp", "date", "2025-07-06T15:09:55+01:00"),
    ("ambulance", "comp", "meta.security[0].code", "R"),
    ("ambulance", "comp", "relatesTo[0].code", "replaces"),
    ("ambulance", "comp", "relatesTo[1].code", "appends"),
    ("ambulance", "comp", "section[0].title", "Special Patient Notes"),
    ("ambulance", "comp", "section[1]", None),
    ("ambulance", "enc", "period.start", "2025-07-06T14:58:10+01:00"),
    ("ambulance", "enc", "hospitalization.dischargeDisposition.coding[0].code", "Dx0112"),
    ("ambulance", "inf", "name[0].given[0]", "Bethan"),
    ("ambulance", "inf", "period.start", "2025-07-06T14:58:00+01:00"),
    ("ambulance", "deliv", "category[0].coding[0].code", "urn:nhs-itk:interaction:copyRecipientNHS111CDADocument-v2-0"),
    ("ambulance", "deliv", "recipient[1].identifier.value", "2000099001"),
    ("ambulance", "deliv", "note[0].text", "The sender asked for an infrastructure acknowledgement."),
    ("ambulance", "prim", "status", "unknown"),
    ("ambulance", "copied", "category[0].coding[0].code", "copy"),
    ("ambulance", "copy", "name", "Quarry Wood Surgery"),
    ("ambulance", "cons", "category[0].coding[0].code", "425691002"),
    ("ambulance", "cons", "provision", None),
    (
        "ambulance",
        PLAN,
        "activity[2].outcomeReference[0].identifier.value",
        "7C0B1E52-6D1F-4B7A-9E55-0000000000E1",
    ),
    ("ambulance", QR, "status", "completed"),
    ("ambulance", QR, "authored", "2025-07-06T15:08:30+01:00"),
    ("ambulance", QR, "item[0].linkId", "Tx900010"),
    ("ambulance", QR, "item[0].answer[0].valueString", "yes\nit goes to the arm"),
    # the report that knows its sections by titles
    ("titles", "comp", "date", "2025-03-02T18:05:00Z"),
    ("titles", "pat", "telecom[0].value", "07700900505"),
    ("titles", "enc", "period.end", None),
    # a report with rare parts: no NHS number, two authors, a denial, a booking that was cancelled, ids with extensions
    ("parts", "pat", "identifier[0].value", "CASE-5001"),
    ("parts", "pat", "identifier[1]", None),
    ("parts", "pat", "contact[0].name.given[0]", "Asha"),
    ("parts", "comp", "identifier.value", "S-5001"),
    ("parts", "comp", "date", "2025-07-06T15:09:55+01:00"),
    ("parts", "comp", "attester[0].mode", "legal"),
    ("parts", "enc", "participant[1].period.start", "2025-07-06T15:08:00+01:00"),
    ("parts", "plan", "activity[0].detail.status", "cancelled"),
]

SAMPLES: list[Fact] = [
    ("adastra-itk-ooh-referral-dx06-itk-request", "pat", "identifier[0].value", "9990004951"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "pat", "birthDate", "2015-04-01"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "comp", "date", "2021-04-06T12:33:35+01:00"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "comp", "meta.security[0].code", "N"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "enc", "period.start", "2021-04-06T11:54:11+01:00"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "enc", "status", "finished"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "enc", "hospitalization.dischargeDisposition.coding[0].code", "Dx06"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "rcpt", "identifier[0].value", "RSHSO14A"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "copy", "identifier[0].value", "J82633"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "resp", "name[0].family", "Black"),
    ("adastra-itk-ooh-referral-dx06-itk-request", "deliv", "recipient[1].identifier.value", "2000006423"),
    ("cleric-itk-ooh-referral-dx09-itk-request", "pat", "identifier[0].value", "1081845"),
    ("cleric-itk-ooh-referral-dx09-itk-request", "pat", "name[0].family", "Please Disregard"),
    ("cleric-itk-ooh-referral-dx09-itk-request", "enc", "hospitalization.dischargeDisposition.coding[0].code", "Dx09"),
    ("cleric-itk-ooh-referral-dx09-itk-request", QR, "authored", "2021-08-03T14:07:12+01:00"),
    ("cleric-itk-ooh-referral-dx09-itk-request", QR, "item[0].linkId", "Tx220109"),
    ("cleric-itk-ooh-referral-dx09-itk-request", QR, "item[1].answer[0].valueString", "no"),
    ("ic24-itk-ooh-referral-dx06-itk-request", "pat", "identifier[0].value", "DRSM-C2WCE8-975"),
    ("ic24-itk-ooh-referral-dx06-itk-request", "pat", "telecom[0].value", "01233123123"),
    ("ic24-itk-ooh-referral-dx06-itk-request", "comp", "meta.security[0].code", "R"),
    ("ic24-itk-ooh-referral-dx06-itk-request", "enc", "period.start", "2021-05-11T09:49:11+01:00"),
    ("ic24-itk-ooh-referral-dx06-itk-request", "auth", "name[0].text", "Ben Smythson"),
    ("primary-emergency-itk-request", "comp", "date", "2017-01-01T20:00:00Z"),
    ("primary-emergency-itk-request", "comp", "extension[0].valueString", "2"),
    ("primary-emergency-itk-request", "enc", "period.start", "2017-01-01T19:45:00Z"),
    ("primary-emergency-itk-request", "enc", "hospitalization.dischargeDisposition.coding[0].code", "Dx001"),
    ("primary-emergency-itk-request", "inf", "name[0].family", "Bloggs"),
    ("primary-emergency-itk-request", "obs", "effectivePeriod.end", "2011-05-26T20:00:00Z"),
    ("primary-emergency-itk-request", "aloc", "identifier[0].value", "Q36"),
    ("primary-emergency-itk-request", QR, "status", "in-progress"),
    ("tpp-ooh-T6-skillset", "comp", "date", "2022-03-16T14:05:42+00:00"),
    ("tpp-ooh-T6-skillset", "pat", "identifier[0].value", "9990556512"),
    ("tpp-ooh-T6-skillset", "pat", "contact[0].telecom[0].value", "03003690004"),
    ("tpp-ooh-T6-skillset", "rcpt", "name", "CPCS: Pharmacy 1 Test Profile Positive Solutions"),
    ("tpp-ooh-T6-skillset", QR, "item[0].answer[0].valueString", "a report of results or tests"),
]


def holds(made: Made, name: str, path: str, value: Any) -> None:
    """The first resource of that name says so; a date or time as it stands in the resource."""
    found = value_at(made.all(name)[0], path)
    assert (str(found) if found is not None and value is not None else found) == value, (name, path)


@pytest.mark.parametrize(("file", "name", "path", "value"), EXAMPLES)
def test_what_an_example_says(file: str, name: str, path: str, value: Any) -> None:
    holds(make("nhs111", example("nhs111", f"{file}.xml")), name, path, value)


def test_what_the_samples_say(shared: Callable[[str], Path]) -> None:
    folder = shared("samples/ambulance/nhs111/input")
    made = {path.stem: make("nhs111", path.read_bytes()) for path in folder.glob("*.xml")}
    assert {fact[0] for fact in SAMPLES} == set(made)
    for file, name, path, value in SAMPLES:
        holds(made[file], name, path, value)


def test_no_populated_field_of_a_sample_is_unmapped(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("samples/ambulance/nhs111/input").glob("*.xml")):
        lost = [loss for loss in make("nhs111", path.read_bytes()).losses if loss.reason != "not-carried"]
        assert lost == [], path.name


def test_templates_that_were_not_filled_are_refused(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("samples/ambulance/nhs111/other").glob("*.xml")):
        with pytest.raises(Problem) as caught:
            adapter.open(path.read_bytes())
        assert caught.value.reason.name == "placeholder", path.name


def test_answers_that_were_taken_back_and_variables_of_the_software_are_no_answers() -> None:
    (triage,) = make("nhs111", example("nhs111", "ambulance.xml")).all(QR)
    said = [item["linkId"] for item in triage["item"]]
    assert said.count("Tx900010") == 1
    assert "Tx900001" not in said
    assert "not sure" not in str(triage)


def test_a_case_file_that_cannot_be_read_or_says_nothing_is_carried_all_the_same() -> None:
    body = example("nhs111", "ambulance.xml")
    start = body.index(b'mediaType="text/xml">') + len(b'mediaType="text/xml">')
    empty = b64encode(b"<PathwaysCase><caseDetails><caseId>7</caseId></caseDetails></PathwaysCase>")
    for text in (b"PFBhdGh3YXlzQ2FzZT48", b"bm90IFhNTA==", empty):
        made = make("nhs111", body[:start] + text + body[body.index(b"<", start) :])
        assert made.all(QR) == []
        (media,) = made.all("media")
        assert media["content"][0]["attachment"]["data"] == text.decode()


def test_a_patient_without_any_identifier_is_unlinked() -> None:
    body = example("nhs111", "ambulance.xml").replace(
        b'<id root="2.16.840.1.113883.2.1.3.2.4.18.24" extension="AMB-7700412"/>', b""
    )
    made = make("nhs111", body)
    (patient,) = made.all("pat")
    assert "identifier" not in patient
    assert patient["meta"]["tag"][0]["code"] == "unlinked"
    other = make("nhs111", body.replace(b"0000000000A2", b"0000000000AF").replace(b"0000000000B1", b"0000000000BE"))
    assert other.one("pat")["id"] != patient["id"]


@pytest.mark.parametrize("path", [b'value="20250706150955+0100"', b'value="20250706150900+0100"'])
def test_a_time_that_is_not_known_gets_no_default(path: bytes) -> None:
    body = example("nhs111", "ambulance.xml").replace(b'value="20250706150955+0100"', b'nullFlavor="UNK"')
    made = make("nhs111", body.replace(path, b'nullFlavor="UNK"'))
    expected = None if path.startswith(b'value="20250706150900') else "2025-07-06T15:09:00+01:00"
    assert made.one("comp").get("date") == expected
    assert "created" not in made.one("plan")


def test_every_part_of_a_very_restricted_report_is_very_restricted() -> None:
    body = example("nhs111", "ambulance.xml").replace(b'confidentialityCode code="R"', b'confidentialityCode code="V"')
    made = make("nhs111", body)
    for name in ("comp", "plan", "enc", "media", "triage", "obs", "cons"):
        for one in made.all(name):
            assert one["meta"]["security"] == [{"system": V3, "code": "V", "display": "very restricted"}], name


LETTER: list[tuple[str, str, Any]] = [
    ("whole", "content[0].attachment.contentType", "application/pdf"),
    ("whole", "date", "2026-06-11T10:30:00+01:00"),
    ("whole", "description", "Clinic letter"),
    ("whole", "docStatus", "final"),
    ("enc", "period.start", "2026-06-11T09:50:00+01:00"),
    ("enc", "identifier[0].value", "OP-4417"),
    ("pat", "identifier[0].value", "9995000059"),
    ("auth", "name[0].family", "Sandhu"),
    ("cust", "identifier[0].value", "RZ99"),
    ("comp", "type.coding[0].code", "823681000000100"),
]


@pytest.mark.parametrize(("name", "path", "value"), LETTER, ids=[path for _, path, _ in LETTER])
def test_what_any_other_document_says(name: str, path: str, value: Any) -> None:
    """A clinic letter without coded parts: it stands beside the documents of other sources, and is no triage."""
    made = make("nhs111", example("nhs111", "letter.xml"))
    assert value_at(made.one(name), path) == value
    assert made.all("plan") == []
    assert {loss.reason for loss in made.losses} == {"not-carried"}


def test_medicines_and_what_was_done_are_as_the_report_says() -> None:
    """Denied, meant and withdrawn entries say so; nothing is asserted where the report gives no status."""
    made = make("nhs111", example("nhs111", "parts.xml"))
    medicines = {one["medicationCodeableConcept"]["text"]: one["status"] for one in made.all("mst")}
    assert medicines == {
        "Paracetamol 500mg tablets": "active",
        "Aspirin": "not-taken",
        "Ibuprofen": "intended",
        "Codeine": "entered-in-error",
    }
    assert [one["status"] for one in made.all("proc")] == ["completed", "not-done", "entered-in-error"]
    assert "status" not in made.one("act")
    assert made.findings() == []
