"""MLLP over real sockets: persist, then acknowledge; order, pace, broken and oversized blocks (HL7 v2.4 2.9; MLLP Release 1)."""

from __future__ import annotations

import asyncio
import socket
import struct
from asyncio import Future, StreamReader, StreamWriter, Transport
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from socket import SO_LINGER, SOL_SOCKET
from typing import cast

from adapters.hl7v2 import MllpListener, adapter
from adapters.hl7v2.framing import Decoder, frame
from interop.errors import Problem
from interop.ports import AckState, Answer, Feed, MessageState, Receipt, Wait
from tests.spec.hl7v2.messages import message


class Ledger:
    """The port that a listener stands on, in memory: the test decides when a message is on disk."""

    def __init__(self) -> None:
        self.received: list[tuple[str, bytes, Wait | None]] = []
        self.refused: list[tuple[bytes, str]] = []
        self.told: list[tuple[int, AckState]] = []
        self.due: list[Future[Receipt]] = []
        self.hold = False

    def receive(self, feed: str, body: bytes, *, adapter: str, wait: Wait | None = None, organisation: str = "") -> Future[Receipt]:
        self.received.append((adapter, body, wait))
        return self._promise(Receipt(len(self.received), MessageState.APPLIED, problem=self.judge(body)))

    def refuse(self, feed: str, body: bytes, problem: Problem) -> Future[Receipt]:
        self.refused.append((body, problem.reason.name))
        return self._promise(Receipt(1000 + len(self.refused), MessageState.REFUSED, problem))

    def acknowledged(self, message: int, state: AckState) -> None:
        self.told.append((message, state))

    def judge(self, body: bytes) -> Problem | None:
        try:
            adapter.envelope(body)
        except Problem as problem:
            return problem
        return None

    def _promise(self, receipt: Receipt) -> Future[Receipt]:
        future: Future[Receipt] = asyncio.get_running_loop().create_future()
        if self.hold:
            future.answer = receipt  # type: ignore[attr-defined]
            self.due.append(future)
        else:
            future.set_result(receipt)
        return future

    def release(self, place: int) -> None:
        self.due[place].set_result(self.due[place].answer)  # type: ignore[attr-defined]


@asynccontextmanager
async def serving(
    ledger: Ledger, *, limit: int = 100_000, unanswered: int = 512
) -> AsyncIterator[tuple[MllpListener, StreamReader, StreamWriter]]:
    listener = MllpListener("127.0.0.1", 0, Feed("acute", "hl7v2"), limit=limit, unanswered=unanswered)
    await listener.start(ledger)
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield listener, reader, writer
    finally:
        writer.close()
        await listener.stop()


async def answered(reader: StreamReader, count: int) -> list[str]:
    """MSA-1 and MSA-2 of so many answers, such as ``AA C1``."""
    decoder, got = Decoder(), list[bytes]()
    while len(got) < count:
        data = await reader.read(65536)
        assert data, "the connection ended early"
        got += decoder.feed(data)
    return [" ".join(body.decode().split("\r")[1].split("|")[1:3]) for body in got]


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(10):
            await test()

    asyncio.run(within())


def test_no_answer_leaves_before_the_entry_is_on_disk() -> None:
    async def test() -> None:
        ledger = Ledger()
        ledger.hold = True
        async with serving(ledger) as (_, reader, writer):
            writer.write(frame(message("C1")))
            await until(lambda: len(ledger.due) == 1)
            pending = asyncio.create_task(reader.read(1))
            await asyncio.wait([pending], timeout=0.05)
            assert not pending.done()
            assert ledger.told == []
            ledger.release(0)
            assert await pending == b"\x0b"
            assert ledger.told == [(1, AckState.SENT)]

    run(test)


def test_answers_come_in_the_order_of_the_messages_whatever_is_ready_first() -> None:
    async def test() -> None:
        ledger = Ledger()
        ledger.hold = True
        async with serving(ledger) as (_, reader, writer):
            writer.write(b"".join(frame(message(f"C{nth}")) for nth in range(3)))
            await until(lambda: len(ledger.due) == 3)
            for place in (2, 1, 0):
                ledger.release(place)
            assert await answered(reader, 3) == ["AA C0", "AA C1", "AA C2"]
            assert ledger.told == [(1, AckState.SENT), (2, AckState.SENT), (3, AckState.SENT)]

    run(test)


def test_a_message_is_handed_over_as_it_came() -> None:
    async def test() -> None:
        ledger = Ledger()
        async with serving(ledger) as (_, reader, writer):
            body = message("C1").replace(b"\r", b"\n")
            writer.write(frame(body))
            assert await answered(reader, 1) == ["AA C1"]
            assert ledger.received == [("hl7v2", body, None)]

    run(test)


def test_a_refused_message_is_told_why_and_the_connection_goes_on() -> None:
    async def test() -> None:
        async with serving(Ledger()) as (_, reader, writer):
            writer.write(frame(b"not HL7 at all") + frame(message("C2", version="9.9")) + frame(message("C3")))
            assert await answered(reader, 3) == ["AR ", "AR C2", "AA C3"]

    run(test)


def test_no_more_is_read_while_too_many_answers_are_due() -> None:
    async def test() -> None:
        ledger = Ledger()
        ledger.hold = True
        async with serving(ledger, unanswered=4) as (listener, reader, writer):
            for nth in range(4):
                writer.write(frame(message(f"C{nth}")))
                await until(lambda seen=nth: len(ledger.due) == seen + 1)  # type: ignore[misc]
            [connection] = listener.connections
            assert connection._transport is not None
            assert not connection._transport.is_reading()
            writer.write(frame(message("C4")))
            ledger.release(0)
            await until(lambda: len(ledger.due) == 5)
            for place in range(1, 5):
                ledger.release(place)
            assert await answered(reader, 5) == [f"AA C{nth}" for nth in range(5)]

    run(test)


def test_a_block_without_end_gets_no_answer_and_is_journalled() -> None:
    async def test() -> None:
        ledger = Ledger()
        async with serving(ledger) as (_, reader, writer):
            writer.write(frame(message("C1")) + b"\x0bMSH|half")
            writer.write_eof()
            assert await answered(reader, 1) == ["AA C1"]
            assert await reader.read() == b""
            assert ledger.refused == [(b"MSH|half", "truncated")]

    run(test)


def test_a_sender_may_close_its_half_and_still_gets_its_answers() -> None:
    async def test() -> None:
        ledger = Ledger()
        ledger.hold = True
        async with serving(ledger) as (_, reader, writer):
            writer.write(frame(message("C1")) + frame(message("C2")))
            writer.write_eof()
            await until(lambda: len(ledger.due) == 2)
            ledger.release(0)
            ledger.release(1)
            assert await answered(reader, 2) == ["AA C1", "AA C2"]
            assert await reader.read() == b""
            assert ledger.refused == []

    run(test)


def test_an_answer_that_finds_no_connection_is_told_as_failed() -> None:
    async def test() -> None:
        ledger = Ledger()
        ledger.hold = True
        async with serving(ledger) as (listener, _, writer):
            writer.write(frame(message("C1")))
            await until(lambda: len(ledger.due) == 1)
            socket = writer.get_extra_info("socket")
            socket.setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            await until(lambda: not listener.connections)
            ledger.release(0)
            await until(lambda: bool(ledger.told))
            assert ledger.told == [(1, AckState.FAILED)]

    run(test)


def test_an_answer_that_just_went_out_reaches_a_sender_that_is_still_sending_when_the_engine_stops() -> None:
    async def test() -> None:
        ledger = Ledger()
        async with serving(ledger) as (listener, reader, writer):
            cast(Transport, writer.transport).pause_reading()
            writer.write(frame(message("C1")))
            await until(lambda: ledger.told == [(1, AckState.SENT)])
            stopped = asyncio.ensure_future(listener.stop())
            for nth in range(20):
                writer.write(frame(message(f"D{nth}")))
                await asyncio.sleep(0)
            cast(Transport, writer.transport).resume_reading()
            assert await answered(reader, 1) == ["AA C1"]
            writer.close()
            await stopped
            assert len(ledger.received) == 1

    run(test)


def test_a_message_over_the_limit_is_journalled_as_far_as_read_rejected_and_the_connection_closed() -> None:
    async def test() -> None:
        ledger = Ledger()
        async with serving(ledger, limit=300) as (_, reader, writer):
            long = message("C2", extra=("NTE|1||" + "x" * 400,))
            writer.write(frame(message("C1")) + frame(long) + frame(message("C3")))
            assert await answered(reader, 2) == ["AA C1", "AR C2"]
            assert await reader.read() == b""
            assert ledger.refused == [(long[:300], "too-large")]
            assert len(ledger.received) == 1

    run(test)


def test_the_rejection_reaches_a_sender_that_is_still_sending() -> None:
    async def test() -> None:
        ledger = Ledger()
        async with serving(ledger, limit=300) as (_, reader, writer):
            writer.write(frame(message("C1", extra=("NTE|1||" + "x" * 8_000_000,))))
            assert await answered(reader, 1) == ["AR C1"]
            assert await reader.read() == b""
            assert [(len(body), reason) for body, reason in ledger.refused] == [(300, "too-large")]

    run(test)


def test_in_enhanced_mode_the_application_answer_follows_as_a_message_of_its_own() -> None:
    async def test() -> None:
        ledger = Ledger()
        async with serving(ledger) as (_, reader, writer):
            writer.write(frame(message("C1", accept="AL", application="AL")) + frame(message("C2", accept="AL", application="NE")))
            assert await answered(reader, 3) == ["CA C1", "AA C1", "CA C2"]
            assert [wait for _, _, wait in ledger.received] == [Wait.APPLIED, Wait.JOURNALLED]

    run(test)


def test_an_acknowledgement_is_never_acknowledged() -> None:
    async def test() -> None:
        ledger = Ledger()
        async with serving(ledger) as (_, reader, writer):
            writer.write(frame(message("C1", type="ACK^A01^ACK")) + frame(message("C2")))
            assert await answered(reader, 1) == ["AA C2"]
            assert len(ledger.received) == 1

    run(test)


def test_stopping_gives_the_answers_that_are_due() -> None:
    async def test() -> None:
        ledger = Ledger()
        ledger.hold = True
        async with serving(ledger) as (listener, reader, writer):
            writer.write(frame(message("C1")))
            await until(lambda: len(ledger.due) == 1)
            stopping = asyncio.create_task(listener.stop())
            await asyncio.sleep(0)
            ledger.release(0)
            assert await answered(reader, 1) == ["AA C1"]
            writer.close()
            await stopping

    run(test)


def test_the_client_gets_an_answer_for_each_message() -> None:
    async def test() -> None:
        async with serving(Ledger()) as (listener, _, _):
            url = f"mllp://127.0.0.1:{listener.port}"
            bodies = [message(f"C{nth}") for nth in range(20)] + [message("BAD", version="9.9"), message("M", accept="NE")]
            answers = [answer async for answer in adapter.send(url, bodies, connections=3)]
            assert {answer.control_id for answer in answers if answer.accepted} == {*(f"C{nth}" for nth in range(20)), "M"}
            [bad] = [answer for answer in answers if not answer.accepted]
            assert (bad.control_id, bad.code) == ("BAD", "AR")
            assert "version" in bad.text

    run(test)


def test_the_client_keeps_the_order_of_one_connection() -> None:
    async def test() -> None:
        ledger = Ledger()
        async with serving(ledger) as (listener, _, _):
            bodies = [message(f"C{nth}") for nth in range(10)]
            answers = [answer async for answer in adapter.send(f"mllp://127.0.0.1:{listener.port}", iter(bodies))]
            assert [answer.control_id for answer in answers] == [f"C{nth}" for nth in range(10)]
            assert [body for _, body, _ in ledger.received] == bodies

    run(test)


def test_the_client_says_when_nobody_listens_or_the_connection_ends() -> None:
    async def test() -> None:
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))  # taken, so that nobody else listens there meanwhile
            failure: OSError | None = None
            try:
                _ = [answer async for answer in adapter.send(f"mllp://127.0.0.1:{deaf.getsockname()[1]}", [message()])]
            except OSError as error:
                failure = error
            assert failure is not None

        async def hang_up(reader: StreamReader, writer: StreamWriter) -> None:
            await reader.read(10)
            writer.close()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        answers = [answer async for answer in adapter.send(f"mllp://127.0.0.1:{port}", [message("C1")])]
        assert answers == [Answer("C1", False, "", "the connection ended before the answer")]
        server.close()
        await server.wait_closed()

    run(test)
