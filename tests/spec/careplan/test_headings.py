"""The table of what stands under which heading: every row of ``mappings/careplan/content.csv`` places what it says it does."""

from __future__ import annotations

from typing import Any

import pytest

from interop.api.operations.planning import plan_tables
from interop.careplan.conditions import Condition
from interop.careplan.paths import Path
from interop.careplan.tables import Content
from interop.fhir import facts
from tests.spec.careplan.plans import MATTERS, OWN, coded, fold, observed, only, planned, texts

TABLES = plan_tables()
ROWS = [row for rows in TABLES.content.values() for row in rows]
WORDS = "Some words"


def example(row: Content) -> dict[str, Any]:
    """The least resource that a row is about."""
    resource: dict[str, Any] = {"resourceType": row.type, "id": "1"}
    for path in TABLES.kinds[row.type].status:
        good = next(
            status for (type_, status), standing in TABLES.standings.items()
            if type_ == row.type and standing == "current" and _fits(row.type, path, status)
        )  # fmt: skip
        _put(resource, row.type, path, _status(row.type, path, good))
    place = f"{row.type}.{'.'.join(name for name, _ in row.each.steps)}".rstrip(".")
    part = resource
    if row.each.steps:
        part = {"url": row.each.steps[-1][1][1:-1]} if row.each.steps[-1][0] == "extension" else {}
        element = facts.element(f"{row.type}.{row.each.steps[0][0]}")
        resource[row.each.steps[0][0]] = part if element is not None and element.max == 1 else [part]
    if not row.text[0].steps:
        _fill(part, place)
    else:
        _put(part, place, row.text[0], None)
    for condition in row.when.conditions:
        if condition.how in ("in", "is", "="):
            _put(
                resource if condition.path.whole else part,
                row.type if condition.path.whole else place,
                condition.path,
                _meant(condition, place),
            )
    return resource


def _fits(type_: str, path: Path, status: str) -> bool:
    element = facts.element(f"{type_}.{path.text}")
    assert element is not None
    return element.types == ("boolean",) or status in (facts.codes(element.binding or "") or ())


def _status(type_: str, path: Path, status: str) -> Any:
    element = facts.element(f"{type_}.{path.text}")
    assert element is not None
    if element.types == ("boolean",):
        return status == "true"
    return {"coding": [{"code": status}]} if element.types == ("CodeableConcept",) else status


def _meant(condition: Condition, place: str) -> Any:
    if condition.how == "=":
        return {"true": True, "false": False}.get(condition.word, condition.word)
    if condition.how == "is":
        return {"reference": f"{condition.word.split('|')[0]}/x", "display": WORDS}
    system, code = sorted(condition.codes)[0]
    element = facts.element(f"{place}.{condition.path.text}")
    return code if element is not None and element.types == ("string",) else coded(code, system)


def _fill(part: dict[str, Any], place: str) -> None:
    """An element that is a text by itself."""
    element = facts.element(place)
    assert element is not None
    assert element.types == ("Reference",)
    part.update({"reference": "Practitioner/x", "display": WORDS})


def _put(part: dict[str, Any], place: str, path: Path, value: Any) -> None:
    """Put a value where a path leads, unless one is there; None makes one of the element's first datatype that has words."""
    for number, (name, form) in enumerate(path.steps):
        last = number == len(path.steps) - 1
        element = facts.element(f"{place}.{name}{form if form == '[x]' else ''}")
        assert element is not None, (place, name)
        place = element.path
        key = name
        if form == "[x]":
            kind: str = next(each for each in ("string", "dateTime", "CodeableConcept", "date") if each in element.types)
            key = name + kind[0].upper() + kind[1:]
        kind = kind if form == "[x]" else element.types[0]
        held = (_of(kind) if value is None else value) if last else {}
        many = element.max is None
        if key not in part or (last and value is not None):
            part[key] = [held] if many else held
        part = part[key][0] if many else part[key]


def _of(kind: str) -> Any:
    made: dict[str, Any] = {
        "CodeableConcept": {"text": WORDS},
        "Reference": {"reference": "Practitioner/x", "display": WORDS},
        "HumanName": {"family": WORDS},
        "Narrative": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{WORDS}</div>'},
        "dateTime": "2026-05-01",
        "date": "2026-05-01",
    }
    return made.get(kind, WORDS)


@pytest.mark.parametrize("row", ROWS, ids=[row.row for row in ROWS])
def test_every_row_places_a_line(row: Content) -> None:
    plan = fold(example(row))
    origins = {origin.reference for line in plan.section(row.heading).lines for origin in line.origins}
    assert origins == {f"{row.type}/1"}, example(row)


@pytest.mark.parametrize(
    "heading", ["what-matters", "important-people", "communication", "wellness", "please-do", "support", "worth-knowing"]
)
def test_about_me_comes_in_every_form(heading: str) -> None:
    """An observation, a section of a document, an answer, an activity of a plan: by the code of PRSB or by ours."""
    for system, code in sorted(TABLES.sets[heading]):
        concept = coded(code, system)
        section = {"code": concept, "text": _of("Narrative")}
        forms: list[dict[str, Any]] = [
            {**observed("1", code, valueString=WORDS), "code": concept},
            {"resourceType": "Composition", "id": "1", "status": "final", "section": [{"section": [section]}]},
            {"resourceType": "QuestionnaireResponse", "id": "1", "status": "completed",
             "item": [{"linkId": "a", "item": [{"linkId": code, "answer": [{"valueString": WORDS}]}]}]},
            planned("1", {"description": WORDS, "code": concept}),
        ]  # fmt: skip
        assert [texts(fold(form), heading) for form in forms] == [[WORDS]] * 4


def test_what_a_plan_says_under_a_heading_of_its_own_is_no_action_besides() -> None:
    plan = fold(planned("1", {"description": "Stay at home", "code": coded(MATTERS)}, {"description": "Weigh"}))
    assert (texts(plan, "what-matters"), texts(plan, "actions")) == (["Stay at home"], ["Weigh"])


def test_a_step_for_a_contingency_says_if_what_then_what_and_who() -> None:
    step = {
        "code": coded("contingency", OWN),
        "reasonCode": [{"text": "More breathless than usual"}],
        "description": "Two puffs, then ring the desk",
        "performer": [{"display": "Heart failure nurse"}],
    }
    line = only(fold(planned("1", step)), "contingency")
    assert (line.trigger, line.text, line.who) == (
        "More breathless than usual",
        "Two puffs, then ring the desk",
        "Heart failure nurse",
    )


def test_a_decision_about_resuscitation_has_a_date_and_a_decider() -> None:
    origin = only(fold(observed("1", "450476008", "2025-03-04", {"display": "Dr Ann"})), "cpr").origins[0]
    assert (origin.date, origin.author) == ("2025-03-04", "Dr Ann")


def test_a_refusal_of_resuscitation_is_a_decision_against_it_in_those_words() -> None:
    """The code of the procedure alone would read as if it were wanted."""
    order = {"resourceType": "ServiceRequest", "id": "1", "status": "active", "intent": "order", "doNotPerform": True,
             "code": coded("89666000", text="Cardiopulmonary resuscitation")}  # fmt: skip
    line = only(fold(order), "cpr")
    assert (line.means, line.text) == ("not-for-cpr", "Not for cardiopulmonary resuscitation")


def test_what_a_code_means_reads_alike_and_the_authors_own_words_stand_beside_it() -> None:
    own = {**observed("1", "450476008"), "code": coded("450476008", text="DNACPR, but treat choking")}
    line = only(fold(own, observed("2", "110481000000108")), "cpr")
    assert line.text == "Not for cardiopulmonary resuscitation"
    assert line.origins[0].notes == ("DNACPR, but treat choking",)
    assert only(fold(observed("2", "110481000000108")), "place-of-death").origins[0].notes == ()


def test_a_code_without_a_display_reads_as_the_table_calls_it() -> None:
    assert texts(fold(observed("1", "110481000000108")), "place-of-death") == ["Home"]
    assert texts(fold(observed("1", "511401000000102")), "prognosis") == ["Last days of life"]


def test_words_alone_count_where_they_are_those_of_a_code() -> None:
    """Of a source that has no codes."""
    said = {**observed("1", ""), "code": {"text": "Not for cardiopulmonary resuscitation"}}
    assert only(fold(said), "cpr").means == "not-for-cpr"
    member = {"role": [{"text": "named clinician"}], "member": {"reference": "Practitioner/x", "display": "Dr Ann"}}
    team = {"resourceType": "CareTeam", "id": "1", "status": "active", "participant": [member]}
    assert texts(fold(team), "named-clinician") == ["Dr Ann"]
    wish = {**observed("1", "", valueString="home"), "code": coded("place-of-care", OWN)}
    assert only(fold(wish), "place-of-care").means == "home"


def test_words_beside_a_code_that_says_otherwise_do_not_count() -> None:
    said = {**observed("1", ""), "code": coded("22298006", text="Not for cardiopulmonary resuscitation")}
    assert fold(said).section("cpr").lines == ()
