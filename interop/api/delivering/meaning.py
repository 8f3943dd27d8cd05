"""What a Subscription asks for: by criteria (FHIR R4 Subscription) or by topic (Subscriptions R5 Backport 1.1, R4)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from interop.api.delivering.addresses import endpoint
from interop.api.delivering.notifications import BACKPORT, CONTENTS
from interop.api.delivering.watched import watched
from interop.api.searching.ground import Known
from interop.apply.asked import ANY_SCOPE, NO_AUTHOR, Author
from interop.errors import Problem
from interop.fhir import facts
from interop.formats.instants import iso_instant
from interop.notify.routes import CREATED, FHIR, FHIR_XML, NOTHING, NOTIFICATION, UPDATED
from interop.notify.topics import Topic
from interop.policy.asker import NOBODY, TESTER, Asker
from interop.policy.scopes import read_scopes
from interop.policy.whereabouts import guarded
from interop.store.where import All, Where

REST_HOOK, WEBSOCKET = "rest-hook", "websocket"
CHANNELS: Final = (REST_HOOK, WEBSOCKET)
JSON, XML = "application/fhir+json", "application/fhir+xml"
PAYLOADS: Final[Mapping[str, str]] = {"": NOTHING, JSON: FHIR, XML: FHIR_XML}
"""What ``channel.payload`` may be, and the format that it comes to without topic."""
FILTER: Final = BACKPORT + "backport-filter-criteria"
CONTENT: Final = BACKPORT + "backport-payload-content"
HEARTBEAT: Final = BACKPORT + "backport-heartbeat-period"
TIMEOUT: Final = BACKPORT + "backport-timeout"
BEATS: Final = (10, 86_400)
"""Seconds between heartbeats, at least and at most."""
LONGEST: Final = 60
"""Seconds that an endpoint may be given to answer."""
FILTERS: Final = 20
HEADERS: Final = 20
_HEADER: Final = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}):[ \t]*([\x21-\x7e](?:[\x20-\x7e]{0,4000}[\x21-\x7e])?)")
_OURS: Final = frozenset(
    ("host", "content-length", "content-type", "transfer-encoding", "connection", "idempotency-key", "te", "upgrade")
)


class Meant(NamedTuple):
    """What a Subscription comes to; ``end`` in microseconds, 0 = never. ``topic``: its URL, '' = by criteria. ``became`` as in
    ``Route``; ``heartbeat`` and ``timeout`` in seconds, 0 = none is asked for."""

    type: str
    where: Where | None
    format: str
    channel: str
    url: str
    headers: tuple[tuple[str, str], ...]
    end: int
    events: frozenset[str] = frozenset((CREATED, UPDATED))
    topic: str = ""
    became: Where | None = None
    heartbeat: int = 0
    timeout: int = 0


def meant(resource: Mapping[str, Any], topics: Mapping[str, Topic], known: Known, now: int, *, here: bool) -> Meant:
    """What a resource asks for; ``here``: endpoints of this machine are taken. Raises Problem ``bad-value``, which says what of it
    cannot be done."""
    criteria = str(resource.get("criteria", ""))
    topic = topics.get(criteria)
    if topic is None and criteria.partition(":")[0] in ("http", "https", "urn"):
        raise _bad("criteria", "there is no such topic: the CapabilityStatement names those that there are")
    channel = resource.get("channel", {})
    kind = channel.get("type")
    if kind not in CHANNELS:
        raise _bad("channel.type", f"{' or '.join(CHANNELS)} alone is sent")
    payload = str(channel.get("payload", "")).partition(";")[0].strip()
    if payload not in PAYLOADS and not (kind == WEBSOCKET and topic is None):
        raise _bad("channel.payload", "application/fhir+json, +xml or none")
    url = str(channel.get("endpoint", ""))
    if kind == REST_HOOK:
        try:
            endpoint(url, here)
        except ValueError as error:
            raise _bad("channel.endpoint", str(error)) from None
    elif url or channel.get("header"):
        raise _bad("channel.endpoint", "who has a websocket connects to us: neither endpoint nor header is wanted")
    end = resource.get("end")
    common = kind, url, _headers(channel.get("header", [])), (iso_instant(str(end)) or 0) if end else 0
    if topic is None:
        type_, where = _searched(criteria, known, now)
        return Meant(type_, where, NOTHING if kind == WEBSOCKET else PAYLOADS[payload], *common)
    content = _content(channel)
    if kind == WEBSOCKET and payload == XML:
        raise _bad("channel.payload", "over a websocket notifications are JSON")
    return Meant(
        topic.type,
        _narrowed(resource, topic, known, now),
        f"{NOTIFICATION} {content}{' xml' if payload == XML else ''}",
        *common,
        topic.events,
        topic.url,
        topic.where if topic.becomes else None,
        _seconds(channel, HEARTBEAT, *BEATS),
        _seconds(channel, TIMEOUT, 1, LONGEST),
    )


def _bad(where: str, why: str) -> Problem:
    return Problem("bad-value", where=f"Subscription.{where}", detail=why)


def _searched(criteria: str, known: Known, now: int) -> tuple[str, Where | None]:
    type_, _, query = criteria.partition("?")
    if type_ not in facts.resource_types():
        raise _bad("criteria", "TYPE?criteria of a search are wanted, or a topic")
    return type_, _understood(type_, query, known, now, "criteria")


def _understood(type: str, query: str, known: Known, now: int, place: str) -> Where | None:
    try:
        where = watched(known, type, query, now) if query else None
    except ValueError as error:
        raise _bad(place, str(error)) from None
    if guarded(where, type, 0) is not where:
        raise _bad(place, "nobody is told by where somebody is")
    return where


def _narrowed(resource: Mapping[str, Any], topic: Topic, known: Known, now: int) -> Where | None:
    """What a topic and the filters ask, all of them."""
    parts = [topic.where] if topic.where is not None else []
    filters = list(_extended(resource.get("_criteria"), FILTER))
    if len(filters) > FILTERS:
        raise _bad("criteria", f"{FILTERS} filters at most")
    for said in filters:
        type_, _, query = str(said.get("valueString", "")).partition("?")
        if type_ != topic.type or not query:
            raise _bad("criteria", f"a filter is {topic.type}?NAME=VALUE")
        if name := topic.narrows(query):
            known_ = ", ".join(sorted(topic.filters)) or "nothing"
            raise _bad("criteria", f"the topic is not narrowed by {name[:40]}, but by {known_}")
        where = _understood(topic.type, query, known, now, "criteria")
        parts += [where] if where is not None else []
    return All(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None


def _content(channel: Mapping[str, Any]) -> str:
    """How much a notification tells: the extension is wanted, for who leaves it out could be told too much."""
    said = [str(each.get("valueCode", "")) for each in _extended(channel.get("_payload"), CONTENT)]
    if len(said) != 1 or said[0] not in CONTENTS:
        raise _bad("channel.payload", f"the extension backport-payload-content says {', '.join(CONTENTS)}")
    return said[0]


def _seconds(channel: Mapping[str, Any], url: str, least: int, most: int) -> int:
    said = [each.get("valueUnsignedInt") for each in _extended(channel, url)]
    if not said:
        return 0
    if len(said) != 1 or not isinstance(said[0], int) or not least <= said[0] <= most:
        raise _bad("channel", f"{url.removeprefix(BACKPORT)} is from {least} to {most} seconds")
    return said[0]


def _extended(element: Any, url: str) -> Iterator[Mapping[str, Any]]:
    extensions = element.get("extension", []) if isinstance(element, Mapping) else []
    return (each for each in extensions if isinstance(each, Mapping) and each.get("url") == url)


def _headers(lines: Any) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    for line in lines if isinstance(lines, list) else []:
        parted = _HEADER.fullmatch(str(line))
        if parted is None or parted[1].lower() in _OURS or len(found) >= HEADERS:
            raise _bad("channel.header", "Name: value, and none that we say ourselves")
        found.append((parted[1], parted[2]))
    return tuple(found)


def asker_of(author: Author, *, open: bool) -> Asker:
    """Who is told: whoever wrote it, by the scopes of the token with which they did; where it is not
    known who did, the tester of an engine that was started open, else nobody."""
    if author == NO_AUTHOR:
        return TESTER if open else NOBODY
    scopes = None if author.scope == ANY_SCOPE else read_scopes(author.scope)
    return Asker(author.user, author.role, author.organisation, author.client, author.purpose, scopes=scopes)
