"""Messages of the Booking and Referral Standard: Bundle and MessageHeader in JSON or XML; each Bundle is one message."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from adapters.bars import adapter
from interop.errors import Problem
from tests.spec.families.maps import example

CASE = "https://ambulance.example/Id/case-number|AMB-77120"


def message(**more: Any) -> dict[str, Any]:
    """A message about nobody; ``None`` takes a member of the Bundle away."""
    header = {
        "resourceType": "MessageHeader",
        "eventCoding": {"system": "https://fhir.nhs.uk/CodeSystem/message-events-bars", "code": "booking-request"},
        "source": {"endpoint": "https://fhir.nhs.uk/Id/dos-service-id|1"},
    }
    bundle = {"resourceType": "Bundle", "id": "b1", "type": "message", "entry": [{"fullUrl": "urn:uuid:1", "resource": header}]}
    return {name: value for name, value in (bundle | more).items() if value is not None}


def said(body: Any) -> bytes:
    return json.dumps(body).encode()


def test_the_envelope_names_event_bundle_sender_case_and_patient() -> None:
    envelope = adapter.envelope(example("bars", "update.json"))
    assert (envelope.family, envelope.message, envelope.control_id) == (
        "bars",
        "servicerequest-request",
        "3d7b0c11-52ae-4f0c-9a77-6c1f0e2d3b4a",
    )
    assert (envelope.sender, envelope.organisation, envelope.version) == ("YZZ21", "bars", "1.1.0")
    assert envelope.order[:2] == (1_773_479_040_000_000, 0)
    assert envelope.keys == ("https://fhir.nhs.uk/Id/nhs-number|9993000019", CASE)
    assert adapter.envelope(example("bars", "first.xml")).keys == (CASE,)


def test_a_sender_without_an_ods_code_is_its_service() -> None:
    envelope = adapter.envelope(said(message()))
    assert (envelope.sender, envelope.order.time, envelope.keys) == ("https://fhir.nhs.uk/Id/dos-service-id|1", 0, ())


def test_a_version_that_counts_counts() -> None:
    for version, counted in (("7", 7), ("1.1.0", 0), ("9" * 19, 0)):
        assert adapter.envelope(said(message(meta={"versionId": version}))).order.version == counted


def test_the_latest_of_its_times_is_the_messages() -> None:
    body = message(meta={"lastUpdated": "2026-03-14T09:04:00.8185338+00:00"}, timestamp="2026-03-14T09:05:00+01:00")
    assert adapter.envelope(said(body)).order.time == 1_773_479_040_818_533


def test_layout_makes_no_other_message_and_content_does() -> None:
    one, two = said(message()), json.dumps(message(), indent=4, sort_keys=True).encode()
    assert adapter.envelope(one).duplicate == adapter.envelope(two).duplicate
    assert adapter.envelope(said(message(timestamp="2026-03-14T09:05:00Z"))).duplicate != adapter.envelope(one).duplicate


@pytest.mark.parametrize(
    ("body", "reason", "where"),
    [
        ({"resourceType": "Patient"}, "unknown-format", "resourceType"),
        (message(type="searchset"), "unknown-trigger", "Bundle.type"),
        (message(id=None), "missing-field", "Bundle.id"),
        (message(entry=None), "missing-field", "MessageHeader"),
        (message(entry=[{"fullUrl": "x"}]), "missing-field", "MessageHeader"),
        (message(entry=[{"resource": {"resourceType": "MessageHeader"}}]), "missing-field", "MessageHeader.eventCoding.code"),
    ],
)
def test_what_it_refuses(body: dict[str, Any], reason: str, where: str) -> None:
    with pytest.raises(Problem) as caught:
        adapter.envelope(said(body))
    assert (caught.value.reason.name, caught.value.where) == (reason, where)


def test_it_recognises_either_notation_by_the_marks_of_the_standard() -> None:
    for name in ("update.json", "first.xml", "booking.json"):
        assert adapter.recognises(example("bars", name)[:4096])
    assert not adapter.recognises(b'{"resourceType": "Bundle", "type": "message"}')
    assert not adapter.recognises(b'<CodeSystem><url value="https://fhir.nhs.uk/CodeSystem/message-events-bars"/></CodeSystem>')


def test_a_file_is_one_message_or_one_a_line() -> None:
    whole = example("bars", "update.json")
    assert list(adapter.split(io.BytesIO(whole))) == [whole]
    lines = said(message()) + b"\n\n" + said(message(id="b2")) + b"\n"
    assert [adapter.envelope(body).control_id for body in adapter.split(io.BytesIO(lines))] == ["b1", "b2"]
    with pytest.raises(Problem):
        adapter.split(io.BytesIO(b" " * (20 * 1024 * 1024 + 1)))


def test_the_tables_are_given_addresses_and_the_case() -> None:
    _, bundle = adapter.open(example("bars", "update.json"))
    assert bundle.text("@case") == bundle.text("@contact") == CASE
    assert [entry.text("resource/@ref") == entry.text("fullUrl") for entry in bundle.kids["entry"]].count(False) == 0
    _, booking = adapter.open(example("bars", "booking.json"))
    assert (booking.text("@case"), booking.text("@contact")) == ("https://fhir.nhs.uk/Id/nhs-number|9993000019", None)
