"""The work of a mapper: messages in, what they yield out, as bytes that the owner can store without looking inside. Pure, save
that what was told just so before is not told again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from interop.errors import Problem
from interop.fhir.rows import IndexRow
from interop.identity.linking import identity_of
from interop.ids import Mint
from interop.mapping.contribution import Contribution
from interop.mapping.library import adapters, family_of
from interop.mapping.snapshots import scoped
from interop.ports import Order
from interop.ports.demographics import PDS
from interop.ports.feed import Names
from interop.record.fold import alone, content
from interop.record.indexing import indexed
from interop.record.sources import source_of
from interop.record.state import said_by, said_in, stated
from interop.record.umbrella import ENGINE, add_umbrellas


class Job(NamedTuple):
    """A message to map; ``received`` in microseconds, ``organisation`` and ``also`` those of its feed, ``verified``
    whether its NHS numbers are where no status is stated."""

    message: int
    feed: str
    adapter: str
    body: bytes
    received: int
    test_numbers: bool
    snapshots: tuple[str, ...] = ()
    organisation: str = ""
    also: Names = ()
    verified: bool = False

    def dated(self, order: Order) -> Order:
        """When its facts held: as the message says, by a time or a version of its own, else when it came."""
        return order if order.time or order.version else order._replace(time=self.received)


@dataclass(slots=True)
class Piece:
    """One contribution, ready: ``state`` as it is stored where there was none; ``content`` and ``index`` of the resource if this is
    all that is said of it, b'' where this mapper has told them before (or there are none). ``identity`` is of a Patient, see
    ``interop.identity``."""

    type: str
    id: str
    feed: str
    event: str
    effect: str
    cancels: str
    state: bytes
    content: bytes = b""
    index: list[tuple[Any, ...]] = field(default_factory=list)
    identity: str = ""


@dataclass(slots=True)
class Yield:
    """What one message yields: pieces and relinks, or a problem (name, where, detail). ``site`` is the sender for which the tables
    hold, '' where they are the family's; ``whole`` are the scopes of which it tells all (``interop.mapping.snapshots``), ``order``
    the message's own where its family has scopes; ``source`` whose it is (``interop.record.sources``);
    ``sender`` and ``receiver`` as in the envelope."""

    message: int
    feed: str
    type: str
    digest: str = ""
    family: str = ""
    pieces: list[Piece] = field(default_factory=list)
    relinks: list[tuple[str, str, bool]] = field(default_factory=list)
    losses: list[tuple[str, str, str, int]] = field(default_factory=list)
    carried: int = 0
    problem: tuple[str, str, str] | None = None
    site: str = ""
    order: tuple[int, int, str] | None = None
    whole: list[str] = field(default_factory=list)
    source: str = ""
    sender: str = ""
    receiver: str = ""
    received: int = field(default=0, compare=False)
    """When, in microseconds; 0 where nobody watches how long it takes."""


class Told:
    """What was told lately of which resource, as digests. Where something is taken for told that was not (the batch was lost,
    two digests are alike), the owner makes content and rows itself."""

    def __init__(self) -> None:
        self._lately: set[int] = set()
        self._earlier: set[int] = set()

    def known(self, said: tuple[Any, ...]) -> bool:
        """Whether just this was told lately."""
        digest = hash(said)
        if digest not in self._lately and digest in self._earlier:
            self.remember(said)
        return digest in self._lately

    def remember(self, said: tuple[Any, ...]) -> None:
        """This was told now."""
        if len(self._lately) >= REMEMBERED:
            self._earlier, self._lately = self._lately, set()
        self._lately.add(hash(said))


REMEMBERED: Final = 20_000
"""What was told that is known to have been, at least; at most twice as much."""
_TOLD: Final = Told()
"""What this process told."""
_SIMPLE: Final = frozenset((str, int, float, type(None)))


def map_batch(jobs: list[Job], mint: Mint, told: Told = _TOLD) -> list[Yield]:
    """Map each message by itself; a failure of one is its own. What was ``told`` before comes without content and rows."""
    return [_map(job, mint, told) for job in jobs]


def _map(job: Job, mint: Mint, told: Told) -> Yield:
    made = Yield(job.message, job.feed, "")
    telling: list[tuple[tuple[Any, ...], Contribution]] = []
    try:
        adapter = adapters().get(job.adapter)
        if adapter is None:
            raise Problem("unknown-format")
        envelope, source = adapter.open(job.body)
        made.type, made.family = envelope.message, envelope.family
        made.sender, made.receiver = envelope.sender, envelope.receiver
        made.source = source_of(job.feed, job.organisation, job.also, envelope.organisation)
        order = job.dated(envelope.order)
        tables = family_of(envelope)
        mapped = tables.map(source, envelope, mint, whose=made.source)
        add_umbrellas(mapped, mint)
        if tables.model.tables.snapshots:
            made.whole = scoped(mapped, tables.model.tables.snapshots, envelope, job.snapshots)
            made.order = order.time, order.version, order.tie
        made.digest, made.site, made.carried = mapped.digest, tables.site, mapped.carried
        made.pieces = [_piece(contribution, job, order, told, telling) for contribution in mapped.contributions]
        made.relinks = [(relink.patient, relink.into, relink.paired) for relink in mapped.relinks]
        counted = Counter(mapped.losses)
        made.losses = [(loss.path, loss.reason, loss.row, count) for loss, count in counted.items()]
        for said, contribution in telling:
            told.remember(said)
            if contribution.derived is not None:
                contribution.derived["told"] = told, job.feed
    except Problem as problem:
        made.problem = (problem.reason.name, problem.where, problem.detail)
    except Exception as error:
        made.problem = ("mapping-fault", "", type(error).__name__)
    return made


def _piece(
    contribution: Contribution, job: Job, order: Order, told: Told, telling: list[tuple[tuple[Any, ...], Contribution]]
) -> Piece:
    """A contribution made ready. What it tells for the first time is added to ``telling``: it counts as told only when the whole
    message is good, so that what cannot be made is found here each time and never by the owner."""
    feed = ENGINE if contribution.name == ENGINE else job.feed
    made = Piece(
        contribution.type,
        contribution.id,
        feed,
        contribution.event,
        contribution.effect,
        contribution.cancels,
        stated(contribution, order, job.message),
    )
    derived = contribution.derived
    if contribution.effect != "upsert" or (derived is not None and derived.get("told") == (told, job.feed)):
        return made
    said = feed, made.type, made.id, made.event, said_in(made.state)
    if told.known(said):
        return made
    body = alone(contribution.type, said_by(contribution))
    if body is None:
        return made
    made.index = [tuple(row) if row[3].__class__ in _SIMPLE and row[1] != "composite" else _plain(row) for row in indexed(body)]
    if contribution.type == "Patient":
        made.identity = identity_of(body, test_numbers=job.test_numbers, national=job.feed == PDS, verified=job.verified)
    made.content = content(contribution.type, contribution.id, body)
    telling.append((said, contribution))
    return made


def _plain(row: IndexRow) -> tuple[Any, ...]:
    """A row without the types of ours that ``marshal`` does not know."""
    parameter, kind, a, b, c = row
    if kind == "composite":
        return parameter, kind, a, b, _plain(c)
    return parameter, kind, a, str(b) if b.__class__ is not str and isinstance(b, str) else b, c
