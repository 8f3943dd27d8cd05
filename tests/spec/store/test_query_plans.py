"""The cost of a search grows with its answer, not with the store.

Two things tell: the database's own plan shows no scan of a table that grows, and the work for one and the same answer in a store
four times as large is about the same.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any as Anything

import pytest

from interop.errors import Problem
from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Access, Coded, Compartment, Count, Group, History, Plan, Read, Search, Several
from interop.store.sql import coded, searching
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Link, Put
from interop.store.where import (
    About,
    All,
    Any,
    Chain,
    Composite,
    FullText,
    Has,
    Ids,
    Near,
    Not,
    Person,
    Present,
    Range,
    Reference,
    Sources,
    Span,
    Text,
    Token,
    Tokens,
    Types,
    Updated,
    Where,
)
from tests.spec.store.build import DAY, T0, date, put, reference, token

SMALL, LARGE = 750, 3_000
GROWING = re.compile(r"^SCAN (r|s|x\d*|w|v|y|o|[habgn]\d*|resource|version|index_(?!trigram|fulltext)\w+|link)\b")

IN_ORDER = ("USING INDEX resource_updated", "USING INDEX version_updated", "USING INDEX sqlite_autoindex_resource_1")
"""Through all resources in the order asked for, until the page is full."""


def patient(n: int) -> Put:
    name = f"Smith{n % 50}" if n % 3 else f"Jones{n}"
    return put(
        "Patient",
        f"p{n}",
        1,
        token("identifier", str(n), "urn:nhs"),
        token("identifier", str(n), "urn:nhs")._replace(kind="of-type", b=f"NH|{n}"),
        token("gender", ("male", "female")[n % 2]),
        IndexRow("name", "string", name.lower(), name),
        date("birthdate", n * DAY, (n + 1) * DAY),
        IndexRow("_text", "words", f"{name} of number{n}"),
        at=T0 + n,
    )


def observation(n: int) -> Put:
    value = float(n)
    return put(
        "Observation",
        f"o{n}",
        1,
        reference("patient", f"Patient/p{n}"),
        reference("subject", f"Patient/p{n}"),
        reference("device", f"Device/d{n // 10}"),
        token("code", f"c{n % 4}", "urn:codes"),
        token("status", "final"),
        token("rare", str(n)),
        IndexRow("code", "text", f"code number {n}"),
        date("date", T0 + n * DAY, T0 + n * DAY + DAY // 2),
        IndexRow("value", "quantity", value, value, "g"),
        IndexRow("pair", "composite", 0, 0, token("0", f"c{n}", "urn:codes")),
        IndexRow("pair", "composite", 0, 1, IndexRow("1", "quantity", value, value, "g")),
        IndexRow("device", "identifier", "urn:d", str(n)),
        IndexRow("profile", "uri", f"urn:profile:{n}"),
        at=T0 + n,
    )


def consent(n: int) -> Put:
    rows = (IndexRow("consent", "access", "given", 0, 2 * T0), IndexRow("care", "access", "ods:RXX", 0, 2 * T0))
    return put("Consent", f"c{n}", 1, reference("patient", f"Patient/p{n}"), *rows, at=T0 + n)


def location(n: int) -> Put:
    return put("Location", f"l{n}", 1, IndexRow("near", "position", 50 + n / 1_000, -(n % 7) / 10), at=T0 + n)


async def fill(directory: Path, size: int) -> SqliteStore:
    store = SqliteStore.open(directory)
    puts = [make(n) for n in range(size) for make in (patient, observation, location, consent)]
    await store.commit(Change(puts=puts, links=[Link(f"p{n}", f"person{n // 2}", "") for n in range(size)]))
    return store


@pytest.fixture(scope="module")
def stores() -> Iterator[tuple[asyncio.AbstractEventLoop, SqliteStore, SqliteStore]]:
    loop, patched = asyncio.new_event_loop(), pytest.MonkeyPatch()
    patched.setattr(searching, "GLANCE", 20)  # in proportion to the stores
    patched.setattr(searching, "MANY", 200)
    patched.setattr(coded, "MANY", 100)
    with tempfile.TemporaryDirectory() as place:
        small, large = (loop.run_until_complete(fill(Path(place) / str(size), size)) for size in (SMALL, LARGE))
        yield loop, small, large
        for store in (small, large):
            loop.run_until_complete(store.close())
    patched.undo()
    loop.close()


def search(type_: str, where: Where | None = None, *sort: tuple[str, bool]) -> Search:
    return Search(PERMIT_ALL, type_, where, sort, 10)


def on(day: int, prefix: str = "eq") -> Span:
    return Span("date", prefix, T0 + day * DAY, T0 + (day + 1) * DAY)


MALES = Chain("patient", "Patient", Token("gender", "male"))
C1 = Token("code", "c1", "urn:codes")
RARE_AND_COMMON = (("urn:codes", "c3"), ("urn:codes", "absent"), ("urn:other", "c3"))
CLINICIAN = Decision(
    "clinician",
    Any(
        (
            Types(("Location", "Organization")),
            All(
                (
                    Types(("Patient", "Observation")),
                    Sources(("RXX", "RYY")),
                    Not(Tokens("_security", (("urn:c", "V"),))),
                    About("care", ("user:u", "ods:RXX"), T0),
                    About("consent", ("given",), T0),
                    Not(About("consent", ("refused",), T0, every=False)),
                    Any((Not(Tokens("_security", (("urn:c", "R"),))), About("breakglass", ("user:u",), T0))),
                )
            ),
        )
    ),
)
SEARCHES: dict[str, Plan] = {
    "read": Read(PERMIT_ALL, "Patient", "p7"),
    "history of one": History(PERMIT_ALL, "Patient", "p7"),
    "history of a type": History(PERMIT_ALL, "Patient", None, count=10),
    "history of all": History(PERMIT_ALL, None, None, count=10),
    "several": Several(PERMIT_ALL, (("Patient", "p7"), ("Observation", "o9"))),
    "compartment": Compartment(PERMIT_ALL, "p7"),
    "types of a compartment": Compartment(PERMIT_ALL, "p7", ("Observation", "Patient")),
    "types of a compartment, gone on with": Compartment(PERMIT_ALL, "p7", ("Observation", "Patient"), 1, 5, ("Observation", "o")),
    "codes and texts of a person": Coded(
        PERMIT_ALL, "p7", (("Observation", "code"),), RARE_AND_COMMON, ("code number 7",), ("ber 71",)
    ),
    "codes that many have of a person": Coded(PERMIT_ALL, "p7", (("Observation", "code"),), (("urn:codes", "c3"),)),
    "all of a type": search("Patient"),
    "_id": search("Patient", Ids(("p7", "p8"))),
    "_lastUpdated": search("Patient", Updated("le", T0 + 5, T0 + 6)),
    "_lastUpdated in all": search("", Updated("le", T0 + 5, T0 + 6)),
    "types": search("", All((Types(("Patient", "Observation")), Person("", ("p7",))))),
    "token": search("Observation", Token("rare", "7")),
    "token that many have": search("Observation", C1),
    "tokens": search("Observation", Tokens("rare", tuple(("", str(n)) for n in range(0, 40, 2)))),
    "of-type": search("Patient", Token("identifier", "NH|7", "urn:nhs", "of-type")),
    ":identifier": search("Observation", Token("device", "7", "urn:d", "identifier")),
    ":text": search("Observation", Text("code", "code number 7", "equals", "text")),
    ":text begins": search("Observation", Text("code", "code number 70", "starts", "text")),
    "string": search("Patient", Text("name", "jones9")),
    "string that many have": search("Patient", Text("name", "smith")),
    ":exact": search("Patient", Text("name", "Jones9", "exact")),
    ":contains": search("Patient", Text("name", "ones747", "contains")),
    "uri": search("Observation", Text("profile", "urn:profile:7", "equals")),
    "reference": search("Observation", Reference("device", ("Device/d3",))),
    "patient": search("Observation", Person("patient", ("p7",))),
    "date": search("Observation", on(7)),
    "date from, few": search("Observation", All((Reference("device", ("Device/d3",)), on(0, "ge")))),
    "date from, many": search("Observation", on(9, "ge")),
    "date before": search("Observation", on(9, "lt")),
    "quantity": search("Observation", Range("value", "eq", 6.5, 7.5, ("g",))),
    "quantity below": search("Observation", Range("value", "lt", 7.0, 7.0)),
    "near": search("Location", Near("near", 50.0, 0.0, 500.0)),
    "composite": search("Observation", Composite("pair", (Token("0", "c7", "urn:codes"), Range("1", "lt", 9.0, 9.0)))),
    "two chains, one to many": search(
        "Observation",
        All(
            (
                Chain("patient", "Patient", Span("birthdate", "eq", 7 * DAY, 8 * DAY)),
                Chain("patient", "Patient", Text("name", "smith")),
            )
        ),
    ),
    "words that many have": search("Patient", FullText("_text", (("of",),))),
    "words that many have, of a few": search("Patient", All((FullText("_text", (("of",),)), Token("identifier", "7")))),
    "words": search("Patient", FullText("_text", (("number7",), ("number8", "jones8")))),
    "not and patient": search("Observation", All((Not(C1), Person("patient", ("p7",))))),
    "missing and patient": search("Observation", All((Not(Present("absent")), Present("code"), Person("patient", ("p7",))))),
    "code and patient": search("Observation", All((C1, Person("patient", ("p7",))))),
    "rarer of two": search("Patient", All((Text("name", "smith"), Span("birthdate", "eq", 7 * DAY, 8 * DAY)))),
    "one or the other": search("Patient", Any((Token("identifier", "7"), Token("identifier", "8")))),
    "chain": search("Observation", Chain("patient", "Patient", Token("identifier", "7"))),
    "chain, many lead there": search("Observation", MALES),
    "chain beside another part": search(
        "Observation", All((Token("rare", "7"), Chain("patient", "Patient", Token("gender", "male"))))
    ),
    "chain of two": search("Observation", Chain("patient", "Patient", Chain("x", "Patient", Token("identifier", "7")))),
    "has": search("Patient", Has("Observation", "patient", Token("rare", "7"))),
    "has that many have": search("Patient", Has("Observation", "patient", C1)),
    "has beside another part": search("Patient", All((Has("Observation", "subject", C1), Token("identifier", "9")))),
    "sorted by date": search("Observation", None, ("date", False)),
    "sorted by date from the last": search("Observation", on(9, "ge"), ("date", True)),
    "sorted by name": search("Patient", Token("gender", "male"), ("name", False)),
    "sorted by token": search("Observation", C1, ("status", False)),
    "sorted by quantity": search("Observation", None, ("value", True)),
    "sorted by reference": search("Observation", None, ("device", False)),
    "sorted by two": search("Observation", None, ("date", True), ("code", False)),
    "sorted by _lastUpdated": search("Observation", None, ("_lastUpdated", True)),
    "all sorted by _lastUpdated": search("", None, ("_lastUpdated", True)),
    "policy": Search(Decision("own", Person("", ("p7",))), "Observation", C1, (), 10),
    "a clinician reads": Read(CLINICIAN, "Observation", "o7"),
    "a clinician reads what may not be read": Read(CLINICIAN, "Consent", "c7"),
    "a clinician reads several": Several(CLINICIAN, (("Patient", "p7"), ("Observation", "o9"), ("Location", "l1"))),
    "a clinician reads history": History(CLINICIAN, "Observation", "o7"),
    "a clinician reads a compartment": Compartment(CLINICIAN, "p7"),
    "a clinician reads types of a compartment": Compartment(CLINICIAN, "p7", ("Observation", "Patient")),
    "a clinician asks for codes of a person": Coded(CLINICIAN, "p7", (("Observation", "code"),), RARE_AND_COMMON),
    "a clinician asks of a patient": Search(CLINICIAN, "Observation", Person("patient", ("p7",)), (), 10),
    "a clinician asks of a patient, sorted": Search(CLINICIAN, "Observation", Person("patient", ("p7",)), (("date", True),), 10),
    "a clinician asks for a code": Search(CLINICIAN, "Observation", C1, (), 10),
    "a clinician asks for a patient's": Search(
        CLINICIAN, "Observation", Chain("patient", "Patient", Token("identifier", "7")), (), 10
    ),
    "a clinician asks for all": Search(CLINICIAN, "Observation", None, (), 10),
    "a clinician asks for what refers": Search(CLINICIAN, "Patient", Has("Observation", "patient", Token("rare", "7")), (), 10),
    "a clinician's total of a patient": Count(CLINICIAN, "Observation", Person("patient", ("p7",))),
    "what is said about a person": Access(("p7",)),
    "a person's Patients": Group(CLINICIAN, "p7"),
    "count of few": Count(PERMIT_ALL, "Observation", Token("rare", "7")),
}
PROPORTIONAL: dict[str, Plan] = {
    "count of all": Count(PERMIT_ALL, "Observation"),
    "count of many": Count(PERMIT_ALL, "Observation", C1),
    "a clinician's total": Count(CLINICIAN, "Observation"),
    "a clinician's total of a code": Count(CLINICIAN, "Observation", C1),
    "none is so": search("Observation", Not(Token("status", "final"))),
    "missing in none": search("Observation", Not(Present("code"))),
    "contains two characters": search("Patient", Text("name", "9", "contains")),
    "sorted against its range": search("Observation", on(9, "ge"), ("date", False)),
    "quantity above": search("Observation", Range("value", "gt", 700.0, 700.0)),
}
"""The exceptions: totals, what nothing meets, sorts of large answers. They go through the rows of one type or parameter, never
through other types, and are given up at the limit."""


def ran(loop: asyncio.AbstractEventLoop, store: SqliteStore, plan: Plan) -> tuple[list[str], int]:
    """The statements of a plan and its work, in hundreds of instructions."""
    work, statements = 0, list[str]()

    def tick() -> int:
        nonlocal work
        work += 1
        return 0

    store._counts.clear()
    readers = (store._readers._near, store._readers._far)
    loop.run_until_complete(store.query(plan))  # what is counted seldom has been counted
    for connection in readers:
        connection.set_progress_handler(tick, 100)
        connection.set_trace_callback(statements.append)
    store._counts.clear()
    try:
        loop.run_until_complete(store.query(plan))
    finally:
        for connection in readers:
            connection.set_trace_callback(None)
            connection.set_progress_handler(None, 0)
    return [text for text in statements if text.startswith(("SELECT", "WITH"))], work


def scans(store: SqliteStore, statements: list[str]) -> list[str]:
    plans = [row[3] for text in statements for row in store._readers._far.execute(f"EXPLAIN QUERY PLAN {text}")]
    return [line for line in plans if GROWING.match(line) and not line.endswith(IN_ORDER)]


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_costs_what_its_answer_costs(stores: Anything, name: str) -> None:
    loop, small, large = stores
    _, before = ran(loop, small, SEARCHES[name])
    statements, after = ran(loop, large, SEARCHES[name])
    assert statements
    assert scans(large, statements) == []
    assert after <= before * 1.6 + 20, f"{before} hundred instructions in the small store, {after} in the large"


@pytest.mark.parametrize("name", PROPORTIONAL)
def test_exceptions_go_through_one_type_or_parameter_by_its_index(stores: Anything, name: str) -> None:
    loop, _, large = stores
    statements, _ = ran(loop, large, PROPORTIONAL[name])
    assert scans(large, statements) == []


def test_two_parts_of_which_each_leaves_many_are_listed_and_compared(stores: Anything) -> None:
    """Not each row of the one looked up in the index for the other, nor read before it is known to meet both."""
    loop, _, large = stores
    both = All((Text("name", "smith7"), Span("birthdate", "lt", 150 * DAY, 150 * DAY)))
    statements, _ = ran(loop, large, search("Patient", both))
    assert " INTERSECT " in statements[-1]
    assert [one.id for one in loop.run_until_complete(large.query(search("Patient", both)))] == ["p107", "p7"]
    few = All((Text("name", "jones99"), Span("birthdate", "lt", 150 * DAY, 150 * DAY)))
    assert " INTERSECT " not in ran(loop, large, search("Patient", few))[0][-1]
    first, whole = ran(loop, large, Search(CLINICIAN, "Patient", both, (), 5))[0]
    assert "LIMIT 12" in first  # what is held is asked of the first few
    assert all(" INTERSECT " in text for text in (first, whole))


@pytest.mark.parametrize(
    "part",
    [Range("value", "gt", 2_900.0, 2_900.0), Text("code", "99", "contains", "text"), Span("date", "ap", T0, T0 + 99 * DAY)],
    ids=["upper side", "middle", "about"],
)
def test_what_goes_through_many_rows_to_find_few_is_not_listed_beside(stores: Anything, part: Where) -> None:
    """An upper side of a quantity, a middle of a text: all rows of the parameter would be gone through at each search."""
    loop, _, large = stores
    statements, _ = ran(loop, large, search("Observation", All((part, on(25, "lt")))))
    assert statements
    assert not any(" INTERSECT " in text for text in statements)


def test_a_clinicians_total_reads_no_resource(stores: Anything) -> None:
    loop, _, large = stores
    statements, _ = ran(loop, large, PROPORTIONAL["a clinician's total"])
    lines = [row[3] for text in statements for row in large._readers._far.execute(f"EXPLAIN QUERY PLAN {text}")]
    read = [line for line in lines if re.match(r"(SEARCH|SCAN) r\b", line)]
    assert read == ["SEARCH r USING COVERING INDEX resource_whose (type=?)"] * 2
    assert not [line for line in lines if "TEMP B-TREE" in line], "it comes in the order of its people"


def test_what_goes_on_too_long_is_given_up_within_two_seconds(tmp_path: Path) -> None:
    async def ask() -> float:
        store = await fill(tmp_path, LARGE)
        every = Any(tuple(Has("Observation", "patient", Not(Token("rare", str(n)))) for n in range(40)))
        costly: Where = Not(Any((every, Chain("x", "Patient", Text("name", "9", "contains")))))
        for _ in range(3):
            costly = Has("Observation", "patient", Chain("patient", "Patient", All((costly, Not(Present("gender"))))))
        started = time.process_time()  # a machine that has other work takes nothing of it
        with pytest.raises(Problem) as refused:
            await store.query(Count(PERMIT_ALL, "Patient", Not(costly)))
        taken = time.process_time() - started
        assert refused.value.reason.name == "too-costly"
        await store.close()
        return taken

    assert asyncio.run(ask()) < 2.5
