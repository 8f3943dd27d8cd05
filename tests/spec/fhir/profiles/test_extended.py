"""Profiles: rules that extensions of an ElementDefinition add."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.definitions import Definitions
from interop.fhir.terminology import Terminology
from interop.fhir.validation.validator import Validator

URL = "https://example.org/StructureDefinition/extended"
R4 = "http://hl7.org/fhir/StructureDefinition/"
GENDERS = "http://hl7.org/fhir/ValueSet/administrative-gender"


def errors(resource: dict[str, Any], **element: Any) -> list[str]:
    """The expressions of the errors of a resource against a profile with one element."""
    kind = resource["resourceType"]
    profile = {
        "resourceType": "StructureDefinition", "url": URL, "kind": "resource", "type": kind, "abstract": False,
        "baseDefinition": R4 + kind, "derivation": "constraint",
        "differential": {"element": [{"id": element["path"], **element}]},
    }  # fmt: skip
    definitions = Definitions.base().with_resources([profile])
    found = Validator(definitions, Terminology(definitions)).validate(resource, [URL])
    return [each.expression for each in found if each.severity == "error"]


def narrative(inner: str, **more: Any) -> dict[str, Any]:
    text = {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'}
    return {"resourceType": "Patient", "text": text, **more}


def test_a_least_length() -> None:
    """Extension minLength."""
    said = [{"url": R4 + "minLength", "valueInteger": 4}]
    assert errors({"resourceType": "Patient", "id": "abcd"}, path="Patient.id", extension=said) == []
    assert errors({"resourceType": "Patient", "id": "abc"}, path="Patient.id", extension=said) == ["Patient.id"]


@pytest.mark.parametrize(
    ("wanted", "inner", "well"),
    [
        ("_no", "<p>plain</p>", True),
        ("_no", '<div lang="en" xml:lang="en">a</div>', False),
        ("_yes", '<div lang="en" xml:lang="en">a</div>', True),
        ("_yes", "<p>plain</p>", False),
        ("_resource", '<div lang="cy" xml:lang="cy">a</div>', True),
        ("_resource", '<div lang="en" xml:lang="en">a</div>', False),
        ("fr", '<div lang="fr" xml:lang="fr">a</div>', True),
        ("fr", '<div lang="en" xml:lang="en">a</div>', False),
    ],
)
def test_sections_of_languages(wanted: str, inner: str, well: bool) -> None:
    """Extension narrative-language-control: none, some, the resource's own, or a given one."""
    said = [{"url": R4 + "narrative-language-control", "valueCode": wanted}]
    found = errors(narrative(inner, language="cy"), path="Patient.text", extension=said)
    assert found == ([] if well else ["Patient.text"])


def test_sources_of_a_narrative() -> None:
    """Extension narrative-source-control: each part says whether it is boilerplate, generated or original."""
    said = [{"url": R4 + "narrative-source-control", "valueCode": "error"}]
    well = '<h1 class="boilerplate">a</h1><div><p class="x original">b</p></div>'
    assert errors(narrative(well), path="Patient.text", extension=said) == []
    for inner in ("text", "<p>a</p>", '<p class="generated">a</p>text', '<div class="x"><p>a</p></div>'):
        assert errors(narrative(inner), path="Patient.text", extension=said) == ["Patient.text"]


def test_additional_bindings() -> None:
    """Beside the main one; those for a usage are not looked at."""
    coded = {"resourceType": "Patient", "maritalStatus": {"coding": [{"system": "https://example.org/c", "code": "x"}]}}
    parts = [{"url": "purpose", "valueCode": "required"}, {"url": "valueSet", "valueCanonical": GENDERS}]
    usage = {"url": "usage", "valueUsageContext": {"code": {"code": "venue"}, "valueCodeableConcept": {"text": "ward"}}}
    for more, told in (([], ["Patient.maritalStatus"]), ([usage], [])):
        said = {"url": "http://hl7.org/fhir/tools/StructureDefinition/additional-binding", "extension": [*parts, *more]}
        bound = {"strength": "example", "valueSet": "http://hl7.org/fhir/ValueSet/marital-status", "extension": [said]}
        assert errors(coded, path="Patient.maritalStatus", binding=bound) == told
