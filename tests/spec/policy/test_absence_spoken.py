"""What an answer about a person lacks is told: not shared, withheld, down, stale; from agreements, consent, feeds, not rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interop.api.absences import BEHIND, health, judged
from interop.api.feed_health import Told, tell
from interop.api.services import Services
from interop.clock import ManualClock, instant
from interop.fhir.rows import IndexRow
from interop.policy.asker import TESTER, Asker
from interop.policy.facts import Agreement, Facts
from interop.store.plan import Feeds, Plan
from interop.store.sql.store import SqlStore
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, FeedCount
from tests.spec.api.conftest import Client, matches
from tests.spec.api.people import T0, patient
from tests.spec.policy.test_indistinguishable import Desk, opened
from tests.spec.policy.worlds import HOUR, Made, World, consented, keep, observed, team
from tests.spec.store.build import put, reference

pytestmark = pytest.mark.anyio
GP = Asker("https://id.test|gp", "gp", "RA1", "desk", scopes=None)
OTHER = Asker("https://id.test|gp2", "gp", "RC3", "desk", scopes=None)
OFFERED = Agreement("a", "RB2", "RA1", (), T0 - HOUR, T0 + HOUR, "pending")
SENDER = Asker("", "feed", "RB2", "puller", feed="hospital", scopes=None)
PERSON = Asker("https://id.test|p", "patient", "", "app", patient="known", fhir_user="Patient/known", scopes=None)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[tuple[SqliteStore, Services, Client]]:
    """``known`` has consented and is of RA1; ``silent`` is of RA1 and has not; both have an observation of RA1 and one of RB2."""
    made: list[Made] = [consented("known")]
    for name in ("known", "silent"):
        made += [Made("Patient", name, [patient(name)], "pas", "RA1"), team(name, "RA1")]
        made += [observed(f"{name}-own", name, "RA1"), observed(f"{name}-other", name, "RB2")]
    world = World(made, {}, Facts((OFFERED,), "explicit", ("RA1", "RB2")), {})
    async with opened(tmp_path / "data", GP, world) as opening:
        await keep(opening[0], made, {})
        yield opening


@pytest.fixture
def client(parts: tuple[SqliteStore, Services, Client]) -> Client:
    return parts[2]


@pytest.fixture
def services(parts: tuple[SqliteStore, Services, Client]) -> Services:
    return parts[1]


def told(bundle: dict[str, Any]) -> list[str]:
    """The codes of what is absent."""
    entries = [entry["resource"] for entry in bundle.get("entry", []) if entry.get("search", {}).get("mode") == "outcome"]
    issues = [issue for each in entries for issue in each["issue"]] + bundle.get("issue", [])
    coded = [coding for issue in issues for coding in issue.get("details", {}).get("coding", [])]
    return [coding["code"] for coding in coded if coding["system"] == "urn:interop:absence"]


SAID = ("Observation?patient={0}", "Observation?subject=Patient/{0}", "Patient/{0}/Observation", "Patient/{0}/*",
        "Patient/{0}/$everything", "Patient/{0}/$whole-record")  # fmt: skip


@pytest.mark.parametrize("address", SAID)
async def test_what_another_organisation_does_not_share_yet(client: Client, address: str) -> None:
    answer = await client.get(f"/fhir/{address.format('known')}")
    assert answer.status_code == 200
    assert told(answer.json()) == ["not-shared"]
    assert "agreement pending" in answer.text
    assert "RB2" in answer.text
    assert "known-own" in answer.text
    assert "known-other" not in answer.text


@pytest.mark.parametrize("address", SAID)
async def test_who_has_not_consented_and_who_is_not_known_are_told_of_alike(
    client: Client, services: Services, address: str
) -> None:
    """Those who may find people see who the person is all the same."""
    services.door = Desk(replace(GP, role="mdt-member"))
    silent, unknown = [await client.get(f"/fhir/{address.format(name)}") for name in ("silent", "nobody")]
    assert told(silent.json()) == ["withheld", "not-shared"]
    assert (silent.status_code, silent.text.replace("silent", "nobody")) == (unknown.status_code, unknown.text)
    services.door = Desk(replace(OTHER, role="mdt-member"))
    stranger, unknown = [await client.get(f"/fhir/{address.format(name)}") for name in ("known", "nobody")]
    assert told(stranger.json())[0] == "withheld"
    assert (stranger.status_code, stranger.text.replace("known", "nobody")) == (unknown.status_code, unknown.text)


@pytest.mark.parametrize("address", SAID)
async def test_a_token_for_one_patient_is_told_of_another_as_of_nobody(client: Client, services: Services, address: str) -> None:
    """Whatever its bearer may see otherwise."""
    services.door = Desk(replace(GP, patient="silent"))
    known, unknown = [await client.get(f"/fhir/{address.format(name)}") for name in ("known", "nobody")]
    assert (known.status_code, known.text.replace("known", "nobody")) == (unknown.status_code, unknown.text)
    services.door = Desk(replace(GP, patient="known"))
    assert "withheld" not in told((await client.get(f"/fhir/{address.format('known')}")).json())


async def test_nothing_is_said_where_there_is_nothing_to_say(client: Client, services: Services) -> None:
    """Nor of a search that is about nobody in particular, nor of counts, nor on further pages."""
    for address in ("Observation", "Observation?patient=known&_summary=count", "Organization"):
        assert told((await client.get(f"/fhir/{address}")).json()) == []
    services.facts = lambda: Facts((replace(OFFERED, status="active"),), "explicit", ("RA1", "RB2"))
    bundle = (await client.get("/fhir/Observation?patient=known")).json()
    assert sorted(matches(bundle)) == ["Observation/known-other", "Observation/known-own"]
    assert len(bundle["entry"]) == 2


async def test_of_consent_nothing_is_said_to_the_person(client: Client, services: Services) -> None:
    services.door = Desk(PERSON)
    assert "withheld" not in told((await client.get("/fhir/Observation?patient=known")).json())
    services.door = Desk(replace(PERSON, patient="silent"))
    assert "withheld" not in told((await client.get("/fhir/Observation?patient=silent")).json())


async def test_to_the_tester_nothing_is_said(client: Client, services: Services) -> None:
    services.door = Desk(TESTER)
    for address in SAID:
        assert told((await client.get(f"/fhir/{address.format('silent')}")).json()) == []


async def test_each_is_told_their_own_and_what_changes_is_told_within_the_second(client: Client, services: Services) -> None:
    held, pending = Facts((replace(OFFERED, status="active"),), "explicit", ("RA1", "RB2")), services.facts()
    for facts in (pending, held, pending):
        services.facts = lambda facts=facts: facts  # type: ignore[misc]
        for _ in range(2):
            for asker, expected in ((GP, ["not-shared"] if facts is pending else []), (OTHER, ["withheld"]), (TESTER, [])):
                services.door = Desk(asker)
                assert told((await client.get("/fhir/Observation?patient=known")).json())[:1] == expected
            services.door = Desk(GP)
            assert "withheld" in told((await client.get("/fhir/Observation?patient=silent")).json())


async def test_a_feed_that_is_silent_for_too_long_or_down_is_told(client: Client, services: Services) -> None:
    feed = services.feeds["hospital"]
    services.feeds = {"hospital": replace(feed, organisation="RC3"), "lab": replace(feed, name="lab", organisation="RA1")}
    services.facts = lambda: Facts((replace(OFFERED, source="RC3", status="active"),), "explicit", ("RA1", "RC3"))
    await tell(services, "hospital", "down")
    answer = await client.get("/fhir/Observation?patient=known")
    assert told(answer.json()) == ["down"]
    assert instant(services.clock.now()) in answer.text


def words(bundle: dict[str, Any]) -> list[str]:
    """The words for what is absent."""
    entries = [entry["resource"] for entry in bundle.get("entry", []) if entry.get("search", {}).get("mode") == "outcome"]
    return [issue["details"]["text"] for each in entries for issue in each["issue"]]


SHARED = replace(OFFERED, status="active")
CASES: dict[str, tuple[Agreement | None, tuple[str, str] | None]] = {
    "none": (None, ("not-shared", "not shared (no agreement): RB2")),
    "pending": (OFFERED, ("not-shared", "not shared (agreement pending): RB2")),
    "to come": (replace(SHARED, start=T0 + HOUR, end=T0 + 2 * HOUR), ("not-shared", "not shared (agreement pending): RB2")),
    "withdrawn": (replace(OFFERED, status="withdrawn"), ("not-shared", "not shared (agreement withdrawn): RB2")),
    "expired": (replace(SHARED, end=T0), ("not-shared", "not shared (agreement ended): RB2")),
    "for another": (replace(SHARED, partner="RC3"), ("not-shared", "not shared (no agreement): RB2")),
    "for another purpose": (replace(SHARED, purposes=("booking",)), ("not-shared", "not shared (no agreement): RB2")),
    "in force": (SHARED, None),
}


@pytest.mark.parametrize("case", CASES)
async def test_each_way_of_not_sharing_has_its_code_and_its_words(client: Client, services: Services, case: str) -> None:
    agreement, expected = CASES[case]
    services.facts = lambda: Facts((agreement,) if agreement is not None else (), "explicit", ("RA1", "RB2"))
    bundle = (await client.get("/fhir/Observation?patient=known")).json()
    assert list(zip(told(bundle), words(bundle), strict=True)) == ([expected] if expected is not None else [])
    assert ("Observation/known-other" in matches(bundle)) == (expected is None)


@pytest.mark.parametrize(
    ("refused", "expected"),
    [(None, []), ("refused", ["withheld (no consent)"]), ("refused:HIV", []), ("refused:R", [])],
)
async def test_who_refuses_the_whole_is_told_of_and_who_refuses_a_label_is_not(
    client: Client, services: Services, refused: str | None, expected: list[str]
) -> None:
    """Nor does the label's refusal change a byte of the rest of the answer."""
    services.facts = lambda: Facts((SHARED,), "explicit", ("RA1", "RB2"))
    before = (await client.get("/fhir/Observation?patient=known")).text
    if refused is not None:
        said = put(
            "Consent", "no", 1, reference("patient", "Patient/known"), IndexRow("consent", "access", refused, T0 - HOUR, T0 + HOUR)
        )
        await services.store.commit(Change(puts=[said]))
    answer = await client.get("/fhir/Observation?patient=known")
    assert words(answer.json()) == expected
    assert (answer.text == before) == (expected == [])


async def feed_said(client: Client, services: Services) -> list[str]:
    return words((await client.get("/fhir/Observation?patient=known")).json())


async def test_a_source_is_down_since_it_was_first_said_until_it_is_well_or_sends(client: Client, services: Services) -> None:
    """Whoever pulls it says so; a second failure does not make it younger, and nothing new is no silence."""
    clock = services.clock
    assert isinstance(clock, ManualClock)
    feed = replace(services.feeds["hospital"], organisation="RB2")
    services.feeds, services.stale_after = {"hospital": feed}, 10 * HOUR
    services.facts = lambda: Facts((SHARED,), "explicit", ("RA1", "RB2"))
    services.door = Desk(SENDER)
    address = "/ingest/hospital?source="
    first = clock.now()
    assert (await client.http.post(address + "down")).status_code == 204
    clock.advance(60)
    assert (await client.http.post(address + "down")).status_code == 204
    services.door = Desk(GP)
    assert await feed_said(client, services) == [f"source down since {instant(first)}: RB2"]
    services.door = Desk(SENDER)
    assert (await client.http.post(address + "well")).status_code == 204
    services.door = Desk(GP)
    assert await feed_said(client, services) == []
    clock.advance(10 * 3_600)
    well = clock.now() - 10 * HOUR
    services.facts = lambda: Facts((replace(SHARED, end=T0 * 2),), "explicit", ("RA1", "RB2"))
    services.feed_health = None
    assert await feed_said(client, services) == []
    clock.advance(1)
    services.feed_health = None
    assert await feed_said(client, services) == [f"stale since {instant(well)}: RB2"]


class Waiting:
    """A store whose answers of how feeds stand wait until they are let go."""

    def __init__(self, store: SqlStore) -> None:
        self._store, self.asked, self.go = store, 0, asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def query(self, plan: Plan) -> list[Any]:
        found = await self._store.query(plan)
        if isinstance(plan, Feeds):
            self.asked += 1
            await self.go.wait()
        return found


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_many_who_ask_at_once_share_a_look_and_who_is_cut_off_cuts_off_nobody(services: Services) -> None:
    """And what changes while it is looked at is told to who asks after."""
    store = Waiting(services.store)  # type: ignore[arg-type]
    services.store = store
    services.look_again()
    asking = [asyncio.create_task(health(services)) for _ in range(5)]
    await settle()
    asking.pop(0).cancel()
    while not store.asked:
        await asyncio.sleep(0)
    services.look_again()
    after = asyncio.create_task(health(services))
    while store.asked < 2:
        await asyncio.sleep(0)
    store.go.set()
    before, now = await asyncio.gather(*asking), await after
    assert store.asked == 2
    assert all(each is before[0] for each in before)
    assert await health(services) is now
    assert store.asked == 2


async def test_only_who_may_send_under_a_feed_says_how_its_source_is(client: Client, services: Services) -> None:
    services.feeds = {"hospital": replace(services.feeds["hospital"], organisation="RB2")}
    for asker, status in ((GP, 403), (replace(SENDER, feed="lab"), 403), (replace(SENDER, organisation="RC3"), 403), (SENDER, 400)):
        services.door = Desk(asker)
        assert (await client.http.post("/ingest/hospital?source=asleep")).status_code == status
    assert (await client.http.post("/ingest/nowhere?source=down")).status_code in (403, 404)
    services.door = Desk(GP)
    assert await feed_said(client, services) == ["not shared (agreement pending): RB2"]


def test_a_feed_is_stale_once_it_has_been_silent_for_longer_than_it_may() -> None:
    counts = [FeedCount(name, 1, 0, 1, 0, 0, 0, 0, last) for name, last in (("fresh", T0 - 5), ("old", T0 - 11), ("never", 0))]
    feeds = dict.fromkeys(("fresh", "old", "never", "pulled"), "RA1")
    found = {each.feed: (each.state, each.since) for each in judged(counts, feeds, {"pulled": Told("down", T0 - 3)}, 10, T0)}
    assert found == {"fresh": ("well", T0 - 5), "old": ("stale", T0 - 11), "never": ("well", 0), "pulled": ("down", T0 - 3)}
    assert all(each.state == "well" for each in judged(counts, feeds, {}, 0, T0))


def test_a_feed_is_stale_while_what_it_sent_waits_to_be_applied() -> None:
    """However lately it has sent: what is acknowledged and not shown is not there for who reads."""
    for waits, expected in ((BEHIND, ("well", T0 - 5)), (BEHIND + 1, ("stale", T0 - BEHIND - 1))):
        (found,) = judged([FeedCount("one", 2, 1, 1, 0, 0, 0, T0 - waits, T0 - 5)], {"one": "RA1"}, {}, 0, T0)
        assert (found.state, found.since) == expected


def test_a_feed_with_a_message_on_the_shelf_is_incomplete_since_that_came_whatever_else_it_is() -> None:
    for stale_after, state in ((0, "well"), (1, "stale")):
        found = judged([FeedCount("one", 2, 0, 1, 0, 0, 1, 0, T0 - 5, T0 - 9)], {"one": "RA1"}, {}, stale_after, T0)
        assert [(each.state, each.since) for each in found] == [(state, T0 - 5), ("incomplete", T0 - 9)]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Told("down", T0 - 6), ("well", T0 - 5)),
        (Told("down", T0 - 5), ("down", T0 - 5)),
        (Told("down", T0 - 1), ("down", T0 - 1)),
        (Told("well", T0 - 1), ("well", T0 - 1)),
        (Told("well", T0 - 9), ("well", T0 - 5)),
    ],
)
def test_what_sends_after_it_was_down_is_well(said: Told, expected: tuple[str, int]) -> None:
    count = FeedCount("one", 1, 0, 1, 0, 0, 0, 0, T0 - 5)
    (found,) = judged([count], {"one": "RA1"}, {"one": said}, 10, T0)
    assert (found.state, found.since) == expected
