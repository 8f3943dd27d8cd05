"""The portal's own words, from tables that a clinical safety officer reads and signs: ``words.csv``, ``easy.csv``, ``choices.csv``,
``news.csv``. What others have written is never among them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from interop.fhir.shapes import dicts, text
from interop.policy.absence import SYSTEM
from interop.policy.tables import tables
from interop.screen.words import long_day

Json = dict[str, Any]
ROLE: Final = "not-for-role"


class Topic(NamedTuple):
    """Something that a person decides on: ``topic`` is ``whole`` or ``label``, ``name`` that of the label in ``labels.csv``."""

    topic: str
    name: str
    title: str
    what: str


def _rows(name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(files("interop.pages.portal").joinpath(f"{name}.csv").read_text("utf-8").splitlines()))


@cache
def words() -> dict[tuple[str, str], str]:
    """``words.csv`` by kind and code."""
    return {(each["kind"], each["code"]): each["words"] for each in _rows("words")}


@cache
def easy() -> dict[tuple[str, str], str]:
    """``easy.csv`` by kind and code: what the easy-read plan says beside what is quoted."""
    return {(each["kind"], each["code"]): each["words"] for each in _rows("easy")}


class Way(NamedTuple):
    """A way to be told of news, with what it means: of the channels those that are ``yes``, by which ``first``."""

    choice: str
    sms: str
    email: str
    first: str
    title: str
    what: str


@cache
def ways() -> tuple[Way, ...]:
    """``news.csv``."""
    return tuple(Way(**each) for each in _rows("news"))


@cache
def topics() -> tuple[Topic, ...]:
    """``choices.csv``."""
    return tuple(Topic(**each) for each in _rows("choices"))


def said(kind: str, code: str, otherwise: str = "") -> str:
    """The words for a code; ``otherwise`` for one that the table does not have."""
    return words().get((kind, code), otherwise)


class Absent(NamedTuple):
    """What is absent: the ``state`` of absence.csv, the organisation's code, since when (an instant); ``words`` of the API."""

    state: str
    organisation: str
    since: str
    words: str


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    found = []
    for state, (_, _, told) in tables().absence.items():
        parts = re.split(r"(\{\w+\})", told)
        made = "".join(f"(?P<{each[1:-1]}>.+?)" if each.startswith("{") else re.escape(each) for each in parts)
        found.append((state, re.compile(made)))
    return found


def absences(outcomes: Iterable[Json]) -> list[Absent]:
    """What OperationOutcomes of the API say to be absent, each once."""
    found: dict[str, Absent] = {}
    for outcome in outcomes:
        for issue in dicts(outcome, "issue"):
            details = issue.get("details")
            if any(text(each, "system") == SYSTEM for each in dicts(details, "coding")):
                told = text(details, "text") or text(issue, "diagnostics")
                found[told] = _absent(told)
    return list(found.values())


def _absent(told: str) -> Absent:
    for state, pattern in _patterns():
        if match := pattern.fullmatch(told):
            held = match.groupdict()
            return Absent(state, held.get("organisation") or "", held.get("since") or "", told)
    if told.startswith(("not shown to this role: ", "not all is shown to this role: ")):
        return Absent(ROLE, told.partition(": ")[2], "", told)
    return Absent("", "", "", told)


def plainly(absent: Iterable[Absent], names: Mapping[str, str]) -> list[str]:
    """Absences for the person; ``names`` are what organisations are called, by code. What no row has words for is said as it is."""
    return [
        said("absent", each.state, each.words).format(
            organisation=names.get(each.organisation, each.organisation), since=long_day(each.since)
        )
        if each.state
        else each.words
        for each in absent
    ]
