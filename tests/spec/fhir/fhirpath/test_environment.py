"""What an evaluation asks of its surroundings, and what it may cost."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from interop.fhir.fhirpath import Environment, FhirPathError, Item, TooCostly, compile

BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1", "gender": "other", "name": [{"family": "A"}, {"family": "B"}]}


def test_resource_and_root_are_the_focus_unless_said() -> None:
    assert compile("%resource.id = 'p1' and %rootResource.id = 'p1' and %context.id = 'p1'").truth(PATIENT) is True
    inner = Environment(resource=PATIENT, root_resource=BUNDLE)
    name = Item(PATIENT["name"][0], "HumanName")
    assert compile("%resource.id = 'p1' and %rootResource.type = 'collection' and %context.family = 'A'").truth(name, inner) is True


def test_variables_are_json_or_items() -> None:
    environment = Environment(variables={"n": 2, "names": ["a", "b"], "patient": PATIENT, "item": Item("x", "code")})
    found = compile("%n + 1 | %names.count() | %patient.name.count() | %item").evaluate({}, environment)
    assert [item.value for item in found] == [3, 2, "x"]


def test_a_variable_that_nobody_set_is_an_error() -> None:
    with pytest.raises(FhirPathError):
        compile("%nobody").evaluate(PATIENT)


def test_now_is_one_moment() -> None:
    environment = Environment(now=datetime(2026, 4, 1, 9, 30, tzinfo=UTC))
    said = [str(item.value) for item in compile("now() | today() | timeOfDay()").evaluate({}, environment)]
    assert said == ["2026-04-01T09:30:00.000Z", "2026-04-01", "09:30:00.000"]
    assert compile("now() = now()").truth({}) is True


def test_value_sets_and_profiles_are_judged_by_the_environment() -> None:
    asked: list[tuple[str, str]] = []

    def member(value_set: str, item: Item) -> bool | None:
        asked.append((value_set, item.type))
        return item.value == "other"

    environment = Environment(member_of=member, conforms_to=lambda item, profile: profile.endswith("good"))
    assert compile("gender.memberOf('http://example.org/vs')").truth(PATIENT, environment) is True
    assert asked == [("http://example.org/vs", "code")]
    assert compile("conformsTo('http://example.org/good')").truth(PATIENT, environment) is True
    assert compile("conformsTo('http://example.org/bad')").truth(PATIENT, environment) is False


def test_what_nobody_can_judge_is_empty_or_an_error() -> None:
    assert compile("gender.memberOf('http://example.org/vs')").truth(PATIENT) is None
    with pytest.raises(FhirPathError):
        compile("conformsTo('http://example.org/profile')").truth(PATIENT)


def test_trace_tells_the_environment_alone(capsys: pytest.CaptureFixture[str]) -> None:
    """What trace sees is of the record: nothing is printed."""
    seen: list[tuple[str, list[Any]]] = []
    environment = Environment(trace=lambda name, items: seen.append((name, [item.value for item in items])))
    assert len(compile("name.trace('all', family)").evaluate(PATIENT, environment)) == 2
    compile("name.trace('none')").evaluate(PATIENT)
    assert seen == [("all", ["A", "B"])]
    assert capsys.readouterr().out == ""


def test_the_budget_is_counted() -> None:
    many = {"resourceType": "Patient", "name": [{"family": str(n)} for n in range(1000)]}
    text = "name.where(family = '1').exists()"
    assert compile(text).truth(many) is True
    with pytest.raises(TooCostly):
        compile(text).truth(many, Environment(budget=500))


def test_an_error_says_where_and_never_what() -> None:
    with pytest.raises(FhirPathError) as caught:
        compile("name.where(")
    assert caught.value.position == 11
    with pytest.raises(FhirPathError) as failed:
        compile("name.family + 1").evaluate({"resourceType": "Patient", "name": [{"family": "Secret"}]})
    assert "Secret" not in str(failed.value)


def test_a_compiled_expression_is_kept() -> None:
    assert compile("name.family") is compile("name.family")


@pytest.mark.parametrize(
    ("text", "said"), [("{}", None), ("name.exists()", True), ("id", True), ("name.empty()", False), ("gender = 'male'", False)]
)
def test_truth_is_singleton_evaluation(text: str, said: bool | None) -> None:
    assert compile(text).truth(PATIENT) is said


def test_several_items_are_no_boolean() -> None:
    with pytest.raises(FhirPathError):
        compile("name").truth(PATIENT)


def test_a_variable_defined_within_holds_for_the_rest_of_its_path() -> None:
    found = compile("defineVariable('first', name.first()).name.where(family != %first.family).family").evaluate(PATIENT)
    assert [item.value for item in found] == ["B"]
    with pytest.raises(FhirPathError):
        compile("name.defineVariable('x', 1).exists() and %x = 1").evaluate(PATIENT)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("name.select(%resource.name.where(family = %context.name.first().family).count())", [1, 1]),
        ("name.select(%resource.name.take(1).where($index = 0).family)", ["A", "A"]),
        ("name.select(%resource.name[$index].family)", ["A", "B"]),
        ("name.select(%resource.name.skip($index).first().family)", ["A", "B"]),
        ("name.where(family in %resource.name.family.skip(1)).family", ["B"]),
        ("name.select(%resource.name.where(family = %name).family)", ["B", "B"]),
    ],
)
def test_paths_from_the_resource_are_walked_once_and_mean_the_same(text: str, found: list[Any]) -> None:
    environment = Environment(variables={"name": "B"})
    assert [item.value for item in compile(text).evaluate(PATIENT, environment)] == found


def test_steps_are_summed_for_those_who_share_a_budget() -> None:
    environment = Environment()
    compile("descendants().count()").evaluate(PATIENT, environment)
    once = environment.spent
    compile("descendants().count()").truth(PATIENT, environment)
    assert once > 0
    assert environment.spent == 2 * once


def test_a_fragment_leads_within_the_resource_that_holds_the_reference() -> None:
    """resolve() from a Bundle: '#d' of each entry is what that entry contains."""

    def entry(label: str, link: str) -> dict[str, Any]:
        inner = {"resourceType": "Device", "id": "d", "lotNumber": label}
        return {"resource": {"resourceType": "Observation", "contained": [inner], "device": {"reference": link}}}

    bundle = {**BUNDLE, "entry": [entry("one", "#d"), entry("two", "#d"), entry("three", "#other")]}
    found = compile("entry.resource.device.resolve().lotNumber").evaluate(bundle, Environment(resource=bundle))
    assert [item.value for item in found] == ["one", "two"]
