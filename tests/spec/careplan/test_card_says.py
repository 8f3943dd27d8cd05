"""A card says no more than was said: of what is not in force, not all of it, or not here, it says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.careplan.cards import absent, allergy, given_card, person, takes, texts
from tests.spec.careplan.plans import ANN, NOT_FOR, NOW, OWN, coded, observed, planned

NIL: dict[str, Any] = {
    "resourceType": "List",
    "id": "l",
    "status": "current",
    "mode": "snapshot",
    "code": coded("886921000000105"),
    "emptyReason": {"coding": [{"code": "nilknown"}]},
}


class TestStatus:
    def test_a_decision_that_is_not_final_says_so_where_it_is_read_first(self) -> None:
        card = given_card(person(), observed("o", NOT_FOR, by=ANN, status="preliminary"))
        assert card["cpr"]["lines"][0]["status"] == "preliminary"
        assert card["glance"]["cpr"] == "CPR: Not for cardiopulmonary resuscitation (preliminary) (01-Jun-2025)"

    def test_what_stands_in_a_plan_that_is_on_hold_says_so(self) -> None:
        card = given_card(person(), planned("p", {"code": coded(NOT_FOR)}, status="on-hold", author=ANN))
        assert card["cpr"]["lines"][0]["status"] == "on-hold"

    def test_what_is_in_force_has_nothing_to_say(self) -> None:
        card = given_card(person(), observed("o", NOT_FOR, by=ANN), takes("m", "Morphine", category=coded("take-along", OWN)))
        assert "status" not in card["cpr"]["lines"][0]
        assert "status" not in card["takeAlong"]["lines"][0]


class TestNoneKnown:
    def test_not_by_those_who_are_not_shown_allergies(self) -> None:
        card = given_card(person(), NIL, unseen=frozenset(("AllergyIntolerance",)))
        assert (card["allergies"]["state"], card["allergies"]["lines"]) == ("not-for-role", [])
        assert card["glance"]["allergies"] == "Allergies: Not shown to this role."

    @pytest.mark.parametrize("code", ["429625007", "428607008", "428197003"])
    def test_of_some_allergies_alone_is_not_of_all(self, code: str) -> None:
        card = given_card(person(), allergy("a", "", code=coded(code)))
        (line,) = card["allergies"]["lines"]
        assert (card["allergies"]["state"], line["kind"]) == ("recorded", "part")
        assert line["text"].startswith("No known ")
        assert card["glance"]["allergies"] == f"Allergies: {line['text']}"

    def test_in_the_words_of_who_says_so(self) -> None:
        card = given_card(person(), allergy("a", "", code=coded("409137002")))
        assert card["allergies"]["words"] == "No known drug allergies: somebody has said so."

    def test_with_what_is_not_here(self) -> None:
        card = given_card(person(), NIL, absent=[absent("not-shared", "B")])
        assert card["allergies"]["lacking"] == ["not-shared"]
        said = "No known allergies: somebody has said so. Not all records are here."
        assert (card["allergies"]["words"], card["glance"]["allergies"]) == (said, f"Allergies: {said}")


def test_what_is_to_come_along_is_taken_now_too() -> None:
    marked = takes("m", "Hydrocortisone 20 mg", category=coded("take-along", OWN), dosage=[{"text": "One a day"}])
    card = given_card(person(), marked)
    assert texts(card, "takeAlong") == ["Hydrocortisone 20 mg"]
    assert card["medicines"]["lines"][0]["dose"] == "One a day"


def test_of_who_hides_where_they_are_nobody_near_is_named() -> None:
    hidden = person(meta={"security": [{"code": "REDACTED"}]})
    role = {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"display": "Dr Rowe, Rye Medical Centre"}}
    phone = {"telecom": [{"system": "phone", "value": "01797 222222"}]}
    by = {"reference": "PractitionerRole/r"}
    named = {"role": [coded("named-clinician", OWN)], "member": by}
    team = {
        "resourceType": "CareTeam",
        "id": "t",
        "status": "active",
        "subject": {"reference": "Patient/p"},
        "participant": [named],
    }
    card = given_card(hidden, {**role, **phone}, team, observed("o", NOT_FOR, by=by), allergy("a", "Nuts", recorder=by))
    assert "Rye" not in str(card)
    assert "222222" not in str(card)
    assert card["namedClinician"]["state"] == "not-given"
    assert texts(card, "cpr") == ["Not for cardiopulmonary resuscitation"]


class TestWho:
    def test_records_that_differ_in_sex_say_so(self) -> None:
        card = given_card(person(), person(id="q", gender="male"))
        assert {"what": "gender", "values": ["female", "male"]} in card["who"]["differs"]

    def test_who_died_on_a_day_that_is_not_told_is_not_shown_as_alive(self) -> None:
        why = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
        card = given_card(person(_deceasedDateTime={"extension": [why]}))
        assert "age" not in card["who"]
        assert "MAY HAVE DIED: SEE THE RECORD" in card["glance"]["who"]

    def test_days_are_those_of_england(self) -> None:
        """Half past midnight in summer is yesterday by UTC: her birthday."""
        summer = NOW + (151 * 24 - 1) * 3_600_000_000 + 1_800_000_000
        card = given_card(person(birthDate="1953-06-01"), now=summer)
        assert card["who"]["age"] == 73
        died = given_card(person(deceasedDateTime="2025-06-01T23:30:00Z"))
        assert "DIED 02-Jun-2025" in died["glance"]["who"]
