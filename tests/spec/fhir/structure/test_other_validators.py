"""Two other validators judge the same changed resources; where they differ from ours, the reason is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError
from pyrofile_validator import Validator

from interop.fhir.findings import failed
from interop.fhir.validation import check
from tests.spec.fhir.structure.mutations import Mutation, mutations, resources

pytestmark = pytest.mark.long
Reasons = dict[str, str]

MODELS: Reasons = {
    "blank within": "takes two blanks and blanks in addresses: its patterns are searched for, and uri has none",
    "blanks at the end": "trims nothing and matches no pattern of uri",
    "empty array": "takes it for an element that is left out",
    "empty object": "knows no ele-1",
    "empty text": "takes it in uri and xhtml",
    "left out": "knows neither ele-1 nor invariants: a code without its system, a telecom without, a coding of nothing",
    "negative": "knows no tim-5",
    "null": "takes it for an element that is left out",
    "null in an array": "does not ask for the extension that must stand beside it",
    "unknown code": "holds no value sets",
    "wrong JSON type": "makes numbers, booleans and times of texts and of numbers",
}
"""fhir.resources R4B lets these pass. R4B has the structures of R4 for the five types that are changed here."""

PROFILES = {
    "array for object",
    "blank within",
    "blanks at the end",
    "day that does not exist",
    "empty array",
    "empty object",
    "empty text",
    "fraction",
    "left out",
    "negative",
    "no zone",
    "null",
    "null in an array",
    "object for array",
    "object for primitive",
    "text for object",
    "unknown code",
    "unknown element",
    "words for a date",
    "wrong JSON type",
}
"""pyrofile-validator lets these pass in most types, for it looks into the datatypes and codes of few."""
STRICTER = ["left out Encounter.subject"]
"""And holds an element for mandatory that is 0..1 in R4."""


def by_models(resource: dict[str, Any]) -> bool:
    """Whether fhir.resources refuses it."""
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(resource)
    except ValidationError:
        return True
    return False


_other = Validator()


def by_profiles(resource: dict[str, Any]) -> bool:
    """Whether pyrofile-validator finds an error, or breaks."""
    try:
        return bool(_other.validate_resource(resource).errors)
    except TypeError:
        return True


def ours(mutation: Mutation) -> bool:
    return failed(check(mutation.resource))


def compared(other: Callable[[dict[str, Any]], bool], skip: frozenset[str]) -> tuple[set[str], list[str]]:
    """The kinds of change that ours alone refuses, and what the other alone refuses."""
    more: set[str] = set()
    less: list[str] = []
    for each in mutations():
        if each.resource["resourceType"] in skip:
            continue
        mine, theirs = ours(each), other(each.resource)
        if mine and not theirs:
            more.add(each.kind)
        elif theirs and not mine:
            less.append(f"{each.kind} {each.path}")
    return more, less


def test_all_three_take_the_sound_resources() -> None:
    for each in resources():
        assert check(each) == []
        assert not by_models(each)
        assert each["resourceType"] == "MedicationRequest" or not by_profiles(each)


def test_the_models_refuse_nothing_that_ours_takes() -> None:
    more, less = compared(by_models, frozenset())
    assert less == []
    assert more == MODELS.keys()


def test_the_profile_validator_refuses_nothing_that_ours_takes() -> None:
    """MedicationRequest apart, for it does not know Dosage.text."""
    more, less = compared(by_profiles, frozenset({"MedicationRequest"}))
    assert less == STRICTER
    assert more == PROFILES


@pytest.mark.parametrize(
    "kind", ["unknown element", "day that does not exist", "null", "empty object", "text for object", "no zone"]
)
def test_ours_refuses_every_change_of_these_kinds(kind: str) -> None:
    made = [each for each in mutations() if each.kind == kind]
    assert made
    assert [each.path for each in made if not ours(each)] == []
