"""Whoever the person is, the card is small and by its schema; what is cut is told by number, what keeps people safe is cut last."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.careplan.crew.fitting import CRITICAL, LIMIT, ORDER, fit, short
from interop.careplan.crew.sections import PLANNED, SECTIONS
from interop.careplan.plan import Given
from tests.spec.careplan.cards import absent, allergy, flag, given_card, number, person, takes, texts
from tests.spec.careplan.plans import ANN, BOB, FOR, MATTERS, NOT_FOR, OWN, coded, observed, planned

SAID = [PLANNED[name] for name in SECTIONS if name in PLANNED]
"""Headings by which an Observation can say anything at all under any section."""
WORDS = st.text(max_size=700)
DATES = st.sampled_from(("", "2025", "2025-06-01", "2031-06-01", "soon"))


@st.composite
def resources(draw: st.DrawFn) -> list[Given]:
    """Anything that a card tells of, in whatever words, from whomever."""
    found: list[dict[str, Any]] = [person(name=[{"family": draw(WORDS), "given": [draw(WORDS)]}], birthDate=draw(DATES))]
    for at in range(draw(st.integers(0, 40))):
        said = draw(WORDS)
        found.append(
            draw(
                st.sampled_from(
                    (
                        allergy(f"a{at}", said, recordedDate=draw(DATES), note=[{"text": said}]),
                        flag(f"f{at}", said, draw(st.sampled_from(("safety", "drug", "x")))),
                        takes(f"m{at}", said, dosage=[{"text": said}], dateAsserted=draw(DATES)),
                        observed(f"o{at}", draw(st.sampled_from((FOR, NOT_FOR))), draw(DATES), {"display": said}),
                        observed(f"w{at}", MATTERS, draw(DATES), valueString=said),
                        {**observed(f"s{at}", "", draw(DATES), {"reference": f"Practitioner/{at}"}, valueString=said),
                         "code": coded(draw(st.sampled_from(SAID)), OWN)},
                        planned(f"p{at}", {"code": coded("contingency", "urn:interop:codes:plan-content"), "description": said,
                                           "reasonCode": [{"text": draw(WORDS)}]}),
                        person(id=f"q{at}", contact=[{"name": {"text": said}}], address=[{"line": [said, said]}]),
                    )
                )
            )
        )  # fmt: skip
    return [Given(each, 1, draw(st.sampled_from(("A", "B,A", "", "C" * 90))), 0) for each in found]


@settings(max_examples=60, deadline=None)
@given(resources(), st.lists(st.sampled_from(("not-shared", "down", "stale")), max_size=80), WORDS)
def test_every_card_is_small_and_by_the_schema(given: list[Given], codes: list[str], source: str) -> None:
    lacking = [absent(code, f"{source}{at}") for at, code in enumerate(codes)]
    given_card(*given, absent=lacking, stated={"p": [number("9990000018", "not-verified")]}, names={"A": source})


def many(count: int) -> list[dict[str, Any]]:
    """A person with so many of everything, in many words."""
    said = "as the practice has written it down at some length " * 3
    found = [person()]
    for at in range(count):
        found += [
            allergy(f"a{at}", f"Substance {at:03}"),
            flag(f"f{at}", f"Alert {at:03}"),
            takes(f"m{at}", f"Medicine {at:03} {said}"),
            observed(f"w{at}", MATTERS, valueString=f"Matter {at:03} {said}"),
        ]
    return found


def test_what_is_cut_is_told_by_number() -> None:
    card = given_card(*many(30))
    for name in ("medicines", "matters"):
        assert 0 < len(card[name]["lines"]) < 30
        assert card[name]["more"] == 30 - len(card[name]["lines"])


def test_alerts_and_allergies_stay_while_anything_else_can_go() -> None:
    card = given_card(*many(45))
    assert (len(texts(card, "alerts")), len(texts(card, "allergies"))) == (45, 45)
    assert "more" not in card["alerts"]
    assert card["medicines"]["more"] > 30
    assert card["allergies"]["state"] == "recorded"


def test_what_authors_do_not_agree_in_stays() -> None:
    card = given_card(*many(40), observed("o", NOT_FOR, "2025-10-12", ANN), observed("q", FOR, "2025-11-12", BOB))
    assert len(card["cpr"]["lines"]) == 2
    assert "more" not in card["cpr"]


@pytest.mark.parametrize("heading", SAID)
def test_no_section_makes_a_card_large(heading: str) -> None:
    """Whatever section it is, in however many words of however many authors."""
    said = "I refuse this even if my life is at risk and say so at length " * 5
    by = [{"reference": f"Practitioner/{at}", "display": f"Dr {at}"} for at in range(60)]
    each = [observed(f"o{at}", "", by=one, valueString=f"{at} {said}") for at, one in enumerate(by)]
    card = given_card(person(), *({**one, "code": coded(heading, OWN)} for one in each))
    (name,) = [name for name, of in PLANNED.items() if of == heading]
    assert len(card[name]["lines"]) + card[name].get("more", 0) in (0, 60)


def test_an_advance_decision_stays_while_what_is_less_can_go() -> None:
    decided = {**observed("o", "", valueString="No ventilation"), "code": coded("advance-decisions", OWN)}
    assert texts(given_card(*many(60), decided), "advanceDecisions") == ["No ventilation"]


def test_many_languages_make_no_card_large() -> None:
    card = given_card(person(communication=[{"language": {"text": f"Language {at}"}} for at in range(400)]))
    assert len(card["communication"]["lines"]) + card["communication"]["more"] == 400


def test_every_section_can_be_cut() -> None:
    assert set(SECTIONS) == {*ORDER, *CRITICAL}
    assert len(SECTIONS) == len(ORDER) + len(CRITICAL)


def test_where_even_these_do_not_fit_their_number_is_told() -> None:
    card = given_card(*many(400))
    for name in ("alerts", "allergies"):
        assert len(card[name]["lines"]) + card[name]["more"] == 400
        assert "(+396 more)" in card["glance"][name]
    assert card["medicines"] == {"state": "recorded", "lines": [], "more": 400}


def test_a_line_whose_words_were_cut_says_so() -> None:
    (line,) = given_card(person(), takes("m", "x" * 1_000))["medicines"]["lines"]
    assert line["cut"] is True
    assert line["text"].endswith("…")


@given(st.text(max_size=200), st.integers(10, 100))
def test_words_are_cut_to_bytes_as_json_has_them(words: str, most: int) -> None:
    made = short(words, most)
    assert len(orjson.dumps(made)) - 2 <= most
    assert made == words or made.endswith("…")


@pytest.mark.parametrize("name", CRITICAL)
def test_what_fits_is_left_as_it_is(name: str) -> None:
    card = {name: {"state": "recorded", "lines": [{"text": "x", "notes": "y"}]}}
    assert orjson.loads(fit(card, LIMIT)) == card
