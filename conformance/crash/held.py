"""What an engine holds on disk: its journal while it runs, all of it once it has ended."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from conformance.bench.report import WrongOutcome
from conformance.bench.serving import databases

KEY = bytes(range(32))
"""Engines with the same key name resources alike."""


class Held(NamedTuple):
    """``states``: of each control id; ``repeats``: messages that came again; ``content``: present content of each resource without
    version and time, by a digest; ``persons``: who is one person with whom; ``losses``: counts of fields, which tell a message that
    was applied twice."""

    states: dict[str, str]
    repeats: int
    content: dict[str, str]
    persons: frozenset[frozenset[str]]
    losses: dict[str, int]


def prepare(data: Path) -> Path:
    """A fresh data directory whose engine names resources by ``KEY``."""
    data.mkdir(mode=0o700, parents=True)
    (data / "id.key").write_bytes(KEY)
    return data


ENTRIES = "SELECT message, control_id, state FROM entry ORDER BY message"
RECORD = (
    "SELECT message, state FROM outcome",
    "SELECT patient, person FROM link",
    "SELECT feed, type, path, reason, mapping, count FROM loss",
    "SELECT type, id, version, message FROM version",
    "SELECT type, id, version, deleted, body, message FROM resource WHERE version > 0",
)


def journalled(data: Path, database: str = "") -> list[str]:
    """Control ids of the journal, in order; the engine may run. Raises WrongOutcome where one is there twice."""
    (entries,) = _rows(data, database, [("journal", ENTRIES)])
    controls = [control for _, control, _ in entries]
    twice = [control for control, count in Counter(controls).items() if count > 1]
    if twice:
        raise WrongOutcome(f"{len(twice)} messages are in the journal twice, the first of them {twice[0]}")
    return controls


def held(data: Path, database: str = "") -> Held:
    """All that an engine that has ended holds, in ``data`` or the database. Raises WrongOutcome where a file is damaged, a body or
    an outcome is without its message, or versions of a resource are not 1 to n."""
    journalled(data, database)
    asked = [("journal", ENTRIES), ("journal", "SELECT message FROM body"), ("journal", "SELECT count(*) FROM repetition")]
    found = _rows(data, database, [*asked, *(("record", sql) for sql in RECORD)], whole=True)
    entries, kept, ((repeats,),), ended, links, lost, versions, resources = found
    bodies = {number for (number,) in kept}
    if {number for number, _, _ in entries} != bodies:
        raise WrongOutcome("the journal has entries without their bytes")
    outcomes = dict(ended)
    if not outcomes.keys() <= bodies:
        raise WrongOutcome("the record has outcomes of messages that the journal has not")
    persons = defaultdict[str, set[str]](set)
    for patient, person in links:
        persons[person].add(patient)
    losses = {"|".join(map(str, row[:5])): row[5] for row in lost}
    states = {control: outcomes.get(number, state) for number, control, state in entries}
    return Held(states, repeats, _content(versions, resources, bodies), frozenset(map(frozenset, persons.values())), losses)


def _rows(data: Path, database: str, asked: list[tuple[str, str]], *, whole: bool = False) -> list[list[tuple[Any, ...]]]:
    """What statements find in journal and record. ``whole``: files are looked through for damage first."""
    if database:
        return databases.rows(database, asked)
    found, looked = [], set[str]()
    for name, sql in asked:
        path = data / f"{name}.sqlite"
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=60)) as connection:
            if whole and name not in looked:
                looked.add(name)
                if (said := connection.execute("PRAGMA integrity_check").fetchone()) != ("ok",):
                    raise WrongOutcome(f"the file of the {name} is damaged: {said[0]}")
            found.append(connection.execute(sql).fetchall())
    return found


def _content(versions: list[Any], resources: list[Any], messages: set[int]) -> dict[str, str]:
    numbers = defaultdict[str, list[int]](list)
    content = dict[str, str]()
    for type, id, version, message in versions:
        numbers[f"{type}/{id}"].append(version)
        if message not in messages:
            raise WrongOutcome(f"a version of a {type} is of no message")
    for type, id, version, deleted, body, message in resources:
        name = f"{type}/{id}"
        numbers[name].append(version)
        if message not in messages:
            raise WrongOutcome(f"a {type} is of no message")
        content[name] = "" if deleted else sha256(_plain(body)).hexdigest()
    for name, each in numbers.items():
        if sorted(each) != list(range(1, len(each) + 1)):
            raise WrongOutcome(f"versions of a {name.partition('/')[0]} are not 1 to {len(each)}")
    return content


def _plain(body: bytes) -> bytes:
    resource: dict[str, Any] = json.loads(body)
    for name in ("versionId", "lastUpdated", "source"):
        resource.get("meta", {}).pop(name, None)
    return json.dumps(resource, sort_keys=True).encode()


def differences(one: Held, other: Held) -> list[str]:
    """What differs, by type and number alone."""
    found = []
    names = Counter(
        name.partition("/")[0] for name in {*one.content, *other.content} if one.content.get(name) != other.content.get(name)
    )
    found += [f"{count} {type}" for type, count in sorted(names.items())]
    if one.persons != other.persons:
        found.append(f"{len(one.persons ^ other.persons)} persons")
    if losses := sum(one.losses.get(name) != other.losses.get(name) for name in {*one.losses, *other.losses}):
        found.append(f"{losses} counts of fields")
    return found
