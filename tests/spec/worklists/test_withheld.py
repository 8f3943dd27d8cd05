"""Nobody sees more by a list than by reading: what they may not see is not counted, does not rank and leaves no trace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interop.audit.row import READ
from interop.clock import ManualClock
from interop.policy.asker import Asker
from interop.store.sql.store import SqlStore
from tests.spec.api.governed import (
    ANN,
    EVERYONE,
    GP,
    HIV,
    NAVIGATOR,
    OFFICER,
    OPERATOR,
    PRACTICE,
    PROGRAM,
    WARD,
    World,
    contribute,
    record_ann,
    world,
)
from tests.spec.api.people import patient
from tests.spec.audit.test_engine import rows
from tests.spec.rules.acting import acting
from tests.spec.worklists.asking import entries, list_of, on
from tests.spec.worklists.hospital import condition, observed, person

pytestmark = pytest.mark.anyio
DIABETES, COPD, FAILURE, ASTHMA = "44054006", "13645005", "84114007", "195967001"
HIDES = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}


@pytest.fixture
async def ann(store: SqlStore, clock: ManualClock) -> AsyncIterator[World]:
    """Two of Ann's conditions are her practice's, one is the hospital's; Bob is another practice's."""
    await record_ann(store)
    await contribute(store, "A81001", condition("c1", "ann", DIABETES), condition("c2", "ann", COPD))
    await contribute(store, "RX1", condition("c3", "ann-ward", FAILURE))
    await contribute(store, "B82002", patient("bob"), *(condition(f"b{each}", "bob", each) for each in (DIABETES, COPD, FAILURE)))
    async with world(store, clock) as made:
        await made.done(GP, "record-consent", decision="given")
        yield made


async def read(ann: World, who: Asker = GP, name: str = "mdt", query: str = "") -> dict[str, Any]:
    answer = await ann.client.get(f"/fhir/$worklist?name={name}{query}", x_who=who.user or who.client)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def status(ann: World, who: Asker, name: str = "mdt") -> int:
    answer = await ann.client.get(f"/fhir/$worklist?name={name}", x_who=who.user or who.client)
    return answer.status_code


async def test_a_condition_that_is_not_shared_is_not_counted_and_that_a_source_does_not_share_is_told(ann: World) -> None:
    await ann.done(OPERATOR, "agreement", "", source="RX1", status="pending")
    found = await read(ann)
    assert (found["total"], entries(found)) == (0, [])
    outcomes = [each["resource"] for each in found["entry"] if each["search"]["mode"] == "outcome"]
    assert {issue["details"]["coding"][0]["code"] for each in outcomes for issue in each["issue"]} == {"not-shared"}
    await ann.share()
    found = await read(ann)
    (line,) = entries(found)
    assert (found["total"], line.patient) == (1, "ann")
    assert sorted(line.evidence["mdt-conditions"]) == ["Condition/c1", "Condition/c2", "Condition/c3"]
    assert "bob" not in str(found)


async def test_each_reason_says_where_it_comes_from(ann: World) -> None:
    await ann.share()
    assert '"A81001"' in str(list_of(await read(ann))).replace("'", '"')
    assert '"RX1"' in str(list_of(await read(ann))).replace("'", '"')


async def test_consent_that_is_withdrawn_counts_at_the_next_asking(ann: World) -> None:
    await ann.share()
    assert (await read(ann))["total"] == 1
    await ann.done(GP, "record-consent", decision="refused")
    assert (await read(ann))["total"] == 0


async def test_what_a_label_holds_back_changes_nothing_in_the_answer(ann: World, store: SqlStore) -> None:
    await ann.share()
    before = await read(ann)
    hidden = condition("c4", "ann", ASTHMA) | {"meta": {"security": [HIV]}}
    await contribute(store, "A81001", hidden)
    assert await read(ann) == before


async def test_who_hides_where_they_are_is_on_the_list_without_the_organisations(ann: World, store: SqlStore) -> None:
    await ann.share()
    cat = patient("cat", generalPractitioner=[PRACTICE]) | {"meta": {"security": [HIDES]}}
    await contribute(store, "A81001", cat, *(condition(f"d{each}", "cat", each) for each in (DIABETES, COPD, FAILURE)))
    await ann.done(GP, "record-consent", "Patient/cat", decision="given")
    crew = {each.patient: each for each in entries(await read(ann, PROGRAM))}
    found = list_of(await read(ann))["entry"]
    hers = next(each for each in found if each["item"]["reference"] == "Patient/cat")
    assert "A81001" not in str(hers)
    assert "cat" not in crew, "whoever has nothing to do with her sees nothing of her"
    assert "cat" not in str(await read(ann, query="&organization=A81001")), "nobody is found by where they are"
    assert "Patient/ann" in str(await read(ann, query="&organization=A81001"))


async def test_a_list_is_opened_by_the_roles_of_its_row_and_for_purposes_that_see_what_it_is_made_of(
    ann: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [await status(ann, who) for who in (GP, WARD, NAVIGATOR, ANN, OFFICER)] == [200, 403, 403, 403, 403]
    assert [await status(ann, who, "co-ordination") for who in (GP, WARD, NAVIGATOR)] == [200, 403, 200]
    booking = replace(GP, user="booking", purpose="booking")
    monkeypatch.setitem(EVERYONE, "booking", booking)
    assert await status(ann, booking) == 403, "a list that lacks what it is made of would be taken for an empty one"


async def test_a_page_is_another_ones_for_nobody(ann: World, store: SqlStore) -> None:
    await ann.share()
    await contribute(store, "A81001", patient("dan", generalPractitioner=[PRACTICE]), observed("o", "dan", "713636003", 8))
    await ann.done(GP, "record-consent", "Patient/dan", decision="given")
    found = await read(ann, query="&_count=1")
    following = next(each["url"] for each in found["link"] if each["relation"] == "next")
    address = following.partition("//")[2].partition("/")[2]
    assert (await ann.client.get(f"/{address}", x_who=GP.user)).status_code == 200
    assert (await ann.client.get(f"/{address}", x_who=PROGRAM.client)).status_code == 400


async def test_the_audit_names_those_who_were_shown_and_nobody_else(tmp_path: Path) -> None:
    async with acting(tmp_path / "data", rules=None) as here:
        for number in range(3):
            await here.put(person(f"p{number}"))
            await here.put(observed(f"f{number}", f"p{number}", "713636003", 8, f"2025-12-0{number + 1}T09:00:00Z"))
        assert [each.patient for each in await on(here.http, "mdt", "&_count=2")] == ["p2", "p1"]
        (row,) = [each for each in rows(tmp_path / "data") if each.interaction == "$worklist"]
    assert (row.kind, row.status, sorted(row.patients)) == (READ, 200, ["p1", "p2"])
