"""What rules make is no more visible than all that it tells: what its condition has read, and labels that come later."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interop.apply.acting.person import Piece
from interop.apply.acting.recipients import Recipients
from interop.apply.acting.resting import resting
from interop.ids import ODS_ORGANISATION
from interop.policy.decide import Question, decide
from interop.policy.facts import Facts
from interop.rules.expressions import read
from interop.rules.making import Occurrence
from interop.store.decision import PERMIT_ALL, Decision
from interop.store.plan import Several
from interop.store.values import Stored
from tests.spec.clocks.timing import Timed, after, timed
from tests.spec.engine.messages import ZELDA, adt
from tests.spec.engine.running import found
from tests.spec.rules.acting import acting, team
from tests.spec.rules.test_policy import COMMUNITY, World, world

pytestmark = pytest.mark.anyio
SECRET = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}
HIP = {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10", "code": "S72.0"}]}
STAY = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IMP"}
BED, EDD = "orthopaedic-bed", "expected-discharge-date"


async def hip(here: Timed, patient: str, id: str = "hip", **meta: Any) -> None:
    await here.put({"resourceType": "Condition", "id": id, "subject": {"reference": f"Patient/{patient}"}, "code": HIP, **meta})


async def labels(here: Timed, name: str) -> list[Any]:
    (task,) = await here.clocks(name)
    return [each["code"] for each in task["meta"].get("security", ())]


async def test_a_clock_that_rests_on_what_is_sensitive_bears_its_label(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await hip(here, await here.admitted(), meta={"security": [SECRET]})
        await here.tell(adt("A01", "C1"))
        assert await labels(here, BED) == ["V"]
        assert await labels(here, EDD) == []


async def test_what_is_known_without_the_sensitive_bears_no_label(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        patient = await here.admitted()
        await hip(here, patient, meta={"security": [SECRET]})
        await hip(here, patient, "open")
        await here.tell(adt("A01", "C1"))
        assert await labels(here, BED) == []


@asynccontextmanager
async def back_in_hospital(directory: Path) -> AsyncIterator[World]:
    """A site asks the team about whoever was in any hospital before; another trust has told of that."""
    folder = directory / "site"
    folder.mkdir()
    before = "%encounters.where(status = 'finished').exists()"
    said = f"own,admitted,{before},task follow-up,care-team,1d,event,See to it,It is tried"
    (folder / "rules.csv").write_text(f"id,event,condition,action,to,within,once,says,why\n{said}\n")
    trust = {"identifier": {"system": ODS_ORGANISATION, "value": COMMUNITY}}
    other = adt("A03", "D1", local="M2", nhs=ZELDA, visit="V7", at="20260101100000").replace(b"|RX1|", b"|RX2|")
    async with acting(directory / "data", rules=folder) as here:
        await here.tell(adt("A28", "K1", at="20251201100000", nhs=ZELDA), other)
        await here.put(team("t1", await here.patient(), managingOrganization=[trust]))
        yield World(here)


async def told_of_both(here: World, *shares: str) -> list[Stored]:
    """What is asked of the team where these trusts share with it."""
    shop, rules = here.here.engine.workshop, here.here.engine.outgoing.acting
    assert rules is not None
    agreements = tuple(replace(here.agreement, source=each) for each in shares)
    facts = Facts(agreements, "implied", names=shop.governance.names)
    rules.recipients = Recipients(shop.store, decide, lambda: facts, shop.governance.code, {}, open=False)
    await here.here.tell(adt("A01", "C1", nhs=ZELDA))
    asked = await here.here.made("own")
    found: list[Stored] = await shop.store.query(Several(PERMIT_ALL, tuple(("Task", each["id"]) for each in asked)))
    return found


async def test_who_may_not_see_what_it_rests_on_is_not_told(tmp_path: Path) -> None:
    async with back_in_hospital(tmp_path) as here:
        assert await told_of_both(here, "RX1") == []
        assert here.here.counts("admitted-team") == {"acted": 1}


async def test_who_is_told_of_what_rests_on_two_sources_is_told_as_of_both(tmp_path: Path) -> None:
    async with back_in_hospital(tmp_path) as here:
        (task,) = await told_of_both(here, "RX1", "RX2")
    assert task.source == "RX1,RX2"


def lists_for_all(question: Question, facts: Facts, now: int) -> Decision:
    """A list names nobody to whoever reads it."""
    return PERMIT_ALL if question.type == "List" else decide(question, facts, now)


@pytest.mark.parametrize(("status", "consent", "asked"), [("active", "", 1), ("pending", "", 0), ("active", "refused", 0)])
async def test_of_many_on_a_list_it_is_asked_of_each_who_may_be_told(tmp_path: Path, status: str, consent: str, asked: int) -> None:
    """By agreement, relationship and consent: that a team could find who somebody is is not enough."""
    folder = tmp_path / "site"
    folder.mkdir()
    said = "own,risk-list,,task integrated-review,care-team,30d,event,See to it,It is tried"
    (folder / "rules.csv").write_text(f"id,event,condition,action,to,within,once,says,why\n{said}\n")
    trust = {"identifier": {"system": ODS_ORGANISATION, "value": COMMUNITY}}
    async with acting(tmp_path / "data", rules=folder) as here:
        await here.tell(adt("A28", "K1", at="20251201100000"))
        patient, shop = await here.patient(), here.engine.workshop
        await here.put(team("t1", patient, managingOrganization=[trust]))
        rules = here.engine.outgoing.acting
        assert rules is not None
        facts = Facts((replace(World(here).agreement, status=status),), "implied", names=shop.governance.names)
        rules.recipients = Recipients(shop.store, lists_for_all, lambda: facts, shop.governance.code, {}, open=False)
        if consent:
            asked_for = {"resourceType": "Parameters", "parameter": [{"name": "decision", "valueCode": consent}]}
            answer = await here.http.post(f"/fhir/Patient/{patient}/$record-consent", json=asked_for)
            assert answer.is_success, answer.text
        entry = [{"item": {"reference": f"Patient/{patient}"}}]
        await here.put({"resourceType": "List", "id": "l1", "status": "current", "mode": "working", "entry": entry})
        assert len(await here.made("own")) == asked


@pytest.mark.parametrize("refuses", [False, True])
async def test_of_whoever_refuses_after_a_list_named_them_no_message_goes_out(tmp_path: Path, refuses: bool) -> None:
    async with acting(tmp_path / "data") as here:
        await here.tell(adt("A28", "K1", at="20251201100000"))
        patient, shop = await here.patient(), here.engine.workshop
        trust = {"identifier": {"system": ODS_ORGANISATION, "value": COMMUNITY}}
        await here.put(team("t1", patient, managingOrganization=[trust]))
        entry = [{"item": {"reference": f"Patient/{patient}"}}]
        await here.put({"resourceType": "List", "id": "l1", "status": "current", "mode": "working", "entry": entry})
        if refuses:
            said = {"resourceType": "Parameters", "parameter": [{"name": "decision", "valueCode": "refused"}]}
            assert (await here.http.post(f"/fhir/Patient/{patient}/$record-consent", json=said)).is_success
        facts = Facts((World(here).agreement,), "implied", names=shop.governance.names)
        asked = Recipients(shop.store, lists_for_all, lambda: facts, shop.governance.code, {}, open=False)
        may = await asked.may({"reference": "CareTeam/t1"}, "List", "l1", patient, here.clock.now())
        assert may is not refuses


async def later_secret(here: Timed) -> None:
    """A stay that rules have acted on is said to be sensitive."""
    subject = {"reference": f"Patient/{await here.admitted()}"}
    stay = {"resourceType": "Encounter", "id": "e1", "status": "in-progress", "class": STAY, "subject": subject}
    stay["period"] = {"start": after(0)}
    await here.put(stay)
    await here.put({**stay, "meta": {"security": [SECRET]}})


async def test_a_label_that_comes_later_is_that_of_what_was_made_too(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        await later_secret(here)
        made = [*await here.made("admitted-team"), *await here.made("admitted-told", "Communication"), *await here.clocks(EDD)]
        assert [each["meta"]["security"] for each in made] == [[SECRET]] * 3
        await here.later(19 * 60)
        (told,) = await here.told()
        assert told["meta"]["security"] == [SECRET]


async def test_what_is_over_and_labelled_later_is_still_looked_at(tmp_path: Path) -> None:
    async with timed(tmp_path / "data") as here:
        subject = {"reference": f"Patient/{await here.admitted()}"}
        stay = {"resourceType": "Encounter", "id": "e1", "status": "finished", "class": STAY, "subject": subject}
        stay["period"] = {"start": after(-600), "end": after(-60)}
        await here.put(stay)
        here.clock.advance(60 * 86_400)
        await here.put({**stay, "meta": {"security": [SECRET]}})
        (task,) = await here.made("discharged-team")
        assert task["meta"]["security"] == [SECRET]


async def test_of_whom_it_may_no_more_be_seen_nobody_is_told_by_a_clock(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.admitted(adt("A01", "C1"))
        keeper, shop = here.here.engine.outgoing.keeper, here.here.engine.workshop
        assert keeper is not None
        facts = Facts((here.agreement,), "implied", names=shop.governance.names)
        keeper.recipients = Recipients(shop.store, decide, lambda: facts, shop.governance.code, {}, open=False)
        await here.here.tell(adt("A08", "C2", at="20260105110000").replace(b"^RX1|||||||||||||", b"^RX1|||||||||||||VIP", 1))
        await keeper.settled()
        here.here.clock.advance(19 * 3_600)
        await keeper.settled()
        assert await found(here.here.http, "Communication?category=urn:interop:codes:clock-note|") == []


@pytest.mark.parametrize(
    ("sources", "joined"), [(("RX1", "RX1"), "RX1"), (("RX1", "RX2"), "RX1,RX2"), (("RX1", "RX3,RX2"), "RX1,RX2,RX3")]
)
async def test_sources_of_what_it_rests_on_are_sources_of_what_is_made(sources: tuple[str, str], joined: str) -> None:
    said = {"resourceType": "Condition", "code": HIP}
    what = Occurrence({"resourceType": "Encounter"}, "Encounter", "e", "p", 0, 0, "", sources[0])
    piece = Piece(Stored("Condition", "c", 1, 0, b"", source=sources[1]), said)
    made = await resting(read("%problems.exists()", "Encounter"), what, {"problems": [piece]}, None, 0)
    assert made.source == joined
    assert made.also == ((("Condition", "c"),) if joined != "RX1" else ())


async def test_the_least_is_taken_that_it_rests_on() -> None:
    what = Occurrence({"resourceType": "Encounter"}, "Encounter", "e", "p", 0, 0, "", "RX1")
    pieces = [
        Piece(Stored("Condition", str(number), 1, 0, b"", source="RX2"), {"resourceType": "Condition", "id": str(number)})
        for number in range(40)
    ]
    both = read("%problems.where(id in ('7' | '31')).count() = 2", "Encounter")
    made = await resting(both, what, {"problems": pieces}, None, 0)
    assert made.also == (("Condition", "7"), ("Condition", "31"))
    again = await resting(read("%problems.where(id = '50').empty()", "Encounter"), what, {"problems": pieces}, None, 0)
    assert (again.source, again.also) == ("RX1", ())
