"""One tree for XML, JSON and CSV."""

from __future__ import annotations

from interop.formats.csv import read_csv
from interop.formats.json import read_json
from interop.formats.xml import read_xml

PERSON = (
    b'<p:r xmlns:p="urn:p"><p:adminDomain><p:person>'
    b'<p:surname> Fenwick </p:surname><p:id root="2.16"/>'
    b"</p:person></p:adminDomain></p:r>"
)


def test_a_path_of_names_leads_to_the_first_node_that_has_it() -> None:
    root = read_xml(b"<r><a/><a><b>1</b></a><a><b>2</b></a></r>")
    assert root.text("a/b") == "1"
    assert [node.text("b") for node in root.kids["a"]] == [None, "1", "2"]
    assert root.find("a/c") is None
    assert root.text("a/c") is None


def test_kids_know_their_parent_and_the_root_has_none() -> None:
    root = read_xml(PERSON)
    surname = root.find("adminDomain/person/surname")
    assert surname is not None
    assert surname.up is root.find("adminDomain/person")
    assert root.up is None
    assert root.kid("adminDomain") is not None
    assert root.kid("healthDomain") is None


def test_leaves_are_the_nodes_with_a_value_and_their_paths_in_order() -> None:
    leaves = [(path, node.value) for path, node in read_xml(PERSON).leaves()]
    assert leaves == [("adminDomain/person/surname", "Fenwick"), ("adminDomain/person/id/@root", "2.16")]


def test_the_same_facts_in_three_formats_have_the_same_paths() -> None:
    xml = read_xml(b"<r><row><id>1</id></row><row><id>2</id></row></r>")
    json = read_json(b'{"row": [{"id": 1}, {"id": 2}]}')
    csv = read_csv(b"id\r\n1\r\n2\r\n")
    expected = [("row/id", "1"), ("row/id", "2")]
    for root in (xml, json, csv):
        assert [(path, node.value) for path, node in root.leaves()] == expected


def test_a_node_is_unread_until_somebody_reads_it() -> None:
    root = read_json(b'{"a": 1, "b": 2}')
    root.kids["a"][0].read = True
    assert [path for path, node in root.leaves() if not node.read] == ["b"]
