"""The workflows of the requirements that turn on who may see what (4, 9, 11, 12), as they are told."""

from __future__ import annotations

from dataclasses import replace

from interop.policy.asker import Asker
from interop.policy.decide import Question, decide
from interop.policy.facts import Agreement, Facts
from tests.spec.policy.cells import BEFORE, FOREVER, NOW, SECOND, SOON, Cell, cell
from tests.spec.policy.evaluate import given, holds, read
from tests.spec.policy.oracle import Claim, Somebody

PRACTICE, OTHER, TRUST, AMBULANCE = "A81001", "B82002", "RXX", "RYE"
HOUR = 3600 * SECOND


def agreement(
    source: str, partner: str = "", *purposes: str, status: str = "active", start: int = BEFORE, end: int = FOREVER
) -> Agreement:
    return Agreement(f"{source}-{partner}", source, partner, purposes, start, end, status)


SHARED = Facts((agreement(PRACTICE), agreement(TRUST)))
CONSENT = Claim("consent", "given", BEFORE, FOREVER)
REGISTERED = Claim("care", f"ods:{PRACTICE}", BEFORE, FOREVER)


def asker(role: str, organisation: str, user: str = "jo", **more: str) -> Asker:
    return Asker(user=f"issuer|{user}", role=role, organisation=organisation, scopes=None, **more)


def somebody(*claims: Claim, id: str = "laura") -> Somebody:
    return Somebody(frozenset((id,)), claims)


def about(person: Somebody, type: str, *labels: str, source: str = PRACTICE) -> Cell:
    return cell(1, type, person, frozenset(labels), frozenset((source,)))


def declared(user: str, hours: int = 4, start: int = NOW) -> Claim:
    return Claim("breakglass", f"user:issuer|{user}", start, start + hours * HOUR)


CREW = asker("ambulance-clinician", AMBULANCE, "crew")


def test_at_3_am_a_crew_finds_the_person_declares_an_emergency_and_sees_the_plan() -> None:
    """Workflow 11 by way of 4: nothing is known of the crew in the record, and the person has consented to nothing."""
    laura = somebody()
    assert read(CREW, about(laura, "Patient"), SHARED)
    assert not read(CREW, about(laura, "CarePlan"), SHARED)
    assert given(decide(Question("$break-glass", "Patient", "laura", CREW), SHARED, NOW), about(laura, "Patient"))
    laura = somebody(declared("crew"))
    assert read(CREW, about(laura, "CarePlan"), SHARED)
    assert read(CREW, about(laura, "Observation"), SHARED)


def test_break_glass_ends_after_four_hours_to_the_second() -> None:
    laura = somebody(declared("crew"))
    plan = about(laura, "CarePlan")
    assert read(CREW, plan, SHARED, NOW + 4 * HOUR - 1)
    assert not read(CREW, plan, SHARED, NOW + 4 * HOUR)


def test_break_glass_is_of_one_user_for_one_person() -> None:
    laura, bill = somebody(declared("crew")), somebody(id="bill")
    assert not read(asker("ambulance-clinician", AMBULANCE, "mate"), about(laura, "CarePlan"), SHARED)
    assert not read(CREW, about(bill, "CarePlan"), SHARED)
    both = replace(about(laura, "CarePlan"), thing=replace(about(laura, "CarePlan").thing, about=(laura, bill)))
    assert not read(CREW, both, SHARED)


def test_break_glass_lifts_consent_and_labels_and_never_agreements_or_statutes() -> None:
    laura = somebody(
        declared("crew"), Claim("consent", "refused", BEFORE, FOREVER), Claim("consent", "refused:HIV", BEFORE, FOREVER)
    )
    assert read(CREW, about(laura, "Observation", "R", "HIV"), SHARED)
    assert not read(CREW, about(laura, "Observation", "V", "SEX"), SHARED)
    assert not read(CREW, about(laura, "Observation", "GENDER"), SHARED)
    assert not read(CREW, about(laura, "Observation", source=OTHER), SHARED)


def test_an_encounter_of_today_and_consent_open_the_record() -> None:
    """Workflow 4: an agreement, consent, involvement; each of them is needed."""
    nurse = asker("hospital-clinician", TRUST)
    encounter = Claim("care", f"ods:{TRUST}", BEFORE, SOON)
    seen = about(somebody(encounter, CONSENT), "Observation")
    assert read(nurse, seen, SHARED)
    assert not read(nurse, seen, Facts((agreement(TRUST),)))
    assert not read(nurse, about(somebody(encounter), "Observation"), SHARED)
    assert not read(nurse, about(somebody(CONSENT), "Observation"), SHARED)
    assert not read(nurse, seen, SHARED, SOON)


def test_consent_that_expired_a_second_ago_is_none() -> None:
    gp = asker("gp", PRACTICE)
    seen = about(somebody(REGISTERED, Claim("consent", "given", BEFORE, NOW)), "Observation")
    assert read(gp, seen, SHARED, NOW - 1)
    assert not read(gp, seen, SHARED, NOW)


def test_what_begins_within_a_second_holds_for_all_of_it() -> None:
    gp = asker("gp", PRACTICE)
    seen = about(somebody(REGISTERED, Claim("consent", "given", NOW, FOREVER)), "Observation")
    assert read(gp, seen, SHARED, NOW + 400_000)
    facts = Facts((agreement(TRUST, start=NOW + 700_000, end=NOW + 2 * SECOND + 300_000),))
    letter = about(somebody(REGISTERED, CONSENT), "DocumentReference", source=TRUST)
    assert [read(gp, letter, facts, NOW + n * SECOND) for n in range(-1, 3)] == [False, True, True, False]


def test_a_refusal_comes_before_consent_whatever_the_model() -> None:
    gp = asker("gp", PRACTICE)
    refused = about(somebody(REGISTERED, CONSENT, Claim("consent", "refused", BEFORE, FOREVER)), "Observation")
    for model in ("explicit", "implied"):
        assert not read(gp, refused, replace(SHARED, consent=model))
    silent = about(somebody(REGISTERED), "Observation")
    assert not read(gp, silent, SHARED)
    assert read(gp, silent, replace(SHARED, consent="implied"))


def test_a_pending_agreement_shares_nothing_and_its_withdrawal_stops_what_it_shared() -> None:
    """Workflow 12."""
    gp = asker("gp", OTHER)
    seen = about(somebody(Claim("care", f"ods:{OTHER}", BEFORE, FOREVER), CONSENT), "Observation")
    for status, shared in (("pending", False), ("active", True), ("withdrawn", False)):
        assert read(gp, seen, Facts((agreement(PRACTICE, status=status),))) is shared
    assert read(asker("gp", PRACTICE), about(somebody(REGISTERED, CONSENT), "Observation"), Facts())


def test_what_several_contributed_needs_the_agreement_of_each() -> None:
    gp = asker("gp", OTHER)
    person = somebody(Claim("care", f"ods:{OTHER}", BEFORE, FOREVER), CONSENT)
    shared = cell(1, "Observation", person, frozenset(), frozenset((PRACTICE, TRUST)))
    assert read(gp, shared, SHARED)
    assert not read(gp, shared, Facts((agreement(PRACTICE),)))


def test_the_book_of_another_practice_opens_by_a_pairwise_agreement_for_booking_alone() -> None:
    """Workflow 9."""
    slot = cell(1, "Slot", None, frozenset(), frozenset((OTHER,)))
    receptionist = asker("coordinator", PRACTICE, purpose="booking")
    pairwise = Facts((agreement(OTHER, PRACTICE, "booking"),))
    assert read(receptionist, slot, pairwise)
    assert not read(asker("coordinator", TRUST, purpose="booking"), slot, pairwise)
    assert not read(receptionist, slot, Facts((agreement(OTHER),)))
    assert read(asker("coordinator", OTHER), slot, Facts())
    person = somebody(REGISTERED, CONSENT)
    assert read(receptionist, about(person, "Appointment", source=OTHER), pairwise)
    assert not read(receptionist, about(person, "CarePlan", source=OTHER), pairwise)
    assert not read(asker("coordinator", PRACTICE), about(person, "Appointment", source=OTHER), pairwise)


def test_the_voluntary_sector_sees_whom_and_when_and_what_for_and_no_more() -> None:
    helper = asker("voluntary-sector", "V1")
    person = somebody(Claim("care", "ods:V1", BEFORE, FOREVER), CONSENT)
    assert all(read(helper, about(person, type), SHARED) for type in ("Patient", "Appointment", "Task"))
    for type in ("Observation", "CarePlan", "DocumentReference", "Consent", "AuditEvent"):
        decision = decide(Question("search-type", type, asker=helper), SHARED, NOW)
        assert decision.refusal == "forbidden"
    assert not read(helper, about(somebody(CONSENT), "Patient"), SHARED)
    assert decide(Question("$whole-record", "Patient", "laura", helper), SHARED, NOW).refusal == "forbidden"


def test_a_carer_sees_what_the_person_lets_them_until_it_ends() -> None:
    carer = Asker(user="issuer|kim", role="carer", fhir_user="RelatedPerson/kim", scopes=None)
    bill = somebody(Claim("proxy", "RelatedPerson/kim", BEFORE, SOON), id="bill")
    assert read(carer, about(bill, "CarePlan"), SHARED)
    assert not read(carer, about(bill, "CarePlan"), SHARED, SOON)
    assert not read(carer, about(bill, "Observation", "NOPAT"), SHARED)
    assert not read(carer, about(bill, "Observation", "HIV", "R"), SHARED)
    assert not read(carer, about(somebody(CONSENT, id="bill"), "CarePlan"), SHARED)
    assert not read(carer, about(bill, "AuditEvent"), SHARED)


def test_people_see_their_own_record_and_not_what_would_harm_them_or_tells_of_others() -> None:
    susan = Asker(user="issuer|susan", role="patient", patient="susan", scopes=None)
    person = somebody(Claim("consent", "refused", BEFORE, FOREVER), id="susan")
    assert read(susan, about(person, "Observation", "HIV", "R"), SHARED)
    assert read(susan, about(person, "AuditEvent"), SHARED)
    for label in ("NOPAT", "PHY", "third-party", "serious-harm"):
        assert not read(susan, about(person, "Observation", label), SHARED)
    assert not read(susan, about(somebody(id="bill"), "Observation"), SHARED)
    assert not read(replace(susan, patient=""), about(person, "Observation"), SHARED)


def test_a_token_for_one_patient_reaches_nobody_else_whatever_the_role() -> None:
    gp = asker("gp", PRACTICE, patient="laura")
    assert read(gp, about(somebody(REGISTERED, CONSENT), "Observation"), SHARED)
    assert not read(gp, about(somebody(REGISTERED, CONSENT, id="bill"), "Observation"), SHARED)
    assert not read(gp, about(somebody(REGISTERED, CONSENT, id="bill"), "Patient"), SHARED)
    tester = Asker(user="t", role="tester", patient="laura", scopes=None)
    assert read(tester, about(somebody(), "Observation", "V"), Facts())
    assert not read(tester, about(somebody(id="bill"), "Observation"), Facts())
    assert read(tester, cell(1, "Location", None, frozenset(), frozenset()), Facts())


def test_names_of_an_organisation_that_the_record_uses_are_its_names() -> None:
    gp = asker("gp", PRACTICE)
    by_id = somebody(Claim("care", "Organization/7", BEFORE, FOREVER), CONSENT)
    assert not read(gp, about(by_id, "Observation"), SHARED)
    named = replace(SHARED, names=lambda code: ("Organization/7",) if code == PRACTICE else ())
    assert read(gp, about(by_id, "Observation"), named)


def test_nobody_without_a_name_is_involved_with_anyone() -> None:
    """An empty list of codes means any code to the store: it must never come to be."""
    nameless = Asker(role="gp", scopes=None)
    for role in ("gp", "carer", "system"):
        decision = decide(Question("read", "Observation", "x", replace(nameless, role=role)), SHARED, NOW)
        assert not given(decision, about(somebody(REGISTERED, CONSENT, Claim("proxy", "user:", BEFORE, FOREVER)), "Observation"))
    anyones = Claim("breakglass", "user:", BEFORE, FOREVER)
    assert not given(decide(Question("read", "Observation", "x", nameless), SHARED, NOW), about(somebody(anyones), "Observation"))


def test_what_is_about_nobody_is_for_where_it_comes_from_alone() -> None:
    gp = asker("gp", PRACTICE)
    assert read(gp, cell(1, "Observation", None, frozenset(), frozenset((PRACTICE,))), SHARED)
    assert not read(gp, cell(1, "Observation", None, frozenset(), frozenset((TRUST,))), SHARED)
    assert not read(gp, cell(1, "Observation", None, frozenset(), frozenset()), SHARED)
    assert not read(gp, cell(1, "Observation", None, frozenset(("HIV",)), frozenset((PRACTICE,))), SHARED)
    assert not read(replace(gp, patient="laura"), cell(1, "Observation", None, frozenset(), frozenset((PRACTICE,))), SHARED)


def test_a_resource_about_several_needs_the_consent_of_each_and_the_refusal_of_none() -> None:
    gp = asker("gp", PRACTICE)
    clear = somebody(REGISTERED, CONSENT)

    def both(*claims: Claim, labels: tuple[str, ...] = ()) -> bool:
        one = about(clear, "Appointment", *labels)
        other = somebody(REGISTERED, *claims, id="bill")
        return read(gp, replace(one, thing=replace(one.thing, about=(clear, other))), SHARED)

    assert both(CONSENT)
    assert not both()
    assert not both(CONSENT, Claim("consent", "refused", BEFORE, FOREVER))
    assert both(CONSENT, labels=("PSY",))
    assert not both(CONSENT, Claim("consent", "refused:PSY", BEFORE, FOREVER), labels=("PSY",))


def test_a_subject_that_no_parameter_called_patient_names_is_somebody() -> None:
    """R4 has no such parameter for AdverseEvent."""
    gp = asker("gp", PRACTICE)
    assert not read(gp, about(somebody(CONSENT), "AdverseEvent"), SHARED)
    assert read(gp, about(somebody(REGISTERED, CONSENT), "AdverseEvent"), SHARED)


def test_facts_are_the_same_whatever_tells_names() -> None:
    assert Facts(names=lambda code: (code,)) == Facts()
    assert (Facts().revision, "names" in repr(Facts())) == (0, False)
    named = Facts(names=lambda code: (f"Organization/{code}",))
    assert named.codes(Asker(user="u")) == ("user:u",)
    assert named.codes(Asker(organisation="A")) == ("ods:A", "Organization/A")


def test_the_gate_of_a_person_is_a_relationship_with_consent_or_an_emergency() -> None:
    from interop.policy.absence import gate

    question = Question("search-type", "Observation", asker=CREW)
    where = gate(question, SHARED, NOW)
    assert where is not None
    assert holds(where, about(somebody(declared("crew")), "Patient"))
    assert holds(where, about(somebody(CONSENT, Claim("care", f"ods:{AMBULANCE}", BEFORE, FOREVER)), "Patient"))
    assert not holds(where, about(somebody(CONSENT), "Patient"))
    assert not holds(where, about(somebody(Claim("care", f"ods:{AMBULANCE}", BEFORE, FOREVER)), "Patient"))
    for asks in (Asker(user="s", role="patient", patient="laura"), Asker(role="tester"), asker("privacy-officer", TRUST), Asker()):
        assert gate(Question("search-type", "Observation", asker=asks), SHARED, NOW) is None
    assert gate(Question("search-type", "Observation", asker=asker("analyst", TRUST)), SHARED, NOW) is None
    assert gate(Question("search-type", "Observation", asker=asker("carer", "")), SHARED, NOW) is not None
