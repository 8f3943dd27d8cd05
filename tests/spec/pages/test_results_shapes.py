"""What a result says and how a series of them is drawn, without a browser or an engine."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from interop.careplan.words import Words
from interop.formats.json import load_json
from interop.pages.record import kinds
from interop.pages.record.asking import Known
from interop.pages.record.charts import Value, charts, seconds
from interop.pages.record.readings import Range, limits, reading, readings

WORDS = Words({}, lambda _: None)
CODES = "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation"


def quantity(value: Any, unit: str = "mmol/L", **more: Any) -> dict[str, Any]:
    """A value as it comes out of the API, with its digits."""
    said = load_json(f'{{"value": {value}}}'.encode())
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": {"text": "x"},
        "valueQuantity": {**said, "unit": unit, **more},
    }


def ranged(value: Any, text: str = "", **more: Any) -> dict[str, Any]:
    return {**quantity(value, **more), "referenceRange": [{"text": text}]}


def said(resource: dict[str, Any]) -> tuple[str, str, str]:
    """The value, what is said of it, and who says so."""
    found = reading(resource, WORDS)
    assert found is not None
    return found.words, found.flag_words, found.flagged_by


def interpreted(resource: dict[str, Any], *codes: str) -> dict[str, Any]:
    return {**resource, "interpretation": [{"coding": [{"system": CODES, "code": each}]} for each in codes]}


@pytest.mark.parametrize(
    ("words", "low", "high"),
    [
        ("3.5-5.3", "3.5", "5.3"),
        ("3.5 – 5.3", "3.5", "5.3"),
        ("115 to 165", "115", "165"),
        ("[0.5-1.0]", "0.5", "1.0"),
        ("3.5^-^5.3", "3.5", "5.3"),
        ("-2-2", "-2", "2"),
        ("<5", None, "5"),
        ("up to 40", None, "40"),
        (">= 60", "60", None),
        ("5.3-3.5", None, None),
        ("negative", None, None),
        ("3.5-5.3 (adult)", None, None),
        ("", None, None),
    ],
)
def test_a_range_that_a_laboratory_writes_is_read_where_it_is_one_as_a_whole(words: str, low: str | None, high: str | None) -> None:
    assert [None if each is None else str(each) for each in limits(words)] == [low, high]


def test_a_value_keeps_its_digits_its_comparator_and_its_unit() -> None:
    assert said(quantity("5.0"))[0] == "5.0 mmol/L"
    assert said(quantity("5", "mg/L", comparator="<"))[0] == "<5 mg/L"


def test_the_source_says_what_is_out_of_range_and_the_range_does_where_it_is_silent() -> None:
    assert said(interpreted(ranged("6.4", "3.5-5.3"), "HH"))[1:] == ("Critically high", "source")
    assert said(ranged("6.4", "3.5-5.3"))[1:] == ("Above the range", "range")
    assert said(ranged("3.4", "3.5-5.3"))[1:] == ("Below the range", "range")
    assert said(ranged("3.5", "3.5-5.3"))[1:] == ("", "")
    assert said(interpreted(ranged("6.4", "3.5-5.3"), "N"))[1:] == ("Normal", "source")


def test_of_several_interpretations_the_gravest_is_told() -> None:
    assert said(interpreted(quantity("1"), "N", "L", "LL"))[1] == "Critically low"
    own = {**quantity("1"), "interpretation": [{"text": "borderline"}]}
    assert said(own)[1:] == ("borderline", "source")


@pytest.mark.parametrize(
    ("value", "comparator", "told"),
    [
        ("2", "<", "Below the range"),
        ("3", "<", "Below the range"),
        ("3", "<=", ""),
        ("5", "<", ""),
        ("60", "<", ""),
        ("50", ">", "Above the range"),
        ("50", ">=", ""),
        ("60", ">=", "Above the range"),
        ("2", ">", ""),
    ],
)
def test_a_comparator_that_leaves_it_open_is_judged_by_nobody(value: str, comparator: str, told: str) -> None:
    """Of a value below 60 with a range of 3 to 50 nobody knows whether it is above."""
    assert said(ranged(value, "3-50", comparator=comparator))[1] == told


def test_a_range_for_something_else_than_the_normal_is_not_taken_for_it() -> None:
    """Treatment and recommended ranges say nothing of normal values (FHIR R4, referenceRange.type)."""
    resource = quantity("6")
    resource["referenceRange"] = [
        {"type": {"coding": [{"code": "therapeutic"}]}, "high": {"value": 4}},
        {"low": {"value": 5}, "high": {"value": 9}},
    ]
    found = reading(resource, WORDS)
    assert found is not None
    assert found.range == Range(Decimal(5), Decimal(9), "5–9")
    assert not found.flag


def test_each_component_is_a_value_of_its_own_and_why_there_is_none_is_told() -> None:
    pressure = {
        "code": {"text": "Blood pressure"},
        "component": [
            {"code": {"text": "Systolic"}, "valueQuantity": {"value": 142, "unit": "mm Hg"}},
            {"code": {"text": "Diastolic"}, "dataAbsentReason": {"text": "Not heard"}},
        ],
    }
    assert [(each.name, each.words) for each in readings(pressure, WORDS)] == [
        ("Systolic", "142 mm Hg"),
        ("Diastolic", "No value: Not heard"),
    ]
    assert readings({"code": {"text": "Seen at home"}}, WORDS) == []


def value(day: str, number: str | None, unit: str = "g/L", **more: Any) -> Value:
    at = seconds(day)
    assert at is not None
    return Value(at, day, None if number is None else Decimal(number), f"{number} {unit}", unit, **more)


def test_different_units_are_never_on_one_axis() -> None:
    drawn = charts(
        [
            value("2026-08-01", "5.4", "mmol/L"),
            value("2026-09-01", "90", "mg/dL"),
            value("2026-10-01", "5.0", "mmol/L"),
            value("2026-09-02", "88", "mg/dL"),
        ]
    )
    assert [each.unit for each in drawn] == ["mmol/L", "mg/dL"]
    assert [each.first for each in drawn] == ["2026-08-01", "2026-09-01"]
    assert charts([value("2026-08-01", "5.4", "mmol/L"), value("2026-09-01", "90", "mg/dL")]) == []


def test_a_higher_value_stands_higher_and_a_later_one_further_right() -> None:
    (one,) = charts([value("2026-03-01", "131"), value("2026-10-01", "98"), value("2026-05-01", "122")])
    first, second, third = one.points
    assert first.x < second.x < third.x
    assert first.y < second.y < third.y
    assert one.words == "3 values from 2026-03-01 to 2026-10-01, oldest first: 131 g/L, 122 g/L, 98 g/L"
    assert all(0 <= each.x <= one.width and 0 <= each.y <= one.height for each in one.points)


def test_what_is_no_number_is_a_gap_and_a_comparator_is_no_part_of_a_line() -> None:
    series = [value(f"2026-0{month}-01", number) for month, number in ((1, "5"), (2, "6"), (3, None), (4, "7"), (5, "8"))]
    (one,) = charts(series)
    assert len(one.points) == 4
    assert [len(each.split()) for each in one.lines] == [2, 2]
    (one,) = charts([value("2026-01-01", "5", comparator="<"), *series[3:]])
    assert one.points[0].arrow == "down"
    assert [len(each.split()) for each in one.lines] == [2]


def test_what_is_out_of_range_has_a_shape_of_its_own() -> None:
    (one,) = charts(
        [value("2026-01-01", "5", flag="low"), value("2026-02-01", "9", flag="high"), value("2026-03-01", "7", flag="normal")]
    )
    assert [each.kind for each in one.points] == ["low", "high", "in"]


def test_the_band_is_the_range_of_each_value_and_steps_where_it_changes() -> None:
    adult, child = Range(Decimal(115), Decimal(165), ""), Range(Decimal(100), Decimal(140), "")
    (one,) = charts(
        [value("2026-01-01", "120", range=child), value("2026-02-01", "125", range=child), value("2026-03-01", "130", range=adult)]
    )
    before, after = one.bands
    assert before.x + before.width == after.x
    assert before.y > after.y
    assert after.x + after.width == one.width - 12
    (open_,) = charts([value("2026-01-01", "4", range=Range(None, Decimal(5), "<5")), value("2026-02-01", "8")])
    assert len(open_.bands) == 1
    assert open_.bands[0].height > 0


def test_values_that_are_all_the_same_are_drawn_all_the_same() -> None:
    (one,) = charts([value("2026-01-01", "0"), value("2026-01-01", "0")])
    assert len({each.y for each in one.points}) == 1
    assert [each.words for each in one.ticks] == ["0"]


def observation(id: str, day: str, number: str | None, *codes: str, status: str = "final") -> dict[str, Any]:
    code = {"text": "Haemoglobin", "coding": [{"system": "s", "code": each} for each in codes]}
    held = quantity(number, "g/L") if number is not None else {"resourceType": "Observation", "valueString": "clotted"}
    return held | {"id": id, "status": status, "code": code, "effectiveDateTime": day}


def test_results_that_share_a_code_are_of_one_kind_and_the_kind_with_the_latest_comes_first() -> None:
    found = kinds.kinds(
        [
            observation("a", "2026-03-01", "131", "1", "2"),
            observation("b", "2026-02-01", "122", "2"),
            observation("c", "2026-10-01", "1", "9"),
        ],
        Known(),
    )
    assert [[each.id for each in one.results] for one in found] == [["c"], ["a", "b"]]


def test_what_is_void_is_told_and_neither_drawn_nor_taken_for_the_latest() -> None:
    (found,) = kinds.kinds(
        [
            observation("wrong", "2026-04-01", "999", "1", status="entered-in-error"),
            observation("b", "2026-03-01", "122", "1", status="preliminary"),
            observation("c", "2026-02-01", "131", "1"),
        ],
        Known(),
    )
    assert found.latest.id == "b"
    assert found.latest.status == "Preliminary: may change"
    wrong = found.results[0]
    assert (wrong.void, wrong.status) == (True, "Entered in error: do not use")
    ((_, chart),) = found.charts
    assert [each.words for each in chart.points] == ["01-Feb-2026: 131 g/L", "01-Mar-2026: 122 g/L"]


def test_words_alone_are_no_result() -> None:
    assert not kinds.told({"resourceType": "Observation", "code": {"text": "Home visit"}, "note": [{"text": "well"}]})
    assert kinds.told({"resourceType": "Observation", "code": {"text": "Sodium"}, "dataAbsentReason": {"text": "clotted"}})
