"""Plans: the reads that the store answers. Each that returns resources carries the Decision under which it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from interop.store.decision import Decision
from interop.store.where import Where

FEEDS_REFUSED = "feeds file refused"
"""The name of the ``Meta`` that says why the feeds file that is there does not count; '' where it does."""

STOPPED = "stopped "
"""Begins the name of the ``Meta`` that holds the message for which a feed stands still; '' once it goes on."""


@dataclass(frozen=True, slots=True)
class Read:
    """The present version of ``type/id`` -> [Stored] or []."""

    decision: Decision
    type: str
    id: str


@dataclass(frozen=True, slots=True)
class ReadVersion:
    """One version -> [Stored] or []."""

    decision: Decision
    type: str
    id: str
    version: int


@dataclass(frozen=True, slots=True)
class History:
    """Versions, newest first -> [Stored]. ``before`` is the cursor: (updated, type, id, version) of the last one seen.

    type None = whole system, id None = whole type; ``since`` microseconds, 0 = all. ``at``: only versions that were the
    present one at some time within these microseconds, high exclusive.
    """

    decision: Decision
    type: str | None
    id: str | None
    since: int = 0
    count: int = 100
    before: tuple[int, str, str, int] | None = None
    at: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Several:
    """The present versions of ``(type, id)`` pairs -> [Stored], in no order; those that are missing or deleted are left out."""

    decision: Decision
    keys: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Search:
    """Present versions of ``type`` ('' = of every type, see ``where.Types``) that satisfy ``where`` -> [Stored], at most
    count + 1 so that the caller sees more.

    ``sort``: pairs of (parameter, descending) over any index, or ``_lastUpdated``/``_id``; what has no value comes last, ties in
    the order in which the resources came to be; without ``sort`` by type and id. ``after`` is the cursor: the sort values, with
    type '' the type, and id of the last one seen.
    """

    decision: Decision
    type: str
    where: Where | None = None
    sort: tuple[tuple[str, bool], ...] = ()
    count: int = 20
    after: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How many of ``type`` ('' = of every type) satisfy ``where`` -> [int]; [] where the type has more than ``most`` resources
    (0: however many)."""

    decision: Decision
    type: str
    where: Where | None = None
    most: int = 0


@dataclass(frozen=True, slots=True)
class Compartment:
    """The Patients of the person's group and everything whose subject is one of them -> [Stored], by type then id; patient '' = of
    everyone.

    ``after`` is the cursor: (type, id) of the last one seen; ``types`` () = all; ``since`` microseconds.
    """

    decision: Decision
    patient: str
    types: tuple[str, ...] = ()
    since: int = 0
    count: int = 100
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Coded:
    """What is about the person of a Patient, is of one of the types, and has one of the codes or is called so -> [Stored], by type
    then id. Of the many that somebody may have only those are read.

    ``by``: types, each with the token parameter that is asked; ``pairs`` of system and code; ``called``: whole texts of it,
    ``holding``: parts of texts of three characters or more, as ``where.Text`` compares them. ``after`` is the cursor: (type, id).
    """

    decision: Decision
    patient: str
    by: tuple[tuple[str, str], ...]
    pairs: tuple[tuple[str, str], ...]
    called: tuple[str, ...] = ()
    holding: tuple[str, ...] = ()
    count: int = 100
    after: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Heads:
    """For ``(type, id)`` pairs: present version and contributions -> [Head], in no order; missing ones are left out.

    For the engine's own fold; returns no resource to anyone.
    """

    resources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Versions:
    """For ``(type, id)`` pairs: every version that there is -> [(type, id, version, message, subject)], by type, id and version.

    For the engine's own takedown; returns no resource to anyone."""

    resources: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Made:
    """The resources of which any of these messages has made a version -> [(above, [(type, id)])]: those of one portion of the
    record; ``above`` is that of the next, 0 after the last."""

    messages: tuple[int, ...]
    above: int = 0


@dataclass(frozen=True, slots=True)
class Sharing:
    """The messages that have a patient identifier in common with any of these -> [(above, [number])]: those of one portion of the
    journal, as ``Made``."""

    messages: tuple[int, ...]
    above: int = 0


@dataclass(frozen=True, slots=True)
class Replayable:
    """Messages of feeds that have an outcome, after ``after`` and up to ``upto`` -> [(above, [number])], in order, at most
    ``count``: those of one portion of the journal; ``above`` is where the next begins, 0 after the last.

    Filters '' = any; ``since`` and ``until`` microseconds of when they were received, ``until`` exclusive, 0 = any. What was
    refused before it was journalled as good, taken down, or written by the API is none of them."""

    feed: str = ""
    type: str = ""
    state: str = ""
    reason: str = ""
    control_id: str = ""
    since: int = 0
    until: int = 0
    after: int = 0
    upto: int = 0
    count: int = 200


@dataclass(frozen=True, slots=True)
class Snapshots:
    """For (feed, scope) pairs: the latest complete snapshot -> [Snapshot]; pairs without one are left out."""

    scopes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Said:
    """For (feed, scope) pairs: the resources of which the feed has spoken within the scope -> [(feed, scope, type, id)]."""

    scopes: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Persons:
    """For Patient ids, and everyone who is one person with them: person key and what linking compares -> [(patient, person,
    identity)]; for the engine's own linking."""

    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claims:
    """Patients that carry an identifier -> [(patient, person, identity)]: ``identity`` is what linking compares."""

    identifiers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """The Patients of the person that this Patient belongs to, as far as they may be seen -> [patient id]; itself alone where
    nothing is linked, and where it may not be seen itself: then it is as if it were not there."""

    decision: Decision
    patient: str


@dataclass(frozen=True, slots=True)
class Access:
    """What is said (``where.About``) about anyone who is one person with one of these Patients -> [(patient, parameter, code, low,
    high, type, id)], in order, at whatever time; type and id are those of the resource that says so. ``parameters`` () = all.

    For deciding and for telling why; returns no resource to anyone."""

    patients: tuple[str, ...]
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is said of pairs in which any of these Patients stands -> [Pair]; for the engine's own linking."""

    patients: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undecided:
    """Pairs that people are to decide: there is a reason, no decision, and they are not one person -> [Pair], the highest weight
    first, at most ``count``; ``after`` is the cursor, (weight, a, b) of the last one seen."""

    count: int = 50
    after: tuple[float, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Contributors:
    """Every list of organisations that resources have come from (``Stored.source``) -> [str]."""


@dataclass(frozen=True, slots=True)
class LinkHistory:
    """How a Patient came to its person -> [LinkEvent], oldest first."""

    patient: str


@dataclass(frozen=True, slots=True)
class Tables:
    """Mapping tables by digest, as they were kept with ``Change.tables`` -> [bytes] or []."""

    digest: str


@dataclass(frozen=True, slots=True)
class KeptTables:
    """The mapping tables that are kept -> [(digest, first, content)]: when they were first used (microseconds, 0 where nobody
    knows), in that order."""


@dataclass(frozen=True, slots=True)
class Spent:
    """The names kept with ``Change.used`` that begin so and are kept beyond ``now`` (microseconds) -> [(name, until)]."""

    prefix: str
    now: int


@dataclass(frozen=True, slots=True)
class Held:
    """What ``Change.kept`` holds under a name beyond ``now`` (microseconds) -> [value] or []."""

    name: str
    now: int


@dataclass(frozen=True, slots=True)
class Meta:
    """A value kept with ``Change.meta`` -> [str] or []."""

    name: str


@dataclass(frozen=True, slots=True)
class Noted:
    """The values kept with ``Change.meta`` whose names begin so -> [(name, value)]."""

    prefix: str


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What destinations are to be told, oldest first -> [Delivery]; destination, state, tracking and acknowledgement '' = any;
    ``after`` a sequence; ``sequence`` 0 = any, else that one; ``numbers``: only events of these numbers, both included, by their
    numbers; ``overdue``: sent, and the acknowledgement of the other side was to come by then (microseconds), 0 = any; ``due``: to
    be tried by then (microseconds), 0 = any."""

    destination: str = ""
    state: str = ""
    after: int = 0
    count: int = 50
    sequence: int = 0
    numbers: tuple[int, int] | None = None
    tracking: str = ""
    ack: str = ""
    overdue: int = 0
    due: int = 0


@dataclass(frozen=True, slots=True)
class LastNumber:
    """The number that an event of a Subscription was given last -> [int]; 0 = none was."""

    destination: str


@dataclass(frozen=True, slots=True)
class Queues:
    """A line for each destination that was ever to be told anything that is still kept -> [QueueCount]."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The number of the record's last commit, of whatever process -> [int]; what is kept of its dictionaries is brought up to that.
    Where one process alone writes nothing is counted: always the same number."""


@dataclass(frozen=True, slots=True)
class NewsSince:
    """The number of the record's last commit, with the news of each after ``turn`` -> [(number, kind, id)]; where there are none
    [(number, '', '')]."""

    turn: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Journal entries after ``after`` of these adapters with no outcome yet, in order -> [Entry]."""

    after: int
    adapters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """What of a portion of the journal after ``after`` has no outcome -> [(above, count, [message])]: how many messages are to be
    worked on, and by number what is not: entries of these adapters, and those whose content has been purged. ``above`` is that of
    the next portion, 0 after the last. No content is read."""

    after: int
    adapters: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OpenClaims:
    """The claims that are open, where several processes work the journal off -> [(Claim, worker, gone)], in the order in which they
    are to be applied; ``gone``: it is another worker's, which is no longer there. Empty where one process has the store."""

    worker: int


@dataclass(frozen=True, slots=True)
class Claimable:
    """The first message that nobody may have claimed, or 1 where one is to be claimed once more; 0 where there is none -> [int].
    Where several processes share the store."""


@dataclass(frozen=True, slots=True)
class ClaimEntries:
    """The messages of a claim that are still to be worked on, in order -> [Entry]. Where several processes share the store."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """About how many messages have no outcome, at least as many as there are -> [int]; 0 is exact. Where several processes share
    the store."""


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What became of these messages -> [Outcome]; those without one are left out. Where several processes share the store."""

    messages: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """Journal entries after ``after`` with no outcome yet, in order -> [Entry], at most ``limit``."""

    after: int
    limit: int = 64


@dataclass(frozen=True, slots=True)
class Message:
    """One journal entry with its states -> [Entry] or []."""

    message: int


@dataclass(frozen=True, slots=True)
class Messages:
    """Journal entries, newest first -> [Entry] without bodies; filters '' = any; ``before`` 0 = from the end."""

    feed: str = ""
    state: str = ""
    control_id: str = ""
    before: int = 0
    count: int = 50


@dataclass(frozen=True, slots=True)
class Browse:
    """Journal entries, newest first -> [(below, [Entry])] without bodies, at most ``count``: those of one portion of the journal;
    ``below`` is the ``before`` of the next portion, 0 after the first message.

    Filters '' = any; ``reasons`` () = any; ``since`` and ``until`` as ``Replayable``; ``before`` 0 = from the end."""

    feed: str = ""
    type: str = ""
    state: str = ""
    reasons: tuple[str, ...] = ()
    control_id: str = ""
    since: int = 0
    until: int = 0
    before: int = 0
    count: int = 50


@dataclass(frozen=True, slots=True)
class Browsed:
    """How many entries of one portion of the journal are of a filter -> [(below, number)], as ``Browse``."""

    of: Browse


@dataclass(frozen=True, slots=True)
class Shelf:
    """What feeds have sent and the record lacks, because it was refused once it was journalled, failed, was shelved, or is held ->
    [(feed, state, reason, number, first, last)]: how many messages, and when the first and the last of them came (microseconds).
    What was taken down is none of them."""


@dataclass(frozen=True, slots=True)
class Repetitions:
    """When a message came again, in microseconds -> [received], oldest first, at most ``count``."""

    message: int
    count: int = 100


@dataclass(frozen=True, slots=True)
class Feeds:
    """A line for each feed -> [FeedCount]."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Loss counts of a feed -> [LossCount]; feed '' = all."""

    feed: str = ""


@dataclass(frozen=True, slots=True)
class Export:
    """For ``stream``: all that may be seen of ``types``, each with what narrows it -> Block.

    It is one state of the record, as it was at ``until`` (microseconds), whatever is written meanwhile; what bears that time or an
    earlier one must be committed.

    ``since``: only what was changed after that, and, as Blocks that are ``deleted``, what was taken away after it. ``personal``:
    only what is about a Patient; ``patients``: only what is about these and whoever is one person with them, None = of anyone."""

    decision: Decision
    types: tuple[tuple[str, Where | None], ...]
    until: int
    since: int = 0
    personal: bool = False
    patients: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Hiding:
    """The Patients of whom ``parameter`` is said at any time, those who were deleted, and whoever is one person with either ->
    [patient id]; for the engine's own redaction: whoever hides is among them."""

    parameter: str


@dataclass(frozen=True, slots=True)
class Disposable:
    """Messages that have an outcome, or were refused, received before ``before`` (microseconds), of these feeds (() = any), whose
    content is still there -> [(above, [(message, size, digest)])], at most ``count``, as ``Made``. Takedowns and replays never."""

    before: int
    feeds: tuple[str, ...] = ()
    above: int = 0
    count: int = 500


@dataclass(frozen=True, slots=True)
class Emptied:
    """How many messages have no content any more (``Change.husks``) -> [int]."""


@dataclass(frozen=True, slots=True)
class Replaced:
    """Versions that were no longer the present ones at ``before`` (microseconds) -> [(above, [Withheld])], as ``Disposable``."""

    before: int
    above: int = 0
    count: int = 500


@dataclass(frozen=True, slots=True)
class Sourced:
    """What comes of this source (``Stored.source``) and no other -> [(above, [(type, id)])], as ``Disposable``."""

    source: str
    above: int = 0
    count: int = 200


@dataclass(frozen=True, slots=True)
class Everything:
    """For ``stream``: every journal entry in order -> Entry. For rebuild."""

    after: int = 0


Plan = (
    Read
    | ReadVersion
    | History
    | Several
    | Search
    | Count
    | Compartment
    | Coded
    | Heads
    | Versions
    | Made
    | Sharing
    | Replayable
    | Snapshots
    | Said
    | Persons
    | Claims
    | Group
    | Access
    | Pairs
    | Undecided
    | Contributors
    | LinkHistory
    | Tables
    | KeptTables
    | Spent
    | Held
    | Meta
    | Noted
    | Deliveries
    | LastNumber
    | Queues
    | Turn
    | NewsSince
    | OpenClaims
    | Claimable
    | ClaimEntries
    | Backlog
    | Outcomes
    | Unfinished
    | Left
    | Waiting
    | Message
    | Messages
    | Browse
    | Browsed
    | Repetitions
    | Shelf
    | Feeds
    | Coverage
    | Export
    | Hiding
    | Everything
    | Disposable
    | Emptied
    | Replaced
    | Sourced
)
