"""``mappings/topics.csv``: what Subscriptions by topic may follow, and why (Subscriptions R5 Backport 1.1). Checked when it is
loaded.

| column | says |
|---|---|
| ``topic`` | its canonical URL, by which a Subscription asks for it |
| ``event`` | ``created``, ``updated``, ``changed`` (either), ``deleted``, or ``becomes`` (a version meets the criteria, and the one
before, if there was one, did not) and a resource type |
| ``criteria`` | criteria of a search that a version meets; '' = each does |
| ``filters`` | the search parameters by which a Subscription may narrow it, blanks between |
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from interop.fhir import facts
from interop.notify.matching import patients, unmatched
from interop.notify.routes import CREATED, EVENTS, UPDATED, Criteria
from interop.store.where import Where

COLUMNS: Final = ("id", "topic", "event", "criteria", "filters", "why")
BECOMES: Final = "becomes"
_URL: Final = re.compile(r"(?:https?://|urn:)[A-Za-z0-9][A-Za-z0-9._~:/?%-]{2,200}")
Parameters = Callable[[str], Collection[str]]
"""The codes of the search parameters of a type."""


class TopicsRefused(ValueError):
    """Topics that cannot be used; each line names file, row and reason."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A row. ``becomes``: it is told of once, when a version comes to meet ``where``."""

    id: str
    url: str
    type: str
    events: frozenset[str]
    where: Where | None
    filters: frozenset[str]
    becomes: bool = False

    def narrows(self, query: str) -> str:
        """The first parameter of criteria (``patient=Patient/1&class=IMP``) by which it may not be narrowed; '' = by all."""
        named = (re.split("[:.]", part.partition("=")[0])[0] for part in query.split("&"))
        return next((name for name in named if name not in self.filters), "")


def read_topics(lines: Iterable[str], criteria: Criteria, parameters: Parameters, file: str = "topics.csv") -> dict[str, Topic]:
    """The rows by their canonical URL. Raises TopicsRefused with every reason found."""
    reader = csv.DictReader(lines, strict=True)
    refusals: list[str] = []
    topics: dict[str, Topic] = {}
    ids: set[str] = set()
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise TopicsRefused(f"{file}, row 1: the columns are {', '.join(COLUMNS)}")
    for number, row in enumerate(reader, 2):
        try:
            topic = _topic({name: (value or "").strip() for name, value in row.items() if name}, None in row, criteria, parameters)
            if topic.id in ids or topic.url in topics:
                raise ValueError("the id or the topic is there twice")
            ids.add(topic.id)
            topics[topic.url] = topic
        except ValueError as error:
            refusals.append(f"{file}, row {row.get('id') or number}: {error}")
    if refusals:
        raise TopicsRefused("\n".join(refusals))
    return topics


def _topic(row: Mapping[str, str], more: bool, criteria: Criteria, parameters: Parameters) -> Topic:
    if more or not all(row[name] for name in COLUMNS if name not in ("criteria", "filters")):
        raise ValueError("every column but criteria and filters holds something, and there are no more")
    if not _URL.fullmatch(row["topic"]):
        raise ValueError("a topic is named by an absolute URL or URN, without version")
    event, *rest = row["event"].split()
    if event != BECOMES and event not in EVENTS:
        raise ValueError(f"{event} is no event: {', '.join((*EVENTS, BECOMES))}")
    if len(rest) != 1 or rest[0] not in facts.resource_types():
        raise ValueError(f"{event} is of one resource type of R4")
    if row["criteria"] and event == "deleted":
        raise ValueError("what is deleted has nothing left that criteria could ask")
    if not row["criteria"] and event == BECOMES:
        raise ValueError("it has to become something: criteria are wanted")
    where = criteria(rest[0], row["criteria"]) if row["criteria"] else None
    if why := unmatched(where):
        raise ValueError(why)
    if patients(where):
        raise ValueError("a topic is about nobody: who follows it names patients")
    filters = frozenset(row["filters"].split())
    if unknown := sorted(filters - set(parameters(rest[0])) - {"_id"}):
        raise ValueError(f"{unknown[0]} is no search parameter of {rest[0]}")
    if filters and event == "deleted":
        raise ValueError("what is deleted has nothing left by which it could be narrowed")
    events = EVENTS[event] if event in EVENTS else frozenset((CREATED, UPDATED))
    return Topic(row["id"], row["topic"], rest[0], events, where, filters, event == BECOMES)
