"""QuestionnaireResponse: what it must keep to of the Questionnaire that it answers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.fhir.special.having import errors, found

URL = "https://example.org/Questionnaire/falls"
YES = {"system": "https://example.org/yes-no", "code": "y"}
NO = {"system": "https://example.org/yes-no", "code": "n"}


def questionnaire(*items: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Questionnaire", "url": URL, "status": "active", "item": list(items)}


def response(*items: dict[str, Any], status: str = "completed", **more: Any) -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "questionnaire": URL, "status": status, "item": list(items), **more}


def question(link: str, kind: str, **more: Any) -> dict[str, Any]:
    return {"linkId": link, "type": kind, **more}


def answered(link: str, *values: dict[str, Any]) -> dict[str, Any]:
    return {"linkId": link, "answer": list(values)}


def test_a_response_that_keeps_to_its_questionnaire_is_well() -> None:
    """Groups, nested questions, options and repetitions."""
    asked = questionnaire(
        question("g", "group", repeats=True, item=[question("g1", "integer"), question("g2", "text")]),
        question("q", "choice", answerOption=[{"valueCoding": YES}], item=[question("q1", "date")]),
    )
    given = response(
        {"linkId": "g", "item": [answered("g1", {"valueInteger": 2})]},
        {"linkId": "g", "item": [answered("g2", {"valueString": "twice"})]},
        answered("q", {"valueCoding": YES, "item": [answered("q1", {"valueDate": "2024-05-01"})]}),
    )
    assert found(given, asked) == []


def test_an_item_that_the_questionnaire_lacks_is_an_error() -> None:
    """linkId must be one of the questionnaire, at that place."""
    asked = questionnaire(question("g", "group", item=[question("a", "boolean")]))
    assert errors(response(answered("b", {"valueBoolean": True})), asked) == ["item[0]"]
    assert errors(response(answered("a", {"valueBoolean": True})), asked) == ["item[0]"]


def test_items_keep_the_order_of_the_questionnaire() -> None:
    """The order of items is that of the questionnaire."""
    asked = questionnaire(question("a", "boolean"), question("b", "boolean"))
    given = response(answered("b", {"valueBoolean": True}), answered("a", {"valueBoolean": True}))
    assert errors(given, asked) == ["item[1]"]


def test_what_is_required_is_answered_once_the_response_is_complete() -> None:
    """A response in progress may lack it."""
    asked = questionnaire(
        question("a", "string", required=True), question("g", "group", item=[question("b", "date", required=True)])
    )
    assert errors(response({"linkId": "g", "item": []}), asked) == ["", "item[0]"]
    assert errors(response({"linkId": "g"}, status="in-progress"), asked) == []


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("boolean", {"valueBoolean": True}, {"valueString": "yes"}),
        ("decimal", {"valueDecimal": 1.5}, {"valueQuantity": {"value": 1.5}}),
        ("url", {"valueUri": "https://example.org"}, {"valueString": "https://example.org"}),
        ("text", {"valueString": "a"}, {"valueCoding": YES}),
        ("quantity", {"valueQuantity": {"value": 1}}, {"valueInteger": 1}),
        ("open-choice", {"valueString": "other"}, {"valueBoolean": True}),
    ],
)
def test_an_answer_is_of_the_type_of_its_question(kind: str, right: dict[str, Any], wrong: dict[str, Any]) -> None:
    """item.type says which value[x] an answer has."""
    asked = questionnaire(question("a", kind))
    assert errors(response(answered("a", right)), asked) == []
    assert errors(response(answered("a", wrong)), asked) == ["item[0].answer[0]"]


def test_an_answer_to_a_choice_is_one_of_its_options() -> None:
    """Coded by system and code; an open choice takes other text, nothing else."""
    asked = questionnaire(question("a", "choice", answerOption=[{"valueCoding": YES}]))
    assert errors(response(answered("a", {"valueCoding": NO})), asked) == ["item[0].answer[0]"]
    assert errors(response(answered("a", {"valueString": "y"})), asked) == ["item[0].answer[0]"]
    free = questionnaire(question("a", "open-choice", answerOption=[{"valueCoding": YES}]))
    assert errors(response(answered("a", {"valueString": "perhaps"})), free) == []
    assert errors(response(answered("a", {"valueCoding": NO})), free) == ["item[0].answer[0]"]
    assert errors(response(answered("a", {"valueInteger": 1})), free) == ["item[0].answer[0]"]


def test_an_answer_to_a_choice_is_in_the_value_set_of_the_question() -> None:
    """A canonical URL, or a value set that the questionnaire contains."""
    genders = "http://hl7.org/fhir/ValueSet/administrative-gender"
    asked = questionnaire(question("a", "choice", answerValueSet=genders))
    male = {"system": "http://hl7.org/fhir/administrative-gender", "code": "male"}
    assert errors(response(answered("a", {"valueCoding": male})), asked) == []
    assert errors(response(answered("a", {"valueCoding": male | {"code": "man"}})), asked) == ["item[0].answer[0]"]
    listed = {
        "resourceType": "ValueSet",
        "id": "v",
        "compose": {"include": [{"system": YES["system"], "concept": [{"code": "y"}]}]},
    }
    inside = questionnaire(question("a", "choice", answerValueSet="#v")) | {"contained": [listed]}
    assert errors(response(answered("a", {"valueCoding": YES})), inside) == []
    assert errors(response(answered("a", {"valueCoding": NO})), inside) == ["item[0].answer[0]"]


def test_only_what_repeats_is_answered_twice() -> None:
    """repeats is false where it is absent."""
    twice = response(answered("a", {"valueInteger": 1}, {"valueInteger": 2}))
    assert errors(twice, questionnaire(question("a", "integer"))) == ["item[0].answer"]
    assert errors(twice, questionnaire(question("a", "integer", repeats=True))) == []


def test_groups_have_no_answers_and_questions_no_items_of_their_own() -> None:
    """What is nested in a question belongs in its answer."""
    asked = questionnaire(question("g", "group"), question("a", "boolean", item=[question("b", "boolean")]))
    given = response(
        answered("g", {"valueBoolean": True}),
        {"linkId": "a", "answer": [{"valueBoolean": True}], "item": [answered("b", {"valueBoolean": True})]},
    )
    assert errors(given, asked) == ["item[0].answer", "item[1].item"]


def test_what_is_not_enabled_is_not_answered_and_not_required() -> None:
    """enableWhen: the item counts only while its condition holds."""
    when = [{"question": "a", "operator": "=", "answerBoolean": True}]
    asked = questionnaire(question("a", "boolean"), question("b", "string", required=True, enableWhen=when))
    assert errors(response(answered("a", {"valueBoolean": False})), asked) == []
    assert errors(response(answered("a", {"valueBoolean": False}), answered("b", {"valueString": "x"})), asked) == ["item[1]"]
    assert errors(response(answered("a", {"valueBoolean": True})), asked) == [""]


@pytest.mark.parametrize(
    ("operator", "answer", "value", "enabled"),
    [
        ("exists", {"answerBoolean": True}, {"valueInteger": 3}, True),
        ("exists", {"answerBoolean": False}, {"valueInteger": 3}, False),
        ("!=", {"answerInteger": 4}, {"valueInteger": 3}, True),
        (">", {"answerInteger": 3}, {"valueInteger": 3}, False),
        (">=", {"answerInteger": 3}, {"valueInteger": 3}, True),
        ("<", {"answerDate": "2024-02-01"}, {"valueDate": "2024-01-01"}, True),
        ("<=", {"answerQuantity": {"value": 2, "unit": "d"}}, {"valueQuantity": {"value": 3, "unit": "d"}}, False),
        ("=", {"answerCoding": YES}, {"valueCoding": YES | {"display": "Yes"}}, True),
        ("=", {"answerCoding": YES}, {"valueCoding": NO}, False),
    ],
)
def test_conditions_compare_answers(operator: str, answer: dict[str, Any], value: dict[str, Any], enabled: bool) -> None:
    """Of the operators of R4; a Coding by system and code."""
    kinds = {"Integer": "integer", "Date": "date", "Quantity": "quantity", "Coding": "choice"}
    kind = kinds[next(iter(value)).removeprefix("value")]
    when = [{"question": "a", "operator": operator, **answer}]
    asked = questionnaire(question("a", kind), question("b", "boolean", enableWhen=when))
    given = response(answered("a", value), answered("b", {"valueBoolean": True}))
    assert errors(given, asked) == ([] if enabled else ["item[1]"])


def test_several_conditions_hold_all_or_any() -> None:
    """enableBehavior."""
    when = [{"question": "a", "operator": "=", "answerBoolean": True}, {"question": "b", "operator": "=", "answerBoolean": True}]
    given = response(*(answered(link, {"valueBoolean": link != "b"}) for link in "abc"))
    for behaviour, wrong in (("all", ["item[2]"]), ("any", [])):
        asked = questionnaire(
            question("a", "boolean"), question("b", "boolean"), question("c", "boolean", enableWhen=when, enableBehavior=behaviour)
        )
        assert errors(given, asked) == wrong


def test_a_condition_in_a_repeating_group_asks_its_own_repetition() -> None:
    """The nearest answer decides."""
    when = [{"question": "a", "operator": "=", "answerBoolean": True}]
    asked = questionnaire(
        question("g", "group", repeats=True, item=[question("a", "boolean"), question("b", "string", enableWhen=when)])
    )
    first = {"linkId": "g", "item": [answered("a", {"valueBoolean": True}), answered("b", {"valueString": "x"})]}
    second = {"linkId": "g", "item": [answered("a", {"valueBoolean": False}), answered("b", {"valueString": "x"})]}
    assert errors(response(first, second), asked) == ["item[1].item[1]"]


def test_a_contained_questionnaire_is_used() -> None:
    """``#id`` names it."""
    asked = questionnaire(question("a", "boolean")) | {"id": "q"}
    given = response(answered("x", {"valueBoolean": True})) | {"questionnaire": "#q", "contained": [asked]}
    assert errors(given) == ["item[0]"]


def test_a_questionnaire_that_is_not_loaded_is_told() -> None:
    """A warning: not checked."""
    assert found(response()) == [("warning", "questionnaire")]
    assert found({"resourceType": "QuestionnaireResponse", "status": "completed"}) == [("information", "")]


def test_a_response_answers_a_questionnaire_and_nothing_else() -> None:
    """A URL of another loaded resource is an error."""
    other = "http://hl7.org/fhir/ValueSet/administrative-gender"
    assert errors(response() | {"questionnaire": other}) == ["questionnaire"]


def test_the_text_of_an_item_is_that_of_the_questionnaire() -> None:
    """Another text may be a translation: a warning."""
    asked = questionnaire(question("a", "boolean", text="Any falls?"))
    said = {**answered("a", {"valueBoolean": True}), "text": "Any  falls?"}
    assert found(response(said), asked) == []
    assert found(response(said | {"text": "Unrhyw gwympiadau?"}), asked) == [("warning", "item[0].text")]


def test_the_work_of_a_check_is_bounded() -> None:
    """Thousands of conditions on a question with many answers: given up, and told."""
    asked = {"question": "count", "operator": "=", "answerInteger": -1}
    conditional = [{"linkId": f"q{number}", "type": "string", "enableWhen": [asked]} for number in range(4_000)]
    many = questionnaire({"linkId": "count", "type": "integer", "repeats": True}, *conditional)
    answers = [{"valueInteger": number} for number in range(100)]
    assert errors(response({"linkId": "count", "answer": answers}), many) == [""]
    assert errors(response({"linkId": "count", "answer": answers[:10]}), many) == []
