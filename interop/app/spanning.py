"""Where an engine's spans are made: beside the store, the mappers, the applier, the destinations and the API, never in them.

Nothing of this is there, and none of it is imported, where ``--otlp`` is not given.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextvars import ContextVar
from dataclasses import replace
from typing import Any, Final, cast

from interop.api.asgi import WHOLE, Asgi, Head, Header, Message, Receive, Request, Response, Scope, Send
from interop.api.auditing.auditor import Auditor
from interop.api.delivering.deliverer import Deliverer
from interop.api.delivering.payload import Payload
from interop.api.delivering.senders import Sends, Taken
from interop.api.door import Door
from interop.api.metrics import OWN, UNDECLARED
from interop.api.services import Services
from interop.api.watched import METHODS, OTHER, rule_label
from interop.apply.mapping_work import Job, Yield
from interop.errors import Problem
from interop.policy.asker import Asker
from interop.policy.decide import Policy, Question
from interop.policy.facts import Facts
from interop.ports import MessageState
from interop.store.decision import Decision
from interop.store.plan import Plan
from interop.store.seam import Store
from interop.store.values import Change, Committed, Conflict, Delivery
from interop.watching.spans import Context, Span, Spans, parent_of

MESSAGES: Final = b"/messages/"
Outcome = tuple[int, MessageState, Problem | None]


class _Present:
    """The request at hand: its span, the part of the API that answers, and whether it is over."""

    __slots__ = ("context", "over", "part", "status", "taken")

    def __init__(self, context: Context) -> None:
        self.context, self.over, self.part, self.status, self.taken = context, False, OTHER, 0, 0


_PRESENT: Final[ContextVar[_Present | None]] = ContextVar("spanned", default=None)


def present() -> Context | None:
    """The span of the request at hand; None outside of one, or where it is not sampled."""
    found = _PRESENT.get()
    return found.context if found is not None and not found.over and found.context.sampled else None


class Spanning:
    """Makes the spans of one process. ``declared`` are the feeds that may be named."""

    def __init__(self, spans: Spans, declared: Callable[[], Collection[str]]) -> None:
        self.spans, self._declared = spans, declared

    def over(self, services: Services, deliverer: Deliverer) -> None:
        """Watch what requests go through, and what goes out."""
        services.store, services.door = self.reading(services.store), self.door(services.door)
        services.policy, services.audit = self.policy(services.policy), self.auditor(services.audit)

        async def through(delivery: Delivery, payload: Payload, sends: Sends) -> Taken:
            return await self.deliver(delivery, payload, sends, delivery.destination in deliverer.declared)

        deliverer.through = through

    def journal(self, store: Store) -> Store:
        """The store as messages are taken in by it."""
        return _Journal(store, self)

    def reading(self, store: Store) -> Store:
        """The store as requests read it."""
        return _Reading(store, self.spans)

    def door(self, door: Door) -> Door:
        """Who finds out who asks."""
        return _Door(door, self.spans)

    def auditor(self, auditor: Auditor) -> Auditor:
        """Who is told of answers."""
        return cast("Auditor", _Auditor(auditor, self.spans))

    def policy(self, policy: Policy) -> Policy:
        """Who decides."""

        def decide(question: Question, facts: Facts, now: int) -> Decision:
            begun = self.spans.now()
            made = policy(question, facts, now)
            outcome = "refused" if made.refusal else "permitted"
            within(self.spans, "decide", begun, {"interop.outcome": outcome, "interop.rule": rule_label(made.rule)})
            return made

        return decide

    def feed(self, name: str) -> str:
        """A feed as it may be named."""
        return name if name in OWN or name in self._declared() else UNDECLARED

    def received(self, change: Change, begun: int) -> None:
        """The journal has these messages."""
        now = self.spans.now()
        for entry in change.entries:
            root = self.spans.message(entry.message) if entry.message else None
            if root is None or not root.sampled:
                continue
            said: dict[str, str | int] = {
                "interop.message": entry.message,
                "interop.feed": self.feed(entry.feed),
                "interop.adapter": entry.adapter,
                "interop.bytes": entry.size,
                "interop.state": entry.state,
            }
            if entry.reason:
                said["interop.reason"] = entry.reason
            self.spans.add(Span("receive", root, 0, entry.received, now, said, failed=bool(entry.reason)))
            batch = {"interop.message": entry.message, "interop.batch": len(change.entries)}
            self.spans.add(Span("journal", self.spans.under(root), root.span, begun, now, batch))

    def mapped(self, jobs: Sequence[Job], made: Sequence[Yield], begun: int) -> None:
        """Mappers are done with these."""
        now = self.spans.now()
        for one in made:
            self._worked("map", one.message, begun, now, len(jobs), one.problem[0] if one.problem else "", "")

    def applied(self, outcomes: Sequence[Outcome], begun: int) -> None:
        """The record has these."""
        now = self.spans.now()
        for message, state, problem in outcomes:
            reason = problem.reason.name if problem is not None else ""
            self._worked("apply", message, begun, now, len(outcomes), reason, state.value)

    def _worked(self, name: str, message: int, begun: int, now: int, batch: int, reason: str, state: str) -> None:
        root = self.spans.message(message)
        if not root.sampled:
            return
        said: dict[str, str | int] = {"interop.message": message, "interop.batch": batch}
        if state:
            said["interop.state"] = state
        if reason:
            said["interop.reason"] = reason
        self.spans.add(Span(name, self.spans.under(root), root.span, begun, now, said, failed=bool(reason)))

    async def deliver(self, delivery: Delivery, payload: Payload, sends: Sends, declared: bool) -> Taken:
        """Hand a delivery over; whom the deployment has declared is told the trace."""
        root = self.spans.message(delivery.message) if delivery.message else None
        if root is None or not root.sampled:
            return await sends.send(payload)
        context, begun = self.spans.under(root), self.spans.now()
        taken = await sends.send(replace(payload, traceparent=parent_of(context)) if declared else payload)
        said: dict[str, str | int] = {"interop.message": delivery.message}
        if declared:
            said["interop.destination"] = delivery.destination
        if taken.problem is not None:
            said["interop.reason"] = taken.problem.reason.name
        self.spans.add(
            Span("deliver", context, root.span, begun, self.spans.now(), said, failed=taken.problem is not None, kind="client")
        )
        return taken

    def app(self, app: Asgi) -> Asgi:
        """The application, each request in a span."""

        async def spanned(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            said = Head(scope["headers"]).named.get(b"traceparent", b"").decode("latin-1")
            context, parent = self.spans.asked(said)
            at, begun = _Present(context), self.spans.now()
            _PRESENT.set(at)

            async def noted(message: Message) -> None:
                if message["type"] == "http.response.start":
                    _note(at, message["status"], message["headers"])
                await send(message)

            whole = scope.get(WHOLE)
            if whole is not None:

                def at_once(status: int, headers: list[Header], written: bytes, body: bytes) -> bool:
                    _note(at, status, headers)
                    return bool(whole(status, headers, written, body))

                scope[WHOLE] = at_once
            try:
                await app(scope, receive, noted)
            finally:
                at.over = True
                self._answered(scope["method"], at, parent, begun)

        return spanned

    def _answered(self, method: str, at: _Present, parent: int, begun: int) -> None:
        now = self.spans.now()
        said: dict[str, str | int] = {
            "http.request.method": method if method in METHODS else OTHER,
            "http.response.status_code": at.status,
            "interop.part": at.part,
        }
        links: tuple[Context, ...] = ()
        if at.taken:
            root = self.spans.message(at.taken)
            said["interop.message"], links = at.taken, (root,)
            if root.sampled:
                told = {"interop.message": at.taken, "http.response.status_code": at.status}
                self.spans.add(Span("answer", self.spans.under(root), root.span, begun, now, told, (at.context,), kind="server"))
        failed = not 0 < at.status < 500
        self.spans.add(Span("request", at.context, parent, begun, now, said, links, failed, "server"))


def within(spans: Spans, name: str, begun: int, said: dict[str, str | int], *, failed: bool = False) -> None:
    """Something of the request at hand is over."""
    context = present()
    if context is not None:
        spans.add(Span(name, spans.under(context), context.span, begun, spans.now(), said, failed=failed))


def _note(at: _Present, status: int, headers: list[Header]) -> None:
    at.status = status
    for name, value in headers:
        if name == b"location" and value.startswith(MESSAGES) and value[len(MESSAGES) :].isdigit():
            at.taken = int(value[len(MESSAGES) :])


class _Journal:
    """``commit`` of entries is told."""

    def __init__(self, store: Store, spanning: Spanning) -> None:
        self._store, self._spanning = store, spanning
        self.query, self.stream, self.migrate = store.query, store.stream, store.migrate

    async def commit(self, change: Change) -> Committed | Conflict:
        begun = self._spanning.spans.now()
        done = await self._store.commit(change)
        if change.entries:
            self._spanning.received(change, begun)
        return done


class _Reading:
    """``query`` is told."""

    def __init__(self, store: Store, spans: Spans) -> None:
        self._store, self._spans = store, spans
        self.commit, self.migrate = store.commit, store.migrate

    async def query(self, plan: Plan) -> list[Any]:
        begun = self._spans.now()
        try:
            found = await self._store.query(plan)
        except BaseException:
            within(self._spans, "store", begun, {"interop.plan": type(plan).__name__}, failed=True)
            raise
        within(self._spans, "store", begun, {"interop.plan": type(plan).__name__})
        return found

    def stream(self, plan: Plan) -> AsyncIterator[Any]:
        return self._store.stream(plan)


class _Door:
    def __init__(self, door: Door, spans: Spans) -> None:
        self._door, self._spans = door, spans

    async def admit(self, request: Request) -> Asker:
        begun = self._spans.now()
        try:
            asker = await self._door.admit(request)
        except Problem as problem:
            within(self._spans, "door", begun, {"interop.reason": problem.reason.name}, failed=True)
            raise
        within(self._spans, "door", begun, {})
        return asker


class _Auditor:
    """As the one within; ``answered`` is told, and what part of the API it was."""

    def __init__(self, auditor: Auditor, spans: Spans) -> None:
        self._auditor, self._spans = auditor, spans

    def __getattr__(self, name: str) -> Any:
        return getattr(self._auditor, name)

    def answered(self, request: Request, part: str, response: Response) -> Response:
        at = _PRESENT.get()
        if at is not None and not at.over:
            at.part = part
        begun = self._spans.now()
        answer = self._auditor.answered(request, part, response)
        within(self._spans, "audit", begun, {})
        return answer
