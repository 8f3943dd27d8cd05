"""e-Referral Service, FHIR STU3: ReferralRequest and Appointment as R4."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from interop.formats.json import load_json, write_json
from tests.spec.families.maps import example, make

REFERRAL = example("ers", "referral.json")
BOOKING = example("ers", "booking.json")


def test_the_id_of_a_referral_is_its_ubrn() -> None:
    """Twelve digits, whichever of the two resources comes first."""
    request, named = make("ers", REFERRAL).one("req"), make("ers", BOOKING).one("areq")
    assert {"system": "https://fhir.nhs.uk/Id/UBRN", "value": "000099900017"} in request["identifier"]
    assert request["id"] == named["id"]


def test_the_contained_appointment_is_the_resource_that_the_referral_names() -> None:
    """``Extension-eRS-Appointment-Reference-1`` tells its id."""
    assert make("ers", REFERRAL).one("appt")["id"] == make("ers", BOOKING).one("sappt")["id"]


def test_a_request_to_book_has_no_id_of_its_own() -> None:
    """Its id is the word ``appointment``: two requests are not one because of it."""
    request = example("ers", "request.json")
    other = request.replace(b"000099900025", b"000099900033")
    assert make("ers", request).one("rappt")["id"] != make("ers", other).one("rappt")["id"]


@pytest.mark.parametrize(
    ("state", "status"),
    [("NOT_BOOKED", "active"), ("BOOKED", "active"), ("CANCELLED", "revoked"), ("SOMETHING_NEW", "unknown")],
)
def test_the_state_is_kept_as_it_is_and_gives_the_status(state: str, status: str) -> None:
    """A state that no table knows is not taken for an active referral."""
    request = make("ers", REFERRAL.replace(b"DEFERRED_TO_PROVIDER", state.encode())).one("req")
    assert request["status"] == status
    assert state in write_json(request["extension"]).decode()


@pytest.mark.parametrize("system", ["http://fhir.nhs.net/Id/nhs-number", "https://fhir.nhs.uk/Id/nhs-number"])
def test_identifier_systems_have_variants(system: str) -> None:
    """e-RS writes the old form; the record holds the one that UK Core knows."""
    body = BOOKING.replace(b"http://fhir.nhs.net/Id/nhs-number", system.encode())
    (identifier,) = make("ers", body).one("apat")["identifier"]
    assert (identifier["system"], identifier["value"]) == ("https://fhir.nhs.uk/Id/nhs-number", "9991000011")


def test_an_nhs_number_of_the_service_has_been_traced() -> None:
    """The service holds only numbers that PDS has traced, so those known by their number alone may link."""
    (identifier,) = make("ers", BOOKING).one("apat")["identifier"]
    assert identifier["extension"][0]["valueCodeableConcept"]["coding"][0]["code"] == "01"


def test_a_template_base_in_a_system_is_put_right() -> None:
    """``_baseUrl_/STU3/CodeSystem/SPECIALTY`` is what the service's own examples send."""
    coding = make("ers", REFERRAL).one("req")["performerType"]["coding"][0]
    assert coding["system"] == "https://fhir.nhs.uk/STU3/CodeSystem/SPECIALTY"


def test_each_participant_refers_to_what_its_identifier_names() -> None:
    """Service, patient and clinician, in the order of the source."""
    appointment = make("ers", BOOKING).one("sappt")
    kinds = [participant["actor"]["reference"].partition("/")[0] for participant in appointment["participant"]]
    assert kinds == ["HealthcareService", "Patient", "Practitioner"]


def test_two_week_wait_is_urgent_and_stays_two_week_wait() -> None:
    """R4 has no priority of that name; the extension keeps it."""
    request = make("ers", REFERRAL).one("req")
    assert request["priority"] == "urgent"
    assert "TWO_WEEK_WAIT" in write_json(request["extension"]).decode()


def test_every_sample_maps_to_valid_r4(shared: Callable[[str], Path]) -> None:
    """Referrals, appointments and requests of the service's own examples."""
    seen = 0
    for path in sorted(shared("samples/ereferral/ers/stu3").rglob("*.json")):
        if load_json(path.read_bytes()).get("resourceType") in ("ReferralRequest", "Appointment"):
            assert make("ers", path.read_bytes()).findings() == [], path.name
            seen += 1
    assert seen >= 12
