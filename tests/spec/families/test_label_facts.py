"""What each source says of who may see something, and what is sensitive in it whether it says so or not."""

from __future__ import annotations

from importlib.resources import files

import pytest

from interop.ids import Mint
from interop.mapping.assemble import assemble
from interop.mapping.library import adapters, family_of
from interop.record.fold import complete

GP_CONNECT = """{"resourceType": "Bundle", "type": "collection", "entry": [
 {"resource": {"resourceType": "Patient", "id": "p",
  "meta": {"security": [{"system": "http://hl7.org/fhir/v3/ActCode", "code": "NOPAT"}]},
  "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990137001"}]}},
 {"resource": {"resourceType": "Condition", "id": "c", "clinicalStatus": "active", "subject": {"reference": "Patient/p"},
  "meta": {"security": [{"system": "http://hl7.org/fhir/v3/Confidentiality", "code": "V"}]},
  "code": {"coding": [{"system": "http://snomed.info/sct", "code": "86406008"}]}}},
 {"resource": {"resourceType": "Observation", "id": "o", "status": "final", "subject": {"reference": "Patient/p"},
  "code": {"coding": [{"system": "http://snomed.info/sct", "code": "163020007"},
   {"system": "http://read.info/readv2", "code": "43C3."}]}}},
 {"resource": {"resourceType": "List", "status": "current", "mode": "snapshot", "title": "Problems",
  "subject": {"reference": "Patient/p"}, "code": {"coding": [{"system": "http://snomed.info/sct", "code": "717711000000103"}]},
  "entry": [{"item": {"reference": "Condition/c"}}, {"item": {"reference": "Observation/o"}}]}}]}"""
HEADER = "MSH|^~\\&|PAS|RZZ|HUB|HUB|202601101000||ADT^A01|1|P|2.4\rEVN|A01|202601101000\rPID|1||P1^^^PAS||TEST^ANN\r"
VISIT = "PV1|1|I|WARD||||||||||||||||V1"


def worked(family: str, name: str) -> str:
    return files("mappings").joinpath(family, "examples", name).read_text("utf-8")


REPORT = worked("nhs111", "ambulance.xml")

FACTS = [
    ("gpconnect", GP_CONNECT, "Patient", ["NOPAT"]),
    ("gpconnect", GP_CONNECT, "Condition", ["V", "HIV"]),
    ("gpconnect", GP_CONNECT, "Observation", ["R", "HIV"]),
    ("gpconnect", GP_CONNECT, "List", ["V", "HIV"]),
    ("hl7v2", f"{HEADER}{VISIT}\rDG1|1||F10.2^Dependence^I10", "Condition", ["R", "ETH"]),
    ("hl7v2", f"{HEADER}{VISIT}\rDG1|1||F102^Dependence^ICD10", "Condition", ["R", "ETH"]),
    ("hl7v2", f"{HEADER}{VISIT}\rDG1|1||LOC1^Local^L^E24..^Drug dependence^RC", "Condition", ["R", "ETH"]),
    ("hl7v2", f"{HEADER}{VISIT}\rDG1|1||J45^Asthma^I10|||||||||||||||Y", "Condition", ["R"]),
    ("hl7v2", f"{HEADER}{VISIT}\rDG1|1||J45^Asthma^I10|||||||||||||||N", "Condition", ["N"]),
    ("hl7v2", f"{HEADER}{VISIT}\rDG1|1||B24^HIV^I10|||||||||||||||N", "Condition", ["R", "HIV"]),
    ("hl7v2", f"{HEADER}{VISIT}\rDG1|1||B24^HIV^I10", "Encounter", []),
    ("hl7v2", f"{HEADER}{VISIT}\rPR1|1||Q14.1^Termination^OPCS4", "Procedure", ["R", "SEX"]),
    ("hl7v2", f"{HEADER}PV1|1|O|CLINIC|||||||360|||||||||V1", "Encounter", ["R", "STD"]),
    ("hl7v2", f"{HEADER}PV1|1|O|CLINIC|||||||300|||||||||V1", "Encounter", []),
    ("hl7v2", f"{HEADER}{VISIT}\rZU8||2|", "Patient", ["R"]),
    ("hl7v2", f"{HEADER}{VISIT}\rZU8||1||2", "Patient", ["R"]),
    ("hl7v2", f"{HEADER}{VISIT}\rZU8||1|", "Patient", []),
    ("nhs111", REPORT.replace('confidentialityCode code="R"', 'confidentialityCode code="V"'), "Composition", ["V"]),
    ("nhs111", REPORT, "Composition", ["R"]),
]


@pytest.mark.parametrize(("family", "message", "kind", "labels"), FACTS, ids=lambda value: value if len(str(value)) < 20 else "")
def test_the_labels_of_a_resource(family: str, message: str, kind: str, labels: list[str]) -> None:
    envelope, source = adapters()[family].open(message.encode())
    made = family_of(envelope).map(source, envelope, Mint()).contributions
    one = next(one for one in made if one.type == kind)
    body = complete(kind, assemble(kind, one.registers))
    assert [label["code"] for label in body.get("meta", {}).get("security", [])] == labels
