"""FHIR R4, json.html, xml.html, nd-json.html and RFC 8259: the text of a resource, read for all that is wrong with it."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir.documents import Document, read
from interop.fhir.findings import Finding
from tests.spec.fhir.xml_json.making import exact

PATIENT = b'{"resourceType": "Patient", "active": true}'
XML = b'<Patient xmlns="http://hl7.org/fhir"><active value="true"/></Patient>'
HELD = {"resourceType": "Patient", "active": True}


def one(body: bytes) -> Document:
    (document,) = read(body, "a file")
    return document


def said(body: bytes) -> list[str]:
    return [each.message for each in one(body).findings]


class TestTheContentDecides:
    @pytest.mark.parametrize(
        "body", [PATIENT, b"\xef\xbb\xbf" + PATIENT, b" \r\n\t" + PATIENT + b"\n\n", XML, b"\xef\xbb\xbf" + XML, b"\n" + XML]
    )
    def test_json_and_xml_with_and_without_a_mark(self, body: bytes) -> None:
        assert one(body) == ("a file", HELD, [])

    def test_xml_in_utf_16_is_read_and_told(self) -> None:
        for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
            document = one(mark + XML.decode().encode(encoding))
            assert document.resource == HELD
            assert [each.message for each in document.findings] == ["the XML is not encoded in UTF-8"]

    def test_json_in_utf_16_is_read_and_told(self) -> None:
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            document = one(PATIENT.decode().encode(encoding))
            assert document.resource == HELD
            assert [each.message for each in document.findings] == ["the JSON is not encoded in UTF-8"]

    def test_lines_of_json(self) -> None:
        documents = list(read(PATIENT + b"\r\n\n" + PATIENT + b"\n{]\n[1]\n" + PATIENT, "a.ndjson"))
        assert [each.label for each in documents] == ["a.ndjson:1", "a.ndjson:3", "a.ndjson:4", "a.ndjson:5", "a.ndjson:6"]
        assert [each.resource for each in documents] == [HELD, HELD, None, None, HELD]
        assert documents[2].findings[0].message.startswith("line 4, column 2: ")

    def test_lines_from_within_a_file_count_on(self) -> None:
        documents = list(read(b"\n" + PATIENT + b"\n{,}", "a.ndjson", line=40))
        assert [each.label for each in documents] == ["a.ndjson:41", "a.ndjson:42"]
        assert documents[1].findings[0].message == "line 42, column 2: is no JSON"

    def test_one_object_over_several_lines_is_one(self) -> None:
        assert one(json.dumps(HELD, indent=1).encode()).resource == HELD
        assert one(b'{"resourceType": "Patient", "name": [{}\n,{}]}').resource == {"resourceType": "Patient", "name": [{}, {}]}

    @pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb\xbf"])
    def test_nothing(self, body: bytes) -> None:
        assert one(body) == ("a file", None, [Finding("error", "", "structure", "the file is empty", "document")])

    @pytest.mark.parametrize(
        "body", [b"\x00\x01\x02", gzip.compress(PATIENT, mtime=0), b"MSH|^~\\&|", b"\xff\xff\xff", b"PK\x03\x04", b"hello"]
    )
    def test_neither(self, body: bytes) -> None:
        assert one(body).resource is None
        assert said(body) == ["the file is neither JSON nor XML"]

    @pytest.mark.parametrize("body", [b"[1, 2]", b"[" + PATIENT + b"]"])
    def test_an_array_is_no_resource(self, body: bytes) -> None:
        assert (one(body).resource, said(body)) == (None, ["the JSON is no object"])


class TestStrictJson:
    """Each mistake with its line and column; the resource all the same where its text is understood."""

    @pytest.mark.parametrize(
        ("text", "held", "messages"),
        [
            ('{"active": true, "active": false}', {"active": False}, ["line 1, column 18: an object holds this name twice"]),
            (
                '{\n "id": "a", // b\n "active": true}',
                {"id": "a", "active": True},
                ["line 2, column 13: comments are not allowed in JSON"],
            ),
            ('/* a\n */ {"id": "a"}', {"id": "a"}, ["line 1, column 1: comments are not allowed in JSON"]),
            ('{"id": "a",}', {"id": "a"}, ["line 1, column 11: a comma too many at the end of the object"]),
            ('{"name": [{}, ]}', {"name": [{}]}, ["line 1, column 13: a comma too many at the end of the array"]),
            ('{"name": [{},, {}]}', {"name": [{}, {}]}, ["line 1, column 14: a comma too many"]),
            ('{"id": "a"\n "active": true}', {"id": "a", "active": True}, ["line 2, column 2: a comma is missing"]),
            ('{"given": ["a" "b"]}', {"given": ["a", "b"]}, ["line 1, column 16: a comma is missing"]),
            ('{id: "a"}', {"id": "a"}, ["line 1, column 2: the name has no quotes"]),
            ('{"id": a}', {"id": "a"}, ["line 1, column 8: the value has no quotes"]),
            ("{'id': \"a\"}", {"id": "a"}, ["line 1, column 2: single quotes are not allowed in JSON"]),
            ('{"id": "a"} b', {"id": "a"}, ["line 1, column 13: text after the end of the object"]),
            ('{"id": "a"}{"id": "b"}', {"id": "a"}, ["line 1, column 12: text after the end of the object"]),
            ('{"value": NaN}', {"value": "NaN"}, ["line 1, column 11: is no number of JSON"]),
            ('{"value": -Infinity}', {"value": "-Infinity"}, ["line 1, column 11: is no number of JSON"]),
            ('{"value": 01}', {"value": "01"}, ["line 1, column 11: is no number of JSON"]),
            ('{"value": .5}', {"value": ".5"}, ["line 1, column 11: is no number of JSON"]),
            ('{"value": 5.}', {"value": "5."}, ["line 1, column 11: is no number of JSON"]),
            ('{"value": +5}', {"value": "+5"}, ["line 1, column 11: is no number of JSON"]),
            ('{"value": 1e999}', {"value": "1e999"}, ["line 1, column 11: is no number of JSON"]),
            ('{"active": True}', {"active": "True"}, ["line 1, column 12: the value has no quotes"]),
            ('{"id": "a\tb"}', {"id": "a\tb"}, ["line 1, column 8: a control character in a string"]),
            ('{"id": "\\ud800"}', {"id": "?"}, ["line 1, column 8: half a surrogate pair in a string"]),
        ],
    )
    def test_told_and_read(self, text: str, held: dict[str, Any], messages: list[str]) -> None:
        assert exact(one(text.encode()).resource) == exact(held)
        assert said(text.encode()) == messages

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "line 1, column 2: the text ends within an object"),
            ('{"id"', "line 1, column 6: a colon is missing"),
            ('{"id" "a"}', "line 1, column 7: a colon is missing"),
            ('{"id":', "line 1, column 7: the text ends before a value"),
            ('{"id":}', "line 1, column 7: a value is missing"),
            ('{"name": [', "line 1, column 11: the array does not end"),
            ('{"name": [}', "line 1, column 11: the array does not end"),
            ('{"id": "a', "line 1, column 8: the string does not end or has an escape that JSON lacks"),
            ('{"id": "\\x"}', "line 1, column 9: the string does not end or has an escape that JSON lacks"),
            ("{\n\n :1}", "line 3, column 2: is no JSON"),
            ('{"id": /a}', "line 1, column 8: is no JSON"),
            ("// a\n", "line 2, column 1: the JSON is no object"),
        ],
    )
    def test_where_it_cannot_be_understood(self, text: str, message: str) -> None:
        assert one(text.encode()).resource is None
        assert said(text.encode())[-1] == message

    def test_every_mistake_is_told(self) -> None:
        text = '{resourceType: "Patient", // a\n "name": [{"given": ["A",], "given": ["B"]}],\n "id": "a" "id": "b",} c'
        assert [(each.expression, each.message) for each in one(text.encode()).findings] == [
            ("Patient", "line 1, column 2: the name has no quotes"),
            ("Patient", "line 1, column 27: comments are not allowed in JSON"),
            ("Patient.name[0].given", "line 2, column 25: a comma too many at the end of the array"),
            ("Patient.name[0].given", "line 2, column 29: an object holds this name twice"),
            ("Patient", "line 3, column 12: a comma is missing"),
            ("Patient.id", "line 3, column 12: an object holds this name twice"),
            ("Patient", "line 3, column 21: a comma too many at the end of the object"),
            ("Patient", "line 3, column 24: text after the end of the object"),
        ]

    def test_bytes_that_are_no_utf_8_are_told(self) -> None:
        document = one(b'{"resourceType": "Patient", "id": "\xe9"}')
        assert document.resource == {"resourceType": "Patient", "id": "\ufffd"}
        assert [each.message for each in document.findings] == ["the JSON is not encoded in UTF-8"]

    def test_numbers_keep_their_literal_whatever_else_is_wrong(self) -> None:
        assert exact(one(b'{"a": 1.50, "b": -0, "c": 1e2, "d": 7,}').resource) == exact(
            one(b'{"a": 1.50, "b": -0, "c": 1e2, "d": 7}').resource
        )

    def test_no_value_is_repeated(self) -> None:
        body = b'{"Secret name": secret, "Secret name": \'secret\', "given": ["secret" "secret"], secret: 1} secret'
        assert "ecret" not in str(one(body).findings)


class TestXml:
    def test_what_is_wrong_is_told(self) -> None:
        document = one(XML.replace(b"<active", b"text<active"))
        assert document.resource == HELD
        assert [(each.expression, each.message) for each in document.findings] == [("Patient", "must not hold text")]

    @pytest.mark.parametrize(
        "body",
        [
            b"<Patient",
            b"<Patient/>",
            b'<!DOCTYPE a [<!ENTITY b "c">]>' + XML,
            b"<html/>",
            b"<",
            b"<\x00",
            b'<ClinicalDocument xmlns="urn:hl7-org:v3"/>',
        ],
    )
    def test_what_cannot_be_read_is_a_finding(self, body: bytes) -> None:
        document = one(body)
        assert document.resource is None
        assert [each.severity for each in document.findings] == ["error"]


class TestBounds:
    @pytest.mark.parametrize(
        "body",
        [
            b'{"a":' * 100_000,
            b"[" * 100_000,
            b'{"a":[' * 300 + b"]}" * 300,
            b'{"a": 1,}' + b" " * 65 * 1024 * 1024,
            b"{" + b"'a': 1, " * 200_000 + b"}",
            b'{"a": [' + b"1 " * 400_000 + b"]}",
            b"<a>" * 100_000,
            b'<Patient xmlns="http://hl7.org/fhir">' + b"<name>" * 1000,
            b'{"a": "' + b"\\u00e9" * 100_000 + b"\t" + b'"}',
            b"/" * 100_000,
            b"/*" * 100_000,
            b'{"a":1}\n' + b"{" * 100_000,
        ],
    )
    def test_hostile_texts_end_in_findings(self, body: bytes) -> None:
        documents = list(read(body, "a file"))
        assert any(each.findings for each in documents)
        assert all(len(each.findings) <= 101 for each in documents)

    @given(st.binary(max_size=200) | st.text(alphabet="{}[]\":,/*'\\ntrue01.eE-+ \n<>", max_size=80).map(str.encode))
    def test_any_bytes_give_documents(self, body: bytes) -> None:
        for document in read(body, "a file"):
            assert document.resource is not None or document.findings

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
            max_leaves=10,
        )
    )
    def test_sound_json_has_no_findings(self, value: Any) -> None:
        body = json.dumps({"resourceType": "Patient", "x": value}).encode()
        document = one(body)
        assert document.findings == []
        assert document.resource == {"resourceType": "Patient", "x": value}
