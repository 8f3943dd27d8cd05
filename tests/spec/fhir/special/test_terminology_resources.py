"""CodeSystem, ValueSet and ConceptMap: what they must keep to beyond structure and invariants."""

from __future__ import annotations

from typing import Any

import pytest

from tests.spec.fhir.special.having import errors, found

SYSTEM = "https://example.org/CodeSystem/mobility"
WARD = "https://example.org/ValueSet/mobility"


def system(*codes: str, **more: Any) -> dict[str, Any]:
    concepts = [{"code": code} for code in codes]
    made = {"resourceType": "CodeSystem", "url": SYSTEM, "status": "active", "content": "complete", "caseSensitive": True}
    return made | ({"concept": concepts} if concepts else {}) | more


def values(**include: Any) -> dict[str, Any]:
    return {"resourceType": "ValueSet", "url": WARD, "status": "active", "compose": {"include": [{"system": SYSTEM, **include}]}}


def test_count_is_the_number_of_concepts_of_a_complete_code_system() -> None:
    """Nested ones too; a fragment may have more than it lists."""
    assert found(system("a", "b", count=2)) == []
    assert errors(system("a", "b", count=3)) == ["count"]
    assert errors(system("a", "b", count=3, content="fragment")) == []
    assert errors(system("a", "b", count=1, content="fragment")) == ["count"]


def test_a_code_system_without_content_lists_no_concept() -> None:
    """content is not-present."""
    assert errors(system("a", content="not-present")) == ["concept"]


def test_properties_are_declared_and_of_their_type() -> None:
    """An undeclared one is a warning."""
    concept = {"code": "a", "property": [{"code": "aid", "valueString": "stick"}]}
    declared = system(concept=[concept], property=[{"code": "aid", "type": "boolean"}])
    assert errors(declared) == ["concept[0].property[0].valueString"]
    assert found(system(concept=[concept])) == [("warning", "concept[0].property[0].code")]


def test_a_supplement_adds_to_known_codes_only() -> None:
    """Its codes are those of the code system that it supplements."""
    more = system("a", "z") | {"url": f"{SYSTEM}-welsh", "content": "supplement", "supplements": SYSTEM}
    assert errors(more, system("a", "b")) == ["concept[1].code"]
    assert errors(more | {"content": "complete"}, system("a", "z")) == ["content"]


def test_codes_of_a_value_set_are_those_of_the_system() -> None:
    """Else a warning: the value set can be used, the code never."""
    listed = values(concept=[{"code": "a"}, {"code": "q"}, {"code": "a"}])
    told = [("warning", "compose.include[0].concept[1].code"), ("warning", "compose.include[0].concept[2].code")]
    assert found(listed, system("a", "b")) == told


def test_a_value_set_is_no_code_system() -> None:
    """compose.include.system."""
    wrong = values() | {"compose": {"include": [{"system": WARD}]}}
    assert errors(wrong, values()) == ["compose.include[0].system"]


def test_a_system_is_an_absolute_uri_though_it_is_contained() -> None:
    """A fragment is none; an imported value set may be contained."""
    inside = values() | {"compose": {"include": [{"system": "#c"}]}, "contained": [system("a") | {"id": "c"}]}
    assert errors(inside) == ["compose.include[0].system"]
    imported = values() | {"compose": {"include": [{"valueSet": ["#v"]}]}}
    assert errors(imported) == ["compose.include[0].valueSet[0]"]
    assert errors(imported | {"contained": [values() | {"id": "v"}]}) == []


def test_a_concept_map_maps_codes_that_there_are() -> None:
    """In the value sets of the map where they are loaded; one that its system lacks is a warning."""
    element = {"code": "a", "target": [{"code": "male", "equivalence": "wider"}, {"code": "he", "equivalence": "wider"}]}
    made = {
        "resourceType": "ConceptMap",
        "url": "https://example.org/ConceptMap/m",
        "status": "draft",
        "sourceCanonical": WARD,
        "group": [{"source": SYSTEM, "target": "http://hl7.org/fhir/administrative-gender", "element": [element]}],
    }
    assert found(made, system("a"), values()) == [("warning", "group[0].element[0].target[1].code")]
    assert errors(made, system("a", "b"), values(concept=[{"code": "b"}])) == ["group[0].element[0].code"]


def test_the_value_set_of_all_codes_includes_the_code_system_whole() -> None:
    """CodeSystem.valueSet."""
    assert errors(system("a", valueSet=WARD), values()) == []
    assert errors(system("a", valueSet=WARD), values(concept=[{"code": "a"}])) == ["valueSet"]


def test_a_property_is_declared_once() -> None:
    """By code; so is a filter."""
    twice = [{"code": "aid", "type": "string"}] * 2
    assert errors(system("a", property=twice)) == ["property[1].code"]


def test_a_value_set_includes_from_code_systems_alone() -> None:
    """An absolute URI, of no supplement; what is imported are value sets."""
    supplement = system("a") | {"content": "supplement", "supplements": "https://example.org/CodeSystem/other"}
    assert errors(values(), supplement) == ["compose.include[0].system"]
    assert errors(values() | {"compose": {"include": [{"system": "mobility"}]}}) == ["compose.include[0].system"]
    imported = values() | {"compose": {"include": [{"valueSet": [SYSTEM]}]}}
    assert errors(imported, system("a")) == ["compose.include[0].valueSet[0]"]


def test_a_filter_over_the_hierarchy_names_a_code() -> None:
    """Of the system; a filter on existence is true or false."""
    below = values(filter=[{"property": "concept", "op": "is-a", "value": "z"}])
    assert errors(below, system("a")) == ["compose.include[0].filter[0].value"]
    there = values(filter=[{"property": "inactive", "op": "exists", "value": "yes"}])
    assert errors(there, system("a")) == ["compose.include[0].filter[0].value"]


@pytest.mark.parametrize(
    ("kind", "right", "wrong"),
    [
        ("boolean", "true", "1"),
        ("integer", "12", "a dozen"),
        ("decimal", "1.5", "1,5x"),
        ("dateTime", "2024-05", "May 2024"),
        ("Coding", f"{SYSTEM}#a", "a"),
        ("Coding", f"{SYSTEM}|1#a", f"{SYSTEM}#z"),
    ],
)
def test_the_value_of_a_filter_is_of_the_type_of_its_property(kind: str, right: str, wrong: str) -> None:
    """As the code system declares it; a Coding as ``system#code``."""
    known = system("a", property=[{"code": "p", "type": kind}])
    for value, told in ((right, []), (wrong, ["compose.include[0].filter[0].value"])):
        assert errors(values(filter=[{"property": "p", "op": "=", "value": value}]), known) == told


@pytest.mark.parametrize(
    ("constraint", "well"),
    [
        ("<< 73211009 |Diabetes mellitus|", True),
        ("^ 999000631000000100 MINUS (< 73211009 OR <! 46635009)", True),
        ("<< ^ 999000631000000100", True),
        ("73211009, 46635009 and 195967001", True),
        ("<< 73211009: 363698007 = << 113331007", True),  # a refinement is not looked at
        ("<< 73211009 {{ term = \"type\" }}", True),
        ("73211009 << 46635009", False),
        ("<< << 73211009", False),
        ("73211009 AND 46635009 OR 195967001", False),
        ("73211009 MINUS 46635009 MINUS 195967001", False),
        ("(<< 73211009", False),
        ("<< 73211009)", False),
        ("<<", False),
    ],
)  # fmt: skip
def test_a_constraint_of_snomed_ct_is_well_formed(constraint: str, well: bool) -> None:
    """Filters of SNOMED CT by expression constraint; forms that are not known are let pass."""
    chosen = {"property": "constraint", "op": "=", "value": constraint}
    compose = {"include": [{"system": "http://snomed.info/sct", "filter": [chosen]}]}
    said = errors({"resourceType": "ValueSet", "url": "https://example.org/ValueSet/s", "status": "draft", "compose": compose})
    assert said == ([] if well else ["compose.include[0].filter[0].value"])
