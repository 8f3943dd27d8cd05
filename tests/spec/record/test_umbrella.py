"""The umbrella plan: many authors make one plan of a person without writing in each other's."""

from __future__ import annotations

from typing import Any

from interop.ids import Mint
from interop.mapping.contribution import Contribution, Mapped
from interop.record.umbrella import ENGINE, add_umbrellas, is_triage_outcome

MINT = Mint(b"a key for tests only")
TRIAGE = [{"coding": [{"system": "urn:interop:codes:plan-category", "code": "triage-outcome"}]}]


def plan(id_: str, patient: str | None = "p", effect: str = "upsert", category: dict[str, Any] | None = None) -> Contribution:
    """A contribution to a CarePlan; ``category`` by register group."""
    said = {
        **{f"category:{group}": value for group, value in (category or {}).items()},
        **({"subject": {"reference": f"Patient/{patient}"}} if patient else {}),
    }
    return Contribution("CarePlan", id_, said, [], effect)


def covered(*contributions: Contribution) -> tuple[list[Contribution], dict[str, str]]:
    """The umbrellas made, and of each plan the one it is part of."""
    mapped = Mapped(list(contributions))
    add_umbrellas(mapped, MINT)
    made = [one for one in mapped.contributions if one.name == ENGINE]
    return made, {
        one.id: one.registers["partOf:umbrella"][0]["reference"]
        for one in mapped.contributions
        if "partOf:umbrella" in one.registers
    }


def test_a_plan_is_part_of_its_patients_umbrella() -> None:
    (umbrella,), parts = covered(plan("a"), plan("b"))
    assert parts == {"a": f"CarePlan/{umbrella.id}", "b": f"CarePlan/{umbrella.id}"}
    assert umbrella.registers["subject"] == {"reference": "Patient/p"}
    assert umbrella.registers["intent"] == "plan"


def test_the_umbrella_is_of_the_source_patient() -> None:
    """And the same in every message: it is found again by its id."""
    first, parts = covered(plan("a", "p"), plan("b", "q"))
    again, _ = covered(plan("c", "q"))
    assert len(first) == 2
    assert parts["b"] == f"CarePlan/{again[0].id}"
    assert parts["a"] != parts["b"]


def test_it_claims_nothing() -> None:
    (umbrella,), _ = covered(plan("a"))
    assert umbrella.registers["status"] == "unknown"
    assert "activity" not in umbrella.registers


def test_a_plan_of_somebody_who_is_only_named_is_under_no_umbrella() -> None:
    named = Contribution("CarePlan", "a", {"subject": {"display": "Zelda Quill"}}, [], "upsert")
    assert covered(named) == ([], {})


def test_a_triage_outcome_is_nobodys_plan() -> None:
    outcome = plan("a", category={"P1": TRIAGE})
    assert is_triage_outcome(outcome)
    assert covered(outcome) == ([], {})


def test_it_is_none_in_whatever_place_the_category_stands() -> None:
    outcome = plan("a", category={"P1": [{"text": "x"}], "P2": [{"coding": [{"code": "y"}]}, *TRIAGE]})
    assert covered(outcome) == ([], {})


def test_a_plan_that_is_withdrawn_or_nobodys_has_no_umbrella() -> None:
    assert covered(plan("a", effect="delete"), plan("b", None)) == ([], {})


def test_nothing_else_has_one() -> None:
    assert covered(Contribution("Condition", "c", {"subject": {"reference": "Patient/p"}})) == ([], {})
