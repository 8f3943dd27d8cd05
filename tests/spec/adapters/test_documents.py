"""Documents in FHIR STU3: a message Bundle with the document Bundle that it carries is one message, and so is a document alone."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from adapters.bars import adapter as bars
from adapters.documents import adapter
from adapters.gpconnect import adapter as gpconnect
from interop.errors import Problem
from tests.spec.families.maps import example

HANDOVER = example("documents", "handover.json")


def changed(**members: Any) -> bytes:
    return json.dumps({**json.loads(HANDOVER), **members}).encode()


@pytest.mark.parametrize(
    ("file", "message", "organisation"),
    [
        ("handover-before-arrival.json", "Handover", "RX99"),
        ("handover.json", "Handover", "RX99"),
        ("withdrawn.json", "Handover", "RX99"),
        ("discharge.xml", "Document", "RY99"),
        ("attachment.json", "Attachment", "FX999"),
    ],
)
def test_what_comes_and_from_whom(file: str, message: str, organisation: str) -> None:
    body = example("documents", file)
    said = adapter.envelope(body)
    assert (said.family, said.message, said.organisation) == ("documents", message, organisation)
    assert adapter.open(body)[0] == said
    assert adapter.recognises(body[:4096])
    assert not bars.recognises(body[:4096])
    assert not gpconnect.recognises(body[:4096])


def test_the_time_of_a_message_is_that_of_its_header() -> None:
    """What was told before arrival never overwrites what was told at handover, whichever comes first."""
    before, after = (adapter.envelope(example("documents", name)) for name in ("handover-before-arrival.json", "handover.json"))
    assert before.order < after.order
    assert before.keys == after.keys
    assert before.control_id != after.control_id


def test_a_document_is_held_in_order_by_person_and_visit() -> None:
    said = adapter.envelope(HANDOVER)
    assert said.keys[0] == "https://fhir.nhs.uk/Id/nhs-number|9995000016"
    assert "https://nas.example.nhs.uk/epr-id|558120" in said.keys


def test_both_notations_are_one_message() -> None:
    """A repeat is recognised by what it says, not by how it is written."""
    spread = json.dumps(json.loads(HANDOVER), indent=4, sort_keys=True).encode()
    assert adapter.envelope(spread).digest == adapter.envelope(HANDOVER).digest


def test_a_file_may_hold_a_bundle_a_line() -> None:
    line = json.dumps(json.loads(HANDOVER)).encode()
    assert list(adapter.split(io.BytesIO(line + b"\n" + line + b"\n"))) == [line, line]


@pytest.mark.parametrize(
    ("members", "reason"),
    [
        ({"type": "searchset"}, "unknown-trigger"),
        ({"resourceType": "Patient"}, "unknown-format"),
        ({"entry": []}, "unknown-trigger"),
        ({"id": None, "entry": [{"resource": {"resourceType": "Binary"}}]}, "missing-field"),
    ],
    ids=["a search", "no bundle", "nothing in it", "no identity"],
)
def test_what_is_no_document_is_refused(members: dict[str, Any], reason: str) -> None:
    with pytest.raises(Problem) as caught:
        adapter.open(changed(**members))
    assert caught.value.reason.name == reason


def test_an_answer_to_another_message_is_refused() -> None:
    """ITK3 response, ``ITK008M``: it says nothing of a person."""
    with pytest.raises(Problem) as caught:
        adapter.open(HANDOVER.replace(b'"YH001"', b'"ITK008M"'))
    assert caught.value.reason.name == "unknown-trigger"


def test_a_template_that_nobody_filled_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        adapter.open(HANDOVER.replace(b'"9995000016"', b'"{{nhsNumber}}"'))
    assert caught.value.reason.name == "placeholder"


def test_a_message_of_itk3_is_no_structured_record_whatever_profiles_it_holds() -> None:
    """GP Connect Send Document wraps a patient of GP Connect's own profile."""
    message = json.loads(example("documents", "attachment.json"))
    profile = {"profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/CareConnect-GPC-Patient-1"]}
    for entry in message["entry"][-1]["resource"]["entry"]:
        entry["resource"]["meta"] = profile
    body = json.dumps(message).encode()
    assert adapter.recognises(body[:4096])
    assert not gpconnect.recognises(body[:4096])
