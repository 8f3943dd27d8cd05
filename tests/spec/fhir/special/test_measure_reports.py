"""MeasureReport: what it must keep to of the Measure that it reports."""

from __future__ import annotations

from typing import Any

from tests.spec.fhir.special.having import errors, found

URL = "https://example.org/Measure/falls"
FIRST, LAST = ({"coding": [{"system": "https://example.org/m", "code": code}]} for code in ("first", "last"))


def measure(*groups: dict[str, Any], scoring: str = "proportion") -> dict[str, Any]:
    return {
        "resourceType": "Measure", "url": URL, "status": "active", "group": list(groups),
        "scoring": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/measure-scoring", "code": scoring}]},
    }  # fmt: skip


def report(*groups: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"resourceType": "MeasureReport", "measure": URL, "status": "complete", "type": "summary", "group": list(groups)} | more


def test_a_report_that_keeps_to_its_measure_is_well() -> None:
    """The only group needs no code."""
    asked = measure({"population": [{"code": FIRST}]})
    assert found(report({"population": [{"code": FIRST, "count": 3}]}), asked) == []


def test_groups_and_populations_are_those_of_the_measure() -> None:
    """By code; every group is reported."""
    asked = measure({"code": FIRST, "population": [{"code": FIRST}]}, {"code": LAST})
    assert errors(report({}, {"code": LAST}), asked) == ["", "group[0]"]
    wrong = report({"code": FIRST, "population": [{"code": LAST, "count": 1}]}, {"code": LAST})
    assert errors(wrong, asked) == ["group[0].population[0]"]


def test_a_score_fits_the_scoring() -> None:
    """It has a value, which is a part of one where the scoring is proportion."""
    assert errors(report({"measureScore": {"value": 1}}), measure({})) == []
    assert errors(report({"measureScore": {"value": 12}}), measure({}, scoring="cohort")) == []
    assert errors(report({"measureScore": {"unit": "1"}}), measure({})) == ["group[0].measureScore"]
    assert errors(report({"measureScore": {"value": 1.2}}), measure({})) == ["group[0].measureScore"]


def test_subjects_are_listed_in_subject_lists_and_counted() -> None:
    """subjectResults: a List with as many entries as the count says."""
    asked = measure({"population": [{"code": FIRST}]})
    population = {"code": FIRST, "count": 2, "subjectResults": {"reference": "#l"}}
    assert errors(report({"population": [population]}), asked) == ["group[0].population[0].subjectResults"]
    near = {"#l": {"resourceType": "List", "entry": [{"item": {"reference": "Patient/1"}}]}}
    assert errors(report({"population": [population]}, type="subject-list"), asked, near=near) == ["group[0].population[0].count"]


def test_a_measure_that_is_not_loaded_is_told() -> None:
    """A warning: not checked."""
    assert found(report()) == [("warning", "measure")]
