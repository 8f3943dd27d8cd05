"""FHIR R4 datatypes, section 2.24: values of primitives and what the prose of datatypes asks."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.primitives import NUMBERS, TESTS, fault, valid
from interop.fhir.validation import check
from interop.fhir.validation.structure import check_value
from interop.formats.json import load_json

SYSTEM = "https://example.org/id"


def said(value: Any, datatype: str) -> list[tuple[str, str]]:
    """(severity, expression) for a value by itself."""
    return [(each.severity, each.expression) for each in check_value(value, datatype) or ()]


@pytest.mark.parametrize(
    ("datatype", "good", "bad"),
    [
        ("date", ["0001", "2024-12-31"], ["0000", "2024-13", "2024-00", "2024-04-31", "2024-02-03Z", "24-02-03", "2024-02-03 "]),
        (
            "dateTime",
            ["2016-12-31T23:59:60Z", "2024-02-03T10:00:00.123456789Z", "2024-02-03T10:00:00+14:00", "2024-02-03T10:00:00-13:59"],
            ["2024-02-03T24:00:00Z", "2024-02-03T10:00:00+14:30", "2024-02-03T10:00:00+15:00", "2024-02-03T10:00:61Z",
             "2024-02-30T10:00:00Z", "2024-02-03T10:00:00.Z", "2024-02T10:00:00Z", "2024-02-03T10:60:00Z", "２０２４"],
        ),
        ("instant", ["2024-02-03T10:00:00.5+01:00"], ["2024-02-03T10:00:00", "2024", ""]),
        ("time", ["00:00:00", "23:59:59.999"], ["23:59:59Z", "10:00", "10:60:00", "1:00:00"]),
        ("integer", [0, -1], ["0", 1.5, 2**31, -(2**31) - 1, None]),
        ("decimal", [0, 0.5, -2], [float("inf"), float("nan"), "0", True]),
        ("id", ["A.-9", "a" * 64], ["", "a/b", "é", "a" * 65]),
        ("code", ["a", "a b", "a\tb"], ["a  b", "\ta", "a\n", " "]),
        ("uri", ["a", "#a", "urn:oid:1.2", "http://a/é"], ["urn:oid:1.02", "oid:1.2", "uuid:x", "a b", "\ta"]),
        ("url", ["urn:uuid:c757873d-ec9a-4326-a141-556f43239520"], ["urn:uuid:C757873D-EC9A-4326-A141-556F43239520"]),
        ("oid", ["urn:oid:2.16.840.1"], ["urn:oid:3.1", "urn:oid:1", "urn:oid:1..2"]),
        ("base64Binary", ["QQ==", "QUI=", "QUJD", "QU\r\nJD"], ["QQ=", "Q===", "QUJD=", "QQ==QQ==", "-_-_"]),
        ("string", ["a\tb\r\n", "\u00a0", "a" * 1024 * 1024], ["a\x0b", "\x1f", "a" * (1024 * 1024 + 1)]),
        ("markdown", ["  - a\n"], ["", "\x00"]),
    ],
)  # fmt: skip
def test_the_domain_of_a_primitive(datatype: str, good: list[Any], bad: list[Any]) -> None:
    assert [each for each in good if not valid(datatype, each)] == []
    assert [each for each in bad if valid(datatype, each)] == []


@pytest.mark.parametrize("datatype", TESTS)
def test_a_fault_is_told_for_any_json_and_holds_no_value(datatype: str) -> None:
    for value in (
        None,
        True,
        12345.5,
        "",
        " ",
        "\x00",
        "SECRET",
        ["SECRET"],
        {"a": "SECRET"},
        "SECRET " * 3,
        "2024-02-03T10:00:00",
    ):
        if not valid(datatype, value):
            text = fault(datatype, value)
            assert text
            assert "SECRET" not in text
            assert "12345" not in text


@pytest.mark.parametrize("datatype", sorted(NUMBERS))
def test_nothing_is_coerced(datatype: str) -> None:
    assert fault(datatype, "1") == f"is a string, and a {datatype} is a JSON number"
    assert fault("string", 1) == "is a number, and a string is a JSON string"
    assert not valid(datatype, "1")


def test_a_whole_number_with_a_fraction_or_an_exponent_is_no_integer() -> None:
    for text in (b"1.0", b"1e2", b"-0", b"12345678901234567890"):
        assert not valid("integer", load_json(text))
        assert valid("decimal", load_json(text))


def test_a_time_without_zone_is_told_so() -> None:
    assert fault("dateTime", "2024-02-03T10:00:00") == "is no dateTime: a time needs a zone"


@pytest.mark.parametrize("value", [" a", "a ", "\na", " "])
def test_blanks_at_the_ends_of_a_string_are_a_warning(value: str) -> None:
    assert said({"family": value}, "HumanName") == [("warning", "family")]


@pytest.mark.parametrize(
    ("datatype", "value", "expected"),
    [
        ("Coding", {"code": "a"}, [("warning", "")]),
        ("Coding", {"system": "abc", "code": "a"}, [("error", "system")]),
        ("Coding", {"system": "http://example.org/ValueSet/a", "code": "a"}, [("error", "system")]),
        ("Coding", {"display": "a"}, []),
        ("Identifier", {"system": "abc", "value": "1"}, [("error", "system")]),
        ("Identifier", {"system": "urn:ietf:rfc:3986", "value": "abc"}, [("warning", "value")]),
        ("Identifier", {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2"}, []),
        ("Attachment", {"contentType": "text/plain", "data": "QUJD", "size": 3}, []),
        ("Attachment", {"contentType": "text/plain", "data": "QUJD", "size": 4}, [("error", "size")]),
        ("Attachment", {"title": "A"}, [("warning", "")]),
        ("Range", {"low": {"value": 1, "comparator": "<"}}, [("error", "low.comparator")]),
        ("Quantity", {"value": 1, "comparator": "<"}, []),
        ("canonical", "Library/a", [("warning", "")]),
        ("canonical", "#a", []),
    ],
)
def test_the_prose_of_datatypes(datatype: str, value: Any, expected: list[tuple[str, str]]) -> None:
    assert said(value, datatype) == expected


def test_the_url_of_an_extension_is_absolute_but_within_another() -> None:
    inner = {"url": "code", "valueString": "A"}
    findings = check({"resourceType": "Basic", "code": {"text": "A"}, "extension": [{"url": "urn:e", "extension": [inner]}, inner]})
    assert [(each.expression, each.rule) for each in findings if each.severity == "error"] == [
        ("Basic.extension[1].url", "extension")
    ]


def test_ids_of_elements_are_unique_within_a_resource() -> None:
    findings = check(
        {
            "resourceType": "Patient",
            "name": [{"id": "a", "text": "A"}, {"id": "a", "text": "B"}],
            "address": [{"id": "b", "text": "A"}],
        }
    )
    assert [(each.expression, each.code) for each in findings if each.severity == "error"] == [("Patient.name[1].id", "duplicate")]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"given": ["A", None], "_given": [None, {"extension": [{"url": "urn:e", "valueCode": "x"}]}]}, []),
        ({"given": [None], "_given": [{"id": "a"}]}, [("error", "_given[0]")]),
        ({"given": ["A"], "_given": [{"id": "a"}]}, []),
        ({"given": ["A"], "_given": [None, None]}, [("error", "_given[1]")]),
        ({"given": ["A"], "_given": {"id": "a"}}, [("error", "_given")]),
        ({"given": ["A", None]}, [("error", "given[1]")]),
        ({"_family": {"id": "a"}}, [("error", "_family")]),
        ({"family": "A", "_family": {"id": "a"}}, []),
        ({"family": "A", "_family": None}, [("error", "_family")]),
        ({"family": "A", "_period": {"id": "a"}}, [("error", "_period")]),
    ],
)  # fmt: skip
def test_what_stands_beside_a_primitive(members: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert said(members, "HumanName") == expected


def test_errors_are_told_though_there_are_many_warnings() -> None:
    given = [" a"] * 5_000 + [1]
    findings = check_value({"given": given}, "HumanName") or []
    assert ("error", "given[5000]") in [(each.severity, each.expression) for each in findings]
    assert len(findings) < 2_500
    assert any(each.code == "too-costly" for each in findings)


def test_a_type_that_r4_lacks_is_refused() -> None:
    with pytest.raises(KeyError):
        check_value({}, "Ward")


def test_the_id_of_a_resource_has_no_extensions() -> None:
    """Resource.id is of FHIRPath's type String; the ids of FHIR's other elements are strings as well, values have extensions."""
    reason = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "masked"}]}
    found = check({"resourceType": "Patient", "id": "p", "_id": reason, "birthDate": "2000-01-01", "_birthDate": reason})
    assert [each.expression for each in found if each.severity == "error"] == ["Patient._id"]


def test_a_code_that_r4_lacks_may_stand_in_a_cross_version_extension() -> None:
    """The extension of the element itself has the code of the other release; any other extension does not do."""

    def filtered(url: str) -> list[str]:
        op = {"extension": [{"url": url, "valueCode": "child-of"}]}
        include = {"system": SYSTEM, "filter": [{"property": "concept", "_op": op, "value": "a"}]}
        found = check({"resourceType": "ValueSet", "status": "draft", "compose": {"include": [include]}})
        return [each.expression for each in found if each.severity == "error"]

    other = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ValueSet.compose.include.filter."
    assert filtered(other + "op") == []
    assert filtered(other + "value") == ["ValueSet.compose.include[0].filter[0]._op"]
    assert filtered("https://example.org/op") == ["ValueSet.compose.include[0].filter[0]._op"]
