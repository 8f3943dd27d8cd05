"""What the API writes into the audit: every answer before it goes out, every change before it is journalled, every message.

Where the log takes no row, nothing is given and nothing is changed (503): the audit fails closed. Figures alone are given still
(``OF_NOBODY``).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import cache, lru_cache
from typing import Any, Final, Protocol

from interop.api.asgi import ACCOUNT, Request, Response
from interop.api.claiming import Claimed, nobody
from interop.api.fhir.routes import resource_types
from interop.api.problems import fhir_error, json_error
from interop.api.signon.limits import place_of
from interop.apply.drafts import there
from interop.apply.journalled import Step
from interop.audit.log import AuditLog
from interop.audit.privacy import TAKEDOWN
from interop.audit.row import ANSWER, CHANGE, DECLARED, DENIAL, JUDGED, MESSAGE, NOTICE, NOTIFICATION, READ, SIGNED, Names
from interop.errors import Problem
from interop.fhir import facts
from interop.policy.asker import Asker
from interop.policy.decide import purpose_of
from interop.ports import Feed
from interop.record.differing import CHANGE as CHANGED
from interop.record.differing import NEW, VANISH
from interop.store.decision import Account
from interop.store.values import Entry, Head

WHY: Final = "interop.why"
"""Key of the scope: why somebody was not let in, a word of ours."""
OFFLINE: Final = "interop.offline"
"""Key of the scope: when a copy was opened that had been given before, an instant."""
REASON: Final = "interop.reason"
"""Key of the scope: for what reason somebody asks, a code of ours."""
DOING: Final = "interop.doing"
"""Key of the scope: which operation it is that a part of the API other than FHIR does, ``$message-content``."""
MARK: Final = "interop.mark"
"""Key of the scope: which rule of the privacy officer's queue (``interop.audit.privacy``) what is given falls under."""
MESSAGE_READ: Final = "interop.message"
"""Key of the scope: the number of the message that is given."""
SIGNING: Final = "interop.signing"
"""Key of the scope: that somebody signs on or off by this request, ``sign-on`` or ``sign-off``."""
DENIED: Final = frozenset((401, 403, 429))
UNSIGNED: Final = 50
"""Rows a second of those who have not signed on; what is more is counted in the next."""
ACCESS: Final = b'"urn:interop:codes:access"'
MARKS: Final = ((b'"break-glass"', "break-glass"), (b'"self-claimed"', "self-claimed"))
"""What a declaration of access says of itself (``interop.policy``), and its mark in the audit."""
_PATIENT: Final = re.compile(rb'"(?:[^"\\]*/)?Patient/([A-Za-z0-9\-.]{1,64})(?:/_history/[^"]*)?"')
_PARTS: Final = re.compile(r"[.:]")
_OTHERS: Final = frozenset((
    "_count", "_sort", "_include", "_revinclude", "_summary", "_elements", "_total", "_format", "_pretty", "_cursor",
    "_since", "_at", "_type", "_has", "_list", "_content", "_text", "_filter", "_contained", "_containedType", "_id",
    "_lastUpdated", "_source", "exact", "contains", "missing", "not", "in", "not-in", "above", "below", "identifier", "text",
    "of-type", "iterate", "start", "end", "max", "rule", "closed", "wait",
))  # fmt: skip
"""Names of parameters that are of no one type, and modifiers."""
LOOKED: Final = 4096
"""Bytes of a query that are looked at."""
PARAMETERS: Final = 40
"""Names that are kept."""
_READS: Final = ("GET", "HEAD")
_DONE: Final = {"GET": "read", "HEAD": "read", "PUT": "update", "PATCH": "patch", "DELETE": "delete", "POST": "create",
                "TAKEDOWN": "takedown"}  # fmt: skip
_REPLAYED: Final = {CHANGED: "update", VANISH: "delete", NEW: "create"}
ENGINE: Final = Asker(role="engine", client="interop")
BUNDLE: Final = "batch"
DELIVER: Final = "deliver"
"""What is sent to a destination by a route or a Subscription."""
EXPORT: Final = "$export"
OF_NOBODY: Final = frozenset(("metrics",))
"""Parts that disclose nothing of anyone: given though no row of it can be written, for who watches may not go blind just then."""
PEOPLE: Final = 1_000
"""Patients whom one row of an export names."""
_SAID: Final = (("reason", REASON), ("mark", MARK), ("message", MESSAGE_READ), ("offline", OFFLINE))
"""What the row of a read says besides, and the key of the scope."""
Key = tuple[str, str]


class Auditor(Protocol):
    """What the application asks."""

    telling: asyncio.Lock
    """Held by whoever tells who saw what was taken down."""

    @property
    def problem(self) -> Problem | None:
        """Why nothing can be given, or None."""
        ...

    def ids(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids as they stand in the audit."""
        ...

    def judge(self, asker: Asker, item: str, outcome: str) -> None:
        """Write what a privacy officer found; raises Problem ``audit-unavailable``."""
        ...

    async def take_down(self, entry: Entry, keys: Sequence[Key], patients: Sequence[str]) -> None:
        """Before the journal has a takedown: what it takes away and of whom. Raises Problem ``audit-unavailable``."""
        ...

    async def replay(self, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        """Before the journal has a replay: what becomes of what, and of whom. Raises Problem ``audit-unavailable``."""
        ...

    def journalled(self, entry: Entry) -> None:
        """The journal has a change under its number."""
        ...

    def seen(self, asker: Asker, takedown: int, who_saw: Sequence[tuple[str, str, str]], subscribers: Sequence[str]) -> None:
        """Who saw what a takedown has taken away, and Subscriptions to it: they are to be told; raises Problem
        ``audit-unavailable``."""
        ...

    def bound(self, asker: Asker, id: str, place: str) -> None:
        """Before a Subscription is told over a websocket: to whom, and where. Raises Problem ``audit-unavailable``."""
        ...

    async def exported(self, asker: Asker, export: str, level: tuple[str, str], account: Account, types: Sequence[str]) -> None:
        """Before anyone can have what was exported: of whom, and wait until that is on disk; raises Problem
        ``audit-unavailable``."""
        ...

    def begin(self, request: Request) -> None:
        """A request begins that may change something."""
        ...

    def answered(self, request: Request, part: str, response: Response) -> Response:
        """Before an answer goes out; the answer, or what is said instead."""
        ...


class Unaudited:
    """Nothing is written: for parts of an engine in tests."""

    problem: Problem | None = None

    def __init__(self) -> None:
        self.telling = asyncio.Lock()

    def ids(self, ids: Sequence[str]) -> tuple[str, ...]:
        """The ids."""
        return tuple(ids)

    def judge(self, asker: Asker, item: str, outcome: str) -> None:
        """Nothing."""

    async def take_down(self, entry: Entry, keys: Sequence[Key], patients: Sequence[str]) -> None:
        """Nothing."""

    async def replay(self, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        """Nothing."""

    def journalled(self, entry: Entry) -> None:
        """Nothing."""

    def seen(self, asker: Asker, takedown: int, who_saw: Sequence[tuple[str, str, str]], subscribers: Sequence[str]) -> None:
        """Nothing."""

    def bound(self, asker: Asker, id: str, place: str) -> None:
        """Nothing."""

    async def exported(self, asker: Asker, export: str, level: tuple[str, str], account: Account, types: Sequence[str]) -> None:
        """Nothing."""

    def begin(self, request: Request) -> None:
        """Nothing."""

    def answered(self, request: Request, part: str, response: Response) -> Response:
        """The answer."""
        return response


class _Present:
    """The request under way: who asks, and what it has tried to change."""

    __slots__ = ("attempts", "messages", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.attempts: list[int] = []
        self.messages: list[int] = []


_PRESENT: ContextVar[_Present | None] = ContextVar("interop.audit.present", default=None)


class Auditing:
    """Writes rows to a log. ``feeds`` tell whose a message is; ``told`` is called after a change that somebody has to hear of, and
    after each read with who asked and whose record was given."""

    def __init__(self, log: AuditLog, feeds: Mapping[str, Feed]) -> None:
        self.log = log
        self.telling = asyncio.Lock()
        self._feeds = feeds
        self._names = Names(log.key.ids)
        self._second, self._unsigned, self._unwritten = 0, 0, 0
        self._late: list[tuple[str, str, str, list[int]]] = []
        self.urgent = False
        """A change was made that somebody has to hear of."""
        self.claimed: Claimed = nobody
        """What the author of a change comes to be allowed by it."""
        self.looks: list[tuple[Asker, tuple[str, ...]]] = []
        """Reads by those for whom a resource of the record stands."""

    @property
    def problem(self) -> Problem | None:
        """Why nothing can be given, or None."""
        return self.log.problem

    def ids(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Ids as they stand in the audit."""
        return self._names.all(ids)

    def judge(self, asker: Asker, item: str, outcome: str) -> None:
        """Write what a privacy officer found; raises Problem ``audit-unavailable``."""
        self.log.write(JUDGED, who(asker), "$privacy-outcome", more={"item": item, "outcome": outcome})
        self.urgent = True

    async def take_down(self, entry: Entry, keys: Sequence[Key], patients: Sequence[str]) -> None:
        """Write what a takedown is about to take away and wait until that is on disk, as ``attempt``."""
        await self._ordered("$takedown", entry, [("takedown", *key) for key in keys], patients)

    async def replay(self, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        """Write what a replay is about to change and wait until that is on disk, as ``attempt``."""
        await self._ordered("$replay", entry, [(_REPLAYED[kind], type_, id_) for kind, type_, id_ in done], patients)

    async def _ordered(self, interaction: str, entry: Entry, done: Sequence[tuple[str, str, str]], patients: Sequence[str]) -> None:
        present = _PRESENT.get()
        asker = present.request.asker if present is not None else ENGINE
        more = {"keys": [[doing, type_, self._names.one(id_)] for doing, type_, id_ in done]}
        sequence = self.log.write(CHANGE, who(asker), interaction, "", "", 0, len(done), self._names.all(patients), (), more)
        await self.log.durable(sequence)
        entry.control_id = f"audit:{self.log.chain}-{sequence}"
        if present is not None:
            present.attempts.append(sequence)

    def seen(self, asker: Asker, takedown: int, who_saw: Sequence[tuple[str, str, str]], subscribers: Sequence[str]) -> None:
        """Write whom a takedown concerns (user, role, organisation), and Subscriptions: each is an item of the queue and of the
        outbox."""
        more = {"rule": TAKEDOWN, "seen": [list(each) for each in who_saw], "subscribers": list(subscribers)}
        self.log.write(NOTICE, who(asker), f"${TAKEDOWN}", id=str(takedown), more=more)
        self.urgent = True

    def notified(self, item: str, channel: str) -> None:
        """Write that somebody was told; raises Problem ``audit-unavailable``."""
        self.log.write(NOTIFICATION, who(ENGINE), "notify", more={"item": item, "channel": channel})

    def bound(self, asker: Asker, id: str, place: str) -> None:
        """Write who is told of a Subscription by websocket from now on, and where; raises Problem ``audit-unavailable``."""
        self.log.write(READ, who(asker), "websocket", "Subscription", self._names.one(id), 200, more={"from": place})

    async def declared(self, what: Mapping[str, Any]) -> None:
        """Write that the feeds are declared anew and wait until that is on disk; raises Problem ``audit-unavailable``."""
        await self.log.durable(self.log.write(DECLARED, who(ENGINE), "feeds", more=dict(what)))

    async def exported(self, asker: Asker, export: str, level: tuple[str, str], account: Account, types: Sequence[str]) -> None:
        """Write of whom an export holds resources, a row for each ``PEOPLE`` of them, and wait until that is on disk; raises
        Problem ``audit-unavailable``. ``level``: the type and id at which it was asked for; the first row says of how many types
        and resources."""
        patients, rules = list(account.patients), tuple(account.rules)
        type_, id_ = level
        more = {"export": export, "types": list(types)}
        for start in range(0, max(1, len(patients)), PEOPLE):
            some = self._names.all(patients[start : start + PEOPLE])
            resources = account.resources if not start else len(some)
            last = self.log.write(READ, who(asker), EXPORT, type_, id_ and self._names.one(id_), 200, resources, some, rules, more)
            await asyncio.sleep(0)
        await self.log.durable(last)

    def begin(self, request: Request) -> None:
        """A request begins that may change something."""
        _PRESENT.set(_Present(request))

    def answered(self, request: Request, part: str, response: Response) -> Response:
        """Write the row of an answer; the answer, or 503 where the row is not taken."""
        status = response.status
        account = request.scope.get(ACCOUNT)
        present = None
        if request.method not in _READS:
            present = _PRESENT.get()
            if present is not None and present.request is not request:
                present = None
        changed = present is not None and bool(present.attempts)
        signing = request.scope.get(SIGNING, "")
        token = bool(signing) or (part == "signon" and request.method == "POST")
        refused = token and (status >= 400 or WHY in request.scope)
        if account is None and not changed and status not in DENIED and not token:
            return response
        asker = request.asker
        interaction, type_, id_ = (
            asked(request.method, request.path) if part == "fhir" else (signing or request.scope.get(DOING, part), "", "")
        )
        more: dict[str, Any] = {}
        if changed and present is not None:
            kind = ANSWER
            more["of"], more["messages"] = present.attempts, present.messages
        elif status in DENIED or refused:
            kind = DENIAL
            if said := request.scope.get(WHY):
                more["reason"] = said
            if (status == 401 or token) and not self._room(more):
                return response
            more["from"] = place_of(request)
        elif token:
            kind, more["from"] = SIGNED, place_of(request)
        elif request.method in _READS or interaction[:1] == "$" or interaction.startswith("search") or _gave(account):
            kind = READ  # of a batch, and of a write that has changed nothing and answers with what there is
        else:
            kind = ANSWER
        query = request.scope.get("query_string")
        if query and kind == READ:
            more["query"] = parameter_names(query)
        if kind == READ:
            more |= {name: said for name, key in _SAID if (said := request.scope.get(key)) and (name != "mark" or status < 400)}
        patients: tuple[str, ...] = ()
        resources, rules = 0, ()
        if account is not None:
            patients, resources, rules = self._names.all(account.patients), account.resources, tuple(account.rules)
        id_ = id_ and self._names.one(id_)
        try:
            self.log.write(kind, who(asker), interaction, type_, id_, status, resources, patients, rules, more)
            if interaction == BUNDLE and account is not None:
                if changed and account.resources:
                    kind = READ
                    self.log.write(READ, who(asker), interaction, "", "", status, resources, patients, rules)
                if account.refused:
                    self.log.write(DENIAL, who(asker), interaction, "", "", 403, rules=rules, more={"entries": account.refused})
        except Problem as problem:
            if part in OF_NOBODY and kind == READ and status < 400:
                return response
            return fhir_error(problem) if part == "fhir" else json_error(problem)
        if asker.fhir_user and patients and kind == READ:
            self.looks.append((asker, patients))
        return response

    async def attempt(self, entry: Entry, steps: Sequence[Step], heads: Mapping[Key, Head]) -> None:
        """Write what is about to be changed and wait until that is on disk; the entry names the row. Raises Problem
        ``audit-unavailable``."""
        present = _PRESENT.get()
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
        type_, id_ = steps[0].key if len(steps) == 1 else ("", "")
        sequence = self.log.write(
            CHANGE, who(asker), "change", type_, self._names.one(id_), 0, len(steps), self._names.all(patients), (), more
        )
        await self.log.durable(sequence)
        entry.control_id = f"audit:{self.log.chain}-{sequence}"
        if present is not None:
            present.attempts.append(sequence)
        self.urgent = self.urgent or bool(mark)

    def journalled(self, entry: Entry) -> None:
        """The journal has a change under its number."""
        present = _PRESENT.get()
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

    def given(self, asker: Asker, interaction: str, patients: Sequence[str], resources: int, rules: tuple[str, ...] = ()) -> None:
        """What was given in answer to a query of another protocol. Raises Problem ``audit-unavailable``."""
        found = self._names.all(dict.fromkeys(patients))
        self.log.write(READ, who(asker), interaction, status=200, resources=resources, patients=found, rules=rules)

    async def delivered(
        self,
        asker: Asker,
        destination: str,
        delivery: str,
        about: Key,
        patients: Sequence[str],
        resources: int,
        rules: tuple[str, ...],
    ) -> None:
        """What is about to go to a destination, for whom, about whom; waits until that is on disk. Raises Problem
        ``audit-unavailable``."""
        type_, id_ = about
        more = {"destination": destination, "delivery": delivery}
        found = self._names.all(dict.fromkeys(patients))
        named = id_ and self._names.one(id_)
        await self.log.durable(self.log.write(READ, who(asker), DELIVER, type_, named, 0, resources, found, rules, more))

    def refused(self, asker: Asker, interaction: str, problem: Problem) -> None:
        """A query of another protocol was refused. Raises Problem ``audit-unavailable``."""
        self.log.write(DENIAL, who(asker), interaction, status=problem.reason.http)

    def _room(self, more: dict[str, Any]) -> bool:
        """Whether another row of somebody unknown is written in this second."""
        second = self.log.now() // 1_000_000
        if second != self._second:
            self._second, self._unsigned = second, 0
        self._unsigned += 1
        if self._unsigned > UNSIGNED:
            self._unwritten += 1
            return False
        if self._unwritten:
            more["unwritten"], self._unwritten = self._unwritten, 0
        return True


def _gave(account: Account | None) -> bool:
    return account is not None and account.resources > 0


@lru_cache(maxsize=4096)
def who(asker: Asker) -> tuple[str, ...]:
    """Who asks, as a row has it."""
    return (asker.user, asker.role, asker.organisation, asker.client, purpose_of(asker), asker.session, asker.fhir_user)


def _doing(step: Step, head: Head | None) -> str:
    """What is done: an update of what is not there creates it."""
    return "create" if step.draft is not None and not there(head) else _DONE[step.method]


def marked(resource: bytes) -> str:
    """What a resource declares of access, as JSON tells it; '' for none."""
    if ACCESS not in resource:
        return ""
    return next((mark for code, mark in MARKS if code in resource), "")


def parameter_names(query: bytes) -> str:
    """The names of the parameters of a query, without values; a name that is not of R4 is ``?``."""
    return "&".join([_name(each.partition(b"=")[0]) for each in query[:LOOKED].split(b"&")][:PARAMETERS])


@lru_cache(maxsize=4096)
def _name(said: bytes) -> str:
    """A parameter as it may be written: each part of it is a name of R4."""
    name = said.decode("ascii", "replace")
    return f"{name}=" if all(part in _known() for part in _PARTS.split(name)) else "?="


@cache
def _known() -> frozenset[str]:
    codes = {code for type_ in resource_types() for code in facts.search_parameters(type_)}
    return frozenset(codes | resource_types() | _OTHERS)


def asked(method: str, path: str) -> tuple[str, str, str]:
    """Interaction, type and id that a request under ``/fhir`` names; '' for what is none."""
    _, _, *parts = path.split("/")
    type_ = parts[0] if parts and parts[0] in resource_types() else ""
    if len(parts) == 2 and type_ and parts[1] and parts[1][0] not in "_$":
        return _DONE.get(method, "read"), type_, parts[1]
    last = parts[-1] if parts else ""
    if last[:1] == "$":
        return last[:40] if last[1:].replace("-", "").isalpha() else "$", type_, parts[1] if len(parts) == 3 else ""
    id_ = parts[1] if len(parts) > 2 and type_ else ""
    if "_history" in parts:
        if len(parts) == 4:
            return "vread", type_, id_
        return "history-instance" if id_ else "history-type" if type_ else "history-system", type_, id_
    if method == "POST" and last != "_search":
        return ("create" if type_ else BUNDLE), type_, id_
    if not type_:
        return "search-system", "", ""
    if method in ("PUT", "PATCH", "DELETE"):
        return _DONE[method], type_, id_
    return "search-type", type_, id_
