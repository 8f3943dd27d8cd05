"""Search: a tree of conditions over the index rows of present versions (FHIR R4, search.html)."""

from __future__ import annotations

from typing import Any as Anything

import pytest

from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Count, Search
from interop.store.values import Link
from interop.store.where import All, Any, Chain, Has, Ids, Not, Range, Reference, Span, Text, Token, Types, Updated
from tests.spec.store.build import DAY, T0, date, ids, put, reference, search, text, token, write

pytestmark = pytest.mark.anyio

NHS = "https://fhir.nhs.uk/Id/nhs-number"


async def find(store: Anything, type_: str, where: Anything = None, **more: Anything) -> list[str]:
    found = await search(store, PERMIT_ALL, type_, where, **more)
    assert await store.query(Count(PERMIT_ALL, type_, where)) == [len(found)] or more
    return found


async def test_no_condition_finds_all_of_the_type_by_id(store: Anything) -> None:
    await write(store, put("Patient", "b"), put("Patient", "a"), put("Encounter", "c"))
    assert await find(store, "Patient") == ["a", "b"]
    assert await find(store, "Appointment") == []


async def test_token_matches_code_and_system_as_asked(store: Anything) -> None:
    """``code`` any system, ``system|code`` both, ``|code`` no system, ``system|`` any code (3.1.1.4.10)."""
    await write(
        store,
        put("Patient", "a", 1, token("identifier", "1", NHS)),
        put("Patient", "b", 1, token("identifier", "1", "urn:local")),
        put("Patient", "c", 1, token("identifier", "1")),
        put("Patient", "d", 1, token("identifier", "2", NHS)),
        put("Encounter", "e", 1, token("identifier", "1", NHS)),
    )
    assert await find(store, "Patient", Token("identifier", "1")) == ["a", "b", "c"]
    assert await find(store, "Patient", Token("identifier", "1", NHS)) == ["a"]
    assert await find(store, "Patient", Token("identifier", "1", "")) == ["c"]
    assert await find(store, "Patient", Token("identifier", None, NHS)) == ["a", "d"]
    assert await find(store, "Patient", Token("identifier", "1", "urn:unknown")) == []
    assert await find(store, "Patient", Token("gender", "1")) == []
    assert await find(store, "Patient", All((Token("identifier", "1"), Token("identifier", None, NHS)))) == ["a"]


async def test_text_starts_equals_or_contains(store: Anything) -> None:
    await write(
        store,
        put("Patient", "a", 1, text("family", "smith")),
        put("Patient", "b", 1, text("family", "smithson"), text("family", "jones")),
        put("Patient", "c", 1, text("family", "aerosmith")),
        put("Patient", "d", 1, text("family", "50%_a\\b")),
    )
    assert await find(store, "Patient", Text("family", "smith")) == ["a", "b"]
    assert await find(store, "Patient", Text("family", "smith", "equals")) == ["a"]
    assert await find(store, "Patient", Text("family", "smith", "contains")) == ["a", "b", "c"]
    assert await find(store, "Patient", Text("family", "%_a\\", "contains")) == ["d"]
    assert await find(store, "Patient", Text("family", "_m", "contains")) == []
    assert await find(store, "Patient", Text("family", "")) == ["a", "b", "c", "d"]


async def test_uri_rows_are_found_as_text(store: Anything) -> None:
    await write(store, put("ValueSet", "v", 1, IndexRow("url", "uri", "http://example.org/vs")))
    assert await find(store, "ValueSet", Text("url", "http://example.org/vs", "equals")) == ["v"]


RANGES = {"before": (0, 10), "overlaps": (5, 15), "within": (12, 18), "same": (10, 20), "around": (5, 25), "after": (20, 30)}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("eq", {"within", "same"}),
        ("ne", {"before", "overlaps", "around", "after"}),
        ("lt", {"before", "overlaps", "around"}),
        ("gt", {"around", "after"}),
        ("le", {"before", "overlaps", "around", "within", "same"}),
        ("ge", {"around", "after", "within", "same"}),
        ("sa", {"after"}),
        ("eb", {"before"}),
    ],
)
@pytest.mark.parametrize("driven", [True, False])
async def test_dates_compare_by_their_ranges(store: Anything, prefix: str, expected: set[str], driven: bool) -> None:
    """3.1.1.4.7: a target range against the range asked for, here from 10 up to 20."""
    await write(store, *(put("Encounter", name, 1, date("date", *span), token("class", "IMP")) for name, span in RANGES.items()))
    span = Span("date", prefix, 10, 20)
    assert set(await find(store, "Encounter", span if driven else All((Token("class", "IMP"), span)))) == expected


async def test_numbers_and_quantities_compare_as_dates_do(store: Anything) -> None:
    await write(
        store,
        put("Observation", "a", 1, IndexRow("value-quantity", "quantity", 71.5, 72.5, "kg")),
        put("Observation", "b", 1, IndexRow("value-quantity", "quantity", 80.0, 81.0, None)),
    )
    assert await find(store, "Observation", Range("value-quantity", "lt", 75, 75)) == ["a"]
    assert await find(store, "Observation", Range("value-quantity", "gt", 75, 75)) == ["b"]


async def test_quantities_in_base_units_are_found_by_their_own_value(store: Anything) -> None:
    """66.9 in by another calculation is not quite the same number of metres."""
    metres = 66.89999999999999 * 0.0254
    await write(store, put("Observation", "a", 1, IndexRow("value-quantity", "measure", metres, metres, "m")))
    for prefix in ("eq", "ge", "le", "ap"):
        for asked in (metres * (1 + 1e-15), metres * (1 - 1e-15)):
            assert await find(store, "Observation", Range("value-quantity", prefix, asked, asked, ("m",), "measure")) == ["a"], (
                prefix
            )
    for prefix in ("gt", "lt", "ne", "sa", "eb"):
        assert await find(store, "Observation", Range("value-quantity", prefix, metres, metres, ("m",), "measure")) == [], prefix


async def test_last_updated_compares_the_instant(store: Anything) -> None:
    await write(store, *(put("Patient", f"p{n}", at=T0 + n) for n in range(4)))
    low, high = T0 + 1, T0 + 3
    expected = {"eq": [1, 2], "ne": [0, 3], "lt": [0], "le": [0, 1, 2], "gt": [3], "ge": [1, 2, 3], "sa": [3], "eb": [0]}
    for prefix, numbers in expected.items():
        assert await find(store, "Patient", Updated(prefix, low, high)) == [f"p{n}" for n in numbers], prefix


async def test_references_match_type_and_id_or_url(store: Anything) -> None:
    await write(
        store,
        put(
            "Encounter",
            "a",
            1,
            reference("location", "Location/1"),
            reference("subject", "Patient/p"),
            reference("patient", "Patient/p"),
        ),
        put("Encounter", "b", 1, reference("location", "https://elsewhere.example/Location/1")),
        put("Encounter", "c", 1, reference("subject", "Group/g")),
    )
    assert await find(store, "Encounter", Reference("location", ("Location/1",))) == ["a"]
    assert await find(store, "Encounter", Reference("location", ("https://elsewhere.example/Location/1", "Location/1"))) == [
        "a",
        "b",
    ]
    assert await find(store, "Encounter", Reference("subject", ("Patient/p", "Group/g"))) == ["a", "c"]
    assert await find(store, "Encounter", Reference("patient", ("Patient/p",))) == ["a"]
    assert await find(store, "Encounter", Reference("location", ("Patient/p",))) == []
    assert await find(store, "Encounter", Reference("location", ())) == []


async def test_a_parameter_that_does_not_name_the_subject_does_not_find_by_it(store: Anything) -> None:
    await write(
        store,
        put("Basic", "a", 1, reference("patient", "Patient/p")),
        put("Basic", "b", 1, reference("subject", "Patient/p")),
    )
    assert await find(store, "Basic", Reference("patient", ("Patient/p",))) == ["a"]
    assert await find(store, "Basic", Reference("subject", ("Patient/p",))) == ["b"]


async def test_a_resource_about_two_patients_is_found_by_each(store: Anything) -> None:
    await write(store, put("Appointment", "a", 1, reference("patient", "Patient/p"), reference("patient", "Patient/q")))
    for patient in ("p", "q"):
        assert await find(store, "Appointment", Reference("patient", (f"Patient/{patient}",))) == ["a"]


async def test_all_any_and_not_combine(store: Anything) -> None:
    await write(
        store,
        put("Encounter", "a", 1, token("status", "planned"), token("class", "IMP")),
        put("Encounter", "b", 1, token("status", "finished"), token("class", "IMP")),
        put("Encounter", "c", 1, token("status", "finished"), token("class", "EMER")),
    )
    planned, finished, inpatient = Token("status", "planned"), Token("status", "finished"), Token("class", "IMP")
    assert await find(store, "Encounter", All((finished, inpatient))) == ["b"]
    assert await find(store, "Encounter", Any((planned, inpatient))) == ["a", "b"]
    assert await find(store, "Encounter", Not(inpatient)) == ["c"]
    assert await find(store, "Encounter", Not(Not(inpatient))) == ["a", "b"]
    assert await find(store, "Encounter", Not(Token("absent", "1"))) == ["a", "b", "c"]
    assert await find(store, "Encounter", All((Ids(("a", "c", "x")), Not(planned)))) == ["c"]
    assert await find(store, "Encounter", All(())) == ["a", "b", "c"]
    assert await find(store, "Encounter", Any(())) == []
    assert await find(store, "Encounter", Any((Token("absent", "1"), planned))) == ["a"]
    assert await find(store, "Encounter", Ids(())) == []


async def test_a_chain_leads_through_references(store: Anything) -> None:
    await write(
        store,
        put("Organization", "o", 1, token("identifier", "RXX")),
        put("Location", "l", 1, reference("organization", "Organization/o")),
        put("Encounter", "a", 1, reference("location", "Location/l")),
        put("Encounter", "b", 1, reference("location", "Location/other")),
    )
    organisation = Chain("organization", "Organization", Token("identifier", "RXX"))
    assert await find(store, "Location", organisation) == ["l"]
    assert await find(store, "Encounter", Chain("location", "Location", organisation)) == ["a"]
    assert await find(store, "Encounter", Not(Chain("location", "Location", organisation))) == ["b"]
    assert await find(store, "Encounter", Chain("location", "Location", Token("identifier", "x"))) == []


async def test_a_chain_leads_through_a_canonical(store: Anything) -> None:
    await write(
        store,
        put("Questionnaire", "q", 1, IndexRow("url", "uri", "urn:q"), text("title", "falls"), token("status", "active")),
        put("QuestionnaireResponse", "a", 1, reference("questionnaire", "urn:q|1"), reference("questionnaire", "urn:q")),
        put("QuestionnaireResponse", "b", 1, reference("questionnaire", "Questionnaire/q")),
        put("QuestionnaireResponse", "c", 1, reference("questionnaire", "urn:other")),
    )
    for where in (Text("title", "falls"), Token("status", "active")):
        assert await find(store, "QuestionnaireResponse", Chain("questionnaire", "Questionnaire", where)) == ["a", "b"]
    assert await find(store, "QuestionnaireResponse", Not(Chain("questionnaire", "Questionnaire", Token("status", "x")))) == list(
        "abc"
    )


async def test_who_is_referred_to_is_the_whole_person_in_a_search_of_several_types_too(store: Anything) -> None:
    people = [Link("a", "p", ""), Link("b", "p", "")]
    await write(store, put("Patient", "a"), put("Patient", "b"), put("Practitioner", "a"), put("Patient", "c"), links=people)
    await write(store, put("List", "l", 1, reference("item", "Patient/a")))
    listed = Has("List", "item", Ids(("l",)))
    assert await find(store, "Patient", listed) == ["a", "b"]
    assert await find(store, "", All((listed, Types(("Patient", "Practitioner"))))) == ["a", "b"]


async def test_a_chain_does_not_pass_through_what_is_deleted(store: Anything) -> None:
    await write(
        store, put("Location", "l", 1, token("identifier", "W1")), put("Encounter", "a", 1, reference("location", "Location/l"))
    )
    await write(store, put("Location", "l", 2, deleted=True))
    assert await find(store, "Encounter", Chain("location", "Location", Token("identifier", "W1"))) == []
    assert await find(store, "Encounter", Chain("location", "Location", Ids(("l",)))) == []


SORTED = [
    ((), ["a", "b", "c", "d", "e"]),
    ((("_id", True),), ["e", "d", "c", "b", "a"]),
    ((("_lastUpdated", False),), ["e", "d", "c", "b", "a"]),
    ((("date", False),), ["c", "a", "b", "d", "e"]),
    ((("date", True),), ["c", "a", "b", "d", "e"]),
    ((("name", False), ("date", True)), ["a", "b", "d", "c", "e"]),
    ((("name", True), ("_id", True)), ["c", "d", "b", "a", "e"]),
    ((("absent", False),), ["a", "b", "c", "d", "e"]),
    ((("date", False), ("_lastUpdated", True)), ["c", "a", "b", "d", "e"]),
]


@pytest.mark.parametrize(("sort", "expected"), SORTED)
async def test_sorting_goes_by_index_rows_and_pages_by_cursor(
    store: Anything, sort: tuple[tuple[str, bool], ...], expected: list[str]
) -> None:
    """Up goes by the earliest value, down by the latest, periods by their start; what has no value comes last; ties go by
    the order in which they came to be."""
    await write(
        store,
        put("Encounter", "a", 1, date("date", T0, T0 + DAY), text("name", "ann"), at=T0 + 5),
        put("Encounter", "b", 1, date("date", T0, T0 + 2 * DAY), text("name", "ann"), at=T0 + 4),
        put(
            "Encounter",
            "c",
            1,
            date("date", T0 - DAY, T0),
            date("date", T0 + 5 * DAY, T0 + 6 * DAY),
            text("name", "zoe"),
            at=T0 + 3,
        ),
        put("Encounter", "d", 1, text("name", "bob"), at=T0 + 2),
        put("Encounter", "e", 1, at=T0 + 1),
    )
    assert await find(store, "Encounter", sort=sort) == expected
    paged, after = [], None
    for _ in range(10):
        page = await store.query(Search(PERMIT_ALL, "Encounter", sort=sort, count=2, after=after))
        paged += page[:2]
        if len(page) < 3:
            break
        after = (*page[1].sort, page[1].id)
    assert ids(paged) == expected
    streamed = [one async for one in store.stream(Search(PERMIT_ALL, "Encounter", sort=sort))]
    assert ids(streamed) == expected


async def test_what_is_found_by_a_parameter_and_has_no_value_to_sort_by_comes_last(store: Anything) -> None:
    """A quantity without base units, something that only has a name."""
    quantity = IndexRow("value-quantity", "quantity", 80.0, 80.0, "drops")
    measure = IndexRow("value-quantity", "quantity", 72.0, 72.0, "kg"), IndexRow("value-quantity", "measure", 72000.0, 72000.0, "g")
    await write(
        store,
        put("Observation", "a", 1, quantity, IndexRow("code", "text", "mood")),
        put("Observation", "b", 1, *measure, token("code", "x"), IndexRow("code", "text", "mood")),
    )
    unequal = Range("value-quantity", "ne", 5, 6)
    assert await find(store, "Observation", unequal, sort=(("value-quantity", False),)) == ["b", "a"]
    assert await find(store, "Observation", Not(Not(Text("code", "mood", "starts", "text"))), sort=(("code", False),)) == ["b", "a"]
    assert await find(store, "Observation", unequal, sort=(("value-quantity", False),), count=1) == ["b", "a"]


async def test_a_search_gives_one_more_than_asked_so_that_the_caller_sees_there_is_more(store: Anything) -> None:
    await write(store, *(put("Patient", f"p{n}") for n in range(5)))
    assert len(await store.query(Search(PERMIT_ALL, "Patient", count=3))) == 4
    assert len(await store.query(Search(PERMIT_ALL, "Patient", count=5))) == 5


async def test_an_index_row_given_twice_is_one(store: Anything) -> None:
    await write(store, put("Patient", "a", 1, token("identifier", "1"), token("identifier", "1")))
    assert await store.query(Count(PERMIT_ALL, "Patient", Token("identifier", "1"))) == [1]
    assert await find(store, "Patient", Token("identifier", "1")) == ["a"]


async def test_a_condition_that_most_rows_meet_pages_like_any_other(store: Anything) -> None:
    await write(store, *(put("Patient", f"p{n:04}", 1, token("gender", "female")) for n in range(2_100)))
    page = await store.query(Search(PERMIT_ALL, "Patient", Token("gender", "female"), count=3, after=("p1000",)))
    assert ids(page) == ["p1001", "p1002", "p1003", "p1004"]
