"""Extensions: what their definition says, where they may stand, modifiers (FHIR R4, extensibility, section 2.4)."""

from __future__ import annotations

from typing import Any

from interop.fhir.findings import Findings
from tests.spec.fhir.profiles.kit import CORE, OURS, Json, element, extension, said, validator

WARD = extension("Ward", element("Extension.value[x]", min=1, type=[{"code": "string"}]), context="Patient")
STAY = extension(
    "Stay",
    element("Extension.extension", slice="ward", min=1, max="1"),
    element("Extension.extension.url", fixedUri="ward"),
    element("Extension.extension.value[x]", min=1, type=[{"code": "string"}]),
    element("Extension.value[x]", max="0"),
)


def found(resource: Json, *definitions: Json, **options: Any) -> Findings:
    return [each for each in validator(*definitions, **options).validate(resource) if not each.rule.startswith("dom-")]


def patient(*extensions: Json, **more: Any) -> Json:
    return {"resourceType": "Patient", **more, "extension": list(extensions)}


def test_the_value_is_of_a_type_that_the_definition_allows() -> None:
    """Findings name the extension's definition."""
    assert found(patient({"url": OURS + "Ward", "valueString": "7"}), WARD) == []
    (wrong,) = found(patient({"url": OURS + "Ward", "valueInteger": 7}), WARD)
    assert (wrong.severity, wrong.expression, wrong.profile) == ("error", "Patient.extension[0].valueInteger", OURS + "Ward")


def test_a_simple_extension_has_a_value_where_the_definition_demands_it() -> None:
    """value[x] with min 1: an extension in its place does not do."""
    inner = {"url": CORE + "data-absent-reason", "valueCode": "unknown"}
    assert said(found(patient({"url": OURS + "Ward", "extension": [inner]}), WARD), "error") == [
        ("Patient.extension[0].value[x]", "cardinality")
    ]


def test_the_parts_of_a_complex_extension_are_those_of_its_definition() -> None:
    """A relative URL that the definition does not know is an error; a mandatory part is missed."""
    assert found(patient({"url": OURS + "Stay", "extension": [{"url": "ward", "valueString": "7"}]}), STAY) == []
    both = [{"url": "ward", "valueString": "7"}, {"url": "bed", "valueString": "A"}]
    assert said(found(patient({"url": OURS + "Stay", "extension": both}), STAY), "error") == [
        ("Patient.extension[0].extension[1].url", "extension")
    ]
    assert said(found(patient({"url": OURS + "Stay", "extension": both[1:]}), STAY), "error") == [
        ("Patient.extension[0].extension", "slicing"),
        ("Patient.extension[0].extension[0].url", "extension"),
    ]


def test_an_extension_stands_where_its_context_lets_it() -> None:
    """context of type element: a path, a type, a type above, or Element for everywhere."""
    ward = {"url": OURS + "Ward", "valueString": "7"}
    misplaced = {"resourceType": "Patient", "name": [{"family": "Ames", "extension": [ward]}]}
    for context, fits in (("Patient", False), ("Patient.name", True), ("HumanName", True), ("Element", True), ("Address", False)):
        definition = extension("Ward", element("Extension.value[x]", min=1, type=[{"code": "string"}]), context=context)
        assert said(found(misplaced, definition), "error") == ([] if fits else [("Patient.name[0].extension[0]", "extension")])
    anywhere = extension("Ward", context="DomainResource")
    assert found(patient(ward), anywhere) == []


def test_an_extension_of_a_primitive_knows_its_element() -> None:
    """_birthDate.extension has the context Patient.birthDate."""
    at = {"extension": [{"url": OURS + "Ward", "valueString": "7"}]}
    resource = {"resourceType": "Patient", "birthDate": "1985-04-12", "_birthDate": at}
    assert found(resource, extension("Ward", context="Patient.birthDate")) == []
    assert said(found(resource, extension("Ward", context="Patient.gender")), "error") == [
        ("Patient.birthDate.extension[0]", "extension")
    ]


def test_an_extension_may_be_meant_for_an_extension() -> None:
    """context of type extension: the URL of the one about it."""
    inner = extension("Inner", context=OURS + "Ward", by="extension")
    there = {"url": OURS + "Ward", "valueString": "7", "_valueString": {"extension": [{"url": OURS + "Inner", "valueString": "x"}]}}
    assert found(patient(there), WARD, inner) == []
    assert said(found(patient({"url": OURS + "Inner", "valueString": "x"}), WARD, inner), "error") == [
        ("Patient.extension[0]", "extension")
    ]


def test_an_extension_may_be_meant_for_what_fhirpath_selects() -> None:
    """context of type fhirpath: one of the elements that the expression gives over the resource."""
    home = extension("Home", context="Patient.address.where(use = 'home')", by="fhirpath")
    mark = {"extension": [{"url": OURS + "Home", "valueBoolean": True}]}
    assert found({"resourceType": "Patient", "address": [{"use": "home", **mark}]}, home) == []
    assert said(found({"resourceType": "Patient", "address": [{"use": "work", **mark}]}, home), "error") == [
        ("Patient.address[0].extension[0]", "extension")
    ]


def test_the_invariant_of_the_context_holds_of_the_element_that_has_the_extension() -> None:
    """contextInvariant."""
    ward = extension("Ward", context="Patient", contextInvariant=["active"])
    there = {"url": OURS + "Ward", "valueString": "7"}
    assert found(patient(there, active=True), ward) == []
    assert said(found(patient(there, active=False), ward), "error") == [("Patient.extension[0]", "extension")]


def test_a_modifier_stands_among_modifiers_and_nothing_else_does() -> None:
    """isModifier of the definition agrees with the element's name."""
    stop = extension("Stop", context="Patient")
    stop["differential"]["element"][0]["isModifier"] = True
    mark = {"url": OURS + "Stop", "valueBoolean": True}
    assert found({"resourceType": "Patient", "modifierExtension": [mark]}, stop) == []
    assert said(found(patient(mark), stop), "error") == [("Patient.extension[0]", "extension")]
    other = {"resourceType": "Patient", "modifierExtension": [{"url": OURS + "Ward", "valueString": "7"}]}
    assert said(found(other, WARD), "error") == [("Patient.modifierExtension[0]", "extension")]


def test_an_extension_whose_definition_is_not_loaded_is_not_checked() -> None:
    """How grave that is, the caller says; some places may be let pass."""
    there = patient({"url": "https://example.com/unknown", "valueString": "x"})
    (told,) = found(there)
    assert (told.severity, told.code, told.expression) == ("information", "not-supported", "Patient.extension[0].url")
    assert said(found(there, unknown_extensions="error"), "error") == [("Patient.extension[0].url", "extension")]
    assert found(there, unknown_extensions="error", extension_domains=["https://example.com/"]) == []


def test_an_unknown_extension_beside_known_ones_is_a_warning() -> None:
    """Its neighbours are loaded: it is more likely to be misspelt than foreign."""
    assert said(found(patient({"url": OURS + "Wrad", "valueString": "7"}), WARD), "warning") == [
        ("Patient.extension[0].url", "extension")
    ]


def test_the_url_of_an_extension_names_no_version_and_is_that_of_an_extension() -> None:
    """Extension.url is the canonical URL of a definition of an Extension."""
    assert said(found(patient({"url": OURS + "Ward|1.0.0", "valueString": "7"}), WARD), "error") == [
        ("Patient.extension[0].url", "extension")
    ]
    assert said(found(patient({"url": CORE + "Patient", "valueString": "7"})), "error") == [
        ("Patient.extension[0].url", "extension")
    ]


def test_extensions_of_r4_itself_are_known() -> None:
    """patient-birthPlace holds an Address and stands on Patient."""
    place = {"url": CORE + "patient-birthPlace", "valueAddress": {"city": "Leeds"}}
    assert found(patient(place)) == []
    assert said(found(patient({"url": place["url"], "valueString": "Leeds"})), "error") == [
        ("Patient.extension[0].valueString", "structure")
    ]
    organization = {"resourceType": "Organization", "name": "Ward 7", "extension": [place]}
    assert said(found(organization), "error") == [("Organization.extension[0]", "extension")]
