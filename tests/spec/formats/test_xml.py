"""XML as it may come in: names, text, attributes, and what is refused."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interop.errors import Problem
from interop.formats.xml import read_xml

BILLION_LAUGHS = (
    b'<!DOCTYPE r [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(ord("b"), ord("k")))
    + b"]><r>&j;</r>"
)


def refusal(body: bytes, **limits: int) -> Problem:
    with pytest.raises(Problem) as caught:
        read_xml(body, **limits)
    return caught.value


def test_names_lose_their_namespace_and_attributes_begin_with_an_at_sign() -> None:
    root = read_xml(b'<a:r xmlns:a="urn:a" xmlns="urn:b"><id a:root="1" extension=" X "/></a:r>')
    assert root.name == "r"
    assert root.text("id/@root") == "1"
    assert root.text("id/@extension") == "X"


def test_text_is_stripped_and_blank_text_is_no_value() -> None:
    root = read_xml(b"<r>\n <a> two  words\n</a><b> </b><c/><d x=''/></r>")
    assert root.value is None
    assert root.text("a") == "two  words"
    assert (root.text("b"), root.text("c"), root.text("d"), root.text("d/@x")) == (None, None, None, "")


def test_comments_and_instructions_are_skipped_and_do_not_cut_the_text() -> None:
    root = read_xml(b"<?go now?><r><!-- one --><a>fo<!-- two -->o<?x y?>d</a><![CDATA[ & ]]></r>")
    assert list(root.kids) == ["a"]
    assert root.text("a") == "food"


def test_cdata_is_text() -> None:
    assert read_xml(b"<r><![CDATA[a < b & c <!DOCTYPE html>]]></r>").value == "a < b & c <!DOCTYPE html>"


def test_the_five_predefined_entities_and_character_references_are_text() -> None:
    assert read_xml(b"<r>&lt;&amp;&gt;&quot;&apos;&#233;&#x20AC;</r>").value == "<&>\"'é€"


def test_xsi_type_is_the_type_where_the_element_has_no_other() -> None:
    xsi = b'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    assert read_xml(b"<value " + xsi + b' xsi:type="CD"/>').text("@type") == "CD"
    both = read_xml(b"<value xmlns:s='http://www.w3.org/2001/XMLSchema-instance' s:type='CD' type='plain'/>")
    assert (both.text("@type"), both.text("@xsi:type")) == ("plain", "CD")


def test_mixed_content_has_its_leading_text_as_value_and_a_narrative() -> None:
    text = read_xml(
        b"<text>Seen by <content>Dr Hale</content> at home.<br/>Plan:<list><item>rest</item><item>fluids</item></list></text>"
    )
    assert text.value == "Seen by"
    assert text.narrative() == "Seen by Dr Hale at home.\nPlan:\nrest\nfluids"


def test_rows_of_a_narrative_table_are_lines_and_cells_stand_apart() -> None:
    text = read_xml(b"<text><table><tr><th>Drug</th><th>Dose</th></tr>\n<tr><td>A</td><td>5\n mg</td></tr></table></text>")
    assert text.narrative() == "Drug | Dose\nA | 5 mg"


def test_the_narrative_of_plain_text_keeps_its_lines() -> None:
    assert read_xml(b"<text> one\n two </text>").narrative() == "one\n two"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_encoding_is_told_by_mark_or_declaration(encoding: str) -> None:
    declared = encoding.removesuffix("-sig")
    assert read_xml(f'<?xml version="1.0" encoding="{declared}"?><r>Zoë</r>'.encode(encoding)).value == "Zoë"


def test_blank_lines_before_the_declaration_are_forgiven() -> None:
    assert read_xml(b'\r\n<?xml version="1.0"?>\n<!-- c -->\n<r>1</r>\n').value == "1"


@pytest.mark.parametrize(
    "body",
    [
        b"<!DOCTYPE r><r/>",
        b'<?xml version="1.0"?><!-- x --><?p i?><!DOCTYPE r><r/>',
        b'<!DOCTYPE r SYSTEM "file:///etc/hostname"><r/>',
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>',
        b'<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1/x.dtd"> %x;]><r/>',
        b'<!ENTITY x "y"><r/>',
        b'<!doctype r [<!ENTITY x "y">]><r>&x;</r>',
        b"\xef\xbb\xbf<!DOCTYPE r><r/>",
        '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>'.encode("utf-16"),
        '<!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>'.encode("utf-16-be"),
        BILLION_LAUGHS,
    ],
)
def test_any_document_type_is_refused_before_it_is_read(body: bytes) -> None:
    assert refusal(body).reason.name == "document-type"


def test_a_document_type_cannot_hide_in_another_encoding() -> None:
    seven_bits = b'<?xml version="1.0" encoding="UTF-7"?>+ADwAIQ-DOCTYPE r+AD4APA-r/+AD4-'
    assert refusal(seven_bits).reason.name == "unreadable"
    assert refusal('<?xml version="1.0"?><!DOCTYPE r><r/>'.encode("utf-32")).reason.name in ("unreadable", "document-type")
    assert refusal("<!DOCTYPE r><r/>".encode("cp037")).reason.name == "unreadable"


def test_an_entity_that_nobody_declared_is_unreadable() -> None:
    assert refusal(b"<r>&x;</r>").reason.name == "unreadable"


@pytest.mark.parametrize(
    "body", [b"", b" ", b"text", b"<r>", b"<r></s>", b"<r/><r/>", b"<r a=1/>", b"<a:r/>x", b"<r>\x00</r>", b"<?xml", b"<!--"]
)
def test_broken_xml_is_unreadable(body: bytes) -> None:
    assert refusal(body).reason.name == "unreadable"


def test_the_refusal_tells_line_and_column_and_nothing_of_the_content() -> None:
    problem = refusal(b"<r>\n<name>Margaret</nom></r>")
    assert problem.detail.startswith("line 2, column ")
    assert "nom" not in str(problem)
    assert "Margaret" not in str(problem)


def test_bytes_of_another_encoding_than_declared_are_refused() -> None:
    assert refusal('<?xml version="1.0" encoding="utf-8"?><r>Zoë</r>'.encode("latin-1")).reason.name == "character-set"
    assert refusal(b'<?xml version="1.0" encoding="klingon"?><r/>').reason.name == "character-set"


def test_depth_is_bounded() -> None:
    def nested(depth: int) -> bytes:
        return b"<a>" * depth + b"</a>" * depth

    assert read_xml(nested(200)).name == "a"
    assert refusal(nested(201)).reason.name == "too-deep"
    assert refusal(nested(100_000)).reason.name == "too-deep"
    assert read_xml(nested(3), depth=3).name == "a"
    assert refusal(nested(4), depth=3).reason.name == "too-deep"


def test_size_is_bounded() -> None:
    assert refusal(b"<r>" + b"x" * 100 + b"</r>", size=50).reason.name == "too-large"


def test_long_text_within_the_size_is_read() -> None:
    """Letters travel as one element of base64."""
    assert len(read_xml(b"<r>" + b"x" * 9_000_000 + b"</r>").value or "") == 9_000_000


@given(st.binary() | st.text(alphabet="<>/!?[]-&;#ax =\"'\n").map(str.encode))
def test_no_bytes_raise_anything_but_a_problem(body: bytes) -> None:
    for content in (body, b"<r>" + body + b"</r>", b"<r " + body + b"/>"):
        with suppress(Problem):
            read_xml(content)


def test_an_element_has_at_most_128_attributes() -> None:
    """Reading attributes takes time by their square."""
    for count in (128, 129):
        body = b"<a><b " + b" ".join(b'n%d="1"' % number for number in range(count)) + b"/></a>"
        if count == 128:
            assert len(read_xml(body).kids["b"][0].kids) == 128
        else:
            with pytest.raises(Problem) as refused:
                read_xml(body)
            assert refused.value.reason.name == "too-large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    ("document", "taken"),
    [
        ("<a>" + "".join(f"<a{nth}/>" for nth in range(1_900)) + "</a>", True),
        ("<a>" + "".join(f"<a{nth}/>" for nth in range(2_001)) + "</a>", False),
        (f"<a>{'<b/>' * 5_000}</a>", True),
        ("<a " + " ".join(f"xmlns:n{nth}='urn:n'" for nth in range(100)) + "/>", True),
        ("<a " + " ".join(f"xmlns:n{nth}='urn:n'" for nth in range(101)) + "/>", False),
        ("<a>" + '<b xmlns="urn:b" xmlns:c="urn:c"/>' * 1_000 + "</a>", True),
    ],
    ids=["names", "too many names", "one name", "prefixes", "too many prefixes", "one prefix"],
)
def test_names_and_prefixes_are_few(document: str, taken: bool, encoding: str) -> None:
    """Two thousand names of elements, a hundred prefixes of namespaces, however often each stands there."""
    body = document.encode(encoding)
    if taken:
        assert read_xml(body).name == "a"
    else:
        with pytest.raises(Problem) as caught:
            read_xml(body)
        assert caught.value.reason.name == "too-large"
