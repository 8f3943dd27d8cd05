"""Expansions (FHIR R4, ValueSet/$expand): all codes of a value set, and that they agree with validate-code."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Expansion, Terminology, TooCostly, Uncomputable
from tests.spec.fhir.terminology.made import PLANTS, Json, codes, system, terminology, value_set

ALL = value_set("all", include=[{"system": PLANTS}])
MANY = "https://example.org/CodeSystem/many"


def test_an_expansion_is_flat_in_the_order_of_the_system_each_code_once() -> None:
    twice = value_set("twice", include=[{"system": PLANTS, "concept": [{"code": "pear"}]}, {"system": PLANTS}])
    assert codes(terminology(), twice) == ["pear", "fruit", "apple", "cox", "medlar", "tree"]


def test_abstract_and_inactive_codes_are_marked() -> None:
    expansion = terminology().expand(ALL)
    assert [each.code for each in expansion.contains if each.abstract] == ["fruit"]
    assert [each.code for each in expansion.contains if each.inactive] == ["medlar"]
    assert "medlar" not in [each.code for each in terminology().expand(ALL, active_only=True).contains]


def test_pages_have_the_total_of_the_whole() -> None:
    page = terminology().expand(ALL, offset=1, count=2)
    assert ([each.code for each in page.contains], page.total, page.offset) == (["apple", "cox"], 6, 1)
    with pytest.raises(ValueError):
        terminology().expand(ALL, offset=-1)


def test_text_is_found_in_displays_and_codes() -> None:
    assert [each.code for each in terminology().expand(ALL, filter="orange COX").contains] == ["cox"]
    assert terminology().expand(ALL, filter="plum").total == 0


def test_as_a_resource() -> None:
    resource = terminology().expansion_resource(ALL, timestamp="2026-04-01T10:00:00Z", filter="pea")
    assert resource["url"] == ALL["url"]
    assert resource["expansion"] == {
        "timestamp": "2026-04-01T10:00:00Z",
        "total": 1,
        "offset": 0,
        "parameter": [
            {"name": "used-codesystem", "valueUri": f"{PLANTS}|2"},
            {"name": "filter", "valueString": "pea"},
        ],
        "contains": [{"system": PLANTS, "code": "pear", "version": "2", "display": "Pear"}],
    }


def test_what_cannot_be_computed_says_which_part() -> None:
    mixed = value_set("mixed", include=[{"system": PLANTS}, {"system": "http://snomed.info/sct"}])
    with pytest.raises(Uncomputable) as raised:
        terminology().expand(mixed)
    assert raised.value.reasons == ["SNOMED CT is not loaded"]
    with pytest.raises(Uncomputable, match="is not loaded"):
        terminology().expand("https://example.org/ValueSet/none")


def test_large_sets_are_given_by_page_only() -> None:
    terms = terminology(system(MANY, *(f"c{number}" for number in range(10_001))))
    many = value_set("many", include=[{"system": MANY}])
    with pytest.raises(TooCostly) as raised:
        terms.expand(many)
    assert raised.value.limit == 10_000
    assert terms.expand(many, count=1, offset=10_000).contains[0].code == "c10000"
    assert terms.expand(many, count=0).total == 10_001


def disagreements(terms: Terminology, url: str) -> list[str]:
    """What an expansion and validate-code say differently: codes of the expansion (abstract ones are no values) and codes like them
    that are not in it."""
    try:
        expansion: Expansion = terms.expand(url)
    except Uncomputable:
        return []
    known = {(each.system, each.code) for each in expansion.contains}
    wrong = [each.code for each in expansion.contains if terms.validate_code(url, each.system, each.code).result is each.abstract]
    others = (
        {(name, code + "~") for name, code in known}
        | {(name, "") for name, _ in known}
        | {("urn:other", code) for _, code in known}
    )
    return wrong + [code for name, code in others - known if terms.validate_code(url, name, code).result is not False]


BASE = sorted(Definitions.base().every("ValueSet"))


@pytest.mark.parametrize("start", range(8))
def test_expand_and_validate_code_agree(start: int) -> None:
    """Over every value set of R4, in eight parts."""
    terms = Terminology(Definitions.base())
    for url in BASE[start::8]:
        assert disagreements(terms, url) == [], url


DIFFERENCES = {
    "currencies": "ISO 4217 has moved on: later currencies are in our list",
    "detectedissue-category": "HL7 leaves out what is below _AdministrationDetectedIssueCode, which is nested in another",
    "diagnostic-service-sections": "deprecated codes: HL7 leaves them out",
    "observation-interpretation": "deprecated codes: HL7 leaves them out",
    "patient-contactrelationship": "deprecated codes: HL7 leaves them out",
    "relatedperson-relationshiptype": "deprecated codes: HL7 leaves them out",
    "security-labels": "deprecated codes: HL7 leaves them out",
    "v2-0487": "deprecated codes: HL7 leaves them out",
    "v2-0916": "deprecated codes: HL7 leaves them out",
    "v3-ActCode": "a retired code: HL7 leaves it out",
    "v3-ActPharmacySupplyType": "HL7 leaves out a retired code and what is below it",
}
"""Where our expansions hold more than HL7's, abstract codes aside (which HL7's leave out): value set -> why."""


def test_our_expansions_are_those_that_hl7_published(shared: Callable[[str], Path]) -> None:
    """Every expansion of the R4 expansions package that can be computed: none lacks a code, and each that has more is explained."""
    terms = Terminology(Definitions.base())
    more: set[str] = set()
    compared = 0
    with tarfile.open(shared("reference/hl7.fhir.r4.expansions.tgz")) as archive:
        for member in archive:
            stream = archive.extractfile(member) if "ValueSet-" in member.name and member.name.endswith(".json") else None
            if stream is None:
                continue
            resource: Json = json.load(stream)
            lines = resource.get("expansion", {}).get("contains", [])
            if not lines or not isinstance(resource.get("url"), str):
                continue
            try:
                ours = terms.expand(resource["url"])
            except Uncomputable:
                continue
            compared += 1
            theirs = {(each["system"], each["code"]) for each in lines}
            assert theirs <= {(each.system, each.code) for each in ours.contains}, resource["url"]
            if {(each.system, each.code) for each in ours.contains if not each.abstract} - theirs:
                more.add(resource["url"].rpartition("/")[2])
    assert compared > 450
    assert more == set(DIFFERENCES)
