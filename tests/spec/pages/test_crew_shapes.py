"""What the crew card's page shows of a card: danger first, nothing left out unsaid, nothing that a message could run."""

from __future__ import annotations

from typing import Any

import pytest
from lxml import html

from interop.pages.crew.cutting import begun
from interop.pages.crew.showing import calls, pieces, shown, tel
from interop.screen.templating import render
from tests.spec.careplan.cards import absent, allergy, flag, given_card, number, person, takes
from tests.spec.careplan.plans import planned

Json = dict[str, Any]
MARKUP = "<script>alert(1)</script><b onclick='x()'>"


def rendered(card: Json) -> html.HtmlElement:
    """The page of a card."""
    return html.fromstring(render("interop.pages", "crew/card.html", title="Crew card", card=shown(card), patient="p", kept={}))


def row(card: Json, name: str) -> Json:
    """A row of what is shown."""
    found = shown(card)
    one: Json
    (one,) = [each for place in ("top", "pair", "more") for each in found[place] if each["name"] == name]
    return one


def section(state: str, words: str, *lines: Json) -> Json:
    """A section of a card."""
    return {"state": state, "words": words, "lines": list(lines)}


def test_what_endangers_stands_first_and_a_recommendation_against_cpr_is_told_by_words_and_by_its_bar() -> None:
    card = given_card(person(), flag("f", "Dog"), allergy("a", "Penicillin"))
    card["cpr"] = {
        "state": "recorded",
        "lines": [{"text": "Not for CPR", "means": "not-for-cpr", "date": "2026-09-12", "by": "Dr Ansley", "from": ["A"]}],
    }
    assert [each["name"] for each in shown(card)["top"]][:3] == ["cpr", "alerts", "allergies"]
    said = row(card, "cpr")
    assert (said["forbids"], said["mark"]) == (True, "danger")
    assert said["lines"][0]["dated"] == "12-Sep-2026 · Dr Ansley"
    (summary,) = rendered(card).xpath("//details[contains(@class,'crew-row--forbids')]/summary")
    assert "Not for CPR" in summary.text_content()


@pytest.mark.parametrize("name", ["cpr", "alerts", "allergies"])
@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("none-recorded", "None recorded."),
        ("none-known", "No known allergies: somebody has said so."),
        ("withheld", "Withheld (no consent)."),
        ("not-for-role", "Not shown to this role."),
        ("not-given", "Not given for this person."),
        ("see-plans", "Not under this heading: read the plans' own words."),
    ],
)
def test_each_kind_of_absence_has_the_words_that_the_card_has_for_it(name: str, state: str, words: str) -> None:
    card = given_card(person())
    card[name] = section(state, words)
    said = row(card, name)
    assert (said["words"], said["lines"], said["mark"]) == (words, [], "plain")
    (summary,) = rendered(card).xpath(f"//details[contains(@class,'crew-row--{name}')]/summary")
    assert words in summary.text_content()


def test_sections_with_nothing_in_them_are_told_together_under_the_words_of_why() -> None:
    card = given_card(person())
    card["medicines"] = section("withheld", "Withheld (no consent).")
    told = {each["words"]: each["labels"] for each in shown(card)["empty"]}
    assert told["Withheld (no consent)."] == ["Medicines"]
    assert {"Take along", "Place of care", "Place of death", "GP"} <= set(told["None recorded."])
    assert "Withheld (no consent). Medicines" in " ".join(rendered(card).text_content().split())


def test_what_is_not_here_is_told_by_source_above_all_rows() -> None:
    card = given_card(person(), absent=[absent("down", "B"), absent("not-shared", "C")])
    (row,) = rendered(card).xpath("//details[contains(@class,'crew-row--lacking')]")
    assert "down: B" in row.xpath("summary")[0].text_content()
    assert "+1" in row.xpath("summary")[0].text_content()
    assert "not-shared: C" in row.text_content()


def test_where_records_do_not_agree_one_is_told_before_the_name() -> None:
    card = given_card(person(), person(id="p2", birthDate="1953-02-02"))
    (summary,) = rendered(card).xpath("//details[@class='crew-who']/summary")
    said = " ".join(summary.text_content().split())
    assert said.startswith("Check who this is: 2 records differ in date of birth ASHDOWN, Mary (Mrs)")


def test_who_has_died_is_said_in_words() -> None:
    (died,) = rendered(given_card(person(deceasedDateTime="2026-01-03"))).xpath("//*[@class='crew-who__died']")
    assert died.text_content() == "DIED 03-Jan-2026"


def test_nhs_number_age_and_birth_date_are_as_staff_write_them() -> None:
    card = given_card(person(), stated={"p": [number("9434765919", "verified")]})
    said = " ".join(rendered(card).xpath("//details[@class='crew-who']/summary")[0].text_content().split())
    assert "ASHDOWN, Mary (Mrs)" in said
    assert "Female · Born 01-Feb-1953" in said
    assert "NHS 943 476 5919 verified" in said


def test_each_line_says_who_says_so_when_and_how_fresh_that_source_is() -> None:
    card = given_card(person(), allergy("a", "Penicillin", recordedDate="2020-05-02", recorder={"display": "Dr Ansley"}))
    card["sources"]["lines"] = [{"code": "A", "name": "Oakshaw", "updated": "2026-01-05T10:00:00.000Z", "state": "stale",
                                 "since": "2026-01-04T00:00:00.000Z"}]  # fmt: skip
    (item,) = rendered(card).xpath("//details[contains(@class,'crew-row--allergies')]//li")
    said = " ".join(item.text_content().split())
    assert "02-May-2020" in said
    assert "From Oakshaw (last changed 05-Jan-2026 10:00) – stale since 04-Jan-2026 00:00" in said


def test_what_a_row_has_no_room_for_is_told_by_number_and_is_there_when_it_opens() -> None:
    card = given_card(person(), *(takes(f"m{at}", f"Medicine {at}") for at in range(5)))
    assert len(row(card, "medicines")["lines"]) == 2
    (found,) = rendered(card).xpath("//details[contains(@class,'crew-row--medicines')]")
    assert "+3 more" in found.xpath("summary")[0].text_content()
    assert all(f"Medicine {at}" in found.text_content() for at in range(5))


def test_lines_that_the_card_itself_had_to_leave_out_are_told() -> None:
    card = given_card(person(), takes("m", "Ramipril"))
    card["medicines"]["more"] = 7
    assert row(card, "medicines")["more"] == 7
    assert "7 more in the record" in rendered(card).text_content()


def test_where_authors_do_not_agree_that_stands_in_the_closed_row() -> None:
    card = given_card(person())
    lines = [{"text": "For CPR", "means": "for-cpr"}, {"text": "Not for CPR", "means": "not-for-cpr"}]
    card["cpr"] = {"state": "recorded", "conflict": True, "words": "Those who say so do not agree: all is shown.", "lines": lines}
    (summary,) = rendered(card).xpath("//details[contains(@class,'crew-row--cpr')]/summary")
    said = summary.text_content()
    assert "They do not agree:" in said
    assert "For CPR" in said
    assert "Not for CPR" in said


def test_plans_whose_words_stand_under_no_heading_are_a_row_of_their_own_where_a_danger_may_stand_in_them() -> None:
    card = given_card(person(), planned("c", description="Something about her heart"))
    card["cpr"] = section("see-plans", "Not under this heading: read the plans' own words.")
    card["plans"] = {"state": "recorded", "lines": [{"text": "Something about her heart", "as": "written"}]}
    assert "plans" in [each["name"] for each in shown(card)["top"]]


def test_numbers_in_words_can_be_rung_and_nothing_else_is_a_number() -> None:
    said = "Ring 01632 960070, day or night; 0777 900 0273 by day. Born 14-03-1954, NHS 999 501 6303, 1000 mg, on 01/02/2026."
    assert [each.tel for each in pieces(said) if each.tel] == ["01632960070", "07779000273"]
    assert "".join(each.words for each in pieces(said)) == said
    assert not [each.tel for each in pieces("Joan rings the desk and not 999.") if each.tel]
    assert (tel("+44 1632 960011"), tel("01632 960011 x 23"), tel("none")) == ("+441632960011", "01632960011", "")


def test_key_people_are_rung_before_the_practice_and_each_number_once() -> None:
    card = given_card(person())
    card["people"] = {"state": "recorded", "lines": [{"text": "Edwin", "role": "Son", "phone": ["07700 900273"]}]}
    card["gp"] = {"state": "recorded", "lines": [{"text": "Oakshaw", "phone": ["01632960011"]},
                                                 {"text": "Oakshaw again", "phone": ["01632 960011"]}]}  # fmt: skip
    assert [(each.name, each.role, each.tel) for each in calls(card)] == [
        ("Edwin", "Son", "07700900273"),
        ("Oakshaw", "GP", "01632960011"),
    ]
    assert rendered(card).xpath("//a[@class='crew-call']/@href") == ["tel:07700900273", "tel:01632960011"]


def test_of_a_card_as_large_as_cards_are_danger_is_still_first_and_closed() -> None:
    said = "A word or two " * 25
    card = given_card(
        person(),
        *(flag(f"f{at}", f"Alert {at} {said}", "safety") for at in range(12)),
        *(allergy(f"a{at}", f"Substance {at}") for at in range(12)),
        *(takes(f"m{at}", f"Medicine {at} {said}") for at in range(30)),
        planned("c", {"description": said}, description=said),
    )
    page = rendered(card)
    names = [each.get("class").split()[-1] for each in page.xpath("//div[@id='card']/details")]
    assert names[:4] == ["crew-who", "crew-row--cpr", "crew-row--alerts", "crew-row--allergies"]
    assert not page.xpath("//details[@open]")
    assert [
        len(each.xpath("summary//span[contains(@class,'crew-line')]")) for each in page.xpath("//div[@id='card']/details")[2:4]
    ] == [4, 4]
    assert "+8 more" in page.xpath("//details[contains(@class,'crew-row--allergies')]/summary")[0].text_content()


def test_a_number_in_the_steps_can_be_rung_without_opening_them() -> None:
    card = given_card(person())
    card["steps"] = {"state": "recorded", "lines": [{"text": "If she falls: ring the desk on 01632 960070", "as": "written"}]}
    assert calls(card) == [("Number in the steps", "", "01632 960070", "01632960070")]


def test_hostile_words_are_words() -> None:
    card = given_card(
        person(name=[{"family": MARKUP, "given": [MARKUP]}], address=[{"line": [MARKUP]}]),
        flag("f", MARKUP),
        allergy("a", MARKUP, note=[{"text": MARKUP}]),
        takes("m", MARKUP),
    )
    page = rendered(card)
    assert not page.xpath("//*[@onclick]")
    assert not [each for each in page.xpath("//script/text()") if "alert" in each]
    assert "<script>alert(1)</script>" in page.text_content()
    assert all(each.startswith(("tel:", "/", "#")) for each in page.xpath("//a/@href"))


def test_a_member_of_another_version_is_passed_over_and_one_that_is_missing_too() -> None:
    card = given_card(person())
    card["weather"] = {"lines": [{"text": "rain"}]}
    del card["plans"]
    assert "rain" not in rendered(card).text_content()


@pytest.mark.parametrize(
    ("words", "shown_", "more"),
    [
        ("Ring the desk on 01632 960070.", "Ring the desk on 01632 960070.", False),
        ("Ring the desk first. " + "Where she is not injured the team comes. " * 5,
         "Ring the desk first. Where she is not injured the team comes. Where she is not injured the team comes.", True),
        ("Give 2.5 mg. " + "Do not take her to hospital " * 9, "Give 2.5 mg.", True),
        ("Ask Dr. Ansley before anything is given" + " or moved" * 12 + ". Then wait. " * 9, None, True),
        ("Ring\n" + "not the hospital " * 20, "Ring", True),
    ],
)  # fmt: skip
def test_a_step_begins_with_whole_sentences_and_says_that_there_is_more(words: str, shown_: str | None, more: bool) -> None:
    """A style sheet would cut before a "not"."""
    said = begun(words)
    assert said.more is more
    assert said.words == shown_ if shown_ is not None else said.words.endswith((".", "…"))


@pytest.mark.parametrize("turn", ["not", "unless", "never", "2.5", "only if", "do not", "without"])
def test_what_must_be_cut_within_a_sentence_is_never_cut_after_a_word_that_turns_what_follows(turn: str) -> None:
    for at in range(60, 140):
        words = f"{'x' * at} {turn} take him to hospital{' and so on' * 30}"
        said = begun(words)
        assert said.more
        assert not said.words.removesuffix(" …").endswith((*turn.split(), "2.5"))
        assert said.words.endswith(" …")


def test_a_closed_row_of_steps_shows_that_it_goes_on() -> None:
    card = given_card(person())
    long = "If she falls: ring the desk. " + "Where she is not injured, leave her at home with somebody beside her. " * 3
    card["steps"] = section("recorded", "", {"text": long, "as": "written"})
    (summary,) = rendered(card).xpath("//details[contains(@class,'crew-row--steps')]/summary")
    said = " ".join(summary.text_content().split())
    assert said.endswith("with somebody beside her. Read on")
    assert long.split()[-1] in rendered(card).text_content()


def test_a_medicine_that_is_on_hold_is_not_shown_as_taken_and_one_that_two_name_is_one() -> None:
    held = takes("a", "Warfarin", "on-hold", effectiveDateTime="2026-01-04")
    card = given_card(person(), held, takes("b", "Ramipril"), takes("c", "Ramipril", dosage=[{"text": "One a day"}]))
    assert [(each["words"], each["notes"]) for each in row(card, "medicines")["lines"]] == [
        ("Warfarin", "on hold"),
        ("Ramipril", ""),
    ]
    assert row(card, "medicines")["more"] == 0


@pytest.mark.parametrize(
    ("born", "age"), [("2025-12-18", "14d"), ("2025-10-01", "13w 1d"), ("2012-05-05", "13y 7m"), ("1953-02-01", "72 years")]
)
def test_of_a_child_the_age_is_not_told_in_whole_years(born: str, age: str) -> None:
    """0 years may be a day or eleven months, and doses differ."""
    (summary,) = rendered(given_card(person(birthDate=born))).xpath("//details[@class='crew-who']/summary")
    said = " ".join(summary.text_content().split())
    assert age in said
    assert "0 years" not in said


def test_of_whoever_died_on_a_day_that_is_not_known_that_is_said() -> None:
    (died,) = rendered(given_card(person(deceasedBoolean=True))).xpath("//*[@class='crew-who__died']")
    assert died.text_content() == "DIED date not known"


def test_a_day_that_was_sent_as_midnight_has_no_time() -> None:
    card = given_card(person(), allergy("a", "Latex", recordedDate="2026-08-01T00:00:00Z"))
    assert row(card, "allergies")["items"][0]["said"] == "01-Aug-2026"


def test_what_is_worse_than_none_recorded_stands_before_it() -> None:
    card = given_card(person())
    card["gp"] = section("withheld", "Withheld (no consent).")
    assert [each["words"] for each in shown(card)["empty"]][-1] == "None recorded."


def test_the_closed_row_names_every_heading_with_nothing_under_it_and_whether_there_is_more_to_that_than_none() -> None:
    card = given_card(person())
    card["gp"], card["steps"] = section("withheld", "Withheld (no consent)."), section("see-plans", "Read the plans' own words.")
    (closed,) = rendered(card).xpath("//details[contains(@class,'crew-row--rest')]/summary")
    said = " ".join(closed.text_content().split())
    assert "Nothing here, see why: If, then; GP. None recorded: What matters; Take along; " in said
    assert said.endswith("Place of care; Place of death.")


def test_since_when_a_source_is_silent_is_told_by_the_clock_on_the_wall() -> None:
    """07:30 in UTC is not when it was in summer."""
    card = given_card(person())
    card["absent"]["lines"] = [{"code": "stale", "words": "stale since 2026-10-15T07:30:00.000Z: gp", "source": "gp"}]
    (summary,) = rendered(card).xpath("//details[contains(@class,'crew-row--lacking')]/summary")
    assert "stale since 15-Oct-2026 08:30: gp" in " ".join(summary.text_content().split())
