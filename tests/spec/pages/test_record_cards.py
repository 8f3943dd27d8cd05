"""Lines of a summary and of a plan, out of what the API gives: conflicts, dates, sources that are not up to date."""

from __future__ import annotations

from datetime import date
from typing import Any

from interop.pages.record.cards import LACKING, Tag, absent, card, line, plans
from interop.pages.record.planning import whole
from interop.pages.record.proposing import Author, contribution, fields_of, over, wrong
from interop.pages.record.sources import Sources

CARD: dict[str, Any] = {
    "sources": {"lines": [{"code": "A1", "name": "Oakshaw Surgery"}, {"code": "B2", "state": "stale"}]},
    "absent": {
        "lines": [
            {"code": "stale", "words": "stale since 2026-10-01: B2", "source": "B2"},
            {"code": "not-for-role", "words": "Not shown to this role: people."},
        ]
    },
}
SOURCES = Sources.of_card(CARD)
ME = Author("Dr Ada Lark", "issuer|ada", "2026-10-15T08:30:00+01:00")


def test_each_line_says_who_says_it_and_which_source_is_not_up_to_date() -> None:
    said = line({"text": "Falls", "by": "Dr Ansley", "from": ["A1", "B2"], "date": "2026-10-02"}, SOURCES)
    assert said.source.who == "Dr Ansley, Oakshaw Surgery, B2"
    assert said.source.trouble == "stale since 2026-10-01: B2"
    assert said.when == "02-Oct-2026"


def test_what_qualifies_a_line_is_a_word_beside_it() -> None:
    said = line(
        {
            "text": "Ring the desk", "if": "she falls", "status": "on hold", "until": "2026-09-01", "ended": True,
            "review": "2026-08-01", "overdue": True, "critical": True, "cut": True, "phone": ["01632 960070"],
            "reaction": "Swelling",
        },
        SOURCES,
    )  # fmt: skip
    assert said.text == "If she falls: Ring the desk"
    assert said.tags == (Tag("High risk", "red"), Tag("On hold", "yellow"), Tag("Ended", "orange"))
    assert said.details == (
        "Swelling", "Ended 01-Sep-2026", "Review was due 01-Aug-2026", "Shortened here: the plan has it whole.",
    )  # fmt: skip
    assert said.phones == ("01632 960070",)


def test_an_authors_own_words_are_left_as_they_are() -> None:
    """That a GP system does not tell the status of a plan is so of each of its lines, and not said of each."""
    said = line({"text": "If Laura falls: ring", "as": "written", "if": "Laura falls", "status": "unknown"}, SOURCES)
    assert said.text == "If Laura falls: ring"
    assert said.tags == ()


def test_a_section_says_how_it_stands() -> None:
    held: dict[str, Any] = {
        "cpr": {
            "state": "recorded",
            "conflict": True,
            "words": "x",
            "lines": [{"text": "For CPR"}, {"text": "Not for CPR"}],
            "more": 2,
        },
        "alerts": {"state": "none-recorded", "words": "None recorded.", "lines": []},
        "allergies": {"state": "recorded", "lacking": ["down"], "lines": [{"text": "Penicillin"}]},
        "gp": {
            "state": "recorded",
            "lines": [{"text": "Oakshaw", "from": ["A1"]}, {"text": "oakshaw", "from": ["B2"], "phone": ["1"]}],
        },
    }
    cpr = card(held, "cpr", "CPR", SOURCES)
    assert cpr.conflict
    assert len(cpr.lines) == 2
    assert cpr.more == 2
    assert card(held, "cpr", "CPR", SOURCES, most=1).more == 3
    assert card(held, "alerts", "Alerts", SOURCES).words == "None recorded."
    assert card(held, "allergies", "Allergies", SOURCES).lacking == LACKING
    (practice,) = card(held, "gp", "GP", SOURCES, together=True).lines
    assert practice.source.who == "Oakshaw Surgery, B2"
    assert practice.phones == ("1",)
    assert card({}, "cpr", "CPR", SOURCES).lines == ()


def test_what_is_absent_is_said_once_and_roles_where_they_hide_something() -> None:
    assert absent(CARD) == ["stale since 2026-10-01: B2"]


def test_the_words_of_one_plan_stand_together() -> None:
    lines = [
        {"text": each, "title": "Plan", "date": "2026-10-02T13:00:00+01:00", "by": "A", "from": ["A1"]} for each in ("one", "two")
    ]
    (told,) = plans({"plans": {"lines": [*lines]}}, SOURCES)
    assert told.words == ("one", "two")
    assert told.when == "02-Oct-2026 13:00"


def origin(resource: str, **said: Any) -> dict[str, Any]:
    """Of a line of ``$care-plan``."""
    kinds = {
        "date": "valueDateTime",
        "review": "valueDateTime",
        "overdue": "valueBoolean",
        "source": "valueString",
        "author": "valueString",
    }
    parts = [{"url": "resource", "valueReference": {"reference": f"{resource}/_history/1"}}]
    parts += [{"url": name.replace("_", "-"), kinds.get(name, "valueInstant"): value} for name, value in said.items()]
    return {"url": "urn:interop:extension:plan-origin", "extension": parts}


def heading(name: str, *lines: dict[str, Any], conflict: bool = False) -> dict[str, Any]:
    """A heading with lines."""
    extension = [{"url": "urn:interop:extension:plan-conflict", "valueBoolean": True}] if conflict else []
    code = {"coding": [{"system": "urn:interop:codes:plan-content", "code": name}]}
    return {"title": name, "code": code, "extension": extension, "section": list(lines)}


def folded(*headings: dict[str, Any]) -> dict[str, Any]:
    """An answer of ``$care-plan``."""
    made = {"resourceType": "Composition", "section": [{"title": "Group", "section": list(headings)}]}
    return {"resourceType": "Bundle", "entry": [{"resource": made}]}


def test_lines_in_the_same_words_are_one_but_where_authors_disagree() -> None:
    lines = [{"title": "At home", "extension": [origin(f"CarePlan/{each}", author=each, date="2026-10-02")]} for each in ("a", "b")]
    together = whole(folded(heading("support", *lines)), "").heading("support")
    assert together is not None
    assert [[voice.who for voice in each.voices] for each in together.lines] == [["a", "b"]]
    apart = whole(folded(heading("place-of-care", *lines, conflict=True)), "").heading("place-of-care")
    assert apart is not None
    assert len(apart.lines) == 2
    assert apart.conflict == "Authors do not agree: all that they say is shown."


def test_a_review_that_was_due_and_a_source_that_is_stale_are_said_of_who_says_it() -> None:
    said = origin("CarePlan/a", author="A", review="2026-08-01", overdue=True, source_stale="2026-10-01T07:00:00Z")
    made = whole(folded(heading("support", {"title": "x", "extension": [said]})), "").heading("support")
    assert made is not None
    (voice,) = made.lines[0].voices
    assert [each.words for each in voice.tags] == ["Review was due 01-Aug-2026", "Not up to date: stale since 01-Oct-2026 08:00"]
    assert voice.when == ""


def test_a_line_is_changed_under_its_own_heading_and_by_its_own_organisation_alone() -> None:
    line_ = {"title": "x", "extension": [origin("CarePlan/a", source="A1")]}
    made = folded(heading("support", line_), heading("additional-plans", line_))
    assert whole(made, "", {"a": "support"}, "A1").changeable == {"a"}
    assert whole(made, "", {"a": "support"}, "B2").changeable == frozenset()
    assert whole(made, "", {"a": "wellness"}, "A1").changeable == frozenset()


def test_what_a_form_made_it_can_show_again_and_end() -> None:
    fields = {
        "heading": "contingency", "words": "Ring the desk", "trigger": "she falls", "who": "Edwin", "review-day": "1",
        "review-month": "2", "review-year": "2027", "until-day": "3", "until-month": "4", "until-year": "2028",
    }  # fmt: skip
    plan = contribution(fields, "If this, then that", ME) | {"id": "p", "meta": {"source": "urn:interop:feed:api#1"}}
    assert plan["period"] == {"end": "2028-04-03"}
    assert plan["extension"] == [{"url": "urn:interop:extension:review-date", "valueDate": "2027-02-01"}]
    again = fields_of(plan)
    assert again is not None
    assert {name: int(value) if value.isdigit() else value for name, value in again.items() if name != "contribution"} == {
        name: int(value) if value.isdigit() else value for name, value in fields.items()
    }
    changed = contribution({"heading": "contingency", "words": "Ring", "trigger": "she falls"}, "If this, then that", ME, plan)
    assert changed["id"] == "p"
    assert "period" not in changed
    assert "extension" not in changed
    assert over(plan, ME)["status"] == "completed"
    assert fields_of(plan | {"meta": {"source": "urn:interop:feed:gp#1"}}) is None
    assert fields_of(plan | {"status": "completed"}) is None
    assert fields_of(plan | {"activity": [*plan["activity"], *plan["activity"]]}) is None


def test_a_form_is_right_with_heading_and_words_alone() -> None:
    assert wrong({"heading": "support", "words": "x"}, date(2026, 10, 15)) == {}
    assert wrong({"heading": "support", "words": "x" * 4_001}, date(2026, 10, 15)) == {"words": "Write 4,000 characters or fewer"}
