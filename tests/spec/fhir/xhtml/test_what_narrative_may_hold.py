"""FHIR R4, narrative.html 2.4.0 and the invariants txt-1 and txt-2: what narrative may hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.fhir.xhtml import BLANK, problems

XHTML = 'xmlns="http://www.w3.org/1999/xhtml"'


def div(inside: str) -> str:
    return f"<div {XHTML}>{inside}</div>"


@pytest.mark.parametrize(
    "inside",
    [
        "a",
        "<p>a <b>b</b> <i>c</i><br/><a href='https://example.org/a'>d</a><a name='e'/></p>",
        "<h1>a</h1><h6>b</h6><hr/><ul><li>c</li></ul><ol start='2'><li value='3'>d</li></ol><dl><dt>e</dt><dd>f</dd></dl>",
        "<table border='1'><caption>a</caption><colgroup><col width='1'/></colgroup><thead><tr><th scope='col'>b</th></tr>"
        "</thead><tfoot><tr><td/></tr></tfoot><tbody><tr><td colspan='2' style='color: red'>c</td></tr></tbody></table>",
        "<img src='#photo' alt='a'/>",
        "<img src='data:image/png;base64,AAAA'/>",
        "<img src='https://example.org/a.png'/>",
        "<img src='a.png'/>",
        "<p xml:lang='cy' lang='cy' id='x' class='y' title='z' dir='ltr'>a</p>",
        "<pre>a\n b</pre><blockquote cite='http://example.org/'><p>c</p></blockquote><q>d</q>",
        "<tt>a</tt><small>b</small><big>c</big><sub>d</sub><sup>e</sup><var>f</var><samp>g</samp><code>h</code><kbd>i</kbd>",
        "<address>a</address><bdo dir='rtl'>b</bdo><abbr>c</abbr><acronym>d</acronym><cite>e</cite><dfn>f</dfn>",
        "&amp;&lt;&gt;&quot;&apos;&#160;&#xA0;",
        "<!-- a <script> --><p>b<![CDATA[ <script> ]]></p>",
        "<div><div>a</div></div>",
    ],
)
def test_basic_formatting(inside: str) -> None:
    assert problems(div(inside)) == []
    assert problems(f"\n {div(inside)} \n") == []


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ("a<script>b</script>", "must not hold the element script"),
        ("a<SCRIPT>b</SCRIPT>", "must not hold the element SCRIPT"),
        ("a<form/>", "must not hold the element form"),
        ("a<input/>", "must not hold the element input"),
        ("a<button/>", "must not hold the element button"),
        ("a<object/>", "must not hold the element object"),
        ("a<iframe/>", "must not hold the element iframe"),
        ("a<frameset/>", "must not hold the element frameset"),
        ("a<link rel='stylesheet'/>", "must not hold the element link"),
        ("a<style>b</style>", "must not hold the element style"),
        ("a<base href='b'/>", "must not hold the element base"),
        ("a<head/>", "must not hold the element head"),
        ("a<body/>", "must not hold the element body"),
        ("a<ins>b</ins>", "must not hold the element ins"),
        ("a<font>b</font>", "must not hold the element font"),
        ("a<u>b</u>", "must not hold the element u"),
        ("a<madeup/>", "has an element that narrative does not have"),
        ("a<svg xmlns='http://www.w3.org/2000/svg'/>", "has an element of another namespace"),
        ("<p onclick='a'>b</p>", "has an event handler"),
        ("<p onClick='a'>b</p>", "has an event handler"),
        ("<p madeup='a'>b</p>", "has an attribute that narrative does not have"),
        ("<p x:y='a' xmlns:x='urn:x'>b</p>", "has an attribute that narrative does not have"),
        ("<a href='javascript:alert()'>a</a>", "links to a script"),
        ("<a href=' java\tscript:alert()'>a</a>", "links to a script"),
        ("<a href='VBScript:a'>a</a>", "links to a script"),
        ("a<img src='javascript:a'/>", "links to a script"),
        ("a<img src='file:///etc/a'/>", "has an image from where none may come"),
        ("a<img src='data:text/html,b'/>", "has an image from where none may come"),
        ("a<img src='//example.org/b'/>", "has an image from where none may come"),
        ("<p style='width: expression(a)'>b</p>", "has an active style"),
        ("<p style='background: url(javascript:a)'>b</p>", "has an active style"),
        ("<p style='@import \"a.css\"'>b</p>", "has an active style"),
        ("a&nbsp;b", "has an entity that XML lacks"),
        ("a&madeup;b", "has an entity that XML lacks"),
        ("<p>a<p>b</p></p>", "has p in a paragraph"),
        ("<p>a<b><table><tr><td>b</td></tr></table></b></p>", "has table in a paragraph"),
        ("", BLANK),
        (" \n\t<p> </p><br/>", BLANK),
        ("<!-- a -->", BLANK),
        ("<img alt='a'/>", BLANK),
    ],
)
def test_what_it_may_not_hold(inside: str, reason: str) -> None:
    assert problems(div(inside)) == [reason]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not well-formed"),
        ("a", "is not well-formed"),
        (div("a")[:-1], "is not well-formed"),
        (div("<p>a</b>"), "is not well-formed"),
        (div("<br>a"), "is not well-formed"),
        (div("a & b"), "is not well-formed"),
        (div("a < b"), "is not well-formed"),
        (div("<p a=b>c</p>"), "is not well-formed"),
        (div("<p a='b' a='c'>d</p>"), "is not well-formed"),
        (div("a\x00"), "is not well-formed"),
        (div("a\ud800"), "is not well-formed"),
        (div("a") * 2, "is not well-formed"),
        ("<?xml version='1.0'?>" + div("a"), "is not well-formed"),
        ("<!DOCTYPE div>" + div("a"), "has a document type"),
        ("<div>a</div>", "is not in the namespace of XHTML"),
        ("<div xmlns='http://hl7.org/fhir'>a</div>", "is not in the namespace of XHTML"),
        (f"<p {XHTML}>a</p>", "has another root than div"),
        (div("<b>" * 300 + "a" + "</b>" * 300), "is nested too deep"),
    ],
)
def test_it_is_xml_whose_root_is_a_div_of_xhtml(text: str, reason: str) -> None:
    assert problems(text) == [reason]


def test_each_reason_is_given_once() -> None:
    assert problems(div("<u>a</u><u onclick='b'>c</u><u onclick='d'>e</u>")) == [
        "must not hold the element u",
        "has an event handler",
    ]


def test_reasons_hold_nothing_of_the_text() -> None:
    said = " ".join(problems(div("<Secret secret='Secret'>Secret&secret;</Secret>")))
    assert "ecret" not in said


def test_the_answer_is_the_callers_own() -> None:
    problems(div("")).append("changed")
    assert problems(div("")) == [BLANK]


def test_a_prefix_does_for_the_namespace() -> None:
    assert problems('<h:div xmlns:h="http://www.w3.org/1999/xhtml"><h:p>a</h:p></h:div>') == []


def test_too_many_tags_are_not_looked_at() -> None:
    assert problems(div("<br/>" * 300_000)) == ["is too large"]


@given(st.text(alphabet="<>/div px=\"'&;!-[]?:#\x00\u00e9\ud800", max_size=60) | st.text(max_size=60))
def test_any_text_gives_an_answer(text: str) -> None:
    assert isinstance(problems(text), list)
    assert isinstance(problems(div(text)), list)
