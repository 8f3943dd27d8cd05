"""FHIR R4, xml.html and json.html: each resource has one meaning in two notations; from one to the other nothing is lost."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from interop.fhir import facts
from interop.fhir.xml import from_xml, read_resource_xml, to_xml
from interop.formats.json import load_json, write_json
from tests.spec.fhir.xml_json.making import Maker, exact

FHIR = "{http://hl7.org/fhir}"


@pytest.mark.parametrize("kind", sorted(facts.resource_types()))
def test_json_to_xml_to_json_is_the_same_for_every_element_of_every_type(kind: str) -> None:
    for turn in range(3):
        made = Maker(turn).resource(kind)
        back, findings = read_resource_xml(to_xml(made))
        assert not findings
        assert exact(back) == exact(made)


def test_every_form_of_every_choice_comes_back() -> None:
    forms = next(each.types for each in facts.children("Extension") if each.choice)
    for turn in range(len(forms)):
        made = {"resourceType": "Basic", "extension": [Maker(turn).block("Extension", 2)]}
        assert any(name.startswith("value") or name.startswith("_value") for name in made["extension"][0])
        assert exact(from_xml(to_xml(made))) == exact(made)


@pytest.mark.parametrize("kind", ["Patient", "Observation", "Questionnaire", "ValueSet", "Bundle", "Timing"])
def test_members_in_any_order_give_elements_in_the_standards_order(kind: str) -> None:
    made = Maker(1).resource("Basic" if kind == "Timing" else kind)
    if kind == "Timing":
        made["extension"] = [{"valueTiming": Maker(1).block("Timing", 2), "url": "http://example.org/t"}]
    shuffled = _reversed(made)
    assert to_xml(shuffled) == to_xml(made)
    assert read_resource_xml(to_xml(shuffled)).findings == []


def _reversed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _reversed(member) for name, member in reversed(value.items())}
    return [_reversed(each) for each in value] if isinstance(value, list) else value


def test_the_order_is_that_of_base_type_then_type() -> None:
    """Resource, DomainResource, then the elements of the type itself."""
    root = etree.fromstring(to_xml(Maker(0).resource("Patient")))
    names = [str(child.tag).removeprefix(FHIR) for child in root]
    first = list(dict.fromkeys(names))
    assert first[:9] == [
        "id",
        "meta",
        "implicitRules",
        "language",
        "text",
        "contained",
        "extension",
        "modifierExtension",
        "identifier",
    ]
    assert first[-3:] == ["generalPractitioner", "managingOrganization", "link"]


def test_numbers_keep_their_literal() -> None:
    for literal in ("72.50", "0", "-0", "-0.0", "1e2", "1E+2", "100000000000000000000", "0.1234567890123456789", "3"):
        body = f'{{"resourceType":"Observation","valueQuantity":{{"value":{literal}}}}}'.encode()
        written = to_xml(load_json(body))
        assert f'<value value="{literal}"/>'.encode() in written
        assert write_json(from_xml(written)) == body


@pytest.mark.parametrize("literal", ["+1", "01", ".5", "1.", "1,5", "NaN", "INF", " 1", "", "1e", "0x1", "١"])
def test_what_is_no_number_of_json_stays_text_for_validation_to_find(literal: str) -> None:
    xml = f'<Observation xmlns="http://hl7.org/fhir"><valueQuantity><value value="{literal}"/></valueQuantity></Observation>'
    read = from_xml(xml.encode())
    assert read["valueQuantity"]["value"] == literal
    assert from_xml(to_xml(read)) == read


@pytest.mark.parametrize(("literal", "value"), [("true", True), ("false", False), ("1", "1"), ("True", "True"), ("", "")])
def test_booleans_are_true_and_false_and_all_else_stays_text(literal: str, value: Any) -> None:
    read = from_xml(f'<Patient xmlns="http://hl7.org/fhir"><active value="{literal}"/></Patient>'.encode())
    assert exact(read["active"]) == exact(value)


def test_text_keeps_white_space_and_markup() -> None:
    for text in ("a\tb", "a\nb", "a\r\nb", " a ", "<b>&amp;</b>", "\"'", "\u0085\u2028\ufeff"):
        made = {"resourceType": "Patient", "name": [{"text": text}]}
        assert from_xml(to_xml(made)) == made


def test_the_document_is_utf_8_and_says_so() -> None:
    body = to_xml({"resourceType": "Patient", "name": [{"family": "Ångström"}]})
    assert body.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    assert "Ångström".encode() in body


class TestPrimitivesWithExtensions:
    """json.html, 2.6.2.3: id and extensions stand in a member with an underline; in arrays null fills either side."""

    SHADOW: dict[str, Any] = {"extension": [{"url": "http://example.org/e", "valueCode": "unknown"}]}

    @pytest.mark.parametrize(
        "name",
        [
            {"given": ["A", "B"], "_given": [None, SHADOW]},
            {"given": ["A", None, "C"], "_given": [{"id": "1"}, SHADOW, None]},
            {"_given": [SHADOW, {"id": "2"}]},
            {"family": "A", "_family": {"id": "f"}},
            {"_family": SHADOW},
        ],
    )
    def test_they_come_back(self, name: dict[str, Any]) -> None:
        made = {"resourceType": "Patient", "name": [name]}
        assert from_xml(to_xml(made)) == made

    def test_arrays_of_different_length_are_filled(self) -> None:
        made = {"resourceType": "Patient", "name": [{"given": ["A", "B"], "_given": [{"id": "1"}]}]}
        assert from_xml(to_xml(made))["name"] == [{"given": ["A", "B"], "_given": [{"id": "1"}, None]}]

    def test_an_array_of_nulls_is_left_out(self) -> None:
        made = {"resourceType": "Patient", "name": [{"given": [None], "_given": [{"id": "1"}]}]}
        assert from_xml(to_xml(made))["name"] == [{"_given": [{"id": "1"}]}]

    def test_id_and_value_are_attributes_and_extensions_elements(self) -> None:
        body = to_xml({"resourceType": "Patient", "birthDate": "1980", "_birthDate": {"id": "b", **self.SHADOW}})
        start, extension, end = body.partition(b'<extension url="http://example.org/e"><valueCode value="unknown"/></extension>')
        assert extension
        assert start.endswith(b'<birthDate id="b" value="1980">')
        assert end.startswith(b"</birthDate>")


def test_published_examples_of_uk_core_keep_their_literals_both_ways(shared: Any) -> None:
    """XML to JSON to XML to JSON, through the text of JSON."""
    archive_path: Path = shared("reference/uk-core-r4.tgz")
    count = 0
    with tarfile.open(archive_path) as archive:
        for member in archive:
            if not member.name.endswith(".xml") or not member.name.startswith("./examples/"):
                continue
            stream = archive.extractfile(member)
            assert stream
            read = from_xml(stream.read())
            again = load_json(write_json(read))
            assert exact(from_xml(to_xml(again))) == exact(read), member.name
            count += 1
    assert count > 200
