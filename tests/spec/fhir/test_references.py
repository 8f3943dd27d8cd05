"""FHIR R4 references, 2.3.0: literal references, wherever they stand."""

from __future__ import annotations

import pytest

from interop.fhir.references import literal_type, references, target_type, versionless


def test_every_literal_reference_with_its_path() -> None:
    encounter = {
        "resourceType": "Encounter",
        "subject": {"reference": "Patient/p1", "display": "x"},
        "participant": [{"individual": {"display": "none"}}, {"individual": {"reference": "Practitioner/d1"}}],
        "contained": [{"resourceType": "Location", "managingOrganization": {"reference": "Organization/o1"}}],
        "extension": [{"url": "urn:e", "valueReference": {"reference": "urn:uuid:1"}}],
    }
    assert list(references(encounter)) == [
        ("Encounter.subject", "Patient/p1"),
        ("Encounter.participant[1].individual", "Practitioner/d1"),
        ("Encounter.contained[0].managingOrganization", "Organization/o1"),
        ("Encounter.extension[0].valueReference", "urn:uuid:1"),
    ]


@pytest.mark.parametrize(
    ("literal", "kind"),
    [
        ("Patient/p1", "Patient"),
        ("Patient/p1/_history/2", "Patient"),
        ("https://example.org/fhir/Patient/p1", "Patient"),
        ("#p1", ""),
        ("urn:uuid:1", ""),
        ("Patient?identifier=a", ""),
        ("Patient", ""),
    ],
)
def test_the_type_that_a_literal_names(literal: str, kind: str) -> None:
    assert literal_type(literal) == kind


def test_the_type_element_tells_where_the_literal_does_not() -> None:
    assert target_type({"type": "Patient", "identifier": {}}) == "Patient"
    assert target_type({"type": "Group", "reference": "Patient/p1"}) == "Patient"
    assert target_type({"display": "x"}) == ""


def test_a_version_is_left_out() -> None:
    assert versionless("Patient/p1/_history/2") == versionless("Patient/p1") == "Patient/p1"
