"""What the simulation stands on: measured times, places, what people come to in a year. Tables, with where each is from."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final, NamedTuple

YEAR: Final = 365.25 * 86_400
"""Seconds."""
PEAK: Final = 7.0
"""The busiest minute beside the mean of the year: a weekday has 1.3 of a day's, its busiest hour 11 in a hundred, the busiest
minute of that twice its mean. Assumed."""
SEARCHES: Final = 12
READS: Final = 8
"""Requests of one look at the record."""
FIGURES: Final[Mapping[str, str]] = {
    "accepted over 16 connections": "accept",
    "accepted over 1 connection": "accept_alone",
    "applied and searchable": "apply",
    "read by id": "read",
    "CarePlan?patient=": "search",
    "transactions, resources": "apply_resources",
}
"""What ``conformance bench --json`` calls a figure, and what it is called here."""


class Unusable(ValueError):
    """A file of figures that cannot be used; the text says why."""


class Measured(NamedTuple):
    """A rate: customers a second, and of which machine, version and data."""

    name: str
    value: float
    unit: str
    machine: str
    version: str
    data: str
    figure: str


class Place(NamedTuple):
    """People, and where the number is from."""

    name: str
    people: int
    why: str


class Demand(NamedTuple):
    """What somebody comes to in a year: ``each`` events of so many ``messages``; ``kind`` message, document or look; whether the
    number is ``known`` or assumed."""

    what: str
    kind: str
    each: float
    messages: int
    known: bool
    why: str


def _rows(name: str) -> list[dict[str, str]]:
    text = files("conformance.scaling").joinpath(f"{name}.csv").read_text("utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def measured() -> Mapping[str, Measured]:
    """The table of measurements by name."""
    found = [Measured(**{**row, "value": float(row["value"])}) for row in _rows("measurements")]  # type: ignore[arg-type]
    return {one.name: one for one in found}


@cache
def places() -> tuple[Place, ...]:
    """From the smallest to the largest."""
    return tuple(Place(row["place"], int(row["people"]), row["why"]) for row in _rows("populations"))


@cache
def demands() -> tuple[Demand, ...]:
    """Everything that people come to."""
    return tuple(
        Demand(row["what"], row["kind"], float(row["each"]), int(row["messages"]), row["known"] == "yes", row["why"])
        for row in _rows("demand")
    )


def yearly(kind: str) -> float:
    """Messages, documents or looks of one person in a year."""
    return sum(one.each * one.messages for one in demands() if one.kind == kind)


def calibrated(path: Path) -> Mapping[str, Measured]:
    """The measurements, those of a file of ``conformance bench --json`` in place of ours. Raises Unusable, OSError."""
    found = dict(measured())
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = json.loads(line)
            name = FIGURES.get(str(said["figure"]), "")
            value = float(said["value"])
        except (ValueError, KeyError, TypeError) as error:
            raise Unusable(f"{path.name}, line {number}: no figure of conformance bench --json") from error
        if name and not value > 0:
            raise Unusable(f"{path.name}, line {number}: a rate is more than nothing")
        if name:
            found[name] = Measured(
                name, value, found[name].unit, _told(said, "machine"), _told(said, "versions"), _told(said, "data"), name
            )
    if all(found[name] == one for name, one in measured().items()):
        raise Unusable(f"{path.name}: none of its figures is one that the simulation uses: {', '.join(FIGURES)}")
    return found


def _told(said: Mapping[str, object], name: str) -> str:
    value = said.get(name, "")
    return ", ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else str(value)


def digest_of(names: Iterable[str]) -> bytes:
    """The tables as they are, for the mark of a page."""
    return b"".join(files("conformance.scaling").joinpath(name).read_bytes() for name in names)
