"""What a stopped engine's directory holds, in a form that two engines can be compared by."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

KEY = bytes(range(32))
"""Engines with the same key name resources alike."""


class Record(NamedTuple):
    """The record: present content of each resource without version and time, who is one person with whom, field counts."""

    resources: dict[str, dict[str, Any] | None]
    persons: frozenset[frozenset[str]]
    losses: dict[tuple[str, ...], int]


class Journal(NamedTuple):
    """The journal: control ids in order, state by control id, how many repeats were marked."""

    controls: list[str]
    states: dict[str, str]
    repetitions: int


def prepare(data: Path) -> Path:
    """A data directory whose engine names resources by ``KEY``."""
    data.mkdir(parents=True, mode=0o700)
    (data / "id.key").write_bytes(KEY)
    return data


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        yield connection
    finally:
        connection.close()


def journal(data: Path) -> Journal:
    """Every message and its state; a message has one outcome at most."""
    with opened(data / "journal.sqlite") as connection:
        entries = connection.execute("SELECT message, control_id, state FROM entry ORDER BY message").fetchall()
        ((repetitions,),) = connection.execute("SELECT count(*) FROM repetition")
        bodies = {number for (number,) in connection.execute("SELECT message FROM body")}
    with opened(data / "record.sqlite") as connection:
        outcomes = dict(connection.execute("SELECT message, state FROM outcome").fetchall())
    assert {number for number, _, _ in entries} == bodies
    assert outcomes.keys() <= bodies
    states = {control: outcomes.get(number, state) for number, control, state in entries}
    return Journal([control for _, control, _ in entries], states, repetitions)


def record(data: Path) -> Record:
    """The record as it is. Asserts that versions are 1 to n, each with a message of the journal."""
    with opened(data / "record.sqlite") as connection:
        rows = connection.execute("SELECT type, id, version, deleted, body, message FROM resource WHERE version > 0").fetchall()
        earlier = connection.execute("SELECT type, id, version, message FROM version").fetchall()
        links = connection.execute("SELECT patient, person FROM link").fetchall()
        losses = {tuple(row[:5]): row[5] for row in connection.execute("SELECT feed, type, path, reason, mapping, count FROM loss")}
    known = set(range(1, len(journal(data).controls) + 1))
    versions: dict[tuple[str, str], list[int]] = defaultdict(list)
    for type_, id_, version, *_, message in [*earlier, *rows]:
        versions[type_, id_].append(version)
        assert message in known
    assert all(sorted(numbers) == list(range(1, len(numbers) + 1)) for numbers in versions.values())
    groups: dict[str, set[str]] = defaultdict(set)
    for patient, person in links:
        groups[person].add(patient)
    resources = {f"{type_}/{id_}": None if deleted else _content(body) for type_, id_, _, deleted, body, _ in rows}
    return Record(resources, frozenset(map(frozenset, groups.values())), losses)


def _content(body: bytes) -> dict[str, Any]:
    resource: dict[str, Any] = json.loads(body)
    for name in ("versionId", "lastUpdated", "source"):
        resource.get("meta", {}).pop(name, None)
    return resource


def differences(one: Record, other: Record) -> list[str]:
    """Names of what differs, for a failing test to say."""
    found = [name for name in sorted({*one.resources, *other.resources}) if one.resources.get(name) != other.resources.get(name)]
    if one.persons != other.persons:
        found.append(f"persons: {len(one.persons ^ other.persons)}")
    found += [f"{name}: {one.losses.get(name)} and {other.losses.get(name)}"
              for name in sorted({*one.losses, *other.losses}) if one.losses.get(name) != other.losses.get(name)]  # fmt: skip
    return found
