"""What a delivery holds when it goes out: read under the Decision of whose destination it is, at that moment."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

import orjson

from interop.api.delivering.notifications import EVENT, NOWHERE, SHAKE, TYPE, Event, Standing, notification, standing
from interop.apply.whereabouts import Whereabouts
from interop.clock import Clock, instant
from interop.errors import Problem
from interop.formats.json import load_json
from interop.notify.routes import (
    ALERT,
    DELETED,
    FHIR,
    FHIR_MESSAGE,
    FHIR_XML,
    HANDSHAKE,
    ID_ONLY,
    MESSAGE,
    NOTHING,
    NOTIFICATION,
)
from interop.policy.asker import Asker
from interop.policy.decide import Policy, Question
from interop.policy.facts import Facts
from interop.policy.scopes import Scope
from interop.store.decision import PERMIT_ALL, Account, Decision
from interop.store.plan import Deliveries, LastNumber, Message, Read, ReadVersion
from interop.store.seam import Store
from interop.store.values import Change, Delivery, Entry, Stored
from interop.store.where import Where

FHIR_JSON: Final = "application/fhir+json"
FHIR_AS_XML: Final = "application/fhir+xml"
JSON: Final = "application/json"
EVENTS: Final = "urn:interop:event"
"""The system of what a MessageHeader says has happened."""
PATIENT: Final = "Patient"
Narrowed = tuple[tuple[Scope, Where], ...]
"""What the criteria of scopes ask (``interop.api.searching.narrowed``)."""


@dataclass(frozen=True, slots=True)
class Payload:
    """``about`` is type and id where it is one resource, '' of others; ``patients`` whom it discloses, by the ``rules`` of the
    policy; ``deleted``: the resource is gone. ``body`` is empty where it is only to be told that there is something."""

    id: str
    body: bytes
    media_type: str
    about: tuple[str, str] = ("", "")
    patients: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    resources: int = 0
    deleted: bool = False
    format: str = FHIR
    traceparent: str = ""
    """The trace that it is of, for whom the deployment has declared (W3C Trace Context); '' = none."""
    to: str = ""
    subject: str = ""
    again: bool = False
    """Of what people are told, as in ``interop.ports.Parcel``."""


class Contents:
    """Reads what deliveries hold. ``reading`` is the store as the API reads it, ``store`` the engine's; ``narrows`` says what the
    criteria of scopes ask."""

    def __init__(
        self,
        reading: Store,
        store: Store,
        whereabouts: Whereabouts,
        facts: Callable[[], Facts],
        clock: Clock,
        policy: Policy,
        narrows: Callable[[tuple[Scope, ...]], Awaitable[Narrowed]],
        base: str = "",
    ) -> None:
        self._reading, self._store, self._whereabouts = reading, store, whereabouts
        self._facts, self._clock, self._policy, self._base = facts, clock, policy, base
        self._narrows = narrows
        self.fresh: Callable[[], Awaitable[None]] | None = None
        """Brings what decisions know up to what other processes have committed."""

    async def of(self, delivery: Delivery, asker: Asker) -> Payload | None:
        """What goes out; None where who asks may have nothing of it, whatever there is. Raises Problem ``purged`` where what they
        might have is no longer kept."""
        if self.fresh is not None:
            await self.fresh()
        if delivery.event == HANDSHAKE:
            return await self.told(delivery.destination, SHAKE, delivery.id, delivery.format)
        if delivery.event == ALERT:
            said = {
                "id": delivery.id,
                "event": ALERT,
                "item": delivery.resource,
                "rule": delivery.type,
                "time": instant(delivery.made),
            }
            return Payload(delivery.id, orjson.dumps(said), JSON, format=ID_ONLY)
        return await (self._message if delivery.event == MESSAGE else self._resource)(delivery, asker)

    async def told(self, destination: str, kind: str, id: str, format: str) -> Payload | None:
        """A notification of a Subscription by topic that is about nobody: a handshake, a heartbeat. None where there is no such
        Subscription any more."""
        last: list[int] = await self._store.query(LastNumber(destination))
        one = await self._standing(destination, last[0])
        if one is None:
            return None
        content = format.split()[1]
        return _written(id, notification(id, one, kind, self._root, self._clock.now(), content=content), format)

    async def _standing(self, destination: str, last: int) -> Standing | None:
        id_ = destination.partition(":")[2]
        found: list[Stored] = await self._store.query(Read(PERMIT_ALL, TYPE, id_))
        if not found or found[0].deleted:
            return None
        return standing(id_, load_json(found[0].body, values=None), last)

    async def _notification(self, delivery: Delivery, event: Event, account: Account | None) -> Payload | None:
        """An event as a notification, under its number, which it is given before it first goes out: what is withheld has none, so
        that nobody can count it."""
        number = delivery.number
        if not number:
            await self._store.commit(Change(numbered=[delivery.sequence]))
            found: list[Delivery] = await self._store.query(Deliveries(delivery.destination, sequence=delivery.sequence))
            number = found[0].number if found else 0
        one = await self._standing(delivery.destination, number)
        if not number or one is None:
            return None
        content = delivery.format.split()[1]
        body = notification(delivery.id, one, EVENT, self._root, self._clock.now(), [event._replace(number=number)], content)
        made = _written(delivery.id, body, delivery.format)
        if account is None:
            return made
        about, deleted = (delivery.type, delivery.resource), delivery.event == DELETED
        return replace(
            made, about=about, patients=tuple(account.patients), rules=tuple(account.rules), resources=1, deleted=deleted
        )

    @property
    def _root(self) -> str:
        return f"{self._base}/fhir" if self._base else NOWHERE

    async def _decide(self, asker: Asker, type: str, id: str, account: Account) -> Decision | None:
        said = await self._narrows(asker.scopes or ()) if asker.criteria else ()
        made = self._policy(Question("vread", type, id, asker, said), self._facts(), self._clock.now())
        account.rules[made.rule] = None
        return None if made.refusal else Decision(made.rule, made.predicate, "", made.whole, account)

    async def _resource(self, delivery: Delivery, asker: Asker) -> Payload | None:
        account = Account()
        decision = await self._decide(asker, delivery.type, delivery.resource, account)
        found: list[Stored] = []
        if decision is not None:
            found = await self._reading.query(ReadVersion(decision, delivery.type, delivery.resource, delivery.version))
        notified = delivery.format.startswith(NOTIFICATION)
        event = Event(delivery.number, delivery.made, event=delivery.event, version=delivery.version)
        if not found:  # what had its number while it might be told may not skip it: the event is told without what it is about
            return await self._notification(delivery, event, None) if notified and delivery.number else None
        if notified:
            focus = f"{delivery.type}/{delivery.resource}"
            return await self._notification(delivery, event._replace(focus=focus, body=found[0].body), account)
        about = delivery.type, delivery.resource
        body, kind = (
            (self._bundle(delivery, found[0].body), FHIR_JSON) if delivery.format == FHIR_MESSAGE else (found[0].body, FHIR_JSON)
        )
        if delivery.format == ID_ONLY:
            version = f"{delivery.type}/{delivery.resource}/_history/{delivery.version}"
            body, kind = orjson.dumps({"id": delivery.id, "event": delivery.event, "resource": version}), JSON
        elif delivery.format == FHIR_XML:
            from interop.fhir.xml import to_xml

            body, kind = to_xml(load_json(body, values=None)), FHIR_AS_XML
        elif delivery.format == NOTHING:
            body = b""
        patients, rules = tuple(account.patients), tuple(account.rules)
        return Payload(delivery.id, body, kind, about, patients, rules, 1, delivery.event == DELETED, delivery.format)

    async def _message(self, delivery: Delivery, asker: Asker) -> Payload | None:
        """A message as it was received tells all that it says: everything that it speaks of must be open, and nobody in it hide
        where they are. What speaks of nothing cannot be judged."""
        account, whole = Account(), True
        keys = [(type_, id_) for type_, _, id_ in (each.partition("/") for each in delivery.concerns.split())]
        for type_, id_ in keys:
            decision = await self._decide(asker, type_, id_, account)
            if decision is None or not await self._reading.query(Read(decision, type_, id_)):
                return None
            whole = whole and decision.whole
        if not whole and await self._whereabouts.hidden(account.patients):
            return None
        found: list[Entry] = await self._store.query(Message(delivery.message))
        if not keys or not found or found[0].reason == "taken-down":
            return None
        if found[0].size and not found[0].body:
            raise Problem("purged")
        patients, rules = tuple(account.patients), tuple(account.rules)
        return Payload(delivery.id, found[0].body, "text/plain", ("", ""), patients, rules, len(keys), format=delivery.format)

    def _bundle(self, delivery: Delivery, resource: bytes) -> bytes:
        """A FHIR message (R4 messaging, 2.4): a MessageHeader whose focus is the resource."""
        header = str(UUID(bytes=hashlib.blake2b(delivery.id.encode(), digest_size=16).digest()))
        base = self._root
        focus = f"{delivery.type}/{delivery.resource}"
        said = {
            "resourceType": "MessageHeader",
            "id": header,
            "eventCoding": {"system": EVENTS, "code": f"{focus.partition('/')[0]}-{delivery.event}"},
            "source": {"endpoint": base},
            "focus": [{"reference": focus}],
        }
        entries = [b'{"fullUrl":"urn:uuid:%b","resource":%b}' % (header.encode(), orjson.dumps(said))]
        if resource:
            entries.append(b'{"fullUrl":%b,"resource":%b}' % (orjson.dumps(f"{base}/{focus}"), resource))
        when = orjson.dumps(instant(delivery.made))
        head = b'{"resourceType":"Bundle","id":"%b","type":"message","timestamp":%b,"entry":[' % (delivery.id.encode(), when)
        return head + b",".join(entries) + b"]}"


def _written(id: str, body: bytes, format: str) -> Payload:
    if not format.endswith(" xml"):
        return Payload(id, body, FHIR_JSON, format=format)
    from interop.fhir.xml import to_xml

    return Payload(id, to_xml(load_json(body, values=None)), FHIR_AS_XML, format=format)
