"""What agreements and consents say to the letter: what differs from it by one word is something else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from interop.fhir.rows import EARLIEST, LATEST
from interop.ids import ODS_ORGANISATION
from interop.policy.access import access_rows
from interop.policy.agreements import PURPOSES, SOURCE, agreements, contract, organisation
from interop.policy.consents import DEEP, labels_named
from interop.policy.grants import codes
from interop.policy.relationships import BEFORE, CATEGORY, CLAIM, GRACE, REFERRAL, self_claimed
from tests.spec.policy.test_held_agreements import AGREED, nobody, with_action
from tests.spec.policy.test_held_consents import CARER, CONSENT, DENY, NURSE, PERMIT, actor, concept, labels, purpose, rows, said
from tests.spec.policy.test_held_relationships import BOOKED, ENCOUNTER, REFERRED, TEAM, at, care, whom

RX9 = {"identifier": {"system": ODS_ORGANISATION, "value": "RX9"}}
ACTION = "http://terminology.hl7.org/CodeSystem/consentaction"
CODES = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def known(id_: str) -> tuple[str, ...]:
    return {"here": ("RX1", "RX2")}[id_]


def named(reference: Any) -> list[str]:
    """The partners of a Contract whose action names this one."""
    return [each.partner for each in agreements(with_action(performer=reference), known)]


def spans(**more: Any) -> list[tuple[int, int]]:
    return [(each.start, each.end) for each in agreements({**contract(AGREED), **more}, nobody)]


class TestOrganisations:
    def test_by_every_name_that_a_reference_has(self) -> None:
        assert named(RX9) == ["RX9"]
        assert named({"reference": "Organization/here"}) == ["RX1", "RX2"]
        assert named({"identifier": {"system": SOURCE, "value": "st james"}}) == ["st james"]

    @pytest.mark.parametrize(
        "reference",
        [
            "Organization/here", 5, None, [],
            {"reference": "Practitioner/here"},
            {"identifier": {"system": SOURCE, "value": ""}},
            {"identifier": {"system": SOURCE}},
            {"identifier": {"system": SOURCE, "value": "RX1,RX2"}},
            {"identifier": {"system": SOURCE, "value": "RX1,"}},
            {"identifier": {"system": "https://else.test", "value": "RX1"}},
            {"identifier": {"system": "urn:interop:user", "value": "iss|jo"}},
            {"identifier": "RX1"},
        ],
    )  # fmt: skip
    def test_nobody_is_meant_by_what_names_none(self, reference: Any) -> None:
        assert named(reference) == []

    def test_who_agrees_with_itself_agrees_with_nobody(self) -> None:
        assert named({"identifier": {"system": ODS_ORGANISATION, "value": AGREED.source}}) == []
        assert named({"identifier": {"system": ODS_ORGANISATION, "value": AGREED.source}} | {"reference": "Organization/here"}) == [
            "RX1",
            "RX2",
        ]

    def test_an_id_has_at_most_64_characters(self) -> None:
        assert whom(TEAM, participant=[{"member": {"reference": f"Practitioner/{'x' * 64}"}}]) == {f"Practitioner/{'x' * 64}"}
        assert whom(TEAM, participant=[{"member": {"reference": f"Practitioner/{'x' * 65}"}}]) == set()
        assert whom(TEAM, participant=[{"member": {"reference": "Practitioner/x/_history"}}]) == set()
        assert whom(TEAM, participant=[{"member": {"reference": "Practitioner/x/y"}}]) == set()
        assert whom(TEAM, participant=[{"member": {"reference": "Practitioner"}}]) == set()

    def test_an_ods_code_is_written_as_one_and_any_other_name_as_what_it_is(self) -> None:
        assert organisation("RX1") == {"identifier": {"system": ODS_ORGANISATION, "value": "RX1"}}
        assert organisation("feed:hospital") == {"identifier": {"system": "urn:interop:source", "value": "feed:hospital"}}


class TestContract:
    def test_it_is_written_to_the_letter(self) -> None:
        made = contract(AGREED)
        assert made["term"] == [
            {
                "offer": {"text": "What the organisation contributes to the shared record"},
                "action": [
                    {
                        "type": concept(ACTION, "disclose"),
                        "intent": concept("http://terminology.hl7.org/CodeSystem/v3-ActReason", "TREAT"),
                        "status": concept("http://terminology.hl7.org/CodeSystem/contract-actionstatus", "complete"),
                    }
                ],
            }
        ]
        assert made["subject"] == [organisation(AGREED.source)]
        assert contract(replace(AGREED, purposes=())) == made
        assert made["type"] == concept("http://terminology.hl7.org/CodeSystem/contract-type", "disclosure")

    def test_without_terms_it_is_for_direct_care_with_all_for_its_period(self) -> None:
        bare = {name: value for name, value in contract(AGREED).items() if name != "term"}
        (one,) = agreements(bare, nobody)
        assert (one.partner, one.purposes, one.start, one.end) == ("", (), AGREED.start, AGREED.end)
        for none in ({"start": "soon"}, "2026", {"start": "2026-02", "end": "2026-01"}):
            assert agreements({**bare, "applies": none}, nobody) == ()

    def test_a_term_applies_within_the_contract(self) -> None:
        made = contract(AGREED)
        (term,) = made["term"]
        within = {**term, "applies": {"start": "2026-02-01", "end": "2026-02-28"}}
        assert spans(term=[within]) == [(at("2026-02-01"), at("2026-03-01"))]
        wider = {**term, "applies": {"start": "2020", "end": "2030"}}
        assert spans(term=[wider]) == [(AGREED.start, AGREED.end)]
        for none in ({"start": "2027-01-01"}, {"end": "2025-12-31"}, {"start": "soon"}, "2026"):
            assert spans(term=[{**term, "applies": none}]) == []
        for none in ({"start": "soon"}, "2026"):
            assert spans(term=[{**term, "applies": none}], applies={"start": "1960", "end": "1980"}) == []

    def test_an_intent_counts_by_system_and_code_alone(self) -> None:
        def purposes(*codings: dict[str, str]) -> list[tuple[str, ...]]:
            return [each.purposes for each in agreements(with_action(intent={"coding": [*codings]}), nobody)]

        care, booking = ({"system": PURPOSES, "code": code} for code in ("TREAT", "HOPERAT"))
        assert purposes(care) == [("direct-care",)]
        assert purposes({"system": "https://else.test", "code": "TREAT"}, booking) == [("administration",)]
        assert purposes({"system": "https://else.test", "code": "TREAT"}) == []
        assert purposes({"code": "TREAT"}) == []
        assert purposes({"system": PURPOSES}) == []
        assert [each.purposes for each in agreements(with_action(doNotPerform=False), nobody)] == [("direct-care",)]
        assert agreements(with_action(doNotPerform="no"), nobody) == ()


class TestConsents:
    def test_what_the_person_said_is_known_by_either_category(self) -> None:
        assert said(PERMIT, category=[concept(CODES, "INFA")]) == {"given"}
        assert said(PERMIT, category=[concept("https://else.test", "INFA")]) == set()
        assert said(PERMIT, category=[concept(CODES, "INFAO")]) == set()

    def test_proxies_are_given_by_the_person_s_own_consent_alone_and_from_when_it_was_said(self) -> None:
        """A message's consent names no proxy; one that is named like a refusal is none."""
        referral = [concept("https://fhir.nhs.uk/CodeSystem/consent-categories-bars", "DRC")]
        assert rows({**PERMIT, **CARER}, category=referral) == set()
        assert rows({**PERMIT, **CARER}, dateTime="2026-01-10") == {("proxy", "RelatedPerson/daughter", at("2026-01-10"), LATEST)}
        refuser = actor(identifier={"system": "urn:interop:user", "value": "refused|x"})
        assert rows({**PERMIT, **refuser}, category=referral) == set()

    def test_only_users_break_glass_and_only_users_and_relations_act_for_the_person(self) -> None:
        organisation_ = actor(identifier={"system": ODS_ORGANISATION, "value": "RX1"})
        assert said({**PERMIT, **organisation_}) == set()
        assert said({**PERMIT, **actor(**NURSE)}) == {"user:https://issuer.test|nurse"}
        broken = {
            **PERMIT, **organisation_, **purpose("BTG"), "period": {"start": "2026-01-10T09:00:00Z", "end": "2026-01-10T10:00:00Z"},
        }  # fmt: skip
        for none in (broken, None, 5, "x"):
            assert rows(none, category=[concept("urn:interop:codes:access", "break-glass")]) == set()

    def test_labels_that_a_consent_bears_are_those_with_a_code_as_the_table_has_them(self) -> None:
        old = {"system": "http://hl7.org/fhir/v3/ActCode", "code": "HIV"}
        unknown = {"system": "https://else.test", "code": "X"}
        told = {**CONSENT, "provision": {**PERMIT, "securityLabel": [old, unknown, {"system": CODES}, {"display": "HIV"}]}}
        assert labels_named(told) == [(CODES, "HIV"), ("https://else.test", "X")]
        assert labels_named({**told, "meta": {"security": [old]}}) == [("https://else.test", "X")]

    def test_a_label_is_named_as_consents_call_it(self) -> None:
        demographics = {"securityLabel": [{"system": CODES, "code": "DEMO"}]}
        assert said({**PERMIT, **demographics}) == {"given:PRS"}
        assert said({**DENY, "securityLabel": [{"system": "https://else.test", "code": "DEMO"}]}) == {"refused:DEMO"}
        normal = {"securityLabel": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "N"}]}
        assert said({**DENY, **normal}) == {"refused:N"}

    def test_how_deep_provisions_are_read(self) -> None:
        """The sixteenth below the root is read, the seventeenth refuses the whole where it refuses anything."""
        for depth, found in ((DEEP, {"refused:HIV"}), (DEEP + 1, {"refused"})):
            provision: dict[str, Any] = {**DENY, **labels("HIV")}
            for _ in range(depth):
                provision = {"provision": [provision]}
            assert said(provision) == found
            harmless: dict[str, Any] = {**PERMIT, **labels("HIV")}
            for _ in range(depth):
                harmless = {"provision": [harmless]}
            assert said(harmless) == ({"given:HIV"} if depth == DEEP else set())
        assert DEEP == 16

    def test_what_lies_too_deep_and_cannot_be_read_refuses_nothing(self) -> None:
        provision: Any = {"provision": ["x", {"type": "permit", "provision": [None, {"type": "other"}]}]}
        for _ in range(DEEP + 1):
            provision = {"provision": [provision]}
        assert said(provision) == set()

    def test_a_purpose_that_cannot_be_read_narrows(self) -> None:
        assert said({**PERMIT, "purpose": []}) == set()
        assert said({**PERMIT, "purpose": "TREAT"}) == set()
        assert said({**DENY, "purpose": []}) == {"refused"}
        assert said({**DENY, **purpose("PurposeOfUse")}) == said({**DENY, **purpose("PurposeOfUse", "HRESCH")}) == {"refused"}

    def test_what_lies_beyond_what_stands_around_it_gives_nothing(self) -> None:
        beyond = {**PERMIT, **labels("HIV"), "provision": [{**PERMIT, **labels("HIV", "STD")}]}
        assert said(beyond) == {"given:HIV"}
        assert said(
            {**PERMIT, **purpose("TREAT"), **labels("HIV"), "provision": [{**PERMIT, **labels("STD"), **purpose("COC")}]}
        ) == {"given:HIV"}
        within = {**PERMIT, **labels("HIV", "STD"), "provision": [{**PERMIT, **labels("STD")}]}
        assert said(within) == {"given:HIV", "given:STD"}
        assert said({**labels("HIV", "STD"), "provision": [{**PERMIT, **labels("STD")}]}) == {"given:STD"}
        assert said({**labels("HIV"), "provision": [{**PERMIT, **labels("STD")}]}) == set()
        care = {"provision": [{**PERMIT, **purpose("TREAT")}], **purpose("TREAT", "COC")}
        assert said(care) == {"given"}
        assert said({"provision": [{**PERMIT, **purpose("TREAT")}], **purpose("COC")}) == set()

    def test_labels_around_hold_for_what_names_none(self) -> None:
        inner = {**labels("HIV"), "provision": [{**DENY, "period": {"end": "2026"}}]}
        assert rows(inner) == {("consent", "refused:HIV", EARLIEST, at("2027-01-01"))}
        assert said({**purpose("HRESCH"), "provision": [DENY]}) == {"refused:HRESCH"}

    @pytest.mark.parametrize("code", ["access", "disclose", "use"])
    def test_actions_of_reading_narrow_nothing(self, code: str) -> None:
        assert said({**PERMIT, "action": [concept(ACTION, code)]}) == {"given"}
        assert said({**PERMIT, "action": [5, concept(ACTION, code)]}) == {"given"}

    @pytest.mark.parametrize("action", [[], "access", 5, [concept(ACTION, "collect")], [concept("https://else.test", "use")], [5]])
    def test_any_other_action_narrows(self, action: Any) -> None:
        assert said({**PERMIT, "action": action}) == set()
        assert said({**DENY, "action": action}) == {"refused"}

    def test_what_only_looks_like_an_action_narrows(self) -> None:
        for name in ("class", "code", "data"):
            assert said({**PERMIT, name: [concept(ACTION, "use")]}) == set()

    def test_an_actor_that_is_not_whole_narrows_all_the_same(self) -> None:
        for none in ([], "x", [{}], [{"reference": "RelatedPerson/x"}]):
            assert said({**PERMIT, "actor": none}) == set()
        assert said({**PERMIT, **CARER, "provision": [PERMIT]}) == {"RelatedPerson/daughter"}

    def test_resources_of_other_types_say_nothing_whatever_is_in_them(self) -> None:
        for kind in ("Observation", "Contract", "", None, 3, ["Consent"], {}):
            assert access_rows({**CONSENT, "provision": {**DENY, **labels("HIV")}, "resourceType": kind}) == []

    def test_every_access_row_has_a_word_for_a_code(self) -> None:
        assert all(isinstance(row.a, str) and row.a for row in access_rows({**CONSENT, "provision": {**PERMIT, **CARER}}))


class TestWhoIsMeant:
    HELD: dict[str, Any] = {
        "resourceType": "CareTeam",
        "contained": [
            {"resourceType": "Organization", "id": "o", "identifier": [RX9["identifier"]]},
            {"resourceType": "Organization", "identifier": [{"system": ODS_ORGANISATION, "value": "RX8"}]},
            {"resourceType": "Patient", "id": "p", "identifier": [{"system": ODS_ORGANISATION, "value": "RX7"}]},
            {"resourceType": "Practitioner", "id": "d", "organization": RX9},
            {"resourceType": "PractitionerRole", "id": "r", "practitioner": {"reference": "Practitioner/dr"}, "organization": RX9},
        ],
    }

    @pytest.mark.parametrize(
        ("reference", "meant"),
        [("#o", ["ods:RX9"]), ("#", []), ("#p", []), ("#d", []), ("#r", ["Practitioner/dr", "ods:RX9"]), ("#nothing", [])],
    )
    def test_by_what_is_contained(self, reference: str, meant: list[str]) -> None:
        assert list(codes({"reference": reference}, within=self.HELD)) == meant


class TestHowLong:
    def test_what_is_said_nowhere_is_so_long(self) -> None:
        day = 86_400_000_000
        assert (14 * day, 548 * day, 3 * day, 90 * day) == (BEFORE, REFERRAL, GRACE, CLAIM)

    @pytest.mark.parametrize("dated", ["authoredOn", "occurrenceDateTime", "occurrencePeriod"])
    def test_a_referral_counts_from_the_one_date_that_it_has(self, dated: str) -> None:
        value = {"end": "2026-01-12"} if dated == "occurrencePeriod" else "2026-01-12"
        assert {end for _, _, end in care({**REFERRED, dated: value})} == {at("2026-01-13") + 548 * 86_400_000_000}

    def test_who_manages_a_care_team_is_in_it(self) -> None:
        assert whom({**TEAM, "participant": [], "managingOrganization": [RX9]}) == {"ods:RX9"}

    def test_in_care_teams_alone_somebody_claims_to_be(self) -> None:
        claimed = {"category": [concept(CATEGORY, "self-claimed")]}
        assert self_claimed({**TEAM, **claimed})
        assert self_claimed({**ENCOUNTER, **claimed}) is False

    def test_a_referral_without_an_end_is_never_forgotten(self) -> None:
        assert {end for _, _, end in care({**REFERRED, "occurrencePeriod": {"start": "2026-01-12"}})} == {LATEST}

    @pytest.mark.parametrize("status", ["planned", "cancelled", "entered-in-error", None])
    def test_a_visit_that_did_not_take_place_is_none_whenever_it_was_to_be(self, status: str | None) -> None:
        assert care({**ENCOUNTER, "status": status, "period": {"start": "2026-01-12", "end": "2026-01-13"}}) == set()

    def test_an_appointment_whose_end_cannot_be_read_is_none(self) -> None:
        assert care(BOOKED)
        assert care({**BOOKED, "end": "soon"}) == set()
