"""FHIR R4 references, section 2.3.0: what a reference may point to, contained resources, fragments."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.validation import check

ORGANISATION = {"resourceType": "Organization", "id": "o", "name": "A"}
TO_IT = {"reference": "#o"}


def found(**members: Any) -> list[tuple[str, str, str]]:
    """(severity, expression, rule) for a Patient with these members; the lack of a narrative is left out."""
    said = check({"resourceType": "Patient", **members})
    return [(each.severity, each.expression, each.rule) for each in said if each.rule != "dom-6"]


@pytest.mark.parametrize(
    "literal",
    [
        "Organization/1",
        "Organization/1/_history/2",
        "https://example.org/fhir/Organization/1",
        "urn:uuid:c757873d-ec9a-4326-a141-556f43239520",
        "urn:oid:1.2.3.4.5",
        "https://example.org/anything?x=1",
    ],
)
def test_a_reference_is_relative_absolute_or_a_urn(literal: str) -> None:
    assert found(managingOrganization={"reference": literal}) == []


@pytest.mark.parametrize("literal", ["1", "organization/1", "Organization", "Organization/a_b", "Organization/1/2"])
def test_a_relative_one_has_a_type_and_an_id(literal: str) -> None:
    assert found(managingOrganization={"reference": literal}) == [
        ("warning", "Patient.managingOrganization.reference", "reference")
    ]


@pytest.mark.parametrize("literal", ["Patient/1", "https://example.org/fhir/Patient/1", "Patient/1/_history/2"])
def test_the_type_that_it_names_is_one_of_the_targets(literal: str) -> None:
    assert found(managingOrganization={"reference": literal}) == [("error", "Patient.managingOrganization", "reference")]


def test_type_is_that_of_the_target() -> None:
    where = "Patient.managingOrganization.type"
    assert found(managingOrganization={"reference": "Organization/1", "type": "Organization"}) == []
    assert found(managingOrganization={"reference": "Organization/1", "type": "Patient"}) == [("error", where, "reference")]
    assert found(managingOrganization={"display": "A", "type": "Patient"}) == [("error", where, "reference")]
    assert found(managingOrganization={"identifier": {"value": "1"}, "type": "Organization"}) == []


def test_a_reference_says_something() -> None:
    assert found(managingOrganization={"type": "Organization"}) == [("warning", "Patient.managingOrganization", "reference")]


def test_a_fragment_is_the_id_of_a_contained_resource() -> None:
    assert found(contained=[ORGANISATION], managingOrganization=TO_IT) == []
    assert found(managingOrganization=TO_IT) == [("error", "Patient.managingOrganization", "ref-1")]


def test_the_contained_resource_is_of_a_type_that_the_reference_may_point_to() -> None:
    other = {"resourceType": "Practitioner", "id": "o"}
    assert found(contained=[other], managingOrganization=TO_IT) == [("error", "Patient.managingOrganization", "reference")]


def test_the_order_of_members_does_not_matter() -> None:
    assert found(managingOrganization=TO_IT, contained=[ORGANISATION]) == []


def test_a_contained_resource_is_named_from_elsewhere_or_names_its_container() -> None:
    assert found(contained=[ORGANISATION]) == [("error", "Patient.contained[0]", "dom-3")]
    person = {"resourceType": "RelatedPerson", "id": "r", "patient": {"reference": "#"}}
    assert found(contained=[person]) == []
    assert found(contained=[ORGANISATION], extension=[{"url": "urn:e", "valueUri": "#o"}]) == []
    circle = [{**ORGANISATION, "partOf": {"reference": "#p"}}, {**ORGANISATION, "id": "p", "partOf": TO_IT}]
    assert found(contained=circle) == []


def test_naming_oneself_is_not_being_named() -> None:
    assert found(contained=[{**ORGANISATION, "partOf": TO_IT}]) == [("error", "Patient.contained[0]", "dom-3")]


def test_a_contained_resource_has_an_id_of_its_own() -> None:
    nameless = {"resourceType": "Organization", "name": "A"}
    assert found(contained=[nameless]) == [("error", "Patient.contained[0].id", "dom-3")]
    assert found(contained=[ORGANISATION, ORGANISATION], managingOrganization=TO_IT) == [
        ("error", "Patient.contained[1].id", "structure")
    ]


def test_a_contained_resource_contains_none() -> None:
    outer = {**ORGANISATION, "contained": [{**ORGANISATION, "id": "p"}], "partOf": {"reference": "#p"}}
    assert ("error", "Patient.contained[0].contained", "dom-2") in found(contained=[outer], managingOrganization=TO_IT)


@pytest.mark.parametrize(
    ("meta", "rule"),
    [
        ({"versionId": "1"}, "dom-4"),
        ({"lastUpdated": "2024-02-03T10:00:00Z"}, "dom-4"),
        ({"security": [{"system": "urn:s", "code": "R"}]}, "dom-5"),
    ],
)
def test_version_time_and_security_are_the_containers(meta: dict[str, Any], rule: str) -> None:
    inner = {**ORGANISATION, "meta": meta}
    assert found(contained=[inner], managingOrganization=TO_IT) == [("error", "Patient.contained[0].meta", rule)]
    assert found(contained=[{**ORGANISATION, "meta": {"profile": ["urn:p"]}}], managingOrganization=TO_IT) == []


def test_an_image_of_the_narrative_refers_to_what_is_contained() -> None:
    """R4 narrative, section 2.4.0.2: an image may be a contained Binary; other mentions of its id are no reference."""
    image = {"resourceType": "Binary", "id": "chart", "contentType": "image/png"}

    def narrated(inner: str) -> dict[str, str]:
        return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'}

    assert found(text=narrated('<img alt="A chart" src="#chart"/>'), contained=[image]) == []
    for other in ('<img alt="A chart" src="#map"/>', '<p id="chart">src="#chart"</p>'):
        assert found(text=narrated(other), contained=[image]) == [("error", "Patient.contained[0]", "dom-3")]
