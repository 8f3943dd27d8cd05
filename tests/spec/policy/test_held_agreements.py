"""Agreements as Contract resources, both ways, and what Governance makes of those in the record."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as some

from interop.apply.governance import Governance
from interop.clock import ManualClock
from interop.fhir.findings import failed
from interop.fhir.rows import EARLIEST, LATEST
from interop.fhir.validation import check
from interop.ids import ODS_ORGANISATION, Mint
from interop.policy.agreements import PURPOSES, SOURCE, TYPE, agreements, contract, organisation
from interop.policy.asker import Asker
from interop.policy.facts import Agreement
from interop.policy.tables import tables
from interop.ports import Feed
from interop.record.indexing import indexed
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Committed, Put, Stored
from tests.spec.policy.test_held_hostile import JSON, places, replaced
from tests.spec.policy.test_held_relationships import at

AGREED = Agreement("a", "A81001", "", ("direct-care",), at("2026-01-01"), at("2027-01-01"), "active")
SECONDS = some.integers(0, 4_000_000_000).map(lambda second: second * 1_000_000)
CODES = some.from_regex(r"[A-Z][A-Z0-9]{2,5}", fullmatch=True)
ANY = some.builds(
    Agreement,
    some.just("a"),
    CODES | some.sampled_from(["feed:hospital", "00000001-5e11-4c0a-9b1d-000000000001", "st james"]),
    some.just("") | CODES,
    some.lists(some.sampled_from(sorted(tables().purposes)), min_size=1, unique=True).map(tuple),
    SECONDS | some.just(EARLIEST),
    SECONDS | some.just(LATEST),
    some.sampled_from(["pending", "active", "withdrawn"]),
).filter(lambda one: one.source != one.partner and one.end > max(one.start, 0))


def nobody(id_: str) -> tuple[str, ...]:
    return ()


@given(ANY)
def test_an_agreement_comes_back_from_its_contract(agreement: Agreement) -> None:
    assert agreements(contract(agreement), nobody) == (agreement,)


@given(ANY)
def test_the_contract_keeps_to_r4(agreement: Agreement) -> None:
    assert not failed(check(contract(agreement)))


@given(some.data())
def test_no_contract_makes_it_fail(data: some.DataObject) -> None:
    made = contract(AGREED)
    place = data.draw(some.sampled_from(places(made)[1:]))
    for agreement in agreements(replaced(made, place, data.draw(JSON)), nobody):
        assert agreement.start < agreement.end
        assert agreement.source


PENDING, WITHDRAWN = ("offered", "negotiable", "executable"), ("terminated", "revoked", "cancelled", "rejected")
NOTHING = ("entered-in-error", "disputed", "amended", "policy", "renewed", "resolved", "appended", None)


@pytest.mark.parametrize(
    ("status", "counts_as"),
    [
        ("executed", "active"),
        *((each, "pending") for each in PENDING),
        *((each, "withdrawn") for each in WITHDRAWN),
        *((each, None) for each in NOTHING),
    ],
)
def test_what_the_status_of_a_contract_means(status: str | None, counts_as: str | None) -> None:
    assert [each.status for each in agreements({**contract(AGREED), "status": status}, nobody)] == (
        [counts_as] if counts_as else []
    )


def with_action(**more: Any) -> dict[str, Any]:
    made = contract(AGREED)
    made["term"][0]["action"][0] |= more
    return made


@pytest.mark.parametrize(
    "broken",
    [
        {**contract(AGREED), "type": {"coding": [{"system": TYPE[0], "code": "privacy"}]}},
        {**contract(AGREED), "applies": {"start": "soon"}},
        {**contract(AGREED), "term": []},
        {**contract(AGREED), "subject": [{"display": "A81001"}]},
        with_action(doNotPerform=True),
        with_action(performer={"display": "somebody"}),
        with_action(performer={"reference": "Organization/nowhere"}),
        with_action(intent={"coding": [{"system": PURPOSES, "code": "HMARKT"}]}),
        with_action(intent={"text": "care"}),
    ],
)
def test_what_cannot_be_read_is_no_agreement(broken: dict[str, Any]) -> None:
    assert agreements(broken, nobody) == ()


def test_without_a_term_it_is_for_direct_care_with_all() -> None:
    made = {name: value for name, value in contract(AGREED).items() if name != "term"}
    assert agreements(made, nobody) == (Agreement("a", "A81001", "", (), AGREED.start, AGREED.end, "active"),)


def test_a_pairwise_agreement_has_its_purposes_by_partner() -> None:
    made = contract(AGREED)
    action = made["term"][0]["action"][0]
    booking = {"coding": [{"system": PURPOSES, "code": "PATADMIN"}]}
    made["term"][0]["action"] = [
        {**action, "performer": organisation("RX1")},
        {**action, "intent": booking, "performer": organisation("RX1")},
        {**action, "intent": booking, "performer": organisation("RX2")},
    ]
    assert {(each.partner, each.purposes) for each in agreements(made, nobody)} == {
        ("RX1", ("direct-care", "booking")),
        ("RX2", ("booking",)),
    }


def stored(resource: dict[str, Any], *, owner: str = "api", source: str = "", version: int = 1) -> Put:
    kind, id_ = resource["resourceType"], resource["id"]
    deleted = len(resource) == 2
    body = b"" if deleted else orjson.dumps(resource)
    return Put(Stored(kind, id_, version, 0, body, deleted, owner, source=source), [] if deleted else indexed(resource))


PRACTICE = {"resourceType": "Organization", "id": "guid-1", "identifier": [{"system": ODS_ORGANISATION, "value": "a81001"}]}
GUID = "00000001-5e11-4c0a-9b1d-000000000001"
OF_A_FEED = {
    "resourceType": "Contract", "id": "emis", "status": "executed", "type": {"coding": [{"system": TYPE[0], "code": TYPE[1]}]},
    "subject": [{"reference": "Organization/guid-1", "identifier": {"system": SOURCE, "value": GUID}}],
}  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore.open(tmp_path / "data", clock=ManualClock())
    yield opened
    await opened.close()


class Heard:
    """A record and the Governance that hears of it."""

    def __init__(self, store: SqliteStore, **feeds: Feed) -> None:
        self.store, self.feeds = store, feeds
        self.governance = Governance(Mint(), feeds)

    async def put(self, *puts: Put) -> None:
        change = Change(puts=list(puts))
        assert isinstance(await self.store.commit(change), Committed)
        self.governance.committed(change)

    async def agreed(self) -> list[tuple[str, str]]:
        """Source and status, and that one who starts now knows the same."""
        facts = self.governance.facts()
        late = Governance(Mint(), self.feeds)
        await late.start(self.store)
        assert late.facts().agreements == facts.agreements
        assert late.facts().sources == facts.sources
        return [(each.source, each.status) for each in facts.agreements]


@pytest.fixture
def heard(store: SqliteStore) -> Heard:
    return Heard(store)


@pytest.mark.anyio
class TestGovernance:
    async def test_a_contract_counts_from_the_commit_on_until_it_is_deleted(self, heard: Heard) -> None:
        before = heard.governance.facts()
        await heard.put(stored(contract(AGREED)))
        assert heard.governance.facts().agreements == (AGREED,)
        assert heard.governance.facts().revision > before.revision
        assert await heard.agreed() == [("A81001", "active")]
        await heard.put(stored({"resourceType": "Contract", "id": "a"}, version=2))
        assert await heard.agreed() == []

    async def test_what_is_not_about_agreements_changes_nothing(self, heard: Heard) -> None:
        """A Decision is kept as long as the Facts are the same value."""
        await heard.put(stored(contract(AGREED)))
        before = heard.governance.facts()
        await heard.put(stored({"resourceType": "Patient", "id": "p", "active": True}), stored(PRACTICE))
        assert heard.governance.facts() is before

    async def test_a_withdrawal_is_known_at_once(self, heard: Heard) -> None:
        await heard.put(stored(contract(AGREED)))
        await heard.put(stored({**contract(AGREED), "status": "terminated"}, version=2))
        assert await heard.agreed() == [("A81001", "withdrawn")]

    async def test_the_end_needs_no_change(self, heard: Heard) -> None:
        await heard.put(stored(contract(AGREED)))
        (agreement,) = heard.governance.facts().agreements
        assert [agreement.holds(now) for now in (at("2025-12-31"), at("2026-01-01"), at("2026-12-31"), at("2027-01-01"))] == [
            False, True, True, False,
        ]  # fmt: skip

    async def test_a_feed_agrees_for_those_alone_who_contribute_to_it(self, heard: Heard) -> None:
        await heard.put(stored(PRACTICE, owner="emis", source="A81001"))
        await heard.put(stored(OF_A_FEED, owner="emis", source="A81002"))
        assert await heard.agreed() == []
        await heard.put(stored(OF_A_FEED, owner="emis", source="A81001", version=2))
        assert await heard.agreed() == [("A81001", "active")]

    async def test_whose_code_comes_later_is_known_then(self, heard: Heard) -> None:
        """The extract tells of agreements by GUID; which organisation has it stands in another file."""
        await heard.put(stored(OF_A_FEED, owner="emis", source="A81001"))
        assert await heard.agreed() == []
        await heard.put(stored(PRACTICE))
        assert await heard.agreed() == [("A81001", "active")]
        await heard.put(stored({"resourceType": "Organization", "id": "guid-1"}, version=2))
        assert await heard.agreed() == []

    async def test_a_feed_that_is_bound_to_nobody_agrees_under_the_name_of_its_data(self, heard: Heard) -> None:
        await heard.put(stored(OF_A_FEED, owner="emis", source=GUID))
        assert await heard.agreed() == [(GUID, "active")]

    async def test_a_name_that_the_feed_has_a_code_for_is_that_code(self, store: SqliteStore) -> None:
        heard = Heard(store, emis=Feed("emis", "emis", organisation="A81001", also=((GUID, "A81001"),)))
        await heard.put(stored(OF_A_FEED, owner="emis", source="A81001"))
        assert await heard.agreed() == [("A81001", "active")]

    async def test_where_a_source_has_taken_its_word_back_no_client_shares_for_it(self, heard: Heard) -> None:
        await heard.put(stored(contract(AGREED)), stored(PRACTICE))
        await heard.put(stored({**OF_A_FEED, "status": "terminated"}, owner="emis", source="A81001"))
        assert {status for _, status in await heard.agreed()} == {"withdrawn"}

    async def test_what_a_feed_agrees_to_can_be_ended_by_hand_and_not_what_is_for_another_partner(self, heard: Heard) -> None:
        pairwise = Agreement("b", "A81001", "RX1", ("booking",), AGREED.start, AGREED.end, "active")
        await heard.put(stored(PRACTICE), stored(OF_A_FEED, owner="emis", source="A81001"), stored(contract(pairwise)))
        assert await heard.agreed() == [("A81001", "active"), ("A81001", "active")]
        await heard.put(stored({**contract(AGREED), "status": "terminated"}))
        assert {(each.partner, each.status) for each in heard.governance.facts().agreements} == {
            ("", "withdrawn"),
            ("RX1", "active"),
        }

    async def test_who_contributes_is_known_by_name(self, heard: Heard) -> None:
        await heard.put(stored({"resourceType": "Patient", "id": "p", "active": True}, source="A81002,RX1"))
        await heard.put(stored({"resourceType": "Patient", "id": "q", "active": True}, source="A81001"))
        assert heard.governance.facts().sources == ("A81001", "A81002", "RX1")
        await heard.agreed()

    async def test_an_organisation_is_known_by_every_id_that_the_record_has_for_it(self, heard: Heard) -> None:
        minted = f"Organization/{Mint().id('Organization', ODS_ORGANISATION, 'A81001')}"
        asker = Asker(user="i|u", role="gp", organisation="A81001")
        assert heard.governance.facts().codes(asker) == ("user:i|u", "ods:A81001", minted)
        await heard.put(stored(PRACTICE))
        assert heard.governance.facts().codes(asker) == ("user:i|u", "ods:A81001", minted, "Organization/guid-1")
        assert heard.governance.facts().codes(Asker(user="i|u")) == ("user:i|u",)

    async def test_no_organisation_is_two(self, heard: Heard) -> None:
        """Whoever adds a code to another's Organization would have to do with all of its patients."""
        rival = Asker(user="i|u", role="gp", organisation="B82002")
        before = heard.governance.facts().codes(rival)
        minted = Mint().id("Organization", ODS_ORGANISATION, "A81001")
        both = [{"system": ODS_ORGANISATION, "value": code} for code in ("A81001", "B82002")]
        await heard.put(stored({**PRACTICE, "identifier": both}), stored({**PRACTICE, "id": minted, "identifier": both}))
        assert heard.governance.facts().codes(rival) == before
        asker = Asker(user="i|u", role="gp", organisation="A81001")
        assert heard.governance.facts().codes(asker) == ("user:i|u", "ods:A81001", f"Organization/{minted}")
