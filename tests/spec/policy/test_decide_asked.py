"""What is asked: interactions, writes, operations, scopes; and how a Decision is told and remembered."""

from __future__ import annotations

import pytest

from interop.api.fhir.routes import INTERACTIONS
from interop.api.operations.registry import OPERATIONS
from interop.policy.asker import NOBODY, TESTER, Asker
from interop.policy.decide import Question, decide, purpose_of, rules
from interop.policy.facts import Agreement, Facts
from interop.policy.scopes import Scope, read_scopes
from interop.policy.tables import tables
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.where import All, Sources, Token, Where
from tests.spec.policy.cells import BEFORE, FOREVER, NOW, SECOND, Cell, cell
from tests.spec.policy.evaluate import given
from tests.spec.policy.oracle import Claim, Somebody

OWN, OTHER = "A81001", "B82002"
FACTS = Facts((Agreement("1", OTHER, "", (), BEFORE, FOREVER, "active"),))
KNOWN = Somebody(frozenset(("p1",)), (Claim("care", f"ods:{OWN}", BEFORE, FOREVER), Claim("consent", "given", BEFORE, FOREVER)))
INVOLVED = Somebody(frozenset(("p1",)), (Claim("care", f"ods:{OWN}", BEFORE, FOREVER),))
STRANGER = Somebody(frozenset(("p2",)))


def asker(role: str, scopes: str | None = None, **more: str) -> Asker:
    given_ = {"user": "issuer|jo", "organisation": OWN} | more
    return Asker(role=role, scopes=None if scopes is None else read_scopes(scopes), **given_)


def ask(interaction: str, type: str, who: Asker, **more: tuple[tuple[Scope, Where], ...]) -> Decision:
    return decide(Question(interaction, type, "1", who, **more), FACTS, NOW)


def thing(type: str, about: Somebody | None = KNOWN, *labels: str, source: str = OWN) -> Cell:
    return cell(1, type, about, frozenset(labels), frozenset((source,) if source else ()))


def test_nobody_may_ask_for_anything_but_the_capabilities() -> None:
    assert ask("capabilities", "", NOBODY) == Decision("anyone/capabilities")
    assert ask("read", "Location", NOBODY) == Decision("nobody", refusal="forbidden")
    assert ask("read", "Location", asker("king")) == Decision("king", refusal="forbidden")
    assert ask("read", "Location", asker("gp", purpose="analytics")).refusal == "forbidden"


def test_the_tester_of_an_open_engine_may_do_everything() -> None:
    for interaction in ("read", "create", "$everything", "$ingest", "$agreement", "batch", "never heard of"):
        assert ask(interaction, "Patient", TESTER) is PERMIT_ALL


def test_who_asks_for_no_organisation_takes_part_in_no_agreement_but_people_themselves_do() -> None:
    said = tuple(Claim(what, "user:issuer|jo", BEFORE, FOREVER) for what in ("care", "proxy"))
    known = Somebody(frozenset(("p1",)), (*said, Claim("consent", "given", BEFORE, FOREVER)))
    shared, own = (thing("CarePlan", known, source=source) for source in (OTHER, ""))
    for role in ("gp", "system", "coordinator", "social-worker"):
        assert given(ask("read", "CarePlan", asker(role)), shared)
        assert not given(ask("read", "CarePlan", asker(role, organisation="")), shared)
        assert given(ask("read", "CarePlan", asker(role, organisation="")), own)
    assert given(ask("read", "CarePlan", asker("carer", organisation="")), shared)
    assert given(ask("read", "CarePlan", asker("patient", organisation="", patient="p1")), shared)


def test_the_purpose_in_force_is_the_role_s_own_where_none_is_named() -> None:
    assert purpose_of(Asker(role="gp")) == "direct-care"
    assert purpose_of(Asker(role="gp", purpose="booking")) == purpose_of(Asker(role="king", purpose="booking")) == "booking"
    assert purpose_of(Asker(role="carer")) == "own-record"
    assert purpose_of(Asker()) == purpose_of(TESTER) == purpose_of(Asker(role="king")) == ""


def test_an_asker_of_whom_nothing_is_known_has_no_names() -> None:
    assert Asker("", "", "", "", "", "", "", (), "", "") == Asker() == NOBODY
    assert {Asker(), NOBODY} == {Asker("", "", "", "", "", "", "", (), "", "")}
    assert NOBODY.codes == ()
    assert Asker(user="u").codes == ("user:u",)
    assert Asker(organisation="A81001", fhir_user="Patient/1").codes == ("Patient/1", "ods:A81001")
    assert Asker("open|tester", "tester", "", "open", "", "", "", None, "*", "") == TESTER


def test_a_question_of_which_nothing_else_is_said_is_nobodys() -> None:
    assert Question("read") == Question("read", "", "", NOBODY, ())


def test_a_rule_names_role_purpose_and_class() -> None:
    assert ask("read", "Observation", asker("gp")).rule == "gp/direct-care/clinical"
    assert ask("read", "Slot", asker("gp", purpose="booking")).rule == "gp/booking/book"
    assert ask("search-system", "", asker("gp")).rule == "gp/direct-care"
    assert ask("update", "Observation", asker("gp")).rule == "gp/direct-care/clinical/write"
    assert ask("$match", "Patient", asker("gp")).rule == "gp/direct-care/demographic/$match"
    assert ask("read", "Coverage", asker("gp")) == Decision("gp/direct-care/finance", refusal="forbidden")
    assert ask("$break-glass", "Patient", asker("gp")).rule == "gp/direct-care/demographic/$break-glass"


@pytest.mark.parametrize("interaction", sorted({*INTERACTIONS.values(), "transaction"} - {"create", "update", "patch", "delete"}))
def test_every_routed_way_of_reading_is_decided(interaction: str) -> None:
    decision = ask(interaction, "", asker("gp"))
    assert not decision.refusal
    assert (decision.predicate is None) == (interaction == "capabilities")


@pytest.mark.parametrize("interaction", ["create", "update", "patch", "delete"])
def test_a_role_writes_the_classes_that_its_row_has(interaction: str) -> None:
    for role, row in tables().roles.items():
        if row.all:
            continue
        for name, kind in tables().classes.items():
            allowed = name in row.writes & tables().purposes[row.purposes[0]].sees
            assert (not ask(interaction, kind.types[0], asker(role)).refusal) == allowed
    assert ask(interaction, "", asker("gp")).refusal == "forbidden"
    assert ask(interaction, "CarePlan", asker("gp", purpose="booking")).refusal == "forbidden"


def test_what_is_written_over_and_whom_anything_new_is_about_must_be_open_to_the_writer() -> None:
    decision = ask("create", "Observation", asker("gp"))
    assert given(decision, thing("Patient"))
    assert not given(decision, thing("Patient", INVOLVED))
    assert not given(decision, thing("Patient", STRANGER)), "whom one merely finds one does not write about"
    assert given(decision, thing("Observation"))
    assert not given(decision, thing("Observation", KNOWN, "HIV"))
    assert not given(decision, thing("Observation", KNOWN, "V"))
    assert given(decision, thing("Observation", source=OTHER))
    assert not given(decision, thing("Observation", source="C83003"))
    assert not given(decision, thing("Consent")), "consents are taken down by an operation of their own"
    assert given(decision, thing("Observation", None))
    assert not given(decision, thing("Observation", None, source=OTHER))
    assert not given(ask("create", "Observation", asker("gp", patient="p2")), thing("Patient"))
    emergency = Somebody(frozenset(("p3",)), (Claim("breakglass", "user:issuer|jo", BEFORE, FOREVER),))
    assert given(decision, thing("Patient", emergency))
    assert given(decision, thing("Patient", KNOWN, "R")), "what hides whereabouts hides nobody"


EMERGENCY = Somebody(frozenset(("p3",)), (Claim("breakglass", "user:issuer|jo", BEFORE, FOREVER),))


def test_an_emergency_does_not_open_what_makes_a_relationship() -> None:
    """It ends; a CareTeam that was written in it would not."""
    for type, opened in (("Observation", True), ("Task", True), ("CareTeam", False), ("Encounter", False), ("Appointment", False)):
        decision = ask("create", type, asker("gp"))
        assert given(decision, thing("Patient", EMERGENCY)) == opened
        assert given(decision, thing(type, EMERGENCY)) == opened
        assert given(decision, thing("Patient"))


def test_a_tester_for_one_patient_writes_about_that_one() -> None:
    decision = ask("update", "Observation", asker("tester", patient="p1"))
    assert given(decision, thing("Observation"))
    assert not given(decision, thing("Observation", STRANGER))
    assert given(decision, thing("Location", None))


def test_the_book_is_written_by_its_own_organisation() -> None:
    decision = ask("update", "Slot", asker("gp"))
    assert given(decision, thing("Slot", None))
    assert not given(decision, thing("Slot", None, source=OTHER))
    assert not given(ask("update", "Slot", asker("gp", organisation="")), thing("Slot", None, source=""))


def test_the_directory_is_written_by_the_operator() -> None:
    assert given(ask("update", "Location", asker("operator", organisation="")), thing("Location", None))
    assert ask("update", "Location", asker("gp")).refusal == "forbidden"


def test_every_operation_that_is_routed_has_a_row() -> None:
    assert {f"${one.name}" for one in OPERATIONS} <= tables().operations.keys()


def test_an_operation_is_for_the_roles_that_are_given_its_group() -> None:
    for name, group in tables().operations.items():
        for role, row in tables().roles.items():
            refused = bool(ask(name, "Patient", asker(role)).refusal)
            assert refused == (group not in row.given), (name, role)
    assert ask("$never-heard-of", "Patient", asker("gp")).refusal == "forbidden"
    assert ask("", "Patient", asker("gp")).refusal == "forbidden"


def test_an_operation_that_reads_gives_what_a_read_gives() -> None:
    for name in ("$everything", "$match", "QBP^Q22", "$validate"):
        assert ask(name, "Patient", asker("gp")).predicate == ask("read", "Patient", asker("gp")).predicate


@pytest.mark.parametrize("name", ["$break-glass", "$claim-relationship"])
def test_a_declaration_is_about_whoever_can_be_found(name: str) -> None:
    decision = ask(name, "Patient", asker("ambulance-clinician"))
    assert given(decision, thing("Patient", STRANGER))
    assert not given(decision, thing("Observation", STRANGER))
    assert not given(decision, thing("Patient", STRANGER, "V"))
    assert not given(decision, thing("Patient", STRANGER, source="C83003"))
    assert not given(ask(name, "Patient", asker("gp", patient="p1")), thing("Patient", STRANGER))
    hidden = Somebody(frozenset(("p4",)), (Claim("care", f"ods:{OWN}", BEFORE, FOREVER),))
    assert not given(decision, thing("Patient", STRANGER, "HIV"))
    assert given(decision, thing("Patient", hidden, "HIV"))


def test_consent_is_taken_down_by_whoever_is_involved_and_by_the_person() -> None:
    """Else a crew could write down consent where it has to declare an emergency."""
    decision = ask("$record-consent", "Patient", asker("hospital-clinician"))
    assert given(decision, thing("Patient", INVOLVED))
    assert not given(decision, thing("Patient", STRANGER))
    own = ask("$record-consent", "Patient", asker("patient", organisation="", patient="p2"))
    assert given(own, thing("Patient", STRANGER, source=OTHER))
    assert not given(own, thing("Patient", INVOLVED, source=OTHER))
    assert ask("$record-consent", "Patient", asker("ambulance-clinician")).refusal == "forbidden"


@pytest.mark.parametrize("name", ["$contact-choices", "$record-contact-choices"])
def test_how_somebody_is_told_of_news_is_for_whoever_is_involved_for_the_person_and_for_who_acts_for_them(name: str) -> None:
    """Neither finding nor an emergency stands for a relationship; that they refuse sharing keeps nobody from writing it down."""
    refuses = Somebody(INVOLVED.ids, (*INVOLVED.claims, Claim("consent", "refused", BEFORE, FOREVER)))
    for role in ("gp", "coordinator"):
        decision = ask(name, "Patient", asker(role))
        assert given(decision, thing("Patient", INVOLVED))
        assert given(decision, thing("Patient", refuses))
        assert not given(decision, thing("Patient", STRANGER))
        assert not given(decision, thing("Patient", INVOLVED, "V"))
        assert not given(decision, thing("Patient", INVOLVED, source="C83003"))
        assert not given(decision, thing("Observation", INVOLVED))
    broken = Somebody(frozenset(("p3",)), (Claim("breakglass", "user:issuer|jo", BEFORE, FOREVER),))
    assert not given(ask(name, "Patient", asker("gp")), thing("Patient", broken))
    own = ask(name, "Patient", asker("patient", organisation="", patient="p2"))
    assert (given(own, thing("Patient", STRANGER, source=OTHER)), given(own, thing("Patient", INVOLVED, source=OTHER))) == (
        True,
        False,
    )
    acting = ask(name, "Patient", asker("carer", organisation=""))
    theirs = Somebody(frozenset(("p5",)), (Claim("proxy", "user:issuer|jo", BEFORE, FOREVER),))
    assert (given(acting, thing("Patient", theirs, source=OTHER)), given(acting, thing("Patient", INVOLVED, source=OTHER))) == (
        True,
        False,
    )
    assert ask(name, "Patient", asker("hospital-clinician")).refusal == "forbidden"


def test_how_somebody_is_told_of_news_needs_a_scope_and_is_of_those_whom_it_reaches() -> None:
    for name, enough, less in (("$contact-choices", "rs", "cud"), ("$record-contact-choices", "cu", "rsd")):
        for letter in enough:
            assert given(ask(name, "Patient", asker("gp", f"user/Patient.{letter}")), thing("Patient", INVOLVED))
        assert ask(name, "Patient", asker("gp", f"user/Patient.{less}")).refusal == "forbidden"
        assert ask(name, "Patient", asker("gp", "user/Flag.cruds")).refusal == "forbidden"
        only = read_scopes("user/Patient.cruds?identifier=1")[0]
        token = Asker(user="issuer|jo", role="gp", organisation=OWN, scopes=(only,))
        assert not given(ask(name, "Patient", token, narrowed=((only, Token("identifier", "1")),)), thing("Patient", INVOLVED))


def test_agreements_are_signed_by_their_own_organisation_or_for_all() -> None:
    contract = thing("Contract", None)
    foreign = thing("Contract", None, source=OTHER)
    officer = ask("$agreement", "Contract", asker("privacy-officer"))
    assert (given(officer, contract), given(officer, foreign)) == (True, False)
    operator = ask("$agreement", "Contract", asker("operator", organisation=""))
    assert (given(operator, contract), given(operator, foreign)) == (True, True)
    assert not given(operator, thing("Contract"))
    assert not given(operator, thing("Location", None))


def test_scopes_narrow_what_a_role_may_see() -> None:
    some = asker("gp", "user/Observation.rs user/Location.r")
    assert given(ask("read", "Observation", some), thing("Observation"))
    assert not given(ask("read", "Observation", some), thing("Observation", STRANGER))
    assert not given(ask("read", "Observation", some), thing("CarePlan"))
    assert ask("read", "CarePlan", some).refusal == "forbidden"
    assert given(ask("read", "Location", some), thing("Location", None))
    assert ask("search-type", "Location", some) == Decision("gp/direct-care/directory/scope", refusal="forbidden")
    assert ask("read", "Observation", asker("gp", "")).refusal == "forbidden"
    assert ask("search-system", "", asker("gp", "user/Observation.r")).refusal == "forbidden"
    everything = asker("gp", "user/*.cruds")
    for interaction, type in (("read", "Observation"), ("update", "Observation"), ("$everything", "Patient")):
        assert ask(interaction, type, everything).predicate == ask(interaction, type, asker("gp")).predicate


@pytest.mark.parametrize(
    ("interaction", "letter"),
    [
        *(
            ("search-compartment", "s"),
            ("read", "r"),
            ("vread", "r"),
            ("history-instance", "r"),
            ("search-type", "s"),
            ("history-type", "s"),
        ),
        *(("search-system", "s"), ("history-system", "s"), ("create", "c"), ("update", "u"), ("patch", "u"), ("delete", "d")),
    ],
)
def test_each_interaction_has_its_letter(interaction: str, letter: str) -> None:
    type = "" if "system" in interaction or "compartment" in interaction else "Observation"
    assert not ask(interaction, type, asker("gp", f"user/Observation.{letter}")).refusal
    others = "".join(each for each in "cruds" if each != letter)
    assert ask(interaction, type, asker("gp", f"user/Observation.{others}")).refusal == "forbidden"


def test_a_search_outside_the_scopes_of_a_patients_token_finds_nothing() -> None:
    token = asker("gp", "patient/Observation.rs", patient="p1")
    decision = ask("search-type", "CarePlan", token)
    assert (decision.refusal, given(decision, thing("CarePlan"))) == ("", False)
    assert decision.rule == "gp/direct-care/plan/scope"
    assert ask("read", "CarePlan", token).refusal == "forbidden"
    assert ask("history-type", "CarePlan", token).refusal == "forbidden"
    assert given(ask("search-type", "Observation", token), thing("Observation"))
    unsearching = asker("gp", "patient/Observation.r", patient="p1")
    for interaction in ("search-type", "search-system", "search-compartment"):
        decision = ask(interaction, "", unsearching)
        assert (decision.refusal, given(decision, thing("Observation"))) == ("", False)


def test_a_scope_for_a_patient_gives_nothing_without_one() -> None:
    assert ask("read", "Observation", asker("gp", "patient/Observation.rs")).refusal == "forbidden"
    mixed = asker("gp", "patient/Observation.rs user/Location.rs")
    assert given(ask("read", "Location", mixed), thing("Location", None))


LABORATORY = Token("category", "laboratory")
CRITERIA = read_scopes("user/Observation.rus?category=laboratory")[0]


def test_criteria_alone_give_nothing_beside_them() -> None:
    token = Asker(user="issuer|jo", role="gp", organisation=OWN, scopes=(CRITERIA,))
    decision = ask("search-type", "Observation", token, narrowed=((CRITERIA, All(())),))
    assert [given(decision, thing(type)) for type in ("Observation", "CarePlan", "Location")] == [True, False, False]


def test_criteria_of_a_scope_narrow_its_type() -> None:
    token = Asker(user="issuer|jo", role="gp", organisation=OWN, scopes=(CRITERIA, Scope("user", "CarePlan", "rs")))
    observation = thing("Observation")
    from interop.fhir.rows import IndexRow

    laboratory = Cell(observation.id, observation.thing, (*observation.rows, IndexRow("category", "token", None, "laboratory")))
    decision = ask("search-type", "Observation", token, narrowed=((CRITERIA, LABORATORY),))
    assert (given(decision, laboratory), given(decision, observation)) == (True, False)
    assert given(decision, thing("CarePlan"))
    assert not given(decision, thing("Appointment"))
    assert ask("read", "Observation", token).refusal == "forbidden", "criteria that nobody understood give nothing"
    both = Asker(user="issuer|jo", role="gp", organisation=OWN, scopes=(CRITERIA, Scope("user", "Observation", "rs")))
    assert given(ask("read", "Observation", both, narrowed=((CRITERIA, LABORATORY),)), observation)
    written = ask("update", "Observation", token, narrowed=((CRITERIA, LABORATORY),))
    assert (given(written, laboratory), given(written, observation)) == (True, False)
    assert given(written, thing("Patient")), "the Patient whom it is about is not of the type"
    wide = Scope("user", "*", "r", (("category", "laboratory"),))
    every = Asker(user="issuer|jo", role="gp", organisation=OWN, scopes=(wide,))
    found = ask("read", "Observation", every, narrowed=((wide, LABORATORY),))
    assert (given(found, laboratory), given(found, observation)) == (True, False)


def test_a_scope_to_write_patients_does_not_let_other_patients_through() -> None:
    only = read_scopes("user/Patient.u?identifier=1")[0]
    token = Asker(user="issuer|jo", role="gp", organisation=OWN, scopes=(only,))
    assert not given(ask("update", "Patient", token, narrowed=((only, Token("identifier", "1")),)), thing("Patient"))


def test_the_tester_is_narrowed_by_scopes_like_everybody() -> None:
    assert ask("read", "Observation", asker("tester")) is PERMIT_ALL
    assert ask("read", "Observation", asker("tester", "system/*.cruds")) is PERMIT_ALL
    for group in ("$break-glass", "$record-consent"):
        assert given(ask(group, "Patient", asker("tester")), thing("Patient", STRANGER, "V"))
        assert not given(ask(group, "Patient", asker("tester", patient="p1")), thing("Patient", STRANGER))
    narrow = asker("tester", "patient/Observation.rs", patient="p1")
    assert given(ask("read", "Observation", narrow), thing("Observation"))
    assert not given(ask("read", "Observation", narrow), thing("Observation", STRANGER))
    assert not given(ask("search-type", "CarePlan", narrow), thing("CarePlan"))
    assert ask("update", "Observation", asker("tester", "user/Observation.rs")).refusal == "forbidden"
    assert ask("update", "Observation", asker("tester")) is PERMIT_ALL


def test_declarations_need_a_scope_to_write() -> None:
    for name in ("$break-glass", "$record-consent"):
        assert not ask(name, "Consent", asker("gp", "user/Consent.c")).refusal
        assert not ask(name, "Consent", asker("gp", "user/Consent.u")).refusal
        assert ask(name, "Consent", asker("gp", "user/Consent.rsd")).refusal == "forbidden"
    assert not ask("$agreement", "Contract", asker("privacy-officer", "user/Contract.c")).refusal
    assert not ask("$agreement", "Contract", asker("privacy-officer", "user/Contract.u")).refusal
    assert ask("$agreement", "Contract", asker("privacy-officer", "user/Contract.rs")).refusal == "forbidden"


def test_what_no_scope_speaks_of_needs_one_for_everything() -> None:
    for role, name in (
        ("operator", "$messages"),
        ("operator", "$ingest"),
        ("privacy-officer", "$audit"),
        ("privacy-officer", "$link"),
        ("privacy-officer", "$takedown"),
        ("operator", "$replay"),
        ("operator", "$retention"),
        ("operator", "$message-content"),
    ):
        assert not ask(name, "", asker(role, "system/*.rs")).refusal
        assert ask(name, "", asker(role, "user/Location.cruds")).refusal == "forbidden"
        assert ask(name, "", asker(role, "patient/*.cruds", patient="p1")).refusal == "forbidden"
    assert not ask("$everything", "Patient", asker("gp", "user/Observation.rs")).refusal


def test_what_is_exported_is_given_to_programs_alone() -> None:
    for scopes, refused in (
        ("system/*.rs", ""),
        ("system/Patient.rs", ""),
        ("user/*.rs", "forbidden"),
        ("patient/*.rs", "forbidden"),
    ):
        assert ask("$export", "", asker("system", scopes)).refusal == refused
    assert not ask("$export", "", asker("system")).refusal


def test_an_operation_reads_within_the_scopes() -> None:
    decision = ask("$everything", "Patient", asker("gp", "user/Observation.r user/CarePlan.s user/Task.c"))
    assert [given(decision, thing(type)) for type in ("Observation", "CarePlan", "Task", "Patient")] == [True, True, False, False]


def test_a_bundle_is_let_in_by_any_scope_to_read_and_each_entry_judged_by_itself() -> None:
    for scope in ("user/Observation.r", "user/Observation.s"):
        assert not ask("batch", "", asker("gp", scope)).refusal
        assert not ask("transaction", "", asker("gp", scope)).refusal


def test_rules_stand_without_a_memory() -> None:
    by = rules(asker("gp"), FACTS, NOW)
    assert by is not None
    assert by.agreed() == Sources((OWN, OTHER))


def test_a_decision_is_made_once_a_second_and_again_when_the_facts_change() -> None:
    gp = asker("gp")
    first = decide(Question("read", "Observation", "1", gp), FACTS, NOW)
    assert decide(Question("read", "Observation", "2", gp), FACTS, NOW + SECOND - 1) is first
    assert decide(Question("read", "CarePlan", "2", gp), FACTS, NOW).predicate is first.predicate
    later = decide(Question("read", "Observation", "1", gp), FACTS, NOW + SECOND)
    assert later is not first
    assert not given(decide(Question("read", "Observation", "1", gp), Facts(), NOW), thing("Observation", source=OTHER))
    assert decide(Question("read", "Observation", "1", asker("gp", user="issuer|kim")), FACTS, NOW) is not first


def test_decisions_are_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    from interop.policy import decide as module

    monkeypatch.setattr(module, "ROOM", 3)
    for n in range(20):
        decide(Question("read", "Observation", "1", asker("gp", user=f"issuer|{n}")), FACTS, NOW)
        assert len(module._memory.made) <= 4
