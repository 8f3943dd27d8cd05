"""What authors write in plans in their own words: nothing of it is lost, and where it stands no card says that there is nothing."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.api.operations.composing import composition
from interop.api.operations.planning import plan_tables
from interop.careplan.crew.sections import PLANNED, SECTIONS
from interop.careplan.labels import ANY
from tests.spec.careplan.cards import absent, allergy, flag, given_card, person, takes, texts
from tests.spec.careplan.plans import ANN, BOB, FOR, NOT_FOR, NOW, OWN, coded, fold, observed, planned
from tests.spec.careplan.plans import texts as under

PLAN = planned("w", description="She walks with a frame.\nHer dog must be fed.", author=ANN, created="2025-11-01")


class TestPlans:
    def test_the_card_has_the_words_of_each_plan_line_by_line(self) -> None:
        card = given_card(person(), PLAN, planned("v", title="Breathing", note=[{"text": "Sits up at night."}]))
        first, second, third = card["plans"]["lines"]
        assert first == {
            "text": "She walks with a frame.", "as": "written", "title": "Plan w", "date": "2025-11-01", "by": "Dr Ann",
            "from": ["A"],
        }  # fmt: skip
        assert second["text"] == "Her dog must be fed."
        assert (third["text"], third["title"]) == ("Sits up at night.", "Breathing")

    def test_nothing_is_called_not_recorded_while_a_plan_has_words_of_its_own(self) -> None:
        card = given_card(person(), PLAN)
        for name in ("alerts", "cpr", "allergies", "matters", "steps", "medicines", "namedClinician", "people"):
            assert card[name]["state"] == "see-plans", name
            assert card[name]["words"] == "Not under this heading: read the plans' own words."
        assert "None recorded" not in str(card)
        assert card["glance"]["cpr"] == "CPR: Not under this heading: read the plans' own words."

    def test_without_words_of_a_plan_it_is_none_recorded_as_before(self) -> None:
        card = given_card(person(), planned("w"))
        assert (card["plans"], card["cpr"]["state"]) == (
            {"state": "none-recorded", "words": "None recorded.", "lines": []},
            "none-recorded",
        )

    def test_what_is_not_here_is_told_besides(self) -> None:
        card = given_card(person(), PLAN, absent=[absent("not-shared", "B")])
        assert card["cpr"]["words"] == "Not under this heading: read the plans' own words. Not all records are here."
        assert card["cpr"]["lacking"] == ["not-shared"]

    def test_a_plan_that_no_longer_counts_says_nothing(self) -> None:
        for status in ("draft", "revoked", "completed", "entered-in-error"):
            card = given_card(person(), {**PLAN, "status": status})
            assert card["plans"]["lines"] == []
            assert card["matters"]["state"] == "none-recorded"

    def test_whoever_hides_where_they_are_has_no_words_of_plans_on_the_card(self) -> None:
        card = given_card(person(meta={"security": [{"code": "REDACTED"}]}), PLAN)
        assert card["plans"]["state"] == "not-given"
        assert card["matters"]["state"] == "see-plans"

    def test_nor_ways_in_nor_who_is_near_to_them(self) -> None:
        words = "Key safe: 12 Oak Lane\nNext of kin: Edwin, 01797 222222\nRisks: dog bites\nNamed clinician: Dr Rowe, Rye"
        card = given_card(person(meta={"security": [{"code": "REDACTED"}]}), planned("w", description=words))
        assert texts(card, "alerts") == ["Risks: dog bites"]
        assert not any(each in str(card) for each in ("Oak Lane", "222222", "Rye"))
        assert card["people"]["state"] == "not-given"

    def test_where_something_stands_under_the_heading_it_stands_there(self) -> None:
        assert texts(given_card(person(), PLAN, flag("f", "Dog bites")), "alerts") == ["Dog bites"]

    def test_the_plan_says_it_alike(self) -> None:
        assert fold(PLAN).unplaced({"cpr", "goals"})
        assert not fold(planned("w")).unplaced({"cpr"})

    def test_what_stands_under_a_heading_by_a_code_is_not_without_one(self) -> None:
        plan = planned("w", {"code": coded("contingency", OWN), "description": "Ring the desk"}, {"description": "Weigh weekly"})
        assert fold(plan).unplaced({"contingency"})
        assert not fold(plan).unplaced({"contingency", "actions"})
        assert given_card(person(), plan)["matters"]["state"] == "see-plans"
        assert given_card(person(), planned("w", {"code": coded("contingency", OWN), "description": "Ring"}))["cpr"]["state"] == (
            "none-recorded"
        )


def wrote(words: str, **more: Any) -> dict[str, Any]:
    """A plan in these words."""
    return planned("w", description=words, author=ANN, created="2025-11-01", **more)


def every(section: str, *words: str) -> list[str]:
    """What stands in a section of a card of a plan in these words."""
    return texts(given_card(person(), wrote("\n".join(words))), section)


class TestLabels:
    @pytest.mark.parametrize(
        ("line", "heading"),
        [
            ("What matters to me: my dog", "what-matters"),
            ("  WHAT MATTERS TO ME - my dog", "what-matters"),
            ("• what matters to Joan – a night's sleep", "what-matters"),
            ("3) What  matters most：tea", "what-matters"),
            ("**Named clinician:** Dr Rowe", "named-clinician"),
            ("- [x] Lead clinician: Dr Rowe", "named-clinician"),
            ("Key safe by the back door", "alerts"),
            ("RISKS: oxygen in the house", "alerts"),
            ("Allergies: none known", "allergies"),
            ("Please don’t: raise your voice", "please-do"),
            ("Just-in-case medicines: in the fridge", "standby-medicines"),
            ("Take along: hydrocortisone", "take-along"),
            ("PPD: hospice", "place-of-death"),
            ("Preferred place of care - with her daughter", "place-of-care"),
            ("ADRT: no ventilation", "advance-decisions"),
            ("LPA: her son Edwin", "advance-decisions"),
            ("Next of kin: Edwin", "key-people"),
            ("Key worker: Sam", "professionals"),
            ("Prognosis: weeks", "prognosis"),
            ("How to communicate: slowly", "communication"),
            ("DNACPR in place", "cpr"),
            ("Do not attempt CPR", "cpr"),
        ],
    )
    def test_a_line_stands_whole_under_the_heading_of_its_label(self, line: str, heading: str) -> None:
        plan = fold(wrote(f"She lives alone.\n{line}\n\nHe has a dog."))
        (found,) = plan.section(heading).lines
        said = (found.text, *found.origins[0].notes)
        assert line.strip() in said
        assert found.written
        assert found.origins[0].reference == "CarePlan/w"

    @pytest.mark.parametrize(
        ("line", "when"),
        [
            ("If Laura falls: ring the desk", "If Laura falls"),
            ("if she is breathless, sit her up", "if she is breathless"),
            ("In a crisis: Joan rings", "In a crisis"),
            ("When the bag is full then empty it", "When the bag is full"),
            ("In case of a seizure - midazolam", "In case of a seizure"),
        ],
    )
    def test_of_a_step_what_stands_before_the_separator_is_when_to_do_it(self, line: str, when: str) -> None:
        card = given_card(person(), wrote(line))
        (found,) = card["steps"]["lines"]
        assert (found["text"], found["if"], found["as"]) == (line, when, "written")
        assert card["glance"]["steps"] == f"Steps: {line}"

    @pytest.mark.parametrize(
        "line",
        [
            "She told us what matters to me: nothing",
            "Ask about the key safe",
            "Her carer and next of kin: not told",
            "When she is tired she sleeps",
            "CPR-trained daughter",
            "Risky stairs",
        ],
    )
    def test_a_label_within_a_sentence_is_none(self, line: str) -> None:
        plan = fold(wrote(line))
        assert {each.heading.name for each in plan.sections if each.lines} == {"additional-plans"}

    def test_a_sentence_of_a_paragraph_has_its_paragraph_placed_whole(self) -> None:
        line = "What matters to me: my dog. Named clinician: Dr Rowe. If he falls: ring 999."
        for section in ("matters", "namedClinician", "steps"):
            assert every(section, line) == [line]

    def test_a_label_alone_has_what_follows_up_to_a_blank_line(self) -> None:
        assert every("matters", "What matters to me", "- my dog", "- my garden", "", "He is tall.") == [
            "What matters to me\n- my dog\n- my garden"
        ]

    def test_a_line_that_goes_on_is_not_broken_off(self) -> None:
        lines = ("If she falls: take her to hospital only", "for a suspected fracture.", "He is tall.")
        assert every("steps", *lines) == ["\n".join(lines[:2])]

    def test_every_label_of_the_table_finds_a_line(self) -> None:
        labels = plan_tables().labels
        for each in labels.all:
            words = each.words.replace(ANY, "her daughter").rstrip("*")
            line = f"{words} x" if words.endswith((",", "then")) else f"{words}: x"
            (found,) = labels.of(line)
            assert found.label.heading == each.heading, each.words


class TestProhibitions:
    """What is placed forbids as it did where it was written."""

    @pytest.mark.parametrize(
        "lines",
        [
            ("Do none of the following:", "If he falls: lift him"),
            ("Please do not:", "If he falls: lift him"),
            ("No longer valid:", "CPR: for resuscitation"),
            ("She should never be told", "what matters to me: nothing"),
        ],
    )
    def test_a_line_before_it_that_it_hangs_on_stays_before_it(self, lines: tuple[str, str]) -> None:
        plan = fold(wrote("\n".join(lines)))
        placed = [
            line for each in plan.sections if each.heading.name not in ("additional-plans", "please-do") for line in each.lines
        ]
        assert [(line.text, line.trigger, line.means) for line in placed] == [("\n".join(lines), "", "")]

    def test_a_step_that_must_not_be_done_says_so(self) -> None:
        plan = planned("w", {"description": "If he falls: lift him", "doNotPerform": True})
        assert every("steps") == []
        assert texts(given_card(person(), plan), "steps") == ["Do not: If he falls: lift him"]
        assert texts(given_card(person(), plan), "plans") == ["Do not: If he falls: lift him"]

    def test_please_do_not_keeps_its_label(self) -> None:
        assert under(fold(wrote("Please do not: hoist me")), "please-do") == ["Please do not: hoist me"]


class TestCpr:
    def test_words_that_are_exactly_a_decision_are_read_as_one(self) -> None:
        card = given_card(person(), wrote("CPR: not for resuscitation."), observed("o", NOT_FOR, by=BOB))
        (line,) = card["cpr"]["lines"]
        assert line["means"] == "not-for-cpr"
        assert "CPR: not for resuscitation." in line["notes"]
        assert "conflict" not in card["cpr"]

    @pytest.mark.parametrize("words", ["CPR: for full resuscitation", "CPR: yes, everything", "ReSPECT: for full resuscitation"])
    def test_words_that_contradict_a_decision_stand_beside_it(self, words: str) -> None:
        card = given_card(person(), wrote(words), observed("o", NOT_FOR, by=BOB))
        assert card["cpr"]["conflict"] is True
        assert words in texts(card, "cpr")
        assert "DO NOT AGREE" in card["glance"]["cpr"]

    def test_words_that_forbid_it_stand_there_wherever_they_are_written(self) -> None:
        card = given_card(person(), wrote("She has a DNACPR in the blue folder."), observed("o", FOR, by=BOB))
        assert "She has a DNACPR in the blue folder." in texts(card, "cpr")
        assert card["cpr"]["conflict"] is True

    def test_words_take_the_place_of_nothing_that_was_decided_by_code(self) -> None:
        decided = observed("o", NOT_FOR, "2025-01-01", ANN)
        assert set(every("cpr", "CPR: see form")) == {"CPR: see form"}
        card = given_card(person(), decided, wrote("CPR: see form"))
        assert set(texts(card, "cpr")) == {"CPR: see form", "Not for cardiopulmonary resuscitation"}


class TestAllergies:
    def test_that_there_are_none_is_words_and_no_statement(self) -> None:
        card = given_card(person(), wrote("Allergies: none known"))
        assert (card["allergies"]["state"], texts(card, "allergies")) == ("recorded", ["Allergies: none known"])
        assert card["allergies"]["lines"][0]["as"] == "written"

    def test_what_is_known_by_code_comes_first(self) -> None:
        card = given_card(person(), wrote("Allergies: none known"), allergy("a", "Penicillin"))
        assert texts(card, "allergies") == ["Penicillin", "Allergies: none known"]

    def test_one_in_words_contradicts_that_none_is_known(self) -> None:
        none = allergy("a", "", code=coded("716186003"))
        assert given_card(person(), wrote("Allergies: latex"), none)["allergies"]["conflict"] is True
        assert "conflict" not in given_card(person(), wrote("Allergies: NKDA"), none)["allergies"]


def test_how_to_get_in_comes_after_every_danger() -> None:
    card = given_card(person(), wrote("Key safe by the door: 1234\nRisks: dog bites"), flag("f", "Falls", "clinical"))
    assert texts(card, "alerts") == ["Falls", "Risks: dog bites", "Key safe by the door: 1234"]
    assert card["alerts"]["lines"][2]["kind"] == "access"


def test_documents_goals_and_records_of_a_plan_are_read_alike() -> None:
    div = "<div><p>What matters to me: <b>tea</b> &amp; toast</p><ul><li>If he falls: ring<br/>CPR: yes</li></ul></div>"
    document = {
        "resourceType": "Composition", "id": "c", "status": "final", "type": coded("735324008"), "title": "Plan",
        "subject": {"reference": "Patient/p"}, "section": [{"text": {"status": "generated", "div": div}}],
    }  # fmt: skip
    goal = {"resourceType": "Goal", "id": "g", "lifecycleStatus": "active", "description": {"text": "Prognosis: good"}}
    record = observed("o", "714748000", valueString="Next of kin: Edwin\nHe is tall.")
    plan = fold(document, goal, record)
    assert under(plan, "what-matters") == ["What matters to me: tea & toast"]
    assert under(plan, "contingency") == ["If he falls: ring"]
    assert under(plan, "cpr") == ["CPR: yes"]
    assert under(plan, "prognosis") == ["Prognosis: good"]
    assert under(plan, "key-people") == ["Next of kin: Edwin"]
    assert "He is tall." in texts(given_card(person(), document, goal, record), "plans")


def test_plans_that_are_over_are_history() -> None:
    plan = fold(wrote("What matters to me: my dog", status="completed"))
    assert [line.text for line in plan.section("what-matters").history] == ["What matters to me: my dog"]
    assert plan.section("what-matters").lines == ()


LINES = st.lists(
    st.one_of(
        st.text(st.characters(blacklist_categories=("Cs", "Cc", "Cf", "Zl", "Zp")), min_size=1, max_size=80),
        st.sampled_from(("CPR:", "If she falls: ring", "Please do not:", "", "- what matters to me - tea", "and goes on")),
    ),
    max_size=25,
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(LINES, LINES)
def test_no_line_of_a_plan_is_lost(one: list[str], other: list[str]) -> None:
    """Each is somewhere in the plan, and on the card or counted as cut."""
    resources = [wrote("\n".join(one)), planned("v", note=[{"text": "\n".join(other)}], author=BOB)]
    written = [line for each in (one, other) for words in each for line in words.splitlines() if line.strip()]
    plan = fold(*resources)
    held = [line.text for each in plan.written for line in each.lines]
    assert sorted(held) == sorted(line.strip() for line in written)
    told = str(composition(plan, "p", "c", NOW, False, True))
    assert all(" ".join(line.split()) in told for line in held if line.isalnum())
    card = given_card(person(), *resources)
    assert len(card["plans"]["lines"]) + card["plans"].get("more", 0) == len(held)
    for each in card["plans"]["lines"]:
        assert "cut" in each or each["text"] in held
    for line in (line for section in plan.sections for line in section.lines if line.written):
        for words in line.text.split("\n"):
            assert words in held or line.means


@pytest.mark.parametrize(
    "words",
    [
        "\n".join(f"If {at}: <script>alert({at})</script>" for at in range(10_000)),
        "What matters to me: " + "x" * 200_000,
        "If " * 60_000,
        "\x00\x1b[31mKey safe: \u202e<b>1234</b>\x07\ud800\u2028CPR:\x0bno",
        "<p>CPR: for resuscitation</p>" * 500,
        "CPR: " * 20_000,
        "- " * 50_000,
    ],
)
def test_hostile_words_are_bounded_and_escaped(words: str) -> None:
    card = given_card(person(), wrote(words), takes("m", "Morphine"))
    assert card["plans"]["lines"]
    made = orjson.dumps(composition(fold(wrote(words.replace("\ud800", ""))), "p", "c", NOW, False, True)).decode()
    divs = [part.split("</div>")[0] for part in made.split("<div")[1:]]
    assert not any("<script>" in each or "<b>" in each for each in divs)
    assert "\\u001b" not in str(card["plans"]) + str(card["alerts"])


def test_plan_words_go_before_what_a_crew_needs_first_and_after_details_of_medicines() -> None:
    said = "as it was written down by the practice at some length on the day " * 4
    words = "\n".join(("What matters to me: my dog.", "If he falls: ring.", *(f"{at} {said}." for at in range(40))))
    pills = [takes(f"m{at}", f"Medicine {at}", note=[{"text": said}], dosage=[{"text": "One a day"}]) for at in range(6)]
    card = given_card(person(), wrote(words), flag("f", "Dog bites"), observed("o", NOT_FOR), *pills)
    assert texts(card, "matters") == ["What matters to me: my dog."]
    assert texts(card, "steps") == ["If he falls: ring."]
    assert (texts(card, "alerts"), len(card["cpr"]["lines"])) == (["Dog bites"], 1)
    assert len(card["plans"]["lines"]) + card["plans"]["more"] == 42
    assert len(card["plans"]["lines"]) > 5
    assert not any("notes" in line for line in card["medicines"]["lines"])
    assert {*SECTIONS} >= {"plans", *PLANNED}
