"""Value sets (FHIR R4, 4.9): whether a code is in one. Yes, no, or not checked with the reason."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology
from tests.spec.fhir.terminology.made import PLANTS, SETS, TOOLS, Json, codes, system, terminology, value_set

SNOMED = "http://snomed.info/sct"
FRUIT = value_set("fruit", include=[{"system": PLANTS, "concept": [{"code": "apple"}, {"code": "pear", "display": "The pear"}]}])
RIPE = value_set("ripe", include=[{"system": PLANTS, "filter": [{"property": "ripe", "op": "=", "value": "10"}]}])
GENDER = "http://hl7.org/fhir/ValueSet/administrative-gender"


def test_a_code_element_takes_its_system_from_the_value_set() -> None:
    verdict = Terminology(Definitions.base()).validate_code(f"{GENDER}|4.0.1", None, "female")
    assert (verdict.result, verdict.system, verdict.display) == (True, "http://hl7.org/fhir/administrative-gender", "Female")
    assert Terminology(Definitions.base()).validate_code(GENDER, None, "Female").result is False


def test_a_value_set_or_a_version_that_is_not_loaded_is_not_checked() -> None:
    terms = terminology()
    assert terms.validate_code(SETS + "none", PLANTS, "apple").message == f"the value set {SETS}none is not loaded"
    verdict = terms.validate_code(f"{GENDER}|3.0.0", None, "female")
    assert (verdict.result, verdict.message) == (None, f"version 3.0.0 of the value set {GENDER} is not loaded")


def test_the_same_code_of_another_system_is_not_in_the_set() -> None:
    assert terminology(FRUIT).validate_code(SETS + "fruit", TOOLS, "apple").result is False


def test_the_display_of_the_value_set_counts_as_well() -> None:
    verdict = terminology(FRUIT).validate_code(SETS + "fruit", PLANTS, "pear", display="the PEAR")
    assert (verdict.display_ok, verdict.display) == (True, "Pear")


def test_all_conditions_of_an_include_must_hold_and_includes_are_joined() -> None:
    both = value_set(
        "both", include=[{"valueSet": [SETS + "fruit", SETS + "ripe"]}, {"system": PLANTS, "concept": [{"code": "cox"}]}]
    )
    terms = terminology(FRUIT, RIPE, both)
    assert codes(terms, SETS + "both") == ["pear", "cox"]
    assert [terms.validate_code(both, PLANTS, code).result for code in ("pear", "apple", "cox")] == [True, False, True]


def test_a_system_together_with_a_value_set_is_their_intersection() -> None:
    narrowed = value_set("narrowed", include=[{"system": PLANTS, "valueSet": [SETS + "ripe"]}])
    assert codes(terminology(RIPE, narrowed), narrowed) == ["pear"]


def test_exclude_takes_away() -> None:
    rest = value_set("rest", include=[{"system": PLANTS}], exclude=[{"valueSet": [SETS + "fruit"]}])
    terms = terminology(FRUIT, rest)
    assert codes(terms, rest) == ["fruit", "cox", "medlar", "tree"]
    assert terms.validate_code(rest, PLANTS, "pear").result is False


def test_inactive_codes_are_left_out_where_the_set_says_so() -> None:
    active = value_set("active", inactive=False, include=[{"system": PLANTS}])
    assert terminology().validate_code(active, PLANTS, "medlar").result is False
    assert "medlar" not in codes(terminology(), active)


def test_listed_codes_of_a_system_that_is_not_loaded_are_in_the_set_and_others_are_not() -> None:
    """The list decides; the system is not needed for it."""
    listed = value_set("listed", include=[{"system": SNOMED, "concept": [{"code": "999480561000087100", "display": "Made up"}]}])
    terms = terminology()
    assert terms.validate_code(listed, SNOMED, "999480561000087100", display="made up").display_ok is True
    assert terms.validate_code(listed, SNOMED, "138875005").result is False


def test_a_listed_code_that_its_complete_system_lacks_is_not_in_the_set() -> None:
    wrong = value_set("wrong", include=[{"system": PLANTS, "concept": [{"code": "plum"}]}])
    assert terminology().validate_code(wrong, PLANTS, "plum").result is False
    assert codes(terminology(), wrong) == []


def test_in_a_set_of_two_systems_only_what_could_hold_the_code_decides() -> None:
    """False only where every include that could hold the code is computable; else not checked, with the reason."""
    mixed = value_set("mixed", include=[{"system": PLANTS}, {"system": SNOMED}])
    terms = terminology()
    assert terms.validate_code(mixed, PLANTS, "pear").result is True
    assert terms.validate_code(mixed, PLANTS, "plum").result is False
    verdict = terms.validate_code(mixed, SNOMED, "138875005")
    assert (verdict.result, verdict.message, verdict.severity) == (None, "SNOMED CT is not loaded", "information")
    assert terms.validate_code(mixed, None, "pear").result is True
    assert terms.validate_code(mixed, None, "plum").result is None


def test_what_is_excluded_by_something_that_is_not_loaded_is_not_checked() -> None:
    doubtful = value_set("doubtful", include=[{"system": PLANTS}], exclude=[{"valueSet": [SETS + "none"]}])
    assert terminology().validate_code(doubtful, PLANTS, "pear").result is None


def test_value_sets_that_import_each_other_are_not_checked() -> None:
    one = value_set("one", include=[{"valueSet": [SETS + "two"]}, {"system": PLANTS, "concept": [{"code": "pear"}]}])
    two = value_set("two", include=[{"valueSet": [SETS + "one"]}])
    verdict = terminology(one, two).validate_code(SETS + "one", PLANTS, "apple")
    assert (verdict.result, verdict.message) == (None, f"the value set {SETS}one imports itself")


def test_imports_that_multiply_are_not_followed() -> None:
    """Sixteen sets that each import the next one twice would be asked 65,536 times."""
    chain = [value_set(f"s{n}", include=[{"valueSet": [f"{SETS}s{n + 1}"]}, {"valueSet": [f"{SETS}s{n + 1}"]}]) for n in range(16)]
    terms = terminology(*chain, value_set("s16", include=[{"system": PLANTS}]))
    verdict = terms.validate_code(SETS + "s0", PLANTS, "plum")
    assert (verdict.result, verdict.message) == (None, f"the value set {SETS}s0 imports too much")
    assert terms.validate_code(SETS + "s10", PLANTS, "plum").result is False


def test_many_regular_expressions_in_one_set_are_not_tried() -> None:
    bomb = {"property": "code", "op": "regex", "value": "(a|aa|b?a)+[^a]"}
    many = value_set("many", include=[{"system": PLANTS, "filter": [bomb] * 5}])
    assert terminology().validate_code(many, PLANTS, "pear").result is None


def test_a_set_by_a_version_of_a_system_that_is_not_loaded_is_not_checked() -> None:
    older = value_set("older", include=[{"system": PLANTS, "version": "1"}])
    assert terminology().validate_code(older, PLANTS, "pear").result is None
    assert terminology().validate_code(value_set("any", include=[{"system": PLANTS}]), PLANTS, "pear", version="2").result is True
    assert terminology().validate_code(value_set("any", include=[{"system": PLANTS}]), PLANTS, "pear", version="1").result is None


def made(*lines: str, **said: Any) -> Json:
    contains = [{"system": SNOMED, "code": code} for code in lines]
    return {
        **value_set("made", include=[{"system": SNOMED}]),
        "expansion": {"timestamp": "2026-01-01", "contains": contains, **said},
    }


def test_an_expansion_that_came_with_the_set_stands_in_where_the_definition_cannot_be_computed() -> None:
    terms = terminology()
    assert terms.validate_code(made("11", "12"), SNOMED, "12").result is True
    assert terms.validate_code(made("11", "12"), SNOMED, "13").result is False
    assert codes(terms, made("11", "12")) == ["11", "12"]


@pytest.mark.parametrize(
    "said",
    [{"total": 9}, {"offset": 4}, {"parameter": [{"name": "filter", "valueString": "x"}]}],
    ids=["page", "later page", "filtered"],
)
def test_an_expansion_that_is_not_whole_can_only_say_yes(said: Json) -> None:
    assert terminology().validate_code(made("11", **said), SNOMED, "11").result is True
    assert terminology().validate_code(made("11", **said), SNOMED, "13").result is None


def test_a_concept_is_in_the_set_where_any_of_its_codings_is() -> None:
    terms = terminology(FRUIT)
    pear, tool = {"system": PLANTS, "code": "pear"}, {"system": TOOLS, "code": "spade"}
    assert terms.validate_concept(SETS + "fruit", {"coding": [tool, pear]}).result is True
    assert terms.validate_concept(SETS + "fruit", {"coding": [tool]}).result is False
    assert terms.validate_concept(SETS + "fruit", {"text": "a pear"}).result is False
    assert terms.validate_concept(SETS + "fruit", {"coding": [{"code": "pear"}]}).result is False


def test_a_concept_is_not_checked_where_no_coding_is_in_the_set_and_one_could_not_be_checked() -> None:
    mixed = value_set("mixed", include=[{"system": PLANTS}, {"system": SNOMED}])
    concept = {"coding": [{"system": SNOMED, "code": "138875005"}, {"system": PLANTS, "code": "plum"}]}
    assert terminology().validate_concept(mixed, concept).result is None


def test_messages_hold_no_code_and_no_display() -> None:
    verdict = terminology(FRUIT).validate_code(SETS + "fruit", PLANTS, "Jane Doe", display="Jane Doe")
    assert verdict.result is False
    assert "Jane" not in repr(verdict)


class Counted:
    """Definitions that tell what was asked of them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def resource(self, kind: str, url: str) -> Json | None:
        self.asked.append((kind, url))
        return Definitions.base().resource(kind, url)

    def every(self, kind: str) -> Iterator[str]:
        return Definitions.base().every(kind)


def test_only_what_is_asked_for_is_read_and_a_second_question_reads_nothing() -> None:
    counted = Counted()
    terms = Terminology(counted)
    assert counted.asked == []
    terms.validate_code(GENDER, None, "female")
    first = len(counted.asked)
    assert first <= 3
    for code in ("male", "female", "other", "none"):
        terms.validate_code(GENDER, None, code)
    assert len(counted.asked) == first


def test_a_system_url_with_a_version_bar_is_read_as_such() -> None:
    barred = value_set("barred", include=[{"system": f"{TOOLS}|1"}])
    terms = terminology(system(TOOLS, "spade", version="1"))
    assert terms.validate_code(barred, TOOLS, "spade").result is True


def test_the_value_set_of_all_codes_that_a_code_system_names_needs_no_resource() -> None:
    """CodeSystem.valueSet, where the two URLs differ as is the custom."""
    owner = system("https://example.org/CodeSystem/colours", "red", valueSet="https://example.org/ValueSet/colours")
    assert terminology(owner).validate_code("https://example.org/ValueSet/colours", None, "red").result is True
    assert terminology(owner).validate_code("http://unitsofmeasure.org/vs", None, "kg").result is True
