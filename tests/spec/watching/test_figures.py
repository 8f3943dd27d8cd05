"""What an engine tells of itself: which figures there are, what they count, and that no label holds what somebody has sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from conformance.generate.numbers import nhs_number
from interop.api.app import create_app
from interop.api.metrics import SUBSCRIPTIONS, UNDECLARED, table
from interop.api.metrics_page import PAGE, written
from interop.api.watched import ROOM, Decisions, rule_label
from interop.clock import ManualClock
from interop.policy.asker import Asker
from interop.policy.decide import Question
from interop.policy.facts import Facts
from interop.store.decision import Decision
from interop.store.postgres import PostgresStore
from interop.store.sqlite import SqliteStore
from interop.store.values import Change, Entry
from interop.watching import SECONDS, Histogram
from tests.spec.api.conftest import serving
from tests.spec.engine.messages import adt
from tests.spec.engine.running import running, sender

pytestmark = pytest.mark.anyio
NUMBER = nhs_number(4_712)
LIMITED = {
    "interop_clocks",
    "interop_clock_steps",
    "interop_folder_bytes",
    "interop_folder_files",
    "interop_folder_messages",
    "interop_folder_usable",
    "interop_rules",
    "interop_spans",
}
"""Figures of what not every engine has."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def scraped(http: httpx.AsyncClient) -> dict[str, Metric]:
    text = (await http.get("/metrics")).text
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(families: dict[str, Metric], sample: str, **labels: str) -> float:
    """The one sample of that name whose labels hold these."""
    [found] = [
        each.value
        for family in families.values()
        for each in family.samples
        if each.name == sample and labels.items() <= each.labels.items()
    ]
    return float(found)


def labels(families: Iterable[Metric]) -> set[str]:
    return {said for family in families for sample in family.samples for said in sample.labels.values()}


def client(port: int) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30)


async def test_every_figure_is_a_row_of_the_table_and_every_row_is_given(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine.http) as http:
        await http.post("/ingest/hl7v2?wait=applied", content=adt())
        await http.get("/fhir/Patient")
        families = await scraped(http)
    missing = table().keys() - families.keys()
    assert {name for name in missing if not name.startswith("interop_redis_")} == LIMITED
    for name, family in families.items():
        row = table()[name]
        assert family.type == row.kind, name
        assert {label for sample in family.samples for label in sample.labels} - {"le"} <= {*row.labels}, name
        assert family.documentation == f"{row.meaning}." or name.startswith("process_")


def test_the_page_of_operations_has_the_table_as_it_is() -> None:
    page = PAGE.read_text("utf-8")
    assert written(page) == page


async def test_nothing_that_is_sent_becomes_a_label_and_no_sender_makes_more_of_them(tmp_path: Path) -> None:
    """A feed may be opened by its first message, a method be any, a path hold a number."""
    async with running(tmp_path / "data") as engine, client(engine.http) as http:

        async def ask(name: str, family: str) -> None:
            await http.post(f"/ingest/{name}", content=adt(nhs=name, family=family, control=name))
            await http.post(f"/ingest/hl7v2?wait={name}", content=adt(control=f"b{name}"))
            await http.request("PURGE", f"/fhir/Patient/{name}")
            await http.get(f"/fhir/{family}/{name}")
            await http.get(f"/fhir/Patient?{family}={name}")
            await http.get(f"/{name}")
            await http.get(f"/messages/{name}", headers={"x-role": family})

        await ask(NUMBER, "QUARRINGTON")
        await scraped(http)
        first = await scraped(http)
        for each in range(10):
            await ask(nhs_number(4_800 + each), f"NAME{each}")
        last = await scraped(http)
    assert value(first, "interop_messages_received_total", feed=UNDECLARED) == 1
    assert value(last, "interop_messages_received_total", feed=UNDECLARED) == 11
    assert value(first, "interop_http_responses_total", part="fhir", method="other", status="405") == 1
    assert labels(first.values()) == labels(last.values())
    text = repr(last).casefold()
    assert [one for one in (NUMBER, "quarrington", "purge", "name1", nhs_number(4_801)) if one in text] == []


async def test_destinations_that_clients_have_named_are_one(tmp_path: Path) -> None:
    class Queues:
        declared = frozenset(("admissions",))

        async def gauges(self) -> dict[str, dict[str, float]]:
            one = {"pending": 2.0, "sent": 1.0, "shelved": 0.0, "withheld": 0.0, "awaited": 3.0, "missing": 1.0, "gone": 7.0}
            return {
                "admissions": one | {"oldest": 1.0},
                f"Subscription/{NUMBER}": one | {"oldest": 9.0},
                "Subscription/b": one | {"oldest": 3.0},
            }

    store = SqliteStore.open(tmp_path / "data", clock=ManualClock())
    intake, services = serving(store, ManualClock())
    services.deliverer = Queues()  # type: ignore[assignment]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(services)), base_url="http://care.test") as http:
        families = await scraped(http)
    await intake.drain()
    await store.close()
    assert value(families, "interop_deliveries", destination=SUBSCRIPTIONS, state="pending") == 4
    assert value(families, "interop_oldest_delivery_seconds", destination=SUBSCRIPTIONS) == 9
    assert value(families, "interop_deliveries", destination="admissions", state="sent") == 1
    assert value(families, "interop_acknowledgements", destination="admissions", state="awaited") == 3
    assert value(families, "interop_acknowledgements", destination="admissions", state="missing") == 1
    assert value(families, "interop_oldest_acknowledgement_seconds", destination="admissions") == 7
    assert NUMBER not in repr(families)


async def test_acknowledgements_are_timed_by_feed_and_by_what_is_waited_for(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine.http) as http, sender(engine.mllp) as line:
        for number in range(3):
            await line.ask(adt(control=f"M{number}"))
        await http.post("/ingest/hl7v2?wait=applied", content=adt(control="H1"))
        await http.post("/ingest/hl7v2", content=b"no message")
        families = await scraped(http)
    assert value(families, "interop_ack_seconds_count", feed="hl7v2", wait="journalled") == 4
    assert value(families, "interop_ack_seconds_count", feed="hl7v2", wait="applied") == 1
    assert value(families, "interop_applied_seconds_count", feed="hl7v2") == 4
    assert 0 < value(families, "interop_applied_seconds_sum", feed="hl7v2") < 120
    assert 0 < value(families, "interop_ack_seconds_sum", feed="hl7v2", wait="applied") < 30
    assert value(families, "interop_ack_seconds_bucket", feed="hl7v2", wait="journalled", le="+Inf") == 4


async def test_commits_are_timed_and_measured_by_what_they_hold(tmp_path: Path) -> None:
    store = SqliteStore.open(tmp_path / "data")
    entries = [Entry(0, "hospital", "hl7v2", 1, f"C{number}", "ADT^A01", b"MSH|") for number in range(3)]
    await asyncio.gather(*(store.commit(Change(entries=[entry])) for entry in entries))
    figures = await store.figures()
    await store.close()
    work = figures.halves["journal"]
    assert (work.sizes.count, work.sizes.total) == (work.groups, 3)
    assert work.seconds.count == work.groups
    assert work.seconds.total > 0
    assert figures.halves["record"].groups == 0
    assert figures.bytes.keys() == {"journal.sqlite", "journal.sqlite-wal", "record.sqlite", "record.sqlite-wal"}
    assert min(figures.bytes.values()) > 0


async def test_postgresql_tells_the_same_and_the_bytes_of_its_schemas(database: str) -> None:
    store = await PostgresStore.open(database)
    entries = [Entry(0, "hospital", "hl7v2", 1, f"C{number}", "ADT^A01", b"MSH|") for number in range(3)]
    await asyncio.gather(*(store.commit(Change(entries=[entry])) for entry in entries))
    figures = await store.figures()
    await store.close()
    work = figures.halves["journal"]
    assert (work.sizes.count, work.sizes.total, work.seconds.count) == (work.groups, 3, work.groups)
    assert figures.bytes.keys() == {"journal", "record"}
    assert min(figures.bytes.values()) > 0


async def test_silence_is_the_time_since_a_feed_last_sent(tmp_path: Path) -> None:
    clock = ManualClock()
    store = SqliteStore.open(tmp_path / "data", clock=clock)
    intake, services = serving(store, clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=create_app(services)), base_url="http://care.test") as http:
        await http.post("/ingest/hospital", content=adt())
        clock.advance(90)
        families = await scraped(http)
    await intake.drain()
    await store.close()
    assert value(families, "interop_silence_seconds", feed="hospital") == 90
    assert value(families, "interop_oldest_waiting_seconds", feed="hospital") == 90


def test_decisions_are_counted_by_outcome_and_rule() -> None:
    counted = Decisions()
    asker = Asker(role="patient", patient="p1")
    refused = counted(Question("$messages", "", "", asker), Facts(), 0)
    counted(Question("capabilities", "", "", asker), Facts(), 0)
    counted(Question("capabilities", "", "", asker), Facts(), 0)
    assert refused.refusal == "forbidden"
    assert counted.counts == {(refused.rule, True): 1, ("anyone/capabilities", False): 2}


def test_rules_that_somebody_could_name_are_counted_under_other() -> None:
    assert rule_label("anyone/capabilities") == "anyone/capabilities"
    assert rule_label(f"{NUMBER}/direct-care") == "other/direct-care"
    made = iter(range(3 * ROOM))
    decisions = Decisions(lambda question, facts, now: Decision(f"rule-{next(made)}"))
    for _ in range(2 * ROOM):
        decisions(Question("read"), Facts(), 0)
    assert len(decisions.counts) == ROOM + 1
    assert decisions.counts["other", False] == ROOM


async def test_rows_of_the_audit_that_are_not_on_disk_or_not_indexed_are_told(tmp_path: Path) -> None:
    async with running(tmp_path / "data") as engine, client(engine.http) as http:
        log, trail = engine.audited.log, engine.audited.trail
        await engine.audited._working.stop()
        trail.catch_up()  # once this thread has its turn, nobody else is at it
        trail.catch_up = lambda most=0: 0  # type: ignore[method-assign]
        before = await scraped(http)
        for _ in range(5):
            await http.get("/fhir/Patient")
        after = await scraped(http)
        for name in ("interop_audit_rows_total", "interop_audit_index_behind_rows"):
            assert value(after, name) - value(before, name) == 6  # the first scrape has a row too
        await log.durable(log.sequence)
        assert log.unsynced == 0


@given(st.lists(st.floats(min_value=0, max_value=100), min_size=1, max_size=200), st.floats(min_value=0.01, max_value=1))
def test_a_share_of_the_values_lies_at_or_below_what_is_told(values: list[float], share: float) -> None:
    counted = Histogram()
    for each in values:
        counted.add(each)
    bound = counted.within(share)
    assert sum(each <= bound for each in values) >= share * len(values)
    lower = max((each for each in (0.0, *SECONDS) if each < bound), default=0.0)
    assert bound == SECONDS[0] or sum(each <= lower for each in values) < share * len(values)
    below = [count for _, count in counted.buckets()]
    assert below == [sum(each <= bound for each in values) for bound in (*SECONDS, float("inf"))]
    assert counted.total == pytest.approx(sum(values))


def test_histograms_of_other_bounds_are_not_added_up() -> None:
    with pytest.raises(ValueError):
        Histogram().include(Histogram((1.0,)))
