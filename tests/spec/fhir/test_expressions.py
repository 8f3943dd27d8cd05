"""The FHIRPath of R4's search parameters is read, and what is outside the subset is refused."""

from __future__ import annotations

import pytest

from interop.fhir import facts
from interop.fhir.searching import indexable
from interop.fhir.searching.expression import Cast, Equals, Extension, Item, ResolvesTo, Step, Union, Unreadable
from interop.fhir.searching.parsing import parse


def test_a_path() -> None:
    assert parse("Encounter.participant.individual") == Union(((Step("Encounter"), Step("participant"), Step("individual")),))


def test_a_union_keeps_its_order() -> None:
    assert parse("Person.name | Patient.name") == Union(((Step("Person"), Step("name")), (Step("Patient"), Step("name"))))


def test_both_ways_of_casting_are_one() -> None:
    assert (
        parse("(Observation.value as Quantity)")
        == parse("Observation.value.as(Quantity)")
        == parse("Observation.value.ofType(Quantity)")
    )


def test_operations_follow_a_bracket() -> None:
    found = parse("(Observation.value as CodeableConcept).text")
    assert found == Union(((Step("Observation"), Step("value"), Cast("CodeableConcept"), Step("text")),))


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("Task.for.where(resolve() is Patient)", ResolvesTo("Patient")),
        ("Patient.telecom.where(system='phone')", Equals("system", "phone")),
        ("Device.extension('http://example.org/din')", Extension("http://example.org/din")),
        ("Bundle.entry[0]", Item(0)),
    ],
)
def test_functions(text: str, last: object) -> None:
    found = parse(text)
    assert isinstance(found, Union)
    assert found.paths[0][-1] == last


@pytest.mark.parametrize(
    "text", ["", "Patient.", "Patient.name.first()", "Patient name", "Patient.where(a=b)", "(Patient", "%context.id", "a | "]
)
def test_what_is_outside_the_subset_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        parse(text)


WITHOUT_ROWS = {
    "_filter": "asks in a language of its own",
    "_query": "names a query, not a value",
    "age": "R4 gives no expression; birthdate tells",
    "birthOrderBoolean": "R4 gives no expression",
}


def test_every_parameter_of_r4_yields_rows() -> None:
    """But for those that R4 describes in words alone."""
    left = {
        code
        for kind in facts.resource_types()
        for code, parameter in facts.search_parameters(kind).items()
        if code not in indexable(kind)
    }
    assert left == WITHOUT_ROWS.keys()
