"""What a crew card tells of whom, and in what words it tells that something is not there."""

from __future__ import annotations

from typing import Any

import pytest

from interop.apply.telling.choices import Choices, written
from interop.careplan.plan import Given
from interop.policy.asker import Asker
from tests.spec.careplan.cards import absent, allergy, clinical, flag, given_card, number, person, refuted, takes, texts
from tests.spec.careplan.plans import ANN, BOB, FOR, NOT_FOR, NOW, coded, fold, observed
from tests.spec.careplan.plans import texts as plan_texts

HOUR = 3_600_000_000


class TestWho:
    def test_name_birth_date_and_number_as_people_compare_them(self) -> None:
        card = given_card(person(), stated={"p": [number("9990000018", "verified")]})
        assert card["who"]["name"] == "ASHDOWN, Mary (Mrs)"
        assert (card["who"]["born"], card["who"]["age"]) == ("1953-02-01", 72)
        assert card["who"]["nhs"] == [{"number": "999 000 0018", "verified": True, "words": "verified"}]
        assert card["glance"]["who"] == "ASHDOWN, Mary (Mrs) · 72 years · female · born 01-Feb-1953 · NHS 999 000 0018 (verified)"

    @pytest.mark.parametrize(
        ("standing", "words"),
        [
            ("not-verified", "not verified"),
            ("not-stated", "verification not stated"),
            ("test", "of the range for tests: nobody's"),
            ("invalid", "not a valid NHS number"),
        ],
    )
    def test_a_number_that_is_not_verified_says_so(self, standing: str, words: str) -> None:
        card = given_card(person(), stated={"p": [number("9990000018", standing)]})
        assert card["who"]["nhs"] == [{"number": "999 000 0018", "verified": False, "words": words}]
        assert words in card["glance"]["who"]

    def test_who_has_no_number_and_no_birth_date(self) -> None:
        card = given_card({"resourceType": "Patient", "id": "p"})
        assert card["who"] == {"name": "Name not recorded", "nhs": [], "records": 1}
        assert card["glance"]["who"] == "Name not recorded · sex not recorded · birth date not recorded · no NHS number"

    def test_the_name_in_use_is_shown_and_what_to_call_them(self) -> None:
        names = [
            {"use": "maiden", "family": "Before"},
            {"use": "official", "family": "Then", "given": ["Mary"], "period": {"end": "2019"}},
            {"use": "usual", "family": "Now", "given": ["Mary", "Ann"]},
            {"use": "nickname", "given": ["Polly"]},
        ]
        who = given_card(person(name=names))["who"]
        assert (who["name"], who["knownAs"]) == ("NOW, Mary Ann", "Polly")

    @pytest.mark.parametrize(
        ("said", "told", "words"),
        [
            ({"deceasedDateTime": "2025-12-24"}, {"date": "2025-12-24"}, "DIED 24-Dec-2025"),
            ({"deceasedBoolean": True}, {}, "DIED"),
        ],
    )
    def test_who_has_died(self, said: dict[str, Any], told: dict[str, str], words: str) -> None:
        card = given_card(person(**said))
        assert card["who"]["deceased"] == told
        assert "age" not in card["who"]
        assert words in card["glance"]["who"]

    def test_who_is_said_to_live_has_not_died(self) -> None:
        assert "deceased" not in given_card(person(deceasedBoolean=False))["who"]

    def test_records_of_one_person_that_do_not_agree(self) -> None:
        other = person(id="q", birthDate="1935-02-01", name=[{"family": "Ashdown", "given": ["Marie"]}], deceasedBoolean=True)
        stated = {"p": [number("9990000018", "verified")], "q": [number("9990000026", "not-stated")]}
        card = given_card(person(deceasedBoolean=False), other, stated=stated)
        assert {each["what"]: each["values"] for each in card["who"]["differs"]} == {
            "name": ["ASHDOWN, Mary", "ASHDOWN, Marie"],
            "born": ["1953-02-01", "1935-02-01"],
            "deceased": ["living", "died"],
            "nhs": ["999 000 0018", "999 000 0026"],
        }
        assert card["who"]["name"] == "ASHDOWN, Mary (Mrs)"
        assert "Make sure who this is" in card["glance"]["identity"]
        assert card["who"]["deceased"] == {}

    def test_records_that_agree_are_not_told_apart(self) -> None:
        card = given_card(person(), person(id="q", name=[{"family": "ASHDOWN", "given": ["mary", "jane"]}]))
        assert card["who"]["records"] == 2
        assert "differs" not in card["who"]
        assert "identity" not in card["glance"]

    def test_the_record_with_a_verified_number_speaks_first(self) -> None:
        later = Given(person(id="q", birthDate="1935-02-01"), 9, "B", NOW)
        card = given_card(Given(person(), 1, "A", NOW - HOUR), later, stated={"p": [number("9990000018", "verified")]})
        assert card["who"]["born"] == "1953-02-01"

    def test_language_and_interpreter(self) -> None:
        spoken = [{"language": {"text": "English"}}, {"language": {"text": "Punjabi"}, "preferred": True}]
        needed = {"url": "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired", "valueBoolean": True}
        card = given_card(person(communication=spoken, extension=[needed]))
        assert card["who"]["languages"] == ["Punjabi", "English"]
        assert card["who"]["interpreter"] is True
        assert "interpreter needed" in card["glance"]["who"]

    def test_where_they_live_now(self) -> None:
        homes = [
            {"use": "old", "line": ["1 Past Street"]},
            {"line": ["9 Ended Street"], "period": {"end": "2020"}},
            {"use": "home", "line": ["7 Mill Lane"], "city": "Eastmere", "postalCode": "QX1 8UG"},
        ]
        assert given_card(person(address=homes))["who"]["address"] == ["7 Mill Lane, Eastmere, QX1 8UG"]


class TestAllergies:
    def test_nothing_recorded_is_not_none_known(self) -> None:
        section = given_card(person())["allergies"]
        assert section == {"state": "none-recorded", "words": "None recorded.", "lines": []}

    @pytest.mark.parametrize(
        "code",
        [
            {"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}]},
            {"text": "No known allergies"},
            {"text": "NKDA"},
        ],
    )
    def test_none_known_is_told_with_who_says_so(self, code: dict[str, Any]) -> None:
        card = given_card(person(), allergy("n", "", code=code, recordedDate="2025-03-01"))
        assert card["allergies"]["state"] == "none-known"
        assert [(line["date"], line["from"]) for line in card["allergies"]["lines"]] == [("2025-03-01", ["A"])]

    def test_a_list_that_says_that_there_are_none(self) -> None:
        empty = {"resourceType": "List", "id": "l", "status": "current", "mode": "snapshot", "date": "2025-04-01"}
        empty |= {"code": coded("886921000000105"), "emptyReason": {"coding": [{"code": "nilknown"}]}}
        assert given_card(person(), empty)["allergies"]["state"] == "none-known"
        unasked = empty | {"emptyReason": {"coding": [{"code": "notasked"}]}}
        assert given_card(person(), unasked)["allergies"]["state"] == "none-recorded"

    @pytest.mark.parametrize(
        "status", [refuted("refuted"), refuted("entered-in-error"), clinical("resolved"), clinical("inactive")]
    )
    def test_what_is_no_allergy_is_not_shown_as_one(self, status: dict[str, Any]) -> None:
        card = given_card(person(), allergy("a", "Penicillin", **status))
        assert card["allergies"]["state"] == "none-recorded"
        assert "Penicillin" not in str(card)

    def test_who_knows_of_one_and_who_of_none_stand_side_by_side(self) -> None:
        none = Given(allergy("n", "", code=coded("716186003"), recordedDate="2025-05-01"), 1, "B")
        card = given_card(person(), allergy("a", "Penicillin"), none)
        assert card["allergies"]["conflict"] is True
        assert [line["from"] for line in card["allergies"]["lines"]] == [["A"], ["B"]]
        assert texts(card, "allergies")[0] == "Penicillin"
        assert "DO NOT AGREE" in card["glance"]["allergies"]

    def test_the_most_dangerous_first_with_what_it_did(self) -> None:
        reaction = [{"manifestation": [{"text": "Anaphylaxis"}], "severity": "severe"}]
        card = given_card(
            person(),
            allergy("a", "Latex", recordedDate="2025-12-01"),
            allergy("b", "Peanuts", criticality="high", reaction=reaction, recordedDate="2010"),
        )
        first, second = card["allergies"]["lines"]
        assert (first["text"], first["reaction"], first["critical"], first["severe"]) == ("Peanuts", "Anaphylaxis", True, True)
        assert second == {"text": "Latex", "date": "2025-12-01", "from": ["A"]}
        assert card["glance"]["allergies"] == "Allergies: Peanuts (HIGH RISK); Latex"

    def test_one_substance_of_several_sources_is_one_line(self) -> None:
        rash = [{"manifestation": [{"text": "Rash"}]}]
        lines = given_card(
            person(),
            Given(allergy("a", "Penicillin", **refuted("unconfirmed")), 1, "A"),
            Given(allergy("b", "penicillin", reaction=rash, recordedDate="2024-01-01"), 1, "B"),
        )["allergies"]["lines"]
        assert lines == [{"text": "penicillin", "reaction": "Rash", "date": "2024-01-01", "from": ["B", "A"]}]

    def test_doubt_is_told(self) -> None:
        (line,) = given_card(person(), allergy("a", "Penicillin", **refuted("unconfirmed")))["allergies"]["lines"]
        assert line["status"] == "unconfirmed"


class TestAlerts:
    def test_safety_comes_first(self) -> None:
        card = given_card(
            person(),
            flag("a", "Diabetic", "clinical", period={"start": "2025-12-01"}),
            flag("b", "MRSA", "contact", period={"start": "2025-06-01"}),
            flag("c", "Do not visit alone", "safety", period={"start": "2020-01-01"}),
        )
        assert texts(card, "alerts") == ["Do not visit alone", "MRSA", "Diabetic"]
        assert card["glance"]["alerts"] == "Alerts: Do not visit alone; MRSA; Diabetic"

    def test_how_somebody_wants_to_be_told_of_news_is_none(self) -> None:
        """As long as it says nothing else."""
        said = written(Choices(sms=False), "a", "p", Asker("iss|ann", "patient", patient="p"), NOW - HOUR)
        assert said["status"] == "active"
        assert texts(given_card(person(), said), "alerts") == []
        assert plan_texts(fold(said), "alerts") == []
        for more in ({"text": "Do not resuscitate"}, {"coding": [*said["code"]["coding"], {"system": "urn:local", "code": "X"}]}):
            told = {**said, "code": {**said["code"], **more}}
            assert texts(given_card(person(), told), "alerts") or texts(given_card(person(), told), "cpr")

    @pytest.mark.parametrize(
        "over",
        [
            {"status": "inactive"},
            {"status": "entered-in-error"},
            {"period": {"end": "2025-12-30"}},
            {"period": {"start": "2026-02-01"}},
        ],
    )
    def test_what_is_over_or_has_not_begun_is_no_alert(self, over: dict[str, Any]) -> None:
        assert given_card(person(), flag("a", "Violence", "safety", **over))["alerts"]["state"] == "none-recorded"

    def test_a_decision_that_is_kept_as_a_flag_is_told_once(self) -> None:
        card = given_card(person(), flag("a", "", code=coded(NOT_FOR, text="Not for CPR")))
        assert [line["means"] for line in card["cpr"]["lines"]] == ["not-for-cpr"]
        assert card["alerts"]["state"] == "none-recorded"


class TestCpr:
    def test_with_date_and_decider(self) -> None:
        card = given_card(person(), observed("o", NOT_FOR, "2025-10-12", ANN))
        (line,) = card["cpr"]["lines"]
        assert (line["means"], line["date"], line["by"], line["from"]) == ("not-for-cpr", "2025-10-12", "Dr Ann", ["A"])
        assert "12-Oct-2025" in card["glance"]["cpr"]

    def test_several_who_do_not_agree_are_all_shown(self) -> None:
        card = given_card(person(), observed("o", NOT_FOR, "2025-10-12", ANN), observed("q", FOR, "2025-11-12", BOB))
        assert card["cpr"]["conflict"] is True
        assert {line["means"] for line in card["cpr"]["lines"]} == {"not-for-cpr", "for-cpr"}
        assert "DO NOT AGREE" in card["glance"]["cpr"]


class TestMedicines:
    def test_by_status_with_dose_and_date(self) -> None:
        dose = [{"text": "One a day", "asNeededBoolean": True}]
        card = given_card(
            person(),
            takes("a", "Ramipril 5 mg", dosage=dose, dateAsserted="2025-12-01"),
            takes("b", "Warfarin 1 mg", "on-hold", dateAsserted="2025-11-01"),
            takes("c", "Amoxicillin 500 mg", "stopped"),
            takes("d", "Codeine 30 mg", "not-taken"),
            takes("e", "Ibuprofen 400 mg", "entered-in-error"),
            takes("f", "Prednisolone 5 mg", effectivePeriod={"end": "2025-12-01"}),
        )
        first, second = card["medicines"]["lines"]
        assert first == {"text": "Ramipril 5 mg", "dose": "One a day", "asNeeded": True, "date": "2025-12-01", "from": ["A"]}
        assert (second["text"], second["status"]) == ("Warfarin 1 mg", "on hold")
        assert len(card["medicines"]["lines"]) == 2

    def test_what_is_only_proposed_is_not_taken(self) -> None:
        request = {"resourceType": "MedicationRequest", "id": "m", "status": "active", "subject": {"reference": "Patient/p"}}
        request |= {"medicationCodeableConcept": {"text": "Ramipril 5 mg"}}
        assert texts(given_card(person(), {**request, "intent": "order"}), "medicines") == ["Ramipril 5 mg"]
        assert given_card(person(), {**request, "intent": "proposal"})["medicines"]["state"] == "none-recorded"
        forbidden = given_card(person(), {**request, "intent": "order", "doNotPerform": True})
        assert texts(forbidden, "medicines") == ["Do not: Ramipril 5 mg"]

    def test_one_medicine_of_a_statement_and_its_prescription_is_one_line(self) -> None:
        request = {
            "resourceType": "MedicationRequest",
            "id": "m",
            "status": "active",
            "intent": "order",
            "authoredOn": "2025-12-20",
        }
        request |= {"medicationCodeableConcept": {"text": "ramipril 5 mg"}, "subject": {"reference": "Patient/p"}}
        card = given_card(person(), takes("a", "Ramipril 5 mg", dosage=[{"text": "One a day"}], dateAsserted="2025-12-01"), request)
        (line,) = card["medicines"]["lines"]
        assert (line["dose"], line["date"]) == ("One a day", "2025-12-01")

    def test_what_one_source_has_put_on_hold_and_another_not_is_told_of_both(self) -> None:
        card = given_card(person(), takes("a", "Warfarin 1 mg", "on-hold"), Given(takes("b", "Warfarin 1 mg"), 1, "B"))
        assert sorted((line.get("status", ""), line["from"]) for line in card["medicines"]["lines"]) == [
            ("", ["B"]),
            ("on hold", ["A"]),
        ]

    def test_two_doses_of_one_medicine_stand_together(self) -> None:
        card = given_card(
            person(),
            takes("a", "Ramipril 5 mg", dosage=[{"text": "One a day"}], dateAsserted="2025-12-03"),
            takes("b", "Aspirin 75 mg", dateAsserted="2025-12-02"),
            takes("c", "Ramipril 5 mg", dosage=[{"text": "Two a day"}], dateAsserted="2025-12-01"),
        )
        assert texts(card, "medicines") == ["Ramipril 5 mg", "Ramipril 5 mg", "Aspirin 75 mg"]


@pytest.mark.parametrize(
    ("section", "resource"),
    [("allergies", allergy("a", "Peanuts")), ("alerts", flag("f", "Dog")), ("medicines", takes("m", "Ramipril 5 mg"))],
)
def test_what_may_mean_something_else_says_so(section: str, resource: dict[str, Any]) -> None:
    """A modifier extension that nobody here knows."""
    card = given_card(person(), {**resource, "modifierExtension": [{"url": "urn:x", "valueBoolean": True}]})
    (line,) = card[section]["lines"]
    assert "changes what this means" in line["status"]


class TestPeople:
    def test_key_people_with_their_numbers(self) -> None:
        kin = {
            "relationship": [{"text": "Daughter"}],
            "name": {"text": "Joan Ashdown"},
            "telecom": [{"system": "phone", "value": "07700 900123"}],
        }
        card = given_card(person(contact=[kin]))
        assert card["people"]["lines"] == [{"text": "Joan Ashdown", "role": "Daughter", "phone": ["07700 900123"], "from": ["A"]}]

    def test_who_hides_where_they_are_tells_nothing_that_leads_there(self) -> None:
        redacted = {"meta": {"security": [{"system": "x", "code": "REDACTED"}]}}
        card = given_card(person(**redacted))
        assert card["who"]["redacted"] is True
        assert [card[name]["state"] for name in ("gp", "people", "alerts")] == ["not-given", "not-given", "none-recorded"]

    def test_nor_who_contributes_to_their_record(self) -> None:
        hides = Given(person(meta={"security": [{"system": "x", "code": "REDACTED"}]}), 1, "A81001", NOW)
        told = [Given(each, 1, "A81001", NOW) for each in (allergy("a", "Peanuts"), allergy("n", "", code=coded("716186003")))]
        card = given_card(hides, *told, names={"A81001": "Mill Surgery"})
        assert len(card["allergies"]["lines"]) == 2
        assert "A81001" not in str(card)
        assert "Mill Surgery" not in str(card)


class TestAbsence:
    def test_of_the_person(self) -> None:
        card = given_card(person(), absent=[absent("withheld")])
        assert {card[name]["state"] for name in ("cpr", "allergies", "medicines")} == {"withheld"}
        assert card["cpr"]["words"] == "Withheld (no consent)."

    @pytest.mark.parametrize("code", ["not-shared", "down", "stale", "incomplete"])
    def test_of_a_source(self, code: str) -> None:
        since = "2025-12-31T00:00:00.000Z"
        card = given_card(person(), absent=[absent(code, "B", since)])
        assert card["cpr"]["state"] == "none-recorded"
        assert card["cpr"]["lacking"] == [code]
        assert card["cpr"]["words"] != "None recorded."
        assert card["absent"]["lines"] == [
            {"code": code, "words": f"{code}: B", "source": "B", "since": "2025-12-31T00:00:00.000Z"}
        ]
        assert "Not everything is here" in card["glance"]["lacking"]

    def test_of_a_source_whose_words_are_on_the_card(self) -> None:
        lacking = [absent("down", "Z"), absent("stale", "A", "2025-12-30T00:00:00.000Z")]
        card = given_card(person(), absent=lacking, names={"A": "Mill Surgery"})
        (source,) = card["sources"]["lines"]
        assert (source["code"], source["name"], source["state"]) == ("A", "Mill Surgery", "stale")
        assert (source["updated"], source["since"]) == ("2026-01-01T00:00:00.000Z", "2025-12-30T00:00:00.000Z")
        assert [each["source"] for each in card["absent"]["lines"]] == ["A", "Z"]

    def test_of_a_role(self) -> None:
        closed = ("AllergyIntolerance", "List", "MedicationRequest", "MedicationStatement", "Consent")
        card = given_card(person(), unseen=frozenset(closed))
        assert card["allergies"]["state"] == card["medicines"]["state"] == "not-for-role"
        assert (card["cpr"]["state"], card["cpr"]["lacking"]) == ("none-recorded", ["not-for-role"])
        (line,) = card["absent"]["lines"]
        assert line["words"] == "Not shown to this role: allergies, medicines."
