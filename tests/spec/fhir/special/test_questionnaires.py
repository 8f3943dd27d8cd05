"""Questionnaire: what its conditions may ask."""

from __future__ import annotations

from typing import Any

from tests.spec.fhir.special.having import errors, found


def condition(question: str, **answer: Any) -> list[dict[str, Any]]:
    return [{"question": question, "operator": "=", **(answer or {"answerBoolean": True})}]


def questionnaire(*items: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "url": "https://example.org/Questionnaire/q", "status": "draft", "item": list(items)}


def item(link: str, **more: Any) -> dict[str, Any]:
    return {"linkId": link, "type": "boolean", **more}


def test_a_condition_asks_an_earlier_question() -> None:
    """A later one is a warning, for the form cannot be filled from top to bottom."""
    assert found(questionnaire(item("a"), item("b", enableWhen=condition("a")))) == []
    late = questionnaire(item("b", enableWhen=condition("a")), item("a"))
    assert found(late) == [("warning", "item[0].enableWhen[0].question")]


def test_a_condition_asks_a_question_that_is_there_and_outside() -> None:
    """Neither unknown nor the item itself nor inside it."""
    for asked in (
        item("b", enableWhen=condition("z")),
        item("b", enableWhen=condition("b")),
        item("b", enableWhen=condition("c"), item=[item("c")]),
    ):
        assert errors(questionnaire(item("a"), asked)) == ["item[1].enableWhen[0].question"]


def test_a_condition_compares_with_a_value_of_the_question_s_type() -> None:
    """Else it never holds: a warning."""
    asked = questionnaire(item("a"), item("b", enableWhen=condition("a", answerInteger=1)))
    assert found(asked) == [("warning", "item[1].enableWhen[0].answerInteger")]


def test_a_url_is_absolute() -> None:
    """As of every canonical resource."""
    assert errors(questionnaire() | {"url": "Questionnaire/q"}) == ["url"]
