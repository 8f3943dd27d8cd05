"""The bench of the validator: its resources are sound and distinct, and a wrong judgement fails it. Nothing is measured here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conformance.bench import validate
from conformance.bench.report import WrongOutcome
from conformance.bench.resources import bundles, patients
from interop.fhir.findings import Finding
from interop.fhir.validation import check


def test_patients_are_distinct_and_sound() -> None:
    """No finding, not even a warning; the same seed gives the same."""
    people = patients(3, 200)
    assert people == patients(3, 200)
    assert len({each["identifier"][0]["value"] for each in people}) == len({each["text"]["div"] for each in people}) == 200
    assert [found for each in people for found in check(each)] == []


def test_bundles_hold_fifty_resources_that_refer_to_each_other() -> None:
    """Visits, results, problems and orders of one patient, and each reference leads to an entry."""
    for bundle in bundles(3, 5):
        assert len(bundle["entry"]) == 50
        assert len({entry["fullUrl"] for entry in bundle["entry"]}) == 50
        assert check(bundle) == []


def test_one_resource_in_twenty_is_broken_and_found() -> None:
    """A day that does not exist, in the patient or in the patient of the Bundle."""
    for made in (validate._some_broken(patients(1, 40)), validate._some_broken(bundles(1, 40, 4))):
        assert [broken for _, broken in made].count(True) == 2
        assert all(bool(check(resource)) == broken for resource, broken in made)


@pytest.mark.parametrize("judge", [lambda _: [], lambda _: [Finding("error", "Patient", "value", "is wrong")]])
def test_a_wrong_judgement_fails_the_bench(judge: Callable[[Any], list[Finding]]) -> None:
    """Whether it passes what is broken or fails what is sound."""
    with pytest.raises(WrongOutcome, match="of 40 judged wrongly"):
        validate._rate("Patient", "resources/s", judge, validate._some_broken(patients(1, 40)), 1, 1.0)
