"""What of a person has one of some codes, or is called so: the same whether a code is listed or looked up."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from interop.fhir.rows import IndexRow
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Coded
from interop.store.sql import coded
from interop.store.values import Link
from interop.store.where import All, Not, Person, Token
from interop.store.where import Any as AnyOf
from tests.spec.store.build import ids, put, reference, token, write

pytestmark = pytest.mark.anyio
BY = (("Condition", "code"), ("Observation", "combo-code"))
PAIRS = (("urn:s", "dnacpr"), ("", "local"), ("urn:nobody", "dnacpr"))
LISTED, LOOKED_UP, UNCOUNTED = (1_000, 400), (0, 400), (1_000, 0)
"""From how many rows on a code is looked up, and up to how many are counted at all."""


def called(parameter: str, text: str) -> IndexRow:
    return IndexRow(parameter, "text", text)


@pytest.fixture
async def told(store: Any) -> Any:
    """Ann, whom two sources know as ``a`` and ``b``, and somebody else of whom the same is said."""
    await write(
        store, put("Patient", "a"), put("Patient", "b"), put("Patient", "z"), links=[Link("a", "p", ""), Link("b", "p", "")]
    )
    for patient in ("a", "b", "z"):
        about, of = reference("subject", f"Patient/{patient}"), f"{patient}-"
        await write(
            store,
            put("Observation", f"{of}code", 1, about, token("combo-code", "dnacpr", "urn:s"), token("combo-code", "x", "urn:t")),
            put("Observation", f"{of}local", 1, about, token("combo-code", "local")),
            put("Observation", f"{of}system", 1, about, token("combo-code", "dnacpr", "urn:other")),
            put("Observation", f"{of}place", 1, about, token("code", "dnacpr", "urn:s")),
            put("Observation", f"{of}words", 1, about, called("combo-code", "not for resuscitation")),
            put("Observation", f"{of}whole", 1, about, called("combo-code", "wishes")),
            put("Observation", f"{of}longer", 1, about, called("combo-code", "wishes and more")),
            put("Observation", f"{of}reading", 1, about, token("combo-code", "pulse", "urn:s"), called("combo-code", "pulse")),
            put("Condition", f"{of}condition", 1, about, token("code", "dnacpr", "urn:s"), called("code", "resus status")),
            put("Procedure", f"{of}procedure", 1, about, token("code", "dnacpr", "urn:s")),
            put("Observation", f"{of}gone", 1, about, token("combo-code", "dnacpr", "urn:s")),
        )
        await write(store, put("Observation", f"{of}gone", 2, deleted=True))
    return store


def asks(patient: str, decision: Decision = PERMIT_ALL, **more: Any) -> Coded:
    return Coded(decision, patient, BY, PAIRS, ("wishes", "absent"), ("resus", "dnar"), **more)


OF_ANN = [f"{of}-{name}" for of, name in product("ab", ("code", "local", "whole", "words"))]


@pytest.mark.parametrize("limits", [LISTED, LOOKED_UP, UNCOUNTED])
async def test_codes_whole_texts_and_parts_of_texts_are_found_of_the_person_alone(
    told: Any, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int]
) -> None:
    monkeypatch.setattr(coded, "MANY", limits[0])
    monkeypatch.setattr(coded, "DISTINCT", limits[1])
    for patient in ("a", "b"):
        found = await told.query(asks(patient))
        assert ids(found) == ["a-condition", "b-condition", *OF_ANN]
    assert ids(await told.query(asks("z"))) == ["z-condition", "z-code", "z-local", "z-whole", "z-words"]
    assert await told.query(asks("nobody")) == []


@pytest.mark.parametrize("limits", [LISTED, LOOKED_UP, UNCOUNTED])
async def test_what_may_not_be_seen_is_not_found(told: Any, monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int]) -> None:
    monkeypatch.setattr(coded, "MANY", limits[0])
    monkeypatch.setattr(coded, "DISTINCT", limits[1])
    judged = Decision("own", All((Person("", ("b",)), AnyOf((Not(Token("code", "dnacpr")), Token("combo-code", "x"))))))
    assert ids(await told.query(asks("a", judged))) == OF_ANN
    assert await told.query(asks("z", judged)) == []


async def test_it_is_given_page_by_page(told: Any) -> None:
    first = await told.query(asks("a", count=3))
    rest = await told.query(asks("a", after=(first[-1].type, first[-1].id)))
    assert ids([*first, *rest]) == ["a-condition", "b-condition", *OF_ANN]
    assert [one.id async for one in told.stream(asks("a"))] == ["a-condition", "b-condition", *OF_ANN]


async def test_codes_alone_and_texts_alone_may_be_asked_for(told: Any) -> None:
    assert ids(await told.query(Coded(PERMIT_ALL, "z", BY, PAIRS))) == ["z-condition", "z-code", "z-local"]
    assert ids(await told.query(Coded(PERMIT_ALL, "z", BY, (), ("wishes",)))) == ["z-whole"]
    assert ids(await told.query(Coded(PERMIT_ALL, "z", BY, (), (), ("resus",)))) == ["z-condition", "z-words"]
    assert await told.query(Coded(PERMIT_ALL, "z", BY, ())) == []
    assert await told.query(Coded(PERMIT_ALL, "z", (("Task", "code"),), PAIRS, ("wishes",), ("resus",))) == []
