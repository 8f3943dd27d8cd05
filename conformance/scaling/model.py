"""An engine as stations: taken in, mapped, applied; and its API. What each takes is measured, how they wait is simulated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil
from random import Random
from typing import Final

from conformance.scaling.facts import PEAK, READS, SEARCHES, YEAR, Measured, Place, yearly
from conformance.scaling.queueing import Times, arrivals, grouped, in_order, percentile, served, waits

FULL: Final = 0.6
"""How busy a station is planned to be in the busiest minute."""
GROUP: Final = 1_024
"""Messages that one commit of the journal takes."""
BATCH: Final = 128
"""Messages that are applied together."""
INGEST: Final = 2
"""Processes that take messages in: one may end."""
ALONE: Final = 50_000
"""People up to whom one process with SQLite is planned for; beyond it two of each role on a database, so that one may end."""
WAKE: Final = 0.05
"""Seconds between two looks of a worker that nobody wakes: without Redis, and while it has nothing to do."""
TURN: Final = 0.004
"""Seconds between two looks of a worker whose batch is mapped and not in its turn."""
EVENTS: Final = 40_000
"""Messages of one run."""
LEAST: Final = 30.0
"""Seconds of one run at least."""
JOURNAL: Final = {"message": 1_550, "document": 15_000}
"""Bytes that the journal and the audit keep of one, measured (messages of 1 kB, documents of 13 kB)."""
RECORD: Final = {"message": 18_800, "document": 44_200}
"""Bytes that the record keeps of one, with its versions and index rows, measured."""
RESOURCES: Final = 306
"""Of one person's record as a practice sends it whole."""
DISK: Final = 4e12
"""Bytes that one database is planned to grow by in a year: what is backed up and restored within hours."""
MEMORY: Final = 256e9
"""Bytes of memory of a database's machine."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds that one customer takes, from measured rates."""

    commit: float
    take: float
    message: float
    document: float
    record: float
    apply: float
    resource: float
    read: float
    search: float

    @classmethod
    def of(cls, rates: Mapping[str, Measured]) -> Costs:
        """What a commit takes whatever it holds, and each message of it, follows from one connection and sixteen of them."""
        alone, sixteen = 1 / rates["accept_alone"].value, 16 / rates["accept"].value
        take = max((sixteen - alone) / 15, 1e-6)
        second = {name: 1 / one.value for name, one in rates.items()}
        return cls(
            commit=max(alone - take, 1e-6),
            take=take,
            message=second["map_message"],
            document=second["map_document"],
            record=second["map_record"],
            apply=second["apply"],
            resource=second["apply_resources"],
            read=second["read"],
            search=second["search"],
        )


@dataclass(frozen=True, slots=True)
class Load:
    """Customers a second in the busiest minute."""

    messages: float
    documents: float
    looks: float

    @classmethod
    def of(cls, people: float) -> Load:
        """Of so many people."""
        each = (people * yearly(kind) / YEAR * PEAK for kind in ("message", "document", "look"))
        return cls(*each)

    @property
    def taken(self) -> float:
        """Messages of either kind."""
        return self.messages + self.documents

    @property
    def requests(self) -> float:
        """Reads and searches."""
        return self.looks * (SEARCHES + READS)

    def share(self, parts: int) -> Load:
        """Of one part of so many."""
        return Load(self.messages / parts, self.documents / parts, self.looks / parts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A place: its load, what it takes, and how long messages and requests then wait, in seconds."""

    place: Place
    load: Load
    shards: int
    mapping: int
    serving: int
    cores: int
    applying: float
    acknowledged: float
    visible: float
    answered: float
    bytes: float
    loading: float


def mapping_seconds(load: Load, times: Costs) -> float:
    """Processor seconds a second of mapping."""
    return load.messages * times.message + load.documents * times.document


def serving_seconds(load: Load, times: Costs) -> float:
    """Processor seconds a second of the API."""
    return load.looks * (SEARCHES * times.search + READS * times.read)


def simulated(place: Place, times: Costs, seed: int) -> Outcome:
    """A deployment that is as large as the busiest minute asks for, in that minute."""
    load = Load.of(place.people)
    year = {kind: place.people * yearly(kind) for kind in JOURNAL}
    grown = sum(year[kind] * (JOURNAL[kind] + RECORD[kind]) for kind in JOURNAL)
    shards = max(1, ceil(load.taken * times.apply / FULL), ceil(grown / DISK))
    part, chance = load.share(shards), Random(seed)
    mapping = max(1, ceil(mapping_seconds(part, times) / FULL))
    serving = max(1, ceil(serving_seconds(part, times) / FULL))
    taken = arrivals(part.taken, max(LEAST, EVENTS / part.taken), chance)
    journalled = grouped(taken, times.commit, times.take / INGEST, GROUP)
    alone = shards == 1 and mapping == 1 and serving == 1 and place.people <= ALONE
    claimed = journalled if alone else looked_for(journalled, times)
    applied = through(claimed, part, times, mapping, 0.0 if alone else TURN, chance)
    asked = arrivals(part.requests, max(LEAST, EVENTS / part.requests), chance)
    answered = served(asked, lambda by: _request(by, times), serving, chance)
    return Outcome(
        place=place,
        load=load,
        shards=shards,
        mapping=mapping * shards,
        serving=serving * shards,
        cores=2 if alone else shards * (mapping + serving + INGEST + 1 + 2),
        applying=load.taken * times.apply,
        acknowledged=percentile(waits(taken, journalled), 0.99),
        visible=percentile(waits(taken, applied), 0.99),
        answered=percentile(waits(asked, answered), 0.99),
        bytes=grown,
        loading=place.people / shards * max(RESOURCES * times.resource, times.record / mapping),
    )


def looked_for(journalled: Times, times: Costs) -> Times:
    """Found by a worker of another process at its next look, and claimed by a commit in each half."""
    return [ceil(at / WAKE) * WAKE + 2 * times.commit for at in journalled]


def through(claimed: Times, part: Load, times: Costs, mapping: int, turn: float, chance: Random) -> Times:
    """Mapped by whoever is free, applied in the journal's order, a batch at a time; whose turn it is finds out by looking every
    ``turn`` seconds, 0 for at once."""
    documents = part.documents / part.taken

    def mapped(by: Random) -> float:
        return times.document if by.random() < documents else times.message

    ready = in_order(served(claimed, mapped, mapping, chance))
    if turn:
        ready = [ceil(at / turn) * turn for at in ready]
    return grouped(ready, times.commit, max(times.apply - times.commit / BATCH, 1e-6), BATCH)


def _request(chance: Random, times: Costs) -> float:
    mean = times.search if chance.random() < SEARCHES / (SEARCHES + READS) else times.read
    return chance.expovariate(1 / mean)


@dataclass(frozen=True, slots=True)
class Limit:
    """What is full at so many people, and what is done about it."""

    what: str
    people: float
    then: str


def limits(times: Costs) -> list[Limit]:
    """What breaks first where all is one engine on one database: from the least number of people on."""
    one = Load.of(1)
    loaded = 30 * 86_400.0
    grown = sum(yearly(kind) * (JOURNAL[kind] + RECORD[kind]) for kind in JOURNAL)
    found = [
        Limit("one core of the API", FULL / serving_seconds(one, times), "more API processes: reading shares out"),
        Limit(
            "one core of mapping",
            FULL / mapping_seconds(one, times),
            "more mapper processes, then more workers: mapping shares out",
        ),
        Limit("applying, which is one after another", FULL / (one.taken * times.apply), "shards: nothing else shares it out"),
        Limit("the journal's commits of one process", FULL / (one.taken * times.take), "more ingest processes, then shards"),
        Limit(
            "a month for the first load of whole records",
            loaded / (RESOURCES * times.resource),
            "shards, or load by practice over more months",
        ),
        Limit("4 TB of disk in a year", DISK / grown, "shorter retention of content and versions, then shards"),
        Limit(
            "256 GB of memory for a year's data",
            MEMORY / grown,
            "nothing by itself: what is asked for is younger; times for data beyond memory are to be measured, these are not",
        ),
    ]
    return sorted(found, key=lambda each: each.people)
