"""A message of the journal read again: field by field what became of it, and about whom it is. Nothing is written."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

from interop.apply.journalled import ADAPTERS, DOWN, ORDERS
from interop.apply.whereabouts import Whereabouts
from interop.errors import Problem
from interop.formats.json import load_json, write_json
from interop.ids import NHS_NUMBER, Mint, NhsNumber, Standing
from interop.mapping.library import Family, Said, adapters, family_of
from interop.mapping.lineage import Lineage, layout, lineage
from interop.mapping.packed import unpack
from interop.mapping.sites import sites_of
from interop.policy.labels import hides_whereabouts, restricted
from interop.ports import Envelope, Feed
from interop.record.fold import alone
from interop.record.sources import source_of
from interop.record.state import said_by
from interop.record.umbrella import add_umbrellas
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Claims, ReadVersion, Several, Tables, Versions
from interop.store.seam import Store
from interop.store.values import Entry

WHEREABOUTS: Final = "whereabouts"
"""The message is about somebody whose whereabouts are hidden."""
LAW: Final = "law"
"""It holds what a statute forbids to disclose as such."""
NUMBERS: Final = 500
"""NHS numbers of a message that are looked up."""
_NUMBER: Final = re.compile(rb"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
_PATIENT: Final = re.compile(rb'"Patient/([A-Za-z0-9\-.]{1,64})"')
_THREAD: Final = ThreadPoolExecutor(1, thread_name_prefix="lineage")
"""Messages are traced one at a time: a family keeps where it is in a message. Other threads are for others."""
T = TypeVar("T")
Key = tuple[str, str]


class Looked(NamedTuple):
    """``rows`` are those of the tables with ``digest``, which were in force when the message was applied (``then``) or are those of
    today; ``problem`` is why it could not be mapped. ``patients`` are those whom it is about, as far as it can be told;
    ``withheld`` why nobody is given what it says: '' (they are), ``whereabouts`` or ``law``."""

    lineage: Lineage
    rows: Mapping[str, Said]
    digest: str
    then: bool
    problem: Problem | None
    patients: tuple[str, ...]
    withheld: str


class _Told(NamedTuple):
    lineage: Lineage
    rows: Mapping[str, Said]
    digest: str
    problem: Problem | None
    keys: tuple[Key, ...]
    bodies: tuple[tuple[str, dict[str, object]], ...]


async def look(store: Store, entry: Entry, feeds: Mapping[str, Feed], mint: Mint) -> Looked:
    """Read a message, with its content, again. Raises Problem ``not-found`` for what no feed has sent, ``gone`` for what was taken
    down, ``purged`` for what is no longer kept."""
    if entry.adapter in (*ADAPTERS, *ORDERS):
        raise Problem("not-found")
    if entry.reason == DOWN:
        raise Problem("gone")
    if entry.size and not entry.body:
        raise Problem("purged")
    told = await _aside(_told, entry, feeds.get(entry.feed), mint, None)
    then = await _then(store, entry, told.keys)
    if then and then != told.digest and (content := await store.query(Tables(then))):
        earlier = await _aside(_told, entry, feeds.get(entry.feed), mint, (then, content[0]))
        told = earlier if earlier.problem is None else told
    made, named, found = await _about(store, entry, told)
    withheld = LAW if await _lawful(store, told) else ""
    hides = any(type_ == "Patient" and hides_whereabouts(body) for type_, body in told.bodies)
    if hides or await Whereabouts(store).hidden(made | named | found):
        withheld = WHEREABOUTS
    patients = tuple(sorted(made | named or found))
    return Looked(told.lineage, told.rows, told.digest, bool(then) and then == told.digest, told.problem, patients, withheld)


async def _aside(work: Callable[..., T], *given: Any) -> T:
    return await asyncio.get_running_loop().run_in_executor(_THREAD, work, *given)


async def family_by(store: Store, digest: str, envelope: Envelope) -> Family:
    """The tables of that digest with tracing, where they are kept; else those of today."""
    today = await _aside(partial(family_of, envelope, traced=True))
    if not digest or digest == today.digest:
        return today
    content = await store.query(Tables(digest))
    kept = await _aside(_kept, digest, content[0], envelope.family, envelope.organisation) if content else None
    return kept or today


@lru_cache(maxsize=4)
def _kept(digest: str, content: bytes, name: str, organisation: str) -> Family | None:
    """Kept tables, compiled; None where they have no such family."""
    with tempfile.TemporaryDirectory() as directory:
        unpack(content, Path(directory))
        folder = Path(directory) / name
        if not folder.is_dir():
            return None
        site = organisation if organisation in sites_of(folder) else ""
        return Family.load(name, root=Path(directory), traced=True, site=site)


def _told(entry: Entry, feed: Feed | None, mint: Mint, kept: tuple[str, bytes] | None) -> _Told:
    """The message by the tables of today, or by those that are given."""
    told, rows, digest = Lineage(), dict[str, Said](), ""
    try:
        adapter = adapters().get(entry.adapter)
        if adapter is None:
            raise Problem("unknown-format")
        envelope, source = adapter.open(entry.body)
        told = layout(source).told
        bound, also = (feed.organisation, feed.also) if feed is not None else ("", ())
        family = _kept(*kept, envelope.family, envelope.organisation) if kept is not None else None
        family = family or family_of(envelope, traced=True)
        rows, digest = family.rows(), family.digest
        made = lineage(family, source, envelope, mint, source_of(entry.feed, bound, also, envelope.organisation))
    except Problem as problem:
        return _Told(told, rows, digest, problem, (), ())
    except Exception as error:
        return _Told(told, rows, digest, Problem("mapping-fault", detail=type(error).__name__), (), ())
    assert made.made is not None
    add_umbrellas(made.made, mint)
    said = made.made.contributions
    bodies = tuple((one.type, alone(one.type, said_by(one)) or {}) for one in said if one.effect == "upsert")
    return _Told(made, rows, digest, None, tuple(dict.fromkeys((one.type, one.id) for one in said)), bodies)


async def _then(store: Store, entry: Entry, keys: tuple[Key, ...]) -> str:
    """The digest of the tables by which the message was mapped when a version came of it; '' where none did."""
    for type_, id_, version, message, _ in await store.query(Versions(keys)) if keys else ():
        if message == entry.message:
            for stored in await store.query(ReadVersion(PERMIT_ALL, type_, id_, version)):
                if stored.tables:
                    digest: str = stored.tables
                    return digest
    return ""


async def _about(store: Store, entry: Entry, told: _Told) -> tuple[set[str], set[str], set[str]]:
    """The Patients whom a message has made or speaks of, those that bear a number by which it is kept in order, and those that bear
    any NHS number in it."""
    made = {id_ for type_, id_ in told.keys if type_ == "Patient"}
    for _, body in told.bodies:
        made.update(found.decode("ascii") for found in _PATIENT.findall(write_json(body)))
    numbers = [(system, value) for system, _, value in (key.rpartition("|") for key in entry.keys) if value]
    text = entry.body.replace(b"\0", b"")  # of UTF-16, where a digit is two bytes
    digits = dict.fromkeys(NhsNumber.read(found.decode("ascii")) for found in _NUMBER.findall(text))
    every = [(NHS_NUMBER, str(one)) for one in digits if one is not None and one.standing != Standing.INVALID][:NUMBERS]
    return made, await _bearing(store, numbers), await _bearing(store, every)


async def _bearing(store: Store, numbers: Iterable[tuple[str, str]]) -> set[str]:
    wanted = tuple(dict.fromkeys(numbers))
    return {patient for patient, *_ in await store.query(Claims(wanted))} if wanted else set()


async def _lawful(store: Store, told: _Told) -> bool:
    """Whether what the message says, or what the record holds of the same, bears a label that a statute gives it."""
    if any(map(restricted, (body for _, body in told.bodies))):
        return True
    for stored in await store.query(Several(PERMIT_ALL, told.keys)) if told.keys else ():
        if b'"security"' in stored.body and restricted(load_json(stored.body, values=None)):
            return True
    return False
