"""How likely two Patients are one person: what is compared, what it weighs (Fellegi and Sunter), and when a match is certain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from interop.identity.levels import FIELDS, MISSING, compared
from interop.identity.scoring import Score, probability, score
from interop.identity.weights import weights
from tests.spec.identity.cohorts import FALSE, TRUE, Cohort, numbered
from tests.spec.identity.cohorts import Patient as Resource

NHS = "https://fhir.nhs.uk/Id/nhs-number"
NUMBERED = {
    "resourceType": "Patient",
    "identifier": [{"system": NHS, "value": "9990000018"}],
    "name": [{"family": "Ashdown", "given": ["Mary"]}],
    "birthDate": "1950-02-01",
    "gender": "female",
    "address": [{"line": ["7 Tolpuddle Row"], "postalCode": "QX9 7ZD"}],
    "telecom": [{"system": "phone", "value": "07700 900123"}],
}


@pytest.mark.parametrize(
    ("changed", "field", "level", "certain"),
    [
        ({"birthDate": "1950-01-02"}, "birth", "swapped", False),
        ({"birthDate": "1950-02-11"}, "birth", "typo", False),
        ({"birthDate": "1950-12-01"}, "birth", "typo", False),
        ({"birthDate": "1951-02-28"}, "birth", "differs", False),
        ({"birthDate": "1950-02-28"}, "birth", "near", False),
        ({"birthDate": "1950"}, "birth", "part", False),
        ({"birthDate": "1961-03-04"}, "birth", "differs", False),
        ({"name": [{"family": "ÁSHDOWN", "given": ["mary"]}]}, "family", "exact", True),
        ({"name": [{"family": "Ashdwon", "given": ["Mary"]}]}, "family", "typo", False),
        ({"name": [{"family": "Ashdown-Birch", "given": ["Mary"]}]}, "family", "part", False),
        ({"name": [{"family": "Mary", "given": ["Ashdown"]}]}, "family", "swapped", False),
        ({"name": [{"family": "Birch", "given": ["Tom"]}]}, "family", "differs", False),
        ({"name": [{"family": "Ashdown", "given": ["M"]}]}, "given", "initial", True),
        ({"name": [{"family": "Ashdown", "given": ["Polly"]}]}, "given", "nickname", True),
        ({"name": [{"family": "Ashdown", "given": ["Tom"]}]}, "given", "differs", False),
        ({"name": [{"family": "Ashdown"}]}, "given", None, True),
        ({"identifier": [{"system": NHS, "value": "9990000026"}]}, "number", "differs", False),
        ({"identifier": [{"system": NHS, "value": "9990000081"}]}, "number", "transposed", False),
        ({"identifier": [{"system": NHS, "value": "1111111111"}]}, "number", None, False),
        ({"identifier": [numbered("9990000018", "02")]}, "number", "unverified", True),
        ({"address": [{"postalCode": "qx97zd"}]}, "postcode", "exact", True),
        ({"address": [{"postalCode": "QX9 1AA"}]}, "postcode", "outward", True),
        ({"address": [{"postalCode": "ZX1 1AA", "line": ["9 Quay Hill"]}]}, "address", "differs", True),
        ({"gender": "male"}, "gender", "differs", False),
        ({"gender": "unknown"}, "gender", None, True),
        ({"telecom": [{"system": "phone", "value": "07700-900123"}]}, "telecom", "exact", True),
    ],
)
def test_how_fields_are_compared(changed: dict[str, Any], field: str, level: str | None, certain: bool) -> None:
    one, other = NUMBERED, {**NUMBERED, **changed}
    found = score(one, other, test_numbers=True)
    assert found.compared.get(field) == level
    assert found == score(other, one, test_numbers=True)
    assert (found.grade == "certain") == certain


def test_a_weight_is_the_sum_of_its_fields_and_gives_the_probability() -> None:
    found = score(NUMBERED, {**NUMBERED, "name": [{"family": "Birch", "given": ["Mary"]}]}, test_numbers=True)
    table = weights()
    assert found.weight == pytest.approx(sum(table.bits[each] for each in found.compared.items()), abs=1e-3)
    assert found.value == round(probability(table.prior + found.weight), 4)
    assert probability(0) == 0.5
    assert probability(-1_000) < probability(-10) < probability(10) <= probability(1_000) <= 1


def test_what_is_missing_weighs_nothing() -> None:
    bare = {"resourceType": "Patient"}
    assert score(bare, NUMBERED, test_numbers=True).weight == 0
    assert score(bare, NUMBERED, test_numbers=True).grade == "certainly-not"


def test_a_field_that_agrees_never_weighs_less_than_one_that_does_not() -> None:
    """The nearer the comparison the more it speaks for one person, save for what is rarer by chance than by a slip."""
    table = weights()
    for field, levels in FIELDS.items():
        bits = [table.bits[field, level] for level in levels if level != MISSING]
        assert max(bits) == bits[0] or field in ("family", "given"), field
        assert bits[-1] == min(bits) or field in ("identifier", "number"), field


WORDS = st.text(st.sampled_from("abcdeéøß -'\u0301\u2010zZ1"), max_size=60)
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner),
    max_leaves=6,
)
NAMES = st.lists(
    st.fixed_dictionaries({}, optional={"family": WORDS | JUNK, "given": st.lists(WORDS, max_size=4) | JUNK}), max_size=4
)
PATIENTS = st.fixed_dictionaries(
    {"resourceType": st.just("Patient")},
    optional={
        "name": NAMES | JUNK,
        "birthDate": st.sampled_from(("1950", "1950-02", "1950-02-01", "1950-01-02", "1951-12-31", "")) | JUNK,
        "gender": st.sampled_from(("male", "female", "other")) | JUNK,
        "identifier": st.lists(st.sampled_from([numbered("9990000018"), numbered("9990000026", ""), {"system": "x", "value": "1"}]))
        | JUNK,
        "address": st.lists(st.fixed_dictionaries({"postalCode": WORDS, "line": st.lists(WORDS, max_size=2)}), max_size=3) | JUNK,
        "telecom": st.lists(st.fixed_dictionaries({"value": WORDS}), max_size=3) | JUNK,
    },
)


@given(PATIENTS, PATIENTS)
@example({"resourceType": "Patient", "birthDate": "bb - dd-11"}, {"resourceType": "Patient", "birthDate": "1950-02-01"})
@settings(max_examples=150, deadline=None)
def test_comparing_is_symmetric_always_the_same_and_bears_any_resource(a: Resource, b: Resource) -> None:
    one, other = score(a, b, test_numbers=True), score(b, a, test_numbers=True)
    assert one == other == score(a, b, test_numbers=True)
    assert 0 <= one.value <= 1


def test_the_cost_of_a_comparison_is_bounded() -> None:
    """Whatever a client writes: names, addresses and their lengths are cut."""
    from interop.identity.known import MOST, known_of

    crowd = {
        "resourceType": "Patient",
        "name": [{"family": f"{place}" * 5_000, "given": ["x" * 9_000] * 500} for place in range(2_000)],
        "address": [{"line": ["y" * 9_000], "postalCode": str(place)} for place in range(2_000)],
    }
    known = known_of(crowd, test_numbers=True)
    assert max(len(known.families), len(known.postcodes), len(known.lines)) <= MOST
    assert len(known.given) <= 2 * MOST
    assert all(len(name) <= 90 for name in known.families | known.given | known.lines)


def test_records_of_one_person_outweigh_those_of_two() -> None:
    cohort = Cohort(7)
    right = sorted(pair_weight(two.a, two.b) for two in cohort.true_pairs(300))
    wrong = sorted(pair_weight(two.a, two.b) for two in cohort.false_pairs(len(FALSE) * 20) if two.kind == "same name and birthday")
    assert right[len(right) // 20] > wrong[-1], f"{len(TRUE)} kinds"


def pair_weight(a: Resource, b: Resource) -> float:
    found: Score = score(a, b, test_numbers=True)
    return found.weight


def test_every_field_that_is_compared_is_weighed() -> None:
    from interop.identity.known import Known

    assert set(compared(Known(), Known())) == set(FIELDS)
    assert set(compared(Known(), Known()).values()) == {MISSING}
