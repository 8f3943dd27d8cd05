"""What authors write in plans in their own words: nothing of it is lost, and where it stands no card says that there is nothing."""

from __future__ import annotations

from tests.spec.careplan.cards import absent, flag, given_card, person, texts
from tests.spec.careplan.plans import ANN, OWN, coded, fold, planned

PLAN = planned("w", description="She walks with a frame.\nHer dog must be fed.", author=ANN, created="2025-11-01")


class TestPlans:
    def test_the_card_has_the_words_of_each_plan_line_by_line(self) -> None:
        card = given_card(person(), PLAN, planned("v", title="Breathing", note=[{"text": "Sits up at night."}]))
        first, second, third = card["plans"]["lines"]
        assert first == {
            "text": "She walks with a frame.", "title": "Plan w", "date": "2025-11-01", "by": "Dr Ann", "from": ["A"],
        }  # fmt: skip
        assert second["text"] == "Her dog must be fed."
        assert (third["text"], third["title"]) == ("Sits up at night.", "Breathing")

    def test_nothing_is_called_not_recorded_while_a_plan_has_words_of_its_own(self) -> None:
        card = given_card(person(), PLAN)
        for name in ("alerts", "cpr", "allergies", "matters", "steps", "medicines", "namedClinician", "people"):
            assert card[name]["state"] == "see-plans", name
            assert card[name]["words"] == "Not under this heading: read the plans' own words."
        assert "None recorded" not in str(card)
        assert card["glance"]["cpr"] == "CPR: Not under this heading: read the plans' own words."

    def test_without_words_of_a_plan_it_is_none_recorded_as_before(self) -> None:
        card = given_card(person(), planned("w"))
        assert (card["plans"], card["cpr"]["state"]) == (
            {"state": "none-recorded", "words": "None recorded.", "lines": []},
            "none-recorded",
        )

    def test_what_is_not_here_is_told_besides(self) -> None:
        card = given_card(person(), PLAN, absent=[absent("not-shared", "B")])
        assert card["cpr"]["words"] == "Not under this heading: read the plans' own words. Not all records are here."
        assert card["cpr"]["lacking"] == ["not-shared"]

    def test_a_plan_that_no_longer_counts_says_nothing(self) -> None:
        for status in ("draft", "revoked", "completed", "entered-in-error"):
            card = given_card(person(), {**PLAN, "status": status})
            assert card["plans"]["lines"] == []
            assert card["matters"]["state"] == "none-recorded"

    def test_whoever_hides_where_they_are_has_no_words_of_plans_on_the_card(self) -> None:
        card = given_card(person(meta={"security": [{"code": "REDACTED"}]}), PLAN)
        assert card["plans"]["state"] == "not-given"
        assert card["matters"]["state"] == "see-plans"

    def test_where_something_stands_under_the_heading_it_stands_there(self) -> None:
        assert texts(given_card(person(), PLAN, flag("f", "Dog bites")), "alerts") == ["Dog bites"]

    def test_the_plan_says_it_alike(self) -> None:
        assert fold(PLAN).unplaced({"cpr", "goals"})
        assert not fold(planned("w")).unplaced({"cpr"})

    def test_what_stands_under_a_heading_by_a_code_is_not_without_one(self) -> None:
        plan = planned("w", {"code": coded("contingency", OWN), "description": "Ring the desk"}, {"description": "Weigh weekly"})
        assert fold(plan).unplaced({"contingency"})
        assert not fold(plan).unplaced({"contingency", "actions"})
        assert given_card(person(), plan)["matters"]["state"] == "see-plans"
        assert given_card(person(), planned("w", {"code": coded("contingency", OWN), "description": "Ring"}))["cpr"]["state"] == (
            "none-recorded"
        )
