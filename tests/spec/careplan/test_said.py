"""What a resource says is never turned into its opposite: answers, references, authors, statuses, dates."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from interop.careplan.plan import Given, Plan
from tests.spec.careplan.cards import SUBJECT, allergy, flag, given_card, person
from tests.spec.careplan.cards import texts as on_card
from tests.spec.careplan.plans import (
    ANN,
    BOB,
    FOR,
    NOT_FOR,
    OWN,
    SNOMED,
    coded,
    fold,
    observed,
    only,
    planned,
    texts,
)

AGAINST, IN_FAVOUR = "Not for cardiopulmonary resuscitation", "For cardiopulmonary resuscitation"
EMERGENCY = {"category": [coded("887701000000100")]}
ORGANISATION = {"reference": "Organization/o"}


def means(plan: Plan) -> list[str]:
    return sorted(line.means for line in plan.section("cpr").lines)


def by_words(text: str, *codes: str) -> dict[str, Any]:
    """An Observation whose concept has words and codes."""
    concept: dict[str, Any] = {"text": text} if text else {}
    return {**observed("1", "", by=ANN), "code": {**concept, "coding": [{"system": SNOMED, "code": code} for code in codes]}}


CPR = coded("89666000")


def part(code: str, **value: Any) -> dict[str, Any]:
    """An assessment of which one part is about resuscitation."""
    return {**observed("1", ""), "code": {"text": "ReSPECT"}, "component": [{"code": coded(code), **value}]}


def consents(category: str, **provision: Any) -> dict[str, Any]:
    """A Consent of a category, with its provision."""
    concept = coded(category, "http://terminology.hl7.org/CodeSystem/consentcategorycodes")
    return {"resourceType": "Consent", "id": "c", "status": "active", "dateTime": "2025-01-01", "patient": SUBJECT,
            "category": [concept], "provision": provision}  # fmt: skip


class TestParts:
    def test_a_decision_that_is_part_of_an_assessment_is_told(self) -> None:
        for code, value in (("304251008", {"valueCodeableConcept": coded(NOT_FOR)}), (NOT_FOR, {"valueBoolean": True})):
            line = only(fold(part(code, **value)), "cpr")
            assert (line.text, line.means) == (AGAINST, "not-for-cpr")
            assert on_card(given_card(person(), part(code, **value)), "cpr") == [AGAINST]

    def test_and_denied_by_its_value(self) -> None:
        assert texts(fold(part(NOT_FOR, valueBoolean=False)), "cpr") == [f"Not so: {AGAINST}"]

    @pytest.mark.parametrize("depth", [1, 2, 3])
    def test_a_refusal_counts_at_whatever_depth_of_provisions(self, depth: int) -> None:
        provision: dict[str, Any] = {"type": "deny", "code": [CPR]}
        for _ in range(depth - 1):
            provision = {"type": "permit", "provision": [provision]}
        assert means(fold(consents("acd", **provision))) == ["not-for-cpr"]

    def test_what_an_advance_decision_refuses_and_permits_is_told_with_that(self) -> None:
        nested = [{"type": "deny", "code": [{"text": "Blood"}]}, {"code": [{"text": "Dialysis"}]}]
        plan = fold(consents("acd", type="permit", code=[{"text": "Oxygen"}], provision=nested))
        assert set(texts(plan, "advance-decisions")) == {
            "Advance Directive", "Permitted: Oxygen", "Refused: Blood", "Not said whether refused: Dialysis",
        }  # fmt: skip

    def test_a_permit_under_a_refusal_by_its_category_is_a_conflict(self) -> None:
        section = fold(consents("dnr", type="permit", code=[CPR])).section("cpr")
        assert section.conflict
        assert {line.text for line in section.lines} == {AGAINST, "Permitted: Cardiopulmonary resuscitation"}


class TestWordsOfNoTerminology:
    @pytest.mark.parametrize(
        "concept",
        [
            {"text": "DNACPR in place"},
            {"coding": [{"system": "urn:local", "code": "X", "display": "DNACPR in place"}]},
            {"coding": [{"display": "DNACPR in place"}]},
            {"coding": [{"system": "urn:local", "code": "X"}], "text": "DNACPR in place"},
        ],
    )
    @pytest.mark.parametrize("type_", ["Observation", "Condition", "Procedure", "Flag"])
    def test_words_that_forbid_resuscitation_are_never_left_out(self, type_: str, concept: dict[str, Any]) -> None:
        status = {"Observation": "final", "Procedure": "completed", "Flag": "active"}.get(type_)
        said = {"resourceType": type_, "id": "1", "subject": SUBJECT, "code": concept, **({"status": status} if status else {})}
        assert on_card(given_card(person(), said), "cpr") == texts(fold(said), "cpr") == ["DNACPR in place"]
        assert [line.means for line in fold(said, observed("2", FOR)).section("cpr").lines] == ["for-cpr", ""]

    def test_beside_a_local_code_the_words_are_those_of_a_meaning(self) -> None:
        concept = {"coding": [{"system": "urn:local", "code": "X"}], "text": AGAINST}
        line = only(fold({**observed("1", ""), "code": concept}, observed("2", NOT_FOR)), "cpr")
        assert (line.means, len(line.origins)) == ("not-for-cpr", 2)

    @pytest.mark.parametrize("words", ["Fluids for resuscitation", "Taught how to do CPR", "Do not attempt to lift"])
    def test_other_words_are_no_decision(self, words: str) -> None:
        assert texts(fold({**observed("1", ""), "code": {"text": words}}), "cpr") == []

    def test_nor_are_words_beside_a_code_that_everyone_knows(self) -> None:
        concept = {"coding": [{"system": SNOMED, "code": "225365006"}], "text": "Care: DNACPR in place"}
        assert texts(fold({**observed("1", ""), "code": concept}), "cpr") == []


class TestWhatStandsBeside:
    def test_a_display_that_is_of_another_meaning_is_a_conflict(self) -> None:
        said = {"text": "Status", "coding": [{"system": SNOMED, "code": FOR, "display": "Not for resuscitation"}]}
        section = fold({**observed("1", ""), "code": said}).section("cpr")
        assert (section.conflict, [line.means for line in section.lines]) == (True, [""])
        assert AGAINST in section.lines[0].text

    @pytest.mark.parametrize(
        "said",
        [planned("1", {"code": coded(FOR), "description": "Not for CPR"}), observed("1", FOR, note=[{"text": "Not for CPR"}])],
    )
    def test_words_beside_it_that_are_of_another_meaning_are_a_conflict(self, said: dict[str, Any]) -> None:
        section = fold(said).section("cpr")
        assert (section.conflict, texts(fold(said), "cpr")) == (True, [f"{IN_FAVOUR} / Not for CPR"])
        assert "Not for CPR" in given_card(person(), said)["glance"]["cpr"]

    def test_of_several_codings_of_a_status_the_one_that_is_known_is_told(self) -> None:
        status = {"coding": [{"system": SNOMED, "code": "55561003"}, {"code": "active"}]}
        problem = {"resourceType": "Condition", "id": "c", "subject": SUBJECT, "code": coded(NOT_FOR), "clinicalStatus": status}
        assert "status" not in given_card(person(), problem)["cpr"]["lines"][0]


class TestAnswers:
    @pytest.mark.parametrize(
        "answer",
        [
            {"valueCodeableConcept": coded("373067005", display="No")},
            {"valueCodeableConcept": coded("2667000")},
            {"valueCodeableConcept": {"text": "No."}},
            {"valueString": "no"},
            {"valueBoolean": False},
        ],
    )
    def test_no_denies_what_it_answers(self, answer: dict[str, Any]) -> None:
        line = only(fold(observed("1", NOT_FOR, **answer)), "cpr")
        assert (line.text, line.means) == (f"Not so: {AGAINST}", "")

    @pytest.mark.parametrize(
        "answer",
        [{}, {"valueBoolean": True}, {"valueCodeableConcept": coded("373066001")}, {"valueCodeableConcept": coded(NOT_FOR)}],
    )
    def test_yes_and_the_same_again_confirm_it(self, answer: dict[str, Any]) -> None:
        assert means(fold(observed("1", NOT_FOR, **answer))) == ["not-for-cpr"]

    def test_any_other_answer_is_told_beside_its_question_and_means_nothing_by_itself(self) -> None:
        line = only(fold(observed("1", FOR, valueString="Only on the ward")), "cpr")
        assert (line.text, line.means) == (f"{IN_FAVOUR}: Only on the ward", "")
        assert means(fold(observed("1", FOR, valueCodeableConcept=coded(NOT_FOR)))) == [""]

    def test_what_was_not_answered_says_so(self) -> None:
        line = only(fold(observed("1", NOT_FOR, dataAbsentReason={"text": "Not asked"})), "cpr")
        assert (line.text, line.means) == (f"Not answered: {AGAINST}", "")

    def test_a_bare_yes_or_no_is_told_with_its_question(self) -> None:
        assert texts(fold(observed("1", "304251008", valueBoolean=True)), "cpr") == ["Resuscitation status: Yes"]
        item = {"linkId": "cpr", "text": "Should we attempt it?", "answer": [{"valueBoolean": False}]}
        assert texts(fold(answered(item)), "cpr") == ["Should we attempt it?: No"]

    def test_every_answer_is_told(self) -> None:
        plan = fold(
            answered(
                {"linkId": "contingency", "answer": [{"valueString": "Call 999"}, {"valueString": "Never oxygen above 28%"}]},
                {"linkId": "advance-decisions", "answer": [{"valueString": "No intubation"}, {"valueString": "No blood"}]},
                {"linkId": "cpr", "answer": [{"valueCoding": coding(FOR)}, {"valueCoding": coding(NOT_FOR)}]},
            )
        )
        assert sorted(texts(plan, "contingency")) == ["Call 999", "Never oxygen above 28%"]
        assert sorted(texts(plan, "advance-decisions")) == ["No blood", "No intubation"]
        assert (means(plan), plan.section("cpr").conflict) == (["for-cpr", "not-for-cpr"], True)

    def test_every_note_is_told(self) -> None:
        notes = [{"text": "Her garden"}, {"text": "Her dog"}]
        assert texts(fold(observed("1", "1515861000000103", note=notes)), "what-matters") == ["Her garden; Her dog"]


def coding(code: str) -> dict[str, Any]:
    return {"system": SNOMED, "code": code}


def answered(*items: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "id": "q", "status": "completed", "subject": SUBJECT, "item": list(items)}


class TestContradiction:
    def test_codes_of_two_meanings_are_a_conflict_in_words(self) -> None:
        section = fold(by_words("", FOR, NOT_FOR)).section("cpr")
        assert (section.lines[0].text, section.lines[0].means, section.conflict) == (f"{IN_FAVOUR} / {AGAINST}", "", True)

    @pytest.mark.parametrize(
        ("words", "code"),
        [
            ("DNACPR - not for resus", FOR),
            ("Do not attempt resuscitation", FOR),
            (AGAINST, FOR),
            ("For full resuscitation", NOT_FOR),
            ("DNACPR rescinded", NOT_FOR),
        ],
    )
    def test_words_that_are_those_of_another_meaning_are_a_conflict(self, words: str, code: str) -> None:
        section = fold(by_words(words, code)).section("cpr")
        assert (section.lines[0].means, section.conflict) == ("", True)
        assert section.lines[0].text.startswith(words)
        card = given_card(person(), by_words(words, code))
        assert "DO NOT AGREE" in card["glance"]["cpr"]

    @pytest.mark.parametrize(
        ("words", "code", "meant"),
        [
            ("DNACPR, but treat choking", NOT_FOR, "not-for-cpr"),
            ("Not for resuscitation", NOT_FOR, "not-for-cpr"),
            ("For resuscitation, not for ITU", FOR, "for-cpr"),
        ],
    )
    def test_words_of_their_own_that_say_nothing_else_are_none(self, words: str, code: str, meant: str) -> None:
        section = fold(by_words(words, code)).section("cpr")
        assert (section.lines[0].means, section.conflict) == (meant, False)


class TestReferences:
    ORDER = {"resourceType": "ServiceRequest", "id": "s", "status": "active", "intent": "order", "subject": SUBJECT,
             "code": {"text": "Intravenous antibiotics"}}  # fmt: skip

    def step(self, **order: Any) -> Plan:
        reference = {"reference": "ServiceRequest/s", "display": "Intravenous antibiotics"}
        plan = {**planned("1", **EMERGENCY), "activity": [{"reference": reference}]}
        return fold(plan, *([{**self.ORDER, **order}] if order else []))

    def test_what_it_leads_to_says_not_to_do_whatever_the_reference_is_called(self) -> None:
        assert texts(self.step(doNotPerform=True), "contingency") == ["Do not: Intravenous antibiotics"]

    @pytest.mark.parametrize("status", ["revoked", "entered-in-error", "draft"])
    def test_what_is_taken_back_is_no_step(self, status: str) -> None:
        assert self.step(status=status).section("contingency").lines == ()

    def test_what_was_done_is_history(self) -> None:
        section = self.step(status="completed").section("contingency")
        assert ([line.text for line in section.lines], len(section.history)) == ([], 1)

    def test_a_step_and_a_reason_that_are_not_shown_are_pointed_to(self) -> None:
        assert texts(self.step(), "contingency") == ["Intravenous antibiotics (not shown here, see the record)"]
        detail = {"description": "Buccal midazolam", "reasonReference": [{"reference": "Condition/z"}]}
        assert only(fold(planned("1", detail, **EMERGENCY)), "contingency").trigger == "not shown here, see the record"

    def test_its_own_reasons_and_doses_are_told(self) -> None:
        morphine = {"resourceType": "MedicationRequest", "id": "m", "status": "active", "intent": "order", "subject": SUBJECT,
                    "medicationReference": {"reference": "Medication/m"}, "dosageInstruction": [{"text": "2.5 mg under the skin"}],
                    "reasonCode": [{"text": "Pain"}], "reasonReference": [{"reference": "Condition/z"}]}  # fmt: skip
        plan = {**planned("1", **EMERGENCY), "activity": [{"reference": {"reference": "MedicationRequest/m"}}]}
        line = only(fold(plan, morphine, {"resourceType": "Medication", "id": "m", "code": {"text": "Morphine"}}), "contingency")
        assert (line.text, line.trigger) == ("Morphine", "Pain; not shown here, see the record")
        assert line.origins[0].notes == ("2.5 mg under the skin",)

    @pytest.mark.parametrize(
        "order",
        [
            {"resourceType": "DeviceRequest", "codeReference": {"display": "Oxygen"}},
            {"resourceType": "DeviceRequest", "codeCodeableConcept": {"text": "Oxygen"}},
            {"resourceType": "Appointment", "serviceType": [{"text": "Oxygen"}]},
        ],
    )
    def test_every_type_that_may_be_a_step_has_its_words(self, order: dict[str, Any]) -> None:
        plan = {**planned("1", **EMERGENCY), "activity": [{"reference": {"reference": f"{order['resourceType']}/s"}}]}
        assert texts(fold(plan, {"id": "s", "status": "active", **order}), "contingency") == ["Oxygen"]

    def test_what_has_no_words_is_pointed_to(self) -> None:
        plan = {**planned("1", {"doNotPerform": True}, {"kind": "Task"}, **EMERGENCY)}
        plan["activity"].append({"reference": {"reference": "CommunicationRequest/s"}})
        found = texts(fold(plan, {"resourceType": "CommunicationRequest", "id": "s", "status": "active"}), "contingency")
        assert sorted(found) == ["A step (not shown here, see the record)", "Do not: A step (not shown here, see the record)"]

    def test_what_is_to_be_given_is_told_beside_other_words(self) -> None:
        product = {"productCodeableConcept": {"text": "Morphine"}, "quantity": {"value": 5, "unit": "mg"}}
        line = only(fold(planned("1", {"description": "Give once", **product}, **EMERGENCY)), "contingency")
        assert (line.text, line.origins[0].notes) == ("Give once", ("Morphine", "5 mg"))
        kept = planned("1", {"code": coded("standby-medicines", OWN), **product})
        assert texts(fold(kept), "standby-medicines") == ["Morphine"]

    def test_every_reason_is_told(self) -> None:
        detail = {"description": "Ring", "reasonCode": [{"text": "A fall"}, {"text": "Fever"}]}
        assert only(fold(planned("1", detail, **EMERGENCY)), "contingency").trigger == "A fall; Fever"


def decided(id: str, code: str, date: str, *performers: dict[str, Any], **more: Any) -> dict[str, Any]:
    return observed(id, code, date, None, **({"performer": list(performers)} if performers else {}), **more)


def user(value: str) -> dict[str, Any]:
    return {"identifier": {"system": "https://fhir.nhs.uk/Id/sds-user-id", "value": value}}


class TestVoices:
    @pytest.mark.parametrize(
        ("before", "now"),
        [
            ((), ()),
            ((ORGANISATION,), (ORGANISATION,)),
            ((ORGANISATION, BOB), (ORGANISATION, ANN)),
            ((user("111"),), (user("222"),)),
            (({"display": "GP"},), ({"display": "GP"},)),
            (({"reference": "#p"},), ({"reference": "#p"},)),
            (({"identifier": {"system": "https://fhir.nhs.uk/Id/ods-organization-code", "value": "A81001"}},) * 1,) * 2,
        ],
    )
    def test_where_it_is_not_known_to_be_one_person_nobody_is_overruled(
        self, before: tuple[dict[str, Any], ...], now: tuple[dict[str, Any], ...]
    ) -> None:
        section = fold(decided("1", NOT_FOR, "2020-01-01", *before), decided("2", FOR, "2025-01-01", *now)).section("cpr")
        assert (len(section.lines), section.conflict) == (2, True)

    @pytest.mark.parametrize("who", [(ORGANISATION, ANN), (user("111"),)])
    def test_a_person_overrules_what_they_said_before(self, who: tuple[dict[str, Any], ...]) -> None:
        section = fold(decided("1", NOT_FOR, "2020-01-01", *who), decided("2", FOR, "2025-01-01", *who)).section("cpr")
        assert [line.means for line in section.lines] == ["for-cpr"]

    def test_the_author_of_a_line_is_the_person(self) -> None:
        assert only(fold(decided("1", NOT_FOR, "2020-01-01", ORGANISATION, ANN)), "cpr").origins[0].author == "Dr Ann"


def test_a_flag_that_its_author_has_overruled_is_no_alert() -> None:
    def flagged(id: str, code: str, date: str) -> dict[str, Any]:
        return {**flag(id, ""), "author": ANN, "code": coded(code), "period": {"start": date}}

    card = given_card(person(), flagged("1", NOT_FOR, "2020-01-01"), flagged("2", FOR, "2025-01-01"))
    assert (on_card(card, "cpr"), on_card(card, "alerts")) == ([IN_FAVOUR], [])


class TestDates:
    def test_what_is_yet_to_come_overrules_nothing_and_says_from_when(self) -> None:
        section = fold(observed("1", NOT_FOR, "2025-01-01", ANN), observed("2", FOR, "2062-01-01", ANN)).section("cpr")
        assert [(line.text, line.means) for line in section.lines] == [
            (f"From 2062-01-01: {IN_FAVOUR}", ""),
            (AGAINST, "not-for-cpr"),
        ]

    def test_a_step_that_is_yet_to_come_says_from_when(self) -> None:
        plan = fold(planned("1", {"description": "Weigh"}, period={"start": "2030-01-01"}))
        assert only(plan, "actions").origins[0].notes == ("From 2030-01-01: not before.",)

    def test_a_clock_that_is_a_little_ahead_changes_nothing(self) -> None:
        assert means(fold(observed("1", NOT_FOR, "2026-01-01T00:30:00Z", ANN))) == ["not-for-cpr"]


def plan_of(id: str, *replaces: str, **more: Any) -> dict[str, Any]:
    return planned(id, {"code": coded(NOT_FOR)}, author=ANN, replaces=[{"reference": each} for each in replaces], **more)


class TestReplacing:
    def test_nothing_replaces_itself(self) -> None:
        assert means(fold(plan_of("1", "CarePlan/1"))) == ["not-for-cpr"]

    def test_of_a_circle_all_is_shown(self) -> None:
        circle = [plan_of("1", "CarePlan/2"), plan_of("2", "CarePlan/3"), plan_of("3", "CarePlan/1")]
        for order in permutations(circle):
            (line,) = fold(*order).section("cpr").lines
            assert len(line.origins) == 3

    def test_what_counts_for_nobody_replaces_nothing(self) -> None:
        triage = {**plan_of("t", "CarePlan/1"), "category": [coded("triage-outcome", "urn:interop:codes:plan-category")]}
        assert means(fold(plan_of("1"), triage)) == ["not-for-cpr"]
        assert means(fold(plan_of("1"), plan_of("d", "CarePlan/1", status="draft"))) == ["not-for-cpr"]

    def test_a_plan_of_another_server_is_not_ours(self) -> None:
        later = planned("2", replaces=[{"reference": "https://x.example/CarePlan/1"}])
        assert means(fold(plan_of("1"), later)) == ["not-for-cpr"]

    def test_what_is_provably_later_is_not_replaced_nor_by_what_is_yet_to_come(self) -> None:
        later = planned("2", replaces=[{"reference": "CarePlan/1"}], created="2024-01-01")
        assert means(fold(plan_of("1", created="2025-01-01"), later)) == ["not-for-cpr"]
        coming = planned("2", replaces=[{"reference": "CarePlan/1"}], period={"start": "2030-01-01"})
        assert means(fold(plan_of("1", created="2025-01-01"), coming)) == ["not-for-cpr"]
        assert means(fold(plan_of("1", created="2023-01-01"), later)) == []


class TestStatuses:
    def test_of_several_codings_the_one_that_the_table_knows_counts(self) -> None:
        problem = {"resourceType": "Condition", "id": "c", "subject": SUBJECT, "code": coded(NOT_FOR),
                   "clinicalStatus": {"coding": [coding("55561003"), {"code": "active"}]}}  # fmt: skip
        assert means(fold(problem)) == ["not-for-cpr"]
        latex = allergy("1", "Latex", verificationStatus={"coding": [coding("410605003"), {"code": "confirmed"}]})
        assert texts(fold(latex), "allergies") == ["Latex"]
        refuted = allergy("1", "Latex", verificationStatus={"coding": [coding("410516002"), {"code": "refuted"}]})
        assert texts(fold(refuted), "allergies") == []

    def test_a_status_that_is_not_known_is_told_and_hides_nothing(self) -> None:
        line = only(fold(allergy("1", "Latex", verificationStatus={"coding": [{"code": "presumed"}]})), "allergies")
        assert line.origins[0].notes == ("Its status is not known here: presumed.",)

    def test_what_is_not_confirmed_says_so(self) -> None:
        line = only(fold(allergy("1", "Latex", verificationStatus={"coding": [{"code": "unconfirmed"}]})), "allergies")
        assert line.origins[0].notes == ("Not confirmed: unconfirmed.",)


class TestWordless:
    def test_an_allergy_is_told_by_the_substance_of_its_reaction(self) -> None:
        latex = allergy("1", "", code={}, reaction=[{"substance": {"text": "Latex"}, "manifestation": [{"text": "Anaphylaxis"}]}])
        assert texts(fold(latex), "allergies") == ["Latex"]

    def test_an_allergy_without_a_substance_and_a_flag_without_words_are_told(self) -> None:
        assert texts(fold(allergy("1", "", code={})), "allergies") == ["Substance not stated"]
        wordless = {"resourceType": "Flag", "id": "f", "status": "active", "subject": SUBJECT}
        assert texts(fold(wordless), "alerts") == ["Alert without words"]

    def test_two_of_them_are_two_lines(self) -> None:
        assert len(fold(Given(allergy("1", "", code={}), 1), Given(allergy("2", "", code={}), 1)).section("allergies").lines) == 2
