"""Snapshots: where a message tells all that there is, what it leaves out is taken back; where it may not, nothing is."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import count, permutations
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interop.apply.applier import Applier
from interop.apply.mapping_work import Job, Yield, map_batch
from interop.clock import ManualClock
from interop.formats.json import load_json
from interop.ids import Mint
from interop.ports import Feed
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Compartment, History, Plan, Snapshots
from interop.store.plan import Said as Said_
from interop.store.sql import engine
from interop.store.sqlite import SqliteStore
from interop.store.sqlite.dialect import SqliteDialect
from interop.store.values import Change

MINT = Mint(b"a key for tests only")
WHOLE, PARTS = Feed("pas", "hl7v2", snapshots=("allergies", "diagnoses")), Feed("other", "hl7v2")
FEEDS = {feed.name: feed for feed in (WHOLE, PARTS, Feed("gp", "openhr"), Feed("gp-delta", "openhr", snapshots=("delta",)))}


class Said(NamedTuple):
    """A message: feed, number in the journal, day of the event, allergies; ``part`` where it does not tell all."""

    feed: str
    number: int
    day: int
    allergies: str
    part: bool = False
    visit: str = "V1"
    diagnoses: str = ""
    sender: str = "RXX"


def said(feed: str, number: int, body: str | bytes) -> Yield:
    declared = FEEDS[feed]
    data = body.encode() if isinstance(body, str) else body
    (made,) = map_batch([Job(number, feed, declared.adapter, data, 0, True, declared.snapshots)], MINT)
    assert made.problem is None, made.problem
    return made


def adt(one: Said, patient: str = "P0") -> Yield:
    segments = [
        f"MSH|^~\\&|PAS|{one.sender}|HUB|HUB|202601{one.day:02}1000||ADT^A08|{one.number}|P|2.4",
        f"EVN|A08|202601{one.day:02}1000",
        f"PID|1||{patient}^^^PAS||TEST^ANN",
        f"PV1|1|I|WARD||||||||||||||||{patient}{one.visit}^^^PAS",
        *(f"AL1|{place}|DA|{code}^Allergy {code}" for place, code in enumerate(one.allergies, 1)),
        *(f"DG1|{place}||{code}^Diagnosis {code}^L" for place, code in enumerate(one.diagnoses, 1)),
    ]
    made = said(one.feed, one.number, "\r".join(segments))
    return made if not one.part else part_of(made)


def part_of(made: Yield) -> Yield:
    """The same message if its sender had not told all."""
    made.whole = []
    return made


class Record:
    """A record in the making."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.loop = asyncio.new_event_loop()
        self.store = SqliteStore.open(folder, clock=ManualClock())
        self.applier = Applier(self.store, ManualClock(), FEEDS)

    def apply(self, *batch: Yield) -> None:
        self.loop.run_until_complete(self.applier.apply(list(batch)))

    def compute(self, *batch: Yield) -> Change:
        return self.loop.run_until_complete(self.applier._compute(list(batch)))[0]

    def asked(self, plan: Plan) -> list[Any]:
        return self.loop.run_until_complete(self.store.query(plan))

    def close(self) -> None:
        self.loop.run_until_complete(self.store.close())
        self.loop.close()


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Record]:
    """One record for all cases: each is about a patient of its own."""
    made = Record(tmp_path_factory.mktemp("record") / "data")
    yield made
    made.close()


PATIENTS = count(1)


def shown(record: Record, *batches: list[Said], kind: str = "AllergyIntolerance") -> str:
    """The codes that stand in a new patient's record when these batches have been applied, one after the other."""
    patient = f"P{next(PATIENTS)}"
    return standing(record, [[adt(one, patient) for one in batch] for batch in batches], kind)


def standing(record: Record, batches: list[list[Yield]], kind: str) -> str:
    for batch in batches:
        record.apply(*batch)
    ids = {piece.id for batch in batches for made in batch for piece in made.pieces if piece.type == "Patient"}
    found = [stored for id_ in ids for stored in record.asked(Compartment(PERMIT_ALL, id_, (kind,)))]
    return "".join(sorted(load_json(stored.body)["code"]["coding"][0]["code"] for stored in found))


def each(*messages: Said) -> list[list[Said]]:
    return [[message] for message in messages]


def test_what_a_complete_snapshot_leaves_out_is_taken_back(record: Record) -> None:
    assert shown(record, *each(Said("pas", 1, 1, "AB"), Said("pas", 2, 2, "BC"))) == "BC"


@pytest.mark.parametrize(
    "later",
    [
        pytest.param(Said("pas", 2, 3, ""), id="a message that has none of it says nothing of it"),
        pytest.param(Said("pas", 2, 3, "C", part=True), id="a message that does not tell all takes nothing back"),
        pytest.param(Said("other", 2, 3, "C"), id="another feed takes nothing back"),
        pytest.param(Said("pas", 2, 3, "C", sender="RYY"), id="nor does another organisation of the same feed"),
        pytest.param(Said("pas", 2, 1, "C"), id="nor an older snapshot that comes late"),
    ],
)
def test_anything_else_takes_nothing_back(later: Said, record: Record) -> None:
    assert set("AB") <= set(shown(record, *each(Said("pas", 1, 2, "AB"), later)))


def test_a_feed_that_declares_nothing_never_takes_back(record: Record) -> None:
    assert shown(record, *each(Said("other", 1, 1, "AB"), Said("other", 2, 2, "C"))) == "ABC"


def test_what_others_say_stands(record: Record) -> None:
    """The other feed names the same patient and allergy: one resource, and it keeps what that feed says."""
    assert shown(record, *each(Said("pas", 1, 1, "AB"), Said("other", 2, 1, "A"), Said("pas", 3, 3, "C"))) == "AC"


def test_a_diagnosis_belongs_to_its_visit(record: Record) -> None:
    messages = (
        Said("pas", 1, 1, "", visit="V1", diagnoses="AB"),
        Said("pas", 2, 2, "", visit="V2", diagnoses="C"),
        Said("pas", 3, 3, "", visit="V1", diagnoses="B"),
    )
    assert shown(record, *each(*messages), kind="Condition") == "BC"


def test_what_was_taken_back_comes_again_with_the_next_message_that_says_it(record: Record) -> None:
    assert shown(record, *each(Said("pas", 1, 1, "A"), Said("pas", 2, 2, "B"), Said("pas", 3, 3, "AB"))) == "AB"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_the_record_is_the_same_in_whatever_order_they_come(order: tuple[int, ...], record: Record) -> None:
    """Among them a snapshot that comes after a later one, and a change that was made before it."""
    messages = (
        Said("pas", 1, 1, "AB"),
        Said("pas", 2, 2, "AC"),
        Said("pas", 3, 1, "D", part=True),
        Said("pas", 4, 3, "E", part=True),
    )
    assert shown(record, *each(*(messages[place] for place in order))) == "ACE"


MESSAGES = st.lists(
    st.tuples(st.sampled_from(["pas", "other"]), st.integers(1, 4), st.sets(st.sampled_from("ABCD"), max_size=3), st.booleans()),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(MESSAGES, st.data())
def test_of_a_feed_what_its_latest_snapshot_and_everything_later_say(
    record: Record, drawn: list[tuple[str, int, set[str], bool]], data: st.DataObject
) -> None:
    """In any order, any of it twice, in batches of any size."""
    messages = [Said(feed, number, day, "".join(sorted(codes)), part) for number, (feed, day, codes, part) in enumerate(drawn, 1)]
    stamps = {message.number: said_order(message) for message in messages}
    expected = set[str]()
    for feed in ("pas", "other"):
        own = [message for message in messages if message.feed == feed]
        whole = [stamps[one.number] for one in own if feed == "pas" and one.allergies and not one.part]
        since = max(whole, default=(0, 0, ""))
        expected |= {code for one in own if stamps[one.number] >= since for code in one.allergies}
    order = data.draw(st.permutations([*messages, *data.draw(st.lists(st.sampled_from(messages), max_size=3))]))
    cuts = data.draw(st.lists(st.integers(0, len(order)), max_size=3).map(sorted))
    batches = [order[low:high] for low, high in zip([0, *cuts], [*cuts, len(order)], strict=True)]
    assert shown(record, *(batch for batch in batches if batch)) == "".join(sorted(expected))


def said_order(message: Said) -> tuple[int, int, str]:
    order = adt(message).order
    assert order is not None
    return order


def test_it_is_told_how_many_were_taken_back_and_history_keeps_them(record: Record) -> None:
    first, second = adt(Said("pas", 1, 1, "AB"), "told"), adt(Said("pas", 2, 2, "C"), "told")
    record.apply(first)
    change = record.compute(second)
    assert change.outcomes[0].retracted == 2
    record.apply(second)
    allergy = next(piece for piece in first.pieces if piece.type == "AllergyIntolerance")
    versions = record.asked(History(PERMIT_ALL, allergy.type, allergy.id))
    assert [(version.deleted, version.message) for version in versions] == [(True, 2), (False, 1)]
    again = record.compute(second)
    assert (again.outcomes[0].retracted, again.puts, again.states, again.snapshots) == (0, [], [], [])


def test_what_was_said_in_a_scope_is_asked_for_by_two_statements(record: Record) -> None:
    """However much the record holds. A feed without snapshots asks for nothing."""
    for number in range(1, 20):
        record.apply(adt(Said("pas", number, number, "ABCD", part=True), "asked"))

    def statements(feed: str) -> int:
        plans: list[Plan] = []
        query = record.store.query

        async def counted(plan: Plan) -> list[Any]:
            plans.append(plan)
            return await query(plan)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(record.store, "query", counted)
            record.compute(adt(Said(feed, 99, 28, "A"), "asked"))
        return len(plans)

    assert statements("pas") == statements("other") + 2


def test_they_go_by_an_index(record: Record) -> None:
    for plan in (Snapshots((("pas", "~x"),)), Said_((("pas", "~x"),))):
        steps = getattr(engine, "snapshots" if isinstance(plan, Snapshots) else "said")(plan, SqliteDialect())
        text, values = next(steps)
        with closing(sqlite3.connect(record.folder / "record.sqlite")) as connection:
            told = " ".join(row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {text}", values))
        assert [name for name in ("SCAN c", "SCAN s", "SCAN r") if name in told] == [], told


OPENHR = """<openHealthRecord xmlns="http://www.e-mis.com/emisopen"><id>5d0c1c51-7a1e-4f60-9b3a-00000000000{n}</id>
<creationTime>2026-03-0{n}T06:30:00+00:00</creationTime><author><system><systemType>EMISWEB</systemType></system>
<organisation>a0000000-0000-4000-8000-000000000001</organisation></author>
<contentSpecification><specification>{content}</specification>{filter}</contentSpecification>
<adminDomain><patient updateMode="{patient}"><id>b0000000-0000-4000-8000-{p}</id></patient></adminDomain>
<healthDomain>{events}</healthDomain></openHealthRecord>"""
EVENT = """<event updateMode="{mode}"><id>c0000000-0000-4000-8000-{p}{id}</id>
<patient>b0000000-0000-4000-8000-0{p}</patient><eventType>OBS</eventType>
<code code="{id}" codeSystem="2.16.840.1.113883.2.1.3.2.4.15" displayName="x"/></event>"""
ENTIRE = "37241000000102"


def extract(feed: str, number: int, ids: str, whose: int, **more: str) -> list[Yield]:
    told = {"content": ENTIRE, "filter": "", "patient": "add", "mode": "add"} | more
    mode = told.pop("mode")
    events = "".join(EVENT.format(id=id_, mode=mode, p=f"{whose:011}") for id_ in ids)
    return [said(feed, number, OPENHR.format(n=number, events=events, p=f"{whose:012}", **told))]


@pytest.mark.parametrize(
    ("feed", "second", "left"),
    [
        pytest.param("gp", {}, "2", id="an entire record takes back what it no longer holds"),
        pytest.param("gp", {"content": "37251000000104"}, "12", id="an extract of some of it does not"),
        pytest.param("gp", {"filter": "<dataSet>x</dataSet>"}, "12", id="nor one with a filter"),
        pytest.param("gp", {"patient": "none"}, "12", id="nor what was added since the last extract"),
        pytest.param("gp", {"mode": "edit"}, "12", id="nor what was changed since"),
        pytest.param("gp-delta", {}, "12", id="nor anything of a feed that declares its messages to be changes"),
    ],
)
def test_an_extract_says_itself_whether_it_is_the_entire_record(
    feed: str, second: dict[str, str], left: str, record: Record
) -> None:
    patient = next(PATIENTS)
    assert standing(record, [extract(feed, 1, "12", patient), extract(feed, 2, "2", patient, **second)], "Observation") == left
