"""Documents in FHIR STU3: ambulance handover and transfers of care as R4."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.mapping.examples import value_at
from interop.mapping.library import adapters
from tests.spec.families.maps import Made, example, make

EXAMPLES = ["attachment.json", "discharge.xml", "handover-before-arrival.json", "handover.json", "withdrawn.json"]
HANDOVER = example("documents", "handover.json")
EARLY = example("documents", "handover-before-arrival.json")
DISCHARGE = example("documents", "discharge.xml")

FACTS: list[tuple[str, str, str, Any]] = [
    ("handover.json", "enc", "period.start", "2026-07-14T13:58:00+01:00"),
    ("handover.json", "enc", "period.end", "2026-07-14T14:51:00+01:00"),
    ("handover.json", "enc", "class.code", "EMER"),
    ("handover.json", "enc", "hospitalization.destination.display", "Minster General, Emergency Department"),
    ("handover.json", "enc", "location[0].status", "completed"),
    ("handover.json", "enc", "participant[0].individual.display", "Idris Vale"),
    ("handover.json", "patient", "identifier[0].value", "9995000016"),
    ("handover.json", "patient", "communication[0].language.coding[0].code", "pl"),
    ("handover.json", "patient", "extension[0].url", "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-EthnicCategory"),
    ("handover.json", "prac", "identifier[0].value", "PA00001"),
    ("handover.json", "obs", "component[0].valueQuantity.value", "98"),
    ("handover.json", "obs", "code.coding[1].code", "85354-9"),
    ("handover.json", "cond", "code.coding[0].code", "29857009"),
    ("handover.json", "cond", "onsetDateTime", "2026-07-14T13:30:00+01:00"),
    ("handover.json", "cond", "verificationStatus.coding[0].code", "provisional"),
    ("handover.json", "all", "verificationStatus.coding[0].code", "unconfirmed"),
    ("handover.json", "given", "effectiveDateTime", "2026-07-14T14:08:00+01:00"),
    ("handover.json", "given", "status", "completed"),
    ("handover.json", "given", "dosage.dose.value", "300"),
    ("handover.json", "flag", "code.coding[0].code", "225915006"),
    ("handover.json", "flag", "period.start", "2026-07-14"),
    ("handover.json", "cons", "provision.period.start", "2026-07-14"),
    ("handover.json", "cons", "provision.actor[0].reference.display", "Minster Hospitals"),
    ("handover.json", "document", "docStatus", "final"),
    ("handover.json", "document", "date", "2026-07-14T14:55:00+01:00"),
    ("handover.json", "document", "type.coding[0].code", "312711000000101"),
    ("handover.json", "dref", "content[0].attachment.contentType", "application/pdf"),
    ("handover.json", "header", "eventCoding.code", "YH001"),
    ("handover.json", "header", "extension[0].extension[0].url", "BusAckRequested"),
    ("handover.json", "header", "extension[0].extension[0].valueBoolean", True),
    ("handover-before-arrival.json", "document", "docStatus", "preliminary"),
    ("handover-before-arrival.json", "enc", "status", "in-progress"),
    ("handover-before-arrival.json", "enc", "period.end", None),
    ("withdrawn.json", "enc", "status", "cancelled"),
    ("withdrawn.json", "document", "status", "entered-in-error"),
    ("discharge.xml", "document", "docStatus", "final"),
    ("discharge.xml", "document", "date", None),
    ("discharge.xml", "document", "content[0].attachment.creation", "2026-03-02"),
    ("discharge.xml", "document", "securityLabel[0].coding[0].code", "R"),
    ("discharge.xml", "document", "relatesTo[0].target.identifier.value", "DS-2026-0101"),
    ("discharge.xml", "comp", "identifier.value", "DS-2026-0117"),
    ("discharge.xml", "enc", "hospitalization.dischargeDisposition.coding[0].code", "19"),
    ("discharge.xml", "plan", "status", "on-hold"),
    ("discharge.xml", "rrq", "category[0].coding[0].code", "3457005"),
    ("discharge.xml", "booking", "start", "2026-04-13T09:00:00+01:00"),
    ("discharge.xml", "disp", "whenHandedOver", "2026-03-02T14:30:00+00:00"),
    ("attachment.json", "bin", "content[0].attachment.contentType", "application/pdf"),
    ("gaps.json", "comp", "status", "preliminary"),
    ("gaps.json", "document", "docStatus", None),
    ("gaps.json", "all", "clinicalStatus.coding[0].code", "active"),
]
"""File, resource, path, value: what a clinician would say that the document says."""


def first(made: Made, name: str) -> dict[str, Any]:
    return made.all(name)[0]


@pytest.mark.parametrize(("file", "name", "path", "value"), FACTS, ids=[f"{name} {path}" for _, name, path, _ in FACTS])
def test_what_the_document_says(file: str, name: str, path: str, value: Any) -> None:
    found = value_at(first(make("documents", example("documents", file)), name), path)
    assert (str(found) if isinstance(value, str) else found) == value


@pytest.mark.parametrize("file", EXAMPLES)
def test_nothing_is_left_out(file: str) -> None:
    losses = make("documents", example("documents", file)).losses
    assert {loss.reason for loss in losses} == {"not-carried"}


def test_every_section_stays_as_its_author_wrote_it() -> None:
    """A heading that nobody knows too, and a part of a section."""
    document = make("documents", HANDOVER).one("document")
    texts = {one["attachment"]["title"]: b64decode(one["attachment"]["data"]).decode() for one in document["content"]}
    assert "Dog with the neighbour" in texts["Pets at home"]
    assert "Half past one, at rest" in texts["Onset"]
    assert "Observations" not in texts, "a section without a text is none"


def test_a_section_refers_to_the_facts_that_stand_in_it() -> None:
    made = make("documents", HANDOVER)
    sections = {one["title"]: one for one in made.one("comp")["section"]}
    assert sections["Presenting Complaints or Issues"]["entry"][0]["reference"] == f"Condition/{made.one('cond')['id']}"
    assert [one["reference"].partition("/")[0] for one in sections["Observations"]["entry"]] == ["Observation"] * 3


def test_what_was_not_given_or_done_is_not_done() -> None:
    """STU3 tells by ``notGiven`` and ``notDone`` what R4 tells by the status."""
    made = make("documents", HANDOVER)
    assert [one["status"] for one in made.all("given")] == ["completed", "not-done"]
    assert [one["status"] for one in made.all("proc")] == ["completed", "not-done"]
    assert [one["status"] for one in make("documents", DISCHARGE).all("disp")] == ["completed", "declined"]


def test_before_arrival_and_handover_are_one_visit_of_one_person() -> None:
    before, after = make("documents", EARLY), make("documents", HANDOVER)
    for name in ("patient", "enc", "comp", "document"):
        assert before.one(name)["id"] == after.one(name)["id"]


def test_an_incident_is_not_one_persons_visit() -> None:
    """Two people of one incident, neither with a record number, have a visit each."""

    def of(tail: str) -> bytes:
        body = example("documents", "withdrawn.json").decode()
        return body.replace("c1d90e", tail).encode()

    assert make("documents", of("c1d90e")).one("enc")["id"] != make("documents", of("d2e81f")).one("enc")["id"]


def test_a_later_version_takes_the_place_of_a_document() -> None:
    """The identifier of a Composition stays from version to version, its id does not."""
    later = DISCHARGE.replace(b"8e2b1702-", b"8e2b17aa-")
    for name in ("comp", "document"):
        assert make("documents", later).one(name)["id"] == make("documents", DISCHARGE).one(name)["id"]


def test_a_handover_without_its_document_is_one_still() -> None:
    """What the crew found counts; files alone are another message."""

    def without(kind: str, body: bytes) -> bytes:
        bundle = json.loads(body)
        inner = next((one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Bundle"), bundle)
        inner["entry"] = [one for one in inner["entry"] if one["resource"]["resourceType"] != kind]
        return json.dumps(bundle).encode()

    body = without("Composition", HANDOVER)
    assert adapters()["documents"].envelope(body).message == "Handover"
    made = make("documents", body)
    assert (len(made.all("obs")), len(made.all("enc"))) == (3, 1)
    assert made.all("document") == []
    assert made.findings() == []
    assert adapters()["documents"].envelope(without("Encounter", body)).message == "Attachment"


def test_an_extension_that_nobody_knows_is_carried_or_told_as_lost() -> None:
    bundle = json.loads(HANDOVER)
    header = bundle["entry"][0]["resource"]
    unknown = {"url": "https://example.org/unknown", "valueString": "kept"}
    header["extension"].append(unknown)
    header["receiver"]["extension"] = [unknown]
    made = make("documents", json.dumps(bundle).encode())
    assert unknown in made.one("header")["extension"]
    assert [one.path for one in made.losses if one.reason == "unmapped"] == ["entry/resource/receiver/extension/valueString"]


def test_a_contained_resource_stands_by_itself() -> None:
    made = make("documents", example("documents", "withdrawn.json"))
    assert made.one("obs")["performer"][0]["reference"] == f"Practitioner/{made.one('prac')['id']}"


def test_a_time_without_a_zone_is_that_of_the_uk() -> None:
    body = HANDOVER.replace(b"2026-07-14T13:58:00+01:00", b"2026-07-14T13:58:00")
    assert make("documents", body).one("enc")["period"]["start"] == "2026-07-14T13:58:00+01:00"


def test_an_unknown_type_is_told_as_lost() -> None:
    message = json.loads(HANDOVER)
    message["entry"].append({"resource": {"resourceType": "Basic", "code": {"text": "what no table knows"}}})
    losses = make("documents", json.dumps(message).encode()).losses
    assert [(loss.path, loss.reason) for loss in losses if loss.reason != "not-carried"] == [
        ("entry/resource/code/text", "unmapped")
    ]


REPORTS: list[tuple[str, str, str, Any]] = [
    ("adastra", "patient", "identifier[0].value", "9990004951"),
    ("adastra", "header", "destination[0].endpoint", "urn:nhs-uk:addressing:ods:RSHSO14A:DOSServiceID:2000006423"),
    ("adastra", "cons", "provision.period.start", "2021-04-06T10:54:11+00:00"),
    ("adastra", "cons", "provision.action[0].coding[0].code", "425691002"),
    ("adastra", "qr", "item[0].answer[0].valueString", "an injury or other health problem"),
    ("adastra", "quest", "item[0].type", "choice"),
    ("adastra", "cond", "verificationStatus", None),
    ("cleric", "header", "destination[0].endpoint", "urn:nhs-uk:addressing:ods:A82018:DOSServiceID:136753"),
    ("primary", "plan", "category[0].coding[0].code", "triage-outcome"),
]
"""Supplier, resource, path, value: NHS 111 reports as another converter gives them, STU3 messages themselves."""


@pytest.mark.parametrize(("supplier", "name", "path", "value"), REPORTS, ids=[f"{who} {path}" for who, _, path, _ in REPORTS])
def test_what_a_report_in_stu3_says(shared: Callable[[str], Path], supplier: str, name: str, path: str, value: Any) -> None:
    (file,) = shared("samples/ambulance/nhs111/expected-stu3").glob(f"{supplier}*.json")
    assert value_at(first(make("documents", file.read_bytes()), name), path) == value


def test_reports_in_stu3_are_valid_in_r4_and_nothing_of_them_is_unmapped(shared: Callable[[str], Path]) -> None:
    files = sorted(shared("samples/ambulance/nhs111/expected-stu3").glob("*.json"))
    assert len(files) == 5
    for file in files:
        made = make("documents", file.read_bytes())
        assert made.findings() == [], file.name
        assert {loss.reason for loss in made.losses} <= {"not-carried", "unresolved"}, file.name


def test_a_code_outside_a_required_value_set_is_a_loss_and_no_text() -> None:
    """R4 would not take a text in its place."""
    made = make("documents", HANDOVER.replace(b'"provisional"', b'"perhaps"'))
    assert "verificationStatus" not in made.one("cond")
    assert [(loss.path, loss.reason) for loss in made.losses if loss.reason != "not-carried"] == [("verificationStatus", "no-code")]
