"""Search by references, chains and reverse chains (FHIR R4 search, 3.1.1.4.12 to 3.1.1.4.17)."""

from __future__ import annotations

from typing import Any

import pytest

from interop.store.sqlite import SqliteStore
from tests.spec.api.conftest import BASE, Client
from tests.spec.api.searches import LOINC, check, coded, observation, of, record, to

pytestmark = pytest.mark.anyio
NHS, ODS = "https://fhir.nhs.uk/Id/nhs-number", "https://fhir.nhs.uk/Id/ods-organization-code"


@pytest.fixture(autouse=True)
async def _record(store: SqliteStore) -> None:
    await record(
        store,
        of("Organization", "trust", name="Trust", identifier=[{"system": ODS, "value": "RX2"}]),
        of("Organization", "ward", name="Ward 4", partOf=to("Organization/trust")),
        of("Organization", "team", name="Team", partOf=to("Organization/ward")),
        of("Practitioner", "dr", name=[{"family": "Okafor"}]),
        of("Practitioner", "nurse", name=[{"family": "Lindqvist"}]),
        of(
            "Patient",
            "p1",
            name=[{"family": "Ashdown"}],
            generalPractitioner=[to("Practitioner/dr")],
            managingOrganization=to("Organization/team"),
            gender="female",
        ),
        of("Patient", "p2", name=[{"family": "Berg"}], generalPractitioner=[to("Organization/trust")]),
        of("Group", "p1", type="person", actual=True),
        observation("o1", coded(LOINC, "a"), subject=to("Patient/p1"), performer=[to("Practitioner/nurse")]),
        observation(
            "o2", coded(LOINC, "b"), subject=to("Patient/p2", display="Berg, second bed"), performer=[to("Organization/ward")]
        ),
        observation("o3", coded(LOINC, "a"), subject=to("Group/p1"), performer=[to(f"{BASE}/fhir/Practitioner/nurse")]),
        observation(
            "o4",
            coded(LOINC, "c"),
            subject={"identifier": {"system": NHS, "value": "9990000018"}},
            performer=[to("https://elsewhere.example/fhir/Practitioner/nurse")],
        ),
        observation("o5", coded(LOINC, "a"), performer=[to("Practitioner/nurse/_history/2")], hasMember=[to("Observation/o1")]),
        of(
            "DiagnosticReport",
            "r1",
            status="final",
            code=coded(LOINC, "r"),
            result=[to("Observation/o1")],
            subject=to("Patient/p1"),
        ),
        of(
            "DiagnosticReport",
            "r2",
            status="final",
            code=coded(LOINC, "r"),
            result=[to("Observation/o2")],
            subject=to("Patient/p2"),
        ),
        of("AuditEvent", "au", entity=[{"what": to("Observation/o1")}], agent=[{"who": to("Practitioner/dr"), "requestor": True}]),
        of("QuestionnaireResponse", "q1", status="completed", questionnaire="https://example.org/q|2"),
        of("QuestionnaireResponse", "q2", status="completed", questionnaire="https://example.org/q"),
        of("QuestionnaireResponse", "q3", status="completed", questionnaire="falls-of-ours"),
        of("Questionnaire", "q", url="https://example.org/q", version="2", status="active", title="Falls"),
        of("List", "mine", status="current", mode="working", entry=[{"item": to("Patient/p1")}, {"item": to("Observation/o2")}]),
    )


async def test_literals(client: Client) -> None:
    """id, Type/id, absolute, absolute of this server, versioned, :Type, :identifier, :text."""
    await check(
        client,
        {
            "subject=Patient/p1": "o1",
            "subject=p1": "o1 o3",
            "subject:Group=p1": "o3",
            "subject:Patient=p1": "o1",
            "subject:Patient=Patient/p1": "o1",
            "subject:Device=Patient/p1": "",
            "patient=p1": "o1",
            "patient=Patient/p1,Patient/p2": "o1 o2",
            f"subject={BASE}/fhir/Patient/p1": "o1",
            "subject=Patient/nobody": "",
            "performer=Practitioner/nurse": "o1 o3 o5",
            "performer=nurse": "o1 o3 o5",
            f"performer={BASE}/fhir/Practitioner/nurse": "o1 o3 o5",
            "performer=https://elsewhere.example/fhir/Practitioner/nurse": "o4",
            "performer=Practitioner/nurse/_history/2": "o5",
            "performer=Practitioner/nurse/_history/1": "",
            "performer:Organization=ward": "o2",
            f"subject:identifier={NHS}|9990000018": "o4",
            "subject:identifier=9990000018": "o4",
            "subject:identifier=urn:x|9990000018": "",
            "subject:text=berg": "o2",
            "subject:missing=true": "o5",
            "subject:missing=false": "o1 o2 o3 o4",
            "performer=Practitioner/nurse&subject=Patient/p1": "o1",
            "has-member=o1": "o5",
            "subject=a b": "400",
            "subject:Practitioner=x": "400",
            "subject:exact=x": "400",
        },
        "Observation?",
    )
    await check(
        client,
        {
            "questionnaire=https://example.org/q": "q1 q2",
            "questionnaire=https://example.org/q|2": "q1",
            "questionnaire=https://example.org/q|3": "",
            "questionnaire=falls-of-ours": "q3",
        },
        "QuestionnaireResponse?",
    )


async def test_chains(client: Client) -> None:
    """To every type that the reference may lead to, or to the one that is named; several steps; any parameter at the end."""
    await check(
        client,
        {
            "subject.name=ashdown": "o1",
            "subject:Patient.name=ashdown": "o1",
            "subject:Patient.name:contains=shd": "o1",
            "patient.gender=female": "o1",
            "patient.gender:not=female": "o2",
            "subject._id=p1": "o1 o3",
            "subject:Patient._id=p1": "o1",
            "patient._lastUpdated=2026-01-01": "o1 o2",
            "patient._tag=urn:x|none": "",
            "patient.general-practitioner.name=okafor": "o1",
            "patient.general-practitioner:Practitioner.name=okafor": "o1",
            "patient.general-practitioner:Organization.name=trust": "o2",
            "patient.general-practitioner.name=trust": "o2",
            f"patient.general-practitioner.identifier={ODS}|RX2": "o2",
            "performer:Organization.partof.name=trust": "o2",
            "patient.organization.partof.partof.name=trust": "o1",
            "patient.organization.partof.partof.partof.name=trust": "400",
            "patient.name=ashdown,berg": "o1 o2",
            "patient.name=ashdown&performer:Practitioner.name=lind": "o1",
            "patient.name=nobody": "",
            "patient:Device.name=x": "400",
            "code.name=x": "o1 o2 o3 o4 o5",
            "subject:Patient.name:sounds=x": "400",
            "subject:Patient.birthdate=soon": "400",
            "focus.name=x": "",
            "focus.identifier=x": "400",
        },
        "Observation?",
    )
    await check(
        client,
        {"result.subject.name=ashdown": "r1", "result.code=b": "r2", "result.patient.general-practitioner.name=trust": "r2"},
        "DiagnosticReport?",
    )


async def test_reverse_chains(client: Client) -> None:
    await check(
        client,
        {
            f"_has:Observation:patient:code={LOINC}|a": "p1",
            "_has:Observation:subject:code=b": "p2",
            "_has:Observation:patient:code=a,b": "p1 p2",
            "_has:Observation:patient:code=a&_has:Observation:patient:code=b": "",
            "_has:Observation:patient:_id=o1": "p1",
            "_has:Observation:patient:code:not=a": "p2",
            "_has:Observation:patient:performer.name=lind": "p1",
            "_has:Observation:patient:performer:Practitioner.name=lind": "p1",
            "_has:Observation:patient:_has:AuditEvent:entity:agent=Practitioner/dr": "p1",
            "_has:Observation:patient:_has:DiagnosticReport:result:_id=r2": "p2",
            "_has:DiagnosticReport:patient:result.code=a": "p1",
            "_has:Observation:patient:code=z": "",
            "_has:Observation:patient:status=final&gender=female": "p1",
            "_has:Observation:code:status=final": "400",
            "_has:Nothing:patient:status=final": "400",
            "_has:Observation:patient=x": "400",
            "_has:Observation:patient:colour=red": "400",
            "_has:Observation:patient:date=soon": "400",
        },
        "Patient?",
    )
    await check(
        client,
        {
            "Observation?patient._has:Observation:patient:code=b": "o2",
            "Observation?subject:Patient._has:DiagnosticReport:patient:_id=r1": "o1",
            "Practitioner?_has:Patient:general-practitioner:name=ash": "dr",
            "Practitioner?_has:Patient:general-practitioner:_has:Observation:patient:code=a": "dr",
            "Organization?_has:Organization:partof:_has:Organization:partof:name=team": "trust",
        },
    )


async def test_lists(client: Client) -> None:
    await check(
        client,
        {
            "Patient?_list=mine": "p1",
            "Patient?_list=List/mine": "p1",
            "Observation?_list=mine": "o2",
            "Patient?_list=other": "",
            "Patient?_list=mine&gender=male": "",
            "Patient?_list=$current-problems": "400",
        },
    )


async def test_up_and_down_hierarchies(client: Client, store: SqliteStore) -> None:
    """3.1.1.4.14: any number of steps, also round; 3.1.1.4.13: versions below a canonical URL; 3.1.1.4.10.1: media types."""

    def plan(id: str, version: str) -> dict[str, Any]:
        return of("CarePlan", id, instantiatesCanonical=["http://plans.example/a" + version])

    def document(id: str, type: str) -> dict[str, Any]:
        return of("DocumentReference", id, content=[{"attachment": {"contentType": type}}])

    await record(
        store,
        of("Location", "floor", partOf=to("Location/building")),
        of("Location", "room", partOf=to("Location/floor")),
        of("Location", "c1", partOf=to("Location/c2")),
        of("Location", "c2", partOf=to("Location/c1")),
        *(of("Procedure", f"in-{each}", location=to(f"Location/{each}")) for each in ("building", "room", "c1")),
        plan("v1.0", "|1.0"),
        plan("v1.1", "|1.1"),
        plan("v2", "|2"),
        document("xml", "text/xml; charset=UTF-8"),
        document("plain", "text/plain"),
    )
    await check(
        client,
        {
            "Procedure?location:below=building": "in-building in-room",
            "Procedure?location:below=Location/floor": "in-room",
            "Procedure?location:above=room": "in-building in-room",
            "Procedure?location:above=building": "in-building",
            "Procedure?location:below=c2,floor": "in-c1 in-room",
            "Procedure?subject:below=Patient/x": "400",
            "CarePlan?instantiates-canonical:below=http://plans.example/a": "v1.0 v1.1 v2",
            "CarePlan?instantiates-canonical:below=http://plans.example/a|1": "v1.0 v1.1",
            "CarePlan?instantiates-canonical=http://plans.example/a|1": "",
            "CarePlan?instantiates-canonical:above=http://plans.example/a|1": "400",
            "DocumentReference?contenttype=text/xml": "",
            "DocumentReference?contenttype:below=text/xml": "xml",
            "DocumentReference?contenttype:below=text/plain,text/xml": "plain xml",
        },
    )


async def test_what_is_contained(client: Client, store: SqliteStore) -> None:
    """A reference into the resource itself is not missing; no search looks into what it leads to, as other servers do not."""
    drug = {"resourceType": "Medication", "id": "m", "code": coded("urn:drugs", "abc")}
    await record(
        store,
        of("MedicationRequest", "inside", medicationReference=to("#m"), contained=[drug]),
        of("MedicationRequest", "beside", medicationReference=to("Medication/m")),
        of("MedicationRequest", "none"),
        drug,
    )
    await check(
        client,
        {
            "MedicationRequest?medication:missing=true": "none",
            "MedicationRequest?medication:missing=false": "beside inside",
            "MedicationRequest?medication.code=abc": "beside",
            "Medication?code=abc": "m",
        },
    )
