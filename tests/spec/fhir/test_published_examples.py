"""The examples that UK Core publishes keep to base R4, and each is found by what it says."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from interop.fhir import facts
from interop.fhir.findings import ERROR
from interop.fhir.references import references
from interop.fhir.searching import index_rows
from interop.fhir.validation import check
from interop.fhir.xml import from_xml

FLAWED = {
    "Extension-UKCore-ConditionEpisode-Example.xml": "Condition.extension.value[x]",
    "UKCore-Provenance-RARecordConsent-Example.xml": "Provenance.agent.onBehalfOf",
    "UKCore-Bundle-NEWS2Observations-Example.xml": "Bundle.entry.fullUrl",
}
"""Published with a mistake: two forms of a value; a reference to a StructureDefinition; relative addresses of entries."""


@pytest.fixture(scope="module")
def examples(shared: Callable[[str], Path]) -> dict[str, dict[str, Any]]:
    found = {}
    with tarfile.open(shared("reference/uk-core-r4.tgz")) as archive:
        for member in archive:
            if member.name.startswith("./examples/") and member.name.endswith(".xml"):
                stream = archive.extractfile(member)
                assert stream
                found[member.name.removeprefix("./examples/")] = from_xml(stream.read())
    assert len(found) > 200
    return found


def test_they_keep_to_r4(examples: dict[str, dict[str, Any]]) -> None:
    said: dict[str, set[str]] = {}
    for name, example in examples.items():
        for each in check(example):
            if each.severity == ERROR:
                said.setdefault(name, set()).add(re.sub(r"\[\d+\]", "", each.expression))
    assert said == {name: {where} for name, where in FLAWED.items()}


def test_whoever_names_a_patient_is_found_by_the_patient(examples: dict[str, dict[str, Any]]) -> None:
    """Each reference at an element of the ``patient`` parameter has its row."""
    met = 0
    for example in examples.values():
        kind = example["resourceType"]
        parameter = facts.search_parameters(kind).get("patient")
        starts = {f"{kind}.subject", f"{kind}.patient", f"{kind}.for", f"{kind}.beneficiary"}
        for path, literal in references(example):
            if parameter and path in starts and path in parameter.expression and "Patient/" in literal and literal[0] != "#":
                met += 1
                assert literal in {row.a for row in index_rows(example, frozenset(("patient",)))}
    assert met > 50


def test_every_row_is_of_a_parameter_of_the_type(examples: dict[str, dict[str, Any]]) -> None:
    for example in examples.values():
        rows = index_rows(example)
        assert len(rows) == len(set(rows))
        assert {row.parameter for row in rows} <= facts.search_parameters(example["resourceType"]).keys()
