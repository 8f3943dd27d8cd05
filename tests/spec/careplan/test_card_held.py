"""A card that is held counts until anything that it is made of may differ: the very next request is answered by what is so then.

``World.card`` asks twice, with what is held and without, and the answers are the same: so each of these is a comparison."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from interop.api.crew.holding import Cards, Held, timeless
from interop.api.feed_health import tell
from interop.clock import MICROSECONDS, ManualClock, instant
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Link
from interop.store.where import About, All, Not
from tests.spec.api.governed import CREW, GP, HIV, NAVIGATOR, OPERATOR, OTHER_CREW, PRACTICE, WARD
from tests.spec.api.people import patient
from tests.spec.careplan.cards import allergy, flag
from tests.spec.careplan.held import Holding, holding

pytestmark = pytest.mark.anyio
HIDES = {"security": [{"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "R"}]}
NUTS = allergy("nuts", "Peanuts", patient={"reference": "Patient/ann"})


@pytest.fixture
async def ann(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Holding]:
    """Ann, with an allergy that her practice knows of; she has consented."""
    store = SqliteStore.open(tmp_path / "data", clock=clock)
    async with holding(store, clock) as world:
        await world.put("A81001", NUTS)
        await world.done(GP, "record-consent", decision="given")
        clock.advance(1)
        yield world
    await store.close()


def allergies(card: dict[str, Any]) -> list[str]:
    return [line["text"] for line in card["allergies"]["lines"]]


async def test_the_second_time_the_record_is_not_read(ann: Holding) -> None:
    assert await ann.reads(GP) > 3
    assert await ann.reads(GP) == 0
    assert len(ann.cards) == 1


async def test_who_sees_otherwise_gets_another(ann: Holding) -> None:
    assert allergies(await ann.card(GP)) == ["Peanuts"]
    assert (await ann.card(OTHER_CREW))["allergies"]["state"] == "withheld"
    await ann.card(NAVIGATOR, status=404)
    assert len(ann.cards) == 2


async def test_a_day_later_it_is_made_anew(ann: Holding) -> None:
    await ann.card(GP)
    ann.clock.advance(24 * 3600)
    assert await ann.reads(GP) > 3


async def test_a_consent_that_is_refused(ann: Holding) -> None:
    assert allergies(await ann.card(GP)) == ["Peanuts"]
    await ann.done(GP, "record-consent", decision="refused")
    assert (await ann.card(GP))["allergies"]["state"] == "withheld"
    await ann.done(GP, "record-consent", decision="given")
    assert allergies(await ann.card(GP)) == ["Peanuts"]


async def test_a_consent_that_ends(ann: Holding) -> None:
    await ann.done(GP, "record-consent", decision="given", until="2026-01-01T12:00:00Z")
    await ann.card(GP)
    ann.clock.advance(12 * 3600 - 1)
    assert allergies(await ann.card(GP)) == ["Peanuts"]
    ann.clock.advance(1)
    assert (await ann.card(GP))["allergies"]["state"] == "withheld"


async def test_an_emergency_is_declared_and_ends(ann: Holding) -> None:
    assert (await ann.card(CREW))["allergies"]["state"] == "withheld"
    assert "emergencyUntil" not in await ann.card(CREW)
    await ann.done(CREW, "break-glass", reason="Unconscious at home", minutes=30)
    until = instant(ann.clock.now() + 30 * 60 * MICROSECONDS)
    for _ in ("made", "held"):
        card = await ann.card(CREW)
        assert (allergies(card), card["emergencyUntil"]) == (["Peanuts"], until)
    assert await ann.reads(CREW) == 0
    other = await ann.card(OTHER_CREW)
    assert (other["allergies"]["state"], "emergencyUntil" in other) == ("withheld", False)
    ann.clock.advance(30 * 60 + 1)
    card = await ann.card(CREW)
    assert (card["allergies"]["state"], "emergencyUntil" in card) == ("withheld", False)


async def test_an_agreement_that_is_withdrawn_and_one_that_ends(ann: Holding) -> None:
    await ann.done(WARD, "claim-relationship", reason="Reviews her medicines")
    assert allergies(await ann.card(WARD)) == ["Peanuts"]
    await ann.done(OPERATOR, "agreement", "", source="A81001", status="withdrawn")
    card = await ann.card(WARD, "ann-ward")
    assert (card["allergies"]["state"], card["allergies"]["lacking"]) == ("none-recorded", ["not-shared"])
    await ann.done(OPERATOR, "agreement", "", source="A81001", start="2026-01-01", end="2026-01-01")
    assert allergies(await ann.card(WARD)) == ["Peanuts"]
    ann.clock.advance(24 * 3600)
    assert allergies(await ann.card(WARD, "ann-ward")) == []


async def test_a_label_that_is_set(ann: Holding) -> None:
    assert allergies(await ann.card(GP)) == ["Peanuts"]
    await ann.put("A81001", NUTS | {"meta": {"security": [HIV]}})
    card = await ann.card(GP)
    assert card["allergies"] == {"state": "none-recorded", "words": "None recorded.", "lines": []}
    await ann.done(GP, "record-consent", decision="given", label="HIV")
    assert allergies(await ann.card(GP)) == ["Peanuts"]
    await ann.done(GP, "record-consent", decision="refused", label="HIV")
    assert allergies(await ann.card(GP)) == []


async def test_somebody_hides_where_they_are(ann: Holding) -> None:
    lives = {"address": [{"line": ["7 Mill Lane"]}]}
    await ann.put("RX1", patient("ann-ward", **lives))
    assert (await ann.card(GP))["who"]["address"] == ["7 Mill Lane"]
    await ann.put("A81001", patient("ann", meta=HIDES))
    card = await ann.card(GP)
    assert "Mill Lane" not in str(card)
    assert card["who"]["redacted"] is True


async def test_something_new_something_else_and_something_gone(ann: Holding) -> None:
    await ann.card(GP)
    await ann.put("RX1", flag("f", "Do not visit alone", "safety", subject={"reference": "Patient/ann-ward"}))
    assert [line["text"] for line in (await ann.card(GP))["alerts"]["lines"]] == ["Do not visit alone"]
    await ann.put("A81001", NUTS | {"code": {"text": "Latex"}})
    assert allergies(await ann.card(GP)) == ["Latex"]
    await ann.put("A81001", NUTS, deleted=True)
    assert allergies(await ann.card(GP)) == []


async def test_what_is_about_somebody_else_now(ann: Holding) -> None:
    await ann.put("A81001", patient("ben"))
    assert allergies(await ann.card(GP)) == ["Peanuts"]
    await ann.put("A81001", NUTS | {"patient": {"reference": "Patient/ben"}})
    assert allergies(await ann.card(GP)) == []


async def test_records_that_are_linked_and_parted(ann: Holding) -> None:
    await ann.put("RX1", patient("third"), allergy("l", "Latex", patient={"reference": "Patient/third"}))
    assert allergies(await ann.card(GP)) == ["Peanuts"]
    await ann.put("RX1", links={"third": "one"})
    assert sorted(allergies(await ann.card(GP))) == ["Latex", "Peanuts"]
    await ann.put("RX1", links={"third": "third"})
    assert allergies(await ann.card(GP)) == ["Peanuts"]


async def test_who_is_referred_to_is_called_otherwise(ann: Holding) -> None:
    doctor = {"resourceType": "Practitioner", "id": "dr", "name": [{"text": "Dr Once"}]}
    await ann.put("A81001", patient("ann", generalPractitioner=[{"reference": "Practitioner/dr"}]))
    assert (await ann.card(GP))["gp"]["lines"] == []
    for name in ("Dr Once", "Dr Again"):
        await ann.put("A81001", doctor | {"name": [{"text": name}]})
        assert [line["text"] for line in (await ann.card(GP))["gp"]["lines"]] == [name]


async def test_a_flag_whose_time_begins_and_ends(ann: Holding) -> None:
    period = {"start": "2026-01-01T01:00:00Z", "end": "2026-01-01T01:59:59Z"}
    await ann.put("A81001", flag("f", "Cats", "safety", subject={"reference": "Patient/ann"}, period=period))
    told = []
    for _ in range(4):
        told.append((await ann.card(GP))["alerts"]["state"])
        ann.clock.advance(3600)
    assert told == ["none-recorded", "recorded", "none-recorded", "none-recorded"]


async def test_a_source_that_is_down_and_well_again(ann: Holding) -> None:
    await ann.card(GP)
    ann.services.feeds = {"hospital": replace(ann.services.feeds["hospital"], organisation="RX1")}
    for state in ("down", "well"):
        await tell(ann.services, "hospital", state)
        codes = [each["code"] for each in (await ann.card(GP))["absent"]["lines"]]
        assert codes == (["down"] if state == "down" else [])


async def test_what_names_somebody_else_depends_on_them_too(ann: Holding) -> None:
    """Who may see it depends on the other as well; that it is kept tells nobody whether such a resource is there."""
    await ann.put("A81001", patient("ben", generalPractitioner=[PRACTICE]))
    both = flag("f", "Lives with Ben", subject={"reference": "Patient/ann"}, author={"reference": "Patient/ben"})
    await ann.put("A81001", both)
    assert (await ann.card(GP))["alerts"]["state"] == "none-recorded"
    assert await ann.reads(GP) == 0
    await ann.done(GP, "record-consent", "Patient/ben", decision="given")
    assert (await ann.card(GP))["alerts"]["state"] == "recorded"
    assert await ann.reads(GP) == 0
    await ann.done(GP, "record-consent", "Patient/ben", decision="refused")
    ann.clock.advance(1)
    assert (await ann.card(GP))["alerts"]["state"] == "none-recorded"


@pytest.mark.long
async def test_whatever_happens_in_whatever_order(ann: Holding) -> None:
    """Every answer is held against one that nothing is held for (``Holding.card``)."""
    random = Random(20260401)
    steps: list[Any] = [
        lambda: ann.call(GP, "record-consent", decision=random.choice(("given", "refused", "withdrawn"))),
        lambda: ann.call(GP, "record-consent", decision=random.choice(("given", "refused")), label="HIV"),
        lambda: ann.call(CREW, "break-glass", reason="x", minutes=random.choice((1, 5, 60))),
        lambda: ann.call(OPERATOR, "agreement", "", source="RX1", status=random.choice(("active", "withdrawn"))),
        lambda: ann.call(OPERATOR, "agreement", "", source="A81001", status="active"),
        lambda: ann.put("A81001", NUTS | random.choice(({}, {"meta": {"security": [HIV]}}, {"code": {"text": "Latex"}}))),
        lambda: ann.put("RX1", flag("f", "Dog", subject={"reference": f"Patient/{random.choice(('ann', 'ann-ward', 'ben'))}"})),
        lambda: ann.put("A81001", patient("ann", **random.choice(({}, {"meta": HIDES}, {"birthDate": "1950-01-01"})))),
        lambda: ann.put("RX1", links={"ann-ward": random.choice(("one", "apart"))}),
        lambda: ann.put("RX1", patient("ben")),
        lambda: ann.put("A81001", patient("ben", generalPractitioner=[PRACTICE], **random.choice(({}, {"meta": HIDES})))),
        lambda: ann.call(GP, "record-consent", "Patient/ben", decision=random.choice(("given", "refused", "withdrawn"))),
        lambda: ann.put("RX1", links={"ben": random.choice(("two", "apart", "one"))}),
        lambda: ann.put("A81001", flag("b", "Lives with Ben", subject=ANN, author={"reference": "Patient/ben"})),
    ]
    for _ in range(120):
        ann.clock.advance(random.choice((0, 0, 0, 1, 61, 400, 4_000)))
        await random.choice(steps)()
        for who in (GP, CREW, WARD, NAVIGATOR):
            for of in ("ann", "ann-ward"):
                answers = await both(ann, who, of)
                assert answers[0] == answers[1], (who.role, of)
                await ann.reads(who, of)


ANN = {"reference": "Patient/ann"}


async def both(world: Holding, who: Any, of: str) -> list[tuple[int, str]]:
    """Status and body with what is held, and without."""
    found = []
    for cards in (world.cards, None):
        world.services.cards = cards
        answer = await world.client.get(f"/fhir/Patient/{of}/$crew-card", x_who=who.user)
        found.append((answer.status_code, answer.text))
    world.services.cards = world.cards
    return found


def kept(body: bytes = b"{}", *depends: str) -> Held:
    return Held(body, 0, 10, ("p",), 1, frozenset(depends or ("Patient/p",)))


def test_the_room_is_bounded_and_what_was_used_last_stays() -> None:
    cards = Cards(room=100_000)
    for at in range(200):
        cards.keep(f"p{at}", b"1", kept(b"x" * 2_000, f"Patient/p{at}"), cards.changes)
        assert cards.get("p0", b"1", 0) is not None
        assert cards.size <= 100_000
    assert len(cards) < 40
    assert cards.get("p1", b"1", 0) is None


def test_what_was_read_before_a_change_is_not_kept() -> None:
    cards = Cards()
    before = cards.changes
    cards.committed(Change(links=[Link("p", "q", "")]))
    cards.keep("p", b"1", kept(), before)
    assert len(cards) == 0


def test_it_counts_in_its_time_alone() -> None:
    cards = Cards()
    cards.keep("p", b"1", kept(), cards.changes)
    assert [cards.get("p", b"1", second) is not None for second in (-1, 0, 9, 10)] == [False, True, True, False]


def test_two_predicates_that_differ_in_time_alone_are_one() -> None:
    one, other = (All((About("care", ("x",), now), Not(About("consent", ("refused",), now, every=False)))) for now in (1, 2))
    assert timeless(one) == timeless(other) != timeless(About("care", ("y",), 1))
