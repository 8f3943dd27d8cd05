"""Code systems (FHIR R4, 4.8): what is a code of one, and what is known of it."""

from __future__ import annotations

import pytest

from tests.spec.fhir.terminology.made import PLANTS, Json, codes, filtered, system, terminology

OTHER = "https://example.org/CodeSystem/other"


def test_a_complete_system_knows_its_codes_and_refuses_all_others() -> None:
    terms = terminology()
    assert terms.validate_in_system(PLANTS, "pear").result is True
    assert terms.validate_in_system(PLANTS, "plum").result is False


@pytest.mark.parametrize(
    ("content", "reason"),
    [("fragment", "only some of the codes"), ("example", "only examples of the codes")],
)
def test_a_partial_system_knows_its_codes_and_cannot_tell_of_others(content: str, reason: str) -> None:
    terms = terminology(system(OTHER, "a", content=content))
    assert terms.validate_in_system(OTHER, "a").result is True
    verdict = terms.validate_in_system(OTHER, "b")
    assert (verdict.result, verdict.severity) == (None, "information")
    assert reason in verdict.message


def test_a_system_without_its_codes_is_not_loaded() -> None:
    terms = terminology({"resourceType": "CodeSystem", "url": OTHER, "content": "not-present"})
    assert terms.validate_in_system(OTHER, "a").message == f"the code system {OTHER} is not loaded"
    assert not terms.knows(OTHER)
    assert terms.knows(PLANTS)


def test_a_system_that_only_the_code_names_is_not_repeated() -> None:
    """Messages may be logged: they hold no value of the resource."""
    verdict = terminology().validate_in_system("urn:of:jane:doe", "a")
    assert (verdict.result, verdict.message) == (None, "the code system is not loaded")


def test_a_supplement_and_a_value_set_are_no_code_systems() -> None:
    terms = terminology(system(OTHER, "apple", content="supplement", supplements=PLANTS))
    assert terms.validate_in_system(OTHER, "apple").result is False
    verdict = terms.validate_in_system("http://hl7.org/fhir/ValueSet/administrative-gender", "male")
    assert verdict.result is False
    assert "is a value set, not a code system" in verdict.message


@pytest.mark.parametrize(
    ("said", "accepted"), [(True, False), (False, True), (None, True)], ids=["case counts", "case does not count", "nobody says"]
)
def test_other_case_is_accepted_unless_the_system_says_that_case_counts(said: bool | None, accepted: bool) -> None:
    """CodeSystem.caseSensitive: where it is absent, codes are accepted in any case."""
    resource = system(OTHER, "aB")
    resource["caseSensitive"] = said
    assert terminology(resource).validate_in_system(OTHER, "AB").result is accepted


def test_a_version_that_is_not_loaded_is_not_checked() -> None:
    terms = terminology()
    assert terms.validate_in_system(PLANTS, "pear", version="2").result is True
    verdict = terms.validate_in_system(PLANTS, "pear", version="3")
    assert (verdict.result, verdict.message) == (None, f"that version of the code system {PLANTS} is not loaded")


def test_displays_are_compared_with_every_text_without_case_and_spaces() -> None:
    terms = terminology()
    for display, fits in {"apple": True, " APPLE ": True, "Afal": True, "Pomme": False}.items():
        assert terms.validate_in_system(PLANTS, "apple", display).display_ok is fits
    assert terms.validate_in_system(PLANTS, "apple").display_ok is None


def test_a_wrong_display_is_a_warning_and_does_not_repeat_it() -> None:
    verdict = terminology().validate_in_system(PLANTS, "apple", "Sir Name")
    assert (verdict.result, verdict.display, verdict.severity) == (True, "Apple", "warning")
    assert "Name" not in verdict.message


def test_an_inactive_code_is_one_and_is_told() -> None:
    verdict = terminology().validate_in_system(PLANTS, "medlar")
    assert (verdict.result, verdict.inactive, verdict.status, verdict.severity) == (True, True, "retired", "warning")


def test_an_abstract_code_groups_others_and_is_no_value() -> None:
    """``notSelectable``, whatever the system calls that property: a code of the system, but no value of a value set."""
    verdict = terminology().validate_in_system(PLANTS, "fruit")
    assert (verdict.result, verdict.severity) == (True, "warning")
    assert "abstract" in verdict.message
    assert terminology().validate_code({"compose": {"include": [{"system": PLANTS}]}}, PLANTS, "fruit").result is False


def test_lookup_gives_texts_properties_parents_and_children() -> None:
    found = terminology().lookup(PLANTS, "apple")
    assert found is not None
    assert (found.concept.display, found.version, found.parents, found.children) == ("Apple", "2", ["fruit", "tree"], ["cox"])
    assert found.properties == [("ripe", 9)]
    assert [each.text for each in found.concept.designations] == ["Afal"]
    assert terminology().lookup(PLANTS, "plum") is None


@pytest.mark.parametrize(
    ("a", "b", "outcome"),
    [
        ("apple", "apple", "equivalent"),
        ("fruit", "cox", "subsumes"),
        ("cox", "fruit", "subsumed-by"),
        ("tree", "cox", "subsumes"),
        ("pear", "cox", "not-subsumed"),
        ("pear", "plum", None),
    ],
)
def test_subsumption_follows_nesting_and_child_properties(a: str, b: str, outcome: str | None) -> None:
    assert terminology().subsumes(PLANTS, a, b) == outcome


def test_subsumption_cannot_be_told_where_the_hierarchy_is_not_is_a() -> None:
    resource: Json = {**system(OTHER), "hierarchyMeaning": "part-of", "concept": [{"code": "a", "concept": [{"code": "b"}]}]}
    assert terminology(resource).subsumes(OTHER, "a", "b") is None


@pytest.mark.parametrize(
    ("name", "op", "value", "expected"),
    [
        ("concept", "is-a", "apple", ["apple", "cox"]),
        ("concept", "descendent-of", "apple", ["cox"]),
        ("concept", "is-not-a", "apple", ["fruit", "pear", "medlar", "tree"]),
        ("concept", "generalizes", "cox", ["fruit", "apple", "cox", "tree"]),
        ("concept", "child-of", "apple", ["cox"]),
        ("concept", "descendent-leaf", "fruit", ["cox", "pear", "medlar"]),
        ("code", "regex", "p.*|c[aeiou]x", ["cox", "pear"]),
        ("code", "regex", "ppl", []),
        ("code", "in", "pear, cox,plum", ["cox", "pear"]),
        ("code", "not-in", "pear,cox,tree,medlar", ["fruit", "apple"]),
        ("ripe", "=", "9", ["apple"]),
        ("ripe", "exists", "true", ["apple", "pear"]),
        ("ripe", "exists", "false", ["fruit", "cox", "medlar", "tree"]),
        ("parent", "=", "apple", ["cox"]),
        ("child", "=", "cox", ["apple"]),
        ("display", "regex", "C.*", ["cox"]),
        ("notSelectable", "=", "true", ["fruit"]),
    ],
)
def test_filters(name: str, op: str, value: str, expected: list[str]) -> None:
    """FilterOperator; a regular expression matches the whole value."""
    assert codes(terminology(), filtered(name, op, value)) == expected


@pytest.mark.parametrize(
    ("op", "value"), [("regex", "("), ("regex", "a" * 2000), ("about", "x")], ids=["no expression", "too long", "no operator"]
)
def test_a_filter_that_cannot_be_computed_leaves_the_code_unchecked(op: str, value: str) -> None:
    assert terminology().validate_code(filtered("code", op, value), PLANTS, "pear").result is None


def test_a_regular_expression_that_explodes_is_given_up() -> None:
    """The code is then not checked; it is never passed or failed because time ran out."""
    bomb = "(a|aa|b?a)+(a|a?a)+[^a]"
    slow = terminology(system(OTHER, "a" * 200))
    wanted: Json = {"compose": {"include": [{"system": OTHER, "filter": [{"property": "code", "op": "regex", "value": bomb}]}]}}
    verdict = slow.validate_code(wanted, OTHER, "a" * 200)
    assert (verdict.result, verdict.message) == (None, "a regular expression takes too long")


def test_a_circle_of_parents_does_no_harm() -> None:
    resource = system(OTHER)
    resource["concept"] = [
        {"code": "a", "property": [{"code": "parent", "valueCode": "b"}]},
        {"code": "b", "property": [{"code": "parent", "valueCode": "a"}]},
    ]
    assert terminology(resource).subsumes(OTHER, "a", "b") == "subsumes"


def test_a_supplement_adds_texts_where_it_is_asked_for() -> None:
    """CodeSystem.content supplement; ``valueset-supplement`` or the ``supplements`` option name it."""
    extra = {
        "resourceType": "CodeSystem", "url": OTHER, "content": "supplement", "supplements": PLANTS,
        "concept": [{"code": "pear", "designation": [{"language": "fr", "value": "Poire"}]}],
    }  # fmt: skip
    extension = {"url": "http://hl7.org/fhir/StructureDefinition/valueset-supplement", "valueCanonical": OTHER}
    asking: Json = {"extension": [extension], "compose": {"include": [{"system": PLANTS}]}}
    plain: Json = {"compose": {"include": [{"system": PLANTS}]}}
    assert terminology(extra).validate_code(asking, PLANTS, "pear", display="Poire").display_ok is True
    assert terminology(extra).validate_code(plain, PLANTS, "pear", display="Poire").display_ok is False
    assert terminology(extra, supplements=[OTHER]).validate_code(plain, PLANTS, "pear", display="Poire").display_ok is True
    verdict = terminology().validate_code(asking, PLANTS, "pear")
    assert (verdict.result, verdict.message) == (None, f"the supplement {OTHER} is not loaded")
