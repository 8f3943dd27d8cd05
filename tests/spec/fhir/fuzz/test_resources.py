"""Whatever JSON a sender writes for a resource, checks answer with findings, never with an exception."""

from __future__ import annotations

import json
import random
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.errors import Problem
from interop.fhir.definitions import Definitions
from interop.fhir.documents import read
from interop.fhir.findings import Finding
from interop.fhir.references import references
from interop.fhir.searching import index_rows
from interop.fhir.terminology import Terminology
from interop.fhir.validation import check
from interop.fhir.validation.validator import Validator
from interop.fhir.xml import from_xml, read_resource_xml, to_xml
from tests.spec.fhir.fuzz.mutating import WEIRD, copied, made, mutated
from tests.spec.fhir.xml_json.making import exact

SEEDS = st.integers(0, 2**32)
ANY_JSON = st.recursive(
    st.sampled_from(WEIRD) | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["resourceType", "id", "name", "extension", "url", "_id", "contained", "meta", "x"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@cache
def validator() -> Validator:
    base = Definitions.base()
    return Validator(base, Terminology(base), must_support=True)


def broken(seed: int) -> Any:
    chance = random.Random(seed)
    return mutated(made(chance), chance, chance.randrange(1, 6))


def assert_findings(findings: list[Finding]) -> None:
    assert all(isinstance(each, Finding) and each.severity in ("error", "warning", "information") for each in findings)


@given(SEEDS)
def test_the_structural_check_answers_broken_resources(seed: int) -> None:
    assert_findings(check(broken(seed)))


@given(SEEDS)
@settings(max_examples=60)
def test_the_validator_answers_broken_resources(seed: int) -> None:
    assert_findings(validator().validate(broken(seed)))


@given(ANY_JSON)
def test_checks_answer_any_json(value: Any) -> None:
    assert_findings(check(value))
    assert_findings(validator().validate(value))


@pytest.mark.parametrize("weird", range(len(WEIRD)))
def test_checks_answer_each_odd_value_in_each_member_of_a_patient(weird: int) -> None:
    """Once with the value in place of the member, once within its array or object."""
    for name in (
        "resourceType",
        "id",
        "meta",
        "text",
        "contained",
        "extension",
        "identifier",
        "name",
        "birthDate",
        "_birthDate",
        "link",
    ):
        value = copied(WEIRD[weird])
        for each in (
            value,
            [value],
            {"extension": [value], "id": value, "system": value, "value": value, "coding": value, "div": value},
        ):
            resource = {"resourceType": "Patient", "active": True, name: each}
            assert_findings(check(resource))
            assert_findings(validator().validate(resource))


@given(SEEDS)
def test_xml_is_written_whole_or_refused(seed: int) -> None:
    """What is written reads as the same; the rest is a Problem with its place."""
    resource = broken(seed)
    try:
        body = to_xml(resource)
    except Problem:
        return
    again = from_xml(body)
    assert to_xml(again) == body
    assert exact(from_xml(to_xml(again))) == exact(again)


@given(SEEDS)
def test_broken_xml_is_read_or_refused(seed: int) -> None:
    chance = random.Random(seed)
    body = bytearray(to_xml(made(chance)))
    for _ in range(chance.randrange(1, 8)):
        at = chance.randrange(len(body))
        piece = chance.choice(
            (b"<", b">", b"/", b'"', b"&", b"<a>", b"</", b"<!--", b"]]>", b"<div>", b"x:", b"\xff", b" ", b"value", b"")
        )
        body[at : at + chance.randrange(6)] = piece
    try:
        resource, findings = read_resource_xml(bytes(body))
    except Problem:
        return
    assert_findings(findings)
    assert_findings(check(resource))


@given(SEEDS)
def test_broken_json_is_read_or_told(seed: int) -> None:
    chance = random.Random(seed)
    text = json.dumps(made(chance), default=str, indent=chance.choice((None, 1)))
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(text))
        piece = chance.choice(
            ("{", "}", "[", "]", ",", ":", '"', "'", "//", "/*", "*/", "\\", "\\u12", "nul", "1e", "-", "\x00", "", "\n")
        )
        text = text[:at] + piece + text[at + chance.randrange(6) :]
    for document in read(text.encode("utf-8", "surrogatepass"), "a file"):
        assert_findings(document.findings)
        assert document.resource is not None or document.findings


@given(SEEDS)
def test_what_is_indexed_is_indexed_without_an_exception_where_the_check_passes(seed: int) -> None:
    resource = broken(seed)
    if any(each.severity == "error" for each in check(resource)):
        return
    list(references(resource))
    index_rows(resource)
