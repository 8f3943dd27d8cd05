"""Why something may be seen, what would change a denial, and what is spoken of as absent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from interop.policy.absence import SYSTEM, Absence, FeedHealth, absence, gate
from interop.policy.asker import TESTER, Asker
from interop.policy.decide import Question, decide, rules
from interop.policy.explain import Explanation, Said, explain
from interop.policy.facts import Agreement, Facts
from interop.policy.scopes import read_scopes
from interop.policy.tables import tables
from interop.store.where import All, Any, Person, Present, Sources, Types
from tests.spec.policy.cells import BEFORE, FACTS, FOREVER, NOW, SECOND, SOON, askers
from tests.spec.policy.evaluate import given
from tests.spec.policy.oracle import Claim, Somebody
from tests.spec.policy.test_decide_cells import some

OWN, OTHER, TRUST = "A81001", "B82002", "RXX"
SHARED = Facts((Agreement("1", TRUST, "", (), BEFORE, FOREVER, "active"),), sources=(OWN, TRUST))
CARE = Said("p1", "care", f"ods:{OWN}", BEFORE, FOREVER)
GIVEN = Said("p1", "consent", "given", BEFORE, FOREVER)
REFUSED = Said("p1", "consent", "refused", BEFORE, FOREVER)
EMERGENCY = Said("p1", "breakglass", "user:issuer|jo", BEFORE, SOON)


def asker(role: str, **more: str) -> Asker:
    return Asker(**({"user": "issuer|jo", "role": role, "organisation": OWN} | more), scopes=None)


def told(
    who: Asker, *said: Said, type: str = "Observation", people: tuple[str, ...] = ("p1",), facts: Facts = SHARED
) -> Explanation:
    return explain(Question("$why", type, "p1", who), facts, people, said, NOW)


def codes(explanation: Explanation) -> list[str]:
    """What is told, each with its kind, and after | what would change it."""
    found = [f"{one.code} {one.kind} {one.source}".strip() for one in explanation.clauses]
    return [*found, "|", *(f"{one.code} {one.source}".strip() for one in explanation.changes)]


def test_what_is_open_names_the_relationship_the_consent_and_each_source() -> None:
    explanation = told(asker("gp"), CARE, GIVEN)
    assert explanation.permitted
    assert explanation.rule == "gp/direct-care/clinical"
    assert codes(explanation) == ["role holds", "relationship holds", "consent holds", f"agreement holds {TRUST}", "|"]
    assert [one.words for one in explanation.clauses] == [
        "The role gp may see what is of the class clinical for the purpose direct-care.",
        "Whoever asks is known to be involved in the care of the person.",
        "The person has consented.",
        "RXX shares for this purpose.",
    ]


def test_what_the_model_takes_for_granted_is_called_so() -> None:
    assert "assumed holds" in codes(told(asker("gp"), CARE, facts=replace(SHARED, consent="implied")))
    assert not told(asker("gp"), CARE, REFUSED, facts=replace(SHARED, consent="implied")).permitted


def test_an_emergency_is_named_with_its_end() -> None:
    explanation = told(asker("gp"), EMERGENCY, replace_high(EMERGENCY, SOON - 100 * SECOND), replace_high(EMERGENCY, NOW), CARE)
    assert codes(explanation)[:2] == ["role holds", "break-glass holds"]
    assert explanation.clauses[1].words == ("Whoever asks has declared an emergency, which lasts until 2026-01-01T00:16:40.000Z.")
    assert not told(asker("gp", user="issuer|kim"), EMERGENCY).permitted
    assert not told(asker("mdt-member"), EMERGENCY).permitted


def replace_high(said: Said, high: int) -> Said:
    return said._replace(high=high)


DENIED = "No such person is known, or whoever asks is not involved in the care of the person, or the person has not consented."


def test_a_denial_is_the_same_for_whoever_is_unknown_uninvolved_unconsenting_or_refusing() -> None:
    who = asker("gp")
    one = told(who, people=())
    assert not one.permitted
    assert one == told(who) == told(who, CARE) == told(who, GIVEN) == told(who, CARE, GIVEN, REFUSED) == told(who, CARE, REFUSED)
    assert one == told(who, CARE, GIVEN, people=())
    assert one == told(who, replace_high(CARE, NOW), GIVEN)
    assert [clause.words for clause in one.clauses][1] == DENIED
    assert codes(one) == [
        *("role holds", "involvement fails", f"agreement holds {TRUST}", "|"),
        *("relationship-made", "relationship-claimed", "consent-given", "break-glass-declared", "other-role"),
    ]


@pytest.mark.parametrize(
    ("role", "changes"),
    [
        ("mdt-member", ["relationship-made", "consent-given", "other-role"]),
        ("coordinator", ["relationship-made", "relationship-claimed", "consent-given", "other-role"]),
        ("carer", ["proxy-given", "other-role"]),
        ("patient", ["other-role"]),
        ("system", ["relationship-made", "consent-given", "other-role"]),
    ],
)
def test_what_would_change_a_denial_is_what_the_role_can_come_by(role: str, changes: list[str]) -> None:
    assert codes(told(asker(role), type="CarePlan"))[-len(changes) - 1 :] == ["|", *changes]


def test_each_way_of_being_involved_has_its_words() -> None:
    patient = told(asker("patient", organisation="", patient="p1"), people=("p1", "p2"))
    assert codes(patient) == [
        "role holds",
        "self holds",
        f"agreement fails {OWN}",
        f"agreement holds {TRUST}",
        "|",
        f"agreement-signed {OWN}",
    ]
    carer = told(asker("carer", organisation=""), Said("p1", "proxy", "user:issuer|jo", BEFORE, FOREVER))
    assert codes(carer)[:2] == ["role holds", "proxy holds"]
    officer = told(asker("privacy-officer"), type="Consent")
    assert codes(officer)[:2] == ["role holds", "none holds"]
    assert officer.permitted
    assert not told(asker("privacy-officer"), type="Consent", people=()).permitted


def test_what_begins_in_this_second_counts() -> None:
    assert told(asker("gp"), CARE._replace(low=NOW), GIVEN).permitted


def test_a_token_for_another_patient_is_not_involved() -> None:
    assert told(asker("gp", patient="p1"), CARE, GIVEN).permitted
    assert not told(asker("gp", patient="p2"), CARE, GIVEN).permitted


def test_a_role_that_never_sees_the_class_is_told_so() -> None:
    explanation = told(asker("voluntary-sector"), CARE, GIVEN)
    assert codes(explanation) == ["role fails", "|", "other-role"]
    assert (explanation.permitted, explanation.rule) == (False, "voluntary-sector/direct-care/clinical")
    assert (
        explanation.clauses[0].words
        == "The role voluntary-sector may not see what is of the class clinical for the purpose direct-care."
    )
    assert codes(told(asker("gp", purpose="booking"), CARE, GIVEN)) == ["role fails", "|", "other-purpose", "other-role"]


def test_who_has_no_role_or_asks_for_no_type_is_told_no_more() -> None:
    assert told(Asker()) == Explanation(False, "nobody", (), (told(asker("king")).changes[0],))
    assert told(asker("king")).rule == "king"
    assert codes(told(asker("gp"), type="Nothing")) == ["|"]


def test_a_token_that_was_not_given_for_it_is_told_so() -> None:
    who = replace(asker("gp"), scopes=read_scopes("user/CarePlan.rs"))
    assert codes(told(who, CARE, GIVEN)) == ["role holds", "scope fails", "|", "other-scope"]
    assert not told(who, CARE, GIVEN).permitted
    assert told(replace(who, scopes=read_scopes("user/Observation.s")), CARE, GIVEN).permitted
    read = explain(
        Question("read", "Observation", "p1", replace(who, scopes=read_scopes("user/Observation.s"))), SHARED, ("p1",), (), NOW
    )
    assert codes(read) == ["role holds", "scope fails", "|", "other-scope"]


def test_what_is_about_no_person_is_open() -> None:
    assert codes(told(asker("gp"), type="Location")) == ["role holds", "open holds", "|"]
    assert codes(told(TESTER)) == ["role holds", "open holds", "|"]
    assert told(replace(TESTER, purpose="booking")).permitted


def test_what_is_explained_is_what_is_decided() -> None:
    """Where nothing but relationship, consent and emergency are in question, the explanation and the predicate say the same."""
    compared = 0
    for who, _ in askers():
        for cell in some():
            if cell.thing.labels or cell.thing.type == "Patient" or not cell.thing.sources <= {who.organisation} - {""}:
                continue
            people = [id_ for somebody in cell.thing.about for id_ in somebody.ids]
            said = [
                Said(id_, c.what, c.code, c.begins, c.ends)
                for somebody in cell.thing.about
                for id_ in people
                for c in somebody.claims
            ]
            if people and tables().classes[cell.thing.kind].about == "person":
                question = Question("read", cell.thing.type, cell.id, who)
                explained = explain(question, FACTS["explicit"], people, said, NOW)
                assert explained.permitted == given(decide(question, FACTS["explicit"], NOW), cell), (who, cell)
                compared += 1
    assert compared > 2_000


STATES = Facts(
    (
        Agreement("1", "B-PENDING", "", (), BEFORE, FOREVER, "pending"),
        Agreement("2", "C-TO-COME", "", (), NOW + SECOND, FOREVER, "active"),
        Agreement("3", "D-WITHDRAWN", "", (), BEFORE, FOREVER, "withdrawn"),
        Agreement("4", "E-ENDED", "", (), BEFORE, NOW, "active"),
        Agreement("5", "F-AGAIN", "", (), BEFORE, NOW, "active"),
        Agreement("6", "F-AGAIN", "", (), BEFORE, FOREVER, "withdrawn"),
        Agreement("7", "G-SHARED", "", (), BEFORE, NOW, "active"),
        Agreement("8", "G-SHARED", "", (), BEFORE, FOREVER, "active"),
        Agreement("9", "H-PAIR", OTHER, (), BEFORE, FOREVER, "active"),
        Agreement("10", "I-BOOKING", "", ("booking",), BEFORE, FOREVER, "active"),
        Agreement("11", OWN, "", (), BEFORE, NOW, "active"),
        Agreement("12", "J-NEVER", "", (), NOW, NOW, "active"),
    ),
    sources=(OWN, "A-SILENT", "G-SHARED", ""),
)


def spoken(who: Asker, passed: bool = True, feeds: tuple[FeedHealth, ...] = (), facts: Facts = STATES) -> list[str]:
    found = absence(Question("search-type", "Observation", asker=who), facts, feeds, passed, NOW)
    assert all(tables().absence[state][0] for state in tables().absence)
    return [one.words for one in found]


def test_each_source_that_shares_nothing_is_named_with_its_reason() -> None:
    assert spoken(asker("gp")) == [
        "not shared (no agreement): A-SILENT",
        "not shared (agreement pending): B-PENDING",
        "not shared (agreement pending): C-TO-COME",
        "not shared (agreement withdrawn): D-WITHDRAWN",
        "not shared (agreement ended): E-ENDED",
        "not shared (agreement withdrawn): F-AGAIN",
        "not shared (no agreement): H-PAIR",
        "not shared (no agreement): I-BOOKING",
        "not shared (agreement ended): J-NEVER",
    ]
    assert "not shared (no agreement): H-PAIR" not in spoken(asker("gp", organisation=OTHER))
    assert "not shared (agreement ended): A81001" in spoken(asker("gp", organisation=OTHER))
    assert "not shared (no agreement): I-BOOKING" not in spoken(asker("gp", purpose="booking"))


def test_before_anything_of_a_person_is_told_the_record_must_be_open_and_the_token_for_that_person() -> None:
    for who in (asker("gp"), asker("gp", patient="p1")):
        by = rules(who, SHARED, NOW)
        assert by is not None
        opened = Any((All((by.relationship(), by.consent())), by.emergency()))
        told = gate(Question("read", "Observation", "p1", who), SHARED, NOW)
        assert told == (All((opened, Person("", ("p1",)))) if who.patient else opened)
    for who in (TESTER, Asker(), asker("operator"), asker("patient", patient="p1")):
        assert gate(Question("read", "Observation", "p1", who), SHARED, NOW) is None


def test_who_cannot_be_named_is_told_so_where_somebody_does_not_share() -> None:
    nameless = asker("gp", organisation="")
    assert "organisation-named" in codes(told(nameless))
    assert "organisation-named" not in codes(told(nameless, facts=Facts()))


def test_what_who_asks_has_is_their_own_and_what_is_shared() -> None:
    for organisation, sources in ((OWN, (OWN, TRUST)), ("", ())):
        by = rules(asker("gp", organisation=organisation), SHARED, NOW)
        assert by is not None
        assert by.agreed() == Sources(sources)
    themselves = rules(asker("patient", organisation="", patient="p1"), SHARED, NOW)
    assert themselves is not None
    assert themselves.agreed() == Sources((TRUST,))


def test_who_needs_no_relationship_has_to_do_with_every_person_and_what_names_one() -> None:
    for role in ("privacy-officer", "operator", "analyst"):
        by = rules(asker(role), SHARED, NOW)
        assert by is not None
        assert by.relationship() == Any((Types(("Patient",)), Any((Present("patient"), Present("subject")))))


def test_who_has_no_name_is_in_no_care_and_declares_nothing() -> None:
    by = rules(Asker(role="gp", scopes=None), Facts(), NOW)
    assert by is not None
    assert by.relationship() == by.emergency() == Any(())


def test_a_person_unknown_here_and_one_without_consent_are_withheld_alike() -> None:
    assert spoken(asker("gp"), False, facts=SHARED) == ["withheld (no consent)"]
    assert spoken(asker("gp"), True, facts=SHARED) == []
    assert spoken(asker("carer"), False, facts=SHARED) == ["withheld (no consent)"]


def test_people_are_not_told_that_they_have_not_consented_to_see_their_own_record() -> None:
    assert spoken(asker("patient", organisation="", patient="p1"), False, facts=SHARED) == [f"not shared (no agreement): {OWN}"]


def test_nothing_is_said_to_who_sees_nobody_or_everybody() -> None:
    for who in (TESTER, Asker(), asker("analyst"), asker("operator"), asker("king")):
        assert spoken(who, False) == []


def test_a_feed_that_is_down_or_stale_is_spoken_of_where_its_organisation_shares() -> None:
    feeds = (
        FeedHealth("trust", TRUST, "stale", NOW - 3600 * SECOND),
        FeedHealth("practice", OWN, "down", NOW - 60 * SECOND),
        FeedHealth("other", TRUST, "well", 0),
        FeedHealth("hub", "", "stale", NOW),
        FeedHealth("lab", TRUST, "incomplete", NOW),
    )
    assert spoken(asker("gp"), feeds=feeds, facts=SHARED) == [
        "stale since 2026-01-01T00:00:00.000Z: hub",
        "incomplete since 2026-01-01T00:00:00.000Z: RXX",
        "source down since 2025-12-31T23:59:00.000Z: A81001",
        "stale since 2025-12-31T23:00:00.000Z: RXX",
    ]
    silent = (FeedHealth("silent", "A-SILENT", "down", NOW),)
    assert not any("down" in one for one in spoken(asker("gp"), feeds=silent))


def test_what_is_absent_has_a_code_of_ours_and_a_type_of_issue() -> None:
    question = Question("search-type", "Observation", asker=asker("gp"))
    feeds = (FeedHealth("trust", TRUST, "down", 5 * SECOND),)
    assert absence(question, replace(SHARED, sources=("X",)), feeds, False, NOW) == (
        Absence("withheld", "suppressed", "withheld (no consent)", "", 0),
        Absence("not-shared", "suppressed", "not shared (no agreement): X", "X", 0),
        Absence("down", "incomplete", "source down since 1970-01-01T00:00:05.000Z: RXX", "RXX", 5 * SECOND),
    )
    assert SYSTEM == "urn:interop:absence"
    assert {state: (code, issue) for state, (code, issue, _) in tables().absence.items()} == {
        **dict.fromkeys(("none", "pending", "withdrawn", "ended"), ("not-shared", "suppressed")),
        "withheld": ("withheld", "suppressed"),
        "down": ("down", "incomplete"),
        "stale": ("stale", "incomplete"),
        "incomplete": ("incomplete", "incomplete"),
    }


def test_labels_are_never_spoken_of() -> None:
    """What is said about a person by label changes neither words nor clauses."""
    who = asker("gp")
    labelled = [Said("p1", "consent", code, BEFORE, FOREVER) for code in ("given:HIV", "refused:PSY", "given:R")]
    assert told(who, CARE, GIVEN, *labelled) == told(who, CARE, GIVEN)
    assert told(who, *labelled) == told(who)


def test_what_is_said_of_another_is_no_matter() -> None:
    somebody = Somebody(frozenset(("p1",)), (Claim("care", "ods:other", BEFORE, FOREVER),))
    assert not told(asker("gp"), *[Said("p1", c.what, c.code, c.begins, c.ends) for c in somebody.claims], GIVEN).permitted
