"""Paths of trees: one grammar for XML, JSON and CSV."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from interop.ports import Source
from tests.spec.mapping.small import csv, json, load, made, xml

NAMES = [
    "patient",
    "id",
    "name",
    "family",
    "given",
    "use",
    "text",
    "entry",
    "topic",
    "note",
    "ref",
    "author",
    "person",
    "code",
    "status",
    "row",
    "a",
    "b",
    "contained",
    "resourceType",
    "display",
    "reference",
    "value",
    "item",
    "@use",
    "@code",
    "@id",
    "@type",
    "@value",
    "@extension",
    "@nullFlavor",
    "@root",
]
TABLES: dict[str, Any] = {
    "source": "".join(f"{name},,,\n" for name in NAMES),
    "routes": "doc,pat,\n",
    "resources": "pat,,patient,Patient,,,upsert,\n",
}


def text(tmp_path: Path, path: str, document: Source, using: str = "", form: str = "xml") -> str | None:
    """The text that a path reads from the patient of a document."""
    cell = '"' + path.replace('"', '""') + '"'
    family = load(tmp_path, form, **TABLES, elements=f"A01,pat,,{cell},,name[x].text,{using},,\n")
    found: str | None = made(family, document, "doc").body("pat").get("name", [{}])[0].get("text")
    return found


DOCUMENT = """<doc xmlns="urn:one" xmlns:x="urn:two" code="root"><author code="w"/>
<person><id>7</id><x:name>Writer</x:name></person>
<person><id>8</id><name>Other</name></person>
<patient code="p1"><id>7</id><name use="L"><family> Able </family><given>Ann</given><given>Bea</given></name>
<name use="N"><family>Baker</family></name><note/><status nullFlavor="UNK"/><text>Mind <use>the</use> step</text>
<entry><code code="x"/><topic><note>deep</note></topic></entry><entry><code code="y"/><note>why</note></entry></patient></doc>"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("name/family", "Able"),
        ("name/given", "Ann"),
        ("@code", "p1"),
        ("name/@use", "L"),
        ("entry/code/@code", "x"),
        ("/person/name", "Writer"),
        ("/@code", "root"),
        ("^author/@code", "w"),
        ("^person/name", "Writer"),
        ("note", None),
        ("status/@nullFlavor|id", "UNK"),
        ("note|id", "7"),
        ("name[@use='N']/family|id", "Baker"),
        ("entry[code/@code='y']/note", "why"),
        ("entry[code/@code='z']/note", None),
        ("entry[note]/code/@code", "y"),
        ("entry[topic/note]/code/@code", "x"),
        ("entry[note='it''s']/note", None),
        ("/person[id=$id]/name", "Writer"),
        ("/person[id='8']/name", "Other"),
        ("*/family", "Able"),
        ("**/note", "deep"),
        ("**/topic/note", "deep"),
        ("text", "Mind"),
        ("'lit''eral'", "lit'eral"),
    ],
)
def test_a_path_walks_by_local_names_to_the_first_that_holds_text(tmp_path: Path, path: str, expected: str | None) -> None:
    assert text(tmp_path, path, xml(DOCUMENT)) == expected


@pytest.mark.parametrize(
    ("using", "path", "expected"),
    [
        ("join", "name/given", "Ann Bea"),
        ("lines", "name/family|entry/note", "Able\nBaker\nwhy"),
        ("narrative", "text", "Mind the step"),
    ],
)
def test_some_transforms_take_every_value_or_the_whole_text(tmp_path: Path, using: str, path: str, expected: str) -> None:
    assert text(tmp_path, path, xml(DOCUMENT), using) == expected


def test_what_holds_no_text_is_absent(tmp_path: Path) -> None:
    """So is an element with nothing but a ``nullFlavor``."""
    family = load(
        tmp_path,
        "xml",
        **TABLES,
        elements="A01,pat,,'note',note present,name[a].text,,,\nA02,pat,,'status',status present,name[b].text,,,\n"
        "A03,pat,,'entry',entry present,name[c].text,,,\nA04,pat,,'topic',topic absent,name[d].text,,,\n",
    )
    assert set(made(family, xml(DOCUMENT), "doc").one("pat").registers) == {"name:c", "name:d", "meta.tag:flags"}


def test_each_is_a_loop_over_all_matches(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        "xml",
        **TABLES,
        elements="A01,pat,name,family,,name[+].family,,,\nA02,pat,name/given,.,,contact[+].name.text,,,\n",
    )
    body = made(family, xml(DOCUMENT), "doc").body("pat")
    assert body["name"] == [{"family": "Able"}, {"family": "Baker"}]
    assert body["contact"] == [{"name": {"text": "Ann"}}, {"name": {"text": "Bea"}}]


def test_json_arrays_are_several_children_and_values_are_as_written(tmp_path: Path) -> None:
    tables = {**TABLES, "source": TABLES["source"] + "active,,,\nweight,,,\n"}
    family = load(
        tmp_path,
        "json",
        **tables,
        elements="A01,pat,name,family,,name[+].family,,,\nA02,pat,name,given,,name[+].given[+],,,\n"
        "A03,pat,,active,,active,boolean,,\n"
        "A04,pat,,weight,,extension[birthPlace].valueDecimal,number,,\n",
    )
    source = json(
        '{"patient": {"name": [{"family": "Able", "given": ["Ann", "Bea"]}, {"family": "Baker", "given": null}],'
        ' "active": false, "weight": 72.50}}'
    )
    outcome = made(family, source, "doc")
    body = outcome.body("pat")
    assert body["name"] == [{"family": "Able", "given": ["Ann"]}, {"family": "Baker"}]
    assert body["active"] is False
    assert str(body["extension"][0]["valueDecimal"]) == "72.50"
    assert outcome.losses == [("patient/name/given", "unmapped", "")]


def test_the_parts_of_a_fhir_reference_are_its_type_and_id(tmp_path: Path) -> None:
    source = json('{"patient": {"ref": {"reference": "https://example.org/Practitioner/P7/_history/2"}}}')
    assert text(tmp_path / "a", "ref/reference/@id", source, form="json") == "P7"
    assert text(tmp_path / "b", "ref/reference/@type", source, form="json") == "Practitioner"


def test_contained_is_found_by_its_type(tmp_path: Path) -> None:
    """``contained[Location]`` is short for ``contained[resourceType='Location']``."""
    source = json(
        '{"patient": {"contained": [{"resourceType": "List", "name": "Trust"}, {"resourceType": "Location", "name": "Hall"}]}}'
    )
    assert text(tmp_path, "contained[Location]/name", source, form="json") == "Hall"


def test_a_csv_row_is_a_child_and_its_columns_are_children(tmp_path: Path) -> None:
    family = load(
        tmp_path,
        "csv",
        source="row,,,\nid,,,\nname,,,\n",
        routes="doc,pat,\n",
        resources="pat,,row,Patient,id,,upsert,\n",
        elements="A01,pat,,name,,name[x].text,,,\n",
    )
    outcome = made(family, csv('id,name,shoe\n1,"Able, Ann",\n2,,9\n'), "doc")
    assert [body.get("name") for body in outcome.bodies("pat")] == [[{"text": "Able, Ann"}], None]
    assert outcome.losses == [("row/shoe", "unmapped", "")]


def test_a_join_is_to_the_element_with_the_value_of_a_path(tmp_path: Path) -> None:
    tables = {**TABLES, "resources": "pat,,entry,Patient,,,upsert,\n"}
    family = load(tmp_path, "xml", **tables, elements="A01,pat,,/person[id=$ref]/name,,name[x].text,,,\n")
    people = "".join(f"<person><id>{number}</id><name>P{number}</name></person>" for number in range(5))
    entries = "".join(f"<entry><ref>{number}</ref></entry>" for number in (3, 0, 9))
    outcome = made(family, xml(f"<doc>{people}{entries}</doc>"), "doc")
    assert [body.get("name", [{}])[0].get("text") for body in outcome.bodies("pat")] == ["P3", "P0", None]


def test_a_join_is_made_afresh_for_each_message(tmp_path: Path) -> None:
    tables = {**TABLES, "resources": "pat,,entry,Patient,,,upsert,\n"}
    family = load(tmp_path, "xml", **tables, elements="A01,pat,,/person[id=$ref]/name,,name[x].text,,,\n")
    document = "<doc><person><id>1</id><name>{}</name></person><entry><ref>1</ref></entry></doc>"
    for name in ("Able", "Baker"):
        assert made(family, xml(document.format(name)), "doc").body("pat")["name"] == [{"text": name}]
