"""What brings somebody onto a list, one row at a time, without a record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from interop.api.operations.worklists import worklists
from interop.clock import instant
from interop.rules.expressions import read
from interop.worklists.ranking import Found, Judging, Line
from tests.spec.rules.acting import START
from tests.spec.worklists.hospital import about, condition, observed

DAY = 24 * 3_600_000_000


def found(*resources: dict[str, Any]) -> list[Found]:
    return [Found((), orjson.dumps(each), "A81001") for each in resources]


def line(name: str, now: int = START, /, **rows: list[Found]) -> tuple[Line | None, set[str]]:
    """The line of somebody of whom the rows have found so much, and the rows that could not be judged."""
    judging = Judging(worklists()[name], now)
    said = {row.replace("_", "-"): each for row, each in rows.items()}
    brought = judging.brought(said)
    return judging.line(("p",), brought, said) if brought is not None else None, judging.failed


def test_what_cannot_be_judged_brings_nobody_onto_the_list_and_is_named() -> None:
    strange = observed("o", "p", "713636003") | {"valueQuantity": {"value": "many"}}
    on, failed = line("mdt", mdt_frailty_index=found(strange))
    assert on is None
    assert failed == {"mdt-frailty-index"}


def test_a_plan_is_lacking_where_there_is_none_but_the_outcome_of_a_call() -> None:
    lives = found(observed("o", "p", "160734000"))
    plan = about("CarePlan", "c", "p", status="active")
    outcome = plan | {"category": [{"coding": [{"code": "triage-outcome"}]}]}
    for plans, lacking in ((found(), True), (found(outcome), True), (found(outcome, plan), False)):
        on, failed = line("care-home-round", home_noted=lives, home_plan=plans)
        assert on is not None
        assert not failed
        assert ("home-plan" in {each.reason.id for each in on.told}) == lacking


def test_whoever_left_for_good_is_not_fit_and_waiting() -> None:
    said = about("Observation", "o", "p", status="final", valueBoolean=True, encounter={"reference": "Encounter/old"})
    stay = about("Encounter", "new", "p", status="in-progress", **{"class": {"code": "IMP"}})
    assert line("medically-fit", fit_said=found(said), fit_in_hospital=found(stay))[0] is None
    assert line("medically-fit", fit_said=found(said))[0] is None
    there = stay | {"id": "old"}
    assert line("medically-fit", fit_said=found(said), fit_in_hospital=found(there))[0] is not None


def test_a_plan_of_one_person_that_cannot_be_judged_hides_no_lack_of_anothers() -> None:
    ours = worklists()["care-home-round"]
    single = read("category.coding.code.single() = 'plan'", "CarePlan", {})
    reasons = tuple(replace(each, condition=single) if each.id == "home-plan" else each for each in ours.reasons)
    judging = Judging(replace(ours, reasons=reasons), START)
    strange = about("CarePlan", "c", "p", status="active", category=[{"coding": [{"code": "plan"}, {"code": "more"}]}])
    lives = {"home-noted": found(observed("o", "p", "160734000"))}
    brought = judging.brought(lives)
    assert brought is not None
    told = [judging.line(("p",), brought, {"home-plan": plans}) for plans in (found(strange), found())]
    lacking = [each is not None and "home-plan" in {one.reason.id for one in each.told} for each in told]
    assert lacking == [False, True]
    assert judging.failed == {"home-plan"}


@given(st.lists(st.integers(0, 500), min_size=1, max_size=8), st.integers(0, 700))
def test_attendances_count_from_when_they_were_and_for_a_year(days: list[int], later: int) -> None:
    visits = [
        about(
            "Encounter",
            f"e{number}",
            "p",
            status="finished",
            **{"class": {"code": "EMER"}},
            period={"start": instant(START - day * DAY)},
        )
        for number, day in enumerate(days)
    ]
    on, _ = line("mdt", START + later * DAY, mdt_attendances=found(*visits))
    assert (on is not None) == (sum(day + later <= 365 for day in days) >= 5)


@given(st.permutations(["44054006", "13645005", "84114007", "42343007", "1"]))
def test_the_order_in_which_things_are_found_changes_nothing(codes: list[str]) -> None:
    on, _ = line("mdt", mdt_conditions=found(*(condition(f"c{code}", "p", code) for code in codes)))
    assert on is not None
    assert on.told[0].words.startswith("Three or more long-term conditions (3)")
    assert [each.reference for each in on.told[0].evidence] == sorted(each.reference for each in on.told[0].evidence)
