"""What is counted of people for analytics, and who may link a pseudonym again: cell by cell."""

from __future__ import annotations

import pytest

from interop.policy.asker import Asker
from interop.policy.decide import Question, decide
from interop.policy.facts import Agreement, Facts
from interop.policy.scopes import read_scopes
from interop.policy.tables import tables
from interop.store.decision import Decision
from tests.spec.policy.cells import BEFORE, FOREVER, NOW, SECOND, Cell, cell
from tests.spec.policy.evaluate import given
from tests.spec.policy.oracle import Claim, Somebody

PRACTICE, BOARD, OTHER = "A81001", "QKS", "B82002"
CONSENTS = Claim("consent", "given", BEFORE, FOREVER)
REGISTERED = Claim("care", f"ods:{PRACTICE}", BEFORE, FOREVER)
ANALYST = Asker("issuer|ann", "analyst", BOARD, scopes=None)
GP = Asker("issuer|jo", "gp", PRACTICE, scopes=None)
COUNTED = ("CarePlan", "Condition", "Encounter", "Patient", "RiskAssessment")
SHARED = Facts((Agreement("1", PRACTICE, "", ("analytics",), BEFORE, FOREVER, "active"),))


def counts(asker: Asker = ANALYST, facts: Facts = SHARED, now: int = NOW) -> Decision:
    return decide(Question("$population", "", "", asker), facts, now)


def links(asker: Asker = GP, facts: Facts = SHARED, now: int = NOW) -> Decision:
    return decide(Question("$relink", "Patient", "", asker), facts, now)


def thing(type: str, *claims: Claim, labels: tuple[str, ...] = (), sources: tuple[str, ...] = (PRACTICE,)) -> Cell:
    return cell(1, type, Somebody(frozenset(("p1",)), claims), frozenset(labels), frozenset(sources))


@pytest.mark.parametrize("type", sorted(tables().types))
def test_five_types_are_counted(type: str) -> None:
    assert given(counts(), thing(type, CONSENTS)) == (type in COUNTED)


@pytest.mark.parametrize("code", ["HQUALIMP", "HOPERAT", "HPRGRP", "HRESCH", "PUBHLTH"])
def test_a_refusal_of_any_purpose_beyond_care_is_one_of_being_counted(code: str) -> None:
    refused = Claim("consent", f"refused:{code}", BEFORE, NOW + SECOND)
    for type in COUNTED:
        assert not given(counts(), thing(type, CONSENTS, refused))
        assert given(counts(now=NOW + SECOND), thing(type, CONSENTS, refused)), "until it ends"


def test_consent_is_asked_for_as_for_care() -> None:
    refused = Claim("consent", "refused", BEFORE, FOREVER)
    assert not given(counts(), thing("Patient"))
    assert not given(counts(), thing("Patient", CONSENTS, refused))
    implied = Facts(SHARED.agreements, "implied")
    assert given(counts(facts=implied), thing("Patient"))
    assert not given(counts(facts=implied), thing("Patient", refused))
    assert not given(counts(facts=implied), thing("Patient", Claim("consent", "refused:HRESCH", BEFORE, FOREVER)))


def test_whoever_hides_is_not_counted() -> None:
    assert not given(counts(), thing("Condition", CONSENTS, Claim("hidden", "location", BEFORE, FOREVER)))


@pytest.mark.parametrize("label", ["HIV", "R", "PSY", "V", "GENDER", "PRS", "worded", "unknown", "N"])
def test_nothing_sensitive_is_counted_whatever_was_consented_to(label: str) -> None:
    opened = Claim("consent", f"given:{label}", BEFORE, FOREVER)
    for type in COUNTED:
        assert given(counts(), thing(type, CONSENTS, opened, labels=(label,))) == (label == "N")


@pytest.mark.parametrize(
    ("agreement", "shares"),
    [
        (Agreement("1", PRACTICE, BOARD, ("analytics",), BEFORE, FOREVER, "active"), True),
        (Agreement("1", PRACTICE, OTHER, ("analytics",), BEFORE, FOREVER, "active"), False),
        (Agreement("1", PRACTICE, "", ("direct-care", "booking"), BEFORE, FOREVER, "active"), False),
        (Agreement("1", PRACTICE, "", (), BEFORE, FOREVER, "active"), False),
        (Agreement("1", PRACTICE, "", ("analytics",), BEFORE, NOW, "active"), False),
        (Agreement("1", PRACTICE, "", ("analytics",), BEFORE, FOREVER, "withdrawn"), False),
    ],
)
def test_every_organisation_has_agreed_to_analytics(agreement: Agreement, shares: bool) -> None:
    facts = Facts((agreement,))
    assert given(counts(facts=facts), thing("Patient", CONSENTS)) == shares
    assert not given(counts(facts=facts), thing("Patient", CONSENTS, sources=(PRACTICE, OTHER)))


@pytest.mark.parametrize("scopes", ["user/*.rs", "system/*.rs"])
def test_a_token_for_everything_counts(scopes: str) -> None:
    asker = Asker("issuer|ann", "analyst", BOARD, scopes=read_scopes(scopes))
    assert given(counts(asker), thing("Patient", CONSENTS))


@pytest.mark.parametrize("scopes", ["", "user/Patient.rs", "patient/*.rs", "user/*.cud"])
def test_a_narrower_token_counts_nothing(scopes: str) -> None:
    asker = Asker("issuer|ann", "analyst", BOARD, scopes=read_scopes(scopes))
    assert counts(asker).refusal == "forbidden"


def test_a_token_in_the_context_of_one_patient_counts_nothing() -> None:
    for scopes in (None, read_scopes("user/*.rs")):
        assert counts(Asker("issuer|ann", "analyst", BOARD, patient="p1", scopes=scopes)).refusal == "forbidden"


def test_a_program_for_which_nobody_answers_counts_nothing() -> None:
    for scopes in (None, read_scopes("system/*.rs")):
        assert counts(Asker("", "analyst", BOARD, "tool", scopes=scopes)).refusal == "forbidden"


def test_what_a_token_does_not_read_is_not_counted() -> None:
    asker = Asker("issuer|ann", "analyst", BOARD, scopes=read_scopes("user/*.c user/Patient.rs"))
    assert given(counts(asker), thing("Patient", CONSENTS))
    assert not given(counts(asker), thing("Condition", CONSENTS))


@pytest.mark.parametrize("role", sorted(tables().roles.keys() - {"analyst", "tester"}))
def test_nobody_else_counts(role: str) -> None:
    assert counts(Asker("issuer|jo", role, PRACTICE, scopes=None)).refusal == "forbidden"


@pytest.mark.parametrize("role", sorted(tables().roles.keys() - {"gp", "mdt-member", "tester"}))
def test_nobody_but_clinicians_of_practice_and_team_links(role: str) -> None:
    assert links(Asker("issuer|jo", role, PRACTICE, scopes=None)).refusal == "forbidden"


def test_a_link_needs_relationship_consent_and_agreement() -> None:
    for role in ("gp", "mdt-member"):
        asker = Asker("issuer|jo", role, PRACTICE, scopes=None)
        assert given(links(asker), thing("Patient", CONSENTS, REGISTERED))
        assert not given(links(asker), thing("Patient", CONSENTS))
        assert not given(links(asker), thing("Patient", REGISTERED))
        assert not given(links(asker), thing("Patient", CONSENTS, REGISTERED, sources=(PRACTICE, OTHER)))
        assert not given(links(asker), thing("Patient", CONSENTS, REGISTERED, labels=("V",)))
        assert not given(links(asker), thing("Observation", CONSENTS, REGISTERED))


@pytest.mark.parametrize("code", ["HQUALIMP", "HOPERAT", "HPRGRP", "HRESCH", "PUBHLTH"])
def test_whoever_opts_out_is_linked_no_more(code: str) -> None:
    refused = Claim("consent", f"refused:{code}", BEFORE, FOREVER)
    assert not given(links(), thing("Patient", CONSENTS, REGISTERED, refused))


def test_no_emergency_stands_for_a_relationship_in_a_link() -> None:
    declared = Claim("breakglass", f"user:{GP.user}", BEFORE, FOREVER)
    assert not given(links(), thing("Patient", CONSENTS, declared))


def test_a_link_is_a_persons_and_for_care() -> None:
    for asker in (
        Asker("", "gp", PRACTICE, "program", scopes=None),
        Asker("issuer|jo", "gp", PRACTICE, purpose="booking", scopes=None),
        Asker("issuer|jo", "gp", PRACTICE, purpose="emergency", scopes=None),
        Asker("issuer|jo", "gp", PRACTICE, scopes=read_scopes("user/Patient.cud")),
        Asker("issuer|jo", "gp", PRACTICE, scopes=()),
    ):
        assert links(asker).refusal == "forbidden"
    narrow = Asker("issuer|jo", "gp", PRACTICE, scopes=read_scopes("user/Patient.rs"))
    assert given(links(narrow), thing("Patient", CONSENTS, REGISTERED))


def test_a_pseudonym_is_linked_by_a_scope_that_reads_or_searches() -> None:
    of = {said: Asker("issuer|jo", "gp", PRACTICE, scopes=read_scopes(f"user/Patient.{said}")) for said in ("rs", "r", "s", "u")}
    assert links(of["r"]) == links(of["s"]) == links(of["rs"])
    assert (links(of["rs"]).refusal, links(of["u"]).refusal) == ("", "forbidden")
