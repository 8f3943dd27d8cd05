"""What ADT samples say, fact by fact: as a clinician reads them, and against another converter's output."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.mapping.examples import said, value_at
from tests.spec.families.maps import make

Shared = Callable[[str], Path]
Body = dict[str, Any]

FACTS = {
    "itk/A01_example.txt": [
        ("pat", "identifier[0].value", "3333333333"),
        ("pat", "name[0].family", "SMITH"),
        ("pat", "birthDate", "1965-12-13"),
        ("pat", "_birthDate.extension[0].valueDateTime", "1965-12-13T15:15:00+00:00"),
        ("pat", "gender", "female"),
        ("pat", "address[0].postalCode", "YO32 5TT"),
        ("pat", "contact[0].name.given[0]", "ALBERT"),
        ("pat", "contact[0].relationship[0].coding[0].code", "SPS"),
        ("gp", "identifier[0].value", "G5612908"),
        ("practice", "identifier[0].value", "Y06601"),
        ("visit", "status", "in-progress"),
        ("visit", "class.code", "IMP"),
        ("visit", "period.start", "2010-10-20T17:16:00+01:00"),
        ("visit", "identifier[0].value", "2139"),
        ("visit", "hospitalization.extension[0].valueCodeableConcept.coding[0].code", "13"),
        ("visit", "location[1].location.reference", "ward"),
        ("visit", "participant[0].individual.reference", "att"),
        ("att", "name[0].family", "Darwin"),
        ("alg", "code.coding[0].code", "Z88.5"),
        ("alg", "onsetDateTime", "1998-07-01T17:55:00+01:00"),
        ("dx", "code.coding[0].code", "N39.3"),
        ("proc", "code.coding[0].code", "ZZS4"),
        ("zrf", "authoredOn", "2010-10-08T11:56:00+01:00"),
        ("wl", "period.start", "2010-10-08T17:56:00+01:00"),
        ("wl", "status", "finished"),
    ],
    "itk/A03_example.txt": [
        ("visit", "status", "finished"),
        ("visit", "period.start", "2010-10-20T17:16:00+01:00"),
        ("visit", "period.end", "2010-10-21T17:06:00+01:00"),
        ("visit", "hospitalization.dischargeDisposition.coding[0].code", "19"),
        ("visit", "location[0].status", "completed"),
        ("visit", "reasonCode[0].coding[0].code", "ADMIT13"),
    ],
    "itk/A08_example.txt": [
        ("visit", "status", "in-progress"),
        ("visit", "period.start", "2010-11-07T16:40:00+00:00"),
        ("ward", "name", "RCB-ENT"),
        ("dx", "verificationStatus.coding[0].code", "confirmed"),
        ("dx", "code.coding[0].code", "J03.0"),
        ("pat", "birthDate", "1965-12-27"),
    ],
    "itk/A40_Example.txt": [
        ("merge", "identifier[0].value", "22789"),
        ("merge", "link[0].type", "replaced-by"),
        ("merge", "link[0].other.reference", "pat"),
    ],
    "hl7v2/input/ADT-A01-01.hl7": [
        ("pat", "deceasedDateTime", "2008-08-25T11:16:30+01:15"),
        ("visit", "period.start", "2015-02-08T11:34:19+01:10"),
        ("visit", "location[4].status", "active"),
        ("kin", "name[0].family", "Evan"),
        ("dth", "valueCodeableConcept.coding[0].code", "I21"),
    ],
}
"""Sample, resource, path, value; a reference names the resource."""


@pytest.mark.parametrize("sample", FACTS)
def test_what_a_clinician_reads(sample: str, shared: Shared) -> None:
    made = make("hl7v2", shared(f"samples/acute/{sample}").read_bytes())
    ids = {f"{one.type}/{one.id}": one.name for one in made.contributions}
    bodies = {one.name: made.all(one.name)[-1] for one in made.contributions}
    found = []
    for name, path, _ in FACTS[sample]:
        value = value_at(bodies[name], path)
        found.append((name, path, ids.get(value, "") or said(value)))
    assert found == FACTS[sample]


@pytest.mark.parametrize("folder", ["itk", "hl7v2/input"])
def test_no_populated_field_is_unmapped(folder: str, shared: Shared) -> None:
    for path in sorted(shared(f"samples/acute/{folder}").iterdir()):
        if b"|ADT^" in path.read_bytes()[:300]:
            lost = {(loss.path, loss.reason) for loss in make("hl7v2", path.read_bytes()).losses if loss.reason != "not-carried"}
            assert lost <= NO_CODE, path.name


NO_CODE = {("OBX-11.1", "no-code"), ("OBX-11", "no-code")}
"""S was a status of OBX-11 before HL7 v2.3.1 (partial results); in 2.8 no table has it."""

EPIC = b"\r\n".join(
    (
        b"MSH|^~\\&|EPIC|RZZ|HUB|HUB|20240514093012|K1|ADT^A01^ADT_A01|E1|P|2.5.1|||||GBR|8859/1",
        b"SFT|Epic|2023|Bridges|1",
        b"EVN|A01|20240514093012||REG_UPD|K1^KEYER^KAY|20240514091500",
        b"PID|1||7001^^^MEDREC^MR~E7001^^^EPI^EPI~999 012 3454^^^NHS^HN||MARLOWE^EDITH^ROSE^^^^L~MARLOW^EDIE^^^^^P||19410317|F"
        b"|||7 Tolpuddle Row^^Eastmere^Mereshire^QX9 7ZD^GBR^P||01632960001^PRN^PH^e@example.org^^^~07700900001^PRN^CP"
        b"||ENG|M||3001234^^^HAR|||A|||||||N",
        b"PD1|||MILL PRACTICE^^Q99001|G9999913^SPEEDWELL^ANN^^^^^^GMC^PROVID^^^GMP",
        b"ROL|1|UP|PP|G9999913^SPEEDWELL^ANN^^^^^^GMC|20200101",
        b"NK1|1|MARLOWE^ALBERT|SPO||01632960001^PRN^PH~07700900002^PRN^CP",
        b"NK1|2|MARLOWE^BERT|CHD||07700900003^PRN^CP",
        b"PV1|1|I|WARD4^BAY2^BED12^RZZ01^^^^^EASTMERE|21|||C9999912^LANYON^HUGH^^^Mr^^^GMC^PROVID^^^GMC~5512^LANYON^HUGH^^^Mr^^^EPIC^PROVID"
        b"|||300||||19|||C9999912^LANYON^HUGH^^^Mr^^^GMC|IP|100200300^^^CSN|||||||||||||||||||||||||20240514091500",
        b"OBX|1|NM|3141-9^BODY WEIGHT^LN||71.5|kg|||||F|||20240514091600",
        b"OBX|2|NM|8302-2^BODY HEIGHT^LN||168|cm|||||F|||20240514091600",
        b"GT1|1|77|MARLOWE^EDITH",
        b"IN1|1|NHS|1|NHS",
        b"ZPV||1|2",
    )
)


def test_a_sender_of_another_style() -> None:
    """Several identifiers and consultants, local names of authorities, summer time without an offset, roles, own segments."""
    made = make("hl7v2", EPIC)
    pat, visit = made.one("pat"), made.one("visit")
    assert [(one["system"].rpartition("/")[2], one["value"]) for one in pat["identifier"]] == [
        ("urn:interop:id:RZZ:MEDREC", "7001"),
        ("urn:interop:id:RZZ:EPI", "E7001"),
        ("nhs-number", "9990123454"),
    ]
    assert (pat["gender"], pat["birthDate"], len(pat["name"])) == ("female", "1941-03-17", 2)
    assert [contact["telecom"][-1]["value"] for contact in pat["contact"]] == ["07700900002", "07700900003"]
    assert visit["period"] == {"start": "2024-05-14T09:15:00+01:00"}
    assert visit["identifier"][0]["value"] == "100200300"
    assert [one["type"][0]["coding"][0]["code"] for one in visit["participant"]] == ["ATND", "ATND", "ADM"]
    assert len(pat["generalPractitioner"]) == len({one["reference"] for one in pat["generalPractitioner"]}) + 1
    assert {(one["code"]["coding"][0]["code"], one["valueQuantity"]["value"]) for one in made.all("pob")} == {
        ("3141-9", 71.5),
        ("8302-2", 168),
    }
    assert {loss.path for loss in made.losses if loss.reason == "unmapped"} == {"ZPV-2", "ZPV-3"}
    assert made.findings() == []


def test_a_visit_without_a_number_is_told_by_its_account() -> None:
    lines = [line for line in EPIC.split(b"\r\n") if line[:3] in (b"MSH", b"EVN", b"PID", b"PV1")]
    bare = b"\r".join(lines).replace(b"100200300^^^CSN", b"")
    first, second = (make("hl7v2", bare.replace(b"ADT^A01^ADT_A01", event)) for event in (b"ADT^A01", b"ADT^A03"))
    assert first.one("visit")["identifier"][0]["value"] == "3001234"
    assert first.one("visit")["id"] == second.one("visit")["id"]


@pytest.mark.parametrize("event", ["A01", "A04", "A08", "A28", "A31", "A60"])
@pytest.mark.parametrize(("action", "status"), [("A", "active"), ("U", "active"), ("X", "active"), ("D", "")])
def test_an_allergy_by_its_action(event: str, action: str, status: str) -> None:
    """IAM-6: added, updated and unchanged allergies hold; a deleted one was entered in error (HL7 v2.4 3.4.7.6)."""
    lines = [line for line in EPIC.split(b"\r\n") if line[:3] in (b"MSH", b"EVN", b"PID")]
    allergy = b"IAM|1|DA|^Penicillin|SV|Rash|" + action.encode()
    body = b"\r".join([*lines, b"PV1|1|N" if event in ("A28", "A31") else b"PV1|1|I", allergy])
    one = make("hl7v2", body.replace(b"ADT^A01^ADT_A01", b"ADT^" + event.encode())).one("iam")
    assert one["code"]["text"] == "Penicillin"
    assert one.get("clinicalStatus", {}).get("coding", [{"code": ""}])[0]["code"] == status
    stated = one.get("verificationStatus", {}).get("coding", [{"code": ""}])[0]["code"]
    assert stated == ("entered-in-error" if action == "D" else "")
