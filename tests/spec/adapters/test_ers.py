"""The e-Referral Service: what is one message, what names it, what is refused; versions tell which is newer."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.ers import adapter
from interop.errors import Problem

NHS = "https://fhir.nhs.uk/Id/nhs-number"
PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/eRS-{}-1"


def referral(version: str = "4", **more: Any) -> dict[str, Any]:
    """A referral of nobody."""
    return {
        "resourceType": "ReferralRequest",
        "id": "000049900001",
        "meta": {"versionId": version, "profile": [PROFILE.format("ReferralRequest")]},
        "subject": {"identifier": {"system": "http://fhir.nhs.net/Id/nhs-number", "value": "999 000 0018"}},
        **more,
    }


def appointment(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": "49900001",
        "meta": {"versionId": "2", "lastUpdated": "2026-01-05T10:00:00.000Z", "profile": [PROFILE.format("Appointment")]},
        "incomingReferral": [{"reference": "ReferralRequest/000049900001/_history/4"}],
        "participant": [{"actor": {"identifier": {"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "9990000018"}}}],
        **more,
    }


def bundle(*resources: dict[str, Any], kind: str = "searchset") -> dict[str, Any]:
    return {"resourceType": "Bundle", "id": "b1", "type": kind, "entry": [{"resource": resource} for resource in resources]}


def body(value: Any, **how: Any) -> bytes:
    return json.dumps(value, **how).encode()


def split(whole: bytes) -> list[bytes]:
    return list(adapter.split(io.BytesIO(whole)))


def test_the_envelope_names_type_id_and_version() -> None:
    said = adapter.envelope(body(referral()))
    assert (said.family, said.message, said.control_id, said.version) == (
        "ers",
        "ReferralRequest",
        "ReferralRequest/000049900001/4",
        "STU3",
    )
    assert (said.organisation, said.order[:2]) == ("ers", (0, 8001))
    assert said.keys == (f"{NHS}|9990000018", "https://fhir.nhs.uk/Id/UBRN|000049900001")


def test_an_appointment_shares_the_key_of_its_referral() -> None:
    said = adapter.envelope(body(appointment()))
    assert said.order[:2] == (0, 8005)
    assert said.keys == (f"{NHS}|9990000018", "https://fhir.nhs.uk/Id/UBRN|000049900001")


def test_the_same_version_in_another_layout_is_the_same_message() -> None:
    first, again = adapter.envelope(body(referral())), adapter.envelope(body(referral(), indent=2))
    assert (first.duplicate, first.digest) == (again.duplicate, again.digest)
    assert adapter.envelope(body(referral(status="active"))).digest != first.digest


def test_requests_without_a_version_are_told_apart_by_their_content() -> None:
    requests = [appointment(id="appointment", meta={"profile": [PROFILE.format("Appointment")]}, comment=text) for text in "ab"]
    assert len({adapter.envelope(body(request)).duplicate for request in requests}) == 2


@pytest.mark.parametrize("kind", ["searchset", "collection"])
def test_a_bundle_is_a_message_for_each_resource(kind: str) -> None:
    whole = body(bundle(referral(), appointment(), kind=kind))
    assert [adapter.envelope(piece).message for piece in split(whole)] == ["ReferralRequest", "Appointment"]
    with pytest.raises(Problem) as caught:
        adapter.open(whole)
    assert caught.value.reason.name == "several-messages"


def test_a_bundle_of_one_is_that_message_and_paths_start_at_the_resource() -> None:
    said, node = adapter.open(body(bundle(referral())))
    assert said.control_id == "ReferralRequest/000049900001/4"
    assert node.text("entry/resource/subject/identifier/value") == "999 000 0018"
    assert node.text("entry/resource/subject/identifier/@name") == "nhs-number"


def test_numbers_survive_the_splitting_as_they_were_written() -> None:
    whole = body(bundle(referral(priority=0), appointment())).replace(b'"priority": 0', b'"priority": 72.50')
    assert b"72.50" in split(whole)[0]


def test_a_file_may_hold_one_resource_a_line() -> None:
    lines = [body(referral()), b"", body(appointment()), body(bundle(referral("5"), referral("6")))]
    said = [adapter.envelope(piece) for piece in split(b"\n".join(lines) + b"\n")]
    assert [one.control_id for one in said] == [
        "ReferralRequest/000049900001/4",
        "Appointment/49900001/2",
        "ReferralRequest/000049900001/5",
        "ReferralRequest/000049900001/6",
    ]


def test_a_line_that_cannot_be_read_is_refused_alone() -> None:
    pieces = split(body(referral()) + b"\n{broken\n" + body(appointment()))
    assert len(pieces) == 3
    with pytest.raises(Problem) as caught:
        adapter.envelope(pieces[1])
    assert caught.value.reason.name == "unreadable"
    assert adapter.envelope(pieces[2]).message == "Appointment"


def test_a_resource_alone_is_given_as_it_came_however_it_is_laid_out() -> None:
    for layout in (body(referral()), body(referral(), indent=2)):
        assert split(b"\n" + layout + b"\n") == [layout]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"resourceType": "List", "status": "current"}, "List"),
        ({"resourceType": "Parameters", "parameter": []}, "Parameters"),
        (bundle({"resourceType": "Slot", "id": "1"}, {"resourceType": "Schedule", "id": "2"}), "Slot"),
        (bundle(), "Bundle"),
    ],
)
def test_what_has_no_version_is_named_by_what_it_holds(resource: dict[str, Any], expected: str) -> None:
    [piece] = split(body(resource))
    assert adapter.envelope(piece).message == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"{}", "unknown-format"),
        (b"[1]", "unknown-format"),
        (b'{"resourceType": "Appointment"}', "missing-field"),
        (b'{"resourceType": ', "unreadable"),
        (b'{"resourceType": "\xff"}', "character-set"),
        (b'{"resourceType": "OperationOutcome", "issue": [{"code": "value"}]}', "source-error"),
        (b'{"resourceType": "OperationOutcome"}', "source-error"),
        (b'{"resourceType": "Appointment", "id": "appointment"}', "missing-field"),
        (b'{"resourceType": "Parameters", "parameter": [{"valueString": "x"}]}', "missing-field"),
        (b'{"resourceType": "Parameters", "parameter": [{"name": "x", "valueCodeableConcept": {"coding": []}}]}', "missing-field"),
    ],
)
def test_what_is_no_resource_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(Problem) as caught:
        adapter.envelope(text)
    assert caught.value.reason.name == reason


def test_resources_of_the_service_are_recognised_and_no_others() -> None:
    assert adapter.recognises(body(referral()))
    assert adapter.recognises(b"\xef\xbb\xbf\n" + body(appointment(), indent=2))
    other = appointment(
        meta={"profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-Appointment-1"]}, incomingReferral=[]
    )
    assert not adapter.recognises(body(other))
    assert not adapter.recognises(b'<ReferralRequest xmlns="http://hl7.org/fhir"/>')


@pytest.mark.parametrize(
    "other",
    [
        {"resourceType": "HealthcareService", "id": "1", "name": "Falls clinic"},
        {"resourceType": "CommunicationRequest", "id": "1", "status": "active"},
        {"resourceType": "Bundle", "link": [{"relation": "self", "url": "https://trust.example/fhir/R4/ServiceRequest?_id=1"}]},
    ],
)
def test_plain_r4_of_others_is_left_to_them(other: dict[str, Any]) -> None:
    assert not adapter.recognises(body(other))


def test_the_answer_of_an_operation_is_what_it_holds() -> None:
    answer = {"resourceType": "Parameters", "parameter": [{"name": "updatedReferralRequest", "resource": referral("9")}]}
    assert adapter.envelope(body(answer)).control_id == "ReferralRequest/000049900001/9"
    both = {
        "resourceType": "Parameters",
        "parameter": [{"resource": referral("9")}, {"resource": appointment()}, {"name": "x"}, None],
    }
    assert [adapter.envelope(piece).message for piece in split(body(both))] == ["ReferralRequest", "Appointment"]


def test_a_conversation_stays_whole_and_is_the_same_in_any_answer() -> None:
    words = {
        "resourceType": "Communication",
        "id": "1",
        "basedOn": [{"reference": "CommunicationRequest/000049900001/_history/6"}],
    }
    first, second = (adapter.envelope(body(bundle(words, id_))) for id_ in ({"resourceType": "X"}, {"resourceType": "X"}))
    assert first.message == "Communication"
    assert (first.duplicate, first.keys) == (second.duplicate, ("https://fhir.nhs.uk/Id/UBRN|000049900001",))
    assert first.control_id.startswith("Communication/000049900001/")


def test_an_error_of_the_service_says_its_code_and_not_its_words() -> None:
    issue = {"code": "value", "diagnostics": "999 000 0018 is unknown", "details": {"coding": [{"code": "INVALID_VALUE"}]}}
    with pytest.raises(Problem) as caught:
        adapter.envelope(body({"resourceType": "OperationOutcome", "issue": [issue]}))
    assert (caught.value.detail, "999" in str(caught.value)) == ("INVALID_VALUE", False)


def test_every_sample_of_the_family_opens(shared: Callable[[str], Path]) -> None:
    files = sorted(shared("samples/ereferral/ers").rglob("*.json"))
    assert files
    for path in files:
        text = path.read_bytes()
        assert adapter.recognises(text[:4096]), path.name
        for piece in split(text):
            if b'"OperationOutcome"' in piece:
                continue
            said, node = adapter.open(piece)
            assert said.version == ("R4" if "/r4/" in str(path) else "STU3"), path.name
            if said.message in ("ReferralRequest", "Appointment"):
                assert len(said.keys) == 2
            assert node.kids


@pytest.mark.parametrize("folder", ["samples/gp/gpconnect", "samples/ereferral/bars-api", "samples/ambulance/bars"])
def test_samples_of_other_families_are_not_taken_for_it(folder: str, shared: Callable[[str], Path]) -> None:
    for path in shared(folder).rglob("*.json"):
        assert not adapter.recognises(path.read_bytes()[:4096]), path.name
