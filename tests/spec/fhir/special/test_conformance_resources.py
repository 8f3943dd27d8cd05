"""SearchParameter, CapabilityStatement and StructureDefinition: what they must keep to beyond structure and invariants."""

from __future__ import annotations

from typing import Any

from tests.spec.fhir.special.having import errors, found

PROFILE = "https://example.org/StructureDefinition/ward-patient"


def parameter(**more: Any) -> dict[str, Any]:
    made = {
        "resourceType": "SearchParameter",
        "url": "https://example.org/SearchParameter/s",
        "type": "string",
        "base": ["Patient"],
    }
    return made | {"expression": "Patient.name.family"} | more


def profile(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "StructureDefinition",
        "url": PROFILE,
        "kind": "resource",
        "type": "Patient",
        "abstract": False,
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
        "derivation": "constraint",
        "differential": {"element": [{"id": each["path"], **each} for each in elements]},
        **more,
    }


def test_the_expression_of_a_search_parameter_is_fhirpath_on_its_base() -> None:
    """It compiles, and starts at a base."""
    assert found(parameter()) == []
    assert errors(parameter(expression="Patient.name.where(")) == ["expression"]
    assert errors(parameter(expression="Organization.name | Organization.alias")) == ["expression"]
    assert errors(parameter(expression="Organization.name", base=["Resource"])) == []


def test_a_composite_search_parameter_has_components() -> None:
    """Two or more."""
    assert errors(parameter(type="composite")) == ["component"]


def test_a_derived_search_parameter_keeps_to_its_origin() -> None:
    """Type and bases."""
    origin = "http://hl7.org/fhir/SearchParameter/Organization-name"
    derived = parameter(derivedFrom=origin, type="token", base=["Patient"])
    assert errors(derived) == ["base[0]", "type"]


def test_a_capability_statement_gives_search_parameters_their_type() -> None:
    """That of the definition."""
    known = {"name": "family", "definition": "http://hl7.org/fhir/SearchParameter/individual-family", "type": "token"}
    made = {"resourceType": "CapabilityStatement", "rest": [{"resource": [{"type": "Patient", "searchParam": [known]}]}]}
    assert errors(made) == ["rest[0].resource[0].searchParam[0].type"]
    assert errors({**made, "rest": [{"searchParam": [known | {"type": "string"}]}]}) == []
    assert found({**made, "rest": [{"searchParam": [known]}]}) == [("warning", "rest[0].searchParam[0].type")]


def test_a_profile_that_fits_its_base_is_well() -> None:
    """Nothing is found."""
    rule = {"key": "w-1", "severity": "error", "human": "named", "expression": "name.exists()"}
    assert found(profile({"path": "Patient", "constraint": [rule]}, {"path": "Patient.birthDate", "min": 1})) == []


def test_invariants_of_a_profile_are_fhirpath() -> None:
    """Each compiles."""
    rule = {"key": "w-1", "severity": "error", "human": "named", "expression": "name.exists("}
    assert errors(profile({"path": "Patient", "constraint": [rule]})) == ["differential.element[0].constraint[0].expression"]


def test_a_differential_names_elements_of_its_base() -> None:
    """A path that the base lacks gives no snapshot."""
    assert errors(profile({"path": "Patient.ward", "min": 1})) == ["differential"]


def test_a_fixed_value_is_of_the_element_s_type() -> None:
    """Of a type that the element states."""
    element = {"path": "Patient.birthDate", "type": [{"code": "date"}], "fixedString": "2000-01-01"}
    assert "differential.element[0].fixedString" in errors(profile(element))


def test_a_profile_on_a_type_constrains_that_type() -> None:
    """One that is not loaded is told as a warning."""
    vitals = "http://hl7.org/fhir/StructureDefinition/vitalsigns"
    wrong = profile({"path": "Patient.name", "type": [{"code": "HumanName", "profile": [vitals]}]})
    assert "differential.element[0].type[0].profile[0]" in errors(wrong)
    unknown = profile({"path": "Patient.name", "type": [{"code": "HumanName", "profile": [f"{PROFILE}-name"]}]})
    assert ("warning", "differential.element[0].type[0].profile[0]") in found(unknown)


def test_an_extension_fixes_its_own_url() -> None:
    """Extension.url is the canonical URL of the definition."""
    extension = profile({"path": "Extension.url", "fixedUri": "https://example.org/other"}) | {
        "type": "Extension",
        "kind": "complex-type",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension",
    }
    assert "differential.element[0].fixedUri" in errors(extension)


def test_a_base_that_is_not_loaded_is_told() -> None:
    """A warning: not checked."""
    made = profile({"path": "Patient.birthDate", "min": 1}, baseDefinition="https://example.org/StructureDefinition/none")
    assert found(made) == [("warning", "baseDefinition")]


def test_extensions_are_sliced_by_their_url() -> None:
    """By value, and by nothing else."""
    by_url = {"discriminator": [{"type": "value", "path": "url"}], "rules": "open"}
    by_type = {"discriminator": [{"type": "value", "path": "type"}], "rules": "open"}
    assert errors(profile({"path": "Patient.extension", "slicing": by_url})) == []
    assert errors(profile({"path": "Patient.extension", "slicing": by_type})) == ["differential.element[0].slicing.discriminator"]


def test_a_profile_is_of_the_type_and_kind_of_its_base() -> None:
    """A specialisation has a type of its own; where there is a base, the derivation is stated."""
    assert errors(profile({"path": "Patient.name"}, type="Person"))[-1] == "type"
    assert errors(profile({"path": "Patient.name"}, kind="complex-type")) == ["kind"]
    assert errors(profile({"path": "Patient.name"}, derivation="specialization")) == ["type"]
    unsaid = profile({"path": "Patient.name"})
    del unsaid["derivation"]
    assert errors(unsaid) == ["derivation"]


def test_only_extensions_have_a_context() -> None:
    """StructureDefinition.context."""
    assert errors(profile(context=[{"type": "element", "expression": "Patient"}])) == ["context"]


def test_what_an_element_says_suits_its_type() -> None:
    """Its own types, or those of the base: no binding of a date, no length of a boolean."""
    bound = {"path": "Patient.birthDate", "binding": {"strength": "required", "valueSet": "https://example.org/ValueSet/days"}}
    assert errors(profile(bound)) == ["differential.element[0].binding"]
    assert errors(profile({"path": "Patient.active", "maxLength": 4})) == ["differential.element[0].maxLength"]
    assert errors(profile({"path": "Patient.birthDate", "fixedString": "2000"})) == ["differential.element[0].fixedString"]


def test_a_binding_is_to_a_value_set() -> None:
    """A code system is none."""
    genders = "http://hl7.org/fhir/administrative-gender"
    bound = {"path": "Patient.maritalStatus", "binding": {"strength": "example", "valueSet": genders}}
    assert errors(profile(bound)) == ["differential.element[0].binding.valueSet"]


def test_the_target_of_a_reference_is_a_resource() -> None:
    """targetProfile of a data type makes no sense."""
    target = {"code": "Reference", "targetProfile": ["http://hl7.org/fhir/StructureDefinition/Period"]}
    found_ = errors(profile({"path": "Patient.managingOrganization", "type": [target]}))
    assert "differential.element[0].type[0].targetProfile[0]" in found_


def test_what_the_base_fixes_stays_fixed() -> None:
    """A derived extension cannot have another URL."""
    url = {"path": "Extension.url", "id": "Extension.url"}
    base = profile(url | {"fixedUri": PROFILE}, type="Extension", kind="complex-type") | {
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension"
    }
    derived = base | {"url": f"{PROFILE}-derived", "baseDefinition": PROFILE}
    derived["differential"] = {"element": [url | {"fixedUri": f"{PROFILE}-derived"}]}
    assert errors(derived, base) == ["differential.element[0].fixedUri"]


def test_a_definition_too_large_to_lay_out_is_told_as_not_checked() -> None:
    """Thousands of slices with content: a warning, not a misfit."""
    patient = "http://hl7.org/fhir/StructureDefinition/Patient"
    by_system = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
    elements: list[dict[str, Any]] = [{"path": "Patient.identifier", "slicing": by_system}]
    for number in range(5_000):
        elements.append({"path": "Patient.identifier", "sliceName": f"s{number}"})
        elements.append({"path": "Patient.identifier.system", "fixedUri": f"https://example.org/{number}"})
    said = {"resourceType": "StructureDefinition", "url": "https://example.org/StructureDefinition/Large", "kind": "resource",
            "type": "Patient", "baseDefinition": patient, "derivation": "constraint",
            "differential": {"element": elements}}  # fmt: skip
    assert found(said) == [("warning", "differential")]


def test_an_element_of_a_snapshot_has_a_type_or_refers_to_another() -> None:
    """All but the root; of what is forbidden nothing is asked."""
    made = profile()
    elements: list[dict[str, Any]] = [
        {"path": "Patient"},
        {"path": "Patient.active", "type": [{"code": "boolean"}]},
        {"path": "Patient.link", "contentReference": "#Patient.contact"},
        {"path": "Patient.photo", "max": "0"},
    ]
    assert errors(made | {"snapshot": {"element": elements}}) == []
    assert errors(made | {"snapshot": {"element": [*elements, {"path": "Patient.name"}]}}) == ["snapshot.element[4].type"]
