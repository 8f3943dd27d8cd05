"""FHIR STU3 Bundles: addresses of resources and references, names of extensions, as tables read them."""

from __future__ import annotations

from typing import Any

import pytest

from interop.formats.json import as_node
from interop.formats.stu3 import read_stu3
from interop.formats.tree import Node

UUID = "0B9E6A10-52F1-4C7E-9A01-000000000001"


def bundle(*entries: dict[str, Any]) -> Node:
    root = as_node({"resourceType": "Bundle", "entry": list(entries)})
    read_stu3(root)
    return root


def test_a_reference_has_the_address_of_what_the_message_holds() -> None:
    """By type and id, by ``fullUrl``, or within its own resource; what is not there has none."""
    holder = {
        "resourceType": "Appointment",
        "id": "9",
        "contained": [{"resourceType": "Organization", "id": "1"}],
        "slot": [
            {"reference": "https://example.org/Slot/7"},
            {"reference": "Slot/8"},
            {"reference": "#1"},
            {"reference": "urn:uuid:x"},
        ],
    }
    root = bundle(
        {"resource": holder},
        {"resource": {"resourceType": "Slot", "id": "7"}},
        {"fullUrl": "urn:uuid:x", "resource": {"resourceType": "Slot"}},
    )
    references = [slot.kids["reference"][0] for slot in root.kids["entry"][0].kids["resource"][0].kids["slot"]]
    assert [one.text("@ref") for one in references] == ["Slot/7", None, "Appointment/9#1", "Slot/urn:uuid:x"]
    assert [(one.text("@type"), one.text("@id")) for one in references[:2]] == [("Slot", "7"), ("Slot", "8")]


def test_a_uuid_is_a_key_of_itself_and_any_other_id_only_with_its_type() -> None:
    root = bundle({"resource": {"resourceType": "Slot", "id": "7"}}, {"resource": {"resourceType": "Slot", "id": UUID}})
    assert [entry.text("resource/@key") for entry in root.kids["entry"]] == ["Slot/7", UUID]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-ActualProblem-1", "ActualProblem"),
        ("https://fhir.hl7.org.uk/STU3/StructureDefinition/Extension-CareConnect-ActualProblem-1", "ActualProblem"),
        ("https://fhir.nhs.uk/STU3/StructureDefinition/Extension-GPConnect-DeliveryChannel-2", "DeliveryChannel"),
        ("http://hl7.org/fhir/StructureDefinition/encounter-associatedEncounter", "encounter-associatedEncounter"),
        ("target", "target"),
    ],
)
def test_the_name_of_an_extension_has_no_publisher_and_no_version(url: str, name: str) -> None:
    root = bundle({"resource": {"resourceType": "Condition", "extension": [{"url": url, "valueString": "x"}]}})
    assert root.text("entry/resource/extension/@name") == name
