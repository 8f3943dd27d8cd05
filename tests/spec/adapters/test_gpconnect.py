"""GP Connect in STU3: a Bundle or a resource alone is one message; appointments found by a search are one each."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.gpconnect import adapter
from interop.errors import Problem
from tests.spec.families.maps import example

PROFILE = "https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-Appointment-1"


def appointment(number: str = "9", **more: Any) -> dict[str, Any]:
    booker = {
        "resourceType": "Organization",
        "id": "1",
        "identifier": [{"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "b99998"}],
    }
    return {
        "resourceType": "Appointment",
        "id": number,
        "meta": {"profile": [PROFILE], "versionId": "12"},
        "contained": [booker],
        "created": "2024-06-20T08:15:00+01:00",
        "participant": [{"actor": {"reference": "Patient/21"}, "status": "accepted"}],
        **more,
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": one} for one in resources]}


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


def split(whole: bytes) -> list[bytes]:
    return list(adapter.split(io.BytesIO(whole)))


def test_a_record_is_that_of_the_practice_that_manages_the_patient() -> None:
    """Its ODS code assigns the local ids; the NHS number and the id hold its messages in order."""
    said = adapter.envelope(example("gpconnect", "record.json"))
    assert (said.family, said.message, said.organisation, said.version) == ("gpconnect", "StructuredRecord", "B99999", "STU3")
    assert said.keys[0] == "https://fhir.nhs.uk/Id/nhs-number|9990000018"


def test_an_appointment_alone_names_no_practice() -> None:
    """``Patient/21`` of two practices stays two: who booked and when stand for the practice."""
    said = adapter.envelope(body(appointment()))
    assert (said.message, said.organisation) == ("Appointment", "B99998:2024-06-20T08:15:00+01:00")
    assert said.order.version == 12
    assert said.keys == ("B99998:2024-06-20T08:15:00+01:00|Patient/21",)


def test_appointments_of_a_search_are_one_message_each_the_same_as_when_read_alone() -> None:
    whole = body(bundle(appointment("9"), appointment("10")))
    assert [adapter.envelope(one).duplicate for one in split(whole)] == [
        adapter.envelope(body(appointment(number))).duplicate for number in ("9", "10")
    ]
    with pytest.raises(Problem) as caught:
        adapter.open(whole)
    assert caught.value.reason.name == "several-messages"


def test_a_file_may_hold_one_message_a_line() -> None:
    assert split(body(appointment("9")) + b"\n" + body(appointment("10")) + b"\n") == [
        body(appointment("9")),
        body(appointment("10")),
    ]


def test_an_unfilled_template_is_refused() -> None:
    patient = {"resourceType": "Patient", "identifier": [{"system": "https://fhir.nhs.uk/Id/nhs-number", "value": "{{number}}"}]}
    with pytest.raises(Problem) as caught:
        adapter.envelope(body(bundle(patient)))
    assert (caught.value.reason.name, caught.value.where) == ("placeholder", "Patient.identifier")


def test_profiles_of_gp_connect_are_recognised_and_no_others() -> None:
    assert adapter.recognises(b"\xef\xbb\xbf\n" + body(appointment()))
    assert not adapter.recognises(body(appointment(meta={"profile": [PROFILE.replace("GPConnect", "eRS")]})))
    assert not adapter.recognises(b"<Bundle/>")


def test_every_sample_is_recognised(shared: Callable[[str], Path]) -> None:
    files = sorted(shared("samples/gp/gpconnect").rglob("*.json"))
    assert files
    for path in files:
        assert adapter.recognises(path.read_bytes()[:4096]), path.name


@pytest.mark.parametrize(
    ("issue", "code", "reason"),
    [
        ("forbidden", "NO_RELATIONSHIP", "source-withheld"),
        ("forbidden", "NO_PATIENT_CONSENT", "source-withheld"),
        ("login", "", "source-denied"),
        ("exception", "INTERNAL_SERVER_ERROR", "source-unavailable"),
        ("not-found", "PATIENT_NOT_FOUND", "source-error"),
        ("value", "INVALID_NHS_NUMBER", "source-error"),
    ],
)
def test_an_error_of_the_practices_system_is_refused_with_its_reason(issue: str, code: str, reason: str) -> None:
    """The codes are told; what the issue says in words may name somebody."""
    outcome = {
        "resourceType": "OperationOutcome",
        "meta": {"profile": ["https://fhir.nhs.uk/STU3/StructureDefinition/GPConnect-OperationOutcome-1"]},
        "issue": [{"severity": "error", "code": issue, "details": {"coding": [{"code": code or None}], "text": "of 9990000018"}}],
    }
    assert adapter.recognises(body(outcome))
    with pytest.raises(Problem) as caught:
        adapter.envelope(body(outcome))
    assert caught.value.reason.name == reason
    assert caught.value.detail == " ".join(filter(None, [issue, code]))
