"""What the card tells of medicines: which one, how much of it, until when; never two as one where that is not known."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.careplan.cards import allergy, flag, given_card, person, takes, texts
from tests.spec.careplan.plans import OWN, coded

DOSES: list[tuple[dict[str, Any], str]] = [
    ({"text": "One at night", "timing": {"code": {"text": "BD"}}}, "One at night"),
    (
        {
            "doseAndRate": [{"doseQuantity": {"value": 30, "unit": "mg"}}],
            "timing": {"repeat": {"frequency": 4, "period": 1, "periodUnit": "d"}},
        },
        "30 mg, 4 times a day",
    ),
    (
        {
            "doseAndRate": [{"doseRange": {"low": {"value": 1, "unit": "tablet"}, "high": {"value": 2, "unit": "tablet"}}}],
            "route": {"text": "Oral"},
            "asNeededCodeableConcept": {"text": "pain"},
            "maxDosePerPeriod": {"numerator": {"value": 8, "unit": "tablet"}, "denominator": {"value": 1, "unit": "day"}},
        },
        "1 tablet to 2 tablet, Oral, when needed for pain, at most 8 tablet / 1 day",
    ),
    (
        {"doseAndRate": [{"rateQuantity": {"value": 2, "unit": "l/min"}}], "timing": {"repeat": {"when": ["HS"], "offset": 30}}},
        "at 2 l/min, 30 minutes, at bedtime",
    ),
    (
        {"timing": {"code": {"text": "BD"}, "repeat": {"count": 14, "duration": 30, "durationUnit": "min"}}},
        "BD, 14 times in all, for 30 minutes",
    ),
    ({"timing": {"repeat": {"_period": {}}}}, "dose not readable: see the record"),
    ({"sequence": 1}, "dose not readable: see the record"),
]


def orders(id: str, medicine: str = "", **more: Any) -> dict[str, Any]:
    """A MedicationRequest."""
    said: dict[str, Any] = {"medicationCodeableConcept": {"text": medicine}} if medicine else {}
    subject = {"reference": "Patient/p"}
    return {
        "resourceType": "MedicationRequest",
        "id": id,
        "status": "active",
        "intent": "order",
        "subject": subject,
        **said,
        **more,
    }


def within(name: str) -> dict[str, Any]:
    """A contained Medication and what refers to it."""
    inside = {"resourceType": "Medication", "id": "m", "code": {"text": name}}
    return {"contained": [inside], "medicationReference": {"reference": "#m"}}


@pytest.mark.parametrize(("dosage", "words"), DOSES)
def test_a_dose_is_told_by_its_text_or_by_its_parts(dosage: dict[str, Any], words: str) -> None:
    (line,) = given_card(person(), takes("m", "Codeine", dosage=[dosage]))["medicines"]["lines"]
    assert line["dose"] == words
    (line,) = given_card(person(), orders("m", "Codeine", dosageInstruction=[dosage]))["medicines"]["lines"]
    assert line["dose"] == words


def test_a_just_in_case_medicine_has_its_dose_beside_it() -> None:
    marked = takes("m", "Morphine", category=coded("standby-medicines", OWN), dosage=[DOSES[1][0]])
    (line,) = given_card(person(), marked)["standby"]["lines"]
    assert line["notes"] == "30 mg, 4 times a day"


def test_two_doses_by_their_parts_are_two_lines() -> None:
    other = {"doseAndRate": [{"doseQuantity": {"value": 60, "unit": "mg"}}]}
    card = given_card(person(), takes("a", "Codeine", dosage=[DOSES[1][0]]), takes("b", "Codeine", dosage=[other]))
    assert sorted(line["dose"] for line in card["medicines"]["lines"]) == ["30 mg, 4 times a day", "60 mg"]


def test_doses_that_cannot_be_read_are_never_one() -> None:
    card = given_card(person(), *(takes(each, "Codeine", dosage=[{"sequence": 1}]) for each in "ab"))
    assert texts(card, "medicines") == ["Codeine", "Codeine"]


def test_what_is_contained_is_named() -> None:
    card = given_card(person(), orders("a", **within("Warfarin")), orders("b", **within("Insulin")))
    assert sorted(texts(card, "medicines")) == ["Insulin", "Warfarin"]


def test_the_author_who_is_contained_is_named() -> None:
    inside = {"resourceType": "Practitioner", "id": "d", "name": [{"text": "Dr Rowe"}]}
    raised = flag("f", "Dog", contained=[inside], author={"reference": "#d"})
    assert given_card(person(), raised)["alerts"]["lines"][0]["by"] == "Dr Rowe"


def test_what_is_not_named_is_not_one_with_another() -> None:
    nuts = {"code": {}, "reaction": [{"manifestation": [{"text": "Rash"}]}]}
    other = {"code": {}, "reaction": [{"manifestation": [{"text": "Anaphylaxis"}]}]}
    card = given_card(
        person(), orders("a"), orders("b"), allergy("x", "", **nuts), allergy("y", "", **other), flag("f", ""), flag("g", "")
    )
    assert texts(card, "medicines") == ["Medicine not named"] * 2
    assert sorted(line["reaction"] for line in card["allergies"]["lines"]) == ["Anaphylaxis", "Rash"]
    assert texts(card, "alerts") == ["Alert without words"] * 2


def test_what_another_server_has_under_the_same_id_is_not_ours() -> None:
    ours = {"resourceType": "Medication", "id": "7", "code": {"text": "Aspirin"}}
    card = given_card(person(), ours, orders("a", medicationReference={"reference": "https://gp.example/fhir/Medication/7"}))
    assert texts(card, "medicines") == ["Medicine not named"]
    card = given_card(person(), ours, orders("a", medicationReference={"reference": "Medication/7/_history/2"}))
    assert texts(card, "medicines") == ["Aspirin"]


@pytest.mark.parametrize(
    "ends",
    [
        {"dispenseRequest": {"validityPeriod": {"end": "2015-01-08"}}},
        {"dosageInstruction": [{"text": "One a day", "timing": {"repeat": {"boundsPeriod": {"end": "2015-01-08"}}}}]},
    ],
)
def test_a_course_that_is_over_says_so_and_is_not_hidden(ends: dict[str, Any]) -> None:
    (line,) = given_card(person(), orders("a", "Amoxicillin", authoredOn="2015-01-01", **ends))["medicines"]["lines"]
    assert (line["until"], line["ended"]) == ("2015-01-08", True)


def test_one_of_two_doses_that_is_over_does_not_end_the_medicine() -> None:
    doses = [{"text": "60 mg", "timing": {"repeat": {"boundsPeriod": {"end": "2025-01-08"}}}}, {"text": "5 mg"}]
    (line,) = given_card(person(), orders("a", "Prednisolone", dosageInstruction=doses))["medicines"]["lines"]
    assert "ended" not in line


def test_what_has_not_begun_says_from_when() -> None:
    (line,) = given_card(person(), takes("a", "Apixaban", effectivePeriod={"start": "2030-02-01"}))["medicines"]["lines"]
    assert line["status"] == "from 01-Feb-2030"


def test_nobody_is_made_to_say_a_dose_later_than_they_did() -> None:
    card = given_card(
        person(),
        takes("a", "Warfarin", dosage=[{"text": "3 mg"}], dateAsserted="2020-01-01"),
        takes("b", "Warfarin", dateAsserted="2025-06-01", informationSource={"display": "Son"}),
    )
    (line,) = card["medicines"]["lines"]
    assert (line["dose"], line["date"], line.get("by", "")) == ("3 mg", "2020-01-01", "")
