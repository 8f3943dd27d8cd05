"""What consents come to (``interop.policy.consents``): they give what is wholly understood and refuse as soon as they could."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from interop.fhir.rows import EARLIEST, LATEST
from interop.policy.access import access_rows
from interop.policy.consents import KIND, LONGEST, PURPOSES, SCOPE
from interop.policy.grants import HOUR, USER
from interop.policy.relationships import CATEGORY
from tests.spec.policy.test_held_relationships import at


def concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def purpose(*codes: str) -> dict[str, Any]:
    return {"purpose": [{"system": PURPOSES, "code": code} for code in codes]}


def labels(*codes: str) -> dict[str, Any]:
    return {"securityLabel": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code} for code in codes]}


def actor(**reference: Any) -> dict[str, Any]:
    return {"actor": [{"role": concept("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "PROXY"), "reference": reference}]}


CONSENT: dict[str, Any] = {"resourceType": "Consent", "status": "active", "scope": concept(*SCOPE), "category": [concept(*KIND)]}
NURSE = {"identifier": {"system": USER, "value": "https://issuer.test|nurse"}}
PERMIT: dict[str, Any] = {"type": "permit"}
DENY: dict[str, Any] = {"type": "deny"}
BREAKING = {**PERMIT, **purpose("BTG")}
CARER = actor(reference="RelatedPerson/daughter")


def rows(provision: Any, **more: Any) -> set[tuple[str, str, int, int]]:
    found = access_rows({**CONSENT, "provision": provision, **more})
    return {(row.parameter, row.a, row.b, row.c) for row in found if row.kind == "access"}


def said(provision: Any, **more: Any) -> set[str]:
    return {code for _, code, _, _ in rows(provision, **more)}


class TestWhole:
    def test_a_permit_gives_and_a_denial_refuses(self) -> None:
        assert rows(PERMIT) == {("consent", "given", EARLIEST, LATEST)}
        assert rows(DENY) == {("consent", "refused", EARLIEST, LATEST)}

    def test_what_says_neither_says_nothing(self) -> None:
        assert rows({}) == rows(None) == rows({"type": "maybe"}) == set()

    @pytest.mark.parametrize("status", ["draft", "proposed", "rejected", "inactive", "entered-in-error", None])
    @pytest.mark.parametrize("provision", [PERMIT, DENY])
    def test_only_an_active_one_is_in_force(self, status: str | None, provision: Any) -> None:
        assert rows(provision, status=status) == set()

    def test_only_one_about_privacy_counts(self) -> None:
        assert rows(PERMIT, scope=concept(SCOPE[0], "treatment")) == rows(DENY, scope=None) == set()

    def test_one_that_goes_with_a_referral_gives_nothing_of_the_record(self) -> None:
        """BaRS sends one with each message: it is about the message."""
        bars = [concept("https://fhir.nhs.uk/CodeSystem/consent-categories-bars", "DRC")]
        assert rows(PERMIT, category=bars) == rows(PERMIT, category=None) == set()
        assert said(DENY, category=bars) == {"refused"}


class TestTime:
    def test_it_counts_for_its_period_to_the_end_of_the_last_day(self) -> None:
        period = {"period": {"start": "2026-01-01", "end": "2026-01-31"}}
        assert rows({**PERMIT, **period}) == {("consent", "given", at("2026-01-01"), at("2026-02-01"))}

    def test_it_gives_from_when_it_was_said_and_refuses_from_ever(self) -> None:
        assert rows(PERMIT, dateTime="2026-01-10") == {("consent", "given", at("2026-01-10"), LATEST)}
        assert rows(DENY, dateTime="2026-01-10") == {("consent", "refused", EARLIEST, LATEST)}

    @pytest.mark.parametrize("period", [{"start": "soon"}, {"end": 3}, "2026", []])
    def test_what_cannot_be_read_gives_nothing_and_refuses_always(self, period: Any) -> None:
        assert rows({**PERMIT, "period": period}) == rows(PERMIT, dateTime="lately") == set()
        assert rows({**DENY, "period": period}) == {("consent", "refused", EARLIEST, LATEST)}

    def test_what_is_given_ends_with_the_provision_around_it_and_what_is_refused_does_not(self) -> None:
        """Where consent is implied, a label that was refused is held back when the consent to the whole has expired as well."""
        inner = [{**kind, **labels("HIV"), "period": {"start": "2026-01-05"}} for kind in (PERMIT, DENY)]
        found = rows({**PERMIT, "period": {"start": "2026-01-01", "end": "2026-01-31"}, "provision": inner})
        assert ("consent", "given:HIV", at("2026-01-05"), at("2026-02-01")) in found
        assert ("consent", "refused:HIV", at("2026-01-05"), LATEST) in found


class TestLabels:
    def test_a_permit_of_labels_gives_what_bears_them_and_no_more(self) -> None:
        assert said({**PERMIT, **labels("HIV", "STD")}) == {"given:HIV", "given:STD"}

    def test_all_but_some_labels(self) -> None:
        assert said({**PERMIT, "provision": [{**DENY, **labels("HIV")}]}) == {"given", "refused:HIV"}

    def test_all_and_some_labels_expressly(self) -> None:
        assert said({**PERMIT, "provision": [{**PERMIT, **labels("HIV")}]}) == {"given", "given:HIV"}

    def test_inside_labels_no_others_are_given(self) -> None:
        assert said({**PERMIT, **labels("HIV"), "provision": [{**PERMIT, **labels("STD")}]}) == {"given:HIV"}

    def test_a_consent_bears_the_labels_that_it_names(self) -> None:
        """It tells what it holds back."""
        refused: dict[str, Any] = {**DENY, **labels("HIV")}
        told = {**CONSENT, "provision": {**PERMIT, "provision": [refused]}}
        system = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
        assert [row[:4] for row in access_rows(told) if row.kind == "token"] == [("_security", "token", system, "HIV")]
        assert [
            row for row in access_rows({**told, "meta": {"security": [{"system": system, "code": "HIV"}]}}) if row.kind == "token"
        ] == []

    @pytest.mark.parametrize("unclear", [[], [{}], [{"code": "HIV"}, {"display": "x"}], "HIV"])
    def test_labels_that_cannot_be_read(self, unclear: Any) -> None:
        assert said({**PERMIT, "securityLabel": unclear}) == set()
        assert said({**DENY, "securityLabel": unclear}) == {"refused"}


class TestNarrowed:
    NARROWED = (
        {"class": [{"code": "DocumentReference"}]},
        {"code": [concept("http://snomed.info/sct", "1")]},
        {"data": [{"meaning": "instance", "reference": {"reference": "Observation/1"}}]},
        {"dataPeriod": {"end": "2025"}},
        {"action": [concept("http://terminology.hl7.org/CodeSystem/consentaction", "correct")]},
        {"actor": [{"reference": {"reference": "Organization/x"}}]},
        {"purpose": [{"system": "https://else.test", "code": "TREAT"}]},
    )

    @pytest.mark.parametrize("narrowed", NARROWED)
    def test_what_no_row_can_say_gives_nothing_and_refuses_the_whole(self, narrowed: dict[str, Any]) -> None:
        assert said({**PERMIT, **narrowed}) == set()
        assert said({**PERMIT, **narrowed, "provision": [PERMIT]}) == set()
        assert said({**DENY, **narrowed}) == {"refused"}
        assert said({**PERMIT, "provision": [{**DENY, **narrowed}]}) == {"given", "refused"}

    def test_reading_is_no_narrower_than_all(self) -> None:
        access = {"action": [concept("http://terminology.hl7.org/CodeSystem/consentaction", "access")]}
        assert said({**PERMIT, **access}) == {"given"}

    @pytest.mark.parametrize("code", ["TREAT", "CAREMGT", "COC"])
    def test_for_care_is_given_and_refused_as_a_whole(self, code: str) -> None:
        assert said({**PERMIT, **purpose(code, "HRESCH")}) == {"given"}
        assert said({**DENY, **purpose(code, "HRESCH")}) == {"refused"}

    def test_for_another_purpose_it_gives_no_care_and_refuses_that_purpose(self) -> None:
        assert said({**PERMIT, **purpose("HRESCH")}) == set()
        assert said({**DENY, **purpose("HRESCH", "HMARKT")}) == {"refused:HRESCH", "refused:HMARKT"}
        assert said({**PERMIT, **purpose("BTG"), "provision": [{**PERMIT, **purpose("TREAT")}]}) == set()

    def test_but_in_an_emergency(self) -> None:
        """IHE PCF: a refusal with a nested provision that glass may be broken is a refusal: breaking it is another declaration."""
        assert said({**DENY, "provision": [BREAKING]}) == {"refused"}
        assert said({**PERMIT, "provision": [BREAKING]}) == {"given"}


def test_times_are_of_whole_seconds() -> None:
    """As decisions are: what begins within a second holds in it, what ends within one no more."""
    period = {"start": "2026-01-10T09:00:00.400Z", "end": "2026-01-10T10:00:00.400Z"}
    assert rows({**PERMIT, "period": period}) == {("consent", "given", at("2026-01-10T09:00:00Z"), at("2026-01-10T10:00:00Z"))}


class TestProxy:
    def test_whom_the_person_lets_act_is_a_proxy_and_gives_the_record_to_nobody_else(self) -> None:
        assert rows({**PERMIT, **CARER, "period": {"end": "2026"}}) == {
            ("proxy", "RelatedPerson/daughter", EARLIEST, at("2027-01-01"))
        }
        assert said({**PERMIT, **actor(**NURSE)}) == {"user:https://issuer.test|nurse"}

    def test_within_a_consent_of_the_whole(self) -> None:
        assert said({**PERMIT, "provision": [{**PERMIT, **CARER}]}) == {"given", "RelatedPerson/daughter"}

    @pytest.mark.parametrize("reference", ["Practitioner/x", "Organization/x", "Patient/x", "https://else.test/RelatedPerson/x"])
    def test_nobody_else_is(self, reference: str) -> None:
        assert said({**PERMIT, **actor(reference=reference)}) == set()

    def test_a_proxy_who_is_refused_is_none(self) -> None:
        assert {row[0] for row in rows({**DENY, **CARER})} == {"consent"}


class TestEmergency:
    PERIOD: ClassVar[dict[str, Any]] = {"period": {"start": "2026-01-10T09:00:00Z", "end": "2026-01-10T12:59:59Z"}}
    BROKEN: ClassVar[dict[str, Any]] = {"category": [concept(CATEGORY, "break-glass")]}

    def test_a_declared_emergency_is_of_one_user_for_its_period(self) -> None:
        low = at("2026-01-10T09:00:00Z")
        declared = {**BREAKING, **actor(**NURSE), **self.PERIOD}
        assert rows(declared, **self.BROKEN) == {("breakglass", "user:https://issuer.test|nurse", low, low + 4 * HOUR)}

    def test_it_never_lasts_longer_than_a_day(self) -> None:
        low = at("2026-01-10")
        for period in ({"start": "2026-01-10"}, {"start": "2026-01-10", "end": "2030"}):
            assert rows({**BREAKING, **actor(**NURSE), "period": period}, **self.BROKEN) == {
                ("breakglass", "user:https://issuer.test|nurse", low, low + (LONGEST))
            }

    @pytest.mark.parametrize(
        "provision",
        [
            {**BREAKING, **actor(**NURSE)},
            {**BREAKING, **actor(**NURSE), "period": {"end": "2030"}},
            {**BREAKING, **actor(reference="Practitioner/x"), **PERIOD},
            {**BREAKING, **PERIOD},
            {**PERMIT, **actor(**NURSE), **PERIOD},
            {**DENY, **purpose("BTG"), **actor(**NURSE), **PERIOD},
            [],
        ],
    )
    def test_anything_less_is_none(self, provision: Any) -> None:
        assert rows(provision, **self.BROKEN) == set()

    def test_no_feed_declares_one(self) -> None:
        sent = {**CONSENT, **self.BROKEN, "provision": {**BREAKING, **actor(**NURSE), **self.PERIOD}}
        assert access_rows(sent, declared=False) == []
        assert [row.a for row in access_rows({**CONSENT, "provision": DENY}, declared=False)] == ["refused"]


def test_what_lies_too_deep_refuses_if_anything_does() -> None:
    provision: dict[str, Any] = DENY
    for _ in range(100):
        provision = {**PERMIT, **labels("HIV"), "provision": [provision]}
    assert said(provision) == {"given:HIV", "refused"}
