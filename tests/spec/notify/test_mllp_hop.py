"""What goes over MLLP to a neighbour: who answers for it, which message an answer means, and what a connection leaves behind."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest

from adapters.hl7v2 import courier
from adapters.hl7v2.client import Line, parse
from adapters.hl7v2.courier import acknowledgement
from adapters.hl7v2.framing import Decoder, frame
from interop.errors import Problem
from interop.formats.er7 import accepting
from interop.notify.destinations import Destination
from interop.store.sqlite import SqliteStore
from interop.store.values import Change
from tests.spec.engine.messages import adt
from tests.spec.notify.listening import Listening, ack, listening
from tests.spec.notify.outbound import Opens, Outbound, message, opening
from tests.spec.notify.test_itk import rows
from tests.spec.notify.test_mllp import enhanced
from tests.spec.store.build import entry, journal

pytestmark = pytest.mark.anyio


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    made = SqliteStore.open(tmp_path / "store")
    await made.migrate()
    yield made
    await made.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Listening]:
    async with listening() as made:
        yield made


@pytest.fixture
async def out(store: SqliteStore, tmp_path: Path, receiver: Listening) -> AsyncIterator[Opens]:

    def to(url: str = "", **settings: str) -> Destination:
        return Destination("gp", "mllp", url or receiver.url, "RA1", settings=settings)

    async with opening(store, tmp_path, to) as opens:
        yield opens


Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def serving() -> AsyncIterator[Callable[[Serve], Awaitable[str]]]:
    """Lets others be served as they say, at the address that is given back."""
    servers: list[asyncio.Server] = []

    async def serves(serve: Serve) -> str:
        servers.append(await asyncio.start_server(serve, "127.0.0.1", 0, limit=32 << 20))
        servers[-1].sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        return f"mllp://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}"

    yield serves
    for each in servers:
        each.close()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ("|2.4|||NE|NE|GBR|", "|2.4|||AL|NE|GBR|"),
        ("|2.4|||ER|AL|GBR|", "|2.4|||AL|AL|GBR|"),
        ("|2.4||||AL|GBR|", "|2.4|||AL|AL|GBR|"),
        ("|2.4|||AL|AL|GBR|", "|2.4|||AL|AL|GBR|"),
        ("|2.4|||||GBR|", "|2.4|||||GBR|"),
        ("|2.4|||NE\rEVN|x|y", "|2.4|||AL\rEVN|x|y"),
        ("|2.4\rEVN|x||||||||||||||||||y", "|2.4\rEVN|x||||||||||||||||||y"),
    ],
)
def test_where_answers_are_asked_for_by_level_our_neighbour_is_asked_for_its_own(asked: str, sent: str) -> None:
    whole = "MSH|^~\\&|PAS|RX1|PAS2|RX2|20260105||ADT^A01^ADT_A01|C1|P%s\rPID|1\r"
    assert accepting((whole % asked).encode()) == (whole % sent).encode()


async def test_what_asks_for_no_answer_is_not_sent_until_the_neighbour_has_said_that_it_has_it(
    out: Opens, receiver: Listening
) -> None:
    receiver.answers = ["", "CA"]
    one = await out(enhanced("C1", "NE", "NE"))
    await one.step()
    [row] = await rows(one)
    assert (row.state, row.reason) == ("pending", "destination-unanswered")
    one.clock.advance(1)
    await one.step()
    assert [(each.state, each.tries) for each in await rows(one)] == [("sent", 2)]


async def test_a_refusal_of_what_asked_for_errors_alone_counts(out: Opens, receiver: Listening) -> None:
    receiver.answers, receiver.err = ["CE"], "ERR|||102"
    one = await out(enhanced("C1", "ER", "NE"))
    await one.step()
    assert [(each.state, each.reason) for each in await rows(one)] == [("shelved", "destination-refused")]


async def test_a_destination_may_be_sent_what_asks_for_no_answer_as_it_is(out: Opens, receiver: Listening) -> None:
    receiver.answers = [None]
    one = await out(enhanced("C1", "NE", "NE"), accept="as-sent")
    await one.step()
    assert await receiver.until(1) == [enhanced("C1", "NE", "NE")]
    assert [each.state for each in await rows(one)] == ["sent"]
    with pytest.raises(ValueError, match="accept is always or as-sent"):
        await out(accept="never")


async def test_an_application_that_answers_to_our_port_keeps_nothing_waiting(out: Opens, receiver: Listening) -> None:
    receiver.answers = ["CA"]
    one = await out(enhanced("C1", "NE", "AL"))
    await one.step()
    assert [(each.state, each.ack) for each in await rows(one)] == [("sent", "awaited")]


@pytest.mark.parametrize(
    "body",
    [
        b"MSH|^~\\&|A|B|C|D|20260101||ACK^A01^ACK|1|P|2.4||||||UNICODE UTF-8\rMSA|AA|C1|cost \xa35\r",
        b"MSH|^~\\&|A|B|C|D|20260101||ACK^A01^ACK|1|P|2.4||||||KLINGON\rMSA|AA|C1\r",
        b"MSH|^~\\&|A|B|C|D|20260101||ACK^A01^ACK|1|P|2.4\rMSA|AA|C1\rsome text behind it\r",
    ],
)
def test_an_acknowledgement_that_cannot_be_read_whole_still_says_what_became_of_the_message(body: bytes) -> None:
    control, answer = parse(body)
    assert answer is not None
    assert (control, answer.accepted, answer.code) == ("C1", True, "AA")
    refused = parse(body.replace(b"|AA|", b"|AR|") + b"ERR|||201\r")[1]
    assert refused is not None
    assert (refused.accepted, refused.again) == (False, False)


@pytest.mark.parametrize("body", [adt(control="C9").decode().encode("utf-16"), b"<ClinicalDocument/>"])
async def test_what_no_acknowledgement_could_name_is_not_sent(out: Opens, receiver: Listening, body: bytes) -> None:
    one = await out(body)
    await one.step()
    assert [(each.state, each.reason) for each in await rows(one)] == [("shelved", "destination-refused")]
    assert receiver.got == []


async def test_a_late_word_of_the_application_is_no_answer_to_the_next_message_of_its_control_id(out: Opens, serving: Any) -> None:
    """The second was never taken: the connection ends."""
    got: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        decoder = Decoder()
        while data := await reader.read(65_536):
            for body in decoder.feed(data):
                got.append(body)
                writer.write(frame(ack(got[0], "CA" if len(got) == 1 else "AA")))
                if len(got) == 2:
                    writer.close()
                    return

    first, second = enhanced("C1"), enhanced("C1").replace(b"|PAS|RX1|", b"|LIMS|RX1|")
    one = await out(url=await serving(serve))
    await of(one, first, "PAS|RX1|C1", 1)
    await of(one, second, "LIMS|RX1|C1", 2)
    await one.step()
    await one.step()
    async with asyncio.timeout(10):
        while [(each.state, each.ack) for each in await rows(one)] != [("sent", "acknowledged"), ("pending", "awaited")]:
            await asyncio.sleep(0.01)


async def of(out: Outbound, body: bytes, duplicate: str, number: int) -> None:
    """A message of that sender that is due."""
    kept = entry(number)
    kept.body, kept.duplicate = body, duplicate
    [made] = await journal(out.store, kept)
    row = out.delivery("ADT^A01", event="message", format="as-received", message=made.message, version=0, concerns="Patient/ours")
    await out.store.commit(Change(deliveries=[row._replace(id=f"{number:032x}")]))


def said(code: str, sender: str) -> Any:
    """What an application says of C1, to whoever sent it."""
    found = acknowledgement(ack(enhanced("C1").replace(b"|PAS|RX1|", f"|{sender}|RX1|".encode()), code))
    assert found is not None
    return found


async def test_of_two_senders_messages_of_one_control_id_each_is_acknowledged_by_its_own_word(
    out: Opens, receiver: Listening
) -> None:
    receiver.answers = ["CA"]
    one = await out()
    await of(one, enhanced("C1"), "PAS|RX1|C1", 1)
    await of(one, enhanced("C1").replace(b"|PAS|RX1|", b"|LIMS|RX1|"), "LIMS|RX1|C1", 2)
    await one.step()
    await one.step()
    assert await one.deliverer.returned(said("AE", "PAS"))
    assert [(each.state, each.ack) for each in await rows(one)] == [("shelved", "refused"), ("sent", "awaited")]
    assert await one.deliverer.returned(said("AE", "PAS")), "said again: nothing more"
    assert [(each.state, each.ack) for each in await rows(one)] == [("shelved", "refused"), ("sent", "awaited")]
    assert await one.deliverer.returned(said("AA", "LIMS"))
    assert [(each.state, each.ack) for each in await rows(one)] == [("shelved", "refused"), ("sent", "acknowledged")]


async def test_where_the_sender_is_not_told_a_word_that_is_repeated_says_nothing_of_an_older_message(
    out: Opens, receiver: Listening
) -> None:
    receiver.answers = ["CA"]
    one = await out(enhanced("C1"))
    await one.step()
    await message(one, enhanced("C1"), f"{1:032x}")
    one.clock.advance(25 * 3600)
    await one.worker.look()
    await one.step()
    assert [each.ack for each in await rows(one)] == ["missing", "awaited"]
    for _ in range(2):
        assert await one.deliverer.returned(said("AE", "OTHER"))
        assert [(each.state, each.ack) for each in await rows(one)] == [("sent", "missing"), ("shelved", "refused")]


async def test_where_nothing_tells_which_of_two_is_meant_neither_is(out: Opens, receiver: Listening) -> None:
    receiver.answers = ["CA"]
    one = await out(enhanced("C1"), enhanced("C1"))
    await one.step()
    await one.step()
    assert not await one.deliverer.returned(said("AE", "OTHER"))
    assert [(each.state, each.ack) for each in await rows(one)] == [("sent", "awaited")] * 2


async def test_what_the_application_says_on_our_connection_is_answered_when_it_is_kept(out: Opens, receiver: Listening) -> None:
    receiver.answers, receiver.more = ["CA", None], lambda body: [ack(body, "AA", more="AL")] if b"ADT^A01" in body else []
    one = await out(enhanced("C1"))
    await one.step()
    [_, answer] = await receiver.until(2)
    assert (b"\rMSA|CA|AC1AA\r" in answer, answer.split(b"|")[14:16]) == (True, [b"NE", b"NE\rMSA"])
    assert [(each.state, each.ack) for each in await rows(one)] == [("sent", "acknowledged")]


async def test_what_it_says_while_the_store_is_away_is_kept_when_it_is_back_in_its_order() -> None:
    from interop.api.delivering.hearing import Hearing

    kept: list[str] = []
    away = True

    async def keeps(heard: Any) -> bool:
        nonlocal away
        if away:
            away = False
            raise Problem("journal-unavailable")
        kept.append(heard.code)
        return True

    hearing = Hearing("gp", keeps)
    told = [hearing.tell(said(code, "PAS")) for code in ("AE", "AA")]
    async with asyncio.timeout(10):
        assert [await each for each in told] == [True, True]
    assert kept == ["AE", "AA"]
    away = True
    last = hearing.tell(said("AR", "PAS"))
    await hearing.stop()
    assert last.cancelled()


async def test_what_was_not_answered_in_time_does_not_arrive_behind_what_was_sent_after_it(
    out: Opens, serving: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other side stops reading; when it goes on it finds the end of the connection, and no old message."""
    monkeypatch.setattr(courier, "TIMEOUT", 0.2)
    got: list[tuple[int, bytes]] = []
    gate, ended = asyncio.Event(), asyncio.Event()
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        mine = connections
        if mine == 1:
            cast(asyncio.Transport, writer.transport).pause_reading()
            await gate.wait()
            cast(asyncio.Transport, writer.transport).resume_reading()
        try:
            while True:
                body = (await reader.readuntil(b"\x1c\r"))[1:-2]
                got.append((mine, body.split(b"|")[9]))
                writer.write(frame(ack(body, "AA")))
        except (asyncio.IncompleteReadError, ConnectionError):
            if mine == 1:
                ended.set()
        writer.close()

    big = adt(control="C1") + b"NTE|1||" + b"x" * (8 << 20) + b"\r"
    one = await out(big, adt(control="C2"), url=await serving(serve))
    await one.step()
    monkeypatch.setattr(courier, "TIMEOUT", 20.0)
    one.clock.advance(2)
    await one.step()
    await one.step()
    gate.set()
    async with asyncio.timeout(10):
        await ended.wait()
    assert got == [(2, b"C1"), (2, b"C2")]


async def test_an_answer_without_end_ends_the_connection(receiver: Listening) -> None:
    line = await Line.open("127.0.0.1", receiver.port)
    line.data_received(b"\x0bMSH|" + b"x" * (10 << 20) + b"x")
    assert not line.open_


async def test_a_connection_that_is_kept_is_looked_at_before_firewalls_forget_it(receiver: Listening) -> None:
    line = await Line.open("127.0.0.1", receiver.port)
    line.keep()
    assert line._transport is not None
    found = line._transport.get_extra_info("socket")
    assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
    assert found.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
    line.close()


async def test_a_process_that_sends_no_more_lets_its_connection_go(out: Opens, receiver: Listening) -> None:
    one = await out(adt())
    await one.step()
    await one.deliverer.pause_all()
    async with asyncio.timeout(10):
        while receiver._open:
            await asyncio.sleep(0.01)
    assert receiver.connections == 1
