"""``mappings/routes.csv``: which event goes in which format to which destination, and why. Checked when it is loaded.

| column | says |
|---|---|
| ``event`` | ``message FAMILY TYPE`` (one of that type was applied; ``*`` = any); ``created``, ``updated``, ``changed`` (either) or
``deleted`` and a resource type; ``alert`` |
| ``condition`` | of a resource: search criteria (``status=in-progress&class=IMP``); of a message: the grammar of ``when`` over
FIELDS; '' = always |
| ``destination`` | its name in the file of the deployment; where that does not name it, the row asks for nothing |
| ``format`` | ``as-received`` (messages), ``fhir``, ``fhir-message``, ``id-only`` |
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from interop.fhir import facts
from interop.notify.matching import unmatched
from interop.store.where import Where

COLUMNS: Final = ("id", "event", "condition", "destination", "format", "why")
MESSAGE, ALERT = "message", "alert"
CREATED, UPDATED, DELETED = "created", "updated", "deleted"
WITHHELD: Final = "withheld"
"""Of the rules alone: what was said of a resource has been taken back, as a takedown does."""
RESTATED: Final = "restated"
"""Of the rules alone: taken back and said anew, as a message does that says something else of what it alone has told of."""
EVENTS: Final = {
    CREATED: frozenset((CREATED,)),
    UPDATED: frozenset((UPDATED,)),
    "changed": frozenset((CREATED, UPDATED)),
    DELETED: frozenset((DELETED,)),
}
AS_RECEIVED, FHIR, FHIR_MESSAGE, ID_ONLY = "as-received", "fhir", "fhir-message", "id-only"
FHIR_XML, NOTHING = "fhir-xml", "nothing"
"""Of Subscriptions alone: the resource as XML; only that there is something."""
NOTIFICATION: Final = "notification"
"""Of Subscriptions by topic alone: begins their formats, ``notification id-only``, with `` xml`` behind it as XML."""
HANDSHAKE: Final = "handshake"
"""The event that a Subscription by topic begins: its endpoint is told so before anything else."""
FORMATS: Final = {MESSAGE: (AS_RECEIVED,), ALERT: (ID_ONLY,), "": (FHIR, FHIR_MESSAGE, ID_ONLY)}
"""Formats by event; '' = of resources."""
FIELDS: Final = ("feed", "type", "sender", "receiver")
"""What a condition may ask of a message: ``sender`` and ``receiver`` are application and facility with ``|`` between."""
ANY: Final = "*"
Criteria = Callable[[str, str], Where | None]
"""Reads the criteria of a type; raises ValueError, which says what is wrong with them."""
When = Callable[[str], Callable[[Mapping[str, str]], bool]]
"""Reads a condition on FIELDS; raises ValueError."""


class RoutesRefused(ValueError):
    """Routes that cannot be used; each line names file, row and reason."""


@dataclass(frozen=True, slots=True)
class Route:
    """A row; ``events`` of resources of ``type``, or none; ``family`` and ``type`` of messages. ``became``: what the version
    before must not have met. ``fresh``: a parameter of dates, microseconds: what was over by it so long ago is not asked for."""

    id: str
    destination: str
    format: str
    events: frozenset[str] = frozenset()
    family: str = ""
    type: str = ""
    where: Where | None = None
    when: Callable[[Mapping[str, str]], bool] | None = None
    became: Where | None = None
    fresh: tuple[str, int] | None = None

    def takes(self, family: str, fields: Mapping[str, str]) -> bool:
        """Whether a message that was applied is asked for."""
        known = MESSAGE in self.events and self.family in (ANY, family) and self.type in (ANY, fields["type"])
        return known and (self.when is None or self.when(fields))


def delivery_id(destination: str, *event: object) -> str:
    """The same for the same event at the same destination, whoever asks for it."""
    said = "\x1f".join(map(str, (destination, *event)))
    return blake2b(said.encode(), digest_size=16).hexdigest()


def read_routes(lines: Iterable[str], criteria: Criteria, when: When, file: str = "routes.csv") -> tuple[Route, ...]:
    """The rows. Raises RoutesRefused with every reason found."""
    reader = csv.DictReader(lines, strict=True)
    refusals: list[str] = []
    routes: dict[str, Route] = {}
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise RoutesRefused(f"{file}, row 1: the columns are {', '.join(COLUMNS)}")
    for number, row in enumerate(reader, 2):
        try:
            route = _route({name: (value or "").strip() for name, value in row.items() if name}, None in row, criteria, when)
            if route.id in routes:
                raise ValueError("the id is there twice")
            routes[route.id] = route
        except ValueError as error:
            refusals.append(f"{file}, row {row.get('id') or number}: {error}")
    if refusals:
        raise RoutesRefused("\n".join(refusals))
    return tuple(routes.values())


def _route(row: Mapping[str, str], more: bool, criteria: Criteria, when: When) -> Route:
    if more or not all(row[name] for name in COLUMNS if name != "condition"):
        raise ValueError("every column but condition holds something, and there are no more")
    event, *rest = row["event"].split()
    kind = event if event in (MESSAGE, ALERT) else ""
    if not kind and event not in EVENTS:
        raise ValueError(f"{event} is no event: {', '.join((MESSAGE, *EVENTS, ALERT))}")
    if row["format"] not in FORMATS[kind]:
        raise ValueError(f"the format is one of {', '.join(FORMATS[kind])}")
    known = row["id"], row["destination"], row["format"]
    if event == ALERT:
        if rest or row["condition"]:
            raise ValueError("an alert has neither type nor condition")
        return Route(*known, frozenset((ALERT,)))
    if event == MESSAGE:
        if len(rest) != 2:
            raise ValueError("a message is named by family and type, such as message hl7v2 ADT^A01")
        asked = when(row["condition"]) if row["condition"] else None
        return Route(*known, frozenset((MESSAGE,)), family=rest[0], type=rest[1], when=asked)
    if len(rest) != 1 or rest[0] not in facts.resource_types():
        raise ValueError(f"{event} is of one resource type of R4")
    if event == DELETED and row["condition"]:
        raise ValueError("what is deleted has nothing left that a condition could ask")
    where = criteria(rest[0], row["condition"]) if row["condition"] else None
    if why := unmatched(where):
        raise ValueError(why)
    return Route(*known, EVENTS[event], type=rest[0], where=where)
