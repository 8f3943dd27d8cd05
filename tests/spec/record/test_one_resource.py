"""Sources that name one practitioner, organisation or visit tell of one resource."""

from __future__ import annotations

from typing import Any

import pytest

from interop.ids import Mint
from interop.mapping.assemble import assemble
from interop.mapping.contribution import Contribution
from interop.mapping.library import adapters, family_of

MINT = Mint(b"a key for tests only")
ADT = (
    "MSH|^~\\&|PAS|RZZ|HUB|HUB|202601101000||ADT^A01|1|P|2.4\rEVN|A01|202601101000\rPID|1||P1^^^PAS||TEST^ANN\r"
    "PV1|1|I|WARD||||C9999901^Lanyon^Hugh^^^^^^{gmc}||||||||||||{visit}"
)
MDM = (
    "MSH|^~\\&|PAS|RZZ|HUB|HUB|202601111000||MDM^T02|2|P|2.4\rEVN|T02|202601111000\rPID|1||P1^^^PAS||TEST^ANN\r"
    "PV1|1|I|WARD||||||||||||||||{visit}\rTXA|1|DS|TX|202601111000|C9999901^Lanyon^Hugh^^^^^^{gmc}|||||||D1\r"
    "OBX|1|TX|LET^Letter||Dear colleague||||||F"
)
REF = (
    "MSH|^~\\&|PAS|RZZ|HUB|HUB|202601121000||REF^I12|3|P|2.4\rRF1|P||||||202601121000||||R1\r"
    "PRD|RP|Lanyon^Hugh|||||C9999901^{gmc}\rPID|1||P1^^^PAS||TEST^ANN\rPV1|1|I|WARD||||||||||||||||{visit}"
)
GP = """{"resourceType": "Bundle", "type": "collection", "entry": [
 {"resource": {"resourceType": "Patient", "id": "1",
  "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990137001"}]}},
 {"resource": {"resourceType": "Practitioner", "id": "2",
  "identifier": [{"system": "https://fhir.hl7.org.uk/Id/gmc-number", "value": "C9999901"}], "name": [{"family": "Lanyon"}]}},
 {"resource": {"resourceType": "Organization", "id": "3",
  "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "RZZ"}], "name": "Harbour"}},
 {"resource": {"resourceType": "List", "status": "current", "mode": "snapshot", "title": "Problems",
  "subject": {"reference": "Patient/1"},
  "code": {"coding": [{"system": "http://snomed.info/sct", "code": "717711000000103"}]}}}]}"""

OPENHR = """<openHealthRecord xmlns="http://www.e-mis.com/emisopen">
 <id>7b1f1000-2222-4333-8444-000000000001</id><creationTime>2026-01-10T10:00:00Z</creationTime>
 <author><organisation>7b1f1000-2222-4333-8444-0000000000a1</organisation></author>
 <adminDomain>
  <organisation><id>7b1f1000-2222-4333-8444-0000000000a1</id><cdb>60200</cdb><name>Harbour</name>
   <nationalPracticeCode>rzz</nationalPracticeCode></organisation>
  <userInRole><id>7b1f1000-2222-4333-8444-0000000000b1</id>
   <userIdentifier><identifierType>PRES</identifierType><value>999990</value></userIdentifier>
   <userIdentifier><identifierType>NAT</identifierType><value>G9999902</value></userIdentifier>
   <userIdentifier><identifierType>GP</identifierType><value>9999901</value></userIdentifier></userInRole>
  <userInRole><id>7b1f1000-2222-4333-8444-0000000000b2</id>
   <userIdentifier><identifierType>GP</identifierType><value>9999901</value></userIdentifier></userInRole>
 </adminDomain>
 <healthDomain><encounter><id>7b1f1000-2222-4333-8444-0000000000c1</id>
  <authorisingUserInRole>7b1f1000-2222-4333-8444-0000000000b1</authorisingUserInRole>
  <organisation>7b1f1000-2222-4333-8444-0000000000A1</organisation></encounter></healthDomain>
</openHealthRecord>"""


def made(adapter: str, text: str) -> list[Contribution]:
    envelope, source = adapters()[adapter].open(text.encode())
    return family_of(envelope).map(source, envelope, MINT).contributions


def ids(contributions: list[Contribution], kind: str, value: str) -> set[str]:
    """The resources of a type that have an identifier of that value."""
    return {
        one.id
        for one in contributions
        if one.type == kind
        for name, identifiers in one.registers.items()
        if name.startswith("identifier")
        for identifier in identifiers
        if identifier.get("value") == value
    }


HL7 = [text.format(gmc="GMC", visit="V1") for text in (ADT, MDM, REF)]


@pytest.mark.parametrize(("kind", "value"), [("Practitioner", "C9999901"), ("Organization", "RZZ")])
def test_a_national_number_names_one_resource_whoever_tells_of_it(kind: str, value: str) -> None:
    """By its GMC number, by its ODS code: a hospital's messages and a practice's records. A consultant code is C and GMC number."""
    sources = [made("hl7v2", HL7[0]), made("gpconnect", GP), made("openhr", OPENHR)]
    found = [ids(contributions, kind, value) | ids(contributions, kind, value.removeprefix("C")) for contributions in sources]
    assert all(found)
    assert len(set().union(*found)) == 1


def test_a_record_refers_to_them_by_its_own_ids() -> None:
    record = made("openhr", OPENHR)
    (clinician,), (practice,) = ids(record, "Practitioner", "9999901"), ids(record, "Organization", "RZZ")
    (visit,) = (one for one in record if one.type == "Encounter")
    told = assemble("Encounter", visit.registers)
    assert told["serviceProvider"] == {"reference": f"Organization/{practice}"}
    assert told["participant"][0]["individual"] == {"reference": f"Practitioner/{clinician}"}
    roles = [one for one in record if one.type == "PractitionerRole"]
    assert len(roles) == 2
    assert all(f"Practitioner/{clinician}" in str(one.registers) for one in roles)


def visits(contributions: list[Contribution]) -> set[str]:
    return {one.id for one in contributions if one.type == "Encounter"}


def test_a_visit_is_the_same_in_admission_letter_and_referral() -> None:
    admission, letter, referral = (made("hl7v2", text) for text in HL7)
    (visit,) = visits(admission)
    assert visits(letter) == visits(referral) == {visit}
    assert reference(letter, "DocumentReference", "context.encounter:") == f"Encounter/{visit}"
    assert reference(referral, "ServiceRequest", "encounter") == f"Encounter/{visit}"


def reference(contributions: list[Contribution], kind: str, register: str) -> str:
    """What a register of the only resource of a type refers to."""
    (one,) = (one for one in contributions if one.type == kind)
    (value,) = (value for name, value in one.registers.items() if name.startswith(register))
    said: Any = value[0] if isinstance(value, list) else value
    return str(said["reference"])


def test_another_visit_is_another_resource() -> None:
    one, other = (visits(made("hl7v2", ADT.format(gmc="GMC", visit=visit))) for visit in ("V1", "V2"))
    assert one.isdisjoint(other)
