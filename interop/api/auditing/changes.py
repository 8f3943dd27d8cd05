"""What is written of a change: before the journal has it, and when it has it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, Final

from interop.api.asgi import Request
from interop.api.auditing.auditor import Key
from interop.api.auditing.naming import DONE, ENGINE, asked, who
from interop.api.claiming import Claimed, nobody
from interop.apply.drafts import there
from interop.apply.journalled import Step
from interop.audit.log import AuditLog
from interop.audit.row import CHANGE, MESSAGE, Names
from interop.errors import Problem
from interop.ports import Feed
from interop.record.differing import CHANGE as CHANGED
from interop.record.differing import NEW, VANISH
from interop.store.values import Entry, Head

ACCESS: Final = b'"urn:interop:codes:access"'
MARKS: Final = ((b'"break-glass"', "break-glass"), (b'"self-claimed"', "self-claimed"))
"""What a declaration of access says of itself (``interop.policy``), and its mark in the audit."""
OPERATIONS: Final = frozenset(("$record-contact-choices",))
"""Operations that the person is told of by their name and not by what they have changed: of these a Flag is no alert."""
_PATIENT: Final = re.compile(rb'"(?:[^"\\]*/)?Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/[^"]*)?"')
_REPLAYED: Final = {CHANGED: "update", VANISH: "delete", NEW: "create"}


class Present:
    """The request under way: who asks, and what it has tried to change."""

    __slots__ = ("attempts", "messages", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.attempts: list[int] = []
        self.messages: list[int] = []


PRESENT: ContextVar[Present | None] = ContextVar("interop.audit.present", default=None)


class Changes:
    """Writes rows of changes and messages to a log. ``feeds`` tell whose a message is."""

    def __init__(self, log: AuditLog, feeds: Mapping[str, Feed]) -> None:
        self.log = log
        self._feeds = feeds
        self._names = Names(log.key.ids)
        self._late: list[tuple[str, str, str, list[int]]] = []
        self.urgent = False
        """A change was made that somebody has to hear of."""
        self.claimed: Claimed = nobody
        """What the author of a change comes to be allowed by it."""

    def begin(self, request: Request) -> None:
        """A request begins that may change something."""
        PRESENT.set(Present(request))

    async def attempt(self, entry: Entry, steps: Sequence[Step], heads: Mapping[Key, Head]) -> None:
        """Write what is about to be changed and wait until that is on disk; the entry names the row. Raises Problem
        ``audit-unavailable``."""
        present = PRESENT.get()
        asker = present.request.asker if present is not None else ENGINE
        patients: dict[str, None] = {}
        mark = ""
        for step in steps:
            head = heads.get(step.key)
            held = step.draft.whole if step.draft is not None else b""
            if step.key[0] == "Patient":
                patients[step.key[1]] = None
            for body in (held, head.body if head is not None else b""):
                patients.update((found.decode("ascii"), None) for found in _PATIENT.findall(body))
            mark = mark or marked(held)
        if not mark and asker.codes:
            mark = await self.claimed(asker, steps, heads)
        keys = [[_doing(step, heads.get(step.key)), step.key[0], self._names.one(step.key[1])] for step in steps]
        more: dict[str, Any] = {"keys": keys}
        if mark:
            more["mark"] = mark
        if present is not None and (doing := asked(present.request.method, present.request.path)[0]) in OPERATIONS:
            more["operation"] = doing
        type_, id_ = steps[0].key if len(steps) == 1 else ("", "")
        sequence = self.log.write(
            CHANGE, who(asker), "change", type_, self._names.one(id_), 0, len(steps), self._names.all(patients), (), more
        )
        await self.log.durable(sequence)
        entry.control_id = f"audit:{self.log.chain}-{sequence}"
        if present is not None:
            present.attempts.append(sequence)
        self.urgent = self.urgent or bool(mark)

    async def take_down(self, entry: Entry, keys: Sequence[Key], patients: Sequence[str]) -> None:
        """Write what a takedown is about to take away and wait until that is on disk, as ``attempt``."""
        await self._ordered("$takedown", entry, [("takedown", *key) for key in keys], patients)

    async def replay(self, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        """Write what a replay is about to change and wait until that is on disk, as ``attempt``."""
        await self._ordered("$replay", entry, [(_REPLAYED[kind], type_, id_) for kind, type_, id_ in done], patients)

    async def _ordered(self, interaction: str, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        present = PRESENT.get()
        asker = present.request.asker if present is not None else ENGINE
        more = {"keys": [[doing, type_, self._names.one(id_)] for doing, type_, id_ in done]}
        sequence = self.log.write(CHANGE, who(asker), interaction, "", "", 0, len(done), self._names.all(patients), (), more)
        await self.log.durable(sequence)
        entry.control_id = f"audit:{self.log.chain}-{sequence}"
        if present is not None:
            present.attempts.append(sequence)

    def journalled(self, entry: Entry) -> None:
        """The journal has a change under its number."""
        present = PRESENT.get()
        if present is not None:
            present.messages.append(entry.message)
        else:
            self.received([entry])

    def received(self, entries: Sequence[Entry]) -> None:
        """Messages that the journal has, before anyone is told so. Never raises: what the log does not take now it is given again,
        and what it never took is found in the journal at the next start."""
        groups: dict[tuple[str, str, str], list[int]] = {}
        for entry in entries:
            state = "repeat" if entry.repeats and not entry.message else entry.state
            groups.setdefault((entry.feed, entry.type, state), []).append(entry.message or entry.repeats)
        self._late += [(*key, numbers) for key, numbers in groups.items()]
        late, self._late = self._late, []
        for place, (feed, type_, state, numbers) in enumerate(late):
            known = self._feeds.get(feed)
            sender = ("", "feed", known.organisation if known is not None else "", f"feed {feed}")
            try:
                self.log.write(MESSAGE, sender, type_, more={"messages": numbers, "feed": feed, "state": state})
            except Problem:
                self._late = late[place:]
                return


def _doing(step: Step, head: Head | None) -> str:
    """What is done: an update of what is not there creates it."""
    return "create" if step.draft is not None and not there(head) else DONE[step.method]


def marked(resource: bytes) -> str:
    """What a resource declares of access, as JSON tells it; '' for none."""
    if ACCESS not in resource:
        return ""
    return next((mark for code, mark in MARKS if code in resource), "")
