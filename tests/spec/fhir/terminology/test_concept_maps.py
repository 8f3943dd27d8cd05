"""Concept maps (FHIR R4, 4.10; ConceptMap/$translate)."""

from __future__ import annotations

from typing import Any

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology, Translation
from tests.spec.fhir.terminology.made import PLANTS, TOOLS, Json, terminology

MAP = "https://example.org/ConceptMap/tools"
FROM, TO = "https://example.org/ValueSet/plants", "https://example.org/ValueSet/tools"


def concept_map(own: str = MAP, /, **unmapped: Any) -> Json:
    group: Json = {
        "source": PLANTS,
        "target": TOOLS,
        "element": [
            {"code": "apple", "target": [{"code": "ladder", "equivalence": "wider", "display": "Ladder", "comment": "tall"}]},
            {"code": "pear", "target": [{"equivalence": "unmatched"}]},
            {
                "code": "cox",
                "target": [{"code": "ladder", "equivalence": "narrower"}, {"code": "basket", "equivalence": "relatedto"}],
            },
        ],
    }
    if unmapped:
        group["unmapped"] = unmapped
    return {"resourceType": "ConceptMap", "url": own, "sourceUri": FROM, "targetCanonical": TO, "group": [group]}


def pairs(found: list[Translation]) -> list[tuple[str, str]]:
    return [(each.equivalence, each.code) for each in found]


def test_a_code_is_translated_with_its_equivalence() -> None:
    found = terminology(concept_map()).translate(PLANTS, "apple", concept_map=MAP)
    assert found == [Translation("wider", TOOLS, "ladder", "Ladder", MAP, "tall")]


def test_the_map_is_found_by_its_value_sets() -> None:
    terms = terminology(concept_map())
    assert pairs(terms.translate(PLANTS, "cox", source=FROM, target=TO)) == [("narrower", "ladder"), ("relatedto", "basket")]
    assert terms.translate(PLANTS, "cox", source=FROM, target=FROM) == []
    assert pairs(terms.translate(PLANTS, "cox")) == [("narrower", "ladder"), ("relatedto", "basket")]


def test_a_map_may_say_that_there_is_no_translation() -> None:
    assert pairs(terminology().translate(PLANTS, "pear", concept_map=concept_map())) == [("unmatched", "")]


def test_other_systems_are_not_translated() -> None:
    assert terminology().translate(TOOLS, "apple", concept_map=concept_map()) == []
    assert terminology().translate(PLANTS, "apple", concept_map=concept_map(), target_system=PLANTS) == []


def test_unmapped_codes() -> None:
    """ConceptMap.group.unmapped: a fixed code, the code itself, another map, or nothing."""
    terms = terminology(concept_map(MAP + "2", mode="provided"), concept_map(MAP + "3", mode="other-map", url=MAP + "3"))

    def answer(**unmapped: Any) -> list[tuple[str, str]]:
        return pairs(terms.translate(PLANTS, "tree", concept_map=concept_map(**unmapped)))

    assert answer() == []
    assert answer(mode="fixed", code="hands") == [("inexact", "hands")]
    assert answer(mode="provided") == [("equal", "tree")]
    assert answer(mode="other-map", url=MAP + "2") == [("equal", "tree")]
    assert answer(mode="other-map", url=MAP + "3") == []
    assert pairs(terms.translate(PLANTS, "pear", concept_map=concept_map(mode="provided"))) == [("unmatched", "")]


def test_in_reverse_the_equivalence_turns() -> None:
    found = terminology().translate(TOOLS, "ladder", concept_map=concept_map(), reverse=True)
    assert [(each.equivalence, each.system, each.code) for each in found] == [
        ("narrower", PLANTS, "apple"),
        ("wider", PLANTS, "cox"),
    ]


def test_r4_maps_are_at_hand() -> None:
    gender = "http://hl7.org/fhir/ValueSet/administrative-gender"
    found = Terminology(Definitions.base()).translate("http://hl7.org/fhir/administrative-gender", "female", source=gender)
    assert ("http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender", "F") in [(each.system, each.code) for each in found]
