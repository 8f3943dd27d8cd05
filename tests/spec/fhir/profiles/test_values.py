"""Values: fixed, patterns, bounds and lengths (FHIR R4, ElementDefinition)."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from interop.formats.json import Number
from tests.spec.fhir.profiles.kit import element, errors, profile

SYSTEM = "https://example.org/codes"


def observation(**more: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "status": "final", "code": {"text": "weight"}, **more}


def test_a_fixed_primitive_is_exactly_that_value() -> None:
    """fixedCode."""
    final = profile("Observation", element("Observation.status", fixedCode="final"))
    assert errors(observation(), final) == []
    assert errors(observation(status="amended"), final) == [("Observation.status", "fixed")]


def test_a_fixed_complex_value_is_that_value_and_nothing_more() -> None:
    """fixedCodeableConcept: what is missing, what differs and what is too much is told at its place."""
    fixed = profile("Observation", element("Observation.code", fixedCodeableConcept={"coding": [{"system": SYSTEM, "code": "w"}]}))
    exact = {"coding": [{"system": SYSTEM, "code": "w"}]}
    assert errors(observation(code=exact), fixed) == []
    assert errors(observation(code={**exact, "text": "weight"}), fixed) == [("Observation.code.text", "fixed")]
    assert errors(observation(code={"text": "weight"}), fixed) == [
        ("Observation.code.text", "fixed"),
        ("Observation.code.coding", "fixed"),
    ]


def test_a_fixed_number_is_compared_by_its_value() -> None:
    """72.5 and 72.50 are one number; true is none."""
    fixed = profile("Observation", element("Observation.valueQuantity.value", fixedDecimal=Number("72.5")))
    assert errors(observation(valueQuantity={"value": Number("72.50")}), fixed) == []
    assert errors(observation(valueQuantity={"value": Decimal("72.51")}), fixed) == [("Observation.valueQuantity.value", "fixed")]


def test_a_pattern_is_held_where_the_value_has_all_that_it_names() -> None:
    """patternCodeableConcept: more is allowed, also more codings."""
    pattern = profile(
        "Observation", element("Observation.code", patternCodeableConcept={"coding": [{"system": SYSTEM, "code": "w"}]})
    )
    wanted = {"system": SYSTEM, "code": "w", "display": "Weight"}
    other = {"system": SYSTEM, "code": "x"}
    assert errors(observation(code={"coding": [other, wanted], "text": "weight"}), pattern) == []
    assert errors(observation(code={"coding": [other]}), pattern) == [("Observation.code.coding", "fixed")]
    assert errors(observation(), pattern) == [("Observation.code.coding", "fixed")]


@pytest.mark.parametrize(
    ("bounds", "good", "bad"),
    [
        ({"minValueInteger": 1, "maxValueInteger": 10}, {"valueInteger": 10}, {"valueInteger": 11}),
        ({"minValueInteger": 1}, {"valueInteger": 1}, {"valueInteger": 0}),
        ({"minValueDateTime": "2020-01-01"}, {"valueDateTime": "2020-06"}, {"valueDateTime": "2019-12-31T23:59:59Z"}),
        ({"maxValueTime": "12:00:00"}, {"valueTime": "11:59:59"}, {"valueTime": "12:00:01"}),
        (
            {"minValueQuantity": {"value": 1, "system": "http://unitsofmeasure.org", "code": "kg"}},
            {"valueQuantity": {"value": 1000, "system": "http://unitsofmeasure.org", "code": "g"}},
            {"valueQuantity": {"value": 999, "system": "http://unitsofmeasure.org", "code": "g"}},
        ),
    ],
)
def test_a_value_keeps_within_the_bounds_of_its_type(bounds: dict[str, Any], good: dict[str, Any], bad: dict[str, Any]) -> None:
    """minValue[x] and maxValue[x] are inclusive; quantities are brought to one unit of UCUM."""
    bounded = profile("Observation", element("Observation.value[x]", **bounds))
    assert errors(observation(**good), bounded) == []
    assert errors(observation(**bad), bounded) == [(f"Observation.{next(iter(bad))}", "value")]


def test_what_cannot_be_compared_is_left_alone() -> None:
    """A quantity of a unit that is no multiple of the bound's."""
    bounded = profile("Observation", element("Observation.value[x]", minValueQuantity={"value": 1, "unit": "stone"}))
    assert errors(observation(valueQuantity={"value": 0, "unit": "pound"}), bounded) == []


def test_a_text_is_no_longer_than_allowed() -> None:
    """maxLength counts characters."""
    short = profile("Patient", element("Patient.name.family", maxLength=5))
    assert errors({"resourceType": "Patient", "name": [{"family": "Amész"}]}, short) == []
    assert errors({"resourceType": "Patient", "name": [{"family": "Amesbury"}]}, short) == [("Patient.name[0].family", "value")]


def test_a_value_may_be_demanded_though_the_element_is_there() -> None:
    """mustHaveValue of R5 as an extension of the definition: an extension alone does not do."""
    url = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.mustHaveValue"
    said = element("Patient.active", min=1, max="1", extension=[{"url": url, "valueBoolean": True}])
    must = profile("Patient", snapshot={"element": [element("Patient", min=0, max="*"), said]})
    absent = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
    assert errors({"resourceType": "Patient", "active": True}, must) == []
    assert errors({"resourceType": "Patient", "_active": absent}, must) == [("Patient.active", "cardinality")]


def test_a_limit_may_be_a_time_from_now() -> None:
    """minValue[x] as a duration is taken from the present moment, maxValue[x] added to it (R4, ElementDefinition.minValue)."""

    def years(count: int) -> dict[str, Any]:
        return {"value": count, "system": "http://unitsofmeasure.org", "code": "a"}

    recent = profile("Patient", element("Patient.birthDate", minValueQuantity=years(50), maxValueQuantity=years(1)))
    this_year = datetime.now(UTC).year
    for year, severity in ((this_year - 49, []), (this_year, []), (this_year - 52, ["value"]), (this_year + 3, ["value"])):
        expected = [("Patient.birthDate", each) for each in severity]
        assert errors({"resourceType": "Patient", "birthDate": f"{year}-01-15"}, recent) == expected
