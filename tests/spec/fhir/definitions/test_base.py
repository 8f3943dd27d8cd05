"""Base R4 as it is shipped: structures with snapshots, value sets, code systems; found by canonical URL."""

from __future__ import annotations

from itertools import pairwise

import pytest

from interop.fhir.definitions import Definitions, Unusable
from tests.spec.fhir.definitions.making import R4

BASE = Definitions.base()


def test_a_type_is_found_by_its_name_by_its_url_and_by_its_version() -> None:
    found = BASE.structure("Patient")
    assert found
    assert found["url"] == R4 + "Patient"
    assert BASE.structure(R4 + "Patient") == BASE.structure(R4 + "Patient|4.0.1") == found
    assert BASE.structure(R4 + "Patient|4.0") == found
    assert BASE.structure(R4 + "Patient|4.6") is None
    assert BASE.structure("Patientt") is None


def test_a_structure_says_what_it_is_based_on_and_of_which_kind() -> None:
    kinds = {name: BASE.structure(name) or {} for name in ("Patient", "DomainResource", "HumanName", "code")}
    assert [each["kind"] for each in kinds.values()] == ["resource", "resource", "complex-type", "primitive-type"]
    assert [each["abstract"] for each in kinds.values()] == [False, True, False, False]
    assert kinds["code"]["baseDefinition"] == R4 + "string"


def test_an_element_has_cardinality_types_binding_and_invariants() -> None:
    elements = {each["id"]: each for each in BASE.snapshot("Patient")}
    assert (elements["Patient.name"]["min"], elements["Patient.name"]["max"]) == (0, "*")
    practitioners = elements["Patient.generalPractitioner"]["type"]
    assert practitioners[0]["code"] == "Reference"
    assert R4 + "Organization" in practitioners[0]["targetProfile"]
    assert elements["Patient.gender"]["binding"] == {
        "strength": "required",
        "valueSet": "http://hl7.org/fhir/ValueSet/administrative-gender|4.0.1",
    }
    assert elements["Patient.contact"]["constraint"][-1]["key"] == "pat-1"
    assert elements["Patient.contact"]["constraint"][-1]["severity"] == "error"
    assert elements["Patient.deceased[x]"]["isModifier"] is True
    assert "isModifier" not in elements["Patient.name"]


def test_content_references_maximum_value_sets_regular_expressions_and_representations_are_kept() -> None:
    item = {each["id"]: each for each in BASE.snapshot("Questionnaire")}["Questionnaire.item.item"]
    assert item["contentReference"] == "#Questionnaire.item"
    language = {each["id"]: each for each in BASE.snapshot("Patient")}["Patient.language"]["binding"]
    assert language["extension"][0]["valueCanonical"] == "http://hl7.org/fhir/ValueSet/all-languages"
    value = {each["id"]: each for each in BASE.snapshot("id")}["id.value"]
    assert any("valueString" in each for each in value["type"][0]["extension"])
    assert {each["id"]: each for each in BASE.snapshot("Extension")}["Extension.url"]["representation"] == ["xmlAttr"]


def test_every_invariant_of_r4_has_an_expression() -> None:
    keys = set()
    for url in BASE.every("StructureDefinition"):
        if (BASE.structure(url) or {}).get("derivation") == "constraint":
            continue
        for element in BASE.snapshot(url):
            for each in element.get("constraint", ()):
                assert each["expression"]
                assert each["human"]
                keys.add(each["key"])
    assert len(keys) == 237


def test_there_are_no_texts() -> None:
    prose = {"short", "definition", "comment", "requirements", "mapping", "example", "text", "description", "publisher", "contact"}
    for kind in ("StructureDefinition", "ValueSet", "CodeSystem"):
        for url in list(BASE.every(kind))[::40]:
            assert not prose & (BASE.resource(kind, url) or {}).keys(), url
    assert not any(prose & each.keys() for each in BASE.snapshot("Encounter"))


def test_profiles_and_extensions_of_r4_are_there_with_their_context() -> None:
    extension = BASE.structure(R4 + "patient-birthPlace")
    assert extension
    assert extension["derivation"] == "constraint"
    assert extension["context"] == [{"type": "element", "expression": "Patient"}]
    assert any(each["id"] == "Observation.category:VSCat" for each in BASE.snapshot(R4 + "vitalsigns"))


def test_value_sets_code_systems_concept_maps_and_search_parameters() -> None:
    gender = BASE.resource("ValueSet", "http://hl7.org/fhir/ValueSet/administrative-gender")
    assert gender
    system = BASE.resource("CodeSystem", gender["compose"]["include"][0]["system"])
    assert system
    assert {each["code"] for each in system["concept"]} == {"male", "female", "other", "unknown"}
    assert all(each["display"] for each in system["concept"])
    assert BASE.resource("ConceptMap", "http://hl7.org/fhir/ConceptMap/cm-address-use-v2")
    assert BASE.resource("SearchParameter", "http://hl7.org/fhir/SearchParameter/clinical-patient")
    assert BASE.resource("ValueSet", "http://example.org/none") is None
    assert BASE.resource("Nothing", "http://example.org/none") is None


def test_hierarchies_and_properties_of_concepts_are_kept() -> None:
    acts = BASE.resource("CodeSystem", "http://terminology.hl7.org/CodeSystem/v3-ActCode")
    assert acts
    assert acts["hierarchyMeaning"] == "is-a"
    account = next(each for each in acts["concept"] if each["code"] == "_ActAccountCode")
    assert account["concept"]
    assert {"code": "notSelectable", "valueBoolean": True} in account["property"]


def test_an_expansion_is_kept_where_nothing_else_gives_the_codes() -> None:
    currencies = BASE.resource("ValueSet", "http://hl7.org/fhir/ValueSet/currencies")
    assert currencies
    assert {"GBP", "EUR"} <= {each["code"] for each in currencies["expansion"]["contains"]}


def test_naming_systems_are_found_by_their_unique_ids() -> None:
    found = next(iter(BASE.every("NamingSystem")))
    assert BASE.resource("NamingSystem", found)


def test_parents_come_before_their_children_and_nothing_twice() -> None:
    for url in BASE.every("StructureDefinition"):
        if (BASE.structure(url) or {}).get("derivation") == "constraint":
            continue
        ids = [each["id"] for each in BASE.snapshot(url)]
        assert len(set(ids)) == len(ids)
        assert all(one.rpartition(".")[0] in ids for one in ids[1:])
        assert all(other.startswith(one.partition(".")[0]) for one, other in pairwise(ids))


def test_the_base_is_read_once() -> None:
    assert Definitions.base() is BASE
    assert BASE.snapshot("Patient") is BASE.snapshot("Patient")


def test_an_unknown_structure_has_no_snapshot() -> None:
    definitions = BASE.with_resources([])
    with pytest.raises(Unusable, match="Patientt: unknown"):
        definitions.snapshot("Patientt")
    assert definitions.problems == []


def test_what_is_unknown_leaves_no_trace() -> None:
    """What a resource claims may be anything: asking for it costs no memory."""
    definitions = BASE.with_resources([])
    for number in range(50):
        assert definitions.structure(f"https://example.org/{number}") is None
        assert definitions.resource("ValueSet", f"https://example.org/{number}") is None
        with pytest.raises(Unusable):
            definitions.snapshot(f"https://example.org/{number}")
    kept = (definitions._structures, definitions._kept, definitions._snapshots, definitions._unusable, definitions.problems)
    assert not any(kept)
