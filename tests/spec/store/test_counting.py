"""A total is that of what would be found one by one, also where what may be seen is asked once for all that are alike."""

from __future__ import annotations

from collections import Counter
from typing import Any as Anything

import pytest

from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Count, Search
from interop.store.sql import counting, searching
from interop.store.sql.conditions import alike
from interop.store.sql.index import PLAIN, SOLE
from interop.store.sql.names import Names
from interop.store.values import Link, Put
from interop.store.where import About, All, Any, Ids, Not, Present, Sources, Token, Tokens, Types, Updated, Where
from tests.spec.store.build import T0, put, reference, token, write

pytestmark = pytest.mark.anyio

PEOPLE = ("ann", "bob", "cyd", "dee")
CARE = About("care", ("user:u", "ods:RXX"), T0)
REFUSED = Not(About("consent", ("refused",), T0, every=False))
PLAINLY = Not(Tokens("_security", (("urn:c", "V"), ("urn:c", "R"))))
NOBODY = Not(Any((Present("patient"), Present("subject"))))
RULES: dict[str, Where] = {
    "involved": All((CARE, REFUSED, PLAINLY)),
    "involved, or about nobody": Any((All((CARE, REFUSED)), All((NOBODY, Sources(("RXX",)))))),
    "by source": Any((Sources(("RXX",)), All((CARE, Sources(("RXX", "RYY")))))),
    "by label": Any((PLAINLY, CARE)),
    "by who is named": Any((All((Not(Present("patient")), Present("subject"))), REFUSED)),
    "by type": Any((Types(("Patient",)), All((Types(("Observation", "Encounter")), Not(CARE))))),
    "by time": All((Any((CARE, Not(CARE))), Updated("ge", T0 + 3, T0 + 4))),
    "by id": Any((Ids(("o-ann-0", "o-bob-3")), All((CARE, REFUSED, PLAINLY)))),
}
"""Predicates: the last two ask of each more than whose it is."""
QUESTIONS: dict[str, Where | None] = {
    "all": None,
    "a code that many have": Token("code", "many"),
    "a code that few have": Token("code", "few"),
    "none of a code": Not(Token("code", "few")),
    "two": All((Token("code", "many"), Token("status", "final"))),
}


def observations(name: str) -> list[Put]:
    """Of one person: alike, labelled, about another as well, named otherwise, from elsewhere, gone."""
    own = (reference("patient", f"Patient/{name}"), reference("subject", f"Patient/{name}"), token("status", "final"))
    subject = reference("subject", f"Patient/{name}")
    many, few = token("code", "many"), token("code", "few")
    rows: list[tuple[IndexRow, ...]] = [
        (*own, many),
        (*own, many),
        (*own, few),
        (*own, many, token("_security", "R", "urn:c")),
        (*own, many, reference("performer", "Patient/bob")),
        (subject, many),
        (subject, many, IndexRow("patient", "identifier", "urn:nhs", name)),
    ]
    found = [put("Observation", f"o-{name}-{at}", 1, *each, at=T0 + at, source="RXX") for at, each in enumerate(rows)]
    found += [
        put("Observation", f"o-{name}-{at}", 1, *own, many, at=T0 + at, source=source) for at, source in ((7, "RYY"), (8, ""))
    ]
    return [*found, put("Observation", f"o-{name}-gone", 2, at=T0 + 9, deleted=True, source="RXX", subject=name)]


@pytest.fixture
async def ward(store: Anything) -> Anything:
    """Four people, of whom two are one; who cares for them, and who refuses; things about nobody."""
    said = {
        "ann": (IndexRow("care", "access", "ods:RXX", 0, 2 * T0),),
        "bob": (IndexRow("care", "access", "user:u", 0, 2 * T0), IndexRow("consent", "access", "refused", 0, 2 * T0)),
        "cyd": (IndexRow("care", "access", "ods:RXX", 0, T0),),
        "dee": (),
    }
    about = [put("Consent", f"c-{name}", 1, reference("patient", f"Patient/{name}"), *rows) for name, rows in said.items()]
    of_nobody = [
        put("Observation", "o-group", 1, reference("subject", "Group/g"), token("code", "many"), source="RXX"),
        put("Observation", "o-named", 1, IndexRow("subject", "identifier", "urn:nhs", "9"), token("code", "many"), source="RXX"),
        put("Observation", "o-nobody", 1, token("code", "many"), source="RXX"),
        put("Observation", "o-nobody-2", 1, token("code", "few"), source="RXX"),
    ]
    people = [put("Patient", name, 1, token("code", "many"), source="RXX") for name in PEOPLE]
    first = [put("Observation", f"o-{name}-gone", 1, reference("patient", f"Patient/{name}"), source="RXX") for name in PEOPLE]
    await write(store, *people, *about, *of_nobody, *first, links=[Link("ann", "one", ""), Link("dee", "one", "")])
    await write(store, *[each for name in PEOPLE for each in observations(name)])
    return store


@pytest.mark.parametrize("starting", ["from an index where it may", "through the type"])
@pytest.mark.parametrize("type_", ["Observation", "Patient", "Consent"])
@pytest.mark.parametrize("rule", RULES)
async def test_a_total_is_that_of_what_is_found(
    ward: Anything, monkeypatch: pytest.MonkeyPatch, rule: str, type_: str, starting: str
) -> None:
    if starting == "through the type":
        monkeypatch.setattr(searching, "GLANCE", 1)
        monkeypatch.setattr(searching, "MANY", 1)
        monkeypatch.setattr(counting, "SHARE", 1_000)
    decision = Decision("row", RULES[rule])
    for asked in QUESTIONS.values():
        found = await ward.query(Search(decision, type_, asked, (), 200))
        assert await ward.query(Count(decision, type_, asked)) == [len(found)]


async def test_of_people_who_are_seen_all_that_is_alike_is_counted_and_what_is_not_by_itself(ward: Anything) -> None:
    seen = Decision("row", RULES["involved"])
    found = await ward.query(Search(seen, "Observation", None, (), 200))
    of = Counter(one.subject for one in found)
    assert of == {"ann": 7, "dee": 7}  # neither what is labelled, nor what is about bob too, who refuses
    assert await ward.query(Count(seen, "Observation")) == [14]
    assert await ward.query(Count(PERMIT_ALL, "Observation")) == [40]


async def test_what_asks_each_for_itself_is_never_asked_of_several_at_once(ward: Anything) -> None:
    names: Names = ward._names
    assert alike(RULES["involved"], names, "Observation") == SOLE | PLAIN
    assert alike(All((CARE, NOBODY)), names, "Observation") == SOLE | 1 | 2
    assert alike(All((CARE, NOBODY)), names, "Patient") == SOLE, "a Patient names no other"
    assert alike(RULES["by time"], names, "Observation") is None
    assert alike(RULES["by id"], names, "Observation") is None
    assert alike(Any((CARE, Token("code", "many"))), names, "Observation") is None
    assert alike(Not(Present("code")), names, "Observation") is None
