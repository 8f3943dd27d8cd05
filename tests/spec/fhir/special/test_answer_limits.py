"""QuestionnaireResponse: the limits that extensions of the questionnaire set to answers."""

from __future__ import annotations

from typing import Any

import pytest

from interop.formats.json import Number
from tests.spec.fhir.special.having import errors
from tests.spec.fhir.special.test_questionnaire_responses import answered, question, questionnaire, response

R4 = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
UCUM = "http://unitsofmeasure.org"


def limited(kind: str, *extensions: tuple[str, dict[str, Any]], **more: Any) -> dict[str, Any]:
    """A questionnaire with one question ``a`` of a type, with extensions by name."""
    said = [{"url": (SDC if name.endswith("Quantity") else R4) + name, **value} for name, value in extensions]
    return questionnaire(question("a", kind, extension=said, repeats=True, **more))


def metres(value: int, code: str = "m") -> dict[str, Any]:
    return {"value": value, "system": UCUM, "code": code}


@pytest.mark.parametrize(
    ("kind", "extension", "right", "wrong", "place"),
    [
        ("integer", ("minValue", {"valueInteger": 2}), {"valueInteger": 2}, {"valueInteger": 1}, "valueInteger"),
        ("decimal", ("maxValue", {"valueDecimal": 2.5}), {"valueDecimal": 2.5}, {"valueDecimal": 2.6}, "valueDecimal"),
        ("date", ("minValue", {"valueDate": "2020"}), {"valueDate": "2020-06-01"}, {"valueDate": "2019-12"}, "valueDate"),
        ("time", ("maxValue", {"valueTime": "12:00:00"}), {"valueTime": "11:59:00"}, {"valueTime": "12:00:01"}, "valueTime"),
        (
            "dateTime",
            ("maxValue", {"valueDateTime": "2024-01-01T12:00:00+01:00"}),
            {"valueDateTime": "2024-01-01T10:59:00Z"},
            {"valueDateTime": "2024-01-01T11:30:00Z"},
            "valueDateTime",
        ),
        ("string", ("minLength", {"valueInteger": 3}), {"valueString": "abc"}, {"valueString": "ab"}, "valueString"),
        ("string", ("regex", {"valueString": "[a-c]+"}), {"valueString": "abc"}, {"valueString": "abcd"}, "valueString"),
        (
            "decimal",
            ("maxDecimalPlaces", {"valueInteger": 1}),
            {"valueDecimal": Number("1.5")},
            {"valueDecimal": Number("1.50")},
            "valueDecimal",
        ),
        (
            "quantity",
            ("minQuantity", {"valueQuantity": metres(1, "km")}),
            {"valueQuantity": metres(1000)},
            {"valueQuantity": metres(999)},
            "valueQuantity",
        ),
        (
            "quantity",
            ("maxQuantity", {"valueQuantity": metres(1, "km")}),
            {"valueQuantity": metres(1000)},
            {"valueQuantity": metres(1, "kg")},
            "valueQuantity",
        ),
        (
            "quantity",
            ("questionnaire-unitOption", {"valueCoding": {"system": UCUM, "code": "m"}}),
            {"valueQuantity": metres(1)},
            {"valueQuantity": metres(1, "km")},
            "valueQuantity",
        ),
        (
            "quantity",
            ("questionnaire-unitValueSet", {"valueCanonical": "http://hl7.org/fhir/ValueSet/units-of-time"}),
            {"valueQuantity": metres(1, "min")},
            {"valueQuantity": metres(1)},
            "valueQuantity",
        ),
        (
            "attachment",
            ("mimeType", {"valueCode": "image/png"}),
            {"valueAttachment": {"contentType": "image/png"}},
            {"valueAttachment": {"contentType": "image/gif"}},
            "valueAttachment.contentType",
        ),
        (
            "attachment",
            ("maxSize", {"valueDecimal": 50}),
            {"valueAttachment": {"size": 50}},
            {"valueAttachment": {"size": 51}},
            "valueAttachment.size",
        ),
        (
            "reference",
            ("questionnaire-referenceResource", {"valueCode": "Patient"}),
            {"valueReference": {"reference": "Patient/1"}},
            {"valueReference": {"reference": "Practitioner/1"}},
            "valueReference.reference",
        ),
    ],
)
def test_an_answer_keeps_to_the_limits_of_its_question(
    kind: str, extension: tuple[str, dict[str, Any]], right: dict[str, Any], wrong: dict[str, Any], place: str
) -> None:
    """Each by its own extension of R4 or of Structured Data Capture."""
    asked = limited(kind, extension)
    assert errors(response(answered("a", right)), asked) == []
    assert errors(response(answered("a", wrong)), asked) == [f"item[0].answer[0].{place}"]


def test_a_regular_expression_that_never_ends_is_no_error() -> None:
    """It is given up: a warning."""
    asked = limited("string", ("regex", {"valueString": "(a|a)+b(c|c)+d"}))
    assert errors(response(answered("a", {"valueString": "a" * 40 + "x"})), asked) in ([], ["item[0].answer[0].valueString"])
    assert errors(response(answered("a", {"valueString": "x"})), limited("string", ("regex", {"valueString": "("}))) == []


def test_answers_are_as_many_as_the_question_demands() -> None:
    """minOccurs and maxOccurs; a response in progress may have fewer."""
    asked = limited("string", ("questionnaire-minOccurs", {"valueInteger": 2}), ("questionnaire-maxOccurs", {"valueInteger": 3}))
    for number, told in ((1, ["item[0]"]), (2, []), (3, []), (4, ["item[0]"])):
        assert errors(response(answered("a", *[{"valueString": "x"}] * number)), asked) == told
    assert errors(response(answered("a", {"valueString": "x"}), status="in-progress"), asked) == []


def test_an_exclusive_option_stands_alone() -> None:
    """optionExclusive."""
    none = {"valueCoding": {"code": "none"}, "extension": [{"url": R4 + "questionnaire-optionExclusive", "valueBoolean": True}]}
    asked = limited("choice", answerOption=[{"valueCoding": {"code": "some"}}, none])
    assert errors(response(answered("a", {"valueCoding": {"code": "none"}})), asked) == []
    both = answered("a", {"valueCoding": {"code": "some"}}, {"valueCoding": {"code": "none"}})
    assert errors(response(both), asked) == ["item[0].answer[1]"]


def test_options_bind_every_type_of_question() -> None:
    """An integer, a date or a string too."""
    asked = questionnaire(question("a", "integer", answerOption=[{"valueInteger": 1}]))
    assert errors(response(answered("a", {"valueInteger": 1})), asked) == []
    assert errors(response(answered("a", {"valueInteger": 2})), asked) == ["item[0].answer[0]"]


def test_a_reference_leads_to_a_resource() -> None:
    """Of a type that there is, by a URL."""
    asked = questionnaire(question("a", "reference"))
    for literal in ("https://example.org/Chicken/1", "Patient/1 2"):
        assert errors(response(answered("a", {"valueReference": {"reference": literal}})), asked) != []
    assert errors(response(answered("a", {"valueReference": {"reference": "https://example.org/about"}})), asked) == []


def test_a_heading_is_not_answered() -> None:
    """Items of the abstract type question, and of display."""
    for kind in ("question", "display"):
        assert errors(response(answered("a", {"valueString": "x"})), questionnaire(question("a", kind))) == ["item[0].answer"]
