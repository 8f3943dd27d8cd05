"""FHIR resources in XML and JSON as one tree (FHIR R4, xml.html and json.html)."""

from __future__ import annotations

import pytest

from interop.errors import Problem
from interop.formats.resources import address, read_resource
from interop.formats.tree import Node

JSON = b"""{"resourceType": "Patient", "id": "1", "active": true,
 "text": {"status": "generated", "div": "<div xmlns=\\"http://www.w3.org/1999/xhtml\\"><p>One &amp; two</p></div>"},
 "extension": [{"url": "http://example.org/x", "valueInteger": 72}],
 "contained": [{"resourceType": "Organization", "id": "o", "name": "Larch Surgery"}],
 "name": [{"given": ["Edith", "Rose"], "_given": [null, {"id": "g2", "extension": [{"url": "u", "valueCode": "MID"}]}]}],
 "_birthDate": {"extension": [{"url": "t", "valueDateTime": "1948"}]}, "birthDate": "1948-11"}"""
XML = b"""<?xml version="1.0"?><!-- note --><Patient xmlns="http://hl7.org/fhir"><id value="1"/>
<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml"><p>One &amp; two</p></div></text>
<extension url="http://example.org/x"><valueInteger value="72"/></extension>
<contained><Organization><id value="o"/><name value="Larch Surgery"/></Organization></contained>
<active value="true"/>
<name><given value="Edith"/><given id="g2" value="Rose"><extension url="u"><valueCode value="MID"/></extension></given></name>
<birthDate value="1948-11"><extension url="t"><valueDateTime value="1948"/></extension></birthDate></Patient>"""


def said(body: bytes) -> list[str]:
    return sorted(f"{path}={node.value}" for path, node in read_resource(body).leaves())


@pytest.mark.parametrize(
    "body", [XML, b"\xef\xbb\xbf" + XML, XML.replace(b'"1.0"', b'"1.0" encoding="utf-16"').decode().encode("utf-16")]
)
def test_both_notations_give_one_tree(body: bytes) -> None:
    """Values, ids, urls, resources within, what extends primitives, the text of a narrative."""
    assert said(body) == said(JSON)


def test_a_value_keeps_its_blanks_beside_the_reading() -> None:
    node = read_resource(b'<Patient xmlns="http://hl7.org/fhir"><name><text value=" Edith "/></name></Patient>').find("name/text")
    assert node is not None
    assert (node.value, node.raw) == ("Edith", " Edith ")


def test_what_is_extended_and_has_no_value_keeps_its_place() -> None:
    root = read_resource(
        b'<Patient xmlns="http://hl7.org/fhir"><name><given value="A"/>'
        b'<given><extension url="u"><valueCode value="c"/></extension></given></name></Patient>'
    )
    name = root.kid("name")
    assert name is not None
    assert [kid.value for kid in name.kids["given"]] == ["A", None]
    assert [len(kid.kids) for kid in name.kids["_given"]] == [0, 1]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<Patient/>", "unknown-format"),
        (b"<Patient xmlns='urn:x'/>", "unknown-format"),
        (b"<Patient", "unreadable"),
        (b"", "unreadable"),
        (b"<!DOCTYPE a><Patient xmlns='http://hl7.org/fhir'/>", "document-type"),
        (b"<a>" * 300 + b"</a>" * 300, "too-deep"),
    ],
)
def test_what_it_refuses(body: bytes, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        read_resource(body)
    assert caught.value.reason.name == reason


def test_an_address_is_the_full_url_or_type_and_id() -> None:
    root = read_resource(
        b'{"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Flag", "id": "7"}},'
        b'{"resource": {"resourceType": "Task", "id": "8"}}, {"resource": {"resourceType": "Slot"}}, {"fullUrl": "urn:uuid:2"}]}'
    )
    address(root)
    found: list[Node | None] = [entry.find("resource/@ref") for entry in root.kids["entry"]]
    assert [node.value if node else None for node in found] == ["urn:uuid:1", "Task/8", None, None]
