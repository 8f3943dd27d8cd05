"""The fold of a stay's medicines: whatever order it comes in, nothing is lost or stated twice, and nothing makes it fail."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from interop.careplan.medicines.directions import everyday, read
from interop.careplan.medicines.folding import changes
from interop.careplan.medicines.naming import near, stem, strength
from interop.careplan.medicines.plain import sentence
from interop.careplan.medicines.reading import AS_TODAY, TYPES
from interop.careplan.medicines.values import KINDS
from interop.careplan.plan import Given
from tests.spec.careplan.medicines import GP, HERS, WARD, around, at, by, drug, letter, listed, only, stay, taken

NAMES = ("Amlodipine 5mg tablets", "Amlodipine 10mg tablets", "Senna 7.5mg tablets", "Paracetamol", "", "5mg")
DATES = ("", "2024-01-01", "2026-02-12", "2026-03-01", "2026", "rubbish")


@st.composite
def medicines(draw: st.DrawFn, id: str) -> dict[str, Any]:
    """Anything that says something of a medicine."""
    type_ = draw(st.sampled_from(TYPES))
    statuses = ("active", "stopped", "completed", "on-hold", "draft", "entered-in-error", "unknown", "not-taken", "cancelled", "?")
    found: dict[str, Any] = {"resourceType": type_, "id": id, "status": draw(st.sampled_from(statuses)), "subject": HERS}
    found["medicationCodeableConcept"] = drug(draw(st.sampled_from(NAMES)), draw(st.sampled_from(("", "319283006", "319284000"))))
    if draw(st.booleans()):
        found["dosage"] = [{"text": draw(st.sampled_from(("One daily", "Two bd", "As told", "")))}]
        found["dosageInstruction"] = found["dosage"]
    if draw(st.booleans()):
        found["effectivePeriod"] = {"start": draw(st.sampled_from(DATES)), "end": draw(st.sampled_from(DATES))}
    if draw(st.booleans()):
        found["authoredOn"] = draw(st.sampled_from(DATES))
    if draw(st.booleans()):
        found["context"] = found["encounter"] = {"reference": draw(st.sampled_from(("Encounter/e", "Encounter/x")))}
    if draw(st.booleans()):
        found["category"] = {"coding": [{"code": draw(st.sampled_from(("inpatient", "discharge", "community")))}]}
    if draw(st.booleans()):
        said = draw(st.sampled_from(("added", "amended", "continued", "stopped")))
        found["extension"] = listed("x", "x", said=said)["extension"]
    return found


@st.composite
def records(draw: st.DrawFn) -> list[Given]:
    """A stay, a letter, and medicines of several versions from several sources."""
    found: list[Given] = []
    some = [draw(medicines(str(number))) for number in range(draw(st.integers(0, 4)))]
    for each in some:
        source = draw(st.sampled_from((GP, WARD)))
        found += by(source, each, updated=draw(st.sampled_from(("2026-01-01", "2026-02-21"))))
        if draw(st.booleans()):
            later = {**draw(medicines(each["id"])), "resourceType": each["resourceType"]}
            found += by(source, later, updated="2026-03-01", version=2)
    held = [each for each in some if draw(st.booleans())]
    return [*found, *by(WARD, stay(), letter(*held), updated="2026-02-20")]


@settings(max_examples=25)
@given(st.data(), records())
def test_the_order_in_which_it_comes_makes_no_difference(data: st.DataObject, record: list[Given]) -> None:
    assert changes(data.draw(st.permutations(record)), "e") == changes(record, "e")


@settings(max_examples=40)
@given(records())
def test_every_statement_is_told_once_or_set_aside_with_a_reason(record: list[Given]) -> None:
    found = changes(record, "e")
    wanted = {f"{each.resource['resourceType']}/{each.resource['id']}" for each in record if each.resource["resourceType"] in TYPES}
    told = [each for line in found.lines for each in line.told]
    assert {each.origin.reference for each in told} | {each.origin.reference for each in found.aside} == wanted
    assert max(Counter((each.origin.reference, each.side) for each in told).values(), default=1) == 1
    assert not {each.origin.reference for each in found.aside if not each.why}
    assert {each.kind for each in found.lines} <= set(KINDS)


@settings(max_examples=40)
@given(records())
def test_stopped_is_said_only_where_somebody_says_so(record: list[Given]) -> None:
    for line in changes(record, "e").of("stopped"):
        assert all(each.standing in ("stopped", "finished") for each in line.of("after"))
        assert line.of("after")


@settings(max_examples=40)
@given(records())
def test_the_words_for_the_person_are_never_empty(record: list[Given]) -> None:
    for line in changes(record, "e").lines:
        assert sentence(line).endswith(".")


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(("coding", "code", "reference", "text", "start")), inner)
    ),
)


_ELEMENTS = (
    "status medicationCodeableConcept medicationReference dosage dosageInstruction effectivePeriod category context basedOn "
    "extension statusReason authoredOn section entry period class relatesTo code"
)


@settings(max_examples=30)
@given(
    st.dictionaries(st.sampled_from(_ELEMENTS.split()), _JSON, max_size=6),
    st.sampled_from((*TYPES, "List", "Composition", "Encounter", "Medication")),
)
def test_nothing_makes_it_fail(body: dict[str, Any], type_: str) -> None:
    """Nobody has validated what a feed brings."""
    odd = {**body, "resourceType": type_, "id": "odd"}
    changes([*by(GP, odd), *by(WARD, stay(), letter(odd))], "e")


def test_before_is_what_was_said_when_the_stay_began_and_not_what_is_said_today() -> None:
    then, since = taken("g", NAMES[0], "One daily"), taken("g", NAMES[0], "Two daily")
    after = listed("a", NAMES[0], "Two daily")
    told = [
        *by(GP, then),
        *by(GP, since, updated="2026-03-01", version=2),
        *by(WARD, after, letter(after), stay(), updated="2026-02-20"),
    ]
    line = only(changes(told, "e"))
    assert [(each.directions, each.origin.version) for each in line.of("before")] == [("One daily", 1)]
    assert [(each.directions, each.origin.version) for each in line.of("later")] == [("Two daily", 2)]
    assert line.kind == "changed"


def test_what_came_after_the_stay_for_the_first_time_says_that_it_is_as_today() -> None:
    line = only(changes([*by(GP, taken("g", NAMES[0]), updated="2026-03-01"), *by(WARD, stay())], "e"))
    assert [each.origin.notes for each in line.of("before")] == [(AS_TODAY,)]


def test_a_dose_that_its_source_changed_since_is_not_that_of_before() -> None:
    changed = {
        "url": "https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-MedicationDosageLastChanged",
        "valueDateTime": "2026-02-25",
    }
    after = listed("a", NAMES[0], "Two daily")
    told = [
        *by(GP, taken("g", NAMES[0], "Two daily", extension=[changed]), updated="2026-03-01"),
        *by(WARD, after, letter(after), stay()),
    ]
    assert [each.side for each in only(changes(told, "e")).told] == ["after", "later"]


def test_what_a_practice_ended_since_was_taken_before() -> None:
    ended = taken("g", NAMES[0], status="stopped", effectivePeriod={"start": "2024-01-01", "end": "2026-02-25"})
    line = only(changes([*by(GP, ended, updated="2026-03-01"), *by(WARD, stay())], "e"))
    assert [(each.side, each.standing) for each in line.told] == [("before", "taking"), ("later", "stopped")]


def test_an_issue_of_a_prescription_is_no_second_medicine() -> None:
    plan = {"resourceType": "MedicationRequest", "id": "plan", "status": "active", "intent": "plan", "authoredOn": "2024-01-01"}
    issue = {**plan, "id": "issue", "intent": "order", "basedOn": [{"reference": "MedicationRequest/plan"}]}
    told = [{**each, "subject": HERS, "medicationCodeableConcept": drug(NAMES[0])} for each in (plan, issue)]
    found = around(told, [])
    assert [each.origin.id for each in only(found).told] == ["plan"]
    assert [each.why for each in found.aside] == ["one issue of a prescription"]


def test_another_persons_reference_and_a_stay_that_is_not_there_say_nothing() -> None:
    assert changes(by(GP, taken("g", NAMES[0])), "e").stay is None


def test_names_are_compared_without_strength_and_form() -> None:
    assert stem("Ramipril 2.5mg capsules") == stem("RAMIPRIL Caps 5 mg") == "ramipril"
    assert stem("5mg") == "5mg"
    assert strength("Desogestrel 75microgram tablets") == strength("Desogestrel 75 mcg")
    assert strength("Amlodipine 5mg tablets") != strength("Amlodipine 10mg tablets")
    assert near("Metformin hydrochloride", "Metformin 500mg tablets")
    assert not near("Metformin", "Metronidazole")


def test_directions_are_read_where_every_word_is_understood() -> None:
    assert read("Take ONE tablet twice a day")[1:] == ("1", "2/day", True)
    assert read("1 BD") == read("One twice daily")
    assert read("One in the morning and two at night").whole is False
    assert read("").whole is False


def test_short_forms_are_written_out_or_not_told() -> None:
    assert everyday("1 tab bd po prn") == "1 tablet twice a day by mouth when needed"
    assert everyday("50mcg once daily") == "50 micrograms once daily"
    assert everyday("One drop OD") == "", "the right eye or once a day: nobody guesses"
    assert everyday("2 puffs via LAMA qid") == ""
    assert everyday("Two on Mondays") == "Two on Mondays"


def test_when_a_day_begins_the_stay_a_date_alone_is_of_that_day() -> None:
    line = only(changes(by(WARD, one := listed("a", "Apixaban", effectivePeriod={"start": "2026-02-10"}), letter(one),
                           stay(start="2026-02-10T09:00:00Z"), updated="2026-02-20"), "e"))  # fmt: skip
    assert (line.kind, at("2026-02-10") > 0) == ("started", True)
