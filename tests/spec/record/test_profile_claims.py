"""``meta.profile``: a resource claims the profile of its type once it is whole, where it can keep it (mappings/profiles.csv)."""

from __future__ import annotations

from typing import Any

from interop.formats.json import load_json
from interop.mapping.whole import Claim
from interop.record.fold import complete, content
from interop.record.shared import shared_tables

NHS = "https://fhir.nhs.uk/Id/nhs-number"


def claimed(kind: str, **body: Any) -> list[str]:
    """What a resource with these elements claims."""
    made = complete(kind, {"resourceType": kind, **body})
    profiles: list[str] = made.get("meta", {}).get("profile", [])
    return profiles


def test_every_claim_is_of_uk_core() -> None:
    for kind, claim in shared_tables().profiles.items():
        assert claim.profile == f"https://fhir.hl7.org.uk/StructureDefinition/UKCore-{kind}"


def test_a_resource_claims_the_profile_of_its_type() -> None:
    assert claimed("Encounter", status="planned") == ["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Encounter"]


def test_a_type_without_a_row_claims_nothing() -> None:
    assert claimed("Basic", code={"text": "x"}) == []


def test_what_a_profile_requires_must_be_there() -> None:
    """UK Core requires the code of an AllergyIntolerance; R4 does not."""
    assert claimed("AllergyIntolerance") == []
    assert claimed("AllergyIntolerance", code={"text": "penicillin"}) != []


def test_what_a_profile_allows_once_does_not_stand_there_twice() -> None:
    """A Patient with two NHS numbers, which two sources gave, keeps to base R4 and claims no more."""
    local = {"system": "urn:interop:id:RZZ:PAS", "value": "H1"}
    first, second = ({"system": NHS, "value": value} for value in ("9990000018", "9990000026"))
    assert claimed("Patient", identifier=[first, local, local]) != []
    assert claimed("Patient", identifier=[first, second]) == []


def test_a_profile_that_wants_codes_of_a_system_is_claimed_where_they_are() -> None:
    """UK Core takes languages of BCP 47 alone."""
    english = {"language": {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}}
    assert claimed("Patient", communication=[english]) != []
    assert claimed("Patient", communication=[english, {"language": {"text": "Lakeland dialect"}}]) == []


def test_tags_of_the_resource_stay_beside_its_claim() -> None:
    made = complete("Patient", {"resourceType": "Patient", "meta": {"tag": [{"code": "unlinked"}]}})
    assert set(made["meta"]) == {"tag", "profile"}


def test_a_claim_stands_in_the_stored_content_before_version_and_time() -> None:
    """What changes with each version stays at the end of the bytes."""
    stored = content("Flag", "f1", complete("Flag", {"resourceType": "Flag", "status": "active"}))
    assert stored.endswith(b'"meta":{"profile":["https://fhir.hl7.org.uk/StructureDefinition/UKCore-Flag"],')
    assert load_json(stored + b'"versionId":"1"}}')["meta"]["versionId"] == "1"


def test_an_identifier_without_a_system_is_no_second_one() -> None:
    claim = Claim("https://example.org/P", once=(NHS,))
    assert claim.fits({"identifier": [{"value": "1"}, {"value": "2"}]})


def test_a_part_that_a_code_demands_is_said_to_be_absent() -> None:
    """R4 asks for both parts of a blood pressure (profile bp); the one that no source gave has no value."""
    systolic = {"code": {"coding": [{"system": "http://loinc.org", "code": "8480-6"}]}, "valueQuantity": {"value": 148}}
    panel = {"coding": [{"system": "http://loinc.org", "code": "85354-9"}]}
    said = [systolic]
    made = complete("Observation", {"status": "final", "code": panel, "component": said})
    assert [part.get("valueQuantity") is None for part in made["component"]] == [False, True]
    assert said == [systolic]
    assert "component" not in complete("Observation", {"status": "final", "code": {"text": "weight"}})
