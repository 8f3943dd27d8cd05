"""FHIR R4 from a provider's server: taken as it is, with identities that hold from message to message."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.r4 import adapter
from interop.errors import Problem
from tests.spec.families.maps import Made, example, make

BASE = "https://fhir.example.org/R4"
PATIENT = {"resourceType": "Patient", "id": "p1", "meta": {"source": BASE}, "name": [{"family": "Marsh"}]}
FLAG: dict[str, Any] = {"resourceType": "Flag", "id": "f1", "status": "active", "code": {"text": "Dog"}}


def of(*resources: dict[str, Any], kind: str = "collection", base: str = BASE, **more: Any) -> Made:
    """What a Bundle of them makes, from a server at ``base``."""
    entries = [{"fullUrl": f"{base}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources]
    return make("r4", json.dumps({"resourceType": "Bundle", "type": kind, "entry": entries, **more}).encode())


def bundle(kind: str, *entries: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries)}


def flag(reference: str) -> dict[str, Any]:
    return {**FLAG, "subject": {"reference": reference}}


@pytest.mark.parametrize("reference", ["Patient/p1", f"{BASE}/Patient/p1", "Patient/p1/_history/3"])
def test_a_reference_finds_its_patient_within_the_message_and_across_messages(reference: str) -> None:
    """The id of what a server holds follows from its address, so a flag can come before, after or with its patient."""
    alone = of(PATIENT).one("pat")["id"]
    assert of(PATIENT, flag(reference)).one("flag")["subject"] == {"reference": f"Patient/{alone}"}
    assert of(flag(reference)).one("flag")["subject"] == {"reference": f"Patient/{alone}"}
    assert make("r4", json.dumps(PATIENT).encode()).one("pat")["id"] == alone


def test_two_servers_that_use_one_id_mean_two_people() -> None:
    assert of(PATIENT).one("pat")["id"] != of(PATIENT, base="https://other.example.org/R4").one("pat")["id"]


def test_a_uuid_is_the_same_everywhere() -> None:
    """Also where a reference names it by ``urn:uuid:`` and the type follows from the element."""
    uuid = "0d7d8a36-6a1d-4a0e-9a3b-0b9c4b1f0999"
    known = of({**PATIENT, "id": uuid}).one("pat")["id"]
    encounter = {"resourceType": "AllergyIntolerance", "id": "a", "patient": {"reference": f"urn:uuid:{uuid.upper()}"}}
    assert of(encounter, base="https://other.example.org").one("allergy_intolerance")["patient"]["reference"] == f"Patient/{known}"


def test_what_has_no_address_is_known_by_its_number_or_to_this_message_alone() -> None:
    """An id without a server names nothing elsewhere: nobody's record is taken for another's."""
    bare = {"resourceType": "Patient", "id": "1", "name": [{"family": "Marsh"}]}
    numbered = {**bare, "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9991000011"}]}
    ids = [make("r4", json.dumps(each).encode()).one("pat_numbered")["id"] for each in (bare, {**bare, "active": True}, numbered)]
    assert len(set(ids)) == 3
    assert make("r4", json.dumps({**numbered, "id": "2"}).encode()).one("pat_numbered")["id"] == ids[2]


def test_an_organisation_with_a_national_code_is_the_same_from_every_server() -> None:
    code = {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "X99"}
    trust = {"resourceType": "Organization", "id": "1", "identifier": [code]}
    assert of(trust).one("org")["id"] == of({**trust, "id": "2"}, base="https://other.example.org").one("org")["id"]


def test_what_a_server_does_not_say_any_more_is_gone() -> None:
    """The resource is given whole; an organisation by its national code may be told by several, each in part."""
    (flagged,) = of(FLAG).contributions
    assert flagged.deleted == ["*"]
    shared = [one.deleted for one in make("r4", example("r4", "collection.json")).contributions if one.name in ("org", "prac")]
    assert shared == [[], []]


def test_values_come_as_they_are() -> None:
    made = make("r4", example("r4", "collection.json"))
    assert str(made.one("observation")["valueQuantity"]["value"]) == "72.50"
    assert made.findings() == []


def test_a_transaction_deletes_what_the_server_held() -> None:
    gone = bundle("transaction", {"request": {"method": "DELETE", "url": "Flag/f1"}}) | {"meta": {"source": BASE}}
    (made,) = make("r4", json.dumps(gone).encode()).contributions
    assert (made.effect, made.type, made.id) == ("delete", "Flag", of(FLAG).one("flag")["id"])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (bundle("message"), "unknown-trigger"),
        (bundle("history"), "unknown-trigger"),
        (bundle("searchset", {"fullUrl": "urn:x"}), "missing-field"),
        (bundle("batch", {"request": {"method": "PATCH", "url": "Flag/1"}}), "unknown-trigger"),
        (bundle("batch", {"resource": FLAG, "request": {"method": "PUT", "url": "Flag?code=1"}}), "unknown-trigger"),
        (bundle("batch", {"request": {"method": "DELETE", "url": "Flag"}}), "bad-value"),
        ({"resourceType": "CodeSystem"}, "unknown-trigger"),
        ({"name": "no resource"}, "unknown-format"),
    ],
)
def test_what_is_no_statement_of_resources_is_refused(body: dict[str, Any], reason: str) -> None:
    """Messages and documents are other families'; a conditional write asks for an answer that a feed does not give."""
    with pytest.raises(Problem) as caught:
        adapter.envelope(json.dumps(body).encode())
    assert caught.value.reason.name == reason


def test_fhir_is_claimed_only_where_it_says_that_it_is_r4() -> None:
    """What does not say it may be STU3: a feed that is declared to be R4 takes it."""
    claimed = json.dumps({**FLAG, "meta": {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag"]}})
    assert adapter.recognises(claimed.encode())
    profile = b'<meta><profile value="https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag"/>'
    assert adapter.recognises(b'<Flag xmlns="http://hl7.org/fhir">' + profile)
    assert not adapter.recognises(json.dumps(FLAG).encode())
    assert not adapter.recognises(claimed.replace("Flag", "Bundle", 1).replace('"status": "active"', '"type": "message"').encode())


def test_later_is_what_was_updated_later() -> None:
    """A search's answer holds at its timestamp."""
    body = json.loads(example("r4", "searchset.json"))
    first = adapter.envelope(json.dumps(body).encode()).order
    later = adapter.envelope(json.dumps({**body, "timestamp": "2026-01-11T12:00:00Z"}).encode()).order
    assert (later > first, first.version) == (True, 2)


def test_an_error_of_a_server_is_refused_as_such_and_one_beside_results_is_not() -> None:
    outcome = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}
    with pytest.raises(Problem) as refused:
        adapter.open(json.dumps(outcome).encode())
    assert (refused.value.reason.name, refused.value.detail) == ("source-error", "not-found")
    profile = {"profile": ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag"]}
    found = bundle("searchset", {"resource": FLAG | {"meta": profile}}, {"resource": outcome, "search": {"mode": "outcome"}})
    assert adapter.recognises(json.dumps(found).encode())
    assert not adapter.recognises(json.dumps(outcome | {"meta": profile}).encode())


def test_parameters_tell_nobody_anything() -> None:
    with pytest.raises(Problem) as refused:
        adapter.open(b'{"resourceType": "Parameters", "parameter": []}')
    assert refused.value.reason.name == "unknown-trigger"


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["fhir.nhs.net", "fhir.nhs.uk"])
@pytest.mark.parametrize("folder", ["Id", "id"])
def test_an_nhs_number_is_one_however_its_system_is_spelt(scheme: str, host: str, folder: str) -> None:
    number = {"system": f"{scheme}://{host}/{folder}/nhs-number", "value": "999 100 0011"}
    made = of(PATIENT | {"identifier": [number]})
    assert made.one("pat")["identifier"] == [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9991000011"}]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ({"lastUpdated": "2026-01-02T09:00:00Z", "versionId": "7"}, {"lastUpdated": "2026-01-02T09:30:00+00:00", "versionId": "2"}),
        ({"versionId": "9"}, {"versionId": "10"}),
    ],
)
def test_of_two_versions_in_one_bundle_the_later_counts(earlier: dict[str, str], later: dict[str, str], order: int) -> None:
    versions = [
        {**FLAG, "meta": earlier, "subject": {"reference": "Patient/p1"}},
        {**FLAG, "status": "inactive", "meta": later, "subject": {"reference": "Patient/p1"}},
    ]
    assert of(PATIENT, *versions[::order]).one("flag")["status"] == "inactive"


def test_of_versions_that_do_not_say_the_last_counts() -> None:
    assert of({**FLAG, "status": "inactive"}, FLAG).one("flag")["status"] == "active"


def test_who_made_a_resource_is_kept() -> None:
    author = {"who": {"display": "Dr Marsh"}}
    provenance = {"resourceType": "Provenance", "id": "v", "target": [{"reference": "Flag/f1"}], "agent": [author]}
    made = of(FLAG, {**provenance, "recorded": "2026-01-02T09:00:00Z"})
    assert made.one("provenance")["target"] == [{"reference": f"Flag/{made.one('flag')['id']}"}]
    assert made.findings() == []
