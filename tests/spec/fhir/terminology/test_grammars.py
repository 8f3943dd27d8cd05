"""Code systems that a grammar defines: judged by rule as far as the rule is sound (FHIR R4, 4.3.0, code systems of others)."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology
from interop.fhir.terminology.grammars import media_type
from interop.fhir.terminology.lists import COUNTRIES, CURRENCIES
from tests.spec.fhir.terminology.made import value_set

TERMS = Terminology(Definitions.base())
SETS = "http://hl7.org/fhir/ValueSet/"


@pytest.mark.parametrize(
    ("system", "code", "expected"),
    [
        ("urn:ietf:bcp:13", "text/plain", True),
        ("urn:ietf:bcp:13", "application/fhir+json; fhirVersion=4.0; charset=utf-8", True),
        ("urn:ietf:bcp:13", "application/x+xml; variant=two words/slash", True),
        ("urn:ietf:bcp:13", "json", True),
        ("urn:ietf:bcp:13", "plain text", False),
        ("urn:ietf:bcp:13", "text/", False),
        ("urn:ietf:bcp:13", "text/plain; charset", False),
        ("urn:ietf:bcp:47", "cy", True),
        ("urn:ietf:bcp:47", "en-GB", True),
        ("urn:ietf:bcp:47", "zh-Hant-TW", True),
        ("urn:ietf:bcp:47", "de-CH-1996", True),
        ("urn:ietf:bcp:47", "x-clinic", True),
        ("urn:ietf:bcp:47", "es-419", True),
        ("urn:ietf:bcp:47", "qq", False),
        ("urn:ietf:bcp:47", "en-QQ-x", False),
        ("urn:ietf:bcp:47", "en_GB", False),
        ("urn:ietf:bcp:47", "bfi", None),
        ("urn:iso:std:iso:3166", "GB", True),
        ("urn:iso:std:iso:3166", "UK", False),
        ("urn:iso:std:iso:3166", "GBR", None),
        ("urn:iso:std:iso:3166", "gb", False),
        ("urn:iso:std:iso:3166:-2", "GB-WLS", None),
        ("urn:iso:std:iso:3166:-2", "Wales", False),
        ("urn:iso:std:iso:4217", "GBP", True),
        ("urn:iso:std:iso:4217", "SLE", True),
        ("urn:iso:std:iso:4217", "GBX", False),
        ("urn:ietf:rfc:3986", "urn:oid:1.2.3", True),
        ("urn:ietf:rfc:3986", "https://example.org/a?b=%20#c", True),
        ("urn:ietf:rfc:3986", "not a uri", False),
        ("http://unitsofmeasure.org", "mm[Hg]", True),
        ("http://unitsofmeasure.org", "mmHg", False),
        ("http://unitsofmeasure.org", "10*3/uL", True),
    ],
)
def test_by_rule(system: str, code: str, expected: bool | None) -> None:
    """Three-letter languages and countries have a shape only: whether they are in use is not known here."""
    assert TERMS.validate_in_system(system, code).result is expected


def test_a_regular_expression_over_a_grammar_refuses_and_leaves_open() -> None:
    """R4's three-letter countries: what does not match is out, what matches is not known."""
    assert TERMS.validate_code(SETS + "iso3166-1-3", None, "GB").result is False
    assert TERMS.validate_code(SETS + "iso3166-1-3", None, "GBR").result is None


def test_units_that_measure_the_same() -> None:
    """UCUM's filter ``canonical``."""
    times = value_set(
        "times", include=[{"system": "http://unitsofmeasure.org", "filter": [{"property": "canonical", "op": "=", "value": "s"}]}]
    )
    assert TERMS.validate_code(times, "http://unitsofmeasure.org", "min").result is True
    assert TERMS.validate_code(times, "http://unitsofmeasure.org", "kg").result is False


def test_every_code_is_answered_again_and_again() -> None:
    """The time that one regular expression may take is for one code, not for the life of the value set."""
    for letters in ("ABC", "abc") * 300:
        assert TERMS.validate_code(SETS + "iso3166-1-3", None, letters + "\u0020").result is False


def _package(shared: Callable[[str], Path], package: str, name: str) -> list[str]:
    with tarfile.open(shared(f"reference/{package}")) as archive:
        member = next(each for each in archive.getmembers() if each.name.endswith(f"package/{name}"))
        stream = archive.extractfile(member)
        assert stream is not None
        resource = json.load(stream)
    if "expansion" in resource:
        return [each["code"] for each in resource["expansion"]["contains"]]
    return [each["code"] for include in resource["compose"]["include"] for each in include["concept"]]


def test_the_lists_hold_what_r4_lists(shared: Callable[[str], Path]) -> None:
    """ISO 4217 has moved on since R4: our list adds what came later and drops nothing."""
    assert set(_package(shared, "hl7.fhir.r4.core-4.0.1.tgz", "ValueSet-iso3166-1-2.json")) == COUNTRIES
    then = set(_package(shared, "hl7.fhir.r4.expansions.tgz", "ValueSet-currencies.json"))
    assert then <= CURRENCIES
    assert sorted(CURRENCIES - then) == ["SLE", "UYW", "VED", "VES", "XAD", "XCG", "ZWG"]


@pytest.mark.parametrize("name", ["ucum-common", "ucum-vitals-common", "ucum-bodyweight", "all-time-units", "languages"])
def test_what_r4_lists_by_hand_obeys_the_grammar(name: str) -> None:
    resource = Definitions.base().resource("ValueSet", SETS + name) or {}
    for include in resource["compose"]["include"]:
        for each in include.get("concept", ()):
            # R4 lists units with a space in an annotation, and with an annotation after a bracket.
            if " " not in each["code"] and "){" not in each["code"]:
                assert TERMS.validate_in_system(include["system"], each["code"]).result is True, each["code"]


def test_a_list_of_a_value_set_goes_before_a_grammar() -> None:
    """Whatever the grammar says, what the set lists is in it."""
    odd = value_set("odd", include=[{"system": "http://unitsofmeasure.org", "concept": [{"code": "five apples"}]}])
    assert TERMS.validate_in_system("http://unitsofmeasure.org", "five apples").result is False
    assert TERMS.validate_code(odd, "http://unitsofmeasure.org", "five apples").result is True
    assert [each.code for each in TERMS.expand(odd).contains] == ["five apples"]


def test_a_text_that_is_too_long_for_a_media_type_is_none_and_soon_told() -> None:
    assert media_type("a/b;a=" + "x" * 900) is True
    began = perf_counter()
    assert media_type("a/b;a=" + " " * 1_000_000 + "\x00") is False
    assert perf_counter() - began < 1
