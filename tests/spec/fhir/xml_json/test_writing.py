"""FHIR R4, xml.html: what JSON may hold that XML could not say is refused, with its place and without its value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from interop.errors import Problem
from interop.fhir.xml import from_xml, to_xml
from interop.formats.json import Number


@pytest.mark.parametrize(
    ("member", "where", "why"),
    [
        ({"birthdate": "1980"}, "Patient.birthdate", "is no element of R4"),
        ({"shoe": "42"}, "Patient.shoe", "is no element of R4"),
        ({"name": [{"a shoe": "42"}]}, "Patient.name[0]", "has a member that is no element of R4"),
        ({"_name": []}, "Patient._name", "is no element of R4"),
        ({"name": {"family": "A"}}, "Patient.name", "must be an array"),
        ({"name": []}, "Patient.name", "must not be an empty array"),
        ({"name": ["A"]}, "Patient.name[0]", "must be an object"),
        ({"name": [{"given": ["A", 1]}]}, "Patient.name[0].given[1]", "has the wrong JSON type"),
        ({"name": [{"given": ["A", None]}]}, "Patient.name[0].given[1]", "has neither value nor extension"),
        ({"name": [{"given": "A"}]}, "Patient.name[0].given", "must be an array"),
        ({"name": [{"id": 1}]}, "Patient.name[0].id", "must be a string"),
        ({"birthDate": 1980}, "Patient.birthDate", "has the wrong JSON type"),
        ({"birthDate": None}, "Patient.birthDate", "has neither value nor extension"),
        ({"birthDate": ["1980"]}, "Patient.birthDate", "must not be an array"),
        ({"birthDate": "1980", "_birthDate": {}}, "Patient.birthDate", "has an empty object beside it"),
        ({"_birthDate": "x"}, "Patient.birthDate", "must have an object beside it"),
        ({"active": "true"}, "Patient.active", "has the wrong JSON type"),
        ({"active": 1}, "Patient.active", "has the wrong JSON type"),
        ({"multipleBirthInteger": "2"}, "Patient.multipleBirthInteger", "has the wrong JSON type"),
        ({"multipleBirthInteger": True}, "Patient.multipleBirthInteger", "has the wrong JSON type"),
        ({"name": [{"family": "a\x00"}]}, "Patient.name[0].family", "holds a character that XML lacks"),
        ({"name": [{"family": "a\ud800"}]}, "Patient.name[0].family", "holds a character that XML lacks"),
        ({"name": [{"family": "a\uffff"}]}, "Patient.name[0].family", "holds a character that XML lacks"),
        ({"text": {"div": "<div>"}}, "Patient.text.div", "is no well-formed XHTML in a div"),
        ({"text": {"div": "<p/>"}}, "Patient.text.div", "is no well-formed XHTML in a div"),
        ({"text": {"div": "<div/><div/>"}}, "Patient.text.div", "is no well-formed XHTML in a div"),
        ({"text": {"div": "<div>&madeup;</div>"}}, "Patient.text.div", "is no well-formed XHTML in a div"),
        ({"text": {"div": "<?xml version='1.0'?><div/>"}}, "Patient.text.div", "is no well-formed XHTML in a div"),
        ({"text": {"div": "<!DOCTYPE div><div/>"}}, "Patient.text.div", "is no well-formed XHTML in a div"),
        ({"text": {"div": 1}}, "Patient.text.div", "is no well-formed XHTML in a div"),
        ({"contained": [{"resourceType": "Shoe"}]}, "Patient.contained[0]", "is no resource of R4"),
        ({"contained": [{"id": "a"}]}, "Patient.contained[0]", "is no resource of R4"),
        (
            {"contained": [{"resourceType": "Patient", "link": [{"other": 1}]}]},
            "Patient.contained[0].link[0].other",
            "must be an object",
        ),
    ],
)
def test_what_xml_would_lose_is_refused(member: dict[str, Any], where: str, why: str) -> None:
    with pytest.raises(Problem) as refused:
        to_xml({"resourceType": "Patient", **member})
    assert refused.value.reason.name == "invalid-resource"
    assert (refused.value.where, refused.value.detail) == (where, why)


@pytest.mark.parametrize("resource", [{}, {"resourceType": "Shoe"}, {"resourceType": 1}, {"resourceType": "HumanName"}, None, []])
def test_what_is_no_resource_is_refused(resource: Any) -> None:
    with pytest.raises(Problem) as refused:
        to_xml(resource)
    assert refused.value.where == "Resource"


@pytest.mark.parametrize("value", [Decimal("1.50"), 1.5, 3, Number("1.50")])
def test_numbers_of_any_kind_are_written(value: Any) -> None:
    body = to_xml({"resourceType": "Observation", "valueQuantity": {"value": value}})
    assert str(from_xml(body)["valueQuantity"]["value"]) == str(value)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity"), float("inf"), float("nan"), Number("1e999")])
def test_numbers_without_end_are_refused(value: Any) -> None:
    with pytest.raises(Problem):
        to_xml({"resourceType": "Observation", "valueQuantity": {"value": value}})


def test_too_deep_is_refused() -> None:
    deep: dict[str, Any] = {"url": "http://example.org/e"}
    for _ in range(5000):
        deep = {"url": "http://example.org/e", "extension": [deep]}
    with pytest.raises(Problem) as refused:
        to_xml({"resourceType": "Basic", "extension": [deep]})
    assert refused.value.reason.name == "too-deep"


def test_a_resource_without_members_is_an_empty_element() -> None:
    assert from_xml(to_xml({"resourceType": "Basic"})) == {"resourceType": "Basic"}
    assert to_xml({"resourceType": "Basic"}).endswith(b'<Basic xmlns="http://hl7.org/fhir"/>')
