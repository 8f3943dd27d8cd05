"""Takes messages in: envelope, journal, receipt. One commit at a time carries all that came while the last one was on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Final, Protocol

from interop.clock import Clock
from interop.errors import Category, Problem
from interop.ports import Acknowledgement, AckState, Adapter, Envelope, Feed, MessageState, Receipt, Wait
from interop.ports.feed import SPACES, contributor
from interop.store.plan import Message
from interop.store.seam import Store
from interop.store.values import Change, Committed, Conflict, Entry, Outcome
from interop.watching import Histogram

IN_VAIN: Final = (MessageState.REFUSED, MessageState.FAILED, MessageState.SHELVED)
"""What became of a message that did not reach the record."""
DOWN: Final = "taken-down"


class Told(Protocol):
    """The audit, as far as messages go."""

    @property
    def problem(self) -> Problem | None:
        """Why no message can be taken, or None."""
        ...

    def received(self, entries: Sequence[Entry]) -> None:
        """The journal has these. Never raises."""
        ...


@dataclass(slots=True)
class _Waiting:
    entry: Entry
    future: asyncio.Future[Receipt]
    wait: Wait
    problem: Problem | None


class JournalIntake:
    """``interop.ports.Intake`` on the store's journal.

    ``routed(family, message)`` tells whether tables map a message type; ``added`` (how many, and which of them may have had their
    outcome before that was known) and ``arrived`` are called after each commit that added messages, ``again`` with a message that
    is to be worked on once more; ``limit`` is how many may be ``unfinished`` before senders are told ``busy``.
    """

    def __init__(
        self,
        store: Store,
        adapters: Mapping[str, Adapter],
        feeds: Mapping[str, Feed],
        clock: Clock,
        *,
        routed: Callable[[str, str], bool],
        arrived: Callable[[], None],
        again: Callable[[int], None],
        added: Callable[[int, Collection[int]], None],
        unfinished: Callable[[], int],
        limit: int = 1_000_000,
    ) -> None:
        self._store, self._adapters, self._feeds, self._clock = store, adapters, feeds, clock
        self._again = again
        self._routed, self._arrived, self._added, self._unfinished, self._limit = routed, arrived, added, unfinished, limit
        self._pending: list[_Waiting] = []
        self._acks: list[tuple[int, str]] = []
        self._flushing: asyncio.Task[None] | None = None
        self._applied: dict[int, list[tuple[asyncio.Future[Receipt], int]]] = {}
        self._early: dict[int, tuple[MessageState, Problem | None]] = {}
        """What has its outcome while a commit is under way, and may be of it: whoever works off the journal may see a message
        before this task hears that it was journalled."""
        self.stopping = False
        self.acknowledgements: dict[tuple[str, str], Histogram] = {}
        """Seconds from a message to its receipt, by feed and by what is waited for."""
        self.told: Told | None = None
        """Who is told of messages that the journal has, before their senders are."""
        self.settles: Callable[[Acknowledgement, Collection[str] | None], Awaitable[bool]] | None = None
        """Who keeps what destinations say later; None where nothing goes out."""

    def receive(
        self, feed: str, body: bytes, *, adapter: str, wait: Wait | None = None, organisation: str = ""
    ) -> asyncio.Future[Receipt]:
        """Journal one message; the future is done when it is on disk, or when it is in the record."""
        known = self._feeds.get(feed)
        try:
            if known is None:
                raise Problem("wrong-feed")
            if self.stopping:
                raise Problem("stopping")
            if self.told is not None and self.told.problem is not None:
                raise self.told.problem
            if self._unfinished() >= self._limit:
                raise Problem("busy")
        except Problem as problem:
            return self._answer(Receipt(0, MessageState.REFUSED, problem))
        try:
            envelope = self._adapters[adapter].envelope(body)
        except Problem as problem:
            return self._refused(feed, body, adapter, problem)
        except Exception:
            return self._refused(feed, body, adapter, Problem("fault"))
        entry = self._entry(feed, body, adapter, envelope)
        if not self._routed(envelope.family, envelope.message):
            return self._refused(feed, body, adapter, Problem("unknown-trigger", where=_type_field(envelope)), entry)
        unbound = bool(organisation) and not known.organisation and envelope.organisation in SPACES
        if unbound or contributor(known.organisation or organisation, known.also, envelope.organisation) is None:
            where = "MSH-4" if _type_field(envelope) else ""
            return self._refused(feed, body, adapter, Problem("wrong-organisation", where=where), entry)
        return self._submit(entry, wait or known.ack, None)

    def refuse(self, feed: str, body: bytes, problem: Problem) -> asyncio.Future[Receipt]:
        """Journal bytes that are no message, as refused."""
        return self._refused(feed, body, "", problem)

    async def returned(self, said: Acknowledgement, organisations: Collection[str] | None = None) -> bool:
        """Whether what another system acknowledges was sent by us; it is kept with that. Raises Problem where it cannot be."""
        return await self.settles(said, organisations) if self.settles is not None else False

    def acknowledged(self, message: int, state: AckState) -> None:
        """Tell what became of an acknowledgement; it is written with the next commit."""
        self._acks.append((message, state.value))
        self._wake()

    def awaited(self) -> list[int]:
        """The messages whose outcome somebody waits for."""
        return list(self._applied)

    def finished(self, message: int, state: MessageState, problem: Problem | None) -> None:
        """The record has this message's outcome on disk: answer whoever waits for it."""
        if self._flushing is not None and message not in self._applied:
            self._early[message] = state, problem
        for future, repeats in self._applied.pop(message, ()):
            _settle(future, Receipt(message, state, problem, repeats))

    async def drain(self) -> None:
        """Wait until everything handed over is on disk."""
        while self._flushing is not None:
            await asyncio.shield(self._flushing)

    def _entry(self, feed: str, body: bytes, adapter: str, envelope: Envelope) -> Entry:
        return Entry(
            message=0,
            feed=feed,
            adapter=adapter,
            received=self._clock.now(),
            control_id=envelope.control_id,
            type=envelope.message,
            body=body,
            keys=envelope.keys,
            duplicate=envelope.duplicate,
            digest=envelope.digest,
            size=len(body),
        )

    def _refused(
        self, feed: str, body: bytes, adapter: str, problem: Problem, entry: Entry | None = None
    ) -> asyncio.Future[Receipt]:
        bare = self._bare(feed, body, adapter, problem)
        bare.control_id, bare.type = problem.about
        if entry is not None:
            bare.control_id, bare.type, bare.keys = entry.control_id, entry.type, entry.keys
        return self._submit(bare, Wait.JOURNALLED, problem)

    def _bare(self, feed: str, body: bytes, adapter: str, problem: Problem) -> Entry:
        """A refused entry with nothing but its bytes and why."""
        entry = Entry(0, feed, adapter, self._clock.now(), "", "", body, size=len(body))
        entry.state, entry.reason = MessageState.REFUSED.value, problem.reason.name
        entry.where, entry.detail = problem.where, problem.detail
        return entry

    def _submit(self, entry: Entry, wait: Wait, problem: Problem | None) -> asyncio.Future[Receipt]:
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        future.add_done_callback(partial(self._timed, entry.feed, wait.value, perf_counter()))
        self._pending.append(_Waiting(entry, future, wait, problem))
        self._wake()
        return future

    def _timed(self, feed: str, wait: str, begun: float, _: asyncio.Future[Receipt]) -> None:
        timed = self.acknowledgements.get((feed, wait))
        if timed is None:
            timed = self.acknowledgements[feed, wait] = Histogram()
        timed.add(perf_counter() - begun)

    def _wake(self) -> None:
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        try:
            while self._pending or self._acks:
                pending, self._pending = self._pending, []
                acks, self._acks = self._acks, []
                try:
                    await self._write(pending, acks)
                except Problem as problem:
                    self._acks = acks + self._acks
                    for one in pending:
                        _settle(one.future, Receipt(0, MessageState.REFUSED, problem))
                    if not self._pending:
                        return
                    continue
                if pending and self.told is not None:
                    self.told.received([one.entry for one in pending])
                added = 0
                for one in pending:
                    added += self._settle(one)
                early, self._early = self._early, {}
                if added:
                    self._added(added, early)
                    self._arrived()
        finally:
            self._flushing = None
            self._early = {}

    async def _write(self, pending: list[_Waiting], acks: list[tuple[int, str]]) -> None:
        """One commit; where it fails for what it holds, each message by itself, and one that still fails without its envelope.

        Raises Problem where the store cannot be written.
        """
        try:
            done = await self._store.commit(Change(entries=[one.entry for one in pending], acks=acks))
            assert not isinstance(done, Conflict)
        except Exception as error:
            if isinstance(error, Problem) and error.reason.category is Category.UNAVAILABLE:
                raise
            if len(pending) > 1:
                for one in pending:
                    await self._write([one], [])
                await self._write([], acks)
            elif pending and pending[0].entry.duplicate + pending[0].entry.control_id + pending[0].entry.type:
                one = pending[0]
                one.problem = Problem("fault", detail=type(error).__name__)
                one.entry = self._bare(one.entry.feed, one.entry.body, one.entry.adapter, one.problem)
                await self._write([one], acks)
            elif pending:
                raise Problem("journal-unavailable", detail=type(error).__name__) from error

    def _settle(self, one: _Waiting) -> int:
        """Answer one sender after the commit; whether the message is new work."""
        entry = one.entry
        if one.problem is not None:
            _settle(one.future, Receipt(entry.message, MessageState.REFUSED, one.problem))
            return 0
        if entry.state == MessageState.REFUSED.value:
            _settle(one.future, Receipt(entry.message, MessageState.REFUSED, Problem(entry.reason or "wrong-content")))
            return 0
        new = entry.message != 0
        message = entry.message if new else entry.repeats
        if not new:
            task = asyncio.get_running_loop().create_task(self._repeated(message, one))
            task.add_done_callback(lambda _: None)
        elif one.wait is Wait.JOURNALLED:
            _settle(one.future, Receipt(message, MessageState.RECEIVED))
        elif message in self._early:
            _settle(one.future, Receipt(message, *self._early[message]))
        else:
            self._applied.setdefault(message, []).append((one.future, 0))
        return 1 if new else 0

    async def _repeated(self, message: int, one: _Waiting) -> None:
        """Answer a repeat. One whose first did not reach the record is worked on again: its sender meant it to be there."""
        try:
            entries: list[Entry] = await self._store.query(Message(message))
            if entries and entries[0].reason != DOWN and MessageState(entries[0].state) in IN_VAIN:
                done = await self._store.commit(Change(outcomes=[Outcome(message, MessageState.RECEIVED.value, self._clock.now())]))
                if isinstance(done, Committed) and done.again:
                    self._added(1, (message,))
                    self._again(message)
                else:  # meanwhile it was taken down, or somebody else works on it again
                    entries = await self._store.query(Message(message))
            if entries and entries[0].reason == DOWN:
                _settle(one.future, Receipt(message, MessageState.REFUSED, Problem(DOWN), message))
                return
        except Problem as problem:
            _settle(one.future, Receipt(0, MessageState.REFUSED, problem))
            return
        if one.wait is Wait.JOURNALLED:
            _settle(one.future, Receipt(message, MessageState.RECEIVED, None, message))
        else:
            await self._repeat_applied(message, one.future)

    async def _repeat_applied(self, message: int, future: asyncio.Future[Receipt]) -> None:
        """Answer a repeat whose sender waits for the record: with the first one's outcome, now or when it is there."""
        this = future, message
        self._applied.setdefault(message, []).append(this)
        try:
            entries = await self._store.query(Message(message))
        except Problem as failed:
            _settle(future, Receipt(0, MessageState.REFUSED, failed))
            return
        state = MessageState(entries[0].state) if entries else MessageState.RECEIVED
        if state in (MessageState.RECEIVED, MessageState.MAPPED):
            return
        waiting = self._applied.get(message, [])
        if this in waiting:
            waiting.remove(this)
        if not waiting:
            self._applied.pop(message, None)
        problem = (
            Problem(entries[0].reason, where=entries[0].where) if entries[0].reason and state is not MessageState.APPLIED else None
        )
        _settle(future, Receipt(message, state, problem, message))

    def _answer(self, receipt: Receipt) -> asyncio.Future[Receipt]:
        future: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        future.set_result(receipt)
        return future


def _settle(future: asyncio.Future[Receipt], receipt: Receipt) -> None:
    if not future.done():
        future.set_result(receipt)


def _type_field(envelope: Envelope) -> str:
    return "MSH-9" if "^" in envelope.message else ""
