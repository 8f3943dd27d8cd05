"""What the store returns, and the parts of a Change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from interop.fhir.rows import IndexRow as IndexRow

TAKEDOWN = "takedown"
"""The feed of takedowns in the journal, and the adapter of those that take down what a feed sent."""
REPLAY = "replay"
"""The feed and adapter of replays in the journal."""


@dataclass(slots=True)
class Stored:
    """One version of a resource: ``body`` is the JSON that is served, byte for byte; b'' for a deletion.

    ``told`` is what a history says of it, method and status (``POST 201``); '' = what its number and ``deleted`` say. Of what is
    read, a history alone fills it. ``source`` are the organisations that contributed to it, in order, with commas between (see
    ``interop.record.sources``); ``subject`` the Patient that it is about, '' for none, filled by reads."""

    type: str
    id: str
    version: int
    updated: int
    body: bytes
    deleted: bool = False
    owner: str = ""
    message: int = 0
    tables: str = ""
    sort: tuple[Any, ...] = ()
    told: str = ""
    source: str = ""
    subject: str = ""


@dataclass(slots=True)
class Block:
    """Resources of one type as an export gives them. ``lines``: their bodies, each as ``Stored.body`` has it, line breaks between;
    b'' where they are ``deleted``. By place: ``ids``, ``subjects`` (as ``Stored.subject``) and ``several``, whether the body may
    name Patients besides."""

    type: str
    ids: list[str]
    subjects: list[str]
    several: list[bool]
    lines: bytes
    deleted: bool = False


@dataclass(slots=True)
class Head:
    """A resource as the fold sees it: present version (0 = none yet), the message that made it, and its contributions by (feed,
    event); ``source`` as in Stored."""

    type: str
    id: str
    version: int
    owner: str
    body: bytes
    deleted: bool
    contributions: dict[tuple[str, str], bytes] = field(default_factory=dict)
    message: int = 0
    source: str = ""


@dataclass(slots=True)
class Entry:
    """A message in the journal. Times are microseconds; ``state`` and ``ack`` as in ``interop.ports``."""

    message: int
    feed: str
    adapter: str
    received: int
    control_id: str
    type: str
    body: bytes
    keys: tuple[str, ...] = ()
    duplicate: str = ""
    digest: bytes = b""
    state: str = "received"
    ack: str = "pending"
    reason: str = ""
    detail: str = ""
    where: str = ""
    finished: int = 0
    size: int = 0
    repeats: int = 0
    carried: int = 0
    lost: int = 0
    retracted: int = 0


class FeedCount(NamedTuple):
    """How a feed stands: counts by state, times of the oldest waiting, of the last received and of the oldest that is shelved and
    so is lacking in the record (0 = none). ``held``: how many of those ``waiting`` do so because it stands still."""

    feed: str
    received: int
    waiting: int
    applied: int
    refused: int
    failed: int
    shelved: int
    oldest_waiting: int
    last_received: int
    incomplete_since: int = 0
    held: int = 0


class LossCount(NamedTuple):
    """How often a source field of a feed's message type was met and not carried; reason '' = carried."""

    feed: str
    type: str
    path: str
    reason: str
    row: str
    count: int  # type: ignore[assignment]


@dataclass(slots=True)
class Put:
    """A new version of a resource. ``version`` is expected to be the present one plus 1. ``body`` b'' = deletion. ``base`` is a
    service base under which its references mean resources of ours, '' for none."""

    stored: Stored
    index: list[IndexRow]
    base: str = ""


@dataclass(slots=True)
class Reindexed:
    """The index rows of a present version anew, without a new version. Passed over where ``version`` is not the present one."""

    type: str
    id: str
    version: int
    index: list[IndexRow]


@dataclass(slots=True)
class ContributionState:
    """What one feed's events of one kind say of a resource (see ``interop.record.fold``); replaces the one before. ``state`` b'':
    nothing any more, as if nothing had been said."""

    type: str
    id: str
    feed: str
    event: str
    state: bytes


class Withheld(NamedTuple):
    """Earlier versions of a resource, ``first`` to ``last``, that nobody is to see again: the record holds them no longer."""

    type: str
    id: str
    first: int
    last: int


class Husk(NamedTuple):
    """The content of a message is to go: number, feed, times, states and digest stay, and with ``keys`` whom it was about."""

    message: int
    keys: bool


def taken_down(feed: str, key: str) -> str:
    """The duplicate key of a takedown of a message that a feed sent under its own; '' where that had none."""
    return f"{feed}\x1f{key}" if key else ""


class Link(NamedTuple):
    """A Patient belongs to a person; ``identity`` is what linking compares (see ``interop.identity``), '' keeps it."""

    patient: str
    person: str
    identity: str


class LinkEvent(NamedTuple):
    """A line of the linking history: from one person to another, why, by which message."""

    patient: str
    before: str
    after: str
    why: str
    message: int
    time: int


class Pair(NamedTuple):
    """What is said of two Patients, ``a`` before ``b``; None keeps what is there.

    ``tie``: what sources say (``interop.identity.ties``); ``decision``: what people say, ``same`` or ``apart``. ``why`` the pair
    is for people to decide (a reason of ``interop.identity``), with the ``weight`` in bits, the ``score`` from 0 to 1, how each
    field ``compared``, and ``since`` when (microseconds). '' and 0 = nothing is said.
    """

    a: str
    b: str
    tie: str | None = None
    decision: str | None = None
    why: str | None = None
    weight: float | None = None
    score: float | None = None
    compared: str | None = None
    since: int | None = None


@dataclass(slots=True)
class Outcome:
    """What became of a message. ``received`` takes back that it was refused, has failed or was shelved, and nothing else: what is
    in the record, and what was taken down, stays so."""

    message: int
    state: str
    time: int
    reason: str = ""
    detail: str = ""
    where: str = ""
    carried: int = 0
    lost: int = 0
    retracted: int = 0


class Snapshot(NamedTuple):
    """The latest complete snapshot that a feed has sent of a scope, by the order of the message (``interop.ports.Order``)."""

    feed: str
    scope: str
    time: int
    version: int
    tie: str
    message: int


class Used(NamedTuple):
    """A name that may be used once: an assertion, a code, a token that was withdrawn. Kept until ``until``; ``time`` is now
    (microseconds)."""

    name: str
    until: int
    time: int


class Kept(NamedTuple):
    """A value under a name until ``until``, in place of the one before; at once gone where ``until`` is not after ``time``,
    which is now (microseconds). ``there``: only where there is one, so that what has been taken away does not come back."""

    name: str
    value: str
    until: int
    time: int
    there: bool = False


DELIVERY = "delivery"
"""The kind of the News that there is something for a destination."""
PENDING, SENT, SHELVED, WITHHELD, DROPPED = "pending", "sent", "shelved", "withheld", "dropped"
"""The states of a delivery: it waits its turn; it was taken; it was refused for good or is too old; the destination may not have
it; nobody wants it any more."""


AWAITED, PASSED, ACKNOWLEDGED, DENIED, MISSING = "awaited", "passed", "acknowledged", "refused", "missing"
"""What has come of a destination's own acknowledgement: it is to come; somebody on the way has what was sent; it came, or came and
says no; it did not come in time."""


class Delivery(NamedTuple):
    """Something that a destination is to be told. ``id`` is the same whenever the same event is routed there; ``route`` is the row
    of routes.csv, or the Subscription, that asks for it; ``event`` one of ``created``, ``updated``, ``deleted`` (of the version
    that is named), ``message`` (of which ``concerns`` are the resources, ``Type/id`` with blanks between) and ``alert``
    (``resource`` is the item of the privacy officer's queue, ``type`` its rule). ``made``, ``due``, ``changed`` and ``since`` are
    microseconds; ``since`` is when an operator let it go out again, 0 for never: it counts from then how long it is tried.
    ``number``: which event of its Subscription it is, 0 where none is given (``Change.numbered``). ``tracking`` is the name by
    which the other side acknowledges it, ``ack`` what has come of that ('' = none is to come), ``code`` its own word for it,
    ``deadline`` until when (microseconds). ``sequence`` is given by the store."""

    destination: str
    id: str
    route: str
    event: str
    format: str
    made: int
    message: int = 0
    type: str = ""
    resource: str = ""
    version: int = 0
    concerns: str = ""
    state: str = PENDING
    tries: int = 0
    due: int = 0
    reason: str = ""
    changed: int = 0
    since: int = 0
    number: int = 0
    tracking: str = ""
    ack: str = ""
    code: str = ""
    deadline: int = 0
    sequence: int = 0


class Heard(NamedTuple):
    """A message whose facts are in a change, for whoever decides where it goes; the store keeps nothing of it. ``concerns`` as in
    Delivery; ``sender`` and ``receiver`` as in ``interop.ports.Envelope``."""

    message: int
    feed: str
    family: str
    type: str
    sender: str
    receiver: str
    concerns: str


class Mark(NamedTuple):
    """What has become of a delivery that waits; with ``since``, as in Delivery, it goes out again, whatever had become of it."""

    sequence: int
    state: str
    tries: int
    due: int
    reason: str
    changed: int
    since: int = 0


class Awaited(NamedTuple):
    """A delivery that waits is about to go out, or has just gone, and will be acknowledged as ``tracking`` until ``deadline``; 0:
    nothing is due, but something may come all the same."""

    sequence: int
    tracking: str
    deadline: int


class Answered(NamedTuple):
    """What the other side has said of a delivery, or that it has not in time: ``ack`` and ``code`` as in Delivery, ``state`` and
    ``reason`` what that makes of it. Passed over where it has been acknowledged or refused before, or has no name to be
    acknowledged by since it was let go out again; ``passed`` too where it is missing, and only the state counts where nothing more
    is due; ``missing`` where it is not awaited any more."""

    sequence: int
    ack: str
    code: str
    state: str
    reason: str
    changed: int


SWEPT = 1_000
"""So many deliveries are taken away at once: nothing is journalled meanwhile."""


class Sweep(NamedTuple):
    """Deliveries of a destination that are in one state come to be in another, to be tried at once and counted from ``before``;
    ``to`` '' takes away the first ``SWEPT`` of those that have not changed since ``before`` (microseconds)."""

    destination: str
    state: str
    to: str
    before: int


class QueueCount(NamedTuple):
    """How a destination's queue stands; ``oldest`` is when the oldest that waits was made, 0 for none. ``awaited``: so many were
    sent and are not acknowledged yet, the oldest of them at ``gone`` (0 for none); ``missing``: so many were not in time."""

    destination: str
    pending: int
    sent: int
    shelved: int
    withheld: int
    oldest: int
    awaited: int = 0
    gone: int = 0
    missing: int = 0


RECOUNT = "recount"
"""The kind of News of messages that had an outcome and have another now, or none."""
NAMES = "names"
"""The kind of the News that there are new parameters, code systems or contributors; the store says so itself."""
NEWS, LOCK = "news", "lock"
"""Types of a Conflict: whoever made the change has not heard of what binds; or has lost the locks under which it was made."""


class News(NamedTuple):
    """What the other processes of a record are to hear of a change: that a resource of type ``kind`` has another version, or what
    else a kind is for (``interop.apply.hearing``). ``binds``: nothing is committed by who has not heard of it."""

    kind: str
    id: str = ""
    binds: bool = False


CLAIM: Final = "claim"
"""The type of a Conflict with a claim that is another's by now."""
OF_CLIENTS: Final = ("api", "api+author")
"""Adapters of entries that their writers finish: nobody claims them."""


class Claim(NamedTuple):
    """The messages from ``first`` to ``last`` that have no outcome are for one process to work on, when all claims of a lower
    ``place`` are closed; ``token`` is another whenever the claim is taken over."""

    place: int
    token: int
    first: int
    last: int


class Claiming(NamedTuple):
    """A worker asks for claims: those below the place ``below`` whose worker is gone, else the next messages, ``spans`` claims of
    ``size`` at most. ``worker`` is the number of its seat."""

    worker: int
    spans: int
    size: int
    below: int = 0


@dataclass(slots=True)
class Change:
    """Everything that happens at once, as a value. A Change holds journal entries or record changes, never both: the
    journal is on disk before anything is derived from it. A name of ``used`` that was used before is a Conflict of type ``used``.

    ``expect`` names versions that must still be the present ones, (type, id) -> version (0 = not there). ``follows``: the journal
    alone makes just this again at the next start, so that the embedded store may lose it with the power. ``tables``: mapping tables
    by digest, with when they were first used (microseconds); what is kept already stays as it is. ``numbered``: deliveries, by
    sequence, that are given the next number of an event of their destination, in this order; one that has a number keeps it, one
    that no longer waits gets none.

    Where several processes share the store: ``news`` for the others; ``known``, the turn up to which its maker has heard theirs
    (-1: it does not depend on them), and ``held``, the holder of the locks under which it was made (0: none), are expected to be
    good still, as is the claim that it is made ``under``; ``closes``: that is done with. ``criteria`` are those of the locked names
    that stand for criteria: nobody else has them before the change is there or never will be. ``claiming`` asks for claims.
    """

    entries: list[Entry] = field(default_factory=list)
    acks: list[tuple[int, str]] = field(default_factory=list)
    husks: list[Husk] = field(default_factory=list)
    expect: dict[tuple[str, str], int] = field(default_factory=dict)
    puts: list[Put] = field(default_factory=list)
    reindexed: list[Reindexed] = field(default_factory=list)
    states: list[ContributionState] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    link_events: list[LinkEvent] = field(default_factory=list)
    pairs: list[Pair] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    losses: list[LossCount] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    tables: list[tuple[str, bytes, int]] = field(default_factory=list)
    meta: list[tuple[str, str]] = field(default_factory=list)
    used: list[Used] = field(default_factory=list)
    kept: list[Kept] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    awaited: list[Awaited] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    answered: list[Answered] = field(default_factory=list)
    sweeps: list[Sweep] = field(default_factory=list)
    numbered: list[int] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    known: int = -1
    held: int = 0
    criteria: tuple[tuple[str, str], ...] = ()
    under: Claim | None = None
    closes: bool = False
    claiming: Claiming | None = None
    follows: bool = False


@dataclass(slots=True)
class Committed:
    """The change is on disk, or ``follows`` from what is. ``entries`` are the journal's numbers, in the order of
    ``Change.entries``; an entry that repeats an earlier one (same feed and duplicate key within the window) is not added: its
    ``repeats`` names that one. ``claims`` are those that ``Change.claiming`` asked for; ``again`` the messages whose outcome has
    been taken back."""

    entries: list[Entry] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    again: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Conflict:
    """An expectation failed; nothing was written. The caller reads again and recomputes."""

    type: str
    id: str
    expected: int
    found: int
