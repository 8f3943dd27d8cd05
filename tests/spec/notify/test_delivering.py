"""A destination is sent what is due in order, again where that may help, and never what it may not see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interop.api.delivering.meaning import asker_of
from interop.apply.asked import NO_AUTHOR, Author
from interop.audit.row import READ, decode
from interop.errors import Problem
from interop.notify.backoff import DAY, LONGEST, waits
from interop.notify.routes import NOTHING
from interop.policy.asker import Asker
from interop.policy.facts import Agreement, Facts
from interop.store.decision import Decision
from interop.store.plan import Deliveries
from interop.store.values import Change, Husk
from tests.spec.api.people import T0, patient
from tests.spec.notify.outbound import Outbound, webhook
from tests.spec.notify.receiving import Receiver, receiving
from tests.spec.policy.worlds import CONFIDENTIALITY, HOUR, Made, consented, keep, observed, team
from tests.spec.store.build import entry, journal
from tests.spec.store.conftest import opener as opener
from tests.spec.store.conftest import place as place
from tests.spec.store.conftest import store as store

pytestmark = pytest.mark.anyio
SYSTEM = Asker(role="system", organisation="RA1", client="destination:gp", scopes=None)
AGREED = Facts((Agreement("a", "RB2", "RA1", (), T0 - HOUR, T0 + HOUR, "active"),), "explicit", ("RA1", "RB2"))


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as made:
        yield made


@pytest.fixture
async def out(store: Any, tmp_path: Path, receiver: Receiver) -> AsyncIterator[Outbound]:
    """``ours`` is cared for by RA1 and has consented; ``theirs`` is not and has not."""
    made = [consented("ours"), team("ours", "RA1")]
    made += [Made("Patient", name, [patient(name)], "api", "RB2") for name in ("ours", "theirs")]
    made += [observed(f"{name}-{n}", name, "RB2") for name in ("ours", "theirs") for n in (1, 2, 3)]
    await keep(store, made, {})
    outbound = Outbound(store, tmp_path / "audit", webhook(receiver.url), SYSTEM, AGREED)
    yield outbound
    await outbound.close()


async def test_what_is_due_goes_out_in_order_under_its_id(out: Outbound, receiver: Receiver) -> None:
    await out.due("Observation/ours-1", "Observation/ours-2")
    assert [await out.step(), await out.step()] == [0, 0]
    assert [got.json["id"] for got in receiver.got] == ["ours-1", "ours-2"]
    assert [got.headers["idempotency-key"] for got in receiver.got] == ["d-ours-1", "d-ours-2"]
    assert await out.states() == [("ours-1", "sent", 1), ("ours-2", "sent", 1)]
    assert await out.step() > 0


async def test_who_is_no_longer_the_one_that_sends_sends_nothing_and_marks_nothing(out: Outbound, receiver: Receiver) -> None:
    alone = False

    async def ask() -> bool:
        return alone

    out.worker.alone = ask
    await out.due("Observation/ours-1")
    assert await out.step() > 0
    assert receiver.got == []
    assert await out.states() == [("ours-1", "pending", 0)]
    alone = True
    assert await out.step() == 0
    assert await out.states() == [("ours-1", "sent", 1)]


@pytest.mark.parametrize("answer", [429, 503, 500, 0, -1, 401])
async def test_what_may_be_taken_later_is_tried_again_under_the_same_id_before_anything_else(
    out: Outbound, receiver: Receiver, answer: int
) -> None:
    receiver.answers = [answer, answer, 200]
    await out.due("Observation/ours-1", "Observation/ours-2")
    await out.step()
    assert await out.step() == 1.0
    out.clock.advance(1)
    await out.step()
    assert await out.step() == 2.0
    out.clock.advance(2)
    await out.step()
    await out.step()
    assert [got.headers["idempotency-key"] for got in receiver.got] == ["d-ours-1", "d-ours-1", "d-ours-1", "d-ours-2"]
    assert await out.states() == [("ours-1", "sent", 3), ("ours-2", "sent", 1)]


async def test_a_destination_that_asks_for_time_is_given_it(out: Outbound, receiver: Receiver) -> None:
    receiver.answers, receiver.headers = [503], "retry-after: 25\r\n"
    await out.due("Observation/ours-1")
    await out.step()
    assert await out.step() == 25.0


@pytest.mark.parametrize("answer", [400, 404, 409, 422, 301])
async def test_what_is_refused_for_good_is_shelved_and_the_next_goes_on(out: Outbound, receiver: Receiver, answer: int) -> None:
    receiver.answers = [answer, 200]
    await out.due("Observation/ours-1", "Observation/ours-2")
    await out.step()
    await out.step()
    assert await out.states() == [("ours-1", "shelved", 1), ("ours-2", "sent", 1)]
    assert len(receiver.got) == 2


@pytest.mark.long
async def test_a_destination_that_is_down_is_tried_for_seven_days_and_no_longer(
    store: Any, out: Outbound, receiver: Receiver, tmp_path: Path
) -> None:
    lasting = Facts((Agreement("a", "RB2", "RA1", (), T0 - HOUR, T0 + 1_000 * HOUR, "active"),), "explicit", ("RA1", "RB2"))
    gone = Outbound(store, tmp_path / "other", webhook("http://127.0.0.1:9/in"), SYSTEM, lasting)
    await gone.due("Observation/ours-1", "Observation/ours-2", made=T0)
    tries = 0
    while (await gone.states())[0][1] == "pending":
        gone.clock.advance(await gone.step())
        tries += 1
        assert tries < 30_000
    [first, second] = await store.query(Deliveries())
    assert first.state == "shelved"
    assert first.reason == "destination-unavailable"
    assert 7 * 24 - 1 <= first.tries <= 7 * 24 + 14
    assert second.state == "pending"
    await gone.close()


def test_tries_are_further_and_further_apart_up_to_an_hour() -> None:
    assert [waits(tries) // 1_000_000 for tries in (1, 2, 3, 4, 12, 13, 400)] == [1, 2, 4, 8, 2048, LONGEST, LONGEST]
    assert waits(1, 60) == 60_000_000


async def test_a_slow_destination_does_not_lose_what_it_is_slow_to_take(out: Outbound, receiver: Receiver) -> None:
    receiver.answers = [-2, 200]
    await out.due("Observation/ours-1")
    trying = asyncio.ensure_future(out.step())
    await receiver.until(1)
    trying.cancel()
    await asyncio.wait((trying,))
    assert await out.states() == [("ours-1", "pending", 0)]
    await out.step()
    assert [got.headers["idempotency-key"] for got in receiver.got] == ["d-ours-1", "d-ours-1"]
    assert await out.states() == [("ours-1", "sent", 1)]


async def test_a_pause_outlasts_a_restart_and_what_was_due_goes_out_after_it(
    store: Any, out: Outbound, receiver: Receiver, tmp_path: Path
) -> None:
    await out.deliverer.start()
    await out.deliverer.pause("gp", True)
    await out.due("Observation/ours-1")
    out.deliverer.arrived(["gp"])
    await out.deliverer.stop()
    again = Outbound(store, tmp_path / "again", webhook(receiver.url), SYSTEM, AGREED)
    await again.deliverer.start()
    assert again.worker.paused
    assert receiver.got == []
    await again.deliverer.pause("gp", False)
    await receiver.until(1)
    await again.deliverer.stop()
    await again.close()


async def test_the_shelf_is_sent_again_when_an_operator_says_so(out: Outbound, receiver: Receiver) -> None:
    receiver.answers = [422, 422, 200]
    await out.due("Observation/ours-1", "Observation/ours-2")
    await out.step()
    await out.step()
    assert await out.deliverer.resend("gp") == 2
    await out.step()
    await out.step()
    assert await out.states() == [("ours-1", "sent", 1), ("ours-2", "sent", 1)]
    assert await out.deliverer.resend("gp", 1) == 1
    await out.step()
    assert [got.json["id"] for got in receiver.got] == ["ours-1", "ours-2", "ours-1", "ours-2", "ours-1"]


@pytest.mark.parametrize("one", [0, 1])
async def test_what_is_sent_again_after_its_days_is_tried_for_as_many_again(out: Outbound, receiver: Receiver, one: int) -> None:
    receiver.answers = [422, 503, 503, 200]
    await out.due("Observation/ours-1", made=out.clock.now() - 100 * DAY)
    await out.step()
    assert await out.deliverer.resend("gp", one) == 1
    for _ in range(5):
        out.clock.advance(await out.step())
    assert await out.states() == [("ours-1", "sent", 3)]


async def test_what_waited_while_a_destination_was_paused_is_tried_as_long_as_what_is_new(
    out: Outbound, receiver: Receiver
) -> None:
    receiver.answers = [503, 200]
    await out.due("Observation/ours-1", made=out.clock.now() - 100 * DAY)
    out.worker.paused = True
    await out.deliverer.pause("gp", False)
    for _ in range(3):
        out.clock.advance(await out.step())
    assert await out.states() == [("ours-1", "sent", 2)]


async def test_what_the_organisation_may_not_see_never_leaves(out: Outbound, receiver: Receiver) -> None:
    await out.due("Observation/theirs-1", "Observation/nothere", "Observation/ours-1")
    for _ in range(3):
        await out.step()
    assert [got.json["id"] for got in receiver.got] == ["ours-1"]
    assert await out.states() == [("theirs-1", "withheld", 0), ("nothere", "withheld", 0), ("ours-1", "sent", 1)]


@pytest.mark.parametrize("form", ["fhir", "fhir-message", "id-only"])
async def test_nothing_tells_what_is_withheld_from_what_is_not_there(out: Outbound, receiver: Receiver, form: str) -> None:
    """With the forbidden deliveries and without them the destination is told the same, byte for byte."""
    await out.due("Observation/ours-1", "Observation/theirs-1", "Observation/theirs-2", "Observation/ours-2", format=form)
    for _ in range(4):
        await out.step()
    both = [(got.method, got.path, got.headers, got.body) for got in receiver.got]
    await out.store.commit(Change(marks=[]))
    receiver.got.clear()
    await out.deliverer.resend("gp", 1)
    await out.step()
    await out.deliverer.resend("gp", 4)
    await out.step()
    assert [(got.method, got.path, got.headers, got.body) for got in receiver.got] == both


async def test_an_agreement_that_ends_before_it_goes_out_keeps_it_in(out: Outbound, receiver: Receiver) -> None:
    await out.due("Observation/ours-1")
    out.clock.advance(HOUR / 1_000_000)
    await out.step()
    assert receiver.got == []
    assert await out.states() == [("ours-1", "withheld", 0)]


async def test_whereabouts_that_are_hidden_are_taken_out_and_a_message_that_tells_them_stays(
    store: Any, out: Outbound, receiver: Receiver, tmp_path: Path
) -> None:
    """Also for whom everything else is open."""
    hidden = {"security": [{"system": CONFIDENTIALITY, "code": "R"}]}
    at_home = {**patient("hides"), "meta": hidden, "address": [{"line": ["7 Secret Lane"]}]}
    await keep(store, [Made("Patient", "hides", [at_home], "api", "RB2")], {})
    [kept] = await journal(store, entry(1))
    all_open = Outbound(store, tmp_path / "open", webhook(receiver.url), SYSTEM, AGREED, lambda *asked: Decision("any"))
    row = all_open.delivery("Patient/hides")
    said = row._replace(id="m", event="message", format="as-received", message=kept.message, version=0, concerns="Patient/hides")
    await store.commit(Change(deliveries=[row, said]))
    await all_open.step()
    await all_open.step()
    [got] = receiver.got
    assert got.json["id"] == "hides"
    assert b"Secret Lane" not in got.body
    assert await all_open.states() == [("hides", "sent", 1), ("hides", "withheld", 0)]
    await all_open.close()


@pytest.mark.parametrize("form", [NOTHING, "fhir", "fhir-xml"])
async def test_a_subscription_is_told_of_nobody_whom_its_author_may_not_see(
    store: Any, out: Outbound, receiver: Receiver, tmp_path: Path, form: str
) -> None:
    narrow = Author("", "system", "RA1", "app", "", "system/Observation.rs")
    for number, author in enumerate((Author("", "system", "RA1", "app", "", "*"), narrow, NO_AUTHOR)):
        receiver.got.clear()
        name = f"subscription:{number}"
        one = Outbound(store, tmp_path / name, replace(webhook(receiver.url), name=name), asker_of(author, open=False), AGREED)
        await one.due("Patient/ours", "Observation/theirs-1", "Observation/ours-1", format=form)
        for _ in range(3):
            await one.step()
        assert len(receiver.got) == (2, 1, 0)[number]
        await one.close()


async def test_each_delivery_is_in_the_audit_before_it_goes_out(out: Outbound, receiver: Receiver, tmp_path: Path) -> None:
    await out.due("Observation/ours-1", "Observation/theirs-1")
    await out.step()
    await out.step()
    rows = [decode(line) for line in _entries(tmp_path / "audit")]
    [row] = [each for each in rows if each.kind == READ]
    assert (row.interaction, row.who.organisation, row.who.client) == ("deliver", "RA1", "destination:gp")
    assert (row.type, row.id, row.patients, row.resources) == ("Observation", "ours-1", ("ours",), 1)
    assert row.more == {"destination": "gp", "delivery": "d-ours-1"}


async def test_nothing_goes_out_before_its_row_of_the_audit_is_on_disk(out: Outbound, receiver: Receiver, monkeypatch: Any) -> None:
    await out.due("Observation/ours-1")

    def fails() -> None:
        raise Problem("audit-unavailable")

    monkeypatch.setattr(out.log, "sync", fails)
    with pytest.raises(Problem):
        await out.step()
    monkeypatch.undo()
    assert receiver.got == []
    assert await out.states() == [("ours-1", "pending", 0)]


def _entries(directory: Path) -> list[bytes]:
    found = []
    for file in sorted(directory.rglob("*.log")):
        for line in file.read_bytes().splitlines():
            start = line.find(b"[")
            if start >= 0:
                found.append(line[start : line.rfind(b"]") + 1])
    return found


async def test_nothing_goes_out_while_the_audit_cannot_be_written(out: Outbound, receiver: Receiver, monkeypatch: Any) -> None:
    await out.due("Observation/ours-1")

    def fails(*said: Any) -> None:
        raise Problem("audit-unavailable")

    monkeypatch.setattr(out.log, "write", fails)
    with pytest.raises(Problem):
        await out.step()
    assert receiver.got == []
    assert await out.states() == [("ours-1", "pending", 0)]


async def test_what_was_sent_and_cannot_be_marked_is_marked_later_and_not_sent_again(
    out: Outbound, receiver: Receiver, monkeypatch: Any
) -> None:
    await out.due("Observation/ours-1", "Observation/ours-2")

    async def full(change: Change) -> None:
        raise Problem("journal-unavailable")

    with monkeypatch.context() as patched:
        patched.setattr(out.store, "commit", full)
        for _ in range(3):
            with pytest.raises(Problem):
                await out.step()
    assert [got.json["id"] for got in receiver.got] == ["ours-1"]
    assert await out.states() == [("ours-1", "pending", 0), ("ours-2", "pending", 0)]
    await out.step()
    assert await out.states() == [("ours-1", "sent", 1), ("ours-2", "pending", 0)]
    await out.step()
    assert [got.json["id"] for got in receiver.got] == ["ours-1", "ours-2"]


async def test_a_message_as_received_goes_where_all_that_it_speaks_of_may_be_seen(
    store: Any, out: Outbound, receiver: Receiver
) -> None:
    [kept] = await journal(store, entry(1))
    row = out.delivery("ADT^A01", event="message", format="as-received", message=kept.message, version=0)
    of = "Patient/ours Observation/ours-1"
    rows = [
        row._replace(id="m1", concerns=of),
        row._replace(id="m2", concerns=f"{of} Observation/theirs-1"),
        row._replace(id="m3", concerns=""),
    ]
    await store.commit(Change(deliveries=rows))
    for _ in rows:
        await out.step()
    assert [got.headers["idempotency-key"] for got in receiver.got] == ["m1"]
    assert receiver.got[0].body == kept.body
    assert [each.state for each in await store.query(Deliveries())] == ["sent", "withheld", "withheld"]


async def test_a_message_whose_content_is_no_longer_kept_is_shelved_and_never_sent_empty(
    store: Any, out: Outbound, receiver: Receiver
) -> None:
    [kept] = await journal(store, entry(1))
    row = out.delivery("ADT^A01", event="message", format="as-received", message=kept.message, version=0)
    rows = [row._replace(id="m1", concerns="Patient/ours"), row._replace(id="m2", concerns="Observation/theirs-1")]
    await store.commit(Change(deliveries=rows))
    await store.commit(Change(husks=[Husk(kept.message, True)]))
    for _ in rows:
        await out.step()
    assert receiver.got == []
    assert [(each.state, each.reason) for each in await store.query(Deliveries())] == [("shelved", "purged"), ("withheld", "")]


async def test_a_fhir_server_is_sent_puts_deletes_and_messages(
    store: Any, tmp_path: Path, out: Outbound, receiver: Receiver
) -> None:
    fhir = Outbound(store, tmp_path / "fhir", webhook(receiver.url, kind="fhir"), SYSTEM, AGREED)
    await keep(store, [Made("Observation", "gone", [observed("gone", "ours", "RB2").versions[0], None], "api", "RB2")], {})
    await fhir.due("Observation/ours-1")
    await fhir.due("Observation/gone", event="deleted", version=2)
    await fhir.due("Observation/ours-2", format="fhir-message")
    for _ in range(3):
        await fhir.step()
    assert [(got.method, got.path) for got in receiver.got] == [
        ("PUT", "/in/Observation/ours-1"),
        ("DELETE", "/in/Observation/gone"),
        ("POST", "/in/$process-message"),
    ]
    bundle = receiver.got[2].json
    assert (bundle["type"], bundle["entry"][0]["resource"]["resourceType"]) == ("message", "MessageHeader")
    assert bundle["entry"][1]["resource"]["id"] == "ours-2"
    await fhir.close()


async def test_a_directory_has_each_delivery_once_and_whole(store: Any, out: Outbound, tmp_path: Path) -> None:
    to = replace(webhook("x"), kind="file", address=str(tmp_path / "drop"))
    files = Outbound(store, tmp_path / "files", to, SYSTEM, AGREED)
    await files.due("Observation/ours-1")
    await files.step()
    await files.deliverer.resend("gp", 1)
    await files.step()
    assert [file.name for file in (tmp_path / "drop").iterdir()] == ["d-ours-1.json"]
    await files.close()
