"""What the API stands on."""

from __future__ import annotations

import asyncio
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from interop.api.asgi import Asgi, Request
from interop.api.auditing.auditor import Auditor, Unaudited
from interop.api.door import Door, OpenDoor
from interop.api.figures import FolderFigures
from interop.api.knowledge import Knowledge
from interop.api.paging import Small
from interop.api.roles import ALL
from interop.api.seal import Seal
from interop.api.searching.narrowed import narrowed
from interop.api.watched import Watched
from interop.apply.writes import Writes
from interop.clock import Clock
from interop.errors import Problem
from interop.ids import Mint
from interop.policy.absence import FeedHealth
from interop.policy.asker import Asker
from interop.policy.decide import Policy, Question, decide
from interop.policy.facts import Facts
from interop.policy.scopes import Scope
from interop.population.pseudonyms import SIZE, Pseudonyms
from interop.ports import Adapter, Answers, Asks, Feed, Intake, Record
from interop.record.indexing import Indexing
from interop.store.decision import Decision
from interop.store.seam import Store
from interop.store.where import Where

if TYPE_CHECKING:
    from interop.api.crew.holding import Cards
    from interop.api.delivering.deliverer import Deliverer
    from interop.api.exporting.exports import Exports
    from interop.api.signon.service import SignOn
    from interop.api.sockets.binding import Sockets
    from interop.apply.replays import Replays
    from interop.apply.retention import Disposed
    from interop.apply.takedown import Takedowns
    from interop.apply.telling.telling import Telling
    from interop.apply.tracing import Tracer
    from interop.audit.trail import Trail
    from interop.audit.verifying import Verifying
    from interop.fhir.terminology import Terminology
    from interop.notify.topics import Topic

RESOURCE_LIMIT = 20 * 1024 * 1024
MESSAGE_LIMIT = 20 * 1024 * 1024
BUNDLE_LIMIT = 50 * 1024 * 1024
QUERY_LIMIT = 256 * 1024


class Disposer(Protocol):
    """Lets go of what the settings no longer keep."""

    async def due(self) -> Disposed:
        """What a run would do now."""
        ...

    async def run(self, asker: Asker) -> Disposed:
        """A portion of it; raises Problem ``audit-unavailable``."""
        ...


async def _unknown() -> None:
    """Nobody has looked."""


@dataclass(slots=True)
class Services:
    """Everything that a request may need; made once.

    ``feeds`` are those that ``/ingest`` takes, ``adapters`` those that may recognise a body. ``ready`` gives the Problem that
    keeps the engine from taking messages, or None. ``hosts`` are the names that a request may call the server by (None:
    any): a page of another site that has its own name point here is not answered. ``base`` is the address under which clients
    know the server (``https://care.example``); '' takes the one that each request names. ``gauges`` are further figures for
    ``/metrics``, by name; ``notes`` what ``/health/ready`` says besides. The limits are in bytes.
    """

    store: Store
    intake: Intake
    clock: Clock
    mint: Mint
    writes: Writes
    feeds: Mapping[str, Feed]
    adapters: Mapping[str, Adapter]
    app: Asgi = field(init=False, repr=False, compare=False)
    """The application that is made over these: what asks it from within (``interop.api.inside``) is handed it."""
    ready: Callable[[], Problem | None] = lambda: None
    journals: Callable[[], Awaitable[None]] = _unknown
    """Raises the Problem with which the journal cannot be written."""
    notes: Callable[[], Mapping[str, str]] = dict
    folders: Callable[[], Iterable[FolderFigures]] = tuple
    """How the watched folders stand."""
    gauges: Callable[[], Mapping[str, float]] = dict
    base: str = ""
    hosts: frozenset[bytes] | None = None
    roles: frozenset[str] = ALL
    """What this process is for; what is others' is refused."""
    resource_limit: int = RESOURCE_LIMIT
    message_limit: int = MESSAGE_LIMIT
    bundle_limit: int = BUNDLE_LIMIT
    record: Record | None = None
    """What adapters answer questions from."""
    indexing: Indexing = field(default_factory=Indexing)
    """The search parameters that there are, clients' own among them."""
    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    """Answers by part of the API, method and status."""
    watched: Watched = field(default_factory=Watched)
    """What is counted beside."""
    test_numbers: bool = False
    """Whether NHS numbers of the 999 range count as valid."""
    knowledge: Knowledge = field(default_factory=Knowledge)
    """R4, packages and releases: what validates and what knows codes."""
    small: Small = field(default_factory=Small)
    """The types of which a total is given unasked."""
    door: Door = field(default_factory=OpenDoor)
    """Who finds out who asks."""
    signon: SignOn | None = None
    """Who may have tokens; None where nobody signs on."""
    facts: Callable[[], Facts] = Facts
    """What decisions know, as it is now."""
    fresh: Callable[[], Awaitable[None]] | None = None
    """Brings what this process keeps in memory up to what any process has committed; None where there are no others."""
    policy: Policy = decide
    audit: Auditor = field(default_factory=Unaudited)
    """Who is told of every answer before it goes out."""
    tracer: Tracer | None = None
    """Asks the national demographics service; None where it is never asked."""
    deliverer: Deliverer | None = None
    """Sends to destinations; None where nothing goes out."""
    telling: Telling | None = None
    """Tells people by e-mail and text message; None where the deployment has no channel."""
    sockets: Sockets | None = None
    """The websockets of Subscriptions; None where there are none."""
    topics: Mapping[str, Topic] = field(default_factory=dict)
    """What Subscriptions may follow, by its canonical URL."""
    takedowns: Takedowns | None = None
    """Takes down messages of feeds; None where there is nothing that works the journal off."""
    replays: Replays | None = None
    """Maps messages again; None as ``takedowns``."""
    exports: Exports | None = None
    """Writes exports; None where nobody does."""
    cards: Cards | None = None
    """Holds crew cards ready, and hears of every change; None where nobody tells it."""
    pseudonyms: Pseudonyms = field(default_factory=lambda: Pseudonyms(secrets.token_bytes(SIZE)))
    """Under which names analysts know people; those of this process alone unless there is a key that is kept."""
    disposing: Disposer | None = None
    """Lets go of what is no longer kept; None as ``takedowns``."""
    trail: Trail | None = None
    """The audit as it is read."""
    verifying: Verifying | None = None
    """Looks whether the audit is as it was written."""
    metrics_token: bytes = b""
    """With which ``/metrics`` is given without sign-on; none where empty."""
    stale_after: int = 0
    """Microseconds for which a feed may be silent before its source is said to be stale; 0 = for ever."""
    feed_health: tuple[int, tuple[FeedHealth, ...]] | None = None
    """How the feeds were when they were last looked at (``interop.api.absences``)."""
    feed_looking: asyncio.Task[tuple[FeedHealth, ...]] | None = None
    """The look that is under way."""
    seal: Seal = field(init=False)
    protocols: Mapping[str, Adapter] = field(init=False)
    """Base address -> adapter that answers there itself."""
    askers: Mapping[str, Asks] = field(init=False)
    """The adapters some of whose messages are questions, by name; none where there is no ``record`` to ask."""

    def __post_init__(self) -> None:
        self.protocols = {each.base: each for each in self.adapters.values() if isinstance(each, Answers)}
        asking = self.adapters.items() if self.record is not None else ()
        self.askers = {name: each for name, each in asking if isinstance(each, Asks)}
        if self.signon is not None:
            self.signon.door.prepare = self.understands
        self.seal = Seal(self.mint.id("", "urn:interop:secret", "cursor").encode("ascii"))

    async def up_to_date(self) -> None:
        """Know what any process has committed so far. Raises Problem ``journal-unavailable``."""
        if self.fresh is not None:
            await self.fresh()

    def look_again(self) -> None:
        """How feeds are has changed: what was looked at before, or is being looked at, no longer counts."""
        self.feed_health = self.feed_looking = None

    def decide(self, request: Request, interaction: str, type: str = "", id: str = "") -> Decision:
        """What who asks may see; raises Problem where the request as such is refused (``forbidden``)."""
        asker, now = request.asker, self.clock.now()
        said = self.narrowed(asker.scopes or ()) if asker.criteria else ()
        decision = self.policy(Question(interaction, type, id, asker, said), self.facts(), now)
        account = request.account
        account.rules[decision.rule] = None
        if decision.refusal:
            raise Problem(decision.refusal)
        return Decision(decision.rule, decision.predicate, "", decision.whole, account)

    def narrowed(self, scopes: tuple[Scope, ...]) -> tuple[tuple[Scope, Where], ...]:
        """What the criteria of scopes ask (``interop.api.searching.narrowed``)."""
        return narrowed(self.indexing, self.knowledge, scopes, self.clock.now())

    async def understands(self, scopes: tuple[Scope, ...]) -> bool:
        """Whether the criteria of all these scopes are understood, what has to be looked up for them away from the loop."""
        wanted = {scope for scope in scopes if scope.criteria}
        return not wanted or len(await self.knowledge.compute(lambda: self.narrowed(scopes))) == len(wanted)

    def cursor_of(self, request: Request, address: str) -> str:
        """For whom a cursor of that address is sealed: another's cursor opens nothing."""
        asker = request.asker
        return "\n".join((address, asker.user, asker.role, asker.organisation, asker.client, asker.patient))

    def terminology(self) -> Terminology:
        """Code systems and value sets of R4, the packages and the releases."""
        return self.knowledge.terminology
