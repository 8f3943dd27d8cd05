"""What samples of results, documents, referrals and scheduling say, fact by fact, and forms of results that the samples lack
(HL7 v2.3 to v2.9 chapters 4, 7, 9, 10, 11)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path

import pytest

from interop.mapping.examples import said, value_at
from tests.spec.families.maps import Made, make

Fact = tuple[str, str, str]
PERSON = "PID|1||H1234^^^PAS||MARLOWE^EDITH||19410317|2"
OBR = "OBR|1|P1^ORDERS|F1^LIMS|FBC^Full blood count^L|||202406120815||||||||||||||||||F"

FACTS: dict[str, list[Fact]] = {
    "ORU-R01-01": [
        ("rep", "status", "final"),
        ("rep", "code.text", "Enteric Culture"),
        ("rep", "identifier[0].value", "986"),
        ("rep", "effectiveDateTime", "2002-02-15T07:30:00+02:15"),
        ("rep", "issued", "2002-03-15T07:30:00+02:15"),
        ("obs", "status", "preliminary"),
        ("obs", "valueCodeableConcept.text", "Salmonella species"),
        ("obs", "valueCodeableConcept.coding[0].system", "http://snomed.info/sct"),
        ("obs", "interpretation[0].coding[0].code", "A"),
        ("obs", "referenceRange[0].text", "70-80"),
        ("obs", "effectiveDateTime", "2012-03-01"),
        ("obs", "note[0].text", "Submission of serum"),
        ("obs", "note[0].time", "2020-10-10T16:00:00+02:15"),
        ("obs#2", "status", "registered"),
        ("obs#2", "valueQuantity.value", "27"),
        ("obs#2", "component[0].valueQuantity.value", "25"),
        ("req", "priority", "asap"),
        ("req", "status", "completed"),
        ("req", "reasonCode[0].text", "Reason for study"),
        ("req", "basedOn[0].identifier.value", "PAI-8.1"),
        ("spec", "type.text", "Blood"),
        ("spec", "collection.collectedPeriod.start", "2011-01-03T14:34:28-08:00"),
        ("fdx", "code.text", "Chest pain"),
        ("odt", "docStatus", "final"),
    ],
    "MDM-T02-01": [
        ("doc", "status", "current"),
        ("doc", "docStatus", "final"),
        ("doc", "masterIdentifier.value", "1.2.840.317.5947431.51.20080131160038"),
        ("doc", "date", "2008-01-31T16:00:00+02:15"),
        ("doc", "description", "Antibodies Detected"),
        ("doc", "content[1].attachment.contentType", "application/pdf"),
        ("doc", "context.related[0].identifier.value", "00012345"),
        ("mrq", "code.text", "TransthoracicEcho"),
        ("mrq", "reasonCode[0].coding[0].code", "796.4"),
        ("cns", "status", "active"),
    ],
    "REF-I12-01": [
        ("refl", "status", "active"),
        ("refl", "extension[0].valueCodeableConcept.text", "Pending"),
        ("refl", "priority", "routine"),
        ("refl", "code.text", "Medical"),
        ("refl", "authoredOn", "2022-01-25"),
        ("refl", "occurrencePeriod.end", "2022-02-10"),
        ("refl", "reasonCode[0].text", "Provider Ordered"),
        ("refl", "reasonCode[1].coding[0].code", "K63.3"),
        ("refl", "note[0].text", "Referral to Specialist"),
        ("refl", "note[1].text", "Lab test"),
        ("prl", "code[0].text", "Referring Provider"),
        ("rfp", "name[0].family", "POWELL"),
        ("rro", "name", "GOOD HEALTH HOSPITAL"),
        ("prl#2", "code[0].text", "Referred to Provider"),
        ("pdx", "code.text", "Ulcer of Intestine"),
        ("pdx", "verificationStatus.coding[0].code", "confirmed"),
        ("alg", "reaction[0].severity", "mild"),
        ("alg", "reaction[0].manifestation[0].text", "moderate"),
        ("proc", "code.coding[0].code", "76164006"),
        ("proc", "performedDateTime", "2021-09-07T11:22:33Z"),
        ("obs", "valueString", "Positive"),
        ("obs", "note[0].text", "Test Positive.Infection indicates presence of ulcer"),
    ],
    "REF-I14-01": [("refl", "status", "revoked"), ("refl", "identifier[0].value", "226839")],
    "SIU-S12-01": [
        ("appt", "status", "booked"),
        ("appt", "start", "2021-09-24T09:30:00+02:15"),
        ("appt", "end", "2021-09-24T10:20:00+02:15"),
        ("appt", "minutesDuration", "50"),
        ("appt", "serviceType[0].coding[0].code", "76164006"),
        ("appt", "reasonCode[0].coding[0].code", "EMERGENCY"),
        ("appt", "participant[0].actor.reference", "@pat"),
        ("aip", "name[0].family", "GE"),
        ("ward", "name", "Room01"),
        ("pob", "valueQuantity.value", "72"),
        ("dx", "code.text", "Ulcerative Colitis"),
    ],
    "SIU-S13-01": [
        ("appt", "status", "booked"),
        ("appt", "start", "2021-09-24T09:30:00+02:15"),
        (
            "appt",
            "description",
            "The patient cannot make previous appointment scheduled on Sept 20.Apointment rescheduled on Sept 24.",
        ),
    ],
    "SIU-S14-01": [("appt", "status", "booked"), ("alo", "name", "Room02")],
    "SIU-S15-01": [("appt", "status", "cancelled"), ("appt", "cancelationReason.coding[0].code", "Add")],
    "SIU-S26-01": [("appt", "status", "noshow"), ("appt", "participant[1].status", "declined")],
}


def message(*segments: str, event: str = "ORU^R01") -> Made:
    """What a message of the laboratory of RZZ makes."""
    head = f"MSH|^~\\&|LIMS|RZZ|HUB|HUB|202406121130||{event}|T1|P|2.5"
    return make("hl7v2", "\r".join([head, *segments]).encode())


def told(made: Made, name: str, path: str) -> str:
    """A value at a path of a named resource, as an example would say it."""
    label, _, number = name.partition("#")
    found = value_at(made.all(label)[int(number or 1) - 1], path)
    return "" if found is None else said(found)


@pytest.mark.parametrize("sample", FACTS)
def test_what_a_clinician_would_say_a_sample_says(shared: Callable[[str], Path], sample: str) -> None:
    made = make("hl7v2", shared(f"samples/acute/hl7v2/input/{sample}.hl7").read_bytes())
    for name, path, value in FACTS[sample]:
        if value.startswith("@"):
            (one,) = made.all(value[1:])
            value = f"{one['resourceType']}/{one['id']}"
        assert told(made, name, path) == value, (name, path)


def test_no_sample_loses_a_field(shared: Callable[[str], Path]) -> None:
    for path in sorted(shared("samples/acute/hl7v2/input").glob("*.hl7")):
        if path.name[:3] != "ADT":
            lost = [loss.path for loss in make("hl7v2", path.read_bytes()).losses if loss.reason == "unmapped"]
            assert lost == [], path.name


@pytest.mark.parametrize(
    ("obx", "path", "value"),
    [
        ("OBX|1|NM|A^B^L||5.40|mmol/L|||||F", "valueQuantity.value", "5.40"),
        ("OBX|1|NM|A^B^L||5.4|mmol/L|||||F", "valueQuantity.code", "mmol/L"),
        ("OBX|1|NM|A^B^L||5.4|10^9/L|||||F", "valueQuantity.code", "10*9/L"),
        ("OBX|1|NM|A^B^L||5.4|funny|||||F", "valueQuantity.code", ""),
        ("OBX|1|NM|A^B^L||haemolysed|mmol/L|||||F", "valueString", "haemolysed mmol/L"),
        ("OBX|1|SN|A^B^L||>=^100|mg/L|||||F", "valueQuantity.comparator", ">="),
        ("OBX|1|SN|A^B^L||^1^:^80||||||F", "valueRatio.denominator.value", "80"),
        ("OBX|1|ST|A^B^L||5.4|mmol/l|||||F", "valueString", "5.4 mmol/l"),
        ("OBX|1|CWE|A^B^L||112283007^E. coli^SCT^EC^Coli^L||||||F", "valueCodeableConcept.coding[1].code", "EC"),
        ("OBX|1|CE|A^B^L||A1^One^L~A2^Two^L||||||F", "component[0].valueCodeableConcept.coding[0].code", "A2"),
        ("OBX|1|DT|A^B^L||202406||||||F", "valueDateTime", "2024-06"),
        ("OBX|1|TS|A^B^L||202406121130||||||F", "valueDateTime", "2024-06-12T11:30:00+01:00"),
        ("OBX|1|TM|A^B^L||1130||||||F", "valueTime", "11:30:00"),
        ("OBX|1|FT|A^B^L||one\\.br\\two||||||F", "valueString", "one\ntwo"),
        ("OBX|1|ST|A^B^L||x||||||D", "status", "entered-in-error"),
        ("OBX|1|ST|A^B^L||x||||||C", "status", "corrected"),
        ("OBX|1|ST|A^B^L|1.2|x||||||F", "extension[0].extension[0].valueString", "1.2"),
    ],
)
def test_the_forms_of_a_result(obx: str, path: str, value: str) -> None:
    made = message(PERSON, OBR, obx)
    assert told(made, "tob" if "|FT|" in obx else "obs", path) == value
    assert made.findings() == []


def test_a_text_of_many_lines_is_one_result_and_one_report() -> None:
    lines = [f"OBX|{n}|TX|HIST^Histology^L||line {n}||||||F" for n in range(1, 30)]
    made = message(PERSON, OBR, *lines, "NTE|1||Seen by two")
    text = made.one("tob")
    assert text["valueString"].splitlines() == [f"line {n}" for n in range(1, 30)]
    assert text["note"][0]["text"] == "Seen by two"
    report = made.one("rep")
    assert len(report["result"]) == 1
    assert b64decode(report["presentedForm"][0]["data"]).decode() == text["valueString"]


def test_results_keep_to_their_request_and_to_their_specimen() -> None:
    made = message(
        PERSON, OBR, "OBX|1|ST|A^B^L||x", "SPM|1|^S1||BLD", "OBX|2|ST|C^D^L||y", OBR.replace("P1", "P2").replace("F1", "F2")
    )
    assert [len(one.get("result", [])) for one in made.all("rep")] == [2, 0]
    assert made.all("obs")[1]["specimen"]["reference"] == f"Specimen/{made.one('spec')['id']}"


def test_a_report_without_visit_and_order_is_still_of_the_patient() -> None:
    made = message(PERSON, OBR, "OBX|1|ST|A^B^L||x||||||F")
    patient = f"Patient/{made.one('pat')['id']}"
    assert {made.one(name)["subject"]["reference"] for name in ("rep", "req", "obs")} == {patient}
    assert "encounter" not in made.one("rep")


def test_a_correction_comes_to_the_result_that_it_corrects() -> None:
    first = message(PERSON, OBR, "OBX|1|NM|HB^Haemoglobin^L||98|g/L|||||F").one("obs")
    again = message(PERSON, OBR.removesuffix("F") + "C", "OBX|1|NM|HB^Haemoglobin^L||89|g/L|||||C").one("obs")
    assert first["id"] == again["id"]
    assert again["status"] == "corrected"


def test_sensitivities_name_their_organism() -> None:
    child = OBR + "|625-4&Organism&LN^1^E. coli|||P0&ORDERS^F0&LIMS"
    made = message(PERSON, child, "OBX|1|ST|GENT^Gentamicin^L|1|S|||S|||F")
    assert made.one("obs")["derivedFrom"][0]["display"] == "E. coli"
    assert [one["identifier"]["value"] for one in made.one("req")["basedOn"]] == ["P0", "F0"]


@pytest.mark.parametrize(("event", "relation"), [("T05", "appends"), ("T06", "appends"), ("T09", "replaces"), ("T10", "replaces")])
def test_a_document_that_belongs_to_another(event: str, relation: str) -> None:
    made = message(PERSON, "TXA|1|DS|TX|||||||||D2^LETTERS|D1^LETTERS||||AU||AV", event=f"MDM^{event}")
    document, parent = made.one("doc"), made.one("par")
    assert document["relatesTo"] == [{"code": relation, "target": {"reference": f"DocumentReference/{parent['id']}"}}]
    assert parent["status"] == ("superseded" if relation == "replaces" else "current")


@pytest.mark.parametrize(("event", "status"), [("I12", "active"), ("I13", "active"), ("I14", "revoked"), ("I15", "active")])
def test_the_states_of_a_referral(event: str, status: str) -> None:
    """HL7 v2.4 11.4: I14 cancels, I15 asks how it stands."""
    made = message("RF1|A^Accepted^HL70283|||||R1^REFS", PERSON, event=f"REF^{event}")
    assert made.one("refl")["status"] == status
    assert made.one("refl")["extension"][0]["valueCodeableConcept"]["text"] == "Accepted"
