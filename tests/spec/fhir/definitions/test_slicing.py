"""Slices in a snapshot (FHIR R4, Profiling: slicing)."""

from __future__ import annotations

from tests.spec.fhir.definitions.making import HERE, R4, element, extension, profile, snapshot

BY_SYSTEM = {"discriminator": [{"type": "value", "path": "system"}], "rules": "open"}
IDENTIFIERS = profile(
    "Patient",
    element("Patient.identifier", slicing=BY_SYSTEM, min=1),
    element("Patient.identifier:local", max="2"),
    element("Patient.identifier:local.system", min=1, fixedUri="https://example.nhs.uk/local"),
    name="identifiers",
)


def test_a_slice_stands_after_its_element_and_counts_for_itself() -> None:
    made = snapshot(IDENTIFIERS)
    ids = list(made)
    assert ids.index("Patient.identifier:local") == ids.index("Patient.identifier") + 1
    assert made["Patient.identifier"]["slicing"] == BY_SYSTEM
    local = made["Patient.identifier:local"]
    assert local["path"] == "Patient.identifier"
    assert (local["sliceName"], local["min"], local["max"]) == ("local", 0, "2")
    assert "slicing" not in local


def test_a_slice_has_what_is_said_of_its_element() -> None:
    made = snapshot(
        profile(
            "Patient",
            element("Patient.identifier", slicing=BY_SYSTEM, mustSupport=True),
            element("Patient.identifier.value", min=1),
            element("Patient.identifier:local", min=1),
            element("Patient.identifier:local.use", min=1),
        )
    )
    assert made["Patient.identifier:local"]["mustSupport"] is True
    assert made["Patient.identifier:local.value"]["min"] == 1
    assert made["Patient.identifier:local.use"]["min"] == 1
    assert made["Patient.identifier.use"]["min"] == 0


def test_a_slice_of_the_base_is_constrained_further_and_others_are_added() -> None:
    more = profile(
        "Patient",
        element("Patient.identifier:local", min=1),
        element("Patient.identifier:national", max="1"),
        element("Patient.identifier:national.system", fixedUri="https://fhir.nhs.uk/Id/nhs-number"),
        base=HERE + "identifiers",
    )
    made = snapshot(IDENTIFIERS, more)
    assert (made["Patient.identifier:local"]["min"], made["Patient.identifier:local"]["max"]) == (1, "2")
    assert made["Patient.identifier:local.system"]["fixedUri"] == "https://example.nhs.uk/local"
    slices = [id for id, each in made.items() if each["path"] == "Patient.identifier"]
    assert slices == ["Patient.identifier", "Patient.identifier:local", "Patient.identifier:national"]


def test_a_slice_is_sliced_again() -> None:
    more = profile(
        "Patient",
        element("Patient.identifier:local", slicing={"discriminator": [{"type": "value", "path": "use"}], "rules": "open"}),
        element("Patient.identifier:local/old", max="1"),
        element("Patient.identifier:local/old.use", fixedCode="old"),
        element("Patient.identifier:national", max="1"),
        element("Patient.identifier:local/usual", max="1"),
        base=HERE + "identifiers",
    )
    made = snapshot(IDENTIFIERS, more)
    slices = [each.get("sliceName") for each in made.values() if each["path"] == "Patient.identifier"]
    assert slices == [None, "local", "local/old", "local/usual", "national"]
    assert made["Patient.identifier:local/old.system"]["fixedUri"] == "https://example.nhs.uk/local"
    assert made["Patient.identifier:local/old.use"]["fixedCode"] == "old"


def test_a_slice_of_a_backbone_element_has_all_its_elements() -> None:
    by_code = {"discriminator": [{"type": "pattern", "path": "code"}], "rules": "open"}
    made = snapshot(
        profile(
            "Observation",
            element("Observation.component", slicing=by_code),
            element("Observation.component:mood", min=1),
            element("Observation.component:mood.code", patternCodeableConcept={"text": "Mood"}),
        )
    )
    assert made["Observation.component:mood.code"]["patternCodeableConcept"] == {"text": "Mood"}
    assert "Observation.component:mood.interpretation" in made
    assert "patternCodeableConcept" not in made["Observation.component.code"]


def test_extensions_are_sliced_by_their_url_without_a_word() -> None:
    birth = extension("weight", element("Extension", max="1"), element("Extension.value[x]", min=1, type=[{"code": "Quantity"}]))
    type = [{"code": "Extension", "profile": [HERE + "weight"]}]
    made = snapshot(birth, profile("Patient", element("Patient.extension:weight", type=type)))
    assert made["Patient.extension"]["slicing"]["discriminator"] == [{"type": "value", "path": "url"}]
    assert made["Patient.extension:weight"]["type"] == type
    assert made["Patient.extension:weight"]["max"] == "1"


def test_an_extension_is_walked_into_by_its_definition() -> None:
    weight = extension("weight", element("Extension.value[x]", min=1, type=[{"code": "Quantity"}]))
    said = profile(
        "Patient",
        element("Patient.extension:weight", min=1, type=[{"code": "Extension", "profile": [HERE + "weight"]}]),
        element("Patient.extension:weight.value[x].unit", fixedString="g"),
    )
    made = snapshot(weight, said)
    assert made["Patient.extension:weight.url"]["fixedUri"] == HERE + "weight"
    assert [each["code"] for each in made["Patient.extension:weight.value[x]"]["type"]] == ["Quantity"]
    assert made["Patient.extension:weight.value[x].unit"]["fixedString"] == "g"


def test_an_extension_that_modifies_says_so_where_it_is_used() -> None:
    gone = extension("gone", element("Extension", isModifier=True))
    made = snapshot(
        gone,
        profile("Patient", element("Patient.modifierExtension:gone", type=[{"code": "Extension", "profile": [HERE + "gone"]}])),
    )
    assert made["Patient.modifierExtension:gone"]["isModifier"] is True


def test_a_complex_extension_has_slices_of_its_own() -> None:
    period = extension(
        "stay",
        element("Extension.extension:ward", min=1, max="1"),
        element("Extension.extension:ward.url", fixedUri="ward"),
        element("Extension.extension:ward.value[x]", type=[{"code": "string"}]),
        element("Extension.value[x]", max="0"),
    )
    made = snapshot(period)
    assert (made["Extension.extension:ward"]["min"], made["Extension.extension:ward"]["max"]) == (1, "1")
    assert made["Extension.extension:ward.url"]["fixedUri"] == "ward"
    assert made["Extension.value[x]"]["max"] == "0"


def test_the_form_of_a_choice_is_a_slice_by_type_and_its_only_type() -> None:
    made = snapshot(
        profile("Observation", element("Observation.valueQuantity", min=1), element("Observation.valueQuantity.code", min=1))
    )
    choice, slice = made["Observation.value[x]"], made["Observation.value[x]:valueQuantity"]
    assert choice["slicing"] == {"discriminator": [{"type": "type", "path": "$this"}], "ordered": False, "rules": "closed"}
    assert [each["code"] for each in choice["type"]] == [each["code"] for each in slice["type"]] == ["Quantity"]
    assert slice["min"] == 1
    assert made["Observation.value[x]:valueQuantity.code"]["min"] == 1


def test_the_form_of_a_choice_that_has_but_that_type_is_the_choice() -> None:
    made = snapshot(
        profile(
            "Observation",
            element("Observation.value[x]", type=[{"code": "Quantity"}]),
            element("Observation.valueQuantity.code", min=1),
        )
    )
    assert made["Observation.value[x].code"]["min"] == 1
    assert "slicing" not in made["Observation.value[x]"]


def test_the_form_may_have_the_id_of_its_slice() -> None:
    said = {"id": "Observation.value[x]:valueQuantity", "path": "Observation.valueQuantity", "min": 1}
    assert snapshot(profile("Observation", said))["Observation.value[x]:valueQuantity"]["min"] == 1


def test_a_choice_that_says_how_it_is_sliced_keeps_its_other_types() -> None:
    by_type = {"discriminator": [{"type": "type", "path": "$this"}], "rules": "open"}
    made = snapshot(
        profile(
            "Observation",
            element("Observation.value[x]", slicing=by_type),
            element("Observation.value[x]:valueQuantity", type=[{"code": "Quantity"}]),
        )
    )
    assert len(made["Observation.value[x]"]["type"]) > 5
    assert [each["code"] for each in made["Observation.value[x]:valueQuantity"]["type"]] == ["Quantity"]


def test_one_slice_without_a_word_by_what_is_the_element_itself() -> None:
    """As the publisher of R4 has it: the name of a slice alone does not slice."""
    made = snapshot(profile("Composition", element("Composition.date:issued", mustSupport=True)))
    assert made["Composition.date"]["mustSupport"] is True
    assert "Composition.date:issued" not in made


def test_the_name_of_a_slice_may_hold_a_dot() -> None:
    made = snapshot(
        profile(
            "Patient",
            element("Patient.identifier", slicing=BY_SYSTEM),
            {"id": "Patient.identifier:a.b", "path": "Patient.identifier", "sliceName": "a.b", "min": 1},
            {"id": "Patient.identifier:a.b.system", "path": "Patient.identifier.system", "fixedUri": "urn:a"},
        )
    )
    assert made["Patient.identifier:a.b.system"]["fixedUri"] == "urn:a"


def test_slices_of_r4s_own_profiles_are_the_base_of_others() -> None:
    said = profile("Observation", element("Observation.category:VSCat.text", min=1), base=R4 + "vitalsigns")
    made = snapshot(said)
    assert made["Observation.category:VSCat.text"]["min"] == 1
    assert made["Observation.category:VSCat.coding.code"]["fixedCode"] == "vital-signs"
