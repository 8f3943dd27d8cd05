"""Resources of any shape: a contained value set, or a package of somebody's, may hold anything. An answer, never a crash."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology, TooCostly, Uncomputable
from tests.spec.fhir.terminology.made import PLANT_SYSTEM, PLANTS, Json

NAMES = """include exclude system version concept code display designation value use filter property op valueSet contains abstract
    total parameter name url valueCanonical valueCode valueCoding element target source equivalence unmapped mode content uri
    coding""".split()  # noqa: SIM905
WORDS = [
    PLANTS,
    "apple",
    "pear",
    "is-a",
    "=",
    "in",
    "regex",
    "concept",
    "child",
    "parent",
    "fixed",
    "other-map",
    "urn:set",
    "(",
    "",
    "#",
]
VALUE = st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS) | st.text(max_size=3)
JSON = st.recursive(
    VALUE, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5), max_leaves=15
)
LINES = st.lists(st.dictionaries(st.sampled_from(NAMES), JSON, max_size=5), max_size=3)
"""Lists of objects: nearer to what a value set looks like."""


class Only:
    """Definitions of these resources, however broken."""

    def __init__(self, **resources: Json) -> None:
        self._resources: dict[str, Json] = {"CodeSystem": PLANT_SYSTEM, **resources}

    def resource(self, kind: str, url: str) -> Json | None:
        return self._resources.get(kind)

    def every(self, kind: str) -> Iterator[str]:
        return iter(["urn:set"])


def tried(terms: Terminology, value_set: str | Json) -> None:
    for system in (PLANTS, None):
        assert terms.validate_code(value_set, system, "apple", display="Apple").result in (None, False, True)
    with suppress(Uncomputable, TooCostly):
        assert terms.expansion_resource(value_set, timestamp="2026-01-01")["expansion"]["total"] >= 0


@settings(max_examples=30)
@given(include=JSON | LINES, exclude=JSON | LINES, expansion=JSON, contains=LINES, extension=JSON | LINES)
def test_value_sets(include: Any, exclude: Any, expansion: Any, contains: Any, extension: Any) -> None:
    tried(
        Terminology(Only()), {"compose": {"include": include, "exclude": exclude}, "expansion": expansion, "extension": extension}
    )
    tried(Terminology(Only()), {"compose": include, "expansion": {"contains": contains, "total": expansion}})


@settings(max_examples=30)
@given(said=st.dictionaries(st.sampled_from(NAMES), JSON), concepts=LINES, properties=LINES)
def test_code_systems(said: Json, concepts: Any, properties: Any) -> None:
    broken = {**said, "concept": concepts, "property": properties}
    for content in ("complete", "supplement", said.get("content")):
        terms = Terminology(
            Only(CodeSystem={**broken, "content": content, "supplements": said.get("url")}), supplements=["urn:set"]
        )
        assert terms.validate_in_system(PLANTS, "apple", "Apple").result in (None, False, True)
        found = terms.lookup(PLANTS, "apple")
        assert found is None or found.concept.code
        assert terms.subsumes(PLANTS, "apple", "pear") in (None, "equivalent", "subsumes", "subsumed-by", "not-subsumed")
        for name, op in (("concept", "is-a"), ("code", "regex"), ("child", "exists"), ("display", "="), ("parent", "in")):
            tried(terms, {"compose": {"include": [{"system": PLANTS, "filter": [{"property": name, "op": op, "value": "apple"}]}]}})


@settings(max_examples=30)
@given(group=LINES, unmapped=JSON, ends=JSON)
def test_concept_maps(group: Any, unmapped: Any, ends: Any) -> None:
    broken = {
        "url": "urn:set",
        "sourceUri": ends,
        "targetUri": "urn:set",
        "group": [*group, {"unmapped": unmapped, "element": group}],
    }
    terms = Terminology(Only(ConceptMap=broken))
    for reverse in (False, True):
        assert isinstance(terms.translate(PLANTS, "apple", concept_map=broken, reverse=reverse), list)
        assert isinstance(terms.translate(PLANTS, "apple", target="urn:set", reverse=reverse), list)


@settings(max_examples=30)
@given(concept=st.dictionaries(st.sampled_from(["coding", "text"]), JSON | LINES))
def test_concepts(concept: Json) -> None:
    assert Terminology(Only()).validate_concept({"compose": {"include": [{"system": PLANTS}]}}, concept).result in (
        None,
        False,
        True,
    )


def test_a_listed_concept_without_a_code_is_none() -> None:
    """It does not open the value set to the whole system either."""
    terminology = Terminology(Definitions.base())
    listed = [{"display": "x"}, {"code": {"a": 1}}, {"code": ["b"]}]
    for system in ("http://hl7.org/fhir/administrative-gender", "urn:unknown"):
        assert terminology.expand({"compose": {"include": [{"system": system, "concept": listed}]}}).contains == []
