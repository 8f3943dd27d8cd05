"""The fold of a plan: what several authors have written is one plan, whatever order it comes in."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.careplan.plan import Given, Health, Plan
from tests.spec.careplan.plans import (
    ANN,
    BOB,
    FOR,
    HOME,
    HOSPICE,
    MATTERS,
    NOT_FOR,
    NOW,
    coded,
    fold,
    observed,
    only,
    planned,
    texts,
)

DAY = 86_400_000_000


class TestOneLineOfSeveral:
    def test_what_several_say_is_one_line_with_each_of_them(self) -> None:
        plan = fold(
            Given(observed("1", MATTERS, "2025-01-01", ANN, valueString="Stay in my home."), 3, "A"),
            Given(observed("2", MATTERS, "2025-02-01", BOB, valueString="stay in  my home"), 1, "B"),
        )
        line = only(plan, "what-matters")
        assert line.text == "stay in my home"
        assert [(each.reference, each.version, each.source, each.author, each.date, each.words) for each in line.origins] == [
            ("Observation/2", 1, "B", "Dr Bob", "2025-02-01", ""),
            ("Observation/1", 3, "A", "Dr Ann", "2025-01-01", "Stay in my home."),
        ]

    def test_what_is_not_the_same_stays_apart(self) -> None:
        plan = fold(
            planned("1", {"description": "Ring the desk", "reasonCode": [{"text": "A fall"}]}, category=[coded("887701000000100")]),
            planned("2", {"description": "Ring the desk", "reasonCode": [{"text": "Fever"}]}, category=[coded("887701000000100")]),
        )
        assert {line.trigger for line in plan.section("contingency").lines} == {"A fall", "Fever"}

    def test_who_is_to_do_it_is_part_of_what_is_said(self) -> None:
        plan = fold(
            planned("1", {"description": "Weigh", "performer": [ANN]}), planned("2", {"description": "Weigh", "performer": [BOB]})
        )
        assert sorted(line.who for line in plan.section("actions").lines) == ["Dr Ann", "Dr Bob"]


class TestOneValueAtATime:
    def test_authors_who_do_not_agree_stand_side_by_side(self) -> None:
        plan = fold(Given(observed("1", NOT_FOR, "2025-05-01", ANN), 1, "A"), Given(observed("2", FOR, "2024-01-01", BOB), 1, "B"))
        section = plan.section("cpr")
        assert section.conflict
        assert [(line.means, line.date, line.origins[0].author) for line in section.lines] == [
            ("not-for-cpr", "2025-05-01", "Dr Ann"),
            ("for-cpr", "2024-01-01", "Dr Bob"),
        ]
        assert plan.conflicts == (section,)

    def test_two_clinicians_of_one_organisation_do_not_agree_either(self) -> None:
        assert fold(observed("1", NOT_FOR, "2025-05-01", ANN), observed("2", FOR, "2024-01-01", BOB)).section("cpr").conflict

    def test_authors_who_agree_are_no_conflict(self) -> None:
        section = fold(
            Given(observed("1", NOT_FOR, "2025-05-01", ANN), 1, "A"), Given(observed("2", "304253006", "2024-01-01", BOB), 1, "B")
        ).section("cpr")
        assert not section.conflict
        assert len(section.lines[0].origins) == 2

    def test_what_an_author_said_before_is_history(self) -> None:
        section = fold(observed("1", FOR, "2024-01-01", ANN), observed("2", NOT_FOR, "2025-05-01", ANN)).section("cpr")
        assert not section.conflict
        assert [line.means for line in section.lines] == ["not-for-cpr"]
        assert [line.means for line in section.history] == ["for-cpr"]

    @pytest.mark.parametrize(("one", "other"), [("2025", "2025-05-01"), ("2025-05-01", "2025-05-01"), ("", "2025-05-01")])
    def test_what_may_have_been_said_at_the_same_time_is_a_conflict(self, one: str, other: str) -> None:
        """An imprecise date, the same day, no date: nobody knows which came later."""
        assert fold(observed("1", FOR, one, ANN), observed("2", NOT_FOR, other, ANN)).section("cpr").conflict

    def test_a_new_named_clinician_of_an_organisation_takes_the_place_of_the_one_before(self) -> None:
        def team(id: str, start: str, who: Any) -> dict[str, Any]:
            role = coded("named-clinician", "urn:interop:codes:plan-content")
            part = {"role": [role], "member": who}
            return {"resourceType": "CareTeam", "id": id, "status": "active", "period": {"start": start}, "participant": [part]}

        section = fold(team("1", "2024-01-01", ANN), team("2", "2025-01-01", BOB)).section("named-clinician")
        assert [line.text for line in section.lines] == ["Dr Bob"]
        elsewhere = fold(team("1", "2024-01-01", ANN), Given(team("2", "2025-01-01", BOB), 1, "B")).section("named-clinician")
        assert elsewhere.conflict

    def test_a_wish_in_words_and_one_by_code_do_not_agree_unless_they_say_the_same(self) -> None:
        plan = fold(observed("1", HOME, by=ANN), observed("2", HOSPICE, by=BOB))
        assert plan.section("place-of-death").conflict


class TestWhatCounts:
    @pytest.mark.parametrize("status", ["draft", "revoked", "entered-in-error"])
    def test_what_nobody_may_act_on_is_told_to_nobody(self, status: str) -> None:
        plan = fold(planned("1", {"description": "No"}, status=status))
        assert all(not section.lines and not section.history for section in plan.sections)
        assert plan.contributions == ()

    def test_a_plan_that_is_over_is_history(self) -> None:
        section = fold(planned("1", {"description": "Weigh"}, status="completed")).section("actions")
        assert (section.lines, [line.text for line in section.history]) == ((), ["Weigh"])

    def test_a_part_that_is_over_is_history(self) -> None:
        section = fold(planned("1", {"description": "Weigh", "status": "cancelled"})).section("actions")
        assert (section.lines, len(section.history)) == ((), 1)

    def test_what_a_triage_came_to_is_nobodys_plan(self) -> None:
        triage = [coded("triage-outcome", "urn:interop:codes:plan-category")]
        assert fold(planned("1", {"description": "Ring 999"}, category=triage)) == fold()

    def test_the_umbrella_says_nothing(self) -> None:
        assert fold(planned("1", meta={"tag": [{"system": "urn:interop:flag", "code": "umbrella"}]})) == fold()

    def test_a_plan_that_the_same_source_has_replaced_is_history(self) -> None:
        later = planned("2", {"description": "Weigh daily"}, replaces=[{"reference": "CarePlan/1"}])
        assert texts(fold(planned("1", {"description": "Weigh weekly"}), later), "actions") == ["Weigh daily"]

    def test_nobody_replaces_what_another_one_wrote(self) -> None:
        later = Given(planned("2", {"description": "Weigh daily"}, replaces=[{"reference": "CarePlan/1"}]), 1, "B")
        assert len(texts(fold(planned("1", {"description": "Weigh weekly"}), later), "actions")) == 2

    def test_a_problem_is_no_plan_by_itself(self) -> None:
        problem = {"resourceType": "Condition", "id": "c", "code": {"text": "Heart failure"}}
        assert texts(fold(problem), "needs") == []
        assert texts(fold(problem, planned("1", addresses=[{"reference": "Condition/c"}])), "needs") == ["Heart failure"]

    def test_what_a_reference_leads_to_and_nobody_shows_is_no_line(self) -> None:
        assert fold(planned("1", addresses=[{"reference": "Condition/withheld"}])).section("needs").lines == ()

    def test_what_must_not_be_done_says_so(self) -> None:
        assert texts(fold(planned("1", {"description": "Lift by the arm", "doNotPerform": True})), "actions") == [
            "Do not: Lift by the arm"
        ]

    def test_what_is_denied_says_so(self) -> None:
        line = only(fold(observed("1", NOT_FOR, valueBoolean=False)), "cpr")
        assert (line.text, line.means) == ("Not so: Not for cardiopulmonary resuscitation", "")

    def test_what_changes_the_meaning_and_is_not_known_is_pointed_to(self) -> None:
        extended = planned("1", {"description": "Weigh"}, modifierExtension=[{"url": "urn:x", "valueBoolean": True}])
        (note,) = only(fold(extended), "actions").origins[0].notes
        assert "read it whole" in note


class TestFreshness:
    def test_what_a_source_sends_that_is_silent_says_so(self) -> None:
        line = only(fold(observed("1", MATTERS, valueString="x"), health={"A": Health("stale", NOW - DAY)}), "what-matters")
        assert line.origins[0].health == Health("stale", NOW - DAY)

    def test_a_review_that_was_due_says_so(self) -> None:
        due = {"extension": [{"url": "urn:interop:extension:review-date", "valueDate": "2025-12-31"}]}
        plan = fold(planned("1", {"description": "Weigh"}, **due))
        assert texts(plan, "review") == ["2025-12-31"]
        origin = only(plan, "actions").origins[0]
        assert (origin.review, origin.overdue) == ("2025-12-31", True)
        assert not only(fold(planned("1", {"description": "Weigh"}, **due), now=NOW - DAY), "actions").origins[0].overdue

    def test_a_plan_whose_period_has_ended_says_so(self) -> None:
        origin = only(fold(planned("1", {"description": "Weigh"}, period={"end": "2025-06-30"})), "actions").origins[0]
        assert (origin.until, origin.ended) == ("2025-06-30", True)


_DATES = st.sampled_from(["", "2023", "2024-01", "2024-01-01", "2025-05-01T10:00:00Z", "2025-05-01"])
_WHO = st.sampled_from([None, ANN, BOB])


def _saying(code: str, date: str, who: Any) -> Any:
    more = {"valueString": "Home"} if code == MATTERS else {}
    return lambda id: observed(id, code, date, who, **more)


_SAYING = st.builds(_saying, st.sampled_from([FOR, NOT_FOR, MATTERS, HOME, HOSPICE]), _DATES, _WHO)
_PLANS = st.builds(
    lambda text, status, due: lambda id: planned(id, {"description": text}, status=status, period={"end": due} if due else {}),
    st.sampled_from(["Weigh", "weigh.", "Ring"]),
    st.sampled_from(["active", "completed", "draft", "unknown"]),
    _DATES,
)
_GIVEN = st.lists(st.tuples(_SAYING | _PLANS, st.sampled_from(["A", "B", ""]), st.integers(1, 3)), max_size=7)


@given(_GIVEN, st.randoms(use_true_random=False))
def test_the_order_in_which_contributions_come_does_not_matter(said: list[Any], random: Any) -> None:
    resources = [Given(make(str(number)), version, source) for number, (make, source, version) in enumerate(said)]
    shuffled = list(resources)
    random.shuffle(shuffled)
    assert fold(*shuffled) == fold(*resources)


@given(_GIVEN)
def test_everything_that_counts_is_somewhere(said: list[Any]) -> None:
    """Nothing is resolved silently: each resource that is not a draft stands in a line or in its history."""
    resources = [Given(make(str(number)), version, source) for number, (make, source, version) in enumerate(said)]
    assert _told(fold(*resources)) == {each.resource["id"] for each in resources if each.resource["status"] != "draft"}


def _told(plan: Plan) -> set[str]:
    return {origin.id for section in plan.sections for line in (*section.lines, *section.history) for origin in line.origins}


def test_every_order_of_a_conflict_is_the_same() -> None:
    several = [observed("1", NOT_FOR, "2025", ANN), observed("2", FOR, "2024-01-01", BOB), observed("3", FOR, "2025-02-01", ANN)]
    assert len({str(fold(*order)) for order in permutations(several)}) == 1


BROKEN: list[dict[str, Any]] = [
    {},
    {"resourceType": "CarePlan"},
    {"resourceType": "CarePlan", "id": 5, "activity": "x", "status": ["a"], "category": [1], "meta": {"tag": 3}},
    {"resourceType": "Observation", "id": "1", "code": "x", "performer": [1], "effectiveDateTime": 3},
    {
        "resourceType": "Patient",
        "id": "1",
        "contact": [{"name": "x", "telecom": {"value": 1}}],
        "communication": [{"language": []}],
    },
]


@pytest.mark.parametrize("broken", BROKEN)
def test_what_has_the_wrong_shape_breaks_nothing(broken: dict[str, Any]) -> None:
    fold(broken)


_SCALARS = st.none() | st.booleans() | st.integers() | st.sampled_from(["", "x", "2025", "active", FOR, "Practitioner/ann", "#a"])
_NAMES = st.sampled_from(
    ["resourceType", "id", "status", "code", "coding", "system", "display", "text", "div", "activity", "detail", "category",
     "period", "end", "performer", "reference", "extension", "url", "valueBoolean", "meta", "tag", "section", "item", "answer",
     "contained", "replaces", "addresses", "participant", "member", "role", "scheduledTiming", "repeat", "name", "telecom",
     "modifierExtension"]
)  # fmt: skip
_JSON = st.recursive(
    _SCALARS, lambda inside: st.lists(inside, max_size=3) | st.dictionaries(_NAMES, inside, max_size=5), max_leaves=12
)
_TYPES = st.sampled_from(
    ["CarePlan", "Observation", "CareTeam", "Patient", "Composition", "QuestionnaireResponse", "Flag", "Goal", "Task"]
)


@given(_TYPES, st.dictionaries(_NAMES, _JSON, max_size=6))
def test_no_shape_breaks_the_fold(kind: str, body: dict[str, Any]) -> None:
    fold(
        {"status": "active", "code": coded(FOR), **body, "resourceType": kind},
        {"resourceType": "Practitioner", "id": "ann", **body},
    )
