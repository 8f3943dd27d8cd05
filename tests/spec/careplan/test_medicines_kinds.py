"""What became of a medicine in a stay: started, stopped, changed, unchanged, not known; each only where a source says so."""

from __future__ import annotations

from typing import Any

import pytest

from interop.careplan.medicines.comparing import (
    BY_DATES,
    BY_LIST,
    DISAGREE,
    MAYBE,
    NEW_OR_NOT,
    NO_DATE,
    NO_DIRECTIONS,
    NO_LETTER,
    NOT_CLEAR,
    OTHER_WORDS,
    SILENT,
)
from interop.careplan.medicines.folding import changes
from interop.careplan.medicines.plain import sentence
from interop.careplan.medicines.reading import AS_TODAY
from interop.careplan.medicines.stays import latest_stay
from tests.spec.careplan.medicines import (
    DISCONTINUED,
    GP,
    HERS,
    WARD,
    around,
    by,
    drug,
    kinds,
    letter,
    listed,
    only,
    stay,
    taken,
    whole_list,
)

AMLODIPINE, RAMIPRIL = "Amlodipine 5mg tablets", "Ramipril 2.5mg capsules"


def test_what_the_hospital_says_is_new_was_started() -> None:
    line = only(around([], [listed("a", "Apixaban 5mg tablets", "One twice a day", said="added", because="Atrial fibrillation")]))
    assert (line.kind, line.reasons) == ("started", ("Atrial fibrillation",))


def test_what_began_in_the_stay_by_its_own_dates_was_started() -> None:
    began = listed("a", "Apixaban 5mg tablets", effectivePeriod={"start": "2026-02-12"})
    line = only(around([], [began]))
    assert (line.kind, line.note) == ("started", BY_DATES)
    assert sentence(line).startswith("By its dates this is new.")
    undated = taken("g", "Apixaban 5mg tablets", start="")
    line = only(changes([*by(GP, undated, updated="2026-03-01"), *by(WARD, began, letter(began), stay())], "e"))
    assert (line.kind, line.note) == ("not-known", NO_DATE)


def test_what_is_in_the_letter_alone_is_not_said_to_be_new() -> None:
    line = only(around([], [listed("a", "Apixaban 5mg tablets", "One twice a day")]))
    assert (line.kind, line.note) == ("not-known", NEW_OR_NOT)


@pytest.mark.parametrize(
    "stopped",
    [
        {"status": "stopped", "statusReason": [{"text": "Ankles swell"}]},
        {"said": "stopped", "because": "Ankles swell"},
    ],
)
def test_what_the_hospital_says_is_stopped_was_stopped_and_it_is_said_why(stopped: dict[str, Any]) -> None:
    line = only(around([taken("g", AMLODIPINE, "One daily")], [listed("a", AMLODIPINE, **stopped)]))
    assert (line.kind, line.reasons) == ("stopped", ("Ankles swell",))
    assert [each.origin.source for each in line.of("before")] == [GP]
    assert [each.origin.source for each in line.of("after")] == [WARD]


def test_what_stands_on_the_list_of_discontinued_medicines_was_stopped() -> None:
    gone = listed("a", AMLODIPINE)
    assert only(around([], [gone], whole_list(gone, code=DISCONTINUED))).kind == "stopped"


def test_what_a_letter_leaves_out_is_never_called_stopped() -> None:
    found = around([taken("g", AMLODIPINE, "One daily")], [listed("a", "Senna 7.5mg tablets", said="added")])
    assert kinds(found) == {AMLODIPINE: "not-known", "Senna 7.5mg tablets": "started"}
    assert found.of("not-known")[0].note == SILENT


@pytest.mark.parametrize("weak", ["not-taken", "unknown"])
def test_that_somebody_does_not_take_it_is_no_word_that_they_should_not(weak: str) -> None:
    line = only(around([taken("g", AMLODIPINE, "One daily")], [listed("a", AMLODIPINE, status=weak)]))
    assert (line.kind, line.note) == ("not-known", NOT_CLEAR)


def test_what_a_list_leaves_out_that_says_it_is_whole_is_pointed_out_and_not_called_stopped() -> None:
    """It may be there by its brand: Epilim is sodium valproate."""
    going = listed("a", "Epilim 200mg tablets", said="continued")
    found = around([taken("g", "Sodium valproate 200mg tablets")], [going], whole_list(going))
    assert kinds(found) == {"Sodium valproate 200mg tablets": "not-known", "Epilim 200mg tablets": "unchanged"}
    (line,) = found.of("not-known")
    assert line.note == BY_LIST
    assert sentence(line).startswith("The hospital's list of your medicines does not have it. ")
    assert "Do not change anything yourself." in sentence(line)


@pytest.mark.parametrize(
    "lesser",
    [
        {"status": "retired"},
        {"mode": "changes"},
        {"modifierExtension": [{"url": "urn:x"}]},
        {"encounter": {"reference": "Encounter/x"}},
    ],
)
def test_a_list_that_is_not_the_present_one_of_the_stay_says_nothing_of_what_it_lacks(lesser: dict[str, Any]) -> None:
    going = listed("a", "Senna 7.5mg tablets", said="added")
    found = around([taken("g", AMLODIPINE)], [going], whole_list(going, **lesser))
    assert {each.name: each.note for each in found.lines}[AMLODIPINE] == SILENT


def test_a_list_of_which_a_part_is_held_back_is_not_whole_for_who_looks() -> None:
    going = listed("a", "Senna 7.5mg tablets", said="added")
    hidden = listed("hidden", AMLODIPINE)
    found = around([taken("g", AMLODIPINE)], [going], whole_list(going, hidden))
    assert {each.name: each.note for each in found.lines}[AMLODIPINE] == SILENT


def test_a_whole_list_with_the_medicine_in_other_words_does_not_stop_it() -> None:
    going = listed("a", "Metformin hydrochloride 500mg tablets")
    found = around([taken("g", "Metformin 500mg tablets")], [going], whole_list(going))
    assert {each.note for each in found.of("not-known")} == {MAYBE, NEW_OR_NOT}
    assert not found.of("stopped")


def test_an_empty_list_is_whole_only_where_it_says_that_there_is_none() -> None:
    assert only(around([taken("g", AMLODIPINE)], [], whole_list())).note == SILENT
    empty = whole_list(emptyReason={"coding": [{"code": "nilknown"}]})
    line = only(around([taken("g", AMLODIPINE)], [], empty))
    assert (line.kind, line.note) == ("not-known", BY_LIST)


def test_another_dose_is_a_change_with_before_and_after_side_by_side() -> None:
    line = only(around([taken("g", AMLODIPINE, "One daily", "319283006")], [listed("a", AMLODIPINE, "Two daily", "319283006")]))
    assert (line.kind, line.differs, line.by) == ("changed", ("dose",), "code")
    assert [each.directions for each in (*line.of("before"), *line.of("after"))] == ["One daily", "Two daily"]


def test_another_strength_of_the_same_is_a_change_by_words() -> None:
    before, after = taken("g", RAMIPRIL, "one od", "318900007"), listed("a", "Ramipril 5mg capsules", "One daily", "318902004")
    line = only(around([before], [after]))
    assert (line.kind, line.differs, line.by) == ("changed", ("strength",), "words")


@pytest.mark.parametrize(
    ("before", "after", "differs"),
    [
        ({"text": "One daily"}, {"text": "One bd"}, ("frequency",)),
        ({"text": "1 tablet daily", "route": {"text": "Oral"}}, {"text": "1 daily", "route": {"text": "Nasogastric"}}, ("route",)),
        (
            {"doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}]},
            {"doseAndRate": [{"doseQuantity": {"value": 10, "unit": "mg"}}]},
            ("dose",),
        ),
        (
            {"timing": {"repeat": {"frequency": 1, "period": 1, "periodUnit": "d"}}},
            {"timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d"}}},
            ("frequency",),
        ),
    ],
)
def test_dose_frequency_and_route_are_compared(before: dict[str, Any], after: dict[str, Any], differs: tuple[str, ...]) -> None:
    line = only(around([taken("g", AMLODIPINE, dosage=[before])], [listed("a", AMLODIPINE, dosage=[after])]))
    assert (line.kind, line.differs) == ("changed", differs)


def test_another_form_is_a_change() -> None:
    line = only(around([taken("g", "Furosemide 40mg tablets")], [listed("a", "Furosemide 40mg oral solution")]))
    assert (line.kind, line.differs) == ("changed", ("form",))


@pytest.mark.parametrize(
    ("one", "other"), [("One daily", "1 OD"), ("Take ONE tablet once a day", "1 tablet daily"), ("2 bd", "Two twice a day")]
)
def test_the_same_in_another_spelling_is_unchanged(one: str, other: str) -> None:
    line = only(around([taken("g", AMLODIPINE, one)], [listed("a", AMLODIPINE, other)]))
    assert (line.kind, line.differs, line.conflict) == ("unchanged", (), False)


def test_directions_in_words_that_are_not_understood_are_not_judged() -> None:
    line = only(around([taken("g", AMLODIPINE, "As the card says")], [listed("a", AMLODIPINE, "By the yellow book")]))
    assert (line.kind, line.differs, line.note) == ("not-known", ("directions",), OTHER_WORDS)


def test_a_medicine_without_directions_goes_on_and_nobody_says_how() -> None:
    line = only(around([taken("g", AMLODIPINE, "One daily")], [listed("a", AMLODIPINE)]))
    assert (line.kind, line.note) == ("not-known", NO_DIRECTIONS)
    assert only(around([taken("g", AMLODIPINE, "One daily")], [listed("a", AMLODIPINE, said="continued")])).kind == "unchanged"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (AMLODIPINE, "Amlodipine 5.0mg tablets", True),
        ("Levothyroxine 0.1mg tablets", "Levothyroxine 100microgram tablets", True),
        ("Metformin 1g tablets", "Metformin 1,000mg tablets", True),
        ("Morphine 10mg/5ml oral solution", "Morphine 2mg/ml oral solution", True),
        ("Paracetamol 250mg/5ml suspension", "Paracetamol 250mg/5ml oral liquid", True),
        ("Levothyroxine 25microgram tablets", "Levothyroxine 25mg tablets", False),
    ],
)
def test_another_unit_of_the_same_is_no_change_of_strength(before: str, after: str, same: bool) -> None:
    line = only(around([taken("g", before, "One daily")], [listed("a", after, "One daily")]))
    assert (line.kind, line.differs) == (("unchanged", ()) if same else ("changed", ("strength",)))


def test_where_a_unit_is_not_said_nobody_knows() -> None:
    line = only(around([taken("g", "Co-codamol 8/500 tablets", "One bd")], [listed("a", "Co-codamol 8mg/500mg tablets", "One bd")]))
    assert (line.kind, line.note) == ("not-known", OTHER_WORDS)


@pytest.mark.parametrize(("one", "other"), [("Vitamin B12", "Vitamin B6"), ("Humalog Mix25", "Humalog Mix50")])
def test_a_number_that_is_part_of_a_name_is_no_strength(one: str, other: str) -> None:
    assert len(around([taken("g", one)], [listed("a", other)]).lines) == 2


def quantity(value: Any, unit: str) -> dict[str, Any]:
    return {"doseAndRate": [{"doseQuantity": {"value": value, "unit": unit}}]}


def times(often: int) -> dict[str, Any]:
    return {"timing": {"repeat": {"frequency": often, "period": 1, "periodUnit": "d"}}}


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (quantity(500, "microgram") | times(1), quantity(0.5, "mg") | times(1), "unchanged"),
        (quantity(5, "mg") | times(1), quantity("5.0", "mg") | times(1), "unchanged"),
        (quantity(1, "tablet") | times(1), {"text": "One daily"}, "unchanged"),
        (quantity(1, "tablet") | times(1), quantity(5, "mg") | times(1), "not-known"),
        (quantity(5, "mg") | times(1), {**quantity(5, "mg") | times(1), "asNeededBoolean": True}, "changed"),
        (times(4), {**times(4), "asNeededCodeableConcept": {"text": "Pain"}}, "changed"),
        ({"text": "One qds"}, {"text": "One qds prn"}, "changed"),
        ({"text": "One qds prn", "asNeededBoolean": True}, {"text": "One qds prn"}, "unchanged"),
        ({"text": "One daily"}, {"text": "One in the morning"}, "not-known"),
        ({"text": "One mane"}, {"text": "One nocte"}, "changed"),
        ({"text": "One daily"}, {"text": "One weekly"}, "not-known"),
        ({"text": "One daily", "route": {"text": "Oral"}}, {"text": "One daily", "route": {"text": "By mouth"}}, "unchanged"),
        ({"text": "One daily", "route": {"text": "Oral"}}, {"text": "One daily", "route": {"text": "Another"}}, "not-known"),
        ({"text": "One bd", **times(1)}, {"text": "One bd"}, "not-known"),
        ({"doseAndRate": [{"rateQuantity": {}}]}, {"doseAndRate": [{"rateQuantity": {}}]}, "not-known"),
    ],
)
def test_what_is_compared_is_what_is_meant(before: dict[str, Any], after: dict[str, Any], kind: str) -> None:
    line = only(around([taken("g", AMLODIPINE, dosage=[before])], [listed("a", AMLODIPINE, dosage=[after])]))
    assert line.kind == kind


def test_two_that_nobody_has_named_are_two() -> None:
    nameless: dict[str, Any] = {"medicationCodeableConcept": {}}
    found = around([taken("g", "", **nameless)], [listed("a", "", status="stopped", **nameless)])
    assert sorted(each.kind for each in found.lines) == ["not-known", "stopped"]


def test_a_prescription_that_was_withdrawn_does_not_stop_the_one_in_its_place() -> None:
    said = {"resourceType": "MedicationRequest", "intent": "order", "subject": HERS, "dosageInstruction": [{"text": "One daily"}],
            "medicationCodeableConcept": drug(AMLODIPINE)}  # fmt: skip
    requests = [{**said, "id": "a", "status": "cancelled"}, {**said, "id": "b", "status": "active"}]
    line = only(around([taken("g", AMLODIPINE, "One daily")], requests))
    assert (line.kind, line.conflict) == ("unchanged", False)


def test_what_was_on_hold_and_is_taken_again_is_changed_and_what_stays_on_hold_is_not_to_be_taken() -> None:
    line = only(around([taken("g", AMLODIPINE, status="on-hold")], [listed("a", AMLODIPINE)]))
    assert (line.kind, line.differs) == ("changed", ("status",))
    line = only(around([taken("g", AMLODIPINE, status="on-hold")], [listed("a", AMLODIPINE, status="on-hold")]))
    assert (line.kind, sentence(line).split(".")[0]) == ("unchanged", "Do not take this for now")


def test_what_came_here_after_the_stay_proves_nothing_unchanged() -> None:
    """The practice may have written into its record what the letter says."""
    after = listed("a", AMLODIPINE, "Two daily")
    told = [*by(GP, taken("g", AMLODIPINE, "Two daily"), updated="2026-03-01"), *by(WARD, after, letter(after), stay())]
    line = only(changes(told, "e"))
    assert (line.kind, line.note) == ("not-known", AS_TODAY)


def test_what_is_on_hold_is_changed_and_not_stopped() -> None:
    line = only(around([taken("g", AMLODIPINE)], [listed("a", AMLODIPINE, status="on-hold")]))
    assert (line.kind, line.differs) == ("changed", ("status",))


def test_a_cream_and_a_tablet_and_a_slow_release_are_three_medicines() -> None:
    names = ["Aciclovir 5% cream", "Aciclovir 200mg tablets", "Aciclovir 200mg modified-release tablets"]
    assert set(kinds(around([taken(str(at), name) for at, name in enumerate(names)], []))) == set(names)


def test_two_in_one_is_not_one_of_the_two() -> None:
    found = around([taken("g", "Paracetamol 500mg tablets")], [listed("a", "Paracetamol 500mg / Codeine 30mg tablets")])
    assert len(found.lines) == 2


def test_the_hospital_against_itself_is_a_conflict_that_is_shown() -> None:
    line = only(around([taken("g", AMLODIPINE)], [listed("a", AMLODIPINE), listed("b", AMLODIPINE, status="stopped")]))
    assert (line.kind, line.conflict, line.note) == ("not-known", True, DISAGREE)
    assert len(line.of("after")) == 2


def test_the_word_new_against_what_the_practice_had_is_a_conflict() -> None:
    line = only(around([taken("g", AMLODIPINE, "One daily")], [listed("a", AMLODIPINE, "One daily", said="added")]))
    assert (line.kind, line.conflict) == ("started", True)


def test_a_strength_that_is_stopped_for_another_is_one_change() -> None:
    stopped, going = listed("a", RAMIPRIL, status="stopped"), listed("b", "Ramipril 5mg capsules", "One daily")
    line = only(around([taken("g", RAMIPRIL, "One daily")], [stopped, going]))
    assert (line.kind, line.conflict, line.name) == ("changed", False, "Ramipril 5mg capsules")


def test_what_the_practice_says_since_stands_beside_it_and_may_be_a_conflict() -> None:
    before, after = taken("g", AMLODIPINE, "One daily"), listed("a", AMLODIPINE, "Two daily")
    told = [*by(GP, before), *by(WARD, after, letter(after), stay(), updated="2026-02-20")]
    same = [*told, *by(GP, taken("g", AMLODIPINE, "Two daily"), updated="2026-03-01", version=2)]
    line = only(changes(same, "e"))
    assert [line.kind, line.conflict, len(line.of("before")), len(line.of("later"))] == ["changed", False, 1, 1]
    other = [*told, *by(GP, taken("g", AMLODIPINE, "Two daily", status="stopped"), updated="2026-03-01", version=2)]
    assert only(changes(other, "e")).conflict


def test_without_a_letter_nothing_is_known_of_what_was_taken() -> None:
    line = only(changes([*by(GP, taken("g", AMLODIPINE)), *by(WARD, stay())], "e"))
    assert (line.kind, line.note) == ("not-known", NO_LETTER)


def test_what_was_given_in_hospital_alone_is_not_said_to_go_on() -> None:
    given = {
        "resourceType": "MedicationAdministration",
        "id": "m",
        "status": "completed",
        "subject": HERS,
        "context": {"reference": "Encounter/e"},
        "medicationCodeableConcept": drug("Ceftriaxone 1g injection"),
        "effectiveDateTime": "2026-02-11",
    }
    line = only(around([], [], given))
    assert (line.kind, len(line.of("during"))) == ("not-known", 1)


def test_inpatient_and_discharge_prescriptions_are_told_apart() -> None:
    def ordered(id: str, name: str, category: str) -> dict[str, Any]:
        said = {"status": "active", "intent": "order", "subject": HERS, "encounter": {"reference": "Encounter/e"}}
        more = {"category": [{"coding": [{"code": category}]}], "medicationCodeableConcept": drug(name), "authoredOn": "2026-02-19"}
        return {"resourceType": "MedicationRequest", "id": id, **said, **more}

    found = around([], [], ordered("i", "Heparin injection", "inpatient"), ordered("d", "Apixaban 5mg tablets", "discharge"))
    assert {each.name: [told.side for told in each.told] for each in found.lines} == {
        "Heparin injection": ["during"],
        "Apixaban 5mg tablets": ["after"],
    }


def test_a_letter_that_another_took_the_place_of_says_nothing_any_more() -> None:
    old, new = listed("old", AMLODIPINE, status="stopped"), listed("new", AMLODIPINE, said="continued")
    identifier = {"system": "urn:x", "value": "D1"}
    replacing = [{"code": "replaces", "targetIdentifier": identifier}]
    letters = [letter(old, id="l1", identifier=identifier), letter(new, id="l2", relatesTo=replacing)]
    found = changes(by(WARD, old, new, *letters, stay(), updated="2026-02-20"), "e")
    assert (only(found).kind, only(found).conflict) == ("unchanged", False)
    assert [each.origin.id for each in found.aside] == ["old"]


def test_what_was_over_before_or_began_afterwards_is_no_change_of_the_stay() -> None:
    over = taken("o", "Amoxicillin 500mg capsules", effectivePeriod={"start": "2025-01-01", "end": "2025-01-08"})
    found = around([over, taken("n", "Senna 7.5mg tablets", start="2026-03-01")], [])
    assert found.lines == ()
    assert {each.origin.id for each in found.aside} == {"o", "n"}


def test_the_latest_stay_is_the_one_that_ended_last_and_an_outpatient_visit_is_none() -> None:
    visit = stay("v", "2026-04-01", "2026-04-01", **{"class": {"code": "AMB"}})
    undone = stay("c", "2026-05-01", "2026-05-02", status="cancelled")
    assert latest_stay(by(WARD, stay("a", "2025-01-01", "2025-01-09"), stay("b"), visit, undone)) == "b"
    assert latest_stay(by(WARD, visit)) == ""


def test_two_encounters_of_one_time_are_one_stay() -> None:
    """The hospital's system tells of the stay by HL7 v2, its letter by an Encounter of its own."""
    after = listed("a", AMLODIPINE, said="stopped")
    told = [after, letter(after, encounter={"reference": "Encounter/other"}), stay(), stay("other", "2026-02-11", "2026-02-20")]
    assert only(changes(by(WARD, *told, updated="2026-02-20"), "e")).kind == "stopped"
