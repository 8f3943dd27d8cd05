"""FHIR R4, xml.html and narrative.html: narrative is the same text in both notations."""

from __future__ import annotations

import pytest
from lxml import etree

from interop.fhir.xml import from_xml, read_resource_xml, to_xml

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def patient(div: str, root: str = "") -> bytes:
    return f'<Patient xmlns="http://hl7.org/fhir"{root}><text><status value="generated"/>{div}</text></Patient>'.encode()


@pytest.mark.parametrize(
    "div",
    [
        f"<div {XHTML}>a</div>",
        f"<div {XHTML}/>",
        f"<div {XHTML} ><br /><br/><p class='x' title=\"y\">&#160;&#xA0;&amp;&lt;</p></div >",
        f"<div {XHTML}>a<!-- b <div> --> c<![CDATA[ <div> ]]> d<?e <div> f?></div>",
        f"<div {XHTML}><div>a<div/></div><div title='>'>b</div></div>",
        f"<div\n{XHTML}\n>\n a\n\tb</div>",
        f"<div {XHTML}>a\r\nb\rc</div>",
        f'<div {XHTML} xml:lang="en" lang="en">a</div>',
        f'<div {XHTML} style="color: red; background:url(a.png)">http://example.org/ a:b c :d</div>',
        f'<div {XHTML}><s:svg xmlns:s="http://www.w3.org/2000/svg"><s:g s:a="1"/></s:svg></div>',
        '<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>a</h:p></h:div>',
        "<div>a</div>",
        '<div xmlns="urn:other">a</div>',
        f"<div {XHTML}>é中😀</div>",
        f"<div {XHTML}><divider/><p>div</p></div>",
    ],
)
def test_it_comes_back_as_it_was_written(div: str) -> None:
    made = {"resourceType": "Patient", "text": {"status": "generated", "div": div}}
    assert from_xml(to_xml(made)) == made
    assert read_resource_xml(patient(div)).resource["text"]["div"] == div


def test_each_of_several_is_its_own() -> None:
    divs = [f"<div {XHTML}>{number}<div/></div>" for number in range(3)]
    body = b'<List xmlns="http://hl7.org/fhir"><!-- <div> -->' + b"".join(
        b"<contained>" + patient(div).replace(b' xmlns="http://hl7.org/fhir"', b"") + b"</contained>" for div in divs
    )
    assert [each["text"]["div"] for each in from_xml(body + b"</List>")["contained"]] == divs


def test_a_prefix_declared_outside_is_written_anew() -> None:
    body = patient("<h:div><h:p>a<h:b/>c</h:p>d</h:div>", ' xmlns:h="http://www.w3.org/1999/xhtml"')
    assert from_xml(body)["text"]["div"] == f"<div {XHTML}><p>a<b/>c</p>d</div>"


def test_a_default_namespace_declared_outside_is_said() -> None:
    body = (
        f'<f:Patient xmlns:f="http://hl7.org/fhir" {XHTML}><f:text><f:status value="generated"/>'
        "<div class='a'>b<br /></div></f:text></f:Patient>"
    )
    assert from_xml(body.encode())["text"]["div"] == f"<div {XHTML} class='a'>b<br /></div>"


def test_a_prefix_of_something_else_declared_outside_is_declared_inside() -> None:
    body = patient(f"<div {XHTML}>a<s:svg s:b='c'/>d</div>", ' xmlns:s="http://www.w3.org/2000/svg"')
    root = etree.fromstring(from_xml(body)["text"]["div"])
    assert root.tag == "{http://www.w3.org/1999/xhtml}div"
    assert root[0].tag == "{http://www.w3.org/2000/svg}svg"
    assert dict(root[0].attrib) == {"{http://www.w3.org/2000/svg}b": "c"}
    assert (root.text, root[0].tail) == ("a", "d")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "iso-8859-1"])
def test_encodings(encoding: str) -> None:
    div = f"<div {XHTML}>é<br /></div>"
    head = "" if encoding != "iso-8859-1" else '<?xml version="1.0" encoding="iso-8859-1"?>'
    assert from_xml((head + patient(div).decode()).encode(encoding))["text"]["div"] == div


def test_entities_of_html_become_character_references() -> None:
    """narrative.html: XML has no entities but its own five; Unicode characters stand for the rest."""
    made = {"resourceType": "Patient", "text": {"status": "generated", "div": f"<div {XHTML}>a&nbsp;b&copy;&amp;&quot;</div>"}}
    body = to_xml(made)
    assert b"a&#160;b&#169;&amp;&quot;" in body
    assert etree.fromstring(body) is not None


def test_blanks_around_the_div_are_no_part_of_it() -> None:
    made = {"resourceType": "Patient", "text": {"div": f" \n<div {XHTML}>a</div>\n "}}
    assert from_xml(to_xml(made))["text"]["div"] == f"<div {XHTML}>a</div>"


def test_text_in_narrative_is_no_text_between_elements() -> None:
    assert read_resource_xml(patient(f"<div {XHTML}>a > b</div>")).findings == []
    assert read_resource_xml(patient("<div>a</div>")).findings == []
    found = read_resource_xml(patient(f"<div {XHTML}>a</div>b")).findings
    assert [each.expression for each in found] == ["Patient.text"]
