"""Messages of many families about a few people, told in this order or that: what the record says then."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from interop.apply.applier import Applier
from interop.apply.mapping_work import Job, Told, Yield, map_batch
from interop.clock import ManualClock
from interop.identity.sources import verified
from interop.ids import Mint
from interop.mapping.library import adapters
from interop.mapping.reading import families
from interop.ports import Feed
from interop.store.decision import PERMIT_ALL
from interop.store.plan import Persons, Search
from interop.store.sqlite import SqliteStore
from tests.spec.engine.messages import ZELDA
from tests.spec.families.maps import example

KEY = b"a key for tests only"
CHANGING = ("versionId", "lastUpdated", "source")
"""What tells of a version how it came about, and so in which order."""
SNAPSHOTS = ("allergies", "diagnoses")
FEEDS = {name: Feed(name, name, test_numbers=True) for name in families()}
FEEDS["pas"] = Feed("pas", "hl7v2", test_numbers=True, snapshots=SNAPSHOTS)
"""A second hospital feed, whose messages tell all of some things."""
PEOPLE = 3


class Said(NamedTuple):
    """A message: its feed, its bytes, the people that it is about by the identifiers of its envelope, whether it tells its time."""

    feed: str
    body: bytes
    keys: frozenset[str]
    timed: bool

    @classmethod
    def of(cls, feed: str, body: bytes) -> Said:
        envelope = adapters()[FEEDS[feed].adapter].envelope(body)
        return cls(feed, body, frozenset(envelope.keys), bool(envelope.order.time or envelope.order.version))


@cache
def examples(family: str) -> tuple[bytes, ...]:
    """The messages of a family's worked examples."""
    folder = files("mappings").joinpath(family, "examples")
    names = sorted(each.name for each in folder.iterdir() if not each.name.endswith(".csv"))
    adapter = adapters()[family]
    return tuple(body for name in names for body in adapter.split(BytesIO(example(family, name))))


def hospital(template: bytes, number: int, person: str, other: str, day: int, visit: int, known: bool) -> bytes:
    """A worked example of HL7 v2 as message ``number`` about ``person`` (and ``other``, where it is about two), on a day;
    ``known`` where it tells the NHS number that all of these people have in common."""
    lines = [line for line in template.decode("utf-8").replace("\n", "\r").split("\r") if line]
    at = f"202601{day:02}10{number % 60:02}"
    local = f"{person}^^^PAS" + (f"~{ZELDA}^^^NHS" if known else "")
    people = iter((local, f"{other}^^^PAS"))
    made = []
    for line in lines:
        fields = line.split("|")
        match fields[0]:
            case "MSH":
                _set(fields, 6, at)
                _set(fields, 9, f"N{number}")
            case "EVN":
                _set(fields, 2, at)
                if len(fields) > 6:
                    _set(fields, 6, at)
            case "PID":
                _set(fields, 3, next(people, local))
            case "MRG":
                _set(fields, 1, f"{other}^^^PAS")
            case "PV1" if len(fields) > 19 and fields[19]:
                _set(fields, 19, f"V{person}{visit}^^^VISIT")
            case "SCH":
                for place in (1, 2):
                    if len(fields) > place and fields[place]:
                        _set(fields, place, f"AP{person}{visit}^PAS")
        made.append("|".join(fields))
    return ("\r".join(made) + "\r").encode()


def _set(fields: list[str], place: int, value: str) -> None:
    fields[place] = value


class Record:
    """A record of its own, in memory, and the messages that it was told."""

    def __init__(self, folder: Path, template: Path, loop: asyncio.AbstractEventLoop) -> None:
        shutil.copytree(template, folder)
        self.loop, self.folder = loop, folder
        self.store = SqliteStore.open(folder, clock=ManualClock())
        self.applier = Applier(self.store, ManualClock(), FEEDS)
        self.mint = Mint(KEY)
        self.told = 0
        self.mapper = Told()

    def tell(self, batches: Iterable[Sequence[tuple[Said, int]]]) -> None:
        """Apply batches of messages, each with the time at which it came if it tells none itself."""
        for batch in batches:
            jobs = []
            for said, received in batch:
                self.told += 1
                feed = FEEDS[said.feed]
                traced = verified(FEEDS, (feed.name,), feed.name, feed.adapter)
                job = Job(self.told, feed.name, feed.adapter, said.body, received, True, feed.snapshots, verified=traced)
                jobs.append(job)
            made: list[Yield] = map_batch(jobs, self.mint, self.mapper)
            self.loop.run_until_complete(self.applier.apply(made))

    def says(self) -> tuple[dict[str, Any], set[frozenset[str]]]:
        """Its resources, versions and times aside, and which of its Patients are one person."""
        resources: dict[str, Any] = {}
        for one in self.loop.run_until_complete(self.store.query(Search(PERMIT_ALL, "", count=100_000))):
            body = orjson.loads(one.body)
            meta = {name: value for name, value in body.get("meta", {}).items() if name not in CHANGING}
            resources[f"{one.type}/{one.id}"] = {**body, "meta": meta, "of": [one.source, one.subject]}
        patients = [name.removeprefix("Patient/") for name in resources if name.startswith("Patient/")]
        groups: dict[str, set[str]] = {}
        for patient, person, _ in self.loop.run_until_complete(self.store.query(Persons(tuple(patients)))) if patients else ():
            groups.setdefault(person, set()).add(patient)
        return resources, {frozenset(group & set(patients)) for group in groups.values()}

    def close(self) -> None:
        self.loop.run_until_complete(self.store.close())
        shutil.rmtree(self.folder)


def extension(messages: Sequence[Said], choices: Sequence[int]) -> list[int]:
    """An order of messages that keeps that of any two about one person; choices 0 keep the one they are in."""
    left = list(range(len(messages)))
    order = []
    for choice in [*choices, *(0 for _ in messages)][: len(messages)]:
        free = [
            place for at, place in enumerate(left) if not any(messages[before].keys & messages[place].keys for before in left[:at])
        ]
        order.append(free[choice % len(free)])
        left.remove(order[-1])
    return order


def differences(one: dict[str, Any], other: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {name: (one.get(name), other.get(name)) for name in {*one, *other} if one.get(name) != other.get(name)}
