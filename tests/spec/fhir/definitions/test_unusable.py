"""A profile that does not fit its base cannot be used, and the reason names profile and element."""

from __future__ import annotations

import time
from typing import Any

import pytest

from interop.fhir.definitions import Definitions, Unusable
from tests.spec.fhir.definitions.making import HERE, R4, element, profile

Json = dict[str, Any]
BY_TEXT = {"discriminator": [{"type": "value", "path": "text"}], "rules": "open"}


def reason(*structures: Json) -> str:
    with pytest.raises(Unusable) as caught:
        Definitions.base().with_resources(structures).snapshot(structures[-1]["url"])
    return caught.value.reason


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (element("Patient.colour", min=1), "Patient.colour: the base has no such element"),
        (element("Patient.name.colour", min=1), "Patient.name.colour: the base has no such element"),
        (element("Patient.deceasedString", min=1), "Patient.deceasedString: the base has no such element"),
        (element("Patient.name", type=[{"code": "Address"}]), "Patient.name: type Address is not one of the base's"),
        (element("Patient.name", min=2, max="1"), "Patient.name: min is more than max"),
        (element("Patient.name", min="1"), "Patient.name: min is no number"),
        (element("Observation.status", min=1), "Observation.status is not below Patient"),
        ({"id": "Patient..name", "path": "Patient..name"}, "an element without a path"),
        ({"id": "Patient.name"}, "an element without a path"),
        (element("Patient", slicing=BY_TEXT), "Patient: the root cannot be sliced"),
        (element("Patient.name", slicing={"discriminator": [{"type": "colour"}]}), "Patient.name: is sliced by an unknown"),
        (element("Patient.name", constraint=3), "its differential is malformed"),
    ],
)
def test_what_does_not_fit_is_refused(said: Json, why: str) -> None:
    told = reason(profile("Patient", element("Patient"), said))
    assert told.startswith(HERE + "profile: ")
    assert why in told


def test_several_slices_and_no_word_by_what() -> None:
    told = reason(profile("Patient", element("Patient.name:one"), element("Patient.name:other")))
    assert told.endswith("Patient.name: has slices, and nothing says by what")


def test_an_unknown_base() -> None:
    told = reason(profile("Patient", element("Patient.name"), base=HERE + "none"))
    assert told == f"{HERE}profile: {HERE}none: unknown"


def test_a_base_of_another_type() -> None:
    assert "its elements are below Patient" in reason(profile("Patient", element("Patient.name"), base=R4 + "Observation"))


def test_a_profile_that_is_its_own_base() -> None:
    one = profile("Patient", element("Patient.name"), name="one", base=HERE + "other")
    other = profile("Patient", element("Patient.name"), name="other", base=HERE + "one")
    assert "is based on itself" in reason(one, other)


def test_neither_snapshot_nor_base() -> None:
    said = profile("Patient", element("Patient.name"))
    del said["baseDefinition"]
    assert reason(said).endswith("has neither snapshot nor base")


def test_the_reason_is_among_the_problems_once() -> None:
    definitions = Definitions.base().with_resources([profile("Patient", element("Patient.colour"))])
    for _ in range(2):
        with pytest.raises(Unusable):
            definitions.snapshot(HERE + "profile")
    assert definitions.problems == [(HERE + "profile", "Patient.colour: the base has no such element")]


@pytest.mark.parametrize(
    ("said", "kept", "told"),
    [
        (element("Patient.link.other", min=0), {"min": 1, "max": "1"}, "min 0 is less than the base's, 1 counts"),
        (element("Patient.gender", max="*"), {"min": 0, "max": "1"}, "max * is more than the base's, 1 counts"),
    ],
)
def test_a_cardinality_wider_than_the_bases_is_told_and_the_bases_counts(said: Json, kept: Json, told: str) -> None:
    """What conforms to a profile conforms to its base; published profiles do repeat a wider one."""
    definitions = Definitions.base().with_resources([profile("Patient", said)])
    made = {each["id"]: each for each in definitions.snapshot(HERE + "profile")}
    assert kept.items() <= made[said["id"]].items()
    assert definitions.problems == [(HERE + "profile", f"{said['id']}: {told}")]


@pytest.mark.parametrize(
    "said",
    [
        {"min": "1"},
        {"max": 1},
        {"type": "string"},
        {"type": ["string"]},
        {"type": [{"code": 3}]},
        {"type": [{"code": "Reference", "targetProfile": "Patient"}]},
        {"constraint": [{"expression": "true"}]},
        {"binding": [{"strength": "required"}]},
        {"slicing": {"discriminator": [{"type": "value", "path": 3}]}},
    ],
)
def test_a_malformed_snapshot(said: Json) -> None:
    elements = [{"id": "Patient", "path": "Patient"}, {"id": "Patient.name", "path": "Patient.name", **said}]
    told = reason(profile("Patient", snapshot={"element": elements}))
    assert told.endswith("Patient.name: the element is malformed")


def test_a_snapshot_without_paths() -> None:
    assert "has no path" in reason(profile("Patient", snapshot={"element": [3]}))


def test_the_cost_of_a_hostile_differential_is_bounded() -> None:
    slices = [element(f"Patient.contact:{number}", min=0) for number in range(15_000)]
    start = time.process_time()
    told = reason(profile("Patient", element("Patient.contact", slicing=BY_TEXT), *slices))
    assert "too many elements" in told
    assert time.process_time() - start < 5


def test_a_path_is_at_most_so_deep() -> None:
    assert "too deep" in reason(profile("Patient", element("Patient" + ".extension" * 100, min=0)))
