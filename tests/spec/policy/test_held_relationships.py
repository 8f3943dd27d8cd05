"""Who has to do with a person's care, as their resources say it (``interop.policy.relationships``)."""

from __future__ import annotations

from typing import Any

import pytest

from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.searching import interval
from interop.ids import ODS_ORGANISATION
from interop.policy.access import access_rows
from interop.policy.grants import DAY, USER
from interop.policy.relationships import BEFORE, CATEGORY, CLAIM, GRACE, REFERRAL

RX1 = {"identifier": {"system": ODS_ORGANISATION, "value": "rx1 "}}
NURSE = {"identifier": {"system": USER, "value": "https://issuer.test|nurse"}}
DOCTOR = {"reference": "Practitioner/dr"}
CLAIMED = [{"coding": [{"system": CATEGORY, "code": "self-claimed"}]}]
FROM, UNTIL = "2026-01-10T09:00:00Z", "2026-01-12"
PERIOD = {"start": FROM, "end": UNTIL}


def at(text: str) -> int:
    found = interval(text)
    assert found is not None
    return found[0]


NEXT = at("2026-01-13")
"""The end of UNTIL is inclusive: FHIR R4, datatypes, 2.24.0.15."""


def care(resource: dict[str, Any], **more: Any) -> set[tuple[str, int, int]]:
    """Codes of ``care`` with the time that they count for."""
    return {(row.a, row.b, row.c) for row in access_rows({**resource, **more}) if row.parameter == "care"}


def whom(resource: dict[str, Any], **more: Any) -> set[str]:
    return {code for code, _, _ in care(resource, **more)}


PATIENT = {"resourceType": "Patient", "generalPractitioner": [DOCTOR, {"reference": "Organization/gp"}]}
TEAM = {"resourceType": "CareTeam", "status": "active", "participant": [{"member": DOCTOR, "onBehalfOf": RX1}]}
REFERRED = {"resourceType": "ServiceRequest", "status": "active", "intent": "order", "performer": [RX1], "requester": DOCTOR}
ENCOUNTER = {"resourceType": "Encounter", "status": "in-progress", "serviceProvider": RX1, "participant": [{"individual": DOCTOR}]}
EPISODE = {"resourceType": "EpisodeOfCare", "status": "active", "managingOrganization": RX1, "careManager": DOCTOR}
BOOKED = {"resourceType": "Appointment", "status": "booked", "start": FROM, "participant": [{"actor": DOCTOR}, {"actor": RX1}]}


STATUSES = (
    *("proposed", "active", "suspended", "inactive", "entered-in-error", "draft", "on-hold", "revoked", "completed", "unknown"),
    *("planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "waitlist", "onhold", "pending"),
    *("booked", "fulfilled", "noshow", "checked-in"),
)
"""Of R4's resources that tell of care."""


class TestRegistration:
    def test_general_practitioners_have_to_do_with_the_person_always(self) -> None:
        assert care(PATIENT) == {("Practitioner/dr", EARLIEST, LATEST), ("Organization/gp", EARLIEST, LATEST)}

    def test_who_only_keeps_the_patient_has_not(self) -> None:
        """A hospital that once sent a message of the person keeps a Patient; its relationship is its encounters."""
        assert whom({"resourceType": "Patient", "managingOrganization": RX1}) == set()

    def test_who_keeps_it_and_tells_of_a_registration_has(self) -> None:
        told = "https://fhir.nhs.uk/STU3/StructureDefinition/Extension-CareConnect-GPC-RegistrationDetails-1"
        assert whom({"resourceType": "Patient", "managingOrganization": RX1, "extension": [{"url": told}]}) == {"ods:RX1"}

    def test_an_inactive_patient_is_registered_nowhere(self) -> None:
        assert whom(PATIENT, active=False) == set()


class TestHidden:
    SYSTEM = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"

    @pytest.mark.parametrize(("code", "hidden"), [("R", True), ("V", True), ("N", False), ("U", False)])
    @pytest.mark.parametrize("active", [True, False])
    def test_a_restricted_patients_whereabouts_are_hidden(self, code: str, hidden: bool, active: bool) -> None:
        labelled = {"resourceType": "Patient", "active": active, "meta": {"security": [{"system": self.SYSTEM, "code": code}]}}
        rows = [(row.a, row.b, row.c) for row in access_rows(labelled) if row.parameter == "hidden"]
        assert rows == ([("location", EARLIEST, LATEST)] if hidden else [])


class TestStatus:
    @pytest.mark.parametrize(
        ("resource", "counting"),
        [
            (TEAM, {"active"}),
            (REFERRED, {"active"}),
            (ENCOUNTER, {"arrived", "triaged", "in-progress", "onleave"}),
            (EPISODE, {"waitlist", "active", "onhold"}),
            (BOOKED, {"booked", "arrived", "checked-in", "fulfilled"}),
        ],
    )
    def test_what_is_proposed_drafted_cancelled_or_in_error_never_counts(self, resource: Any, counting: set[str]) -> None:
        assert {status for status in STATUSES if whom(resource, status=status)} == counting
        assert whom({name: value for name, value in resource.items() if name != "status"}) == set()
        assert whom(resource) == {"ods:RX1", "Practitioner/dr"}

    @pytest.mark.parametrize("intent", ["proposal", "plan", "option"])
    def test_what_is_only_thought_of_is_no_referral(self, intent: str) -> None:
        assert whom(REFERRED, intent=intent) == set()

    def test_who_has_declined_has_no_appointment(self) -> None:
        assert whom(BOOKED, participant=[{"actor": DOCTOR, "status": "declined"}, {"actor": RX1}]) == {"ods:RX1"}


class TestTime:
    def test_a_care_team_has_its_period(self) -> None:
        assert {span[1:] for span in care(TEAM, period=PERIOD)} == {(at(FROM), NEXT)}
        assert {span[1:] for span in care(TEAM)} == {(EARLIEST, LATEST)}

    def test_and_each_participant_its_own_within(self) -> None:
        member = {"member": DOCTOR, "period": {"start": "2026-01-11", "end": "2027"}}
        assert care(TEAM, period=PERIOD, participant=[member]) == {("Practitioner/dr", at("2026-01-11"), NEXT)}

    def test_a_claim_of_ones_own_needs_a_start_and_ends(self) -> None:
        claimed = {**TEAM, "category": CLAIMED, "participant": [{"member": NURSE}]}
        assert care(claimed, period=PERIOD) == {("user:https://issuer.test|nurse", at(FROM), NEXT)}
        assert care(claimed, period={"start": FROM}) == {("user:https://issuer.test|nurse", at(FROM), at(FROM) + CLAIM)}
        assert care(claimed) == care(claimed, period={"end": UNTIL}) == set()

    def test_no_feed_claims_for_anybody(self) -> None:
        claimed = {**TEAM, "category": CLAIMED, "period": PERIOD}
        assert access_rows(claimed, declared=False) == []
        assert access_rows({**TEAM, "period": PERIOD}, declared=False) != []

    def test_a_referral_is_forgotten_after_eighteen_months(self) -> None:
        assert {span[1:] for span in care(REFERRED, authoredOn="2026-01-01")} == {(EARLIEST, at("2026-01-02") + REFERRAL)}
        later = {"authoredOn": "2026-01-01", "occurrencePeriod": {"start": "2026-02-01", "end": "2026-03-01"}}
        assert {span[1:] for span in care(REFERRED, **later)} == {(EARLIEST, at("2026-03-02") + REFERRAL)}
        assert {span[1:] for span in care(REFERRED)} == {(EARLIEST, LATEST)}

    @pytest.mark.parametrize("resource", [ENCOUNTER, EPISODE])
    def test_care_that_has_ended_counts_72_hours_more(self, resource: Any) -> None:
        assert {span[1:] for span in care(resource, period={"start": FROM})} == {(at(FROM), LATEST)}
        assert {span[1:] for span in care(resource, status="finished", period=PERIOD)} == {(at(FROM), NEXT + GRACE)}
        assert GRACE == 3 * DAY

    def test_what_ended_and_does_not_say_when_ended_as_it_began(self) -> None:
        spans = {span[1:] for span in care(ENCOUNTER, status="finished", period={"start": "2026-01-10"})}
        assert spans == {(at("2026-01-10"), at("2026-01-11") + GRACE)}
        assert care(ENCOUNTER, status="finished") == care(ENCOUNTER, status="finished", period={"end": UNTIL}) == set()

    def test_who_was_there_for_a_part_counts_from_then(self) -> None:
        part = [{"individual": DOCTOR, "period": {"start": "2026-01-11T08:00:00Z", "end": "2026-01-11T12:00:00Z"}}]
        spans = care(ENCOUNTER, period={"start": FROM}, participant=part, serviceProvider=None)
        assert spans == {("Practitioner/dr", at("2026-01-11T08:00:00Z"), at("2026-01-11T12:00:01Z") + GRACE)}

    def test_an_appointment_counts_from_two_weeks_before_to_72_hours_after(self) -> None:
        ends = {span[1:] for span in care(BOOKED, end="2026-01-10T09:30:00Z")}
        assert ends == {(at(FROM) - BEFORE, at("2026-01-10T09:30:01Z") + GRACE)}
        assert {span[1:] for span in care(BOOKED)} == {(at(FROM) - BEFORE, at(FROM) + 1_000_000 + GRACE)}
        assert care({name: value for name, value in BOOKED.items() if name != "start"}) == set()

    @pytest.mark.parametrize("resource", [TEAM, ENCOUNTER, EPISODE])
    @pytest.mark.parametrize(
        "said", [{"start": "soon"}, {"end": "never"}, {"start": 1}, [], "2026", {"start": "2026-02", "end": "2026-01"}]
    )
    def test_a_period_that_cannot_be_read_or_is_none_gives_nothing(self, resource: Any, said: Any) -> None:
        assert care(resource, period=said) == set()


class TestNames:
    @pytest.mark.parametrize(
        ("reference", "code"),
        [
            (RX1, {"ods:RX1"}),
            (NURSE, {"user:https://issuer.test|nurse"}),
            ({"reference": "Organization/x", **RX1}, {"Organization/x", "ods:RX1"}),
            ({"reference": "PractitionerRole/x/_history/2"}, {"PractitionerRole/x"}),
            ({"reference": "#c"}, {"ods:RX2", "Practitioner/p"}),
            ({"reference": "https://else.test/Organization/x"}, set()),
            ({"reference": "Patient/x"}, set()),
            ({"reference": "RelatedPerson/x"}, set()),
            ({"reference": "Organization/"}, set()),
            ({"reference": "#"}, set()),
            ({"identifier": {"system": ODS_ORGANISATION, "value": "?"}}, set()),
            ({"identifier": {"system": "https://else.test", "value": "RX1"}}, set()),
            ({"identifier": {"system": USER, "value": "|"}}, set()),
            ({"display": "RX1"}, set()),
            ("Organization/x", set()),
        ],
    )
    def test_by_which_names_a_reference_means_somebody(self, reference: Any, code: set[str]) -> None:
        contained = [
            {"resourceType": "PractitionerRole", "id": "c", "practitioner": {"reference": "Practitioner/p"},
             "organization": {"identifier": {"system": ODS_ORGANISATION, "value": "RX2"}}},
            {"resourceType": "Organization"},
        ]  # fmt: skip
        assert whom(TEAM, participant=[{"member": reference}], contained=contained) == code
